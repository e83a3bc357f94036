#include "num/print.h"

#include "num/parse.h"
#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static void assert_real(double real, const char *expected)
{
    char text[NUMBER_TEXT_SIZE];
    const struct number number = {.real = real, .kind = NUMBER_DOUBLE};
    ck_assert_uint_eq(number_print(&number, text), strlen(expected));
    ck_assert_str_eq(text, expected);
}

static void assert_decimal(int128 mantissa, int exponent, const char *expected)
{
    char text[NUMBER_TEXT_SIZE];
    const struct number number = {
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
    ck_assert_uint_eq(number_print(&number, text), strlen(expected));
    ck_assert_str_eq(text, expected);
}

START_TEST(prints_doubles)
{
    assert_real(0, "0");
    assert_real(1, "1");
    assert_real(-1.5, "-1.5");
    assert_real(0.1, "0.1");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(1e-7, "0.0000001");
    assert_real(1.25e-7, "0.000000125");
    assert_real(9.9e-8, "9.9e-8");
    assert_real(1.25e-8, "1.25e-8");
    assert_real(-1e-8, "-1e-8");
    assert_real(1e20, "100000000000000000000");
    assert_real(123456789012345680000.0, "123456789012345680000");
    assert_real(999999999999999900000.0, "999999999999999900000");
    assert_real(1e21, "1e21");
    assert_real(1.5e300, "1.5e300");
    assert_real(5e-324, "5e-324");
    assert_real(-5e-324, "-5e-324");
    assert_real(1e-323, "1e-323");
    assert_real(DBL_MIN, "2.2250738585072014e-308");
    assert_real(DBL_MAX, "1.7976931348623157e308");
    assert_real(9007199254740993.0, "9007199254740992");
    assert_real(ldexp(1, -44), "5.684341886080802e-14"); /* …801 does not read back */
    assert_real(9.5367431640625e-7, "0.00000095367431640625");
    assert_real((double)NAN, "NaN");
    assert_real(-(double)NAN, "NaN");
    assert_real((double)INFINITY, "inf");
    assert_real(-(double)INFINITY, "-inf");
}
END_TEST

START_TEST(prints_decimals)
{
    const int128 most = (int128)UINT64_C(10000000000000000000) * UINT64_C(10000000000000000000) - 1;
    assert_decimal(0, 0, "0");
    assert_decimal(0, 38, "0");
    assert_decimal(0, -38, "0");
    assert_decimal(5, 0, "5");
    assert_decimal(-5, 0, "-5");
    assert_decimal(150, -2, "1.5");
    assert_decimal(-100, -2, "-1");
    assert_decimal(100, -3, "0.1");
    assert_decimal(5, -3, "0.005");
    assert_decimal(12345, -5, "0.12345");
    assert_decimal(12345, -4, "1.2345");
    assert_decimal(12, 3, "12000");
    assert_decimal((int128)UINT64_C(10000000000000000000), 0, "10000000000000000000");
    assert_decimal((int128)UINT64_C(10000000000000000000) * 3, -1, "3000000000000000000");
    assert_decimal((int128)UINT64_C(10000000000000000000) * 10 + 7, 0, "100000000000000000007");
    assert_decimal(1, -38, "0.00000000000000000000000000000000000001");
    assert_decimal(-most, 0, "-99999999999999999999999999999999999999");
    assert_decimal(-most, -38, "-0.99999999999999999999999999999999999999");
    assert_decimal(most, 38,
                   "9999999999999999999999999999999999999900000000000000000000000000000000000000");
}
END_TEST

START_TEST(decimals_read_back)
{
    uint64_t state = unit_seed("print decimals", 1);
    mpq_t before;
    mpq_t after;
    mpq_inits(before, after, NULL);
    for (int i = 0; i < 50000; i++) {
        char text[NUMBER_TEXT_SIZE];
        const struct number number = oracle_random_decimal(&state);
        struct number back;
        const size_t length = number_print(&number, text);
        ck_assert(number_parse((struct text){.bytes = text, .length = length}, &back));
        ck_assert_uint_eq(back.kind, NUMBER_DECIMAL);
        oracle_set(before, &number);
        oracle_set(after, &back);
        ck_assert(mpq_equal(before, after));
        ck_assert(strchr(text, '.') == NULL || text[length - 1] != '0');
    }
    mpq_clears(before, after, NULL);
}
END_TEST

static int significant_digits(const char *text)
{
    int count = 0;
    int zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        count++;
    }
    return count - zeros;
}

