/* base/error.h: filling an error, and making somebody's bytes safe to print. */
#include "base/error.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

START_TEST(every_status_has_a_name)
{
    for (int i = 0; i < SHEAF_STATUS_COUNT; i++) {
        const char *name = sheaf_status_name((enum sheaf_status)i);
        ck_assert_uint_gt(strlen(name), 0);
        ck_assert_str_ne(name, "unknown");
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(name, sheaf_status_name((enum sheaf_status)j));
    }
    ck_assert_str_eq(sheaf_status_name(SHEAF_DATA), "data");
    ck_assert_str_eq(sheaf_status_name(SHEAF_STATUS_COUNT), "unknown");
    ck_assert_str_eq(sheaf_status_name((enum sheaf_status) - 1), "unknown");
}
END_TEST

START_TEST(set_fills_everything)
{
    struct sheaf_error error;
    memset(&error, 0xff, sizeof error);
    ck_assert_int_eq(error_set(&error, SHEAF_USAGE, "%s %d", "bad", 7), SHEAF_USAGE);
    ck_assert_int_eq(error.status, SHEAF_USAGE);
    ck_assert_str_eq(error.text, "bad 7");
    ck_assert_int_eq(error.system_errno, 0);
    ck_assert_uint_eq(error.file, 0);
    ck_assert_uint_eq(error.column, 0);
    ck_assert_uint_eq(error.line, 0);
    ck_assert_uint_eq(error.byte, 0);
}
END_TEST

START_TEST(null_error_is_allowed)
{
    ck_assert_int_eq(error_set(NULL, SHEAF_LIMIT, "%d", 1), SHEAF_LIMIT);
    ck_assert_int_eq(error_system(NULL, ENOENT, "%d", 1), SHEAF_SYSTEM);
    ck_assert_int_eq(error_no_memory(NULL, "x"), SHEAF_SYSTEM);
}
END_TEST

START_TEST(long_texts_are_cut)
{
    char text[3 * SHEAF_ERROR_TEXT];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct sheaf_error error;
    ck_assert_int_eq(error_set(&error, SHEAF_DATA, "%s", text), SHEAF_DATA);
    ck_assert_uint_eq(strlen(error.text), SHEAF_ERROR_TEXT - 1);
    ck_assert_int_eq(error_system(&error, ENOENT, "%s", text), SHEAF_SYSTEM);
    ck_assert_uint_eq(strlen(error.text), SHEAF_ERROR_TEXT - 1);
    for (size_t length = SHEAF_ERROR_TEXT - 40; length < SHEAF_ERROR_TEXT; length++) {
        error_system(&error, ENOENT, "%.*s", (int)length, text);
        ck_assert_uint_lt(strlen(error.text), SHEAF_ERROR_TEXT);
    }
}
END_TEST

START_TEST(system_errors_say_why)
{
    struct sheaf_error error;
    ck_assert_int_eq(error_system(&error, ENOENT, "%s: cannot open", "a.csv"), SHEAF_SYSTEM);
    ck_assert_int_eq(error.status, SHEAF_SYSTEM);
    ck_assert_int_eq(error.system_errno, ENOENT);
    ck_assert_str_eq(error.text, "a.csv: cannot open: No such file or directory");
    ck_assert_int_eq(error_no_memory(&error, "the table"), SHEAF_SYSTEM);
    ck_assert_str_eq(error.text, "out of memory: the table");
}
END_TEST

static enum sheaf_status passes_up(enum sheaf_status given, bool *went_on)
{
    *went_on = false;
    TRY(given);
    *went_on = true;
    return SHEAF_OK;
}

START_TEST(try_passes_up_all_but_ok)
{
    for (int i = 0; i < SHEAF_STATUS_COUNT; i++) {
        bool went_on;
        ck_assert_int_eq(passes_up((enum sheaf_status)i, &went_on), i);
        ck_assert_int_eq(went_on, i == SHEAF_OK);
    }
}
END_TEST

#define SAFE(bytes, expected)                                                                      \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, expected                                                         \
    }

