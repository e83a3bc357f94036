#include "base/memory.h"
#include "num/decimals.h"
#include "num/exact.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>

typedef enum sheaf_status add_function(struct exact_sum *sum, const struct number *number,
                                       uint64_t times, struct memory_budget *budget,
                                       const char *column, struct sheaf_error *error);

/* Both sums of one column, each number added many times at once, with what GMP says. */
static void add_times(struct sample *sample, const struct number *number, uint64_t times)
{
    mpq_t value;
    mpq_t count;
    mpq_inits(value, count, NULL);
    oracle_set(value, number);
    mpq_set_ui(count, times, 1);
    mpq_mul(count, count, value);
    ck_assert_int_eq(exact_sum_add_times(&sample->sum, number, times, NULL, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(exact_sum_add_square_times(&sample->squares, number, times, NULL, NULL, NULL),
                     SHEAF_OK);
    mpq_add(sample->total, sample->total, count);
    mpq_mul(count, count, value);
    mpq_add(sample->total_squares, sample->total_squares, count);
    sample->doubles |= number->kind == NUMBER_DOUBLE && times > 0;
    mpq_clears(value, count, NULL);
}

static uint64_t random_times(uint64_t *state)
{
    const uint64_t bits = unit_random(state) % 60;
    return unit_random(state) >> (63 - bits);
}

START_TEST(products_are_exact)
{
    uint64_t state = unit_seed("exact times", 1);
    for (int i = 0; i < 1500; i++) {
        struct sample sample;
        sample_open(&sample);
        const enum mixture mixture = (enum mixture)(i % MIXTURES);
        const uint64_t count = 1 + unit_random(&state) % 8;
        for (uint64_t k = 0; k < count; k++) {
            const struct number number = random_number(&state, mixture);
            add_times(&sample, &number, random_times(&state));
        }
        const int round = (int)(unit_random(&state) % 39);
        assert_sum(sample.total, sample.doubles, &sample.sum, -1);
        assert_sum(sample.total_squares, sample.doubles, &sample.squares, -1);
        assert_sum(sample.total, sample.doubles, &sample.sum, round);
        assert_sum(sample.total_squares, sample.doubles, &sample.squares, round);
        sample_close(&sample);
    }
}
END_TEST

/* What is added at once is what is added one by one, in value and in the form that is printed. */
START_TEST(times_are_single_additions)
{
    uint64_t state = unit_seed("one by one", 2);
    for (int i = 0; i < 1000; i++) {
        struct sample many;
        struct sample single;
        sample_open(&many);
        sample_open(&single);
        for (int k = 0; k < 4; k++) {
            const struct number number = random_number(&state, (enum mixture)(i % MIXTURES));
            const uint64_t times = unit_random(&state) % 6;
            add_times(&many, &number, times);
            for (uint64_t j = 0; j < times; j++)
                sample_add(&single, &number);
        }
        assert_sum(single.total, single.doubles, &many.sum, -1);
        assert_sum(single.total_squares, single.doubles, &many.squares, -1);
        sample_close(&many);
        sample_close(&single);
    }
}
END_TEST

static void assert_bounds_survive(const struct number *numbers, size_t count, bool saved)
{
    struct sample sample;
    sample_open(&sample);
    for (size_t i = 0; i < count; i++)
        add_times(&sample, &numbers[i], UINT64_C(1) << 62);
    for (size_t i = 0; i < 2 && saved; i++) {
        struct exact_sum *const sum = i == 0 ? &sample.sum : &sample.squares;
        struct buffer out = {0};
        exact_sum_save(sum, &out);
        exact_sum_drop(sum, NULL);
        struct text bytes = {.bytes = out.bytes, .length = out.length};
        ck_assert_int_eq(exact_sum_load(sum, &bytes, NULL, NULL, NULL), SHEAF_OK);
        buffer_close(&out);
    }
    assert_sum(sample.total, sample.doubles, &sample.sum, -1);
    assert_sum(sample.total_squares, sample.doubles, &sample.squares, -1);
    sample_close(&sample);
}

/* 2^63 of the greatest numbers fit, and can be saved and loaded. */
START_TEST(the_greatest_sums_fit)
{
    int128 most = 1;
    for (int i = 0; i < NUMBER_DIGITS; i++)
        most *= 10;
    most--;
    const struct number decimals[] = {decimal(most, NUMBER_EXPONENT_MAX),
                                      decimal(most, NUMBER_EXPONENT_MAX)};
    const struct number opposite[] = {decimal(-most, NUMBER_EXPONENT_MAX),
                                      decimal(-most, NUMBER_EXPONENT_MIN)};
    const struct number doubles[] = {real(DBL_MAX), real(DBL_MAX)};
    const struct number least[] = {real(5e-324), real(-DBL_MAX)};
    for (int saved = 0; saved < 2; saved++) {
        assert_bounds_survive(decimals, 2, saved != 0);
        assert_bounds_survive(opposite, 2, saved != 0);
        assert_bounds_survive(doubles, 2, saved != 0);
        assert_bounds_survive(least, 2, saved != 0);
    }
}
END_TEST

START_TEST(nothing_is_added_no_times)
{
    struct sample sample;
    sample_open(&sample);
    const struct number numbers[] = {real((double)NAN), real((double)INFINITY), real(0), real(2.5),
                                     decimal(7, 0)};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_int_eq(exact_sum_add_times(&sample.sum, &numbers[i], 0, NULL, NULL, NULL),
                         SHEAF_OK);
        ck_assert_int_eq(
            exact_sum_add_square_times(&sample.squares, &numbers[i], 0, NULL, NULL, NULL),
            SHEAF_OK);
    }
    assert_sum(sample.total, false, &sample.sum, -1);
    assert_sum(sample.total_squares, false, &sample.squares, -1);
    sample_close(&sample);
}
END_TEST

/* A zero of doubles tells a column of doubles, NaN and infinities prevail, a sum of both is NaN. */
START_TEST(zeros_and_specials_count)
{
    struct exact_sum sum = {0};
    const struct number zero = real(0);
    ck_assert_int_eq(exact_sum_add_times(&sum, &zero, 5, NULL, NULL, NULL), SHEAF_OK);
    ck_assert_uint_eq(value_of(&sum, -1).kind, NUMBER_DOUBLE);
    const struct number infinite = real(-(double)INFINITY);
    ck_assert_int_eq(exact_sum_add_times(&sum, &infinite, 5, NULL, NULL, NULL), SHEAF_OK);
    ck_assert(value_of(&sum, -1).real == -(double)INFINITY);
    ck_assert_int_eq(exact_sum_add_square_times(&sum, &infinite, 5, NULL, NULL, NULL), SHEAF_OK);
    ck_assert(isnan(value_of(&sum, -1).real));
    exact_sum_drop(&sum, NULL);
}
END_TEST

/* A sum of singles is a double like any other. */
START_TEST(sums_do_not_keep_the_mark_of_singles)
{
    struct sample sample;
    sample_open(&sample);
    const struct number single = {
        .real = (double)0.1F, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
    sample_add(&sample, &single);
    ck_assert_int_eq(value_of(&sample.sum, -1).exponent, 0);
    add_times(&sample, &single, 3);
    assert_sum(sample.total, true, &sample.sum, -1);
    assert_sum(sample.total_squares, true, &sample.squares, -1);
    ck_assert_int_eq(value_of(&sample.sum, -1).exponent, 0);
    ck_assert_int_eq(value_of(&sample.squares, -1).exponent, 0);
    sample_close(&sample);
}
END_TEST

/* A sum that could not grow is what it was, and nothing leaks. */
static void assert_fails_cleanly(add_function *add_many, const struct number *number)
{
    const int64_t live = memory_live();
    struct memory_budget budget = {.limit = UINT64_MAX};
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct exact_sum sum = {0};
        add(&sum, decimal(25, -1));
        memory_fail_at(n);
        const enum sheaf_status status =
            add_many(&sum, number, UINT64_C(1) << 60, &budget, "c", NULL);
        done = status == SHEAF_OK;
        ck_assert(done || status == SHEAF_SYSTEM);
        memory_fail_at(0);
        const struct number value = value_of(&sum, -1);
        ck_assert(done || (value.kind == NUMBER_DECIMAL && value.mantissa == 25));
        ck_assert(done || n < 10);
        exact_sum_drop(&sum, &budget);
        ck_assert_uint_eq(budget.used, 0);
        ck_assert_int_eq(memory_live(), live);
    }
    budget.limit = 1;
    struct exact_sum sum = {0};
    ck_assert_int_eq(add_many(&sum, number, UINT64_C(1) << 60, &budget, "c", NULL), SHEAF_LIMIT);
    ck_assert_uint_eq(budget.used, 0);
    exact_sum_drop(&sum, &budget);
}

START_TEST(a_refused_sum_stays_as_it_was)
{
    const struct number numbers[] = {real(1.5), decimal((int128)1 << 100, 20)};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_fails_cleanly(exact_sum_add_times, &numbers[i]);
        assert_fails_cleanly(exact_sum_add_square_times, &numbers[i]);
    }
}
END_TEST

