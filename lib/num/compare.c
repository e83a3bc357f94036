#include "num/compare.h"

#include "num/power.h"
#include "num/rational.h"

#include <math.h>

static int compare_reals(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int compare_integers(int128 a, int128 b)
{
    return (a > b) - (a < b);
}

static bool fits_word(int128 value)
{
    return value == (int64_t)value;
}

/* Brings the mantissa of the greater exponent to the lower one, when it is sure to fit. */
static bool align_decimals(const struct number *a, const struct number *b, int128 *left,
                           int128 *right)
{
    const int above = a->exponent - b->exponent;
    *left = a->mantissa;
    *right = b->mantissa;
    if (above == 0)
        return true;
    int128 *const high = above > 0 ? left : right;
    const int power = above > 0 ? above : -above;
    if (power >= POWER_TEN_MAX || !fits_word(*high))
        return false;
    *high *= (int64_t)power_ten(power);
    return true;
}

static bool is_finite(const struct number *number)
{
    return number->kind == NUMBER_DECIMAL || isfinite(number->real);
}

/* The number as a double, good enough where at most one of two is finite. */
static double stand_in(const struct number *number)
{
    return number->kind == NUMBER_DECIMAL ? 0 : number->real;
}

int number_compare(const struct number *a, const struct number *b)
{
    if (a->kind == NUMBER_DECIMAL && b->kind == NUMBER_DECIMAL) {
        int128 left;
        int128 right;
        if (align_decimals(a, b, &left, &right))
            return compare_integers(left, right);
    } else if (a->kind == b->kind || !is_finite(a) || !is_finite(b)) {
        return compare_reals(stand_in(a), stand_in(b));
    }
    struct rational left;
    struct rational right;
    rational_set_number(&left, a);
    rational_set_number(&right, b);
    return rational_compare(&left, &right);
}

static int rank_of(const struct number *number)
{
    if (number->kind == NUMBER_DECIMAL)
        return 0;
    return number->exponent == NUMBER_SINGLE ? 2 : 1;
}

bool number_outranks(const struct number *a, const struct number *b)
{
    return rank_of(a) < rank_of(b);
}

struct number number_subtract(const struct number *a, const struct number *b)
{
    return number_subtract_rounded(a, b, -1);
}

struct number number_subtract_rounded(const struct number *a, const struct number *b, int round)
{
    struct number out = {.kind = NUMBER_DOUBLE};
    if (!is_finite(a) || !is_finite(b)) {
        out.real = stand_in(a) - stand_in(b);
        if (isnan(out.real))
            out.real = (double)NAN; /* without the sign that the processor gives it */
        return out;
    }
    struct rational difference;
    struct rational taken;
    rational_set_number(&difference, a);
    rational_set_number(&taken, b);
    taken.negative = !taken.negative;
    rational_add(&difference, &taken);
    if (round >= 0 && rational_round(&difference, 1, round, &out))
        return out;
    const bool decimals = a->kind == NUMBER_DECIMAL && b->kind == NUMBER_DECIMAL;
    if (!decimals || !rational_decimal(&difference, &out)) {
        out.kind = NUMBER_DOUBLE;
        out.real = rational_nearest(&difference, 1);
    }
    return out;
}

struct number number_round(const struct number *number, int digits)
{
    if (!is_finite(number) || (number->kind == NUMBER_DECIMAL && number->exponent >= -digits))
        return *number;
    struct rational value;
    struct number out;
    rational_set_number(&value, number);
    return rational_round(&value, 1, digits, &out) ? out : *number;
}
