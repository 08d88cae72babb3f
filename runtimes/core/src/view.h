/* Which crops a tracker makes, and what they show: from a place to an sdst_crop, and from that to image px. */
#ifndef SDST_VIEW_H
#define SDST_VIEW_H

#include "sdst.h"

/** Where a target is, image px. */
typedef struct sdst_place_ {
    double center_x;
    double center_y;
    double width;
    double height;
} sdst_place_;

/** How the decoder takes a crop: where its middle lies in the image, and network px per image px. */
typedef struct sdst_shown_ {
    double center_x;
    double center_y;
    double scale_x;
    double scale_y;
} sdst_shown_;

/** @return Whether all is finite and both sides are > 0. */
int sdst_is_box_(const sdst_box *box);

/** @return Whether all is finite and both sides are > 0. */
int sdst_is_place_(const sdst_place_ *place);

/** @return Where a tracker starts on a box. */
sdst_place_ sdst_start_place_(const sdst_tracker_config *config, const sdst_box *box);

/** @return The template crop of a target, to be checked by sdst_crop_plan_make_(). */
sdst_crop sdst_template_crop_(const sdst_tracker_config *config, const sdst_place_ *place, const uint8_t border[4]);

/** @return The search crop of a scale of the pyramid (0 without one), to be checked likewise. */
sdst_crop sdst_search_crop_(const sdst_tracker_config *config, const sdst_place_ *place, int32_t scale,
                            const uint8_t border[4]);

/** @return What the decoder makes of a crop. */
sdst_shown_ sdst_shown_by_(const sdst_crop *crop);

#endif /* SDST_VIEW_H */
