#include "agg/agg.h"

#include "agg/rows.h"

#include <string.h>

const struct agg_ops *const agg_table[] = {
    &agg_count_rows, &agg_count, &agg_nulls,    &agg_sum,   &agg_mean, &agg_min,    &agg_max,
    &agg_range,      &agg_var,   &agg_varp,     &agg_sd,    &agg_sdp,  &agg_median, &agg_percentile,
    &agg_quantile,   &agg_iqr,   &agg_distinct, &agg_first, &agg_last, &agg_any,
};
const size_t agg_table_length = sizeof agg_table / sizeof agg_table[0];

/* Gives the 1 … 99 of a name p1 … p99, else 0. */
static int percent_of(const char *name, size_t length)
{
    if (length < 2 || length > 3 || name[0] != 'p' || name[1] < '1' || name[1] > '9')
        return 0;
    if (length == 2)
        return name[1] - '0';
    return name[2] < '0' || name[2] > '9' ? 0 : (name[1] - '0') * 10 + (name[2] - '0');
}

static bool is_named(const struct agg_ops *ops, const char *name, size_t length)
{
    if (ops == &agg_percentile)
        return percent_of(name, length) > 0;
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
        if (agg_table[i] == &agg_percentile)
            *parameter = (struct number){
                .mantissa = percent_of(name, length), .exponent = -2, .kind = NUMBER_DECIMAL};
        return agg_table[i];
    }
    return NULL;
}
