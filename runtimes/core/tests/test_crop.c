/* Crops: hand-computed values, borders, and every kernel against the reference, byte for byte. */
#include <string.h>

#include "cases.h"
#include "check.h"
#include "kernels.h"
#include "sdst.h"

static uint8_t *random_pixels(int32_t width, int32_t height, uint64_t seed) {
    const size_t bytes = 3 * (size_t)width * (size_t)height;
    uint8_t *pixels = check_alloc(bytes);
    for (size_t i = 0; i < bytes; ++i) {
        pixels[i] = (uint8_t)check_random(&seed);
    }
    return pixels;
}

static sdst_frame frame_of(const uint8_t *pixels, int32_t width, int32_t height) {
    return (sdst_frame){sizeof(sdst_frame), SDST_PIXEL_BGR8, width, height, 3 * (int64_t)width, pixels};
}

static sdst_crop crop_of(double center_x, double center_y, double width, double height, int32_t out_width,
                         int32_t out_height) {
    return (sdst_crop){
        .struct_size = sizeof(sdst_crop),
        .out_width = out_width,
        .out_height = out_height,
        .border = {7, 99, 201, 0},
        .center_x = center_x,
        .center_y = center_y,
        .width = width,
        .height = height,
    };
}

static const sdst_normalization RAW = {.struct_size = sizeof(sdst_normalization), .scale = {1.0F, 1.0F, 1.0F}};
static const sdst_normalization SCALED_RGB = {
    .struct_size = sizeof(sdst_normalization),
    .channel_order = SDST_CHANNELS_RGB,
    .mean = {123.675F, 116.28F, 103.53F},
    .scale = {0.0171F, 0.0175F, 0.0174F},
};

static void test_crop_copies_when_sizes_agree(void) {
    enum { WIDTH = 12, HEIGHT = 9, SIDE = 5, LEFT = 4, TOP = 2 };
    uint8_t *pixels = random_pixels(WIDTH, HEIGHT, 1);
    const sdst_frame frame = frame_of(pixels, WIDTH, HEIGHT);
    const sdst_crop crop = crop_of((double)LEFT + 2.5, (double)TOP + 2.5, SIDE, SIDE, SIDE, SIDE);
    uint8_t out[SIDE][SIDE][3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0][0]), SDST_OK);
    for (int y = 0; y < SIDE; ++y) {
        CHECK(memcmp(out[y], pixels + 3 * ((TOP + y) * WIDTH + LEFT), sizeof out[y]) == 0);
    }
    free(pixels);
}

static void test_crop_averages_when_halving(void) {
    const uint8_t pixels[2][2][3] = {{{10, 0, 255}, {11, 0, 255}}, {{12, 1, 255}, {12, 0, 255}}};
    const sdst_frame frame = frame_of(&pixels[0][0][0], 2, 2);
    const sdst_crop crop = crop_of(1, 1, 2, 2, 1, 1);
    uint8_t out[3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, out), SDST_OK);
    CHECK(out[0] == 11); /* (10 + 11 + 12 + 12 + 2) / 4 */
    CHECK(out[1] == 0);
    CHECK(out[2] == 255);
}

/* 2 pixels to 4: weights 2048 : 0, 1536 : 512, 512 : 1536, 0 : 2048. */
static void test_crop_interpolates_when_doubling(void) {
    const uint8_t pixels[1][2][3] = {{{0, 100, 8}, {200, 100, 0}}};
    const sdst_frame frame = frame_of(&pixels[0][0][0], 2, 1);
    const sdst_crop crop = crop_of(1, 0.5, 2, 1, 4, 1);
    uint8_t out[4][3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0]), SDST_OK);
    const uint8_t expected[4][3] = {{0, 100, 8}, {50, 100, 6}, {150, 100, 2}, {200, 100, 0}};
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

/* Corner floor(c - (s + 1) / 2 + 0.5); side half to even. */
static void test_crop_rounds_as_pysot(void) {
    enum { WIDTH = 16 };
    uint8_t pixels[WIDTH][3];
    for (int x = 0; x < WIDTH; ++x) {
        memset(pixels[x], x, 3);
    }
    const struct {
        double center, side;
        int first, pixels;
    } cases[] = {{8.0, 3.0, 6, 3}, {8.0, 4.0, 6, 4}, {8.49, 3.0, 6, 3}, {8.5, 3.0, 7, 3},
                 {8.0, 2.5, 7, 2}, {8.0, 3.5, 6, 4}, {7.99, 4.0, 5, 4}};
    const sdst_frame frame = frame_of(&pixels[0][0], WIDTH, 1);
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        const sdst_crop crop = crop_of(cases[i].center, 0.5, cases[i].side, 1, cases[i].pixels, 1);
        uint8_t out[8][3];
        CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0]), SDST_OK);
        CHECK(out[0][0] == cases[i].first);
        CHECK(out[cases[i].pixels - 1][0] == cases[i].first + cases[i].pixels - 1);
    }
}

