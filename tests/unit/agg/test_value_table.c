/* The table of values against an obvious one: a list that is searched from the front. */
#include "agg/value_table.h"

#include "unit/agg/dataset.h"
#include "unit/agg/reload.h"
#include "unit/unit.h"

/* Only the names in messages are taken from it. */
static const struct agg_ops names = {.name = "distinct", .signature = "distinct(x)"};

static struct agg_call call_of(enum column_type type, struct memory_budget *budget)
{
    return (struct agg_call){.ops = &names,
                             .type = type,
                             .column = "x",
                             .round = -1,
                             .secret = dataset_secret(),
                             .budget = budget};
}

/* ---- an obvious table ---------------------------------------------------------------------- */

enum { LISTED = 4 * DATASET_ROWS };

struct listed {
    struct value_entry values[LISTED];
    size_t count;
    uint64_t nulls;
    struct place null_place;
};

static bool same_bytes(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static void list_add(struct listed *list, struct text key, uint64_t count, struct place place)
{
    if (key.bytes == NULL) {
        if (list->nulls == 0 || place_compare(place, list->null_place) < 0)
            list->null_place = place;
        list->nulls += count;
        return;
    }
    size_t i = 0;
    while (i < list->count && !same_bytes(list->values[i].key, key))
        i++;
    struct value_entry *entry = &list->values[i];
    if (i == list->count) {
        ck_assert_uint_lt(list->count, LISTED);
        *entry = (struct value_entry){.key = key, .place = place};
        list->count++;
    }
    entry->count += count;
    if (place_compare(place, entry->place) < 0)
        entry->place = place;
}

static void check(const struct value_table *table, const struct listed *list)
{
    ck_assert_uint_eq(table->nulls, list->nulls);
    if (list->nulls > 0)
        ck_assert_int_eq(place_compare(table->null_place, list->null_place), 0);
    ck_assert_uint_eq(table->distinct, list->count);
    bool seen[LISTED] = {false};
    struct value_entry entry;
    size_t walked = 0;
    for (size_t cursor = 0; value_table_next(table, &cursor, &entry); walked++) {
        size_t i = 0;
        while (i < list->count && !same_bytes(list->values[i].key, entry.key))
            i++;
        ck_assert_uint_lt(i, list->count);
        ck_assert(!seen[i]);
        seen[i] = true;
        ck_assert_uint_eq(entry.count, list->values[i].count);
        ck_assert_int_eq(place_compare(entry.place, list->values[i].place), 0);
    }
    ck_assert_uint_eq(walked, list->count);
}

/* ---- random columns ------------------------------------------------------------------------ */

enum { PARTS = 3 };

static void take_rows(struct value_table *table, const struct agg_call *call,
                      const struct dataset *dataset, uint64_t rows)
{
    struct part part;
    part_make(&part, dataset, rows);
    ck_assert_int_eq(value_table_update(table, call, &dataset->column, &part.batch, NULL),
                     SHEAF_OK);
}

/* Value by value, some with counts that stand for several rows. */
static void add_rows(struct value_table *table, const struct agg_call *call,
                     const struct dataset *dataset, uint64_t rows, uint64_t times)
{
    for (uint32_t i = 0; i < dataset->rows; i++) {
        const struct value_entry entry = {
            .key = dataset->texts[i],
            .count = times,
            .place = {.byte = dataset->row_bytes[i], .file = dataset->file},
        };
        if ((rows >> i & 1) != 0)
            ck_assert_int_eq(value_table_add(table, call, &entry, NULL), SHEAF_OK);
    }
}

static void list_rows(struct listed *list, const struct dataset *dataset, uint64_t rows,
                      uint64_t times)
{
    for (uint32_t i = 0; i < dataset->rows; i++)
        if ((rows >> i & 1) != 0)
            list_add(list, dataset->texts[i], times,
                     (struct place){.byte = dataset->row_bytes[i], .file = dataset->file});
}

/* Deals the rows of three columns to tables by every way in, and merges them. */
static void check_random(const struct dataset_profile *profile, struct memory_budget *budget,
                         uint64_t *random)
{
    const struct agg_call call = call_of(TYPE_UNKNOWN, budget);
    struct dataset datasets[PARTS];
    struct value_table tables[PARTS] = {{.nulls = 0}};
    static struct listed list;
    list = (struct listed){.count = 0};
    for (size_t i = 0; i < PARTS; i++) {
        dataset_make(&datasets[i], profile, (uint32_t)(unit_random(random) % (DATASET_ROWS + 1)),
                     random);
        const uint64_t rows = part_first(datasets[i].rows);
        const uint64_t some = rows & unit_random(random);
        const uint64_t times = unit_random(random) % 3;
        struct value_table *table = &tables[unit_random(random) % PARTS];
        take_rows(table, &call, &datasets[i], rows & ~some);
        add_rows(table, &call, &datasets[i], some, times);
        list_rows(&list, &datasets[i], rows & ~some, 1);
        if (times > 0)
            list_rows(&list, &datasets[i], some, times);
        if (unit_random(random) % 2 == 0)
            value_table_reload(table, &call);
    }
    ck_assert_int_eq(value_table_merge(&tables[0], &tables[1], &call, NULL), SHEAF_OK);
    value_table_drop(&tables[1], &call);
    ck_assert_int_eq(value_table_merge(&tables[2], &tables[0], &call, NULL), SHEAF_OK);
    value_table_drop(&tables[0], &call);
    check(&tables[2], &list);
    value_table_reload(&tables[2], &call);
    check(&tables[2], &list);
    value_table_drop(&tables[2], &call);
    for (size_t i = 0; i < PARTS; i++)
        dataset_close(&datasets[i]);
}

START_TEST(test_random)
{
    uint64_t random = unit_seed("random", 31);
    const int64_t live = memory_live();
    for (int round = 0; round < 60; round++) {
        struct memory_budget budget = {.limit = UINT64_MAX};
        for (size_t i = 0; i < dataset_profile_count; i++)
            check_random(&dataset_profiles[i], &budget, &random);
        ck_assert_uint_eq(budget.used, 0);
    }
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

/* Keys of every length up to past what lies inside an item, which differ in one byte. */
START_TEST(test_lengths)
{
    const struct agg_call call = call_of(TYPE_TEXT, NULL);
    enum { LONGEST = 40 };
    struct value_table table = {.nulls = 0};
    uint64_t added = 0;
    for (int twice = 0; twice < 2; twice++)
        for (size_t length = 0; length <= LONGEST; length++)
            for (size_t at = 0; at <= length; at++) {
                char bytes[LONGEST + 1] = {0};
                if (at < length)
                    bytes[at] = 'x'; /* else all are zero, as padding is */
                const struct value_entry entry = {.key = {.bytes = bytes, .length = length},
                                                  .count = 1};
                ck_assert_int_eq(value_table_add(&table, &call, &entry, NULL), SHEAF_OK);
                added++;
            }
    ck_assert_uint_eq(table.distinct, added / 2);
    struct value_entry entry;
    for (size_t cursor = 0; value_table_next(&table, &cursor, &entry);)
        ck_assert_uint_eq(entry.count, 2);
    value_table_drop(&table, &call);
}
END_TEST

/* ---- size ---------------------------------------------------------------------------------- */

enum { MANY = 300000, BATCH = 1000 };

struct wide {
    char digits[BATCH][24];
    struct text texts[BATCH];
    uint64_t row_bytes[BATCH];
    struct column column;
    struct batch batch;
};

/* The rows from `first` on, each with a text of its own: every fourth too long for an item. */
static void wide_fill(struct wide *wide, uint64_t first)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        const unsigned long long n = first + i;
        const int length =
            snprintf(wide->digits[i], sizeof wide->digits[i], n % 4 == 0 ? "%023llu" : "%llu", n);
        wide->texts[i] = (struct text){.bytes = wide->digits[i], .length = (size_t)length};
        wide->row_bytes[i] = n;
    }
    wide->column = (struct column){.texts = wide->texts};
    wide->batch = (struct batch){
        .rows = BATCH, .row_bytes = wide->row_bytes, .columns = &wide->column, .selected = BATCH};
}

