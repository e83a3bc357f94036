#include "num/compare.h"

#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <math.h>

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static struct number decimal(int128 mantissa, int exponent)
{
    return (struct number){
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
}

static struct number real(double value)
{
    return (struct number){.real = value, .kind = NUMBER_DOUBLE};
}

static struct number random_number(uint64_t *state)
{
    return unit_random(state) % 2 == 0 ? oracle_random_decimal(state) : oracle_random_double(state);
}

START_TEST(orders_specials)
{
    const double infinity = (double)INFINITY;
    const struct number rising[] = {real(-infinity), real(-1e308),     decimal(-1, 38),
                                    real(0),         decimal(1, -38),  decimal(1, 0),
                                    real(1.5),       decimal(1, 38),   real(1e308),
                                    real(infinity),  real((double)NAN)};
    const size_t count = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            ck_assert_int_eq(sign(number_compare(&rising[i], &rising[j])), sign((int)i - (int)j));
    }
    const struct number zero = decimal(0, -38);
    const struct number one_and_half = decimal(150, -2);
    ck_assert_int_eq(number_compare(&zero, &rising[3]), 0);
    ck_assert_int_eq(number_compare(&one_and_half, &rising[6]), 0);
}
END_TEST

/* A double is not the decimal that it is read from. */
START_TEST(tells_a_tenth_from_its_double)
{
    const struct number exact = decimal(1, -1);
    const struct number nearest = real(0.1);
    ck_assert_int_lt(number_compare(&exact, &nearest), 0);
    const struct number big = decimal((int128)9007199254740993, 0);
    const struct number bigger = real(9007199254740994.0);
    const struct number smaller = real(9007199254740992.0);
    ck_assert_int_lt(number_compare(&big, &bigger), 0);
    ck_assert_int_gt(number_compare(&big, &smaller), 0);
}
END_TEST

/* The same value, written otherwise. */
static struct number lowest_terms(struct number number)
{
    while (number.mantissa != 0 && number.mantissa % 10 == 0 && number.exponent < 38) {
        number.mantissa /= 10;
        number.exponent++;
    }
    return number;
}

START_TEST(compares_and_subtracts_exactly)
{
    uint64_t state = unit_seed("compare", 1);
    mpq_t x, y, z;
    mpq_inits(x, y, z, NULL);
    for (int i = 0; i < 50000; i++) {
        const struct number a = random_number(&state);
        struct number b = random_number(&state);
        if (i % 7 == 0 && a.kind == NUMBER_DECIMAL)
            b = lowest_terms(a);
        oracle_set(x, &a);
        oracle_set(y, &b);
        ck_assert_int_eq(sign(number_compare(&a, &b)), sign(mpq_cmp(x, y)));
        mpq_sub(z, x, y);
        const struct number difference = number_subtract(&a, &b);
        if (a.kind == NUMBER_DECIMAL && b.kind == NUMBER_DECIMAL)
            ck_assert(oracle_sum(z, &difference));
        else
            ck_assert(difference.kind == NUMBER_DOUBLE && oracle_nearest(z, difference.real));
    }
    mpq_clears(x, y, z, NULL);
}
END_TEST

/* The exact difference is rounded, not a double that is near it. */
START_TEST(rounds_a_difference_once)
{
    uint64_t state = unit_seed("rounded difference", 4);
    mpq_t x, y;
    mpq_inits(x, y, NULL);
    for (int i = 0; i < 50000; i++) {
        struct number a = random_number(&state);
        const struct number b = random_number(&state);
        const int digits = (int)(unit_random(&state) % 39);
        if (i % 3 == 0) /* near a tie */
            a = decimal((int128)(unit_random(&state) % 20000) * 10 + 5, -digits - 1);
        if (a.exponent < NUMBER_EXPONENT_MIN)
            continue;
        oracle_set(x, &a);
        oracle_set(y, &b);
        mpq_sub(x, x, y);
        const struct number out = number_subtract_rounded(&a, &b, digits);
        if (out.kind == NUMBER_DECIMAL)
            ck_assert(oracle_rounded(x, digits, &out));
        else
            ck_assert(fabs(out.real) >= pow(10, 37 - digits) && oracle_nearest(x, out.real));
        const struct number all = number_subtract_rounded(&a, &b, -1);
        const struct number same = number_subtract(&a, &b);
        ck_assert(all.kind == same.kind && number_compare(&all, &same) == 0);
    }
    const struct number half = decimal(5, -1);
    const struct number tiny = real(-1e-60);
    const struct number out = number_subtract_rounded(&half, &tiny, 0);
    ck_assert(out.kind == NUMBER_DECIMAL && out.mantissa == 1 && out.exponent == 0);
    const struct number infinity = real((double)INFINITY);
    ck_assert(number_subtract_rounded(&half, &infinity, 2).real == -(double)INFINITY);
    mpq_clears(x, y, NULL);
}
END_TEST

