/* Cross-correlations, the specification: the sums of sdst.h as loops, built without auto-vectorisation. */
#include <stddef.h>

#include "kernels.h"

/* One value of one channel; cells outside the search map count as zero. */
static float dw_value(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel, int32_t row,
                      int32_t column) {
    float sum = 0.0F;
    for (int32_t u = 0; u < shape->kernel_height; ++u) {
        const int32_t y = row + u - shape->pad;
        if (y < 0 || y >= shape->search_height) continue;
        for (int32_t v = 0; v < shape->kernel_width; ++v) {
            const int32_t x = column + v - shape->pad;
            if (x < 0 || x >= shape->search_width) continue;
            sum += search[y * shape->search_width + x] * kernel[u * shape->kernel_width + v];
        }
    }
    return sum;
}

void sdst_xcorr_dw_f32_ref(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel,
                           float *response) {
    const size_t search_cells = (size_t)shape->search_height * (size_t)shape->search_width;
    const size_t kernel_cells = (size_t)shape->kernel_height * (size_t)shape->kernel_width;
    for (int32_t c = 0; c < shape->channels; ++c) {
        for (int32_t i = 0; i < shape->response_height; ++i) {
            for (int32_t j = 0; j < shape->response_width; ++j) {
                *response++ = dw_value(shape, search, kernel, i, j);
            }
        }
        search += search_cells;
        kernel += kernel_cells;
    }
}

/* One value of one kernel. `search` is at the first cell under the kernel. */
static float full_value(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel) {
    const size_t search_cells = (size_t)shape->search_height * (size_t)shape->search_width;
    float sum = 0.0F;
    for (int32_t c = 0; c < shape->channels; ++c) {
        for (int32_t u = 0; u < shape->kernel_height; ++u) {
            for (int32_t v = 0; v < shape->kernel_width; ++v) {
                sum += search[u * shape->search_width + v] * *kernel++;
            }
        }
        search += search_cells;
    }
    return sum;
}

void sdst_xcorr_full_f32_ref(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel,
                             float *response) {
    const size_t kernel_cells = (size_t)shape->channels * (size_t)shape->kernel_height * (size_t)shape->kernel_width;
    for (int32_t k = 0; k < shape->kernels; ++k) {
        for (int32_t i = 0; i < shape->response_height; ++i) {
            for (int32_t j = 0; j < shape->response_width; ++j) {
                *response++ = full_value(shape, search + i * shape->search_width + j, kernel);
            }
        }
        kernel += kernel_cells;
    }
}

void sdst_xcorr_pw_f32_ref(const sdst_xcorr_pw_shape_ *shape, const float *search, const float *kernel,
                           float *response) {
    const size_t cells = (size_t)shape->search_cells;
    const size_t channels = (size_t)shape->channels;
    for (int32_t k = 0; k < shape->kernel_cells; ++k) {
        for (size_t p = 0; p < cells; ++p) {
            float sum = 0.0F;
            for (size_t c = 0; c < channels; ++c) {
                sum += kernel[c] * search[c * cells + p];
            }
            *response++ = sum;
        }
        kernel += channels;
    }
}