static void take_range(struct value_table *table, const struct agg_call *call, uint64_t first,
                       uint64_t end)
{
    static struct wide wide;
    for (; first < end; first += BATCH) {
        wide_fill(&wide, first);
        ck_assert_int_eq(value_table_update(table, call, &wide.column, &wide.batch, NULL),
                         SHEAF_OK);
    }
}

/* Every value once in its place, and the place says which value it is. */
static void check_range(const struct value_table *table, uint64_t count)
{
    static unsigned char seen[MANY];
    memset(seen, 0, sizeof seen);
    ck_assert_uint_eq(table->distinct, count);
    struct value_entry entry;
    for (size_t cursor = 0; value_table_next(table, &cursor, &entry);) {
        char digits[24] = "";
        if (entry.key.length >= sizeof digits)
            ck_abort_msg("a key of %zu bytes", entry.key.length);
        memcpy(digits, entry.key.bytes, entry.key.length);
        const uint64_t n = strtoull(digits, NULL, 10);
        if (n >= count || entry.place.byte != n || seen[n]++ != 0)
            ck_abort_msg("%s is wrong", digits);
    }
}

START_TEST(test_many)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(TYPE_UNKNOWN, &budget);
    struct value_table table = {.nulls = 0};
    const uint64_t before = memory_allocations();
    take_range(&table, &call, 0, 10000);
    take_range(&table, &call, 10000, MANY);
    take_range(&table, &call, 0, MANY);
    /* A segment for thousands of values, never an allocation for each. */
    ck_assert_uint_lt(memory_allocations() - before, 1000);
    ck_assert_uint_lt(budget.used, (uint64_t)80 * MANY);
    struct value_entry entry;
    for (size_t cursor = 0; value_table_next(&table, &cursor, &entry);)
        ck_assert_uint_eq(entry.count, 2);
    check_range(&table, MANY);
    value_table_drop(&table, &call);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* The larger table takes in the smaller, whichever is merged into which. */
