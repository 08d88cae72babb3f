/* Views: against hand-computed windows, and against where the tracker's crops and decoder really look. */
#include "tracking.h"

static sdst_view template_view(const sdst_tracker_config *config, double x, double y, double w, double h) {
    const sdst_box box = {x, y, w, h};
    sdst_view view = {.struct_size = sizeof view};
    CHECK_STATUS(sdst_template_view(config, &box, &view), SDST_OK);
    return view;
}

static sdst_view search_view(const sdst_tracker_config *config, double x, double y, double w, double h) {
    const sdst_state state = {
        .struct_size = sizeof state, .center_x = x + w / 2, .center_y = y + h / 2, .width = w, .height = h};
    sdst_view view = {.struct_size = sizeof view};
    CHECK_STATUS(sdst_search_view(config, &state, &view), SDST_OK);
    return view;
}

#define CHECK_WINDOW(view, left, top, side)                                                                            \
    do {                                                                                                               \
        CHECK_NEAR((view).window.x, left, 1e-12);                                                                      \
        CHECK_NEAR((view).window.y, top, 1e-12);                                                                       \
        CHECK_NEAR((view).window.w, side, 1e-12);                                                                      \
        CHECK_NEAR((view).window.h, side, 1e-12);                                                                      \
    } while (0)

/* A box of 16.4 px has a template side of 32.8 and a search side of 65.6 px; its centre is at 108.2, 88.45. */
static void test_windows_are_rounded_as_crops_are(void) {
    sdst_tracker_config config = small_config();
    sdst_view view = template_view(&config, 100, 80.25, 16.4, 16.4);
    CHECK_WINDOW(view, 91, 71, 33); /* floor(108.2 - 17 + 0.5), floor(88.45 - 17 + 0.5) */
    CHECK_NEAR(view.center_x, 108.2, 1e-12);
    CHECK_NEAR(view.scale_x, 32 / 32.8, 1e-12); /* as if nothing had been rounded */
    view = search_view(&config, 100, 80.25, 16.4, 16.4);
    CHECK_WINDOW(view, 75, 55, 66);
    config.rounding = SDST_ROUNDING_SIAMFC;
    CHECK_WINDOW(search_view(&config, 100, 80.25, 16.4, 16.4), 76, 56, 66); /* 108.2 - 32.5 = 75.7, 55.95 */
    config.rounding = SDST_ROUNDING_FEAR;
    view = search_view(&config, 100, 80.25, 16.4, 16.4);
    CHECK_WINDOW(view, 75, 55, 65); /* 75.4, 55.65 and 65.6 truncated */
    CHECK_NEAR(view.center_x, 107.5, 1e-12);
    CHECK_NEAR(view.center_y, 87.5, 1e-12);
    CHECK_NEAR(view.scale_x, 64.0 / 65.0, 1e-12);
}

/* Sides are whole: first and last output pixel look (66 - 1) / 2 px off the centre, counted from centres of pixels. */
static void test_window_of_a_warp_reaches_half_a_step_beyond_its_pixels(void) {
    sdst_tracker_config config = small_config();
    config.rounding = SDST_ROUNDING_NONE;
    config.interpolation = SDST_INTERPOLATION_OPENCV_WARP;
    const sdst_view view = search_view(&config, 100, 80.25, 16.4, 16.4);
    const double step = 65.0 / 63;
    CHECK_WINDOW(view, 108.2 - 32.5 + 0.5 - step / 2, 88.45 - 32.5 + 0.5 - step / 2, 64 * step);
}

static void test_init_center_offset_moves_the_template_only(void) {
    sdst_tracker_config config = small_config();
    config.init_center_offset_px = -0.5;
    CHECK_WINDOW(template_view(&config, 100, 80, 16, 16), 91, 71, 32); /* floor(107.5 - 16.5 + 0.5) */
    CHECK_WINDOW(search_view(&config, 100, 80, 16, 16), 76, 56, 64);
}

static void test_pyramid_shows_its_middle_scale(void) {
    const sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    CHECK_WINDOW(search_view(&config, 100, 80, 16, 16), 76, 56, 64);
}

/* Pixels that tell their column: whole windows of as many image px as network px are copied. */
static void test_crops_begin_where_the_window_does(void) {
    const int roundings[] = {SDST_ROUNDING_PYSOT, SDST_ROUNDING_DASIAMRPN, SDST_ROUNDING_SIAMFC, SDST_ROUNDING_FEAR};
    uint64_t seed = 7;
    for (int i = 0; i < 200; ++i) {
        sdst_tracker_config config = small_config();
        config.rounding = roundings[i % 4];
        rig_ *rig = rig_open(&config);
        for (int row = 0; row < FRAME_HEIGHT; ++row) {
            for (int column = 0; column < FRAME_WIDTH; ++column) {
                rig->pixels[row][column][0] = (uint8_t)(column % 256);
                rig->pixels[row][column][1] = (uint8_t)row;
            }
        }
        const double x = check_random_real(&seed, 80, 160), y = check_random_real(&seed, 80, 120);
        const sdst_view view = template_view(&config, x, y, 16, 16);
        CHECK_STATUS(rig_start(rig, x, y, 16, 16), SDST_OK);
        CHECK_NEAR(rig->z[0], view.window.x, 1e-6);
        CHECK_NEAR(rig->z[32 * 32], view.window.y, 1e-6);
        rig_close(rig);
    }
}

