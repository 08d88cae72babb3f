/*
 * Cross-correlation over all channels with AVX2 and FMA.
 *
 * The response is made as wide as the search map, so that neighbouring outputs, also across the end of a row, lie under
 * neighbouring search cells: vectors are loaded where they are, and the few columns too many are dropped at the end.
 * The sums of a tile, few vectors of several kernels or many vectors of one, stay in registers while the channels of a
 * block go by; the block stays in the first-level cache while the tiles of all kernels go by.
 */
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "kernels.h"

enum {
    LANES = 8,
    GROUP_KERNELS = 5, /* 10 and 20 kernels are groups of it */
    GROUP_VECTORS = 2,
    SINGLE_VECTORS = 12, /* of a kernel alone, on a map that has so many outputs */
    TILE_VECTORS = 12,   /* at most */
    BAND_TILES = 160,    /* whose sums are on the stack: 60 KiB */
    MAX_GROUPS = 32,     /* at a time */
    BLOCK_VALUES = 4096  /* of the search map, about */
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Shape of a tile, known when its loop is compiled. */
typedef struct tile_shape_ {
    int kernels;
    int vectors; /* of outputs, per kernel */
} tile_shape_;

typedef float sums_[TILE_VECTORS][LANES]; /* of a tile, kernel by kernel */

static int32_t min_i32(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static size_t cells_of_kernel(const sdst_xcorr_full_shape_ *shape) {
    return (size_t)shape->channels * (size_t)shape->kernel_height * (size_t)shape->kernel_width;
}

/* Adds some channels to a tile. `search` is at the first output's first cell, `kernel` at the first kernel's taps. */
ALWAYS_INLINE void add_to_tile(const sdst_xcorr_full_shape_ *shape, tile_shape_ size, int32_t channels,
                               const float *search, const float *kernel, sums_ tile) {
    const size_t search_cells = (size_t)shape->search_height * (size_t)shape->search_width;
    const size_t kernel_cells = cells_of_kernel(shape);
    __m256 sums[TILE_VECTORS];
    for (int n = 0; n < size.kernels * size.vectors; ++n) {
        sums[n] = _mm256_load_ps(tile[n]);
    }
    for (int32_t c = 0; c < channels; ++c) {
        const float *row = search + (size_t)c * search_cells;
        for (int32_t u = 0; u < shape->kernel_height; ++u) {
            for (int32_t v = 0; v < shape->kernel_width; ++v) {
                for (int k = 0; k < size.kernels; ++k) {
                    const __m256 tap = _mm256_broadcast_ss(kernel + (size_t)k * kernel_cells);
                    for (int n = 0; n < size.vectors; ++n) {
                        const __m256 cells = _mm256_loadu_ps(row + v + LANES * n);
                        sums[size.vectors * k + n] = _mm256_fmadd_ps(tap, cells, sums[size.vectors * k + n]);
                    }
                }
                ++kernel;
            }
            row += shape->search_width;
        }
    }
    for (int n = 0; n < size.kernels * size.vectors; ++n) {
        _mm256_store_ps(tile[n], sums[n]);
    }
}

/* Copies outputs `first` .. `first + count - 1`, counted in rows as wide as the search map, to where they belong. */
static void store_outputs(const sdst_xcorr_full_shape_ *shape, const float *outputs, int32_t first, int32_t count,
                          float *response) {
    const int32_t end = first + count;
    while (first < end) {
        const int32_t row = first / shape->search_width;
        const int32_t column = first % shape->search_width;
        const int32_t in_row = min_i32(end - first, shape->search_width - column);
        const int32_t wanted = min_i32(in_row, shape->response_width - column);
        if (wanted > 0) {
            memcpy(response + row * shape->response_width + column, outputs, (size_t)wanted * sizeof outputs[0]);
        }
        outputs += in_row;
        first += in_row;
    }
}

/* Outputs of a kernel up to the last one that is wanted. */
static int32_t count_outputs(const sdst_xcorr_full_shape_ *shape) {
    return (shape->response_height - 1) * shape->search_width + shape->response_width;
}

/* All outputs of some groups of kernels. The last tile overlaps the one before: no load leaves the search map. */
ALWAYS_INLINE void correlate(const sdst_xcorr_full_shape_ *shape, tile_shape_ size, int32_t groups, const float *search,
                             const float *kernel, float *response) {
    const int32_t search_cells = shape->search_height * shape->search_width;
    const size_t kernel_cells = (size_t)shape->kernel_height * (size_t)shape->kernel_width; /* of a channel */
    const size_t group_cells = (size_t)size.kernels * cells_of_kernel(shape);
    const size_t response_cells = (size_t)shape->response_height * (size_t)shape->response_width;
    const int32_t width = LANES * size.vectors;
    const int32_t outputs = count_outputs(shape);
    const int32_t block = search_cells < BLOCK_VALUES ? BLOCK_VALUES / search_cells : 1;
    const int32_t band = BAND_TILES / groups * width;
    _Alignas(32) sums_ sums[BAND_TILES];
    for (int32_t next = 0; next < outputs; next += band) {
        const int32_t tiles = (min_i32(band, outputs - next) + width - 1) / width;
        memset(sums, 0, (size_t)(groups * tiles) * sizeof sums[0]);
        for (int32_t c = 0; c < shape->channels; c += block) {
            for (int32_t i = 0; i < groups * tiles; ++i) {
                const int32_t first = min_i32(next + i % tiles * width, outputs - width);
                add_to_tile(shape, size, min_i32(block, shape->channels - c),
                            search + (size_t)c * (size_t)search_cells + first,
                            kernel + (size_t)(i / tiles) * group_cells + (size_t)c * kernel_cells, sums[i]);
            }
        }
        for (int32_t i = 0; i < groups * tiles; ++i) {
            const int32_t first = min_i32(next + i % tiles * width, outputs - width);
            for (int k = 0; k < size.kernels; ++k) {
                store_outputs(shape, sums[i][size.vectors * k], first, width,
                              response + (size_t)(i / tiles * size.kernels + k) * response_cells);
            }
        }
    }
}

void sdst_xcorr_full_f32_avx2(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel,
                              float *response) {
    const int32_t outputs = count_outputs(shape);
    if (outputs < LANES * GROUP_VECTORS) {
        sdst_xcorr_full_f32_ref(shape, search, kernel, response);
        return;
    }
    const size_t kernel_cells = cells_of_kernel(shape);
    const size_t response_cells = (size_t)shape->response_height * (size_t)shape->response_width;
    for (int32_t k = 0; k < shape->kernels;) {
        const int32_t left = shape->kernels - k;
        const float *first = kernel + (size_t)k * kernel_cells;
        float *out = response + (size_t)k * response_cells;
        const int32_t groups = min_i32(left / GROUP_KERNELS, MAX_GROUPS);
        if (groups > 0) {
            correlate(shape, (tile_shape_){GROUP_KERNELS, GROUP_VECTORS}, groups, search, first, out);
        } else if (outputs >= LANES * SINGLE_VECTORS) {
            correlate(shape, (tile_shape_){1, SINGLE_VECTORS}, left, search, first, out);
        } else {
            correlate(shape, (tile_shape_){1, GROUP_VECTORS}, left, search, first, out);
        }
        k += groups > 0 ? GROUP_KERNELS * groups : left;
    }
}
