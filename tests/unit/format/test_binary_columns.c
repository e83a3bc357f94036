/* test_binary_columns.c - wide arrays in Fortran order, whose columns are read each for itself. */
#include "format/binary.h"

#include "npy_file.h"
#include "npy_reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

/* So wide that BINARY_COLUMN_BYTES of each column are more than is read at once of other arrays,
 * and more than what is free of charge; and so long that one read of each is not enough. */
enum { ROWS = 260, COLUMNS = 520, ITEM = 8, RECORD = COLUMNS * ITEM };
#define ROWS_AT_ONCE (BINARY_COLUMN_BYTES / ITEM)

_Static_assert(ROWS > ROWS_AT_ONCE, "more than one read of each column");
_Static_assert(COLUMNS *BINARY_COLUMN_BYTES > 1 << 20, "more than what is free of charge");

static uint32_t backwards[COLUMNS];
static struct buffer file;
static struct buffer expected;

static uint64_t cell(unsigned row, unsigned column)
{
    return 1000 * row + column;
}

static void make(void)
{
    char header[100];
    file = expected = (struct buffer){.bytes = NULL};
    snprintf(header, sizeof header, "{'descr': '<u8', 'fortran_order': True, 'shape': (%d, %d)}",
             ROWS, COLUMNS);
    npy_file_header(&file, 1, header);
    const size_t begin = file.length;
    for (unsigned i = 0; i < ROWS * COLUMNS; i++)
        npy_file_word(&file, cell(i % ROWS, i / ROWS), ITEM, 0);
    for (unsigned column = 0; column < COLUMNS; column++)
        backwards[column] = COLUMNS - 1 - column;
    for (unsigned row = 0; row < ROWS; row++) {
        reading_put_place(&expected, 0, begin + (uint64_t)row * RECORD, 0);
        for (unsigned column = COLUMNS; column-- > 0;)
            buffer_append_format(&expected, " d%llu", (unsigned long long)cell(row, column));
        buffer_append_byte(&expected, '\n');
    }
}

static void drop(void)
{
    buffer_close(&file);
    buffer_close(&expected);
}

/* Reads all columns, last first, in chunks of this size. */
static void read_all(const struct format_options *options, uint64_t chunk_size, struct reading *out)
{
    struct reading_files files = {.count = 0};
    struct reading_setup setup = npy_setup(options, COLUMNS, chunk_size);
    setup.needed = backwards;
    setup.vectors = COLUMN_NUMBERS;
    reading_add_file(&files, file.bytes, file.length);
    reading_run(&files, &setup, out);
    reading_close_files(&files);
}

START_TEST(chunks_of_any_size)
{
    static const uint64_t sizes[] = {
        777, RECORD, 64 << 10, ROWS_AT_ONCE * RECORD - 1, ROWS_AT_ONCE * RECORD + 1, 1 << 30};
    const struct format_options options = reading_options();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct reading got;
        read_all(&options, sizes[i], &got);
        npy_expect(&got, &expected);
        reading_drop(&got);
    }
}
END_TEST

/* ---- how they are read ------------------------------------------------------------------- */

/* What the format wishes for a file that begins so; its data are `size` bytes. */
static uint64_t hint_of(const char *dictionary, size_t size)
{
    const struct format_options options = reading_options();
    struct reading_files files = {.count = 0};
    struct buffer bytes = {.bytes = NULL};
    struct dataset *dataset;
    struct format_document *document;
    npy_file_header(&bytes, 1, dictionary);
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(&bytes, 0);
    reading_add_file(&files, bytes.bytes, bytes.length);
    ck_assert_int_eq(dataset_open(files.paths, 1, NULL, &dataset, NULL), SHEAF_OK);
    struct sheaf_error error;
    if (format_npy.open(dataset, &options, &document, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    ck_assert_int_eq(format_npy.select(document, NULL, 0, NULL), SHEAF_OK);
    const uint64_t hint = format_npy.chunk_hint(document);
    format_npy.close(document);
    dataset_close(dataset);
    reading_close_files(&files);
    buffer_close(&bytes);
    return hint;
}

START_TEST(the_chunks_that_are_wished)
{
    static const struct {
        const char *dictionary;
        size_t size;
        uint64_t hint;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}", 48,
         (uint64_t)ROWS_AT_ONCE * 3 * 8},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (1, 5)}", 5, BINARY_COLUMN_BYTES * 5},
        {"{'descr': '|S3000', 'fortran_order': True, 'shape': (2, 2)}", 12000, 6000},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", 48, 0},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (3,)}", 24, 0},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (3, 1)}", 24, 0},
        {"{'descr': '|S0', 'fortran_order': True, 'shape': (0, 3)}", 0, 0},
        {"{'descr': '|S1000000000', 'fortran_order': True, 'shape': (0, 65535)}", 0,
         UINT64_C(65535000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_uint_eq(hint_of(cases[i].dictionary, cases[i].size), cases[i].hint);
}
END_TEST

/* Calls of this process that read, so far. */
static uint64_t reads_so_far(void)
{
    static const char label[] = "syscr: ";
    char line[100];
    uint64_t reads = 0;
    FILE *stream = fopen("/proc/self/io", "r");
    ck_assert_ptr_nonnull(stream);
    while (fgets(line, sizeof line, stream) != NULL)
        if (strncmp(line, label, strlen(label)) == 0)
            reads = strtoull(line + strlen(label), NULL, 10);
    ck_assert_int_eq(fclose(stream), 0);
    return reads;
}

/* Chunks of the wished size take one read for as many rows of each column. */
START_TEST(few_reads)
{
    const struct format_options options = reading_options();
    struct reading got;
    const uint64_t before = reads_so_far();
    read_all(&options, ROWS_AT_ONCE * RECORD, &got);
    const uint64_t reads = reads_so_far() - before;
    npy_expect(&got, &expected);
    reading_drop(&got);
    ck_assert_uint_ge(reads, 2 * COLUMNS);
    ck_assert_uint_lt(reads, 2 * COLUMNS + 200);
}
END_TEST

/* A large buffer counts; smaller chunks, which a memory limit leads to, make it smaller. */
START_TEST(the_buffer_is_charged)
{
    static const struct {
        uint64_t limit, chunk_size;
        enum sheaf_status status;
    } cases[] = {
        {1000, 1 << 30, SHEAF_LIMIT},
        {UINT64_MAX, 1 << 30, SHEAF_OK},
        {1000, 64 << 10, SHEAF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct memory_budget budget = {.limit = cases[i].limit};
        struct format_options options = reading_options();
        struct reading got;
        options.budget = &budget;
        read_all(&options, cases[i].chunk_size, &got);
        ck_assert_int_eq(got.status, cases[i].status);
        ck_assert_uint_eq(budget.used, 0);
        reading_drop(&got);
    }
}
END_TEST

static Suite *binary_columns_suite(void)
{
    Suite *suite = suite_create("binary_columns");
    TCase *tests = tcase_create("binary_columns");
    tcase_add_checked_fixture(tests, make, drop);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, chunks_of_any_size);
    tcase_add_test(tests, the_chunks_that_are_wished);
    tcase_add_test(tests, few_reads);
    tcase_add_test(tests, the_buffer_is_charged);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(binary_columns_suite)