/* Halves of a pixel, where the families part. */
static void test_crop_rounds_as_each_family(void) {
    enum { WIDTH = 16 };
    uint8_t pixels[WIDTH][3];
    for (int x = 0; x < WIDTH; ++x) {
        memset(pixels[x], x, 3);
    }
    const struct {
        int32_t rounding;
        double center, side;
        int first, pixels;
    } cases[] = {
        {SDST_ROUNDING_PYSOT, 5.5, 4.0, 3, 4},     {SDST_ROUNDING_PYSOT, 5.5, 3.0, 4, 3},
        {SDST_ROUNDING_DASIAMRPN, 5.5, 4.0, 3, 4}, {SDST_ROUNDING_DASIAMRPN, 5.5, 3.0, 4, 3},
        {SDST_ROUNDING_DASIAMRPN, 6.5, 3.0, 4, 3}, {SDST_ROUNDING_SIAMFC, 5.5, 4.0, 4, 4},
        {SDST_ROUNDING_SIAMFC, 5.5, 3.0, 4, 3},    {SDST_ROUNDING_SIAMFC, 6.5, 3.0, 6, 3},
        {SDST_ROUNDING_FEAR, 5.5, 3.9, 3, 3},      {SDST_ROUNDING_FEAR, 5.7, 3.2, 4, 3},
    };
    const sdst_frame frame = frame_of(&pixels[0][0], WIDTH, 1);
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        sdst_crop crop = crop_of(cases[i].center, 0.5, cases[i].side, 1, cases[i].pixels, 1);
        crop.rounding = cases[i].rounding;
        uint8_t out[8][3];
        CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0]), SDST_OK);
        CHECK(out[0][0] == cases[i].first);
        CHECK(out[cases[i].pixels - 1][0] == cases[i].first + cases[i].pixels - 1);
    }
}

/* Truncation is towards zero, also left of the frame: corner trunc(-1.5) = -1. */
static void test_fear_truncates_towards_zero(void) {
    const uint8_t pixels[2][3] = {{10, 10, 10}, {20, 20, 20}};
    const sdst_frame frame = frame_of(&pixels[0][0], 2, 1);
    sdst_crop crop = crop_of(0.0, 0.5, 3.0, 1, 3, 1);
    crop.rounding = SDST_ROUNDING_FEAR;
    uint8_t out[3][3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0]), SDST_OK);
    CHECK(out[0][0] == crop.border[0] && out[1][0] == 10 && out[2][0] == 20);
}

static sdst_crop warp_of(double center_x, double center_y, double width, double height, int32_t out_width,
                         int32_t out_height) {
    sdst_crop crop = crop_of(center_x, center_y, width, height, out_width, out_height);
    crop.rounding = SDST_ROUNDING_NONE;
    crop.interpolation = SDST_INTERPOLATION_OPENCV_WARP;
    return crop;
}

/* Pixels 0 and 2 become outputs 0 and 4: every other output is the rounded mean of its neighbours. */
static void test_warp_maps_first_and_last_pixel(void) {
    const uint8_t pixels[3][3] = {{0, 255, 3}, {100, 255, 4}, {50, 0, 3}};
    const sdst_frame frame = frame_of(&pixels[0][0], 3, 1);
    const sdst_crop crop = warp_of(1, 0, 3, 1, 5, 1);
    uint8_t out[5][3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, &out[0][0]), SDST_OK);
    const uint8_t expected[5][3] = {{0, 255, 3}, {50, 255, 4}, {100, 255, 4}, {75, 128, 4}, {50, 0, 3}};
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

/* A quarter of a pixel right of the first one, half a pixel above the frame. */
static void test_warp_keeps_the_fraction_and_reads_the_border(void) {
    const uint8_t pixels[2][3] = {{40, 40, 40}, {80, 80, 80}};
    const sdst_frame frame = frame_of(&pixels[0][0], 2, 1);
    const sdst_crop crop = warp_of(0.25, -0.5, 1, 1, 1, 1);
    uint8_t out[3];
    CHECK_STATUS(sdst_crop_u8(&frame, &crop, out), SDST_OK);
    for (int c = 0; c < 3; ++c) {
        CHECK(out[c] == (50 + crop.border[c] + 1) / 2);
    }
}

