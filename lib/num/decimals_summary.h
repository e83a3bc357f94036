/* num/decimals_summary.h - sums, squares and extremes of several mantissas at once.
 *
 * Over the same primitives as num/decimals_steps.h, and some more; alone, it is empty too.
 *
 * A sum that may pass 64 bits is kept as its value modulo 2^64 and as the sum of the terms' upper
 * halves. These bound the sum from below, up to 2^32 times the number of terms, so that the two
 * tell it: one shift and one addition more than a sum that may overflow. */
#ifndef NUM_DECIMALS_SUMMARY_H
#define NUM_DECIMALS_SUMMARY_H

#include "num/decimals_steps.h"

#ifdef DECIMALS_PRIMITIVES

/* Rows that are looked at a second time before they leave the first cache. */
enum { SUMMARY_BLOCK = 1024, HALF_BITS = 32 };

/* A sum of unsigned words. */
struct wide_words {
    words sum; /* modulo 2^64 */
    words upper_halves;
};

static inline void wide_add(struct wide_words *wide, words value)
{
    wide->sum = words_add(wide->sum, value);
    wide->upper_halves = words_add(wide->upper_halves, words_upper_half(value));
}

static inline uint64_t word_total(words values)
{
    uint64_t each[LANES];
    uint64_t total = 0;
    words_store(each, values);
    for (int i = 0; i < LANES; i++)
        total += each[i];
    return total;
}

static inline uint128 wide_total(const struct wide_words *wide)
{
    const uint128 least = (uint128)word_total(wide->upper_halves) << HALF_BITS;
    return least + (word_total(wide->sum) - (uint64_t)least);
}

/* What one pass over rows finds. */
struct pass {
    struct wide_words sum; /* of the mantissas + 2^63 */
    words least;
    words greatest;
    words nulls;
};

/* `rows` is a multiple of LANES. */
static inline struct pass pass_over(const int64_t *mantissas, size_t rows, bool has_nulls)
{
    const words null = words_all(word_top);
    struct pass pass = {
        {words_zero(), words_zero()}, words_all(word_top - 1), words_all(word_top), words_zero()};
    for (size_t row = 0; row < rows; row += LANES) {
        const words here = words_load(mantissas + row);
        const words is_null = has_nulls ? words_equal(here, null) : words_zero();
        wide_add(&pass.sum, words_xor(words_andnot(is_null, here), null));
        pass.greatest = words_greatest(pass.greatest, here);
        /* The null, which is the least of all, turned over is the greatest. */
        pass.least = words_least(pass.least, words_xor(here, is_null));
        pass.nulls = words_sub(pass.nulls, is_null);
    }
    return pass;
}

/* Adds the squares of mantissas of which none but nulls need more than 32 bits. */
static inline uint128 squares_of_halves(const int64_t *mantissas, size_t rows)
{
    struct wide_words sum = {words_zero(), words_zero()};
    for (size_t row = 0; row < rows; row += LANES) {
        const words here = words_load(mantissas + row);
        /* Of the null, the lower half is 0. */
        wide_add(&sum, words_square(here));
    }
    return wide_total(&sum);
}

static inline void add_squares(struct decimal_summary *summary, const int64_t *mantissas,
                               size_t rows, int64_t least, int64_t greatest)
{
    if (least < INT32_MIN || greatest > INT32_MAX) {
        decimals_add_squares(summary, mantissas, rows);
        return;
    }
    const uint128 squares = squares_of_halves(mantissas, rows);
    summary->squares += squares;
    summary->squares_high += summary->squares < squares;
}

static inline int64_t extreme(words values, bool want_greatest)
{
    int64_t each[LANES];
    words_store(each, values);
    int64_t found = each[0];
    for (int i = 1; i < LANES; i++)
        found = (each[i] > found) == want_greatest ? each[i] : found;
    return found;
}

/* Adds at most SUMMARY_BLOCK rows. */
static inline void add_block(struct decimal_summary *summary, const int64_t *mantissas, size_t rows,
                             unsigned parts, bool has_nulls)
{
    const size_t whole = rows / LANES * LANES;
    const struct pass pass =
        has_nulls ? pass_over(mantissas, whole, true) : pass_over(mantissas, whole, false);
    const int64_t least = extreme(pass.least, false);
    const int64_t greatest = extreme(pass.greatest, true);
    const int128 bias = (int128)whole << 63;
    summary->rows += whole;
    summary->count += whole - word_total(pass.nulls);
    summary->sum += (int128)wide_total(&pass.sum) - bias;
    summary->least = least < summary->least ? least : summary->least;
    summary->greatest = greatest > summary->greatest ? greatest : summary->greatest;
    if ((parts & SUMMARY_SQUARES) != 0)
        add_squares(summary, mantissas, whole, least, greatest);
    decimals_add_rows(summary, mantissas + whole, rows - whole, parts);
}

static inline void summarize_rows(const struct decimals *decimals, const uint32_t *selection,
                                  uint32_t selected, unsigned parts, struct decimal_summary *out)
{
    struct decimal_summary summary = decimals_empty_summary(decimals);
    int64_t picked[SUMMARY_BLOCK];
    for (uint32_t done = 0; done < selected;) {
        const uint32_t rest = selected - done;
        const uint32_t rows = rest < SUMMARY_BLOCK ? rest : SUMMARY_BLOCK;
        const int64_t *mantissas = picked;
        if (selection == NULL)
            mantissas = decimals->mantissas + done;
        for (uint32_t i = 0; selection != NULL && i < rows; i++)
            picked[i] = decimals->mantissas[selection[done + i]];
        add_block(&summary, mantissas, rows, parts, decimals->has_nulls);
        done += rows;
    }
    decimals_end_summary(&summary, parts);
    *out = summary;
}

#endif
#endif
