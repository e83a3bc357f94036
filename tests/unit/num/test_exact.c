#include "num/exact.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <string.h>

/* 10^6 decimals of up to 38 digits, cut and merged at random. */
START_TEST(sums_do_not_depend_on_grouping)
{
    enum { VALUES = 1000000, PARTS = 64 };
    uint64_t state = unit_seed("exact grouping", 2);
    mpz_t total, value, power;
    mpz_inits(total, value, power, NULL);
    struct exact_sum parts[PARTS] = {0};
    struct exact_sum whole = {0};
    for (int i = 0; i < VALUES; i++) {
        const struct number number = oracle_random_decimal(&state);
        oracle_set_int128(value, number.mantissa);
        mpz_ui_pow_ui(power, 10, (unsigned long)(number.exponent + 38));
        mpz_addmul(total, value, power);
        add(&parts[unit_random(&state) % PARTS], number);
        add(&whole, number);
        if (i % 1000 == 0) {
            const size_t into = unit_random(&state) % PARTS;
            const size_t from = unit_random(&state) % PARTS;
            if (into != from)
                merge_into(&parts[into], &parts[from]);
        }
    }
    for (int i = 1; i < PARTS; i++)
        merge_into(&parts[0], &parts[i]);
    mpq_t expected;
    mpq_init(expected);
    mpz_ui_pow_ui(mpq_denref(expected), 10, 38);
    mpz_set(mpq_numref(expected), total);
    mpq_canonicalize(expected);
    assert_sum(expected, false, &whole, -1);
    assert_sum(expected, false, &parts[0], -1);
    exact_sum_drop(&whole, NULL);
    exact_sum_drop(&parts[0], NULL);
    mpq_clear(expected);
    mpz_clears(total, value, power, NULL);
}
END_TEST

START_TEST(mixed_sums_merge)
{
    uint64_t state = unit_seed("exact mixed merges", 3);
    for (int i = 0; i < 2000; i++) {
        struct sample sample;
        sample_open(&sample);
        struct exact_sum parts[4] = {0};
        const uint64_t count = unit_random(&state) % 12;
        for (uint64_t k = 0; k < count; k++) {
            const struct number number = random_number(&state, (enum mixture)(i % MIXTURES));
            sample_add(&sample, &number);
            add(&parts[unit_random(&state) % 4], number);
        }
        for (int k = 1; k < 4; k++)
            merge_into(&parts[0], &parts[k]);
        assert_sum(sample.total, sample.doubles, &parts[0], -1);
        exact_sum_drop(&parts[0], NULL);
        sample_close(&sample);
    }
}
END_TEST

START_TEST(a_tenth_a_million_times)
{
    struct exact_sum sum = {0};
    for (int i = 0; i < 1000000; i++)
        add(&sum, decimal(1, -1));
    const struct number out = value_of(&sum, -1);
    ck_assert_uint_eq(out.kind, NUMBER_DECIMAL);
    mpq_t expected;
    mpq_init(expected);
    mpq_set_ui(expected, 100000, 1);
    ck_assert(oracle_sum(expected, &out));
    mpq_clear(expected);
    ck_assert_ptr_null(sum.wide); /* it fits the small form */
}
END_TEST

static void assert_any_order(const char *const texts[3], struct number expected)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct exact_sum sum = {0};
        for (int k = 0; k < 3; k++)
            add(&sum, number_of(texts[orders[i][k]]));
        const struct number out = value_of(&sum, -1);
        ck_assert_uint_eq(out.kind, expected.kind);
        if (out.kind == NUMBER_DECIMAL)
            ck_assert(out.mantissa == expected.mantissa && out.exponent == expected.exponent);
        else
            ck_assert(out.real == expected.real);
        exact_sum_drop(&sum, NULL);
    }
}

START_TEST(order_does_not_matter)
{
    static const char *const decimals[] = {"1e16", "1", "-1e16"};
    static const char *const far[] = {"1e38", "1e-38", "-1e38"};
    static const char *const doubles[] = {"1e300", "1", "-1e300"};
    static const char *const past[] = {"1e39", "1e-39", "-1e39"};
    assert_any_order(decimals, decimal(1, 0));
    assert_any_order(far, decimal(1, -38));
    assert_any_order(doubles, real(1));
    assert_any_order(past, real(1e-39));
}
END_TEST

