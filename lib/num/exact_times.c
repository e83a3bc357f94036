/* A number added many times at once: its product with the count, which 64 bits more than the number
 * hold, goes to one of the accumulators of num/exact.c. So a column of few distinct values is
 * summed from its counts, to the same total as row by row. And the sums of vectors of short
 * decimals, which were made elsewhere: they go to the same places. */
#include "num/exact.h"

#include "num/exact_wide.h"
#include "num/rational.h"

#include <math.h>

/* A magnitude whose top limb is below this leaves the room for carries that a window's top limb
 * needs; so it takes no more limbs than the sums that can come of it. */
static const uint64_t top_most = UINT64_C(1) << 61;

/* Adds the value, which is a multiple of 2^(64 * low), to a window. */
static enum sheaf_status add_to_window(struct window *window, int low, const struct rational *value,
                                       const struct window_charge *charge)
{
    const struct bignat *const natural = &value->natural;
    const bool is_full = natural->limbs[natural->length - 1] >= top_most;
    TRY(window_reserve(window, low, low + (int)natural->length + is_full, charge));
    if (value->negative)
        window_subtract(window, low, natural->limbs, natural->length);
    else
        window_add(window, low, natural->limbs, natural->length);
    return SHEAF_OK;
}

/* Adds a product of decimals, not 0; changes it. */
static enum sheaf_status add_decimals(struct exact_sum *sum, struct rational *product,
                                      const struct window_charge *charge)
{
    if (product->natural.length <= 2 && bignat_low(&product->natural) >> 127 == 0) {
        /* The small form's adding is the merging of a sum that has nothing else. */
        const int128 magnitude = (int128)bignat_low(&product->natural);
        const struct exact_sum small = {.small = product->negative ? -magnitude : magnitude,
                                        .scale = (int8_t)product->two};
        return exact_sum_merge(sum, &small, charge->budget, charge->column, charge->error);
    }
    TRY(exact_promote(sum, charge));
    bignat_multiply_ten(&product->natural, (unsigned)(product->two - EXACT_SCALE));
    return add_to_window(&sum->wide->decimals, 0, product, charge);
}

/* Adds a product of doubles, not 0; changes it. */
static enum sheaf_status add_doubles(struct exact_sum *sum, struct rational *product,
                                     const struct window_charge *charge)
{
    const int above = product->two - EXACT_DOUBLE_LOW * BIGNAT_LIMB_BITS;
    TRY(exact_promote(sum, charge));
    bignat_shift_left(&product->natural, (size_t)(above % BIGNAT_LIMB_BITS));
    return add_to_window(&sum->wide->doubles, above / BIGNAT_LIMB_BITS + EXACT_DOUBLE_LOW, product,
                         charge);
}

static enum sheaf_status add_product(struct exact_sum *sum, struct rational *value, uint64_t times,
                                     const struct number *number,
                                     const struct window_charge *charge)
{
    rational_multiply(value, times);
    if (number->kind == NUMBER_DECIMAL)
        return add_decimals(sum, value, charge);
    return add_doubles(sum, value, charge);
}

/* True for what is the same however often it is added: a zero, which still tells a column of
 * doubles, and NaN and the infinities. */
static bool is_absorbing(const struct number *number)
{
    if (number->kind == NUMBER_DECIMAL)
        return number->mantissa == 0;
    return number->real == 0 || !isfinite(number->real);
}

enum sheaf_status exact_sum_add_times(struct exact_sum *sum, const struct number *number,
                                      uint64_t times, struct memory_budget *budget,
                                      const char *column, struct sheaf_error *error)
{
    if (times == 0)
        return SHEAF_OK;
    if (times == 1 || is_absorbing(number))
        return exact_sum_add(sum, number, budget, column, error);
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    struct rational value;
    rational_set_number(&value, number);
    return add_product(sum, &value, times, number, &charge);
}

enum sheaf_status exact_sum_add_square_times(struct exact_sum *sum, const struct number *number,
                                             uint64_t times, struct memory_budget *budget,
                                             const char *column, struct sheaf_error *error)
{
    if (times == 0)
        return SHEAF_OK;
    if (times == 1 || is_absorbing(number))
        return exact_sum_add_square(sum, number, budget, column, error);
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    struct rational value;
    struct rational square;
    rational_set_number(&value, number);
    rational_square(&square, &value);
    return add_product(sum, &square, times, number, &charge);
}

enum sheaf_status exact_sum_add_summary(struct exact_sum *sum,
                                        const struct decimal_summary *summary,
                                        struct memory_budget *budget, const char *column,
                                        struct sheaf_error *error)
{
    const struct exact_sum small = {.small = summary->sum, .scale = summary->exponent};
    return exact_sum_merge(sum, &small, budget, column, error);
}

enum sheaf_status exact_sum_add_square_summary(struct exact_sum *sum,
                                               const struct decimal_summary *summary,
                                               struct memory_budget *budget, const char *column,
                                               struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    const uint64_t limbs[] = {(uint64_t)summary->squares,
                              (uint64_t)(summary->squares >> BIGNAT_LIMB_BITS),
                              summary->squares_high};
    struct rational squares;
    bignat_set_limbs(&squares.natural, limbs, sizeof limbs / sizeof *limbs);
    squares.negative = false;
    squares.two = 2 * summary->exponent;
    return add_decimals(sum, &squares, &charge);
}
