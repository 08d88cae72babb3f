#include "config.h"

#include <math.h>
#include <stddef.h>

#include "crop.h"

#define MAX_INPUT_PX 4096
#define MAX_RESPONSE_CELLS 1024
#define MAX_ENLARGED_CELLS 4096
#define MAX_NUMBER 1e6 /* so that boxes stay finite, whatever finite numbers the network gives */

static int int_in(int32_t value, int32_t low, int32_t high) {
    return value >= low && value <= high;
}

/* NaN is in no range. */
static int share(double value) {
    return value >= 0.0 && value <= 1.0;
}

static int flag(int32_t value) {
    return int_in(value, 0, 1);
}

static int number(double value) {
    return fabs(value) <= MAX_NUMBER;
}

static int not_negative(double value) {
    return number(value) && value >= 0.0;
}

static int positive(double value) {
    return number(value) && value > 0.0;
}

static int score_goes_with_output(const sdst_tracker_config *config) {
    switch (config->output_kind) {
    case SDST_OUTPUT_POINTS:
        return int_in(config->score_kind, SDST_SCORE_SOFTMAX2, SDST_SCORE_LOGIT_CENTERNESS);
    case SDST_OUTPUT_ANCHORS:
        return config->score_kind == SDST_SCORE_SOFTMAX2;
    case SDST_OUTPUT_RESPONSE:
        return config->score_kind == SDST_SCORE_LOGIT;
    default:
        return 0;
    }
}

static sdst_status check_choices(const sdst_tracker_config *config) {
    if (!score_goes_with_output(config)) return SDST_ERR_UNSUPPORTED;
    if (!int_in(config->size_smoothing, SDST_SMOOTHING_NONE, SDST_SMOOTHING_TWICE)) return SDST_ERR_UNSUPPORTED;
    if (!int_in(config->context, SDST_CONTEXT_SQUARE, SDST_CONTEXT_RECTANGULAR)) return SDST_ERR_UNSUPPORTED;
    if (!int_in(config->border, SDST_BORDER_FRAME_MEAN, SDST_BORDER_FRAME_MEAN_ROUNDED)) return SDST_ERR_UNSUPPORTED;
    return sdst_crop_rule_check_(config->rounding, config->interpolation);
}

static int numbers_are_in_range(const sdst_tracker_config *config) {
    return int_in(config->template_size, 1, MAX_INPUT_PX) && int_in(config->search_size, 1, MAX_INPUT_PX) &&
           int_in(config->response_size, 1, MAX_RESPONSE_CELLS) && config->border_value[3] == 0 &&
           not_negative(config->context_amount) && positive(config->search_scale) && positive(config->stride_px) &&
           number(config->point_origin_px) && share(config->window_influence) && not_negative(config->penalty_k) &&
           share(config->size_lr) && flag(config->clamp_center) && positive(config->min_side_px) &&
           number(config->init_center_offset_px) && number(config->size_offset_px) && number(config->box_offset_px) &&
           number(config->found_threshold);
}

static int anchors_are_in_range(const sdst_tracker_config *config) {
    if (config->output_kind != SDST_OUTPUT_ANCHORS) return 1;
    if (!int_in(config->anchor_count, 1, SDST_MAX_ANCHORS)) return 0;
    for (int32_t i = 0; i < config->anchor_count; ++i) {
        if (!positive(config->anchors[i].width) || !positive(config->anchors[i].height)) return 0;
    }
    return 1;
}

static int pyramid_is_in_range(const sdst_tracker_config *config) {
    if (config->output_kind != SDST_OUTPUT_RESPONSE) return 1;
    const sdst_scale_pyramid *pyramid = &config->pyramid;
    return int_in(pyramid->count, 1, SDST_MAX_SCALES) && pyramid->count % 2 == 1 &&
           int_in(pyramid->upsampling, 1, MAX_ENLARGED_CELLS / config->response_size) && pyramid->step >= 1.0 &&
           pyramid->step <= 2.0 && share(pyramid->penalty);
}

static int small_target_is_in_range(const sdst_tracker_config *config) {
    const sdst_small_target *small = &config->small_target;
    if (small->search_size == 0) return 1;
    return config->output_kind != SDST_OUTPUT_RESPONSE && int_in(small->search_size, 1, MAX_INPUT_PX) &&
           int_in(small->response_size, 1, MAX_RESPONSE_CELLS) && share(small->max_area_share);
}

static sdst_status check_numbers(const sdst_tracker_config *config) {
    const int ok = numbers_are_in_range(config) && anchors_are_in_range(config) && pyramid_is_in_range(config) &&
                   small_target_is_in_range(config);
    return ok ? SDST_OK : SDST_ERR_VALUE;
}

sdst_status sdst_tracker_config_check_(const sdst_tracker_config *config) {
    if (config->struct_size != sizeof *config) return SDST_ERR_STRUCT_SIZE;
    sdst_status status = check_choices(config);
    if (status == SDST_OK) status = check_numbers(config);
    if (status == SDST_OK) status = sdst_normalization_check_(&config->normalization);
    return status;
}

sdst_tracker_config sdst_config_for_small_target_(const sdst_tracker_config *config) {
    sdst_tracker_config small = *config;
    if (config->small_target.search_size == 0) return small;
    small.search_size = config->small_target.search_size;
    small.response_size = config->small_target.response_size;
    small.search_scale = config->search_scale * small.search_size / config->search_size;
    /* The middle of the maps stays in the middle of the search region. */
    small.point_origin_px += (config->response_size - small.response_size) * config->stride_px / 2.0;
    return small;
}

int32_t sdst_scales_(const sdst_tracker_config *config) {
    return config->output_kind == SDST_OUTPUT_RESPONSE ? config->pyramid.count : 1;
}

double sdst_scale_factor_(const sdst_tracker_config *config, int32_t scale) {
    return config->output_kind == SDST_OUTPUT_RESPONSE ? pow(config->pyramid.step, scale - config->pyramid.count / 2)
                                                       : 1.0;
}

sdst_status sdst_tracker_default_config(sdst_tracker_config *config) {
    if (config == NULL) return SDST_ERR_NULL;
    if (config->struct_size != sizeof *config) return SDST_ERR_STRUCT_SIZE;
    *config = (sdst_tracker_config){
        .struct_size = sizeof *config,
        .template_size = 128,
        .search_size = 256,
        .response_size = 16,
        .output_kind = SDST_OUTPUT_POINTS,
        .score_kind = SDST_SCORE_LOGIT,
        .context = SDST_CONTEXT_SQUARE,
        .rounding = SDST_ROUNDING_PYSOT,
        .interpolation = SDST_INTERPOLATION_OPENCV_U8,
        .border = SDST_BORDER_FRAME_MEAN,
        .normalization =
            {
                .struct_size = sizeof config->normalization,
                .channel_order = SDST_CHANNELS_BGR,
                .scale = {1.0F, 1.0F, 1.0F},
            },
        .context_amount = 0.5,
        .search_scale = 2.0,
        .stride_px = 16.0,
        .point_origin_px = -120.0, /* centres of 16 cells of 16 px */
        .pyramid = {.count = 3, .upsampling = 16, .step = 1.0375, .penalty = 0.9745},
        .window_influence = 0.4,
        .penalty_k = 0.04,
        .size_lr = 0.4,
        .size_smoothing = SDST_SMOOTHING_ONCE,
        .clamp_center = 1,
        .min_side_px = 10.0,
    };
    return SDST_OK;
}
