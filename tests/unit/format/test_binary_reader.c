#include "format/binary.h"

#include "npy_file.h"
#include "npy_reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

/* ---- shapes ------------------------------------------------------------------------------ */

enum { ROWS = 30, COLUMNS = 5 };

static uint64_t cell(unsigned row, unsigned column)
{
    return 1000 * row + 7 * column + 1;
}

/* An array of u2, in C or Fortran order, and its rows in `expected`. */
static void make_table(struct buffer *file, bool is_fortran, uint32_t number,
                       struct buffer *expected)
{
    char header[100];
    snprintf(header, sizeof header, "{'descr': '<u2', 'fortran_order': %s, 'shape': (%d, %d)}",
             is_fortran ? "True" : "False", ROWS, COLUMNS);
    npy_file_header(file, 1, header);
    const size_t begin = file->length;
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        npy_file_word(file, is_fortran ? cell(i % ROWS, i / ROWS) : cell(i / COLUMNS, i % COLUMNS),
                      2, 0);
    for (unsigned row = 0; row < ROWS; row++) {
        reading_put_place(expected, number, begin + (uint64_t)row * 2 * COLUMNS, 0);
        for (unsigned column = 0; column < COLUMNS; column++)
            buffer_append_format(expected, " d%llu", (unsigned long long)cell(row, column));
        buffer_append_byte(expected, '\n');
    }
}

START_TEST(both_orders)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    make_table(&file, _i != 0, 0, &expected);
    struct reading_setup setup = npy_setup(&options, COLUMNS, 1);
    setup.vectors = COLUMN_NUMBERS;
    npy_check_rows(&file, setup, 400, &expected);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

/* Four files, each in either order, each a file or a pipe. */
START_TEST(orders_and_streams_mix)
{
    struct format_options options = reading_options();
    struct buffer bytes[4] = {{.bytes = NULL}};
    struct buffer expected = {.bytes = NULL};
    for (uint32_t i = 0; i < 4; i++)
        make_table(&bytes[i], i % 2 == 1, i, &expected);
    for (uint64_t chunk = 1; chunk < 50; chunk += 3) {
        struct reading_files files = {.count = 0};
        for (uint32_t i = 0; i < 4; i++)
            npy_add(&files, &bytes[i], (_i >> i & 1) != 0);
        struct reading_setup setup = npy_setup(&options, COLUMNS, chunk);
        struct reading got;
        setup.vectors = COLUMN_NUMBERS;
        reading_run(&files, &setup, &got);
        npy_expect(&got, &expected);
        reading_drop(&got);
        reading_close_files(&files);
    }
    for (uint32_t i = 0; i < 4; i++)
        buffer_close(&bytes[i]);
    buffer_close(&expected);
}
END_TEST

/* Of columns that nobody needs nothing is looked at; without any, rows are counted. */
START_TEST(only_what_is_needed)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    npy_file_header(&file, 1,
                    "{'descr': [('a', '|b1'), ('b', '|u1'), ('c', '|b1')],"
                    " 'fortran_order': False, 'shape': (2,)}");
    const size_t begin = file.length;
    buffer_append(&file, "\2\3\4\5\6\7", 6);
    for (uint32_t columns = 0; columns < 2; columns++) {
        static const uint32_t second[] = {1};
        struct buffer expected = {.bytes = NULL};
        struct reading_setup setup = npy_setup(&options, columns, 1);
        for (unsigned row = 0; row < 2; row++) {
            reading_put_place(&expected, 0, begin + (uint64_t)row * 3, 0);
            if (columns == 1)
                npy_put_string(&expected, row == 0 ? "3" : "6");
            buffer_append_byte(&expected, '\n');
        }
        setup.needed = second;
        npy_check_rows(&file, setup, 10, &expected);
        buffer_close(&expected);
    }
    buffer_close(&file);
}
END_TEST

