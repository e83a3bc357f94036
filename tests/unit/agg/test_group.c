/* The group table against an obvious one: a list that is searched from the front. */
#include "agg/group.h"

#include "unit/unit.h"

#include <string.h>

enum { KEYS = 3, ROWS = 400, COLUMNS = KEYS + 1, LONG = 3000, CALLS = 4 };

static const uint32_t key_columns[KEYS] = {2, 0, 1};
static const uint32_t argument_columns[CALLS] = {99, 3, 3, 3};

/* A dataset of ROWS rows in one file, whose columns are keys and one column of small numbers. */
struct table {
    struct text texts[COLUMNS][ROWS];
    struct number numbers[ROWS];
    struct column columns[COLUMNS];
    uint64_t row_bytes[ROWS];
};

static char long_texts[2][LONG];

static struct text literal(const char *bytes, size_t length)
{
    return (struct text){.bytes = bytes, .length = length};
}

/* Keys that a sloppy encoding mixes up. */
static struct text pick_key(uint64_t *random)
{
    memset(long_texts, 'x', sizeof long_texts);
    long_texts[1][LONG - 1] = 'y';
    const struct text keys[] = {
        {.bytes = NULL},
        literal("", 0),
        literal("\0", 1),
        literal("\0\0", 2),
        literal("\0\0\0\0\0\0\0\0", 8),
        literal("\1\0\0\0\0\0\0\0a", 9),
        literal("\xff\xff\xff\xff\xff\xff\xff\xff", 8),
        literal("a", 1),
        literal("ab", 2),
        literal("b", 1),
        literal("abcdefghijklmnop", 16),
        literal("abcdefghijklmnopq", 17),
        literal(long_texts[0], LONG),
        literal(long_texts[1], LONG),
        literal(long_texts[0], LONG - 1),
    };
    return keys[unit_random(random) % (sizeof keys / sizeof keys[0])];
}

/* The text of a digit, or null for 10: short, or too long for a state to hold inside. */
static struct text digit_text(uint32_t value)
{
    static const char *const texts[] = {
        "0", "1 and something that needs memory of its own",
        "2", "3 and as much again, or more",
        "4", "5, which is longer than the others, so that what is held has to grow",
        "6", "7 and something longer",
        "8", "9 and a tail",
    };
    return value < 10 ? literal(texts[value], strlen(texts[value])) : literal(NULL, 0);
}

static void table_make(struct table *table, uint64_t *random)
{
    uint64_t byte = 17;
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t c = 0; c < KEYS; c++)
            table->texts[c][row] = pick_key(random);
        const uint32_t value = (uint32_t)(unit_random(random) % 11);
        table->texts[KEYS][row] = digit_text(value);
        table->numbers[row] = (struct number){.kind = NUMBER_NULL};
        if (value < 10)
            table->numbers[row] = (struct number){.mantissa = value, .kind = NUMBER_DECIMAL};
        table->row_bytes[row] = byte;
        byte += 1 + unit_random(random) % 9;
    }
    for (uint32_t c = 0; c < COLUMNS; c++)
        table->columns[c] = (struct column){.texts = table->texts[c], .numbers = table->numbers};
}

static struct batch batch_of(const struct table *table, uint32_t *selection, uint32_t selected)
{
    return (struct batch){
        .rows = ROWS,
        .file = 1,
        .row_bytes = table->row_bytes,
        .columns = table->columns,
        .selection = selection,
        .selected = selected,
    };
}

/* What a group of the obvious table is. */
struct listed {
    struct text key[KEYS];
    uint32_t first_row;
    uint64_t rows;
    uint64_t sum;
    struct text first; /* bytes NULL: none */
    struct text max;
};

