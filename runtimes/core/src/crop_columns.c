#include "crop_columns.h"

#include <string.h>

enum {
    NOTHING = 0x80, /* index of a shuffle that gives a zero byte */
    NEIGHBOURS = 4, /* steps from the first to the last of the pixels of a 16-byte load */
    HALF_BYTES = 8  /* of a half vector that two loads make */
};

int32_t sdst_strip_columns_(const sdst_axis_ *axis) {
    const double fitting = (SDST_STRIP_SPAN_PX_ - 3) / axis->scale; /* 3: both ends' taps */
    if (fitting >= SDST_STRIP_COLUMNS_) return SDST_STRIP_COLUMNS_;
    return (int32_t)fitting / SDST_GROUP_ * SDST_GROUP_;
}

/* Whether the taps of every `outputs` neighbours lie within one load. */
static int load_serves(const sdst_tap_ *taps, int32_t padded_count, int32_t outputs) {
    for (int32_t i = 0; i < padded_count; i += outputs) {
        if (taps[i + outputs - 1].second - taps[i].first > NEIGHBOURS) return 0;
    }
    return 1;
}

static void make_quads(sdst_columns_ *columns, const sdst_tap_ *taps, int32_t padded_count) {
    for (int32_t i = 0; i < padded_count; ++i) {
        const int32_t base = taps[i / 4 * 4].first;
        uint8_t *words = columns->shuffles[i / 4] + 4 * (i % 4);
        words[0] = (uint8_t)(3 * (taps[i].first - base));
        words[1] = NOTHING;
        words[2] = (uint8_t)(3 * (taps[i].second - base));
        words[3] = NOTHING;
        columns->offsets[i / 4] = 3 * (base - columns->first_px);
    }
}

/* Slot of half vector `index` among its shuffles: 0, 2, 1, 3 of every four. */
static int32_t slot(int32_t index) {
    const int32_t in_four = index % 4;
    return index - in_four + (in_four == 1 ? 2 : in_four == 2 ? 1 : in_four);
}

static void make_pairs(sdst_columns_ *columns, const sdst_tap_ *taps, int32_t padded_count) {
    const int apart = columns->reach == SDST_REACH_SINGLE;
    for (int32_t i = 0; i < padded_count; ++i) {
        const int second_of_pair = i % 2;
        const int32_t base = apart ? taps[i].first : taps[i - second_of_pair].first;
        const int32_t byte = 3 * (taps[i].first - base) + (apart && second_of_pair ? HALF_BYTES : 0);
        const int32_t step = 3 * (taps[i].second - taps[i].first);
        uint8_t *shuffle = columns->shuffles[slot(i / 2)];
        for (int c = 0; c < 3; ++c) {
            shuffle[4 * c + 2 * second_of_pair] = (uint8_t)(byte + c);
            shuffle[4 * c + 2 * second_of_pair + 1] = (uint8_t)(byte + step + c);
        }
        memset(shuffle + 12, NOTHING, 4);
        columns->offsets[apart ? i : i / 2] = 3 * (base - columns->first_px);
    }
}

void sdst_columns_make_(sdst_columns_ *columns, const sdst_axis_ *axis, int32_t first_column, int32_t count) {
    sdst_tap_ taps[SDST_STRIP_COLUMNS_];
    columns->count = count;
    columns->groups = (count + SDST_GROUP_ - 1) / SDST_GROUP_;
    const int32_t padded_count = SDST_GROUP_ * columns->groups;
    for (int32_t i = 0; i < padded_count; ++i) {
        taps[i] = i < count ? sdst_tap_x_(axis, first_column + i) : taps[count - 1];
        columns->weights[i][0] = taps[i].weight_first;
        columns->weights[i][1] = taps[i].weight_second;
    }
    columns->first_px = taps[0].first;
    columns->span_px = taps[count - 1].second - taps[0].first + 1;
    if (load_serves(taps, padded_count, 4)) {
        columns->reach = SDST_REACH_QUAD;
        make_quads(columns, taps, padded_count);
        return;
    }
    columns->reach = load_serves(taps, padded_count, 2) ? SDST_REACH_PAIR : SDST_REACH_SINGLE;
    make_pairs(columns, taps, padded_count);
}
