/* From outputs to boxes, for each kind of outputs, and the search regions that go with them. */
#include "tracking.h"

static void fill(float *values, int count, float value) {
    for (int i = 0; i < count; ++i) {
        values[i] = value;
    }
}

static double sigmoid(double logit) {
    return 1.0 / (1.0 + exp(-logit));
}

/* Anchors of no deltas, of which one is sure to be the target: softmax logit +8, all others -8. */
static void show_anchor(rig_ *rig, int anchor, int cell) {
    memset(rig->boxes, 0, sizeof rig->boxes);
    fill(rig->score, 3 * CELLS, 4.0F);
    fill(rig->score + 3 * CELLS, 3 * CELLS, -4.0F);
    rig->score[anchor * CELLS + cell] = -4.0F;
    rig->score[(3 + anchor) * CELLS + cell] = 4.0F;
}

/* Responses of -1, with one cell of one scale at `value`. */
static void show_response(rig_ *rig, int scale, int cell, float value) {
    fill(rig->score, 3 * CELLS, -1.0F);
    rig->score[scale * CELLS + cell] = value;
}

/* ------------------------------------------------------------------------------------------------- points -- */

static void test_centerness_multiplies_two_sigmoids(void) {
    sdst_tracker_config config = small_config();
    config.score_kind = SDST_SCORE_LOGIT_CENTERNESS;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 100, 0, 0, 16, 16); /* the surest target, but far off its middle */
    fill(rig->score + CELLS, CELLS, -3.0F);
    rig->score[120] = 1.0F;
    rig->score[CELLS + 120] = 2.0F;
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index == 120);
    CHECK_NEAR(rig->result.score, sigmoid(1.0) * sigmoid(2.0), 1e-7);
    rig_close(rig);
}

static void test_size_smoothing_sets_the_rate(void) {
    const double rate = 0.5 * sigmoid(8.0);
    const double rates[] = {
        [SDST_SMOOTHING_NONE] = 1.0, [SDST_SMOOTHING_ONCE] = rate, [SDST_SMOOTHING_TWICE] = rate * rate};
    for (int smoothing = SDST_SMOOTHING_NONE; smoothing <= SDST_SMOOTHING_TWICE; ++smoothing) {
        sdst_tracker_config config = small_config();
        config.size_smoothing = smoothing;
        config.penalty_k = 0.0;
        config.size_lr = 0.5;
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        rig_show(rig, 8 * 16 + 8, 0, 0, 26, 12);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK_NEAR(rig->result.box.w, 16 + rates[smoothing] * 10, 1e-12);
        CHECK_NEAR(rig->result.box.h, 16 - rates[smoothing] * 4, 1e-12);
        rig_close(rig);
    }
}

static void test_offsets_of_sides_and_corner_are_added(void) {
    sdst_tracker_config config = small_config();
    config.size_smoothing = SDST_SMOOTHING_NONE;
    config.size_offset_px = 1.0;
    config.box_offset_px = 0.5;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 2, 4, 17, 13);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK(state.center_x == 110.0 && state.center_y == 92.0); /* no part of the state */
    CHECK(state.width == 18.0 && state.height == 14.0);
    CHECK(rig->result.box.x == 101.5 && rig->result.box.y == 85.5);
    rig_close(rig);
}

static void test_center_may_leave_the_frame(void) {
    sdst_tracker_config config = small_config();
    config.clamp_center = 0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 0, 0, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, -20, -30, 16, 16);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK(state.center_x == -12.0 && state.center_y == -22.0);
    rig_close(rig);
}

/* A search side of 65.2 at 108.15 is truncated to 65 px from 75 on: their middle is 107.5, and 64 network px are 65. */
static void test_outputs_of_fear_lie_in_whole_pixels(void) {
    sdst_tracker_config config = small_config();
    config.rounding = SDST_ROUNDING_FEAR;
    config.size_smoothing = SDST_SMOOTHING_NONE;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16.3, 16.3), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 4, 0, 16, 16);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK_NEAR(state.center_x, 107.5 + 4 * 65.0 / 64.0, 1e-12);
    CHECK_NEAR(state.center_y, 87.5, 1e-12);
    CHECK_NEAR(state.width, 16 * 65.0 / 64.0, 1e-12);
    rig_close(rig);
}

/* A network px of the search input is what counts, whatever the template's. */
static void test_search_input_has_a_scale_of_its_own(void) {
    sdst_tracker_config config = small_config();
    config.search_scale = 4.0; /* 128 image px in 64: 2 image px per network px; the template's are 1 */
    config.penalty_k = 0.3;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 3, -2, 8, 8);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    const sdst_state state = rig_state(rig);
    CHECK(state.center_x == 114.0 && state.center_y == 84.0);
    CHECK(state.width == 16.0 && state.height == 16.0);
    CHECK_NEAR(rig->result.penalized_score, 0.6 * sigmoid(8.0) + 0.4 * 0.97839, 1e-4); /* no change of size */
    rig_close(rig);
}

