#include "num/parse.h"

#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <math.h>
#include <string.h>

static struct text text_of(const char *string)
{
    return (struct text){.bytes = string, .length = strlen(string)};
}

static bool parse(const char *string, struct number *out)
{
    memset(out, 0xa5, sizeof *out);
    return number_parse(text_of(string), out);
}

/* What the text means, by GMP: the digits as an integer, times a power of ten. */
static void oracle_parse(mpq_t out, const char *string)
{
    char digits[8192];
    size_t count = 0;
    long exponent = 0;
    bool fraction = false;
    const char *at = string + strspn(string, " \t+-");
    for (; *at != '\0' && strchr("0123456789.", *at) != NULL; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        digits[count++] = *at;
        exponent -= fraction;
    }
    digits[count] = '\0';
    if (*at == 'e' || *at == 'E')
        exponent += strtol(at + 1, NULL, 10);
    mpq_set_ui(out, 1, 1);
    mpz_ui_pow_ui(mpq_numref(out), 10, (unsigned long)labs(exponent));
    if (exponent < 0)
        mpq_inv(out, out);
    mpq_t integer;
    mpq_init(integer);
    mpz_set_str(mpq_numref(integer), digits, 10);
    mpq_mul(out, out, integer);
    if (strchr(string, '-') != NULL && string[strspn(string, " \t")] == '-')
        mpq_neg(out, out);
    mpq_clear(integer);
}

static void assert_right(const char *string)
{
    struct number number;
    mpq_t value;
    mpq_init(value);
    oracle_parse(value, string);
    ck_assert_msg(parse(string, &number), "not read: %s", string);
    ck_assert_msg(oracle_sum(value, &number), "read wrong: %s", string);
    mpq_clear(value);
}

static const char *const numbers_good[] = {"0",
                                           "-0",
                                           "+0",
                                           "00",
                                           "0.0",
                                           ".0",
                                           "0.",
                                           "-.5",
                                           "+5.",
                                           "1",
                                           "-1",
                                           "007",
                                           "1.50",
                                           "1e5",
                                           "1E5",
                                           "1e+5",
                                           "1e-5",
                                           "1.e5",
                                           ".1e5",
                                           " 1",
                                           "1 ",
                                           "\t 1\t ",
                                           " -1.5e2 ",
                                           "0e0",
                                           "1e0005",
                                           "1234567890123456789",
                                           "-1234567890123456789",
                                           "12345678901234567890",
                                           "9999999999999999999",
                                           "18446744073709551616",
                                           "123456789.1234567890",
                                           "0000000000000000000000000000000000000001",
                                           "99999999999999999999999999999999999999",
                                           "-99999999999999999999999999999999999999",
                                           "999999999999999999999999999999999999990",
                                           "100000000000000000000000000000000000001",
                                           "99999999999999999999999999999999999999e38",
                                           "99999999999999999999999999999999999999e39",
                                           "1e38",
                                           "1e39",
                                           "10e37",
                                           "10e38",
                                           "1e-38",
                                           "1e-39",
                                           "10e-39",
                                           "10e-38",
                                           "0.1e-37",
                                           "0.00000000000000000000000000000000000001",
                                           "0.000000000000000000000000000000000000010",
                                           "0.000000000000000000000000000000000000001",
                                           "5e-324",
                                           "2e-324",
                                           "3e-324",
                                           "4.9e-324",
                                           "2.4703282292062327e-324",
                                           "2.4703282292062328e-324",
                                           "1e308",
                                           "1.7976931348623157e308",
                                           "1.7976931348623158e308",
                                           "1.7976931348623159e308",
                                           "1e309",
                                           "1e400",
                                           "-1e400",
                                           "1e-400",
                                           "-1e-400",
                                           "2.2250738585072011e-308",
                                           "2.2250738585072014e-308",
                                           "9007199254740993e40",
                                           "0.1",
                                           "0e999",
                                           "0e99999",
                                           "-0e-99999"};

START_TEST(reads_what_the_grammar_allows)
{
    for (size_t i = 0; i < sizeof numbers_good / sizeof *numbers_good; i++)
        assert_right(numbers_good[i]);
}
END_TEST

static const char *const numbers_bad[] = {"",
                                          " ",
                                          "\t",
                                          "+",
                                          "-",
                                          ".",
                                          "-.",
                                          "e",
                                          "e5",
                                          ".e5",
                                          "1e",
                                          "1e+",
                                          "1e-",
                                          "1e5.",
                                          "1e5.0",
                                          "--1",
                                          "+-1",
                                          "- 1",
                                          "1 2",
                                          "1,5",
                                          "1.2.3",
                                          "..1",
                                          "1..",
                                          "0x10",
                                          "1_000",
                                          "1,000",
                                          "1a",
                                          "a1",
                                          "1e5e5",
                                          "1f",
                                          "1d",
                                          "infi",
                                          "in",
                                          "infinityy",
                                          "inf 1",
                                          "+nan",
                                          "-nan",
                                          "nan(1)",
                                          "na",
                                          "nan1",
                                          "+ inf",
                                          "1\n",
                                          "\n1",
                                          "1\r",
                                          "\v1",
                                          "i",
                                          "n",
                                          "--inf",
                                          "1ee5",
                                          "1e 5",
                                          "1 e5",
                                          "\xc2\xa0 1",
                                          "1\xff",
                                          "-",
                                          "$1",
                                          "1%",
                                          "True",
                                          "null",
                                          "12345678901234567890a",
                                          "1234567890123456789012.5.5",
                                          "/",
                                          ":",
                                          "1:",
                                          "\x0e\x0e\x0e"};

