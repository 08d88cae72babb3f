/*
 * Depthwise cross-correlation with AVX2 and FMA.
 *
 * Eight channels are interleaved on the stack, so that every load is aligned, every lane is useful at any width, and a
 * row of up to 12 outputs stays in registers while the taps go by. Large maps are done in bands of rows.
 */
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "kernels.h"

enum {
    LANES = 8,            /* channels of a vector */
    SEARCH_CELLS = 1024,  /* of a band, padded left and right */
    KERNEL_CELLS = 256,   /* larger kernels are left to the reference */
    RESPONSE_CELLS = 768, /* of a band */
    BLOCK_COLUMNS = 12    /* outputs in registers, beside one kernel tap */
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float lanes_[LANES];

/* Eight channels of a band, 64 KiB. */
typedef struct band_ {
    _Alignas(32) lanes_ search[SEARCH_CELLS]; /* rows of padded_width */
    _Alignas(32) lanes_ kernel[KERNEL_CELLS];
    _Alignas(32) lanes_ response[RESPONSE_CELLS];
    int32_t padded_width;
    int32_t first_row; /* of the search map in `search` */
} band_;

ALWAYS_INLINE void transpose(__m256 rows[LANES]) {
    __m256 pairs[LANES], quads[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xEE);
        quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; ++i) {
        rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
    }
}

/* From eight planes to cells of eight lanes. The last vector overlaps the one before; fewer than 8 cells go singly. */
static void interleave(const float *planes, size_t plane_stride, int32_t cells, lanes_ *out) {
    if (cells < LANES) {
        for (int32_t j = 0; j < cells * LANES; ++j) {
            out[j / LANES][j % LANES] = planes[(size_t)(j % LANES) * plane_stride + (size_t)(j / LANES)];
        }
        return;
    }
    for (int32_t i = 0; i < cells; i += LANES) {
        const int32_t at = i + LANES <= cells ? i : cells - LANES;
        __m256 rows[LANES];
        for (int c = 0; c < LANES; ++c) {
            rows[c] = _mm256_loadu_ps(planes + (size_t)c * plane_stride + (size_t)at);
        }
        transpose(rows);
        for (int c = 0; c < LANES; ++c) {
            _mm256_store_ps(out[at + c], rows[c]);
        }
    }
}

/* The way back. */
static void deinterleave(const lanes_ *cells_in, int32_t cells, float *planes, size_t plane_stride) {
    if (cells < LANES) {
        for (int32_t j = 0; j < cells * LANES; ++j) {
            planes[(size_t)(j % LANES) * plane_stride + (size_t)(j / LANES)] = cells_in[j / LANES][j % LANES];
        }
        return;
    }
    for (int32_t i = 0; i < cells; i += LANES) {
        const int32_t at = i + LANES <= cells ? i : cells - LANES;
        __m256 rows[LANES];
        for (int c = 0; c < LANES; ++c) {
            rows[c] = _mm256_load_ps(cells_in[at + c]);
        }
        transpose(rows);
        for (int c = 0; c < LANES; ++c) {
            _mm256_storeu_ps(planes + (size_t)c * plane_stride + (size_t)at, rows[c]);
        }
    }
}

/* `columns` neighbouring outputs of a row, kernel rows first_u .. end_u - 1; `search` is at the first of both. */
ALWAYS_INLINE void dw_columns(const sdst_xcorr_dw_shape_ *shape, const band_ *band, const lanes_ *search,
                              int32_t first_u, int32_t end_u, int columns, lanes_ *response) {
    __m256 sums[BLOCK_COLUMNS];
    for (int n = 0; n < columns; ++n) {
        sums[n] = _mm256_setzero_ps();
    }
    for (int32_t u = first_u; u < end_u; ++u) {
        const lanes_ *kernel = band->kernel + u * shape->kernel_width;
        for (int32_t v = 0; v < shape->kernel_width; ++v) {
            const __m256 tap = _mm256_load_ps(kernel[v]);
            for (int n = 0; n < columns; ++n) {
                sums[n] = _mm256_fmadd_ps(tap, _mm256_load_ps(search[v + n]), sums[n]);
            }
        }
        search += band->padded_width;
    }
    for (int n = 0; n < columns; ++n) {
        _mm256_store_ps(response[n], sums[n]);
    }
}

