#include "unit/num/oracle.h"

#include "unit/unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

void oracle_set_int128(mpz_t out, int128 value)
{
    const uint128 magnitude = value < 0 ? -(uint128)value : (uint128)value;
    const uint64_t limbs[] = {(uint64_t)magnitude, (uint64_t)(magnitude >> 64)};
    mpz_import(out, 2, -1, sizeof *limbs, 0, 0, limbs);
    if (value < 0)
        mpz_neg(out, out);
}

/* out = 10^exponent. */
static void set_power(mpq_t out, int exponent)
{
    mpq_set_ui(out, 1, 1);
    mpz_ui_pow_ui(mpq_numref(out), 10, (unsigned long)abs(exponent));
    if (exponent < 0)
        mpq_inv(out, out);
}

void oracle_set(mpq_t out, const struct number *number)
{
    if (number->kind == NUMBER_DOUBLE) {
        mpq_set_d(out, number->real);
        return;
    }
    mpq_t power;
    mpq_init(power);
    set_power(power, number->exponent);
    mpz_set_ui(mpq_denref(out), 1);
    oracle_set_int128(mpq_numref(out), number->mantissa);
    mpq_mul(out, out, power);
    mpq_clear(power);
}

/* The point half-way from a magnitude to the next double up (down); past the greatest, to what
 * would be the next. */
static void set_half_way(mpq_t out, double magnitude, double toward)
{
    mpq_t other;
    mpq_init(other);
    double next = nextafter(magnitude, toward);
    if (isinf(magnitude) || isinf(next)) {
        mpq_set_d(out, DBL_MAX);
        mpq_set_d(other, DBL_MAX - nextafter(DBL_MAX, 0));
        mpq_div_2exp(other, other, 1);
        mpq_add(out, out, other);
    } else {
        mpq_set_d(out, magnitude);
        mpq_set_d(other, next);
        mpq_add(out, out, other);
        mpq_div_2exp(out, out, 1);
    }
    mpq_clear(other);
}

static bool is_even(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return isinf(real) || (bits & 1) == 0;
}

/* `power` 2: `value` is the square of what the magnitude stands for. */
static bool between(const mpq_t value, double magnitude, int power)
{
    mpq_t edge;
    mpq_init(edge);
    bool good = true;
    for (int up = 0; up <= 1 && good; up++) {
        if (up ? isinf(magnitude) : magnitude == 0)
            continue;
        set_half_way(edge, magnitude, up ? (double)INFINITY : 0);
        if (power == 2)
            mpq_mul(edge, edge, edge);
        const int order = up ? mpq_cmp(edge, value) : mpq_cmp(value, edge);
        good = order > 0 || (order == 0 && is_even(magnitude));
    }
    mpq_clear(edge);
    return good;
}

bool oracle_nearest(const mpq_t value, double real)
{
    if (isnan(real) || (real == 0 && signbit(real)))
        return false;
    if (real != 0 && mpq_sgn(value) != (real > 0 ? 1 : -1))
        return false;
    mpq_t magnitude;
    mpq_init(magnitude);
    mpq_abs(magnitude, value);
    const bool good = between(magnitude, fabs(real), 1);
    mpq_clear(magnitude);
    return good;
}

bool oracle_nearest_root(const mpq_t square, double real)
{
    return !isnan(real) && !signbit(real) && between(square, real, 2);
}

/* As above for value^(1/power), not negative. */
static bool rounded(const mpq_t value, int digits, const struct number *number, int power)
{
    mpq_t scaled;
    mpq_t unit;
    mpq_t edge;
    mpq_inits(scaled, unit, edge, NULL);
    oracle_set(scaled, number);
    set_power(unit, digits);
    mpq_mul(scaled, scaled, unit);
    bool good = mpz_cmp_ui(mpq_denref(scaled), 1) == 0 && mpq_sgn(scaled) >= 0;
    for (int up = 0; up <= 1 && good; up++) {
        mpq_set_si(edge, up ? 1 : -1, 2);
        mpq_add(edge, edge, scaled);
        if (mpq_sgn(edge) < 0)
            continue;
        mpq_div(edge, edge, unit);
        if (power == 2)
            mpq_mul(edge, edge, edge);
        const int order = up ? mpq_cmp(edge, value) : mpq_cmp(value, edge);
        good = order > 0 || (order == 0 && mpz_even_p(mpq_numref(scaled)));
    }
    mpq_clears(scaled, unit, edge, NULL);
    return good;
}

