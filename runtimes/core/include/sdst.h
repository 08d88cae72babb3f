/*
 * libsdst: everything around the network of a Siamese tracker, and never the network itself.
 *
 *     sdst_tracker_config config = {.struct_size = sizeof config};
 *     sdst_tracker_default_config(&config);            // then set what the model's manifest says
 *     sdst_tracker *tracker = NULL;
 *     if (sdst_tracker_create(&config, &tracker) != SDST_OK) return 1;
 *
 *     sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, width, height, stride_bytes, pixels};
 *     sdst_box box = {x, y, w, h};
 *     if (sdst_tracker_template_input(tracker, &frame, &box, z) != SDST_OK) return 1;
 *     //   engine: template graph, z -> correlation kernels, kept for this target
 *     int32_t S = sdst_tracker_response_size(tracker);
 *     sdst_outputs outputs = {sizeof outputs, 1, 1, 4, S, S, score, boxes}; // points with logits; others: below
 *     sdst_result result = {.struct_size = sizeof result};
 *     while (next_picture(pixels)) {
 *         if (sdst_tracker_search_input(tracker, &frame, x) != SDST_OK) break;
 *         //   engine: search graph and head, x -> score and boxes
 *         if (sdst_tracker_decode(tracker, &outputs, &result) != SDST_OK) break;
 *         //   result.box, result.score, result.found
 *     }
 *     sdst_tracker_destroy(tracker);
 *
 * What an engine reads and writes is float32 in C order: z (3, T, T), T = template_size, and with N =
 * sdst_tracker_search_size(), S = sdst_tracker_response_size(), A = anchor_count and K = pyramid.count:
 *
 *     output_kind    x               score              boxes           families
 *     points         (3, N, N)       (1 or 2, S, S)     (4, S, S)       SiamFC++, LightTrack, FEAR, NanoTrack
 *     anchors        (3, N, N)       (2 A, S, S)        (4 A, S, S)     SiamRPN, DaSiamRPN, SiamRPN++, SiamMask
 *     response       (K, 3, N, N)    (K, 1, S, S)       none, NULL      SiamFC
 *
 * z and x of a network that begins with bytes come from sdst_tracker_template_input_u8() and
 * sdst_tracker_search_input_u8().
 *
 * Threads: every function may be called from any thread; one handle must not be used by two threads at the same
 * time. Functions without a handle are re-entrant.
 * Ownership: the caller owns every buffer; the library keeps no pointer to one after a call returns. A tracker
 * makes its one allocation in sdst_tracker_create(); no other function allocates.
 * Alignment: a buffer's is that of its type, no more. Aliasing: outputs must not overlap inputs.
 * Stack: a call uses at most 80 KiB.
 * Failure: a function that does not return SDST_OK has left the tracker as it was.
 *
 * Coordinates: 0-based, continuous, pixel i spans [i, i + 1). Boxes are (x, y, w, h) of the top left corner and the
 * size, in image pixels.
 */
#ifndef SDST_H
#define SDST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#if defined(SDST_BUILD_SHARED)
#define SDST_API __declspec(dllexport)
#elif defined(SDST_STATIC)
#define SDST_API
#else
#define SDST_API __declspec(dllimport)
#endif
#else
#define SDST_API __attribute__((visibility("default")))
#endif

/* ------------------------------------------------------------------------------------------------ library -- */

/** Bumped when a call that was valid before stops being so. Compare it after loading the library at run time. */
#define SDST_ABI_VERSION 2

