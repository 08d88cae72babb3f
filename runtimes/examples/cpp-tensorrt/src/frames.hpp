// Where frames come from.
#pragma once

#include <sdst.h>

#include <memory>
#include <string>

namespace follow {

class FrameSource {
  public:
    virtual ~FrameSource() = default;

    /// @return The next frame, valid until the next call; of width 0 at the end. @throws Error  it cannot be read
    virtual sdst_frame next() = 0;
};

/**
 * @param address  `raw:WIDTHxHEIGHT`: pixels on standard input, 8 bits of blue, green and red each, row by row, as
 *                 ffmpeg and GStreamer write them. In a build with OpenCV also a camera's number, a folder of pictures
 *                 in the order of their names, or whatever else cv::VideoCapture opens.
 * @throws Error   it cannot be opened
 */
std::unique_ptr<FrameSource> open_source(const std::string &address);

} // namespace follow
