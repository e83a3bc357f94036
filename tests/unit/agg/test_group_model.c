/* Group tables under everything that they do differently inside (inline, packed and long keys, sums
 * in accumulators and in full states, changing scales, weak hashes, merging in every way) against
 * an obvious table: a list that is searched from the front, each group with full states that take
 * their rows one by one, as numbers. */
#include "agg/group_table.h"

#include "num/print.h"
#include "sync/executors.h"
#include "unit/unit.h"

enum {
    KEYS = 3,
    VALUES = 2,
    COLUMNS = KEYS + VALUES,
    ROWS = 700, /* more than a block */
    POOL = 60,  /* different keys of a column */
    BATCHES = 12,
    MOST_TABLES = 8,
    MOST_CALLS = 16,
    STATE = 512,
    MOST_GROUPS = ROWS * BATCHES,
    ARENA = 1 << 21,
};

static const uint32_t key_columns[KEYS] = {3, 0, 2};
static const uint32_t value_columns[VALUES] = {4, 1};

/* What a round tries. */
struct trial {
    uint64_t random;
    uint32_t key_count;
    unsigned table_count;
    unsigned pool; /* how many of the keys are in use */
    bool is_plain; /* calls that take rows stand among the others */
    bool is_ordered;
    bool is_padded;
    unsigned value_shape;
};

struct source {
    struct text texts[COLUMNS][ROWS];
    struct number numbers[COLUMNS][ROWS];
    int64_t mantissas[COLUMNS][ROWS];
    uint64_t row_bytes[ROWS];
    uint32_t selection[ROWS];
    struct column columns[COLUMNS]; /* for the table */
    struct column obvious[COLUMNS]; /* numbers only */
    struct batch batch;
};

/* Keys live until the round ends. */
static char key_bytes[ARENA];
static size_t key_used;
static struct text keys[POOL];

static void *kept(size_t size)
{
    key_used = (key_used + 15) & ~(size_t)15;
    void *memory = key_bytes + key_used;
    key_used += size;
    ck_assert_uint_le(key_used, sizeof key_bytes);
    return memory;
}

/* Most lengths are around those that records and words have. */
static size_t pick_length(uint64_t *random)
{
    static const size_t lengths[] = {0, 1, 2, 3, 6, 7, 8, 9, 14, 15, 16, 17, 18, 24, 39, 40};
    return lengths[unit_random(random) % (sizeof lengths / sizeof lengths[0])];
}

/* Keys that begin, or end, like each other; behind each, bytes that do not belong to it. */
static void make_keys(struct trial *trial)
{
    static const char alphabet[] = {'a', 'b', 0, (char)0xff};
    key_used = 0;
    for (size_t k = 0; k < POOL; k++) {
        const size_t length = pick_length(&trial->random);
        char *bytes = kept(length + BATCH_PADDING);
        for (size_t i = 0; i < length + BATCH_PADDING; i++)
            bytes[i] = alphabet[unit_random(&trial->random) % 16 < 13
                                    ? 0
                                    : unit_random(&trial->random) % sizeof alphabet];
        keys[k] = (struct text){.bytes = bytes, .length = length};
    }
    keys[unit_random(&trial->random) % POOL].bytes = NULL;
}

static int64_t pick_mantissa(uint64_t *random, unsigned shape)
{
    const uint64_t word = unit_random(random);
    switch (shape % 4) {
    case 0:
        return (int64_t)(word % 2001) - 1000;
    case 1: /* sums overflow after a few */
        return (int64_t)(word >> 1) * (word % 2 == 0 ? 1 : -1);
    case 2:
        return word % 3 == 0 ? INT64_MAX : (int64_t)(word % 1000);
    default:
        return word % 8 == 0 ? -INT64_MAX : (int64_t)(word % 3) - 1;
    }
}

static int8_t pick_exponent(uint64_t *random, unsigned shape)
{
    static const int8_t exponents[] = {-2, -2, -1, -2, 0, -2, -5, -17, -30, -38};
    const size_t few = shape < 4 ? 2 : sizeof exponents / sizeof exponents[0];
    return exponents[unit_random(random) % few];
}

