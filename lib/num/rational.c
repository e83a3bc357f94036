/* Every result is got in one way: an integer quotient (or the integer root of one) with some bits
 * more than the result has, and a sticky bit that says whether anything not zero lies below. One
 * rounding of these is the rounding of the exact value. */
#include "num/rational.h"

#include "num/power.h"

#include <math.h>
#include <string.h>

enum {
    DOUBLE_BITS = 53,
    DOUBLE_EXPONENT_MIN = -1074, /* of the last bit */
    DOUBLE_EXPONENT_MAX = 1024,  /* values are below 2^1024 */
    DOUBLE_FRACTION_BITS = 52,
    DOUBLE_EXPONENT_MASK = 0x7ff,
    /* Bits asked of a quotient; the estimate that asks may be some too many or too few. */
    QUOTIENT_BITS = 72,
    /* No decimal reaches 10^76, which is below 2^256; the estimate is off by less than 4. */
    DECIMAL_BITS = 260,
};

/* An integer and whether the exact value lies above it. */
struct floor {
    struct bignat natural;
    bool sticky;
};

static void set_double(struct rational *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    const int field = (int)(bits >> DOUBLE_FRACTION_BITS) & DOUBLE_EXPONENT_MASK;
    const uint64_t implied = field == 0 ? 0 : UINT64_C(1) << DOUBLE_FRACTION_BITS;
    const uint64_t fraction = bits & ((UINT64_C(1) << DOUBLE_FRACTION_BITS) - 1);
    bignat_set(&out->natural, implied | fraction);
    out->two = (field == 0 ? 1 : field) - 1 + DOUBLE_EXPONENT_MIN;
    out->five = 0;
    out->negative = bits >> 63 != 0;
}

void rational_set_decimal(struct rational *out, int128 value, int exponent)
{
    bignat_set(&out->natural, power_magnitude(value));
    out->two = exponent;
    out->five = exponent;
    out->negative = value < 0;
}

void rational_set_number(struct rational *out, const struct number *number)
{
    if (number->kind == NUMBER_DECIMAL)
        rational_set_decimal(out, number->mantissa, number->exponent);
    else
        set_double(out, number->real);
}

void rational_copy(struct rational *out, const struct rational *from)
{
    bignat_copy(&out->natural, &from->natural);
    out->two = from->two;
    out->five = from->five;
    out->negative = from->negative;
}

/* Brings the value to lower exponents. */
static void refine(struct rational *value, int two, int five)
{
    bignat_multiply_five(&value->natural, (unsigned)(value->five - five));
    bignat_shift_left(&value->natural, (size_t)(value->two - two));
    value->two = two;
    value->five = five;
}

/* Brings both values to the same exponents. */
static void align(struct rational *a, struct rational *b)
{
    const int two = a->two < b->two ? a->two : b->two;
    const int five = a->five < b->five ? a->five : b->five;
    refine(a, two, five);
    refine(b, two, five);
}

void rational_add(struct rational *value, const struct rational *other)
{
    struct rational addend;
    rational_copy(&addend, other);
    align(value, &addend);
    if (value->negative == addend.negative) {
        bignat_add(&value->natural, &addend.natural);
    } else if (bignat_compare(&value->natural, &addend.natural) >= 0) {
        bignat_subtract(&value->natural, &addend.natural);
    } else {
        bignat_subtract(&addend.natural, &value->natural);
        rational_copy(value, &addend);
    }
}

void rational_multiply(struct rational *value, uint64_t factor)
{
    bignat_multiply_word(&value->natural, factor);
}

void rational_square(struct rational *out, const struct rational *value)
{
    bignat_multiply(&out->natural, &value->natural, &value->natural);
    out->two = 2 * value->two;
    out->five = 2 * value->five;
    out->negative = false;
}

static int sign(const struct rational *value)
{
    if (value->natural.length == 0)
        return 0;
    return value->negative ? -1 : 1;
}

int rational_compare(const struct rational *a, const struct rational *b)
{
    const int sign_a = sign(a);
    const int sign_b = sign(b);
    if (sign_a != sign_b)
        return sign_a - sign_b;
    struct rational left;
    struct rational right;
    rational_copy(&left, a);
    rational_copy(&right, b);
    align(&left, &right);
    return sign_a * bignat_compare(&left.natural, &right.natural);
}

/* log2 of |value| / divisor, wrong by less than 4; the value is not 0. */
static int estimate_log2(const struct rational *value, uint128 divisor)
{
    struct bignat count;
    bignat_set(&count, divisor);
    const int fives = value->five * 2322 / 1000; /* log2 of 5, good for exponents up to 1 000 */
    return (int)bignat_bits(&value->natural) - (int)bignat_bits(&count) + value->two + fives;
}

/* floor(|value| / divisor * 2^two * 5^five). */
static void scaled_floor(struct floor *out, const struct rational *value, uint128 divisor, int two,
                         int five)
{
    struct bignat numerator;
    struct bignat denominator;
    bignat_copy(&numerator, &value->natural);
    bignat_set(&denominator, divisor);
    five += value->five;
    if (five >= 0)
        bignat_multiply_five(&numerator, (unsigned)five);
    else
        bignat_multiply_five(&denominator, (unsigned)-five);
    two += value->two;
    out->sticky = false;
    if (two >= 0)
        bignat_shift_left(&numerator, (size_t)two);
    else
        out->sticky = bignat_shift_right(&numerator, (size_t)-two);
    bignat_divide(&out->natural, &numerator, &denominator);
    out->sticky |= numerator.length > 0;
}