/** Status of a call. Values are fixed; new ones are appended inside their family. */
typedef enum sdst_status {
    SDST_OK = 0,

    /* 0x1_: an argument */
    SDST_ERR_NULL = 0x10,          /**< a required pointer is NULL */
    SDST_ERR_STRUCT_SIZE = 0x11,   /**< struct_size is not that of any version of the struct */
    SDST_ERR_VALUE = 0x12,         /**< a parameter is out of its range */
    SDST_ERR_FRAME = 0x13,         /**< frame of no pixels, too large, unknown format or too short stride */
    SDST_ERR_FRAME_CHANGED = 0x14, /**< frame of another size or format than the one at the target's start */
    SDST_ERR_BOX = 0x15,           /**< box with NaN, infinity, or a side <= 0 */
    SDST_ERR_BOX_OUTSIDE = 0x16,   /**< box that does not meet the frame */
    SDST_ERR_SHAPE = 0x17,         /**< map of another shape than the configuration says */
    SDST_ERR_NOT_FINITE = 0x18,    /**< NaN or infinity among the network's outputs */

    /* 0x2_: a resource */
    SDST_ERR_MEMORY = 0x20, /**< out of memory */

    /* 0x3_: the order of calls */
    SDST_ERR_NO_TARGET = 0x30, /**< no sdst_tracker_template_input() yet */
    SDST_ERR_NO_SEARCH = 0x31, /**< sdst_tracker_decode() without sdst_tracker_search_input() before it */

    /* 0x4_: not supported */
    SDST_ERR_UNSUPPORTED = 0x40 /**< a value that this version of the library does not know */
} sdst_status;

/** @return A static, never NULL, lower-case description of a status, also of unknown values. */
SDST_API const char *sdst_status_string(sdst_status status);

/** @return SDST_ABI_VERSION of the library that was loaded. */
SDST_API uint32_t sdst_abi_version(void);

/** @return Version of the library as "major.minor.patch", static. */
SDST_API const char *sdst_version(void);

/**
 * @return Name of the instruction set whose kernels run: "ref" or "avx2", static. Chosen once, at the first call of
 *         a kernel or of this function; the environment variable SDST_ISA forces one. A forced set that this
 *         processor lacks, or an unknown name, falls back to "ref".
 */
SDST_API const char *sdst_isa(void);

/* ------------------------------------------------------------------------------------------------- frames -- */

typedef enum sdst_pixel_format {
    SDST_PIXEL_BGR8 = 0 /**< interleaved blue, green, red, one byte each */
} sdst_pixel_format;

/** A picture that the caller owns. Sides are at most 32767 px. */
typedef struct sdst_frame {
    uint32_t struct_size; /**< sizeof(sdst_frame) */
    int32_t format;       /**< an sdst_pixel_format */
    int32_t width;        /**< px, > 0 */
    int32_t height;       /**< px, > 0 */
    int64_t stride_bytes; /**< from a row to the next, >= 3 * width */
    const uint8_t *data;  /**< first pixel of the top row */
} sdst_frame;

/** A box in image pixels, 0-based. */
typedef struct sdst_box {
    double x; /**< left edge */
    double y; /**< top edge */
    double w; /**< width, > 0 */
    double h; /**< height, > 0 */
} sdst_box;

/**
 * Mean of each channel over the whole frame: what a border is filled with.
 * @param[in]  frame
 * @param[in]  border  SDST_BORDER_FRAME_MEAN or SDST_BORDER_FRAME_MEAN_ROUNDED: how means become whole numbers
 * @param[out] mean    3 values in the order of the frame's channels
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME, SDST_ERR_UNSUPPORTED
 */
SDST_API sdst_status sdst_frame_mean(const sdst_frame *frame, int32_t border, uint8_t mean[3]);

/* -------------------------------------------------------------------------------------------------- crops -- */

/** How a crop's corner and side become whole pixels. Sides are rounded half to even unless said otherwise. */
typedef enum sdst_rounding {
    SDST_ROUNDING_PYSOT = 0,     /**< corner = floor(centre - (side + 1) / 2 + 0.5) = floor(centre - side / 2) */
    SDST_ROUNDING_DASIAMRPN = 1, /**< corner = centre - (side + 1) / 2, half to even; LightTrack too */
    SDST_ROUNDING_SIAMFC = 2,    /**< corner = centre - (side - 1) / 2, half to even */
    SDST_ROUNDING_FEAR = 3,      /**< corner = centre - side / 2 of the side as given; both truncated towards zero */
    SDST_ROUNDING_NONE = 4       /**< the corner keeps its fraction: for SDST_INTERPOLATION_OPENCV_WARP only */
} sdst_rounding;