static void test_crop_fills_border(void) {
    uint8_t *pixels = random_pixels(6, 4, 2);
    const sdst_frame frame = frame_of(pixels, 6, 4);
    const sdst_crop crops[] = {crop_of(-40, 2, 9, 9, 9, 9),
                               crop_of(1e300, -1e300, 9, 9, 9, 9),
                               crop_of(-1e300, 2, 32767, 32767, 9, 9),
                               crop_of(3, 49160, 32767, 32767, 9, 9),
                               warp_of(-40, 2, 9, 9, 9, 9),
                               warp_of(1e300, -1e300, 9, 9, 9, 9)};
    for (size_t i = 0; i < COUNT_OF(crops); ++i) {
        uint8_t out[81][3];
        CHECK_STATUS(sdst_crop_u8(&frame, &crops[i], &out[0][0]), SDST_OK);
        for (size_t cell = 0; cell < COUNT_OF(out); ++cell) {
            CHECK(memcmp(out[cell], crops[i].border, 3) == 0);
        }
    }
    free(pixels);
}

static void test_crop_f32_normalizes_and_reorders(void) {
    const uint8_t pixel[3] = {10, 20, 30}; /* blue, green, red */
    const sdst_frame frame = frame_of(pixel, 1, 1);
    const sdst_crop crop = crop_of(0.5, 0.5, 1, 1, 1, 1);
    float out[3];
    CHECK_STATUS(sdst_crop_f32(&frame, &crop, &RAW, out), SDST_OK);
    CHECK(out[0] == 10.0F && out[1] == 20.0F && out[2] == 30.0F);
    CHECK_STATUS(sdst_crop_f32(&frame, &crop, &SCALED_RGB, out), SDST_OK);
    CHECK(out[0] == (30.0F - 123.675F) * 0.0171F);
    CHECK(out[1] == (20.0F - 116.28F) * 0.0175F);
    CHECK(out[2] == (10.0F - 103.53F) * 0.0174F);
}

/* Rows of a larger picture: what lies between them must not matter. */
static void test_crop_honours_stride(void) {
    enum { WIDTH = 40, HEIGHT = 30, INNER = 20 };
    uint8_t *pixels = random_pixels(WIDTH, HEIGHT, 3);
    uint8_t packed[INNER][INNER][3];
    for (int y = 0; y < INNER; ++y) {
        memcpy(packed[y], pixels + 3 * ((y + 5) * WIDTH + 10), sizeof packed[y]);
    }
    const sdst_frame view = {sizeof view, SDST_PIXEL_BGR8, INNER, INNER, 3 * WIDTH, pixels + 3 * (5 * WIDTH + 10)};
    const sdst_frame copy = frame_of(&packed[0][0][0], INNER, INNER);
    const sdst_crop crop = crop_of(17, 4, 15, 15, 33, 33);
    uint8_t of_view[33][33][3], of_copy[33][33][3];
    CHECK_STATUS(sdst_crop_u8(&view, &crop, &of_view[0][0][0]), SDST_OK);
    CHECK_STATUS(sdst_crop_u8(&copy, &crop, &of_copy[0][0][0]), SDST_OK);
    CHECK(memcmp(of_view, of_copy, sizeof of_view) == 0);
    free(pixels);
}

/* Both outputs of a kernel, with a guard behind them, against the reference's. */
static void compare_with_ref(const sdst_kernels_ *kernels, const sdst_frame *frame, const sdst_crop *crop,
                             const sdst_normalization *normalization) {
    enum { GUARD = 64 };
    const sdst_kernels_ *ref = sdst_kernels_find_("ref");
    const size_t values = 3 * (size_t)crop->out_width * (size_t)crop->out_height;
    sdst_crop_plan_ plan;
    CHECK_STATUS(sdst_crop_plan_make_(frame, crop, normalization, &plan), SDST_OK);
    float *floats = check_alloc((2 * values + GUARD) * sizeof(float));
    uint8_t *bytes = check_alloc(2 * values + GUARD);
    memset(floats, 0x5A, (2 * values + GUARD) * sizeof(float));
    memset(bytes, 0x5A, 2 * values + GUARD);
    uint8_t guard[GUARD * sizeof(float)];
    memset(guard, 0x5A, sizeof guard);

    kernels->crop_f32(&plan, floats);
    CHECK(memcmp(floats + values, guard, sizeof guard) == 0);
    ref->crop_f32(&plan, floats + values);
    CHECK(memcmp(floats, floats + values, values * sizeof(float)) == 0);
    kernels->crop_u8(&plan, bytes);
    CHECK(memcmp(bytes + values, guard, GUARD) == 0);
    ref->crop_u8(&plan, bytes + values);
    CHECK(memcmp(bytes, bytes + values, values) == 0);
    free(floats);
    free(bytes);
}

