/* The laws of agg/agg.h, for every row of the table, and for the profile, over every kind of column
 * that it takes. */
#include "unit/agg/dataset.h"
#include "unit/agg/profile_text.h"

#include "num/print.h"
#include "unit/unit.h"

#include <stdalign.h>

enum { STATE_SIZE = 512, GROUPS = 3 };

struct state {
    alignas(16) char bytes[STATE_SIZE];
};

/* One aggregate over one column: what a law is checked for. */
struct subject {
    const struct dataset *dataset;
    struct agg_call call;
    struct memory_budget budget;
    uint64_t *random;
};

static enum sheaf_status update(struct subject *subject, struct state *state, uint64_t rows,
                                struct sheaf_error *error)
{
    const struct agg_call *call = &subject->call;
    struct part part;
    part_make(&part, subject->dataset, rows);
    const struct column *column = call->ops->input == AGG_ROWS ? NULL : &subject->dataset->column;
    return call->ops->update(state->bytes, call, column, &part.batch, error);
}

/* A state of the rows whose bits are set. */
static void make(struct subject *subject, struct state *state, uint64_t rows)
{
    memset(state, 0xa5, sizeof *state);
    subject->call.ops->init(state->bytes, &subject->call);
    ck_assert_int_eq(update(subject, state, rows, NULL), SHEAF_OK);
}

static void drop(struct subject *subject, struct state *state)
{
    if (subject->call.ops->drop != NULL)
        subject->call.ops->drop(state->bytes, &subject->call);
    memset(state, 0x5a, subject->call.ops->size);
}

/* Merges and drops `from`. */
static void merge(struct subject *subject, struct state *into, struct state *from)
{
    ck_assert_int_eq(subject->call.ops->merge(into->bytes, from->bytes, &subject->call, NULL),
                     SHEAF_OK);
    drop(subject, from);
}

static struct value finish(struct subject *subject, const struct state *state)
{
    struct value value;
    ck_assert_int_eq(subject->call.ops->finish(state->bytes, &subject->call, &value, NULL),
                     SHEAF_OK);
    return value;
}

/* Writes what is printed of a value, with its kind. */
static void print(const struct value *value, struct buffer *out)
{
    char number[NUMBER_TEXT_SIZE];
    switch (value->kind) {
    case VALUE_NULL:
        buffer_append_string(out, "null");
        break;
    case VALUE_TEXT:
        ck_assert_ptr_nonnull(value->text.bytes);
        buffer_append_string(out, "text ");
        buffer_append(out, value->text.bytes, value->text.length);
        break;
    case VALUE_NUMBER:
        ck_assert_int_ne(value->number.kind, NUMBER_NULL);
        buffer_append_string(out, "number ");
        buffer_append(out, number, number_print(&value->number, number));
        break;
    }
}

/* Writes all that a state shows, twice: finishing changes nothing. */
static void show(struct subject *subject, const struct state *state, struct buffer *out)
{
    for (int i = 0; i < 2; i++) {
        const struct value value = finish(subject, state);
        print(&value, out);
        if (subject->call.ops == &agg_profile)
            profile_text((const void *)state->bytes, &subject->call, out);
        buffer_append_byte(out, ';');
    }
    ck_assert(!out->failed);
    ck_assert_mem_eq(out->bytes, out->bytes + out->length / 2, out->length / 2);
    buffer_append_byte(out, 0);
}

/* Both states give the same value. Both are dropped. */
static void same(struct subject *subject, struct state *a, struct state *b, const char *law)
{
    struct buffer text_a = {0};
    struct buffer text_b = {0};
    show(subject, a, &text_a);
    show(subject, b, &text_b);
    ck_assert_msg(
        text_a.length == text_b.length && memcmp(text_a.bytes, text_b.bytes, text_a.length) == 0,
        "%s, kind %d, %s: %s: %s is not %s", subject->call.ops->signature, subject->call.kind,
        column_type_name(subject->call.type), law, text_a.bytes, text_b.bytes);
    buffer_close(&text_a);
    buffer_close(&text_b);
    drop(subject, a);
    drop(subject, b);
}

