/* num/extract.h and exact_sum_add_reals: every instruction set gives what the plain one does, and
 * sums of many doubles are those of one after the other. */
#include "num/extract.h"

#include "num/exact.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = 3000 };

enum mixture {
    ALIKE,
    SPREAD,
    ZEROS,
    PRICES,
    ANY_BITS,
    TINY,
    HUGE_ONES,
    SPECIALS,
    CANCELLING,
    MIXTURES
};

static double any_bits(uint64_t *seed)
{
    const uint64_t bits = unit_random(seed);
    double value;
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 0;
}

static double unit_real(uint64_t *seed)
{
    return (double)(int64_t)unit_random(seed) * 0x1p-63;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double random_real(uint64_t *seed, enum mixture mixture)
{
    const uint64_t draw = unit_random(seed) % 64;
    switch (mixture) {
    case SPREAD:
        return ldexp(unit_real(seed), (int)(unit_random(seed) % 240) - 120);
    case ZEROS:
        return draw < 60 ? (draw % 2 == 0 ? 0.0 : -0.0) : unit_real(seed);
    case PRICES:
        return (double)(unit_random(seed) % 100000) / 100;
    case ANY_BITS:
        return any_bits(seed);
    case TINY:
        return ldexp(unit_real(seed), -1000 - (int)(unit_random(seed) % 80));
    case HUGE_ONES:
        return ldexp(unit_real(seed), 1023 - (int)(unit_random(seed) % 20));
    case SPECIALS:
        return draw == 0 ? NAN : draw == 1 ? INFINITY : draw == 2 ? -INFINITY : unit_real(seed);
    case CANCELLING:
        return (draw % 2 == 0 ? 1 : -1) * (1e15 + (double)draw) + (draw == 3 ? 0x1p-30 : 0);
    default:
        return unit_real(seed);
    }
}

static size_t fill(double *values, uint64_t *seed, enum mixture mixture)
{
    const size_t count = unit_random(seed) % (unit_random(seed) % 4 == 0 ? MOST : 40);
    for (size_t i = 0; i < count; i++)
        values[i] = random_real(seed, mixture);
    return count;
}

static void add_each(struct exact_sum *sum, const double *values, size_t count, double sign)
{
    for (size_t i = 0; i < count; i++) {
        const struct number number = {.real = sign * values[i] + 0.0, .kind = NUMBER_DOUBLE};
        ck_assert_int_eq(exact_sum_add(sum, &number, NULL, "x", NULL), SHEAF_OK);
    }
}

/* The sets agree to the bit; where they say so, the sums are exact. */
START_TEST(every_set_is_the_plain_one)
{
    uint64_t seed = unit_seed("every_set_is_the_plain_one", 71);
    static double values[MOST + 1];
    int exact = 0;
    for (int round = 0; round < 3000; round++) {
        double *at = values + round % 2; /* also where no vector is aligned */
        size_t count = fill(at, &seed, (enum mixture)_i);
        count = count > EXTRACT_VALUES ? EXTRACT_VALUES : count;
        double expected[EXTRACT_MANY] = {0};
        size_t levels = 0;
        const bool good = extract_sum(extract_table[0], at, count, expected, &levels);
        for (size_t set = 1; set < extract_table_length; set++) {
            double sums[EXTRACT_MANY] = {0};
            size_t own = 0;
            if (!extract_table[set]->is_available())
                continue;
            ck_assert_int_eq(extract_sum(extract_table[set], at, count, sums, &own), good);
            ck_assert(!good || own == levels);
            for (size_t level = 0; level < levels && good; level++)
                ck_assert_uint_eq(bits_of(sums[level]), bits_of(expected[level]));
        }
        if (!good)
            continue;
        struct exact_sum sum = {.small = 0};
        struct number number;
        add_each(&sum, at, count, 1);
        add_each(&sum, expected, levels, -1);
        ck_assert_int_eq(exact_sum_value(&sum, -1, &number, NULL), SHEAF_OK);
        ck_assert(number.kind == NUMBER_DOUBLE ? number.real == 0 : number.mantissa == 0);
        exact_sum_drop(&sum, NULL);
        exact++;
    }
    const bool always = _i == ALIKE || _i == ZEROS || _i == PRICES || _i == CANCELLING;
    ck_assert(!always || exact == 3000);
}
END_TEST

static void check_same(const struct exact_sum *a, const struct exact_sum *b)
{
    struct number first;
    struct number second;
    ck_assert_int_eq(exact_sum_value(a, -1, &first, NULL), SHEAF_OK);
    ck_assert_int_eq(exact_sum_value(b, -1, &second, NULL), SHEAF_OK);
    ck_assert_int_eq(first.kind, second.kind);
    if (first.kind == NUMBER_DECIMAL)
        ck_assert(first.mantissa == second.mantissa && first.exponent == second.exponent);
    else
        ck_assert(bits_of(first.real) == bits_of(second.real) ||
                  (isnan(first.real) && isnan(second.real)));
}

/* Against one number after the other, and against it taken off again: the total is 0. */
START_TEST(sums_of_many_are_those_of_each)
{
    uint64_t seed = unit_seed("sums_of_many_are_those_of_each", 72);
    static double values[MOST];
    static uint32_t selection[MOST];
    for (int round = 0; round < 1000; round++) {
        const size_t count = fill(values, &seed, (enum mixture)_i);
        uint32_t selected = 0;
        for (uint32_t i = 0; i < count; i++)
            if (unit_random(&seed) % 3 != 0)
                selection[selected++] = i;
        const bool selects = round % 4 == 0;
        const struct exact_reals reals = {.values = values,
                                          .selection = selects ? selection : NULL,
                                          .selected = selects ? selected : (uint32_t)count};
        struct exact_sum many = {.small = 0};
        struct exact_sum each = {.small = 0};
        ck_assert_int_eq(exact_sum_add_reals(&many, &reals, NULL, "x", NULL), SHEAF_OK);
        for (uint32_t i = 0; i < reals.selected; i++)
            add_each(&each, &values[selects ? selection[i] : i], 1, 1);
        check_same(&many, &each);
        for (uint32_t i = 0; i < reals.selected && _i != SPECIALS; i++)
            add_each(&many, &values[selects ? selection[i] : i], 1, -1);
        struct number rest;
        ck_assert_int_eq(exact_sum_value(&many, -1, &rest, NULL), SHEAF_OK);
        ck_assert(_i == SPECIALS ||
                  (rest.kind == NUMBER_DOUBLE ? rest.real == 0 : rest.mantissa == 0));
        exact_sum_drop(&many, NULL);
        exact_sum_drop(&each, NULL);
    }
}
END_TEST

static Suite *extract_suite(void)
{
    Suite *suite = suite_create("extract");
    TCase *tests = tcase_create("extract");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_set_is_the_plain_one, 0, MIXTURES);
    tcase_add_loop_test(tests, sums_of_many_are_those_of_each, 0, MIXTURES);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(extract_suite)
