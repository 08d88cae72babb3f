// From an ONNX graph to a TensorRT engine; precision is what the graph says. TensorRT 8.5 to 11.
#pragma once

#include "bundle.hpp"

#include <NvInfer.h>

#include <memory>

namespace follow {

/// Keeps what TensorRT has to say until an error needs it.
class Logger : public nvinfer1::ILogger {
  public:
    void log(Severity severity, char const *message) noexcept override;

    /// @return The first error since the last call, or that there was none.
    std::string take();

  private:
    std::string first_;
};

using Plan = std::unique_ptr<nvinfer1::IHostMemory>;

/**
 * @param precision  of the variant: what TensorRT 8 is permitted; 10 and 11 take the graph at its word
 * @param timings    what was measured for earlier engines, read and added to; by the same TensorRT on the same GPU
 * @throws Error     TensorRT cannot build it
 */
Plan build_engine(const Graph &graph, const std::string &precision, std::vector<char> &timings, Logger &logger);

} // namespace follow
