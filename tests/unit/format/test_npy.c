#include "format/binary.h"

#include "npy_file.h"
#include "npy_reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

/* ---- files that lie ---------------------------------------------------------------------- */

#define U2_ROWS "{'descr': '<u2', 'fortran_order': False, 'shape': (10,)}"

static void check_error(const struct buffer *bytes, bool is_pipe, uint64_t chunk, uint64_t byte,
                        const char *reason)
{
    struct format_options options = reading_options();
    struct reading_files files = {.count = 0};
    const struct reading_setup setup = npy_setup(&options, chunk % 2 == 0 ? 1 : 0, chunk);
    struct reading got;
    char expected[400];
    npy_add(&files, bytes, is_pipe);
    reading_run(&files, &setup, &got);
    snprintf(expected, sizeof expected, "%s: byte %llu: %s", files.paths[0],
             (unsigned long long)byte, reason);
    ck_assert_int_eq(got.status, SHEAF_DATA);
    ck_assert_str_eq(got.error.text, expected);
    ck_assert_uint_eq(got.error.byte, byte);
    reading_drop(&got);
    reading_close_files(&files);
}

/* A file of 0 to 30 bytes where the header says 20. */
START_TEST(another_size_than_the_header_says)
{
    for (size_t length = 0; length <= 30; length++) {
        struct buffer file = {.bytes = NULL};
        char reason[200];
        npy_file_header(&file, 1, U2_ROWS);
        const size_t begin = file.length;
        for (size_t i = 0; i < length; i++)
            buffer_append_byte(&file, 0);
        if (length != 20) {
            snprintf(reason, sizeof reason,
                     "the header says 20 bytes of data (10 rows of 2), but the file has %zu",
                     length);
            check_error(&file, false, 7, 10, reason);
        }
        snprintf(reason, sizeof reason,
                 "the data ends here, after %zu bytes, but the header says 20 (10 rows of 2)",
                 length);
        for (uint64_t chunk = 1; chunk < 34; chunk++) {
            if (length < 20)
                check_error(&file, true, chunk, begin + length, reason);
            if (length > 20)
                check_error(&file, true, chunk, begin + 20,
                            "the data goes on, but the header says 20 bytes (10 rows of 2)");
        }
        buffer_close(&file);
    }
}
END_TEST

START_TEST(bytes_behind_an_empty_array)
{
    struct buffer file = {.bytes = NULL};
    npy_file_header(&file, 1, "{'descr': '<u2', 'fortran_order': False, 'shape': (0,)}");
    const size_t begin = file.length;
    struct buffer expected = {.bytes = NULL};
    struct format_options options = reading_options();
    npy_check_rows(&file, npy_setup(&options, 1, 1), 10, &expected);
    buffer_append_byte(&file, 1);
    check_error(&file, false, 3, 10,
                "the header says 0 bytes of data (0 rows of 2), but the file has 1");
    for (uint64_t chunk = 1; chunk < 5; chunk++)
        check_error(&file, true, chunk, begin,
                    "the data goes on, but the header says 0 bytes (0 rows of 2)");
    buffer_close(&file);
}
END_TEST

/* In Fortran order, where the stream is copied first. */
START_TEST(a_spooled_stream_of_another_size)
{
    for (size_t length = 0; length <= 14; length++) {
        struct buffer file = {.bytes = NULL};
        npy_file_header(&file, 1, "{'descr': '<u2', 'fortran_order': True, 'shape': (3, 2)}");
        const size_t begin = file.length;
        char reason[200];
        for (size_t i = 0; i < length; i++)
            buffer_append_byte(&file, 0);
        snprintf(reason, sizeof reason,
                 "the data ends here, after %zu bytes, but the header says 12 (3 rows of 4)",
                 length);
        if (length < 12)
            check_error(&file, true, 5, begin + length, reason);
        if (length > 12)
            check_error(&file, true, 5, begin + 12,
                        "the data goes on, but the header says 12 bytes (3 rows of 4)");
        buffer_close(&file);
    }
}
END_TEST