static void test_kernels_equal_reference_on_cases(void) {
    const sdst_kernels_ *kernels = sdst_kernels_get_();
    for (size_t i = 0; i < COUNT_OF(CROP_CASES); ++i) {
        const crop_case_ *it = &CROP_CASES[i];
        uint8_t *pixels = random_pixels(it->frame_width, it->frame_height, 10 + i);
        const sdst_frame frame = frame_of(pixels, it->frame_width, it->frame_height);
        const sdst_crop crop =
            crop_of(it->center_x, it->center_y, it->width, it->height, it->out_width, it->out_height);
        compare_with_ref(kernels, &frame, &crop, &RAW);
        compare_with_ref(kernels, &frame, &crop, &SCALED_RGB);
        const sdst_crop warp =
            warp_of(it->center_x, it->center_y, it->width, it->height, it->out_width, it->out_height);
        compare_with_ref(kernels, &frame, &warp, &SCALED_RGB);
        free(pixels);
    }
}

static void test_kernels_equal_reference_on_random_crops(void) {
    enum { CROPS = 600 };
    const sdst_kernels_ *kernels = sdst_kernels_get_();
    uint64_t seed = 4;
    for (int i = 0; i < CROPS; ++i) {
        const int32_t width = check_random_int(&seed, 1, 120);
        const int32_t height = check_random_int(&seed, 1, 90);
        uint8_t *pixels = random_pixels(width, height, seed);
        const sdst_frame frame = frame_of(pixels, width, height); /* exactly sized: a read past its end is caught */
        const double longest = i % 3 == 0 ? 20.0 : 300.0;
        const double center_x = check_random_real(&seed, -30, width + 30);
        const double center_y = check_random_real(&seed, -30, height + 30);
        const double crop_width = check_random_real(&seed, 0.6, longest);
        const double crop_height = check_random_real(&seed, 0.6, longest);
        const int32_t out_width = check_random_int(&seed, 1, 100);
        const int32_t out_height = check_random_int(&seed, 1, 60);
        const sdst_crop crop = crop_of(center_x, center_y, crop_width, crop_height, out_width, out_height);
        const sdst_crop warp = warp_of(center_x, center_y, crop_width, crop_height, out_width, out_height);
        compare_with_ref(kernels, &frame, &crop, i % 2 == 0 ? &RAW : &SCALED_RGB);
        compare_with_ref(kernels, &frame, &warp, i % 2 == 0 ? &RAW : &SCALED_RGB);
        free(pixels);
    }
}

static void test_frame_mean_truncates_or_rounds_half_to_even(void) {
    const uint8_t pixels[2][3] = {{11, 255, 0}, {12, 255, 1}};
    const sdst_frame frame = frame_of(&pixels[0][0], 2, 1);
    uint8_t mean[3];
    CHECK_STATUS(sdst_frame_mean(&frame, SDST_BORDER_FRAME_MEAN, mean), SDST_OK);
    CHECK(mean[0] == 11 && mean[1] == 255 && mean[2] == 0);
    CHECK_STATUS(sdst_frame_mean(&frame, SDST_BORDER_FRAME_MEAN_ROUNDED, mean), SDST_OK);
    CHECK(mean[0] == 12 && mean[1] == 255 && mean[2] == 0);
    CHECK_STATUS(sdst_frame_mean(&frame, SDST_BORDER_CONSTANT, mean), SDST_ERR_UNSUPPORTED);
}

int main(void) {
    return RUN(test_crop_copies_when_sizes_agree, test_crop_averages_when_halving, test_crop_interpolates_when_doubling,
               test_crop_rounds_as_pysot, test_crop_rounds_as_each_family, test_fear_truncates_towards_zero,
               test_warp_maps_first_and_last_pixel, test_warp_keeps_the_fraction_and_reads_the_border,
               test_crop_fills_border, test_crop_f32_normalizes_and_reorders, test_crop_honours_stride,
               test_kernels_equal_reference_on_cases, test_kernels_equal_reference_on_random_crops,
               test_frame_mean_truncates_or_rounds_half_to_even);
}
