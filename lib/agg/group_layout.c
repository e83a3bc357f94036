/* What a table keeps for each call: which calls share a column's accumulator, and where
 * accumulators and states stand. */
#include "agg/group_table.h"

#include "base/error.h"

#include <assert.h>

static const size_t form_sizes[] = {
    [GROUP_FORM_SUM] = offsetof(struct group_accumulator, least),
    [GROUP_FORM_EXTREMES] = offsetof(struct group_accumulator, squares),
    [GROUP_FORM_SQUARES] = sizeof(struct group_accumulator),
};

/* Gives the column that the call takes, which is new if no call before took it. */
static uint32_t find_column(struct group_table *table, uint32_t call)
{
    const uint32_t argument = table->setup->arguments[call];
    for (uint32_t c = 0; c < table->column_count; c++)
        if (table->columns[c].argument == argument)
            return c;
    table->columns[table->column_count] = (struct group_column){
        .argument = argument, .first_call = GROUP_NONE, .exponent = GROUP_NO_EXPONENT};
    return table->column_count++;
}

static void join_column(struct group_table *table, uint32_t call)
{
    struct group_call *laid = &table->calls[call];
    laid->column = find_column(table, call);
    struct group_column *column = &table->columns[laid->column];
    laid->next = column->first_call;
    column->first_call = call;
    column->parts |= table->setup->calls[call].ops->summary;
}

/* False when sizes overflow. */
static bool lay_out_call(struct group_table *table, uint32_t i)
{
    const struct agg_call *call = &table->setup->calls[i];
    const bool is_summed = agg_is_summed(call);
    struct group_call *laid = &table->calls[i];
    *laid = (struct group_call){.kind = GROUP_CALL_PLAIN, .column = GROUP_NONE, .next = GROUP_NONE};
    if (is_summed && call->ops->input != AGG_ROWS)
        join_column(table, i);
    /* The one group of a table without keys has full states, and no accumulator. */
    if (is_summed && table->setup->key_count > 0)
        laid->kind = call->ops->input == AGG_ROWS ? GROUP_CALL_ROWS : GROUP_CALL_SUMMED;
    if (laid->kind == GROUP_CALL_ROWS)
        return true;
    size_t *size = laid->kind == GROUP_CALL_PLAIN ? &table->plain_size : &table->spilled_size;
    laid->offset = *size;
    if (laid->kind == GROUP_CALL_PLAIN && call->ops->drop != NULL)
        table->has_plain_drops = true;
    return size_add(*size, call->ops->size, size);
}

static void lay_out_column(struct group_table *table, struct group_column *column)
{
    column->form = GROUP_FORM_SUM;
    if ((column->parts & SUMMARY_EXTREMES) != 0)
        column->form = GROUP_FORM_EXTREMES;
    if ((column->parts & SUMMARY_SQUARES) != 0)
        column->form = GROUP_FORM_SQUARES;
    column->offset = table->group_size;
    table->group_size += form_sizes[column->form];
    if ((column->parts & SUMMARY_COUNTS) != 0) {
        column->nulls_offset = table->group_size;
        table->group_size += sizeof(uint64_t);
    }
}

void group_accumulator_clear(struct group_accumulator *accumulator, enum group_form form)
{
    accumulator->count = 0;
    accumulator->sum = 0;
    if (form == GROUP_FORM_SUM)
        return;
    accumulator->least = INT64_MAX;
    accumulator->greatest = INT64_MIN;
    if (form == GROUP_FORM_SQUARES)
        memset(accumulator->squares, 0, sizeof accumulator->squares);
}

enum sheaf_status group_lay_out(struct group_table *table, struct sheaf_error *error)
{
    const uint32_t count = table->setup->call_count;
    size_t calls_size;
    size_t columns_size;
    if (!size_multiply(count, sizeof *table->calls, &calls_size) ||
        !size_multiply(count, sizeof *table->columns, &columns_size))
        return error_no_memory(error, table->setup->what);
    table->calls = arena_alloc(&table->layout, calls_size, error);
    table->columns = arena_alloc(&table->layout, columns_size, error);
    if (table->calls == NULL || table->columns == NULL)
        return error->status;
    for (uint32_t i = 0; i < count; i++)
        if (!lay_out_call(table, i))
            return error_no_memory(error, table->setup->what);
    table->group_size = sizeof(struct group);
    for (uint32_t c = 0; c < table->column_count && table->setup->key_count > 0; c++)
        lay_out_column(table, &table->columns[c]);
    table->fresh = arena_alloc(&table->layout, table->group_size, error);
    if (table->fresh == NULL)
        return error->status;
    memset(table->fresh, 0, table->group_size);
    for (uint32_t c = 0; c < table->column_count && table->setup->key_count > 0; c++)
        group_accumulator_clear(group_accumulator_at((void *)table->fresh, &table->columns[c]),
                                table->columns[c].form);
    return SHEAF_OK;
}
