#include "tensorrt_builder.hpp"

#include "files.hpp"

#include <NvOnnxParser.h>

namespace follow {
namespace {

using namespace nvinfer1;

constexpr std::size_t WORKSPACE_BYTES = std::size_t{512} << 20; // at most; a board shares it with everything else

template <typename T> std::unique_ptr<T> made(T *object, const char *what, Logger &logger) {
    if (object == nullptr) throw Error(std::string("TensorRT makes no ") + what + ": " + logger.take());
    return std::unique_ptr<T>(object);
}

NetworkDefinitionCreationFlags network_flags() {
#if NV_TENSORRT_MAJOR >= 10
    return 1U << static_cast<std::uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
    return 1U << static_cast<std::uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH);
#endif
}

/// TensorRT 8 takes lower precisions of a graph only where it is permitted; 11 has no such flags.
void permit(IBuilderConfig &config, const std::string &precision) {
#if NV_TENSORRT_MAJOR < 10
    if (precision != "fp32") config.setFlag(BuilderFlag::kFP16);
    if (precision == "int8") config.setFlag(BuilderFlag::kINT8); // by the graph's Q and DQ: without a calibrator
#else
    static_cast<void>(config);
    static_cast<void>(precision);
#endif
}

void parse(INetworkDefinition &network, const Graph &graph, Logger &logger) {
    const std::vector<char> data = read_file(graph.file);
    const auto parser = made(nvonnxparser::createParser(network, logger), "ONNX parser", logger);
    if (!parser->parse(data.data(), data.size())) {
        const std::string why = parser->getNbErrors() > 0 ? parser->getError(0)->desc() : logger.take();
        throw Error("TensorRT does not read " + graph.file.string() + ": " + why);
    }
}

} // namespace

void Logger::log(Severity severity, char const *message) noexcept {
    if (severity <= Severity::kERROR && first_.empty()) first_ = message;
}

std::string Logger::take() {
    std::string taken = first_.empty() ? "it does not say why" : first_;
    first_.clear();
    return taken;
}

Plan build_engine(const Graph &graph, const std::string &precision, std::vector<char> &timings, Logger &logger) {
    const auto builder = made(createInferBuilder(logger), "builder", logger);
    const auto network = made(builder->createNetworkV2(network_flags()), "network", logger);
    parse(*network, graph, logger);
    const auto config = made(builder->createBuilderConfig(), "builder configuration", logger);
    config->setMemoryPoolLimit(MemoryPoolType::kWORKSPACE, WORKSPACE_BYTES);
    permit(*config, precision);
    auto cache = made(config->createTimingCache(timings.data(), timings.size()), "timing cache", logger);
    if (!config->setTimingCache(*cache, false)) { // of another TensorRT or GPU
        cache = made(config->createTimingCache(nullptr, 0), "timing cache", logger);
        config->setTimingCache(*cache, false);
    }
    logger.take();
    Plan plan(builder->buildSerializedNetwork(*network, *config));
    if (!plan) throw Error("TensorRT builds no engine from " + graph.file.string() + ": " + logger.take());
    const Plan measured(cache->serialize());
    if (measured) {
        const auto *bytes = static_cast<const char *>(measured->data());
        timings.assign(bytes, bytes + measured->size());
    }
    return plan;
}

} // namespace follow
