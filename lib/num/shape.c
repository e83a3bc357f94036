/* Both coefficients are the same for the numbers scaled. So each number x becomes an integer of
 * units, the unit being a power of two times a power of five that divides all of them, and the sums
 * of x^k are integers. With S_k the sum of x^k, so that S0 is n, the number of numbers, the moments
 * m_k about the mean are integers as M_k = n^k * m_k:
 *
 *     M2 = S0 S2 - S1^2
 *     M3 = S0^2 S3 - 3 S0 S1 S2 + 2 S1^3
 *     M4 = S0^3 S4 - 4 S0^2 S1 S3 + 6 S0 S1^2 S2 - 3 S1^4
 *     G1 = sqrt(n (n-1)) M3 / ((n-2) M2^1.5)
 *     G2 = (n-1) ((n+1) M4 - 3 (n-1) M2^2) / ((n-2) (n-3) M2^2)
 *
 * A double is 53 bits and zeros below them, so its powers are taken of these bits, and added where
 * they belong: what that costs does not depend on how far apart the numbers lie.
 *
 * All of it is exact, and fits a bignat's 10 240 bits. Numbers below 2^1024 in units of at least
 * 2^-1074 * 5^-38 make |x| < 2^2187; let n < 2^64. |M3| <= sqrt(n) M2^1.5 and M4 <= n M2^2, so that
 * |G1| and |G2| are below 2^33 and 2^66. At most, then,
 *
 *     M2, and each sum of terms       4 503 bits
 *     M3, likewise                    6 756
 *     M4, likewise                    9 008
 *     numerator, denominator of G2    9 137, and 128 for 38 digits
 *     M2^2 G1^2 (n-2)^2               9 196, and 256 for 38 digits
 *
 * The parts of G2 are divided at once. G1 is the root of a quotient whose parts, M3^2 and M2^3,
 * would not fit; that one is divided in steps, the first of which leaves the last line. */
#include "num/shape.h"

#include <math.h>
#include <stdbool.h>

enum {
    POWERS = 4,
    /* Bits asked of a result: more than a double has, though the estimate may be some off. */
    RESULT_BITS = 80,
};

/* What all numbers are multiples of: 2^two * 5^five. */
struct unit {
    int two;
    int five;
    bool known; /* some number is not 0 */
};

/* S_0 … S_4. */
struct power_sums {
    struct rational sums[POWERS + 1];
};

/* The sums of the powers that are positive, and of those that are negative. Apart, a carry seldom
 * goes far. */
struct signed_sums {
    struct bignat above[POWERS + 1];
    struct bignat below[POWERS + 1];
};

/* factor * the product of S_k for `degree` values of k. */
struct term {
    int factor;
    int powers[POWERS];
};

/* A moment M_degree. */
struct moment {
    int degree;
    int terms;
    struct term term[POWERS];
};

static const struct moment second_moment = {
    .degree = 2, .terms = 2, .term = {{1, {0, 2}}, {-1, {1, 1}}}};
static const struct moment third_moment = {
    .degree = 3, .terms = 3, .term = {{1, {0, 0, 3}}, {-3, {0, 1, 2}}, {2, {1, 1, 1}}}};
static const struct moment fourth_moment = {
    .degree = 4,
    .terms = 4,
    .term = {{1, {0, 0, 0, 4}}, {-4, {0, 0, 1, 3}}, {6, {0, 1, 1, 2}}, {-3, {1, 1, 1, 1}}}};

/* The scale that a result is found at: |result| * 2^two * 10^digits, as an integer. */
struct scale {
    int two;
    int digits;
};

static bool is_special(const struct multiset *set, size_t index)
{
    struct number number;
    uint64_t times;
    multiset_value(set, index, &number, &times);
    return number.kind == NUMBER_DOUBLE && !isfinite(number.real);
}

/* Specials sort to the ends. */
static enum shape_kind kind_of(const struct multiset *set)
{
    const size_t distinct = multiset_distinct(set);
    if (distinct > 0 && (is_special(set, 0) || is_special(set, distinct - 1)))
        return SHAPE_SPECIAL;
    return distinct > 1 ? SHAPE_SPREAD : SHAPE_FLAT;
}

