/* Profiles: the types of columns, what they show, and that rows and the table of distinct values
 * give the same. */
#include "agg/profile.h"

#include "num/compare.h"
#include "unit/agg/dataset.h"
#include "unit/agg/profile_text.h"
#include "unit/unit.h"

static struct agg_call call_of(enum column_type type, struct memory_budget *budget)
{
    return (struct agg_call){.ops = &agg_profile,
                             .type = type,
                             .column = "x",
                             .round = -1,
                             .secret = dataset_secret(),
                             .budget = budget};
}

/* ---- types --------------------------------------------------------------------------------- */

/* A column as texts between '|' ("\\N" is null), and the type of it. */
static const struct {
    const char *values;
    enum column_type type;
} types[] = {
    {"\\N", TYPE_NULL},
    {"\\N|\\N", TYPE_NULL},
    {"1", TYPE_INTEGER},
    {"1|-2|+3|0", TYPE_INTEGER},
    {"1|\\N", TYPE_INTEGER},
    {"1|2.5", TYPE_DECIMAL},
    {"2.0", TYPE_DECIMAL},
    {"1|1e3", TYPE_FLOAT},
    {"1.5|1e3", TYPE_FLOAT},
    {"1|nan", TYPE_FLOAT},
    {"1|-inf", TYPE_FLOAT},
    {"1.5|inf|\\N", TYPE_FLOAT},
    {"nan", TYPE_TEXT},
    {"inf|-inf|\\N", TYPE_TEXT},
    {"nan|true", TYPE_TEXT},
    {"nan|2024-02-29", TYPE_TEXT},
    {"007", TYPE_TEXT},
    {"1|007", TYPE_TEXT},
    {"007|2.5", TYPE_TEXT},
    {"true", TYPE_BOOLEAN},
    {"TRUE|false|\\N", TYPE_BOOLEAN},
    {"true|1", TYPE_TEXT},
    {"true|2024-02-29", TYPE_TEXT},
    {"true|yes", TYPE_TEXT},
    {"2024-02-29", TYPE_DATE},
    {"2024-02-29|2024-03-01|\\N", TYPE_DATE},
    {"2024-02-29|2024-03-01T00:00:00", TYPE_TIMESTAMP},
    {"2024-02-29|2024-03-01T00:00:00Z", TYPE_TIMESTAMP},
    {"2024-03-01 00:00:00.5", TYPE_TIMESTAMP},
    {"2024-03-01 00:00:00|2024-03-01T00:00:00Z", TYPE_TEXT},
    {"2024-03-01 00:00:00|2024-03-01|2024-03-01T00:00:00Z", TYPE_TEXT},
    {"2024-02-29|1", TYPE_TEXT},
    {"2024-02-30", TYPE_TEXT},
    {"", TYPE_TEXT},
    {"1|", TYPE_TEXT},
    {"x", TYPE_TEXT},
    {"1|2.5|x", TYPE_TEXT},
};

struct column_text {
    struct text texts[16];
    uint64_t row_bytes[16];
    struct column column;
    struct batch batch;
};

static void column_make(struct column_text *column, const char *values)
{
    uint32_t rows = 0;
    for (const char *at = values; at != NULL; rows++) {
        const char *end = strchr(at, '|');
        const size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        const bool is_null = length == 2 && memcmp(at, "\\N", 2) == 0;
        column->texts[rows] =
            (struct text){.bytes = is_null ? NULL : at, .length = is_null ? 0 : length};
        column->row_bytes[rows] = 10 * rows;
        at = end == NULL ? NULL : end + 1;
    }
    column->column = (struct column){.texts = column->texts};
    column->batch = (struct batch){
        .rows = rows, .row_bytes = column->row_bytes, .columns = &column->column, .selected = rows};
}

/* Profiles a column of CSV, row by row from the last, so that every order is tried. */
static void profile_make(struct profile *profile, const struct agg_call *call, const char *values,
                         bool backwards)
{
    struct column_text column;
    column_make(&column, values);
    *profile = (struct profile){.rows = 0};
    for (uint32_t i = 0; i < column.batch.rows; i++) {
        const uint32_t row = backwards ? column.batch.rows - 1 - i : i;
        struct batch batch = column.batch;
        batch.selection = &row;
        batch.selected = 1;
        ck_assert_int_eq(agg_profile.update(profile, call, &column.column, &batch, NULL), SHEAF_OK);
    }
}

