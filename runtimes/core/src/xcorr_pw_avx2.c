/*
 * Pixelwise cross-correlation with AVX2 and FMA: a matrix product in tiles of 6 template cells x 16 search cells, whose
 * sums stay in registers. The search cells of a tile are packed on the stack and used by all template cells.
 */
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "kernels.h"

enum { TILE_ROWS = 6, TILE_CELLS = 16, PANEL_CHANNELS = 256 };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static int32_t min_i32(int32_t a, int32_t b) {
    return a < b ? a : b;
}

typedef float panel_row_[TILE_CELLS];

/* Some search cells of some channels, cells beyond the map as zeros. */
static void load_panel(const float *search, size_t search_cells, int32_t channels, int32_t cells, panel_row_ *panel) {
    for (int32_t c = 0; c < channels; ++c) {
        if (cells < TILE_CELLS) memset(panel[c], 0, sizeof panel[c]);
        memcpy(panel[c], search + (size_t)c * search_cells, (size_t)cells * sizeof search[0]);
    }
}

/* Products of `rows` template cells, `kernel_stride` apart, with the panel. */
ALWAYS_INLINE void pw_tile(const float *kernel, size_t kernel_stride, int32_t channels, const panel_row_ *panel,
                           int rows, panel_row_ *tile) {
    __m256 low[TILE_ROWS], high[TILE_ROWS];
    for (int r = 0; r < rows; ++r) {
        low[r] = high[r] = _mm256_setzero_ps();
    }
    for (int32_t c = 0; c < channels; ++c) {
        const __m256 cells_low = _mm256_load_ps(panel[c]);
        const __m256 cells_high = _mm256_load_ps(panel[c] + 8);
        for (int r = 0; r < rows; ++r) {
            const __m256 tap = _mm256_broadcast_ss(kernel + (size_t)r * kernel_stride + c);
            low[r] = _mm256_fmadd_ps(tap, cells_low, low[r]);
            high[r] = _mm256_fmadd_ps(tap, cells_high, high[r]);
        }
    }
    for (int r = 0; r < rows; ++r) {
        _mm256_store_ps(tile[r], low[r]);
        _mm256_store_ps(tile[r] + 8, high[r]);
    }
}

static void store_tile(const panel_row_ *tile, int32_t rows, int32_t cells, int add, float *response,
                       size_t search_cells) {
    for (int32_t r = 0; r < rows; ++r) {
        float *out = response + (size_t)r * search_cells;
        if (!add) {
            memcpy(out, tile[r], (size_t)cells * sizeof out[0]);
            continue;
        }
        for (int32_t p = 0; p < cells; ++p) {
            out[p] += tile[r][p];
        }
    }
}

/* All template cells with one panel. `kernel` and `response` are at the panel's first channel and cell. */
static void pw_panel(const sdst_xcorr_pw_shape_ *shape, const panel_row_ *panel, int32_t channels, int32_t cells,
                     int add, const float *kernel, float *response) {
    const size_t stride = (size_t)shape->channels;
    const size_t search_cells = (size_t)shape->search_cells;
    _Alignas(32) panel_row_ tile[TILE_ROWS];
    for (int32_t k = 0; k < shape->kernel_cells; k += TILE_ROWS) {
        const float *taps = kernel + (size_t)k * stride;
        const int32_t rows = min_i32(TILE_ROWS, shape->kernel_cells - k);
        if (rows == TILE_ROWS) {
            pw_tile(taps, stride, channels, panel, TILE_ROWS, tile);
        } else {
            for (int32_t r = 0; r < rows; ++r) {
                pw_tile(taps + (size_t)r * stride, stride, channels, panel, 1, tile + r);
            }
        }
        store_tile((const panel_row_ *)tile, rows, cells, add, response + (size_t)k * search_cells, search_cells);
    }
}

void sdst_xcorr_pw_f32_avx2(const sdst_xcorr_pw_shape_ *shape, const float *search, const float *kernel,
                            float *response) {
    const size_t search_cells = (size_t)shape->search_cells;
    _Alignas(32) panel_row_ panel[PANEL_CHANNELS];
    for (int32_t p = 0; p < shape->search_cells; p += TILE_CELLS) {
        const int32_t cells = min_i32(TILE_CELLS, shape->search_cells - p);
        for (int32_t c = 0; c < shape->channels; c += PANEL_CHANNELS) {
            const int32_t channels = min_i32(PANEL_CHANNELS, shape->channels - c);
            load_panel(search + (size_t)c * search_cells + p, search_cells, channels, cells, panel);
            pw_panel(shape, (const panel_row_ *)panel, channels, cells, c > 0, kernel + c, response + p);
        }
    }
}
