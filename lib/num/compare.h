/* num/compare.h - exact order and difference of numbers, decimals and doubles mixed. */
#ifndef NUM_COMPARE_H
#define NUM_COMPARE_H

#include "base/number.h"

#include <stdbool.h>

/* Exact order: negative, 0 or positive. NaN is above +inf and equals itself. Neither may be
 * NUMBER_NULL. */
int number_compare(const struct number *a, const struct number *b);

/* Of two equal numbers, which may print differently: true when `a` is the one to keep, whichever
 * came first. A decimal ranks before a double, and that before one of single precision. */
bool number_outranks(const struct number *a, const struct number *b);

/* a - b, rounded once: the exact decimal when both are decimals and it has at most 38 digits
 * within 10^-38 … 10^38, else the nearest double; IEEE rules for NaN and infinities. */
struct number number_subtract(const struct number *a, const struct number *b);
/* As number_subtract, but the exact difference is rounded to `round` digits (0 … 38) after the
 * point, half to even, as a decimal if that fits 38 digits; -1: as number_subtract. */
struct number number_subtract_rounded(const struct number *a, const struct number *b, int round);

/* Rounds to `digits` (0 … 38) after the point, half to even on the exact value, as a decimal if it
 * fits 38 digits, else the number itself. NaN and infinities stay. */
struct number number_round(const struct number *number, int digits);

#endif