/* Random mantissas of at most so many bits, as full as can be in every other column. */
static void fill_mantissas(int64_t *mantissas, uint32_t count, uint64_t *state)
{
    const uint64_t bits = 1 + unit_random(state) % 63;
    const bool full = unit_random(state) % 2 == 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t random = full ? UINT64_MAX : unit_random(state);
        const int64_t magnitude = (int64_t)(random >> (64 - bits));
        mantissas[i] = unit_random(state) % 2 == 0 && !full ? -magnitude : magnitude;
        if (unit_random(state) % 7 == 0)
            mantissas[i] = DECIMAL_NULL;
    }
}

/* The sums of a vector are those of its numbers, one by one, beside whatever was added before. */
START_TEST(summaries_are_single_additions)
{
    enum { ROWS = 50 };
    uint64_t state = unit_seed("summaries", 3);
    for (int i = 0; i < 2000; i++) {
        struct sample many;
        struct sample single;
        sample_open(&many);
        sample_open(&single);
        for (int k = 0; k < 3; k++) {
            int64_t mantissas[ROWS];
            const uint32_t count = (uint32_t)(unit_random(&state) % ROWS);
            fill_mantissas(mantissas, count, &state);
            const struct decimals decimals = {.mantissas = mantissas,
                                              .exponent =
                                                  (int8_t) - (int)(unit_random(&state) % 39),
                                              .has_nulls = true};
            struct decimal_summary summary;
            decimal_kernel_of(ISA_SCALAR)
                ->summarize(&decimals, NULL, count, SUMMARY_SUM | SUMMARY_SQUARES, &summary);
            ck_assert_int_eq(exact_sum_add_summary(&many.sum, &summary, NULL, NULL, NULL),
                             SHEAF_OK);
            ck_assert_int_eq(
                exact_sum_add_square_summary(&many.squares, &summary, NULL, NULL, NULL), SHEAF_OK);
            for (uint32_t j = 0; j < count; j++) {
                const struct number number = decimal_number(mantissas[j], decimals.exponent);
                if (number.kind != NUMBER_NULL)
                    sample_add(&single, &number);
            }
            const struct number other = random_number(&state, (enum mixture)(i % MIXTURES));
            add_times(&many, &other, 1);
            sample_add(&single, &other);
        }
        assert_sum(single.total, single.doubles, &many.sum, -1);
        assert_sum(single.total_squares, single.doubles, &many.squares, -1);
        sample_close(&many);
        sample_close(&single);
    }
}
END_TEST

