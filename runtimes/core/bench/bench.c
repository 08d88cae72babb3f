/*
 * Times every kernel of every instruction set on the cases of the tests: median microseconds of one thread.
 *
 *     sdst_bench [repetitions]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cases.h"
#include "check.h"
#include "kernels.h"

enum {
    FIRST_WARPS = 5,
    FIRST_DEPTHWISE = 5,
    FIRST_FULL = 5,
    FIRST_PIXELWISE = 3
}; /* cases of real trackers; the rest are odd shapes for tests */

typedef struct job_ {
    const sdst_kernels_ *kernels;
    sdst_crop_plan_ crop;
    sdst_xcorr_dw_shape_ depthwise;
    sdst_xcorr_full_shape_ full;
    sdst_xcorr_pw_shape_ pixelwise;
    const float *search;
    const float *kernel;
    float *out;
} job_;

typedef void (*run_job)(const job_ *job);

static void run_crop(const job_ *job) {
    job->kernels->crop_f32(&job->crop, job->out);
}

static void run_depthwise(const job_ *job) {
    job->kernels->xcorr_dw_f32(&job->depthwise, job->search, job->kernel, job->out);
}

static void run_full(const job_ *job) {
    job->kernels->xcorr_full_f32(&job->full, job->search, job->kernel, job->out);
}

static void run_pixelwise(const job_ *job) {
    job->kernels->xcorr_pw_f32(&job->pixelwise, job->search, job->kernel, job->out);
}

/* Since some moment of the same run: whole seconds since 1970 would cost the double its digits. */
static double now_us(void) {
    static time_t first;
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    if (first == 0) first = time.tv_sec;
    return 1e6 * (double)(time.tv_sec - first) + 1e-3 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median_us(run_job run, const job_ *job, int repetitions) {
    double *times = check_alloc((size_t)repetitions * sizeof *times);
    run(job);
    for (int i = 0; i < repetitions; ++i) {
        const double start = now_us();
        run(job);
        times[i] = now_us() - start;
    }
    qsort(times, (size_t)repetitions, sizeof *times, compare);
    const double median = times[repetitions / 2];
    free(times);
    return median;
}

/* One line: the reference, the fastest set of this processor, and how much that is faster. */
static void report(const char *kernel, const char *name, run_job run, job_ *job, int repetitions) {
    job->kernels = sdst_kernels_find_("ref");
    const double ref = median_us(run, job, repetitions / 10 + 1);
    job->kernels = sdst_kernels_get_();
    const double fast = median_us(run, job, repetitions);
    printf("%-10s %-34s %10.1f %10.1f %8.1f\n", kernel, name, ref, fast, ref / fast);
}

static void bench_crop(const crop_case_ *it, int warp, uint8_t *pixels, float *out, int repetitions) {
    const sdst_frame frame = {sizeof frame,     SDST_PIXEL_BGR8,     it->frame_width,
                              it->frame_height, 3 * it->frame_width, pixels};
    const sdst_crop crop = {.struct_size = sizeof crop,
                            .rounding = warp ? SDST_ROUNDING_NONE : SDST_ROUNDING_PYSOT,
                            .interpolation = warp ? SDST_INTERPOLATION_OPENCV_WARP : SDST_INTERPOLATION_OPENCV_U8,
                            .out_width = it->out_width,
                            .out_height = it->out_height,
                            .center_x = it->center_x,
                            .center_y = it->center_y,
                            .width = it->width,
                            .height = it->height};
    const sdst_normalization raw = {.struct_size = sizeof raw, .scale = {1.0F, 1.0F, 1.0F}};
    job_ job = {.out = out};
    if (sdst_crop_plan_make_(&frame, &crop, &raw, &job.crop) != SDST_OK) exit(EXIT_FAILURE);
    report(warp ? "warp" : "crop", it->name, run_crop, &job, repetitions);
}

static void bench_crops(uint8_t *pixels, float *out, int repetitions) {
    for (size_t i = 0; i < COUNT_OF(CROP_CASES); ++i) {
        bench_crop(&CROP_CASES[i], 0, pixels, out, repetitions);
    }
    for (size_t i = 0; i < FIRST_WARPS; ++i) {
        bench_crop(&CROP_CASES[i], 1, pixels, out, repetitions);
    }
}

static void bench_correlations(const float *values, float *out, int repetitions) {
    char name[64];
    for (size_t i = 0; i < FIRST_DEPTHWISE; ++i) {
        const sdst_xcorr_dw_shape_ *it = &DEPTHWISE_CASES[i];
        job_ job = {.depthwise = *it, .search = values, .kernel = values, .out = out};
        snprintf(name, sizeof name, "%dx%dx%d * %dx%d pad %d", it->channels, it->search_height, it->search_width,
                 it->kernel_height, it->kernel_width, it->pad);
        report("depthwise", name, run_depthwise, &job, repetitions);
    }
    for (size_t i = 0; i < FIRST_FULL; ++i) {
        const sdst_xcorr_full_shape_ *it = &FULL_CASES[i];
        job_ job = {.full = *it, .search = values, .kernel = values, .out = out};
        snprintf(name, sizeof name, "%dx%dx%d * %d of %dx%d", it->channels, it->search_height, it->search_width,
                 it->kernels, it->kernel_height, it->kernel_width);
        report("full", name, run_full, &job, repetitions);
    }
    for (size_t i = 0; i < FIRST_PIXELWISE; ++i) {
        const sdst_xcorr_pw_shape_ *it = &PIXELWISE_CASES[i];
        job_ job = {.pixelwise = *it, .search = values, .kernel = values, .out = out};
        snprintf(name, sizeof name, "%d channels, %d cells, %d kernels", it->channels, it->search_cells,
                 it->kernel_cells);
        report("pixelwise", name, run_pixelwise, &job, repetitions);
    }
}

int main(int argc, char **argv) {
    enum { PIXEL_BYTES = 3 * 1280 * 720, VALUES = 512 * 24 * 24, OUT_VALUES = 3 * 303 * 287 /* the largest crop */ };
    const int repetitions = argc > 1 ? atoi(argv[1]) : 300;
    if (repetitions < 1) {
        fprintf(stderr, "usage: %s [repetitions, at least 1]\n", argv[0]);
        return 2;
    }
    uint64_t seed = 1;
    uint8_t *pixels = check_alloc(PIXEL_BYTES);
    float *values = check_alloc(VALUES * sizeof *values);
    float *out = check_alloc(OUT_VALUES * sizeof *out);
    for (size_t i = 0; i < PIXEL_BYTES; ++i) {
        pixels[i] = (uint8_t)check_random(&seed);
    }
    for (size_t i = 0; i < VALUES; ++i) {
        values[i] = (float)check_random_real(&seed, -1.0, 1.0);
    }
    printf("%-10s %-34s %10s %10s %8s\n", "kernel", "case", "ref us", sdst_kernels_get_()->isa, "times");
    bench_crops(pixels, out, repetitions);
    bench_correlations(values, out, repetitions);
    free(pixels);
    free(values);
    free(out);
    return EXIT_SUCCESS;
}
