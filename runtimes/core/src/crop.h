/*
 * Crops in three steps: a plan in whole pixels (crop_plan.c), taps along each axis (crop_taps.c), and a kernel that
 * runs over the pixels (crop_ref.c says what it computes, crop_<isa>.c does the same faster, bit for bit).
 */
#ifndef SDST_CROP_H
#define SDST_CROP_H

#include <stdint.h>

#include "sdst.h"

/** An axis of a crop: the source pixels that it covers, and where among them output pixels look. */
typedef struct sdst_axis_ {
    int32_t interpolation; /* an sdst_interpolation */
    int32_t first_px;      /* of the source pixels, in the frame; within +-90000 */
    int32_t in_size;       /* source pixels, 1..32770 */
    double scale;          /* source pixels per output pixel */
    double origin;         /* warp: where output pixel 0 looks; whole numbers are centres of the frame's pixels */
} sdst_axis_;

/** A checked crop in whole pixels. Channels are in the frame's order. */
typedef struct sdst_crop_plan_ {
    const uint8_t *pixels; /* of the frame */
    int64_t stride_bytes;
    int32_t frame_width;
    int32_t frame_height;
    int32_t interpolation; /* an sdst_interpolation */
    sdst_axis_ x;
    sdst_axis_ y;
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

/** An axis of a crop, image px. */
typedef struct sdst_span_ {
    double center;
    double side;
} sdst_span_;

/**
 * Where the network's outputs are taken to lie: FEAR's in the whole pixels of the crop, the others' about the centre
 * and of the side as given, as if nothing had been rounded.
 */
sdst_span_ sdst_crop_span_(int32_t rounding, double center, double side);

/**
 * The part of an image that the output pixels of a crop evenly divide, along each axis, rounded as the crop is.
 * @retval SDST_OK, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED
 */
sdst_status sdst_crop_window_(const sdst_crop *crop, sdst_span_ *x, sdst_span_ *y);

/** Whether both are known, and go together. @retval SDST_OK, SDST_ERR_UNSUPPORTED */
sdst_status sdst_crop_rule_check_(int32_t rounding, int32_t interpolation);

/** @retval SDST_OK, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED */
sdst_status sdst_normalization_check_(const sdst_normalization *normalization);

/**
 * How one output pixel mixes two source pixels of an axis:
 *
 *     source[first] * weight_first + source[second] * weight_second
 *
 * Weights are in 1/2048 for a resize; for a warp in 1/512 along x and in 1/32 along y.
 * Indices are within the crop, 0 <= first <= second < in_size and second - first <= 1.
 */
typedef struct sdst_tap_ {
    int32_t first;
    int32_t second;
    int16_t weight_first;
    int16_t weight_second;
} sdst_tap_;

/** @return Axis of SDST_INTERPOLATION_OPENCV_U8 over in_size pixels from first_px on. */
sdst_axis_ sdst_axis_resize_(int32_t first_px, int32_t in_size, int32_t out_size);

/** @return Axis of SDST_INTERPOLATION_OPENCV_WARP around a centre within +-70000 px, side 1..32767. */
sdst_axis_ sdst_axis_warp_(double center, double side, int32_t out_size);

/** @return Axis of a warp whose output pixels evenly divide `side` px, <= 32767, from `first` on, within +-70000. */
sdst_axis_ sdst_axis_of_window_(double first, double side, int32_t out_size);

/** @return What the output pixels of an axis evenly divide. */
sdst_span_ sdst_axis_window_(const sdst_axis_ *axis, int32_t out_size);

/** @return Tap of output column `out_index`. */
sdst_tap_ sdst_tap_x_(const sdst_axis_ *axis, int32_t out_index);

/** @return Tap of output row `out_index`. */
sdst_tap_ sdst_tap_y_(const sdst_axis_ *axis, int32_t out_index);

#endif /* SDST_CROP_H */
