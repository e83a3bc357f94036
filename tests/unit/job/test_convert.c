/* job/convert.h: typed vectors, and what becomes of bad values under each policy. */
#include "job/convert.h"

#include "unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 6, MOST_COLUMNS = 4 };

/* ---- a plan, and batches of its needed columns -------------------------------------------- */

struct fixture {
    int descriptor;
    char path[32];
    struct sheaf_plan *plan;
    struct converter *converter;
};

struct wanted {
    const char *csv;
    const char *expressions[3];
    const char *group_by;
    enum sheaf_on_error on_error;
};

static void open_fixture(struct fixture *at, const struct wanted *wanted)
{
    at->descriptor = memfd_create("convert", MFD_CLOEXEC);
    ck_assert_int_ge(at->descriptor, 0);
    const size_t length = strlen(wanted->csv);
    ck_assert_int_eq(write(at->descriptor, wanted->csv, length), (ssize_t)length);
    snprintf(at->path, sizeof at->path, "/proc/self/fd/%d", at->descriptor);
    const char *files[] = {at->path};
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = SHEAF_AGGREGATE;
    request.files = files;
    request.file_count = 1;
    request.expressions = wanted->expressions;
    while (request.expression_count < 3 && wanted->expressions[request.expression_count] != NULL)
        request.expression_count++;
    request.group_by = wanted->group_by;
    request.dialect.on_error = wanted->on_error;
    const struct sheaf_run_options options = SHEAF_RUN_OPTIONS_INIT;
    struct sheaf_error error;
    if (sheaf_plan_open(&request, &options, &at->plan, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    ck_assert_int_eq(converter_open(at->plan, &at->converter, NULL), SHEAF_OK);
}

static void close_fixture(struct fixture *at)
{
    converter_close(at->converter);
    sheaf_plan_close(at->plan);
    ck_assert_int_eq(close(at->descriptor), 0);
}

/* The slot of a column of the input. */
static uint32_t slot_of(const struct fixture *at, uint32_t column)
{
    uint32_t slot = 0;
    while (at->plan->uses[slot].column != column) {
        slot++;
        ck_assert_uint_lt(slot, at->plan->use_count);
    }
    return slot;
}

/* ROWS rows; cells[row][column] are those of the input, NULL where null. */
struct rows {
    struct text texts[MOST_COLUMNS][ROWS];
    struct column columns[MOST_COLUMNS];
    uint64_t bytes[ROWS], lines[ROWS];
    struct batch batch;
};

static uint64_t line_of(const struct batch *batch, uint32_t row)
{
    const uint64_t *lines = batch->lender;
    return lines[row];
}

static void make_batch(const struct fixture *at, struct rows *rows,
                       const char *const (*cells)[MOST_COLUMNS])
{
    for (uint32_t slot = 0; slot < at->plan->use_count; slot++) {
        for (uint32_t row = 0; row < ROWS; row++) {
            const char *cell = cells[row][at->plan->uses[slot].column];
            rows->texts[slot][row] =
                (struct text){.bytes = cell, .length = cell == NULL ? 0 : strlen(cell)};
        }
        rows->columns[slot] = (struct column){.texts = rows->texts[slot]};
    }
    for (uint32_t row = 0; row < ROWS; row++) {
        rows->bytes[row] = 1000 + 10 * row;
        rows->lines[row] = 50 + row;
    }
    rows->batch = (struct batch){.rows = ROWS,
                                 .row_bytes = rows->bytes,
                                 .line_of = line_of,
                                 .lender = rows->lines,
                                 .columns = rows->columns,
                                 .selected = ROWS};
}

/* A small integer, as the data here has. */
static bool is_integer(const struct number *number, int value)
{
    int128 mantissa = number->mantissa; /* need not be in lowest terms */
    for (int exponent = 0; exponent < number->exponent; exponent++)
        mantissa *= 10;
    return number->kind == NUMBER_DECIMAL && number->exponent >= 0 && mantissa == value;
}

static bool is_text(struct text text, const char *expected)
{
    return expected == NULL ? text.bytes == NULL
                            : text.bytes != NULL && text.length == strlen(expected) &&
                                  memcmp(text.bytes, expected, text.length) == 0;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static const char numbers_csv[] = "k,x,y\na,1,2\n";

static const char *const good[ROWS][MOST_COLUMNS] = {
    {"a", "1", "10"},  {"b", NULL, "20"}, {"c", "3", " 30 "},
    {NULL, "4", NULL}, {"", "5", "50"},   {"x", "6", "60"},
};

START_TEST(good_values)
{
    const struct wanted wanted = {.csv = numbers_csv,
                                  .expressions = {"sum(y)", "sum(x)", "first(k)"},
                                  .group_by = "x,k",
                                  .on_error = (enum sheaf_on_error)_i};
    struct fixture at;
    struct rows rows;
    open_fixture(&at, &wanted);
    make_batch(&at, &rows, good);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    ck_assert_ptr_null(rows.batch.selection);
    ck_assert_uint_eq(rows.batch.selected, ROWS);
    const uint32_t x = slot_of(&at, 1), y = slot_of(&at, 2), k = slot_of(&at, 0);
    const struct column *columns = rows.batch.columns;
    ck_assert(is_integer(&columns[x].numbers[0], 1) && is_integer(&columns[x].numbers[5], 6));
    ck_assert(is_integer(&columns[y].numbers[2], 30));
    ck_assert_int_eq(columns[x].numbers[1].kind, NUMBER_NULL);
    ck_assert_int_eq(columns[y].numbers[3].kind, NUMBER_NULL);
    ck_assert_ptr_null(columns[k].numbers);
    /* Keys stand behind the needed columns, in their own order, as texts. */
    const uint32_t keys = at.plan->use_count;
    for (uint32_t row = 0; row < ROWS; row++) {
        ck_assert(is_text(columns[keys].texts[row], good[row][1]));
        ck_assert(is_text(columns[keys + 1].texts[row], good[row][0]));
        ck_assert(is_text(columns[y].texts[row], good[row][2]));
    }
    ck_assert_uint_eq(converter_counts(at.converter)->skipped_rows, 0);
    ck_assert_uint_eq(converter_counts(at.converter)->nulled_values, 0);
    ck_assert_int_eq(converter_counts(at.converter)->first.status, SHEAF_OK);
    close_fixture(&at);
}
END_TEST

/* Bad in x: rows 3 and 4; bad in y: rows 1 and 4. */
static const char *const bad[ROWS][MOST_COLUMNS] = {
    {"a", "1", "10"},  {"b", "2", "1x"},  {"c", "3", "30"},
    {"d", "--", "40"}, {"e", "?", "0x1"}, {"f", NULL, "60"},
};

static void open_bad(struct fixture *at, struct rows *rows, enum sheaf_on_error on_error)
{
    const struct wanted wanted = {.csv = numbers_csv,
                                  .expressions = {"sum(y)", "sum(x)"},
                                  .group_by = "x",
                                  .on_error = on_error};
    open_fixture(at, &wanted);
    make_batch(at, rows, bad);
}

START_TEST(fail_names_the_first_row)
{
    struct fixture at;
    struct rows rows;
    struct sheaf_error error;
    open_bad(&at, &rows, SHEAF_ON_ERROR_FAIL);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, &error), SHEAF_DATA);
    char text[200];
    snprintf(text, sizeof text,
             "%s:51: column 3 (\"y\"): \"1x\" is no number (row at byte 1010); see --on-error",
             at.path);
    ck_assert_str_eq(error.text, text);
    ck_assert_uint_eq(error.line, 51);
    ck_assert_uint_eq(error.byte, 1010);
    ck_assert_uint_eq(error.column, 3);
    /* In one row the column of the lower number, whatever the order of the expressions. */
    rows.batch.selection = (const uint32_t[]){0, 2, 4};
    rows.batch.selected = 3;
    rows.batch.columns = rows.columns;
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, &error), SHEAF_DATA);
    ck_assert_uint_eq(error.line, 54);
    ck_assert_uint_eq(error.column, 2);
    ck_assert_ptr_nonnull(strstr(error.text, "column 2 (\"x\"): \"?\" is no number"));
    close_fixture(&at);
}
END_TEST