/* The square root of what lies above the floor, as a floor again. */
static void take_root(struct floor *value)
{
    struct bignat root;
    value->sticky |= !bignat_square_root(&root, &value->natural);
    bignat_copy(&value->natural, &root);
}

/* natural / 2^dropped, rounded half to even; the sticky bit counts as below the lowest bit. */
static void round_bits(struct floor *value, size_t dropped)
{
    if (dropped == 0)
        return;
    const bool below = bignat_shift_right(&value->natural, dropped - 1) || value->sticky;
    const uint64_t low = (uint64_t)bignat_low(&value->natural);
    const bool half = (low & 1) != 0;
    const bool odd = (low & 2) != 0;
    (void)bignat_shift_right(&value->natural, 1); /* kept in `half` */
    if (half && (below || odd)) {
        struct bignat one;
        bignat_set(&one, 1);
        bignat_add(&value->natural, &one);
    }
}

/* The double nearest to value * 2^exponent; the value has more bits than a double. */
static double to_double(struct floor *value, int exponent)
{
    const int bits = (int)bignat_bits(&value->natural);
    if (exponent + bits > DOUBLE_EXPONENT_MAX)
        return INFINITY;
    int dropped = bits - DOUBLE_BITS;
    if (exponent + dropped < DOUBLE_EXPONENT_MIN)
        dropped = DOUBLE_EXPONENT_MIN - exponent;
    round_bits(value, (size_t)dropped);
    return ldexp((double)(uint64_t)bignat_low(&value->natural), exponent + dropped);
}

double rational_nearest(const struct rational *value, uint128 divisor)
{
    if (value->natural.length == 0)
        return 0;
    const int scale = QUOTIENT_BITS - estimate_log2(value, divisor);
    struct floor quotient;
    scaled_floor(&quotient, value, divisor, scale, 0);
    const double magnitude = to_double(&quotient, -scale);
    return value->negative && magnitude != 0 ? -magnitude : magnitude;
}

double rational_nearest_root(const struct rational *value, uint128 divisor)
{
    if (value->natural.length == 0)
        return 0;
    const int half = QUOTIENT_BITS - estimate_log2(value, divisor) / 2;
    struct floor root;
    scaled_floor(&root, value, divisor, 2 * half, 0);
    take_root(&root);
    return to_double(&root, -half);
}

/* Takes the zeros off the end of natural * 10^*exponent. */
static void strip_zeros(struct bignat *natural, int *exponent)
{
    static const int steps[] = {POWER_TEN_MAX, 8, 4, 2, 1};
    struct bignat shorter;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && natural->length > 0;) {
        bignat_copy(&shorter, natural);
        if (bignat_divide_word(&shorter, power_ten(steps[i])) != 0) {
            i++;
            continue;
        }
        bignat_copy(natural, &shorter);
        *exponent += steps[i];
    }
    if (natural->length == 0)
        *exponent = 0;
}

/* True for a decimal, if a positive exponent is that of the last digit that is not 0. */
static bool is_decimal(const struct bignat *natural, int exponent)
{
    return natural->length <= 2 && bignat_low(natural) < power_ten_wide(NUMBER_DIGITS) &&
           exponent >= NUMBER_EXPONENT_MIN && exponent <= NUMBER_EXPONENT_MAX;
}

/* Stores ±natural * 10^exponent when that is a decimal; changes `natural`. */
static bool store_decimal(struct bignat *natural, int exponent, bool negative, struct number *out)
{
    /* The zeros at the end of a multiple of ten tell where its last digit stands. */
    if (exponent > 0 || !is_decimal(natural, exponent))
        strip_zeros(natural, &exponent);
    if (!is_decimal(natural, exponent))
        return false;
    const int128 mantissa = (int128)bignat_low(natural);
    *out = (struct number){.mantissa = negative ? -mantissa : mantissa,
                           .exponent = (int8_t)exponent,
                           .kind = NUMBER_DECIMAL};
    return true;
}

bool rational_round(const struct rational *value, uint128 divisor, int digits, struct number *out)
{
    if (value->natural.length > 0 && estimate_log2(value, divisor) > DECIMAL_BITS)
        return false;
    struct floor twice; /* the lowest bit is the half */
    scaled_floor(&twice, value, divisor, digits + 1, digits);
    round_bits(&twice, 1);
    return store_decimal(&twice.natural, -digits, value->negative, out);
}

bool rational_round_root(const struct rational *value, uint128 divisor, int digits,
                         struct number *out)
{
    if (value->natural.length > 0 && estimate_log2(value, divisor) > 2 * DECIMAL_BITS)
        return false;
    struct floor twice;
    scaled_floor(&twice, value, divisor, 2 * digits + 2, 2 * digits);
    take_root(&twice);
    round_bits(&twice, 1);
    return store_decimal(&twice.natural, -digits, false, out);
}

bool rational_decimal(const struct rational *value, struct number *out)
{
    struct bignat natural;
    bignat_copy(&natural, &value->natural);
    return store_decimal(&natural, value->two, value->negative, out);
}
