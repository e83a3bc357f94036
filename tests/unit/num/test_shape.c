/* The oracle takes the moments about the mean in GMP's rationals, as the definitions have them. */
#include "num/shape.h"

#include "unit/num/sample.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>

enum { MOST = 16 };

/* Numbers with their counts, and n. */
struct numbers {
    struct number number[MOST];
    uint64_t times[MOST];
    size_t length;
    uint64_t count;
};

static void put(struct numbers *numbers, struct number number, uint64_t times)
{
    numbers->number[numbers->length] = number;
    numbers->times[numbers->length++] = times;
    numbers->count += times;
}

static void fill(struct multiset *set, const struct numbers *numbers)
{
    static const struct multiset_charge charge = {.what = "the numbers"};
    for (size_t i = 0; i < numbers->length; i++)
        ck_assert_int_eq(multiset_add(set, &numbers->number[i], numbers->times[i], &charge, NULL),
                         SHEAF_OK);
    ck_assert_int_eq(multiset_settle(set, &charge, NULL), SHEAF_OK);
}

/* The k-th moment about `mean`; about 0 for the mean itself, with k 1. */
static void set_moment(mpq_t out, const struct numbers *numbers, const mpq_t mean, int k)
{
    mpq_t difference;
    mpq_t power;
    mpq_inits(difference, power, NULL);
    mpq_set_ui(out, 0, 1);
    for (size_t i = 0; i < numbers->length; i++) {
        oracle_set(difference, &numbers->number[i]);
        mpq_sub(difference, difference, mean);
        mpq_set_ui(power, numbers->times[i], 1);
        for (int j = 0; j < k; j++)
            mpq_mul(power, power, difference);
        mpq_add(out, out, power);
    }
    mpq_set_ui(power, numbers->count, 1);
    mpq_div(out, out, power);
    mpq_clears(difference, power, NULL);
}

/* out *= numerator / denominator. */
static void scale(mpq_t out, uint64_t numerator, uint64_t denominator)
{
    mpq_t factor;
    mpq_init(factor);
    mpq_set_ui(factor, numerator, 1);
    mpq_mul(out, out, factor);
    mpq_set_ui(factor, denominator, 1);
    mpq_div(out, out, factor);
    mpq_clear(factor);
}

struct moments {
    mpq_t second;
    mpq_t third;
    mpq_t fourth;
};

static void moments_open(struct moments *moments, const struct numbers *numbers)
{
    mpq_t mean;
    mpq_t zero;
    mpq_inits(mean, zero, moments->second, moments->third, moments->fourth, NULL);
    set_moment(mean, numbers, zero, 1);
    set_moment(moments->second, numbers, mean, 2);
    set_moment(moments->third, numbers, mean, 3);
    set_moment(moments->fourth, numbers, mean, 4);
    mpq_clears(mean, zero, NULL);
}

static void moments_close(struct moments *moments)
{
    mpq_clears(moments->second, moments->third, moments->fourth, NULL);
}

static void assert_skewness(const struct moments *moments, uint64_t n, int round,
                            const struct number *out)
{
    mpq_t square;
    mpq_init(square);
    mpq_mul(square, moments->third, moments->third);
    for (int i = 0; i < 3; i++)
        mpq_div(square, square, moments->second);
    scale(square, n, n - 2);
    scale(square, n - 1, n - 2);
    const int sign = mpq_sgn(moments->third);
    struct number magnitude = *out;
    if (out->kind == NUMBER_DECIMAL) {
        ck_assert_int_ge(round, 0);
        ck_assert(out->mantissa == 0 || (out->mantissa > 0) == (sign > 0));
        magnitude.mantissa = sign < 0 ? -out->mantissa : out->mantissa;
        ck_assert(oracle_rounded_root(square, round, &magnitude));
    } else {
        ck_assert_uint_eq(out->kind, NUMBER_DOUBLE);
        ck_assert(out->real == 0 || (out->real > 0) == (sign > 0));
        ck_assert(out->real != 0 || !signbit(out->real));
        ck_assert(oracle_nearest_root(square, fabs(out->real)));
        ck_assert(round < 0 || fabs(out->real) >= pow(10, 37 - round));
    }
    mpq_clear(square);
}

static void assert_kurtosis(const struct moments *moments, uint64_t n, int round,
                            const struct number *out)
{
    mpq_t value;
    mpq_t term;
    mpq_inits(value, term, NULL);
    mpq_div(value, moments->fourth, moments->second);
    mpq_div(value, value, moments->second);
    scale(value, n + 1, 1);
    mpq_set_ui(term, n - 1, 1);
    scale(term, 3, 1);
    mpq_sub(value, value, term);
    scale(value, n - 1, n - 2);
    scale(value, 1, n - 3);
    assert_quotient(value, round, out);
    mpq_clears(value, term, NULL);
}

