/*
 * Where each output pixel looks, and with which weights: the positions of OpenCV's resize(INTER_LINEAR) for bytes.
 *
 * Two of its results need no case of their own, because these taps already give them: equal sizes copy, and an exact
 * halving of both sides is the rounded mean of 2 x 2 pixels (OpenCV switches to INTER_AREA there).
 */
#include <math.h>

#include "crop.h"

/* A position along an axis: whole part, and the fraction as OpenCV has it, rounded to float before the split. */
typedef struct position_ {
    int32_t whole;
    float fraction;
} position_;

sdst_axis_ sdst_axis_make_(int32_t in_size, int32_t out_size) {
    const double out_per_in = (double)out_size / (double)in_size;
    return (sdst_axis_){.in_size = in_size, .scale = 1.0 / out_per_in}; /* in / out would round differently */
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
sdst_tap_ sdst_tap_x_(const sdst_axis_ *axis, int32_t out_index) {
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
sdst_tap_ sdst_tap_y_(const sdst_axis_ *axis, int32_t out_index) {
    const int32_t last = axis->in_size - 1;
    const position_ at = position(axis, out_index);
    return (sdst_tap_){clamp(at.whole, last), clamp(at.whole + 1, last), weight(1.0F - at.fraction),
                       weight(at.fraction)};
}
