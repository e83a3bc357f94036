/* The loops of grouping that are there for several instruction sets find and add what the plain
 * ones do, which read texts without padding here and so take no shortcut at all. */
#include "agg/group_kernel.h"
#include "agg/group_key.h"
#include "num/print.h"
#include "unit/unit.h"

enum {
    KEYS = 900,
    HALVES = 60,
    SHAPES = 6,
    LONGEST = 40,
    ROWS = 700,
    BATCHES = 12,
    CALLS = 4,
    CELLS = 1 + CALLS
};

static const uint32_t key_column = 0;
static const uint32_t arguments[CALLS] = {1, 1, 1, 1};
static const char *const names[CALLS] = {"min", "mean", "max", "count"};

struct fixture {
    uint64_t random;
    struct memory_budget budget;
    struct hash_secret secret;
    struct agg_call calls[CALLS];
    struct group_setup setup;
    char bytes[KEYS][LONGEST + BATCH_PADDING];
    struct text keys[KEYS];
    uint32_t key_count;
};

/* Few different bytes, of which zero is one: many keys are the beginnings of others, or differ from
 * them by zeros at the end. Of HALVES keys most are alike in one half. */
static void make_keys(struct fixture *fixture, uint32_t count)
{
    fixture->key_count = count;
    for (uint32_t k = 0; k < count; k++) {
        size_t length = unit_random(&fixture->random) % (k % 8 == 0 ? LONGEST + 1 : 18);
        if (count == HALVES)
            length = 16;
        for (size_t b = 0; b < sizeof fixture->bytes[k]; b++)
            fixture->bytes[k][b] = "ab\0"[unit_random(&fixture->random) % 3];
        if (k % 4 == 1)
            memset(fixture->bytes[k] + length / 2, 0, LONGEST - length / 2);
        if (count == HALVES)
            memset(fixture->bytes[k] + k % 2 * 8, 'a', 8);
        fixture->keys[k] = (struct text){.bytes = fixture->bytes[k], .length = length};
    }
    fixture->keys[count / 2].bytes = NULL;
    fixture->keys[count / 2].length = 0;
}

static void fixture_open(struct fixture *fixture, uint64_t seed)
{
    *fixture = (struct fixture){.random = seed, .budget = {.limit = UINT64_MAX}};
    ck_assert_int_eq(hash_secret_make(&fixture->secret, NULL), SHEAF_OK);
    for (uint32_t i = 0; i < CALLS; i++) {
        struct number parameter;
        fixture->calls[i] =
            (struct agg_call){.ops = agg_find_for(names[i], strlen(names[i]), 1, &parameter),
                              .kind = AGG_KIND_NUMBER,
                              .type = TYPE_FLOAT,
                              .column = "x",
                              .round = -1,
                              .secret = &fixture->secret,
                              .budget = &fixture->budget};
        ck_assert_ptr_nonnull(fixture->calls[i].ops);
    }
    fixture->setup = (struct group_setup){.keys = &key_column,
                                          .key_count = 1,
                                          .calls = fixture->calls,
                                          .arguments = arguments,
                                          .call_count = CALLS,
                                          .secret = &fixture->secret,
                                          .what = "the group table",
                                          .budget = &fixture->budget};
}

/* Small values, with nulls or not; or some that fill an accumulator: by chance, at once, or only
 * after a while. */
static void make_mantissas(struct fixture *fixture, unsigned shape, int64_t mantissas[ROWS])
{
    for (uint32_t i = 0; i < ROWS; i++) {
        const uint64_t random = unit_random(&fixture->random);
        const int64_t shapes[SHAPES] = {
            (int64_t)(random >> 48) - (1 << 15),
            random % 5 == 0 ? DECIMAL_NULL : (int64_t)(random >> 54) - (1 << 9),
            (int64_t)(random >> 2) - INT64_MAX / 4,
            (int64_t)(random >> 8),
            (INT64_C(3) << 49) - (int64_t)(random >> 60),
            i % 300 < 299 ? DECIMAL_NULL : INT64_MIN + 1,
        };
        mantissas[i] = shapes[shape];
    }
}

/* The same rows for two tables: one may use kernels, the other reads texts without padding. */
static void update_both(struct fixture *fixture, unsigned shape, uint32_t number,
                        struct group_table *const tables[2])
{
    struct text texts[ROWS];
    int64_t mantissas[ROWS];
    uint64_t row_bytes[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) {
        texts[i] = fixture->keys[unit_random(&fixture->random) % fixture->key_count];
        row_bytes[i] = i;
    }
    make_mantissas(fixture, shape, mantissas);
    const struct column columns[2] = {
        {.texts = texts},
        {.decimals = {.mantissas = mantissas, .exponent = -1, .has_nulls = true}}};
    struct batch batch = {.rows = ROWS,
                          .row_base = (uint64_t)number * ROWS,
                          .row_bytes = row_bytes,
                          .columns = columns,
                          .selected = ROWS - number};
    ck_assert_int_eq(group_table_update(tables[0], &batch, NULL), SHEAF_OK);
    batch.padded = true;
    ck_assert_int_eq(group_table_update(tables[1], &batch, NULL), SHEAF_OK);
}

