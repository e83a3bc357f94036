/* format/csv_reader.c through format_csv: the rows of all chunks, whatever their size and the
 * workers, are the oracle's. */
#include "format/csv.h"

#include "oracle/automaton.h"
#include "reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

enum { COLUMNS = 3, MOST = 160 };

/* ---- what the oracle expects ------------------------------------------------------------- */

struct expected {
    struct buffer text; /* of the good rows, in order, up to the error */
    uint64_t skipped;
    bool fails;
    bool line_is_known;
    uint32_t file;
    uint64_t line;
};

static bool is_null(const struct format_options *options, const struct oracle_field *field)
{
    if (field->quoted && !options->null_quoted)
        return false;
    if (field->length == 0)
        return true; /* the lists here all hold the empty text */
    return options->nulls != NULL && field->length == 2 && memcmp(field->bytes, "NA", 2) == 0;
}

static void expect_row(const struct format_options *options, const struct oracle_row *row,
                       uint32_t file, const struct reading_setup *setup, struct buffer *text)
{
    reading_put_place(text, file, row->byte, row->line);
    for (uint32_t i = 0; i < setup->needed_count; i++) {
        struct text field = {.bytes = NULL};
        if (setup->needed[i] < row->count && !is_null(options, &row->fields[setup->needed[i]])) {
            const struct oracle_field *found = &row->fields[setup->needed[i]];
            field = (struct text){.bytes = found->length == 0 ? "" : found->bytes,
                                  .length = found->length};
        }
        reading_put_field(text, field);
    }
    buffer_append_byte(text, '\n');
}

static bool is_good(const struct format_options *options, const struct oracle_row *row)
{
    return row->bad_line == 0 &&
           (row->count == COLUMNS || (row->count < COLUMNS && options->ragged & FORMAT_PAD) ||
            (row->count > COLUMNS && options->ragged & FORMAT_TRIM));
}

static void fail_at(struct expected *out, uint32_t file, uint64_t line)
{
    out->fails = true;
    out->file = file;
    out->line = line;
    out->line_is_known = line != 0;
}

/* The rows of one file after its header; false once an error ends them. */
static bool expect_file(const struct format_options *options, const struct reading_setup *setup,
                        const struct oracle_table *table, uint32_t file, struct expected *out)
{
    for (size_t i = options->no_headers ? 0 : 1; i < table->count; i++) {
        const struct oracle_row *row = &table->rows[i];
        if (is_good(options, row)) {
            expect_row(options, row, file, setup, &out->text);
            continue;
        }
        if (options->policy == FORMAT_FAIL) {
            fail_at(out, file, row->bad_line != 0 ? row->bad_line : row->line);
            return false;
        }
        out->skipped++;
    }
    /* The row with the open quote may be bad before it: then under FORMAT_FAIL that line counts. */
    if (table->unclosed_line != 0) {
        fail_at(out, file, options->policy == FORMAT_FAIL ? 0 : table->unclosed_line);
        return false;
    }
    return true;
}

static void expect(const struct reading_setup *setup, const unsigned char (*bytes)[MOST],
                   const size_t *lengths, uint32_t files, struct expected *out)
{
    const struct format_options *options = setup->options;
    const struct oracle_dialect dialect = {.delimiter = options->delimiter,
                                           .quote = options->quote,
                                           .comment = options->comment,
                                           .escape = options->escape,
                                           .cr_ends = options->cr_ends};
    *out = (struct expected){.skipped = 0};
    bool goes_on = true;
    for (uint32_t file = 0; file < files && goes_on; file++) {
        struct oracle_table table;
        oracle_read(&dialect, bytes[file], lengths[file], &table);
        goes_on = expect_file(options, setup, &table, file, out);
        oracle_table_free(&table);
    }
}

/* ---- comparison -------------------------------------------------------------------------- */