START_TEST(test_types)
{
    const struct agg_call call = call_of(TYPE_UNKNOWN, NULL);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        for (int backwards = 0; backwards < 2; backwards++) {
            struct profile profile;
            profile_make(&profile, &call, types[i].values, backwards != 0);
            ck_assert_msg(profile_type(&profile, &call) == types[i].type, "%s is %s",
                          types[i].values, column_type_name(profile_type(&profile, &call)));
            profile_drop(&profile, &call);
        }
}
END_TEST

/* The type of every set of classes is that of the first rule that fits, tried one by one. */
START_TEST(test_classes)
{
    static const struct {
        unsigned fits;
        unsigned needs; /* one of them */
        enum column_type type;
    } rules[] = {
        {0, ~0U, TYPE_NULL},
        {CLASS_INTEGER, ~0U, TYPE_INTEGER},
        {CLASS_INTEGER | CLASS_DECIMAL, ~0U, TYPE_DECIMAL},
        {CLASS_INTEGER | CLASS_DECIMAL | CLASS_FLOAT | CLASS_SPECIAL,
         CLASS_INTEGER | CLASS_DECIMAL | CLASS_FLOAT, TYPE_FLOAT},
        {CLASS_BOOLEAN, ~0U, TYPE_BOOLEAN},
        {CLASS_DATE, ~0U, TYPE_DATE},
        {CLASS_DATE | CLASS_LOCAL, ~0U, TYPE_TIMESTAMP},
        {CLASS_DATE | CLASS_ZONED, ~0U, TYPE_TIMESTAMP},
        {~0U, ~0U, TYPE_TEXT},
    };
    for (unsigned classes = 0; classes < 2 * CLASS_TEXT; classes++) {
        size_t i = 0;
        while ((classes & ~rules[i].fits) != 0 || (classes != 0 && (classes & rules[i].needs) == 0))
            i++;
        ck_assert_int_eq(profile_type_of(classes), rules[i].type);
    }
}
END_TEST

/* ---- what is shown ------------------------------------------------------------------------- */

static const struct {
    const char *values;
    const char *shown;
} examples[] = {
    {"\\N", "null classes 0 rows 1 nulls 1 numbers 0 lowest none highest none sum 0 squares 0 "
            "earliest none at 0:0 0.000000000000000000 form 0 "
            "latest none at 0:0 0.000000000000000000 form 0 trues 0 falses 0 "
            "least none greatest none first none at 0:0"},
    {"\\N|10|9.5|\\N|-1", "decimal classes 3 rows 5 nulls 2 numbers 3 lowest -1 highest 10 "
                          "sum 18.5 squares 191.25 "
                          "earliest none at 0:0 0.000000000000000000 form 0 "
                          "latest none at 0:0 0.000000000000000000 form 0 trues 0 falses 0 "
                          "least -1 greatest 9.5 shortest 2 longest 3 first 10 at 0:10"},
    {"true|False|TRUE", "boolean classes 16 rows 3 nulls 0 numbers 0 lowest none highest none "
                        "sum 0 squares 0 earliest none at 0:0 0.000000000000000000 form 0 "
                        "latest none at 0:0 0.000000000000000000 form 0 trues 2 falses 1 "
                        "least False greatest true shortest 4 longest 5 first true at 0:0"},
    {"1970-01-02|1970-01-02T00:00:00|1970-01-01 00:00:00.25",
     "timestamp classes 96 rows 3 nulls 0 numbers 0 lowest none highest none sum 0 squares 0 "
     "earliest 1970-01-01 00:00:00.25 at 0:20 0.250000000000000000 form 2 "
     "latest 1970-01-02 at 0:0 86400.000000000000000000 form 1 trues 0 falses 0 "
     "least 1970-01-01 00:00:00.25 greatest 1970-01-02T00:00:00 shortest 10 longest 22 "
     "first 1970-01-02 at 0:0"},
    {"10|true|2024-02-29|", "text classes 512 rows 4 nulls 0 numbers 0 lowest none highest none "
                            "sum 0 squares 0 earliest none at 0:0 0.000000000000000000 form 0 "
                            "latest none at 0:0 0.000000000000000000 form 0 trues 0 falses 0 "
                            "least  greatest true shortest 0 longest 10 first 10 at 0:0"},
    /* Equal in their first eight bytes, or as far as the shorter goes. */
    {"abcdefghb|abcdefgh|abcdefgha", "text classes 512 rows 3 nulls 0 numbers 0 lowest none "
                                     "highest none sum 0 squares 0 "
                                     "earliest none at 0:0 0.000000000000000000 form 0 "
                                     "latest none at 0:0 0.000000000000000000 form 0 "
                                     "trues 0 falses 0 least abcdefgh greatest abcdefghb "
                                     "shortest 8 longest 9 first abcdefghb at 0:0"},
};