/** How source pixels become output pixels. */
typedef enum sdst_interpolation {
    /** Bit-identical to OpenCV's resize(INTER_LINEAR) of uint8 pictures on x86, fixed-point coefficients included. */
    SDST_INTERPOLATION_OPENCV_U8 = 0,
    /**
     * Bit-identical to OpenCV 4's warpAffine(INTER_LINEAR, BORDER_CONSTANT) of uint8 pictures; SiamFC++. Pixels
     * centre - (side - 1) / 2 and centre + (side - 1) / 2 become the first and the last of the output. For
     * SDST_ROUNDING_NONE only.
     */
    SDST_INTERPOLATION_OPENCV_WARP = 1
} sdst_interpolation;

typedef enum sdst_channel_order { SDST_CHANNELS_BGR = 0, SDST_CHANNELS_RGB = 1 } sdst_channel_order;

/** One crop: which part of the frame, what lies outside it, and what leaves the function. */
typedef struct sdst_crop {
    uint32_t struct_size;  /**< sizeof(sdst_crop) */
    int32_t rounding;      /**< an sdst_rounding */
    int32_t interpolation; /**< an sdst_interpolation */
    int32_t out_width;     /**< px, 1..4096 */
    int32_t out_height;    /**< px, 1..4096 */
    uint8_t border[4];     /**< colour outside the frame, in the order of the frame's channels; the fourth is 0 */
    double center_x;       /**< image px, of any finite value: a crop may be wholly outside */
    double center_y;       /**< likewise */
    double width;          /**< image px before rounding; it rounds to 1..32767 */
    double height;         /**< likewise */
} sdst_crop;

/** What happens to a pixel value v of channel c on its way into the network: (v - mean[c]) * scale[c]. */
typedef struct sdst_normalization {
    uint32_t struct_size;  /**< sizeof(sdst_normalization) */
    int32_t channel_order; /**< an sdst_channel_order: that of the network's input */
    float mean[3];         /**< 0..255, in the network's order of channels */
    float scale[3];        /**< 1 / standard deviation, finite, in the network's order of channels */
} sdst_normalization;

/**
 * Cuts, fills, resizes, normalises and packs in one pass.
 * @param[in]  frame
 * @param[in]  crop           may lie partly or wholly outside the frame
 * @param[in]  normalization
 * @param[out] out            (3, out_height, out_width) float32, channels first, C order
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED
 */
SDST_API sdst_status sdst_crop_f32(const sdst_frame *frame, const sdst_crop *crop,
                                   const sdst_normalization *normalization, float *out);

/**
 * The same crop as bytes, in the order of the frame's channels: what a training loader or a picture wants.
 * @param[out] out            (out_height, out_width, 3) uint8, interleaved, C order
 * @retval as sdst_crop_f32()
 */
SDST_API sdst_status sdst_crop_u8(const sdst_frame *frame, const sdst_crop *crop, uint8_t *out);

/* ------------------------------------------------------------------------------------- cross-correlations -- */

/**
 * Depthwise cross-correlation: each channel of the search features with its own kernel, stride 1, zero padding.
 *
 *     response[c][i][j] = sum over u, v of search[c][i + u - pad][j + v - pad] * kernel[c][u][v]
 *
 * Accumulates in float32 (the reference kernel too), channel by channel.
 * @param[in]  search    (channels, search_height, search_width)
 * @param[in]  kernel    (channels, kernel_height, kernel_width)
 * @param[in]  pad       cells on each of the four sides, 0 <= pad < kernel sides
 * @param[out] response  (channels, search_height + 2 pad - kernel_height + 1, likewise the width)
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_VALUE (a side or the channels <= 0 or > 4096, or an empty response)
 */
