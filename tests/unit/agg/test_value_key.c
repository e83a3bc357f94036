/* The keys of numbers and instants: equal values have equal keys, others never, and there is a way
 * back. */
#include "agg/value_table.h"

#include "num/compare.h"
#include "num/time.h"
#include "unit/unit.h"

#include <math.h>

static bool same_bytes(struct text a, struct text b)
{
    return text_compare(a, b) == 0;
}

static struct number decimal(int128 mantissa, int exponent)
{
    return (struct number){
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
}

static bool same_number_keys(struct number a, struct number b)
{
    char key_a[VALUE_KEY_SIZE];
    char key_b[VALUE_KEY_SIZE];
    const struct text text_a = {.bytes = key_a, .length = value_key_of_number(&a, key_a)};
    const struct text text_b = {.bytes = key_b, .length = value_key_of_number(&b, key_b)};
    struct number back;
    value_key_number(text_a, &back);
    ck_assert_int_eq(number_compare(&a, &back), 0);
    ck_assert_uint_eq(back.kind, a.kind);
    if (a.kind == NUMBER_DOUBLE)
        ck_assert_int_eq(back.exponent, a.exponent);
    return same_bytes(text_a, text_b);
}

/* Equal numbers have equal keys, others have not. */
START_TEST(test_number_keys)
{
    int128 most = 1;
    for (int i = 0; i < NUMBER_DIGITS; i++)
        most *= 10;
    most -= 1;
    const struct number decimals[] = {
        decimal(0, 0),
        decimal(0, -5),
        decimal(0, 38),
        decimal(1, 0),
        decimal(10, -1),
        decimal(100, -2),
        decimal(1000, 0),
        decimal(1, 3),
        decimal(100, 1),
        decimal(-1, 0),
        decimal(-10, -1),
        decimal(1, 38),
        decimal(10, 37),
        decimal(most, 0),
        decimal(-most, 0),
        decimal(most, 38),
        decimal(most, -38),
        decimal(1, -38),
        decimal(INT64_MIN, 0),
        decimal(INT64_MAX, 0),
        decimal((int128)INT64_MAX + 1, 0),
        decimal(-(int128)UINT64_MAX, -3),
    };
    const size_t count = sizeof decimals / sizeof decimals[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            ck_assert_int_eq(same_number_keys(decimals[i], decimals[j]),
                             number_compare(&decimals[i], &decimals[j]) == 0);
    const double reals[] = {0,     1,        -1,        0.1,         4.9e-324,
                            1e300, HUGE_VAL, -HUGE_VAL, (double)NAN, -(double)NAN};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        for (size_t j = 0; j < sizeof reals / sizeof reals[0]; j++) {
            const struct number a = {.real = reals[i], .kind = NUMBER_DOUBLE};
            struct number b = {.real = reals[j], .kind = NUMBER_DOUBLE};
            ck_assert_int_eq(same_number_keys(a, b), number_compare(&a, &b) == 0);
            b.exponent = NUMBER_SINGLE;
            ck_assert(!same_number_keys(a, b));
            ck_assert(same_number_keys(b, b));
        }
}
END_TEST

START_TEST(test_instant_keys)
{
    static const struct instant instants[] = {
        {.seconds = 0, .form = INSTANT_DATE},
        {.seconds = INT64_MIN, .form = INSTANT_LOCAL},
        {.seconds = INT64_MAX, .attoseconds = UINT64_C(999999999999999999), .form = INSTANT_ZONED},
        {.seconds = -1, .attoseconds = 1, .form = INSTANT_LOCAL},
        {.seconds = -1, .attoseconds = 2, .form = INSTANT_LOCAL},
    };
    const size_t count = sizeof instants / sizeof instants[0];
    char keys[sizeof instants / sizeof instants[0]][VALUE_KEY_SIZE];
    for (size_t i = 0; i < count; i++) {
        const size_t length = value_key_of_instant(&instants[i], keys[i]);
        struct instant back;
        value_key_instant((struct text){.bytes = keys[i], .length = length}, &back);
        ck_assert_int_eq(instant_compare(&back, &instants[i]), 0);
        ck_assert_int_eq(back.form, instants[i].form);
        for (size_t j = 0; j < i; j++)
            ck_assert(memcmp(keys[i], keys[j], length) != 0);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("value key");
    TCase *tcase = tcase_create("value key");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_number_keys);
    tcase_add_test(tcase, test_instant_keys);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
