/* Points: each cell has a score and four distances from its point to the sides of a box. */
#include "contest.h"

/* @param[in] score  of the cell, in the first of the maps, which are `cells` apart */
static double cell_score(int32_t score_kind, const float *score, size_t cells) {
    const double first = (double)score[0];
    if (score_kind == SDST_SCORE_LOGIT) return sdst_sigmoid_(first);
    const double second = (double)score[cells];
    if (score_kind == SDST_SCORE_SOFTMAX2) return sdst_sigmoid_(second - first);
    return sdst_sigmoid_(first) * sdst_sigmoid_(second);
}

static void choose(const sdst_contest_ *contest, const sdst_outputs *outputs, size_t cells) {
    const sdst_tracker_config *config = contest->context->config;
    const double *hann = contest->context->hann;
    const int32_t side = config->response_size;
    const double more = config->size_offset_px;
    for (int32_t i = 0; i < side * side; ++i) {
        const double window = hann[i / side] * hann[i % side];
        if (!sdst_contest_is_open_to_(contest, 1.0, window)) continue;
        const double score = cell_score(config->score_kind, outputs->score + i, cells);
        if (!sdst_contest_is_open_to_(contest, score, window)) continue;
        const float *ltrb = outputs->boxes + i;
        sdst_contest_offer_(contest, i, score, window, (double)ltrb[0] + (double)ltrb[2 * cells] + more,
                            (double)ltrb[cells] + (double)ltrb[3 * cells] + more);
    }
}

void sdst_decode_points_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice) {
    const sdst_tracker_config *config = context->config;
    const size_t cells = (size_t)outputs->height * (size_t)outputs->width;
    const sdst_contest_ contest = sdst_contest_open_(context, choice);
    choose(&contest, outputs, cells);

    const float *ltrb = outputs->boxes + choice->index;
    const double point_x = config->point_origin_px + config->stride_px * (choice->index % config->response_size);
    const double point_y = config->point_origin_px + config->stride_px * (choice->index / config->response_size);
    choice->center_x = point_x + 0.5 * ((double)ltrb[2 * cells] - (double)ltrb[0]);
    choice->center_y = point_y + 0.5 * ((double)ltrb[3 * cells] - (double)ltrb[cells]);
}
