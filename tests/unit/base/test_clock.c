/* base/clock.h: CLOCK_MONOTONIC in nanoseconds. */
#include "base/clock.h"

#include "unit/unit.h"

#include <time.h>

static uint64_t system_now(void)
{
    struct timespec now;
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

START_TEST(follows_the_system)
{
    for (int i = 0; i < 1000; i++) {
        const uint64_t before = system_now();
        const uint64_t now = clock_now();
        ck_assert_uint_ge(now, before);
        ck_assert_uint_le(now, system_now());
    }
}
END_TEST

START_TEST(goes_on)
{
    const uint64_t start = clock_now();
    uint64_t now = start;
    while (now < start + 1000000) { /* ends, or the suite's time limit does */
        const uint64_t next = clock_now();
        ck_assert_uint_ge(next, now);
        now = next;
    }
}
END_TEST

static Suite *clock_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");
    tcase_add_test(tests, follows_the_system);
    tcase_add_test(tests, goes_on);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(clock_suite)