static int same_text(struct text a, struct text b)
{
    if (a.bytes == NULL || b.bytes == NULL)
        return a.bytes == b.bytes;
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static struct listed *list_find(struct listed *list, size_t *count, const struct table *table,
                                uint32_t row, uint32_t key_count)
{
    for (size_t i = 0; i < *count; i++) {
        uint32_t k = 0;
        while (k < key_count && same_text(list[i].key[k], table->texts[key_columns[k]][row]))
            k++;
        if (k == key_count)
            return &list[i];
    }
    struct listed *group = &list[(*count)++];
    *group = (struct listed){.first_row = row};
    for (uint32_t k = 0; k < key_count; k++)
        group->key[k] = table->texts[key_columns[k]][row];
    return group;
}

/* Groups all rows, so in order of appearance. */
static size_t list_make(struct listed *list, const struct table *table, uint32_t key_count)
{
    size_t count = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        struct listed *group = list_find(list, &count, table, row, key_count);
        const struct text text = table->texts[KEYS][row];
        group->rows++;
        if (text.bytes == NULL)
            continue;
        group->sum += (uint64_t)(text.bytes[0] - '0');
        if (group->first.bytes == NULL)
            group->first = text;
        if (group->max.bytes == NULL || group->max.bytes[0] < text.bytes[0])
            group->max = text;
    }
    return count;
}

/* Null first, then bytes, a beginning before what it begins. */
static int comes_after(const struct listed *a, const struct listed *b, uint32_t key_count)
{
    for (uint32_t k = 0; k < key_count; k++) {
        const struct text x = a->key[k];
        const struct text y = b->key[k];
        if (same_text(x, y))
            continue;
        if (x.bytes == NULL || y.bytes == NULL)
            return y.bytes == NULL;
        size_t i = 0;
        while (i < x.length && i < y.length && x.bytes[i] == y.bytes[i])
            i++;
        if (i == x.length || i == y.length)
            return i < x.length;
        return (unsigned char)x.bytes[i] > (unsigned char)y.bytes[i];
    }
    return 0;
}

static void list_sort(struct listed *list, size_t count, uint32_t key_count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && comes_after(&list[j - 1], &list[j], key_count); j--) {
            const struct listed moved = list[j];
            list[j] = list[j - 1];
            list[j - 1] = moved;
        }
}

/* A setup over the columns of struct table. */
struct fixture {
    struct group_setup setup;
    struct agg_call calls[CALLS];
    struct hash_secret secret;
    struct memory_budget budget;
};

static void fixture_make(struct fixture *fixture, uint32_t key_count)
{
    static const char *const names[CALLS] = {"count", "sum", "first", "max"};
    *fixture = (struct fixture){.budget = {.limit = UINT64_MAX}};
    ck_assert_int_eq(hash_secret_make(&fixture->secret, NULL), SHEAF_OK);
    for (int i = 0; i < CALLS; i++) {
        fixture->calls[i] = (struct agg_call){
            .ops = agg_find(names[i], strlen(names[i])),
            .kind = AGG_KIND_TEXT,
            .column = i == 0 ? NULL : "x",
            .round = -1,
            .budget = &fixture->budget,
        };
        ck_assert_ptr_nonnull(fixture->calls[i].ops);
    }
    fixture->setup = (struct group_setup){
        .keys = key_columns,
        .key_count = key_count,
        .calls = fixture->calls,
        .arguments = argument_columns,
        .call_count = CALLS,
        .secret = &fixture->secret,
        .what = "the group table",
        .budget = &fixture->budget,
    };
}

static void check_text(const struct value *value, struct text expected)
{
    if (expected.bytes == NULL) {
        ck_assert_int_eq(value->kind, VALUE_NULL);
        return;
    }
    ck_assert_int_eq(value->kind, VALUE_TEXT);
    ck_assert_ptr_nonnull(value->text.bytes);
    ck_assert(same_text(value->text, expected));
}

static void check_integer(const struct value *value, uint64_t expected)
{
    ck_assert_int_eq(value->kind, VALUE_NUMBER);
    ck_assert_int_eq(value->number.kind, NUMBER_DECIMAL);
    ck_assert(value->number.exponent == 0 || value->number.mantissa == 0);
    ck_assert(value->number.mantissa == (int128)expected);
}

