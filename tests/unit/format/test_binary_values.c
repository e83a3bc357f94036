#include "format/binary.h"

#include "npy_file.h"
#include "npy_reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* Reads one value of one type, as the fixture writes it down behind the place of its row. */
static void check_value(const char *type, const void *bytes, size_t size, unsigned vectors,
                        const char *expected)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    struct buffer row = {.bytes = NULL};
    char header[200];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }",
             type);
    npy_file_header(&file, 1, header);
    reading_put_place(&row, 0, file.length, 0);
    buffer_append_string(&row, expected);
    buffer_append_byte(&row, '\n');
    buffer_append(&file, bytes, size);
    struct reading_files files = {.count = 0};
    struct reading_setup setup = npy_setup(&options, 1, 64);
    struct reading got;
    setup.vectors = vectors;
    npy_add(&files, &file, false);
    reading_run(&files, &setup, &got);
    npy_expect(&got, &row);
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&file);
    buffer_close(&row);
}

/* ---- numbers ----------------------------------------------------------------------------- */

enum { NUMBER_ROWS = 50, INTEGERS = 16, REALS = 4 };

/* 16 columns of every whole type, in both byte orders, then f4 and f8 in both. */
static const char numbers_header[] =
    "{'descr': [('a', '|i1'), ('b', '|i1'), ('c', '<i2'), ('d', '>i2'), ('e', '<i4'), ('f', '>i4'),"
    " ('g', '<i8'), ('h', '>i8'), ('i', '|u1'), ('j', '|u1'), ('k', '<u2'), ('l', '>u2'),"
    " ('m', '<u4'), ('n', '>u4'), ('o', '<u8'), ('p', '>u8'), ('q', '<f4'), ('r', '>f4'),"
    " ('s', '<f8'), ('t', '>f8')], 'fortran_order': False, 'shape': (50,), }";

static void put_integer(struct buffer *file, struct buffer *expected, unsigned column,
                        uint64_t word)
{
    const size_t size = (size_t)1 << column / 2 % 4;
    const unsigned unused = 64 - 8 * (unsigned)size;
    npy_file_word(file, word, size, column % 2);
    if (column < INTEGERS / 2)
        buffer_append_format(expected, " d%" PRId64, (int64_t)(word << unused) >> unused);
    else
        buffer_append_format(expected, " d%" PRIu64, word << unused >> unused);
}

static void put_real(struct buffer *file, struct buffer *expected, unsigned column, uint64_t word)
{
    const uint32_t low = (uint32_t)word;
    float single;
    double value;
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &word, sizeof value);
    const bool is_single = column < 2;
    if (is_single)
        value = (double)single;
    npy_file_word(file, word, is_single ? 4 : 8, column % 2);
    if (isnan(value))
        buffer_append_format(expected, " f%dnan", is_single);
    else
        buffer_append_format(expected, " f%d%a", is_single, value == 0 ? 0.0 : value);
}

