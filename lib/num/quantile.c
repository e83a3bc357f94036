/* A position is a whole rank and a fraction of it, part / (base * 10^power), exactly; base is 1, 2,
 * 3 or 8, the denominator of the method. Interpolation multiplies the two values by the two parts
 * of that, in integers, and divides once. */
#include "num/quantile.h"

#include "num/compare.h"
#include "num/rational.h"

#include <math.h>

/* Where the quantile lies: between the values of two neighbouring ranks, or, where `part` is 0, at
 * the lower of them. */
struct position {
    uint64_t low; /* from 0 */
    uint64_t high;
    struct bignat part;  /* of `whole`, and less than that */
    struct bignat whole; /* base * 10^power */
    unsigned base;
    int power;
};

/* Position h = a + q (n + 1 - a - b), ranks from 1, in the notation of R: first = a * base, both =
 * (a + b) * base. */
struct formula {
    unsigned base;
    int first;
    int both;
};

static const struct formula formulas[] = {
    [QUANTILE_1] = {.base = 1, .first = 0, .both = 1},
    [QUANTILE_2] = {.base = 1, .first = 0, .both = 1},
    [QUANTILE_3] = {.base = 2, .first = -1, .both = 2},
    [QUANTILE_4] = {.base = 1, .first = 0, .both = 1},
    [QUANTILE_5] = {.base = 2, .first = 1, .both = 2},
    [QUANTILE_6] = {.base = 1, .first = 0, .both = 0},
    [QUANTILE_7] = {.base = 1, .first = 1, .both = 2},
    [QUANTILE_8] = {.base = 3, .first = 1, .both = 2},
    [QUANTILE_9] = {.base = 8, .first = 3, .both = 6},
    [QUANTILE_LOWER] = {.base = 1, .first = 1, .both = 2},
    [QUANTILE_HIGHER] = {.base = 1, .first = 1, .both = 2},
    [QUANTILE_NEAREST] = {.base = 1, .first = 1, .both = 2},
    [QUANTILE_MIDPOINT] = {.base = 1, .first = 1, .both = 2},
};

static void set_exact(struct position *out, uint64_t rank)
{
    out->low = rank;
    out->high = rank;
    bignat_set(&out->part, 0);
}

/* Gives h * whole; false when it is negative. Below 2^66 * 10^38 < 2^193. */
static bool find_numerator(struct bignat *out, const struct position *position, uint64_t count,
                           const struct formula *formula, const struct number *q)
{
    const uint128 factor =
        (uint128)formula->base * count + formula->base - (uint128)(int128)formula->both;
    struct bignat q_mantissa;
    struct bignat span;
    bignat_set(&q_mantissa, (uint128)q->mantissa);
    bignat_set(&span, factor);
    bignat_multiply(out, &q_mantissa, &span);
    struct bignat first;
    bignat_set(&first, (unsigned)(formula->first < 0 ? -formula->first : formula->first));
    bignat_multiply_ten(&first, (unsigned)position->power);
    if (formula->first >= 0) {
        bignat_add(out, &first);
        return true;
    }
    if (bignat_compare(out, &first) < 0)
        return false;
    bignat_subtract(out, &first);
    return true;
}

/* Finds the position of q, a decimal from 0 to 1, among `count` values; ranks outside are those of
 * the ends. */
static void find_position(struct position *out, uint64_t count, const struct number *q,
                          const struct formula *formula)
{
    out->base = formula->base;
    out->power = q->exponent < 0 ? -q->exponent : 0; /* above 0 it is that of q = 0 */
    bignat_set(&out->whole, formula->base);
    bignat_multiply_ten(&out->whole, (unsigned)out->power);
    struct bignat rank;
    if (!find_numerator(&out->part, out, count, formula, q)) {
        set_exact(out, 0);
        return;
    }
    bignat_divide(&rank, &out->part, &out->whole);
    const uint64_t below = (uint64_t)bignat_low(&rank); /* at most count + 1 */
    if (below < 1 || below >= count) {
        set_exact(out, below < 1 ? 0 : count - 1);
        return;
    }
    out->low = below - 1;
    out->high = below;
}