START_TEST(an_empty_text_is_no_number)
{
    static const char *const empty[ROWS][MOST_COLUMNS] = {{"", "1", "1"}, {"", "", "1"},
                                                          {"", "1", "1"}, {"", "1", "1"},
                                                          {"", "1", "1"}, {"", "1", "1"}};
    struct fixture at;
    struct rows rows;
    struct sheaf_error error;
    open_bad(&at, &rows, SHEAF_ON_ERROR_FAIL);
    make_batch(&at, &rows, empty);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, &error), SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, "\"\" is no number"));
    ck_assert_ptr_nonnull(strstr(error.text, "; see --null and --null-quoted"));
    close_fixture(&at);
}
END_TEST

START_TEST(skip_leaves_rows_out)
{
    struct fixture at;
    struct rows rows;
    open_bad(&at, &rows, SHEAF_ON_ERROR_SKIP);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    ck_assert_uint_eq(rows.batch.selected, 3);
    static const uint32_t left[] = {0, 2, 5};
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(batch_row(&rows.batch, i), left[i]);
    const struct converter_counts *counts = converter_counts(at.converter);
    ck_assert_uint_eq(counts->skipped_rows, 3); /* row 4 once */
    ck_assert_uint_eq(counts->nulled_values, 0);
    ck_assert_uint_eq(counts->first.line, 51);
    /* Rows that are out already stay out, and the first one stays the first. */
    make_batch(&at, &rows, bad);
    rows.batch.selection = (const uint32_t[]){2, 3};
    rows.batch.selected = 2;
    rows.lines[3] = 7;
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    ck_assert_uint_eq(rows.batch.selected, 1);
    ck_assert_uint_eq(batch_row(&rows.batch, 0), 2);
    ck_assert_uint_eq(counts->skipped_rows, 4);
    ck_assert_uint_eq(counts->first.line, 51);
    close_fixture(&at);
}
END_TEST

