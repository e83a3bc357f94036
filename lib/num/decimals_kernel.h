/* num/decimals_kernel.h - what the files of the decimal kernels share: the rows of the table, and
 * the column being read, with the slow way for the texts that a fast one leaves. Any thread. */
#ifndef NUM_DECIMALS_KERNEL_H
#define NUM_DECIMALS_KERNEL_H

#include "num/decimals.h"

#include <stddef.h>

extern const struct decimal_kernel decimal_kernel_scalar;
#ifdef __x86_64__
extern const struct decimal_kernel decimal_kernel_sse2;
extern const struct decimal_kernel decimal_kernel_avx2;
extern const struct decimal_kernel decimal_kernel_avx512;
#endif

/* A column that is being read. Mantissas that stand before the row in work are all in units of
 * 10^-scale. */
struct decimal_column {
    const struct text *texts;
    int64_t *mantissas;
    unsigned scale; /* the most digits after a point met, NUMBER_DIGITS at most */
    bool has_nulls;
};

/* Reads rows one by one. False as decimal_kernel.parse. */
bool decimals_read_rows(struct decimal_column *column, uint32_t row, uint32_t count);

/* Brings mantissas[row … row + count), of which each is in units of 10^-digits[i], and those before
 * them to one scale. False when some mantissa then is 10^18 or more. */
bool decimals_align(struct decimal_column *column, uint32_t row, uint32_t count,
                    const uint64_t *digits);

/* Gives the result of a column that was read to its end. */
struct decimals decimals_of_column(const struct decimal_column *column);

/* The plain C row's function: also for instruction sets that cannot compare 64-bit integers. */
void decimals_summarize(const struct decimals *decimals, const uint32_t *selection,
                        uint32_t selected, unsigned parts, struct decimal_summary *out);

/* A summary of no rows, and how it grows by rows, one by one, or by the squares alone. Its extremes
 * are such that others take their place. */
struct decimal_summary decimals_empty_summary(const struct decimals *decimals);
void decimals_add_rows(struct decimal_summary *summary, const int64_t *mantissas, size_t count,
                       unsigned parts);
void decimals_add_squares(struct decimal_summary *summary, const int64_t *mantissas, size_t count);
/* Leaves what was asked for. */
void decimals_end_summary(struct decimal_summary *summary, unsigned parts);

#endif
