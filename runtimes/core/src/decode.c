#include "decode.h"

#include <string.h>

#include "config.h"

int32_t sdst_decode_side_(const sdst_tracker_config *config) {
    const int enlarged = config->output_kind == SDST_OUTPUT_RESPONSE;
    return enlarged ? config->response_size * config->pyramid.upsampling : config->response_size;
}

size_t sdst_decode_room_(const sdst_tracker_config *config) {
    if (config->output_kind != SDST_OUTPUT_RESPONSE) return 0;
    return ((size_t)config->response_size + 1) * (size_t)sdst_decode_side_(config);
}

static int32_t score_channels(const sdst_tracker_config *config) {
    if (config->score_kind == SDST_SCORE_LOGIT) return 1;
    return config->output_kind == SDST_OUTPUT_ANCHORS ? 2 * config->anchor_count : 2;
}

static int32_t box_channels(const sdst_tracker_config *config) {
    if (config->output_kind == SDST_OUTPUT_RESPONSE) return 0;
    return config->output_kind == SDST_OUTPUT_ANCHORS ? 4 * config->anchor_count : 4;
}

static int all_finite(const float *values, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; ++i) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bad |= (uint32_t)((bits & 0x7F800000U) == 0x7F800000U);
    }
    return bad == 0;
}

static sdst_status check_outputs(const sdst_tracker_config *config, const sdst_outputs *outputs) {
    if (outputs->struct_size != sizeof *outputs) return SDST_ERR_STRUCT_SIZE;
    const int32_t score_maps = sdst_scales_(config) * score_channels(config), box_maps = box_channels(config);
    if (outputs->scales != sdst_scales_(config)) return SDST_ERR_SHAPE;
    if (outputs->score_channels != score_channels(config) || outputs->box_channels != box_maps) return SDST_ERR_SHAPE;
    if (outputs->height != config->response_size || outputs->width != config->response_size) return SDST_ERR_SHAPE;
    if (outputs->score == NULL || (box_maps > 0 && outputs->boxes == NULL)) return SDST_ERR_NULL;
    const size_t cells = (size_t)config->response_size * (size_t)config->response_size;
    if (!all_finite(outputs->score, (size_t)score_maps * cells)) return SDST_ERR_NOT_FINITE;
    return all_finite(outputs->boxes, (size_t)box_maps * cells) ? SDST_OK : SDST_ERR_NOT_FINITE;
}

sdst_status sdst_decode_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice) {
    const sdst_status status = check_outputs(context->config, outputs);
    if (status != SDST_OK) return status;
    switch (context->config->output_kind) {
    case SDST_OUTPUT_ANCHORS:
        sdst_decode_anchors_(context, outputs, choice);
        break;
    case SDST_OUTPUT_RESPONSE:
        sdst_decode_response_(context, outputs, choice);
        break;
    default:
        sdst_decode_points_(context, outputs, choice);
    }
    return SDST_OK;
}
