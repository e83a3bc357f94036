/* Taking rows into a group table, a block at a time: the keys are hashed, then every row finds its
 * group, then each column's decimals are added to accumulators. Calls that take rows get the whole
 * batch at once after. */
#include "agg/group_table.h"

#include "base/error.h"
#include "num/decimals.h"
#include "num/power.h"

/* ---- groups ------------------------------------------------------------------------------ */

/* Whether no group of the batch can have appeared before: rows ascend in a batch, and mostly the
 * batches do as well. Then a group's first row is the one that made it. */
static bool comes_last(struct group_table *table, const struct batch *batch)
{
    const struct place first = batch_place(batch, batch_row(batch, 0));
    const struct place last = batch_place(batch, batch_row(batch, batch->selected - 1));
    const bool is_last = !table->has_rows || place_compare(first, table->last) > 0;
    if (!table->has_rows || place_compare(last, table->last) > 0)
        table->last = last;
    table->has_rows = true;
    table->is_ascending = table->is_ascending && is_last;
    return is_last;
}

static void set_place(struct group_table *table, uint32_t number, struct place place)
{
    group_at(table, number)->file = place.file;
    ((uint64_t *)table->first_bytes.memory)[number] = place.byte;
}

static uint32_t add_row(struct group_table *table, const struct group_source *source, uint32_t i,
                        struct sheaf_error *error)
{
    char *states = NULL;
    if (table->plain_size > 0) {
        states = group_make_plain(table, error);
        if (states == NULL)
            return GROUP_NONE;
    }
    const uint32_t number = group_add(table, source, i, error);
    if (number == GROUP_NONE)
        return GROUP_NONE; /* fresh states have nothing to drop */
    if (states != NULL)
        ((char **)table->plain.memory)[number] = states;
    set_place(table, number,
              batch_place(source->batch, batch_row(source->batch, source->start + i)));
    return number;
}

typedef uint32_t find_function(struct group_table *table, const struct group_source *source,
                               uint32_t i, uint32_t count);

/* Counts the rows of a block. While they are looked for nothing is stored in records, for the
 * processor would have to wait for where before it reads another one. */
static void count_rows(const struct group_table *table, uint32_t count)
{
    char *const rows_of_first = table->groups + offsetof(struct group, rows);
    const size_t size = table->group_size;
    for (uint32_t i = 0; i < count; i++)
        ++*(uint64_t *)(void *)(rows_of_first + table->found[i] * size);
}

/* Finds or makes the group of each row of a block. */
static enum sheaf_status find_rows(struct group_table *table, const struct group_source *source,
                                   uint32_t count, struct sheaf_error *error)
{
    find_function *find = group_find_texts;
    const struct batch *batch = source->batch;
    if (!group_is_near(table) || !batch->padded || batch->selection != NULL ||
        table->setup->key_count > 1) {
        find = group_find;
        group_probe_rows(table, source, count);
        group_prefetch(table, count);
    }
    for (uint32_t i = 0; (i = find(table, source, i, count)) < count; i++) {
        const uint32_t number = add_row(table, source, i, error);
        if (number == GROUP_NONE)
            return error->status;
        table->found[i] = number;
    }
    count_rows(table, count);
    return SHEAF_OK;
}

static void note_places(struct group_table *table, const struct group_source *source,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct place place =
            batch_place(source->batch, batch_row(source->batch, source->start + i));
        if (place_compare(place, group_place(table, table->found[i])) < 0)
            set_place(table, table->found[i], place);
    }
}

/* ---- calls ------------------------------------------------------------------------------- */

static const struct column *argument_of(const struct group_setup *setup, uint32_t call,
                                        const struct batch *batch)
{
    if (setup->calls[call].ops->input == AGG_ROWS)
        return NULL;
    return &batch->columns[setup->arguments[call]];
}

static bool has_decimals(const struct group_column *column, const struct batch *batch)
{
    return batch->columns[column->argument].decimals.mantissas != NULL;
}

/* Finds the plain states of each selected row. */
static char *const *list_plain(struct group_table *table, const struct batch *batch)
{
    char **states = table->states.memory;
    const uint32_t *numbers = table->numbers.memory;
    for (uint32_t i = 0; i < batch->selected; i++)
        states[i] = ((char **)table->plain.memory)[numbers[i]];
    return states;
}

/* As list_plain, of the spilled states, which are made. */
static char *const *list_spilled(struct group_table *table, const struct batch *batch,
                                 struct sheaf_error *error)
{
    char **states = table->states.memory;
    const uint32_t *numbers = table->numbers.memory;
    for (uint32_t i = 0; i < batch->selected; i++) {
        states[i] = group_spilled_states(table, numbers[i]);
        if (states[i] == NULL)
            states[i] = group_spill(table, numbers[i], error);
        if (states[i] == NULL)
            return NULL;
    }
    return states;
}