/* Records that are longer than what is read at once, with needed columns at either end. */
START_TEST(wide_records)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    npy_file_header(&file, 1,
                    "{'descr': [('a', '<u4'), ('b', '|S300000'), ('c', '<u4')],"
                    " 'fortran_order': False, 'shape': (4,)}");
    char *middle = memory_zeroed(1, 300000);
    for (unsigned row = 0; row < 4; row++) {
        reading_put_place(&expected, 0, file.length, 0);
        middle[299999] = (char)(row % 2);
        npy_file_word(&file, row, 4, 0);
        buffer_append(&file, middle, 300000);
        npy_file_word(&file, 100 + row, 4, 0);
        char text[2][8];
        snprintf(text[0], sizeof text[0], "%u", 100 + row);
        snprintf(text[1], sizeof text[1], "%u", row);
        npy_put_string(&expected, text[0]);
        reading_put_field(&expected, (struct text){middle, row % 2 == 0 ? 0 : 300000});
        npy_put_string(&expected, text[1]);
        buffer_append_byte(&expected, '\n');
    }
    static const uint32_t needed[] = {2, 1, 0};
    for (uint64_t chunk = 100000; chunk < 900000; chunk += 100000) {
        struct reading_files files = {.count = 0};
        struct reading_setup setup = npy_setup(&options, 3, chunk);
        struct reading got;
        setup.needed = needed;
        npy_add(&files, &file, false);
        reading_run(&files, &setup, &got);
        npy_expect(&got, &expected);
        reading_drop(&got);
        reading_close_files(&files);
    }
    memory_free(middle);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

/* By row, then column, in either order of the array; whatever the order of the needs. */
START_TEST(the_first_bad_value_is_told)
{
    uint64_t state = unit_seed("the_first_bad_value_is_told", 79);
    for (unsigned round = 0; round < 60; round++) {
        const bool is_fortran = round % 2 == 1;
        const unsigned rows = 1 + (unsigned)(unit_random(&state) % (round % 4 < 2 ? 4 : 3000));
        struct buffer file = {.bytes = NULL};
        char header[120];
        snprintf(header, sizeof header, "{'descr': '|b1', 'fortran_order': %s, 'shape': (%u, 3)}",
                 is_fortran ? "True" : "False", rows);
        npy_file_header(&file, 1, header);
        const size_t begin = file.length;
        for (unsigned i = 0; i < 3 * rows; i++)
            buffer_append_byte(&file, 1);
        unsigned first = UINT32_MAX;
        unsigned bad_rows = 0;
        static bool is_bad[3001];
        memset(is_bad, 0, sizeof is_bad);
        for (unsigned n = 0; n < 4; n++) {
            const unsigned i = (unsigned)(unit_random(&state) % (3 * rows));
            file.bytes[begin + (is_fortran ? i % 3 * rows + i / 3 : i)] = 7;
            first = i < first ? i : first;
            bad_rows += !is_bad[i / 3];
            is_bad[i / 3] = true;
        }
        static const uint32_t needed[] = {2, 0, 1};
        for (int policy = FORMAT_FAIL; policy <= FORMAT_SKIP; policy++) {
            struct format_options options = reading_options();
            options.policy = policy == FORMAT_FAIL ? FORMAT_FAIL : FORMAT_SKIP;
            struct reading_files files = {.count = 0};
            struct reading_setup setup =
                npy_setup(&options, 3, 1 + unit_random(&state) % (4 * rows));
            struct reading got;
            setup.needed = needed;
            npy_add(&files, &file, false);
            reading_run(&files, &setup, &got);
            const struct sheaf_error *error =
                policy == FORMAT_FAIL ? &got.error : &got.first_skipped;
            char expected[60];
            snprintf(expected, sizeof expected, "row %u, column %u (\"c%u\"): 7", first / 3 + 1,
                     first % 3 + 1, first % 3 + 1);
            ck_assert_msg(strstr(error->text, expected) != NULL, "%s: %s", expected, error->text);
            ck_assert_uint_eq(error->byte, begin + (is_fortran ? first - first % 3 : first));
            if (policy == FORMAT_SKIP) {
                ck_assert_uint_eq(got.rows, rows - bad_rows);
                ck_assert_uint_eq(got.skipped, bad_rows);
            }
            reading_drop(&got);
            reading_close_files(&files);
        }
        buffer_close(&file);
    }
}
END_TEST

