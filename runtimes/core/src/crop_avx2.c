/*
 * Crop with AVX2: the bytes of crop_ref.c, 16 output columns at a time.
 *
 * A source row that is needed is mixed along x once, into 16-bit words (h of crop_ref.c, 0..32640), and kept while the
 * output rows around it are mixed along y from two such rows. The frame is read in place; only rows that leave it, or
 * end too close to its right edge for a 16-byte load, go through a line buffer that holds the border's colour.
 *
 * Wide outputs are made in strips of columns, so that all tables and rows fit the stack and the first-level cache.
 */
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "crop.h"
#include "crop_columns.h"
#include "crop_mix_avx2.h"
#include "kernels.h"

enum { LINE_BYTES = 3 * SDST_STRIP_SPAN_PX_ + SDST_LOAD_BYTES_ }; /* a load may start at the last pixel */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A strip of output columns on its way through the rows. */
typedef struct strip_ {
    const sdst_crop_plan_ *plan;
    sdst_columns_ columns;
    int in_place;         /* rows are read from the frame itself, else through the line */
    int32_t inside_first; /* part of the span that is in the frame */
    int32_t inside_px;    /* 0 when there is none */
    int32_t kept[2];      /* which source rows are in rows[0] and rows[1], -1 for none: even ones, odd ones */
    _Alignas(32) int16_t rows[2][SDST_ROW_WORDS_];
    _Alignas(32) int16_t border_row[SDST_ROW_WORDS_];
    uint8_t line[LINE_BYTES];
} strip_;

static void fill_line(strip_ *strip) {
    const uint8_t *border = strip->plan->border;
    for (int32_t x = 0; x < strip->columns.span_px; ++x) {
        memcpy(strip->line + 3 * x, border, 3);
    }
    memset(strip->line + 3 * strip->columns.span_px, 0, SDST_LOAD_BYTES_);
}

/* Makes the tables of a strip, and all that does not change from row to row. */
static void open_strip(strip_ *strip, const sdst_crop_plan_ *plan, int32_t first_column, int32_t count) {
    sdst_columns_make_(&strip->columns, &plan->x, first_column, count);
    const int32_t span_px = strip->columns.span_px;
    const int32_t first_x = plan->x.first_px + strip->columns.first_px; /* in the frame */
    const int32_t inside_first = first_x < 0 ? -first_x : 0;
    const int32_t to_edge = plan->frame_width - first_x;
    const int32_t inside_end = span_px < to_edge ? span_px : to_edge;
    strip->plan = plan;
    strip->in_place = first_x >= 0 && 3 * (first_x + span_px) + SDST_LOAD_BYTES_ <= 3 * plan->frame_width;
    strip->inside_first = inside_first;
    strip->inside_px = inside_end > inside_first ? inside_end - inside_first : 0;
    strip->kept[0] = strip->kept[1] = -1;
    const int leaves_vertically = plan->y.first_px < 0 || plan->y.first_px + plan->y.in_size > plan->frame_height;
    if (strip->in_place && !leaves_vertically) return;
    fill_line(strip);
    sdst_mix_row_avx2_(&strip->columns, strip->line, strip->border_row);
}

/* First source byte of the strip in a row of the frame. */
static const uint8_t *source_row(strip_ *strip, int32_t frame_y) {
    const sdst_crop_plan_ *plan = strip->plan;
    const uint8_t *row = plan->pixels + frame_y * plan->stride_bytes;
    const int32_t first_x = plan->x.first_px + strip->columns.first_px;
    if (strip->in_place) return row + 3 * first_x;
    if (strip->inside_px > 0) {
        memcpy(strip->line + 3 * strip->inside_first, row + 3 * (first_x + strip->inside_first),
               3 * (size_t)strip->inside_px);
    }
    return strip->line;
}

/* Row y of the crop, mixed along x. Of the rows kept, the one of the other parity stays. */
static const int16_t *mixed_row(strip_ *strip, int32_t y) {
    const int32_t frame_y = strip->plan->y.first_px + y;
    if (frame_y < 0 || frame_y >= strip->plan->frame_height) return strip->border_row;
    const int slot = y & 1;
    if (strip->kept[slot] != y) {
        sdst_mix_row_avx2_(&strip->columns, source_row(strip, frame_y), strip->rows[slot]);
        strip->kept[slot] = y;
    }
    return strip->rows[slot];
}

/* Two rows mixed along y: what every output of a row needs. */
typedef struct row_pair_ {
    const int16_t *upper;
    const int16_t *lower;
    __m256i weight_upper;
    __m256i weight_lower;
} row_pair_;

ALWAYS_INLINE __m256i load_words(const int16_t *words) {
    return _mm256_load_si256((const __m256i *)words);
}

