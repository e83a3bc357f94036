/* Doubles side by side: EXTRACT_VALUES of them are summed without rounding to a few doubles,
 * and these are added as any double is. */
#include "num/exact.h"
#include "num/extract.h"

#include <float.h>
#include <string.h>

enum { NUMBERS_AT_ONCE = 128 };

/* What adds, and to what. */
struct addition {
    struct exact_sum *sum;
    struct memory_budget *budget;
    const char *column;
    struct sheaf_error *error;
};

static struct number number_of(double real)
{
    return (struct number){.real = real + 0.0, .kind = NUMBER_DOUBLE}; /* -0 becomes 0 */
}

static enum sheaf_status add_numbers(const struct addition *addition, const struct number *numbers,
                                     uint32_t count)
{
    uint64_t unused = 0;
    return exact_sum_add_column(addition->sum, numbers, NULL, count, &unused, addition->budget,
                                addition->column, addition->error);
}

/* Adds values of any size, and those that are not finite. */
static enum sheaf_status add_any(const struct addition *addition, const struct exact_reals *reals)
{
    struct number numbers[NUMBERS_AT_ONCE];
    uint32_t count = 0;
    for (uint32_t i = 0; i < reals->selected; i++) {
        numbers[count++] =
            number_of(reals->values[reals->selection == NULL ? i : reals->selection[i]]);
        if (count == NUMBERS_AT_ONCE || i + 1 == reals->selected) {
            TRY(add_numbers(addition, numbers, count));
            count = 0;
        }
    }
    return SHEAF_OK;
}

static enum sheaf_status add_block(const struct addition *addition, const struct extract_ops *ops,
                                   const double *values, uint32_t count)
{
    double sums[EXTRACT_MANY];
    struct number numbers[EXTRACT_MANY];
    size_t levels;
    /* Where expressions have more digits than their type, extraction finds another last place. */
    if (FLT_EVAL_METHOD != 0 || !extract_sum(ops, values, count, sums, &levels))
        return add_any(addition, &(struct exact_reals){.values = values, .selected = count});
    for (size_t level = 0; level < levels; level++)
        numbers[level] = number_of(sums[level]);
    return add_numbers(addition, numbers, (uint32_t)levels);
}

enum sheaf_status exact_sum_add_reals(struct exact_sum *sum, const struct exact_reals *reals,
                                      struct memory_budget *budget, const char *column,
                                      struct sheaf_error *error)
{
    const struct addition addition = {sum, budget, column, error};
    if (reals->selection != NULL)
        return add_any(&addition, reals);
    const struct extract_ops *ops = extract_best();
    for (uint32_t done = 0, count; done < reals->selected; done += count) {
        const uint32_t left = reals->selected - done;
        count = left < EXTRACT_VALUES ? left : EXTRACT_VALUES;
        TRY(add_block(&addition, ops, reals->values + done, count));
    }
    return SHEAF_OK;
}
