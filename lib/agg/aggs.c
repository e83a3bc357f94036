#include "agg/agg.h"

#include "agg/rows.h"

#include <string.h>

const struct agg_ops *const agg_table[] = {
    &agg_count_rows, &agg_count, &agg_nulls, &agg_sum, &agg_mean,  &agg_min,  &agg_max, &agg_range,
    &agg_var,        &agg_varp,  &agg_sd,    &agg_sdp, &agg_first, &agg_last, &agg_any,
};
const size_t agg_table_length = sizeof agg_table / sizeof agg_table[0];

static int is_named(const struct agg_ops *ops, const char *name, size_t length)
{
    return strlen(ops->name) == length && memcmp(ops->name, name, length) == 0;
}

const struct agg_ops *agg_find(const char *name, size_t length)
{
    for (size_t i = 0; i < agg_table_length; i++)
        if (is_named(agg_table[i], name, length))
            return agg_table[i];
    return NULL;
}

const struct agg_ops *agg_find_for(const char *name, size_t length, uint32_t arguments)
{
    for (size_t i = 0; i < agg_table_length; i++) {
        const uint32_t taken = agg_table[i]->input == AGG_ROWS ? 0 : 1;
        if (taken == arguments && is_named(agg_table[i], name, length))
            return agg_table[i];
    }
    return NULL;
}
