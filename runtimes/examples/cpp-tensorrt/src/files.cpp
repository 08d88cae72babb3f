#include "files.hpp"

#include "bundle.hpp"

#include <fstream>
#include <iterator>

namespace follow {

std::vector<char> read_file(const std::filesystem::path &path) {
    std::ifstream stream(path, std::ios::binary);
    std::vector<char> data{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream) {
        throw Error(path.string() + " cannot be read");
    }
    return data;
}

void write_file(const std::filesystem::path &path, const void *data, std::size_t size) {
    std::filesystem::path beside = path;
    beside += ".new";
    std::error_code problem;
    std::filesystem::create_directories(path.parent_path(), problem);
    std::ofstream stream(beside, std::ios::binary);
    stream.write(static_cast<const char *>(data), static_cast<std::streamsize>(size));
    stream.close();
    if (stream) std::filesystem::rename(beside, path, problem);
    if (!stream || problem) {
        std::error_code ignored;
        std::filesystem::remove(beside, ignored);
        throw Error(path.string() + " cannot be written (" + (problem ? problem.message() : "is the disk full?") + ")");
    }
}

} // namespace follow