/* The decoder moves by what the view says, for each rounding. */
static void test_decoder_takes_outputs_as_the_view_says(void) {
    for (int rounding = SDST_ROUNDING_PYSOT; rounding <= SDST_ROUNDING_FEAR; ++rounding) {
        sdst_tracker_config config = small_config();
        config.rounding = rounding;
        config.size_smoothing = SDST_SMOOTHING_NONE;
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80.25, 16.4, 16.4), SDST_OK);
        const sdst_view view = search_view(&config, 100, 80.25, 16.4, 16.4);
        rig_show(rig, 8 * 16 + 8, 3, -2, 20, 12);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        const sdst_state state = rig_state(rig);
        CHECK_NEAR(state.center_x, view.center_x + 3 / view.scale_x, 1e-9);
        CHECK_NEAR(state.center_y, view.center_y - 2 / view.scale_y, 1e-9);
        CHECK_NEAR(state.width, 20 / view.scale_x, 1e-9);
        CHECK_NEAR(state.height, 12 / view.scale_y, 1e-9);
        rig_close(rig);
    }
}

/* A picture of noise, and crops of it across its corner, larger and smaller than the output. */
static void test_window_of_a_warp_is_its_crop(void) {
    uint64_t seed = 11;
    for (int i = 0; i < 60; ++i) {
        sdst_tracker_config config = small_config();
        config.rounding = SDST_ROUNDING_NONE;
        config.interpolation = SDST_INTERPOLATION_OPENCV_WARP;
        config.border = SDST_BORDER_CONSTANT;
        config.border_value[1] = 200;
        rig_ *rig = rig_open(&config);
        for (size_t at = 0; at < sizeof rig->pixels; ++at) {
            (&rig->pixels[0][0][0])[at] = (uint8_t)check_random_int(&seed, 0, 255);
        }
        const double x = check_random_real(&seed, -20, 60), y = check_random_real(&seed, -20, 60);
        const double side = check_random_real(&seed, 8, 60);
        const sdst_view view = search_view(&config, x, y, side, side);
        uint8_t pixels[64][64][3];
        CHECK_STATUS(sdst_window_u8(&rig->frame, &view.window, 64, 64, config.border_value, &pixels[0][0][0]), SDST_OK);
        CHECK_STATUS(rig_start(rig, fmax(x, 0), fmax(y, 0), side, side), SDST_OK);
        const sdst_state state = {.struct_size = sizeof state,
                                  .center_x = x + side / 2,
                                  .center_y = y + side / 2,
                                  .width = side,
                                  .height = side};
        CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_OK);
        CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
        int differ = 0;
        for (int at = 0; at < 64 * 64; ++at) {
            for (int c = 0; c < 3; ++c) {
                differ += fabsf(rig->x[c * 64 * 64 + at] - (float)pixels[at / 64][at % 64][c]) > 1e-3F;
            }
        }
        CHECK(differ <= 64 * 3); /* an origin between two steps of 1/32 px may round either way: a row or so */
        rig_close(rig);
    }
}

/* A ramp of 2 levels a pixel: output pixels of half a pixel each, from 10.25 on. */
static void test_window_is_interpolated_between_pixel_centres(void) {
    uint8_t ramp[40][3], out[8][3];
    for (int column = 0; column < 40; ++column) {
        ramp[column][0] = ramp[column][1] = ramp[column][2] = (uint8_t)(2 * column);
    }
    const sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, 40, 1, 120, &ramp[0][0]};
    const sdst_box window = {10.25, 0.0, 4.0, 1.0}, beyond = {38.0, 0.0, 8.0, 1.0}, far = {1e300, 0.0, 8.0, 1.0};
    const uint8_t border[4] = {7, 8, 9, 0};
    CHECK_STATUS(sdst_window_u8(&frame, &window, 8, 1, border, &out[0][0]), SDST_OK);
    for (int i = 0; i < 8; ++i) {
        CHECK(out[i][0] == 20 + i); /* 2 (10.25 + (i + 0.5) / 2 - 0.5) */
    }
    CHECK_STATUS(sdst_window_u8(&frame, &beyond, 8, 1, border, &out[0][0]), SDST_OK);
    CHECK(out[0][0] == 76 && out[1][1] == 78 && out[2][0] == 7 && out[7][2] == 9);
    CHECK_STATUS(sdst_window_u8(&frame, &far, 8, 1, border, &out[0][0]), SDST_OK);
    CHECK(out[0][0] == 7 && out[7][1] == 8);
}