START_TEST(test_merge_large)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(TYPE_UNKNOWN, &budget);
    struct value_table large = {.nulls = 0};
    struct value_table small = {.nulls = 0};
    take_range(&large, &call, 0, 100000);
    take_range(&small, &call, 99000, 101000);
    struct value_table *into = _i == 0 ? &large : &small;
    struct value_table *from = _i == 0 ? &small : &large;
    const uint64_t before = memory_allocations();
    const uint64_t used = budget.used;
    ck_assert_int_eq(value_table_merge(into, from, &call, NULL), SHEAF_OK);
    ck_assert_uint_lt(memory_allocations() - before, 5);
    ck_assert_uint_lt(budget.used - used, 200000);
    value_table_drop(from, &call);
    check_range(into, 101000);
    value_table_drop(into, &call);

    take_range(&large, &call, 0, 100000);
    const uint64_t alone = memory_allocations();
    ck_assert_int_eq(value_table_merge(&small, &large, &call, NULL), SHEAF_OK);
    ck_assert_uint_eq(memory_allocations(), alone);
    value_table_drop(&large, &call);
    check_range(&small, 100000);
    value_table_drop(&small, &call);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* There may be a table for each of a million groups. */
START_TEST(test_small)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(TYPE_UNKNOWN, &budget);
    struct value_table table = {.nulls = 0};
    const struct value_entry null = {.key = {.bytes = NULL}, .count = 3};
    ck_assert_int_eq(value_table_add(&table, &call, &null, NULL), SHEAF_OK);
    ck_assert_uint_eq(budget.used, 0);
    ck_assert_uint_eq(table.nulls, 3);
    const struct value_entry one = {.key = {.bytes = "one", .length = 3}, .count = 1};
    ck_assert_int_eq(value_table_add(&table, &call, &one, NULL), SHEAF_OK);
    ck_assert_uint_le(budget.used, 104);
    for (int i = 2; i <= 8; i++) {
        char digit = (char)('0' + i);
        const struct value_entry entry = {.key = {.bytes = &digit, .length = 1}, .count = 1};
        ck_assert_int_eq(value_table_add(&table, &call, &entry, NULL), SHEAF_OK);
    }
    ck_assert_uint_le(budget.used, 400);
    value_table_drop(&table, &call);
    value_table_drop(&table, &call);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* ---- what fails ---------------------------------------------------------------------------- */

