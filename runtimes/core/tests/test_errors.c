/* Every status code, from every function that promises it, and that a failure changes nothing. */
#include <float.h>

#include "tracking.h"

static void test_status_strings_are_distinct(void) {
    const sdst_status known[] = {SDST_OK,
                                 SDST_ERR_NULL,
                                 SDST_ERR_STRUCT_SIZE,
                                 SDST_ERR_VALUE,
                                 SDST_ERR_FRAME,
                                 SDST_ERR_FRAME_CHANGED,
                                 SDST_ERR_BOX,
                                 SDST_ERR_BOX_OUTSIDE,
                                 SDST_ERR_SHAPE,
                                 SDST_ERR_NOT_FINITE,
                                 SDST_ERR_MEMORY,
                                 SDST_ERR_NO_TARGET,
                                 SDST_ERR_NO_SEARCH,
                                 SDST_ERR_UNSUPPORTED};
    const size_t count = sizeof known / sizeof known[0];
    const char *unknown = sdst_status_string((sdst_status)0x7F);
    for (size_t i = 0; i < count; ++i) {
        CHECK(strcmp(sdst_status_string(known[i]), unknown) != 0);
        for (size_t j = 0; j < i; ++j) {
            CHECK(strcmp(sdst_status_string(known[i]), sdst_status_string(known[j])) != 0);
        }
    }
}

static void test_library_names_itself(void) {
    CHECK(sdst_abi_version() == SDST_ABI_VERSION);
    CHECK(strchr(sdst_version(), '.') != NULL);
}

/* One field of a good configuration spoiled, and what that gives. */
#define CHECK_CONFIG(assignment, expected) CHECK_CONFIG_OF(SDST_OUTPUT_POINTS, assignment, expected)
#define CHECK_CONFIG_OF(output_kind, assignment, expected)                                                             \
    do {                                                                                                               \
        sdst_tracker_config config = small_config_of(output_kind);                                                     \
        sdst_tracker *tracker = NULL;                                                                                  \
        config.assignment;                                                                                             \
        CHECK_STATUS(sdst_tracker_create(&config, &tracker), expected);                                                \
        CHECK(tracker == NULL);                                                                                        \
    } while (0)

