/* The groups of a table as cells of a result. */
#include "agg/group_table.h"

#include "base/error.h"

#include <assert.h>
#include <stdalign.h>

enum {
    SUMMED_STATE = 256, /* bytes of the largest state that takes summaries */
    FETCHED_AHEAD = 16, /* rows */
};

/* Makes the result of a call that takes summaries, in a state of its own, from what an accumulator
 * holds and what has spilled from it (NULL: nothing). */
static enum sheaf_status finish_summed(const struct agg_call *call,
                                       const struct decimal_summary *summary, char *spilled,
                                       struct value *out, struct sheaf_error *error)
{
    alignas(16) char state[SUMMED_STATE];
    assert(call->ops->size <= sizeof state);
    call->ops->init(state, call);
    enum sheaf_status status = call->ops->absorb(state, call, summary, error);
    if (status == SHEAF_OK && spilled != NULL)
        status = call->ops->merge(state, spilled, call, error);
    if (status == SHEAF_OK)
        status = call->ops->finish(state, call, out, error);
    if (call->ops->drop != NULL)
        call->ops->drop(state, call);
    return status;
}

static enum sheaf_status finish_call(const struct group_table *table, uint32_t number, uint32_t i,
                                     struct value *out, struct sheaf_error *error)
{
    const struct agg_call *call = &table->setup->calls[i];
    const struct group_call *laid = &table->calls[i];
    const struct group *group = group_at(table, number);
    if (laid->kind == GROUP_CALL_PLAIN)
        return call->ops->finish(group_plain_states(table, number) + laid->offset, call, out,
                                 error);
    if (laid->kind == GROUP_CALL_ROWS) {
        const struct decimal_summary rows = {.rows = group->rows};
        return finish_summed(call, &rows, NULL, out, error);
    }
    const struct decimal_summary summary = group_sums_summary(&table->columns[laid->column], group);
    char *spilled = group_spilled_states(table, number);
    return finish_summed(call, &summary, spilled == NULL ? NULL : spilled + laid->offset, out,
                         error);
}

const struct group_table *group_table_of(const struct group_table *table, uint32_t *number)
{
    if (table->part_count == 0)
        return table;
    size_t low = 0;
    for (size_t high = table->part_count; high - low > 1;) {
        const size_t middle = low + (high - low) / 2;
        *(table->starts[middle] <= *number ? &low : &high) = middle;
    }
    *number -= table->starts[low];
    return table->parts[low];
}

/* Rows are mostly asked for in order, and in memory stand in another. */
static void fetch_ahead(const struct group_table *table, uint64_t row)
{
    const uint64_t ahead = row + FETCHED_AHEAD;
    if (ahead >= table->order.bytes / sizeof(uint32_t))
        return;
    uint32_t number = ((const uint32_t *)table->order.memory)[ahead];
    const struct group_table *part = group_table_of(table, &number);
    const char *group = (const char *)group_at(part, number);
    __builtin_prefetch(group);
    __builtin_prefetch(group + part->group_size - 1);
}

enum sheaf_status group_table_row(const struct group_table *table, uint64_t row,
                                  struct value *cells, struct sheaf_error *error)
{
    assert(table->is_sorted && row < group_table_count(table));
    const uint32_t *order = table->order.memory;
    uint32_t number = order == NULL ? (uint32_t)row : order[row];
    fetch_ahead(table, row);
    const struct group_table *part = group_table_of(table, &number);
    const struct group *group = group_at(part, number);
    const char *at = NULL;
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        /* Member by member: see agg_count.c. */
        cells->text = group_key_next(part, group, &at);
        cells->kind = cells->text.bytes == NULL ? VALUE_NULL : VALUE_TEXT;
        cells++;
    }
    for (uint32_t i = 0; i < table->setup->call_count; i++)
        TRY(finish_call(part, number, i, cells++, error));
    return SHEAF_OK;
}

void *group_table_state(const struct group_table *table, uint32_t call)
{
    assert(table->setup->key_count == 0 && call < table->setup->call_count);
    return group_plain_states(table, 0) + table->calls[call].offset;
}
