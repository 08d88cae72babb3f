// TensorRT 8 whose graphs are built and run by the test: an engine's plan is "plan" and the bytes of its ONNX graph.
#include "pipes.hpp"

#include <NvInfer.h>
#include <NvOnnxParser.h>
#include <map>
#include <sstream>
#include <vector>

using namespace nvinfer1;

namespace {

const std::string MARK = "plan";

struct Memory : IHostMemory {
    std::string bytes;
};

struct Timings : ITimingCache {
    std::string bytes;
};

struct Network : INetworkDefinition {
    std::string onnx;
};

struct Config : IBuilderConfig {
    std::string flags;
    std::string workspace = "none";
    Timings *timings = nullptr;
};

struct Builder : IBuilder {
    ILogger *logger = nullptr;
};

struct Binding {
    TensorIOMode mode = TensorIOMode::kNONE;
    Dims shape = {};
    std::size_t bytes = sizeof(float);
};

struct CudaEngine : ICudaEngine {
    std::string role;
    std::vector<std::string> order;
    std::map<std::string, Binding> bindings;

    Binding binding(const char *name) const {
        const auto found = bindings.find(name);
        return found == bindings.end() ? Binding{} : found->second;
    }
};

struct Context : IExecutionContext {
    const CudaEngine *engine = nullptr;
    std::map<std::string, void *> addresses;
};

struct Parser : nvonnxparser::IParser {
    Network *network = nullptr;

    bool parse(void const *model, std::size_t size, const char *) override {
        network->onnx.assign(static_cast<const char *>(model), size);
        return true;
    }
    int getNbErrors() const override {
        return 0;
    }
    nvonnxparser::IParserError const *getError(int) const override {
        return nullptr;
    }
};

Memory *memory_of(const std::string &bytes) {
    auto *memory = new Memory;
    memory->bytes = bytes;
    return memory;
}

} // namespace

std::int32_t getInferLibVersion() noexcept {
    return 8502;
}

void *IHostMemory::data() const noexcept {
    return const_cast<char *>(static_cast<const Memory *>(this)->bytes.data());
}

std::size_t IHostMemory::size() const noexcept {
    return static_cast<const Memory *>(this)->bytes.size();
}

IHostMemory *ITimingCache::serialize() const noexcept {
    return memory_of(static_cast<const Timings *>(this)->bytes);
}

INetworkDefinition *IBuilder::createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept {
    if (flags != 1) fake::fail("TensorRT 8 wants networks of explicit batch");
    return new Network;
}

IBuilderConfig *IBuilder::createBuilderConfig() noexcept {
    return new Config;
}

void IBuilderConfig::setFlag(BuilderFlag flag) noexcept {
    static_cast<Config *>(this)->flags += flag == BuilderFlag::kFP16 ? " fp16" : " int8";
}

void IBuilderConfig::setMemoryPoolLimit(MemoryPoolType, std::size_t size) noexcept {
    static_cast<Config *>(this)->workspace = std::to_string(size);
}

ITimingCache *IBuilderConfig::createTimingCache(void const *blob, std::size_t size) const noexcept {
    auto *timings = new Timings;
    if (size > 0) timings->bytes.assign(static_cast<const char *>(blob), size);
    return timings;
}

/// Timings are of this GPU if they are "t" for each engine that was built, and nothing else.
bool IBuilderConfig::setTimingCache(ITimingCache const &cache, bool) noexcept {
    const auto &timings = static_cast<const Timings &>(cache);
    if (timings.bytes.find_first_not_of('t') != std::string::npos) return false;
    static_cast<Config *>(this)->timings = const_cast<Timings *>(&timings);
    return true;
}

ITimingCache const *IBuilderConfig::getTimingCache() const noexcept {
    return static_cast<const Config *>(this)->timings;
}

