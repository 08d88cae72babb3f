#include "frames.hpp"

#include "bundle.hpp"

#include <iostream>
#include <regex>

#ifdef FOLLOW_OPENCV
#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#endif

namespace follow {
namespace {

constexpr int MAX_SIDE_PX = 32767; // libsdst's

sdst_frame frame_of(int width, int height, std::size_t stride, const std::uint8_t *pixels) {
    return {sizeof(sdst_frame), SDST_PIXEL_BGR8, width, height, static_cast<std::int64_t>(stride), pixels};
}

class RawSource : public FrameSource {
  public:
    RawSource(int width, int height)
        : width_(width), height_(height), pixels_(std::size_t{3} * static_cast<std::size_t>(width * height)) {
    }

    sdst_frame next() override {
        std::cin.read(reinterpret_cast<char *>(pixels_.data()), static_cast<std::streamsize>(pixels_.size()));
        const std::streamsize got = std::cin.gcount();
        if (got == 0) return frame_of(0, 0, 0, nullptr);
        if (static_cast<std::size_t>(got) != pixels_.size()) {
            throw Error("standard input ends inside of a frame, after " + std::to_string(got) + " of " +
                        std::to_string(pixels_.size()) + " bytes; are its frames of another size?");
        }
        return frame_of(width_, height_, std::size_t{3} * static_cast<std::size_t>(width_), pixels_.data());
    }

  private:
    int width_;
    int height_;
    std::vector<std::uint8_t> pixels_;
};

#ifdef FOLLOW_OPENCV

sdst_frame frame_of(const cv::Mat &picture) {
    if (!picture.empty() && picture.type() != CV_8UC3) throw Error("a frame is no picture of 8-bit BGR pixels");
    return frame_of(picture.cols, picture.rows, picture.step[0], picture.data);
}

class CaptureSource : public FrameSource {
  public:
    explicit CaptureSource(const std::string &address) {
        const bool number = std::regex_match(address, std::regex("[0-9]{1,3}"));
        if (!(number ? capture_.open(std::stoi(address)) : capture_.open(address))) {
            throw Error(address + " cannot be opened by OpenCV");
        }
    }

    sdst_frame next() override {
        if (!capture_.read(picture_)) picture_.release();
        return picture_.empty() ? follow::frame_of(0, 0, 0, nullptr) : frame_of(picture_);
    }

  private:
    cv::VideoCapture capture_;
    cv::Mat picture_;
};

class FolderSource : public FrameSource {
  public:
    explicit FolderSource(const std::filesystem::path &folder) {
        for (const auto &entry : std::filesystem::directory_iterator(folder)) {
            if (cv::haveImageReader(entry.path().string())) files_.push_back(entry.path());
        }
        if (files_.empty()) throw Error(folder.string() + " holds no picture");
        std::sort(files_.begin(), files_.end());
    }

    sdst_frame next() override {
        if (at_ == files_.size()) return follow::frame_of(0, 0, 0, nullptr);
        const std::string name = files_[at_++].string();
        picture_ = cv::imread(name, cv::IMREAD_COLOR);
        if (picture_.empty()) throw Error(name + " cannot be read");
        return frame_of(picture_);
    }

  private:
    std::vector<std::filesystem::path> files_;
    std::size_t at_ = 0;
    cv::Mat picture_;
};

#endif

} // namespace

std::unique_ptr<FrameSource> open_source(const std::string &address) {
    std::smatch sides;
    if (std::regex_match(address, sides, std::regex("raw:([0-9]{1,5})x([0-9]{1,5})"))) {
        const int width = std::stoi(sides[1]), height = std::stoi(sides[2]);
        if (width < 1 || height < 1 || width > MAX_SIDE_PX || height > MAX_SIDE_PX) {
            throw Error(address + ": expected sides of 1 to " + std::to_string(MAX_SIDE_PX) + " px");
        }
        return std::make_unique<RawSource>(width, height);
    }
#ifdef FOLLOW_OPENCV
    if (std::filesystem::is_directory(address)) return std::make_unique<FolderSource>(address);
    return std::make_unique<CaptureSource>(address);
#else
    throw Error(address + " is not raw:WIDTHxHEIGHT; this program was built without OpenCV, which opens cameras, "
                          "videos and folders");
#endif
}

} // namespace follow
