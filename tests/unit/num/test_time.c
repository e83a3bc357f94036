#include "num/time.h"

#include "num/compare.h"
#include "unit/unit.h"

#include <string.h>
#include <time.h>

static bool parse(const char *string, struct instant *out)
{
    return instant_parse((struct text){.bytes = string, .length = strlen(string)}, out);
}

static void assert_instant(const char *string, int64_t seconds, uint64_t attoseconds,
                           enum instant_form form)
{
    struct instant instant = {0};
    ck_assert_msg(parse(string, &instant), "%s", string);
    ck_assert_int_eq(instant.seconds, seconds);
    ck_assert_uint_eq(instant.attoseconds, attoseconds);
    ck_assert_uint_eq(instant.form, form);
}

START_TEST(reads_instants)
{
    const uint64_t second = UINT64_C(1000000000000000000);
    assert_instant("1970-01-01", 0, 0, INSTANT_DATE);
    assert_instant("1969-12-31", -86400, 0, INSTANT_DATE);
    assert_instant("2000-02-29", 951782400, 0, INSTANT_DATE);
    assert_instant("2024-02-29T12:34:56", 1709210096, 0, INSTANT_LOCAL);
    assert_instant("2024-02-29 12:34:56", 1709210096, 0, INSTANT_LOCAL);
    assert_instant("2024-02-29T12:34:56.5", 1709210096, second / 2, INSTANT_LOCAL);
    assert_instant("2024-02-29T12:34:56.123456789012345678Z", 1709210096,
                   UINT64_C(123456789012345678), INSTANT_ZONED);
    assert_instant("2024-02-29T12:34:56Z", 1709210096, 0, INSTANT_ZONED);
    assert_instant("2024-02-29T12:34:56+01:30", 1709210096 - 5400, 0, INSTANT_ZONED);
    assert_instant("2024-02-29T12:34:56.000-23:59", 1709210096 + 86340, 0, INSTANT_ZONED);
    assert_instant("1970-01-01T00:00:00-00:00", 0, 0, INSTANT_ZONED);
    assert_instant("1969-12-31T23:59:59.75", -1, second / 4 * 3, INSTANT_LOCAL);
    assert_instant("0000-01-01", INT64_C(-62167219200), 0, INSTANT_DATE);
    assert_instant("9999-12-31T23:59:59", INT64_C(253402300799), 0, INSTANT_LOCAL);
}
END_TEST

START_TEST(refuses_the_rest)
{
    static const char *const bad[] = {
        "",
        "1970",
        "1970-01",
        "1970-1-01",
        "1970-01-1",
        "1970/01/01",
        "19700101",
        "70-01-01",
        "1970-00-01",
        "1970-13-01",
        "1970-01-00",
        "1970-01-32",
        "1970-04-31",
        "1970-02-29",
        "1900-02-29",
        "2023-02-29",
        "2000-02-30",
        " 1970-01-01",
        "1970-01-01 ",
        "1970-01-01T",
        "1970-01-01Z",
        "1970-01-01T00",
        "1970-01-01T00:00",
        "1970-01-01T00:00Z",
        "1970-01-01t00:00:00",
        "1970-01-01T24:00:00",
        "1970-01-01T00:60:00",
        "1970-01-01T00:00:60",
        "1970-01-01T00:00:00.",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00z",
        "1970-01-01T00:00:00.1234567890123456789",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+01",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00:00 Z",
        "1970-01-01  00:00:00",
        "+1970-01-01",
        "-1970-01-01",
        "1970-01-01T00:00:00,5",
        "1970-01-0a",
        "197a-01-01",
        "1970-01-01T0a:00:00",
    };
    struct instant instant = {.form = 77};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!parse(bad[i], &instant), "%s", bad[i]);
    ck_assert(!instant_parse((struct text){0}, &instant));
    ck_assert_uint_eq(instant.form, 77);
}
END_TEST

/* Every day of 400 years and more, by the C library. */
START_TEST(agrees_with_timegm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int year = 1890; year <= 2310; year++) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= 31; day++) {
                char string[64];
                snprintf(string, sizeof string, "%04d-%02d-%02dT01:02:03", year, month, day);
                struct instant instant;
                const bool real = day <= days[month - 1] + (month == 2 && leap);
                ck_assert_int_eq(parse(string, &instant), real);
                struct tm broken = {.tm_year = year - 1900,
                                    .tm_mon = month - 1,
                                    .tm_mday = day,
                                    .tm_hour = 1,
                                    .tm_min = 2,
                                    .tm_sec = 3};
                if (real)
                    ck_assert_int_eq(instant.seconds, timegm(&broken));
            }
        }
    }
}
END_TEST