static void complain(const unsigned char (*bytes)[MOST], const size_t *lengths, uint32_t files,
                     const struct reading_setup *setup, const struct reading *got,
                     const struct expected *expected, const char *what)
{
    char text[4 * MOST * 2 + 32];
    size_t used = 0;
    for (uint32_t file = 0; file < files; file++)
        for (size_t i = 0; i <= lengths[file]; i++) {
            const unsigned char byte = i < lengths[file] ? bytes[file][i] : '|';
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     byte >= 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
        }
    ck_abort_msg(
        "%s, chunks of %llu, %s: %s\ngot (%d, %llu skipped, line %llu, %s):\n%.*s\n"
        "expected (%d, %llu skipped, line %llu):\n%.*s",
        what, (unsigned long long)setup->chunk_size, setup->executor->name, text, (int)got->status,
        (unsigned long long)got->skipped, (unsigned long long)got->error.line, got->error.text,
        (int)got->text.length, got->text.bytes == NULL ? "" : got->text.bytes, (int)expected->fails,
        (unsigned long long)expected->skipped, (unsigned long long)expected->line,
        (int)expected->text.length, expected->text.bytes == NULL ? "" : expected->text.bytes);
}

static const char *difference(const struct reading *got, const struct expected *expected)
{
    if (got->status != (expected->fails ? SHEAF_DATA : SHEAF_OK))
        return "the status";
    const size_t length = expected->text.length;
    if (expected->fails ? got->text.length < length : got->text.length != length)
        return "the number of rows";
    if (length > 0 && memcmp(got->text.bytes, expected->text.bytes, length) != 0)
        return "the rows";
    if (expected->fails && got->error.file != expected->file)
        return "the file of the error";
    if (expected->fails && expected->line_is_known && got->error.line != expected->line)
        return "the line of the error";
    if (!expected->fails && got->skipped != expected->skipped)
        return "the number of skipped rows";
    return NULL;
}

/* ---- random files ------------------------------------------------------------------------ */

struct variant {
    int quote, comment, escape, ragged;
    enum format_scanner scanner;
    bool cr_ends, null_quoted, no_headers;
    const char *nulls;
    enum format_policy policy;
};

#define NO_ESCAPE .escape = -1
#define LIBCSV .scanner = FORMAT_SCANNER_LIBCSV