static void test_create_refuses_bad_configurations(void) {
    CHECK_CONFIG(struct_size = 0, SDST_ERR_STRUCT_SIZE);
    CHECK_CONFIG(struct_size += 8, SDST_ERR_STRUCT_SIZE);
    CHECK_CONFIG(normalization.struct_size = 1, SDST_ERR_STRUCT_SIZE);
    CHECK_CONFIG(output_kind = 3, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(score_kind = 3, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(size_smoothing = 3, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(context = -1, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(rounding = 5, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(rounding = SDST_ROUNDING_NONE, SDST_ERR_UNSUPPORTED); /* not with this interpolation */
    CHECK_CONFIG(interpolation = 2, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(interpolation = SDST_INTERPOLATION_OPENCV_WARP, SDST_ERR_UNSUPPORTED); /* not with this rounding */
    CHECK_CONFIG(border = 3, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(normalization.channel_order = 2, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG(template_size = 0, SDST_ERR_VALUE);
    CHECK_CONFIG(search_size = 4097, SDST_ERR_VALUE);
    CHECK_CONFIG(response_size = 1025, SDST_ERR_VALUE);
    CHECK_CONFIG(border_value[3] = 1, SDST_ERR_VALUE);
    CHECK_CONFIG(normalization.mean[1] = 256.0F, SDST_ERR_VALUE);
    CHECK_CONFIG(normalization.mean[1] = NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(normalization.scale[2] = INFINITY, SDST_ERR_VALUE);
    CHECK_CONFIG(context_amount = -0.1, SDST_ERR_VALUE);
    CHECK_CONFIG(search_scale = 0.0, SDST_ERR_VALUE);
    CHECK_CONFIG(stride_px = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(point_origin_px = (double)INFINITY, SDST_ERR_VALUE);
    CHECK_CONFIG(window_influence = 1.01, SDST_ERR_VALUE);
    CHECK_CONFIG(penalty_k = -1.0, SDST_ERR_VALUE);
    CHECK_CONFIG(size_lr = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(min_side_px = 0.0, SDST_ERR_VALUE);
    CHECK_CONFIG(init_center_offset_px = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(clamp_center = 2, SDST_ERR_VALUE);
    CHECK_CONFIG(size_offset_px = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(box_offset_px = (double)INFINITY, SDST_ERR_VALUE);
    CHECK_CONFIG(found_threshold = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG(context_amount = 1.1e6, SDST_ERR_VALUE);
    CHECK_CONFIG(search_scale = 1.1e6, SDST_ERR_VALUE);
    CHECK_CONFIG(point_origin_px = -1.1e6, SDST_ERR_VALUE);
    CHECK_CONFIG(small_target.search_size = 4097, SDST_ERR_VALUE);
    CHECK_CONFIG(small_target.search_size = 80, SDST_ERR_VALUE); /* of maps of 0 cells */
    CHECK_CONFIG(small_target = ((sdst_small_target){80, 20, 1.1}), SDST_ERR_VALUE);

    const sdst_tracker_config good = small_config();
    sdst_tracker *tracker = NULL;
    CHECK_STATUS(sdst_tracker_create(NULL, &tracker), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_create(&good, NULL), SDST_ERR_NULL);
    sdst_tracker_config unsized = {0};
    CHECK_STATUS(sdst_tracker_default_config(&unsized), SDST_ERR_STRUCT_SIZE);
    CHECK_STATUS(sdst_tracker_default_config(NULL), SDST_ERR_NULL);
    sdst_tracker_destroy(NULL);
}

static void test_create_refuses_what_another_kind_of_outputs_may_have(void) {
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, score_kind = SDST_SCORE_LOGIT, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, score_kind = SDST_SCORE_LOGIT_CENTERNESS, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, anchor_count = 0, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, anchor_count = SDST_MAX_ANCHORS + 1, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, anchors[2].width = 0.0, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, anchors[0].height = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_ANCHORS, anchors[1].width = 1.1e6, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, score_kind = SDST_SCORE_SOFTMAX2, SDST_ERR_UNSUPPORTED);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.count = 2, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.count = SDST_MAX_SCALES + 2, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.upsampling = 0, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.upsampling = 4096 / 16 + 1, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.step = 0.99, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.step = (double)NAN, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, pyramid.penalty = 1.01, SDST_ERR_VALUE);
    CHECK_CONFIG_OF(SDST_OUTPUT_RESPONSE, small_target = ((sdst_small_target){80, 20, 0.01}), SDST_ERR_VALUE);
}

/* One field of a good frame spoiled: the same status from all that take a frame. */
#define CHECK_FRAME(rig, assignment, expected)                                                                         \
    do {                                                                                                               \
        uint8_t mean[3];                                                                                               \
        const sdst_frame good = (rig)->frame;                                                                          \
        (rig)->frame.assignment;                                                                                       \
        CHECK_STATUS(sdst_frame_mean(&(rig)->frame, SDST_BORDER_FRAME_MEAN, mean), expected);                          \
        CHECK_STATUS(rig_start(rig, 10, 10, 16, 16), expected);                                                        \
        CHECK_STATUS(sdst_tracker_search_input((rig)->tracker, &(rig)->frame, (rig)->x), expected);                    \
        (rig)->frame = good;                                                                                           \
    } while (0)

static void test_bad_frames_are_refused(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    const sdst_state before = rig_state(rig);
    CHECK_FRAME(rig, struct_size = 3, SDST_ERR_STRUCT_SIZE);
    CHECK_FRAME(rig, data = NULL, SDST_ERR_NULL);
    CHECK_FRAME(rig, format = 1, SDST_ERR_FRAME);
    CHECK_FRAME(rig, width = 0, SDST_ERR_FRAME);
    CHECK_FRAME(rig, height = -1, SDST_ERR_FRAME);
    CHECK_FRAME(rig, width = 32768, SDST_ERR_FRAME);
    CHECK_FRAME(rig, height = 32768, SDST_ERR_FRAME);
    CHECK_FRAME(rig, stride_bytes = 3 * FRAME_WIDTH - 1, SDST_ERR_FRAME);
    CHECK_FRAME(rig, stride_bytes = -3 * FRAME_WIDTH, SDST_ERR_FRAME);
    const sdst_state after = rig_state(rig);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    rig->frame.height -= 1;
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_ERR_FRAME_CHANGED);
    rig_close(rig);
}

static void test_bad_boxes_are_refused(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    const sdst_state before = rig_state(rig);
    const double nan = (double)NAN, infinity = (double)INFINITY;
    CHECK_STATUS(rig_start(rig, nan, 0, 9, 9), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, 0, infinity, 9, 9), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, 0, 0, -infinity, 9), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, 0, 0, 9, nan), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, 0, 0, 0, 9), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, 0, 0, 9, -1), SDST_ERR_BOX);
    CHECK_STATUS(rig_start(rig, FRAME_WIDTH, 0, 9, 9), SDST_ERR_BOX_OUTSIDE);
    CHECK_STATUS(rig_start(rig, 0, FRAME_HEIGHT, 9, 9), SDST_ERR_BOX_OUTSIDE);
    CHECK_STATUS(rig_start(rig, -9, 0, 9, 9), SDST_ERR_BOX_OUTSIDE);
    CHECK_STATUS(rig_start(rig, 0, -9, 9, 9), SDST_ERR_BOX_OUTSIDE);
    CHECK_STATUS(rig_start(rig, 0, 0, 20000, 20000), SDST_ERR_VALUE);
    CHECK_STATUS(rig_start(rig, 0, 0, 9000, 9000), SDST_ERR_VALUE); /* only the search crop is too large */
    CHECK_STATUS(rig_start(rig, -1e308, -1e308, DBL_MAX, DBL_MAX), SDST_ERR_VALUE);
    const sdst_state after = rig_state(rig);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_STATUS(rig_start(rig, -8.9, -8.9, 9, 9), SDST_OK); /* sticks out: fine */

    sdst_state state = {.struct_size = sizeof state, .center_x = 5, .center_y = 5, .width = 15000, .height = 15000};
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_ERR_VALUE);
    state.width = 0.0;
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_ERR_BOX);
    state.width = nan;
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_ERR_BOX);
    state.width = 1.0;
    state.center_y = infinity;
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_ERR_BOX);
    rig_close(rig);
}

static void test_crop_refuses_bad_arguments(void) {
    const uint8_t pixel[3] = {1, 2, 3};
    const sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, 1, 1, 3, pixel};
    const sdst_crop good = {.struct_size = sizeof good, .out_width = 1, .out_height = 1, .width = 1, .height = 1};
    const sdst_normalization rule = {.struct_size = sizeof rule, .scale = {1.0F, 1.0F, 1.0F}};
    uint8_t out[3];
    float floats[3];
#define CHECK_CROP(assignment, expected)                                                                               \
    do {                                                                                                               \
        sdst_crop crop = good;                                                                                         \
        crop.assignment;                                                                                               \
        CHECK_STATUS(sdst_crop_u8(&frame, &crop, out), expected);                                                      \
        CHECK_STATUS(sdst_crop_f32(&frame, &crop, &rule, floats), expected);                                           \
    } while (0)
    CHECK_CROP(struct_size = 4, SDST_ERR_STRUCT_SIZE);
    CHECK_CROP(rounding = 7, SDST_ERR_UNSUPPORTED);
    CHECK_CROP(rounding = -1, SDST_ERR_UNSUPPORTED);
    CHECK_CROP(rounding = SDST_ROUNDING_NONE, SDST_ERR_UNSUPPORTED);
    CHECK_CROP(interpolation = SDST_INTERPOLATION_OPENCV_WARP, SDST_ERR_UNSUPPORTED);
    CHECK_CROP(interpolation = 7, SDST_ERR_UNSUPPORTED);
    CHECK_CROP(out_width = 0, SDST_ERR_VALUE);
    CHECK_CROP(out_height = 4097, SDST_ERR_VALUE);
    CHECK_CROP(border[3] = 1, SDST_ERR_VALUE);
    CHECK_CROP(center_x = (double)NAN, SDST_ERR_VALUE);
    CHECK_CROP(center_y = (double)INFINITY, SDST_ERR_VALUE);
    CHECK_CROP(width = 0.5, SDST_ERR_VALUE); /* half to even: 0 */
    CHECK_CROP(height = 32768.0, SDST_ERR_VALUE);
    CHECK_CROP(width = (double)NAN, SDST_ERR_VALUE);
#undef CHECK_CROP
    sdst_normalization bad = rule;
    bad.struct_size = 1;
    CHECK_STATUS(sdst_crop_f32(&frame, &good, &bad, floats), SDST_ERR_STRUCT_SIZE);
    CHECK_STATUS(sdst_crop_f32(&frame, &good, NULL, floats), SDST_ERR_NULL);
    CHECK_STATUS(sdst_crop_f32(&frame, &good, &rule, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_crop_u8(NULL, &good, out), SDST_ERR_NULL);
    CHECK_STATUS(sdst_crop_u8(&frame, NULL, out), SDST_ERR_NULL);
}

/* One field of good outputs spoiled; afterwards the same search decodes as if nothing had been. */
#define CHECK_OUTPUTS(place, value, expected)                                                                          \
    do {                                                                                                               \
        const rig_ good = *rig;                                                                                        \
        rig->place = value;                                                                                            \
        CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), expected);                        \
        *rig = good;                                                                                                   \
    } while (0)