/* Puts the position half-way between its ranks. */
static void set_middle(struct position *position)
{
    position->base = 2;
    position->power = 0;
    bignat_set(&position->part, 1);
    bignat_set(&position->whole, 2);
}

static void choose_low(struct position *position)
{
    set_exact(position, position->low);
}

static void choose_high(struct position *position)
{
    set_exact(position, position->high);
}

static void choose_nearest(struct position *position)
{
    struct bignat twice;
    bignat_copy(&twice, &position->part);
    bignat_shift_left(&twice, 1);
    const int order = bignat_compare(&twice, &position->whole);
    if (order < 0 || (order == 0 && position->low % 2 == 0))
        choose_low(position);
    else
        choose_high(position);
}

/* What the methods without interpolation make of a position. */
static void apply_method(struct position *position, enum quantile_method method)
{
    const bool between = position->part.length > 0;
    switch (method) {
    case QUANTILE_1:
    case QUANTILE_HIGHER:
        if (between)
            choose_high(position);
        break;
    case QUANTILE_2:
        if (between)
            choose_high(position);
        else if (position->low < position->high)
            set_middle(position);
        break;
    case QUANTILE_3: /* half to the even rank, counted from 1 */
        if (between || position->low % 2 == 0)
            choose_high(position);
        break;
    case QUANTILE_LOWER:
        choose_low(position);
        break;
    case QUANTILE_NEAREST:
        choose_nearest(position);
        break;
    case QUANTILE_MIDPOINT:
        if (between)
            set_middle(position);
        break;
    default:
        break;
    }
}

/* ---- interpolation --------------------------------------------------------------------------- */

/* A quantile before it is rounded: a value of the input, or value / divisor. */
struct estimate {
    struct number number; /* NUMBER_NULL: the rational counts */
    struct rational value;
    unsigned divisor;
};

static bool is_finite(const struct number *number)
{
    return number->kind == NUMBER_DECIMAL || isfinite(number->real);
}

/* What IEEE arithmetic makes of values that are not both finite, and of any fraction. */
static void blend_specials(struct number *out, const struct number *low, const struct number *high)
{
    const double below = is_finite(low) ? 0 : low->real;
    const double above = is_finite(high) ? 0 : high->real;
    const double sum = below + above;
    *out = (struct number){.real = isnan(sum) ? (double)NAN : sum, .kind = NUMBER_DOUBLE};
}

/* sum of number * weight; `out` holds no number yet when it is the first. */
static void weigh(struct rational *out, const struct number *number, const struct bignat *weight)
{
    struct rational value;
    rational_set_number(&value, number);
    bignat_multiply(&out->natural, &value.natural, weight);
    out->two = value.two;
    out->five = value.five;
    out->negative = value.negative;
}

/* (low * (whole - part) + high * part) / whole, as value / divisor. */
static void blend(struct estimate *out, const struct number *low, const struct number *high,
                  const struct position *position)
{
    struct bignat rest;
    struct rational addend;
    bignat_copy(&rest, &position->whole);
    bignat_subtract(&rest, &position->part);
    weigh(&out->value, low, &rest);
    weigh(&addend, high, &position->part);
    rational_add(&out->value, &addend);
    out->value.two -= position->power;
    out->value.five -= position->power;
    out->divisor = position->base;
}

static void find_estimate(struct estimate *out, const struct multiset *set, const struct number *q,
                          enum quantile_method method)
{
    struct position position;
    find_position(&position, multiset_count(set), q, &formulas[method]);
    apply_method(&position, method);
    struct number high;
    multiset_at(set, position.low, &out->number);
    if (position.part.length == 0)
        return;
    multiset_at(set, position.high, &high);
    if (number_compare(&out->number, &high) == 0)
        return;
    const struct number low = out->number;
    out->number.kind = NUMBER_NULL;
    if (is_finite(&low) && is_finite(&high))
        blend(out, &low, &high, &position);
    else
        blend_specials(&out->number, &low, &high);
}

