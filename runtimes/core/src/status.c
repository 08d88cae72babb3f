/* Words for status codes, and what the library says about itself. */
#include "sdst.h"

const char *sdst_status_string(sdst_status status) {
    switch (status) {
    case SDST_OK:
        return "ok";
    case SDST_ERR_NULL:
        return "a required pointer is null";
    case SDST_ERR_STRUCT_SIZE:
        return "struct_size is not that of any version of the struct";
    case SDST_ERR_VALUE:
        return "a parameter is out of its range";
    case SDST_ERR_FRAME:
        return "frame of no pixels, too large, unknown format or too short stride";
    case SDST_ERR_FRAME_CHANGED:
        return "frame of another size or format than the one at the target's start";
    case SDST_ERR_BOX:
        return "box with nan, infinity, or a side that is not positive";
    case SDST_ERR_BOX_OUTSIDE:
        return "box that does not meet the frame";
    case SDST_ERR_SHAPE:
        return "map of another shape than the configuration says";
    case SDST_ERR_NOT_FINITE:
        return "nan or infinity among the network's outputs";
    case SDST_ERR_MEMORY:
        return "out of memory";
    case SDST_ERR_NO_TARGET:
        return "no target yet: sdst_tracker_template_input comes first";
    case SDST_ERR_NO_SEARCH:
        return "no search pending: sdst_tracker_search_input comes before each sdst_tracker_decode";
    case SDST_ERR_UNSUPPORTED:
        return "a value that this version of the library does not know";
    }
    return "unknown status";
}

uint32_t sdst_abi_version(void) {
    return SDST_ABI_VERSION;
}

const char *sdst_version(void) {
    return SDST_VERSION_STRING;
}
