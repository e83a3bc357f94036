/* tests/unit/unit.h - what every unit test program shares: one suite, one main, a printed seed. */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The seed of a property test: SHEAF_TEST_SEED, or the one given; printed, so that a failure can
 * be repeated. */
static inline uint64_t unit_seed(const char *test, uint64_t otherwise)
{
    const char *text = getenv("SHEAF_TEST_SEED");
    const uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : otherwise;
    printf("%s: seed %llu\n", test, (unsigned long long)seed);
    return seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014): the next random word. */
static inline uint64_t unit_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Defines main: runs the suite that `make_suite` gives and fails when a test fails. */
#define UNIT_MAIN(make_suite)                                                                      \
    int main(void)                                                                                 \
    {                                                                                              \
        SRunner *runner = srunner_create(make_suite());                                            \
        srunner_run_all(runner, CK_ENV);                                                           \
        const int failed = srunner_ntests_failed(runner);                                          \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
