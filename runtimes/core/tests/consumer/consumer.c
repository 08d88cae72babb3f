/* Loads the installed library, runs one crop through it, and checks that header and library belong together. */
#include <sdst.h>
#include <stdio.h>

int main(void) {
    const uint8_t pixel[3] = {1, 2, 3};
    const sdst_frame frame = {sizeof frame, SDST_PIXEL_BGR8, 1, 1, 3, pixel};
    uint8_t mean[3] = {0, 0, 0};
    const sdst_status status = sdst_frame_mean(&frame, mean);
    printf("libsdst %s, ABI %u, %s: %s\n", sdst_version(), (unsigned)sdst_abi_version(), sdst_isa(),
           sdst_status_string(status));
    return status == SDST_OK && mean[2] == 3 && sdst_abi_version() == SDST_ABI_VERSION ? 0 : 1;
}
