/*
 * From a network's outputs to the place in the search region that is believed, in double precision throughout.
 *
 * decode.c checks the outputs and hands them to decode_points.c, decode_anchors.c or decode_response.c; contest.c is
 * how the first two compare boxes. The originals mix float (softmax, boxes) and double (penalty, window, state).
 * Doubles differ from their numbers by float rounding only, some 1e-7 of a value, and give the same box on every
 * processor.
 */
#ifndef SDST_DECODE_H
#define SDST_DECODE_H

#include <stddef.h>

#include "sdst.h"

/** What the outputs are decoded against. Lengths are network px of the search input (the middle one of a pyramid). */
typedef struct sdst_decode_context_ {
    const sdst_tracker_config *config; /* the sizes are those of the current target */
    const double *hann;                /* sdst_decode_side_() factors of sdst_hann_fill_() */
    double *room;                      /* sdst_decode_room_() values, for response maps */
    double last_width;                 /* the target's, > 0 */
    double last_height;
} sdst_decode_context_;

/** What was chosen. Lengths are network px as above, relative to the centre of the search input. */
typedef struct sdst_choice_ {
    int32_t index; /* best_index of sdst_result */
    double score;
    double penalized_score;
    double size_rate; /* at which the size follows, 0..1 */
    double center_x;
    double center_y;
    double width;
    double height;
} sdst_choice_;

/** @return Side of the map among whose cells is chosen: response_size, or that of an enlarged response. */
int32_t sdst_decode_side_(const sdst_tracker_config *config);

/** @return Values of room that decoding needs. */
size_t sdst_decode_room_(const sdst_tracker_config *config);

/**
 * @param[out] choice  undefined on failure
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_SHAPE, SDST_ERR_NOT_FINITE
 */
sdst_status sdst_decode_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice);

/* The three kinds, for outputs that sdst_decode_() has checked. */
void sdst_decode_points_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice);
void sdst_decode_anchors_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice);
void sdst_decode_response_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice);

#endif /* SDST_DECODE_H */
