/* From a crop as the caller means it to whole pixels, with everything checked. */
#include <float.h>
#include <math.h>
#include <stddef.h>

#include "crop.h"
#include "frame.h"
#include "kernels.h"

#define MAX_OUT_PX 4096

/* Towards zero, but for what is whole up to the noise of a few products: FEAR's boxes are whole. */
static double truncated(double value) {
    const double nearest = nearbyint(value);
    return fabs(value - nearest) < 1e-6 ? nearest : trunc(value);
}

/* Whole pixels of a side. nearbyint() is half to even, as Python's round(). */
static double whole_px(int32_t rounding, double side) {
    return rounding == SDST_ROUNDING_FEAR ? truncated(side) : nearbyint(side);
}

/* First pixel of a crop; `side` is as the caller gave it. */
static double corner(int32_t rounding, double center, double side) {
    const double px = whole_px(rounding, side);
    switch (rounding) {
    case SDST_ROUNDING_DASIAMRPN:
        return nearbyint(center - (px + 1.0) / 2.0);
    case SDST_ROUNDING_SIAMFC:
        return nearbyint(center - (px - 1.0) / 2.0);
    case SDST_ROUNDING_FEAR:
        return truncated(center - side / 2.0);
    default:
        return floor(center - (px + 1.0) / 2.0 + 0.5);
    }
}

/* From here on, a centre further out changes nothing: the whole crop is outside any frame. */
static double clamp_center(double center) {
    return fmin(fmax(center, -2.0 * SDST_MAX_SIDE_PX_), 2.0 * SDST_MAX_SIDE_PX_);
}

static sdst_axis_ plan_axis(const sdst_crop *crop, double any_center, double side, int32_t out_size) {
    const double center = clamp_center(any_center);
    const double px = whole_px(crop->rounding, side);
    if (crop->interpolation == SDST_INTERPOLATION_OPENCV_WARP) return sdst_axis_warp_(center, px, out_size);
    return sdst_axis_resize_((int32_t)corner(crop->rounding, center, side), (int32_t)px, out_size);
}

sdst_span_ sdst_crop_span_(int32_t rounding, double center, double side) {
    if (rounding != SDST_ROUNDING_FEAR) return (sdst_span_){center, side};
    const double px = whole_px(rounding, side);
    return (sdst_span_){corner(rounding, center, side) + px / 2.0, px};
}

static int in_range(double value, double low, double high) {
    return value >= low && value <= high; /* false for NaN */
}

sdst_status sdst_normalization_check_(const sdst_normalization *normalization) {
    if (normalization->struct_size != sizeof *normalization) return SDST_ERR_STRUCT_SIZE;
    const int32_t order = normalization->channel_order;
    if (order != SDST_CHANNELS_BGR && order != SDST_CHANNELS_RGB) return SDST_ERR_UNSUPPORTED;
    for (int c = 0; c < 3; ++c) {
        if (!in_range((double)normalization->mean[c], 0.0, 255.0)) return SDST_ERR_VALUE;
        if (!isfinite(normalization->scale[c])) return SDST_ERR_VALUE;
    }
    return SDST_OK;
}

sdst_status sdst_crop_rule_check_(int32_t rounding, int32_t interpolation) {
    if (rounding < SDST_ROUNDING_PYSOT || rounding > SDST_ROUNDING_NONE) return SDST_ERR_UNSUPPORTED;
    const int wanted = rounding == SDST_ROUNDING_NONE ? SDST_INTERPOLATION_OPENCV_WARP : SDST_INTERPOLATION_OPENCV_U8;
    return interpolation == wanted ? SDST_OK : SDST_ERR_UNSUPPORTED;
}

static sdst_status check_crop(const sdst_crop *crop) {
    if (crop->struct_size != sizeof *crop) return SDST_ERR_STRUCT_SIZE;
    const sdst_status status = sdst_crop_rule_check_(crop->rounding, crop->interpolation);
    if (status != SDST_OK) return status;
    if (crop->out_width < 1 || crop->out_width > MAX_OUT_PX) return SDST_ERR_VALUE;
    if (crop->out_height < 1 || crop->out_height > MAX_OUT_PX) return SDST_ERR_VALUE;
    if (crop->border[3] != 0) return SDST_ERR_VALUE;
    if (!isfinite(crop->center_x) || !isfinite(crop->center_y)) return SDST_ERR_VALUE;
    if (!in_range(whole_px(crop->rounding, crop->width), 1.0, SDST_MAX_SIDE_PX_)) return SDST_ERR_VALUE;
    if (!in_range(whole_px(crop->rounding, crop->height), 1.0, SDST_MAX_SIDE_PX_)) return SDST_ERR_VALUE;
    return SDST_OK;
}