static void test_bad_windows_are_refused(void) {
    const uint8_t pixel[3] = {1, 2, 3};
    const sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, 1, 1, 3, pixel};
    const sdst_box good = {0, 0, 1, 1};
    uint8_t border[4] = {0}, out[3];
#define CHECK_WINDOW_OF(x, y, w, h)                                                                                    \
    do {                                                                                                               \
        const sdst_box bad = {x, y, w, h};                                                                             \
        CHECK_STATUS(sdst_window_u8(&frame, &bad, 1, 1, border, out), SDST_ERR_VALUE);                                 \
    } while (0)
    CHECK_WINDOW_OF((double)NAN, 0, 1, 1);
    CHECK_WINDOW_OF(0, (double)INFINITY, 1, 1);
    CHECK_WINDOW_OF(0, 0, 0, 1);
    CHECK_WINDOW_OF(0, 0, 1, -1);
    CHECK_WINDOW_OF(0, 0, (double)NAN, 1);
    CHECK_WINDOW_OF(0, 0, 1, 32768);
    CHECK_STATUS(sdst_window_u8(NULL, &good, 1, 1, border, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_window_u8(&frame, NULL, 1, 1, border, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_window_u8(&frame, &good, 1, 1, NULL, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_window_u8(&frame, &good, 1, 1, border, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_window_u8(&frame, &good, 0, 1, border, out), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_window_u8(&frame, &good, 1, 4097, border, out), SDST_ERR_VALUE);
    const sdst_box widest = {-1e4, -1e4, 32767, 1e-300};
    CHECK_STATUS(sdst_window_u8(&frame, &widest, 1, 1, border, out), SDST_OK);
    border[3] = 1;
    CHECK_STATUS(sdst_window_u8(&frame, &good, 1, 1, border, out), SDST_ERR_VALUE);
}

static void test_bad_arguments_are_refused(void) {
    const sdst_tracker_config good = small_config();
    sdst_tracker_config bad = good;
    bad.search_size = 0;
    sdst_box box = {10, 10, 16, 16};
    sdst_state state = {.struct_size = sizeof state, .center_x = 18, .center_y = 18, .width = 16, .height = 16};
    sdst_view view = {.struct_size = sizeof view};
    CHECK_STATUS(sdst_template_view(NULL, &box, &view), SDST_ERR_NULL);
    CHECK_STATUS(sdst_template_view(&good, NULL, &view), SDST_ERR_NULL);
    CHECK_STATUS(sdst_template_view(&good, &box, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_template_view(&bad, &box, &view), SDST_ERR_VALUE);
    CHECK_STATUS(sdst_search_view(NULL, &state, &view), SDST_ERR_NULL);
    CHECK_STATUS(sdst_search_view(&good, NULL, &view), SDST_ERR_NULL);
    CHECK_STATUS(sdst_search_view(&good, &state, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_search_view(&bad, &state, &view), SDST_ERR_VALUE);
    bad = good;
    bad.rounding = 5;
    CHECK_STATUS(sdst_template_view(&bad, &box, &view), SDST_ERR_UNSUPPORTED);
    box.w = 0;
    CHECK_STATUS(sdst_template_view(&good, &box, &view), SDST_ERR_BOX);
    box.w = 30000;
    CHECK_STATUS(sdst_template_view(&good, &box, &view), SDST_OK);
    box.h = 30000;
    CHECK_STATUS(sdst_template_view(&good, &box, &view), SDST_ERR_VALUE);
    state.center_y = (double)NAN;
    CHECK_STATUS(sdst_search_view(&good, &state, &view), SDST_ERR_BOX);
    state.struct_size = 1;
    CHECK_STATUS(sdst_search_view(&good, &state, &view), SDST_ERR_STRUCT_SIZE);
    view.struct_size = 1;
    CHECK_STATUS(sdst_template_view(&good, &box, &view), SDST_ERR_STRUCT_SIZE);
}

int main(void) {
    return RUN(test_windows_are_rounded_as_crops_are, test_window_of_a_warp_reaches_half_a_step_beyond_its_pixels,
               test_init_center_offset_moves_the_template_only, test_pyramid_shows_its_middle_scale,
               test_crops_begin_where_the_window_does, test_decoder_takes_outputs_as_the_view_says,
               test_window_of_a_warp_is_its_crop, test_window_is_interpolated_between_pixel_centres,
               test_bad_windows_are_refused, test_bad_arguments_are_refused);
}
