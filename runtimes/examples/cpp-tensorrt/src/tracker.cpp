#include "tracker.hpp"

namespace follow {
namespace {

void check(sdst_status status, const char *what) {
    if (status != SDST_OK) {
        throw Error(std::string(what) + ": " + sdst_status_string(status));
    }
}

} // namespace

Tracker::Tracker(const Bundle &bundle, Network &network) : network_(network) {
    sdst_tracker *made = nullptr;
    check(sdst_tracker_create(&bundle.config, &made), "the bundle's tracker");
    tracker_.reset(made);
}

void Tracker::init(const sdst_frame &frame, const sdst_box &box) {
    check(sdst_tracker_template_input(tracker_.get(), &frame, &box, network_.template_input()), "taking the target");
    network_.embed();
}

sdst_result Tracker::update(const sdst_frame &frame) {
    const std::int32_t side = sdst_tracker_search_size(tracker_.get()); // small targets may have their own
    check(sdst_tracker_search_input(tracker_.get(), &frame, network_.search_input(side)), "cutting the search region");
    const sdst_outputs outputs = network_.match(side);
    sdst_result result = {};
    result.struct_size = sizeof result;
    check(sdst_tracker_decode(tracker_.get(), &outputs, &result), "decoding");
    return result;
}

} // namespace follow
