#include "num/exact.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>

static void assert_variance(struct sample *sample, enum exact_divisor divisor, int round)
{
    struct number out;
    mpq_t variance;
    mpq_t part;
    mpq_inits(variance, part, NULL);
    const uint64_t degrees = divisor == EXACT_SAMPLE ? sample->count - 1 : sample->count;
    mpq_set_ui(part, sample->count, 1);
    mpq_mul(variance, sample->total, sample->total);
    mpq_div(variance, variance, part);
    mpq_sub(variance, sample->total_squares, variance);
    mpq_set_ui(part, degrees, 1);
    mpq_div(variance, variance, part);
    ck_assert_int_eq(
        exact_variance(&sample->sum, &sample->squares, sample->count, divisor, round, &out, NULL),
        SHEAF_OK);
    assert_quotient(variance, round, &out);
    ck_assert_int_eq(
        exact_deviation(&sample->sum, &sample->squares, sample->count, divisor, round, &out, NULL),
        SHEAF_OK);
    if (out.kind == NUMBER_DECIMAL)
        ck_assert(round >= 0 && oracle_rounded_root(variance, round, &out));
    else
        ck_assert(oracle_nearest_root(variance, out.real));
    mpq_clears(variance, part, NULL);
}

static void assert_sample(struct sample *sample, int round)
{
    struct number out;
    mpq_t mean;
    mpq_t count;
    mpq_inits(mean, count, NULL);
    assert_sum(sample->total, sample->doubles, &sample->sum, round);
    assert_sum(sample->total_squares, sample->doubles, &sample->squares, round);
    mpq_set_ui(count, sample->count, 1);
    mpq_div(mean, sample->total, count);
    ck_assert_int_eq(exact_mean(&sample->sum, sample->count, round, &out, NULL), SHEAF_OK);
    assert_quotient(mean, round, &out);
    if (sample->count > 1)
        assert_variance(sample, EXACT_SAMPLE, round);
    assert_variance(sample, EXACT_POPULATION, round);
    mpq_clears(mean, count, NULL);
}

START_TEST(statistics_are_rounded_once)
{
    uint64_t state = unit_seed("exact statistics", 1);
    for (int i = 0; i < 1500; i++) {
        struct sample sample;
        sample_open(&sample);
        const enum mixture mixture = (enum mixture)(i % MIXTURES);
        const uint64_t count = 1 + unit_random(&state) % (i % 3 == 0 ? 3 : 30);
        for (uint64_t k = 0; k < count; k++) {
            const struct number number = random_number(&state, mixture);
            sample_add(&sample, &number);
        }
        assert_sample(&sample, -1);
        assert_sample(&sample, (int)(unit_random(&state) % 39));
        sample_close(&sample);
    }
}
END_TEST

START_TEST(nothing_adds_up_to_zero)
{
    const struct exact_sum sum = {0};
    struct number out = value_of(&sum, -1);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 0);
    out = value_of(&sum, 2);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 0);
    ck_assert_int_eq(exact_mean(&sum, 0, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.kind == NUMBER_DOUBLE && isnan(out.real));
    ck_assert_int_eq(exact_variance(&sum, &sum, 1, EXACT_SAMPLE, -1, &out, NULL), SHEAF_OK);
    ck_assert(isnan(out.real));
    ck_assert_int_eq(exact_deviation(&sum, &sum, 0, EXACT_POPULATION, -1, &out, NULL), SHEAF_OK);
    ck_assert(isnan(out.real));
}
END_TEST

static void assert_special(const double *values, size_t count, double expected)
{
    struct exact_sum sum = {0};
    struct exact_sum squares = {0};
    struct number out;
    for (size_t i = 0; i < count; i++) {
        const struct number number = real(values[i]);
        add(&sum, number);
        add_square(&squares, number);
    }
    const double found[] = {value_of(&sum, -1).real, value_of(&sum, 2).real};
    for (int i = 0; i < 2; i++)
        ck_assert(isnan(expected) ? isnan(found[i]) && !signbit(found[i]) : found[i] == expected);
    ck_assert_int_eq(exact_mean(&sum, count, -1, &out, NULL), SHEAF_OK);
    ck_assert(isnan(expected) ? isnan(out.real) : out.real == expected);
    ck_assert_int_eq(exact_variance(&sum, &squares, count, EXACT_SAMPLE, 3, &out, NULL), SHEAF_OK);
    ck_assert(isnan(out.real));
    ck_assert_int_eq(exact_deviation(&sum, &squares, count, EXACT_POPULATION, -1, &out, NULL),
                     SHEAF_OK);
    ck_assert(isnan(out.real));
    exact_sum_drop(&sum, NULL);
    exact_sum_drop(&squares, NULL);
}

START_TEST(specials_prevail)
{
    const double infinity = (double)INFINITY;
    const double nan = (double)NAN;
    assert_special((double[]){1, infinity, -5}, 3, infinity);
    assert_special((double[]){-infinity, 1, -infinity}, 3, -infinity);
    assert_special((double[]){infinity, 1, -infinity}, 3, nan);
    assert_special((double[]){infinity, nan}, 2, nan);
    assert_special((double[]){1, -nan}, 2, nan);
    struct exact_sum sum = {0};
    struct exact_sum other = {0};
    add(&sum, real(infinity));
    add(&other, real(-infinity));
    merge_into(&sum, &other);
    ck_assert(isnan(value_of(&sum, -1).real));
}
END_TEST