SDST_API sdst_status sdst_xcorr_depthwise_f32(const float *search, const float *kernel, int32_t channels,
                                              int32_t search_height, int32_t search_width, int32_t kernel_height,
                                              int32_t kernel_width, int32_t pad, float *response);

/**
 * Cross-correlation with kernels over all channels, stride 1, no padding: one kernel for a plain response map (SiamFC),
 * some per anchor for an up-channel one (SiamRPN, DaSiamRPN).
 *
 *     response[k][i][j] = sum over c, u, v of search[c][i + u][j + v] * kernel[k][c][u][v]
 *
 * Accumulates in float32, channel by channel.
 * @param[in]  search    (channels, search_height, search_width)
 * @param[in]  kernel    (kernels, channels, kernel_height, kernel_width)
 * @param[out] response  (kernels, search_height - kernel_height + 1, likewise the width)
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_VALUE (a side, the channels or the kernels <= 0 or > 4096, or an empty
 *         response)
 */
SDST_API sdst_status sdst_xcorr_full_f32(const float *search, const float *kernel, int32_t channels, int32_t kernels,
                                         int32_t search_height, int32_t search_width, int32_t kernel_height,
                                         int32_t kernel_width, float *response);

/**
 * Pixelwise cross-correlation: every cell of the template is a 1x1 kernel over all channels.
 *
 *     response[k][p] = sum over c of kernel[k][c] * search[c][p]
 *
 * Accumulates in float32.
 * @param[in]  search    (channels, search_cells)
 * @param[in]  kernel    (kernel_cells, channels)
 * @param[out] response  (kernel_cells, search_cells)
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_VALUE (a count <= 0 or > 1048576)
 */
SDST_API sdst_status sdst_xcorr_pixelwise_f32(const float *search, const float *kernel, int32_t channels,
                                              int32_t search_cells, int32_t kernel_cells, float *response);

/* ------------------------------------------------------------------------------------------------ tracker -- */

/** How a box becomes the side of the template crop, >= 1 px; w and h are the box's, a is context_amount. */
typedef enum sdst_context {
    SDST_CONTEXT_SQUARE = 0,     /**< one side sqrt((w + p) (h + p)), p = a (w + h); pysot */
    SDST_CONTEXT_RECTANGULAR = 1 /**< sides w (1 + 2 a) and h (1 + 2 a); FEAR */
} sdst_context;

typedef enum sdst_border {
    SDST_BORDER_FRAME_MEAN = 0,        /**< channel means of the target's first frame, truncated; kept for its life */
    SDST_BORDER_CONSTANT = 1,          /**< border_value */
    SDST_BORDER_FRAME_MEAN_ROUNDED = 2 /**< as SDST_BORDER_FRAME_MEAN, rounded half to even */
} sdst_border;

/** What the network gives, and so how it is decoded. */
typedef enum sdst_output_kind {
    SDST_OUTPUT_POINTS = 0,  /**< a score and four distances per cell */
    SDST_OUTPUT_ANCHORS = 1, /**< a score and four deltas per anchor and cell; SiamRPN */
    SDST_OUTPUT_RESPONSE = 2 /**< a response map per scale of a pyramid, and no boxes; SiamFC */
} sdst_output_kind;

/** What the channels of the score map are. */
typedef enum sdst_score_kind {
    SDST_SCORE_SOFTMAX2 = 0, /**< points: logits of background and target; anchors: A of background, A of target */
    SDST_SCORE_LOGIT = 1,    /**< points, response: logit of the target */
    SDST_SCORE_LOGIT_CENTERNESS = 2 /**< points: logits of target and centre-ness; SiamFC++ */
} sdst_score_kind;

