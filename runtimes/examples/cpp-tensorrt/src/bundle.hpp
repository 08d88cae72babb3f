// What this program takes from a bundle: the tracker's numbers, and the graphs of one variant.
#pragma once

#include <sdst.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace follow {

/// What went wrong, and what to do; meant for the user.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A float32 input or output of a graph, of a static shape.
struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;

    std::size_t bytes() const;
};

/// An ONNX graph whose file is what the manifest says.
struct Graph {
    std::filesystem::path file;
    std::string sha256;
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
};

struct Bundle {
    std::string name;
    sdst_tracker_config config;
    std::string variant;                 ///< such as onnx/fp16
    std::string precision;               ///< fp32, fp16 or int8
    std::map<std::string, Graph> graphs; ///< by role: template, search, correlate_conv, tail, ...
};

/**
 * Opens a bundle and checks the files of one variant by their SHA-256.
 * @param folder   that holds manifest.json
 * @param variant  empty: the manifest's default
 * @throws Error   it is no bundle, of another format, without that variant, or a file was changed
 */
Bundle open_bundle(const std::filesystem::path &folder, const std::string &variant);

} // namespace follow