/* A sum is a decimal by its value, whatever its way there. */
START_TEST(the_form_follows_from_the_value)
{
    struct exact_sum sum = {0};
    for (int i = 0; i < 10; i++)
        add(&sum, decimal(1, 38));
    ck_assert_uint_eq(value_of(&sum, -1).kind, NUMBER_DOUBLE); /* 1e39 */
    add(&sum, decimal(-1, 38));
    ck_assert_uint_eq(value_of(&sum, -1).kind, NUMBER_DECIMAL);
    exact_sum_drop(&sum, NULL);
    struct number tiny = decimal(1, -30);
    add_square(&sum, tiny);
    const struct number out = value_of(&sum, -1);
    ck_assert(out.kind == NUMBER_DOUBLE && out.real == 1e-60);
    exact_sum_drop(&sum, NULL);
    add(&sum, real(0)); /* a double that adds nothing is a double all the same */
    add(&sum, decimal(5, -1));
    ck_assert_uint_eq(value_of(&sum, -1).kind, NUMBER_DOUBLE);
    exact_sum_drop(&sum, NULL);
}
END_TEST

/* What 2^63 rows would give: a sum merged with itself 63 times. */
static void assert_doubling(const struct number *number)
{
    struct exact_sum sums[2] = {0};
    mpq_t values[2];
    mpq_inits(values[0], values[1], NULL);
    oracle_set(values[0], number);
    mpq_mul(values[1], values[0], values[0]);
    add(&sums[0], *number);
    ck_assert_int_eq(exact_sum_add_square(&sums[1], number, NULL, NULL, NULL), SHEAF_OK);
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < 63; i++) {
            struct exact_sum copy = {0};
            ck_assert_int_eq(exact_sum_merge(&copy, &sums[s], NULL, NULL, NULL), SHEAF_OK);
            merge_into(&sums[s], &copy);
            mpq_mul_2exp(values[s], values[s], 1);
        }
        assert_sum(values[s], number->kind == NUMBER_DOUBLE, &sums[s], -1);
        struct buffer buffer = {0};
        exact_sum_save(&sums[s], &buffer);
        exact_sum_drop(&sums[s], NULL);
        struct text bytes = {.bytes = buffer.bytes, .length = buffer.length};
        ck_assert_int_eq(exact_sum_load(&sums[s], &bytes, NULL, NULL, NULL), SHEAF_OK);
        assert_sum(values[s], number->kind == NUMBER_DOUBLE, &sums[s], -1);
        buffer_close(&buffer);
    }
    struct number out;
    const uint64_t count = UINT64_C(1) << 63;
    ck_assert_int_eq(exact_deviation(&sums[0], &sums[1], count, EXACT_SAMPLE, -1, &out, NULL),
                     SHEAF_OK);
    ck_assert(out.real == 0); /* all alike */
    exact_sum_drop(&sums[0], NULL);
    exact_sum_drop(&sums[1], NULL);
    mpq_clears(values[0], values[1], NULL);
}

START_TEST(holds_two_to_the_63_values)
{
    static const char *const texts[] = {
        "99999999999999999999999999999999999999e38",
        "-99999999999999999999999999999999999999e38",
        "99999999999999999999999999999999999999e-38",
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "1e39",
        "1",
        "-0.001",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct number number = number_of(texts[i]);
        assert_doubling(&number);
    }
    const struct number least = real(5e-324);
    assert_doubling(&least);
}
END_TEST

START_TEST(adds_columns)
{
    enum { COUNT = 200 };
    uint64_t state = unit_seed("exact columns", 4);
    for (int round = 0; round < 60; round++) {
        struct number numbers[COUNT];
        uint32_t selection[COUNT];
        uint32_t selected = 0;
        struct sample all;
        struct sample some;
        sample_open(&all);
        sample_open(&some);
        for (uint32_t i = 0; i < COUNT; i++) {
            numbers[i] = random_number(&state, (enum mixture)(round % MIXTURES));
            const bool null = unit_random(&state) % 8 == 0;
            if (null)
                numbers[i] = (struct number){.kind = NUMBER_NULL};
            else
                sample_add(&all, &numbers[i]);
            if (unit_random(&state) % 3 != 0)
                continue;
            selection[selected++] = i;
            if (!null)
                sample_add(&some, &numbers[i]);
        }
        struct exact_sum sums[2] = {0};
        uint64_t counts[2] = {7, 0};
        ck_assert_int_eq(
            exact_sum_add_column(&sums[0], numbers, NULL, COUNT, &counts[0], NULL, NULL, NULL),
            SHEAF_OK);
        ck_assert_int_eq(exact_sum_add_column(&sums[1], numbers, selection, selected, &counts[1],
                                              NULL, NULL, NULL),
                         SHEAF_OK);
        ck_assert_uint_eq(counts[0], all.count + 7);
        ck_assert_uint_eq(counts[1], some.count);
        assert_sum(all.total, all.doubles, &sums[0], -1);
        assert_sum(some.total, some.doubles, &sums[1], -1);
        exact_sum_drop(&sums[0], NULL);
        exact_sum_drop(&sums[1], NULL);
        sample_close(&all);
        sample_close(&some);
    }
}
END_TEST

