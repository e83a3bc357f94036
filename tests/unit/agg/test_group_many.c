/* Group tables that are large enough for workers to combine them, and what stops that. */
#include "agg/group_table.h"

#include "sync/executors.h"
#include "unit/unit.h"

enum { MANY = 20000, MANY_ROWS = 500, DIGITS = 24, TABLES = 4 };

static const uint32_t zero = 0;

/* Batches of keys that are `digits` long, each key once, every table having half of them. */
static struct group_table *fill_many(const struct group_setup *setup, uint32_t first, int digits)
{
    static char bytes[MANY_ROWS][DIGITS + BATCH_PADDING];
    struct text texts[MANY_ROWS];
    uint64_t row_bytes[MANY_ROWS];
    struct group_table *table;
    ck_assert_int_eq(group_table_open(setup, &table, NULL), SHEAF_OK);
    for (uint32_t start = first; start < first + MANY; start += MANY_ROWS) {
        for (uint32_t i = 0; i < MANY_ROWS; i++) {
            snprintf(bytes[i], sizeof bytes[i], "%0*u", digits, start + i);
            texts[i] = (struct text){.bytes = bytes[i], .length = (size_t)digits};
            row_bytes[i] = start + i;
        }
        const struct column column = {.texts = texts};
        const struct batch batch = {.rows = MANY_ROWS,
                                    .row_bytes = row_bytes,
                                    .columns = &column,
                                    .selected = MANY_ROWS,
                                    .padded = true};
        ck_assert_int_eq(group_table_update(table, &batch, NULL), SHEAF_OK);
    }
    return table;
}

static void check_many(struct group_table *whole, enum group_order order, uint32_t count,
                       int digits)
{
    ck_assert_uint_eq(group_table_count(whole), count);
    ck_assert_int_eq(group_table_sort(whole, order, NULL), SHEAF_OK);
    for (uint32_t g = 0; g < count; g++) {
        char text[DIGITS + 1];
        struct value cell;
        ck_assert_int_eq(group_table_row(whole, g, &cell, NULL), SHEAF_OK);
        snprintf(text, sizeof text, "%0*u", digits, g);
        ck_assert_uint_eq(cell.text.length, (size_t)digits);
        ck_assert_mem_eq(cell.text.bytes, text, (size_t)digits);
    }
}

/* So many that the workers combine them; the tables overlap by halves, and the first ones are the
 * last to appear, or the other way round. */