/* ------------------------------------------------------------------------------------------------ anchors -- */

static void test_anchor_and_deltas_make_the_box(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
    config.size_smoothing = SDST_SMOOTHING_NONE;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    const int cell = 8 * 16 + 9; /* at 6, 2 */
    show_anchor(rig, 1, cell);
    rig->boxes[0 * 3 + 1][cell] = 0.5F;   /* dx of 8 px */
    rig->boxes[1 * 3 + 1][cell] = -0.25F; /* dy of 24 px */
    rig->boxes[2 * 3 + 1][cell] = 0.6F;
    rig->boxes[3 * 3 + 1][cell] = -0.2F;
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index == CELLS + cell);
    CHECK_NEAR(rig->result.score, sigmoid(8.0), 1e-7);
    const sdst_state state = rig_state(rig);
    CHECK_NEAR(state.center_x, 108 + 6 + 0.5 * 8, 1e-12);
    CHECK_NEAR(state.center_y, 88 + 2 - 0.25 * 24, 1e-12);
    CHECK_NEAR(state.width, exp((double)0.6F) * 8, 1e-12);
    CHECK_NEAR(state.height, exp((double)-0.2F) * 24, 1e-12);
    rig_close(rig);
}

/* The window lies on each anchor's map alike, the penalty prefers the anchor of the target's shape. */
static void test_anchor_of_the_targets_shape_wins_in_the_middle(void) {
    const sdst_box boxes[] = {{100, 80, 16, 16}, {100, 80, 8, 24}, {100, 80, 24, 8}};
    for (int i = 0; i < 3; ++i) {
        const sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, boxes[i].x, boxes[i].y, boxes[i].w, boxes[i].h), SDST_OK);
        memset(rig->boxes, 0, sizeof rig->boxes);
        memset(rig->score, 0, sizeof rig->score);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK(rig->result.best_index == i * CELLS + 7 * 16 + 7); /* the first of the four in the middle */
        rig_close(rig);
    }
}

static void test_first_of_equal_anchors_wins(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
    config.window_influence = 0.0;
    config.penalty_k = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    show_anchor(rig, 2, 5);
    memset(rig->score, 0, sizeof rig->score);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index == 0);
    rig_close(rig);
}

/* A line that was started from and lines of the network have no ratios in double precision, and no penalty of NaN. */
static void test_lines_as_boxes_leave_the_size_alone(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
    config.size_lr = 1.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 1e-310), SDST_OK);
    show_anchor(rig, 1, 5);
    fill(rig->boxes[2 * 3], 3 * CELLS, 80.0F);
    fill(rig->boxes[3 * 3], 3 * CELLS, -740.0F);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.penalized_score >= 0.0F && rig->result.penalized_score <= 1.0F);
    CHECK(rig->result.box.w == 16.0 && rig->result.box.h == 4.0);
    rig_close(rig);
}

/* exp(3e38) is infinite: a size that follows at a rate of 0 stays all the same. */
static void test_infinite_anchor_boxes_leave_the_size_alone(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
    config.penalty_k = 0.0;
    config.size_lr = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    show_anchor(rig, 1, 5);
    fill(rig->boxes[2 * 3], 2 * 3 * CELLS, 3e38F);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.box.w == 16.0 && rig->result.box.h == 16.0);
    rig_close(rig);
}

/* ---------------------------------------------------------------------------------------------- responses -- */

static void test_peak_of_a_response_moves_the_target(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    config.window_influence = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    show_response(rig, 1, 5 * 16 + 11, 3.0F);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    /* A cell is four of the enlarged map, the first of whose two equal ones in the middle is at 3/8 of it. */
    CHECK(rig->result.best_index == 64 * 64 + (5 * 4 + 1) * 64 + 11 * 4 + 1);
    const sdst_state state = rig_state(rig);
    CHECK_NEAR(state.center_x, 108 - 30 + 4 * (11 - 0.125), 1e-12);
    CHECK_NEAR(state.center_y, 88 - 30 + 4 * (5 - 0.125), 1e-12);
    CHECK_NEAR(state.width, 16, 1e-12);
    CHECK_NEAR(state.height, 16, 1e-12);
    rig_close(rig);
}

