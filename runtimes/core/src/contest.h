/* Which of many boxes is believed: score, penalty on changes of size and aspect, and window. Points and anchors. */
#ifndef SDST_CONTEST_H
#define SDST_CONTEST_H

#include "decode.h"

/** Boxes are offered in the order of their index; the best so far is in `choice`. */
typedef struct sdst_contest_ {
    const sdst_decode_context_ *context;
    sdst_choice_ *choice;
} sdst_contest_;

sdst_contest_ sdst_contest_open_(const sdst_decode_context_ *context, sdst_choice_ *choice);

/** @return What boxes are compared by, of a score that is penalised already. */
static inline double sdst_contest_mix_(const sdst_contest_ *contest, double score, double window) {
    const double influence = contest->context->config->window_influence;
    return (1.0 - influence) * score + influence * window;
}

/**
 * Whether a box of at most that score could still win. Penalties are at most 1, and rounding keeps order, so that a
 * box for which this says no would lose: nearly all are spared the work on their penalty, and the choice is the same.
 */
static inline int sdst_contest_is_open_to_(const sdst_contest_ *contest, double score, double window) {
    return sdst_contest_mix_(contest, score, window) > contest->choice->penalized_score;
}

/** Compares a box with the best so far; the first of equals stays. Its centre is set for the winner, afterwards. */
void sdst_contest_offer_(const sdst_contest_ *contest, int32_t index, double score, double window, double width,
                         double height);

/** @return 1 / (1 + exp(-logit)), 0..1 for any finite number. */
double sdst_sigmoid_(double logit);

#endif /* SDST_CONTEST_H */