/* The beginning of a file, cut off at each byte. */
START_TEST(a_beginning_that_is_cut_off)
{
    for (unsigned major = 1; major <= 3; major++) {
        struct buffer file = {.bytes = NULL};
        npy_file_header(&file, major, U2_ROWS);
        const size_t length = file.length;
        const size_t text = major == 1 ? 10 : 12;
        for (file.length = 0; file.length < length; file.length++) {
            char reason[200] =
                "the file ends here, inside the 8 bytes that a .npy file begins with";
            uint64_t byte = file.length;
            if (byte >= 8)
                snprintf(reason, sizeof reason,
                         "the file ends here, inside the length of its "
                         "header");
            if (byte >= text) {
                snprintf(reason, sizeof reason,
                         "a header of %zu bytes, but the file has only %zu "
                         "more",
                         length - text, file.length - text);
                byte = 8;
            }
            check_error(&file, false, 1, byte, reason);
            if (file.length < text)
                check_error(&file, true, 1, byte, reason);
            else
                check_error(&file, true, 1, file.length, "the file ends here, inside its header");
        }
        buffer_close(&file);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
    uint64_t byte;
    const char *reason;
} beginnings[] = {
    {"PK\3\4abcdefgh", 12, 0,
     "no .npy file: it begins with \"PK\\x03\\x04ab\", expected \"\\x93NUMPY\""},
    {"\x93NUMPX\1\0\0\0\0\0", 12, 0,
     "no .npy file: it begins with \"\\x93NUMPX\", expected \"\\x93NUMPY\""},
    {"a", 1, 0, "no .npy file: it begins with \"a\", expected \"\\x93NUMPY\""},
    {"\x93NUMPY\4\0\0\0\0\0", 12, 6, "version 4.0 of the .npy format, expected 1.0, 2.0 or 3.0"},
    {"\x93NUMPY\0\0\0\0\0\0", 12, 6, "version 0.0 of the .npy format, expected 1.0, 2.0 or 3.0"},
    {"\x93NUMPY\1\1\0\0\0\0", 12, 6, "version 1.1 of the .npy format, expected 1.0, 2.0 or 3.0"},
    {"\x93NUMPY\2\0\1\0\0\1", 12, 8, "a header of 16777217 bytes, expected at most 16777216"},
    {"\x93NUMPY\2\0\xff\xff\xff\xff", 12, 8,
     "a header of 4294967295 bytes, expected at most 16777216"},
};

START_TEST(beginnings_that_are_wrong)
{
    const struct buffer file = {
        .bytes = (char[12]){0},
        .length = beginnings[_i].length,
    };
    memcpy(file.bytes, beginnings[_i].bytes, file.length);
    for (int is_pipe = 0; is_pipe < 2; is_pipe++)
        check_error(&file, is_pipe != 0, 1, beginnings[_i].byte, beginnings[_i].reason);
}
END_TEST

static const struct {
    const char *header;
    const char *reason;
} sizes[] = {
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,)}",
     "the header says more than 2^63 - 1 bytes of data"},
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
     "the header says more than 2^63 - 1 bytes of data"},
    {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807,)}",
     "the header says more than 2^63 - 1 bytes of data"},
    {"{'descr': '|S0', 'fortran_order': False, 'shape': (3,)}",
     "the header says rows of 0 bytes: nothing can be read"},
};

START_TEST(sizes_that_cannot_be)
{
    struct buffer file = {.bytes = NULL};
    npy_file_header(&file, 1, sizes[_i].header);
    for (int is_pipe = 0; is_pipe < 2; is_pipe++)
        check_error(&file, is_pipe != 0, 1, 10, sizes[_i].reason);
    buffer_close(&file);
}
END_TEST

/* A record of a terabyte that a stream promises takes no memory before it is there. */
START_TEST(a_promise_takes_no_memory)
{
    struct memory_budget budget = {.limit = 1 << 20};
    struct format_options options = reading_options();
    options.budget = &budget;
    struct buffer file = {.bytes = NULL};
    npy_file_header(&file, 1,
                    "{'descr': [('a', '|S2147483647'), ('b', '<U500000000')],"
                    " 'fortran_order': False, 'shape': (100,)}");
    const size_t begin = file.length;
    buffer_append_string(&file, "abc");
    struct reading_files files = {.count = 0};
    const struct reading_setup setup = npy_setup(&options, 2, 2);
    struct reading got;
    npy_add(&files, &file, true);
    reading_run(&files, &setup, &got);
    ck_assert_int_eq(got.status, SHEAF_DATA);
    ck_assert_uint_eq(got.error.byte, begin + 3);
    ck_assert_uint_eq(budget.used, 0);
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&file);
}
END_TEST

static Suite *npy_suite(void)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, another_size_than_the_header_says);
    tcase_add_test(tests, bytes_behind_an_empty_array);
    tcase_add_test(tests, a_spooled_stream_of_another_size);
    tcase_add_test(tests, a_beginning_that_is_cut_off);
    tcase_add_loop_test(tests, beginnings_that_are_wrong, 0,
                        sizeof beginnings / sizeof *beginnings);
    tcase_add_loop_test(tests, sizes_that_cannot_be, 0, sizeof sizes / sizeof *sizes);
    tcase_add_test(tests, a_promise_takes_no_memory);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(npy_suite)