bool oracle_rounded(const mpq_t value, int digits, const struct number *number)
{
    if (number->kind != NUMBER_DECIMAL)
        return false;
    struct number magnitude = *number;
    mpq_t positive;
    mpq_init(positive);
    mpq_abs(positive, value);
    if (mpq_sgn(value) < 0)
        magnitude.mantissa = -magnitude.mantissa;
    const bool good = rounded(positive, digits, &magnitude, 1);
    mpq_clear(positive);
    return good;
}

bool oracle_rounded_root(const mpq_t square, int digits, const struct number *number)
{
    return number->kind == NUMBER_DECIMAL && rounded(square, digits, number, 2);
}

bool oracle_is_decimal(const mpq_t value)
{
    mpq_t scaled;
    mpq_t power;
    mpq_inits(scaled, power, NULL);
    set_power(power, NUMBER_DIGITS);
    mpq_mul(scaled, value, power);
    bool good = mpz_cmp_ui(mpq_denref(scaled), 1) == 0;
    int exponent = NUMBER_EXPONENT_MIN;
    mpz_ptr integer = mpq_numref(scaled);
    for (; good && mpz_sgn(integer) != 0 && mpz_divisible_ui_p(integer, 10); exponent++)
        mpz_divexact_ui(integer, integer, 10);
    good = good && exponent <= NUMBER_EXPONENT_MAX && mpz_cmpabs(integer, mpq_numref(power)) < 0;
    mpq_clears(scaled, power, NULL);
    return good;
}

bool oracle_sum(const mpq_t value, const struct number *number)
{
    if (!oracle_is_decimal(value))
        return number->kind == NUMBER_DOUBLE && oracle_nearest(value, number->real);
    if (number->kind != NUMBER_DECIMAL)
        return false;
    mpq_t found;
    mpq_init(found);
    oracle_set(found, number);
    const bool good = mpq_equal(found, value) != 0;
    mpq_clear(found);
    return good;
}

static uint64_t below(uint64_t *state, uint64_t end)
{
    return unit_random(state) % end;
}

struct number oracle_random_decimal(uint64_t *state)
{
    const uint64_t digits = below(state, NUMBER_DIGITS + 1);
    const uint64_t kind = below(state, 4);
    int128 mantissa = 0;
    for (uint64_t i = 0; i < digits; i++)
        mantissa = mantissa * 10 + (int128)(kind == 0 ? 9 : below(state, 10));
    if (kind == 1 && digits > 0 && digits < NUMBER_DIGITS) {
        mantissa = 1; /* a power of ten */
        for (uint64_t i = 1; i < digits; i++)
            mantissa *= 10;
    }
    int exponent = (int)below(state, kind == 2 ? 77 : 5) - (kind == 2 ? 38 : 4);
    if (exponent > 0 && mantissa % 10 == 0)
        exponent = -exponent; /* or the last digit that is not 0 might stand beyond 10^38 */
    return (struct number){.mantissa = below(state, 2) == 0 ? mantissa : -mantissa,
                           .exponent = (int8_t)exponent,
                           .kind = NUMBER_DECIMAL};
}

struct number oracle_random_double(uint64_t *state)
{
    struct number number = {.kind = NUMBER_DOUBLE};
    uint64_t bits = unit_random(state);
    switch (below(state, 6)) {
    case 0: /* subnormal */
        bits &= (UINT64_C(1) << 63) | ((UINT64_C(1) << 52) - 1);
        break;
    case 1: /* a power of two */
        bits &= UINT64_C(0xfff) << 52;
        break;
    case 2: /* of everyday size */
        number.real = (double)(int64_t)(bits >> 20) / 1024 - 1e9;
        return number;
    case 3: /* short */
        bits &= UINT64_C(0xffff) << 48;
        break;
    default:
        break;
    }
    memcpy(&number.real, &bits, sizeof bits);
    if (!isfinite(number.real) || number.real == 0)
        number.real = 0;
    return number;
}
