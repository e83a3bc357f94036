/* With 2^M at least the number of values and two more, and all of them at most 2^-M times a power
 * of two g, extraction by g leaves at most 2^-53 g of each, and the parts add up without rounding
 * (Rump, Ogita and Oishi, lemmas 3.2 and 3.3). So each next power is 2^(M - 53) times the one
 * before, and each level takes 53 - M more binary places. */
#include "num/extract.h"

#include "num/extract_sets.h"

#include <float.h>
#include <math.h>

enum {
    ROOM = 11, /* M: 2^M >= EXTRACT_VALUES + 2 */
    STEP = ROOM - DBL_MANT_DIG,
    /* Exponents of the largest value within which no power overflows, and no level comes so near
     * to the least double that something would be lost. */
    EXPONENT_MOST = DBL_MAX_EXP - ROOM - 2,
    EXPONENT_LEAST = DBL_MIN_EXP - EXTRACT_MANY * STEP + DBL_MANT_DIG,
};

_Static_assert(EXTRACT_VALUES + 2 <= 1 << ROOM, "the sums of a level are exact");

const struct extract_ops *const extract_table[] = {
    &extract_plain,
#if defined(__x86_64__)
    &extract_avx2,
#endif
};
const size_t extract_table_length = sizeof extract_table / sizeof extract_table[0];

const struct extract_ops *extract_best(void)
{
    size_t i = extract_table_length - 1;
    while (!extract_table[i]->is_available())
        i--;
    return extract_table[i];
}

static bool are_finite(const double *sums, size_t levels)
{
    for (size_t level = 0; level < levels; level++)
        if (!isfinite(sums[level]))
            return false;
    return true;
}

bool extract_sum(const struct extract_ops *ops, const double *values, size_t count,
                 double sums[EXTRACT_MANY], size_t *levels)
{
    const double largest = ops->largest(values, count);
    int exponent = 0;
    if (!isfinite(largest))
        return false;
    if (largest > 0)
        (void)frexp(largest, &exponent); /* largest < 2^exponent */
    if (exponent > EXPONENT_MOST || exponent < EXPONENT_LEAST)
        return false;
    double grid[EXTRACT_MANY];
    for (int level = 0; level < EXTRACT_MANY; level++)
        grid[level] = ldexp(1, exponent + ROOM + level * STEP);
    *levels = EXTRACT_FEW;
    if (ops->few(values, count, grid, sums) == 0)
        return are_finite(sums, *levels); /* a NaN passes through */
    *levels = EXTRACT_MANY;
    return ops->many(values, count, grid, sums) == 0 && are_finite(sums, *levels);
}
