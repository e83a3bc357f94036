/* Parts of rows, against what libc writes. */
#include "unit/unit.h"

#include "gen/put.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static uint64_t any_size(uint64_t *state)
{
    return unit_random(state) >> unit_random(state) % 64;
}

static void check_text(const char *expected, const char *got, const char *end)
{
    ck_assert_uint_eq((size_t)(end - got), strlen(expected));
    ck_assert_mem_eq(got, expected, strlen(expected));
}

static void check_whole(uint64_t number)
{
    char expected[32];
    char got[PUT_WHOLE_SIZE];
    snprintf(expected, sizeof expected, "%" PRIu64, number);
    check_text(expected, got, put_whole(got, number));
}

START_TEST(whole_numbers_are_those_of_printf)
{
    uint64_t state = unit_seed("whole_numbers_are_those_of_printf", 1);
    for (uint64_t number = 0; number < 100100; number++)
        check_whole(number);
    for (int i = 0; i < 100000; i++)
        check_whole(any_size(&state));
    check_whole(UINT64_MAX);
    for (unsigned number = 0; number < 1000; number++) {
        char expected[8];
        char got[3];
        snprintf(expected, sizeof expected, "%u", number);
        check_text(expected, got, put_small(got, number));
    }
}
END_TEST

static void check_hundredths(int64_t hundredths)
{
    char expected[32];
    char got[PUT_MONEY_SIZE];
    const uint64_t amount = (uint64_t)(hundredths < 0 ? -hundredths : hundredths);
    snprintf(expected, sizeof expected, "%s%" PRIu64 ".%02" PRIu64, hundredths < 0 ? "-" : "",
             amount / 100, amount % 100);
    check_text(expected, got, put_hundredths(got, hundredths));
}

START_TEST(hundredths_have_two_decimals)
{
    uint64_t state = unit_seed("hundredths_have_two_decimals", 2);
    for (int64_t hundredths = -120000; hundredths < 120000; hundredths++)
        check_hundredths(hundredths);
    for (int i = 0; i < 10000; i++)
        check_hundredths((int64_t)(unit_random(&state) % 200000000000) - 100000000000);
}
END_TEST

static void check_time(int64_t seconds)
{
    char expected[32];
    char got[PUT_TIME_SIZE];
    const time_t instant = (time_t)seconds;
    struct tm parts;
    ck_assert_ptr_nonnull(gmtime_r(&instant, &parts));
    ck_assert_uint_eq(strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S", &parts), 19);
    check_text(expected, got, put_time(got, seconds));
}

START_TEST(times_are_those_of_gmtime)
{
    const int64_t end = INT64_C(253402300799); /* 9999-12-31 23:59:59 */
    uint64_t state = unit_seed("times_are_those_of_gmtime", 3);
    for (int64_t day = 0; day < 200 * 366; day++) {
        check_time(day * 86400);
        check_time(day * 86400 - (day > 0));
    }
    for (int i = 0; i < 100000; i++)
        check_time((int64_t)(unit_random(&state) % (uint64_t)end));
    check_time(end);
}
END_TEST

START_TEST(fields_with_the_delimiter_are_quoted)
{
    char got[16];
    check_text("abc", got, put_field(got, "abc", 3, ','));
    check_text("\"a,c\"", got, put_field(got, "a,c", 3, ','));
    check_text("\"abc\"", got, put_field(got, "abc", 3, 'c'));
    check_text("\"\xc3\xbc\"", got, put_field(got, "\xc3\xbc", 2, '\xbc'));
    check_text("", got, put_field(got, "", 0, ','));
    check_text("ab", got, put_field(got, "abc", 2, 'c'));
}
END_TEST

START_TEST(records_are_little_endian)
{
    char got[16];
    ck_assert_ptr_eq(put_bytes(got, 0x0102030405060708, 8), got + 8);
    ck_assert_mem_eq(got, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
    ck_assert_ptr_eq(put_bytes(got, 0xffeeddcc, 2), got + 2);
    ck_assert_mem_eq(got, "\xcc\xdd\x06", 3);
    ck_assert_ptr_eq(put_double(got, -1.5), got + 8);
    ck_assert_mem_eq(got, "\x00\x00\x00\x00\x00\x00\xf8\xbf", 8);
    ck_assert_ptr_eq(put_padded(got, "abc", 3, 6), got + 6);
    ck_assert_mem_eq(got, "abc\0\0\0", 6);
    ck_assert_ptr_eq(put_padded(got, "xyz", 3, 3), got + 3);
    ck_assert_mem_eq(got, "xyz\0", 4);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("put");
    TCase *tests = tcase_create("put");
    tcase_add_test(tests, whole_numbers_are_those_of_printf);
    tcase_add_test(tests, hundredths_have_two_decimals);
    tcase_add_test(tests, times_are_those_of_gmtime);
    tcase_add_test(tests, fields_with_the_delimiter_are_quoted);
    tcase_add_test(tests, records_are_little_endian);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
