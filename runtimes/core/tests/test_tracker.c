/* The state machine: where a target goes, what bounds it, and in which order the calls come. */
#include "tracking.h"

/* A box of 16 px has a template side of 32 px: image px are network px. Sides as exact floats. */
static void test_motionless_target_stays_put(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100.25, 80.75, 16, 16), SDST_OK);
    for (int frame = 0; frame < 50; ++frame) {
        rig_show(rig, frame % 3 == 0 ? 7 * 16 + 7 : 8 * 16 + 8, 0, 0, 16, 16);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK(rig->result.box.x == 100.25 && rig->result.box.y == 80.75);
        CHECK(rig->result.box.w == 16.0 && rig->result.box.h == 16.0);
        CHECK(rig->result.found == 1);
    }
    rig_close(rig);
}

static void test_center_jumps_and_size_follows(void) {
    sdst_tracker_config config = small_config();
    config.penalty_k = 0.0;
    config.size_lr = 0.5;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 32, 32), SDST_OK); /* template side 64: a network px is 2 image px */
    rig_show(rig, 8 * 16 + 9, 3, -2, 20, 12);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const double score = 1.0 / (1.0 + exp(-8.0));
    const double rate = 0.5 * score;
    const sdst_state state = rig_state(rig);
    CHECK_NEAR(state.center_x, 116 + 2 * 3, 1e-12);
    CHECK_NEAR(state.center_y, 96 - 2 * 2, 1e-12);
    CHECK_NEAR(state.width, (1 - rate) * 32 + rate * 40, 1e-12);
    CHECK_NEAR(state.height, (1 - rate) * 32 + rate * 24, 1e-12);
    CHECK_NEAR(rig->result.box.x, state.center_x - state.width / 2, 1e-12);
    CHECK_NEAR(rig->result.score, score, 1e-7);
    CHECK(rig->result.best_index == 8 * 16 + 9);
    rig_close(rig);
}

/* The size measure of SiamRPN. */
static double size_of(double width, double height) {
    const double context = (width + height) / 2;
    return sqrt((width + context) * (height + context));
}

/* Against the formula written out: s and r are the changes of size and aspect. */
static void test_penalty_lowers_rate_and_score(void) {
    sdst_tracker_config config = small_config();
    config.penalty_k = 0.3;
    config.window_influence = 0.25;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 32, 8), SDST_OK);
    const double scale = 32 / size_of(32, 8); /* context_amount is 0.5, so the crop's side is that measure */
    rig_show(rig, 8 * 16 + 8, 0, 0, 12, 20);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const double s = size_of(32 * scale, 8 * scale) / size_of(12, 20);
    const double r = (32.0 / 8.0) / (12.0 / 20.0);
    const double penalty = exp(-((s > 1 ? s : 1 / s) * r - 1) * 0.3);
    const double score = 1.0 / (1.0 + exp(-8.0));
    const double hann = 0.5 + 0.5 * cos(3.14159265358979323846 * 1.0 / 15.0);
    CHECK_NEAR(rig->result.penalized_score, 0.75 * penalty * score + 0.25 * hann * hann, 1e-7);
    const double rate = penalty * score * config.size_lr;
    CHECK_NEAR(rig->result.box.w, (1 - rate) * 32 + rate * 12 / scale, 1e-12);
    CHECK_NEAR(rig->result.box.h, (1 - rate) * 8 + rate * 20 / scale, 1e-12);
    rig_close(rig);
}

static void test_rectangular_context_scales_each_axis(void) {
    sdst_tracker_config config = small_config();
    config.context = SDST_CONTEXT_RECTANGULAR;
    config.context_amount = 0.5;
    config.penalty_k = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 32, 8), SDST_OK); /* sides 64 and 16: 2 and 0.5 image px per network px */
    rig_show(rig, 8 * 16 + 8, 2, 2, 16, 16);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK_NEAR(state.center_x, 116 + 2 * 2, 1e-12);
    CHECK_NEAR(state.center_y, 84 + 0.5 * 2, 1e-12);
    CHECK_NEAR(state.width, 32, 1e-12);
    CHECK_NEAR(state.height, 8, 1e-12);
    rig_close(rig);
}

static void test_softmax_takes_second_channel_as_target(void) {
    sdst_tracker_config config = small_config();
    config.score_kind = SDST_SCORE_SOFTMAX2;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 100, 0, 0, 16, 16);
    for (int i = 0; i < CELLS; ++i) {
        rig->score[i] = 4.0F;
        rig->score[CELLS + i] = i == 133 ? 5.0F : 3.0F;
    }
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index == 133);
    CHECK_NEAR(rig->result.score, 1.0 / (1.0 + exp(-1.0)), 1e-7);
    rig_close(rig);
}

