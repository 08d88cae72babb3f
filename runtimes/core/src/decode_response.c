/*
 * Response maps of several scales (SiamFC): the scale of the highest peak, and in its enlarged map the best cell.
 *
 * A map is enlarged along its rows once, and down its columns one line at a time, so that no enlarged map is kept.
 * Values are differences to the map's first one: a map without contrast is then flat to the last bit.
 */
#include <math.h>

#include "config.h"
#include "contest.h"

#define CUBIC (-0.75) /* OpenCV's parameter of the cubic kernel */

/* One axis of an enlarged position: the four cells around it, the outermost repeated, and their weights. */
typedef struct tap_ {
    int32_t cell[4];
    double weight[4];
} tap_;

/* A map whose rows are enlarged. */
typedef struct map_ {
    double first; /* value of its first cell */
    double *rows; /* (size, side) differences to it */
    double *line; /* (side), of enlarged_line() */
    int32_t size;
    int32_t side;
    int32_t upsampling;
} map_;

/* Of an enlarged map, as differences to its first cell. */
typedef struct extent_ {
    double low;
    double high;
    double sum;
} extent_;

static double cubic_weight(double distance) {
    const double d = fabs(distance);
    if (d <= 1.0) return ((CUBIC + 2.0) * d - (CUBIC + 3.0)) * d * d + 1.0;
    return CUBIC * (((d - 5.0) * d + 8.0) * d - 4.0);
}

/* Centres of enlarged cells lie evenly within the cells that they come from. */
static double position_in_cells(int32_t index, int32_t upsampling) {
    return (index + 0.5) / upsampling - 0.5;
}

static tap_ tap_at(int32_t index, int32_t upsampling, int32_t size) {
    const double position = position_in_cells(index, upsampling);
    const int32_t before = (int32_t)floor(position);
    tap_ tap;
    for (int32_t k = 0; k < 4; ++k) {
        const int32_t cell = before - 1 + k;
        tap.weight[k] = cubic_weight(position - cell);
        tap.cell[k] = cell < 0 ? 0 : cell >= size ? size - 1 : cell;
    }
    return tap;
}

static void enlarge_rows(map_ *map, const float *response) {
    map->first = (double)response[0];
    for (int32_t column = 0; column < map->side; ++column) {
        const tap_ tap = tap_at(column, map->upsampling, map->size);
        for (int32_t row = 0; row < map->size; ++row) {
            const float *cells = response + row * map->size;
            double value = 0.0;
            for (int k = 0; k < 4; ++k) {
                value += tap.weight[k] * ((double)cells[tap.cell[k]] - map->first);
            }
            map->rows[row * map->side + column] = value;
        }
    }
}

static const double *enlarged_line(const map_ *map, int32_t line) {
    const tap_ tap = tap_at(line, map->upsampling, map->size);
    const double *rows[4];
    for (int k = 0; k < 4; ++k) {
        rows[k] = map->rows + tap.cell[k] * map->side;
    }
    for (int32_t column = 0; column < map->side; ++column) {
        map->line[column] = tap.weight[0] * rows[0][column] + tap.weight[1] * rows[1][column] +
                            tap.weight[2] * rows[2][column] + tap.weight[3] * rows[3][column];
    }
    return map->line;
}

static extent_ extent_of(const map_ *map) {
    extent_ extent = {HUGE_VAL, -HUGE_VAL, 0.0};
    for (int32_t line = 0; line < map->side; ++line) {
        const double *values = enlarged_line(map, line);
        for (int32_t column = 0; column < map->side; ++column) {
            extent.low = values[column] < extent.low ? values[column] : extent.low;
            extent.high = values[column] > extent.high ? values[column] : extent.high;
            extent.sum += values[column];
        }
    }
    return extent;
}

/* Factor that makes values sum to 1; 0 for values that are all 0. */
static double to_shares(double sum) {
    return sum > 0.0 ? 1.0 / sum : 0.0;
}

/* Best cell of a map, with the window; the first of equals. */
static void choose_cell(const sdst_decode_context_ *context, const map_ *map, extent_ extent, sdst_choice_ *choice) {
    double hann_sum = 0.0;
    for (int32_t i = 0; i < map->side; ++i) {
        hann_sum += context->hann[i];
    }
    const double cells = (double)map->side * (double)map->side, influence = context->config->window_influence;
    const double map_factor = (1.0 - influence) * to_shares(extent.sum - cells * extent.low);
    const double window_factor = influence * to_shares(hann_sum * hann_sum);
    choice->penalized_score = -1.0;
    for (int32_t line = 0; line < map->side; ++line) {
        const double *values = enlarged_line(map, line);
        const double line_factor = window_factor * context->hann[line];
        for (int32_t column = 0; column < map->side; ++column) {
            const double mixed = map_factor * (values[column] - extent.low) + line_factor * context->hann[column];
            if (mixed <= choice->penalized_score) continue;
            choice->penalized_score = mixed;
            choice->index = line * map->side + column;
        }
    }
}

void sdst_decode_response_(const sdst_decode_context_ *context, const sdst_outputs *outputs, sdst_choice_ *choice) {
    const sdst_tracker_config *config = context->config;
    const sdst_scale_pyramid *pyramid = &config->pyramid;
    const int32_t size = config->response_size, side = sdst_decode_side_(config);
    map_ map = {0.0, context->room + side, context->room, size, side, pyramid->upsampling};
    extent_ extent = {0.0, 0.0, 0.0};
    double best = -HUGE_VAL;
    int32_t scale = 0;
    for (int32_t i = 0; i < pyramid->count; ++i) {
        enlarge_rows(&map, outputs->score + i * size * size);
        const extent_ found = extent_of(&map);
        const double peak = (map.first + found.high) * (i == pyramid->count / 2 ? 1.0 : pyramid->penalty);
        if (peak <= best) continue;
        best = peak;
        scale = i;
        extent = found;
    }
    enlarge_rows(&map, outputs->score + scale * size * size);
    choose_cell(context, &map, extent, choice);

    const double factor = sdst_scale_factor_(config, scale);
    const double row = position_in_cells(choice->index / side, pyramid->upsampling);
    const double column = position_in_cells(choice->index % side, pyramid->upsampling);
    choice->center_x = factor * (config->point_origin_px + config->stride_px * column);
    choice->center_y = factor * (config->point_origin_px + config->stride_px * row);
    choice->index += scale * side * side;
    choice->score = sdst_sigmoid_(map.first + extent.high);
    choice->size_rate = config->size_lr;
    choice->width = factor * context->last_width;
    choice->height = factor * context->last_height;
}
