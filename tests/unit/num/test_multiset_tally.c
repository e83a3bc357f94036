/* Columns of decimals and series against numbers added one by one: a settled multiset is the same
 * to the byte, whichever way they came. */
#include "num/multiset.h"
#include "unit/unit.h"

#include <stdbool.h>
#include <string.h>

enum { ROWS = 1500, STEPS = 14 };

static const struct multiset_charge free_charge = {.what = "the values"};

/* What the mantissas of a column look like. */
enum look { CLOSE, TENS, FAR, MOVING, HUGE_ONES, LOOKS };

static int64_t mantissa_of(enum look look, unsigned step, uint64_t *random)
{
    const uint64_t word = unit_random(random);
    switch (look) {
    case CLOSE:
        return (int64_t)(word % 3000) - 1000;
    case TENS:
        return (int64_t)(word % 300) * 100;
    case FAR:
        return (int64_t)(word >> 14) - (INT64_C(1) << 48);
    case MOVING:
        return (int64_t)step * 20000 + (int64_t)(word % 20000);
    default:
        return (int64_t)(word % 1999999999999999999) - INT64_C(999999999999999999);
    }
}

struct column {
    int64_t mantissas[ROWS];
    uint32_t rows[ROWS];
    uint32_t count;
    struct decimals decimals;
};

static void make_column(struct column *column, enum look look, unsigned step, uint64_t *random)
{
    /* Finer scales come later, when there is a tally. */
    const int exponent = -(int)(unit_random(random) % (1 + step / 5));
    const bool has_nulls = unit_random(random) % 2 == 0;
    column->count = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        const bool is_far = step > 9 && unit_random(random) % 500 == 0;
        const bool is_huge = step > 11 && unit_random(random) % 1000 == 0;
        column->mantissas[i] = mantissa_of(is_huge ? HUGE_ONES : is_far ? FAR : look, step, random);
        if (has_nulls && unit_random(random) % 9 == 0)
            column->mantissas[i] = DECIMAL_NULL;
        if (unit_random(random) % 10 != 0)
            column->rows[column->count++] = i;
    }
    column->decimals = (struct decimals){
        .mantissas = column->mantissas, .exponent = (int8_t)exponent, .has_nulls = has_nulls};
}

static void add_singly(struct multiset *set, const struct column *column,
                       const struct multiset_charge *charge)
{
    for (uint32_t i = 0; i < column->count; i++) {
        const struct number number =
            decimal_number(column->mantissas[column->rows[i]], column->decimals.exponent);
        if (number.kind != NUMBER_NULL)
            ck_assert_int_eq(multiset_add(set, &number, 1, charge, NULL), SHEAF_OK);
    }
}

static void reload(struct multiset *set, const struct multiset_charge *charge)
{
    struct buffer out = {0};
    multiset_save(set, &out);
    ck_assert(!out.failed);
    multiset_drop(set, charge->budget);
    struct text bytes = {.bytes = out.bytes, .length = out.length};
    ck_assert_int_eq(multiset_load(set, &bytes, charge, NULL), SHEAF_OK);
    buffer_close(&out);
}

static void check_same(struct multiset *a, struct multiset *b, const struct multiset_charge *charge)
{
    struct buffer left = {0}, right = {0};
    ck_assert_uint_eq(multiset_count(a), multiset_count(b));
    ck_assert_int_eq(multiset_settle(a, charge, NULL), SHEAF_OK);
    ck_assert_int_eq(multiset_settle(b, charge, NULL), SHEAF_OK);
    multiset_save(a, &left);
    multiset_save(b, &right);
    ck_assert(!left.failed && !right.failed);
    ck_assert_uint_eq(left.length, right.length);
    ck_assert(memcmp(left.bytes, right.bytes, left.length) == 0);
    buffer_close(&left);
    buffer_close(&right);
}

/* Some columns to two multisets that become one, in which a number may be settled in between. */
static void check_random(const struct multiset_charge *charge, uint64_t *random)
{
    static struct column column;
    struct multiset sets[2] = {{NULL}};
    struct multiset single = {NULL};
    enum look look = (enum look)(unit_random(random) % LOOKS);
    for (unsigned step = 0; step < STEPS; step++) {
        struct multiset *set = &sets[unit_random(random) % 4 == 0];
        if (unit_random(random) % 8 == 0)
            look = (enum look)(unit_random(random) % LOOKS);
        make_column(&column, look, step, random);
        add_singly(&single, &column, charge);
        if (unit_random(random) % 8 == 0) {
            for (uint32_t i = 0; i < column.count; i++)
                ck_assert_int_eq(
                    multiset_add_decimals(set, &column.decimals, &column.rows[i], 1, charge, NULL),
                    SHEAF_OK);
        } else {
            ck_assert_int_eq(multiset_add_decimals(set, &column.decimals, column.rows, column.count,
                                                   charge, NULL),
                             SHEAF_OK);
        }
        if (unit_random(random) % 8 == 0)
            reload(set, charge);
        if (unit_random(random) % 8 == 0)
            ck_assert_int_eq(multiset_settle(set, charge, NULL), SHEAF_OK);
    }
    ck_assert_int_eq(multiset_merge(&sets[0], &sets[1], charge, NULL), SHEAF_OK);
    check_same(&sets[0], &single, charge);
    multiset_drop(&sets[0], charge->budget);
    multiset_drop(&sets[1], charge->budget);
    multiset_drop(&single, charge->budget);
}

START_TEST(takes_decimals)
{
    uint64_t random = unit_seed("decimals", 71);
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    for (int round = 0; round < 15; round++) {
        check_random(&charge, &random);
        ck_assert_uint_eq(budget.used, 0);
    }
}
END_TEST

