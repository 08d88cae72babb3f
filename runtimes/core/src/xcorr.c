/* Cross-correlations: the public functions check, then one kernel runs. */
#include <stddef.h>

#include "kernels.h"
#include "sdst.h"

#define MAX_SPATIAL 4096 /* of correlations that slide */
#define MAX_PIXELWISE 1048576

static int within(int32_t value, int32_t high) {
    return value >= 1 && value <= high;
}

sdst_status sdst_xcorr_depthwise_f32(const float *search, const float *kernel, int32_t channels, int32_t search_height,
                                     int32_t search_width, int32_t kernel_height, int32_t kernel_width, int32_t pad,
                                     float *response) {
    if (search == NULL || kernel == NULL || response == NULL) return SDST_ERR_NULL;
    if (!within(channels, MAX_SPATIAL)) return SDST_ERR_VALUE;
    if (!within(search_height, MAX_SPATIAL) || !within(search_width, MAX_SPATIAL)) return SDST_ERR_VALUE;
    if (!within(kernel_height, MAX_SPATIAL) || !within(kernel_width, MAX_SPATIAL)) return SDST_ERR_VALUE;
    if (pad < 0 || pad >= kernel_height || pad >= kernel_width) return SDST_ERR_VALUE;
    const sdst_xcorr_dw_shape_ shape = {
        .channels = channels,
        .search_height = search_height,
        .search_width = search_width,
        .kernel_height = kernel_height,
        .kernel_width = kernel_width,
        .pad = pad,
        .response_height = search_height + 2 * pad - kernel_height + 1,
        .response_width = search_width + 2 * pad - kernel_width + 1,
    };
    if (shape.response_height < 1 || shape.response_width < 1) return SDST_ERR_VALUE;
    sdst_kernels_get_()->xcorr_dw_f32(&shape, search, kernel, response);
    return SDST_OK;
}

sdst_status sdst_xcorr_full_f32(const float *search, const float *kernel, int32_t channels, int32_t kernels,
                                int32_t search_height, int32_t search_width, int32_t kernel_height,
                                int32_t kernel_width, float *response) {
    if (search == NULL || kernel == NULL || response == NULL) return SDST_ERR_NULL;
    if (!within(channels, MAX_SPATIAL) || !within(kernels, MAX_SPATIAL)) return SDST_ERR_VALUE;
    if (!within(search_height, MAX_SPATIAL) || !within(search_width, MAX_SPATIAL)) return SDST_ERR_VALUE;
    if (!within(kernel_height, search_height) || !within(kernel_width, search_width)) return SDST_ERR_VALUE;
    const sdst_xcorr_full_shape_ shape = {
        .channels = channels,
        .kernels = kernels,
        .search_height = search_height,
        .search_width = search_width,
        .kernel_height = kernel_height,
        .kernel_width = kernel_width,
        .response_height = search_height - kernel_height + 1,
        .response_width = search_width - kernel_width + 1,
    };
    sdst_kernels_get_()->xcorr_full_f32(&shape, search, kernel, response);
    return SDST_OK;
}

sdst_status sdst_xcorr_pixelwise_f32(const float *search, const float *kernel, int32_t channels, int32_t search_cells,
                                     int32_t kernel_cells, float *response) {
    if (search == NULL || kernel == NULL || response == NULL) return SDST_ERR_NULL;
    if (!within(channels, MAX_PIXELWISE) || !within(search_cells, MAX_PIXELWISE)) return SDST_ERR_VALUE;
    if (!within(kernel_cells, MAX_PIXELWISE)) return SDST_ERR_VALUE;
    const sdst_xcorr_pw_shape_ shape = {
        .channels = channels,
        .search_cells = search_cells,
        .kernel_cells = kernel_cells,
    };
    sdst_kernels_get_()->xcorr_pw_f32(&shape, search, kernel, response);
    return SDST_OK;
}
