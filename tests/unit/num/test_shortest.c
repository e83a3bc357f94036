/* Shortest digits against what the C library finds by printing and reading back, and the powers
 * they are made with against GMP. */
#include "num/print.h"
#include "num/shortest.h"
#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { RANDOM_NUMBERS = 200000 };

/* ---- the oracle -------------------------------------------------------------------------- */

struct decimal_text {
    char digits[40];
    int exponent; /* of the first digit */
};

static double read_back(const struct decimal_text *text, bool single)
{
    char written[64];
    snprintf(written, sizeof written, "%c.%se%d", text->digits[0], text->digits + 1,
             text->exponent);
    return single ? (double)strtof(written, NULL) : strtod(written, NULL);
}

static struct decimal_text round_to(double magnitude, int count)
{
    struct decimal_text text;
    char written[64];
    snprintf(written, sizeof written, "%.*e", count - 1, magnitude);
    text.digits[0] = written[0];
    const int more = count - 1;
    memcpy(text.digits + 1, written + 2, (size_t)more);
    text.digits[count] = '\0';
    text.exponent = (int)strtol(strchr(written, 'e') + 1, NULL, 10);
    return text;
}

static void round_up(struct decimal_text *text)
{
    size_t i = strlen(text->digits);
    while (i > 0 && text->digits[i - 1] == '9')
        text->digits[--i] = '0';
    if (i > 0) {
        text->digits[i - 1]++;
        return;
    }
    text->digits[0] = '1';
    text->exponent++;
}

/* The nearest decimal of each length, and at powers of two the one after, until one reads back. */
static struct decimal_text find_text(double magnitude, bool single)
{
    struct decimal_text text;
    for (int count = 1; count <= DBL_DECIMAL_DIG; count++) {
        int unused;
        text = round_to(magnitude, count);
        if (read_back(&text, single) == magnitude)
            break;
        if (frexp(magnitude, &unused) != 0.5)
            continue;
        round_up(&text);
        if (read_back(&text, single) == magnitude)
            break;
    }
    return text;
}

/* The digits of one number, and what they stand for. */
static void assert_shortest(double magnitude, bool single)
{
    const struct shortest found =
        single ? shortest_of_float((float)magnitude) : shortest_of_double(magnitude);
    struct decimal_text expected = find_text(magnitude, single);
    for (size_t end = strlen(expected.digits); end > 1 && expected.digits[end - 1] == '0'; end--)
        expected.digits[end - 1] = '\0';
    char digits[40];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)found.digits);
    const int first = found.exponent + count - 1;
    while (count > 1 && digits[count - 1] == '0')
        digits[--count] = '\0';
    ck_assert_msg(strcmp(digits, expected.digits) == 0 && first == expected.exponent,
                  "%a: %se%d, expected %se%d", magnitude, digits, first, expected.digits,
                  expected.exponent);
}

static void assert_with_neighbours(double magnitude)
{
    const double around[] = {magnitude, nextafter(magnitude, 0), nextafter(magnitude, INFINITY)};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        if (around[i] > 0 && isfinite(around[i]))
            assert_shortest(around[i], false);
    }
    const float single = (float)magnitude;
    const float singles[] = {single, nextafterf(single, 0), nextafterf(single, INFINITY)};
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        if (singles[i] > 0 && isfinite(singles[i]))
            assert_shortest((double)singles[i], true);
    }
}

/* ---- numbers ----------------------------------------------------------------------------- */

START_TEST(powers_of_two)
{
    for (int exponent = -1074; exponent < 1024; exponent++)
        assert_with_neighbours(ldexp(1, exponent));
}
END_TEST

START_TEST(powers_of_ten)
{
    for (int exponent = -324; exponent <= 308; exponent++) {
        for (int digit = 1; digit < 10; digit++) {
            char text[32];
            snprintf(text, sizeof text, "%de%d", digit, exponent);
            assert_with_neighbours(strtod(text, NULL));
        }
    }
}
END_TEST

