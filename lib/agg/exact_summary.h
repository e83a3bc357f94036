/* agg/exact_summary.h - summaries of short decimals into exact sums, by means of single numbers.
 *
 * Stopgaps: num/exact is to take a summary itself, and then these go. */
#ifndef AGG_EXACT_SUMMARY_H
#define AGG_EXACT_SUMMARY_H

#include "agg/agg.h"
#include "base/error.h"
#include "num/exact.h"

/* Adds the sum of a summary: in two halves, because a number holds 38 digits and the sum may have
 * one more. */
static inline enum sheaf_status stopgap_exact_sum_add_summary(struct exact_sum *sum,
                                                              const struct decimal_summary *summary,
                                                              const struct agg_call *call,
                                                              struct sheaf_error *error)
{
    const int128 half = summary->sum / 2;
    const int128 halves[2] = {half, summary->sum - half};
    for (int i = 0; i < 2; i++) {
        const struct number number = {
            .mantissa = halves[i], .exponent = summary->exponent, .kind = NUMBER_DECIMAL};
        if (halves[i] != 0 || i == 0)
            TRY(exact_sum_add(sum, &number, call->budget, call->column, error));
    }
    return SHEAF_OK;
}

/* Adds the sum of the squares: its 18-digit pieces count how often the squares of 1, 10^9 and 10^18
 * (at the summary's scale) are in it, since a number reaches no scale as fine as that of squares.
 */
static inline enum sheaf_status stopgap_exact_sum_add_square_summary(
    struct exact_sum *sum, const struct decimal_summary *summary, const struct agg_call *call,
    struct sheaf_error *error)
{
    const uint128 piece = UINT64_C(1000000000000000000);
    uint128 rest = summary->squares;
    int128 root = 1;
    for (int i = 0; i < 3; i++, rest /= piece, root *= 1000000000) {
        const struct number number = {
            .mantissa = root, .exponent = summary->exponent, .kind = NUMBER_DECIMAL};
        TRY(exact_sum_add_square_times(sum, &number, (uint64_t)(rest % piece), call->budget,
                                       call->column, error));
    }
    return SHEAF_OK;
}

#endif
