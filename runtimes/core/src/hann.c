#include "hann.h"

#include <math.h>

#define PI 3.14159265358979323846

void sdst_hann_fill_(int32_t size, double *factors) {
    for (int32_t i = 0; i < size; ++i) {
        factors[i] = size == 1 ? 1.0 : 0.5 + 0.5 * cos(PI * (1 - size + 2 * i) / (size - 1));
    }
}
