/*
 * Where each output pixel looks, and with which weights: the positions of OpenCV's resize(INTER_LINEAR) for bytes, and
 * those of OpenCV 4's warpAffine(INTER_LINEAR) for a map that scales and shifts.
 *
 * Two results of the resize need no case of their own, because these taps already give them: equal sizes copy, and an
 * exact halving of both sides is the rounded mean of 2 x 2 pixels (OpenCV switches to INTER_AREA there).
 */
#include <math.h>

#include "crop.h"

/* A position along an axis: whole part, and the fraction as OpenCV has it, rounded to float before the split. */
typedef struct position_ {
    int32_t whole;
    float fraction;
} position_;

sdst_axis_ sdst_axis_resize_(int32_t first_px, int32_t in_size, int32_t out_size) {
    const double out_per_in = (double)out_size / (double)in_size;
    return (sdst_axis_){
        .interpolation = SDST_INTERPOLATION_OPENCV_U8,
        .first_px = first_px,
        .in_size = in_size,
        .scale = 1.0 / out_per_in, /* in / out would round differently */
    };
}

static position_ position(const sdst_axis_ *axis, int32_t out_index) {
    const float at = (float)((out_index + 0.5) * axis->scale - 0.5);
    int32_t whole = (int32_t)at;
    if ((float)whole > at) --whole; /* towards minus infinity */
    return (position_){.whole = whole, .fraction = at - (float)whole};
}

/* share is 0..1. Half to even, as the default rounding mode has it. */
static int16_t weight(float share) {
    return (int16_t)lrintf(share * 2048.0F);
}

/* Columns: beyond the first or last pixel, that pixel alone counts. */
static sdst_tap_ resize_tap_x(const sdst_axis_ *axis, int32_t out_index) {
    const int32_t last = axis->in_size - 1;
    position_ at = position(axis, out_index);
    if (at.whole < 0) at = (position_){.whole = 0, .fraction = 0.0F};
    if (at.whole >= last) at = (position_){.whole = last, .fraction = 0.0F};
    const int32_t second = at.whole < last ? at.whole + 1 : last;
    return (sdst_tap_){at.whole, second, weight(1.0F - at.fraction), weight(at.fraction)};
}

static int32_t clamp(int32_t index, int32_t last) {
    if (index < 0) return 0;
    return index < last ? index : last;
}

/* Rows: indices are clamped, weights are kept. The weighted halves are truncated one by one, so at the edges this
 * differs from what columns do by up to one grey level. */
static sdst_tap_ resize_tap_y(const sdst_axis_ *axis, int32_t out_index) {
    const int32_t last = axis->in_size - 1;
    const position_ at = position(axis, out_index);
    return (sdst_tap_){clamp(at.whole, last), clamp(at.whole + 1, last), weight(1.0F - at.fraction),
                       weight(at.fraction)};
}

/* Positions of a warp are sums of numbers in 1/1024 px, each rounded half to even, then cut to 1/32 px. */
enum { FINE = 1024, FINE_PER_STEP = 32, STEPS = 32 };

static int32_t fine(double px) {
    return (int32_t)lrint(px * (double)FINE);
}

/* `at` is in 1/1024 px of the frame. */
static sdst_tap_ warp_tap(const sdst_axis_ *axis, int32_t at, int32_t weight_unit) {
    const int32_t steps = (at - axis->first_px * FINE + FINE_PER_STEP / 2) / FINE_PER_STEP; /* >= 0 */
    const int32_t second = weight_unit * (steps % STEPS);
    return (sdst_tap_){steps / STEPS, steps / STEPS + 1, (int16_t)(weight_unit * STEPS - second), (int16_t)second};
}

/* Columns: origin and distance from it are rounded one by one. */
static sdst_tap_ warp_tap_x(const sdst_axis_ *axis, int32_t out_index) {
    return warp_tap(axis, fine(axis->origin) + fine(axis->scale * out_index), 16);
}

/* Rows: their sum is rounded. */
static sdst_tap_ warp_tap_y(const sdst_axis_ *axis, int32_t out_index) {
    return warp_tap(axis, fine(axis->scale * out_index + axis->origin), 1);
}

/* `origin`: where output pixel 0 looks; whole numbers are centres of pixels. */
static sdst_axis_ warp_axis(double origin, double scale, int32_t out_size) {
    sdst_axis_ axis = {.interpolation = SDST_INTERPOLATION_OPENCV_WARP, .scale = scale, .origin = origin};
    axis.first_px = (int32_t)floor((fine(origin) + FINE_PER_STEP / 2) / (double)FINE);
    const int32_t last_x = warp_tap_x(&axis, out_size - 1).second;
    const int32_t last_y = warp_tap_y(&axis, out_size - 1).second; /* their roundings may be a pixel apart */
    axis.in_size = (last_x > last_y ? last_x : last_y) + 1;
    return axis;
}

sdst_axis_ sdst_axis_warp_(double center, double side, int32_t out_size) {
    const double first = center - (side - 1.0) / 2.0;
    const double last = center + (side - 1.0) / 2.0;
    return warp_axis(first, out_size > 1 ? (last - first) / (out_size - 1) : 0.0, out_size);
}

sdst_axis_ sdst_axis_of_window_(double first, double side, int32_t out_size) {
    const double scale = side / out_size;
    return warp_axis(first + scale / 2.0 - 0.5, scale, out_size);
}

/* A warp counts from pixel centres, which lie half a pixel behind where pixels begin. */
sdst_span_ sdst_axis_window_(const sdst_axis_ *axis, int32_t out_size) {
    if (axis->interpolation == SDST_INTERPOLATION_OPENCV_WARP) {
        return (sdst_span_){axis->origin + 0.5 + axis->scale * (out_size - 1) / 2.0, axis->scale * out_size};
    }
    return (sdst_span_){axis->first_px + axis->in_size / 2.0, axis->in_size};
}

sdst_tap_ sdst_tap_x_(const sdst_axis_ *axis, int32_t out_index) {
    const int warp = axis->interpolation == SDST_INTERPOLATION_OPENCV_WARP;
    return warp ? warp_tap_x(axis, out_index) : resize_tap_x(axis, out_index);
}

sdst_tap_ sdst_tap_y_(const sdst_axis_ *axis, int32_t out_index) {
    const int warp = axis->interpolation == SDST_INTERPOLATION_OPENCV_WARP;
    return warp ? warp_tap_y(axis, out_index) : resize_tap_y(axis, out_index);
}