static uint64_t all_rows(const struct subject *subject)
{
    return part_first(subject->dataset->rows);
}

static void law_fresh(struct subject *subject)
{
    struct state whole, other, fresh;
    make(subject, &whole, all_rows(subject));
    make(subject, &other, all_rows(subject));
    make(subject, &fresh, 0);
    merge(subject, &other, &fresh);
    same(subject, &other, &whole, "merging a fresh state");

    make(subject, &whole, all_rows(subject));
    make(subject, &other, all_rows(subject));
    make(subject, &fresh, 0);
    merge(subject, &fresh, &other);
    same(subject, &fresh, &whole, "merging into a fresh state");
}

static void law_split(struct subject *subject)
{
    for (uint32_t n = 0; n <= subject->dataset->rows; n++) {
        const uint64_t before = part_first(n);
        const uint64_t after = all_rows(subject) & ~before;
        struct state whole, a, b;
        make(subject, &whole, all_rows(subject));
        make(subject, &a, before);
        make(subject, &b, after);
        merge(subject, &a, &b);
        same(subject, &a, &whole, "a split");

        make(subject, &whole, all_rows(subject));
        make(subject, &a, before);
        make(subject, &b, after);
        merge(subject, &b, &a);
        same(subject, &b, &whole, "a split, merged backwards");

        make(subject, &whole, all_rows(subject));
        make(subject, &a, after);
        ck_assert_int_eq(update(subject, &a, before, NULL), SHEAF_OK);
        same(subject, &a, &whole, "two updates of one state");
    }
}

/* Deals the rows to three states at random, so that their places interleave. */
static void make_three(struct subject *subject, struct state states[3], uint64_t deal)
{
    uint64_t rows[3] = {0, 0, 0};
    for (uint32_t i = 0; i < subject->dataset->rows; i++)
        rows[unit_random(&deal) % 3] |= UINT64_C(1) << i;
    for (int i = 0; i < 3; i++)
        make(subject, &states[i], rows[i]);
}

static void law_any_order(struct subject *subject)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const uint64_t deal = unit_random(subject->random);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct state whole, s[3];
        make(subject, &whole, all_rows(subject));
        make_three(subject, s, deal);
        merge(subject, &s[orders[i][0]], &s[orders[i][1]]);
        merge(subject, &s[orders[i][0]], &s[orders[i][2]]);
        same(subject, &s[orders[i][0]], &whole, "(a + b) + c");

        make(subject, &whole, all_rows(subject));
        make_three(subject, s, deal);
        merge(subject, &s[orders[i][1]], &s[orders[i][2]]);
        merge(subject, &s[orders[i][0]], &s[orders[i][1]]);
        same(subject, &s[orders[i][0]], &whole, "a + (b + c)");
    }
}

/* Scattering over groups gives what updating each alone gives, at any offset. */
static void law_scatter(struct subject *subject)
{
    enum { OFFSET = 32 };
    const struct agg_call *call = &subject->call;
    struct part part;
    const uint64_t taken = all_rows(subject) & unit_random(subject->random);
    part_make(&part, subject->dataset, taken);
    struct state groups[GROUPS];
    uint64_t rows[GROUPS] = {0};
    char *of_row[DATASET_ROWS];
    for (size_t g = 0; g < GROUPS; g++)
        call->ops->init(groups[g].bytes + OFFSET, call);
    for (uint32_t i = 0; i < part.batch.selected; i++) {
        const size_t g = unit_random(subject->random) % GROUPS;
        of_row[i] = groups[g].bytes;
        rows[g] |= UINT64_C(1) << batch_row(&part.batch, i);
    }
    const struct column *column = call->ops->input == AGG_ROWS ? NULL : &subject->dataset->column;
    ck_assert_int_eq(call->ops->scatter(of_row, OFFSET, call, column, &part.batch, NULL), SHEAF_OK);
    for (size_t g = 0; g < GROUPS; g++) {
        struct state alone;
        make(subject, &alone, rows[g]);
        same(subject, (void *)(groups[g].bytes + OFFSET), &alone, "scatter");
    }
}

