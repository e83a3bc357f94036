/* What is computed from exact sums: one exact rational each, rounded once at the end. No running
 * means (Welford; Chan, Golub and LeVeque): their results depend on the grouping.
 *
 * Most sums fit machine integers, for which there is a short way. It gives the same number, because
 * there is only one: the exact value, rounded once. */
#include "num/exact.h"

#include "num/exact_wide.h"
#include "num/power.h"
#include "num/quotient.h"
#include "num/rational.h"

#include <math.h>

static void store_double(struct number *out, double real)
{
    *out = (struct number){.real = real, .kind = NUMBER_DOUBLE};
}

/* Member by member: a whole number would be made elsewhere, in stores of other sizes than the loads
 * that copy it, which then wait for them. */
static void store_decimal(struct number *out, int128 mantissa, int exponent)
{
    out->mantissa = mantissa;
    out->exponent = (int8_t)exponent;
    out->kind = NUMBER_DECIMAL;
}

/* The result of sums that met NaN or infinities. */
static double special_value(uint8_t special)
{
    if (special == EXACT_PLUS_INFINITY)
        return INFINITY;
    return special == EXACT_MINUS_INFINITY ? -INFINITY : (double)NAN;
}

static bool has_doubles(const struct exact_sum *sum)
{
    return sum->wide != NULL && sum->wide->doubles.length > 0;
}

/* Everything that was added, specials aside. */
static void total(struct rational *out, const struct exact_sum *sum)
{
    rational_set_decimal(out, sum->small, sum->scale);
    if (sum->wide == NULL)
        return;
    struct rational part;
    window_magnitude(&sum->wide->decimals, &part.natural);
    part.negative = window_negative(&sum->wide->decimals);
    part.two = EXACT_SCALE;
    part.five = EXACT_SCALE;
    rational_add(out, &part);
    if (!has_doubles(sum))
        return;
    window_magnitude(&sum->wide->doubles, &part.natural);
    part.negative = window_negative(&sum->wide->doubles);
    part.two = sum->wide->doubles.low * BIGNAT_LIMB_BITS;
    part.five = 0;
    rational_add(out, &part);
}

/* ---- the short way ----------------------------------------------------------------------- */

/* True when small * 10^scale is everything that was added. */
static bool is_small(const struct exact_sum *sum)
{
    return sum->wide == NULL && sum->special == 0;
}

/* As store_quotient, of ±magnitude * 10^exponent / divisor. False, and nothing stored, when it does
 * not fit machine integers. */
static bool store_small(struct number *out, uint128 magnitude, bool negative, int exponent,
                        uint128 divisor, int digits)
{
    struct quotient quotient;
    if (!quotient_make(&quotient, magnitude, digits < 0 ? exponent : exponent + digits, divisor))
        return false;
    if (digits < 0) {
        const double nearest = quotient_nearest(&quotient);
        store_double(out, negative ? -nearest : nearest);
        return true;
    }
    const uint128 rounded = quotient_round(&quotient);
    if (rounded >= power_ten_wide(NUMBER_DIGITS))
        return false;
    store_decimal(out, negative ? -(int128)rounded : (int128)rounded, -digits);
    return true;
}

static bool store_small_mean(struct number *out, const struct exact_sum *sum, uint64_t count,
                             int digits)
{
    return is_small(sum) &&
           store_small(out, power_magnitude(sum->small), sum->small < 0, sum->scale, count, digits);
}

static bool store_small_sum(struct number *out, const struct exact_sum *sum, int digits)
{
    if (digits >= 0)
        return store_small_mean(out, sum, 1, digits);
    if (!is_small(sum) || sum->scale > 0 || sum->scale < NUMBER_EXPONENT_MIN ||
        power_magnitude(sum->small) >= power_ten_wide(NUMBER_DIGITS))
        return false;
    store_decimal(out, sum->small, sum->scale);
    return true;
}

/* A variance as magnitude * 10^exponent / divisor. */
struct small_variance {
    uint128 magnitude;
    uint128 divisor;
    int exponent;
};

/* False when it does not fit, or there is none. */
static bool find_small_variance(struct small_variance *out, const struct exact_sum *sum,
                                const struct exact_sum *squares, uint64_t count,
                                enum exact_divisor divisor)
{
    const uint64_t degrees = divisor == EXACT_SAMPLE ? count - 1 : count;
    if (!is_small(sum) || !is_small(squares) || squares->small < 0 || count == 0 || degrees == 0)
        return false;
    const int twice = 2 * sum->scale;
    const int exponent = twice < squares->scale ? twice : squares->scale;
    const uint128 simple = power_magnitude(sum->small);
    uint128 square;
    uint128 product;
    if (!quotient_multiply(simple, simple, &square) ||
        !quotient_multiply_ten(&square, twice - exponent) ||
        !quotient_multiply((uint128)squares->small, count, &product) ||
        !quotient_multiply_ten(&product, squares->scale - exponent) || product < square)
        return false;
    *out = (struct small_variance){
        .magnitude = product - square,
        .divisor = (uint128)count * degrees,
        .exponent = exponent,
    };
    return true;
}

