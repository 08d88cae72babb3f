// One target followed from frame to frame: libsdst around the network.
#pragma once

#include "network.hpp"

namespace follow {

class Tracker {
  public:
    /// Bundle and network must outlive the tracker. @throws Error  libsdst refuses the configuration
    Tracker(const Bundle &bundle, Network &network);

    /// Takes a target. @throws Error  libsdst refuses the frame or the box
    void init(const sdst_frame &frame, const sdst_box &box);

    /// @return Where the target is in the next frame, of the same size. @throws Error  no target, or another size
    sdst_result update(const sdst_frame &frame);

  private:
    struct Destroy {
        void operator()(sdst_tracker *tracker) const {
            sdst_tracker_destroy(tracker);
        }
    };

    std::unique_ptr<sdst_tracker, Destroy> tracker_;
    Network &network_;
};

} // namespace follow