static void test_first_of_equal_cells_wins(void) {
    sdst_tracker_config config = small_config();
    config.window_influence = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    memset(rig->score, 0, sizeof rig->score);
    for (int i = 0; i < 4 * CELLS; ++i) {
        rig->boxes[i / CELLS][i % CELLS] = 6.0F; /* another size than the target's, so that the penalty counts */
    }
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index == 0);
    rig_close(rig);
}

static void test_state_is_clamped_to_frame(void) {
    sdst_tracker_config config = small_config();
    config.size_lr = 1.0;
    config.penalty_k = 0.0;
    config.window_influence = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 2, 2, 16, 16), SDST_OK);
    rig_show(rig, 0, -30, -30, 1, 1);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    sdst_state state = rig_state(rig);
    CHECK(state.center_x == 0.0 && state.center_y == 0.0);
    CHECK(state.width == 4.0 && state.height == 4.0);
    rig_show(rig, 0, 30, 30, 4000, 4000);
    for (int i = 0; i < 20; ++i) {
        CHECK_STATUS(rig_step(rig), SDST_OK);
    }
    state = rig_state(rig);
    CHECK(state.center_x == (double)FRAME_WIDTH && state.center_y == (double)FRAME_HEIGHT);
    CHECK(state.width == (double)FRAME_WIDTH && state.height == (double)FRAME_HEIGHT);
    rig_close(rig);
}

static void test_box_is_never_larger_than_a_tiny_frame(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    rig->frame.width = 3;
    rig->frame.height = 2;
    CHECK_STATUS(rig_start(rig, 0, 0, 2, 1), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 0, 0, 16, 16);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.box.w == 3.0 && rig->result.box.h == 2.0);
    rig_close(rig);
}

static void test_box_without_area_leaves_size_alone(void) {
    sdst_tracker_config config = small_config();
    config.penalty_k = 0.0;
    config.size_lr = 1.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    memset(rig->boxes, 0, sizeof rig->boxes);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.box.w == 16.0 && rig->result.box.h == 16.0);
    rig_close(rig);
}

static void test_found_follows_threshold(void) {
    sdst_tracker_config config = small_config();
    config.found_threshold = 0.5;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 0, 0, 16, 16);
    rig->score[8 * 16 + 8] = 0.0F; /* 0.5: not below */
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.found == 1);
    rig->score[8 * 16 + 8] = -0.01F;
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.found == 0);
    rig_close(rig);
}

static void test_init_center_offset_moves_the_start(void) {
    sdst_tracker_config config = small_config();
    config.init_center_offset_px = -0.5;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 20), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK(state.center_x == 107.5 && state.center_y == 89.5);
    rig_close(rig);
}

/* The mean of the first frame stays, whatever comes later; a constant border needs no frame. */
static void test_border_color_is_of_the_first_frame(void) {
    sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, -8, -8, 16, 16), SDST_OK);
    CHECK(rig->z[0] == 77.0F);
    memset(rig->pixels, 200, sizeof rig->pixels);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    CHECK(rig->x[0] == 77.0F && rig->x[SEARCH_VALUES - 1] == 200.0F);
    rig_close(rig);

    config.border = SDST_BORDER_CONSTANT;
    config.border_value[0] = 5;
    rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, -8, -8, 16, 16), SDST_OK);
    CHECK(rig->z[0] == 5.0F);
    rig_close(rig);
}

/* Whether floats are those bytes, normalised and with a plane to each channel, scale by scale. */
static int is_normalized(const sdst_normalization *rule, const uint8_t *bytes, const float *floats, int scales,
                         int side) {
    const int cells = side * side;
    for (int i = 0; i < 3 * cells * scales; ++i) {
        const int scale = i / (3 * cells), cell = i / 3 % cells, channel = i % 3;
        const int plane = rule->channel_order == SDST_CHANNELS_BGR ? channel : 2 - channel;
        const float value = ((float)bytes[i] - rule->mean[plane]) * rule->scale[plane];
        if (floats[(3 * scale + plane) * cells + cell] != value) return 0;
    }
    return 1;
}

