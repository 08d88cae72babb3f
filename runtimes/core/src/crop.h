/*
 * Crops in three steps: a plan in whole pixels (crop_plan.c), taps along each axis (crop_taps.c), and a kernel that
 * runs over the pixels (crop_ref.c says what it computes, crop_<isa>.c does the same faster, bit for bit).
 */
#ifndef SDST_CROP_H
#define SDST_CROP_H

#include <stdint.h>

#include "sdst.h"

/** A checked crop in whole pixels. Channels are in the frame's order. */
typedef struct sdst_crop_plan_ {
    const uint8_t *pixels; /* of the frame */
    int64_t stride_bytes;
    int32_t frame_width;
    int32_t frame_height;
    int32_t left; /* of the crop in the frame, -32767..32767 */
    int32_t top;
    int32_t width; /* of the crop in the frame, 1..32767 */
    int32_t height;
    int32_t out_width;
    int32_t out_height;
    uint8_t border[3];
    int32_t plane[3]; /* float output: plane that channel c goes to, */
    float mean[3];    /* what is taken off it, */
    float scale[3];   /* and what it is then multiplied by */
} sdst_crop_plan_;

/**
 * @param[in]  normalization  NULL for a crop of bytes
 * @param[out] plan           untouched on failure
 * @retval as sdst_crop_f32()
 */
sdst_status sdst_crop_plan_make_(const sdst_frame *frame, const sdst_crop *crop,
                                 const sdst_normalization *normalization, sdst_crop_plan_ *plan);

/** Whether both are known, and go together. @retval SDST_OK, SDST_ERR_UNSUPPORTED */
sdst_status sdst_crop_rule_check_(int32_t rounding, int32_t interpolation);

/** @retval SDST_OK, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED */
sdst_status sdst_normalization_check_(const sdst_normalization *normalization);

/**
 * How one output pixel mixes two source pixels of an axis:
 *
 *     source[first] * weight_first + source[second] * weight_second,    weights in 1/2048
 *
 * Indices are within the crop, 0 <= first <= second < side and second - first <= 1.
 */
typedef struct sdst_tap_ {
    int32_t first;
    int32_t second;
    int16_t weight_first;
    int16_t weight_second;
} sdst_tap_;

/** An axis of a crop: from `in_size` source pixels to the output's. */
typedef struct sdst_axis_ {
    int32_t in_size;
    double scale; /* source pixels per output pixel */
} sdst_axis_;

sdst_axis_ sdst_axis_make_(int32_t in_size, int32_t out_size);

/** @return Tap of output column `out_index`. */
sdst_tap_ sdst_tap_x_(const sdst_axis_ *axis, int32_t out_index);

/** @return Tap of output row `out_index`. */
sdst_tap_ sdst_tap_y_(const sdst_axis_ *axis, int32_t out_index);

#endif /* SDST_CROP_H */