/** How the size follows what the network says, at a rate of 0..1. */
typedef enum sdst_size_smoothing {
    SDST_SMOOTHING_NONE = 0, /**< it jumps there, whatever the rate; FEAR */
    SDST_SMOOTHING_ONCE = 1, /**< (1 - rate) size + rate new */
    SDST_SMOOTHING_TWICE = 2 /**< the same with rate * rate: the smoothed size is smoothed again; LightTrack */
} sdst_size_smoothing;

enum { SDST_MAX_ANCHORS = 16, SDST_MAX_SCALES = 9 };

/** An anchor of a cell, network px. */
typedef struct sdst_anchor {
    double width;  /**< > 0 */
    double height; /**< > 0 */
} sdst_anchor;

/** The search regions of one frame, each a factor larger than the one before, the middle one as large as without. */
typedef struct sdst_scale_pyramid {
    int32_t count;      /**< scales, odd, 1..SDST_MAX_SCALES */
    int32_t upsampling; /**< factor by which responses are enlarged (bicubic), >= 1; times response_size <= 4096 */
    double step;        /**< factor from one scale to the next, 1..2 */
    double penalty;     /**< factor on the peaks of all scales but the middle one, 0..1 */
} sdst_scale_pyramid;

/**
 * Another search region for targets that are small in their first frame (DaSiamRPN, LightTrack). Network px per image
 * px and the middle of the maps stay: search_scale and point_origin_px follow.
 */
typedef struct sdst_small_target {
    int32_t search_size;   /**< network px, 1..4096; 0 where there is no other region, and no other field is read */
    int32_t response_size; /**< cells, 1..1024 */
    double max_area_share; /**< a target of less than this share of the frame's area is small, 0..1 */
} sdst_small_target;

/**
 * All that makes a family's tracker behave as it was trained to. Passed by pointer, copied by the library. Numbers are
 * finite and at most 1e6 in magnitude; then any finite outputs of a network give a finite box.
 */
typedef struct sdst_tracker_config {
    uint32_t struct_size; /**< sizeof(sdst_tracker_config) */

    /* The network. */
    int32_t template_size; /**< side of the template input, network px, 1..4096 */
    int32_t search_size;   /**< side of the search input, network px, 1..4096 */
    int32_t response_size; /**< side of the output maps, cells, 1..1024 */
    int32_t output_kind;   /**< an sdst_output_kind */
    int32_t score_kind;    /**< an sdst_score_kind that goes with output_kind */

    /* From a box to the network's inputs. */
    int32_t context;         /**< an sdst_context */
    int32_t rounding;        /**< an sdst_rounding */
    int32_t interpolation;   /**< an sdst_interpolation */
    int32_t border;          /**< an sdst_border */
    uint8_t border_value[4]; /**< for SDST_BORDER_CONSTANT, in the order of the frame's channels; the fourth is 0 */
    sdst_normalization normalization;
    double context_amount;          /**< >= 0 */
    double search_scale;            /**< side of the search crop, >= 1 px, over side of the template crop; > 0 */
    double init_center_offset_px;   /**< added to the centre x + w / 2 at the start; -0.5 for pysot's kin, else 0 */
    sdst_small_target small_target; /**< points, anchors; none for response maps */

    /* Where cells lie, network px. */
    double stride_px;       /**< from a cell of the maps to the next, > 0 */
    double point_origin_px; /**< from the search input's centre to the first cell's point, anchor centre or response */

    /* Anchors only. */
    int32_t anchor_count;                  /**< 1..SDST_MAX_ANCHORS */
    sdst_anchor anchors[SDST_MAX_ANCHORS]; /**< in the order of the maps' channels; anchor_count of them are read */

    /* Response maps only. */
    sdst_scale_pyramid pyramid;

    /* From the outputs to the next box. */
    double window_influence; /**< share of the Hann window in the penalised score, 0..1 */
    double penalty_k;        /**< points, anchors: strength of the penalty on changes of size and aspect, >= 0 */
    double size_lr;          /**< rate at which the size follows the network, 0..1 */
    int32_t size_smoothing;  /**< an sdst_size_smoothing: what size_lr does */
    int32_t clamp_center;    /**< 1: the centre is kept inside the frame; 0: it may leave (SiamFC) */
    double min_side_px;      /**< smallest side of a reported box, image px, > 0; a frame with a smaller side wins */
    double size_offset_px;   /**< points: added to both sides of a box, network px; 1 for SiamFC++, else 0 */
    double box_offset_px;    /**< added to x and y of a reported box, image px: 0.5 for SiamFC and SiamFC++, else 0 */
    double found_threshold;  /**< a score below it reads found = 0 */
} sdst_tracker_config;

