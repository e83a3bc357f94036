/* Tables whose values are counted in a row, in part or all: against an obvious table, at every step
 * from texts to a window, to a wider one, and of tables of different windows into one. */
#include "agg/profile.h"
#include "agg/value_table.h"
#include "unit/agg/dataset.h"
#include "unit/agg/reload.h"
#include "unit/unit.h"

#include <stdio.h>

static const struct agg_ops names = {.name = "distinct", .signature = "distinct(x)"};

static struct agg_call call_of(struct memory_budget *budget)
{
    return (struct agg_call){.ops = &names,
                             .type = TYPE_UNKNOWN,
                             .column = "x",
                             .round = -1,
                             .secret = dataset_secret(),
                             .budget = budget};
}

/* ---- an obvious table: rows of every step, sorted when it is asked ------------------------- */

enum { STEPS = 12, ROWS = 200, PADDING = 32, TEXT_ROOM = 24 + PADDING, ALL = STEPS * ROWS };

struct row {
    struct text text; /* bytes NULL: null */
    struct place place;
    uint64_t count;
};

struct model {
    struct row rows[ALL];
    char bytes[ALL][TEXT_ROOM];
    size_t count;
};

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    const int order = text_compare(a->text, b->text);
    return order != 0 ? order : place_compare(a->place, b->place);
}

static int compare_entries(const void *left, const void *right)
{
    return compare_rows(left, right);
}

/* The values of a table, in order of bytes; the texts are copied to `bytes`. */
static size_t read_table(const struct value_table *table, struct row *rows,
                         char (*bytes)[TEXT_ROOM])
{
    struct value_entry entry;
    size_t count = 0;
    for (size_t cursor = 0; value_table_next(table, &cursor, &entry); count++) {
        ck_assert_uint_lt(count, ALL);
        memcpy(bytes[count], entry.key.bytes, entry.key.length);
        rows[count] = (struct row){.text = {.bytes = bytes[count], .length = entry.key.length},
                                   .place = entry.place,
                                   .count = entry.count};
        struct value_entry again;
        value_table_entry(table, entry.number, &again);
        ck_assert_int_eq(text_compare(again.key, entry.key), 0);
        ck_assert_uint_eq(again.count, entry.count);
    }
    qsort(rows, count, sizeof *rows, compare_entries);
    return count;
}

static void check_table(const struct value_table *table, const struct model *model)
{
    static struct row expected[ALL], met[ALL];
    static char bytes[ALL][TEXT_ROOM];
    size_t nulls = 0, count = 0, distinct = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->rows[i].text.bytes == NULL)
            nulls += model->rows[i].count;
        else
            expected[count++] = model->rows[i];
    }
    qsort(expected, count, sizeof *expected, compare_rows);
    const size_t met_count = read_table(table, met, bytes);
    for (size_t i = 0; i < count; distinct++) {
        const size_t first = i;
        uint64_t times = 0;
        for (; i < count && text_compare(expected[i].text, expected[first].text) == 0; i++)
            times += expected[i].count;
        ck_assert_uint_lt(distinct, met_count);
        ck_assert_int_eq(text_compare(met[distinct].text, expected[first].text), 0);
        ck_assert_uint_eq(met[distinct].count, times);
        ck_assert_int_eq(place_compare(met[distinct].place, expected[first].place), 0);
    }
    ck_assert_uint_eq(met_count, distinct);
    ck_assert_uint_eq(table->distinct, distinct);
    ck_assert_uint_eq(table->nulls, nulls);
}

/* ---- columns ------------------------------------------------------------------------------- */

/* What the texts of a step look like. */
enum look { SMALL, PRICES, NEGATIVE, SHIFTED, ASCENDING, DATES, TIMES, SPARSE, ODD, LOOKS };

static void write_text(enum look look, unsigned step, uint64_t *random, char *out)
{
    const uint64_t word = unit_random(random);
    const int n = (int)(word >> 8 & 0xffff);
    switch (look) {
    case SMALL:
        snprintf(out, TEXT_ROOM, "%d", n % 5);
        break;
    case PRICES:
        snprintf(out, TEXT_ROOM, "%s%d.%02d", n % 7 == 0 ? "-" : "", n % 11, 1 + n % 90);
        break;
    case NEGATIVE:
        snprintf(out, TEXT_ROOM, "-%d", 1 + n % 150);
        break;
    case SHIFTED: /* windows of which each lies elsewhere */
        snprintf(out, TEXT_ROOM, "%d", (int)step * 1000 - 3000 + n % 300);
        break;
    case ASCENDING:
        snprintf(out, TEXT_ROOM, "%d", (int)step * 150 + n % 150);
        break;
    case DATES:
        snprintf(out, TEXT_ROOM, "2023-%02d-%02d", 1 + n % 12, 1 + n / 12 % 28);
        break;
    case TIMES:
        snprintf(out, TEXT_ROOM, "2023-01-01%c00:%02d:%02d", n % 31 == 0 ? 'T' : ' ', n % 60,
                 n / 60 % 60);
        break;
    case SPARSE:
        snprintf(out, TEXT_ROOM, "%llu", (unsigned long long)(word >> 20));
        break;
    default: {
        static const char *const odd[] = {"", "NA", "01", "1.0", "+1", "-0", "a text that is long"};
        snprintf(out, TEXT_ROOM, "%s", odd[(size_t)n % (sizeof odd / sizeof odd[0])]);
        break;
    }
    }
}

