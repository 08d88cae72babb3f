#include "bundle.hpp"

#include "config.hpp"
#include "sha256.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

namespace follow {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr int FORMAT_VERSION = 1;

std::vector<Tensor> read_tensors(const json &items, const std::string &role) {
    std::vector<Tensor> tensors;
    for (const json &item : items) {
        Tensor tensor{item.at("name").get<std::string>(), item.at("shape").get<std::vector<std::int64_t>>()};
        const auto dtype = item.at("dtype").get<std::string>();
        if (dtype != "float32") {
            throw Error(role + ": tensor " + tensor.name + " is " + dtype + ", this program runs float32 ones");
        }
        for (const std::int64_t side : tensor.shape) {
            if (side < 1) {
                throw Error(role + ": tensor " + tensor.name + " has a side of " + std::to_string(side));
            }
        }
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

Graph read_graph(const fs::path &folder, const std::string &role, const json &item) {
    const fs::path inside = item.at("file").get<std::string>();
    for (const fs::path &part : inside) {
        if (inside.is_absolute() || part == "..") {
            throw Error(role + ": file is " + inside.string() + ", expected a path inside the bundle");
        }
    }
    Graph graph{folder / inside, item.at("sha256").get<std::string>(), read_tensors(item.at("inputs"), role),
                read_tensors(item.at("outputs"), role)};
    const std::string found = sha256_of_file(graph.file);
    if (found != graph.sha256) {
        throw Error(graph.file.string() + " has SHA-256 " + found.substr(0, 16) + "..., the manifest says " +
                    graph.sha256.substr(0, 16) + "...; copy the bundle again");
    }
    return graph;
}

std::string names_of(const json &table) {
    std::string names;
    for (const auto &item : table.items()) {
        names += (names.empty() ? "" : ", ") + item.key();
    }
    return names;
}

Bundle read_bundle(const fs::path &folder, const json &manifest, const std::string &variant) {
    Bundle bundle;
    bundle.name = manifest.at("name").get<std::string>();
    bundle.config = read_config(manifest.at("tracker"));
    bundle.variant = variant.empty() ? manifest.at("default_variant").get<std::string>() : variant;
    const json &variants = manifest.at("variants");
    if (!variants.contains(bundle.variant)) {
        throw Error("there is no variant " + bundle.variant + "; the bundle has " + names_of(variants));
    }
    const json &chosen = variants.at(bundle.variant);
    bundle.precision = chosen.at("precision").get<std::string>();
    const auto engine = chosen.at("engine").get<std::string>();
    if (engine != "tensorrt") {
        throw Error("variant " + bundle.variant + " is made for " + engine +
                    "; export the bundle with a TensorRT target, such as --target jetson-xavier-nx-jp5");
    }
    for (const auto &item : chosen.at("graphs").items()) {
        const std::string &role = item.key();
        if (role.rfind("head", 0) != 0 && role != "mask") { // heads are for kernels baked in; masks are not run here
            bundle.graphs.emplace(role, read_graph(folder, role, item.value()));
        }
    }
    return bundle;
}

} // namespace

std::size_t Tensor::bytes() const {
    std::size_t count = sizeof(float);
    for (const std::int64_t side : shape) {
        count *= static_cast<std::size_t>(side);
    }
    return count;
}

Bundle open_bundle(const fs::path &folder, const std::string &variant) {
    const fs::path path = folder / "manifest.json";
    std::ifstream stream(path);
    if (!stream) {
        throw Error(path.string() + " cannot be read; a bundle is a folder that `sdst-edge export` wrote");
    }
    try {
        const json manifest = json::parse(stream);
        const json &version = manifest.at("format_version");
        if (version != FORMAT_VERSION) {
            throw Error("format_version is " + version.dump() + ", this program reads " +
                        std::to_string(FORMAT_VERSION) + "; build a newer one, or export the bundle again");
        }
        return read_bundle(folder, manifest, variant);
    } catch (const json::exception &error) {
        throw Error(path.string() + ": " + error.what() + "; export the bundle again");
    } catch (const Error &error) {
        throw Error(path.string() + ": " + error.what());
    }
}

} // namespace follow