static const struct {
    const char *bytes;
    size_t length;
    const char *expected;
} names[] = {
    SAFE("", ""),
    SAFE("fare", "fare"),
    SAFE("a \"b\" \\c", "a \\\"b\\\" \\\\c"),
    SAFE("a\nb\rc\td", "a\\nb\\rc\\td"),
    SAFE("\0\x01\x1f\x7f", "\\x00\\x01\\x1f\\x7f"),
    SAFE("\x1b[31mred", "\\x1b[31mred"),
    SAFE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
    /* C1 controls: NEL, CSI; U+00A0 is none. */
    SAFE("\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b"),
    SAFE("\xc2\xa0", "\xc2\xa0"),
    /* U+200E, U+200F, U+202A, U+202E, U+2066, U+2069, the line separators. */
    SAFE("\xe2\x80\x8e\xe2\x80\x8f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f"),
    SAFE("\xe2\x80\xaa\xe2\x80\xae", "\\xe2\\x80\\xaa\\xe2\\x80\\xae"),
    SAFE("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"),
    SAFE("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"),
    /* Neighbours that are harmless: U+200D, U+2010, U+202F, U+2065, U+206A. */
    SAFE("\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xaf", "\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xaf"),
    SAFE("\xe2\x81\xa5\xe2\x81\xaa", "\xe2\x81\xa5\xe2\x81\xaa"),
    /* No UTF-8: a lone tail, a cut sequence, overlong forms, a surrogate, past U+10FFFF. */
    SAFE("\x80", "\\x80"),
    SAFE("\xc3", "\\xc3"),
    SAFE("\xe2\x82", "\\xe2\\x82"),
    SAFE("\xc3(", "\\xc3("),
    SAFE("\xc0\xaf", "\\xc0\\xaf"),
    SAFE("\xe0\x80\xaf", "\\xe0\\x80\\xaf"),
    SAFE("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"),
    SAFE("\xed\xa0\x80", "\\xed\\xa0\\x80"),
    SAFE("\xed\x9f\xbf", "\xed\x9f\xbf"),
    SAFE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"),
    SAFE("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),
    SAFE("\xff\xfe", "\\xff\\xfe"),
};

START_TEST(names_are_escaped)
{
    char out[ERROR_NAME_SIZE];
    ck_assert_ptr_eq(error_name(out, names[_i].bytes, names[_i].length), out);
    ck_assert_str_eq(out, names[_i].expected);
}
END_TEST

/* Whatever fits is whole; whatever is cut ends in dots, never within an escape or a character. */
START_TEST(long_names_are_cut)
{
    static const char *const units[] = {"x", "\"", "\n", "\x01", "\xc3\xbc", "\xf0\x9f\x98\x80"};
    static const size_t printed[] = {1, 2, 2, 4, 2, 4};
    for (size_t unit = 0; unit < sizeof units / sizeof *units; unit++) {
        char in[2 * ERROR_NAME_SIZE];
        const size_t size = strlen(units[unit]);
        size_t length = 0;
        for (; length + size <= sizeof in; length += size) {
            char out[ERROR_NAME_SIZE];
            error_name(out, in, length);
            const size_t count = length / size;
            const size_t used = strlen(out);
            if (count * printed[unit] <= ERROR_NAME_SIZE - 4) {
                ck_assert_uint_eq(used, count * printed[unit]);
            } else {
                ck_assert_str_eq(out + used - 3, "...");
                ck_assert_uint_eq((used - 3) % printed[unit], 0);
                ck_assert_uint_gt(used, ERROR_NAME_SIZE - 12);
                ck_assert_uint_lt(used, ERROR_NAME_SIZE);
            }
            memcpy(in + length, units[unit], size);
        }
    }
}
END_TEST

/* Undoes the escapes of a name that was not cut. */
static size_t unescape(const char *text, char *out)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text != '\\') {
            out[length++] = *text;
            continue;
        }
        text++;
        if (*text == 'x') {
            const char digits[3] = {text[1], text[2], '\0'};
            out[length++] = (char)strtoul(digits, NULL, 16);
            text += 2;
        } else {
            out[length++] = *text == 'n' ? '\n' : *text == 'r' ? '\r' : *text == 't' ? '\t' : *text;
        }
    }
    return length;
}

START_TEST(random_names_can_be_read_back)
{
    uint64_t seed = unit_seed("random_names_can_be_read_back", 11);
    static const unsigned char likely[] = {0xc2, 0xe2, 0x80, 0x81, 0xa6, 0xae, 0x8e, 0xf0,
                                           0xed, 0xa0, '\\', '"',  'x',  '\n', 0x9f, 0xbf};
    for (int round = 0; round < 50000; round++) {
        char in[ERROR_NAME_SIZE / 4 - 2];
        const size_t length = unit_random(&seed) % sizeof in;
        for (size_t i = 0; i < length; i++) {
            const uint64_t draw = unit_random(&seed);
            in[i] = (char)(draw % 3 == 0 ? draw >> 8 : likely[(draw >> 8) % sizeof likely]);
        }
        char out[ERROR_NAME_SIZE];
        char back[ERROR_NAME_SIZE];
        error_name(out, in, length);
        bool is_right = unescape(out, back) == length && memcmp(in, back, length) == 0;
        for (const char *at = out; *at != '\0'; at++)
            is_right &= (unsigned char)*at >= 0x20 && *at != 0x7f;
        if (!is_right)
            ck_abort_msg("round %d: \"%s\"", round, out);
    }
}
END_TEST

static Suite *error_suite(void)
{
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("error");
    tcase_add_test(tests, every_status_has_a_name);
    tcase_add_test(tests, set_fills_everything);
    tcase_add_test(tests, null_error_is_allowed);
    tcase_add_test(tests, long_texts_are_cut);
    tcase_add_test(tests, system_errors_say_why);
    tcase_add_test(tests, try_passes_up_all_but_ok);
    tcase_add_loop_test(tests, names_are_escaped, 0, sizeof names / sizeof *names);
    tcase_add_test(tests, long_names_are_cut);
    tcase_add_test(tests, random_names_can_be_read_back);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(error_suite)