START_TEST(one_of_equal_numbers_stays)
{
    struct number single = real(0.5);
    single.exponent = NUMBER_SINGLE;
    const struct number ranks[] = {decimal(5, -1), real(0.5), single};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            ck_assert_int_eq(number_outranks(&ranks[i], &ranks[j]), i < j);
    }
}
END_TEST

START_TEST(subtracts_specials)
{
    const struct number infinity = real((double)INFINITY);
    const struct number one = decimal(1, 0);
    struct number out = number_subtract(&infinity, &one);
    ck_assert(out.real == (double)INFINITY);
    out = number_subtract(&one, &infinity);
    ck_assert(out.real == -(double)INFINITY);
    out = number_subtract(&infinity, &infinity);
    ck_assert(isnan(out.real) && !signbit(out.real));
}
END_TEST

static void assert_rounds(struct number number, int digits, int128 mantissa, int exponent)
{
    const struct number expected = decimal(mantissa, exponent);
    const struct number found = number_round(&number, digits);
    ck_assert_uint_eq(found.kind, NUMBER_DECIMAL);
    ck_assert_int_eq(number_compare(&found, &expected), 0);
}

START_TEST(rounds_half_to_even)
{
    assert_rounds(decimal(125, -3), 2, 12, -2);
    assert_rounds(decimal(135, -3), 2, 14, -2);
    assert_rounds(decimal(-125, -3), 2, -12, -2);
    assert_rounds(decimal(1251, -4), 2, 13, -2);
    assert_rounds(decimal(2675, -3), 2, 268, -2);
    assert_rounds(real(2.675), 2, 267, -2); /* the double lies below */
    assert_rounds(real(0.125), 2, 12, -2);
    assert_rounds(decimal(5, -1), 0, 0, 0);
    assert_rounds(decimal(15, -1), 0, 2, 0);
    assert_rounds(decimal(-4, -1), 0, 0, 0);
    assert_rounds(decimal(995, -3), 2, 100, -2);
    assert_rounds(decimal(7, 3), 2, 7000, 0);
    assert_rounds(real(5e-324), 38, 0, 0);
    assert_rounds(real(1e22), 3, 1, 22);
}
END_TEST

START_TEST(rounds_random_numbers)
{
    uint64_t state = unit_seed("round", 2);
    mpq_t value;
    mpq_init(value);
    for (int i = 0; i < 50000; i++) {
        const struct number number = random_number(&state);
        const int digits = (int)(unit_random(&state) % 39);
        const struct number out = number_round(&number, digits);
        oracle_set(value, &number);
        if (out.kind == NUMBER_DECIMAL)
            ck_assert(oracle_rounded(value, digits, &out));
        else
            ck_assert(number.kind == NUMBER_DOUBLE && out.real == number.real);
    }
    struct number out = real((double)NAN);
    out = number_round(&out, 2);
    ck_assert(isnan(out.real));
    out = real(-(double)INFINITY);
    out = number_round(&out, 2);
    ck_assert(out.real == -(double)INFINITY);
    mpq_clear(value);
}
END_TEST

/* What a single is marked with does not count, and nothing computed from it carries the mark. */
START_TEST(the_mark_of_singles_means_nothing)
{
    uint64_t state = unit_seed("singles", 3);
    for (int i = 0; i < 10000; i++) {
        struct number number = {.real = (double)(float)(oracle_random_double(&state).real / 3),
                                .kind = NUMBER_DOUBLE};
        if (!isfinite(number.real))
            continue;
        struct number single = number;
        single.exponent = NUMBER_SINGLE;
        const struct number other = random_number(&state);
        ck_assert_int_eq(number_compare(&number, &single), 0);
        ck_assert_int_eq(number_compare(&single, &other), number_compare(&number, &other));
        const struct number expected = number_subtract(&number, &other);
        const struct number out = number_subtract(&single, &other);
        ck_assert(out.kind == NUMBER_DOUBLE && out.exponent == 0 && out.real == expected.real);
        const struct number rounded = number_round(&single, 2);
        ck_assert(rounded.kind == NUMBER_DECIMAL || rounded.exponent == NUMBER_SINGLE);
        const struct number unmarked = number_round(&number, 2);
        ck_assert_int_eq(number_compare(&rounded, &unmarked), 0);
    }
    const struct number infinite = {
        .real = (double)INFINITY, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
    const struct number out = number_subtract(&infinite, &infinite);
    ck_assert(isnan(out.real) && out.exponent == 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("compare");
    TCase *tests = tcase_create("compare");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, orders_specials);
    tcase_add_test(tests, tells_a_tenth_from_its_double);
    tcase_add_test(tests, compares_and_subtracts_exactly);
    tcase_add_test(tests, rounds_a_difference_once);
    tcase_add_test(tests, one_of_equal_numbers_stays);
    tcase_add_test(tests, subtracts_specials);
    tcase_add_test(tests, rounds_half_to_even);
    tcase_add_test(tests, rounds_random_numbers);
    tcase_add_test(tests, the_mark_of_singles_means_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