static const struct variant variants[] = {
    {.quote = '"', .comment = -1, NO_ESCAPE, .policy = FORMAT_SKIP},
    {.quote = '"', .comment = -1, NO_ESCAPE, .policy = FORMAT_SKIP, LIBCSV, .ragged = FORMAT_PAD},
    {.quote = '"', .comment = '#', NO_ESCAPE, .cr_ends = true, .policy = FORMAT_SKIP, LIBCSV},
    {.quote = '"', .comment = -1, .escape = 'x', .policy = FORMAT_SKIP, .ragged = FORMAT_PAD},
    {.quote = '"', .comment = '#', .escape = 'x', .cr_ends = true, .policy = FORMAT_FAIL},
    {.quote = '"',
     .comment = '#',
     NO_ESCAPE,
     .policy = FORMAT_SKIP,
     .ragged = FORMAT_PAD | FORMAT_TRIM},
    {.quote = '"',
     .comment = -1,
     NO_ESCAPE,
     .policy = FORMAT_FAIL,
     .ragged = FORMAT_PAD | FORMAT_TRIM},
    {.quote = '"',
     .comment = -1,
     NO_ESCAPE,
     .cr_ends = true,
     .policy = FORMAT_SKIP,
     .ragged = FORMAT_PAD},
    {.quote = -1,
     .comment = '#',
     NO_ESCAPE,
     .policy = FORMAT_SKIP,
     .ragged = FORMAT_TRIM,
     .nulls = "NA,"},
    {.quote = '"',
     .comment = -1,
     NO_ESCAPE,
     .policy = FORMAT_SKIP,
     .nulls = ",NA",
     .null_quoted = true},
    {.quote = '"',
     .comment = '#',
     NO_ESCAPE,
     .policy = FORMAT_FAIL,
     .cr_ends = true,
     .ragged = FORMAT_PAD},
    {.quote = '"',
     .comment = -1,
     NO_ESCAPE,
     .no_headers = true,
     .policy = FORMAT_SKIP,
     .ragged = FORMAT_PAD},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static size_t make_file(unsigned char bytes[MOST], uint64_t *seed)
{
    static const char *const pieces[] = {
        "\"", "\"",   ",",   ",",    "\n",   "\n",      "\r", "\r\n",   "#",     "x,y,",
        "NA", "\"\"", "\",", "\"\n", ",,\n", "x,y,z\n", "x",  "\"NA\"", "\"a\"", ",\n"};
    const size_t room = (size_t)(unit_random(seed) % (MOST - 8));
    size_t length = 6;
    memcpy(bytes, "a,b,c\n", length); /* without headers: the first row */
    while (length < room) {
        const char *piece = pieces[unit_random(seed) % (sizeof pieces / sizeof *pieces)];
        const size_t size = strlen(piece);
        if (length + size > MOST)
            break;
        memcpy(bytes + length, piece, size);
        length += size;
    }
    return length;
}

static void check_sizes(const unsigned char (*bytes)[MOST], const size_t *lengths, uint32_t files,
                        struct reading_setup *setup, uint64_t *seed)
{
    struct expected expected;
    expect(setup, bytes, lengths, files, &expected);
    for (uint64_t chunk = 1; chunk <= MOST; chunk += 1 + chunk / 4) {
        const uint64_t draw = unit_random(seed);
        struct reading_files from = {.count = 0};
        for (uint32_t file = 0; file < files; file++)
            if (draw % 4 == 0)
                reading_add_pipe(&from, bytes[file], lengths[file]);
            else
                reading_add_file(&from, bytes[file], lengths[file]);
        setup->chunk_size = chunk;
        setup->executor = draw / 4 % 8 == 0   ? &executor_openmp
                          : draw / 4 % 8 <= 3 ? &executor_serial
                                              : &executor_pool;
        setup->workers = 1 + (unsigned)(draw / 32 % 3);
        struct reading got;
        reading_run(&from, setup, &got);
        const char *what = difference(&got, &expected);
        if (what != NULL)
            complain(bytes, lengths, files, setup, &got, &expected, what);
        reading_drop(&got);
        reading_close_files(&from);
    }
    buffer_close(&expected.text);
}

START_TEST(rows_at_every_chunk_size)
{
    static const uint32_t needed[] = {2, 0};
    uint64_t seed = unit_seed("rows_at_every_chunk_size", 61);
    const struct variant *variant = &variants[_i];
    struct format_options options = reading_options();
    options.quote = variant->quote;
    options.comment = variant->comment;
    options.escape = variant->escape;
    options.scanner = variant->scanner;
    options.ragged = variant->ragged;
    options.cr_ends = variant->cr_ends;
    options.null_quoted = variant->null_quoted;
    options.no_headers = variant->no_headers;
    options.nulls = variant->nulls;
    options.policy = variant->policy;
    const char *files_wanted = getenv("SHEAF_TEST_FILES");
    const unsigned rounds = files_wanted == NULL ? 12 : (unsigned)strtoul(files_wanted, NULL, 10);
    for (unsigned round = 0; round < rounds; round++) {
        static unsigned char bytes[2][MOST];
        size_t lengths[2];
        const uint32_t files = 1 + round % 2;
        for (uint32_t file = 0; file < files; file++)
            lengths[file] = make_file(bytes[file], &seed);
        struct reading_setup setup = {
            .options = &options, .needed = needed, .needed_count = round % 3};
        check_sizes((const unsigned char(*)[MOST])bytes, lengths, files, &setup, &seed);
    }
}
END_TEST

/* ---- long rows --------------------------------------------------------------------------- */

/* One row over thousands of chunks, rows before and behind it; only its owner reads it. */
START_TEST(a_row_over_many_chunks)
{
    enum { LONG = 60000 };
    static char bytes[LONG + 100];
    size_t length = (size_t)sprintf(bytes, "a,b\n1,2\n3,\"");
    for (; length < LONG; length++)
        bytes[length] = length % 7 == 0 ? '\n' : length % 5 == 0 ? ',' : 'x';
    length += (size_t)sprintf(bytes + length, "\"\n5,6\n");
    const struct format_options options = reading_options();
    static const uint32_t needed[] = {0};
    for (uint64_t chunk = 16; chunk < 2 * LONG; chunk *= 17) {
        struct reading_files files = {.count = 0};
        if (_i == 0)
            reading_add_file(&files, bytes, length);
        else
            reading_add_pipe(&files, bytes, length);
        const struct reading_setup setup = {.options = &options,
                                            .needed = needed,
                                            .needed_count = 1,
                                            .chunk_size = chunk,
                                            .executor = &executor_pool,
                                            .workers = 3};
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, SHEAF_OK);
        ck_assert_uint_eq(got.rows, 3);
        ck_assert_ptr_nonnull(memmem(got.text.bytes, got.text.length, " 1:5\n", 5));
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

/* The bytes behind a chunk are charged to the budget, and given back. */
START_TEST(a_long_row_is_charged)
{
    enum { LONG = 60000 };
    static char bytes[LONG];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "a\n", 2);
    struct memory_budget budget = {.limit = 20000};
    struct format_options options = reading_options();
    options.budget = &budget;
    const struct reading_setup setup = {
        .options = &options, .chunk_size = 16, .executor = &executor_serial, .workers = 1};
    struct reading_files files = {.count = 0};
    struct reading got;
    reading_add_file(&files, bytes, sizeof bytes);
    reading_run(&files, &setup, &got);
    ck_assert_int_eq(got.status, SHEAF_LIMIT);
    ck_assert_ptr_nonnull(strstr(got.error.text, "a row that reaches past its chunk"));
    ck_assert_uint_eq(budget.used, 0);
    reading_drop(&got);
    budget.limit = 1 << 20;
    reading_run(&files, &setup, &got);
    ck_assert_int_eq(got.status, SHEAF_OK);
    ck_assert_uint_eq(got.rows, 1);
    ck_assert_uint_eq(budget.used, 0);
    reading_drop(&got);
    reading_close_files(&files);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    uint64_t max_field;
    int ragged;
    enum format_policy policy;
    uint64_t line, byte;
    uint32_t column;
    const char *text; /* the message, after "FILE:LINE: " */
} errors[] = {
    {"a,b\n1,2\n3\n", 99, 0, FORMAT_FAIL, 3, 8, 0,
     "the row has 1 field, but 2 are needed (row at byte 8); see --ragged"},
    {"a,b\n1,2,3\n", 99, FORMAT_PAD, FORMAT_FAIL, 2, 4, 0,
     "the row has 3 fields, but 2 are needed"},
    {"a,b\n1\n", 99, FORMAT_TRIM, FORMAT_FAIL, 2, 4, 0, "the row has 1 field, but 2 are needed"},
    {"a\n1,2\n", 99, 0, FORMAT_FAIL, 2, 2, 0, "the row has 2 fields, but 1 is needed"},
    {"a,b\n\"x\ny\"z,2\n", 99, 0, FORMAT_FAIL, 3, 9, 1,
     "column 1 (\"a\"): text after the closing quote (byte 9)"},
    {"a,b\n1,\"x\" \n", 99, 0, FORMAT_FAIL, 2, 9, 2, "column 2 (\"b\"): text after"},
    {"a,b\n1,\"x\"\r", 99, 0, FORMAT_FAIL, 2, 9, 2, "column 2 (\"b\"): text after"},
    {"a,b\n1,2\n1,\"x\n\ny\n", 99, 0, FORMAT_SKIP, 3, 10, 2,
     "column 2 (\"b\"): the quote that opens here is never closed (byte 10)"},
    {"a,b\n1,xxxxx\n", 4, 0, FORMAT_SKIP, 2, 6, 2,
     "column 2 (\"b\"): the field that starts at byte 6 is longer than 4 bytes; see --max-field"},
    {"a,b\n1,\"xxxxx", 4, 0, FORMAT_FAIL, 2, 6, 2, "column 2 (\"b\"): the field that starts"},
    /* In a row that is skipped, the rules of every row hold. */
    {"a,b\n\"x\"y,\"z\n", 99, 0, FORMAT_SKIP, 2, 9, 2, "column 2 (\"b\"): the quote that opens"},
    {"a,b\n\"x\"y,zzzzz\n", 4, 0, FORMAT_SKIP, 2, 9, 2, "column 2 (\"b\"): the field that starts"},
    {"a,b\n\"xx\"yyyy,z\n", 4, 0, FORMAT_SKIP, 2, 4, 1, "column 1 (\"a\"): the field that starts"},
    {"a,b\n\"xx\"\rz,1\n", 3, 0, FORMAT_SKIP, 2, 4, 1, "column 1 (\"a\"): the field that starts"},
    {"a,b\n\"x\"y,1\n2,3,4\n\"", 99, 0, FORMAT_SKIP, 4, 17, 1, "column 1 (\"a\"): the quote that"},
    {"a,b\n1,2,3,\"\n", 99, 0, FORMAT_FAIL, 2, 10, 4, "column 4: the quote that opens"},
};

START_TEST(errors_say_what_and_where)
{
    struct format_options options = reading_options();
    options.max_field = errors[_i].max_field;
    options.ragged = errors[_i].ragged;
    options.policy = errors[_i].policy;
    for (uint64_t chunk = 1; chunk < 30; chunk++) {
        struct reading_files files = {.count = 0};
        reading_add_file(&files, "a,b\n", 0); /* empty: adds nothing, not even a header */
        reading_add_file(&files, errors[_i].bytes, strlen(errors[_i].bytes));
        const struct reading_setup setup = {.options = &options,
                                            .chunk_size = chunk,
                                            .executor = &executor_pool,
                                            .workers = 1 + (unsigned)chunk % 3};
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, SHEAF_DATA);
        ck_assert_uint_eq(got.error.file, 1);
        ck_assert_uint_eq(got.error.line, errors[_i].line);
        ck_assert_uint_eq(got.error.byte, errors[_i].byte);
        ck_assert_uint_eq(got.error.column, errors[_i].column);
        char start[300];
        snprintf(start, sizeof start, "%s:%llu: %s", files.paths[1],
                 (unsigned long long)errors[_i].line, errors[_i].text);
        if (strncmp(got.error.text, start, strlen(start)) != 0)
            ck_abort_msg("\"%s\", not \"%s\"", got.error.text, start);
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

START_TEST(the_first_skipped_row_is_kept)
{
    static const char bytes[] = "a,b\n1,2\n3\n\"x\"y,4\n5,6,7\n";
    struct format_options options = reading_options();
    options.policy = FORMAT_SKIP;
    for (uint64_t chunk = 1; chunk < sizeof bytes; chunk++) {
        struct reading_files files = {.count = 0};
        reading_add_file(&files, bytes, sizeof bytes - 1);
        const struct reading_setup setup = {
            .options = &options, .chunk_size = chunk, .executor = &executor_pool, .workers = 3};
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, SHEAF_OK);
        ck_assert_uint_eq(got.skipped, 3);
        ck_assert_uint_eq(got.rows, 1);
        ck_assert_uint_eq(got.first_skipped.line, 3);
        ck_assert_ptr_nonnull(strstr(got.first_skipped.text, "the row has 1 field"));
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

static Suite *csv_reader_suite(void)
{
    Suite *suite = suite_create("csv_reader");
    TCase *tests = tcase_create("csv_reader");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, rows_at_every_chunk_size, 0, VARIANTS);
    tcase_add_loop_test(tests, a_row_over_many_chunks, 0, 2);
    tcase_add_test(tests, a_long_row_is_charged);
    tcase_add_loop_test(tests, errors_say_what_and_where, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tests, the_first_skipped_row_is_kept);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(csv_reader_suite)
