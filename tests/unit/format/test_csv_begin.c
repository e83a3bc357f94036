/* format/csv_begin.c and the sample: byte order marks, skipped lines, headers, many files. */
#include "format/csv.h"

#include "reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

/* ---- headers ----------------------------------------------------------------------------- */

enum { NAMES = 4 };

struct header {
    const char *bytes;
    size_t length;
    uint64_t skip_lines;
    bool no_headers, cr_ends;
    uint32_t columns;
    const char *names[NAMES];
    uint64_t rows;
    uint64_t byte, line; /* of the first row */
};
#define BYTES(text) .bytes = text, .length = sizeof(text) - 1

static const struct header headers[] = {
    {BYTES("")},
    {BYTES("\n\r\n\n")},
    {BYTES("\xef\xbb\xbf")},
    {BYTES("\xef\xbb\xbf\n")},
    {BYTES("a,b"), .columns = 2, .names = {"a", "b"}},
    {BYTES("a,b\n"), .columns = 2, .names = {"a", "b"}},
    {BYTES("a,b\r\n1,2"), .columns = 2, .names = {"a", "b"}, .rows = 1, .byte = 5, .line = 2},
    {BYTES("\xef\xbb\xbf"
           "a,b\n1,2"),
     .columns = 2, .names = {"a", "b"}, .rows = 1, .byte = 7, .line = 2},
    {BYTES("\xef\xbb\xbf\"a,\",b\n1,2"), .columns = 2, .names = {"a,", "b"}, .rows = 1, .byte = 10,
     .line = 2},
    {BYTES("\n\na\n\n1"), .columns = 1, .names = {"a"}, .rows = 1, .byte = 5, .line = 5},
    {BYTES("\"a\n\"\"b\"\"\",\r\n1,2\n"), .columns = 2, .names = {"a\n\"b\"", ""}, .rows = 1,
     .byte = 12, .line = 3},
    {BYTES(" a , b\n1,2\n"), .columns = 2, .names = {" a ", " b"}, .rows = 1, .byte = 7, .line = 2},
    {BYTES("a\rb\n1\n"), .columns = 1, .names = {"a\rb"}, .rows = 1, .byte = 4, .line = 2},
    {BYTES("a\rb\n1\n"), .cr_ends = true, .columns = 1, .names = {"a"}, .rows = 2, .byte = 2,
     .line = 2},
    {BYTES("a\r\nb\n"), .cr_ends = true, .columns = 1, .names = {"a"}, .rows = 1, .byte = 3,
     .line = 2},
    /* Skipped lines are physical: quotes mean nothing in them. */
    {BYTES("x \"\n\ny,\na\n1\n"), .skip_lines = 3, .columns = 1, .names = {"a"}, .rows = 1,
     .byte = 10, .line = 5},
    {BYTES("x\r\ny\r\na\r\n1\r\n"), .skip_lines = 2, .columns = 1, .names = {"a"}, .rows = 1,
     .byte = 9, .line = 4},
    {BYTES("x\ry\ra\r1\r"), .skip_lines = 2, .cr_ends = true, .columns = 1, .names = {"a"},
     .rows = 1, .byte = 6, .line = 4},
    {BYTES("x\r\ny\na\n1"), .skip_lines = 2, .cr_ends = true, .columns = 1, .names = {"a"},
     .rows = 1, .byte = 7, .line = 4},
    {BYTES("x\ny"), .skip_lines = 2},
    {BYTES("x\ny\n"), .skip_lines = 2},
    {BYTES("x\ny\n"), .skip_lines = 99},
    {BYTES("\xef\xbb\xbfx\na\n1"), .skip_lines = 1, .columns = 1, .names = {"a"}, .rows = 1,
     .byte = 7, .line = 3},
    /* Without a header the first row stays a row. */
    {BYTES("1,2,3\n4,5,6\n"), .no_headers = true, .columns = 3, .names = {"c1", "c2", "c3"},
     .rows = 2, .byte = 0, .line = 1},
    {BYTES("\xef\xbb\xbf\n1"), .no_headers = true, .columns = 1, .names = {"c1"}, .rows = 1,
     .byte = 4, .line = 2},
    {BYTES("x\n1\n2\n"), .no_headers = true, .skip_lines = 1, .columns = 1, .names = {"c1"},
     .rows = 2, .byte = 2, .line = 2},
    {BYTES("\n\n"), .no_headers = true},
    {BYTES("#,\"\n#\na#,#b\n#1\n1,2\n"), .columns = 2, .names = {"a#", "#b"}, .rows = 1, .byte = 15,
     .line = 5},
    {BYTES("#x"), .columns = 0},
};

