#include "contest.h"

#include <math.h>

/* The size measure of SiamRPN: side of a square with half of the sides' sum as context. */
static double context_side(double width, double height) {
    const double context = 0.5 * (width + height);
    return sqrt((width + context) * (height + context));
}

/* A ratio or its inverse, whichever is not below 1. */
static double change(double ratio) {
    return fmax(ratio, 1.0 / ratio);
}

/* 1 for a box like the last one, towards 0 with changes of size and aspect; 0 for a box without area. */
static double size_penalty(const sdst_decode_context_ *context, double width, double height) {
    const double penalty_k = context->config->penalty_k;
    if (!(width > 0.0 && height > 0.0)) return 0.0;
    if (penalty_k == 0.0) return 1.0; /* also where the change is infinite */
    const double last_side = context_side(context->last_width, context->last_height);
    const double size_change = change(context_side(width, height) / last_side);
    const double aspect_change = change((context->last_width / context->last_height) / (width / height));
    const double both = aspect_change * size_change;
    return both >= 1.0 ? exp(-(both - 1.0) * penalty_k) : 0.0; /* NaN where sides have no ratio in a double */
}

sdst_contest_ sdst_contest_open_(const sdst_decode_context_ *context, sdst_choice_ *choice) {
    choice->penalized_score = -1.0;
    return (sdst_contest_){context, choice};
}

void sdst_contest_offer_(const sdst_contest_ *contest, int32_t index, double score, double window, double width,
                         double height) {
    const double penalty = size_penalty(contest->context, width, height);
    const double penalized_score = sdst_contest_mix_(contest, penalty * score, window);
    if (penalized_score <= contest->choice->penalized_score) return;
    *contest->choice = (sdst_choice_){
        .index = index,
        .score = score,
        .penalized_score = penalized_score,
        .size_rate = penalty * score * contest->context->config->size_lr,
        .width = width,
        .height = height,
    };
}

double sdst_sigmoid_(double logit) {
    return 1.0 / (1.0 + exp(-logit));
}
