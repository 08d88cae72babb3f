/*
 * Decoding of points, in double precision throughout.
 *
 * The originals mix float (softmax, boxes) and double (penalty, window, state). Doubles differ from their numbers by
 * float rounding only, some 1e-7 of a value, and give the same box on every processor.
 */
#include "decode.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define PI 3.14159265358979323846

typedef struct size_ {
    double width;
    double height;
} size_;

void sdst_hann_window_(int32_t size, double *window) {
    double *first_row = window;
    for (int32_t i = 0; i < size; ++i) {
        first_row[i] = size == 1 ? 1.0 : 0.5 + 0.5 * cos(PI * (1 - size + 2 * i) / (size - 1));
    }
    /* Bottom row first: the top row holds the factors until it is their turn. */
    for (int32_t row = size - 1; row >= 0; --row) {
        const double factor = first_row[row];
        for (int32_t column = size - 1; column >= 0; --column) {
            window[row * size + column] = factor * first_row[column];
        }
    }
}

/* The size measure of SiamRPN: side of a square with half of the sides' sum as context. */
static double context_side(size_ size) {
    const double context = 0.5 * (size.width + size.height);
    return sqrt((size.width + context) * (size.height + context));
}

/* A ratio or its inverse, whichever is not below 1. */
static double change(double ratio) {
    return fmax(ratio, 1.0 / ratio);
}

/* 1 for a box like the last one, towards 0 with changes of size and aspect; 0 for a box without area. */
static double size_penalty(size_ box, size_ last, double penalty_k) {
    if (!(box.width > 0.0 && box.height > 0.0)) return 0.0;
    if (penalty_k == 0.0) return 1.0; /* also where the change is infinite */
    const double size_change = change(context_side(box) / context_side(last));
    const double aspect_change = change((last.width / last.height) / (box.width / box.height));
    return exp(-(aspect_change * size_change - 1.0) * penalty_k);
}

static double foreground(const sdst_tracker_config *config, const sdst_outputs *outputs, size_t cells, size_t i) {
    double logit = (double)outputs->score[i];
    if (config->score_kind == SDST_SCORE_SOFTMAX2) logit = (double)outputs->score[cells + i] - logit;
    return 1.0 / (1.0 + exp(-logit));
}

static int all_finite(const float *values, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; ++i) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7F800000U) == 0x7F800000U);
    }
    return bad == 0;
}

static sdst_status check_outputs(const sdst_tracker_config *config, const sdst_outputs *outputs) {
    if (outputs->struct_size != sizeof *outputs) return SDST_ERR_STRUCT_SIZE;
    if (outputs->score == NULL || outputs->ltrb == NULL) return SDST_ERR_NULL;
    const int32_t channels = config->score_kind == SDST_SCORE_SOFTMAX2 ? 2 : 1;
    if (outputs->score_channels != channels) return SDST_ERR_SHAPE;
    if (outputs->height != config->response_size || outputs->width != config->response_size) return SDST_ERR_SHAPE;
    const size_t cells = (size_t)outputs->height * (size_t)outputs->width;
    if (!all_finite(outputs->score, (size_t)channels * cells)) return SDST_ERR_NOT_FINITE;
    return all_finite(outputs->ltrb, 4 * cells) ? SDST_OK : SDST_ERR_NOT_FINITE;
}

/* Best cell by penalised score. A cell is skipped before its penalty, which is at most 1, is worked out when it could
 * not win even without one: nearly all are, and the choice is the same. */
static void choose(const sdst_decode_context_ *context, const sdst_outputs *outputs, size_t cells,
                   sdst_choice_ *choice) {
    const double influence = context->config->window_influence;
    const size_ last = {context->last_width_search, context->last_height_search};
    const float *ltrb = outputs->ltrb;
    choice->penalized_score = -1.0;
    for (size_t i = 0; i < cells; ++i) {
        const double score = foreground(context->config, outputs, cells, i);
        const double windowed = influence * context->window[i];
        if ((1.0 - influence) * score + windowed <= choice->penalized_score) continue;
        const size_ box = {(double)ltrb[i] + (double)ltrb[2 * cells + i],
                           (double)ltrb[cells + i] + (double)ltrb[3 * cells + i]};
        const double penalty = size_penalty(box, last, context->config->penalty_k);
        const double penalized_score = (1.0 - influence) * (penalty * score) + windowed;
        if (penalized_score <= choice->penalized_score) continue;
        choice->index = (int32_t)i;
        choice->score = score;
        choice->penalty = penalty;
        choice->penalized_score = penalized_score;
        choice->width_search = box.width;
        choice->height_search = box.height;
    }
}

sdst_status sdst_decode_points_(const sdst_decode_context_ *context, const sdst_outputs *outputs,
                                sdst_choice_ *choice) {
    const sdst_tracker_config *config = context->config;
    const sdst_status status = check_outputs(config, outputs);
    if (status != SDST_OK) return status;
    const size_t cells = (size_t)outputs->height * (size_t)outputs->width;
    choose(context, outputs, cells, choice);

    const float *ltrb = outputs->ltrb + choice->index;
    const int32_t row = choice->index / config->response_size;
    const int32_t column = choice->index % config->response_size;
    const double point_x = config->point_origin_px + config->stride_px * column;
    const double point_y = config->point_origin_px + config->stride_px * row;
    choice->center_x_search = point_x + 0.5 * ((double)ltrb[2 * cells] - (double)ltrb[0]);
    choice->center_y_search = point_y + 0.5 * ((double)ltrb[3 * cells] - (double)ltrb[cells]);
    return SDST_OK;
}