/** Where the tracker believes its target to be. */
typedef struct sdst_state {
    uint32_t struct_size; /**< sizeof(sdst_state) */
    int32_t reserved;     /**< 0 */
    double center_x;      /**< image px */
    double center_y;      /**< image px */
    double width;         /**< image px, > 0 */
    double height;        /**< image px, > 0 */
} sdst_state;

/** A network's outputs for one search input, of the current target's search and response size. */
typedef struct sdst_outputs {
    uint32_t struct_size;   /**< sizeof(sdst_outputs) */
    int32_t scales;         /**< 1, or the pyramid's count for response maps */
    int32_t score_channels; /**< 1 for SDST_SCORE_LOGIT; else 2, 2 A for A anchors */
    int32_t box_channels;   /**< 4 for points, 4 A for anchors, 0 for response maps */
    int32_t height;         /**< cells, must be the response size */
    int32_t width;          /**< cells, must be the response size */
    const float *score;     /**< (scales, score_channels, height, width); scales as in the search input */
    /**
     * Points: (4, height, width), from each cell's point to the left, top, right and bottom side, network px, >= 0.
     * Anchors: (4 A, height, width), A times dx, then dy, dw and dh: centre (dx w + x, dy h + y) and sides exp(dw) w
     * and exp(dh) h, of an anchor of w x h at x, y. Response maps: NULL.
     */
    const float *boxes;
} sdst_outputs;

typedef struct sdst_result {
    uint32_t struct_size; /**< sizeof(sdst_result); set it before the call */
    int32_t found;        /**< 0 when score < found_threshold, else 1 */
    /** Chosen cell: row * S + column, S the response size; with anchors anchor * S * S more; for response maps, where S
     *  is the side of the enlarged map, scale * S * S more. */
    int32_t best_index;
    /** Foreground probability of that cell, 0..1, without penalty and window; for response maps the sigmoid of the
     *  enlarged map's peak, which the window may have kept from being chosen. */
    float score;
    float penalized_score; /**< what the cell was chosen by */
    int32_t reserved;      /**< 0 */
    sdst_box box;          /**< image px, sides clamped, centre inside the frame where clamp_center says so */
} sdst_result;

typedef struct sdst_tracker sdst_tracker;

/**
 * Fills in the numbers of a plain tracker of points: 128 and 256 px inputs, 16 x 16 cells of 16 px, logit scores, no
 * normalisation, everything found.
 * @param[in,out] config   struct_size is read: set it first
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE
 */
SDST_API sdst_status sdst_tracker_default_config(sdst_tracker_config *config);

/**
 * @param[in]  config   validated in full and copied
 * @param[out] tracker  a handle for sdst_tracker_destroy(); untouched on failure
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_VALUE, SDST_ERR_UNSUPPORTED, SDST_ERR_MEMORY
 */
SDST_API sdst_status sdst_tracker_create(const sdst_tracker_config *config, sdst_tracker **tracker);

/** Frees a tracker. NULL is allowed. */
SDST_API void sdst_tracker_destroy(sdst_tracker *tracker);

