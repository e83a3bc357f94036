/* num/rational.h - exact values on their way to a result: ±natural * 2^two * 5^five, divided by a
 * count when they are rounded.
 *
 * So decimals and doubles meet without loss: m * 10^e is m * 2^e * 5^e. Nothing here allocates or
 * fails. Any thread. */
#ifndef NUM_RATIONAL_H
#define NUM_RATIONAL_H

#include "base/number.h"
#include "num/bignat.h"

#include <stdbool.h>

struct rational {
    struct bignat natural;
    int two;
    int five;
    bool negative; /* means nothing when natural is 0 */
};

/* Takes a decimal or a finite double. */
void rational_set_number(struct rational *out, const struct number *number);
/* value * 10^exponent. */
void rational_set_decimal(struct rational *out, int128 value, int exponent);
void rational_copy(struct rational *out, const struct rational *from);

/* value += other. */
void rational_add(struct rational *value, const struct rational *other);
/* value *= factor. */
void rational_multiply(struct rational *value, uint64_t factor);
/* out = value * value; out is another object. */
void rational_square(struct rational *out, const struct rational *value);
/* Negative, 0 or positive. */
int rational_compare(const struct rational *a, const struct rational *b);

/* The double nearest to value / divisor (to the square root of that): ties to even, subnormals,
 * infinity past the range; never -0. divisor is not 0; of the root's value the sign is ignored. */
double rational_nearest(const struct rational *value, uint128 divisor);
double rational_nearest_root(const struct rational *value, uint128 divisor);

/* value / divisor (the square root of that), rounded half to even to `digits` (0 … 38) after the
 * point. False when the result is no decimal as base/number.h defines it. */
bool rational_round(const struct rational *value, uint128 divisor, int digits, struct number *out);
bool rational_round_root(const struct rational *value, uint128 divisor, int digits,
                         struct number *out);

/* The value itself, which has two == five. False as above. */
bool rational_decimal(const struct rational *value, struct number *out);

#endif
