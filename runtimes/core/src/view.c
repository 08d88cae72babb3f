/* From boxes and states to crops and to what these show. */
#include <math.h>
#include <stddef.h>

#include "config.h"
#include "crop.h"
#include "view.h"

/* Sides of the template crop in image px, before rounding, at least 1: targets may be a fraction of a pixel. */
typedef struct sides_ {
    double width;
    double height;
} sides_;

int sdst_is_place_(const sdst_place_ *place) {
    if (!isfinite(place->center_x) || !isfinite(place->center_y)) return 0;
    return isfinite(place->width) && isfinite(place->height) && place->width > 0.0 && place->height > 0.0;
}

int sdst_is_box_(const sdst_box *box) {
    return sdst_is_place_(&(sdst_place_){box->x, box->y, box->w, box->h});
}

sdst_place_ sdst_start_place_(const sdst_tracker_config *config, const sdst_box *box) {
    return (sdst_place_){
        .center_x = box->x + box->w / 2.0 + config->init_center_offset_px,
        .center_y = box->y + box->h / 2.0 + config->init_center_offset_px,
        .width = box->w,
        .height = box->h,
    };
}

static sides_ template_sides(const sdst_tracker_config *config, const sdst_place_ *place) {
    sides_ sides;
    if (config->context == SDST_CONTEXT_RECTANGULAR) {
        const double growth = 1.0 + 2.0 * config->context_amount;
        sides = (sides_){place->width * growth, place->height * growth};
    } else {
        const double context = config->context_amount * (place->width + place->height);
        sides.width = sides.height = sqrt((place->width + context) * (place->height + context));
    }
    return (sides_){fmax(sides.width, 1.0), fmax(sides.height, 1.0)};
}

static sdst_crop crop_of(const sdst_tracker_config *config, const sdst_place_ *place, sides_ sides, int32_t out_size,
                         const uint8_t border[4]) {
    return (sdst_crop){
        .struct_size = sizeof(sdst_crop),
        .rounding = config->rounding,
        .interpolation = config->interpolation,
        .out_width = out_size,
        .out_height = out_size,
        .border = {border[0], border[1], border[2], 0},
        .center_x = place->center_x,
        .center_y = place->center_y,
        .width = sides.width,
        .height = sides.height,
    };
}

sdst_crop sdst_template_crop_(const sdst_tracker_config *config, const sdst_place_ *place, const uint8_t border[4]) {
    return crop_of(config, place, template_sides(config, place), config->template_size, border);
}

sdst_crop sdst_search_crop_(const sdst_tracker_config *config, const sdst_place_ *place, int32_t scale,
                            const uint8_t border[4]) {
    sides_ sides = template_sides(config, place);
    const double factor = config->search_scale * sdst_scale_factor_(config, scale);
    sides = (sides_){fmax(sides.width * factor, 1.0), fmax(sides.height * factor, 1.0)};
    return crop_of(config, place, sides, config->search_size, border);
}

sdst_shown_ sdst_shown_by_(const sdst_crop *crop) {
    const sdst_span_ x = sdst_crop_span_(crop->rounding, crop->center_x, crop->width);
    const sdst_span_ y = sdst_crop_span_(crop->rounding, crop->center_y, crop->height);
    return (sdst_shown_){x.center, y.center, crop->out_width / x.side, crop->out_height / y.side};
}

static sdst_status view_of(const sdst_crop *crop, sdst_view *view) {
    sdst_span_ x, y;
    const sdst_status status = sdst_crop_window_(crop, &x, &y);
    if (status != SDST_OK) return status;
    const sdst_shown_ shown = sdst_shown_by_(crop);
    *view = (sdst_view){
        .struct_size = sizeof *view,
        .window = {x.center - x.side / 2.0, y.center - y.side / 2.0, x.side, y.side},
        .center_x = shown.center_x,
        .center_y = shown.center_y,
        .scale_x = shown.scale_x,
        .scale_y = shown.scale_y,
    };
    return SDST_OK;
}

sdst_status sdst_template_view(const sdst_tracker_config *config, const sdst_box *box, sdst_view *view) {
    if (config == NULL || box == NULL || view == NULL) return SDST_ERR_NULL;
    if (view->struct_size != sizeof *view) return SDST_ERR_STRUCT_SIZE;
    const sdst_status status = sdst_tracker_config_check_(config);
    if (status != SDST_OK) return status;
    if (!sdst_is_box_(box)) return SDST_ERR_BOX;
    const sdst_place_ place = sdst_start_place_(config, box);
    const sdst_crop crop = sdst_template_crop_(config, &place, config->border_value);
    return view_of(&crop, view);
}

sdst_status sdst_search_view(const sdst_tracker_config *config, const sdst_state *state, sdst_view *view) {
    if (config == NULL || state == NULL || view == NULL) return SDST_ERR_NULL;
    if (state->struct_size != sizeof *state || view->struct_size != sizeof *view) return SDST_ERR_STRUCT_SIZE;
    const sdst_status status = sdst_tracker_config_check_(config);
    if (status != SDST_OK) return status;
    const sdst_place_ place = {state->center_x, state->center_y, state->width, state->height};
    if (!sdst_is_place_(&place)) return SDST_ERR_BOX;
    const sdst_crop crop = sdst_search_crop_(config, &place, sdst_scales_(config) / 2, config->border_value);
    return view_of(&crop, view);
}