static void save(struct subject *subject, const struct state *state, struct buffer *out)
{
    subject->call.ops->save(state->bytes, &subject->call, out);
    ck_assert(!out->failed);
    ck_assert_uint_gt(out->length, 0);
}

static void law_saved(struct subject *subject)
{
    struct state whole, half, rest, loaded;
    const uint64_t rows = all_rows(subject) & unit_random(subject->random);
    make(subject, &whole, all_rows(subject));
    make(subject, &half, rows);
    struct buffer saved = {0};
    save(subject, &half, &saved);
    const size_t length = saved.length;
    buffer_append_string(&saved, "what follows");

    struct text bytes = {.bytes = saved.bytes, .length = saved.length};
    memset(&loaded, 0xa5, sizeof loaded);
    ck_assert_int_eq(subject->call.ops->load(loaded.bytes, &subject->call, &bytes, NULL), SHEAF_OK);
    ck_assert_ptr_eq(bytes.bytes, saved.bytes + length);
    ck_assert_uint_eq(bytes.length, saved.length - length);
    buffer_close(&saved);
    make(subject, &rest, all_rows(subject) & ~rows);
    merge(subject, &rest, &loaded);
    same(subject, &rest, &whole, "a saved half and the rest");

    make(subject, &whole, rows);
    save(subject, &half, &saved);
    bytes = (struct text){.bytes = saved.bytes, .length = saved.length};
    ck_assert_int_eq(subject->call.ops->load(loaded.bytes, &subject->call, &bytes, NULL), SHEAF_OK);
    buffer_close(&saved);
    same(subject, &loaded, &whole, "load(save(x))");
    drop(subject, &half);
}

/* Loads bytes that may be anything; whatever comes out must be safe to use. */
static enum sheaf_status load_hostile(struct subject *subject, const char *hostile, size_t length)
{
    /* A copy of the very size, so that the address sanitizer sees a read past the end. */
    char *copy = malloc(length == 0 ? 1 : length);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, hostile, length);
    struct text bytes = {.bytes = copy, .length = length};
    struct state state;
    struct sheaf_error error = {.status = SHEAF_OK};
    memset(&state, 0xa5, sizeof state);
    const enum sheaf_status status =
        subject->call.ops->load(state.bytes, &subject->call, &bytes, &error);
    if (status == SHEAF_OK) {
        ck_assert_uint_le(bytes.length, length);
        ck_assert_ptr_eq(bytes.bytes + bytes.length, copy + length);
        struct state other;
        make(subject, &other, all_rows(subject));
        merge(subject, &other, &state);
        finish(subject, &other);
        drop(subject, &other);
    } else {
        ck_assert_int_eq(error.status, status);
        drop(subject, &state);
    }
    free(copy);
    return status;
}

static void law_hostile(struct subject *subject)
{
    struct state state;
    struct buffer saved = {0};
    make(subject, &state, all_rows(subject));
    save(subject, &state, &saved);
    drop(subject, &state);
    for (size_t n = 0; n < saved.length; n++)
        ck_assert_int_eq(load_hostile(subject, saved.bytes, n), SHEAF_DATA);
    for (int version = 0; version < 256; version++) {
        const char byte = saved.bytes[0];
        saved.bytes[0] = (char)(unsigned char)version;
        if (saved.bytes[0] != byte)
            ck_assert_int_eq(load_hostile(subject, saved.bytes, saved.length), SHEAF_DATA);
        saved.bytes[0] = byte;
    }
    for (int i = 0; i < 100; i++) {
        const size_t at = 1 + unit_random(subject->random) % (saved.length - 1);
        const char byte = saved.bytes[at];
        saved.bytes[at] = (char)(unsigned char)unit_random(subject->random);
        load_hostile(subject, saved.bytes, saved.length);
        if (i % 4 != 0) /* else the damage piles up */
            saved.bytes[at] = byte;
    }
    buffer_close(&saved);
}

