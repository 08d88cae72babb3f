/* The x taps of a crop as tables for vector loads and byte shuffles: layout only, no instruction set. */
#ifndef SDST_CROP_COLUMNS_H
#define SDST_CROP_COLUMNS_H

#include <stdint.h>

#include "crop.h"

enum {
    SDST_GROUP_ = 16,           /* output columns that are worked on together */
    SDST_STRIP_COLUMNS_ = 512,  /* most output columns of a table, a multiple of SDST_GROUP_ */
    SDST_STRIP_SPAN_PX_ = 2048, /* most source pixels under them */
    SDST_LOAD_BYTES_ = 16
};

/** Which outputs share a load. 16 bytes hold 5 BGR pixels. The values are loads per eight outputs. */
typedef enum sdst_reach_ {
    SDST_REACH_QUAD = 2,  /* four outputs a 16-byte load: enlarging */
    SDST_REACH_PAIR = 4,  /* two: reducing up to threefold or so */
    SDST_REACH_SINGLE = 8 /* one output an 8-byte load, two loads a half vector: any reduction */
} sdst_reach_;

/**
 * Tables of a strip of output columns. The last group is filled up with repetitions of the last column.
 *
 * A shuffle picks, from the 16 bytes of a half vector,
 *     SDST_REACH_QUAD   words: both taps of four outputs, channel 0 (channel c: add c to each index), in order
 *     others            bytes: both taps of two outputs, channel 0, 1, 2, then four zeros; of the four half vectors
 *                       of eight outputs the order is 0, 2, 1, 3
 */
typedef struct sdst_columns_ {
    int32_t count;    /* output columns */
    int32_t groups;   /* of SDST_GROUP_ columns, the last one in part */
    int32_t first_px; /* first source column of the crop under the strip */
    int32_t span_px;  /* source columns under the strip */
    sdst_reach_ reach;
    int32_t offsets[SDST_STRIP_COLUMNS_]; /* of the loads, bytes after first_px */
    _Alignas(32) uint8_t shuffles[SDST_STRIP_COLUMNS_ / 2][16];
    _Alignas(32) int16_t weights[SDST_STRIP_COLUMNS_][2]; /* of the two taps, per output */
} sdst_columns_;

/** @return Output columns of a strip, a multiple of SDST_GROUP_; 0 when not even one group's sources fit the span. */
int32_t sdst_strip_columns_(const sdst_axis_ *axis);

/** Makes the tables of `count` output columns from `first_column` on; count <= sdst_strip_columns_(). */
void sdst_columns_make_(sdst_columns_ *columns, const sdst_axis_ *axis, int32_t first_column, int32_t count);

#endif /* SDST_CROP_COLUMNS_H */
