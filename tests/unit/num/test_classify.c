#include "num/classify.h"

#include "num/parse.h"
#include "num/print.h"
#include "unit/unit.h"

#include <regex.h>
#include <string.h>
#include <strings.h>

/* A text, its class, and its value: of an exact number the digits, of a double these after a ~, of
 * an instant its seconds since 1970 and the fraction to be added to them. */
struct row {
    struct text text;
    enum text_class class;
    const char *value;
};

#define T(string)                                                                                  \
    {                                                                                              \
        .bytes = string, .length = sizeof string - 1                                               \
    }

static const struct row rows[] = {
    /* integers */
    {T("0"), CLASS_INTEGER, "0"},
    {T("1"), CLASS_INTEGER, "1"},
    {T("-1"), CLASS_INTEGER, "-1"},
    {T("+5"), CLASS_INTEGER, "5"},
    {T("-0"), CLASS_INTEGER, "0"},
    {T("+0"), CLASS_INTEGER, "0"},
    {T("7"), CLASS_INTEGER, "7"},
    {T("42"), CLASS_INTEGER, "42"},
    {T("1234567890"), CLASS_INTEGER, "1234567890"},
    {T("9223372036854775807"), CLASS_INTEGER, "9223372036854775807"},
    {T("9223372036854775808"), CLASS_INTEGER, "9223372036854775808"},
    {T("-9223372036854775808"), CLASS_INTEGER, "-9223372036854775808"},
    {T("18446744073709551616"), CLASS_INTEGER, "18446744073709551616"},
    {T(" 5"), CLASS_INTEGER, "5"},
    {T("5 "), CLASS_INTEGER, "5"},
    {T("\t5\t"), CLASS_INTEGER, "5"},
    {T("  -12 \t"), CLASS_INTEGER, "-12"},
    {T("+ 5"), CLASS_TEXT, ""},
    {T("- 5"), CLASS_TEXT, ""},
    {T("1 2"), CLASS_TEXT, ""},
    {T("1\n"), CLASS_TEXT, ""},
    {T("\r1"), CLASS_TEXT, ""},
    {T("\v1"), CLASS_TEXT, ""},
    {T("\302\2401"), CLASS_TEXT, ""},
    {T("99999999999999999999999999999999999999"), CLASS_INTEGER,
     "99999999999999999999999999999999999999"},
    {T("-99999999999999999999999999999999999999"), CLASS_INTEGER,
     "-99999999999999999999999999999999999999"},
    {T("111111111111111111111111111111111111111"), CLASS_FLOAT, "~1.111111111111111e38"},
    {T("100000000000000000000000000000000000000"), CLASS_INTEGER,
     "100000000000000000000000000000000000000"},
    {T("10000000000000000000000000000000000000"), CLASS_INTEGER,
     "10000000000000000000000000000000000000"},
    {T("120000000000000000000000000000000000000"), CLASS_INTEGER,
     "120000000000000000000000000000000000000"},
    {T("1000000000000000000000000000000000000000"), CLASS_FLOAT, "~1e39"},
    {T("-300000000000000000000000000000000000000"), CLASS_INTEGER,
     "-300000000000000000000000000000000000000"},
    {T("-3000000000000000000000000000000000000000"), CLASS_FLOAT, "~-3e39"},
    /* decimals */
    {T("0.5"), CLASS_DECIMAL, "0.5"},
    {T(".5"), CLASS_DECIMAL, "0.5"},
    {T("5."), CLASS_DECIMAL, "5"},
    {T("-.5"), CLASS_DECIMAL, "-0.5"},
    {T("-5."), CLASS_DECIMAL, "-5"},
    {T("+.5"), CLASS_DECIMAL, "0.5"},
    {T("0.0"), CLASS_DECIMAL, "0"},
    {T(".0"), CLASS_DECIMAL, "0"},
    {T("0."), CLASS_DECIMAL, "0"},
    {T("-0.0"), CLASS_DECIMAL, "0"},
    {T("1.0"), CLASS_DECIMAL, "1"},
    {T("1.50"), CLASS_DECIMAL, "1.5"},
    {T("3.14159"), CLASS_DECIMAL, "3.14159"},
    {T("-273.15"), CLASS_DECIMAL, "-273.15"},
    {T(" 2.5 "), CLASS_DECIMAL, "2.5"},
    {T("0.1000"), CLASS_DECIMAL, "0.1"},
    {T("123456789.987654321"), CLASS_DECIMAL, "123456789.987654321"},
    {T("1..2"), CLASS_TEXT, ""},
    {T("1.2.3"), CLASS_TEXT, ""},
    {T("."), CLASS_TEXT, ""},
    {T("+."), CLASS_TEXT, ""},
    {T("-."), CLASS_TEXT, ""},
    {T("1,5"), CLASS_TEXT, ""},
    {T("1_000"), CLASS_TEXT, ""},
    {T("1,000"), CLASS_TEXT, ""},
    {T("0.00000000000000000000000000000000000001"), CLASS_DECIMAL,
     "0.00000000000000000000000000000000000001"},
    {T("0.000000000000000000000000000000000000001"), CLASS_FLOAT, "~1e-39"},
    {T("0.00000000000000000000000000000000000012"), CLASS_DECIMAL,
     "0.00000000000000000000000000000000000012"},
    {T("0.000000000000000000000000000000000000012"), CLASS_FLOAT, "~1.2e-38"},
    {T("0.000000000000000000000000000000000000010"), CLASS_DECIMAL,
     "0.00000000000000000000000000000000000001"},
    {T("1.00000000000000000000000000000000000000000000000000"), CLASS_DECIMAL, "1"},
    {T("0.11111111111111111111111111111111111111"), CLASS_DECIMAL,
     "0.11111111111111111111111111111111111111"},
    {T("0.111111111111111111111111111111111111111"), CLASS_FLOAT, "~0.1111111111111111"},
    {T("1.2222222222222222222222222222222222222"), CLASS_DECIMAL,
     "1.2222222222222222222222222222222222222"},
    {T("1.22222222222222222222222222222222222222"), CLASS_FLOAT, "~1.2222222222222223"},
    {T("99999999999999999999999999999999999999.0"), CLASS_DECIMAL,
     "99999999999999999999999999999999999999"},
    {T("99999999999999999999999999999999999999.5"), CLASS_FLOAT, "~1e38"},
    {T("0.0000000000000000000000000000000000000000000000000000000000001"), CLASS_FLOAT, "~1e-61"},
    /* exponents */
    {T("1e5"), CLASS_FLOAT, "100000"},
    {T("1E5"), CLASS_FLOAT, "100000"},
    {T("1e+5"), CLASS_FLOAT, "100000"},
    {T("1e-5"), CLASS_FLOAT, "0.00001"},
    {T("-1e5"), CLASS_FLOAT, "-100000"},
    {T("+1e5"), CLASS_FLOAT, "100000"},
    {T("0e5"), CLASS_FLOAT, "0"},
    {T("0e999999999999999999999"), CLASS_FLOAT, "0"},
    {T("1.5e3"), CLASS_FLOAT, "1500"},
    {T(".5e1"), CLASS_FLOAT, "5"},
    {T("5.e1"), CLASS_FLOAT, "50"},
    {T(" 1e5 "), CLASS_FLOAT, "100000"},
    {T("1e38"), CLASS_FLOAT, "100000000000000000000000000000000000000"},
    {T("1e39"), CLASS_FLOAT, "~1e39"},
    {T("-1e39"), CLASS_FLOAT, "~-1e39"},
    {T("1e-38"), CLASS_FLOAT, "0.00000000000000000000000000000000000001"},
    {T("1e-39"), CLASS_FLOAT, "~1e-39"},
    {T("12e-39"), CLASS_FLOAT, "~1.2e-38"},
    {T("1e308"), CLASS_FLOAT, "~1e308"},
    {T("1e309"), CLASS_FLOAT, "~inf"},
    {T("-1e309"), CLASS_FLOAT, "~-inf"},
    {T("1e-400"), CLASS_FLOAT, "~0"},
    {T("5e-324"), CLASS_FLOAT, "~5e-324"},
    {T("1e99999999999999999999"), CLASS_FLOAT, "~inf"},
    {T("e5"), CLASS_TEXT, ""},
    {T("1e"), CLASS_TEXT, ""},
    {T("1e+"), CLASS_TEXT, ""},
    {T("1e-"), CLASS_TEXT, ""},
    {T("1e5.0"), CLASS_TEXT, ""},
    {T("1e 5"), CLASS_TEXT, ""},
    {T("1 e5"), CLASS_TEXT, ""},
    {T("1ee5"), CLASS_TEXT, ""},
    {T("0x10"), CLASS_TEXT, ""},
    {T("1f"), CLASS_TEXT, ""},
    {T("1d5"), CLASS_TEXT, ""},
    {T("10L"), CLASS_TEXT, ""},
    /* zeros */
    {T("00"), CLASS_ZEROS, "0"},
    {T("000"), CLASS_ZEROS, "0"},
    {T("007"), CLASS_ZEROS, "7"},
    {T("-007"), CLASS_ZEROS, "-7"},
    {T("+007"), CLASS_ZEROS, "7"},
    {T(" 007 "), CLASS_ZEROS, "7"},
    {T("00.5"), CLASS_ZEROS, "0.5"},
    {T("-00.5"), CLASS_ZEROS, "-0.5"},
    {T("01."), CLASS_ZEROS, "1"},
    {T("00e1"), CLASS_ZEROS, "0"},
    {T("01e5"), CLASS_ZEROS, "100000"},
    {T("0000000000000000000000000000000000000000000000001"), CLASS_ZEROS, "1"},
    {T("00.0"), CLASS_ZEROS, "0"},
    {T("09:30"), CLASS_TEXT, ""},
    {T("007x"), CLASS_TEXT, ""},
    {T("0111111111111111111111111111111111111111"), CLASS_ZEROS, "~1.111111111111111e38"},
    /* specials */
    {T("nan"), CLASS_SPECIAL, "~NaN"},
    {T("NaN"), CLASS_SPECIAL, "~NaN"},
    {T("NAN"), CLASS_SPECIAL, "~NaN"},
    {T(" nan "), CLASS_SPECIAL, "~NaN"},
    {T("+nan"), CLASS_TEXT, ""},
    {T("-nan"), CLASS_TEXT, ""},
    {T("inf"), CLASS_SPECIAL, "~inf"},
    {T("Inf"), CLASS_SPECIAL, "~inf"},
    {T("INF"), CLASS_SPECIAL, "~inf"},
    {T("-inf"), CLASS_SPECIAL, "~-inf"},
    {T("+inf"), CLASS_SPECIAL, "~inf"},
    {T("infinity"), CLASS_SPECIAL, "~inf"},
    {T("-Infinity"), CLASS_SPECIAL, "~-inf"},
    {T("+INFINITY"), CLASS_SPECIAL, "~inf"},
    {T(" inf\t"), CLASS_SPECIAL, "~inf"},
    {T("inf."), CLASS_TEXT, ""},
    {T("infinit"), CLASS_TEXT, ""},
    {T("infinitys"), CLASS_TEXT, ""},
    {T("nano"), CLASS_TEXT, ""},
    {T("nan(1)"), CLASS_TEXT, ""},
    {T("in"), CLASS_TEXT, ""},
    {T("n"), CLASS_TEXT, ""},
    {T("i"), CLASS_TEXT, ""},
    {T("-"), CLASS_TEXT, ""},
    {T("+"), CLASS_TEXT, ""},
    {T("--5"), CLASS_TEXT, ""},
    {T("+-5"), CLASS_TEXT, ""},
    {T("N/A"), CLASS_TEXT, ""},
    {T("none"), CLASS_TEXT, ""},
    {T("null"), CLASS_TEXT, ""},
    {T("i5"), CLASS_TEXT, ""},
    {T("\342\210\236"), CLASS_TEXT, ""},
    /* booleans */
    {T("true"), CLASS_BOOLEAN, ""},
    {T("TRUE"), CLASS_BOOLEAN, ""},
    {T("True"), CLASS_BOOLEAN, ""},
    {T("tRuE"), CLASS_BOOLEAN, ""},
    {T("false"), CLASS_BOOLEAN, ""},
    {T("FALSE"), CLASS_BOOLEAN, ""},
    {T("False"), CLASS_BOOLEAN, ""},
    {T("fALSe"), CLASS_BOOLEAN, ""},
    {T(" true"), CLASS_TEXT, ""},
    {T("true "), CLASS_TEXT, ""},
    {T("t"), CLASS_TEXT, ""},
    {T("f"), CLASS_TEXT, ""},
    {T("T"), CLASS_TEXT, ""},
    {T("F"), CLASS_TEXT, ""},
    {T("tru"), CLASS_TEXT, ""},
    {T("truee"), CLASS_TEXT, ""},
    {T("falsey"), CLASS_TEXT, ""},
    {T("yes"), CLASS_TEXT, ""},
    {T("no"), CLASS_TEXT, ""},
    {T("True."), CLASS_TEXT, ""},
    {T("on"), CLASS_TEXT, ""},
    /* dates */
    {T("1970-01-01"), CLASS_DATE, "0"},
    {T("2012-01-01"), CLASS_DATE, "1325376000"},
    {T("2000-02-29"), CLASS_DATE, "951782400"},
    {T("2024-02-29"), CLASS_DATE, "1709164800"},
    {T("2023-02-29"), CLASS_TEXT, ""},
    {T("1900-02-29"), CLASS_TEXT, ""},
    {T("2100-02-29"), CLASS_TEXT, ""},
    {T("1999-12-31"), CLASS_DATE, "946598400"},
    {T("0000-01-01"), CLASS_DATE, "-62167219200"},
    {T("9999-12-31"), CLASS_DATE, "253402214400"},
    {T("2012-1-1"), CLASS_TEXT, ""},
    {T("2012-01-1"), CLASS_TEXT, ""},
    {T("2012-13-01"), CLASS_TEXT, ""},
    {T("2012-00-10"), CLASS_TEXT, ""},
    {T("2012-04-31"), CLASS_TEXT, ""},
    {T("2012-01-32"), CLASS_TEXT, ""},
    {T("2012-01-00"), CLASS_TEXT, ""},
    {T("2012/01/01"), CLASS_TEXT, ""},
    {T("01/02/2012"), CLASS_TEXT, ""},
    {T("2012-01"), CLASS_TEXT, ""},
    {T("20120101"), CLASS_INTEGER, "20120101"},
    {T("12-01-01"), CLASS_TEXT, ""},
    {T(" 2012-01-01"), CLASS_TEXT, ""},
    {T("2012-01-01 "), CLASS_TEXT, ""},
    {T("+2012-01-01"), CLASS_TEXT, ""},
    {T("-2012-01-01"), CLASS_TEXT, ""},
    {T("2012-01-01x"), CLASS_TEXT, ""},
    {T("10000-01-01"), CLASS_TEXT, ""},
    {T("2012-W01-1"), CLASS_TEXT, ""},
    {T("2012-001"), CLASS_TEXT, ""},
    {T("123e-12345"), CLASS_FLOAT, "~0"},
    {T("1234-5"), CLASS_TEXT, ""},
    /* timestamps */
    {T("1970-01-01T00:00:00"), CLASS_LOCAL, "0"},
    {T("1970-01-01 00:00:00"), CLASS_LOCAL, "0"},
    {T("2012-01-01T12:34:56"), CLASS_LOCAL, "1325421296"},
    {T("2012-01-01 12:34:56"), CLASS_LOCAL, "1325421296"},
    {T("2012-01-01  12:34:56"), CLASS_TEXT, ""},
    {T("2012-01-01t12:34:56"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34"), CLASS_TEXT, ""},
    {T("2012-01-01T24:00:00"), CLASS_TEXT, ""},
    {T("2012-01-01T23:59:60"), CLASS_TEXT, ""},
    {T("2012-01-01T12:60:00"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56.5"), CLASS_LOCAL, "1325421296.5"},
    {T("2012-01-01 12:34:56.123456"), CLASS_LOCAL, "1325421296.123456"},
    {T("2012-01-01T12:34:56.123456789012345678"), CLASS_LOCAL, "1325421296.123456789012345678"},
    {T("2012-01-01T12:34:56.1234567890123456789"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56."), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56,5"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56Z"), CLASS_ZONED, "1325421296"},
    {T("2012-01-01 12:34:56Z"), CLASS_ZONED, "1325421296"},
    {T("2012-01-01T12:34:56z"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56.25Z"), CLASS_ZONED, "1325421296.25"},
    {T("2012-01-01T12:34:56+01:00"), CLASS_ZONED, "1325417696"},
    {T("2012-01-01T12:34:56-05:30"), CLASS_ZONED, "1325441096"},
    {T("2012-01-01 12:34:56+00:00"), CLASS_ZONED, "1325421296"},
    {T("2012-01-01T00:00:00+14:00"), CLASS_ZONED, "1325325600"},
    {T("2012-01-01T12:34:56+0100"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56+1:00"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56 +01:00"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56+24:00"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56+01:60"), CLASS_TEXT, ""},
    {T("2012-01-01T12:34:56+01:00Z"), CLASS_TEXT, ""},
    {T("2012-01-01Z"), CLASS_TEXT, ""},
    {T("2012-02-30T00:00:00"), CLASS_TEXT, ""},
    {T("1969-12-31T23:59:59"), CLASS_LOCAL, "-1"},
    {T("1969-12-31T23:59:59.75Z"), CLASS_ZONED, "-1.75"},
    {T("T12:34:56"), CLASS_TEXT, ""},
    {T("12:34:56"), CLASS_TEXT, ""},
    /* other texts */
    {T(""), CLASS_TEXT, ""},
    {T(" "), CLASS_TEXT, ""},
    {T("\t"), CLASS_TEXT, ""},
    {T("  \t "), CLASS_TEXT, ""},
    {T("a"), CLASS_TEXT, ""},
    {T("abc"), CLASS_TEXT, ""},
    {T("Z\303\274rich"), CLASS_TEXT, ""},
    {T("\346\235\261\344\272\254"), CLASS_TEXT, ""},
    {T("\331\243"), CLASS_TEXT, ""},
    {T("\357\274\221"), CLASS_TEXT, ""},
    {T("\000"), CLASS_TEXT, ""},
    {T("1\000"), CLASS_TEXT, ""},
    {T("\0005"), CLASS_TEXT, ""},
    {T("1\0002"), CLASS_TEXT, ""},
    {T("12 Main St"), CLASS_TEXT, ""},
    {T("192.168.0.1"), CLASS_TEXT, ""},
    {T("1-2"), CLASS_TEXT, ""},
    {T("50%"), CLASS_TEXT, ""},
    {T("$5"), CLASS_TEXT, ""},
    {T("\"5\""), CLASS_TEXT, ""},
    {T("'5'"), CLASS_TEXT, ""},
    {T("#1"), CLASS_TEXT, ""},
    {T("1/2"), CLASS_TEXT, ""},
    {T("true\000"), CLASS_TEXT, ""},
    {T("2012-01-01\000"), CLASS_TEXT, ""},
    {T("\357\273\2771"), CLASS_TEXT, ""},
    {T("5\342\202\254"), CLASS_TEXT, ""},
    {T("\303\251"), CLASS_TEXT, ""},
    {T("(5)"), CLASS_TEXT, ""},
    {T("5-"), CLASS_TEXT, ""},
    {T("1.5."), CLASS_TEXT, ""},
};

static void print_instant(const struct instant *instant, char *out, size_t size)
{
    char fraction[24];
    int digits =
        snprintf(fraction, sizeof fraction, ".%018llu", (unsigned long long)instant->attoseconds);
    while (digits > 1 && fraction[digits - 1] == '0')
        digits--;
    (void)snprintf(out, size, "%lld%.*s", (long long)instant->seconds, digits > 1 ? digits : 0,
                   fraction);
}

static void print_value(const struct classified *found, char *out, size_t size)
{
    char digits[NUMBER_TEXT_SIZE];
    out[0] = '\0';
    if (found->number.kind != NUMBER_NULL) {
        (void)number_print(&found->number, digits);
        (void)snprintf(out, size, "%s%s", found->number.kind == NUMBER_DOUBLE ? "~" : "", digits);
    } else if (found->instant.form != INSTANT_NULL) {
        print_instant(&found->instant, out, size);
    }
}

START_TEST(classes_and_values_are_as_listed)
{
    ck_assert_uint_ge(sizeof rows / sizeof *rows, 150);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *const row = &rows[i];
        struct classified found;
        char value[2 * NUMBER_TEXT_SIZE];
        text_classify(row->text, &found);
        print_value(&found, value, sizeof value);
        ck_assert_msg(found.class == row->class, "\"%s\": class %x, not %x", row->text.bytes,
                      (unsigned)found.class, (unsigned)row->class);
        ck_assert_msg(strcmp(value, row->value) == 0, "\"%s\": %s, not %s", row->text.bytes, value,
                      row->value);
    }
}
END_TEST

/* An instant has the form that its class says, and only it has one. */
START_TEST(forms_go_with_classes)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct classified found;
        text_classify(rows[i].text, &found);
        const enum instant_form form = found.class == CLASS_DATE    ? INSTANT_DATE
                                       : found.class == CLASS_LOCAL ? INSTANT_LOCAL
                                       : found.class == CLASS_ZONED ? INSTANT_ZONED
                                                                    : INSTANT_NULL;
        ck_assert_uint_eq(found.instant.form, form);
    }
}
END_TEST

/* The grammar of cli.md, as regular expressions; the first that matches decides. */
static const struct {
    enum text_class class;
    const char *pattern;
} grammar[] = {
    {CLASS_ZEROS, "^[ \t]*[+-]?0[0-9]+(\\.[0-9]*)?([eE][+-]?[0-9]+)?[ \t]*$"},
    {CLASS_INTEGER, "^[ \t]*[+-]?[0-9]+[ \t]*$"},
    {CLASS_DECIMAL, "^[ \t]*[+-]?([0-9]+\\.[0-9]*|\\.[0-9]+)[ \t]*$"},
    {CLASS_FLOAT, "^[ \t]*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)[eE][+-]?[0-9]+[ \t]*$"},
    {CLASS_SPECIAL, "^[ \t]*(nan|[+-]?inf(inity)?)[ \t]*$"},
    {CLASS_BOOLEAN, "^(true|false)$"},
};

enum { PATTERNS = sizeof grammar / sizeof *grammar, LENGTH = 9 };

static enum text_class expected_class(const regex_t *compiled, struct text text)
{
    struct instant instant;
    for (size_t i = 0; i < PATTERNS; i++) {
        if (regexec(&compiled[i], text.bytes, 0, NULL, 0) == 0)
            return grammar[i].class;
    }
    if (!instant_parse(text, &instant))
        return CLASS_TEXT;
    return instant.form == INSTANT_DATE ? CLASS_DATE : CLASS_LOCAL;
}

/* Short texts of the bytes that matter, or of such pieces. */
static struct text random_text(uint64_t *state, char *out)
{
    static const char *const pieces[] = {"inf", "nan", "inity", "true", "false", "2012", "-01-",
                                         "29",  "0",   "7",     ".",    "e",     "E",    "+",
                                         "-",   " ",   "\t",    "x",    "NaN",   "Inf"};
    out[0] = '\0';
    const uint64_t count = unit_random(state) % (LENGTH + 1);
    for (uint64_t i = 0; i < count; i++)
        strcat(out, pieces[unit_random(state) % (sizeof pieces / sizeof *pieces)]);
    return (struct text){.bytes = out, .length = strlen(out)};
}

START_TEST(classes_follow_the_grammar)
{
    uint64_t state = unit_seed("classes", 1);
    regex_t compiled[PATTERNS];
    for (size_t i = 0; i < PATTERNS; i++)
        ck_assert_int_eq(
            regcomp(&compiled[i], grammar[i].pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB), 0);
    for (int i = 0; i < 100000; i++) {
        char bytes[LENGTH * 8];
        struct classified found;
        struct number number = {.kind = NUMBER_NULL};
        const struct text text = random_text(&state, bytes);
        text_classify(text, &found);
        const bool is_number = number_parse(text, &number);
        ck_assert_uint_eq(found.number.kind, number.kind);
        ck_assert_int_eq(is_number, found.number.kind != NUMBER_NULL);
        const enum text_class expected = expected_class(compiled, text);
        const bool is_past = number.kind == NUMBER_DOUBLE &&
                             (expected == CLASS_INTEGER || expected == CLASS_DECIMAL);
        ck_assert_msg(found.class == (is_past ? CLASS_FLOAT : expected), "\"%s\"", bytes);
    }
    for (size_t i = 0; i < PATTERNS; i++)
        regfree(&compiled[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("classify");
    TCase *tcase = tcase_create("classify");
    tcase_add_test(tcase, classes_and_values_are_as_listed);
    tcase_add_test(tcase, forms_go_with_classes);
    tcase_add_test(tcase, classes_follow_the_grammar);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