static void test_bad_outputs_leave_the_tracker_as_it_was(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    rig_show(rig, 8 * 16 + 8, 2, 2, 16, 16);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    const sdst_state before = rig_state(rig);
    CHECK_OUTPUTS(outputs.struct_size, 0, SDST_ERR_STRUCT_SIZE);
    CHECK_OUTPUTS(result.struct_size, 0, SDST_ERR_STRUCT_SIZE);
    CHECK_OUTPUTS(outputs.score, NULL, SDST_ERR_NULL);
    CHECK_OUTPUTS(outputs.boxes, NULL, SDST_ERR_NULL);
    CHECK_OUTPUTS(outputs.scales, 3, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.box_channels, 0, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.score_channels, 2, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.height, 15, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.width, 17, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(score[0], NAN, SDST_ERR_NOT_FINITE);
    CHECK_OUTPUTS(score[CELLS - 1], -INFINITY, SDST_ERR_NOT_FINITE);
    CHECK_OUTPUTS(boxes[3][CELLS - 1], INFINITY, SDST_ERR_NOT_FINITE);
    const sdst_state after = rig_state(rig);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_OK);
    CHECK(rig->result.box.x == 102.0 && rig->result.box.y == 82.0);
    rig_close(rig);
}

static void test_bad_outputs_of_anchors_are_refused(void) {
    const sdst_tracker_config config = small_config_of(SDST_OUTPUT_ANCHORS);
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    CHECK_OUTPUTS(outputs.score_channels, 2, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.box_channels, 4, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.boxes, NULL, SDST_ERR_NULL);
    CHECK_OUTPUTS(score[6 * CELLS - 1], NAN, SDST_ERR_NOT_FINITE);
    CHECK_OUTPUTS(boxes[11][CELLS - 1], NAN, SDST_ERR_NOT_FINITE);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_OK);
    rig_close(rig);
}

