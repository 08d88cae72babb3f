#include "config.h"

#include <math.h>
#include <stddef.h>

#include "crop.h"

#define MAX_INPUT_PX 4096
#define MAX_RESPONSE_CELLS 1024

static int int_in(int32_t value, int32_t low, int32_t high) {
    return value >= low && value <= high;
}

/* NaN is in no range. */
static int share(double value) {
    return value >= 0.0 && value <= 1.0;
}

static int finite_not_negative(double value) {
    return isfinite(value) && value >= 0.0;
}

static int finite_positive(double value) {
    return isfinite(value) && value > 0.0;
}

static sdst_status check_choices(const sdst_tracker_config *config) {
    if (!int_in(config->score_kind, SDST_SCORE_SOFTMAX2, SDST_SCORE_LOGIT)) return SDST_ERR_UNSUPPORTED;
    if (!int_in(config->context, SDST_CONTEXT_SQUARE, SDST_CONTEXT_RECTANGULAR)) return SDST_ERR_UNSUPPORTED;
    if (!int_in(config->border, SDST_BORDER_FRAME_MEAN, SDST_BORDER_FRAME_MEAN_ROUNDED)) return SDST_ERR_UNSUPPORTED;
    return sdst_crop_rule_check_(config->rounding, config->interpolation);
}

static sdst_status check_numbers(const sdst_tracker_config *config) {
    const int ok = int_in(config->template_size, 1, MAX_INPUT_PX) && int_in(config->search_size, 1, MAX_INPUT_PX) &&
                   int_in(config->response_size, 1, MAX_RESPONSE_CELLS) && config->border_value[3] == 0 &&
                   finite_not_negative(config->context_amount) && finite_positive(config->search_scale) &&
                   finite_positive(config->stride_px) && isfinite(config->point_origin_px) &&
                   share(config->window_influence) && finite_not_negative(config->penalty_k) &&
                   share(config->size_lr) && finite_positive(config->min_side_px) &&
                   isfinite(config->init_center_offset_px) && isfinite(config->found_threshold);
    return ok ? SDST_OK : SDST_ERR_VALUE;
}

sdst_status sdst_tracker_config_check_(const sdst_tracker_config *config) {
    if (config->struct_size != sizeof *config) return SDST_ERR_STRUCT_SIZE;
    sdst_status status = check_choices(config);
    if (status == SDST_OK) status = check_numbers(config);
    if (status == SDST_OK) status = sdst_normalization_check_(&config->normalization);
    return status;
}

sdst_status sdst_tracker_default_config(sdst_tracker_config *config) {
    if (config == NULL) return SDST_ERR_NULL;
    if (config->struct_size != sizeof *config) return SDST_ERR_STRUCT_SIZE;
    *config = (sdst_tracker_config){
        .struct_size = sizeof *config,
        .template_size = 128,
        .search_size = 256,
        .response_size = 16,
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
        .window_influence = 0.4,
        .penalty_k = 0.04,
        .size_lr = 0.4,
        .min_side_px = 10.0,
    };
    return SDST_OK;
}