/* ---- several files, and what is asked for ------------------------------------------------ */

static const struct {
    const char *descr;
    const char *reason; /* NULL: they go together */
} seconds[] = {
    {"[('a', '>i2'), ('b', '|S9'), ('c', '<f8')]", NULL},
    {"[('a', '<u8'), ('b', '<U3'), ('c', '>f8')]", NULL},
    {"[('a', '<i4'), ('b', '|S4'), ('c', '<f4')]",
     "column 3 (\"c\") is float of single precision, but float in "},
    {"[('a', '<i4'), ('b', '|S4')]", "2 columns, but 3 in "},
    {"[('a', '<i4'), ('b', '|S4'), ('c', '<f8'), ('d', '|i1')]", "4 columns, but 3 in "},
    {"[('a', '<i4'), ('x', '|S4'), ('c', '<f8')]", "column 2 is \"x\", but \"b\" in "},
    {"[('a', '<i4'), ('b', '|S4'), ('c', '<i8')]", "column 3 (\"c\") is integer, but float in "},
    {"[('a', '<M8[s]'), ('b', '|S4'), ('c', '<i8')]",
     "column 1 (\"a\") is timestamp, but integer in "},
    {"'<i4'", "column 1 is \"c1\", but \"a\" in "},
};

START_TEST(files_must_be_alike)
{
    struct format_options options = reading_options();
    struct buffer bytes[2] = {{.bytes = NULL}};
    char header[200];
    npy_file_header(&bytes[0], 1,
                    "{'descr': [('a', '<i4'), ('b', '|S4'), ('c', '<f8')],"
                    " 'fortran_order': False, 'shape': (0,)}");
    snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (0,)}",
             seconds[_i].descr);
    npy_file_header(&bytes[1], 1, header);
    struct reading_files files = {.count = 0};
    const struct reading_setup setup = npy_setup(&options, 1, 10);
    struct reading got;
    npy_add(&files, &bytes[0], false);
    npy_add(&files, &bytes[1], false);
    reading_run(&files, &setup, &got);
    if (seconds[_i].reason == NULL) {
        ck_assert_msg(got.status == SHEAF_OK, "%s", got.error.text);
    } else {
        char expected[300];
        snprintf(expected, sizeof expected, "%s: byte 0: %s%s", files.paths[1], seconds[_i].reason,
                 files.paths[0]);
        ck_assert_int_eq(got.status, SHEAF_DATA);
        ck_assert_str_eq(got.error.text, expected);
        ck_assert_uint_eq(got.error.file, 1);
    }
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&bytes[0]);
    buffer_close(&bytes[1]);
}
END_TEST