static void assert_shape(const struct numbers *numbers, int round)
{
    struct multiset set = {0};
    struct shape shape;
    struct moments moments;
    struct number out;
    fill(&set, numbers);
    shape_of(&set, &shape);
    multiset_drop(&set, NULL);
    moments_open(&moments, numbers);
    const bool is_flat = mpq_sgn(moments.second) == 0;
    shape_skewness(&shape, round, &out);
    if (is_flat || numbers->count < 3)
        ck_assert_uint_eq(out.kind, NUMBER_NULL);
    else
        assert_skewness(&moments, numbers->count, round, &out);
    shape_kurtosis(&shape, round, &out);
    if (is_flat || numbers->count < 4)
        ck_assert_uint_eq(out.kind, NUMBER_NULL);
    else
        assert_kurtosis(&moments, numbers->count, round, &out);
    moments_close(&moments);
}

static uint64_t random_times(uint64_t *state, int bits)
{
    return 1 + (unit_random(state) >> (64 - bits));
}

START_TEST(coefficients_are_rounded_once)
{
    uint64_t state = unit_seed("shape", 1);
    for (int i = 0; i < 600; i++) {
        struct numbers numbers = {.length = 0};
        const uint64_t length = 1 + unit_random(&state) % (i % 4 == 0 ? 4 : MOST);
        const int bits = i % 3 == 0 ? 40 : 3;
        for (uint64_t k = 0; k < length; k++)
            put(&numbers, random_number(&state, (enum mixture)(i % MIXTURES)),
                random_times(&state, bits));
        assert_shape(&numbers, -1);
        assert_shape(&numbers, (int)(unit_random(&state) % 39));
    }
}
END_TEST

/* Of small integers every step of the division decides about some result of few digits. */
START_TEST(small_integers_are_rounded_once)
{
    uint64_t state = unit_seed("small integers", 3);
    for (int i = 0; i < 4000; i++) {
        struct numbers numbers = {.length = 0};
        for (int k = 0; k < 3; k++)
            put(&numbers, decimal((int128)(unit_random(&state) % 20), 0), random_times(&state, 1));
        assert_shape(&numbers, i % 3);
    }
}
END_TEST

/* As long as the numbers can become: doubles of both ends beside decimals, counts near 2^62. */
START_TEST(the_longest_numbers_fit)
{
    static const double ends[] = {DBL_MAX, -DBL_MAX, 5e-324, -5e-324, 1e300, 3};
    uint64_t state = unit_seed("longest", 2);
    for (int i = 0; i < 60; i++) {
        struct numbers numbers = {.length = 0};
        const int bits = i % 2 == 0 ? 3 : 60;
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            if (unit_random(&state) % 4 != 0)
                put(&numbers, real(ends[k]), random_times(&state, bits));
        }
        put(&numbers, decimal(1, NUMBER_EXPONENT_MIN), random_times(&state, bits));
        assert_shape(&numbers, -1);
        assert_shape(&numbers, i % 39);
    }
    struct numbers most = {.length = 0};
    put(&most, real(DBL_MAX), UINT64_C(1) << 62);
    put(&most, real(-DBL_MAX), (UINT64_C(1) << 62) - 2);
    put(&most, decimal(1, NUMBER_EXPONENT_MIN), 1);
    assert_shape(&most, -1);
    assert_shape(&most, NUMBER_DIGITS);
    most = (struct numbers){.length = 0};
    put(&most, real(5e-324), UINT64_MAX / 2 - 2);
    put(&most, decimal(-1, NUMBER_EXPONENT_MIN), 1);
    put(&most, real(DBL_MAX), 1);
    assert_shape(&most, -1);
    assert_shape(&most, NUMBER_DIGITS);
}
END_TEST

/* Few numbers with a coefficient that lies half-way between two results of `round` digits. */
struct tie {
    double value[4];
    uint64_t times[4];
    int round;
    int128 skewness; /* in units of 10^-round; of the kurtosis where that is not 0 */
    int128 kurtosis;
};

static const struct tie ties[] = {
    {{0, 1, 5, 9}, {4, 1, 1, 0}, 1, 22, 0},   /* 2.25 */
    {{0, 2, 5, 9}, {1, 3, 3, 0}, 2, -18, 0},  /* -0.175 */
    {{0, 1, 2, 3}, {6, 7, 2, 2}, 1, 8, 0},    /* 0.85 */
    {{0, 1, 2, 3}, {3, 1, 9, 12}, 1, -12, 0}, /* -1.25 */
    {{0, 1, 9, 9}, {4, 2, 0, 0}, 2, 0, -188}, /* -1.875 */
    {{0, 1, 9, 9}, {8, 4, 0, 0}, 1, 0, -16},  /* -1.65 */
};