/* About the greatest count and place that lie in a cell (VALUE_CELL_BYTE_BITS). */
#define WIDE_COUNT (UINT64_C(1) << VALUE_CELL_COUNT_BITS)
#define WIDE_BYTE (UINT64_C(1) << VALUE_CELL_BYTE_BITS)

/* What the steps of one round have in common. */
struct round {
    enum look look;
    bool is_pure; /* no other look in between */
    bool has_files;
    bool has_many;  /* some values are there many times at once */
    uint64_t begin; /* of the places */
};

static struct round make_round(uint64_t *random)
{
    return (struct round){.look = (enum look)(unit_random(random) % LOOKS),
                          .is_pure = unit_random(random) % 2 == 0,
                          .has_files = unit_random(random) % 2 == 0,
                          .has_many = unit_random(random) % 2 == 0,
                          .begin = unit_random(random) % 4 == 0 ? WIDE_BYTE - 5000 : 0};
}

/* The rows of one step: mostly of one look, some of others. */
struct step {
    struct text texts[ROWS];
    uint64_t row_bytes[ROWS];
    uint32_t selection[ROWS];
    uint64_t times; /* how often each row is there; 1: also as a batch */
    struct column column;
    struct batch batch;
};

static void make_step(struct step *step, struct model *model, const struct round *round,
                      unsigned number, uint64_t *random)
{
    const bool is_usual = round->is_pure || unit_random(random) % 4 != 0;
    const enum look look = is_usual ? round->look : (enum look)(unit_random(random) % LOOKS);
    const uint64_t others = round->is_pure ? 0 : unit_random(random) % 3 * 20 + 1;
    /* No two rows have one place. */
    const uint64_t base =
        round->begin +
        (unit_random(random) % 4 == 0 ? 100000 - (uint64_t)number * 1000 : (uint64_t)number * 1000);
    const uint32_t file = round->has_files && unit_random(random) % 2 == 0 ? number / 3 : 0;
    const uint32_t rows = unit_random(random) % 4 == 0 ? 20 : ROWS;
    uint32_t selected = 0;
    step->times = round->has_many && unit_random(random) % 3 == 0
                      ? WIDE_COUNT / (1 + unit_random(random) % 80) - unit_random(random) % 2
                      : 1;
    for (uint32_t i = 0; i < rows; i++) {
        char *bytes = model->bytes[model->count];
        const bool is_other = unit_random(random) % 100 < others;
        write_text(is_other ? (enum look)(unit_random(random) % LOOKS) : look, number, random,
                   bytes);
        step->texts[i] = (struct text){.bytes = bytes, .length = strlen(bytes)};
        if (unit_random(random) % 20 == 0)
            step->texts[i] = (struct text){.bytes = NULL};
        step->row_bytes[i] = base + i * 3;
        if (unit_random(random) % 8 == 0 && selected > 0)
            continue;
        step->selection[selected++] = i;
        model->rows[model->count++] =
            (struct row){.text = step->texts[i],
                         .place = {.byte = step->row_bytes[i], .file = file},
                         .count = step->times};
    }
    step->column = (struct column){.texts = step->texts};
    step->batch = (struct batch){.rows = rows,
                                 .file = file,
                                 .row_bytes = step->row_bytes,
                                 .columns = &step->column,
                                 .selection = step->selection,
                                 .selected = selected,
                                 .padded = unit_random(random) % 2 == 0};
}

/* Takes the step's rows in one of the ways that there are. */
static void take_step(struct value_table *table, const struct agg_call *call,
                      const struct step *step, uint64_t *random)
{
    static char *groups[ROWS];
    const struct batch *batch = &step->batch;
    const uint64_t way = step->times == 1 ? unit_random(random) % 8 : 0;
    if (way > 1) {
        ck_assert_int_eq(value_table_update(table, call, &step->column, batch, NULL), SHEAF_OK);
    } else if (way == 1) {
        for (uint32_t i = 0; i < batch->selected; i++)
            groups[i] = (char *)table;
        ck_assert_int_eq(value_table_scatter(groups, 0, call, &step->column, batch, NULL),
                         SHEAF_OK);
    } else {
        for (uint32_t i = 0; i < batch->selected; i++) {
            const uint32_t row = batch->selection[i];
            const struct value_entry entry = {
                .key = step->texts[row],
                .count = step->times,
                .place = {.byte = step->row_bytes[row], .file = batch->file}};
            ck_assert_int_eq(value_table_add(table, call, &entry, NULL), SHEAF_OK);
        }
    }
}