/* Value of an enlarged map next to a single cell: the cubic kernel with a = -0.75 at 1/8, along both axes. */
static double value_beside_a_peak(double base, double peak) {
    const double d = 0.125, weight = (1.25 * d - 2.25) * d * d + 1.0;
    return base + (peak - base) * weight * weight;
}

static void test_response_score_is_the_sigmoid_of_the_peak(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    config.window_influence = 0.0;
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    show_response(rig, 2, 5 * 16 + 11, 3.0F); /* a penalised scale: the penalty is no part of the score */
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK(rig->result.best_index / (64 * 64) == 2);
    CHECK_NEAR(rig->result.score, sigmoid(value_beside_a_peak(-1.0, 3.0)), 1e-7);
    rig_close(rig);
}

static void test_scale_of_the_highest_peak_after_penalty_wins(void) {
    const float middle_peaks[] = {1.4F, 1.6F}; /* half of 3, the others' peak, lies between */
    for (int i = 0; i < 2; ++i) {
        sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
        config.size_lr = 0.5;
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 32), SDST_OK);
        show_response(rig, 2, 100, 3.0F);
        rig->score[CELLS + 100] = middle_peaks[i];
        fill(rig->score, CELLS, 0.0F);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK(rig->result.best_index / (64 * 64) == (i == 0 ? 2 : 1));
        const double growth = i == 0 ? 1 + 0.5 * 0.25 : 1;
        CHECK_NEAR(rig->result.box.w, 16 * growth, 1e-12);
        CHECK_NEAR(rig->result.box.h, 32 * growth, 1e-12);
        rig_close(rig);
    }
}

/* A network px of a larger region is more image px. */
static void test_scale_of_the_region_counts_for_the_offset(void) {
    sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    config.window_influence = 0.0;
    for (int scale = 0; scale < 3; ++scale) {
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        show_response(rig, scale, 5 * 16 + 11, 3.0F);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        const double factors[] = {0.8, 1.0, 1.25};
        CHECK_NEAR(rig_state(rig).center_x, 108 + factors[scale] * (-30 + 4 * (11 - 0.125)), 1e-12);
        rig_close(rig);
    }
}

/* Of equal scales the first wins, too: a cell of the enlarged map is 1 network px, 0.8 image px there. */
static void test_window_of_a_flat_response_leaves_the_target(void) {
    const float values[] = {0.0F, 0.1F, -3e30F};
    for (int i = 0; i < 3; ++i) {
        sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
        config.pyramid.penalty = 1.0;
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        fill(rig->score, 3 * CELLS, values[i]);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK(rig->result.best_index == 31 * 64 + 31); /* the first of the four in the middle */
        CHECK_NEAR(rig_state(rig).center_x, 108 - 0.5 * 0.8, 1e-12);
        rig_close(rig);
    }
}

/* The Hann window of one cell is 1, that of two is 0, and nothing is divided by its sum. */
static void test_responses_of_one_and_two_cells_are_decoded(void) {
    for (int32_t side = 1; side <= 2; ++side) {
        sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
        config.response_size = side;
        config.pyramid.upsampling = 1;
        rig_ *rig = rig_open(&config);
        rig->outputs.height = rig->outputs.width = side;
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        const float response[3 * 4] = {0.0F, 1.0F};
        memcpy(rig->score, response, sizeof response);
        CHECK_STATUS(rig_step(rig), SDST_OK);
        CHECK(isfinite(rig->result.penalized_score) && rig->result.penalized_score >= 0.0F);
        CHECK(rig->result.best_index == 1); /* of one cell that of the middle scale, of two the second */
        rig_close(rig);
    }
}

/* ----------------------------------------------------------------------------------------- search regions -- */

static void paint(rig_ *rig) {
    for (int y = 0; y < FRAME_HEIGHT; ++y) {
        for (int x = 0; x < FRAME_WIDTH; ++x) {
            rig->pixels[y][x][0] = (uint8_t)(x / 2);
            rig->pixels[y][x][1] = (uint8_t)y;
            rig->pixels[y][x][2] = (uint8_t)((x * 7 + y * 13) % 256);
        }
    }
}

static void crop_around_target(const rig_ *rig, double side, float *out) {
    const sdst_state state = rig_state(rig);
    sdst_crop crop = {.struct_size = sizeof crop, .out_width = 64, .out_height = 64, .width = side, .height = side};
    crop.center_x = state.center_x;
    crop.center_y = state.center_y;
    CHECK_STATUS(sdst_crop_f32(&rig->frame, &crop, &rig->config.normalization, out), SDST_OK);
}