/* Everything that allocates; gives false and drops what it made when something fails. */
static bool run_all(struct subject *subject, const struct text *saved)
{
    const struct agg_ops *ops = subject->call.ops;
    struct sheaf_error error = {.status = SHEAF_OK};
    struct state a, b, c;
    struct text bytes = *saved;
    struct value value;
    const uint64_t half = all_rows(subject) / 3;
    ops->init(a.bytes, &subject->call);
    ops->init(b.bytes, &subject->call);
    enum sheaf_status status = ops->load(c.bytes, &subject->call, &bytes, &error);
    if (status == SHEAF_OK)
        status = update(subject, &a, half, &error);
    if (status == SHEAF_OK)
        status = update(subject, &b, all_rows(subject) & ~half, &error);
    if (status == SHEAF_OK)
        status = ops->merge(a.bytes, b.bytes, &subject->call, &error);
    if (status == SHEAF_OK)
        status = ops->merge(a.bytes, c.bytes, &subject->call, &error);
    if (status == SHEAF_OK)
        status = ops->finish(a.bytes, &subject->call, &value, &error);
    ck_assert_int_eq(error.status, status);
    if (status != SHEAF_OK)
        ck_assert(status == SHEAF_SYSTEM || status == SHEAF_LIMIT);
    drop(subject, &a);
    drop(subject, &b);
    drop(subject, &c);
    return status == SHEAF_OK;
}

static void law_refused(struct subject *subject)
{
    struct state state;
    struct buffer saved = {0};
    make(subject, &state, all_rows(subject));
    save(subject, &state, &saved);
    drop(subject, &state);
    const struct text bytes = {.bytes = saved.bytes, .length = saved.length};
    const int64_t live = memory_live();
    uint64_t n = 1;
    for (bool done = false; !done; n++) {
        memory_fail_at(n);
        done = run_all(subject, &bytes);
        memory_fail_at(0);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(subject->budget.used, 0);
        ck_assert_uint_lt(n, 1000);
    }
    const uint64_t limit = subject->budget.limit;
    for (subject->budget.limit = 0; !run_all(subject, &bytes); subject->budget.limit += 24)
        ck_assert_uint_lt(subject->budget.limit, limit);
    subject->budget.limit = limit;
    ck_assert_int_eq(memory_live(), live);
    buffer_close(&saved);
}

/* Gives the mantissa of a number at 10^exponent; false when it has none of 64 bits. */
static bool mantissa_at(const struct number *number, int exponent, int64_t *out)
{
    *out = DECIMAL_NULL;
    if (number->kind == NUMBER_NULL)
        return true;
    if (number->kind != NUMBER_DECIMAL || number->exponent < exponent)
        return false;
    int128 mantissa = number->mantissa;
    for (int e = number->exponent; e > exponent && mantissa != 0; e--) {
        if (mantissa > INT64_MAX / 10 || mantissa < -(INT64_MAX / 10))
            return false;
        mantissa *= 10;
    }
    *out = (int64_t)mantissa;
    return mantissa >= -INT64_MAX && mantissa <= INT64_MAX;
}

/* Sums up those of the rows that are short decimals, and clears the bits of the others. */
static struct decimal_summary summarize(const struct dataset *dataset, uint64_t *rows, int exponent)
{
    struct decimal_summary summary = {.exponent = (int8_t)exponent};
    for (uint32_t row = 0; row < dataset->rows; row++) {
        int64_t mantissa;
        if ((*rows >> row & 1) == 0)
            continue;
        const uint128 before = summary.squares;
        const bool fits = mantissa_at(&dataset->numbers[row], exponent, &mantissa);
        const uint128 square = (uint128)((int128)mantissa * mantissa);
        if (!fits || (mantissa != DECIMAL_NULL && before + square < before)) {
            *rows &= ~(UINT64_C(1) << row);
            continue;
        }
        summary.rows++;
        if (mantissa == DECIMAL_NULL)
            continue;
        if (summary.count == 0 || mantissa < summary.least)
            summary.least = mantissa;
        if (summary.count == 0 || mantissa > summary.greatest)
            summary.greatest = mantissa;
        summary.count++;
        summary.sum += mantissa;
        summary.squares += square;
    }
    return summary;
}

static uint64_t absorbed_values;

/* absorb(summary of rows) gives what update(rows) gives, into a fresh state and into one that is
 * not; merging from the state leaves it as it was. */
