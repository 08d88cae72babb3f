/* The x half of the AVX2 crop: loads, byte shuffles to words, multiply-add of word pairs. */
#include "crop_mix_avx2.h"

#include <immintrin.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Two 16-byte halves of a vector. */
ALWAYS_INLINE __m256i load_two(const uint8_t *low, const uint8_t *high) {
    const __m128i half = _mm_loadu_si128((const __m128i *)low);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(half), _mm_loadu_si128((const __m128i *)high), 1);
}

/* Two 8-byte halves of a half vector. */
ALWAYS_INLINE __m128i load_apart(const uint8_t *low, const uint8_t *high) {
    const __m128i half = _mm_loadl_epi64((const __m128i *)low);
    return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(half), (const __m64 *)high));
}

/* Four 8-byte quarters of a vector, at offsets 0, 1 and 4, 5. */
ALWAYS_INLINE __m256i load_four(const uint8_t *source, const int32_t *offsets) {
    const __m128i low = load_apart(source + offsets[0], source + offsets[1]);
    const __m128i high = load_apart(source + offsets[4], source + offsets[5]);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

ALWAYS_INLINE __m256i load_table(const void *table) {
    return _mm256_load_si256((const __m256i *)table);
}

/* Both taps of eight outputs as words, per channel: first four outputs in the low half. */
ALWAYS_INLINE void taps_of_quads(const uint8_t *source, const int32_t *offsets, const uint8_t (*shuffles)[16],
                                 __m256i taps[3]) {
    const __m256i one = _mm256_set1_epi8(1);
    const __m256i pixels = load_two(source + offsets[0], source + offsets[1]);
    __m256i shuffle = load_table(shuffles); /* of channel 0; the next channel is a byte further */
    for (int c = 0; c < 3; ++c) {
        taps[c] = _mm256_shuffle_epi8(pixels, shuffle);
        shuffle = _mm256_add_epi8(shuffle, one);
    }
}

/* The same from vectors whose halves hold two outputs each: dwords of bytes channel by channel, then words. */
ALWAYS_INLINE void taps_of_pairs(__m256i even_pairs, __m256i odd_pairs, const uint8_t (*shuffles)[16],
                                 __m256i taps[3]) {
    const __m256i even = _mm256_shuffle_epi8(even_pairs, load_table(shuffles));
    const __m256i odd = _mm256_shuffle_epi8(odd_pairs, load_table(shuffles + 2));
    const __m256i channels_01 = _mm256_unpacklo_epi32(even, odd);
    const __m256i channel_2 = _mm256_unpackhi_epi32(even, odd);
    const __m256i zero = _mm256_setzero_si256();
    taps[0] = _mm256_unpacklo_epi8(channels_01, zero);
    taps[1] = _mm256_unpackhi_epi8(channels_01, zero);
    taps[2] = _mm256_unpacklo_epi8(channel_2, zero);
}

/* Taps of outputs 8 half .. 8 half + 7 of a group. */
ALWAYS_INLINE void load_taps(const sdst_columns_ *columns, sdst_reach_ reach, int32_t group, int half,
                             const uint8_t *source, __m256i taps[3]) {
    const int per_half = (int)reach; /* loads of eight outputs */
    const int32_t *offsets = columns->offsets + (2 * group + half) * per_half;
    if (reach == SDST_REACH_QUAD) {
        taps_of_quads(source, offsets, columns->shuffles + 4 * group + 2 * half, taps);
        return;
    }
    const uint8_t (*shuffles)[16] = columns->shuffles + 8 * group + 4 * half;
    if (reach == SDST_REACH_PAIR) {
        taps_of_pairs(load_two(source + offsets[0], source + offsets[2]),
                      load_two(source + offsets[1], source + offsets[3]), shuffles, taps);
    } else {
        taps_of_pairs(load_four(source, offsets), load_four(source, offsets + 2), shuffles, taps);
    }
}

ALWAYS_INLINE void mix_row_with(const sdst_columns_ *columns, sdst_reach_ reach, const uint8_t *source, int16_t *row) {
    for (int32_t group = 0; group < columns->groups; ++group) {
        const __m256i weights_low = load_table(columns->weights + SDST_GROUP_ * group);
        const __m256i weights_high = load_table(columns->weights + SDST_GROUP_ * group + 8);
        __m256i low[3], high[3];
        load_taps(columns, reach, group, 0, source, low);
        load_taps(columns, reach, group, 1, source, high);
        for (int c = 0; c < 3; ++c) {
            const __m256i mixed_low = _mm256_srai_epi32(_mm256_madd_epi16(low[c], weights_low), 4);
            const __m256i mixed_high = _mm256_srai_epi32(_mm256_madd_epi16(high[c], weights_high), 4);
            const __m256i words = _mm256_packs_epi32(mixed_low, mixed_high);
            _mm256_store_si256((__m256i *)(row + SDST_GROUP_WORDS_ * group + SDST_GROUP_ * c), words);
        }
    }
}

void sdst_mix_row_avx2_(const sdst_columns_ *columns, const uint8_t *source, int16_t *row) {
    switch (columns->reach) {
    case SDST_REACH_QUAD:
        mix_row_with(columns, SDST_REACH_QUAD, source, row);
        return;
    case SDST_REACH_PAIR:
        mix_row_with(columns, SDST_REACH_PAIR, source, row);
        return;
    case SDST_REACH_SINGLE:
        mix_row_with(columns, SDST_REACH_SINGLE, source, row);
        return;
    }
}
