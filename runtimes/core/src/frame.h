/* Frames: what makes one valid, and the colour that fills what lies outside. */
#ifndef SDST_FRAME_H
#define SDST_FRAME_H

#include "sdst.h"

/** Longest side of a frame or of a crop, px. */
#define SDST_MAX_SIDE_PX_ 32767

/** @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME */
sdst_status sdst_frame_check_(const sdst_frame *frame);

#endif /* SDST_FRAME_H */