sdst_status sdst_crop_window_(const sdst_crop *crop, sdst_span_ *x, sdst_span_ *y) {
    const sdst_status status = check_crop(crop);
    if (status != SDST_OK) return status;
    const sdst_axis_ axis_x = plan_axis(crop, crop->center_x, crop->width, crop->out_width);
    const sdst_axis_ axis_y = plan_axis(crop, crop->center_y, crop->height, crop->out_height);
    *x = sdst_axis_window_(&axis_x, crop->out_width);
    *y = sdst_axis_window_(&axis_y, crop->out_height);
    return SDST_OK;
}

sdst_status sdst_crop_plan_make_(const sdst_frame *frame, const sdst_crop *crop,
                                 const sdst_normalization *normalization, sdst_crop_plan_ *plan) {
    sdst_status status = sdst_frame_check_(frame);
    if (status == SDST_OK) status = check_crop(crop);
    if (status == SDST_OK && normalization != NULL) status = sdst_normalization_check_(normalization);
    if (status != SDST_OK) return status;

    *plan = (sdst_crop_plan_){
        .pixels = frame->data,
        .stride_bytes = frame->stride_bytes,
        .frame_width = frame->width,
        .frame_height = frame->height,
        .interpolation = crop->interpolation,
        .x = plan_axis(crop, crop->center_x, crop->width, crop->out_width),
        .y = plan_axis(crop, crop->center_y, crop->height, crop->out_height),
        .out_width = crop->out_width,
        .out_height = crop->out_height,
    };
    for (int c = 0; c < 3; ++c) {
        plan->border[c] = crop->border[c];
        if (normalization == NULL) continue;
        const int plane = normalization->channel_order == SDST_CHANNELS_BGR ? c : 2 - c;
        plan->plane[c] = plane;
        plan->mean[c] = normalization->mean[plane];
        plan->scale[c] = normalization->scale[plane];
    }
    return SDST_OK;
}

sdst_status sdst_crop_f32(const sdst_frame *frame, const sdst_crop *crop, const sdst_normalization *normalization,
                          float *out) {
    if (crop == NULL || normalization == NULL || out == NULL) return SDST_ERR_NULL;
    sdst_crop_plan_ plan;
    const sdst_status status = sdst_crop_plan_make_(frame, crop, normalization, &plan);
    if (status != SDST_OK) return status;
    sdst_kernels_get_()->crop_f32(&plan, out);
    return SDST_OK;
}

sdst_status sdst_crop_u8(const sdst_frame *frame, const sdst_crop *crop, uint8_t *out) {
    if (crop == NULL || out == NULL) return SDST_ERR_NULL;
    sdst_crop_plan_ plan;
    const sdst_status status = sdst_crop_plan_make_(frame, crop, NULL, &plan);
    if (status != SDST_OK) return status;
    sdst_kernels_get_()->crop_u8(&plan, out);
    return SDST_OK;
}

static sdst_status check_window(const sdst_box *window, int32_t out_width, int32_t out_height,
                                const uint8_t border[4]) {
    if (!in_range((double)out_width, 1.0, MAX_OUT_PX) || !in_range((double)out_height, 1.0, MAX_OUT_PX)) {
        return SDST_ERR_VALUE;
    }
    if (!isfinite(window->x) || !isfinite(window->y) || border[3] != 0) return SDST_ERR_VALUE;
    const int fits = in_range(window->w, DBL_MIN, SDST_MAX_SIDE_PX_) && in_range(window->h, DBL_MIN, SDST_MAX_SIDE_PX_);
    return fits ? SDST_OK : SDST_ERR_VALUE;
}

sdst_status sdst_window_u8(const sdst_frame *frame, const sdst_box *window, int32_t out_width, int32_t out_height,
                           const uint8_t border[4], uint8_t *out) {
    if (window == NULL || border == NULL || out == NULL) return SDST_ERR_NULL;
    sdst_status status = sdst_frame_check_(frame);
    if (status == SDST_OK) status = check_window(window, out_width, out_height, border);
    if (status != SDST_OK) return status;
    const sdst_crop_plan_ plan = {
        .pixels = frame->data,
        .stride_bytes = frame->stride_bytes,
        .frame_width = frame->width,
        .frame_height = frame->height,
        .interpolation = SDST_INTERPOLATION_OPENCV_WARP,
        .x = sdst_axis_of_window_(clamp_center(window->x), window->w, out_width),
        .y = sdst_axis_of_window_(clamp_center(window->y), window->h, out_height),
        .out_width = out_width,
        .out_height = out_height,
        .border = {border[0], border[1], border[2]},
    };
    sdst_kernels_get_()->crop_u8(&plan, out);
    return SDST_OK;
}