START_TEST(random_bits)
{
    uint64_t state = unit_seed("shortest bits", 1);
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        const uint64_t bits = unit_random(&state) & INT64_MAX;
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && value != 0)
            assert_shortest(value, false);
        const uint32_t half = (uint32_t)bits & INT32_MAX;
        float single;
        memcpy(&single, &half, sizeof single);
        if (isfinite(single) && single != 0)
            assert_shortest((double)single, true);
    }
}
END_TEST

START_TEST(subnormals)
{
    uint64_t state = unit_seed("shortest subnormals", 2);
    for (uint64_t bits = 1; bits < 3000; bits++)
        assert_shortest(ldexp((double)bits, -1074), false);
    for (int i = 0; i < RANDOM_NUMBERS / 10; i++) {
        const uint64_t bits = unit_random(&state) >> (12 + unit_random(&state) % 52);
        if (bits > 0)
            assert_shortest(ldexp((double)bits, -1074), false);
        if ((bits & 0x7fffff) > 0)
            assert_shortest(ldexp((double)(bits & 0x7fffff), -149), true);
    }
}
END_TEST

/* Short decimals, quotients of small integers, and doubles that are half-way between two decimals
 * of 16 or 17 digits: integers of more than 53 bits, and multiples of small powers of two. */
START_TEST(everyday_numbers_and_ties)
{
    uint64_t state = unit_seed("shortest everyday", 3);
    for (int i = 0; i < RANDOM_NUMBERS; i++) {
        const uint64_t word = unit_random(&state);
        const double digits = (double)(word >> (20 + word % 40));
        const double divisor = (double)(1 + unit_random(&state) % 1000);
        const int exponent = (int)(unit_random(&state) % 24) - 12;
        const double odd = (double)((word >> 11) | 1);
        assert_shortest(ldexp(odd, exponent), false);
        if (digits > 0) {
            assert_shortest(digits / divisor, false);
            assert_shortest(digits * pow(10, exponent), false);
        }
    }
}
END_TEST

/* ---- the proof's premises ---------------------------------------------------------------- */

/* 10^power times the power of two that gives it 128 bits. */
static void exact_power(mpq_t out, int power)
{
    const unsigned long size = (unsigned long)(power < 0 ? -power : power);
    const int shift = 127 - shortest_power_log2(power);
    mpz_set_ui(mpq_numref(out), 1);
    mpz_ui_pow_ui(mpq_denref(out), 10, size);
    if (power >= 0)
        mpz_swap(mpq_numref(out), mpq_denref(out));
    if (shift >= 0)
        mpq_mul_2exp(out, out, (mp_bitcnt_t)shift);
    else
        mpq_div_2exp(out, out, (mp_bitcnt_t)-shift);
    mpq_canonicalize(out);
}

START_TEST(powers_are_a_little_too_great)
{
    mpq_t exact;
    mpq_t ours;
    mpq_inits(exact, ours, NULL);
    for (int power = SHORTEST_POWER_MIN; power <= SHORTEST_POWER_MAX; power++) {
        exact_power(exact, power);
        const uint128 found = shortest_power(power);
        ck_assert_msg(found >> 127 == 1, "10^%d has no 128 bits", power);
        oracle_set_int128(mpq_numref(ours), (int128)(found >> 1));
        mpz_set_ui(mpq_denref(ours), 1);
        mpq_mul_2exp(ours, ours, 1);
        mpz_add_ui(mpq_numref(ours), mpq_numref(ours), (unsigned long)(found & 1));
        mpq_sub(ours, ours, exact);
        ck_assert_msg(mpq_sgn(ours) > 0 && mpq_cmp_ui(ours, 4, 1) < 0, "10^%d is off by %g", power,
                      mpq_get_d(ours));
    }
    mpq_clears(exact, ours, NULL);
}
END_TEST

/* The least positive (factor * x) mod modulus, and the greatest, for x from 1 to `most`: the
 * intermediate convergents of factor / modulus (Lagrange), step by step as in Euclid's algorithm.
 * low_x * factor = low and high_x * factor = -high (mod modulus). */
