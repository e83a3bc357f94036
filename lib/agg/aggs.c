#include "agg/agg.h"

#include "agg/rows.h"

#include <string.h>

const struct agg_ops *const agg_table[] = {
    &agg_count_rows, &agg_count, &agg_nulls,    &agg_sum,   &agg_mean, &agg_min,    &agg_max,
    &agg_range,      &agg_var,   &agg_varp,     &agg_sd,    &agg_sdp,  &agg_median, &agg_percentile,
    &agg_quantile,   &agg_iqr,   &agg_distinct, &agg_first, &agg_last, &agg_any,
};
const size_t agg_table_length = sizeof agg_table / sizeof agg_table[0];

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Gives the 1 … 99 that follows the name of a family, else 0. */
static int member_of(const struct agg_ops *ops, const char *name, size_t length)
{
    const size_t first = strlen(ops->name);
    const size_t digits = length - first;
    if (length <= first || digits > 2 || memcmp(ops->name, name, first) != 0 ||
        !is_digit(name[first]) || name[first] == '0')
        return 0;
    const int number = name[first] - '0';
    if (digits == 1)
        return number;
    return is_digit(name[first + 1]) ? 10 * number + (name[first + 1] - '0') : 0;
}

static bool is_named(const struct agg_ops *ops, const char *name, size_t length)
{
    if (ops->is_family)
        return member_of(ops, name, length) > 0;
    return strlen(ops->name) == length && memcmp(ops->name, name, length) == 0;
}

const struct agg_ops *agg_find(const char *name, size_t length)
{
    for (size_t i = 0; i < agg_table_length; i++)
        if (is_named(agg_table[i], name, length))
            return agg_table[i];
    return NULL;
}

const struct agg_ops *agg_find_for(const char *name, size_t length, uint32_t arguments,
                                   struct number *parameter)
{
    *parameter = (struct number){.kind = NUMBER_NULL};
    for (size_t i = 0; i < agg_table_length; i++) {
        const uint32_t taken = agg_table[i]->input == AGG_ROWS ? 0 : 1;
        if (taken != arguments || !is_named(agg_table[i], name, length))
            continue;
        if (agg_table[i]->is_family)
            *parameter = (struct number){.mantissa = member_of(agg_table[i], name, length),
                                         .exponent = -2,
                                         .kind = NUMBER_DECIMAL};
        return agg_table[i];
    }
    return NULL;
}
