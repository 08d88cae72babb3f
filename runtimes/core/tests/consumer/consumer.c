/* The example of sdst.h as a program of its own, on the installed library: an engine that sees the target one cell to
 * the right of the middle. */
#include <sdst.h>
#include <stdio.h>

enum { WIDTH = 64, HEIGHT = 48, CELLS = 16 * 16, TARGET_CELL = 8 * 16 + 8 };

static uint8_t pixels[HEIGHT][WIDTH][3];
static float z[3 * 128 * 128], x[3 * 256 * 256];
static float score[CELLS], ltrb[4 * CELLS];

static void run_engine(void) {
    for (int i = 0; i < CELLS; ++i) {
        score[i] = i == TARGET_CELL ? 8.0F : -8.0F;
    }
    for (int i = 0; i < 4 * CELLS; ++i) {
        ltrb[i] = 32.0F;
    }
}

int main(void) {
    sdst_tracker_config config = {.struct_size = sizeof config};
    if (sdst_tracker_default_config(&config) != SDST_OK) return 1;
    sdst_tracker *tracker = NULL;
    if (sdst_tracker_create(&config, &tracker) != SDST_OK) return 1;

    const sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, WIDTH, HEIGHT, sizeof pixels[0], &pixels[0][0][0]};
    const sdst_box box = {20, 10, 16, 16};
    const sdst_outputs outputs = {sizeof outputs, 1, 1, 4, 16, 16, score, ltrb};
    sdst_result result = {.struct_size = sizeof result};
    sdst_status status = sdst_tracker_template_input(tracker, &frame, &box, z);
    if (status == SDST_OK) status = sdst_tracker_search_input(tracker, &frame, x);
    run_engine();
    if (status == SDST_OK) status = sdst_tracker_decode(tracker, &outputs, &result);
    sdst_tracker_destroy(tracker);

    printf("libsdst %s, ABI %u, %s: %s, box at %g, %g\n", sdst_version(), (unsigned)sdst_abi_version(), sdst_isa(),
           sdst_status_string(status), result.box.x, result.box.y);
    /* The cell's point is 8 network px right of and below the centre, a quarter of that in the image. */
    return status == SDST_OK && result.box.x == 22.0 && sdst_abi_version() == SDST_ABI_VERSION ? 0 : 1;
}
