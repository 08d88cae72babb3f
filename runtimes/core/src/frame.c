#include "frame.h"

#include <math.h>

sdst_status sdst_frame_check_(const sdst_frame *frame) {
    if (frame == NULL) return SDST_ERR_NULL;
    if (frame->struct_size != sizeof *frame) return SDST_ERR_STRUCT_SIZE;
    if (frame->data == NULL) return SDST_ERR_NULL;
    if (frame->format != SDST_PIXEL_BGR8) return SDST_ERR_FRAME;
    if (frame->width < 1 || frame->width > SDST_MAX_SIDE_PX_) return SDST_ERR_FRAME;
    if (frame->height < 1 || frame->height > SDST_MAX_SIDE_PX_) return SDST_ERR_FRAME;
    if (frame->stride_bytes < 3 * (int64_t)frame->width) return SDST_ERR_FRAME;
    return SDST_OK;
}

/* The three sums of a row fit 32 bits: 32767 pixels of 255. */
static void add_row(const uint8_t *row, int32_t width, uint64_t sum[3]) {
    uint32_t sum0 = 0, sum1 = 0, sum2 = 0;
    for (int32_t x = 0; x < width; ++x) {
        sum0 += row[3 * x];
        sum1 += row[3 * x + 1];
        sum2 += row[3 * x + 2];
    }
    sum[0] += sum0;
    sum[1] += sum1;
    sum[2] += sum2;
}

sdst_status sdst_frame_mean(const sdst_frame *frame, int32_t border, uint8_t mean[3]) {
    const sdst_status status = sdst_frame_check_(frame);
    if (status != SDST_OK) return status;
    if (mean == NULL) return SDST_ERR_NULL;
    const int rounded = border == SDST_BORDER_FRAME_MEAN_ROUNDED;
    if (!rounded && border != SDST_BORDER_FRAME_MEAN) return SDST_ERR_UNSUPPORTED;
    uint64_t sum[3] = {0, 0, 0};
    for (int32_t y = 0; y < frame->height; ++y) {
        add_row(frame->data + y * frame->stride_bytes, frame->width, sum);
    }
    const double pixels = (double)frame->width * (double)frame->height;
    for (int c = 0; c < 3; ++c) {
        const double exact = (double)sum[c] / pixels;
        mean[c] = (uint8_t)(rounded ? nearbyint(exact) : exact);
    }
    return SDST_OK;
}