static void check_shown(const struct profile *profile, const struct agg_call *call,
                        const char *expected)
{
    struct buffer out = {0};
    profile_text(profile, call, &out);
    buffer_append_byte(&out, 0);
    ck_assert_str_eq(out.bytes, expected);
    buffer_close(&out);
}

START_TEST(test_examples)
{
    const struct agg_call call = call_of(TYPE_UNKNOWN, NULL);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        for (int backwards = 0; backwards < 2; backwards++) {
            struct profile profile;
            profile_make(&profile, &call, examples[i].values, backwards != 0);
            check_shown(&profile, &call, examples[i].shown);
            profile_drop(&profile, &call);
        }
}
END_TEST

/* ---- rows or distinct values --------------------------------------------------------------- */

static enum sheaf_status from_rows(struct profile *profile, const struct agg_call *call,
                                   const struct dataset *dataset, struct sheaf_error *error)
{
    struct part part;
    part_make(&part, dataset, part_first(dataset->rows));
    return agg_profile.update(profile, call, &dataset->column, &part.batch, error);
}

static enum sheaf_status from_table(struct profile *profile, const struct agg_call *call,
                                    const struct dataset *dataset, struct sheaf_error *error)
{
    struct part part;
    part_make(&part, dataset, part_first(dataset->rows));
    struct value_table table = {.nulls = 0};
    enum sheaf_status status =
        value_table_update(&table, call, &dataset->column, &part.batch, error);
    struct value_entry entry = {
        .key = {.bytes = NULL}, .count = table.nulls, .place = table.null_place};
    if (status == SHEAF_OK)
        status = profile_add(profile, call, &entry, error);
    for (size_t cursor = 0; status == SHEAF_OK && value_table_next(&table, &cursor, &entry);)
        status = profile_add(profile, call, &entry, error);
    value_table_drop(&table, call);
    return status;
}

/* Makes equal doubles equal decimals, or the other way round: a binary column has one kind. */
static void one_kind(struct dataset *dataset, bool doubles)
{
    for (uint32_t i = 0; i < dataset->rows; i++) {
        struct number *number = &dataset->numbers[i];
        if (number->kind == NUMBER_NULL || (number->kind == NUMBER_DOUBLE) == doubles)
            continue;
        if (doubles)
            *number = (struct number){.real = (double)(i % 4) / 4, .kind = NUMBER_DOUBLE};
        else
            *number = (struct number){.mantissa = i % 4, .exponent = -1, .kind = NUMBER_DECIMAL};
    }
}

