// A CUDA runtime of ordinary memory that knows which addresses are the device's, and pipes to the test.
#include "pipes.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime_api.h>
#include <map>
#include <unistd.h>

namespace {

std::map<const void *, std::size_t> device, pinned;

const void *const STREAM = &device;

cudaError_t allocate(std::map<const void *, std::size_t> &owner, void **pointer, std::size_t size) {
    *pointer = std::malloc(size);
    std::memset(*pointer, 0xFF, size); // NaN: what is read must have been written
    owner[*pointer] = size;
    return cudaSuccess;
}

cudaError_t release(std::map<const void *, std::size_t> &owner, void *pointer) {
    if (owner.erase(pointer) != 1) fake::fail("memory is freed twice, or by the wrong function");
    std::free(pointer);
    return cudaSuccess;
}

int descriptor(int index) {
    int ends[2] = {-1, -1};
    if (std::sscanf(fake::variable("SDST_FAKE_PIPES").c_str(), "%d,%d", &ends[0], &ends[1]) != 2) {
        fake::fail("SDST_FAKE_PIPES is not set");
    }
    return ends[index];
}

} // namespace

namespace fake {

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

void fail(const std::string &what) {
    std::fprintf(stderr, "fake: %s\n", what.c_str());
    std::_Exit(3);
}

void send(const void *data, std::size_t size) {
    for (const char *bytes = static_cast<const char *>(data); size > 0;) {
        const ssize_t sent = ::write(descriptor(1), bytes, size);
        if (sent <= 0) fail("the test does not listen");
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

void send(const std::string &text) {
    send(text.data(), text.size());
}

void receive(void *data, std::size_t size) {
    for (char *bytes = static_cast<char *>(data); size > 0;) {
        const ssize_t got = ::read(descriptor(0), bytes, size);
        if (got <= 0) fail("the test does not answer");
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
}

std::string receive_line() {
    std::string line;
    for (char next = 0; receive(&next, 1), next != '\n';) {
        line += next;
    }
    return line;
}

void require_device(const void *address, std::size_t bytes, const std::string &what) {
    const auto found = device.find(address);
    if (found == device.end() || found->second != bytes) fail(what + " is no device memory of its size");
}

} // namespace fake

const char *cudaGetErrorString(cudaError_t) {
    return "an error";
}

cudaError_t cudaGetDevice(int *number) {
    *number = 0;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "%s", fake::variable("SDST_FAKE_GPU").c_str());
    properties->major = 7;
    properties->minor = 2;
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **pointer, std::size_t size) {
    return allocate(device, pointer, size);
}

cudaError_t cudaFree(void *pointer) {
    return release(device, pointer);
}

cudaError_t cudaHostAlloc(void **pointer, std::size_t size, unsigned) {
    return allocate(pinned, pointer, size);
}

cudaError_t cudaFreeHost(void *pointer) {
    return release(pinned, pointer);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, std::size_t count, cudaMemcpyKind kind, cudaStream_t) {
    const bool up = kind == cudaMemcpyHostToDevice;
    const auto host = pinned.find(up ? from : to);
    if (host == pinned.end() || host->second != count) fake::fail("a copy from or to memory that is not pinned");
    fake::require_device(up ? to : from, count, "a copy's other side");
    std::memcpy(to, from, count);
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    *stream = static_cast<cudaStream_t>(const_cast<void *>(STREAM));
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t) {
    if (!device.empty() || !pinned.empty()) fake::fail("the stream goes before the memory that it works on");
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}
