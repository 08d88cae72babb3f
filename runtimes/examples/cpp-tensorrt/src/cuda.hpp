// The few calls of the CUDA runtime that are used, with errors that say what failed.
#pragma once

#include "bundle.hpp"

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

namespace follow {

inline void check(cudaError_t status, const std::string &what) {
    if (status != cudaSuccess) {
        throw Error(what + ": " + cudaGetErrorString(status));
    }
}

inline std::shared_ptr<void> allocate_device(std::size_t bytes) {
    void *memory = nullptr;
    check(cudaMalloc(&memory, bytes), "no " + std::to_string(bytes) + " bytes of device memory");
    return {memory, [](void *held) { cudaFree(held); }};
}

inline std::shared_ptr<void> allocate_pinned(std::size_t bytes) {
    void *memory = nullptr;
    check(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault),
          "no " + std::to_string(bytes) + " bytes of pinned memory");
    return {memory, [](void *held) { cudaFreeHost(held); }};
}

/// A stream that does not wait for the default one.
class Stream {
  public:
    Stream() {
        check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "no CUDA stream");
    }
    ~Stream() {
        cudaStreamDestroy(stream_);
    }
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    cudaStream_t get() const {
        return stream_;
    }
    void wait() const {
        check(cudaStreamSynchronize(stream_), "the GPU failed");
    }

  private:
    cudaStream_t stream_ = nullptr;
};

/// Name and compute capability of the GPU in use.
inline std::string gpu_name() {
    int device = 0;
    cudaDeviceProp properties;
    check(cudaGetDevice(&device), "no CUDA device");
    check(cudaGetDeviceProperties(&properties, device), "the CUDA device does not answer");
    return std::string(properties.name) + " sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
}

} // namespace follow
