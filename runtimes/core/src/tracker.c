/* The tracker: its one allocation, the order of its calls, and the state that a frame moves. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "crop.h"
#include "decode.h"
#include "frame.h"
#include "hann.h"
#include "kernels.h"
#include "sdst.h"
#include "view.h"

typedef enum phase_ {
    PHASE_EMPTY,    /* no target */
    PHASE_TARGET,   /* a target, no search input since the last decode */
    PHASE_SEARCHING /* a search input whose outputs are awaited */
} phase_;

struct sdst_tracker {
    sdst_tracker_config config;
    sdst_tracker_config target_config; /* the one that holds for the target: `config`, or that for small targets */
    phase_ phase;
    sdst_place_ place;
    int32_t frame_width; /* of the target's first frame */
    int32_t frame_height;
    int32_t frame_format;
    uint8_t border[4];
    double *room;  /* what decoding needs, behind the window */
    double hann[]; /* factors of the window that goes with target_config */
};

static void take_config(sdst_tracker *tracker, const sdst_tracker_config *config) {
    tracker->target_config = *config;
    sdst_hann_fill_(sdst_decode_side_(config), tracker->hann);
}

sdst_status sdst_tracker_create(const sdst_tracker_config *config, sdst_tracker **tracker) {
    if (config == NULL || tracker == NULL) return SDST_ERR_NULL;
    const sdst_status status = sdst_tracker_config_check_(config);
    if (status != SDST_OK) return status;
    const sdst_tracker_config small = sdst_config_for_small_target_(config);
    const int32_t side = sdst_decode_side_(config), small_side = sdst_decode_side_(&small);
    const size_t factors = (size_t)(side > small_side ? side : small_side);
    sdst_tracker *made = calloc(1, sizeof *made + (factors + sdst_decode_room_(config)) * sizeof made->hann[0]);
    if (made == NULL) return SDST_ERR_MEMORY;
    made->config = *config;
    made->room = made->hann + factors;
    made->phase = PHASE_EMPTY;
    take_config(made, config);
    *tracker = made;
    return SDST_OK;
}

void sdst_tracker_destroy(sdst_tracker *tracker) {
    free(tracker);
}

static sdst_status plan(const sdst_tracker_config *config, const sdst_frame *frame, const sdst_crop *crop,
                        sdst_crop_plan_ *made) {
    return sdst_crop_plan_make_(frame, crop, &config->normalization, made);
}

static int is_small(const sdst_tracker_config *config, const sdst_frame *frame, const sdst_box *box) {
    const double area = (double)frame->width * (double)frame->height;
    return config->small_target.search_size != 0 && box->w * box->h < config->small_target.max_area_share * area;
}

static sdst_status check_box(const sdst_box *box, const sdst_frame *frame) {
    if (!sdst_is_box_(box)) return SDST_ERR_BOX;
    if (box->x >= frame->width || box->y >= frame->height) return SDST_ERR_BOX_OUTSIDE;
    return box->x + box->w > 0.0 && box->y + box->h > 0.0 ? SDST_OK : SDST_ERR_BOX_OUTSIDE;
}

/* Where a network's input goes: exactly one of the two is given. */
typedef struct input_ {
    float *f32;
    uint8_t *u8;
} input_;

static int is_given(const input_ *input) {
    return input->f32 != NULL || input->u8 != NULL;
}

/* The crop of one scale, 3 values for each pixel, behind those of the scales before it. */
static void cut(const sdst_crop_plan_ *made, const input_ *input, size_t scale) {
    const size_t first = scale * 3 * (size_t)made->out_width * (size_t)made->out_height;
    if (input->u8 != NULL) {
        sdst_kernels_get_()->crop_u8(made, input->u8 + first);
    } else {
        sdst_kernels_get_()->crop_f32(made, input->f32 + first);
    }
}

