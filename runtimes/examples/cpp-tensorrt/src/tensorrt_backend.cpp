// TensorRT behind backend.hpp. Not verified on hardware.

#include "backend.hpp"
#include "cuda.hpp"
#include "engine_cache.hpp"
#include "files.hpp"
#include "tensorrt_builder.hpp"

#include <iostream>

namespace follow {
namespace {

class TensorRTEngine : public Engine {
  public:
    TensorRTEngine(const std::string &role, const Graph &graph, std::unique_ptr<nvinfer1::ICudaEngine> engine,
                   std::shared_ptr<Stream> stream, Logger &logger)
        : role_(role), engine_(std::move(engine)), stream_(std::move(stream)), logger_(logger) {
        for (const Tensor &tensor : graph.inputs) {
            require(tensor, nvinfer1::TensorIOMode::kINPUT);
        }
        for (const Tensor &tensor : graph.outputs) {
            require(tensor, nvinfer1::TensorIOMode::kOUTPUT);
        }
        context_.reset(engine_->createExecutionContext());
        if (!context_) throw Error(role_ + ": TensorRT makes no execution context: " + logger_.take());
    }

    void bind(const std::string &tensor, void *address) override {
        if (!context_->setTensorAddress(tensor.c_str(), address)) {
            throw Error(role_ + ": TensorRT does not bind " + tensor + ": " + logger_.take());
        }
    }

    void enqueue() override {
        if (!context_->enqueueV3(stream_->get())) {
            throw Error(role_ + ": TensorRT failed: " + logger_.take());
        }
    }

  private:
    /// An engine that was built from the graph has its tensors; one that was exchanged behind our back may not.
    void require(const Tensor &tensor, nvinfer1::TensorIOMode mode) const {
        const char *name = tensor.name.c_str();
        const nvinfer1::Dims shape = engine_->getTensorShape(name);
        bool same = engine_->getTensorIOMode(name) == mode && shape.nbDims == static_cast<int>(tensor.shape.size()) &&
                    engine_->getTensorDataType(name) == nvinfer1::DataType::kFLOAT;
        for (std::size_t i = 0; same && i < tensor.shape.size(); ++i) {
            same = shape.d[i] == tensor.shape[i];
        }
        if (!same) {
            throw Error(role_ + ": the engine's tensor " + tensor.name +
                        " is not what the manifest says; build it again with --rebuild");
        }
    }

    std::string role_;
    std::unique_ptr<nvinfer1::ICudaEngine> engine_;
    std::unique_ptr<nvinfer1::IExecutionContext> context_; // goes before its engine
    std::shared_ptr<Stream> stream_;
    Logger &logger_;
};

class TensorRTBackend : public Backend {
  public:
    explicit TensorRTBackend(const BackendOptions &options)
        : options_(options), cache_(options.engines, options.rebuild), stream_(std::make_shared<Stream>()),
          runtime_(nvinfer1::createInferRuntime(logger_)) {
        if (!runtime_) throw Error("TensorRT makes no runtime: " + logger_.take());
    }

    Memory device_memory(std::size_t bytes) override {
        return allocate_device(bytes);
    }

    Memory host_memory(std::size_t bytes) override {
        return allocate_pinned(bytes);
    }

    void upload(void *device, const void *host, std::size_t bytes) override {
        check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_->get()), "no copy to the GPU");
    }

    void download(void *host, const void *device, std::size_t bytes) override {
        check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream_->get()), "no copy from the GPU");
    }

    void wait() override {
        stream_->wait();
    }

    std::unique_ptr<Engine> load(const std::string &role, const Graph &graph) override {
        const EngineKey key{gpu_name(), std::to_string(getInferLibVersion()), graph.sha256, options_.precision};
        std::optional<std::vector<char>> kept = cache_.find(role, key);
        if (!kept) kept = build(role, graph, key);
        std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime_->deserializeCudaEngine(kept->data(), kept->size()));
        if (!engine) {
            throw Error(cache_.file(role).string() + " is not taken by TensorRT: " + logger_.take() +
                        "; build it again with --rebuild");
        }
        return std::make_unique<TensorRTEngine>(role, graph, std::move(engine), stream_, logger_);
    }

  private:
    std::vector<char> build(const std::string &role, const Graph &graph, const EngineKey &key) {
        std::cerr << "building the engine of " << role << ", once: this takes a while ..." << std::endl;
        const std::filesystem::path timings_file = options_.engines / "timings";
        std::vector<char> timings;
        if (std::filesystem::exists(timings_file)) timings = read_file(timings_file);
        Plan plan;
        try {
            plan = build_engine(graph, key.precision, timings, logger_);
        } catch (const Error &error) {
            cache_.store_refusal(role, key, error.what());
            throw;
        }
        cache_.store(role, key, plan->data(), plan->size());
        write_file(timings_file, timings.data(), timings.size());
        const auto *bytes = static_cast<const char *>(plan->data());
        return {bytes, bytes + plan->size()};
    }

    BackendOptions options_;
    EngineCache cache_;
    Logger logger_; // outlives the runtime
    std::shared_ptr<Stream> stream_;
    std::unique_ptr<nvinfer1::IRuntime> runtime_;
};

} // namespace

std::unique_ptr<Backend> make_backend(const BackendOptions &options) {
    return std::make_unique<TensorRTBackend>(options);
}

} // namespace follow