START_TEST(null_makes_values_missing)
{
    struct fixture at;
    struct rows rows;
    open_bad(&at, &rows, SHEAF_ON_ERROR_NULL);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    ck_assert_ptr_null(rows.batch.selection);
    ck_assert_uint_eq(rows.batch.selected, ROWS);
    const uint32_t x = slot_of(&at, 1), y = slot_of(&at, 2), key = at.plan->use_count;
    const struct column *columns = rows.batch.columns;
    for (uint32_t row = 0; row < ROWS; row++) {
        const bool x_null = row >= 3, y_null = row == 1 || row == 4;
        ck_assert_int_eq(columns[x].numbers[row].kind == NUMBER_NULL, x_null);
        ck_assert_int_eq(columns[y].numbers[row].kind == NUMBER_NULL, y_null);
        ck_assert(is_text(columns[x].texts[row], x_null ? NULL : bad[row][1]));
        ck_assert(is_text(columns[y].texts[row], y_null ? NULL : bad[row][2]));
        ck_assert(is_text(columns[key].texts[row], bad[row][1])); /* a key keeps its text */
    }
    const struct converter_counts *counts = converter_counts(at.converter);
    ck_assert_uint_eq(counts->nulled_values, 4);
    ck_assert_uint_eq(counts->skipped_rows, 0);
    ck_assert_uint_eq(counts->first.line, 51);
    ck_assert(is_text(rows.texts[slot_of(&at, 1)][3], "--")); /* the lent batch is as it was */
    close_fixture(&at);
}
END_TEST

/* ---- times ------------------------------------------------------------------------------- */

static const struct {
    const char *csv;
    bool zoned;
    const char *texts[ROWS];
    bool is_bad[ROWS];
} times[] = {
    {"d\n2024-01-01T00:00:00\n",
     false,
     {"2024-01-01", "2024-01-01T10:00:00", NULL, "2024-01-01T10:00:00Z", "x", "2024-02-30"},
     {false, false, false, true, true, true}},
    {"d\n2024-01-01T00:00:00Z\n",
     true,
     {"2024-01-01", "2024-01-01T10:00:00", NULL, "2024-01-01T10:00:00+02:00", "5", "2024-02-29"},
     {false, true, false, false, true, false}},
    {"d\n2024-01-01\n",
     false,
     {"2024-01-01", "2024-01-01 10:00:00", NULL, "2024-01-01T10:00:00Z", "", "9999-12-31"},
     {false, false, false, true, true, false}},
};

START_TEST(times_fit_their_column)
{
    const char *cells[ROWS][MOST_COLUMNS] = {{NULL}};
    uint64_t bad_count = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        cells[row][0] = times[_i].texts[row];
        bad_count += times[_i].is_bad[row];
    }
    const struct wanted wanted = {
        .csv = times[_i].csv, .expressions = {"min(d)", "max(d)"}, .on_error = SHEAF_ON_ERROR_NULL};
    struct fixture at;
    struct rows rows;
    open_fixture(&at, &wanted);
    ck_assert_int_eq(at.plan->uses[0].zoned, times[_i].zoned);
    make_batch(&at, &rows, (const char *const(*)[MOST_COLUMNS])cells);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    for (uint32_t row = 0; row < ROWS; row++) {
        const bool is_null = times[_i].is_bad[row] || times[_i].texts[row] == NULL;
        const struct column *column = &rows.batch.columns[0];
        ck_assert_int_eq(column->instants[row].form == INSTANT_NULL, is_null);
        ck_assert(is_text(column->texts[row], is_null ? NULL : times[_i].texts[row]));
    }
    ck_assert_uint_eq(converter_counts(at.converter)->nulled_values, bad_count);
    close_fixture(&at);
}
END_TEST