START_TEST(numbers_of_every_type)
{
    struct format_options options = reading_options();
    uint64_t state = unit_seed("numbers_of_every_type", 71);
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    npy_file_header(&file, 2, numbers_header);
    for (unsigned row = 0; row < NUMBER_ROWS; row++) {
        static const uint64_t special[] = {
            0, 1, UINT64_MAX, UINT64_C(1) << 63, INT64_MAX, UINT64_C(0x8080808080808080)};
        reading_put_place(&expected, 0, file.length, 0);
        for (unsigned column = 0; column < INTEGERS; column++)
            put_integer(&file, &expected, column, row < 6 ? special[row] : unit_random(&state));
        for (unsigned column = 0; column < REALS; column++)
            put_real(&file, &expected, column, row < 6 ? special[row] : unit_random(&state));
        buffer_append_byte(&expected, '\n');
    }
    struct reading_setup setup = npy_setup(&options, INTEGERS + REALS, 1);
    setup.vectors = COLUMN_NUMBERS;
    npy_check_rows(&file, setup, 5000, &expected);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

static const struct {
    const char *type;
    const char *bytes;
    size_t size;
    const char *text;
} printed[] = {
    {"|i1", "\x80", 1, "-128"},
    {"|u1", "\xff", 1, "255"},
    {">i2", "\x80\x00", 2, "-32768"},
    {"<u8", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "18446744073709551615"},
    {">i8", "\x80\0\0\0\0\0\0\0", 8, "-9223372036854775808"},
    {"<f8", "\0\0\0\0\0\0\0\x80", 8, "0"},
    {"<f8", "\0\0\0\0\0\0\xf0\x7f", 8, "inf"},
    {">f8", "\xff\xf0\0\0\0\0\0\0", 8, "-inf"},
    {">f8", "\x7f\xf8\0\0\0\0\0\0", 8, "NaN"},
    {"<f8", "\x9a\x99\x99\x99\x99\x99\xb9\x3f", 8, "0.1"},
    {"<f4", "\xcd\xcc\xcc\x3d", 4, "0.1"},
    {">f4", "\x80\0\0\0", 4, "0"},
    {"<f4", "\0\0\xc0\x7f", 4, "NaN"},
    {"<f2", "\0\x3e", 2, "1.5"},
    {">f2", "\xbc\0", 2, "-1"},
    {"|b1", "\0", 1, "false"},
    {"|b1", "\1", 1, "true"},
    {"|S4", "ab\0\0", 4, "ab"},
    {"|S4", "a\0b\0", 4, "a\0b"},
    {"|S4", "\0\0\0\0", 4, ""},
    {"|S4", "abcd", 4, "abcd"},
    {"<U2", "a\0\0\0\0\0\0\0", 8, "a"},
    {"<U2", "\0\0\0\0\0\0\0\0", 8, ""},
    {">U2", "\0\0\0\xe9\0\0\x20\xac", 8, "\xc3\xa9\xe2\x82\xac"},
    {"<U1", "\xff\xff\x10\0", 4, "\xf4\x8f\xbf\xbf"},
    {">U1", "\0\1\xf6\0", 4, "\xf0\x9f\x98\x80"},
    {">U1", "\0\0\xd7\xff", 4, "\xed\x9f\xbf"},
    {">U1", "\0\0\xe0\0", 4, "\xee\x80\x80"},
};

START_TEST(values_as_texts)
{
    struct buffer expected = {.bytes = NULL};
    const size_t length = strcmp(printed[_i].text, "a") == 0 && printed[_i].type[1] == 'S'
                              ? 3
                              : strlen(printed[_i].text);
    reading_put_field(&expected, (struct text){printed[_i].text, length});
    buffer_append_byte(&expected, '\0');
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    struct buffer row = {.bytes = NULL};
    char header[100];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}",
             printed[_i].type);
    npy_file_header(&file, 3, header);
    reading_put_place(&row, 0, file.length, 0);
    buffer_append(&row, expected.bytes, expected.length - 1);
    buffer_append_byte(&row, '\n');
    buffer_append(&file, printed[_i].bytes, printed[_i].size);
    npy_check_rows(&file, npy_setup(&options, 1, 1), 20, &row);
    buffer_close(&file);
    buffer_close(&row);
    buffer_close(&expected);
}
END_TEST

/* Every half-precision number, by the formula of IEEE 754. */
START_TEST(every_half)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    npy_file_header(&file, 1, "{'descr': '>f2', 'fortran_order': False, 'shape': (65536,)}");
    for (unsigned half = 0; half < 65536; half++) {
        const int exponent = half >> 10 & 31;
        const int fraction = half & 1023;
        double value = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
        if (exponent == 31)
            value = fraction == 0 ? (double)INFINITY : (double)NAN;
        if (half >= 32768 && value != 0)
            value = -value;
        reading_put_place(&expected, 0, file.length, 0);
        if (isnan(value))
            buffer_append_string(&expected, " f1nan\n");
        else
            buffer_append_format(&expected, " f1%a\n", value);
        npy_file_word(&file, half, 2, 1);
    }
    struct reading_files files = {.count = 0};
    struct reading_setup setup = npy_setup(&options, 1, 5000);
    struct reading got;
    setup.vectors = COLUMN_NUMBERS;
    npy_add(&files, &file, false);
    reading_run(&files, &setup, &got);
    npy_expect(&got, &expected);
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

/* As doubles alone: copied, or where they stand. */
static const struct {
    const char *descr;
    size_t size;
    bool big;
    uint32_t columns;
} reals[] = {
    {"'<f8'", 8, false, 1},
    {"'>f8'", 8, true, 1},
    {"'<f4'", 4, false, 1},
    {"'>f4'", 4, true, 1},
    {"'<f2'", 2, false, 1},
    {"'>f2'", 2, true, 1},
    {"[('a', '<f8'), ('b', '<f8')]", 8, false, 2},
    {"[('a', '>f4'), ('b', '>f4'), ('c', '>f4')]", 4, true, 3},
};

