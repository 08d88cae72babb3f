// Engines kept from one start to the next, each beside a sidecar that says what it was built for.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace follow {

/// What an engine depends on: it runs where all of this is the same, and nowhere else.
struct EngineKey {
    std::string gpu;         ///< name and compute capability
    std::string tensorrt;    ///< version of the library
    std::string onnx_sha256; ///< of the graph's file
    std::string precision;   ///< that the builder was permitted
};

class EngineCache {
  public:
    /// @param rebuild  nothing that is kept is looked at
    EngineCache(std::filesystem::path folder, bool rebuild);

    /**
     * @return The engine of that name, or nothing where none was kept.
     * @throws Error  it was built for something else or was changed, or the builder refused the graph before: told by
     *                the sidecar, before the engine's own file is looked at
     */
    std::optional<std::vector<char>> find(const std::string &name, const EngineKey &key) const;

    /// Keeps an engine. @throws Error  it cannot be written
    void store(const std::string &name, const EngineKey &key, const void *data, std::size_t size) const;

    /// Keeps that the builder refused a graph, so that not every start tries again. @throws Error  likewise
    void store_refusal(const std::string &name, const EngineKey &key, const std::string &reason) const;

    std::filesystem::path file(const std::string &name) const;

  private:
    std::filesystem::path folder_;
    bool rebuild_;
};

} // namespace follow
