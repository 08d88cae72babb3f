#include "config.hpp"

#include "bundle.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace follow {
namespace {

using nlohmann::json;
using Names = std::map<std::string, std::int32_t>;

const Names SCORE_KINDS = {
    {"softmax2", SDST_SCORE_SOFTMAX2}, {"logit", SDST_SCORE_LOGIT}, {"logit-centerness", SDST_SCORE_LOGIT_CENTERNESS}};
const Names SIZE_SMOOTHINGS = {
    {"none", SDST_SMOOTHING_NONE}, {"once", SDST_SMOOTHING_ONCE}, {"twice", SDST_SMOOTHING_TWICE}};
const Names CONTEXTS = {{"square", SDST_CONTEXT_SQUARE}, {"rectangular", SDST_CONTEXT_RECTANGULAR}};
const Names ROUNDINGS = {{"pysot", SDST_ROUNDING_PYSOT},
                         {"dasiamrpn", SDST_ROUNDING_DASIAMRPN},
                         {"siamfc", SDST_ROUNDING_SIAMFC},
                         {"fear", SDST_ROUNDING_FEAR},
                         {"none", SDST_ROUNDING_NONE}};
const Names INTERPOLATIONS = {{"opencv-u8", SDST_INTERPOLATION_OPENCV_U8},
                              {"opencv-warp", SDST_INTERPOLATION_OPENCV_WARP}};
const Names BORDERS = {{"frame-mean", SDST_BORDER_FRAME_MEAN},
                       {"constant", SDST_BORDER_CONSTANT},
                       {"frame-mean-rounded", SDST_BORDER_FRAME_MEAN_ROUNDED}};
const Names CHANNEL_ORDERS = {{"bgr", SDST_CHANNELS_BGR}, {"rgb", SDST_CHANNELS_RGB}};

/// A table whose keys must all be read: one that nobody reads would change nothing, silently.
class Table {
  public:
    Table(const json &values, std::string where) : values_(values), where_(std::move(where)) {
    }

    const json &at(const std::string &key) {
        read_.insert(key);
        return values_.at(key);
    }

    template <typename T> void into(T &field, const std::string &key) {
        field = at(key).get<T>();
    }

    void into(std::int32_t &field, const std::string &key, const Names &names) {
        const auto name = at(key).get<std::string>();
        const auto found = names.find(name);
        if (found == names.end()) {
            throw Error(where_ + "." + key + " is " + name + ", which this program does not know; build a newer one");
        }
        field = found->second;
    }

    template <typename T, std::size_t N> void into(T (&field)[N], const std::string &key, std::size_t count) {
        const auto items = at(key).get<std::vector<T>>();
        if (items.size() != count) {
            throw Error(where_ + "." + key + " has " + std::to_string(items.size()) + " items, expected " +
                        std::to_string(count));
        }
        std::copy(items.begin(), items.end(), field);
    }

    void finish() const {
        for (const auto &item : values_.items()) {
            if (read_.count(item.key()) == 0) {
                throw Error(where_ + " has " + item.key() + ", which this program does not know; build a newer one");
            }
        }
    }

  private:
    const json &values_;
    std::string where_;
    std::set<std::string> read_;
};

void read_crop(sdst_tracker_config &config, const json &values) {
    Table crop(values, "tracker.crop");
    crop.into(config.context, "context", CONTEXTS);
    crop.into(config.context_amount, "context_amount");
    crop.into(config.search_scale, "search_scale");
    crop.into(config.rounding, "rounding", ROUNDINGS);
    crop.into(config.interpolation, "interpolation", INTERPOLATIONS);
    crop.into(config.border, "border", BORDERS);
    crop.into(config.border_value, "border_value", 3);
    crop.finish();
}

void read_normalization(sdst_normalization &rule, const json &values) {
    Table table(values, "tracker.normalization");
    rule.struct_size = sizeof rule;
    table.into(rule.channel_order, "channel_order", CHANNEL_ORDERS);
    table.into(rule.mean, "mean", 3);
    double deviations[3];
    table.into(deviations, "std", 3);
    std::transform(deviations, deviations + 3, rule.scale, [](double std) { return static_cast<float>(1.0 / std); });
    table.finish();
}

void read_anchors(sdst_tracker_config &config, const json &anchors) {
    if (anchors.size() > SDST_MAX_ANCHORS) {
        throw Error("tracker.anchors has " + std::to_string(anchors.size()) + " items, libsdst takes " +
                    std::to_string(SDST_MAX_ANCHORS));
    }
    for (const json &anchor : anchors) {
        config.anchors[config.anchor_count++] = {anchor.at(0).get<double>(), anchor.at(1).get<double>()};
    }
}

void read_pyramid(sdst_scale_pyramid &pyramid, const json &values) {
    Table table(values, "tracker.pyramid");
    table.into(pyramid.count, "count");
    table.into(pyramid.step, "step");
    table.into(pyramid.penalty, "penalty");
    table.into(pyramid.upsampling, "upsampling");
    table.finish();
}

void read_small_target(sdst_small_target &small, const json &values) {
    Table table(values, "tracker.small_target");
    table.into(small.max_area_share, "max_area_share");
    table.into(small.search_size, "search_size");
    table.into(small.response_size, "response_size");
    table.finish();
}

} // namespace

sdst_tracker_config read_config(const json &values) {
    sdst_tracker_config config = {};
    config.struct_size = sizeof config;
    Table table(values, "tracker");
    table.into(config.template_size, "template_size");
    table.into(config.search_size, "search_size");
    table.into(config.response_size, "response_size");
    table.into(config.stride_px, "stride_px");
    table.into(config.score_kind, "score_kind", SCORE_KINDS);
    table.into(config.point_origin_px, "point_origin_px");
    table.into(config.window_influence, "window_influence");
    table.into(config.penalty_k, "penalty_k");
    table.into(config.size_lr, "size_lr");
    table.into(config.size_smoothing, "size_smoothing", SIZE_SMOOTHINGS);
    table.into(config.min_side_px, "min_side_px");
    table.into(config.init_center_offset_px, "init_center_offset_px");
    table.into(config.size_offset_px, "size_offset_px");
    table.into(config.box_offset_px, "box_offset_px");
    table.into(config.found_threshold, "found_threshold");
    config.clamp_center = table.at("clamp_center").get<bool>() ? 1 : 0;
    read_crop(config, table.at("crop"));
    read_normalization(config.normalization, table.at("normalization"));
    read_anchors(config, table.at("anchors"));
    const json &pyramid = table.at("pyramid"), &small = table.at("small_target");
    if (!pyramid.is_null()) read_pyramid(config.pyramid, pyramid);
    if (!small.is_null()) read_small_target(config.small_target, small);
    config.output_kind = !pyramid.is_null()        ? SDST_OUTPUT_RESPONSE
                         : config.anchor_count > 0 ? SDST_OUTPUT_ANCHORS
                                                   : SDST_OUTPUT_POINTS;
    table.finish();
    return config;
}

} // namespace follow