static sdst_status take_target(sdst_tracker *tracker, const sdst_frame *frame, const sdst_box *box,
                               const input_ *input) {
    if (tracker == NULL || box == NULL || !is_given(input)) return SDST_ERR_NULL;
    sdst_status status = sdst_frame_check_(frame);
    if (status == SDST_OK) status = check_box(box, frame);
    if (status != SDST_OK) return status;

    const int small = is_small(&tracker->config, frame, box);
    const sdst_tracker_config chosen = small ? sdst_config_for_small_target_(&tracker->config) : tracker->config;
    const sdst_tracker_config *config = &chosen;
    const sdst_place_ place = sdst_start_place_(config, box);
    uint8_t border[4];
    memcpy(border, config->border_value, sizeof border);
    if (config->border != SDST_BORDER_CONSTANT) status = sdst_frame_mean(frame, config->border, border);
    if (status != SDST_OK) return status;
    /* The search crop is planned too: a target that no search could follow is refused at its start. */
    sdst_crop_plan_ made;
    sdst_crop crop = sdst_search_crop_(config, &place, sdst_scales_(config) - 1, border); /* the largest */
    status = plan(config, frame, &crop, &made);
    if (status != SDST_OK) return status;
    crop = sdst_template_crop_(config, &place, border);
    status = plan(config, frame, &crop, &made);
    if (status != SDST_OK) return status;

    cut(&made, input, 0);
    take_config(tracker, config);
    tracker->phase = PHASE_TARGET;
    tracker->place = place;
    tracker->frame_width = frame->width;
    tracker->frame_height = frame->height;
    tracker->frame_format = frame->format;
    memcpy(tracker->border, border, sizeof border);
    return SDST_OK;
}

sdst_status sdst_tracker_template_input(sdst_tracker *tracker, const sdst_frame *frame, const sdst_box *box, float *z) {
    return take_target(tracker, frame, box, &(input_){.f32 = z});
}

sdst_status sdst_tracker_template_input_u8(sdst_tracker *tracker, const sdst_frame *frame, const sdst_box *box,
                                           uint8_t *z) {
    return take_target(tracker, frame, box, &(input_){.u8 = z});
}

int32_t sdst_tracker_search_size(const sdst_tracker *tracker) {
    return tracker == NULL ? 0 : tracker->target_config.search_size;
}

int32_t sdst_tracker_response_size(const sdst_tracker *tracker) {
    return tracker == NULL ? 0 : tracker->target_config.response_size;
}

static sdst_status search(sdst_tracker *tracker, const sdst_frame *frame, const input_ *input) {
    if (tracker == NULL || !is_given(input)) return SDST_ERR_NULL;
    sdst_status status = sdst_frame_check_(frame);
    if (status != SDST_OK) return status;
    if (tracker->phase == PHASE_EMPTY) return SDST_ERR_NO_TARGET;
    const int same = frame->width == tracker->frame_width && frame->height == tracker->frame_height &&
                     frame->format == tracker->frame_format;
    if (!same) return SDST_ERR_FRAME_CHANGED;

    const sdst_tracker_config *config = &tracker->target_config;
    for (int32_t scale = 0; scale < sdst_scales_(config); ++scale) {
        const sdst_crop crop = sdst_search_crop_(config, &tracker->place, scale, tracker->border);
        sdst_crop_plan_ made;
        status = plan(config, frame, &crop, &made);
        if (status != SDST_OK) return status;
        cut(&made, input, (size_t)scale);
    }
    tracker->phase = PHASE_SEARCHING;
    return SDST_OK;
}

sdst_status sdst_tracker_search_input(sdst_tracker *tracker, const sdst_frame *frame, float *x) {
    return search(tracker, frame, &(input_){.f32 = x});
}

sdst_status sdst_tracker_search_input_u8(sdst_tracker *tracker, const sdst_frame *frame, uint8_t *x) {
    return search(tracker, frame, &(input_){.u8 = x});
}

/* Size between the smallest side and the frame's. A frame below the smallest side wins: no box is larger than it. */
static double clamp_side(double side, double min_side, double frame_side) {
    return fmin(fmax(side, min_side), frame_side);
}

static double clamp_center(double center, double frame_side) {
    return fmin(fmax(center, 0.0), frame_side);
}

/* What of a change of size is made. */
static double smoothed(int32_t size_smoothing, double rate) {
    if (size_smoothing == SDST_SMOOTHING_NONE) return 1.0;
    return size_smoothing == SDST_SMOOTHING_TWICE ? rate * rate : rate;
}

