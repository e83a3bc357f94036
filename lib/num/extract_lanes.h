/* num/extract_lanes.h - the loops of extract.h, written once over the primitives of one instruction
 * set (lanes_*.h), which is included before. What is left over at the end goes through the same
 * primitives, filled up with zeros, which add nothing. */
#ifndef NUM_EXTRACT_LANES_H
#define NUM_EXTRACT_LANES_H

#include "num/extract.h"

#ifndef LANES_TARGET
#include "num/lanes_plain.h"
#endif

#include <string.h>

#define EXTRACT_INLINE LANES_TARGET __attribute__((always_inline)) static inline

/* The last values, fewer than LANES. */
EXTRACT_INLINE lanes extract_rest(const double *values, size_t count)
{
    double filled[LANES] = {0};
    memcpy(filled, values, count * sizeof *values);
    return lanes_load(filled);
}

LANES_TARGET static double extract_largest(const double *values, size_t count)
{
    lanes most = lanes_all(0);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        most = lanes_larger(lanes_magnitude(lanes_load(values + i)), most);
    most = lanes_larger(lanes_magnitude(extract_rest(values + i, count - i)), most);
    double each[LANES];
    lanes_store(each, most);
    for (size_t lane = 1; lane < LANES; lane++)
        each[0] = each[lane] > each[0] ? each[lane] : each[0];
    return each[0];
}

struct extract_levels {
    lanes grid[EXTRACT_MANY];
    lanes sums[EXTRACT_MANY];
    lanes left;
};

EXTRACT_INLINE void extract_some(struct extract_levels *levels, lanes value, size_t count)
{
    for (size_t level = 0; level < count; level++) {
        const lanes grid = levels->grid[level];
        const lanes part = lanes_subtract(lanes_add(value, grid), grid);
        levels->sums[level] = lanes_add(levels->sums[level], part);
        value = lanes_subtract(value, part);
    }
    levels->left = lanes_or(levels->left, value);
}

/* `levels` is a constant where this is called, so that all of them stay in registers. */
EXTRACT_INLINE uint64_t extract_all(const double *values, size_t count, size_t levels,
                                    const double *grid, double *sums)
{
    struct extract_levels all = {.left = lanes_all(0)};
    for (size_t level = 0; level < levels; level++) {
        all.grid[level] = lanes_all(grid[level]);
        all.sums[level] = lanes_all(0);
    }
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        extract_some(&all, lanes_load(values + i), levels);
    extract_some(&all, extract_rest(values + i, count - i), levels);

    double each[LANES];
    for (size_t level = 0; level < levels; level++) {
        lanes_store(each, all.sums[level]);
        sums[level] = each[0];
        for (size_t lane = 1; lane < LANES; lane++)
            sums[level] += each[lane];
    }
    uint64_t left[LANES];
    lanes_store(each, all.left);
    memcpy(left, each, sizeof left);
    for (size_t lane = 1; lane < LANES; lane++)
        left[0] |= left[lane];
    return left[0] & INT64_MAX;
}

LANES_TARGET static uint64_t extract_few(const double *values, size_t count, const double *grid,
                                         double *sums)
{
    return extract_all(values, count, EXTRACT_FEW, grid, sums);
}

LANES_TARGET static uint64_t extract_many(const double *values, size_t count, const double *grid,
                                          double *sums)
{
    return extract_all(values, count, EXTRACT_MANY, grid, sums);
}

#endif