/* A column as decimals, as numbers, or as both. */
static void make_values(struct source *source, struct trial *trial, uint32_t column)
{
    const bool has_nulls = unit_random(&trial->random) % 3 == 0;
    const int8_t exponent = pick_exponent(&trial->random, trial->value_shape);
    for (uint32_t row = 0; row < ROWS; row++) {
        int64_t mantissa = pick_mantissa(&trial->random, trial->value_shape);
        if (has_nulls && unit_random(&trial->random) % 4 == 0)
            mantissa = DECIMAL_NULL;
        source->mantissas[column][row] = mantissa;
        source->numbers[column][row] = decimal_number(mantissa, exponent);
    }
    source->obvious[column] =
        (struct column){.numbers = source->numbers[column], .texts = source->texts[column]};
    source->columns[column] = source->obvious[column];
    const uint64_t form = unit_random(&trial->random) % 8;
    if (form == 0)
        return;
    source->columns[column].decimals = (struct decimals){
        .mantissas = source->mantissas[column], .exponent = exponent, .has_nulls = has_nulls};
    if (form < 6 && !trial->is_plain)
        source->columns[column].numbers = NULL;
}

static void make_texts(struct source *source, struct trial *trial, uint32_t column)
{
    const bool repeats = unit_random(&trial->random) % 4 == 0;
    uint64_t pick = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        if (!repeats || unit_random(&trial->random) % 8 == 0)
            pick = unit_random(&trial->random);
        source->texts[column][row] = keys[pick % trial->pool];
    }
    source->obvious[column].texts = source->texts[column];
    source->columns[column].texts = source->texts[column];
}

/* The n-th batch stands behind those before it, or anywhere. */
static void make_rows(struct source *source, struct trial *trial, uint32_t n)
{
    const uint64_t place = trial->is_ordered ? n : (n * 5 + trial->pool) % BATCHES;
    uint64_t byte = place % 4 * 100000;
    for (uint32_t row = 0; row < ROWS; row++) {
        source->row_bytes[row] = byte;
        byte += 1 + unit_random(&trial->random) % 9;
    }
    const uint32_t rows = (uint32_t)(unit_random(&trial->random) % (ROWS + 1));
    uint32_t selected = 0;
    const bool all = unit_random(&trial->random) % 2 == 0;
    for (uint32_t row = 0; row < rows; row++)
        if (unit_random(&trial->random) % 3 != 0)
            source->selection[selected++] = row;
    source->batch = (struct batch){
        .rows = rows,
        .file = (uint32_t)(place / 4),
        .row_bytes = source->row_bytes,
        .columns = source->columns,
        .selection = all ? NULL : source->selection,
        .selected = all ? rows : selected,
        .padded = trial->is_padded,
    };
}

static void make_batch(struct source *source, struct trial *trial, uint32_t n)
{
    memset(source, 0, sizeof *source);
    for (uint32_t v = 0; v < VALUES; v++)
        make_values(source, trial, value_columns[v]);
    for (uint32_t k = 0; k < KEYS; k++)
        make_texts(source, trial, key_columns[k]);
    /* The first key's texts are also what first() takes of the first value column. */
    source->columns[value_columns[0]].texts = source->texts[key_columns[0]];
    source->obvious[value_columns[0]].texts = source->texts[key_columns[0]];
    make_rows(source, trial, n);
}

/* ---- the obvious table ------------------------------------------------------------------- */

struct listed {
    struct text key[KEYS];
    struct place first;
    char *states; /* STATE bytes a call */
};

struct model {
    struct group_setup setup;
    struct agg_call calls[MOST_CALLS];
    uint32_t arguments[MOST_CALLS];
    struct hash_secret secret;
    struct memory_budget budget;
    struct memory_budget model_budget;
    struct listed *groups;
    uint32_t count;
};