/* No prefix and no changed byte of a text makes it read past its end. */
START_TEST(survives_damage)
{
    static const char good[] = "2024-02-29T12:34:56.123456+01:30";
    for (size_t length = 0; length < sizeof good - 1; length++) {
        char *copy = malloc(length + 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, good, length);
        struct instant instant;
        const bool read = instant_parse((struct text){.bytes = copy, .length = length}, &instant);
        ck_assert_int_eq(read, length == 10 || length == 19 || (length > 20 && length <= 26));
        free(copy);
    }
}
END_TEST

START_TEST(compares_by_time)
{
    struct instant rising[4];
    ck_assert(parse("2024-01-01T00:00:00+01:00", &rising[0]));
    ck_assert(parse("2024-01-01", &rising[1]));
    ck_assert(parse("2024-01-01T00:00:00.000000000000000001", &rising[2]));
    ck_assert(parse("2024-01-01T00:00:01Z", &rising[3]));
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            const int order = instant_compare(&rising[i], &rising[j]);
            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    struct instant same;
    ck_assert(parse("2024-01-01T02:00:00+02:00", &same));
    ck_assert_int_eq(instant_compare(&same, &rising[1]), 0);
}
END_TEST

/* A random instant of the years that can be printed, often near a second, a day or an end. */
static struct instant random_instant(uint64_t *state)
{
    const uint64_t span = (uint64_t)(INSTANT_SECONDS_MAX - INSTANT_SECONDS_MIN) + 1;
    struct instant instant = {
        .seconds = INSTANT_SECONDS_MIN + (int64_t)(unit_random(state) % span),
        .form = (uint8_t)(INSTANT_DATE + unit_random(state) % 3),
    };
    if (unit_random(state) % 8 == 0)
        instant.seconds = unit_random(state) % 2 == 0 ? INSTANT_SECONDS_MIN : INSTANT_SECONDS_MAX;
    if (instant.form == INSTANT_DATE) {
        instant.seconds -= (instant.seconds % 86400 + 86400) % 86400;
        return instant;
    }
    instant.attoseconds = unit_random(state) % UINT64_C(1000000000000000000);
    for (uint64_t cut = unit_random(state) % 19; cut > 0; cut--)
        instant.attoseconds /= 10;
    return instant;
}

/* The C library's calendar judges the date, instant_parse the rest. */
START_TEST(prints_what_it_reads)
{
    uint64_t state = unit_seed("prints_what_it_reads", 74);
    for (int round = 0; round < 100000; round++) {
        const struct instant instant = random_instant(&state);
        char text[INSTANT_TEXT_SIZE];
        char date[32];
        const size_t length = instant_print(&instant, text);
        const time_t seconds = (time_t)instant.seconds;
        struct tm parts;
        struct instant back = {0};
        if (strlen(text) != length || !parse(text, &back) || back.seconds != instant.seconds ||
            back.attoseconds != instant.attoseconds || back.form != instant.form)
            ck_abort_msg("%lld s, %llu as: %s", (long long)instant.seconds,
                         (unsigned long long)instant.attoseconds, text);
        if (gmtime_r(&seconds, &parts) == NULL)
            ck_abort_msg("gmtime_r");
        snprintf(date, sizeof date, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                 parts.tm_mday);
        if (memcmp(date, text, strlen(date)) != 0)
            ck_abort_msg("%s, not %s", text, date);
        if (instant.attoseconds > 0 && text[length - 1 - (instant.form == INSTANT_ZONED)] == '0')
            ck_abort_msg("a zero at the end: %s", text);
    }
}
END_TEST

START_TEST(numbers_are_ordered_as_instants)
{
    uint64_t state = unit_seed("numbers_are_ordered_as_instants", 75);
    for (int round = 0; round < 100000; round++) {
        const struct instant a = random_instant(&state);
        struct instant b = random_instant(&state);
        if (round % 3 == 0)
            b.seconds = a.seconds;
        if (round % 6 == 0)
            b.attoseconds = a.attoseconds;
        struct number left, right;
        instant_number(&a, &left);
        instant_number(&b, &right);
        const int order = instant_compare(&a, &b);
        const int same = number_compare(&left, &right);
        if ((order > 0) - (order < 0) != (same > 0) - (same < 0))
            ck_abort_msg("%lld s, %llu as and %lld s, %llu as", (long long)a.seconds,
                         (unsigned long long)a.attoseconds, (long long)b.seconds,
                         (unsigned long long)b.attoseconds);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("time");
    TCase *tests = tcase_create("time");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, reads_instants);
    tcase_add_test(tests, refuses_the_rest);
    tcase_add_test(tests, agrees_with_timegm);
    tcase_add_test(tests, survives_damage);
    tcase_add_test(tests, compares_by_time);
    tcase_add_test(tests, prints_what_it_reads);
    tcase_add_test(tests, numbers_are_ordered_as_instants);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