static uint64_t real_word(double value, size_t size)
{
    const float single = (float)value;
    uint64_t word = 0;
    if (size == 8)
        memcpy(&word, &value, sizeof value);
    else if (size == 4)
        memcpy(&word, &single, sizeof single);
    else if (value != 0) /* 1 … 2047 has the exponent 15 … 25, and ten more digits */
        word = (uint64_t)(ilogb(value) + 15) << 10 |
               (uint64_t)((value / ldexp(1, ilogb(value)) - 1) * 1024);
    return word;
}

START_TEST(real_numbers_alone)
{
    enum { ROWS = 300 };
    struct format_options options = reading_options();
    options.policy = _i % 2 == 0 ? FORMAT_FAIL : FORMAT_SKIP;
    for (int fortran = 0; fortran < (reals[_i].columns == 1 ? 2 : 1); fortran++) {
        struct buffer file = {.bytes = NULL};
        struct buffer expected = {.bytes = NULL};
        char header[200];
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': %s, 'shape': (%d,%s)}",
                 reals[_i].descr, fortran ? "True" : "False", ROWS, fortran ? "1" : "");
        npy_file_header(&file, 1, header);
        for (unsigned row = 0; row < ROWS; row++) {
            reading_put_place(&expected, 0, file.length, 0);
            for (uint32_t column = 0; column < reals[_i].columns; column++) {
                const double value = row * 5 + column;
                npy_file_word(&file, real_word(value, reals[_i].size), reals[_i].size,
                              reals[_i].big);
                buffer_append_format(&expected, " r%a", value);
            }
            buffer_append_byte(&expected, '\n');
        }
        struct reading_setup setup = npy_setup(&options, reals[_i].columns, 1);
        setup.vectors = COLUMN_REALS;
        npy_check_rows(&file, setup, 5000, &expected);
        buffer_close(&file);
        buffer_close(&expected);
    }
}
END_TEST

/* ---- times ------------------------------------------------------------------------------- */

static const struct {
    const char *unit;
    int64_t count;
    const char *text;
    const char *instant; /* SECONDS.ATTOSECONDS */
} times[] = {
    {"Y", 0, "1970-01-01", "0.000000000000000000"},
    {"Y", -1970, "0000-01-01", "-62167219200.000000000000000000"},
    {"Y", 8029, "9999-01-01", "253370764800.000000000000000000"},
    {"M", 1, "1970-02-01", "2678400.000000000000000000"},
    {"M", -1, "1969-12-01", "-2678400.000000000000000000"},
    {"M", 361, "2000-02-01", "949363200.000000000000000000"},
    {"M", -23640, "0000-01-01", "-62167219200.000000000000000000"},
    {"M", -23639, "0000-02-01", "-62164540800.000000000000000000"},
    {"M", -23638, "0000-03-01", "-62162035200.000000000000000000"},
    {"M", 96359, "9999-12-01", "253399622400.000000000000000000"},
    {"W", 1, "1970-01-08", "604800.000000000000000000"},
    {"D", 11016, "2000-02-29", "951782400.000000000000000000"},
    {"D", -719528, "0000-01-01", "-62167219200.000000000000000000"},
    {"D", 2932896, "9999-12-31", "253402214400.000000000000000000"},
    {"7D", 2, "1970-01-15", "1209600.000000000000000000"},
    {"h", 25, "1970-01-02T01:00:00", "90000.000000000000000000"},
    {"m", -1, "1969-12-31T23:59:00", "-60.000000000000000000"},
    {"25s", 3, "1970-01-01T00:01:15", "75.000000000000000000"},
    {"s", INT64_C(253402300799), "9999-12-31T23:59:59", "253402300799.000000000000000000"},
    {"ms", -1, "1969-12-31T23:59:59.999", "-1.999000000000000000"},
    {"us", 1500000, "1970-01-01T00:00:01.5", "1.500000000000000000"},
    {"ns", INT64_MAX, "2262-04-11T23:47:16.854775807", "9223372036.854775807000000000"},
    {"ns", INT64_MIN + 1, "1677-09-21T00:12:43.145224193", "-9223372037.145224193000000000"},
    {"1000000000ns", 3, "1970-01-01T00:00:03", "3.000000000000000000"},
    {"1000000000ns", INT64_C(10000000000), "2286-11-20T17:46:40", "10000000000.000000000000000000"},
    {"2147483647ns", -INT64_C(9999999999), "1289-06-27T15:38:52.147483647", NULL},
    {"ps", -1, "1969-12-31T23:59:59.999999999999", "-1.999999999999000000"},
    {"fs", 1, "1970-01-01T00:00:00.000000000000001", "0.000000000000001000"},
    {"as", 1, "1970-01-01T00:00:00.000000000000000001", "0.000000000000000001"},
    {"as", INT64_MAX, "1970-01-01T00:00:09.223372036854775807", "9.223372036854775807"},
    {"ns", INT64_MIN, NULL, NULL},
    {"D", INT64_MIN, NULL, NULL},
};

