/* The short way to quotients against the general one, which other tests compare with GMP. */
#include "num/quotient.h"

#include "num/power.h"
#include "num/rational.h"
#include "unit/unit.h"

#include <stdbool.h>

enum { CASES = 1000000 };

/* ---- cases ------------------------------------------------------------------------------- */

/* A word of 1 to 64 bits. */
static uint64_t random_word(uint64_t *state)
{
    const uint64_t word = unit_random(state) >> unit_random(state) % 64;
    return word == 0 ? 1 : word;
}

/* One of up to 128 bits. */
static uint128 random_wide(uint64_t *state)
{
    const uint128 wide = (uint128)unit_random(state) << 64 | unit_random(state);
    return wide >> unit_random(state) % 128;
}

static uint64_t random_double_digits(uint64_t *state)
{
    return unit_random(state) >> 11 | UINT64_C(1) << 52;
}

/* Half-way between two doubles, times a power of two, and one unit off. */
static struct quotient random_tie(uint64_t *state)
{
    const uint64_t half = 2 * random_double_digits(state) + 1;
    const uint64_t factor = 1 + (unit_random(state) & 0xffff) % 1000;
    const int shift = (int)(unit_random(state) % 54);
    const uint128 numerator = (uint128)half * factor << unit_random(state) % 60;
    const uint64_t off = unit_random(state) % 3;
    return (struct quotient){.numerator = numerator + off - 1, .denominator = factor << shift};
}

/* The square of a double's digits, or of a number half-way between two, and one unit off. */
static struct quotient random_square(uint64_t *state)
{
    const uint64_t root = 2 * random_double_digits(state) + unit_random(state) % 2;
    const uint128 square = (uint128)root * root;
    const uint64_t factor = 1 + (unit_random(state) & 0xffff) % 1000;
    const uint64_t off = unit_random(state) % 3;
    return (struct quotient){.numerator = square * factor + off - 1,
                             .denominator = factor << unit_random(state) % 54};
}

/* Sums and counts as in everyday data. */
static struct quotient random_everyday(uint64_t *state)
{
    const uint64_t count = 1 + (unit_random(state) >> (44 + unit_random(state) % 20));
    const int scale = (int)(unit_random(state) % 6);
    return (struct quotient){.numerator = unit_random(state) >> unit_random(state) % 40,
                             .denominator = count * power_ten(scale)};
}

static struct quotient random_quotient(uint64_t *state)
{
    switch (unit_random(state) % 4) {
    case 0:
        return random_tie(state);
    case 1:
        return random_square(state);
    case 2:
        return random_everyday(state);
    default:
        return (struct quotient){.numerator = random_wide(state),
                                 .denominator = random_word(state)};
    }
}

/* ---- tests ------------------------------------------------------------------------------- */

static void set_rational(struct rational *out, uint128 numerator)
{
    rational_set_decimal(out, 0, 0);
    bignat_set(&out->natural, numerator);
}

static void assert_nearest(const struct quotient *quotient)
{
    struct rational value;
    set_rational(&value, quotient->numerator);
    const double expected = rational_nearest(&value, quotient->denominator);
    const double found = quotient_nearest(quotient);
    ck_assert_msg(found == expected, "%016llx%016llx / %llx: %a, expected %a",
                  (unsigned long long)(quotient->numerator >> 64),
                  (unsigned long long)quotient->numerator,
                  (unsigned long long)quotient->denominator, found, expected);
}

START_TEST(nearest_doubles)
{
    uint64_t state = unit_seed("quotients", 1);
    for (int i = 0; i < CASES; i++) {
        const struct quotient quotient = random_quotient(&state);
        assert_nearest(&quotient);
    }
}
END_TEST

START_TEST(nearest_doubles_of_the_ends)
{
    const uint128 most = ~(uint128)0;
    const uint64_t edges[] = {1,
                              2,
                              3,
                              (UINT64_C(1) << 53) - 1,
                              UINT64_C(1) << 53,
                              (UINT64_C(1) << 53) + 1,
                              UINT64_MAX - 1,
                              UINT64_MAX};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        for (size_t k = 0; k < sizeof edges / sizeof *edges; k++) {
            assert_nearest(&(struct quotient){edges[i], edges[k]});
            assert_nearest(&(struct quotient){most - edges[i] + 1, edges[k]});
        }
        assert_nearest(&(struct quotient){0, edges[i]});
    }
}
END_TEST

START_TEST(nearest_roots)
{
    uint64_t state = unit_seed("roots", 2);
    int unseen = 0;
    for (int i = 0; i < CASES; i++) {
        const struct quotient quotient = random_quotient(&state);
        struct rational value;
        double found;
        if (!quotient_nearest_root(&quotient, &found)) {
            unseen++;
            continue;
        }
        set_rational(&value, quotient.numerator);
        const double expected = rational_nearest_root(&value, quotient.denominator);
        ck_assert_msg(found == expected, "%016llx%016llx / %llx: %a, expected %a",
                      (unsigned long long)(quotient.numerator >> 64),
                      (unsigned long long)quotient.numerator,
                      (unsigned long long)quotient.denominator, found, expected);
    }
    ck_assert_int_lt(unseen, CASES / 5); /* most of them the squares, made to be hard */
}
END_TEST

START_TEST(nearest_integers)
{
    uint64_t state = unit_seed("rounded quotients", 3);
    for (int i = 0; i < CASES; i++) {
        struct quotient quotient = random_quotient(&state);
        if (i % 4 == 0) { /* a tie of integers */
            quotient.denominator |= 1;
            quotient.numerator = (uint128)quotient.denominator * (2 * (uint64_t)(i / 4) + 1);
            if (quotient.denominator > UINT64_MAX / 2)
                continue;
            quotient.denominator *= 2;
        }
        struct rational value;
        struct number expected;
        const uint128 found = quotient_round(&quotient);
        set_rational(&value, quotient.numerator);
        if (rational_round(&value, quotient.denominator, 0, &expected) && expected.exponent == 0)
            ck_assert(found == (uint128)expected.mantissa);
    }
}
END_TEST

START_TEST(makes_what_fits)
{
    const uint128 most = ~(uint128)0;
    struct quotient quotient;
    ck_assert(quotient_make(&quotient, 7, 2, 3));
    ck_assert(quotient.numerator == 700 && quotient.denominator == 3);
    ck_assert(quotient_make(&quotient, 7, -2, 3));
    ck_assert(quotient.numerator == 7 && quotient.denominator == 300);
    ck_assert(quotient_make(&quotient, most, 0, UINT64_MAX));
    ck_assert(!quotient_make(&quotient, most, 1, 1));
    ck_assert(!quotient_make(&quotient, 1, 0, (uint128)UINT64_MAX + 1));
    ck_assert(!quotient_make(&quotient, 1, -19, 2));
    ck_assert(quotient_make(&quotient, 1, 38, 2));
    ck_assert(!quotient_make(&quotient, 1, 39, 2));
    ck_assert(!quotient_make(&quotient, 1, -76, 2));
    ck_assert(!quotient_make(&quotient, 0, 114, 2));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("quotient");
    TCase *tests = tcase_create("quotient");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, nearest_doubles);
    tcase_add_test(tests, nearest_doubles_of_the_ends);
    tcase_add_test(tests, nearest_roots);
    tcase_add_test(tests, nearest_integers);
    tcase_add_test(tests, makes_what_fits);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
