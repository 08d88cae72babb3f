/* A small tracker with made-up maps, for tests of the state machine. */
#ifndef SDST_TRACKING_H
#define SDST_TRACKING_H

#include <string.h>

#include "check.h"
#include "sdst.h"

enum {
    FRAME_WIDTH = 320,
    FRAME_HEIGHT = 240,
    CELLS = 16 * 16,
    MAX_ANCHORS = 3,
    MAX_SCALES = 3,
    TEMPLATE_VALUES = 3 * 32 * 32,
    SEARCH_VALUES = 3 * 64 * 64
};

/* Everything that a run of the tracker needs. */
typedef struct rig_ {
    sdst_tracker_config config;
    sdst_tracker *tracker;
    sdst_frame frame;
    sdst_outputs outputs;
    sdst_result result;
    uint8_t pixels[FRAME_HEIGHT][FRAME_WIDTH][3];
    float z[TEMPLATE_VALUES];
    float x[MAX_SCALES * SEARCH_VALUES];
    float score[2 * MAX_ANCHORS * CELLS];
    float boxes[4 * MAX_ANCHORS][CELLS];
} rig_;

/* 32 and 64 px inputs, 16 cells of 4 px, logit scores; as wide as default in all else. */
static inline sdst_tracker_config small_config(void) {
    sdst_tracker_config config = {.struct_size = sizeof config};
    CHECK_STATUS(sdst_tracker_default_config(&config), SDST_OK);
    config.template_size = 32;
    config.search_size = 64;
    config.stride_px = 4.0;
    config.point_origin_px = -30.0;
    config.min_side_px = 4.0;
    return config;
}

/* The same with outputs of another kind: anchors of 16 x 16, 8 x 24 and 24 x 8, or three scales enlarged four times. */
static inline sdst_tracker_config small_config_of(sdst_output_kind output_kind) {
    sdst_tracker_config config = small_config();
    config.output_kind = (int32_t)output_kind;
    if (output_kind == SDST_OUTPUT_ANCHORS) {
        config.score_kind = SDST_SCORE_SOFTMAX2;
        config.anchor_count = 3;
        config.anchors[0] = (sdst_anchor){16, 16};
        config.anchors[1] = (sdst_anchor){8, 24};
        config.anchors[2] = (sdst_anchor){24, 8};
    }
    if (output_kind == SDST_OUTPUT_RESPONSE) {
        config.pyramid = (sdst_scale_pyramid){.count = 3, .upsampling = 4, .step = 1.25, .penalty = 0.5};
    }
    return config;
}

static inline rig_ *rig_open(const sdst_tracker_config *config) {
    rig_ *rig = check_alloc(sizeof *rig);
    memset(rig, 0, sizeof *rig);
    memset(rig->pixels, 77, sizeof rig->pixels);
    rig->config = *config;
    rig->frame = (sdst_frame){sizeof(sdst_frame), SDST_PIXEL_BGR8, FRAME_WIDTH,
                              FRAME_HEIGHT,       3 * FRAME_WIDTH, &rig->pixels[0][0][0]};
    const int anchors = config->output_kind == SDST_OUTPUT_ANCHORS ? config->anchor_count : 1;
    const int response = config->output_kind == SDST_OUTPUT_RESPONSE;
    rig->outputs = (sdst_outputs){.struct_size = sizeof(sdst_outputs),
                                  .scales = response ? config->pyramid.count : 1,
                                  .score_channels = config->score_kind == SDST_SCORE_LOGIT ? 1 : 2 * anchors,
                                  .box_channels = response ? 0 : 4 * anchors,
                                  .height = 16,
                                  .width = 16,
                                  .score = rig->score,
                                  .boxes = response ? NULL : &rig->boxes[0][0]};
    rig->result = (sdst_result){.struct_size = sizeof(sdst_result)};
    CHECK_STATUS(sdst_tracker_create(config, &rig->tracker), SDST_OK);
    return rig;
}

static inline void rig_close(rig_ *rig) {
    sdst_tracker_destroy(rig->tracker);
    free(rig);
}

/* Maps in which one cell is sure (logit +8, all others -8) of a box around the search centre, network px. */
static inline void rig_show(rig_ *rig, int cell, float offset_x, float offset_y, float width, float height) {
    const float point_x = -30.0F + 4.0F * (float)(cell % 16);
    const float point_y = -30.0F + 4.0F * (float)(cell / 16);
    for (int i = 0; i < CELLS; ++i) {
        rig->score[i] = -8.0F;
        for (int side = 0; side < 4; ++side) {
            rig->boxes[side][i] = 10.0F;
        }
    }
    rig->score[cell] = 8.0F;
    rig->boxes[0][cell] = point_x - (offset_x - width / 2);
    rig->boxes[1][cell] = point_y - (offset_y - height / 2);
    rig->boxes[2][cell] = offset_x + width / 2 - point_x;
    rig->boxes[3][cell] = offset_y + height / 2 - point_y;
}

static inline sdst_status rig_start(rig_ *rig, double x, double y, double w, double h) {
    const sdst_box box = {x, y, w, h};
    return sdst_tracker_template_input(rig->tracker, &rig->frame, &box, rig->z);
}

/* Search input and decode of what rig_show() set. */
static inline sdst_status rig_step(rig_ *rig) {
    const sdst_status status = sdst_tracker_search_input(rig->tracker, &rig->frame, rig->x);
    return status != SDST_OK ? status : sdst_tracker_decode(rig->tracker, &rig->outputs, &rig->result);
}

static inline sdst_state rig_state(const rig_ *rig) {
    sdst_state state = {.struct_size = sizeof state};
    CHECK_STATUS(sdst_tracker_get_state(rig->tracker, &state), SDST_OK);
    return state;
}

#endif /* SDST_TRACKING_H */
