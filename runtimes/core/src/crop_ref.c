/*
 * Crop, the specification: one output value at a time, built without auto-vectorisation.
 *
 *     h(y)  = (pixel[y][first] * weight_first + pixel[y][second] * weight_second) >> 4       0..32640
 *     value = (((h(first) * weight_first) >> 16) + ((h(second) * weight_second) >> 16) + 2) >> 2    0..255, resize
 *     value = (h(first) * weight_first + h(second) * weight_second + 512) >> 10                     0..255, warp
 *
 * with x taps in the first line and y taps in the others. Nothing of a warp's h is cut off: its x weights are multiples
 * of 16. Every other kernel gives the same bytes.
 */
#include <stddef.h>

#include "crop.h"
#include "kernels.h"

/* Column taps are made for this many output columns at a time, on the stack. */
#define STRIP_COLUMNS 256

/* Value of a pixel of the crop; the border's colour where the crop is outside the frame. */
static int32_t pixel(const sdst_crop_plan_ *plan, int32_t x, int32_t y, int32_t channel) {
    const int32_t frame_x = plan->x.first_px + x;
    const int32_t frame_y = plan->y.first_px + y;
    if (frame_x < 0 || frame_x >= plan->frame_width) return plan->border[channel];
    if (frame_y < 0 || frame_y >= plan->frame_height) return plan->border[channel];
    return plan->pixels[frame_y * plan->stride_bytes + 3 * frame_x + channel];
}

static int32_t mix_row(const sdst_crop_plan_ *plan, const sdst_tap_ *tap_x, int32_t y, int32_t channel) {
    const int32_t first = pixel(plan, tap_x->first, y, channel);
    const int32_t second = pixel(plan, tap_x->second, y, channel);
    return (first * tap_x->weight_first + second * tap_x->weight_second) >> 4;
}

static int32_t value_at(const sdst_crop_plan_ *plan, const sdst_tap_ *tap_x, const sdst_tap_ *tap_y, int32_t channel) {
    const int32_t upper = mix_row(plan, tap_x, tap_y->first, channel) * tap_y->weight_first;
    const int32_t lower = mix_row(plan, tap_x, tap_y->second, channel) * tap_y->weight_second;
    if (plan->interpolation == SDST_INTERPOLATION_OPENCV_WARP) return (upper + lower + 512) >> 10;
    return ((upper >> 16) + (lower >> 16) + 2) >> 2;
}

/* Exactly one of the two outputs is given. */
static void crop(const sdst_crop_plan_ *plan, float *out_f32, uint8_t *out_u8) {
    const size_t out_width = (size_t)plan->out_width;
    const size_t plane_cells = out_width * (size_t)plan->out_height;
    sdst_tap_ taps_x[STRIP_COLUMNS];
    for (int32_t strip = 0; strip < plan->out_width; strip += STRIP_COLUMNS) {
        const int32_t rest = plan->out_width - strip;
        const int32_t columns = rest < STRIP_COLUMNS ? rest : STRIP_COLUMNS;
        for (int32_t i = 0; i < columns; ++i) {
            taps_x[i] = sdst_tap_x_(&plan->x, strip + i);
        }
        for (int32_t y = 0; y < plan->out_height; ++y) {
            const sdst_tap_ tap_y = sdst_tap_y_(&plan->y, y);
            for (int32_t i = 0; i < columns; ++i) {
                const size_t cell = (size_t)y * out_width + (size_t)(strip + i);
                for (int32_t c = 0; c < 3; ++c) {
                    const int32_t value = value_at(plan, &taps_x[i], &tap_y, c);
                    if (out_u8 != NULL) {
                        out_u8[3 * cell + (size_t)c] = (uint8_t)value;
                    } else {
                        const size_t plane = (size_t)plan->plane[c];
                        out_f32[plane * plane_cells + cell] = ((float)value - plan->mean[c]) * plan->scale[c];
                    }
                }
            }
        }
    }
}

void sdst_crop_f32_ref(const sdst_crop_plan_ *plan, float *out) {
    crop(plan, out, NULL);
}

void sdst_crop_u8_ref(const sdst_crop_plan_ *plan, uint8_t *out) {
    crop(plan, NULL, out);
}