/* True when no decimal of `digits` digits reads back: neither of the two around the value. */
static bool none_shorter(double magnitude, int digits, bool single)
{
    char text[64];
    if (digits == 0)
        return true;
    sprintf(text, "%.*e", digits - 1, magnitude);
    const double nearest = strtod(text, NULL);
    char *exponent = strchr(text, 'e');
    const double step = pow(10, (double)(strtol(exponent + 1, NULL, 10) - digits + 1));
    for (int side = -1; side <= 1; side++) {
        sprintf(text, "%.*e", digits - 1, nearest + side * step);
        const double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (back == magnitude)
            return false;
    }
    return true;
}

START_TEST(doubles_are_shortest)
{
    uint64_t state = unit_seed("print doubles", 2);
    for (int i = 0; i < 50000; i++) {
        char text[NUMBER_TEXT_SIZE];
        const struct number number = oracle_random_double(&state);
        number_print(&number, text);
        ck_assert_msg(strtod(text, NULL) == number.real, "%s is not %a", text, number.real);
        const int digits = significant_digits(text);
        ck_assert_int_le(digits, 17);
        ck_assert_msg(number.real == 0 || none_shorter(fabs(number.real), digits - 1, false),
                      "%s for %a", text, number.real);
    }
}
END_TEST

START_TEST(powers_of_two_are_shortest)
{
    for (int exponent = -1074; exponent < 1024; exponent++) {
        char text[NUMBER_TEXT_SIZE];
        const struct number number = {.real = ldexp(1, exponent), .kind = NUMBER_DOUBLE};
        number_print(&number, text);
        ck_assert(strtod(text, NULL) == number.real);
        ck_assert_msg(none_shorter(number.real, significant_digits(text) - 1, false), "%s", text);
    }
}
END_TEST

static size_t print_float(float value, char *out)
{
    const struct number number = {
        .real = (double)value, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
    return number_print(&number, out);
}

START_TEST(floats_are_shortest)
{
    uint64_t state = unit_seed("print floats", 3);
    char text[NUMBER_TEXT_SIZE];
    ck_assert_uint_eq(print_float(0.1f, text), 3);
    ck_assert_str_eq(text, "0.1");
    print_float(16777216.0f, text);
    ck_assert_str_eq(text, "16777216");
    print_float(FLT_MAX, text);
    ck_assert_str_eq(text, "3.4028235e38");
    print_float(1e-45f, text);
    ck_assert_str_eq(text, "1e-45");
    print_float(-(float)INFINITY, text);
    ck_assert_str_eq(text, "-inf");
    print_float((float)NAN, text);
    ck_assert_str_eq(text, "NaN");
    print_float(0, text);
    ck_assert_str_eq(text, "0");
    for (int i = 0; i < 100000; i++) {
        const uint32_t bits = (uint32_t)unit_random(&state);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value) || value == 0)
            continue;
        print_float(value, text);
        ck_assert_msg(strtof(text, NULL) == value, "%s is not %a", text, (double)value);
        const int digits = significant_digits(text);
        ck_assert_msg(none_shorter((double)fabsf(value), digits - 1, true), "%s", text);
    }
}
END_TEST

/* Where the decimal mark is a comma, everything stays as it is. */
START_TEST(ignores_the_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL;
    if (!found)
        printf("print: no locale with a decimal comma is installed; checked in C only\n");
    assert_real(0.30000000000000004, "0.30000000000000004");
    assert_real(1.25e-8, "1.25e-8");
    struct number number;
    static const char text[] = "1.25e-50";
    ck_assert(number_parse((struct text){.bytes = text, .length = sizeof text - 1}, &number));
    ck_assert(number.real == 1.25e-50);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("print");
    TCase *tests = tcase_create("print");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, prints_doubles);
    tcase_add_test(tests, prints_decimals);
    tcase_add_test(tests, decimals_read_back);
    tcase_add_test(tests, doubles_are_shortest);
    tcase_add_test(tests, powers_of_two_are_shortest);
    tcase_add_test(tests, floats_are_shortest);
    tcase_add_test(tests, ignores_the_locale);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