static enum sheaf_status run_all(const struct agg_call *call, const struct dataset *dataset,
                                 struct sheaf_error *error)
{
    struct value_table a = {.nulls = 0};
    struct value_table b = {.nulls = 0};
    struct part lower, upper;
    part_make(&lower, dataset, part_first(dataset->rows / 2));
    part_make(&upper, dataset, part_first(dataset->rows) & ~part_first(dataset->rows / 3));
    enum sheaf_status status = value_table_update(&a, call, &dataset->column, &lower.batch, error);
    if (status == SHEAF_OK)
        status = value_table_update(&b, call, &dataset->column, &upper.batch, error);
    if (status == SHEAF_OK)
        status = value_table_merge(&a, &b, call, error);
    /* Both hold what is left of them, in either order. */
    value_table_drop(&a, call);
    value_table_drop(&b, call);
    return status;
}

START_TEST(test_refused)
{
    uint64_t random = unit_seed("refused", 32);
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(TYPE_UNKNOWN, &budget);
    const int64_t live = memory_live();
    struct dataset dataset;
    dataset_make(&dataset,
                 &(struct dataset_profile){"texts", AGG_KIND_TEXT, dataset_profiles[10].write, 1},
                 DATASET_ROWS, &random);
    const int64_t with_dataset = memory_live();
    struct sheaf_error error;
    enum sheaf_status status = SHEAF_SYSTEM;
    for (uint64_t n = 1; status != SHEAF_OK; n++) {
        memory_fail_at(n);
        status = run_all(&call, &dataset, n % 2 == 0 ? &error : NULL);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        ck_assert_int_eq(memory_live(), with_dataset);
        ck_assert_uint_eq(budget.used, 0);
        ck_assert_uint_lt(n, 200);
    }
    status = SHEAF_LIMIT;
    for (budget.limit = 0; status != SHEAF_OK; budget.limit += 8) {
        status = run_all(&call, &dataset, &error);
        ck_assert(status == SHEAF_OK || status == SHEAF_LIMIT);
        if (status == SHEAF_LIMIT)
            ck_assert(strstr(error.text, "distinct of column \"x\" needs more") != NULL);
        ck_assert_int_eq(memory_live(), with_dataset);
        ck_assert_uint_eq(budget.used, 0);
    }
    dataset_close(&dataset);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

/* A key that a column of the type cannot have is refused, and so is one that is there twice. */
START_TEST(test_hostile)
{
    static const struct {
        enum column_type type;
        const char *key;
        size_t length;
        bool valid;
    } keys[] = {
        {TYPE_TEXT, "\x03", 1, true},
        {TYPE_TEXT, "", 0, true},
        {TYPE_INTEGER, "\x40\1\0\0\0\0\0\0\0", 9, true},
        {TYPE_INTEGER, "\x40\1\0\0\0\0\0\0\0", 8, false},
        {TYPE_INTEGER, "", 0, false},
        {TYPE_INTEGER, "\x40\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, false}, /* needs only 9 */
        {TYPE_INTEGER, "\x40\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 17, true},
        {TYPE_INTEGER, "\x40\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\x7f", 17, false}, /* past 10^38 */
        {TYPE_DECIMAL, "\x3f\x0b\0\0\0\0\0\0\0", 9, true},
        {TYPE_DECIMAL, "\x3f\x0a\0\0\0\0\0\0\0", 9, false}, /* is 1 */
        {TYPE_DECIMAL, "\x19\x0b\0\0\0\0\0\0\0", 9, false}, /* 10^-39 */
        {TYPE_DECIMAL, "\xff\x0b\0\0\0\0\0\0\0", 9, false},
        {TYPE_FLOAT, "\1\0\0\0\0\0\0\xf0\x3f", 9, true},
        {TYPE_FLOAT, "\2\0\0\0\0\0\0\xf0\x3f", 9, true},
        {TYPE_FLOAT, "\3\0\0\0\0\0\0\xf0\x3f", 9, false},
        {TYPE_FLOAT, "\1\0\0\0\0\0\0\0\x80", 9, false},   /* -0 */
        {TYPE_FLOAT, "\1\1\0\0\0\0\0\xf8\x7f", 9, false}, /* another NaN */
        {TYPE_TIMESTAMP, "\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16, true},
        {TYPE_TIMESTAMP, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, false}, /* no form */
        {TYPE_TIMESTAMP, "\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\xff", 16, false},
        {TYPE_TIMESTAMP, "\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0", 15, false},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct agg_call call = call_of(keys[i].type, NULL);
        struct value_table table = {.nulls = 0};
        const struct value_entry entry = {.key = {.bytes = keys[i].key, .length = keys[i].length},
                                          .count = 1};
        ck_assert_int_eq(value_table_add(&table, &call, &entry, NULL), SHEAF_OK);
        struct buffer out = {0};
        value_table_save(&table, &out);
        value_table_drop(&table, &call);
        struct text bytes = {.bytes = out.bytes, .length = out.length};
        ck_assert_msg(value_table_load(&table, &call, &bytes, NULL) ==
                          (keys[i].valid ? SHEAF_OK : SHEAF_DATA),
                      "key %zu", i);
        value_table_drop(&table, &call);
        buffer_close(&out);
    }
    const struct agg_call call = call_of(TYPE_TEXT, NULL);
    static const char twice[] = "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"
                                "\1\0\0\0\0\0\0\0a\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "\1\0\0\0\0\0\0\0a\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    struct text bytes = {.bytes = twice, .length = sizeof twice - 1};
    struct value_table table;
    ck_assert_int_eq(value_table_load(&table, &call, &bytes, NULL), SHEAF_DATA);
    ck_assert_uint_eq(bytes.length, 0);
    value_table_drop(&table, &call);
}
END_TEST

/* However many rows there are, they are counted: no sum of counts may pass 2^63 - 1. */
START_TEST(test_hostile_counts)
{
    static const uint64_t most = INT64_MAX;
    const struct {
        uint64_t counts[3]; /* of nulls, "a", "b" */
        bool valid;
    } tables[] = {
        {{0, most, 0}, true},
        {{most, 0, 0}, true},
        {{most - 3, 2, 1}, true},
        {{0, most, 1}, false},
        {{1, most, 0}, false},
        {{most, 1, 0}, false},
        {{most - 3, 2, 2}, false},
        {{0, most + 1, 0}, false},
        {{most + 1, 0, 0}, false},
        {{2, UINT64_MAX, 0}, false},
        {{0, most + 1, most + 1}, false},
    };
    const struct agg_call call = call_of(TYPE_TEXT, NULL);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        static const char *const keys[] = {NULL, "a", "b"};
        struct value_table table = {.nulls = 0};
        for (size_t k = 0; k < 3; k++) {
            const struct value_entry entry = {.key = {.bytes = keys[k], .length = 1},
                                              .count = tables[i].counts[k]};
            ck_assert_int_eq(value_table_add(&table, &call, &entry, NULL), SHEAF_OK);
        }
        struct buffer out = {0};
        value_table_save(&table, &out);
        value_table_drop(&table, &call);
        struct text bytes = {.bytes = out.bytes, .length = out.length};
        ck_assert_msg(value_table_load(&table, &call, &bytes, NULL) ==
                          (tables[i].valid ? SHEAF_OK : SHEAF_DATA),
                      "table %zu", i);
        value_table_drop(&table, &call);
        buffer_close(&out);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("value table");
    TCase *tcase = tcase_create("value table");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_random);
    tcase_add_test(tcase, test_lengths);
    tcase_add_test(tcase, test_many);
    tcase_add_loop_test(tcase, test_merge_large, 0, 2);
    tcase_add_test(tcase, test_small);
    tcase_add_test(tcase, test_refused);
    tcase_add_test(tcase, test_hostile);
    tcase_add_test(tcase, test_hostile_counts);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