static void check_same(const struct agg_call *call, const struct dataset *dataset)
{
    struct profile rows = {.rows = 0};
    struct profile values = {.rows = 0};
    ck_assert_int_eq(from_rows(&rows, call, dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(from_table(&values, call, dataset, NULL), SHEAF_OK);
    struct buffer text_rows = {0};
    struct buffer text_values = {0};
    profile_text(&rows, call, &text_rows);
    profile_text(&values, call, &text_values);
    ck_assert_msg(text_rows.length == text_values.length &&
                      memcmp(text_rows.bytes, text_values.bytes, text_rows.length) == 0,
                  "rows: %.*s; values: %.*s", (int)text_rows.length, text_rows.bytes,
                  (int)text_values.length, text_values.bytes);
    buffer_close(&text_rows);
    buffer_close(&text_values);
    profile_drop(&rows, call);
    profile_drop(&values, call);
    ck_assert_uint_eq(call->budget->used, 0);
}

START_TEST(test_same)
{
    const struct dataset_profile *kind = &dataset_profiles[_i];
    uint64_t random = unit_seed(kind->name, 41);
    struct memory_budget budget = {.limit = UINT64_MAX};
    for (int round = 0; round < 200; round++) {
        struct dataset dataset;
        dataset_make(&dataset, kind, (uint32_t)round % (DATASET_ROWS + 1), &random);
        const struct agg_call texts = call_of(TYPE_UNKNOWN, &budget);
        check_same(&texts, &dataset);
        one_kind(&dataset, round % 2 == 0);
        const struct agg_call typed = call_of(dataset_type(kind->kind), &budget);
        check_same(&typed, &dataset);
        dataset_close(&dataset);
    }
}
END_TEST

START_TEST(test_booleans)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct agg_call call = call_of(TYPE_BOOLEAN, &budget);
    struct profile profile;
    profile_make(&profile, &call, "true|false|true", false);
    ck_assert_int_eq(profile_type(&profile, &call), TYPE_BOOLEAN);
    ck_assert_uint_eq(profile.trues, 2);
    ck_assert_uint_eq(profile.falses, 1);
    profile_drop(&profile, &call);
    /* A binary column of texts is one, whatever they look like. */
    const struct agg_call texts = call_of(TYPE_TEXT, &budget);
    profile_make(&profile, &texts, "1|2", false);
    ck_assert_int_eq(profile_type(&profile, &texts), TYPE_TEXT);
    ck_assert_uint_eq(profile.numbers, 0);
    profile_drop(&profile, &texts);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* A number more often than memory could hold. */
START_TEST(test_counts)
{
    const struct agg_call call = call_of(TYPE_UNKNOWN, NULL);
    struct profile profile = {.rows = 0};
    const uint64_t count = UINT64_C(1) << 62;
    const struct value_entry entry = {
        .key = {.bytes = "2.5", .length = 3}, .count = count, .place = {.byte = 7}};
    ck_assert_int_eq(profile_add(&profile, &call, &entry, NULL), SHEAF_OK);
    struct number sum;
    ck_assert_uint_eq(profile.numbers, count);
    ck_assert_int_eq(exact_sum_value(&profile.sum, -1, &sum, NULL), SHEAF_OK);
    const struct number expected = {
        .mantissa = (int128)count * 25, .exponent = -1, .kind = NUMBER_DECIMAL};
    ck_assert_int_eq(number_compare(&sum, &expected), 0);
    profile_drop(&profile, &call);
}
END_TEST

static void check_refused(const struct agg_call *call, const struct dataset *dataset)
{
    const int64_t live = memory_live();
    enum sheaf_status status = SHEAF_SYSTEM;
    for (uint64_t n = 1; status != SHEAF_OK; n++) {
        struct profile profile = {.rows = 0};
        memory_fail_at(n);
        status = from_table(&profile, call, dataset, NULL);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        profile_drop(&profile, call);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(call->budget->used, 0);
        ck_assert_uint_lt(n, 1000);
    }
}

START_TEST(test_refused)
{
    const struct dataset_profile *kind = &dataset_profiles[_i];
    uint64_t random = unit_seed(kind->name, 42);
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct dataset dataset;
    dataset_make(&dataset, kind, DATASET_ROWS, &random);
    const struct agg_call texts = call_of(TYPE_UNKNOWN, &budget);
    check_refused(&texts, &dataset);
    const struct agg_call typed = call_of(dataset_type(kind->kind), &budget);
    check_refused(&typed, &dataset);
    dataset_close(&dataset);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("profile");
    TCase *tcase = tcase_create("profile");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_types);
    tcase_add_test(tcase, test_classes);
    tcase_add_test(tcase, test_examples);
    tcase_add_loop_test(tcase, test_same, 0, (int)dataset_profile_count);
    tcase_add_test(tcase, test_booleans);
    tcase_add_test(tcase, test_counts);
    tcase_add_loop_test(tcase, test_refused, 0, (int)dataset_profile_count);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
