/* Between the two halves of the AVX2 crop: rows mixed along x. */
#ifndef SDST_CROP_MIX_AVX2_H
#define SDST_CROP_MIX_AVX2_H

#include <stdint.h>

#include "crop_columns.h"

enum {
    SDST_GROUP_WORDS_ = 3 * SDST_GROUP_,                                    /* of a mixed row: 3 channels of a group */
    SDST_ROW_WORDS_ = SDST_STRIP_COLUMNS_ / SDST_GROUP_ * SDST_GROUP_WORDS_ /* of a mixed row */
};

/**
 * Mixes a source row along x: h of crop_ref.c, 0..32640, in vectors of 16 words per group and channel. Within a vector
 * the outputs are ordered 0-3, 8-11, 4-7, 12-15: packing leaves them so, and unpacking along y puts them right.
 *
 * @param[in]  source  first pixel of the strip; readable up to SDST_LOAD_BYTES_ past its last one
 * @param[out] row     columns->groups groups, aligned to 32 bytes
 */
void sdst_mix_row_avx2_(const sdst_columns_ *columns, const uint8_t *source, int16_t *row);

#endif /* SDST_CROP_MIX_AVX2_H */
