/* Texts whose nearest double is hard to find: published ones, made ones, and random ones beside
 * strtod. */
#include "num/parse.h"

#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { TEXT_ROOM = 4096 };

static struct number number_of(const char *string)
{
    struct number number;
    const struct text text = {.bytes = string, .length = strlen(string)};
    ck_assert_msg(number_parse(text, &number), "not read: %s", string);
    return number;
}

/* The double that a number is nearest to, by strtod of the decimal's parts. */
static double double_of(const struct number *number)
{
    if (number->kind == NUMBER_DOUBLE)
        return number->real;
    mpz_t mantissa;
    mpz_init(mantissa);
    oracle_set_int128(mantissa, number->mantissa);
    char text[TEXT_ROOM];
    mpz_get_str(text, 10, mantissa);
    sprintf(text + strlen(text), "e%d", number->exponent);
    mpz_clear(mantissa);
    return strtod(text, NULL);
}

/* Fails the test unless the text is read as strtod does, but for -0. */
static void assert_reads(const char *string)
{
    const struct number number = number_of(string);
    const double right = strtod(string, NULL);
    const double read = double_of(&number);
    ck_assert_msg(read == right, "%s: %a, not %a", string, read, right);
    ck_assert_msg(!(number.kind == NUMBER_DOUBLE && read == 0 && signbit(read)), "-0: %s", string);
}

/* Vern Paxson, "A Program for Testing IEEE Decimal-Binary Conversion" (1991), tables 3 and 4: texts
 * that are as near to the middle of two doubles as any of their length. */
static const char *const paxson[] = {
    "5e+125",
    "69e+267",
    "999e-26",
    "7861e-34",
    "75569e-254",
    "928609e-261",
    "9210917e+80",
    "84863171e+114",
    "653777767e+273",
    "5232604057e-298",
    "27235667517e-109",
    "653532977297e-123",
    "3142213164987e-294",
    "46202199371337e-72",
    "231010996856685e-73",
    "9324754620109615e+212",
    "78459735791271921e+49",
    "272104041512242479e+200",
    "6802601037806061975e+198",
    "20505426358836677347e-221",
    "836168422905420598437e-234",
    "4891559871276714924261e+222",
    "9e-265",
    "85e-37",
    "623e+100",
    "3571e+263",
    "81661e+153",
    "920657e-23",
    "4603285e-24",
    "87575437e-309",
    "245540327e+122",
    "6138508175e+120",
    "83356057653e+193",
    "619534293513e+124",
    "2335141086879e+218",
    "36167929443327e-159",
    "609610927149051e-255",
    "3743626360493413e-165",
    "94080055902682397e-242",
    "899810892172646163e+283",
    "7120190517612959703e+120",
    "25188282901709339043e-252",
    "308984926168550152811e-52",
    "6372891218502368041059e+64",
};

START_TEST(reads_published_texts)
{
    for (size_t i = 0; i < sizeof paxson / sizeof *paxson; i++) {
        char negative[64] = "-";
        assert_reads(paxson[i]);
        assert_reads(strcat(negative, paxson[i]));
    }
}
END_TEST

struct known {
    const char *text;
    double real;
};

/* Texts that programs once read wrong, or never stopped reading, and the edges of the range. */
static const struct known known[] = {
    {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
    {"2.2250738585072012e-308", 0x1p-1022},
    {"2.2250738585072014e-308", 0x1p-1022},
    {"1.7976931348623157e308", DBL_MAX},
    {"1.7976931348623158e308", DBL_MAX},
    {"1.797693134862315807e308", DBL_MAX},
    {"1.7976931348623158079372897140530341507e308", DBL_MAX},
    {"1.797693134862315808e308", (double)INFINITY},
    {"1.7976931348623159e308", (double)INFINITY},
    {"179769313486231580793728971405301e276", DBL_MAX},
    {"4.9406564584124654e-324", 0x1p-1074},
    {"2.4703282292062327e-324", 0},
    {"2.4703282292062328e-324", 0x1p-1074},
    {"7.4109846876186981e-324", 0x1p-1074},
    {"7.4109846876186982e-324", 0x2p-1074},
    {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
    {"0.500000000000000166533453693773481063544750213623046874", 0x1.0000000000001p-1},
    {"1.00000000000000011102230246251565404236316680908203125", 1},
    {"1.00000000000000011102230246251565404236316680908203124", 1},
    {"1.00000000000000011102230246251565404236316680908203126", 0x1.0000000000001p0},
    {"1.00000000000000033306690738754696212708950042724609375", 0x1.0000000000002p0},
    {"9007199254740991.4999999999999999999999999999999995", 9007199254740991.},
    {"9007199254740992.9999999999999999999999999999999999", 9007199254740992.},
    {"9007199254740993.0000000000000000000000000000000000", 9007199254740992.},
    {"9007199254740993.0000000000000000000000000000000001", 9007199254740994.},
    {"1090544144181609348671888949248", 0x1.b8779f2474dfap+99},
    {"1.2345678901234567e-05", 1.2345678901234567e-05},
    {"1.2345678901234567e-45", 1.2345678901234567e-45},
};

START_TEST(reads_known_texts)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct number number = number_of(known[i].text);
        const double real = double_of(&number);
        ck_assert_msg(real == known[i].real, "%s: %a", known[i].text, real);
        assert_reads(known[i].text);
    }
}
END_TEST