ALWAYS_INLINE __m256i mix_resized(const row_pair_ *pair, __m256i upper, __m256i lower) {
    const __m256i high_upper = _mm256_mulhi_epi16(upper, pair->weight_upper);
    const __m256i high_lower = _mm256_mulhi_epi16(lower, pair->weight_lower);
    return _mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(high_upper, high_lower), _mm256_set1_epi16(2)), 2);
}

ALWAYS_INLINE __m256i mix_warped(const row_pair_ *pair, __m256i upper, __m256i lower) {
    const __m256i weights = _mm256_unpacklo_epi16(pair->weight_upper, pair->weight_lower);
    const __m256i half = _mm256_set1_epi32(512);
    const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(upper, lower), weights);
    const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(upper, lower), weights);
    return _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(low, half), 10),
                              _mm256_srai_epi32(_mm256_add_epi32(high, half), 10));
}

/* What is known of a crop when the loop over its pixels is compiled. */
typedef enum way_ {
    WAY_RESIZE,
    WAY_RESIZE_RAW, /* without normalisation */
    WAY_WARP
} way_;

ALWAYS_INLINE __m256i mix_pair(const row_pair_ *pair, int32_t word, way_ way) {
    const __m256i upper = load_words(pair->upper + word);
    const __m256i lower = load_words(pair->lower + word);
    return way == WAY_WARP ? mix_warped(pair, upper, lower) : mix_resized(pair, upper, lower);
}

/* 16 words 0..255 to 16 floats: 0x4B00 above a word makes the float 2^23 + word. */
ALWAYS_INLINE void store_floats(__m256i words, way_ way, float mean, float scale, float *out) {
    const __m256i exponent = _mm256_set1_epi16(0x4B00);
    const __m256 base = _mm256_set1_ps(8388608.0F);
    __m256 low = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpacklo_epi16(words, exponent)), base);
    __m256 high = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_unpackhi_epi16(words, exponent)), base);
    if (way != WAY_RESIZE_RAW) {
        low = _mm256_mul_ps(_mm256_sub_ps(low, _mm256_set1_ps(mean)), _mm256_set1_ps(scale));
        high = _mm256_mul_ps(_mm256_sub_ps(high, _mm256_set1_ps(mean)), _mm256_set1_ps(scale));
    }
    _mm256_storeu_ps(out, low);
    _mm256_storeu_ps(out + 8, high);
}

/* An output row of three planes. `whole` groups are stored in full, the columns after them through a small tile. */
ALWAYS_INLINE void emit_f32(const row_pair_ *pair, const sdst_crop_plan_ *plan, int32_t count, int32_t whole, way_ way,
                            float *const planes[3]) {
    for (int32_t group = 0; group < whole; ++group) {
        for (int c = 0; c < 3; ++c) {
            const __m256i words = mix_pair(pair, SDST_GROUP_WORDS_ * group + SDST_GROUP_ * c, way);
            store_floats(words, way, plan->mean[c], plan->scale[c], planes[c] + SDST_GROUP_ * group);
        }
    }
    const int32_t done = SDST_GROUP_ * whole;
    if (done >= count) return;
    for (int c = 0; c < 3; ++c) {
        float tile[SDST_GROUP_];
        const __m256i words = mix_pair(pair, SDST_GROUP_WORDS_ * whole + SDST_GROUP_ * c, way);
        store_floats(words, way, plan->mean[c], plan->scale[c], tile);
        memcpy(planes[c] + done, tile, (size_t)(count - done) * sizeof tile[0]);
    }
}

