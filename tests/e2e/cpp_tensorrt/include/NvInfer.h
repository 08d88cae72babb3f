// What runtimes/examples/cpp-tensorrt uses of TensorRT, in the version NV_TENSORRT_MAJOR: 8 (as of 8.5), 10 or 11.
// Names and types follow its documentation; fake_tensorrt.cpp has bodies for the version 8.
#pragma once

#include <cstddef>
#include <cstdint>

struct CUstream_st;
typedef CUstream_st *cudaStream_t;

extern "C" std::int32_t getInferLibVersion() noexcept;

namespace nvinfer1 {

using NetworkDefinitionCreationFlags = std::uint32_t;
enum class NetworkDefinitionCreationFlag : std::int32_t {
#if NV_TENSORRT_MAJOR == 8
    kEXPLICIT_BATCH
#elif NV_TENSORRT_MAJOR == 10
    kEXPLICIT_BATCH,
    kSTRONGLY_TYPED
#else
    kSTRONGLY_TYPED
#endif
};
enum class BuilderFlag : std::int32_t {
#if NV_TENSORRT_MAJOR < 11
    kFP16,
    kINT8,
#endif
    kDEBUG
};
enum class MemoryPoolType : std::int32_t { kWORKSPACE };
enum class TensorIOMode : std::int32_t { kNONE, kINPUT, kOUTPUT };
enum class DataType : std::int32_t { kFLOAT, kHALF };

struct Dims {
    std::int32_t nbDims;
#if NV_TENSORRT_MAJOR == 8
    std::int32_t d[8];
#else
    std::int64_t d[8];
#endif
};

class ILogger {
  public:
    enum class Severity : std::int32_t { kINTERNAL_ERROR, kERROR, kWARNING, kINFO, kVERBOSE };
    virtual void log(Severity severity, char const *msg) noexcept = 0;
    virtual ~ILogger() = default;
};

class IHostMemory {
  public:
    virtual ~IHostMemory() noexcept = default;
    void *data() const noexcept;
    std::size_t size() const noexcept;
};

class ITimingCache {
  public:
    virtual ~ITimingCache() noexcept = default;
    IHostMemory *serialize() const noexcept;
};

class IExecutionContext {
  public:
    virtual ~IExecutionContext() noexcept = default;
    bool setTensorAddress(char const *tensorName, void *data) noexcept;
    bool enqueueV3(cudaStream_t stream) noexcept;
};

enum class ExecutionContextAllocationStrategy : std::int32_t { kSTATIC };

class ICudaEngine {
  public:
    virtual ~ICudaEngine() noexcept = default;
    Dims getTensorShape(char const *tensorName) const noexcept;
    DataType getTensorDataType(char const *tensorName) const noexcept;
    TensorIOMode getTensorIOMode(char const *tensorName) const noexcept;
#if NV_TENSORRT_MAJOR == 8
    IExecutionContext *createExecutionContext() noexcept;
#else
    IExecutionContext *createExecutionContext(
        ExecutionContextAllocationStrategy strategy = ExecutionContextAllocationStrategy::kSTATIC) noexcept;
#endif
};

class IRuntime {
  public:
    virtual ~IRuntime() noexcept = default;
    ICudaEngine *deserializeCudaEngine(void const *blob, std::size_t size) noexcept;
};

class INetworkDefinition {
  public:
    virtual ~INetworkDefinition() noexcept = default;
};

class IBuilderConfig {
  public:
    virtual ~IBuilderConfig() noexcept = default;
    void setFlag(BuilderFlag builderFlag) noexcept;
    void setMemoryPoolLimit(MemoryPoolType pool, std::size_t poolSize) noexcept;
    ITimingCache *createTimingCache(void const *blob, std::size_t size) const noexcept;
    bool setTimingCache(ITimingCache const &cache, bool ignoreMismatch) noexcept;
    ITimingCache const *getTimingCache() const noexcept;
};

class IBuilder {
  public:
    virtual ~IBuilder() noexcept = default;
    INetworkDefinition *createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept;
    IBuilderConfig *createBuilderConfig() noexcept;
    IHostMemory *buildSerializedNetwork(INetworkDefinition &network, IBuilderConfig &config) noexcept;
};

IBuilder *createInferBuilder(ILogger &logger) noexcept;
IRuntime *createInferRuntime(ILogger &logger) noexcept;

} // namespace nvinfer1