static void test_bad_response_maps_are_refused(void) {
    const sdst_tracker_config config = small_config_of(SDST_OUTPUT_RESPONSE);
    rig_ *rig = rig_open(&config);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_OK);
    CHECK_OUTPUTS(outputs.scales, 1, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.score_channels, 2, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.box_channels, 4, SDST_ERR_SHAPE);
    CHECK_OUTPUTS(outputs.score, NULL, SDST_ERR_NULL);
    CHECK_OUTPUTS(score[3 * CELLS - 1], INFINITY, SDST_ERR_NOT_FINITE);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_OK);
    rig_close(rig);
}

static void test_huge_outputs_are_survived(void) {
    for (int kind = SDST_OUTPUT_POINTS; kind <= SDST_OUTPUT_RESPONSE; ++kind) {
        const sdst_tracker_config config = small_config_of((sdst_output_kind)kind);
        rig_ *rig = rig_open(&config);
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        for (int i = 0; i < 2 * MAX_ANCHORS * CELLS; ++i) {
            rig->score[i] = i % 2 == 0 ? FLT_MAX : -FLT_MAX;
        }
        for (int i = 0; i < 4 * MAX_ANCHORS * CELLS; ++i) {
            rig->boxes[i / CELLS][i % CELLS] = i / CELLS % 2 == 0 ? FLT_MAX : -FLT_MAX;
        }
        CHECK_STATUS(rig_step(rig), SDST_OK);
        const sdst_state state = rig_state(rig);
        CHECK(state.center_x >= 0.0 && state.center_x <= (double)FRAME_WIDTH);
        CHECK(state.width >= 4.0 && state.width <= (double)FRAME_WIDTH);
        CHECK(isfinite(rig->result.penalized_score));
        rig_close(rig);
    }
}

