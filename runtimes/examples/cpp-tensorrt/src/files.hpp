// Files as a whole, with errors that name them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace follow {

/// @throws Error  it cannot be read
std::vector<char> read_file(const std::filesystem::path &path);

/// Writes beside the file and renames, so that a crash or a full disk leaves no half of one. Makes its folder.
/// @throws Error  it cannot be written
void write_file(const std::filesystem::path &path, const void *data, std::size_t size);

} // namespace follow
