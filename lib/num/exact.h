/* num/exact.h - exact sums of numbers and of their squares, and what is computed from them.
 *
 * Decimals are added as integers at a decimal scale, doubles in superaccumulators (Radford Neal,
 * "Fast exact summation using small and large superaccumulators", 2015); x^2 of a double as the
 * 106-bit square of its mantissa. So the result does not depend on order or grouping, and is
 * rounded once. One thread at a time; all-zero is a valid empty state. */
#ifndef NUM_EXACT_H
#define NUM_EXACT_H

#include "base/buffer.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#include <stdbool.h>

struct exact_wide;

/* The exact sum of any number of values. The small form serves while everything fits 128 bits at
 * one scale; `wide` is allocated, and charged to the budget given, when something does not. */
struct exact_sum {
    int128 small;
    struct exact_wide *wide; /* NULL until needed */
    int8_t scale;            /* small * 10^scale; 0 when nothing was added */
    uint8_t special;         /* bits: NaN, +inf, -inf was added */
};

/* Adds one number (not NUMBER_NULL). Fails with SHEAF_SYSTEM or SHEAF_LIMIT, the sum unchanged. */
enum sheaf_status exact_sum_add(struct exact_sum *sum, const struct number *number,
                                struct memory_budget *budget, const char *column,
                                struct sheaf_error *error);
/* Adds the square of one number. */
enum sheaf_status exact_sum_add_square(struct exact_sum *sum, const struct number *number,
                                       struct memory_budget *budget, const char *column,
                                       struct sheaf_error *error);
/* Adds one number, or its square, `times` times (any number of times, 0 too). */
enum sheaf_status exact_sum_add_times(struct exact_sum *sum, const struct number *number,
                                      uint64_t times, struct memory_budget *budget,
                                      const char *column, struct sheaf_error *error);
enum sheaf_status exact_sum_add_square_times(struct exact_sum *sum, const struct number *number,
                                             uint64_t times, struct memory_budget *budget,
                                             const char *column, struct sheaf_error *error);
/* Adds the numbers that a summary of short decimals is of, or their squares, which it must have. */
enum sheaf_status exact_sum_add_summary(struct exact_sum *sum,
                                        const struct decimal_summary *summary,
                                        struct memory_budget *budget, const char *column,
                                        struct sheaf_error *error);
enum sheaf_status exact_sum_add_square_summary(struct exact_sum *sum,
                                               const struct decimal_summary *summary,
                                               struct memory_budget *budget, const char *column,
                                               struct sheaf_error *error);
/* Adds numbers[selection[i]] (numbers[i] when selection is NULL) for i < selected, skipping
 * NUMBER_NULL; *count grows by the numbers added. The tight loop of sum and mean: no call per
 * value while the small form serves. */
enum sheaf_status exact_sum_add_column(struct exact_sum *sum, const struct number *numbers,
                                       const uint32_t *selection, uint32_t selected,
                                       uint64_t *count, struct memory_budget *budget,
                                       const char *column, struct sheaf_error *error);
/* Doubles side by side, of which those at selection[i], i < selected, are meant; selection NULL:
 * the first ones. */
struct exact_reals {
    const double *values;
    const uint32_t *selection;
    uint32_t selected;
};
/* Adds doubles, -0 as 0: as exact_sum_add would one by one, but several at once where they are not
 * too different in size. They may change meanwhile, as those of a mapped file can: then the sum is
 * that of some values. */
enum sheaf_status exact_sum_add_reals(struct exact_sum *sum, const struct exact_reals *reals,
                                      struct memory_budget *budget, const char *column,
                                      struct sheaf_error *error);
/* Adds `from` to `into`; `from` stays as it was. */
enum sheaf_status exact_sum_merge(struct exact_sum *into, const struct exact_sum *from,
                                  struct memory_budget *budget, const char *column,
                                  struct sheaf_error *error);
void exact_sum_drop(struct exact_sum *sum, struct memory_budget *budget);

/* The sum: an exact decimal when only decimals were added and it has at most 38 significant
 * digits (within 10^-38 … 10^38), else the nearest double. round: digits after the point, half to
 * even on the exact value (then a decimal when it fits 38 digits, else the nearest double);
 * -1: none. Nothing added: 0. Fails with SHEAF_SYSTEM when malloc refuses scratch memory. */
enum sheaf_status exact_sum_value(const struct exact_sum *sum, int round, struct number *out,
                                  struct sheaf_error *error);
/* sum / count (count >= 1) as the nearest double of the exact quotient; with round >= 0: the
 * exact quotient rounded half to even to a decimal. */
enum sheaf_status exact_mean(const struct exact_sum *sum, uint64_t count, int round,
                             struct number *out, struct sheaf_error *error);

enum exact_divisor { EXACT_SAMPLE, EXACT_POPULATION }; /* n - 1 (n >= 2), n (n >= 1) */

/* (n*Sxx - Sx^2) / (n*(n-1)) or / n^2, exact, rounded once. NaN when any special was added. */
enum sheaf_status exact_variance(const struct exact_sum *sum, const struct exact_sum *squares,
                                 uint64_t count, enum exact_divisor divisor, int round,
                                 struct number *out, struct sheaf_error *error);
/* The square root of that, rounded once. */
enum sheaf_status exact_deviation(const struct exact_sum *sum, const struct exact_sum *squares,
                                  uint64_t count, enum exact_divisor divisor, int round,
                                  struct number *out, struct sheaf_error *error);

/* Saves to a self-delimiting little-endian form; two equal sums may have different bytes. load
 * moves *bytes past it; hostile bytes: SHEAF_DATA, and *sum is empty. */
void exact_sum_save(const struct exact_sum *sum, struct buffer *out);
enum sheaf_status exact_sum_load(struct exact_sum *sum, struct text *bytes,
                                 struct memory_budget *budget, const char *column,
                                 struct sheaf_error *error);

#endif