static bool store_small_variance(struct number *out, const struct exact_sum *sum,
                                 const struct exact_sum *squares, uint64_t count,
                                 enum exact_divisor divisor, int digits)
{
    struct small_variance variance;
    return find_small_variance(&variance, sum, squares, count, divisor) &&
           store_small(out, variance.magnitude, false, variance.exponent, variance.divisor, digits);
}

/* To the nearest double. */
static bool store_small_deviation(struct number *out, const struct exact_sum *sum,
                                  const struct exact_sum *squares, uint64_t count,
                                  enum exact_divisor divisor)
{
    struct small_variance variance;
    struct quotient quotient;
    double root;
    if (!find_small_variance(&variance, sum, squares, count, divisor) ||
        !quotient_make(&quotient, variance.magnitude, variance.exponent, variance.divisor) ||
        !quotient_nearest_root(&quotient, &root))
        return false;
    store_double(out, root);
    return true;
}

/* ---- results ----------------------------------------------------------------------------- */

/* value / divisor, as a decimal of `digits` after the point if that is asked and fits. */
static void store_quotient(struct number *out, const struct rational *value, uint128 divisor,
                           int digits)
{
    if (digits < 0 || !rational_round(value, divisor, digits, out))
        store_double(out, rational_nearest(value, divisor));
}

enum sheaf_status exact_sum_value(const struct exact_sum *sum, int round, struct number *out,
                                  struct sheaf_error *error)
{
    (void)error; /* the scratch numbers are on the stack */
    if (sum->special != 0) {
        store_double(out, special_value(sum->special));
        return SHEAF_OK;
    }
    if (store_small_sum(out, sum, round))
        return SHEAF_OK;
    struct rational value;
    total(&value, sum);
    if (round >= 0 || has_doubles(sum) || !rational_decimal(&value, out))
        store_quotient(out, &value, 1, round);
    return SHEAF_OK;
}

enum sheaf_status exact_mean(const struct exact_sum *sum, uint64_t count, int round,
                             struct number *out, struct sheaf_error *error)
{
    (void)error;
    if (sum->special != 0 || count == 0) {
        store_double(out, special_value(sum->special));
        return SHEAF_OK;
    }
    if (store_small_mean(out, sum, count, round))
        return SHEAF_OK;
    struct rational value;
    total(&value, sum);
    store_quotient(out, &value, count, round);
    return SHEAF_OK;
}

/* A variance: moment / divisor. */
struct variance {
    struct rational moment; /* n * sum of squares - square of sum */
    uint128 divisor;
};

/* False when the variance is no number. */
static bool find_variance(struct variance *out, const struct exact_sum *sum,
                          const struct exact_sum *squares, uint64_t count,
                          enum exact_divisor divisor)
{
    const uint64_t degrees = divisor == EXACT_SAMPLE ? count - 1 : count;
    if (sum->special != 0 || squares->special != 0 || count == 0 || degrees == 0)
        return false;
    struct rational simple;
    struct rational square;
    total(&simple, sum);
    rational_square(&square, &simple);
    square.negative = true;
    total(&out->moment, squares);
    rational_multiply(&out->moment, count);
    rational_add(&out->moment, &square);
    out->divisor = (uint128)count * degrees;
    return true;
}

enum sheaf_status exact_variance(const struct exact_sum *sum, const struct exact_sum *squares,
                                 uint64_t count, enum exact_divisor divisor, int round,
                                 struct number *out, struct sheaf_error *error)
{
    (void)error;
    struct variance variance;
    if (store_small_variance(out, sum, squares, count, divisor, round))
        return SHEAF_OK;
    if (find_variance(&variance, sum, squares, count, divisor))
        store_quotient(out, &variance.moment, variance.divisor, round);
    else
        store_double(out, NAN);
    return SHEAF_OK;
}

enum sheaf_status exact_deviation(const struct exact_sum *sum, const struct exact_sum *squares,
                                  uint64_t count, enum exact_divisor divisor, int round,
                                  struct number *out, struct sheaf_error *error)
{
    (void)error;
    struct variance variance;
    if (round < 0 && store_small_deviation(out, sum, squares, count, divisor))
        return SHEAF_OK;
    /* Negative: never of true sums, but those of a damaged file may contradict each other. */
    if (!find_variance(&variance, sum, squares, count, divisor) ||
        (variance.moment.negative && variance.moment.natural.length > 0))
        store_double(out, NAN);
    else if (round < 0 || !rational_round_root(&variance.moment, variance.divisor, round, out))
        store_double(out, rational_nearest_root(&variance.moment, variance.divisor));
    return SHEAF_OK;
}
