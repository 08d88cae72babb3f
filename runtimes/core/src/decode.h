/* From the output maps of a head of points to the one cell that is believed. */
#ifndef SDST_DECODE_H
#define SDST_DECODE_H

#include "sdst.h"

/** What the maps are decoded against. */
typedef struct sdst_decode_context_ {
    const sdst_tracker_config *config;
    const double *window;     /* (response_size, response_size), of sdst_hann_window_() */
    double last_width_search; /* the target's last size in network px of the search input, > 0 */
    double last_height_search;
} sdst_decode_context_;

/** The cell chosen. Lengths are network px, relative to the centre of the search input. */
typedef struct sdst_choice_ {
    int32_t index;
    double score;
    double penalty; /* 0..1 */
    double penalized_score;
    double center_x_search;
    double center_y_search;
    double width_search;
    double height_search;
} sdst_choice_;

/** Fills (size, size) with the outer product of the Hann window whose ends are 0 (numpy's hanning) with itself. */
void sdst_hann_window_(int32_t size, double *window);

/** @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_SHAPE, SDST_ERR_NOT_FINITE */
sdst_status sdst_decode_points_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice);

#endif /* SDST_DECODE_H */
