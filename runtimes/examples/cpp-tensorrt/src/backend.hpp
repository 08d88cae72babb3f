// What the tracker needs of an inference engine. tensorrt_backend.cpp has it for TensorRT; another engine takes one
// file like that.
#pragma once

#include "bundle.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace follow {

/// Memory that is freed with its last owner.
using Memory = std::shared_ptr<void>;

/// A loaded graph that works on device memory.
class Engine {
  public:
    virtual ~Engine() = default;

    /// Lets an input or output live at a device address, which stays valid as long as the engine is used.
    virtual void bind(const std::string &tensor, void *address) = 0;

    /// Puts one run on the backend's stream, and does not wait for it.
    virtual void enqueue() = 0;
};

/// A device with one stream, on which copies and engines run in the order in which they were asked for.
class Backend {
  public:
    virtual ~Backend() = default;

    virtual Memory device_memory(std::size_t bytes) = 0;
    virtual Memory host_memory(std::size_t bytes) = 0; ///< pinned, where the device has such
    virtual void upload(void *device, const void *host, std::size_t bytes) = 0;
    virtual void download(void *host, const void *device, std::size_t bytes) = 0;
    virtual void wait() = 0; ///< for all that was put on the stream

    /**
     * Loads the graph of a role. All engines of one backend are used by one thread.
     * @throws Error  the engine cannot build it, or what was kept of it is another device's
     */
    virtual std::unique_ptr<Engine> load(const std::string &role, const Graph &graph) = 0;
};

struct BackendOptions {
    std::string precision;         ///< of the variant: fp32, fp16 or int8
    std::filesystem::path engines; ///< folder for what is built from the graphs of this variant
    bool rebuild = false;          ///< build engines anew
};

/// The backend that this program is linked with.
std::unique_ptr<Backend> make_backend(const BackendOptions &options);

} // namespace follow
