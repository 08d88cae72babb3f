/* One allocation in create, none anywhere else, and SDST_ERR_MEMORY when there is no memory. Linked with --wrap. */
#include "tracking.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static int allocations;
static int out_of_memory;

void *__wrap_malloc(size_t bytes) {
    ++allocations;
    return out_of_memory ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    ++allocations;
    return out_of_memory ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes) {
    ++allocations;
    return out_of_memory ? NULL : __real_realloc(memory, bytes);
}

static void test_create_allocates_once(void) {
    const sdst_tracker_config config = small_config();
    sdst_tracker *tracker = NULL;
    allocations = 0;
    CHECK_STATUS(sdst_tracker_create(&config, &tracker), SDST_OK);
    CHECK(allocations == 1);
    sdst_tracker_destroy(tracker);
}

static void test_create_reports_no_memory(void) {
    const sdst_tracker_config config = small_config();
    sdst_tracker *tracker = NULL;
    out_of_memory = 1;
    CHECK_STATUS(sdst_tracker_create(&config, &tracker), SDST_ERR_MEMORY);
    out_of_memory = 0;
    CHECK(tracker == NULL);
}

static void test_frame_path_allocates_nothing(void) {
    for (int kind = SDST_OUTPUT_POINTS; kind <= SDST_OUTPUT_RESPONSE; ++kind) {
        const sdst_tracker_config config = small_config_of((sdst_output_kind)kind);
        rig_ *rig = rig_open(&config);
        rig_show(rig, 8 * 16 + 8, 3, 3, 16, 16);
        allocations = 0;
        CHECK_STATUS(rig_start(rig, 100, 80, 16, 16), SDST_OK);
        for (int frame = 0; frame < 60; ++frame) { /* wanders across the corner of the frame */
            CHECK_STATUS(rig_step(rig), SDST_OK);
        }
        static uint8_t bytes[MAX_SCALES * SEARCH_VALUES];
        const sdst_box box = {100, 80, 16, 16};
        CHECK_STATUS(sdst_tracker_template_input_u8(rig->tracker, &rig->frame, &box, bytes), SDST_OK);
        CHECK_STATUS(sdst_tracker_search_input_u8(rig->tracker, &rig->frame, bytes), SDST_OK);
        CHECK(allocations == 0);
        rig_close(rig);
    }
}

static void test_kernels_allocate_nothing(void) {
    static float search[8 * 31 * 31], kernel[8 * 7 * 7], response[8 * 25 * 25];
    allocations = 0;
    CHECK_STATUS(sdst_xcorr_depthwise_f32(search, kernel, 8, 31, 31, 7, 7, 0, response), SDST_OK);
    CHECK_STATUS(sdst_xcorr_full_f32(search, kernel, 8, 1, 31, 31, 7, 7, response), SDST_OK);
    CHECK_STATUS(sdst_xcorr_pixelwise_f32(search, kernel, 8, 256, 16, response), SDST_OK);
    CHECK(allocations == 0);
}

int main(void) {
    return RUN(test_create_allocates_once, test_create_reports_no_memory, test_frame_path_allocates_nothing,
               test_kernels_allocate_nothing);
}