struct extremes {
    mpz_t low;
    mpz_t high; /* what the greatest lacks of the modulus */
    mpz_t low_x;
    mpz_t high_x;
};

/* Lowers `a` by as many `b` as leave it above 0 and its place within `most`. False: by none. */
static bool lower(mpz_t a, mpz_t a_x, const mpz_t b, const mpz_t b_x, const mpz_t most)
{
    mpz_t times;
    mpz_t room;
    mpz_inits(times, room, NULL);
    if (mpz_sgn(b) > 0 && mpz_cmp(a, b) > 0) {
        mpz_sub_ui(times, a, 1);
        mpz_fdiv_q(times, times, b);
        mpz_sub(room, most, a_x);
        mpz_fdiv_q(room, room, b_x);
        if (mpz_cmp(room, times) < 0)
            mpz_set(times, room);
        mpz_submul(a, b, times);
        mpz_addmul(a_x, b_x, times);
    }
    const bool lowered = mpz_sgn(times) > 0;
    mpz_clears(times, room, NULL);
    return lowered;
}

static void find_extremes(struct extremes *out, const mpz_t factor, const mpz_t modulus,
                          const mpz_t most)
{
    mpz_mod(out->low, factor, modulus);
    mpz_sub(out->high, modulus, out->low);
    mpz_set_ui(out->low_x, 1);
    mpz_set_ui(out->high_x, 1);
    bool lowered = true;
    while (lowered && mpz_sgn(out->low) > 0) {
        lowered = lower(out->low, out->low_x, out->high, out->high_x, most);
        lowered |= lower(out->high, out->high_x, out->low, out->low_x, most);
    }
}

/* What num/shortest.c multiplies by integers up to 2^55 + 2: no product is nearer to an integer
 * than 2^-66, unless it is one. */
static void assert_far_from_integers(int exponent, int k, struct extremes *found)
{
    mpq_t product;
    mpz_t most;
    mpz_t limit;
    mpq_init(product);
    mpz_inits(most, limit, NULL);
    exact_power(product, -k);
    const int shift = exponent + shortest_power_log2(-k) + 1;
    ck_assert_int_ge(shift, 1);
    ck_assert_int_le(shift, 4);
    mpq_div_2exp(product, product, (mp_bitcnt_t)(128 - shift));
    mpz_ui_pow_ui(most, 2, 55);
    mpz_add_ui(most, most, 2);
    find_extremes(found, mpq_numref(product), mpq_denref(product), most);
    mpz_fdiv_q_2exp(limit, mpq_denref(product), 66);
    if (mpz_cmp_ui(mpq_denref(product), 1) > 0)
        ck_assert_msg(mpz_cmp(found->low, limit) > 0 && mpz_cmp(found->high, limit) > 0,
                      "2^%d / 10^%d", exponent, k);
    mpz_clears(most, limit, NULL);
    mpq_clear(product);
}

START_TEST(no_product_is_too_near_to_an_integer)
{
    struct extremes found;
    mpz_inits(found.low, found.high, found.low_x, found.high_x, NULL);
    for (int exponent = -1074; exponent <= 971; exponent++) {
        const int k = (exponent * 1262611) >> 22;
        const int nearer = (exponent * 1262611 - 524031) >> 22;
        assert_far_from_integers(exponent, k, &found);
        if (nearer != k)
            assert_far_from_integers(exponent, nearer, &found);
    }
    mpz_clears(found.low, found.high, found.low_x, found.high_x, NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("shortest");
    TCase *tests = tcase_create("shortest");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, powers_of_two);
    tcase_add_test(tests, powers_of_ten);
    tcase_add_test(tests, random_bits);
    tcase_add_test(tests, subnormals);
    tcase_add_test(tests, everyday_numbers_and_ties);
    tcase_add_test(tests, powers_are_a_little_too_great);
    tcase_add_test(tests, no_product_is_too_near_to_an_integer);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
