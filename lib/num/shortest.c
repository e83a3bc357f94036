/* Raffaello Giulietti, "The Schubfach way to render doubles", 2020-2021.
 *
 * A binary number c * 2^q stands for all reals of an interval, half-way to its neighbours. With the
 * greatest k such that 10^k is not above the interval's length, a multiple of 10^k lies in it, and
 * at most one multiple of 10^(k + 1). So the shortest decimal is the latter if there is one, else
 * the nearer of the two multiples of 10^k around the value. All comparisons are of V = n * 2^q *
 * 10^-k against integers, with n = 4 * c for the number and 4 * c - 2 (or - 1) and 4 * c + 2 for
 * the interval's ends. For these it suffices to know the floor of V, and whether V is above it
 * ("rounding to odd").
 *
 * One multiplication gives both, by a power that is too great by less than 4 units of its 128 bits.
 * n, shifted, is below 2^60, which makes the product too great by less than 2^62 units of 2^-128.
 * So where V is an integer, the product's fraction is below 2^-66. Where V is none, it is at least
 * 2^-66 away from the integers below and above, for every q, its k, and n up to 2^55 + 2: the unit
 * test proves it with continued fractions. Floats have the same powers and smaller n. */
#include "num/shortest.h"

#include <stdbool.h>
#include <string.h>

enum {
    DOUBLE_FRACTION_BITS = 52,
    DOUBLE_BIAS = 1075, /* of the exponent of the last bit */
    FLOAT_FRACTION_BITS = 23,
    FLOAT_BIAS = 150,
};

/* 2^-66, where the unit is 2^-128. */
#define LEAST_FRACTION (UINT64_C(1) << 62)

/* significand * 2^exponent, and whether the number below is only half as far away as the one above.
 */
struct binary {
    uint64_t significand;
    int exponent;
    bool lower_is_nearer;
};

/* floor(log10(2^exponent)), or of 3/4 of that. */
static int floor_log10(int exponent, bool three_quarters)
{
    return (exponent * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

/* The high 64 of the 192 bits of power * factor, with the lowest one set if there is more below
 * than what the power is too great by. */
static uint64_t round_to_odd(uint128 power, uint64_t factor)
{
    const uint128 low = (uint128)(uint64_t)power * factor;
    const uint128 high = (power >> 64) * factor + (uint64_t)(low >> 64);
    const bool is_above = (uint64_t)high != 0 || (uint64_t)low >= LEAST_FRACTION;
    return (uint64_t)(high >> 64) | is_above;
}

static struct shortest find_shortest(const struct binary *value)
{
    const uint64_t odd =
        value->significand & 1; /* the interval's ends are not in it: ties to even */
    const int k = floor_log10(value->exponent, value->lower_is_nearer);
    const int shift = value->exponent + shortest_power_log2(-k) + 1;
    const uint128 power = shortest_power(-k);
    const uint64_t center = 4 * value->significand;
    const uint64_t at = round_to_odd(power, center << shift);
    const uint64_t low = round_to_odd(power, (center - 2 + value->lower_is_nearer) << shift) + odd;
    const uint64_t high = round_to_odd(power, (center + 2) << shift) - odd;
    const uint64_t floor = at / 4;
    const uint64_t tens = floor / 10;
    const bool tens_below = low <= 40 * tens;
    const bool tens_above = 40 * tens + 40 <= high;
    if (tens_below != tens_above)
        return (struct shortest){.digits = tens + tens_above, .exponent = k + 1};
    const bool below = low <= 4 * floor;
    const bool above = 4 * floor + 4 <= high;
    const uint64_t half = 4 * floor + 2;
    const bool nearer_above = at > half || (at == half && (floor & 1) != 0);
    return (struct shortest){.digits = floor + (below != above ? above : nearer_above),
                             .exponent = k};
}

/* Takes the bits of a finite number above 0. */
static struct shortest shortest_of_bits(uint64_t bits, int fraction_bits, int bias)
{
    const uint64_t implied = UINT64_C(1) << fraction_bits;
    const uint64_t fraction = bits & (implied - 1);
    const int field = (int)(bits >> fraction_bits);
    struct binary value = {.significand = fraction, .exponent = 1 - bias};
    if (field != 0)
        value = (struct binary){.significand = implied | fraction,
                                .exponent = field - bias,
                                .lower_is_nearer = fraction == 0 && field > 1};
    return find_shortest(&value);
}

struct shortest shortest_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return shortest_of_bits(bits, DOUBLE_FRACTION_BITS, DOUBLE_BIAS);
}

struct shortest shortest_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return shortest_of_bits(bits, FLOAT_FRACTION_BITS, FLOAT_BIAS);
}
