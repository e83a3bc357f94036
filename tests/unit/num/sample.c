#include "unit/num/sample.h"

#include "num/parse.h"
#include "unit/unit.h"

#include <math.h>
#include <string.h>

struct number decimal(int128 mantissa, int exponent)
{
    return (struct number){
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
}

struct number real(double value)
{
    return (struct number){.real = value, .kind = NUMBER_DOUBLE};
}

struct number number_of(const char *text)
{
    struct number number;
    ck_assert(number_parse((struct text){.bytes = text, .length = strlen(text)}, &number));
    return number;
}

void add(struct exact_sum *sum, struct number number)
{
    if (exact_sum_add(sum, &number, NULL, NULL, NULL) != SHEAF_OK)
        ck_abort_msg("a number was not added");
}

void add_square(struct exact_sum *sum, struct number number)
{
    if (exact_sum_add_square(sum, &number, NULL, NULL, NULL) != SHEAF_OK)
        ck_abort_msg("a number was not added");
}

struct number value_of(const struct exact_sum *sum, int round)
{
    struct number out;
    ck_assert_int_eq(exact_sum_value(sum, round, &out, NULL), SHEAF_OK);
    return out;
}

void merge_into(struct exact_sum *into, struct exact_sum *from)
{
    ck_assert_int_eq(exact_sum_merge(into, from, NULL, NULL, NULL), SHEAF_OK);
    exact_sum_drop(from, NULL);
}

void sample_open(struct sample *sample)
{
    *sample = (struct sample){0};
    mpq_inits(sample->total, sample->total_squares, NULL);
}

void sample_close(struct sample *sample)
{
    exact_sum_drop(&sample->sum, NULL);
    exact_sum_drop(&sample->squares, NULL);
    mpq_clears(sample->total, sample->total_squares, NULL);
}

void sample_add(struct sample *sample, const struct number *number)
{
    mpq_t value;
    mpq_init(value);
    oracle_set(value, number);
    add(&sample->sum, *number);
    add_square(&sample->squares, *number);
    mpq_add(sample->total, sample->total, value);
    mpq_mul(value, value, value);
    mpq_add(sample->total_squares, sample->total_squares, value);
    sample->count++;
    sample->doubles |= number->kind == NUMBER_DOUBLE;
    mpq_clear(value);
}

struct number random_number(uint64_t *state, enum mixture mixture)
{
    switch (mixture) {
    case EVERYDAY:
        return decimal((int128)(unit_random(state) % 2000000) - 1000000,
                       -(int)(unit_random(state) % 4));
    case DOUBLES:
        return oracle_random_double(state);
    case MIXED:
        return unit_random(state) % 2 == 0 ? oracle_random_decimal(state)
                                           : oracle_random_double(state);
    case NEAR: /* 1e15 and a little: all digits of the squares cancel */
        return decimal((int128)UINT64_C(1000000000000000000) + (int)(unit_random(state) % 9), -3);
    case DECIMALS:
    case MIXTURES:
        break;
    }
    return oracle_random_decimal(state);
}

void assert_quotient(const mpq_t value, int round, const struct number *out)
{
    if (round >= 0 && out->kind == NUMBER_DECIMAL)
        ck_assert(oracle_rounded(value, round, out));
    else
        ck_assert(out->kind == NUMBER_DOUBLE && oracle_nearest(value, out->real));
    /* It may be no decimal only when it is too great. */
    if (round >= 0 && out->kind == NUMBER_DOUBLE)
        ck_assert(fabs(out->real) >= pow(10, 37 - round));
}

void assert_sum(const mpq_t value, bool doubles, const struct exact_sum *sum, int round)
{
    const struct number out = value_of(sum, round);
    if (round >= 0 || doubles)
        assert_quotient(value, round, &out);
    else
        ck_assert(oracle_sum(value, &out));
}