START_TEST(refuses_the_rest)
{
    struct number number;
    for (size_t i = 0; i < sizeof numbers_bad / sizeof *numbers_bad; i++)
        ck_assert_msg(!parse(numbers_bad[i], &number), "read: %s", numbers_bad[i]);
    ck_assert(!number_parse((struct text){.bytes = "1\0", .length = 2}, &number));
    ck_assert(!number_parse((struct text){0}, &number));
}
END_TEST

START_TEST(reads_specials)
{
    static const char *const plus[] = {"inf", "Inf", "+INF", "infinity", "+Infinity", " iNf\t"};
    static const char *const minus[] = {"-inf", "-INFINITY", "  -Inf "};
    static const char *const none[] = {"nan", "NaN", "NAN", " nan "};
    struct number number;
    for (size_t i = 0; i < sizeof plus / sizeof *plus; i++)
        ck_assert(parse(plus[i], &number) && number.kind == NUMBER_DOUBLE &&
                  number.real == (double)INFINITY);
    for (size_t i = 0; i < sizeof minus / sizeof *minus; i++)
        ck_assert(parse(minus[i], &number) && number.kind == NUMBER_DOUBLE &&
                  number.real == -(double)INFINITY);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert(parse(none[i], &number) && number.kind == NUMBER_DOUBLE && isnan(number.real) &&
                  !signbit(number.real));
}
END_TEST

START_TEST(survives_huge_exponents)
{
    struct number number;
    ck_assert(parse("1e999999999999", &number) && isinf(number.real));
    ck_assert(parse("-1e99999999999999999999999999999999999999", &number));
    ck_assert(number.real == -(double)INFINITY);
    ck_assert(parse("1e18446744073709551617", &number) && isinf(number.real)); /* 2^64 + 1 */
    ck_assert(parse("1e-99999999999999999999999999999999999999", &number));
    ck_assert(number.kind == NUMBER_DOUBLE && number.real == 0 && !signbit(number.real));
    ck_assert(parse("-1e-9223372036854775808", &number));
    ck_assert(number.kind == NUMBER_DOUBLE && number.real == 0 && !signbit(number.real));
    ck_assert(parse("0e9223372036854775807", &number));
    ck_assert(number.kind == NUMBER_DECIMAL && number.mantissa == 0 && number.exponent == 0);
}
END_TEST

/* A million digits on one side, an exponent that takes them back. */
START_TEST(reads_long_texts)
{
    enum { LENGTH = 1000000 };
    char *string = malloc(LENGTH + 32);
    ck_assert_ptr_nonnull(string);
    struct number number;
    memset(string, '0', LENGTH);
    string[0] = '7';
    strcpy(string + LENGTH, "e-999999");
    ck_assert(parse(string, &number));
    ck_assert(number.kind == NUMBER_DECIMAL && number.mantissa == 7 && number.exponent == 0);
    memset(string, '0', LENGTH);
    string[1] = '.';
    string[LENGTH - 1] = '3';
    strcpy(string + LENGTH, "e999998");
    ck_assert(parse(string, &number));
    ck_assert(number.kind == NUMBER_DECIMAL && number.mantissa == 3 && number.exponent == 0);
    memset(string, '9', LENGTH);
    strcpy(string + LENGTH, "e-1000000");
    ck_assert(parse(string, &number));
    ck_assert(number.kind == NUMBER_DOUBLE && number.real == 1.0);
    /* 2^53 + 1 lies half-way between doubles; the last of all digits decides. */
    memset(string, '0', LENGTH);
    memcpy(string, "9007199254740993.", 17);
    string[LENGTH] = '\0';
    ck_assert(parse(string, &number) && number.kind == NUMBER_DECIMAL);
    string[LENGTH - 1] = '1';
    ck_assert(parse(string, &number));
    ck_assert(number.kind == NUMBER_DOUBLE && number.real == 9007199254740994.0);
    free(string);
}
END_TEST

/* Writes random digits; runs of 0 and 9 are likely. */
static char *put_digits(uint64_t *state, char *at, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t kind = unit_random(state) % 8;
        const char last = i == 0 ? '0' : at[-1];
        *at++ = kind < 3 ? last : kind == 3 ? '9' : (char)('0' + unit_random(state) % 10);
    }
    return at;
}

