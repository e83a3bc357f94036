/* What is computed from exact sums: one exact rational each, rounded once at the end. No running
 * means (Welford; Chan, Golub and LeVeque): their results depend on the grouping. */
#include "num/exact.h"

#include "num/exact_wide.h"
#include "num/rational.h"

#include <math.h>

static void store_double(struct number *out, double real)
{
    *out = (struct number){.real = real, .kind = NUMBER_DOUBLE};
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
    /* Negative: never of true sums, but those of a damaged file may contradict each other. */
    if (!find_variance(&variance, sum, squares, count, divisor) ||
        (variance.moment.negative && variance.moment.natural.length > 0))
        store_double(out, NAN);
    else if (round < 0 || !rational_round_root(&variance.moment, variance.divisor, round, out))
        store_double(out, rational_nearest_root(&variance.moment, variance.divisor));
    return SHEAF_OK;
}
