/* SDST_ISA: run with "ref", "avx2", an unknown name, or without; argv[1] is the answer expected. */
#include <string.h>

#include "check.h"
#include "kernels.h"
#include "sdst.h"

static const char *expected;

static void test_isa_is_as_forced(void) {
    const char *wanted = sdst_kernels_find_(expected) != NULL ? expected : "ref"; /* a processor may lack it */
    CHECK(strcmp(sdst_isa(), wanted) == 0);
    CHECK(sdst_kernels_get_() == sdst_kernels_find_(wanted));
}

static void test_unknown_sets_have_no_kernels(void) {
    CHECK(sdst_kernels_find_("mmx") == NULL);
    CHECK(sdst_kernels_find_("") == NULL);
}

int main(int argc, char **argv) {
    expected = argc > 1 ? argv[1] : "ref";
    return RUN(test_isa_is_as_forced, test_unknown_sets_have_no_kernels);
}
