/* num/shape.h - skewness and kurtosis of a settled multiset, from exact power sums. */
#ifndef NUM_SHAPE_H
#define NUM_SHAPE_H

#include "num/multiset.h"
#include "num/rational.h"

#include <stdint.h>

/* What the numbers are beside their count. */
enum shape_kind {
    SHAPE_FLAT,    /* none, or all are equal */
    SHAPE_SPECIAL, /* NaN or an infinity is among them */
    SHAPE_SPREAD,
};

/* All that both coefficients are made of: some 4 KB, wherever the caller wants them; nothing hangs
 * off it. The members are the module's own. */
struct shape {
    uint64_t count;
    enum shape_kind kind;
    /* Of SHAPE_SPREAD: n^k times the k-th moment about the mean, in the k-th power of a unit. */
    struct rational second;
    struct rational third;
    struct rational fourth;
};

/* Reads all values of a settled multiset, which is not needed after. Cannot fail. Any thread. */
void shape_of(const struct multiset *set, struct shape *out);

/* The adjusted Fisher-Pearson coefficient G1 = sqrt(n(n-1))/(n-2) * m3/m2^1.5 and the sample excess
 * kurtosis G2 = (n-1)/((n-2)(n-3)) * ((n+1) m4/m2^2 - 3(n-1)) (Joanes and Gill, "Comparing measures
 * of sample skewness and kurtosis", The Statistician 47, 1998): what DuckDB, pandas and Excel give.
 * The nearest double of the exact value (round: digits after the point; -1: all). NUMBER_NULL for
 * fewer than 3 (4) numbers, or when all are equal; NaN when a special is among them. Any thread. */
void shape_skewness(const struct shape *shape, int round, struct number *out);
void shape_kurtosis(const struct shape *shape, int round, struct number *out);

#endif