/**
 * Takes a target: remembers its box and border colour, chooses its search region (small_target), and makes the input
 * of the template graph.
 * @param[in]  box  may stick out of the frame, must meet it
 * @param[out] z    (3, template_size, template_size) float32
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME, SDST_ERR_BOX, SDST_ERR_BOX_OUTSIDE,
 *         SDST_ERR_VALUE (the template or a search crop would be larger than 32767 px)
 */
SDST_API sdst_status sdst_tracker_template_input(sdst_tracker *tracker, const sdst_frame *frame, const sdst_box *box,
                                                 float *z);

/**
 * sdst_tracker_template_input() for a network that begins with bytes, and normalises them by its own first layer.
 * @param[out] z    (template_size, template_size, 3) uint8, interleaved, in the order of the frame's channels; the
 *                  normalisation is not applied
 * @retval as sdst_tracker_template_input()
 */
SDST_API sdst_status sdst_tracker_template_input_u8(sdst_tracker *tracker, const sdst_frame *frame, const sdst_box *box,
                                                    uint8_t *z);

/** @return Side of the current target's search input, network px; the configuration's without a target, 0 for NULL. */
SDST_API int32_t sdst_tracker_search_size(const sdst_tracker *tracker);

/** @return Side of the maps that go with sdst_tracker_search_size(), cells. */
SDST_API int32_t sdst_tracker_response_size(const sdst_tracker *tracker);

/**
 * Makes the input of the search graph around the target's last place.
 * @param[out] x  (3, size, size) float32 of sdst_tracker_search_size(); with a pyramid (count, 3, size, size), the
 *                smallest region first
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME, SDST_ERR_FRAME_CHANGED, SDST_ERR_NO_TARGET,
 *         SDST_ERR_VALUE (the crop would be larger than 32767 px)
 */
SDST_API sdst_status sdst_tracker_search_input(sdst_tracker *tracker, const sdst_frame *frame, float *x);

/**
 * sdst_tracker_search_input() for a network that begins with bytes; whether the template input was one of bytes does
 * not matter.
 * @param[out] x  (size, size, 3) uint8 of sdst_tracker_search_size(), as sdst_tracker_template_input_u8() has them;
 *                with a pyramid (count, size, size, 3), the smallest region first
 * @retval as sdst_tracker_search_input()
 */
SDST_API sdst_status sdst_tracker_search_input_u8(sdst_tracker *tracker, const sdst_frame *frame, uint8_t *x);

/**
 * Turns the network's outputs for the last search input into a box, and moves the state there.
 *
 * Points and anchors:
 *     score       = softmax or sigmoid of the score map, or the product of two sigmoids
 *     penalty     = exp(-(r s - 1) penalty_k), of sides in network px; 0 for a box without area
 *     r           = max(q, 1 / q), q = the target's w / h over the box's
 *     s           = max(q, 1 / q), q = the box's sqrt((w + p) (h + p)) over the target's, p = (w + h) / 2
 *     best        = argmax of (1 - window_influence) penalty score + window_influence window; the first of equals
 *     rate        = penalty[best] score[best] size_lr
 *     centre      = centre + offset of the box from the search input's centre
 *     size        = size of the box, which the size follows at that rate (size_smoothing)
 *
 * Response maps:
 *     map         = response of each scale, enlarged by upsampling as OpenCV's INTER_CUBIC does
 *     scale       = argmax of peak penalty, no penalty for the middle one; the first of equals
 *     share       = (map - min) / sum(map - min) of that scale
 *     best        = argmax of (1 - window_influence) share + window_influence window / sum(window); the first of equals
 *     centre      = centre + offset of that cell from the search input's centre
 *     size        = size times the scale's factor, which the size follows at the rate size_lr (size_smoothing)
 *
 * The window is the outer product of the Hann window whose ends are 0 (numpy.hanning) with itself. A network px is a
 * search_size-th of the search crop's side, as if nothing of the crop had been rounded; only with SDST_ROUNDING_FEAR
 * centre and side are those of its whole pixels. Sizes are clamped to min_side_px .. the frame's side, centres to the
 * frame (clamp_center).
 *
 * @param[in]  outputs
 * @param[out] result
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_SHAPE, SDST_ERR_NOT_FINITE, SDST_ERR_NO_TARGET,
 *         SDST_ERR_NO_SEARCH
 */
