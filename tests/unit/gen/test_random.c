/* What is drawn from random bits: ranges, shares, and the shape of the exponential. */
#include "unit/unit.h"

#include "gen/random.h"

#include <math.h>

START_TEST(words_are_a_splitmix_stream)
{
    uint64_t key = 12345;
    uint64_t state = key;
    for (uint64_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(random_word(key, i), unit_random(&state));
}
END_TEST

START_TEST(numbers_stay_below_their_limit)
{
    static const uint32_t limits[] = {1, 2, 3, 265, 1000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        ck_assert_uint_eq(random_below(0, limits[i]), 0);
        ck_assert_uint_eq(random_below(UINT32_MAX, limits[i]), limits[i] - 1);
        ck_assert_uint_eq(random_skewed(0, limits[i]), 0);
        ck_assert_uint_lt(random_skewed(UINT32_MAX, limits[i]), limits[i]);
    }
    ck_assert_uint_eq(random_below(UINT32_C(1) << 31, 10), 5);
    ck_assert_uint_eq(random_skewed(UINT32_C(1) << 31, 8), 2); /* a half, squared */
}
END_TEST

START_TEST(the_exponential_is_near_the_logarithm)
{
    uint64_t state = unit_seed("the_exponential_is_near_the_logarithm", 5);
    double sum = 0;
    enum { ROUNDS = 99999, COUNTED = ROUNDS / 3 * 2 };
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t bits =
            (uint32_t)unit_random(&state) >> (i % 3 == 0 ? unit_random(&state) % 32 : 0);
        const double wanted = -log2((bits | 1) / 4294967296.0);
        const double got = random_exponential(bits) / 65536.0;
        /* A line through the ends of log2 on [1, 2] is at most 0.0861 below it. */
        ck_assert_double_le(fabs(got - wanted), 0.0862);
        sum += i % 3 == 0 ? 0 : got;
    }
    ck_assert_double_lt(fabs(sum / COUNTED - 1.5), 0.02);
    ck_assert_uint_eq(random_exponential(0), 32U << 16);
}
END_TEST

START_TEST(shares_are_picked_by_their_size)
{
    static const struct random_share shares[] = {{1, 7}, {40000, 8}, {65536, 9}};
    unsigned counts[10] = {0};
    for (uint64_t bits = 0; bits < 65536; bits++)
        counts[random_pick(shares, bits | UINT64_C(0xabc) << 16)]++;
    ck_assert_uint_eq(counts[7], 1);
    ck_assert_uint_eq(counts[8], 39999);
    ck_assert_uint_eq(counts[9], 25536);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("random");
    TCase *tests = tcase_create("random");
    tcase_add_test(tests, words_are_a_splitmix_stream);
    tcase_add_test(tests, numbers_stay_below_their_limit);
    tcase_add_test(tests, the_exponential_is_near_the_logarithm);
    tcase_add_test(tests, shares_are_picked_by_their_size);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