/* Which byte of a channel, in the order of a packed vector, goes where in 48 interleaved bytes; -1 leaves it be. */
static const int8_t INTERLEAVE[3][3][16] = {
    {{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 8, -1, -1, 9},
     {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 8, -1, -1},
     {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 8, -1}},
    {{-1, -1, 10, -1, -1, 11, -1, -1, 4, -1, -1, 5, -1, -1, 6, -1},
     {9, -1, -1, 10, -1, -1, 11, -1, -1, 4, -1, -1, 5, -1, -1, 6},
     {-1, 9, -1, -1, 10, -1, -1, 11, -1, -1, 4, -1, -1, 5, -1, -1}},
    {{-1, 7, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
     {-1, -1, 7, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
     {6, -1, -1, 7, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}},
};

/* A group of an output row as 48 interleaved bytes. */
ALWAYS_INLINE void store_bytes(const row_pair_ *pair, int32_t group, way_ way, uint8_t *out) {
    __m128i bytes[3];
    for (int c = 0; c < 3; ++c) {
        const __m256i words = mix_pair(pair, SDST_GROUP_WORDS_ * group + SDST_GROUP_ * c, way);
        bytes[c] = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    }
    for (int part = 0; part < 3; ++part) {
        __m128i mixed = _mm_setzero_si128();
        for (int c = 0; c < 3; ++c) {
            const __m128i shuffle = _mm_loadu_si128((const __m128i *)INTERLEAVE[part][c]);
            mixed = _mm_or_si128(mixed, _mm_shuffle_epi8(bytes[c], shuffle));
        }
        _mm_storeu_si128((__m128i *)(out + 16 * part), mixed);
    }
}

static void emit_u8(const row_pair_ *pair, int32_t count, way_ way, uint8_t *out) {
    const int32_t whole = count / SDST_GROUP_;
    for (int32_t group = 0; group < whole; ++group) {
        store_bytes(pair, group, way, out + SDST_GROUP_WORDS_ * group);
    }
    const int32_t rest = count - SDST_GROUP_ * whole;
    if (rest == 0) return;
    uint8_t tile[SDST_GROUP_WORDS_];
    store_bytes(pair, whole, way, tile);
    memcpy(out + SDST_GROUP_WORDS_ * whole, tile, 3 * (size_t)rest);
}

static row_pair_ pair_at(strip_ *strip, int32_t out_y) {
    const sdst_tap_ tap = sdst_tap_y_(&strip->plan->y, out_y);
    const int16_t *upper = mixed_row(strip, tap.first);
    return (row_pair_){upper, mixed_row(strip, tap.second), _mm256_set1_epi16(tap.weight_first),
                       _mm256_set1_epi16(tap.weight_second)};
}

/* Groups of an output row that may be stored in full. One that runs over the row's end spoils the start of the next
 * row, which is right when that row is still to come: in an only strip, except for the plane's last row. */
static int32_t whole_groups(const sdst_columns_ *columns, const sdst_crop_plan_ *plan, int32_t out_y) {
    const int spoils_nothing =
        columns->count == plan->out_width && plan->out_width >= SDST_GROUP_ && out_y + 1 < plan->out_height;
    return spoils_nothing ? columns->groups : columns->count / SDST_GROUP_;
}

static way_ way_of(const sdst_crop_plan_ *plan) {
    if (plan->interpolation == SDST_INTERPOLATION_OPENCV_WARP) return WAY_WARP;
    for (int c = 0; c < 3; ++c) {
        if (plan->mean[c] != 0.0F || plan->scale[c] != 1.0F) return WAY_RESIZE;
    }
    return WAY_RESIZE_RAW;
}

static void emit_strip_f32(strip_ *strip, int32_t first_column, float *out) {
    const sdst_crop_plan_ *plan = strip->plan;
    const int32_t count = strip->columns.count;
    const way_ way = way_of(plan);
    const size_t width = (size_t)plan->out_width;
    for (int32_t y = 0; y < plan->out_height; ++y) {
        const row_pair_ pair = pair_at(strip, y);
        const int32_t whole = whole_groups(&strip->columns, plan, y);
        float *planes[3];
        for (int c = 0; c < 3; ++c) {
            const size_t row = (size_t)plan->plane[c] * (size_t)plan->out_height + (size_t)y;
            planes[c] = out + row * width + (size_t)first_column;
        }
        switch (way) {
        case WAY_RESIZE:
            emit_f32(&pair, plan, count, whole, WAY_RESIZE, planes);
            break;
        case WAY_RESIZE_RAW:
            emit_f32(&pair, plan, count, whole, WAY_RESIZE_RAW, planes);
            break;
        case WAY_WARP:
            emit_f32(&pair, plan, count, whole, WAY_WARP, planes);
            break;
        }
    }
}

static void emit_strip_u8(strip_ *strip, int32_t first_column, uint8_t *out) {
    const sdst_crop_plan_ *plan = strip->plan;
    for (int32_t y = 0; y < plan->out_height; ++y) {
        const row_pair_ pair = pair_at(strip, y);
        const size_t cell = (size_t)y * (size_t)plan->out_width + (size_t)first_column;
        emit_u8(&pair, strip->columns.count, way_of(plan), out + 3 * cell);
    }
}

/* Exactly one of the two outputs is given. Returns 0, with nothing done, when a reduction is too strong for the tables.
 */
static int crop(const sdst_crop_plan_ *plan, float *out_f32, uint8_t *out_u8) {
    const int32_t step = sdst_strip_columns_(&plan->x);
    if (step == 0) return 0;
    strip_ strip;
    for (int32_t first = 0; first < plan->out_width; first += step) {
        const int32_t rest = plan->out_width - first;
        open_strip(&strip, plan, first, rest < step ? rest : step);
        if (out_f32 != NULL) {
            emit_strip_f32(&strip, first, out_f32);
        } else {
            emit_strip_u8(&strip, first, out_u8);
        }
    }
    return 1;
}

void sdst_crop_f32_avx2(const sdst_crop_plan_ *plan, float *out) {
    if (!crop(plan, out, NULL)) sdst_crop_f32_ref(plan, out);
}

void sdst_crop_u8_avx2(const sdst_crop_plan_ *plan, uint8_t *out) {
    if (!crop(plan, NULL, out)) sdst_crop_u8_ref(plan, out);
}