START_TEST(sums_round_past_the_greatest_double)
{
    struct exact_sum sum = {0};
    add(&sum, real(DBL_MAX));
    add(&sum, real(DBL_MAX));
    ck_assert(value_of(&sum, -1).real == (double)INFINITY);
    add(&sum, real(-DBL_MAX));
    ck_assert(value_of(&sum, -1).real == DBL_MAX);
    exact_sum_drop(&sum, NULL);
    struct number out;
    add(&sum, real(5e-324));
    ck_assert_int_eq(exact_mean(&sum, 2, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.real == 0 && !signbit(out.real)); /* half of it: to even */
    ck_assert_int_eq(exact_mean(&sum, 1, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.real == 5e-324);
    add(&sum, real(1e-323));
    ck_assert_int_eq(exact_mean(&sum, 2, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.real == 1e-323); /* one and a half units: to even */
    exact_sum_drop(&sum, NULL);
    add(&sum, real(-5e-324));
    ck_assert_int_eq(exact_mean(&sum, 3, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.real == 0 && !signbit(out.real));
    exact_sum_drop(&sum, NULL);
    /* 2^51 and two thirds of the last bit: rounded to 53 bits first, it would be a tie. */
    const double third = ldexp(1, 51);
    add(&sum, real(ldexp(3 * third + 2, -1074)));
    ck_assert_int_eq(exact_mean(&sum, 3, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.real == ldexp(third + 1, -1074));
    exact_sum_drop(&sum, NULL);
}
END_TEST

/* A root just above one half, whose square's floor is the exact square of one half. */
START_TEST(roots_round_once)
{
    static const char *const texts[] = {"0", "1.00000000000000000000000000000000001"};
    struct exact_sum sum = {0};
    struct exact_sum squares = {0};
    struct number out;
    for (int i = 0; i < 2; i++) {
        add(&sum, number_of(texts[i]));
        add_square(&squares, number_of(texts[i]));
    }
    ck_assert_int_eq(exact_deviation(&sum, &squares, 2, EXACT_POPULATION, 0, &out, NULL), SHEAF_OK);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 1 && out.exponent == 0);
    exact_sum_drop(&sum, NULL);
    exact_sum_drop(&squares, NULL);
}
END_TEST

START_TEST(contradicting_sums_have_no_deviation)
{
    struct exact_sum sum = {0};
    const struct exact_sum squares = {0};
    struct number out;
    add(&sum, decimal(5, 0));
    ck_assert_int_eq(exact_deviation(&sum, &squares, 2, EXACT_SAMPLE, -1, &out, NULL), SHEAF_OK);
    ck_assert(out.kind == NUMBER_DOUBLE && isnan(out.real));
}
END_TEST

static void assert_mean(const char *text, uint64_t count, int round, int128 mantissa, int exponent)
{
    struct exact_sum sum = {0};
    struct number out;
    add(&sum, number_of(text));
    ck_assert_int_eq(exact_mean(&sum, count, round, &out, NULL), SHEAF_OK);
    ck_assert_uint_eq(out.kind, NUMBER_DECIMAL);
    ck_assert(out.mantissa == mantissa && out.exponent == exponent);
}

START_TEST(rounds_half_to_even)
{
    assert_mean("0.125", 1, 2, 12, -2);
    assert_mean("0.375", 1, 2, 38, -2);
    assert_mean("-0.125", 1, 2, -12, -2);
    assert_mean("2.675", 1, 2, 268, -2);
    assert_mean("5.35", 2, 2, 268, -2);
    assert_mean("5", 2, 0, 2, 0);
    assert_mean("1", 3, 5, 33333, -5);
    assert_mean("-2", 3, 5, -66667, -5);
    assert_mean("-1", 3, 0, 0, 0);
    struct exact_sum sum = {0};
    struct exact_sum squares = {0};
    struct number out;
    static const char *const texts[] = {"1", "2", "3", "4"}; /* sd = sqrt(5/3) = 1.2909944… */
    for (int i = 0; i < 4; i++) {
        const struct number number = number_of(texts[i]);
        add(&sum, number);
        add_square(&squares, number);
    }
    ck_assert_int_eq(exact_deviation(&sum, &squares, 4, EXACT_SAMPLE, 4, &out, NULL), SHEAF_OK);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 12910 && out.exponent == -4);
    ck_assert_int_eq(exact_variance(&sum, &squares, 4, EXACT_POPULATION, 1, &out, NULL), SHEAF_OK);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 12 && out.exponent == -1); /* 1.25 */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("exact results");
    TCase *tests = tcase_create("exact results");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, statistics_are_rounded_once);
    tcase_add_test(tests, nothing_adds_up_to_zero);
    tcase_add_test(tests, specials_prevail);
    tcase_add_test(tests, sums_round_past_the_greatest_double);
    tcase_add_test(tests, roots_round_once);
    tcase_add_test(tests, contradicting_sums_have_no_deviation);
    tcase_add_test(tests, rounds_half_to_even);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
