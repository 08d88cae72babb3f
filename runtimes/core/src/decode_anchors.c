/* Anchors: each cell has a score and four deltas for each of some boxes. Maps are anchor-major, and so is the index. */
#include <float.h>
#include <math.h>

#include "contest.h"

/* Side of a box that is exp(delta) times the anchor's. It may overflow, and a size that follows at a rate of 0 would
 * then be NaN: the largest float stands for it. */
static double side_of(double anchor_side, float delta) {
    return fmin(exp((double)delta) * anchor_side, (double)FLT_MAX);
}

/* One anchor of every cell. */
static void choose(const sdst_contest_ *contest, const sdst_outputs *outputs, int32_t anchor) {
    const sdst_tracker_config *config = contest->context->config;
    const double *hann = contest->context->hann;
    const int32_t side = config->response_size, cells = side * side;
    const size_t group = (size_t)config->anchor_count * (size_t)cells; /* dx of all anchors, then dy of all, ... */
    for (int32_t i = 0; i < cells; ++i) {
        const double window = hann[i / side] * hann[i % side];
        if (!sdst_contest_is_open_to_(contest, 1.0, window)) continue;
        const int32_t index = anchor * cells + i;
        const float *logits = outputs->score + index;
        const double score = sdst_sigmoid_((double)logits[group] - (double)logits[0]);
        if (!sdst_contest_is_open_to_(contest, score, window)) continue;
        const float *deltas = outputs->boxes + index;
        sdst_contest_offer_(contest, index, score, window, side_of(config->anchors[anchor].width, deltas[2 * group]),
                            side_of(config->anchors[anchor].height, deltas[3 * group]));
    }
}

void sdst_decode_anchors_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice) {
    const sdst_tracker_config *config = context->config;
    const sdst_contest_ contest = sdst_contest_open_(context, choice);
    for (int32_t anchor = 0; anchor < config->anchor_count; ++anchor) {
        choose(&contest, outputs, anchor);
    }

    const int32_t side = config->response_size, cells = side * side;
    const size_t group = (size_t)config->anchor_count * (size_t)cells;
    const int32_t cell = choice->index % cells;
    const sdst_anchor *anchor = &config->anchors[choice->index / cells];
    const float *deltas = outputs->boxes + choice->index;
    const double anchor_x = config->point_origin_px + config->stride_px * (cell % side);
    const double anchor_y = config->point_origin_px + config->stride_px * (cell / side);
    choice->center_x = (double)deltas[0] * anchor->width + anchor_x;
    choice->center_y = (double)deltas[group] * anchor->height + anchor_y;
}