static void check_names(struct format_document *document, const struct header *header)
{
    const struct text *names;
    ck_assert_uint_eq(format_csv.columns(document, &names), header->columns);
    for (uint32_t i = 0; i < header->columns; i++) {
        ck_assert_uint_eq(names[i].length, strlen(header->names[i]));
        ck_assert_int_eq(memcmp(names[i].bytes, header->names[i], names[i].length), 0);
    }
}

static void check_header(const struct header *header, const struct reading_files *files)
{
    struct format_options options = reading_options();
    options.skip_lines = header->skip_lines;
    options.no_headers = header->no_headers;
    options.cr_ends = header->cr_ends;
    options.comment = '#';
    struct dataset *dataset;
    struct format_document *document;
    ck_assert_int_eq(dataset_open(files->paths, files->count, NULL, &dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(format_csv.open(dataset, &options, &document, NULL), SHEAF_OK);
    check_names(document, header);
    format_csv.close(document);
    dataset_close(dataset);
}

static void check_rows(const struct header *header, const struct reading_files *files,
                       uint64_t chunk_size)
{
    struct format_options options = reading_options();
    options.skip_lines = header->skip_lines;
    options.no_headers = header->no_headers;
    options.cr_ends = header->cr_ends;
    options.comment = '#';
    const struct reading_setup setup = {
        .options = &options, .chunk_size = chunk_size, .executor = &executor_serial, .workers = 1};
    struct reading got;
    reading_run(files, &setup, &got);
    ck_assert_int_eq(got.status, SHEAF_OK);
    ck_assert_uint_eq(got.rows, header->rows);
    char first[64];
    const int length = snprintf(first, sizeof first, "0 %llu %llu\n",
                                (unsigned long long)header->byte, (unsigned long long)header->line);
    if (header->rows > 0)
        ck_assert_int_eq(strncmp(got.text.bytes, first, (size_t)length), 0);
    reading_drop(&got);
}

START_TEST(headers_are_read)
{
    const struct header *header = &headers[_i];
    struct reading_files files = {.count = 0};
    reading_add_file(&files, header->bytes, header->length);
    check_header(header, &files);
    for (uint64_t chunk_size = 1; chunk_size <= header->length + 1; chunk_size++)
        check_rows(header, &files, chunk_size);
    reading_close_files(&files);
    reading_add_pipe(&files, header->bytes, header->length);
    check_rows(header, &files, 3);
    reading_close_files(&files);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    size_t length;
    const char *text;
    bool no_headers;
    uint64_t max_field;
} refused[] = {
    {BYTES("\xff\xfe"
           "a\0\n\0"),
     .text = ": the text is UTF-16, UTF-8 is needed; convert it first: iconv -f UTF-16 -t UTF-8"},
    {BYTES("\xfe\xff\0a"), .text = ": the text is UTF-16"},
    {BYTES("\xff\xfe"), .text = ": the text is UTF-16"},
    {BYTES("\xff\xfe\0\0a\0\0\0"), .text = ": the text is UTF-32"},
    {BYTES("\0\0\xfe\xff\0\0\0a"), .text = ": the text is UTF-32"},
    {BYTES("a,\"b\nc"), .text = ":1: column 2: the quote that opens here is never closed (byte 2)"},
    {BYTES("\n\"a\"b,c\n"), .text = ":2: column 1: text after the closing quote (byte 4)"},
    {BYTES("\"a\nb\"c\n1\n"), .text = ":2: column 1: text after the closing quote (byte 5)"},
    {BYTES("a,bbbb\n1,2\n"),
     .text = ":1: column 2: the field that starts at byte 2 is longer than 3 bytes",
     .max_field = 3},
    {BYTES("\"a\"b\n1\n"), .no_headers = true, .text = ":1: column 1: text after"},
};

START_TEST(wrong_beginnings_are_refused)
{
    struct reading_files files = {.count = 0};
    struct format_options options = reading_options();
    options.no_headers = refused[_i].no_headers;
    if (refused[_i].max_field > 0)
        options.max_field = refused[_i].max_field;
    reading_add_file(&files, refused[_i].bytes, refused[_i].length);
    struct dataset *dataset;
    struct format_document *document;
    struct sheaf_error error;
    const int64_t live = memory_live();
    ck_assert_int_eq(dataset_open(files.paths, 1, NULL, &dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(format_csv.open(dataset, &options, &document, &error), SHEAF_DATA);
    ck_assert_ptr_null(document);
    dataset_close(dataset);
    ck_assert_int_eq(memory_live(), live);
    char start[200];
    snprintf(start, sizeof start, "%s%s", files.paths[0], refused[_i].text);
    if (strncmp(error.text, start, strlen(start)) != 0)
        ck_abort_msg("\"%s\", not \"%s\"", error.text, start);
    reading_close_files(&files);
}
END_TEST

/* ---- several files ----------------------------------------------------------------------- */

static const struct {
    const char *first, *second;
    enum sheaf_status status;
    uint64_t rows;
    const char *text;
} pairs[] = {
    {"a,b\n1,2\n", "a,b\n3,4\n", SHEAF_OK, 2, NULL},
    {"a,b\n1,2\n", "\"a\",\"b\"\r\n3,4\n", SHEAF_OK, 2, NULL},
    {"a,b\n1,2\n", "\xef\xbb\xbf\n\na,b\n3,4\n", SHEAF_OK, 2, NULL},
    {"a,b\n1,2\n", "", SHEAF_OK, 1, NULL},
    {"", "a,b\n1,2\n", SHEAF_OK, 1, NULL},
    {"\n\n", "a,b\n1,2\n", SHEAF_OK, 1, NULL},
    {"a,b\n", "a,b", SHEAF_OK, 0, NULL},
    {"a,b\n", "a,c\n", SHEAF_DATA, 0,
     ":1: the header differs from the first file's: column 2 is \"c\", not \"b\""},
    {"a,b\n", "\n\na\n", SHEAF_DATA, 0,
     ":3: the header differs from the first file's: column 2 (\"b\") is missing"},
    {"a,b\n", "a,b,c\n", SHEAF_DATA, 0,
     ":1: the header differs from the first file's: column 3 (\"c\") is one too many"},
    {"a,b\n", "b,a\n", SHEAF_DATA, 0,
     ":1: the header differs from the first file's: column 1 is \"b\", not \"a\""},
    {"a,b\n", "a,b \n", SHEAF_DATA, 0,
     ":1: the header differs from the first file's: column 2 is \"b \", not \"b\""},
};

START_TEST(headers_are_compared)
{
    const struct format_options options = reading_options();
    for (uint64_t chunk_size = 1; chunk_size < 12; chunk_size += 3) {
        struct reading_files files = {.count = 0};
        reading_add_file(&files, pairs[_i].first, strlen(pairs[_i].first));
        reading_add_file(&files, pairs[_i].second, strlen(pairs[_i].second));
        const struct reading_setup setup = {.options = &options,
                                            .chunk_size = chunk_size,
                                            .executor = &executor_pool,
                                            .workers = 2};
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, pairs[_i].status);
        ck_assert_uint_eq(got.rows, pairs[_i].rows);
        if (pairs[_i].text != NULL) {
            char text[300];
            snprintf(text, sizeof text, "%s%s", files.paths[1], pairs[_i].text);
            ck_assert_str_eq(got.error.text, text);
        }
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

/* ---- large headers ----------------------------------------------------------------------- */

/* Past the first look of 64 KiB: skipped lines, one long name, or many columns. */
START_TEST(long_headers)
{
    enum { LONG = 300000 };
    char *bytes = memory_alloc(LONG + 10);
    ck_assert_ptr_nonnull(bytes);
    for (int kind = 0; kind < 4; kind++) {
        struct format_options options = reading_options();
        memset(bytes, kind == 3 ? '\n' : 'x', LONG);
        if (kind == 0) /* a quoted name */
            bytes[0] = bytes[LONG - 1] = '"';
        if (kind == 2) { /* a line to be skipped */
            bytes[LONG - 2] = '\n';
            options.skip_lines = 1;
        }
        memcpy(bytes + LONG, "\n1\n", 3);
        if (kind == 3)
            memcpy(bytes + LONG, "a\n1", 3);
        struct reading_files files = {.count = 0};
        reading_add_file(&files, bytes, LONG + 3);
        const struct reading_setup setup = {
            .options = &options, .chunk_size = 10, .executor = &executor_serial, .workers = 1};
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, SHEAF_OK);
        ck_assert_uint_eq(got.rows, 1);
        char place[64];
        const int length = snprintf(place, sizeof place, "0 %d ", kind == 3 ? LONG + 2 : LONG + 1);
        ck_assert_int_eq(strncmp(got.text.bytes, place, (size_t)length), 0);
        reading_drop(&got);
        reading_close_files(&files);
    }
    memory_free(bytes);
}
END_TEST

START_TEST(the_most_columns)
{
    for (uint32_t columns = CSV_COLUMNS_MAX - 1; columns <= CSV_COLUMNS_MAX + 1; columns++)
        for (int no_headers = 0; no_headers < 2; no_headers++) {
            char *bytes = memory_alloc(columns + 1);
            ck_assert_ptr_nonnull(bytes);
            memset(bytes, ',', columns - 1);
            memcpy(bytes + columns - 1, "\n", 2);
            struct reading_files files = {.count = 0};
            reading_add_file(&files, bytes, columns);
            struct format_options options = reading_options();
            options.no_headers = no_headers != 0;
            const uint32_t needed[] = {columns - 1};
            const struct reading_setup setup = {.options = &options,
                                                .needed = needed,
                                                .needed_count = 1,
                                                .chunk_size = 1000,
                                                .executor = &executor_serial,
                                                .workers = 1};
            struct reading got;
            reading_run(&files, &setup, &got);
            if (columns > CSV_COLUMNS_MAX) {
                ck_assert_int_eq(got.status, SHEAF_DATA);
                ck_assert_ptr_nonnull(
                    strstr(got.error.text, ": 65536 columns; the limit is 65535"));
            } else {
                ck_assert_int_eq(got.status, SHEAF_OK);
                ck_assert_uint_eq(got.rows, (uint64_t)no_headers);
            }
            reading_drop(&got);
            reading_close_files(&files);
            memory_free(bytes);
        }
}
END_TEST

/* ---- the sample -------------------------------------------------------------------------- */

enum { SAMPLE_BYTES = 1 << 20, SAMPLE_ROWS = 1000 };

/* A file of rows of about `row_length` bytes, some of them bad; appends what a sample expects. */
static void make_rows(struct buffer *bytes, uint32_t file, size_t rows, size_t row_length,
                      uint64_t before, struct buffer *expected, uint64_t *count)
{
    buffer_append_string(bytes, "a,b\n");
    for (size_t row = 0; row < rows; row++) {
        const uint64_t start = bytes->length;
        const bool bad = row % 10 == 3;
        buffer_append_format(bytes, "%zu%s", row, bad ? "" : ",");
        for (size_t i = 0; i + 10 < row_length; i++)
            buffer_append_byte(bytes, 'y');
        buffer_append_byte(bytes, '\n');
        if (bad || before + start >= SAMPLE_BYTES || *count == SAMPLE_ROWS)
            continue;
        ++*count;
        char number[24];
        const int length = snprintf(number, sizeof number, "%zu", row);
        reading_put_place(expected, file, start, row + 2);
        reading_put_field(expected, (struct text){.bytes = number, .length = (size_t)length});
        buffer_append_byte(expected, '\n');
    }
}

static const struct {
    size_t rows[2], row_length;
} samples[] = {
    {{700, 700}, 20},                     /* a thousand rows, over both files */
    {{3000, 10}, 20},                     /* a thousand rows of the first */
    {{300, 300}, 5000},                   /* one MiB, reached in the first */
    {{150, 200}, 5000},                   /* one MiB, reached in the second */
    {{0, 5}, 20},       {{2, 1}, 700000}, /* the last row starts in the MiB and ends past it */
};

START_TEST(the_sample_is_the_beginning)
{
    struct reading_files files = {.count = 0};
    struct buffer expected = {.bytes = NULL};
    uint64_t count = 0;
    uint64_t before = 0;
    for (uint32_t file = 0; file < 2; file++) {
        struct buffer bytes = {.bytes = NULL};
        make_rows(&bytes, file, samples[_i].rows[file], samples[_i].row_length, before, &expected,
                  &count);
        reading_add_file(&files, bytes.bytes, bytes.length);
        before += bytes.length;
        buffer_close(&bytes);
    }
    const struct format_options options = reading_options();
    static const uint32_t needed[] = {0};
    const struct reading_setup setup = {.options = &options, .needed = needed, .needed_count = 1};
    struct reading got;
    reading_sample(&files, &setup, UINT64_MAX, &got);
    ck_assert_int_eq(got.status, SHEAF_OK);
    ck_assert_uint_eq(got.rows, count);
    ck_assert_uint_eq(got.text.length, expected.length);
    if (expected.length > 0)
        ck_assert_int_eq(memcmp(got.text.bytes, expected.bytes, expected.length), 0);
    reading_drop(&got);
    reading_sample(&files, &setup, 1, &got); /* the taker has enough after a batch */
    ck_assert_int_eq(got.status, SHEAF_OK);
    ck_assert(count == 0 || got.rows > 0);
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&expected);
}
END_TEST

/* To the byte: a row that starts on the last byte of the MiB belongs to the sample, one that starts
 * behind it does not; headers and the files before count. */
START_TEST(the_sample_ends_at_its_byte)
{
    static char bytes[SAMPLE_BYTES];
    static const char first[] = "a,b\n1,2\n";
    const size_t before = sizeof first - 1;
    for (size_t past = 0; past < 6; past++) {
        const size_t start = SAMPLE_BYTES - before - 1 + past; /* of the second row */
        memset(bytes, 'x', sizeof bytes);
        memcpy(bytes, "a,b\n1,", 6);
        memcpy(bytes + start - 1, "\n3,4\n", 5);
        struct reading_files files = {.count = 0};
        reading_add_file(&files, first, before);
        reading_add_file(&files, bytes, start + 4);
        const struct format_options options = reading_options();
        const struct reading_setup setup = {.options = &options};
        struct reading got;
        reading_sample(&files, &setup, UINT64_MAX, &got);
        ck_assert_int_eq(got.status, SHEAF_OK);
        ck_assert_uint_eq(got.rows, past == 0 ? 3 : 2);
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

static bool count_rows(void *argument, const struct batch *batch)
{
    *(uint64_t *)argument += batch->selected;
    return true;
}

/* Memory that is refused while the sample is taken is no end of the data. */
START_TEST(a_sample_that_fails_says_so)
{
    struct reading_files files = {.count = 0};
    struct buffer bytes = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    uint64_t rows = 0;
    make_rows(&bytes, 0, 50, 30, 0, &expected, &rows);
    reading_add_file(&files, bytes.bytes, bytes.length);
    const struct format_options options = reading_options();
    const int64_t live = memory_live();
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 60; n++) {
        struct dataset *dataset;
        struct format_document *document;
        struct sheaf_error error = {.status = SHEAF_OK};
        static const struct format_need needed[] = {{.column = 0, .vectors = COLUMN_TEXTS}};
        ck_assert_int_eq(dataset_open(files.paths, 1, NULL, &dataset, NULL), SHEAF_OK);
        ck_assert_int_eq(format_csv.open(dataset, &options, &document, NULL), SHEAF_OK);
        ck_assert_int_eq(format_csv.select(document, needed, 1, NULL), SHEAF_OK);
        uint64_t counted = 0;
        memory_fail_at(n);
        const enum sheaf_status status = format_csv.sample(document, count_rows, &counted, &error);
        memory_fail_at(0);
        failures += status != SHEAF_OK;
        if (status == SHEAF_OK)
            ck_assert_uint_eq(counted, rows);
        else
            ck_assert_int_eq(error.status, SHEAF_SYSTEM);
        format_csv.close(document);
        dataset_close(dataset);
        ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_uint_gt(failures, 5);
    reading_close_files(&files);
    buffer_close(&bytes);
    buffer_close(&expected);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

START_TEST(memory_failures_are_clean)
{
    static const char first[] = "x\n\"a\"\"b\",\"c\"\n1,2\n";
    static const char second[] = "x\n\"a\"\"b\",c\n3,4\n";
    struct format_options options = reading_options();
    options.nulls = "NA,\"-\"";
    options.skip_lines = 1;
    options.no_headers = _i != 0;
    struct reading_files files = {.count = 0};
    reading_add_file(&files, first, sizeof first - 1);
    reading_add_file(&files, second, sizeof second - 1);
    const int64_t live = memory_live();
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 100; n++) {
        struct dataset *dataset;
        struct format_document *document;
        struct sheaf_error error = {.status = SHEAF_OK};
        ck_assert_int_eq(dataset_open(files.paths, 2, NULL, &dataset, NULL), SHEAF_OK);
        memory_fail_at(n);
        const enum sheaf_status status = format_csv.open(dataset, &options, &document, &error);
        memory_fail_at(0);
        failures += status != SHEAF_OK;
        if (status == SHEAF_OK) {
            const struct text *names;
            ck_assert_uint_eq(format_csv.columns(document, &names), 2);
            ck_assert_int_eq(memcmp(names[0].bytes, _i != 0 ? "c1" : "a\"b", names[0].length), 0);
        } else {
            ck_assert_int_eq(status, SHEAF_SYSTEM);
            ck_assert_int_eq(error.status, SHEAF_SYSTEM);
            ck_assert_ptr_nonnull(strstr(error.text, "out of memory"));
        }
        format_csv.close(document);
        dataset_close(dataset);
        ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_uint_gt(failures, 10);
    reading_close_files(&files);
}
END_TEST

static Suite *csv_begin_suite(void)
{
    Suite *suite = suite_create("csv_begin");
    TCase *tests = tcase_create("csv_begin");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, headers_are_read, 0, sizeof headers / sizeof *headers);
    tcase_add_loop_test(tests, wrong_beginnings_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, headers_are_compared, 0, sizeof pairs / sizeof *pairs);
    tcase_add_test(tests, long_headers);
    tcase_add_test(tests, the_most_columns);
    tcase_add_loop_test(tests, the_sample_is_the_beginning, 0, sizeof samples / sizeof *samples);
    tcase_add_test(tests, the_sample_ends_at_its_byte);
    tcase_add_test(tests, a_sample_that_fails_says_so);
    tcase_add_loop_test(tests, memory_failures_are_clean, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(csv_begin_suite)