START_TEST(reads_random_texts)
{
    uint64_t state = unit_seed("parse random", 5);
    char string[8192];
    for (int i = 0; i < 30000; i++) {
        const uint64_t most = i % 1000 == 0 ? 3000 : i % 3 == 0 ? 8 : 45;
        char *at = string;
        if (unit_random(&state) % 3 == 0)
            *at++ = unit_random(&state) % 2 == 0 ? '-' : '+';
        at = put_digits(&state, at, 1 + unit_random(&state) % most);
        if (unit_random(&state) % 3 != 0) {
            *at++ = '.';
            at = put_digits(&state, at, unit_random(&state) % most);
        }
        *at = '\0';
        const int range = i % 4 == 0 ? 400 : 50;
        if (unit_random(&state) % 2 == 0)
            sprintf(at, "e%d", (int)(unit_random(&state) % (uint64_t)(2 * range)) - range);
        assert_right(string);
    }
}
END_TEST

/* The points half-way between doubles, and a hair beside them. */
START_TEST(reads_half_way_texts)
{
    uint64_t state = unit_seed("parse half-way", 6);
    mpz_t integer;
    mpz_init(integer);
    char string[8192];
    for (int i = 0; i < 3000; i++) {
        uint64_t mantissa = unit_random(&state) >> 11 | UINT64_C(1) << 52;
        int exponent = (int)(unit_random(&state) % 2046) - 1075; /* of half a last bit */
        if (i % 5 == 0) {
            mantissa = unit_random(&state) >> (12 + unit_random(&state) % 52);
            exponent = -1075;
        }
        mpz_set_ui(integer, 2 * mantissa + 1);
        if (exponent >= 0)
            mpz_mul_2exp(integer, integer, (mp_bitcnt_t)exponent);
        for (int k = exponent; k < 0; k++)
            mpz_mul_ui(integer, integer, 5);
        mpz_mul_ui(integer, integer, 10);
        const int beside = (int)(unit_random(&state) % 3) - 1;
        if (beside > 0)
            mpz_add_ui(integer, integer, 1);
        if (beside < 0)
            mpz_sub_ui(integer, integer, 1);
        mpz_get_str(string, 10, integer);
        sprintf(string + strlen(string), "e%d", (exponent < 0 ? exponent : 0) - 1);
        assert_right(string);
    }
    mpz_clear(integer);
}
END_TEST

START_TEST(reads_columns)
{
    static const char *const strings[] = {"1.25", NULL, "x", "", "-3", " 4 ", "1e2", "1-", NULL};
    enum { COUNT = sizeof strings / sizeof *strings };
    static const uint8_t kinds[COUNT] = {NUMBER_DECIMAL, NUMBER_NULL,    NUMBER_NULL,
                                         NUMBER_NULL,    NUMBER_DECIMAL, NUMBER_DECIMAL,
                                         NUMBER_DECIMAL, NUMBER_NULL,    NUMBER_NULL};
    struct text texts[COUNT];
    for (int i = 0; i < COUNT; i++)
        texts[i] = strings[i] == NULL ? (struct text){0} : text_of(strings[i]);
    struct number numbers[COUNT];
    uint32_t bad[COUNT];
    ck_assert_uint_eq(number_parse_column(texts, COUNT, numbers, bad), 3);
    ck_assert_uint_eq(bad[0], 2);
    ck_assert_uint_eq(bad[1], 3);
    ck_assert_uint_eq(bad[2], 7);
    for (int i = 0; i < COUNT; i++)
        ck_assert_uint_eq(numbers[i].kind, kinds[i]);
    ck_assert(numbers[0].mantissa == 125 && numbers[0].exponent == -2);
    ck_assert(numbers[4].mantissa == -3);

    static const uint32_t selection[] = {1, 3, 4, 7};
    memset(numbers, 0xa5, sizeof numbers);
    ck_assert_uint_eq(number_parse_selected(texts, selection, 4, numbers, bad), 2);
    ck_assert_uint_eq(bad[0], 3);
    ck_assert_uint_eq(bad[1], 7);
    ck_assert_uint_eq(numbers[1].kind, NUMBER_NULL);
    ck_assert_uint_eq(numbers[4].kind, NUMBER_DECIMAL);
    ck_assert_uint_eq(numbers[0].kind, 0xa5); /* not selected, not touched */
    ck_assert_uint_eq(number_parse_column(NULL, 0, NULL, NULL), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("parse");
    TCase *tests = tcase_create("parse");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, reads_what_the_grammar_allows);
    tcase_add_test(tests, refuses_the_rest);
    tcase_add_test(tests, reads_specials);
    tcase_add_test(tests, survives_huge_exponents);
    tcase_add_test(tests, reads_long_texts);
    tcase_add_test(tests, reads_random_texts);
    tcase_add_test(tests, reads_half_way_texts);
    tcase_add_test(tests, reads_columns);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
