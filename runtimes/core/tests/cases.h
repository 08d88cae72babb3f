/* Kernel cases: one list each, which tests run for correctness and bench runs for speed. */
#ifndef SDST_CASES_H
#define SDST_CASES_H

#include "kernels.h"

typedef struct crop_case_ {
    const char *name;
    int32_t frame_width;
    int32_t frame_height;
    double center_x;
    double center_y;
    double width;
    double height;
    int32_t out_width;
    int32_t out_height;
} crop_case_;

static const crop_case_ CROP_CASES[] = {
    {"180 inside", 1280, 720, 640.3, 360.7, 180, 180, 255, 255},
    {"400 inside", 1280, 720, 640.3, 360.7, 400, 400, 255, 255},
    {"180 across a corner", 1280, 720, 30, 700, 180, 180, 255, 255},
    {"400 across a corner", 1280, 720, 30, 700, 400, 400, 255, 255},
    {"template 90", 1280, 720, 640, 360, 90, 90, 127, 127},
    {"same size", 1280, 720, 640, 360, 256, 256, 256, 256},
    {"exact half", 1280, 720, 640, 360, 512, 512, 256, 256},
    {"fourfold down", 1280, 720, 640, 360, 1024, 700, 256, 256},
    {"to the right edge", 1280, 720, 1099.5, 360, 360, 360, 255, 255},
    {"past all edges", 320, 240, 160, 120, 900, 700, 287, 303},
    {"wholly outside", 320, 240, -500, 700, 200, 200, 127, 127},
    {"one pixel", 320, 240, 17, 19, 1, 1, 127, 127},
    {"two strips", 1280, 720, 640, 360, 700, 300, 1000, 40},
    {"many narrow strips", 2000, 30, 1000, 15, 2000, 30, 21, 5},
    {"beyond the tables", 2500, 8, 1250, 4, 2500, 8, 16, 16},
    {"narrow output", 320, 240, 160, 120, 200, 200, 7, 90},
    {"one row out", 320, 240, 160, 120, 200, 200, 64, 1},
    {"one pixel out", 320, 240, 160, 120, 200, 200, 1, 1},
};

/* The four correlations of the trackers known, then odd shapes. */
static const sdst_xcorr_dw_shape_ DEPTHWISE_CASES[] = {
    {96, 16, 16, 8, 8, 0, 9, 9},    {96, 16, 16, 8, 8, 3, 15, 15},    {256, 29, 29, 5, 5, 0, 25, 25},
    {256, 31, 31, 7, 7, 0, 25, 25}, {64, 16, 16, 8, 8, 0, 9, 9},      {1, 1, 1, 1, 1, 0, 1, 1},
    {8, 3, 5, 3, 2, 1, 3, 6},       {13, 17, 23, 4, 6, 3, 20, 24},    {8, 9, 40, 1, 1, 0, 9, 40},
    {9, 70, 60, 3, 3, 2, 72, 62},   {8, 40, 41, 20, 13, 12, 45, 53},  {16, 2, 300, 2, 5, 1, 3, 298},
    {8, 6, 1100, 3, 3, 1, 6, 1100}, {24, 33, 31, 16, 16, 15, 48, 46},
};

/* SiamFC, DaSiamRPN with its boxes and scores, for small targets, and in its large form; then odd shapes. */
static const sdst_xcorr_full_shape_ FULL_CASES[] = {
    {256, 1, 22, 22, 6, 6, 17, 17},   {256, 20, 22, 22, 4, 4, 19, 19}, {256, 10, 22, 22, 4, 4, 19, 19},
    {256, 20, 24, 24, 4, 4, 21, 21},  {512, 20, 22, 22, 4, 4, 19, 19}, {1, 1, 1, 1, 1, 1, 1, 1},
    {3, 7, 9, 8, 2, 5, 8, 4},         {2, 6, 5, 5, 5, 5, 1, 1},        {5, 4, 4, 40, 3, 1, 2, 40},
    {4, 12, 40, 3, 1, 3, 40, 1},      {33, 2, 17, 31, 16, 9, 2, 23},   {2, 5, 1, 16, 1, 1, 1, 16},
    {2, 5, 1, 15, 1, 1, 1, 15},       {1, 3, 12, 8, 1, 1, 12, 8},      {2, 171, 9, 40, 2, 3, 8, 38},
    {1, 2, 130, 130, 3, 3, 128, 128},
};

static const sdst_xcorr_pw_shape_ PIXELWISE_CASES[] = {
    {96, 256, 64}, {96, 225, 64}, {256, 256, 64}, {1, 1, 1},   {3, 5, 7},
    {600, 17, 13}, {257, 31, 6},  {40, 16, 1},    {5, 100, 5},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif /* SDST_CASES_H */
