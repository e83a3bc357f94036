#include "num/quotient.h"

#include "num/power.h"

#include <float.h>
#include <math.h>

/* Two doubles that are integers have one division, correctly rounded (IEEE 754-2008, 5.4.1), only
 * where doubles are not computed with more bits. */
_Static_assert(FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53, "doubles are binary64 and nothing else");

#define EXACT_INTEGERS (UINT64_C(1) << DBL_MANT_DIG) /* up to here every integer is a double */

enum {
    WORD_BITS = 64,
    /* Of a root of 64 bits, those that a double has no room for, and half of their number. */
    ROOT_REST = (1 << (WORD_BITS - DBL_MANT_DIG)) - 1,
    ROOT_HALF = 1 << (WORD_BITS - DBL_MANT_DIG - 1),
    ROOT_ERROR = 4,
};

bool quotient_multiply(uint128 a, uint128 b, uint128 *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool quotient_multiply_ten(uint128 *value, int power)
{
    return power <= POWER_TEN_WIDE_MAX && quotient_multiply(*value, power_ten_wide(power), value);
}

bool quotient_make(struct quotient *out, uint128 magnitude, int exponent, uint128 divisor)
{
    /* What is usual needs no 128 bits. */
    uint64_t denominator;
    if (exponent <= 0 && exponent >= -POWER_TEN_MAX && divisor <= UINT64_MAX &&
        !__builtin_mul_overflow((uint64_t)divisor, power_ten(-exponent), &denominator)) {
        *out = (struct quotient){.numerator = magnitude, .denominator = denominator};
        return true;
    }
    if (!(exponent >= 0 ? quotient_multiply_ten(&magnitude, exponent)
                        : quotient_multiply_ten(&divisor, -exponent)) ||
        divisor > UINT64_MAX)
        return false;
    *out = (struct quotient){.numerator = magnitude, .denominator = (uint64_t)divisor};
    return true;
}

static int leading_zeros(uint128 value)
{
    const uint64_t high = (uint64_t)(value >> WORD_BITS);
    return high != 0 ? __builtin_clzll(high) : WORD_BITS + __builtin_clzll((uint64_t)value);
}

/* The first 64 bits of a quotient that is not 0, as a number from 2^63 to below 2^64: the quotient
 * is word * 2^exponent, and a bit more where `more` says so. */
struct leading_bits {
    uint64_t word;
    int exponent;
    bool more;
};

static struct leading_bits take_leading_bits(const struct quotient *quotient)
{
    /* The numerator becomes 2^127 at least. So the integer quotient has 64 bits or more. */
    const int shift = leading_zeros(quotient->numerator);
    const uint128 numerator = quotient->numerator << shift;
    const uint128 bits = numerator / quotient->denominator;
    const bool rest = bits * quotient->denominator != numerator;
    const int dropped = WORD_BITS - leading_zeros(bits);
    return (struct leading_bits){
        .word = (uint64_t)(bits >> dropped),
        .exponent = dropped - shift,
        .more = rest || (bits & (((uint128)1 << dropped) - 1)) != 0,
    };
}

double quotient_nearest(const struct quotient *quotient)
{
    if (quotient->numerator <= EXACT_INTEGERS && quotient->denominator <= EXACT_INTEGERS)
        return (double)(uint64_t)quotient->numerator / (double)quotient->denominator;
    if (quotient->numerator == 0)
        return 0;
    /* A double ends 11 bits before the word, so all that matters of what lies below the word's last
     * bit is whether there is any: the last bit may say so. One conversion rounds. */
    const struct leading_bits bits = take_leading_bits(quotient);
    return ldexp((double)(bits.word | bits.more), bits.exponent);
}

/* floor(sqrt(value)) for 2^126 <= value < 2^128, or at most 2 away from it. A double's root has 53
 * good bits, and one step of Newton's method makes 64 of them. */
static uint64_t near_root(uint128 value)
{
    const double guess = sqrt((double)(uint64_t)(value >> WORD_BITS)); /* times 2^32 */
    const uint64_t start = (uint64_t)(guess * 4294967295.0);
    const uint128 root = ((uint128)start + value / start) / 2;
    return root > UINT64_MAX ? UINT64_MAX : (uint64_t)root;
}

/* The quotient's first 64 bits are wrong by less than one of them. So the root of these is wrong by
 * less than one unit of its own 64 bits, and near_root by two more. A double near that is the
 * nearest one to the true root unless a point half-way between two doubles is as near as that. */
bool quotient_nearest_root(const struct quotient *quotient, double *out)
{
    *out = 0;
    if (quotient->numerator == 0)
        return true;
    const struct leading_bits bits = take_leading_bits(quotient);
    const bool odd = (bits.exponent & 1) != 0;
    /* The root of word * 2^exponent is that of word * 2^63 or 2^64, times a power of two. */
    const int shift = odd ? WORD_BITS - 1 : WORD_BITS;
    const uint64_t root = near_root((uint128)bits.word << shift);
    const int rest = (int)(root & ROOT_REST);
    if (rest > ROOT_HALF - ROOT_ERROR && rest < ROOT_HALF + ROOT_ERROR)
        return false;
    *out = ldexp((double)root, (bits.exponent - shift) / 2);
    return true;
}

uint128 quotient_round(const struct quotient *quotient)
{
    const uint128 floor = quotient->numerator / quotient->denominator;
    const uint64_t rest = (uint64_t)(quotient->numerator - floor * quotient->denominator);
    const uint64_t above = quotient->denominator - rest; /* to the next integer */
    return floor + (rest > above || (rest == above && (floor & 1) != 0));
}