START_TEST(a_bad_time_is_reported)
{
    for (int i = 0; i < 2; i++) {
        const char *cells[ROWS][MOST_COLUMNS] = {{NULL}};
        cells[2][0] = "noon";
        const struct wanted wanted = {
            .csv = times[i].csv, .expressions = {"min(d)"}, .on_error = SHEAF_ON_ERROR_FAIL};
        struct fixture at;
        struct rows rows;
        struct sheaf_error error;
        open_fixture(&at, &wanted);
        make_batch(&at, &rows, (const char *const(*)[MOST_COLUMNS])cells);
        ck_assert_int_eq(converter_run(at.converter, &rows.batch, &error), SHEAF_DATA);
        ck_assert_ptr_nonnull(strstr(error.text, i == 0
                                                     ? "\"noon\" is no date or time without a zone"
                                                     : "\"noon\" is no date or time with a zone"));
        close_fixture(&at);
    }
}
END_TEST

/* A column that is summed and compared as times: one bad value is one, in both vectors. */
START_TEST(a_column_of_two_kinds)
{
    const char *cells[ROWS][MOST_COLUMNS] = {{"2024-01-01"}, {"5"},          {"x"},
                                             {NULL},         {"2024-01-02"}, {"2024-01-03"}};
    const struct wanted wanted = {
        .csv = times[2].csv, .expressions = {"min(d)", "sum(d)"}, .on_error = SHEAF_ON_ERROR_NULL};
    struct fixture at;
    struct rows rows;
    open_fixture(&at, &wanted);
    make_batch(&at, &rows, (const char *const(*)[MOST_COLUMNS])cells);
    ck_assert_int_eq(converter_run(at.converter, &rows.batch, NULL), SHEAF_OK);
    const struct column *column = &rows.batch.columns[0];
    for (uint32_t row = 0; row < ROWS; row++) {
        ck_assert_int_eq(column->numbers[row].kind, NUMBER_NULL);
        ck_assert_int_eq(column->instants[row].form, INSTANT_NULL);
        ck_assert_ptr_null(column->texts[row].bytes);
    }
    ck_assert_uint_eq(converter_counts(at.converter)->nulled_values, 5);
    close_fixture(&at);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

START_TEST(memory_failures_are_clean)
{
    const int64_t live = memory_live();
    struct fixture at;
    struct rows rows;
    open_bad(&at, &rows, SHEAF_ON_ERROR_NULL);
    converter_close(at.converter);
    at.converter = NULL;
    enum sheaf_status status = SHEAF_SYSTEM;
    uint64_t n = 0;
    while (status != SHEAF_OK) {
        const int64_t before = memory_live();
        struct sheaf_error error = {.status = SHEAF_OK};
        rows.batch.columns = rows.columns;
        memory_fail_at(++n);
        status = converter_open(at.plan, &at.converter, &error);
        if (status == SHEAF_OK)
            status = converter_run(at.converter, &rows.batch, &error);
        memory_fail_at(0);
        ck_assert_int_eq(status, error.status);
        converter_close(at.converter);
        at.converter = NULL;
        ck_assert_int_eq(memory_live(), before);
    }
    ck_assert_uint_gt(n, 8);
    close_fixture(&at);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static Suite *convert_suite(void)
{
    Suite *suite = suite_create("convert");
    TCase *tests = tcase_create("convert");
    tcase_add_loop_test(tests, good_values, SHEAF_ON_ERROR_FAIL, SHEAF_ON_ERROR_NULL + 1);
    tcase_add_test(tests, fail_names_the_first_row);
    tcase_add_test(tests, an_empty_text_is_no_number);
    tcase_add_test(tests, skip_leaves_rows_out);
    tcase_add_test(tests, null_makes_values_missing);
    tcase_add_loop_test(tests, times_fit_their_column, 0, sizeof times / sizeof *times);
    tcase_add_test(tests, a_bad_time_is_reported);
    tcase_add_test(tests, a_column_of_two_kinds);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(convert_suite)