static void test_bytes_are_what_the_floats_are_made_of(void) {
    for (int kind = SDST_OUTPUT_POINTS; kind <= SDST_OUTPUT_RESPONSE; ++kind) {
        sdst_tracker_config config = small_config_of((sdst_output_kind)kind);
        config.normalization = (sdst_normalization){sizeof(sdst_normalization),
                                                    kind == SDST_OUTPUT_ANCHORS ? SDST_CHANNELS_BGR : SDST_CHANNELS_RGB,
                                                    {104.0F, 117.5F, 123.0F},
                                                    {0.017F, 1.0F, 0.25F}};
        rig_ *rig = rig_open(&config);
        uint64_t seed = 9;
        for (size_t i = 0; i < sizeof rig->pixels; ++i) {
            (&rig->pixels[0][0][0])[i] = (uint8_t)check_random_int(&seed, 0, 255);
        }
        static uint8_t z[TEMPLATE_VALUES], x[MAX_SCALES * SEARCH_VALUES];
        const sdst_box box = {290, 200, 40, 24}; /* its crops leave the frame */
        const int scales = kind == SDST_OUTPUT_RESPONSE ? 3 : 1;
        CHECK_STATUS(sdst_tracker_template_input(rig->tracker, &rig->frame, &box, rig->z), SDST_OK);
        CHECK_STATUS(sdst_tracker_template_input_u8(rig->tracker, &rig->frame, &box, z), SDST_OK);
        CHECK(is_normalized(&config.normalization, z, rig->z, 1, 32));
        CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
        CHECK_STATUS(sdst_tracker_search_input_u8(rig->tracker, &rig->frame, x), SDST_OK);
        CHECK(is_normalized(&config.normalization, x, rig->x, scales, 64));
        rig_close(rig);
    }
}

static void test_bytes_move_the_state_as_floats_do(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    const sdst_box box = {100, 80, 16, 16};
    static uint8_t z[TEMPLATE_VALUES], x[SEARCH_VALUES];
    CHECK_STATUS(sdst_tracker_search_input_u8(rig->tracker, &rig->frame, x), SDST_ERR_NO_TARGET);
    CHECK_STATUS(sdst_tracker_template_input_u8(rig->tracker, &rig->frame, &box, z), SDST_OK);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_NO_SEARCH);
    CHECK_STATUS(sdst_tracker_search_input_u8(rig->tracker, &rig->frame, x), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 3, -2, 16, 16);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_OK);
    CHECK(rig->result.box.x == 103.0 && rig->result.box.y == 78.0);
    rig_close(rig);
}

static void test_targets_of_a_fraction_of_a_pixel_are_tracked(void) {
    const double sides[][2] = {{0.1, 0.01}, {1e-310, 1e-310}, {1e-320, 30}};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; ++i) {
        for (int penalized = 0; penalized < 2; ++penalized) {
            sdst_tracker_config config = small_config();
            config.penalty_k = penalized ? 0.1 : 0.0;
            config.context = i == 2 ? SDST_CONTEXT_RECTANGULAR : SDST_CONTEXT_SQUARE;
            rig_ *rig = rig_open(&config);
            CHECK_STATUS(rig_start(rig, 50, 50, sides[i][0], sides[i][1]), SDST_OK);
            rig_show(rig, 8 * 16 + 8, 0, 0, 16, 16);
            CHECK_STATUS(rig_step(rig), SDST_OK);
            CHECK(rig->result.box.w == 4.0);
            CHECK(rig->result.penalized_score > 0.0F);
            rig_close(rig);
        }
    }
}

static void test_search_crop_is_at_least_a_pixel(void) {
    sdst_tracker_config config = small_config();
    config.search_scale = 1e-3;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    rig_close(rig);
}

static void test_set_state_moves_the_target(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 0, 0, 16, 16);
    const sdst_state there = {.struct_size = sizeof there, .center_x = 200, .center_y = 50, .width = 16, .height = 16};
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &there), SDST_OK);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_NO_SEARCH);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.box.x == 192.0 && rig->result.box.y == 42.0);
    rig_close(rig);
}

int main(void) {
    return RUN(test_motionless_target_stays_put, test_center_jumps_and_size_follows, test_penalty_lowers_rate_and_score,
               test_rectangular_context_scales_each_axis, test_softmax_takes_second_channel_as_target,
               test_first_of_equal_cells_wins, test_state_is_clamped_to_frame,
               test_box_is_never_larger_than_a_tiny_frame, test_box_without_area_leaves_size_alone,
               test_found_follows_threshold, test_init_center_offset_moves_the_start,
               test_border_color_is_of_the_first_frame, test_bytes_are_what_the_floats_are_made_of,
               test_bytes_move_the_state_as_floats_do, test_targets_of_a_fraction_of_a_pixel_are_tracked,
               test_search_crop_is_at_least_a_pixel, test_set_state_moves_the_target);
}