/* More doubles than one flush takes, as far from each other as fit together, and a bit further. */
START_TEST(long_columns_of_doubles)
{
    enum { COUNT = 30000 };
    static struct number numbers[COUNT];
    uint64_t state = unit_seed("long columns of doubles", 8);
    for (int spread = 0; spread <= 96; spread += 12) {
        struct sample all;
        sample_open(&all);
        for (uint32_t i = 0; i < COUNT; i++) {
            int exponent = i == 0 ? 30 : (int)(unit_random(&state) % (uint64_t)(spread + 1));
            if (spread == 60 && i > 0)
                exponent = spread; /* all at the top, and of one sign */
            const double mantissa = (double)(UINT64_C(9007199254740991) - unit_random(&state) % 4);
            numbers[i] = (struct number){.real = ldexp(mantissa, exponent), .kind = NUMBER_DOUBLE};
            if (i % 8192 == 8191 || (i == 0 && spread % 36 == 0)) /* where a flush is due; a base */
                numbers[i] = (struct number){.kind = i == 0 ? NUMBER_DOUBLE : NUMBER_NULL};
            if (spread % 24 != 0 && spread != 60 && unit_random(&state) % 2 == 0)
                numbers[i].real = -numbers[i].real;
            if (numbers[i].kind != NUMBER_NULL)
                sample_add(&all, &numbers[i]);
        }
        struct exact_sum sum = {0};
        uint64_t count = 0;
        ck_assert_int_eq(exact_sum_add_column(&sum, numbers, NULL, COUNT, &count, NULL, NULL, NULL),
                         SHEAF_OK);
        ck_assert_uint_eq(count, all.count);
        assert_sum(all.total, all.doubles, &sum, -1);
        exact_sum_drop(&sum, NULL);
        sample_close(&all);
    }
}
END_TEST

/* A failure at any allocation, or at the limit, leaves the sum as it was and the budget right. */
START_TEST(failure_changes_nothing)
{
    uint64_t state = unit_seed("exact failures", 5);
    struct memory_budget budget = {.limit = UINT64_MAX};
    int failures = 0;
    for (int round = 0; round < 1500; round++) {
        struct exact_sum sum = {0};
        struct exact_sum other = {0};
        struct sheaf_error error;
        mpq_t total, value;
        mpq_inits(total, value, NULL);
        bool doubles = false;
        for (int i = 0; i < 6; i++) {
            const struct number number = random_number(&state, MIXED);
            const bool merges = i == 5;
            ck_assert_int_eq(exact_sum_add(&other, &number, &budget, "x", &error), SHEAF_OK);
            if (unit_random(&state) % 2 == 0)
                memory_fail_at(1 + unit_random(&state) % 2);
            else
                budget.limit = budget.used + unit_random(&state) % 64;
            enum sheaf_status status = merges ? exact_sum_merge(&sum, &other, &budget, "x", &error)
                                              : exact_sum_add(&sum, &number, &budget, "x", &error);
            memory_fail_at(0);
            budget.limit = UINT64_MAX;
            if (status != SHEAF_OK) {
                failures++;
                ck_assert(status == SHEAF_LIMIT || status == SHEAF_SYSTEM);
                ck_assert(status != SHEAF_LIMIT || strstr(error.text, "exact sum") != NULL);
                assert_sum(total, doubles, &sum, -1);
                status = merges ? exact_sum_merge(&sum, &other, &budget, "x", &error)
                                : exact_sum_add(&sum, &number, &budget, "x", &error);
                ck_assert_int_eq(status, SHEAF_OK);
            }
            doubles |= number.kind == NUMBER_DOUBLE;
            oracle_set(value, &number);
            mpq_add(total, total, value);
        }
        exact_sum_drop(&other, &budget);
        exact_sum_drop(&sum, &budget);
        ck_assert_uint_eq(budget.used, 0);
        mpq_clears(total, value, NULL);
    }
    ck_assert_int_gt(failures, 500);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("exact");
    TCase *tests = tcase_create("exact");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, sums_do_not_depend_on_grouping);
    tcase_add_test(tests, long_columns_of_doubles);
    tcase_add_test(tests, mixed_sums_merge);
    tcase_add_test(tests, a_tenth_a_million_times);
    tcase_add_test(tests, order_does_not_matter);
    tcase_add_test(tests, the_form_follows_from_the_value);
    tcase_add_test(tests, holds_two_to_the_63_values);
    tcase_add_test(tests, adds_columns);
    tcase_add_test(tests, failure_changes_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