START_TEST(test_many)
{
    const int digits = _i % 2 == 0 ? 8 : DIGITS;
    const uint32_t count = 2 + (uint32_t)_i / 4;
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct hash_secret secret;
    ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    const struct group_setup setup = {.keys = &zero,
                                      .key_count = 1,
                                      .secret = &secret,
                                      .what = "the group table",
                                      .budget = &budget};
    struct group_table *tables[TABLES];
    for (uint32_t t = 0; t < count; t++)
        tables[t] = fill_many(&setup, (_i % 4 < 2 ? t : count - 1 - t) * MANY / 2, digits);
    struct group_table *whole;
    struct group_combining how = {.should_stop = NULL};
    ck_assert_int_eq(executor_pool.open(3, &how.executor, NULL), SHEAF_OK);
    ck_assert_int_eq(group_tables_combine(tables, count, &how, &whole, NULL), SHEAF_OK);
    ck_assert_uint_gt(whole->part_count, 1);
    for (size_t p = 0; p < whole->part_count; p++)
        ck_assert_uint_eq(whole->parts[p]->own_secrets, 0);
    executor_pool.close(how.executor);
    for (uint32_t t = 0; t < count; t++)
        group_table_close(tables[t]);
    check_many(whole, GROUP_BY_KEY, MANY / 2 * (count + 1), digits);
    check_many(whole, GROUP_BY_APPEARANCE, MANY / 2 * (count + 1), digits);
    group_table_close(whole);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* Long probes make a table draw a secret, and then it is as good as any. */
START_TEST(test_guard)
{
    struct hash_secret secret;
    ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    const struct group_setup setup = {
        .keys = &zero, .key_count = 1, .secret = &secret, .what = "the group table"};
    group_weaken_hash(0, 1);
    struct group_table *weak = fill_many(&setup, 0, 8);
    ck_assert_uint_eq(weak->own_secrets, 1);
    group_weaken_hash(UINT64_MAX, 0);
    struct group_table *good = fill_many(&setup, 0, 8);
    ck_assert_uint_eq(good->own_secrets, 0);
    ck_assert_int_eq(group_table_merge(weak, good, NULL), SHEAF_OK);
    ck_assert_uint_eq(group_table_count(weak), MANY);
    group_table_close(good);
    group_table_close(weak);
}
END_TEST

static bool at_once(const void *argument)
{
    (void)argument;
    return true;
}

static enum sheaf_status fill_and_combine(const struct group_setup *setup, uint32_t count,
                                          struct group_combining *how)
{
    struct group_table *tables[TABLES];
    for (uint32_t t = 0; t < count; t++)
        tables[t] = fill_many(setup, t * MANY, DIGITS);
    struct group_table *whole = NULL;
    struct sheaf_error error = {.status = SHEAF_OK};
    const enum sheaf_status status = group_tables_combine(tables, count, how, &whole, &error);
    ck_assert_int_eq(error.status, status);
    ck_assert((whole == NULL) == (status != SHEAF_OK));
    group_table_close(tables[0]);
    group_table_close(whole);
    for (uint32_t t = 1; t < count; t++)
        group_table_close(tables[t]);
    ck_assert_uint_eq(setup->budget->used, 0);
    return status;
}

/* Whatever stops it, everything closes. */
START_TEST(test_stopped)
{
    const uint32_t count = 2 + (uint32_t)_i;
    const int64_t live = memory_live();
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct hash_secret secret;
    struct agg_call call = {.ops = agg_find("first", 5),
                            .kind = AGG_KIND_TEXT,
                            .column = "x",
                            .round = -1,
                            .budget = &budget};
    ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    const struct group_setup setup = {.keys = &zero,
                                      .key_count = 1,
                                      .calls = &call,
                                      .arguments = &zero,
                                      .call_count = 1,
                                      .secret = &secret,
                                      .what = "the group table",
                                      .budget = &budget};
    struct group_combining how = {.should_stop = at_once};
    ck_assert_int_eq(executor_pool.open(2, &how.executor, NULL), SHEAF_OK);
    ck_assert_int_eq(fill_and_combine(&setup, count, &how), SHEAF_STOPPED);
    const int64_t with_executor = memory_live();
    how.should_stop = NULL;
    ck_assert_int_eq(fill_and_combine(&setup, count, &how), SHEAF_OK);
    for (uint64_t most = 100000; most < 3000000; most += 400000) {
        struct group_table *tables[TABLES];
        for (uint32_t t = 0; t < count; t++)
            tables[t] = fill_many(&setup, t * MANY / 2, DIGITS);
        struct group_table *whole;
        budget.limit = budget.used + most;
        const enum sheaf_status status = group_tables_combine(tables, count, &how, &whole, NULL);
        ck_assert(status == SHEAF_OK || status == SHEAF_LIMIT);
        budget.limit = UINT64_MAX;
        group_table_close(whole);
        for (uint32_t t = 0; t < count; t++)
            group_table_close(tables[t]);
        ck_assert_uint_eq(budget.used, 0);
        ck_assert_int_eq(memory_live(), with_executor);
    }
    executor_pool.close(how.executor);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("many groups");
    TCase *tcase = tcase_create("many groups");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_many, 0, 4 * (TABLES - 1));
    tcase_add_test(tcase, test_guard);
    tcase_add_loop_test(tcase, test_stopped, 0, TABLES - 1);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