START_TEST(times_of_every_unit)
{
    for (int big = 0; big < 2; big++) {
        struct buffer bytes = {.bytes = NULL};
        struct buffer expected = {.bytes = NULL};
        char type[40];
        char instant[80];
        snprintf(type, sizeof type, "%cM8[%s]", big ? '>' : '<', times[_i].unit);
        npy_file_word(&bytes, (uint64_t)times[_i].count, 8, big);
        if (times[_i].text == NULL)
            buffer_append_string(&expected, " N");
        else
            npy_put_string(&expected, times[_i].text);
        buffer_append_byte(&expected, '\0');
        check_value(type, bytes.bytes, 8, COLUMN_TEXTS, expected.bytes);
        const int form = times[_i].text != NULL && strchr(times[_i].text, 'T') == NULL
                             ? INSTANT_DATE
                             : INSTANT_LOCAL;
        snprintf(instant, sizeof instant, " t%d:%s", form,
                 times[_i].instant == NULL ? "" : times[_i].instant);
        if (times[_i].text == NULL)
            check_value(type, bytes.bytes, 8, COLUMN_INSTANTS, " N");
        else if (times[_i].instant != NULL)
            check_value(type, bytes.bytes, 8, COLUMN_INSTANTS, instant);
        buffer_close(&bytes);
        buffer_close(&expected);
    }
}
END_TEST

