/* num/quantile.h - exact quantiles of a settled multiset.
 *
 * Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996):
 * methods 1 … 9 as in R's quantile(); position and interpolation are exact rationals, and the
 * result is rounded once, to the nearest double; a result that is a value of the input stays as
 * that value is. Pure; any thread. */
#ifndef NUM_QUANTILE_H
#define NUM_QUANTILE_H

#include "num/multiset.h"

enum quantile_method {
    QUANTILE_1 = 1,
    QUANTILE_2,
    QUANTILE_3,
    QUANTILE_4,
    QUANTILE_5,
    QUANTILE_6,
    QUANTILE_7, /* linear: the default of R, numpy and datamash */
    QUANTILE_8,
    QUANTILE_9,
    /* At the position of method 7: */
    QUANTILE_LOWER,
    QUANTILE_HIGHER,
    QUANTILE_NEAREST,  /* half to even, as numpy */
    QUANTILE_MIDPOINT, /* the mean of lower and higher */
};

/* The quantile q (a decimal, 0 … 1) of a settled multiset that is not empty. round: digits after
 * the point, half to even on the exact value; -1: all. Between -inf and inf, and beside NaN,
 * interpolation gives what IEEE arithmetic gives. */
void quantile_of(const struct multiset *set, const struct number *q, enum quantile_method method,
                 int round, struct number *out);

/* The difference of two of them (method 7): rounded once. */
void quantile_range(const struct multiset *set, const struct number *low, const struct number *high,
                    int round, struct number *out);

/* The rank (0 … count - 1) that QUANTILE_LOWER takes among `count` >= 1 values, for values that
 * are no numbers. */
uint64_t quantile_lower_rank(uint64_t count, const struct number *q);

/* low + (high - low) * part / parts of two finite numbers, part <= parts, parts >= 1: the edges of
 * equal bins. The ends stay as they are; what is between is rounded once to the nearest double (to
 * `round` digits, if not -1). */
void quantile_edge(const struct number *low, const struct number *high, uint64_t part,
                   uint64_t parts, int round, struct number *out);
/* The exact order of a finite number and such an edge, unrounded: negative, 0 or positive. */
int quantile_compare_edge(const struct number *number, const struct number *low,
                          const struct number *high, uint64_t part, uint64_t parts);

#endif