START_TEST(types_and_what_they_allow)
{
    static const struct {
        enum column_type type;
        unsigned vectors; /* that are given */
    } expected[] = {
        {TYPE_INTEGER, COLUMN_TEXTS | COLUMN_NUMBERS},
        {TYPE_FLOAT, COLUMN_TEXTS | COLUMN_NUMBERS | COLUMN_REALS},
        {TYPE_BOOLEAN, COLUMN_TEXTS},
        {TYPE_TEXT, COLUMN_TEXTS},
        {TYPE_TEXT, COLUMN_TEXTS},
        {TYPE_TIMESTAMP, COLUMN_TEXTS | COLUMN_INSTANTS},
    };
    const struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    npy_file_header(&file, 1,
                    "{'descr': [('a', '<u4'), ('b', '<f2'), ('c', '|b1'), ('d', '|S1'),"
                    " ('e', '<U1'), ('f', '<M8[D]')], 'fortran_order': False, 'shape': (0,)}");
    struct reading_files files = {.count = 0};
    struct dataset *dataset;
    struct format_document *document;
    npy_add(&files, &file, false);
    ck_assert_int_eq(dataset_open(files.paths, 1, NULL, &dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(format_npy.open(dataset, &options, &document, NULL), SHEAF_OK);
    const enum column_type *types = format_npy.types(document);
    for (uint32_t column = 0; column < 6; column++) {
        ck_assert_int_eq(types[column], expected[column].type);
        for (unsigned vectors = 1; vectors < 16; vectors++) {
            const struct format_need need = {.column = column, .vectors = vectors};
            const bool allowed = (vectors & ~expected[column].vectors) == 0;
            ck_assert_int_eq(format_npy.select(document, &need, 1, NULL),
                             allowed ? SHEAF_OK : SHEAF_USAGE);
        }
    }
    format_npy.close(document);
    dataset_close(dataset);
    reading_close_files(&files);
    buffer_close(&file);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

/* Each allocation fails once: an error, nothing lost, nothing left charged. */
START_TEST(memory_that_fails)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct format_options options = reading_options();
    options.budget = &budget;
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    make_table(&file, _i != 0, 0, &expected);
    struct reading_files files = {.count = 0};
    reading_add_file(&files, file.bytes, file.length);
    unsigned failures = 0;
    for (uint64_t n = 1; n < 60; n++) {
        struct dataset *dataset;
        struct format_document *document = NULL;
        struct format_reader *reader = NULL;
        static const struct format_need needs[] = {{0, COLUMN_TEXTS}, {3, COLUMN_NUMBERS}};
        const struct chunk chunk = {.offset = 128, .length = 100, .first = true};
        struct sheaf_error error = {.status = SHEAF_OK};
        struct batch batch;
        ck_assert_int_eq(dataset_open(files.paths, 1, NULL, &dataset, NULL), SHEAF_OK);
        const int64_t live = memory_live();
        memory_fail_at(n);
        enum sheaf_status status = format_npy.open(dataset, &options, &document, &error);
        if (status == SHEAF_OK)
            status = format_npy.select(document, needs, 2, &error);
        if (status == SHEAF_OK)
            status = format_npy.reader_open(document, &reader, &error);
        if (status == SHEAF_OK)
            status = format_npy.begin(reader, &chunk, &error);
        if (status == SHEAF_OK)
            status = format_npy.next(reader, &batch, &error);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        ck_assert_int_eq(error.status, status);
        failures += status != SHEAF_OK;
        format_npy.reader_close(reader);
        format_npy.close(document);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_uint_eq(budget.used, 0);
        dataset_close(dataset);
    }
    ck_assert_uint_ge(failures, 10);
    ck_assert_uint_lt(failures, 50);
    reading_close_files(&files);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

/* A record past a mebibyte is charged. */
START_TEST(a_long_record_is_charged)
{
    enum { LENGTH = 3 << 20 };
    for (int has_room = 0; has_room < 2; has_room++) {
        struct memory_budget budget = {.limit = has_room ? LENGTH : LENGTH / 2};
        struct format_options options = reading_options();
        options.budget = &budget;
        struct buffer file = {.bytes = NULL};
        npy_file_header(&file, 1, "{'descr': '|S3145728', 'fortran_order': False, 'shape': (1,)}");
        ck_assert(buffer_reserve(&file, LENGTH));
        memset(file.bytes + file.length, 'x', LENGTH);
        file.length += LENGTH;
        struct reading_files files = {.count = 0};
        struct reading_setup setup = npy_setup(&options, 1, 100000);
        setup.access = DATASET_PREAD;
        struct reading got;
        npy_add(&files, &file, false);
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, has_room ? SHEAF_OK : SHEAF_LIMIT);
        ck_assert_uint_eq(budget.used, 0);
        reading_drop(&got);
        reading_close_files(&files);
        buffer_close(&file);
    }
}
END_TEST

static Suite *binary_reader_suite(void)
{
    Suite *suite = suite_create("binary_reader");
    TCase *tests = tcase_create("binary_reader");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, both_orders, 0, 2);
    tcase_add_loop_test(tests, orders_and_streams_mix, 0, 16);
    tcase_add_test(tests, only_what_is_needed);
    tcase_add_test(tests, wide_records);
    tcase_add_test(tests, the_first_bad_value_is_told);
    tcase_add_loop_test(tests, files_must_be_alike, 0, sizeof seconds / sizeof *seconds);
    tcase_add_test(tests, types_and_what_they_allow);
    tcase_add_loop_test(tests, memory_that_fails, 0, 2);
    tcase_add_test(tests, a_long_record_is_charged);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(binary_reader_suite)