static void find_unit(struct unit *out, const struct multiset *set)
{
    *out = (struct unit){.known = false};
    const size_t distinct = multiset_distinct(set);
    for (size_t i = 0; i < distinct; i++) {
        struct number number;
        struct rational value;
        uint64_t times;
        multiset_value(set, i, &number, &times);
        rational_set_number(&value, &number);
        if (value.natural.length == 0)
            continue;
        if (!out->known || value.two < out->two)
            out->two = value.two;
        if (!out->known || value.five < out->five)
            out->five = value.five;
        out->known = true;
    }
}

static void multiply(struct bignat *power, const struct bignat *factor)
{
    if (factor->length == 1) {
        bignat_multiply_word(power, factor->limbs[0]);
        return;
    }
    struct bignat product;
    bignat_multiply(&product, power, factor);
    bignat_copy(power, &product);
}

/* Adds times * x^k to each sum. */
static void add_powers(struct signed_sums *sums, const struct number *number, uint64_t times,
                       const struct unit *unit)
{
    struct rational x;
    rational_set_number(&x, number);
    if (x.natural.length == 0)
        return;
    bignat_multiply_five(&x.natural, (unsigned)(x.five - unit->five));
    const size_t zeros = (size_t)(x.two - unit->two);
    struct bignat power;
    bignat_set(&power, times);
    for (size_t k = 1; k <= POWERS; k++) {
        struct bignat *const sum = x.negative && k % 2 != 0 ? sums->below : sums->above;
        multiply(&power, &x.natural);
        bignat_add_shifted(&sum[k], &power, k * zeros);
    }
}

static void set_integer(struct rational *out, const struct bignat *natural)
{
    rational_set_decimal(out, 0, 0);
    bignat_copy(&out->natural, natural);
}

static void find_power_sums(struct power_sums *out, const struct multiset *set)
{
    struct unit unit;
    struct signed_sums sums;
    find_unit(&unit, set);
    for (int k = 1; k <= POWERS; k++) {
        bignat_set(&sums.above[k], 0);
        bignat_set(&sums.below[k], 0);
    }
    const size_t distinct = multiset_distinct(set);
    for (size_t i = 0; i < distinct; i++) {
        struct number number;
        uint64_t times;
        multiset_value(set, i, &number, &times);
        add_powers(&sums, &number, times, &unit);
    }
    rational_set_decimal(&out->sums[0], multiset_count(set), 0);
    for (int k = 1; k <= POWERS; k++) {
        struct rational below;
        set_integer(&out->sums[k], &sums.above[k]);
        set_integer(&below, &sums.below[k]);
        below.negative = true;
        rational_add(&out->sums[k], &below);
    }
}

static void find_moment(struct rational *out, const struct power_sums *sums,
                        const struct moment *moment)
{
    rational_set_decimal(out, 0, 0);
    for (int i = 0; i < moment->terms; i++) {
        const struct term *const term = &moment->term[i];
        struct rational product;
        struct bignat next;
        rational_set_decimal(&product, term->factor, 0);
        for (int k = 0; k < moment->degree; k++) {
            const struct rational *const sum = &sums->sums[term->powers[k]];
            bignat_multiply(&next, &product.natural, &sum->natural);
            bignat_copy(&product.natural, &next);
            product.negative = product.negative != sum->negative;
        }
        rational_add(out, &product);
    }
}

/* Where a result of about 2^log2 is to be found: at a scale that gives it more bits than a double
 * has, or, to round it to digits, at twice these digits, of which the last bit is the half. */
static struct scale choose_scale(int log2, int round)
{
    if (round >= 0)
        return (struct scale){.two = 1, .digits = round};
    return (struct scale){.two = log2 < RESULT_BITS ? RESULT_BITS - log2 : 0};
}

static void multiply_scale(struct bignat *natural, const struct scale *scale)
{
    bignat_multiply_ten(natural, (unsigned)scale->digits);
    bignat_shift_left(natural, (size_t)scale->two);
}

/* number = floor(number / divisor); gives true when something was left. */
static bool divide(struct bignat *number, const struct bignat *divisor)
{
    struct bignat rest;
    bignat_copy(&rest, number);
    bignat_divide(number, &rest, divisor);
    return rest.length > 0;
}

/* Rounds what was found, as a floor and whether something lay above it: to digits if that is asked
 * and fits, else to a double. One more bit stands for all that lay above. */
