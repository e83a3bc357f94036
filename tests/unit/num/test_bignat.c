#include "num/bignat.h"

#include "unit/unit.h"

#include <gmp.h>

/* A number of random length, with runs of zeros and ones, where carries and wrong guesses of
 * quotient digits live. */
static void random_natural(uint64_t *state, size_t most, struct bignat *out)
{
    uint64_t limbs[BIGNAT_LIMBS];
    const size_t length = unit_random(state) % (most + 1);
    for (size_t i = 0; i < length; i++) {
        const uint64_t limb = unit_random(state);
        const uint64_t kind = unit_random(state) % 5;
        limbs[i] = kind == 0 ? 0 : kind == 1 ? UINT64_MAX : kind == 2 ? UINT64_C(1) << 63 : limb;
    }
    bignat_set_limbs(out, limbs, length);
}

static void to_mpz(mpz_t out, const struct bignat *number)
{
    mpz_import(out, number->length, -1, sizeof *number->limbs, 0, 0, number->limbs);
}

static void assert_same(const struct bignat *number, const mpz_t expected)
{
    mpz_t found;
    mpz_init(found);
    to_mpz(found, number);
    ck_assert(number->length == 0 || number->limbs[number->length - 1] != 0);
    ck_assert(mpz_cmp(found, expected) == 0);
    mpz_clear(found);
}

enum { ROUNDS = 20000, MOST = 20 };

START_TEST(adds_subtracts_multiplies)
{
    uint64_t state = unit_seed("bignat arithmetic", 1);
    mpz_t x, y, z;
    mpz_inits(x, y, z, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        struct bignat a, b, c;
        random_natural(&state, MOST, &a);
        random_natural(&state, MOST, &b);
        to_mpz(x, &a);
        to_mpz(y, &b);
        const int order = bignat_compare(&a, &b);
        ck_assert_int_eq((order > 0) - (order < 0), (mpz_cmp(x, y) > 0) - (mpz_cmp(x, y) < 0));
        bignat_multiply(&c, &a, &b);
        mpz_mul(z, x, y);
        assert_same(&c, z);
        bignat_copy(&c, &a);
        bignat_add(&c, &b);
        mpz_add(z, x, y);
        assert_same(&c, z);
        bignat_subtract(&c, &a);
        assert_same(&c, y);
        const uint64_t word = unit_random(&state) >> unit_random(&state) % 64;
        bignat_multiply_word(&c, word);
        mpz_mul_ui(z, y, word);
        assert_same(&c, z);
    }
    mpz_clears(x, y, z, NULL);
}
END_TEST

START_TEST(shifts_and_powers)
{
    uint64_t state = unit_seed("bignat shifts", 2);
    mpz_t x, y, z;
    mpz_inits(x, y, z, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        struct bignat a, b, c;
        random_natural(&state, MOST, &a);
        to_mpz(x, &a);
        ck_assert_uint_eq(bignat_bits(&a), mpz_sgn(x) == 0 ? 0 : mpz_sizeinbase(x, 2));
        const size_t bits = unit_random(&state) % 400;
        bignat_copy(&c, &a);
        bignat_shift_left(&c, bits);
        mpz_mul_2exp(z, x, bits);
        assert_same(&c, z);
        random_natural(&state, MOST, &b);
        to_mpz(y, &b);
        mpz_add(z, z, y);
        bignat_add_shifted(&b, &a, bits);
        assert_same(&b, z);
        bignat_copy(&c, &a);
        const bool lost = bignat_shift_right(&c, bits);
        mpz_fdiv_q_2exp(z, x, bits);
        assert_same(&c, z);
        ck_assert_int_eq(lost, mpz_sgn(x) != 0 && !mpz_divisible_2exp_p(x, bits));
        const unsigned power = (unsigned)(unit_random(&state) % 160);
        bignat_copy(&c, &a);
        bignat_multiply_five(&c, power);
        mpz_ui_pow_ui(z, 5, power);
        mpz_mul(z, z, x);
        assert_same(&c, z);
        bignat_copy(&c, &a);
        bignat_multiply_ten(&c, power);
        mpz_mul_2exp(z, z, power);
        assert_same(&c, z);
    }
    mpz_clears(x, y, z, NULL);
}
END_TEST

START_TEST(divides)
{
    uint64_t state = unit_seed("bignat division", 3);
    mpz_t x, y, q, r;
    mpz_inits(x, y, q, r, NULL);
    for (int i = 0; i < 3 * ROUNDS; i++) {
        struct bignat a, b, c;
        random_natural(&state, MOST, &a);
        random_natural(&state, MOST / 3, &b);
        if (b.length == 0)
            continue;
        to_mpz(x, &a);
        to_mpz(y, &b);
        mpz_fdiv_qr(q, r, x, y);
        bignat_divide(&c, &a, &b);
        assert_same(&c, q);
        assert_same(&a, r);
        const uint64_t word = b.limbs[0] | 1;
        const uint64_t rest = bignat_divide_word(&b, word);
        ck_assert_uint_eq(rest, mpz_fdiv_q_ui(y, y, word));
        assert_same(&b, y);
    }
    mpz_clears(x, y, q, r, NULL);
}
END_TEST

/* The cases that random operands reach about once in 2^63: the guessed digit is one too great
 * (Hacker's Delight, figure 9-1, widened). */
START_TEST(divides_when_the_guess_is_wrong)
{
    static const uint64_t number[] = {0, 0, UINT64_C(0x8000000000000000),
                                      UINT64_C(0x7fffffffffffffff)};
    static const uint64_t divisor[] = {1, 0, UINT64_C(0x8000000000000000)};
    static const uint64_t number_2[] = {0, UINT64_C(0xfffffffffffffffe),
                                        UINT64_C(0x8000000000000000)};
    static const uint64_t divisor_2[] = {UINT64_MAX, UINT64_C(0x8000000000000000)};
    mpz_t x, y;
    mpz_inits(x, y, NULL);
    for (int i = 0; i < 2; i++) {
        struct bignat a, b, c;
        bignat_set_limbs(&a, i == 0 ? number : number_2, i == 0 ? 4 : 3);
        bignat_set_limbs(&b, i == 0 ? divisor : divisor_2, i == 0 ? 3 : 2);
        to_mpz(x, &a);
        to_mpz(y, &b);
        mpz_fdiv_qr(x, y, x, y);
        bignat_divide(&c, &a, &b);
        assert_same(&c, x);
        assert_same(&a, y);
    }
    mpz_clears(x, y, NULL);
}
END_TEST

START_TEST(takes_roots)
{
    uint64_t state = unit_seed("bignat roots", 4);
    mpz_t x, y, z;
    mpz_inits(x, y, z, NULL);
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct bignat a, b, root;
        random_natural(&state, MOST / 2, &b);
        bignat_multiply(&a, &b, &b); /* a square, and its neighbours */
        struct bignat one;
        bignat_set(&one, 1);
        if (i % 3 == 1 && a.length > 0)
            bignat_subtract(&a, &one);
        if (i % 3 == 2)
            bignat_add(&a, &one);
        to_mpz(x, &a);
        mpz_sqrtrem(y, z, x);
        ck_assert_int_eq(bignat_square_root(&root, &a), mpz_sgn(z) == 0);
        assert_same(&root, y);
    }
    mpz_clears(x, y, z, NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bignat");
    TCase *tests = tcase_create("bignat");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, adds_subtracts_multiplies);
    tcase_add_test(tests, shifts_and_powers);
    tcase_add_test(tests, divides);
    tcase_add_test(tests, divides_when_the_guess_is_wrong);
    tcase_add_test(tests, takes_roots);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