IHostMemory *IBuilder::buildSerializedNetwork(INetworkDefinition &network, IBuilderConfig &config) noexcept {
    const std::string &onnx = static_cast<Network &>(network).onnx;
    auto &settings = static_cast<Config &>(config);
    if (settings.timings == nullptr || settings.workspace == "none") fake::fail("no timing cache or no workspace");
    fake::send("build " + std::to_string(onnx.size()) + settings.flags + "\n");
    fake::send(onnx);
    if (fake::receive_line() != "built") {
        static_cast<Builder *>(this)->logger->log(ILogger::Severity::kERROR, "it has no such layer");
        return nullptr;
    }
    settings.timings->bytes += 't';
    return memory_of(MARK + onnx);
}

ICudaEngine *IRuntime::deserializeCudaEngine(void const *blob, std::size_t size) noexcept {
    const std::string plan(static_cast<const char *>(blob), size);
    if (plan.rfind(MARK, 0) != 0) return nullptr;
    fake::send("open " + std::to_string(plan.size() - MARK.size()) + "\n");
    fake::send(plan.substr(MARK.size()));
    auto *engine = new CudaEngine;
    engine->role = fake::receive_line();
    for (std::string line = fake::receive_line(); !line.empty(); line = fake::receive_line()) {
        std::istringstream words(line); // name in|out side side ...
        std::string name, mode;
        words >> name >> mode;
        Binding binding;
        binding.mode = mode == "in" ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
        for (std::int32_t side = 0; words >> side; ++binding.shape.nbDims) {
            binding.shape.d[binding.shape.nbDims] = side;
            binding.bytes *= static_cast<std::size_t>(side);
        }
        engine->order.push_back(name);
        engine->bindings[name] = binding;
    }
    return engine;
}

Dims ICudaEngine::getTensorShape(char const *name) const noexcept {
    return static_cast<const CudaEngine *>(this)->binding(name).shape;
}

DataType ICudaEngine::getTensorDataType(char const *) const noexcept {
    return DataType::kFLOAT;
}

TensorIOMode ICudaEngine::getTensorIOMode(char const *name) const noexcept {
    return static_cast<const CudaEngine *>(this)->binding(name).mode;
}

IExecutionContext *ICudaEngine::createExecutionContext() noexcept {
    auto *context = new Context;
    context->engine = static_cast<CudaEngine *>(this);
    return context;
}

bool IExecutionContext::setTensorAddress(char const *name, void *data) noexcept {
    auto &context = static_cast<Context &>(*this);
    context.addresses[name] = data;
    return context.engine->bindings.count(name) == 1;
}

bool IExecutionContext::enqueueV3(cudaStream_t) noexcept {
    const auto &context = static_cast<Context &>(*this);
    const CudaEngine &engine = *context.engine;
    for (const std::string &name : engine.order) {
        if (context.addresses.count(name) == 0) fake::fail(engine.role + ": " + name + " is not bound");
        fake::require_device(context.addresses.at(name), engine.bindings.at(name).bytes, engine.role + ": " + name);
    }
    fake::send("run " + engine.role + "\n");
    for (const TensorIOMode mode : {TensorIOMode::kINPUT, TensorIOMode::kOUTPUT}) {
        for (const std::string &name : engine.order) {
            const Binding &binding = engine.bindings.at(name);
            if (binding.mode != mode) continue;
            if (mode == TensorIOMode::kINPUT) {
                fake::send(context.addresses.at(name), binding.bytes);
            } else {
                fake::receive(context.addresses.at(name), binding.bytes);
            }
        }
    }
    return true;
}

IBuilder *nvinfer1::createInferBuilder(ILogger &logger) noexcept {
    auto *builder = new Builder;
    builder->logger = &logger;
    return builder;
}

IRuntime *nvinfer1::createInferRuntime(ILogger &) noexcept {
    return new IRuntime;
}

nvonnxparser::IParser *nvonnxparser::createParser(INetworkDefinition &network, ILogger &) {
    auto *parser = new Parser;
    parser->network = static_cast<Network *>(&network);
    return parser;
}