static uint64_t random_bits(uint64_t *state)
{
    static const uint64_t sign_and_infinity = UINT64_C(0xfff0000000000000);
    const uint64_t random = unit_random(state);
    /* Powers of two, where the doubles below are nearer, and the least numbers of all. */
    if (unit_random(state) % 8 == 0)
        return random & sign_and_infinity;
    if (unit_random(state) % 8 == 0)
        return random & UINT64_C(0x800fffffffffffff) >> unit_random(state) % 52;
    return random;
}

static double random_double(uint64_t *state)
{
    double real;
    do {
        const uint64_t bits = random_bits(state);
        memcpy(&real, &bits, sizeof real);
    } while (!isfinite(real));
    return real;
}

START_TEST(reads_printed_doubles)
{
    uint64_t state = unit_seed("printed doubles", 31);
    char text[TEXT_ROOM];
    for (int i = 0; i < 100000; i++) {
        const double real = random_double(&state);
        sprintf(text, "%.*e", 14 + (int)(unit_random(&state) % 8), real);
        assert_reads(text);
        sprintf(text, "%.17g", real);
        const struct number number = number_of(text);
        ck_assert_msg(double_of(&number) == real, "%s", text);
    }
}
END_TEST

/* Digits and exponents as they come, of those lengths at which ways of reading part. */
START_TEST(reads_as_strtod)
{
    uint64_t state = unit_seed("beside strtod", 32);
    char text[TEXT_ROOM];
    for (int i = 0; i < 300000; i++) {
        const unsigned digits = 1 + (unsigned)(unit_random(&state) % (i % 4 == 0 ? 45 : 22));
        const unsigned point = (unsigned)(unit_random(&state) % (digits + 2));
        const uint64_t zeros = unit_random(&state) % 4 == 0 ? unit_random(&state) % 22 : 0;
        char *at = text;
        if (unit_random(&state) % 3 == 0)
            *at++ = '-';
        for (unsigned k = 0; k < digits; k++) {
            if (k == point)
                *at++ = '.';
            *at++ = (char)(k < zeros ? '0' : '0' + unit_random(&state) % 10);
        }
        *at = '\0';
        const int range = i % 2 == 0 ? 40 : 345;
        if (unit_random(&state) % 3 != 0)
            sprintf(at, "%c%d", i % 5 == 0 ? 'E' : 'e',
                    (int)(unit_random(&state) % (2 * (unsigned)range)) - range);
        assert_reads(text);
    }
}
END_TEST

/* Writes the point half-way from a double to the next one up, exactly, and what comes `late` zeros
 * later: a digit, or nothing. */
static void put_half_way(char *text, double real, unsigned late, bool above)
{
    int exponent;
    (void)frexp(real, &exponent);
    exponent = exponent < -1021 || real == 0 ? -1074 : exponent - 53; /* of its last bit */
    mpz_t integer;
    mpz_init(integer);
    mpz_set_d(integer, ldexp(real, -exponent));
    exponent--;
    mpz_mul_2exp(integer, integer, 1);
    mpz_add_ui(integer, integer, 1);
    if (exponent > 0)
        mpz_mul_2exp(integer, integer, (mp_bitcnt_t)exponent);
    for (int k = exponent; k < 0; k++)
        mpz_mul_ui(integer, integer, 5);
    mpz_get_str(text, 10, integer);
    mpz_clear(integer);
    char *at = text + strlen(text);
    int power = exponent < 0 ? exponent : 0;
    if (above) {
        memset(at, '0', late);
        at[late] = '1';
        at += late + 1;
        power -= (int)late + 1;
    }
    sprintf(at, "e%d", power);
}

START_TEST(reads_half_way_texts)
{
    uint64_t state = unit_seed("half-way", 33);
    char text[TEXT_ROOM];
    for (int i = 0; i < 5000; i++) {
        const double real = fabs(random_double(&state));
        const double next = nextafter(real, (double)INFINITY);
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        const unsigned late = (unsigned)(unit_random(&state) % (i % 2 == 0 ? 20 : 1500));
        put_half_way(text, real, late, false);
        const struct number tie = number_of(text);
        ck_assert_msg(double_of(&tie) == (bits % 2 == 0 ? real : next), "%s", text);
        put_half_way(text, real, late, true);
        const struct number above = number_of(text);
        ck_assert_msg(double_of(&above) == next, "%s", text);
        assert_reads(text);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("parse hard");
    TCase *tcase = tcase_create("parse hard");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, reads_published_texts);
    tcase_add_test(tcase, reads_known_texts);
    tcase_add_test(tcase, reads_printed_doubles);
    tcase_add_test(tcase, reads_as_strtod);
    tcase_add_test(tcase, reads_half_way_texts);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
