/*
 * The table of kernels: one per instruction set, one chosen for the life of the process.
 *
 * To add a kernel: declare its pointer here, write its plain version in <op>_ref.c, its fast one in <op>_<isa>.c, put
 * both into the tables of dispatch.c, and add a case list to tests/cases.h.
 */
#ifndef SDST_KERNELS_H
#define SDST_KERNELS_H

#include <stdint.h>

#include "crop.h"

/** Shape of a depthwise cross-correlation; see sdst_xcorr_depthwise_f32() for what it computes. */
typedef struct sdst_xcorr_dw_shape_ {
    int32_t channels;
    int32_t search_height;
    int32_t search_width;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t pad;
    int32_t response_height; /* derived */
    int32_t response_width;  /* derived */
} sdst_xcorr_dw_shape_;

/** Shape of a cross-correlation over all channels; see sdst_xcorr_full_f32() for what it computes. */
typedef struct sdst_xcorr_full_shape_ {
    int32_t channels;
    int32_t kernels;
    int32_t search_height;
    int32_t search_width;
    int32_t kernel_height;
    int32_t kernel_width;
    int32_t response_height; /* derived */
    int32_t response_width;  /* derived */
} sdst_xcorr_full_shape_;

/** Shape of a pixelwise cross-correlation; see sdst_xcorr_pixelwise_f32() for what it computes. */
typedef struct sdst_xcorr_pw_shape_ {
    int32_t channels;
    int32_t search_cells;
    int32_t kernel_cells;
} sdst_xcorr_pw_shape_;

/** Kernels trust their arguments: the public functions have checked them. */
typedef struct sdst_kernels_ {
    const char *isa;
    void (*crop_f32)(const sdst_crop_plan_ *plan, float *out);
    void (*crop_u8)(const sdst_crop_plan_ *plan, uint8_t *out);
    void (*xcorr_dw_f32)(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel, float *response);
    void (*xcorr_full_f32)(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel,
                           float *response);
    void (*xcorr_pw_f32)(const sdst_xcorr_pw_shape_ *shape, const float *search, const float *kernel, float *response);
} sdst_kernels_;

void sdst_crop_f32_ref(const sdst_crop_plan_ *plan, float *out);
void sdst_crop_u8_ref(const sdst_crop_plan_ *plan, uint8_t *out);
void sdst_xcorr_dw_f32_ref(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel,
                           float *response);
void sdst_xcorr_full_f32_ref(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel,
                             float *response);
void sdst_xcorr_pw_f32_ref(const sdst_xcorr_pw_shape_ *shape, const float *search, const float *kernel,
                           float *response);

#ifdef SDST_HAVE_AVX2
void sdst_crop_f32_avx2(const sdst_crop_plan_ *plan, float *out);
void sdst_crop_u8_avx2(const sdst_crop_plan_ *plan, uint8_t *out);
void sdst_xcorr_dw_f32_avx2(const sdst_xcorr_dw_shape_ *shape, const float *search, const float *kernel,
                            float *response);
void sdst_xcorr_full_f32_avx2(const sdst_xcorr_full_shape_ *shape, const float *search, const float *kernel,
                              float *response);
void sdst_xcorr_pw_f32_avx2(const sdst_xcorr_pw_shape_ *shape, const float *search, const float *kernel,
                            float *response);
#endif

/** @return The kernels to run, chosen at the first call. */
const sdst_kernels_ *sdst_kernels_get_(void);

/** @return The kernels of the instruction set of that name, or NULL when this build or processor lacks it. */
const sdst_kernels_ *sdst_kernels_find_(const char *isa);

#endif /* SDST_KERNELS_H */
