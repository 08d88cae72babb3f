/* Cross-correlations: hand-computed values, and every kernel against sums in double precision. */
#include <string.h>

#include "cases.h"
#include "check.h"
#include "kernels.h"
#include "sdst.h"

/* Of the sum of magnitudes: float accumulation over some hundred terms. The same number as in tests/tolerances.py. */
#define REL_XCORR 1e-5

static float *random_values(size_t count, uint64_t seed) {
    float *values = check_alloc(count * sizeof(float));
    for (size_t i = 0; i < count; ++i) {
        values[i] = (float)check_random_real(&seed, -1.0, 1.0);
    }
    return values;
}

static void test_depthwise_slides_without_flipping(void) {
    const float search[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const float kernel[4] = {1, 10, 100, 1000};
    float response[4];
    CHECK_STATUS(sdst_xcorr_depthwise_f32(search, kernel, 1, 3, 3, 2, 2, 0, response), SDST_OK);
    CHECK(response[0] == 5421.0F && response[1] == 6532.0F);
    CHECK(response[2] == 8754.0F && response[3] == 9865.0F);
}

static void test_depthwise_pads_with_zeros(void) {
    const float search[1] = {3};
    const float kernel[4] = {1, 10, 100, 1000};
    float response[4];
    CHECK_STATUS(sdst_xcorr_depthwise_f32(search, kernel, 1, 1, 1, 2, 2, 1, response), SDST_OK);
    CHECK(response[0] == 3000.0F && response[1] == 300.0F);
    CHECK(response[2] == 30.0F && response[3] == 3.0F);
}

static void test_full_sums_over_channels_without_flipping(void) {
    const float search[2][2][3] = {{{1, 2, 3}, {4, 5, 6}}, {{1, 0, 0}, {0, 0, 1}}}; /* (channels, height, width) */
    const float kernel[2][2][4] = {{{1, 10, 100, 1000}, {0, 0, 0, 1e5F}}, {{0, 0, 0, 0}, {-1, 0, 0, 0}}};
    float response[2][2];
    CHECK_STATUS(sdst_xcorr_full_f32(&search[0][0][0], &kernel[0][0][0], 2, 2, 2, 3, 2, 2, &response[0][0]), SDST_OK);
    CHECK(response[0][0] == 5421.0F && response[0][1] == 106532.0F);
    CHECK(response[1][0] == -1.0F && response[1][1] == 0.0F);
}

static void test_pixelwise_sums_over_channels(void) {
    const float search[2][3] = {{1, 2, 3}, {4, 5, 6}}; /* (channels, cells) */
    const float kernel[2][2] = {{1, 10}, {0, -1}};     /* (kernel cells, channels) */
    float response[2][3];
    CHECK_STATUS(sdst_xcorr_pixelwise_f32(&search[0][0], &kernel[0][0], 2, 3, 2, &response[0][0]), SDST_OK);
    CHECK(response[0][0] == 41.0F && response[0][1] == 52.0F && response[0][2] == 63.0F);
    CHECK(response[1][0] == -4.0F && response[1][1] == -5.0F && response[1][2] == -6.0F);
}

/* A value in double precision, and the sum of the magnitudes of its terms. */
typedef struct exact_ {
    double value;
    double magnitude;
} exact_;

static exact_ depthwise_at(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel, int32_t row,
                           int32_t column) {
    exact_ sum = {0.0, 0.0};
    for (int32_t y = 0; y < shape->search_height; ++y) {
        for (int32_t x = 0; x < shape->search_width; ++x) {
            const int32_t u = y - row + shape->pad;
            const int32_t v = x - column + shape->pad;
            if (u < 0 || u >= shape->kernel_height || v < 0 || v >= shape->kernel_width) continue;
            const double term =
                (double)search[y * shape->search_width + x] * (double)kernel[u * shape->kernel_width + v];
            sum.value += term;
            sum.magnitude += fabs(term);
        }
    }
    return sum;
}

/* Some cells of each channel; all of them where there are few. */
static void check_depthwise(const sdst_kernels_ *kernels, const sdst_xcorr_dw_shape_ *shape, uint64_t seed) {
    const size_t search_cells = (size_t)shape->search_height * (size_t)shape->search_width;
    const size_t kernel_cells = (size_t)shape->kernel_height * (size_t)shape->kernel_width;
    const size_t cells = (size_t)shape->response_height * (size_t)shape->response_width;
    const size_t channels = (size_t)shape->channels;
    float *search = random_values(channels * search_cells, seed + 1);
    float *kernel = random_values(channels * kernel_cells, seed + 2);
    float *response = check_alloc((channels * cells + 1) * sizeof(float));
    for (size_t i = 0; i <= channels * cells; ++i) {
        response[i] = 12345.0F; /* also the guard behind */
    }
    kernels->xcorr_dw_f32(shape, search, kernel, response);
    const size_t step = 1 + cells / 60;
    for (size_t c = 0; c < channels; ++c) {
        for (size_t cell = c % step; cell < cells; cell += step) {
            const int32_t row = (int32_t)cell / shape->response_width;
            const int32_t column = (int32_t)cell % shape->response_width;
            const exact_ exact = depthwise_at(shape, search + c * search_cells, kernel + c * kernel_cells, row, column);
            CHECK_NEAR(response[c * cells + cell], exact.value, REL_XCORR * exact.magnitude);
        }
    }
    CHECK(response[channels * cells] == 12345.0F);
    free(search);
    free(kernel);
    free(response);
}

static exact_ full_at(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel, int32_t row,
                      int32_t column) {
    exact_ sum = {0.0, 0.0};
    for (int32_t c = 0; c < shape->channels; ++c) {
        for (int32_t u = 0; u < shape->kernel_height; ++u) {
            for (int32_t v = 0; v < shape->kernel_width; ++v) {
                const int32_t y = c * shape->search_height + row + u;
                const double term = (double)search[y * shape->search_width + column + v] * (double)*kernel++;
                sum.value += term;
                sum.magnitude += fabs(term);
            }
        }
    }
    return sum;
}

/* Some cells of each kernel, the last one among them; buffers of exactly the size, so that a read past them is caught.
 */
static void check_full(const sdst_kernels_ *kernels, const sdst_xcorr_full_shape_ *shape, uint64_t seed) {
    const size_t channels = (size_t)shape->channels;
    const size_t kernel_count = (size_t)shape->kernels;
    const size_t kernel_cells = channels * (size_t)shape->kernel_height * (size_t)shape->kernel_width;
    const size_t cells = (size_t)shape->response_height * (size_t)shape->response_width;
    float *search = random_values(channels * (size_t)shape->search_height * (size_t)shape->search_width, seed + 1);
    float *kernel = random_values(kernel_count * kernel_cells, seed + 2);
    float *response = check_alloc((kernel_count * cells + 1) * sizeof(float));
    for (size_t i = 0; i <= kernel_count * cells; ++i) {
        response[i] = 12345.0F;
    }
    kernels->xcorr_full_f32(shape, search, kernel, response);
    const size_t step = 1 + cells / 60;
    for (size_t k = 0; k < kernel_count; ++k) {
        for (size_t back = k % step; back < cells; back += step) {
            const size_t cell = cells - 1 - back;
            const int32_t row = (int32_t)cell / shape->response_width;
            const int32_t column = (int32_t)cell % shape->response_width;
            const exact_ exact = full_at(shape, search, kernel + k * kernel_cells, row, column);
            CHECK_NEAR(response[k * cells + cell], exact.value, REL_XCORR * exact.magnitude);
        }
    }
    CHECK(response[kernel_count * cells] == 12345.0F);
    free(search);
    free(kernel);
    free(response);
}

static void check_pixelwise(const sdst_kernels_ *kernels, const sdst_xcorr_pw_shape_ *shape, uint64_t seed) {
    const size_t channels = (size_t)shape->channels;
    const size_t cells = (size_t)shape->search_cells;
    const size_t kernel_cells = (size_t)shape->kernel_cells;
    float *search = random_values(channels * cells, seed + 1);
    float *kernel = random_values(channels * kernel_cells, seed + 2);
    float *response = check_alloc((kernel_cells * cells + 1) * sizeof(float));
    for (size_t i = 0; i <= kernel_cells * cells; ++i) {
        response[i] = 12345.0F;
    }
    kernels->xcorr_pw_f32(shape, search, kernel, response);
    for (size_t k = 0; k < kernel_cells; ++k) {
        for (size_t p = 0; p < cells; ++p) {
            exact_ exact = {0.0, 0.0};
            for (size_t c = 0; c < channels; ++c) {
                const double term = (double)kernel[k * channels + c] * (double)search[c * cells + p];
                exact.value += term;
                exact.magnitude += fabs(term);
            }
            CHECK_NEAR(response[k * cells + p], exact.value, REL_XCORR * exact.magnitude);
        }
    }
    CHECK(response[kernel_cells * cells] == 12345.0F);
    free(search);
    free(kernel);
    free(response);
}

static void test_depthwise_cases_equal_double_sums(void) {
    for (size_t i = 0; i < COUNT_OF(DEPTHWISE_CASES); ++i) {
        check_depthwise(sdst_kernels_find_("ref"), &DEPTHWISE_CASES[i], i + 1);
        check_depthwise(sdst_kernels_get_(), &DEPTHWISE_CASES[i], i + 1);
    }
}

static void test_full_cases_equal_double_sums(void) {
    for (size_t i = 0; i < COUNT_OF(FULL_CASES); ++i) {
        check_full(sdst_kernels_find_("ref"), &FULL_CASES[i], i + 1);
        check_full(sdst_kernels_get_(), &FULL_CASES[i], i + 1);
    }
}

static void test_full_random_shapes_equal_double_sums(void) {
    uint64_t seed = 6;
    for (int i = 0; i < 100; ++i) {
        sdst_xcorr_full_shape_ shape = {.channels = check_random_int(&seed, 1, 12),
                                        .kernels = check_random_int(&seed, 1, 12)};
        shape.kernel_height = check_random_int(&seed, 1, 8);
        shape.kernel_width = check_random_int(&seed, 1, 8);
        shape.search_height = check_random_int(&seed, shape.kernel_height, 24);
        shape.search_width = check_random_int(&seed, shape.kernel_width, 24);
        shape.response_height = shape.search_height - shape.kernel_height + 1;
        shape.response_width = shape.search_width - shape.kernel_width + 1;
        check_full(sdst_kernels_get_(), &shape, seed);
    }
}

static void test_pixelwise_cases_equal_double_sums(void) {
    for (size_t i = 0; i < COUNT_OF(PIXELWISE_CASES); ++i) {
        check_pixelwise(sdst_kernels_find_("ref"), &PIXELWISE_CASES[i], i + 1);
        check_pixelwise(sdst_kernels_get_(), &PIXELWISE_CASES[i], i + 1);
    }
}

static void test_depthwise_random_shapes_equal_double_sums(void) {
    uint64_t seed = 5;
    for (int i = 0; i < 100; ++i) {
        sdst_xcorr_dw_shape_ shape = {.channels = check_random_int(&seed, 1, 20)};
        shape.kernel_height = check_random_int(&seed, 1, 10);
        shape.kernel_width = check_random_int(&seed, 1, 10);
        shape.search_height = check_random_int(&seed, shape.kernel_height, 34);
        shape.search_width = check_random_int(&seed, shape.kernel_width, 34);
        const int32_t smaller = shape.kernel_height < shape.kernel_width ? shape.kernel_height : shape.kernel_width;
        shape.pad = check_random_int(&seed, 0, smaller - 1);
        shape.response_height = shape.search_height + 2 * shape.pad - shape.kernel_height + 1;
        shape.response_width = shape.search_width + 2 * shape.pad - shape.kernel_width + 1;
        check_depthwise(sdst_kernels_get_(), &shape, seed);
    }
}

static void test_xcorr_refuses_bad_shapes(void) {
    const float in[16] = {0};
    float out[64];
    CHECK_STATUS(sdst_xcorr_depthwise_f32(NULL, in, 1, 2, 2, 2, 2, 0, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 1, 2, 2, 2, 2, 0, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 0, 2, 2, 2, 2, 0, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 1, 4097, 2, 2, 2, 0, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 1, 2, 2, 3, 2, 0, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 1, 2, 2, 2, 2, 2, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_depthwise_f32(in, in, 1, 2, 2, 2, 2, -1, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_full_f32(in, NULL, 1, 1, 2, 2, 2, 2, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 1, 1, 2, 2, 2, 2, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 0, 1, 2, 2, 2, 2, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 1, 0, 2, 2, 2, 2, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 1, 1, 2, 4097, 2, 2, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 1, 1, 2, 2, 3, 2, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_full_f32(in, in, 1, 1, 2, 2, 2, 0, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_pixelwise_f32(in, NULL, 1, 1, 1, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_xcorr_pixelwise_f32(in, in, 1, 0, 1, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_xcorr_pixelwise_f32(in, in, 1, 1, 1048577, out), SDST_ERR_VALUE);
}

int main(void) {
    return RUN(test_depthwise_slides_without_flipping, test_depthwise_pads_with_zeros,
               test_full_sums_over_channels_without_flipping, test_pixelwise_sums_over_channels,
               test_depthwise_cases_equal_double_sums, test_pixelwise_cases_equal_double_sums,
               test_depthwise_random_shapes_equal_double_sums, test_full_cases_equal_double_sums,
               test_full_random_shapes_equal_double_sums, test_xcorr_refuses_bad_shapes);
}