static bool same(struct text a, struct text b)
{
    if (a.bytes == NULL || b.bytes == NULL)
        return a.bytes == b.bytes;
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* The same call, but charged apart. */
static struct agg_call call_of(struct model *model, uint32_t i)
{
    struct agg_call call = model->calls[i];
    call.budget = &model->model_budget;
    return call;
}

static struct listed *model_find(struct model *model, const struct source *source, uint32_t row)
{
    const uint32_t key_count = model->setup.key_count;
    for (uint32_t g = 0; g < model->count; g++) {
        uint32_t k = 0;
        while (k < key_count && same(model->groups[g].key[k], source->texts[key_columns[k]][row]))
            k++;
        if (k == key_count)
            return &model->groups[g];
    }
    struct listed *group = &model->groups[model->count++];
    *group = (struct listed){.first = batch_place(&source->batch, row)};
    for (uint32_t k = 0; k < key_count; k++)
        group->key[k] = source->texts[key_columns[k]][row];
    ck_assert_int_eq(posix_memalign((void **)&group->states, 16, (size_t)STATE * MOST_CALLS), 0);
    for (uint32_t i = 0; i < model->setup.call_count; i++) {
        const struct agg_call call = call_of(model, i);
        ck_assert_uint_le(call.ops->size, STATE);
        call.ops->init(group->states + (size_t)STATE * i, &call);
    }
    return group;
}

static void model_update(struct model *model, const struct source *source)
{
    struct batch one = source->batch;
    one.columns = source->obvious;
    one.selected = 1;
    for (uint32_t n = 0; n < source->batch.selected; n++) {
        const uint32_t row = batch_row(&source->batch, n);
        struct listed *group = model_find(model, source, row);
        const struct place place = batch_place(&source->batch, row);
        if (place_compare(place, group->first) < 0)
            group->first = place;
        one.selection = &row;
        for (uint32_t i = 0; i < model->setup.call_count; i++) {
            const struct agg_call call = call_of(model, i);
            const struct column *column =
                call.ops->input == AGG_ROWS ? NULL : &source->obvious[model->arguments[i]];
            ck_assert_int_eq(
                call.ops->update(group->states + (size_t)STATE * i, &call, column, &one, NULL),
                SHEAF_OK);
        }
    }
}

static int compare_listed(const void *a, const void *b)
{
    return place_compare(((const struct listed *)a)->first, ((const struct listed *)b)->first);
}

static void model_close(struct model *model)
{
    for (uint32_t g = 0; g < model->count; g++) {
        for (uint32_t i = 0; i < model->setup.call_count; i++) {
            const struct agg_call call = call_of(model, i);
            if (call.ops->drop != NULL)
                call.ops->drop(model->groups[g].states + (size_t)STATE * i, &call);
        }
        free(model->groups[g].states);
    }
    free(model->groups);
    ck_assert_uint_eq(model->model_budget.used, 0);
}

static void add_call(struct model *model, const char *name, uint32_t column, uint32_t arguments)
{
    const uint32_t i = model->setup.call_count++;
    struct number parameter;
    ck_assert_uint_lt(i, MOST_CALLS);
    model->arguments[i] = column;
    model->calls[i] = (struct agg_call){
        .ops = agg_find_for(name, strlen(name), arguments, &parameter),
        .kind = AGG_KIND_NUMBER,
        .type = TYPE_FLOAT,
        .parameter = parameter,
        .column = arguments == 0 ? NULL : "x",
        .round = -1,
        .secret = &model->secret,
        .budget = &model->budget,
    };
    ck_assert_ptr_nonnull(model->calls[i].ops);
}

static enum isa any_isa(struct trial *trial)
{
    const enum isa isa = (enum isa)(unit_random(&trial->random) % ISA_COUNT);
    return isa_is_available(isa) ? isa : isa_best();
}

static void model_open(struct model *model, struct trial *trial)
{
    static const char *const names[] = {"sum",   "mean",  "min", "max", "range",
                                        "count", "nulls", "var", "sdp"};
    *model = (struct model){.budget = {.limit = UINT64_MAX}, .model_budget = {.limit = UINT64_MAX}};
    ck_assert_int_eq(hash_secret_make(&model->secret, NULL), SHEAF_OK);
    model->groups = calloc(MOST_GROUPS, sizeof *model->groups);
    ck_assert_ptr_nonnull(model->groups);
    model->setup = (struct group_setup){
        .keys = key_columns,
        .key_count = trial->key_count,
        .calls = model->calls,
        .arguments = model->arguments,
        .secret = &model->secret,
        .what = "the group table",
        .budget = &model->budget,
        .isa = any_isa(trial),
    };
    const uint64_t wanted = unit_random(&trial->random);
    if (wanted % 4 != 0)
        add_call(model, "count", 99, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((wanted >> (8 + i) & 1) != 0)
            add_call(model, names[i], value_columns[wanted >> (20 + i) & 1], 1);
    if (trial->is_plain) {
        add_call(model, "first", value_columns[0], 1);
        add_call(model, "median", value_columns[1], 1);
        add_call(model, "distinct", value_columns[0], 1);
    }
}

/* ---- comparing --------------------------------------------------------------------------- */

static void check_value(const struct value *value, const struct value *expected, const char *what)
{
    char text[NUMBER_TEXT_SIZE];
    char expected_text[NUMBER_TEXT_SIZE];
    ck_assert_msg(value->kind == expected->kind, "%s: kind %d is not %d", what, value->kind,
                  expected->kind);
    if (value->kind == VALUE_TEXT)
        ck_assert_msg(same(value->text, expected->text), "%s: another text", what);
    if (value->kind != VALUE_NUMBER)
        return;
    const size_t length = number_print(&value->number, text);
    const size_t expected_length = number_print(&expected->number, expected_text);
    ck_assert_msg(length == expected_length && memcmp(text, expected_text, length) == 0,
                  "%s: %.*s is not %.*s", what, (int)length, text, (int)expected_length,
                  expected_text);
}

static void check_group(struct model *model, const struct listed *expected,
                        const struct value *cells)
{
    const uint32_t key_count = model->setup.key_count;
    for (uint32_t k = 0; k < key_count; k++) {
        const struct text key = expected->key[k];
        const struct value value = key.bytes == NULL ? value_null() : value_text(key);
        check_value(&cells[k], &value, "key");
        ck_assert(key.bytes == NULL || cells[k].text.bytes != NULL);
    }
    for (uint32_t i = 0; i < model->setup.call_count; i++) {
        const struct agg_call call = call_of(model, i);
        struct value value;
        ck_assert_int_eq(
            call.ops->finish(expected->states + (size_t)STATE * i, &call, &value, NULL), SHEAF_OK);
        check_value(&cells[key_count + i], &value, call.ops->signature);
    }
}

static bool comes_after(struct text a, struct text b)
{
    if (a.bytes == NULL || b.bytes == NULL)
        return a.bytes != NULL && b.bytes == NULL;
    return text_compare(a, b) > 0;
}

static void check_table(struct model *model, struct group_table *table)
{
    struct value cells[KEYS + MOST_CALLS];
    if (model->setup.key_count == 0 && model->count == 0)
        return;
    qsort(model->groups, model->count, sizeof *model->groups, compare_listed);
    ck_assert_uint_eq(group_table_count(table), model->count);
    ck_assert_int_eq(group_table_sort(table, GROUP_BY_APPEARANCE, NULL), SHEAF_OK);
    for (uint32_t g = 0; g < model->count; g++) {
        ck_assert_int_eq(group_table_row(table, g, cells, NULL), SHEAF_OK);
        check_group(model, &model->groups[g], cells);
    }
    if (model->setup.key_count != 1)
        return;
    ck_assert_int_eq(group_table_sort(table, GROUP_BY_KEY, NULL), SHEAF_OK);
    struct text before = {.bytes = NULL};
    for (uint32_t g = 0; g < model->count; g++) {
        ck_assert_int_eq(group_table_row(table, g, cells, NULL), SHEAF_OK);
        const struct text key =
            cells[0].kind == VALUE_NULL ? (struct text){.bytes = NULL} : cells[0].text;
        ck_assert(g == 0 || comes_after(key, before));
        before = key;
    }
}

/* ---- merging ----------------------------------------------------------------------------- */

static bool never(const void *argument)
{
    (void)argument;
    return false;
}

static struct group_table *combine(struct group_table **tables, struct trial *trial)
{
    const struct executor_ops *ops =
        executor_table[unit_random(&trial->random) % executor_table_length];
    struct group_combining how = {.should_stop = never};
    struct group_table *whole;
    const unsigned workers = 1 + (unsigned)(unit_random(&trial->random) % 4);
    ck_assert_int_eq(ops->open(workers, &how.executor, NULL), SHEAF_OK);
    ck_assert_int_eq(group_tables_combine(tables, trial->table_count, &how, &whole, NULL),
                     SHEAF_OK);
    ops->close(how.executor);
    for (unsigned t = 0; t < trial->table_count; t++)
        group_table_close(tables[t]);
    return whole;
}

/* In any order, any two at a time. */
static struct group_table *merge(struct group_table **tables, struct trial *trial)
{
    for (unsigned left = trial->table_count; left > 1; left--) {
        const size_t from = unit_random(&trial->random) % left;
        const size_t into = (from + 1 + unit_random(&trial->random) % (left - 1)) % left;
        ck_assert_int_eq(group_table_merge(tables[into], tables[from], NULL), SHEAF_OK);
        group_table_close(tables[from]);
        tables[from] = tables[left - 1];
    }
    return tables[0];
}

static void try_once(struct trial *trial)
{
    static struct source source;
    struct model model;
    struct group_table *tables[MOST_TABLES];
    make_keys(trial);
    model_open(&model, trial);
    for (unsigned t = 0; t < trial->table_count; t++)
        ck_assert_int_eq(group_table_open(&model.setup, &tables[t], NULL), SHEAF_OK);
    for (uint32_t n = 0; n < BATCHES; n++) {
        make_batch(&source, trial, n);
        model_update(&model, &source);
        struct group_table *table = tables[unit_random(&trial->random) % trial->table_count];
        ck_assert_int_eq(group_table_update(table, &source.batch, NULL), SHEAF_OK);
    }
    struct group_table *whole =
        unit_random(&trial->random) % 2 == 0 ? combine(tables, trial) : merge(tables, trial);
    check_table(&model, whole);
    group_table_close(whole);
    ck_assert_uint_eq(model.budget.used, 0);
    model_close(&model);
}

static void try_many(const char *name, uint64_t seed, int rounds)
{
    struct trial trial = {.random = unit_seed(name, seed)};
    const int64_t live = memory_live();
    group_combine_from(1);
    for (int round = 0; round < rounds; round++) {
        const uint64_t word = unit_random(&trial.random);
        trial.key_count = (uint32_t)(word % 8 == 0 ? 0 : 1 + word / 8 % KEYS);
        trial.table_count = 1 + (unsigned)(word >> 8) % MOST_TABLES;
        trial.pool = trial.key_count > 1 ? 8 : 1 + (unsigned)(word >> 16) % POOL;
        trial.is_plain = (word >> 24) % 3 == 0;
        trial.is_ordered = (word >> 28 & 1) != 0;
        trial.is_padded = (word >> 29 & 1) != 0;
        trial.value_shape = (unsigned)(word >> 32) % 8;
        try_once(&trial);
    }
    ck_assert_int_eq(memory_live(), live);
}

START_TEST(test_model)
{
    try_many("model", 31, 60);
}
END_TEST

/* The same with hashes that tell no, or hardly any, keys apart: for good, and until the first
 * secret of the table's own. */
START_TEST(test_weak_hash)
{
    static const uint64_t bits[] = {0, UINT64_C(7) << 61, UINT64_C(7) << 32};
    for (unsigned secrets = 1; secrets < 10; secrets += 8)
        for (size_t b = 0; b < sizeof bits / sizeof bits[0]; b++) {
            group_weaken_hash(bits[b], secrets);
            try_many("weak hash", 41 + b, 8);
        }
    group_weaken_hash(UINT64_MAX, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group model");
    TCase *tcase = tcase_create("group model");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_model);
    tcase_add_test(tcase, test_weak_hash);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