static void dw_block(const sdst_xcorr_dw_shape_ *shape, const band_ *band, const lanes_ *search, int32_t first_u,
                     int32_t end_u, int32_t columns, lanes_ *response) {
#define SDST_CASE(n)                                                                                                   \
    case n:                                                                                                            \
        dw_columns(shape, band, search, first_u, end_u, n, response);                                                  \
        return
    switch (columns) {
        SDST_CASE(1);
        SDST_CASE(2);
        SDST_CASE(3);
        SDST_CASE(4);
        SDST_CASE(5);
        SDST_CASE(6);
        SDST_CASE(7);
        SDST_CASE(8);
        SDST_CASE(9);
        SDST_CASE(10);
        SDST_CASE(11);
        SDST_CASE(12);
    default:
        return;
    }
#undef SDST_CASE
}

static int32_t max_i32(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t min_i32(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* Search rows that output rows first .. first + rows - 1 need, interleaved between columns of zeros. */
static void load_band(const sdst_xcorr_dw_shape_ *shape, const float *search, int32_t first, int32_t rows,
                      band_ *band) {
    const size_t plane = (size_t)shape->search_height * (size_t)shape->search_width;
    const int32_t end_row = min_i32(first + rows - 1 - shape->pad + shape->kernel_height, shape->search_height);
    band->first_row = max_i32(first - shape->pad, 0);
    const size_t pad_bytes = (size_t)shape->pad * sizeof(lanes_);
    for (int32_t y = band->first_row; y < end_row; ++y) {
        lanes_ *row = band->search + (y - band->first_row) * band->padded_width;
        memset(row, 0, pad_bytes);
        interleave(search + (size_t)y * (size_t)shape->search_width, plane, shape->search_width, row + shape->pad);
        memset(row + shape->pad + shape->search_width, 0, pad_bytes);
    }
}

/* Output row i, in blocks of nearly equal width. */
static void dw_row(const sdst_xcorr_dw_shape_ *shape, const band_ *band, int32_t i, lanes_ *response) {
    const int32_t first_u = max_i32(0, shape->pad - i);
    const int32_t end_u = min_i32(shape->kernel_height, shape->search_height + shape->pad - i);
    const lanes_ *search = band->search + (i + first_u - shape->pad - band->first_row) * band->padded_width;
    const int32_t width = shape->response_width;
    const int32_t blocks = (width + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
    int32_t column = 0;
    for (int32_t block = 0; block < blocks; ++block) {
        const int32_t end = (block + 1) * width / blocks;
        dw_block(shape, band, search + column, first_u, end_u, end - column, response + column);
        column = end;
    }
}

/* Output rows of a band, or 0 when the stack's buffers are too small for one. */
static int32_t rows_of_band(const sdst_xcorr_dw_shape_ *shape, int32_t padded_width) {
    if (shape->kernel_height * shape->kernel_width > KERNEL_CELLS) return 0;
    const int32_t by_search = SEARCH_CELLS / padded_width - shape->kernel_height + 1;
    const int32_t by_response = RESPONSE_CELLS / shape->response_width;
    return max_i32(0, min_i32(shape->response_height, min_i32(by_search, by_response)));
}

void sdst_xcorr_dw_f32_avx2(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel,
                            float *response) {
    const size_t search_cells = (size_t)shape->search_height * (size_t)shape->search_width;
    const size_t kernel_cells = (size_t)shape->kernel_height * (size_t)shape->kernel_width;
    const size_t response_cells = (size_t)shape->response_height * (size_t)shape->response_width;
    band_ band;
    band.padded_width = shape->search_width + 2 * shape->pad;
    const int32_t band_rows = rows_of_band(shape, band.padded_width);
    const size_t blocked = band_rows > 0 ? (size_t)shape->channels / LANES * LANES : 0;

    for (size_t c = 0; c < blocked; c += LANES) {
        interleave(kernel + c * kernel_cells, kernel_cells, (int32_t)kernel_cells, band.kernel);
        for (int32_t first = 0; first < shape->response_height; first += band_rows) {
            const int32_t rows = min_i32(band_rows, shape->response_height - first);
            load_band(shape, search + c * search_cells, first, rows, &band);
            for (int32_t i = 0; i < rows; ++i) {
                dw_row(shape, &band, first + i, band.response + i * shape->response_width);
            }
            float *out = response + c * response_cells + (size_t)first * (size_t)shape->response_width;
            deinterleave(band.response, rows * shape->response_width, out, response_cells);
        }
    }
    if (blocked < (size_t)shape->channels) {
        sdst_xcorr_dw_shape_ rest = *shape;
        rest.channels -= (int32_t)blocked;
        sdst_xcorr_dw_f32_ref(&rest, search + blocked * search_cells, kernel + blocked * kernel_cells,
                              response + blocked * response_cells);
    }
}