static void check_cell(const struct value *cell, const struct value *expected)
{
    char text[NUMBER_TEXT_SIZE];
    char expected_text[NUMBER_TEXT_SIZE];
    ck_assert_int_eq(cell->kind, expected->kind);
    if (cell->kind == VALUE_TEXT) {
        ck_assert_uint_eq(cell->text.length, expected->text.length);
        ck_assert_int_eq(memcmp(cell->text.bytes, expected->text.bytes, cell->text.length), 0);
    }
    if (cell->kind != VALUE_NUMBER)
        return;
    const size_t length = number_print(&cell->number, text);
    const size_t expected_length = number_print(&expected->number, expected_text);
    ck_assert_msg(length == expected_length && memcmp(text, expected_text, length) == 0,
                  "%.*s is not %.*s", (int)length, text, (int)expected_length, expected_text);
}

static void check_same(struct group_table *const tables[2])
{
    const uint64_t count = group_table_count(tables[0]);
    ck_assert_uint_eq(group_table_count(tables[1]), count);
    for (unsigned t = 0; t < 2; t++)
        ck_assert_int_eq(group_table_sort(tables[t], GROUP_BY_APPEARANCE, NULL), SHEAF_OK);
    for (uint64_t row = 0; row < count; row++) {
        struct value cells[2][CELLS];
        for (unsigned t = 0; t < 2; t++)
            ck_assert_int_eq(group_table_row(tables[t], row, cells[t], NULL), SHEAF_OK);
        for (uint32_t i = 0; i < CELLS; i++)
            check_cell(&cells[1][i], &cells[0][i]);
        ck_assert_uint_eq(group_at(tables[1], (uint32_t)row)->rows,
                          group_at(tables[0], (uint32_t)row)->rows);
    }
}

static void try_once(struct fixture *fixture, enum isa isa, unsigned shape, uint32_t keys)
{
    struct group_setup setups[2] = {fixture->setup, fixture->setup};
    struct group_table *tables[2];
    setups[1].isa = isa;
    make_keys(fixture, keys);
    for (unsigned t = 0; t < 2; t++)
        ck_assert_int_eq(group_table_open(&setups[t], &tables[t], NULL), SHEAF_OK);
    for (uint32_t number = 0; number < BATCHES; number++)
        update_both(fixture, shape, number, tables);
    check_same(tables);
    for (unsigned t = 0; t < 2; t++)
        group_table_close(tables[t]);
    ck_assert_uint_eq(fixture->budget.used, 0);
}

static void try_isa(const char *name, enum isa isa)
{
    static struct fixture fixture;
    if (!isa_is_available(isa))
        return;
    fixture_open(&fixture, unit_seed(name, 7));
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        try_once(&fixture, isa, shape, 1);
        try_once(&fixture, isa, shape, 3);
        try_once(&fixture, isa, shape, HALVES);
        try_once(&fixture, isa, shape, KEYS);
    }
}

START_TEST(test_same)
{
    try_isa("kernels", (enum isa)_i);
}
END_TEST

START_TEST(test_same_probes)
{
    static struct fixture fixture;
    struct group_probe probes[KEYS];
    struct group_table *table;
    if (!isa_is_available((enum isa)_i))
        return;
    fixture_open(&fixture, unit_seed("probes", 11));
    make_keys(&fixture, KEYS);
    ck_assert_int_eq(group_table_open(&fixture.setup, &table, NULL), SHEAF_OK);
    group_kernel_of((enum isa)_i)->probe_texts(table, fixture.keys, KEYS, probes);
    for (uint32_t k = 0; k < KEYS; k++) {
        struct group_probe probe;
        group_probe_text(table, fixture.keys[k], &probe);
        ck_assert_mem_eq(&probes[k], &probe, sizeof probe);
    }
    group_table_close(table);
}
END_TEST

/* Here what was found by a tag is mostly another key. */
START_TEST(test_same_with_weak_hash)
{
    static const uint64_t bits[] = {0, UINT64_C(7) << 61, UINT64_C(7) << 32};
    for (size_t b = 0; b < sizeof bits / sizeof bits[0]; b++) {
        group_weaken_hash(bits[b], 8);
        try_isa("kernels, weak hash", (enum isa)_i);
    }
    group_weaken_hash(UINT64_MAX, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group kernel");
    TCase *tcase = tcase_create("group kernel");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_same_probes, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, test_same, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, test_same_with_weak_hash, 0, ISA_COUNT);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