/* ---- tests --------------------------------------------------------------------------------- */

enum { TABLES = 3 };

static void check_random(struct memory_budget *budget, uint64_t *random)
{
    static struct model model;
    static struct step step;
    const struct agg_call call = call_of(budget);
    struct value_table tables[TABLES] = {{.nulls = 0}};
    const struct round round = make_round(random);
    model.count = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        make_step(&step, &model, &round, i, random);
        struct value_table *table = &tables[unit_random(random) % TABLES];
        take_step(table, &call, &step, random);
        if (unit_random(random) % 6 == 0)
            value_table_reload(table, &call);
        if (unit_random(random) % 6 == 0) {
            struct value_table *other = &tables[unit_random(random) % TABLES];
            if (other == table)
                continue;
            ck_assert_int_eq(value_table_merge(table, other, &call, NULL), SHEAF_OK);
            value_table_drop(other, &call);
        }
    }
    ck_assert_int_eq(value_table_merge(&tables[0], &tables[1], &call, NULL), SHEAF_OK);
    value_table_drop(&tables[1], &call);
    ck_assert_int_eq(value_table_merge(&tables[2], &tables[0], &call, NULL), SHEAF_OK);
    value_table_drop(&tables[0], &call);
    check_table(&tables[2], &model);
    value_table_drop(&tables[2], &call);
}

START_TEST(test_random)
{
    uint64_t random = unit_seed("random", 61);
    struct memory_budget budget = {.limit = UINT64_MAX};
    const int64_t live = memory_live();
    for (int round = 0; round < 150; round++) {
        check_random(&budget, &random);
        ck_assert_uint_eq(budget.used, 0);
        ck_assert_int_eq(memory_live(), live);
    }
}
END_TEST

static enum sheaf_status use_memory(const struct agg_call *call, uint64_t seed)
{
    static struct model model;
    static struct step step;
    struct value_table tables[2] = {{.nulls = 0}};
    uint64_t random = seed;
    const struct round round = {.look = PRICES, .has_files = true};
    enum sheaf_status status = SHEAF_OK;
    model.count = 0;
    for (unsigned i = 0; i < STEPS && status == SHEAF_OK; i++) {
        make_step(&step, &model, &round, i, &random);
        status = value_table_update(&tables[i % 2], call, &step.column, &step.batch, NULL);
        if (status == SHEAF_OK && i == STEPS / 2)
            status = value_table_merge(&tables[0], &tables[1], call, NULL);
    }
    if (status == SHEAF_OK)
        status = value_table_merge(&tables[1], &tables[0], call, NULL);
    value_table_drop(&tables[0], call);
    value_table_drop(&tables[1], call);
    return status;
}

START_TEST(test_refused)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(&budget);
    const uint64_t seed = unit_seed("refused", 62);
    const int64_t live = memory_live();
    enum sheaf_status status = SHEAF_SYSTEM;
    for (uint64_t n = 1; status != SHEAF_OK; n++) {
        memory_fail_at(n);
        status = use_memory(&call, seed);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(budget.used, 0);
    }
    status = SHEAF_LIMIT;
    for (budget.limit = 0; status != SHEAF_OK; budget.limit += 512) {
        status = use_memory(&call, seed);
        ck_assert(status == SHEAF_OK || status == SHEAF_LIMIT);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(budget.used, 0);
    }
}
END_TEST

/* A batch of the numbers from 0 to ROWS - 1, at the given place. */
static void make_numbers(struct step *step, struct model *model, uint64_t byte)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        const int length = snprintf(model->bytes[i], TEXT_ROOM, "%u", i);
        step->texts[i] = (struct text){.bytes = model->bytes[i], .length = (size_t)length};
        step->row_bytes[i] = byte + 4 * i;
    }
    step->column = (struct column){.texts = step->texts};
    step->batch = (struct batch){
        .rows = ROWS, .row_bytes = step->row_bytes, .columns = &step->column, .selected = ROWS};
}

/* Counts each number of the batch `count` times, all but one of them at once. */
static void take_numbers(struct value_table *table, const struct agg_call *call,
                         const struct step *step, uint64_t count)
{
    ck_assert_int_eq(value_table_update(table, call, &step->column, &step->batch, NULL), SHEAF_OK);
    for (uint32_t i = 0; i < ROWS && count > 1; i++) {
        const struct value_entry entry = {
            .key = step->texts[i], .count = count - 1, .place = {.byte = step->row_bytes[i]}};
        ck_assert_int_eq(value_table_add(table, call, &entry, NULL), SHEAF_OK);
    }
}

