/*
 * A test harness of one header: a program lists its tests, CHECK() counts what fails, main() runs all of them.
 *
 *     static void test_thing_does_this(void) { CHECK(thing() == 1); }
 *     int main(void) { return RUN(test_thing_does_this, test_thing_does_that); }
 */
#ifndef SDST_CHECK_H
#define SDST_CHECK_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef void (*check_test)(void);

static int check_failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition);                      \
            ++check_failures;                                                                                          \
        }                                                                                                              \
    } while (0)

/* Checks a status and prints both when they differ. */
#define CHECK_STATUS(expression, expected)                                                                             \
    do {                                                                                                               \
        const int check_got = (int)(expression);                                                                       \
        if (check_got != (int)(expected)) {                                                                            \
            fprintf(stderr, "%s:%d: %s: %s is 0x%02x, expected %s\n", __FILE__, __LINE__, __func__, #expression,       \
                    (unsigned)check_got, #expected);                                                                   \
            ++check_failures;                                                                                          \
        }                                                                                                              \
    } while (0)

#define CHECK_NEAR(got, expected, tolerance) CHECK(fabs((double)(got) - (double)(expected)) <= (double)(tolerance))

/* Runs the tests and gives the exit status of the program. */
#define RUN(...)                                                                                                       \
    check_run((const check_test[]){__VA_ARGS__}, sizeof((const check_test[]){__VA_ARGS__}) / sizeof(check_test))

static inline int check_run(const check_test *tests, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        tests[i]();
    }
    printf("%zu tests, %d failed checks\n", count, check_failures);
    return check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Random numbers that are the same everywhere: xorshift64*. The state must not be 0. */
static inline uint32_t check_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * 0x2545F4914F6CDD1DULL) >> 32);
}

/* A whole number low .. high. */
static inline int32_t check_random_int(uint64_t *state, int32_t low, int32_t high) {
    return low + (int32_t)(check_random(state) % (uint32_t)(high - low + 1));
}

/* A number low .. high. */
static inline double check_random_real(uint64_t *state, double low, double high) {
    return low + (high - low) * ((double)check_random(state) / 4294967296.0);
}

/* Memory that a test cannot do without. */
static inline void *check_alloc(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

#endif /* SDST_CHECK_H */