static void check_rows(const struct group_table *groups, const struct listed *list, size_t count,
                       uint32_t key_count)
{
    ck_assert_uint_eq(group_table_count(groups), count);
    for (size_t row = 0; row < count; row++) {
        struct value cells[KEYS + CALLS];
        ck_assert_int_eq(group_table_row(groups, row, cells, NULL), SHEAF_OK);
        for (uint32_t k = 0; k < key_count; k++)
            check_text(&cells[k], list[row].key[k]);
        check_integer(&cells[key_count], list[row].rows);
        check_integer(&cells[key_count + 1], list[row].sum);
        check_text(&cells[key_count + 2], list[row].first);
        check_text(&cells[key_count + 3], list[row].max);
    }
}

/* Compares with the obvious table, in both orders. */
static void check(struct group_table *groups, const struct table *table, uint32_t key_count)
{
    static struct listed list[ROWS];
    const size_t count = list_make(list, table, key_count);
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_APPEARANCE, NULL), SHEAF_OK);
    check_rows(groups, list, count, key_count);
    list_sort(list, count, key_count);
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_KEY, NULL), SHEAF_OK);
    check_rows(groups, list, count, key_count);
}

enum { WORKERS = 4 };

static struct group_table *open_table(const struct fixture *fixture)
{
    struct group_table *groups;
    ck_assert_int_eq(group_table_open(&fixture->setup, &groups, NULL), SHEAF_OK);
    return groups;
}

/* Deals ranges of rows, in any order, to the workers; a range's rows even to several of them. */
static void deal(struct group_table *const *workers, const struct table *table, uint64_t *random)
{
    enum { RANGE = 50 };
    const uint32_t start = (uint32_t)(unit_random(random) % (ROWS / RANGE));
    for (uint32_t n = 0; n < ROWS / RANGE; n++) {
        const uint32_t first = (start + n * 3) % (ROWS / RANGE) * RANGE;
        uint32_t selections[WORKERS][RANGE];
        uint32_t selected[WORKERS] = {0};
        const uint32_t sharers = 1 + (uint32_t)(unit_random(random) % WORKERS);
        for (uint32_t row = first; row < first + RANGE; row++) {
            const size_t w = (n + unit_random(random) % sharers) % WORKERS;
            selections[w][selected[w]++] = row;
        }
        for (size_t w = 0; w < WORKERS; w++) {
            const struct batch batch = batch_of(table, selections[w], selected[w]);
            ck_assert_int_eq(group_table_update(workers[w], &batch, NULL), SHEAF_OK);
        }
    }
}

START_TEST(test_whole)
{
    uint64_t random = unit_seed("whole", 11);
    static struct table table;
    table_make(&table, &random);
    struct fixture fixture;
    fixture_make(&fixture, (uint32_t)_i);
    struct group_table *groups = open_table(&fixture);
    const struct batch batch = batch_of(&table, NULL, ROWS);
    ck_assert_int_eq(group_table_update(groups, &batch, NULL), SHEAF_OK);
    check(groups, &table, (uint32_t)_i);
    group_table_close(groups);
    ck_assert_uint_eq(fixture.budget.used, 0);
}
END_TEST

START_TEST(test_merge)
{
    uint64_t random = unit_seed("merge", 12);
    const uint32_t key_count = (uint32_t)_i;
    const int64_t live = memory_live();
    static struct table table;
    for (int round = 0; round < 40; round++) {
        table_make(&table, &random);
        struct fixture fixture;
        fixture_make(&fixture, key_count);
        struct group_table *workers[WORKERS];
        for (size_t w = 0; w < WORKERS; w++)
            workers[w] = open_table(&fixture);
        deal(workers, &table, &random);
        for (size_t left = WORKERS; left > 1; left--) {
            const size_t from = unit_random(&random) % left;
            const size_t into = (from + 1 + unit_random(&random) % (left - 1)) % left;
            ck_assert_int_eq(group_table_merge(workers[into], workers[from], NULL), SHEAF_OK);
            group_table_close(workers[from]);
            workers[from] = workers[left - 1];
        }
        check(workers[0], &table, key_count);
        group_table_close(workers[0]);
        ck_assert_uint_eq(fixture.budget.used, 0);
    }
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

/* A sorted table that changes can be sorted again. */
START_TEST(test_sort_again)
{
    uint64_t random = unit_seed("sort again", 13);
    static struct table table;
    table_make(&table, &random);
    struct fixture fixture;
    fixture_make(&fixture, 2);
    struct group_table *groups = open_table(&fixture);
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_KEY, NULL), SHEAF_OK);
    ck_assert_uint_eq(group_table_count(groups), 0);
    for (uint32_t row = ROWS; row-- > 0;) {
        const struct batch batch = batch_of(&table, &row, 1);
        ck_assert_int_eq(group_table_update(groups, &batch, NULL), SHEAF_OK);
        if (row % 50 == 0)
            ck_assert_int_eq(group_table_sort(groups, GROUP_BY_APPEARANCE, NULL), SHEAF_OK);
    }
    check(groups, &table, 2);
    group_table_close(groups);
    ck_assert_uint_eq(fixture.budget.used, 0);
}
END_TEST