/* Days and seconds against the C library's calendar. */
START_TEST(times_as_the_c_library_has_them)
{
    enum { ROWS = 2000 };
    struct format_options options = reading_options();
    uint64_t state = unit_seed("times_as_the_c_library_has_them", 73);
    struct buffer file = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    npy_file_header(&file, 1,
                    "{'descr': [('a', '<M8[D]'), ('b', '<M8[s]')], 'fortran_order': False,"
                    " 'shape': (2000,)}");
    for (unsigned row = 0; row < ROWS; row++) {
        const time_t seconds =
            (time_t)(unit_random(&state) % UINT64_C(315569520000)) - INT64_C(62167219200);
        const time_t start = seconds - (seconds % 86400 + 86400) % 86400;
        struct tm parts;
        char text[40];
        ck_assert_ptr_nonnull(gmtime_r(&seconds, &parts));
        reading_put_place(&expected, 0, file.length, 0);
        snprintf(text, sizeof text, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                 parts.tm_mday);
        npy_put_string(&expected, text);
        snprintf(text + 10, sizeof text - 10, "T%02d:%02d:%02d", parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
        npy_put_string(&expected, text);
        buffer_append_byte(&expected, '\n');
        npy_file_word(&file, (uint64_t)(start / 86400), 8, 0);
        npy_file_word(&file, (uint64_t)seconds, 8, 0);
    }
    struct reading_files files = {.count = 0};
    const struct reading_setup setup = npy_setup(&options, 2, 1000);
    struct reading got;
    npy_add(&files, &file, false);
    reading_run(&files, &setup, &got);
    npy_expect(&got, &expected);
    reading_drop(&got);
    reading_close_files(&files);
    buffer_close(&file);
    buffer_close(&expected);
}
END_TEST

/* ---- bad values -------------------------------------------------------------------------- */

static const struct {
    const char *type;
    const char *bytes;
    size_t size;
    size_t byte;
    const char *reason;
} bad_values[] = {
    {"|b1", "\2", 1, 0, "2 is no bool, which is 0 or 1"},
    {"|b1", "\xff", 1, 0, "255 is no bool, which is 0 or 1"},
    {"<U2", "a\0\0\0\0\xd8\0\0", 8, 4, "U+D800 is no character"},
    {">U2", "\0\0\xdf\xff\0\0\0\1", 8, 0, "U+DFFF is no character"},
    {"<U1", "\0\0\x11\0", 4, 0, "U+110000 is no character"},
    {"<U1", "\xff\xff\xff\xff", 4, 0, "U+FFFFFFFF is no character"},
    {"<M8[Y]", "\x5e\x1f\0\0\0\0\0\0", 8, 0, "the time 8030 is outside the years 0000 to 9999"},
    {">M8[D]", "\xff\xff\xff\xff\xff\xf5\x05\x57", 8, 0,
     "the time -719529 is outside the years 0000 to 9999"},
    {">M8[M]", "\0\0\0\0\0\1\x78\x68", 8, 0, "the time 96360 is outside the years 0000 to 9999"},
    {"<M8[s]", "\x80\x41\xf4\xff\x3a\0\0\0", 8, 0,
     "the time 253402300800 is outside the years 0000 to 9999"},
    {"<M8[2147483647ns]", "\xff\xff\xff\xff\xff\xff\xff\x7f", 8, 0,
     "the time 9223372036854775807 is outside the years 0000 to 9999"},
    {"<M8[2147483647Y]", "\xff\xff\xff\xff\xff\xff\xff\x7f", 8, 0,
     "the time 9223372036854775807 is outside the years 0000 to 9999"},
    {"<M8[2147483647W]", "\xff\xff\xff\xff\xff\xff\xff\x7f", 8, 0,
     "the time 9223372036854775807 is outside the years 0000 to 9999"},
};

/* Three rows, of which the second is bad in its second column. */
static size_t make_bad(struct buffer *file, size_t which)
{
    char header[200];
    snprintf(header, sizeof header,
             "{'descr': [('ok', '|u1'), ('x', '%s')], 'fortran_order': False, 'shape': (3,)}",
             bad_values[which].type);
    npy_file_header(file, 1, header);
    const size_t begin = file->length;
    for (unsigned row = 0; row < 3; row++) {
        buffer_append_byte(file, (char)row);
        for (size_t i = 0; i < bad_values[which].size; i++)
            buffer_append_byte(file, row == 1 ? bad_values[which].bytes[i] : 0);
    }
    return begin;
}

START_TEST(values_that_are_bad)
{
    struct format_options options = reading_options();
    struct buffer file = {.bytes = NULL};
    const size_t record = 1 + bad_values[_i].size;
    const size_t begin = make_bad(&file, (size_t)_i);
    for (uint64_t chunk = 1; chunk < 4 * record; chunk++) {
        for (int policy = FORMAT_FAIL; policy <= FORMAT_NULL; policy++) {
            struct reading_files files = {.count = 0};
            struct reading got;
            npy_add(&files, &file, chunk % 2 == 0);
            options.policy = (enum format_policy)policy;
            const struct reading_setup setup = npy_setup(&options, 2, chunk);
            reading_run(&files, &setup, &got);
            const struct sheaf_error *error =
                policy == FORMAT_FAIL ? &got.error : &got.first_skipped;
            char expected[200];
            const size_t byte = begin + record + 1 + bad_values[_i].byte;
            snprintf(expected, sizeof expected, "%s: byte %zu: row 2, column 2 (\"x\"): %s",
                     files.paths[0], byte, bad_values[_i].reason);
            ck_assert_int_eq(got.status, policy == FORMAT_FAIL ? SHEAF_DATA : SHEAF_OK);
            ck_assert_int_eq(error->status, SHEAF_DATA);
            ck_assert_msg(strncmp(error->text, expected, strlen(expected)) == 0,
                          "\"%s\", not \"%s\"", error->text, expected);
            ck_assert_uint_eq(error->byte, byte);
            ck_assert_uint_eq(error->column, 2);
            ck_assert_uint_eq(got.skipped, policy == FORMAT_SKIP ? 1 : 0);
            ck_assert_uint_eq(got.nulled, policy == FORMAT_NULL ? 1 : 0);
            if (policy != FORMAT_FAIL)
                ck_assert_uint_eq(got.rows, policy == FORMAT_SKIP ? 2 : 3);
            reading_drop(&got);
            reading_close_files(&files);
        }
    }
    buffer_close(&file);
}
END_TEST

static Suite *binary_values_suite(void)
{
    Suite *suite = suite_create("binary_values");
    TCase *tests = tcase_create("binary_values");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, numbers_of_every_type);
    tcase_add_loop_test(tests, real_numbers_alone, 0, sizeof reals / sizeof *reals);
    tcase_add_loop_test(tests, values_as_texts, 0, sizeof printed / sizeof *printed);
    tcase_add_test(tests, every_half);
    tcase_add_loop_test(tests, times_of_every_unit, 0, sizeof times / sizeof *times);
    tcase_add_test(tests, times_as_the_c_library_has_them);
    tcase_add_loop_test(tests, values_that_are_bad, 0, sizeof bad_values / sizeof *bad_values);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(binary_values_suite)