/* A column of few values in a row is counted, not gathered. */
START_TEST(counts_close_ones)
{
    static struct column column;
    uint64_t random = unit_seed("close", 72);
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    struct multiset set = {NULL};
    for (unsigned i = 0; i < 2000; i++) {
        make_column(&column, CLOSE, 0, &random);
        for (uint32_t k = 0; k < ROWS; k++)
            column.mantissas[k] = column.mantissas[k] % 3000;
        column.decimals.exponent = -2;
        ck_assert_int_eq(
            multiset_add_decimals(&set, &column.decimals, column.rows, column.count, &charge, NULL),
            SHEAF_OK);
    }
    ck_assert_uint_le(budget.used, 300000);
    multiset_drop(&set, &budget);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* ---- series -------------------------------------------------------------------------------- */

START_TEST(takes_series)
{
    enum { LENGTH = 400, STRIDE = 2, SHIFT = 20 };
    uint64_t random = unit_seed("series", 73);
    static uint64_t times[LENGTH];
    static uint64_t more[LENGTH * STRIDE];
    for (int round = 0; round < 300; round++) {
        struct multiset whole = {NULL}, single = {NULL};
        const uint64_t step = unit_random(&random) % 2 == 0 ? 1 : 10;
        const struct number other = {.mantissa = 5, .exponent = -1, .kind = NUMBER_DECIMAL};
        const struct multiset_series series = {
            .times = times,
            .shift = SHIFT,
            .more = round % 3 == 0 ? more : NULL,
            .more_stride = STRIDE,
            .length = LENGTH,
            .first = ((int64_t)(unit_random(&random) % 1000) - 500) * 10,
            .unit = unit_random(&random) % 2 == 0 ? 1 : 86400,
            .exponent = (int8_t) - (int)(unit_random(&random) % 4),
        };
        memset(more, 0xff, sizeof more);
        for (size_t i = 0; i < LENGTH; i++) {
            times[i] = i % step == 0 ? unit_random(&random) % 3 : 0;
            more[i * STRIDE] = times[i] == 0 ? 0 : unit_random(&random) % 3;
            times[i] = times[i] << SHIFT | unit_random(&random) % (1 << SHIFT);
        }
        if (round % 4 == 0) {
            ck_assert_int_eq(multiset_add(&whole, &other, 1, &free_charge, NULL), SHEAF_OK);
            ck_assert_int_eq(multiset_add(&single, &other, 1, &free_charge, NULL), SHEAF_OK);
        }
        ck_assert_int_eq(multiset_add_series(&whole, &series, &free_charge, NULL), SHEAF_OK);
        for (size_t i = 0; i < LENGTH; i++) {
            const struct number number =
                decimal_number((series.first + (int64_t)i) * series.unit, series.exponent);
            const uint64_t count =
                (times[i] >> SHIFT) + (series.more == NULL ? 0 : more[i * STRIDE]);
            if (count > 0)
                ck_assert_int_eq(multiset_add(&single, &number, count, &free_charge, NULL),
                                 SHEAF_OK);
        }
        check_same(&whole, &single, &free_charge);
        multiset_drop(&whole, NULL);
        multiset_drop(&single, NULL);
    }
}
END_TEST

START_TEST(counts_no_more_than_it_can)
{
    const uint64_t times[] = {INT64_MAX, 1};
    struct sheaf_error error;
    struct multiset set = {NULL};
    const struct multiset_series series = {.times = times, .length = 2, .unit = 1};
    ck_assert_int_eq(multiset_add_series(&set, &series, &free_charge, &error), SHEAF_DATA);
    multiset_drop(&set, NULL);
}
END_TEST

/* ---- what fails ---------------------------------------------------------------------------- */

static enum sheaf_status use_memory(const struct multiset_charge *charge)
{
    static struct column column;
    uint64_t random = 5;
    struct multiset sets[2] = {{NULL}};
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < 24 && status == SHEAF_OK; i++) {
        make_column(&column, i % 8 == 7 ? FAR : i < 16 ? CLOSE : MOVING, i, &random);
        status = multiset_add_decimals(&sets[i % 3 == 0], &column.decimals, column.rows,
                                       column.count, charge, NULL);
    }
    if (status == SHEAF_OK)
        status = multiset_merge(&sets[0], &sets[1], charge, NULL);
    if (status == SHEAF_OK)
        status = multiset_settle(&sets[0], charge, NULL);
    multiset_drop(&sets[0], charge->budget);
    multiset_drop(&sets[1], charge->budget);
    return status;
}

START_TEST(survives_refusals)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    const int64_t live = memory_live();
    enum sheaf_status status = SHEAF_SYSTEM;
    for (uint64_t n = 1; status != SHEAF_OK; n++) {
        memory_fail_at(n);
        status = use_memory(&charge);
        const bool failed = memory_failures() > 0;
        memory_fail_at(0);
        ck_assert(status == SHEAF_SYSTEM || status == SHEAF_OK);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(budget.used, 0);
        if (failed)
            status = SHEAF_SYSTEM; /* a block that could not be shortened: no harm */
    }
    status = SHEAF_LIMIT;
    for (budget.limit = 0; status != SHEAF_OK; budget.limit += 4096) {
        status = use_memory(&charge);
        ck_assert(status == SHEAF_LIMIT || status == SHEAF_OK);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(budget.used, 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("multiset tally");
    TCase *test_case = tcase_create("multiset tally");
    tcase_add_test(test_case, takes_decimals);
    tcase_add_test(test_case, counts_close_ones);
    tcase_add_test(test_case, takes_series);
    tcase_add_test(test_case, counts_no_more_than_it_can);
    tcase_add_test(test_case, survives_refusals);
    suite_add_tcase(suite, test_case);
    return suite;
}

UNIT_MAIN(make_suite)