/* The state of a call is there before a row and after a merge. */
START_TEST(test_state)
{
    uint64_t random = unit_seed("state", 15);
    static struct table table;
    table_make(&table, &random);
    struct fixture fixture;
    fixture_make(&fixture, 0);
    struct group_table *groups = open_table(&fixture);
    struct group_table *other = open_table(&fixture);
    const struct batch batch = batch_of(&table, NULL, ROWS);
    ck_assert_int_eq(group_table_update(other, &batch, NULL), SHEAF_OK);
    ck_assert_int_eq(group_table_merge(groups, other, NULL), SHEAF_OK);
    group_table_close(other);
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_KEY, NULL), SHEAF_OK);
    struct value cells[CALLS];
    ck_assert_int_eq(group_table_row(groups, 0, cells, NULL), SHEAF_OK);
    for (uint32_t i = 0; i < CALLS; i++) {
        const struct agg_call *call = &fixture.calls[i];
        struct value value;
        ck_assert_int_eq(call->ops->finish(group_table_state(groups, i), call, &value, NULL),
                         SHEAF_OK);
        ck_assert_int_eq(value.kind, cells[i].kind);
        if (value.kind == VALUE_TEXT)
            ck_assert_ptr_eq(value.text.bytes, cells[i].text.bytes);
        else
            ck_assert(value.number.mantissa == cells[i].number.mantissa);
    }
    group_table_close(groups);
}
END_TEST

/* Without key columns there is one group, also when nothing was taken. */
START_TEST(test_no_rows)
{
    struct fixture fixture;
    fixture_make(&fixture, 0);
    struct group_table *groups = open_table(&fixture);
    struct group_table *other = open_table(&fixture);
    ck_assert_int_eq(group_table_merge(groups, other, NULL), SHEAF_OK);
    group_table_close(other);
    const struct listed nothing = {.rows = 0};
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_KEY, NULL), SHEAF_OK);
    check_rows(groups, &nothing, 1, 0);
    group_table_close(groups);
    group_table_close(NULL);
    ck_assert_uint_eq(fixture.budget.used, 0);
}
END_TEST

static enum sheaf_status run_merged(struct group_table *a, struct group_table *b,
                                    const struct table *table, struct sheaf_error *error)
{
    static uint32_t selection[ROWS];
    for (uint32_t i = 0; i < ROWS; i++)
        selection[i] = i;
    const struct batch lower = batch_of(table, selection, ROWS * 2 / 3);
    const struct batch upper = batch_of(table, selection + ROWS / 3, ROWS - ROWS / 3);
    enum sheaf_status status = group_table_update(a, &lower, error);
    if (status == SHEAF_OK)
        status = group_table_update(b, &upper, error);
    if (status == SHEAF_OK)
        status = group_table_merge(a, b, error);
    if (status == SHEAF_OK)
        status = group_table_sort(a, GROUP_BY_KEY, error);
    return status;
}

/* Does everything that allocates. What fails leaves tables that close in either order. */
static enum sheaf_status run_all(const struct fixture *fixture, const struct table *table,
                                 uint64_t round)
{
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_error *seen = round % 3 == 0 ? NULL : &error;
    struct group_table *a = NULL;
    struct group_table *b = NULL;
    enum sheaf_status status = group_table_open(&fixture->setup, &a, seen);
    if (status == SHEAF_OK)
        status = group_table_open(&fixture->setup, &b, seen);
    if (status == SHEAF_OK)
        status = run_merged(a, b, table, seen);
    if (seen != NULL)
        ck_assert_int_eq(error.status, status);
    if (status == SHEAF_LIMIT && seen != NULL)
        ck_assert(strstr(error.text, "the group table") != NULL ||
                  strstr(error.text, "\"x\"") != NULL);
    group_table_close(round % 2 == 0 ? a : b);
    group_table_close(round % 2 == 0 ? b : a);
    return status;
}

