/* num/quotient.h - quotients of machine integers, rounded once: the short way to what
 * num/rational.h gives for any sum. Everyday sums fit it. Any thread. */
#ifndef NUM_QUOTIENT_H
#define NUM_QUOTIENT_H

#include "base/number.h"

#include <stdbool.h>

/* numerator / denominator, neither negative; denominator is not 0. */
struct quotient {
    uint128 numerator;
    uint64_t denominator;
};

/* magnitude * 10^exponent / divisor. False when it does not fit. */
bool quotient_make(struct quotient *out, uint128 magnitude, int exponent, uint128 divisor);

/* The double nearest to the quotient: ties to even. */
double quotient_nearest(const struct quotient *quotient);

/* The double nearest to its square root. False when that is not seen at once. */
bool quotient_nearest_root(const struct quotient *quotient, double *out);

/* The integer nearest to it: ties to even. */
uint128 quotient_round(const struct quotient *quotient);

/* *product = a * b; *value *= 10^power, power at least 0. False when it does not fit. */
bool quotient_multiply(uint128 a, uint128 b, uint128 *product);
bool quotient_multiply_ten(uint128 *value, int power);

#endif