/* value / divisor, rounded once. */
static void round_quotient(struct number *out, const struct rational *value, uint64_t divisor,
                           int round)
{
    if (round >= 0 && rational_round(value, divisor, round, out))
        return;
    *out = (struct number){.real = rational_nearest(value, divisor), .kind = NUMBER_DOUBLE};
}

static struct number round_number(const struct number *number, int round)
{
    return round < 0 ? *number : number_round(number, round);
}

void quantile_of(const struct multiset *set, const struct number *q, enum quantile_method method,
                 int round, struct number *out)
{
    struct estimate estimate;
    find_estimate(&estimate, set, q, method);
    if (estimate.number.kind != NUMBER_NULL)
        *out = round_number(&estimate.number, round);
    else
        round_quotient(out, &estimate.value, estimate.divisor, round);
}

/* Makes the estimate a rational, if it is a finite number. */
static void rationalise(struct estimate *estimate)
{
    if (estimate->number.kind == NUMBER_NULL)
        return;
    rational_set_number(&estimate->value, &estimate->number);
    estimate->divisor = 1;
}

void quantile_range(const struct multiset *set, const struct number *low, const struct number *high,
                    int round, struct number *out)
{
    struct estimate from;
    struct estimate to;
    find_estimate(&from, set, low, QUANTILE_7);
    find_estimate(&to, set, high, QUANTILE_7);
    const bool specials = (from.number.kind != NUMBER_NULL && !is_finite(&from.number)) ||
                          (to.number.kind != NUMBER_NULL && !is_finite(&to.number));
    const bool values = from.number.kind != NUMBER_NULL && to.number.kind != NUMBER_NULL;
    if (specials || values) {
        const struct number zero = {.kind = NUMBER_DECIMAL};
        const struct number *const a = to.number.kind == NUMBER_NULL ? &zero : &to.number;
        const struct number *const b = from.number.kind == NUMBER_NULL ? &zero : &from.number;
        *out = number_subtract_rounded(a, b, round);
        return;
    }
    rationalise(&from);
    rationalise(&to);
    from.value.negative = !from.value.negative;
    rational_add(&to.value, &from.value); /* method 7 divides by 1 */
    round_quotient(out, &to.value, 1, round);
}

uint64_t quantile_lower_rank(uint64_t count, const struct number *q)
{
    struct position position;
    find_position(&position, count, q, &formulas[QUANTILE_LOWER]);
    return position.low;
}

/* ---- edges ----------------------------------------------------------------------------------- */

/* low * (parts - part) + high * part. */
static void find_edge(struct rational *out, const struct number *low, const struct number *high,
                      uint64_t part, uint64_t parts)
{
    struct rational addend;
    rational_set_number(out, low);
    rational_multiply(out, parts - part);
    rational_set_number(&addend, high);
    rational_multiply(&addend, part);
    rational_add(out, &addend);
}

void quantile_edge(const struct number *low, const struct number *high, uint64_t part,
                   uint64_t parts, int round, struct number *out)
{
    if (part == 0 || part == parts) {
        *out = part == 0 ? *low : *high;
        return;
    }
    struct rational edge;
    find_edge(&edge, low, high, part, parts);
    round_quotient(out, &edge, parts, round);
}

int quantile_compare_edge(const struct number *number, const struct number *low,
                          const struct number *high, uint64_t part, uint64_t parts)
{
    struct rational edge;
    struct rational value;
    find_edge(&edge, low, high, part, parts);
    rational_set_number(&value, number);
    rational_multiply(&value, parts);
    return rational_compare(&value, &edge);
}
