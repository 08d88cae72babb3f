/* Which instruction set runs: looked up once, then one atomic load per call. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "sdst.h"

static const sdst_kernels_ kernels_ref = {
    .isa = "ref",
    .crop_f32 = sdst_crop_f32_ref,
    .crop_u8 = sdst_crop_u8_ref,
    .xcorr_dw_f32 = sdst_xcorr_dw_f32_ref,
    .xcorr_full_f32 = sdst_xcorr_full_f32_ref,
    .xcorr_pw_f32 = sdst_xcorr_pw_f32_ref,
};

#ifdef SDST_HAVE_AVX2
static const sdst_kernels_ kernels_avx2 = {
    .isa = "avx2",
    .crop_f32 = sdst_crop_f32_avx2,
    .crop_u8 = sdst_crop_u8_avx2,
    .xcorr_dw_f32 = sdst_xcorr_dw_f32_avx2,
    .xcorr_full_f32 = sdst_xcorr_full_f32_avx2,
    .xcorr_pw_f32 = sdst_xcorr_pw_f32_avx2,
};

static int has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

const sdst_kernels_ *sdst_kernels_find_(const char *isa) {
    if (strcmp(isa, "ref") == 0) return &kernels_ref;
#ifdef SDST_HAVE_AVX2
    if (strcmp(isa, "avx2") == 0 && has_avx2()) return &kernels_avx2;
#endif
    return NULL;
}

static const sdst_kernels_ *choose(void) {
    const char *forced = getenv("SDST_ISA");
    const sdst_kernels_ *kernels = sdst_kernels_find_(forced != NULL && forced[0] != '\0' ? forced : "avx2");
    return kernels != NULL ? kernels : &kernels_ref;
}

/* Threads that race here choose the same table, so relaxed order is enough: the tables are constants. */
static _Atomic(const sdst_kernels_ *) chosen;

const sdst_kernels_ *sdst_kernels_get_(void) {
    const sdst_kernels_ *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (kernels == NULL) {
        kernels = choose();
        atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    }
    return kernels;
}

const char *sdst_isa(void) {
    return sdst_kernels_get_()->isa;
}
