/* The Hann window whose ends are 0, as numpy.hanning makes it. */
#ifndef SDST_HANN_H
#define SDST_HANN_H

#include <stdint.h>

/** Fills (size) with one factor of the window; a cell's is that of its row times that of its column. */
void sdst_hann_fill_(int32_t size, double *factors);

#endif /* SDST_HANN_H */
