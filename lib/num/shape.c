/* Both coefficients are the same for the numbers shifted and scaled. So each number x becomes the
 * natural number y = (x - lowest) / unit, the unit being a power of two times a power of five that
 * divides all of them, and the sums of y^k are integers. With S_k the sum of y^k, so that S0 is n,
 * the number of numbers, the moments m_k about the mean are integers as M_k = n^k * m_k:
 *
 *     M2 = S0 S2 - S1^2
 *     M3 = S0^2 S3 - 3 S0 S1 S2 + 2 S1^3
 *     M4 = S0^3 S4 - 4 S0^2 S1 S3 + 6 S0 S1^2 S2 - 3 S1^4
 *     G1 = sqrt(n (n-1)) M3 / ((n-2) M2^1.5)
 *     G2 = (n-1) ((n+1) M4 - 3 (n-1) M2^2) / ((n-2) (n-3) M2^2)
 *
 * All of it is exact, and fits a bignat's 10 240 bits. Numbers below 2^1024 in units of at least
 * 2^-1074 * 5^-38 make y < 2^2188; let n < 2^64. |M3| <= sqrt(n) M2^1.5 and M4 <= n M2^2, so that
 * |G1| and |G2| are below 2^33 and 2^66. At most, then,
 *
 *     M2                              4 504 bits
 *     M3                              6 758
 *     M4, and each term of it         9 011
 *     numerator, denominator of G2    9 142, and 128 for 38 digits
 *     M2^2 G1^2 (n-2)^2               9 202, and 256 for 38 digits
 *
 * The parts of G2 are divided at once. G1 is the root of a quotient whose parts, M3^2 and M2^3,
 * would not fit; that one is divided in steps, the first of which leaves the last line. */
#include "num/shape.h"

#include "num/rational.h"

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
    struct bignat sums[POWERS + 1];
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

/* Decides what needs no arithmetic: too few numbers, specials (which sort to the ends), no spread.
 * False when there is a result to be found. */
static bool is_settled(const struct multiset *set, uint64_t least, struct number *out)
{
    *out = (struct number){.kind = NUMBER_NULL};
    if (multiset_count(set) < least)
        return true;
    const size_t distinct = multiset_distinct(set);
    if (is_special(set, 0) || is_special(set, distinct - 1)) {
        *out = (struct number){.real = (double)NAN, .kind = NUMBER_DOUBLE};
        return true;
    }
    return distinct == 1;
}

/* The number with its factors of two in the exponent. */
static void set_lean(struct rational *out, const struct number *number)
{
    rational_set_number(out, number);
    uint128 low = bignat_low(&out->natural);
    if (low == 0)
        return;
    const uint64_t word = (uint64_t)low;
    const int zeros = word != 0 ? __builtin_ctzll(word)
                                : BIGNAT_LIMB_BITS + __builtin_ctzll((uint64_t)(low >> 64));
    bignat_set(&out->natural, low >> zeros);
    out->two += zeros;
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
        set_lean(&value, &number);
        if (value.natural.length == 0)
            continue;
        if (!out->known || value.two < out->two)
            out->two = value.two;
        if (!out->known || value.five < out->five)
            out->five = value.five;
        out->known = true;
    }
}

/* The number as an integer of units. */
static void set_in_units(struct rational *out, const struct number *number, const struct unit *unit)
{
    set_lean(out, number);
    if (out->natural.length > 0) {
        bignat_multiply_five(&out->natural, (unsigned)(out->five - unit->five));
        bignat_shift_left(&out->natural, (size_t)(out->two - unit->two));
    }
    out->two = 0;
    out->five = 0;
}

/* Adds times * y^k to each sum. */
static void add_powers(struct power_sums *sums, const struct bignat *y, uint64_t times)
{
    struct bignat power;
    struct bignat next;
    bignat_copy(&power, y);
    bignat_multiply_word(&power, times);
    bignat_add(&sums->sums[1], &power);
    for (int k = 2; k <= POWERS; k++) {
        bignat_multiply(&next, &power, y);
        bignat_add(&sums->sums[k], &next);
        bignat_copy(&power, &next);
    }
}

static void find_power_sums(struct power_sums *out, const struct multiset *set)
{
    struct unit unit;
    struct number number;
    struct rational lowest;
    uint64_t times;
    find_unit(&unit, set);
    bignat_set(&out->sums[0], multiset_count(set));
    for (int k = 1; k <= POWERS; k++)
        bignat_set(&out->sums[k], 0);
    multiset_value(set, 0, &number, &times);
    set_in_units(&lowest, &number, &unit);
    lowest.negative = !lowest.negative;
    const size_t distinct = multiset_distinct(set);
    for (size_t i = 1; i < distinct; i++) {
        struct rational y;
        multiset_value(set, i, &number, &times);
        set_in_units(&y, &number, &unit);
        rational_add(&y, &lowest);
        add_powers(out, &y.natural, times);
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
            bignat_multiply(&next, &product.natural, &sums->sums[term->powers[k]]);
            bignat_copy(&product.natural, &next);
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

void shape_skewness(const struct multiset *set, int round, struct number *out)
{
    struct power_sums sums;
    struct rational second;
    struct rational third;
    struct rational result;
    struct bignat square;
    if (is_settled(set, 3, out))
        return;
    find_power_sums(&sums, set);
    find_moment(&second, &sums, &second_moment);
    find_moment(&third, &sums, &third_moment);
    const int log2 = (int)bignat_bits(&third.natural) - (int)bignat_bits(&second.natural) * 3 / 2;
    const struct scale scale = choose_scale(log2, round);
    multiply_scale(&third.natural, &scale);
    bool is_above = divide_square(&square, &third.natural, multiset_count(set), &second.natural);
    is_above |= !bignat_square_root(&result.natural, &square);
    result.negative = third.negative;
    store(out, &result, is_above, &scale, round);
}

void shape_kurtosis(const struct multiset *set, int round, struct number *out)
{
    struct power_sums sums;
    struct rational result;
    struct rational second;
    struct rational square;
    if (is_settled(set, 4, out))
        return;
    const uint64_t count = multiset_count(set);
    find_power_sums(&sums, set);
    find_moment(&second, &sums, &second_moment);
    find_moment(&result, &sums, &fourth_moment);
    rational_square(&square, &second);
    rational_copy(&second, &square); /* from here on M2^2 */
    rational_multiply(&result, count + 1);
    rational_multiply(&square, count - 1);
    rational_multiply(&square, 3);
    square.negative = true;
    rational_add(&result, &square);
    rational_multiply(&result, count - 1);
    rational_multiply(&second, count - 2);
    rational_multiply(&second, count - 3);
    const int log2 = (int)bignat_bits(&result.natural) - (int)bignat_bits(&second.natural);
    const struct scale scale = choose_scale(log2, round);
    multiply_scale(&result.natural, &scale);
    const bool is_above = divide(&result.natural, &second.natural);
    store(out, &result, is_above, &scale, round);
}
