/* num/exact_wide.h - the part of an exact sum that does not fit 128 bits at one scale. */
#ifndef NUM_EXACT_WIDE_H
#define NUM_EXACT_WIDE_H

#include "num/exact.h"
#include "num/window.h"

/* The decimals, beside exact_sum.small, in units of 10^EXACT_SCALE: the last digit that the square
 * of a decimal can have. The doubles, in units of 1; a window of limbs means that one was added. */
struct exact_wide {
    struct window decimals;
    struct window doubles;
};

/* Bits of exact_sum.special. */
enum { EXACT_NAN = 1, EXACT_PLUS_INFINITY = 2, EXACT_MINUS_INFINITY = 4 };

enum {
    EXACT_SCALE = -76,
    EXACT_SCALE_MAX = 76,
    /* 2^63 squares of decimals, below 10^152 each: 10^228 units * 2^63 < 2^822. */
    EXACT_DECIMAL_LIMBS = 13,
    /* 2^63 squares of doubles: from 2^-2148, in limb -34, to 2^2111, in limb 32, and a sign. */
    EXACT_DOUBLE_LOW = -34,
    EXACT_DOUBLE_HIGH = 34,
};

/* Makes sure that the sum has a wide form. Fails with SHEAF_SYSTEM or SHEAF_LIMIT. */
enum sheaf_status exact_promote(struct exact_sum *sum, const struct window_charge *charge);

#endif