static void check_counts(const struct value_table *table, uint64_t count)
{
    struct value_run run;
    value_table_run(table, &run);
    ck_assert_uint_ge(run.length, ROWS);
    ck_assert_uint_eq(table->distinct, ROWS);
    struct value_entry entry;
    for (size_t cursor = 0; value_table_next(table, &cursor, &entry);)
        ck_assert_uint_eq(entry.count, count);
}

START_TEST(test_full_cells)
{
    static const uint64_t counts[] = {
        1, 2, WIDE_COUNT / 2, WIDE_COUNT - 2, WIDE_COUNT - 1, WIDE_COUNT, 5 * WIDE_COUNT};
    enum { COUNTS = sizeof counts / sizeof counts[0] };
    static struct model model;
    static struct step step;
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(&budget);
    for (size_t n = 0; n < COUNTS * COUNTS; n++) {
        const uint64_t left = counts[n / COUNTS], right = counts[n % COUNTS];
        struct value_table into = {.nulls = 0}, from = {.nulls = 0};
        make_numbers(&step, &model, 0);
        take_numbers(&into, &call, &step, left);
        take_numbers(&from, &call, &step, right);
        check_counts(&into, left);
        ck_assert_int_eq(value_table_merge(&into, &from, &call, NULL), SHEAF_OK);
        value_table_drop(&from, &call);
        check_counts(&into, left + right);
        for (unsigned i = 1; i < 4; i++) {
            make_numbers(&step, &model, 1000 * i);
            take_numbers(&into, &call, &step, 1);
            check_counts(&into, left + right + i);
        }
        value_table_drop(&into, &call);
    }
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* A profile of the whole table is that of its values one by one. */
START_TEST(test_profiles)
{
    static struct model model;
    static struct step step;
    uint64_t random = unit_seed("profiles", 63);
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct agg_call call = call_of(&budget);
    call.ops = &agg_profile;
    for (int n = 0; n < 100; n++) {
        const struct round round = make_round(&random);
        struct value_table table = {.nulls = 0};
        model.count = 0;
        for (unsigned i = 0; i < 3; i++) {
            make_step(&step, &model, &round, i, &random);
            ck_assert_int_eq(value_table_update(&table, &call, &step.column, &step.batch, NULL),
                             SHEAF_OK);
        }
        struct profile whole = {.rows = 0}, single = {.rows = 0};
        ck_assert_int_eq(profile_add_table(&whole, &call, &table, NULL), SHEAF_OK);
        struct value_entry entry;
        for (size_t cursor = 0; value_table_next(&table, &cursor, &entry);)
            ck_assert_int_eq(profile_add(&single, &call, &entry, NULL), SHEAF_OK);
        struct buffer a = {0}, b = {0};
        struct number left, right;
        ck_assert_int_eq(exact_sum_value(&whole.sum, -1, &left, NULL), SHEAF_OK);
        ck_assert_int_eq(exact_sum_value(&single.sum, -1, &right, NULL), SHEAF_OK);
        ck_assert(left.kind == right.kind && left.mantissa == right.mantissa);
        ck_assert_int_eq(exact_sum_value(&whole.squares, -1, &left, NULL), SHEAF_OK);
        ck_assert_int_eq(exact_sum_value(&single.squares, -1, &right, NULL), SHEAF_OK);
        ck_assert(left.kind == right.kind && left.mantissa == right.mantissa);
        exact_sum_drop(&whole.sum, &budget), exact_sum_drop(&single.sum, &budget);
        exact_sum_drop(&whole.squares, &budget), exact_sum_drop(&single.squares, &budget);
        whole.sum = single.sum = whole.squares = single.squares = (struct exact_sum){.small = 0};
        agg_profile.save(&whole, &call, &a);
        agg_profile.save(&single, &call, &b);
        ck_assert_uint_eq(a.length, b.length);
        ck_assert(memcmp(a.bytes, b.bytes, a.length) == 0);
        buffer_close(&a), buffer_close(&b);
        profile_drop(&whole, &call), profile_drop(&single, &call);
        value_table_drop(&table, &call);
        ck_assert_uint_eq(budget.used, 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("value counts");
    TCase *test_case = tcase_create("value counts");
    tcase_add_test(test_case, test_random);
    tcase_add_test(test_case, test_full_cells);
    tcase_add_test(test_case, test_refused);
    tcase_add_test(test_case, test_profiles);
    suite_add_tcase(suite, test_case);
    return suite;
}

UNIT_MAIN(make_suite)