/* The target's next place: it jumps to the chosen centre, its size follows at a rate. */
static sdst_place_ moved(const sdst_tracker *tracker, const sdst_shown_ *shown, const sdst_choice_ *choice) {
    const sdst_tracker_config *config = &tracker->target_config;
    const sdst_place_ *last = &tracker->place;
    const double rate = smoothed(config->size_smoothing, choice->size_rate);
    const double width = last->width * (1.0 - rate) + choice->width / shown->scale_x * rate;
    const double height = last->height * (1.0 - rate) + choice->height / shown->scale_y * rate;
    const double center_x = shown->center_x + choice->center_x / shown->scale_x;
    const double center_y = shown->center_y + choice->center_y / shown->scale_y;
    return (sdst_place_){
        .center_x = config->clamp_center ? clamp_center(center_x, tracker->frame_width) : center_x,
        .center_y = config->clamp_center ? clamp_center(center_y, tracker->frame_height) : center_y,
        .width = clamp_side(width, config->min_side_px, tracker->frame_width),
        .height = clamp_side(height, config->min_side_px, tracker->frame_height),
    };
}

static sdst_box reported_box(const sdst_place_ *place, double offset) {
    return (sdst_box){place->center_x - place->width / 2.0 + offset, place->center_y - place->height / 2.0 + offset,
                      place->width, place->height};
}

sdst_status sdst_tracker_decode(sdst_tracker *tracker, const sdst_outputs *outputs, sdst_result *result) {
    if (tracker == NULL || outputs == NULL || result == NULL) return SDST_ERR_NULL;
    if (result->struct_size != sizeof *result) return SDST_ERR_STRUCT_SIZE;
    if (tracker->phase == PHASE_EMPTY) return SDST_ERR_NO_TARGET;
    if (tracker->phase != PHASE_SEARCHING) return SDST_ERR_NO_SEARCH;

    const sdst_tracker_config *config = &tracker->target_config;
    const sdst_crop crop = sdst_search_crop_(config, &tracker->place, sdst_scales_(config) / 2, tracker->border);
    const sdst_shown_ shown = sdst_shown_by_(&crop);
    const sdst_decode_context_ context = {
        .config = config,
        .hann = tracker->hann,
        .room = tracker->room,
        .last_width = tracker->place.width * shown.scale_x,
        .last_height = tracker->place.height * shown.scale_y,
    };
    sdst_choice_ choice;
    const sdst_status status = sdst_decode_(&context, outputs, &choice);
    if (status != SDST_OK) return status;

    const sdst_place_ place = moved(tracker, &shown, &choice);
    tracker->place = place;
    tracker->phase = PHASE_TARGET;
    *result = (sdst_result){
        .struct_size = sizeof *result,
        .found = choice.score >= config->found_threshold,
        .best_index = choice.index,
        .score = (float)choice.score,
        .penalized_score = (float)choice.penalized_score,
        .box = reported_box(&place, config->box_offset_px),
    };
    return SDST_OK;
}

sdst_status sdst_tracker_get_state(const sdst_tracker *tracker, sdst_state *state) {
    if (tracker == NULL || state == NULL) return SDST_ERR_NULL;
    if (state->struct_size != sizeof *state) return SDST_ERR_STRUCT_SIZE;
    if (tracker->phase == PHASE_EMPTY) return SDST_ERR_NO_TARGET;
    *state = (sdst_state){
        .struct_size = sizeof *state,
        .center_x = tracker->place.center_x,
        .center_y = tracker->place.center_y,
        .width = tracker->place.width,
        .height = tracker->place.height,
    };
    return SDST_OK;
}

sdst_status sdst_tracker_set_state(sdst_tracker *tracker, const sdst_state *state) {
    if (tracker == NULL || state == NULL) return SDST_ERR_NULL;
    if (state->struct_size != sizeof *state) return SDST_ERR_STRUCT_SIZE;
    if (tracker->phase == PHASE_EMPTY) return SDST_ERR_NO_TARGET;
    const sdst_place_ place = {state->center_x, state->center_y, state->width, state->height};
    if (!sdst_is_place_(&place)) return SDST_ERR_BOX;
    tracker->place = place;
    tracker->phase = PHASE_TARGET; /* outputs of a search around the old place mean nothing here */
    return SDST_OK;
}
