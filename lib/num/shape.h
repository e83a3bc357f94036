/* num/shape.h - skewness and kurtosis of a settled multiset, from exact power sums. */
#ifndef NUM_SHAPE_H
#define NUM_SHAPE_H

#include "num/multiset.h"

/* The adjusted Fisher-Pearson coefficient G1 = sqrt(n(n-1))/(n-2) * m3/m2^1.5 and the sample excess
 * kurtosis G2 = (n-1)/((n-2)(n-3)) * ((n+1) m4/m2^2 - 3(n-1)) (Joanes and Gill, "Comparing measures
 * of sample skewness and kurtosis", The Statistician 47, 1998): what DuckDB, pandas and Excel give.
 * The nearest double of the exact value (round: digits after the point; -1: all). NUMBER_NULL for
 * fewer than 3 (4) numbers, or when all are equal; NaN when a special is among them. Any thread. */
void shape_skewness(const struct multiset *set, int round, struct number *out);
void shape_kurtosis(const struct multiset *set, int round, struct number *out);

#endif
