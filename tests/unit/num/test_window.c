#include "num/window.h"

#include "unit/unit.h"

#include <gmp.h>

enum { LOW = -10, SPAN = 20 };

/* The window's value in units of 2^(64 * LOW). */
static void to_mpz(mpz_t out, const struct window *window)
{
    struct bignat magnitude;
    window_magnitude(window, &magnitude);
    mpz_import(out, magnitude.length, -1, sizeof *magnitude.limbs, 0, 0, magnitude.limbs);
    if (window_negative(window))
        mpz_neg(out, out);
    if (window->length > 0)
        mpz_mul_2exp(out, out, (mp_bitcnt_t)(64 * (window->low - LOW)));
}

static void assert_same(const struct window *window, const mpz_t expected)
{
    mpz_t found;
    mpz_init(found);
    to_mpz(found, window);
    ck_assert(mpz_cmp(found, expected) == 0);
    mpz_clear(found);
}

static uint64_t random_limb(uint64_t *state)
{
    const uint64_t kind = unit_random(state) % 4;
    return kind == 0 ? UINT64_MAX : kind == 1 ? 0 : unit_random(state);
}

static void add_random(uint64_t *state, struct window *window, mpz_t model, int span)
{
    uint64_t limbs[3];
    const size_t count = unit_random(state) % 4;
    const int low = LOW + (int)(unit_random(state) % (uint64_t)span);
    for (size_t i = 0; i < count; i++)
        limbs[i] = random_limb(state);
    static const struct window_charge charge;
    ck_assert_int_eq(window_reserve(window, low, low + (int)count + 1, &charge), SHEAF_OK);
    mpz_t addend;
    mpz_init(addend);
    mpz_import(addend, count, -1, sizeof *limbs, 0, 0, limbs);
    mpz_mul_2exp(addend, addend, (mp_bitcnt_t)(64 * (low - LOW)));
    if (unit_random(state) % 2 == 0) {
        window_add(window, low, limbs, count);
        mpz_add(model, model, addend);
    } else {
        window_subtract(window, low, limbs, count);
        mpz_sub(model, model, addend);
    }
    mpz_clear(addend);
}

START_TEST(adds_like_integers)
{
    uint64_t state = unit_seed("window adds", 1);
    mpz_t model;
    mpz_init(model);
    for (int round = 0; round < 2000; round++) {
        struct window window = {0};
        mpz_set_ui(model, 0);
        for (int i = 0; i < 40; i++) {
            add_random(&state, &window, model, SPAN);
            assert_same(&window, model);
        }
        ck_assert_int_le(window.length, SPAN + 4);
        window_drop(&window, NULL);
    }
    mpz_clear(model);
}
END_TEST

START_TEST(merges_like_integers)
{
    uint64_t state = unit_seed("window merges", 2);
    static const struct window_charge charge;
    mpz_t models[2];
    mpz_inits(models[0], models[1], NULL);
    for (int round = 0; round < 5000; round++) {
        struct window windows[2] = {0};
        for (int w = 0; w < 2; w++) {
            mpz_set_ui(models[w], 0);
            const uint64_t adds = 1 + unit_random(&state) % 4;
            for (uint64_t i = 0; i < adds; i++)
                add_random(&state, &windows[w], models[w], 1 + (int)(unit_random(&state) % SPAN));
        }
        ck_assert_int_eq(
            window_reserve(&windows[0], windows[1].low, window_high(&windows[1]), &charge),
            SHEAF_OK);
        assert_same(&windows[0], models[0]);
        window_merge(&windows[0], &windows[1]);
        mpz_add(models[0], models[0], models[1]);
        assert_same(&windows[0], models[0]);
        assert_same(&windows[1], models[1]);
        window_drop(&windows[0], NULL);
        window_drop(&windows[1], NULL);
    }
    mpz_clears(models[0], models[1], NULL);
}
END_TEST

/* Doubling a window over and over: the headroom is kept. */
START_TEST(never_overflows)
{
    static const struct window_charge charge;
    static const uint64_t most[] = {UINT64_MAX};
    mpz_t model;
    mpz_init(model);
    for (int negative = 0; negative <= 1; negative++) {
        struct window window = {0};
        ck_assert_int_eq(window_reserve(&window, LOW, LOW + 2, &charge), SHEAF_OK);
        if (negative)
            window_subtract(&window, LOW, most, 1);
        else
            window_add(&window, LOW, most, 1);
        to_mpz(model, &window);
        for (int i = 0; i < 200; i++) {
            struct window copy = {0};
            ck_assert_int_eq(window_reserve(&copy, window.low, window_high(&window), &charge),
                             SHEAF_OK);
            window_merge(&copy, &window);
            ck_assert_int_eq(window_reserve(&window, copy.low, window_high(&copy), &charge),
                             SHEAF_OK);
            window_merge(&window, &copy);
            mpz_mul_2exp(model, model, 1);
            assert_same(&window, model);
            window_drop(&copy, NULL);
        }
        window_drop(&window, NULL);
    }
    mpz_clear(model);
}
END_TEST

START_TEST(charges_what_it_takes)
{
    struct memory_budget budget = {.limit = 100};
    struct sheaf_error error;
    const struct window_charge charge = {.budget = &budget, .column = "fare", .error = &error};
    struct window window = {0};
    ck_assert_int_eq(window_reserve(&window, 0, 4, &charge), SHEAF_OK);
    ck_assert_uint_eq(budget.used, 32);
    ck_assert_int_eq(window_reserve(&window, -2, 4, &charge), SHEAF_OK);
    ck_assert_uint_eq(budget.used, 48);
    ck_assert_int_eq(window_reserve(&window, -20, 4, &charge), SHEAF_LIMIT);
    ck_assert_uint_eq(budget.used, 48);
    ck_assert_int_eq(window.low, -2);
    memory_fail_at(1);
    ck_assert_int_eq(window_reserve(&window, -3, 4, &charge), SHEAF_SYSTEM);
    memory_fail_at(0);
    ck_assert_uint_eq(budget.used, 48);
    window_drop(&window, &budget);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, adds_like_integers);
    tcase_add_test(tests, merges_like_integers);
    tcase_add_test(tests, never_overflows);
    tcase_add_test(tests, charges_what_it_takes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