static void store(struct number *out, struct rational *floor, bool is_above,
                  const struct scale *scale, int round)
{
    struct rational bit;
    rational_set_decimal(&bit, is_above, 0);
    bignat_shift_left(&floor->natural, 1);
    bignat_add(&floor->natural, &bit.natural);
    floor->two = -scale->two - 1 - scale->digits;
    floor->five = -scale->digits;
    if (round < 0 || !rational_round(floor, 1, round, out))
        *out = (struct number){.real = rational_nearest(floor, 1), .kind = NUMBER_DOUBLE};
}

/* floor = floor(root^2 / (M2 (n-2))^2 / M2 * n (n-1)), root^2 being M3^2 at a scale. With
 * root = c M2 + d and root n (n-1) = a M2 + b, the first division, by M2, gives a root + b c +
 * b d / M2, where nothing is longer than what is divided next. Gives true when something was
 * left. */
static bool divide_square(struct bignat *floor, const struct bignat *root, uint64_t count,
                          const struct bignat *second)
{
    struct bignat a;
    struct bignat b;
    struct bignat c;
    struct bignat d;
    struct bignat product;
    bignat_copy(&d, root);
    bignat_divide(&c, &d, second);
    bignat_copy(&b, root);
    bignat_multiply_word(&b, count);
    bignat_multiply_word(&b, count - 1);
    bignat_divide(&a, &b, second);

    bignat_multiply(floor, &b, &d);
    bool is_above = divide(floor, second);
    bignat_multiply(&product, &a, root);
    bignat_add(floor, &product);
    bignat_multiply(&product, &b, &c);
    bignat_add(floor, &product);
    bignat_copy(&product, second);
    bignat_multiply_word(&product, count - 2);
    for (int i = 0; i < 2; i++)
        is_above |= divide(floor, &product);
    return is_above;
}

void shape_of(const struct multiset *set, struct shape *out)
{
    out->count = multiset_count(set);
    out->kind = kind_of(set);
    if (out->kind != SHAPE_SPREAD)
        return;
    struct power_sums sums;
    find_power_sums(&sums, set);
    find_moment(&out->second, &sums, &second_moment);
    find_moment(&out->third, &sums, &third_moment);
    find_moment(&out->fourth, &sums, &fourth_moment);
}

/* Decides what needs no arithmetic: too few numbers, specials, no spread. False when there is a
 * result to be found. */
static bool is_settled(const struct shape *shape, uint64_t least, struct number *out)
{
    *out = (struct number){.kind = NUMBER_NULL};
    if (shape->count >= least && shape->kind == SHAPE_SPECIAL)
        *out = (struct number){.real = (double)NAN, .kind = NUMBER_DOUBLE};
    return shape->count < least || shape->kind != SHAPE_SPREAD;
}

void shape_skewness(const struct shape *shape, int round, struct number *out)
{
    struct bignat third;
    struct bignat square;
    struct rational result;
    if (is_settled(shape, 3, out))
        return;
    const struct bignat *const second = &shape->second.natural;
    bignat_copy(&third, &shape->third.natural);
    const int log2 = (int)bignat_bits(&third) - (int)bignat_bits(second) * 3 / 2;
    const struct scale scale = choose_scale(log2, round);
    multiply_scale(&third, &scale);
    bool is_above = divide_square(&square, &third, shape->count, second);
    is_above |= !bignat_square_root(&result.natural, &square);
    result.negative = shape->third.negative;
    store(out, &result, is_above, &scale, round);
}

void shape_kurtosis(const struct shape *shape, int round, struct number *out)
{
    struct rational result;
    struct rational divisor;
    struct rational square;
    if (is_settled(shape, 4, out))
        return;
    const uint64_t count = shape->count;
    rational_square(&square, &shape->second);
    rational_copy(&divisor, &square);
    rational_copy(&result, &shape->fourth);
    rational_multiply(&result, count + 1);
    rational_multiply(&square, count - 1);
    rational_multiply(&square, 3);
    square.negative = true;
    rational_add(&result, &square);
    rational_multiply(&result, count - 1);
    rational_multiply(&divisor, count - 2);
    rational_multiply(&divisor, count - 3);
    const int log2 = (int)bignat_bits(&result.natural) - (int)bignat_bits(&divisor.natural);
    const struct scale scale = choose_scale(log2, round);
    multiply_scale(&result.natural, &scale);
    const bool is_above = divide(&result.natural, &divisor.natural);
    store(out, &result, is_above, &scale, round);
}