static void test_calls_out_of_order_are_refused(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    sdst_state state = {.struct_size = sizeof state, .width = 1, .height = 1};
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x), SDST_ERR_NO_TARGET);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_NO_TARGET);
    CHECK_STATUS(sdst_tracker_get_state(rig->tracker, &state), SDST_ERR_NO_TARGET);
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_ERR_NO_TARGET);
    CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_NO_SEARCH);
    rig_show(rig, 8 * 16 + 8, 0, 0, 16, 16);
    CHECK_STATUS(rig_step(rig), SDST_OK);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result), SDST_ERR_NO_SEARCH);
    state.struct_size = 1;
    CHECK_STATUS(sdst_tracker_get_state(rig->tracker, &state), SDST_ERR_STRUCT_SIZE);
    CHECK_STATUS(sdst_tracker_set_state(rig->tracker, &state), SDST_ERR_STRUCT_SIZE);
    rig_close(rig);
}

static void test_null_pointers_are_refused(void) {
    const sdst_tracker_config config = small_config();
    rig_ *rig = rig_open(&config);
    const sdst_box box = {100, 80, 16, 16};
    CHECK_STATUS(sdst_tracker_template_input(NULL, &rig->frame, &box, rig->z), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_template_input(rig->tracker, NULL, &box, rig->z), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_template_input(rig->tracker, &rig->frame, NULL, rig->z), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_template_input(rig->tracker, &rig->frame, &box, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_template_input_u8(rig->tracker, &rig->frame, &box, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_search_input(NULL, &rig->frame, rig->x), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, NULL, rig->x), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_search_input(rig->tracker, &rig->frame, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_search_input_u8(rig->tracker, &rig->frame, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_decode(NULL, &rig->outputs, &rig->result), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, NULL, &rig->result), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_decode(rig->tracker, &rig->outputs, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_get_state(rig->tracker, NULL), SDST_ERR_NULL);
    CHECK_STATUS(sdst_tracker_set_state(NULL, NULL), SDST_ERR_NULL);
    CHECK(sdst_tracker_search_size(NULL) == 0 && sdst_tracker_response_size(NULL) == 0);
    CHECK_STATUS(sdst_frame_mean(&rig->frame, SDST_BORDER_FRAME_MEAN, NULL), SDST_ERR_NULL);
    rig_close(rig);
}

int main(void) {
    return RUN(test_status_strings_are_distinct, test_library_names_itself, test_create_refuses_bad_configurations,
               test_create_refuses_what_another_kind_of_outputs_may_have, test_bad_frames_are_refused,
               test_bad_boxes_are_refused, test_crop_refuses_bad_arguments,
               test_bad_outputs_leave_the_tracker_as_it_was, test_bad_outputs_of_anchors_are_refused,
               test_bad_response_maps_are_refused, test_huge_outputs_are_survived, test_calls_out_of_order_are_refused,
               test_null_pointers_are_refused);
}
