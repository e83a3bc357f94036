/* Merging two group tables, a block of groups at a time: keys are looked up as those of rows are.
 * Long keys and states stay where they are: `into` takes over the memory of `from`. */
#include "agg/group_table.h"

#include "base/error.h"

static enum sheaf_status merge_kind(const struct group_table *table, enum group_call_kind kind,
                                    char *into, char *from, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        const size_t offset = table->calls[i].offset;
        if (table->calls[i].kind == kind)
            TRY(call->ops->merge(into + offset, from + offset, call, error));
    }
    return SHEAF_OK;
}

/* Takes the states of a group, or adds them to those that are there, and drops them. */
static enum sheaf_status merge_states(struct group_table *into, uint32_t number,
                                      struct group_table *from, uint32_t from_number,
                                      struct sheaf_error *error)
{
    char *plain = group_plain_states(from, from_number);
    char *spilled = group_spilled_states(from, from_number);
    if (plain != NULL) {
        char **states = &((char **)into->plain.memory)[number];
        if (*states != NULL)
            TRY(merge_kind(into, GROUP_CALL_PLAIN, *states, plain, error));
        else
            *states = plain, ((char **)from->plain.memory)[from_number] = NULL;
    }
    if (spilled != NULL) {
        TRY(group_array_grow(into, &into->spilled, into->room, sizeof(char *), error));
        char **states = &((char **)into->spilled.memory)[number];
        if (*states != NULL)
            TRY(merge_kind(into, GROUP_CALL_SUMMED, *states, spilled, error));
        else
            *states = spilled, ((char **)from->spilled.memory)[from_number] = NULL;
    }
    if (from->has_plain_drops || spilled != NULL)
        group_drop(from, from_number);
    return SHEAF_OK;
}

static void merge_place(struct group_table *into, uint32_t number, struct place place)
{
    if (group_at(into, number)->rows > 0 && place_compare(group_place(into, number), place) < 0)
        return;
    group_at(into, number)->file = place.file;
    ((uint64_t *)into->first_bytes.memory)[number] = place.byte;
}

enum sheaf_status group_merge_pair(struct group_table *into, uint32_t number,
                                   struct group_table *from, uint32_t from_number,
                                   struct sheaf_error *error)
{
    group_at(into, number)->rows += group_at(from, from_number)->rows;
    TRY(group_sums_merge(into, number, from, from_number, error));
    return merge_states(into, number, from, from_number, error);
}

static enum sheaf_status merge_group(struct group_table *into, uint32_t number,
                                     struct group_table *from, uint32_t from_number,
                                     struct sheaf_error *error)
{
    merge_place(into, number, group_place(from, from_number));
    return group_merge_pair(into, number, from, from_number, error);
}

bool group_merge_is_simple(const struct group_table *into, uint32_t number,
                           const struct group_table *from, uint32_t from_number)
{
    for (uint32_t c = 0; c < from->column_count; c++) {
        const struct group_column *column = &into->columns[c];
        if (column->exponent != from->columns[c].exponent)
            return false;
        const struct group_accumulator *sums = group_accumulator_at(group_at(into, number), column);
        const struct group_accumulator *other =
            group_accumulator_at(group_at(from, from_number), column);
        int64_t sum;
        uint64_t high;
        if (__builtin_add_overflow(sums->sum, other->sum, &sum))
            return false;
        /* One less, for the carry of the low half. */
        if (column->form == GROUP_FORM_SQUARES &&
            (__builtin_add_overflow(sums->squares[1], other->squares[1], &high) ||
             high == UINT64_MAX))
            return false;
    }
    return true;
}

enum sheaf_status group_merge_begin_sums(struct group_table *into, const struct group_table *from,
                                         struct sheaf_error *error)
{
    for (uint32_t c = 0; c < from->column_count; c++)
        if (from->columns[c].exponent != GROUP_NO_EXPONENT)
            TRY(group_sums_begin(into, &into->columns[c], from->columns[c].exponent, error));
    return SHEAF_OK;
}

enum sheaf_status group_merge_begin(struct group_table *into, const struct group_table *from,
                                    struct sheaf_error *error)
{
    into->is_ascending = false;
    if (!into->has_rows || place_compare(from->last, into->last) > 0)
        into->last = from->last;
    into->has_rows = into->has_rows || from->has_rows;
    return group_merge_begin_sums(into, from, error);
}

enum sheaf_status group_merge_block(struct group_table *into, struct group_table *from,
                                    const uint32_t *numbers, uint32_t count,
                                    struct sheaf_error *error)
{
    const struct group_source source = {.batch = NULL};
    for (uint32_t i = 0; i < count; i++) {
        const char *group = (const char *)group_at(from, numbers[i]);
        __builtin_prefetch(group);
        __builtin_prefetch(group + from->group_size - 1);
        __builtin_prefetch((const uint64_t *)from->first_bytes.memory + numbers[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        group_probe_group(into, group_at(from, numbers[i]), &into->probes[i]);
    group_prefetch(into, count);
    for (uint32_t i = 0; (i = group_find(into, &source, i, count)) < count; i++) {
        into->found[i] = group_add(into, &source, i, error);
        if (into->found[i] == GROUP_NONE)
            return error->status;
    }
    for (uint32_t i = 0; i < count; i++)
        TRY(merge_group(into, into->found[i], from, numbers[i], error));
    return group_guard_probes(into, error);
}

static enum sheaf_status merge_groups(struct group_table *into, struct group_table *from,
                                      struct sheaf_error *error)
{
    TRY(group_merge_begin(into, from, error));
    uint32_t numbers[GROUP_BLOCK];
    for (uint32_t start = 0; start < from->count;) {
        uint32_t count = 0;
        while (count < GROUP_BLOCK && start < from->count)
            numbers[count++] = start++;
        TRY(group_merge_block(into, from, numbers, count, error));
    }
    return SHEAF_OK;
}

enum sheaf_status group_table_merge(struct group_table *into, struct group_table *from,
                                    struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(into);
    group_table_unsort(from);
    if (into->setup->key_count == 0)
        return merge_states(into, 0, from, 0, error);
    const enum sheaf_status status = merge_groups(into, from, error);
    /* Also after a failure: what was taken lies in the memory of `from`, which may be closed before
     * `into`. What was not taken must then be dropped while there is that memory. */
    for (uint32_t i = 0; status != SHEAF_OK && i < from->count; i++)
        group_drop(from, i);
    arena_adopt(&into->arena, &from->arena);
    from->count = 0;
    return status;
}