/* Whether the call takes the rows themselves. */
static bool takes_rows(const struct group_table *table, uint32_t call, const struct batch *batch)
{
    const struct group_call *laid = &table->calls[call];
    return laid->kind == GROUP_CALL_PLAIN ||
           (laid->kind == GROUP_CALL_SUMMED && !has_decimals(&table->columns[laid->column], batch));
}

static enum sheaf_status scatter_kind(struct group_table *table, enum group_call_kind kind,
                                      const struct batch *batch, struct sheaf_error *error)
{
    char *const *states = NULL;
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        if (table->calls[i].kind != kind || !takes_rows(table, i, batch))
            continue;
        if (states == NULL) {
            TRY(group_array_grow(table, &table->states, batch->selected, sizeof(char *), error));
            states = kind == GROUP_CALL_PLAIN ? list_plain(table, batch)
                                              : list_spilled(table, batch, error);
        }
        if (states == NULL)
            return error->status;
        TRY(call->ops->scatter(states, table->calls[i].offset, call,
                               argument_of(table->setup, i, batch), batch, error));
    }
    return SHEAF_OK;
}

/* ---- without keys ------------------------------------------------------------------------ */

static enum sheaf_status absorb_summary(struct group_table *table,
                                        const struct group_column *column,
                                        const struct decimal_summary *summary,
                                        struct sheaf_error *error)
{
    char *states = group_plain_states(table, 0);
    for (uint32_t i = column->first_call; i != GROUP_NONE; i = table->calls[i].next) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->absorb(states + table->calls[i].offset, call, summary, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status absorb_column(struct group_table *table, const struct group_column *column,
                                       const struct batch *batch, struct sheaf_error *error)
{
    const struct decimal_kernel *kernel = table->setup->kernel;
    if (kernel == NULL)
        kernel = decimal_kernel_of(ISA_SCALAR);
    struct decimal_summary summary;
    kernel->summarize(&batch->columns[column->argument].decimals, batch->selection, batch->selected,
                      column->parts, &summary);
    return absorb_summary(table, column, &summary, error);
}

static enum sheaf_status update_only_group(struct group_table *table, const struct batch *batch,
                                           struct sheaf_error *error)
{
    char *states = group_plain_states(table, 0);
    for (uint32_t c = 0; c < table->column_count; c++)
        if (has_decimals(&table->columns[c], batch))
            TRY(absorb_column(table, &table->columns[c], batch, error));
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        const uint32_t column = table->calls[i].column;
        if (column != GROUP_NONE && has_decimals(&table->columns[column], batch))
            continue;
        TRY(call->ops->update(states + table->calls[i].offset, call,
                              argument_of(table->setup, i, batch), batch, error));
    }
    return SHEAF_OK;
}

/* ---- batches ----------------------------------------------------------------------------- */

/* Finds the groups of a block's rows and adds up what has short decimals. */
static enum sheaf_status take_block(struct group_table *table, const struct group_source *source,
                                    bool needs_places, struct sheaf_error *error)
{
    const struct batch *batch = source->batch;
    const uint32_t rest = batch->selected - source->start;
    const uint32_t count = rest < GROUP_BLOCK ? rest : GROUP_BLOCK;
    TRY(find_rows(table, source, count, error));
    if (table->numbers.memory != NULL)
        memcpy((uint32_t *)table->numbers.memory + source->start, table->found,
               count * sizeof *table->found);
    if (needs_places)
        note_places(table, source, count);
    for (uint32_t c = 0; c < table->column_count; c++)
        if (has_decimals(&table->columns[c], batch))
            TRY(group_sums_add(table, &table->columns[c], source, count, error));
    return group_guard_probes(table, error);
}

static bool any_takes_rows(const struct group_table *table, const struct batch *batch)
{
    for (uint32_t i = 0; i < table->setup->call_count; i++)
        if (takes_rows(table, i, batch))
            return true;
    return false;
}

static enum sheaf_status update_groups(struct group_table *table, const struct batch *batch,
                                       struct sheaf_error *error)
{
    if (table->numbers.memory != NULL || any_takes_rows(table, batch))
        TRY(group_array_grow(table, &table->numbers, batch->selected, sizeof(uint32_t), error));
    const bool needs_places = !comes_last(table, batch);
    for (uint32_t c = 0; c < table->column_count; c++)
        if (has_decimals(&table->columns[c], batch))
            TRY(group_sums_begin(table, &table->columns[c],
                                 batch->columns[table->columns[c].argument].decimals.exponent,
                                 error));
    struct group_source source = {.batch = batch};
    for (; source.start < batch->selected; source.start += GROUP_BLOCK)
        TRY(take_block(table, &source, needs_places, error));
    TRY(scatter_kind(table, GROUP_CALL_PLAIN, batch, error));
    return scatter_kind(table, GROUP_CALL_SUMMED, batch, error);
}

enum sheaf_status group_table_update(struct group_table *table, const struct batch *batch,
                                     struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(table);
    if (batch->selected == 0)
        return SHEAF_OK;
    if (table->setup->key_count == 0)
        return update_only_group(table, batch, error);
    return update_groups(table, batch, error);
}
