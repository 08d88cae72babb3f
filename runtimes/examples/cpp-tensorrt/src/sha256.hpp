// SHA-256 (FIPS 180-4): by it a file is known to be what the manifest says, and an engine to be of its graph.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace follow {

/// @return 64 hexadecimal digits, lower-case.
std::string sha256(const void *data, std::size_t size);

/// @throws Error  the file cannot be read
std::string sha256_of_file(const std::filesystem::path &path);

} // namespace follow