static void test_pyramid_is_a_batch_from_small_to_large(void) {
    static float expected[SEARCH_VALUES];
    const sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    rig_ *rig = rig_open(&config);
    paint(rig);
    CHECK_STATUS(rig_start(rig, 150, 100, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    const double sides[] = {64 / 1.25, 64, 64 * 1.25};
    for (int scale = 0; scale < 3; ++scale) {
        crop_around_target(rig, sides[scale], expected);
        CHECK(memcmp(expected, rig->x + scale * SEARCH_VALUES, sizeof expected) == 0);
    }
    rig_close(rig);
}

static void test_target_whose_largest_region_is_too_large_is_refused(void) {
    const sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    rig_ *rig = rig_open(&config);
    /* Sides of 7000 have a search side of 28000, times 1.25 more than 32767. */
    CHECK_STATUS(rig_start(rig, 0, 0, 7000, 7000), SDST_ERR_VALUE);
    sdst_state state = {.struct_size = sizeof state};
    CHECK_STATUS(sdst_tracker_get_state(rig->tracker, &state), SDST_ERR_NO_TARGET);
    CHECK_STATUS(rig_start(rig, 0, 0, 6500, 6500), SDST_OK);
    rig_close(rig);
}

/* Small are targets of less than 1 % of 320 x 240 = 768 px. */
static sdst_tracker_config config_with_small_targets(void) {
    sdst_tracker_config config = small_config();
    config.small_target = (sdst_small_target){.search_size = 80, .response_size = 20, .max_area_share = 0.01};
    return config;
}

static void test_small_targets_have_a_search_size_of_their_own(void) {
    const sdst_tracker_config config = config_with_small_targets();
    rig_ *rig = rig_open(&config);
    CHECK(sdst_tracker_search_size(rig->tracker) == 64 && sdst_tracker_response_size(rig->tracker) == 16);
    CHECK_STATUS(rig_start(rig, 100, 80, 32, 24), SDST_OK); /* 768 px: not below */
    CHECK(sdst_tracker_search_size(rig->tracker) == 64 && sdst_tracker_response_size(rig->tracker) == 16);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK(sdst_tracker_search_size(rig->tracker) == 80 && sdst_tracker_response_size(rig->tracker) == 20);

    const sdst_state larger = {
        .struct_size = sizeof larger, .center_x = 108, .center_y = 88, .width = 90, .height = 90};
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &larger), SDST_OK);
    CHECK_STATUS(rig_start(rig, 0, 0, -1, 1), SDST_ERR_BOX);
    CHECK(sdst_tracker_search_size(rig->tracker) == 80 && sdst_tracker_response_size(rig->tracker) == 20);
    CHECK_STATUS(rig_start(rig, 100, 80, 40, 40), SDST_OK);
    CHECK(sdst_tracker_search_size(rig->tracker) == 64);
    rig_close(rig);
}

static void test_small_targets_are_decoded_from_their_own_maps(void) {
    const sdst_tracker_config config = config_with_small_targets();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_SHAPE);
    rig->outputs.height = rig->outputs.width = 20;
    fill(rig->score, 400, -8.0F);
    fill(&rig->boxes[0][0], 4 * 400, 8.0F);
    rig->score[10 * 20 + 12] = 8.0F; /* its point is at -38 + 4 * 12, -38 + 4 * 10: network px are image px */
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_OK);
    CHECK(rig->result.best_index == 10 * 20 + 12);
    CHECK(rig->result.box.x == 110.0 && rig->result.box.y == 82.0);
    CHECK(rig->result.box.w == 16.0 && rig->result.box.h == 16.0);
    rig_close(rig);
}

int main(void) {
    return RUN(test_centerness_multiplies_two_sigmoids, test_size_smoothing_sets_the_rate,
               test_offsets_of_sides_and_corner_are_added, test_center_may_leave_the_frame,
               test_outputs_of_fear_lie_in_whole_pixels, test_search_input_has_a_scale_of_its_own,
               test_anchor_and_deltas_make_the_box, test_anchor_of_the_targets_shape_wins_in_the_middle,
               test_first_of_equal_anchors_wins, test_lines_as_boxes_leave_the_size_alone,
               test_infinite_anchor_boxes_leave_the_size_alone, test_peak_of_a_response_moves_the_target,
               test_response_score_is_the_sigmoid_of_the_peak, test_scale_of_the_highest_peak_after_penalty_wins,
               test_scale_of_the_region_counts_for_the_offset, test_window_of_a_flat_response_leaves_the_target,
               test_responses_of_one_and_two_cells_are_decoded, test_pyramid_is_a_batch_from_small_to_large,
               test_target_whose_largest_region_is_too_large_is_refused,
               test_small_targets_have_a_search_size_of_their_own, test_small_targets_are_decoded_from_their_own_maps);
}