/* The greatest summary there can be, again and again. */
START_TEST(the_greatest_summaries_fit)
{
    const struct decimal_summary summary = {.sum = (int128)INT64_MAX << 31,
                                            .squares = ~(uint128)0,
                                            .squares_high = UINT32_MAX,
                                            .exponent = NUMBER_EXPONENT_MIN};
    struct exact_sum sum = {0};
    mpq_t total;
    mpq_t one;
    mpq_inits(total, one, NULL);
    mpz_ui_pow_ui(mpq_denref(one), 10, 76);
    mpz_ui_pow_ui(mpq_numref(one), 2, 160);
    mpz_sub_ui(mpq_numref(one), mpq_numref(one), 1);
    mpq_canonicalize(one);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(exact_sum_add_square_summary(&sum, &summary, NULL, NULL, NULL), SHEAF_OK);
        mpq_add(total, total, one);
    }
    assert_sum(total, false, &sum, -1);
    mpq_clears(total, one, NULL);
    exact_sum_drop(&sum, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("exact times");
    TCase *tcase = tcase_create("exact times");
    tcase_add_test(tcase, products_are_exact);
    tcase_add_test(tcase, times_are_single_additions);
    tcase_add_test(tcase, the_greatest_sums_fit);
    tcase_add_test(tcase, nothing_is_added_no_times);
    tcase_add_test(tcase, zeros_and_specials_count);
    tcase_add_test(tcase, sums_do_not_keep_the_mark_of_singles);
    tcase_add_test(tcase, a_refused_sum_stays_as_it_was);
    tcase_add_test(tcase, summaries_are_single_additions);
    tcase_add_test(tcase, the_greatest_summaries_fit);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