START_TEST(ties_go_to_even)
{
    for (size_t i = 0; i < sizeof ties / sizeof *ties; i++) {
        const struct tie *const tie = &ties[i];
        struct numbers numbers = {.length = 0};
        struct multiset set = {0};
        struct shape shape;
        struct number out;
        for (size_t k = 0; k < 4; k++) {
            if (tie->times[k] > 0)
                put(&numbers, real(ldexp(tie->value[k], 900)), tie->times[k]);
        }
        fill(&set, &numbers);
        shape_of(&set, &shape);
        if (tie->kurtosis == 0)
            shape_skewness(&shape, tie->round, &out);
        else
            shape_kurtosis(&shape, tie->round, &out);
        const struct number expected =
            decimal(tie->kurtosis == 0 ? tie->skewness : tie->kurtosis, -tie->round);
        ck_assert_uint_eq(out.kind, NUMBER_DECIMAL);
        ck_assert(out.mantissa == expected.mantissa && out.exponent == expected.exponent);
        multiset_drop(&set, NULL);
        assert_shape(&numbers, tie->round);
    }
}
END_TEST

/* A smallest number instead of one of the zeros is some 2 000 bits away from a tie, and decides. */
START_TEST(the_last_bit_breaks_a_tie)
{
    for (size_t i = 0; i < sizeof ties / sizeof *ties; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            const struct tie *const tie = &ties[i];
            struct numbers numbers = {.length = 0};
            put(&numbers, real(sign * 5e-324), 1);
            if (tie->times[0] > 1)
                put(&numbers, real(0), tie->times[0] - 1);
            for (size_t k = 1; k < 4; k++) {
                if (tie->times[k] > 0)
                    put(&numbers, real(ldexp(tie->value[k], 1000)), tie->times[k]);
            }
            assert_shape(&numbers, tie->round);
            assert_shape(&numbers, -1);
        }
    }
}
END_TEST

static void assert_both(const struct numbers *numbers, enum number_kind skewness,
                        enum number_kind kurtosis)
{
    struct multiset set = {0};
    struct shape shape;
    struct number out;
    fill(&set, numbers);
    shape_of(&set, &shape);
    for (int round = -1; round < 2; round++) {
        shape_skewness(&shape, round, &out);
        ck_assert_uint_eq(out.kind, skewness);
        ck_assert(skewness == NUMBER_NULL || (isnan(out.real) && !signbit(out.real)));
        shape_kurtosis(&shape, round, &out);
        ck_assert_uint_eq(out.kind, kurtosis);
        ck_assert(kurtosis == NUMBER_NULL || (isnan(out.real) && !signbit(out.real)));
    }
    multiset_drop(&set, NULL);
}

START_TEST(few_equal_or_special_numbers_have_none)
{
    struct numbers numbers = {.length = 0};
    assert_both(&numbers, NUMBER_NULL, NUMBER_NULL);
    put(&numbers, decimal(5, 0), 1);
    put(&numbers, real(-(double)INFINITY), 1);
    assert_both(&numbers, NUMBER_NULL, NUMBER_NULL);
    put(&numbers, decimal(6, 0), 1);
    assert_both(&numbers, NUMBER_DOUBLE, NUMBER_NULL);
    numbers = (struct numbers){.length = 0};
    put(&numbers, decimal(5, 0), 2);
    put(&numbers, real((double)NAN), 1);
    assert_both(&numbers, NUMBER_DOUBLE, NUMBER_NULL);
    put(&numbers, decimal(7, 0), 1);
    assert_both(&numbers, NUMBER_DOUBLE, NUMBER_DOUBLE);
    numbers = (struct numbers){.length = 0};
    put(&numbers, real((double)INFINITY), 9);
    assert_both(&numbers, NUMBER_DOUBLE, NUMBER_DOUBLE);
    put(&numbers, decimal(7, 0), 1);
    assert_both(&numbers, NUMBER_DOUBLE, NUMBER_DOUBLE);
    numbers = (struct numbers){.length = 0};
    put(&numbers, real(0.5), 9);
    put(&numbers, decimal(5, -1), 9);
    assert_both(&numbers, NUMBER_NULL, NUMBER_NULL);
}
END_TEST

/* The example in Microsoft's description of the functions SKEW and KURT of Excel. */
START_TEST(known_values)
{
    static const int values[] = {3, 4, 5, 2, 3, 4, 5, 6, 4, 7};
    struct numbers numbers = {.length = 0};
    struct multiset set = {0};
    struct shape shape;
    struct number out;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        put(&numbers, decimal(values[i], 0), 1);
    fill(&set, &numbers);
    shape_of(&set, &shape);
    shape_skewness(&shape, 9, &out);
    ck_assert(out.mantissa == 359543071 && out.exponent == -9);
    shape_kurtosis(&shape, 9, &out);
    ck_assert(out.mantissa == -151799637 && out.exponent == -9);
    multiset_drop(&set, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("shape");
    TCase *tcase = tcase_create("shape");
    tcase_add_test(tcase, coefficients_are_rounded_once);
    tcase_add_test(tcase, small_integers_are_rounded_once);
    tcase_add_test(tcase, the_longest_numbers_fit);
    tcase_add_test(tcase, ties_go_to_even);
    tcase_add_test(tcase, the_last_bit_breaks_a_tie);
    tcase_add_test(tcase, few_equal_or_special_numbers_have_none);
    tcase_add_test(tcase, known_values);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
