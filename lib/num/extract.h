/* num/extract.h - the sum of some doubles without any rounding, as a few doubles.
 *
 * After ExtractVector of Rump, Ogita and Oishi, "Accurate floating-point summation, part I" (SIAM
 * J. Sci. Comput., 2008). Adding a power of two that is far larger than all values, and subtracting
 * it again, leaves of each the digits above a common last place; these add up without rounding, and
 * what they leave of a value is a double again. A few such levels take all digits of values that
 * are not too different in size. Whatever order the values are taken in, each level's sum is the
 * same. Pure functions: any thread. */
#ifndef NUM_EXTRACT_H
#define NUM_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXTRACT_VALUES = 1024, /* at once, at most */
    EXTRACT_FEW = 2,       /* levels: for values of like size, */
    EXTRACT_MANY = 5,      /* and for others */
};

/* The functions of one instruction set. */
struct extract_ops {
    const char *name;
    /* True when this processor has the instructions. */
    bool (*is_available)(void);
    /* Gives the largest magnitude of `count` values, 0 of none. A NaN among them counts as nothing,
     * or as itself. */
    double (*largest)(const double *values, size_t count);
    /* Sums at most EXTRACT_VALUES values to EXTRACT_FEW, or EXTRACT_MANY, sums, one for each of the
     * powers of two in `grid`. Gives the bits, without signs, of all that is left after the last
     * level, joined by or: 0 when the sums are exact. */
    uint64_t (*few)(const double *values, size_t count, const double *grid, double *sums);
    uint64_t (*many)(const double *values, size_t count, const double *grid, double *sums);
};

/* The table: the plain one first, which defines what the others do. */
extern const struct extract_ops *const extract_table[];
extern const size_t extract_table_length;

/* The fastest one that this processor has. */
const struct extract_ops *extract_best(void);

/* Sums at most EXTRACT_VALUES doubles to sums[0 … levels - 1], whose exact total is theirs. False
 * when they are too different in size, too near the ends of the range, or not all finite; then the
 * sums mean nothing. */
bool extract_sum(const struct extract_ops *ops, const double *values, size_t count,
                 double sums[EXTRACT_MANY], size_t *levels);

#endif
