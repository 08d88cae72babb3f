#include "engine_cache.hpp"

#include "bundle.hpp"
#include "files.hpp"
#include "sha256.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace follow {
namespace {

using nlohmann::json;

json plain(const EngineKey &key) {
    return {
        {"gpu", key.gpu}, {"tensorrt", key.tensorrt}, {"onnx_sha256", key.onnx_sha256}, {"precision", key.precision}};
}

void write_sidecar(const std::filesystem::path &path, const json &sidecar) {
    const std::string text = sidecar.dump(2) + "\n";
    write_file(path, text.data(), text.size());
}

std::filesystem::path sidecar_of(std::filesystem::path engine) {
    return engine += ".json";
}

const char *const AGAIN = "; build it again with --rebuild";

void require_same(const std::string &engine, const json &sidecar, const EngineKey &key) {
    const json wanted = plain(key);
    for (const auto &item : wanted.items()) {
        const json &was = sidecar.at(item.key());
        if (was != item.value()) {
            throw Error(engine + " was built for " + item.key() + " " + was.dump() + ", here it is " +
                        item.value().dump() + AGAIN);
        }
    }
    if (sidecar.contains("refused")) {
        throw Error(sidecar.at("refused").get<std::string>() + " (kept from an earlier start" + AGAIN + ")");
    }
}

} // namespace

EngineCache::EngineCache(std::filesystem::path folder, bool rebuild) : folder_(std::move(folder)), rebuild_(rebuild) {
}

std::optional<std::vector<char>> EngineCache::find(const std::string &name, const EngineKey &key) const {
    const std::filesystem::path engine = file(name), sidecar = sidecar_of(engine);
    if (rebuild_ || (!std::filesystem::exists(engine) && !std::filesystem::exists(sidecar))) return std::nullopt;
    try {
        const std::vector<char> text = read_file(sidecar);
        const json kept = json::parse(text.begin(), text.end());
        require_same(engine.string(), kept, key);
        std::vector<char> data = read_file(engine);
        if (sha256(data.data(), data.size()) != kept.at("engine_sha256")) {
            throw Error(engine.string() + " is not what its sidecar says: it was changed" + AGAIN);
        }
        return data;
    } catch (const json::exception &error) {
        throw Error(sidecar.string() + ": " + error.what() + AGAIN);
    }
}

void EngineCache::store(const std::string &name, const EngineKey &key, const void *data, std::size_t size) const {
    json sidecar = plain(key);
    sidecar["engine_sha256"] = sha256(data, size);
    write_file(file(name), data, size); // the sidecar of the engine before it, if any, does not fit: so it is refused
    write_sidecar(sidecar_of(file(name)), sidecar);
}

void EngineCache::store_refusal(const std::string &name, const EngineKey &key, const std::string &reason) const {
    json sidecar = plain(key);
    sidecar["refused"] = reason;
    write_sidecar(sidecar_of(file(name)), sidecar);
}

std::filesystem::path EngineCache::file(const std::string &name) const {
    return folder_ / (name + ".engine");
}

} // namespace follow