static void law_absorb(struct subject *subject)
{
    static const int exponents[] = {0, -1, -2, -12, -17, -38};
    const struct agg_call *call = &subject->call;
    if (!agg_is_summed(call) || subject->dataset->kind != AGG_KIND_NUMBER)
        return;
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        uint64_t rows = all_rows(subject) & unit_random(subject->random);
        const uint64_t others = all_rows(subject) & ~rows;
        const struct decimal_summary summary = summarize(subject->dataset, &rows, exponents[e]);
        absorbed_values += summary.count;
        struct state fresh, used, expected, from, unchanged;
        make(subject, &fresh, 0);
        ck_assert_int_eq(call->ops->absorb(fresh.bytes, call, &summary, NULL), SHEAF_OK);
        make(subject, &expected, rows);
        same(subject, &fresh, &expected, "absorb");

        make(subject, &used, others);
        ck_assert_int_eq(call->ops->absorb(used.bytes, call, &summary, NULL), SHEAF_OK);
        make(subject, &expected, others | rows);
        same(subject, &used, &expected, "absorb after update");

        make(subject, &used, rows);
        make(subject, &from, others);
        make(subject, &unchanged, others);
        ck_assert_int_eq(call->ops->merge(used.bytes, from.bytes, call, NULL), SHEAF_OK);
        same(subject, &from, &unchanged, "what was merged");
        drop(subject, &used);
    }
}

typedef void law(struct subject *subject);

static law *const laws[] = {
    law_fresh, law_split,   law_any_order, law_scatter,
    law_saved, law_hostile, law_refused,   law_absorb,
};
enum { LAW_COUNT = sizeof laws / sizeof laws[0] };

static bool takes(const struct agg_ops *ops, const struct dataset_profile *profile)
{
    return ops->input != AGG_NUMBERS || profile->kind == AGG_KIND_NUMBER;
}

static void check_laws(const struct agg_call *call, const struct dataset *dataset, uint64_t *random)
{
    for (size_t i = 0; i < LAW_COUNT; i++) {
        struct subject subject = {.dataset = dataset, .call = *call, .random = random};
        subject.budget.limit = 1 << 20;
        subject.call.budget = &subject.budget;
        laws[i](&subject);
        ck_assert_uint_eq(subject.budget.used, 0);
    }
}

/* As a column of CSV, and, where that differs, as one of a binary format. */
static void check_column(const struct agg_ops *ops, const struct dataset *dataset, int round,
                         uint64_t *random)
{
    struct agg_call call = {
        .ops = ops,
        .kind = dataset->kind,
        .parameter = {.mantissa = 3, .exponent = -1, .kind = NUMBER_DECIMAL},
        .column = ops->input == AGG_ROWS ? NULL : "x",
        .round = round,
        .secret = dataset_secret(),
    };
    check_laws(&call, dataset, random);
    call.type = dataset_type(dataset->kind);
    if (ops->input == AGG_NATIVE)
        check_laws(&call, dataset, random);
}

START_TEST(test_laws)
{
    static const uint32_t sizes[] = {0, 1, 2, 5, 17, DATASET_ROWS};
    const bool is_row = (size_t)_i < agg_table_length;
    const struct agg_ops *ops = is_row ? agg_table[_i] : &agg_profile;
    uint64_t random = unit_seed(ops->signature, 2024);
    const int64_t live = memory_live();
    ck_assert_uint_le(ops->size, STATE_SIZE - 32);
    uint64_t columns = 0;
    for (size_t p = 0; p < dataset_profile_count; p++) {
        if (!takes(ops, &dataset_profiles[p]))
            continue;
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct dataset dataset;
            dataset_make(&dataset, &dataset_profiles[p], sizes[s], &random);
            check_column(ops, &dataset, s % 3 == 1 ? 2 : -1, &random);
            dataset_close(&dataset);
            columns++;
        }
    }
    ck_assert_uint_gt(columns, 20);
    if (ops->summary != 0)
        ck_assert_uint_gt(absorbed_values, 400);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("agg laws");
    TCase *tcase = tcase_create("laws");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_laws, 0, (int)agg_table_length + 1);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