SDST_API sdst_status sdst_tracker_decode(sdst_tracker *tracker, const sdst_outputs *outputs, sdst_result *result);

/**
 * @param[out] state  struct_size is read: set it first
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_NO_TARGET
 */
SDST_API sdst_status sdst_tracker_get_state(const sdst_tracker *tracker, sdst_state *state);

/**
 * Moves the target: a detector found it again, or a test starts from a known place. Template, border colour and the
 * choice of the search region stay; outputs of a search input made before are refused.
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_NO_TARGET, SDST_ERR_BOX (not finite, or a side <= 0)
 */
SDST_API sdst_status sdst_tracker_set_state(sdst_tracker *tracker, const sdst_state *state);

/* -------------------------------------------------------------------------------------------------- views -- */

/** What a network's input shows of an image, and how its outputs are taken. */
typedef struct sdst_view {
    uint32_t struct_size; /**< sizeof(sdst_view); set it before the call */
    int32_t reserved;     /**< 0 */
    /** What the input's pixels evenly divide, image px: pixel i of n along x is taken around x + (i + 0.5) w / n. Whole
     *  pixels but for SDST_ROUNDING_NONE. */
    sdst_box window;
    double center_x; /**< image px that the decoder takes for the input's centre */
    double center_y; /**< likewise */
    double scale_x;  /**< network px per image px, as the decoder has it */
    double scale_y;  /**< likewise */
} sdst_view;

/**
 * What sdst_tracker_template_input() shows of a target: for training, which cuts its crops by other means.
 * @param[in]     config  as it is: for a small target the caller gives the one that holds for it
 * @param[in]     box     may stick out of the frame, or lie outside
 * @param[in,out] view    struct_size is read
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_UNSUPPORTED, SDST_ERR_BOX, SDST_ERR_VALUE (a number
 *         of the configuration, or the crop would be larger than 32767 px)
 */
SDST_API sdst_status sdst_template_view(const sdst_tracker_config *config, const sdst_box *box, sdst_view *view);

/**
 * What sdst_tracker_search_input() shows of a target in a state; the middle scale of a pyramid.
 * @retval as sdst_template_view()
 */
SDST_API sdst_status sdst_search_view(const sdst_tracker_config *config, const sdst_state *state, sdst_view *view);

/**
 * Any window of a picture as bytes, whole pixels or not: how training cuts what a view shows, from a frame or from a
 * larger crop. Bilinear, from positions in 1/32 px, as SDST_INTERPOLATION_OPENCV_WARP has it; the very crop of
 * SDST_ROUNDING_NONE for its view.
 * @param[in]  frame
 * @param[in]  window     px of the frame, evenly divided by the output pixels; may lie partly or wholly outside. Sides
 *                        are > 0 and at most 32767
 * @param[in]  out_width  px, 1..4096
 * @param[in]  out_height px, 1..4096
 * @param[in]  border     colour outside the frame, in the order of its channels; the fourth is 0
 * @param[out] out        (out_height, out_width, 3) uint8, interleaved, C order
 * @retval SDST_OK, SDST_ERR_NULL, SDST_ERR_STRUCT_SIZE, SDST_ERR_FRAME, SDST_ERR_VALUE
 */
SDST_API sdst_status sdst_window_u8(const sdst_frame *frame, const sdst_box *window, int32_t out_width,
                                    int32_t out_height, const uint8_t border[4], uint8_t *out);

#ifdef __cplusplus
}
#endif

#endif /* SDST_H */