START_TEST(test_refused)
{
    uint64_t random = unit_seed("refused", 14);
    const int64_t live = memory_live();
    static struct table table;
    table_make(&table, &random);
    struct fixture fixture;
    fixture_make(&fixture, (uint32_t)_i);
    enum sheaf_status status = SHEAF_SYSTEM;
    for (uint64_t n = 1; status != SHEAF_OK; n++) {
        memory_fail_at(n);
        status = run_all(&fixture, &table, n);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(fixture.budget.used, 0);
        ck_assert_uint_lt(n, 10000);
    }
    status = SHEAF_LIMIT;
    for (fixture.budget.limit = 0; status != SHEAF_OK; fixture.budget.limit += 487) {
        status = run_all(&fixture, &table, fixture.budget.limit);
        ck_assert(status == SHEAF_OK || status == SHEAF_LIMIT);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(fixture.budget.used, 0);
    }
}
END_TEST

enum { MILLION = 1000000, BATCH = 4000 };

/* Batches of BATCH numbers as texts, counted downwards, so that the last row comes first. */
struct numbers {
    char digits[BATCH][8];
    struct text texts[BATCH];
    uint64_t row_bytes[BATCH];
    struct column columns[3];
    struct batch batch;
};

static struct text number_text(char digits[8], uint32_t number)
{
    size_t start = 8;
    do
        digits[--start] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return literal(digits + start, 8 - start);
}

static void numbers_fill(struct numbers *numbers, uint32_t first)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        numbers->texts[i] = number_text(numbers->digits[i], first + i);
        numbers->row_bytes[i] = (uint64_t)(first + i) * 8;
    }
    for (size_t c = 0; c < 3; c++)
        numbers->columns[c].texts = numbers->texts;
    numbers->batch = (struct batch){.rows = BATCH,
                                    .row_bytes = numbers->row_bytes,
                                    .columns = numbers->columns,
                                    .selected = BATCH};
}

START_TEST(test_million)
{
    static struct numbers numbers;
    struct fixture fixture;
    fixture_make(&fixture, 1);
    fixture.setup.call_count = 1;
    struct group_table *groups = open_table(&fixture);
    const uint64_t before = memory_allocations();
    for (uint32_t first = MILLION; first > 0; first -= BATCH) {
        numbers_fill(&numbers, first - BATCH);
        ck_assert_int_eq(group_table_update(groups, &numbers.batch, NULL), SHEAF_OK);
    }
    /* A block of memory for some ten thousand groups, never one for each. */
    ck_assert_uint_lt(memory_allocations() - before, 200);
    ck_assert_uint_eq(group_table_count(groups), MILLION);
    ck_assert_int_eq(group_table_sort(groups, GROUP_BY_APPEARANCE, NULL), SHEAF_OK);
    for (uint32_t row = 0; row < MILLION; row++) {
        char digits[8];
        struct value cells[2];
        ck_assert_int_eq(group_table_row(groups, row, cells, NULL), SHEAF_OK);
        if (!same_text(cells[0].text, number_text(digits, row)) || cells[1].number.mantissa != 1)
            ck_abort_msg("row %u is wrong", row);
    }
    group_table_close(groups);
    ck_assert_uint_eq(fixture.budget.used, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group");
    TCase *tcase = tcase_create("group");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_whole, 0, KEYS + 1);
    tcase_add_loop_test(tcase, test_merge, 0, KEYS + 1);
    tcase_add_test(tcase, test_sort_again);
    tcase_add_test(tcase, test_state);
    tcase_add_test(tcase, test_no_rows);
    tcase_add_loop_test(tcase, test_refused, 0, KEYS + 1);
    tcase_add_test(tcase, test_million);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
