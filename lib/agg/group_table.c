#include "agg/group_table.h"
#include "base/error.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };

_Static_assert(sizeof(struct group) % 8 == 0, "a key begins right after the group");

void *group_alloc(const struct group_setup *setup, size_t count, size_t size,
                  struct sheaf_error *error)
{
    size_t bytes;
    if (!size_multiply(count, size, &bytes)) {
        error_no_memory(error, setup->what);
        return NULL;
    }
    if (memory_charge(setup->budget, bytes, setup->what, setup->column, error) != SHEAF_OK)
        return NULL;
    void *memory = memory_zeroed(count, size);
    if (memory == NULL) {
        memory_uncharge(setup->budget, bytes);
        error_no_memory(error, setup->what);
    }
    return memory;
}

void group_free(struct memory_budget *budget, void *memory, size_t count, size_t size)
{
    if (memory == NULL)
        return;
    memory_free(memory);
    memory_uncharge(budget, count * size);
}

/* Lays out the states of a group. False when their size overflows. */
static bool lay_out_states(struct group_table *table)
{
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_ops *ops = table->setup->calls[i].ops;
        table->offsets[i] = table->states_size;
        table->has_drops = table->has_drops || ops->drop != NULL;
        if (!size_add(table->states_size, ops->size, &table->states_size))
            return false;
    }
    return true;
}

struct group *group_make(struct group_table *table, uint64_t hash, size_t key_size,
                         struct sheaf_error *error)
{
    size_t size;
    if (!size_add(key_size, sizeof(struct group) + 16, &size) ||
        !size_add(size, table->states_size, &size)) {
        error_no_memory(error, table->setup->what);
        return NULL;
    }
    struct group *group = arena_alloc(&table->arena, size, error);
    if (group == NULL)
        return NULL;
    *group = (struct group){.hash = hash, .key_size = key_size};
    char *states = group_states(group);
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        call->ops->init(states + table->offsets[i], call);
    }
    return group;
}

/* Without key columns there is one group, also when no row ever comes. */
static enum sheaf_status make_only_group(struct group_table *table, struct sheaf_error *error)
{
    TRY(group_table_reserve(table, error));
    table->only = group_make(table, 0, 0, error);
    if (table->only == NULL)
        return error->status;
    group_table_link(table, table->only);
    return SHEAF_OK;
}

enum sheaf_status group_table_open(const struct group_setup *setup, struct group_table **out,
                                   struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    *out = NULL;
    size_t size;
    if (!size_multiply(setup->call_count, sizeof(size_t), &size) ||
        !size_add(size, sizeof(struct group_table), &size))
        return error_no_memory(error, setup->what);
    struct group_table *table = memory_zeroed(1, size);
    if (table == NULL)
        return error_no_memory(error, setup->what);
    table->setup = setup;
    table->arena =
        (struct arena){.budget = setup->budget, .what = setup->what, .column = setup->column};
    enum sheaf_status status = SHEAF_OK;
    if (!lay_out_states(table))
        status = error_no_memory(error, setup->what);
    else if (setup->key_count == 0)
        status = make_only_group(table, error);
    if (status != SHEAF_OK) {
        group_table_close(table);
        return status;
    }
    *out = table;
    return SHEAF_OK;
}

static void drop_all(struct group_table *table)
{
    if (!table->has_drops)
        return;
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].group != NULL)
            group_drop(table, table->slots[i].group);
}

void group_table_close(struct group_table *table)
{
    if (table == NULL)
        return;
    drop_all(table);
    group_table_unsort(table);
    struct memory_budget *budget = table->setup->budget;
    group_free(budget, table->slots, table->slot_count, sizeof *table->slots);
    group_free(budget, table->hashes, table->row_room, sizeof *table->hashes);
    group_free(budget, table->states, table->row_room, sizeof *table->states);
    arena_close(&table->arena);
    memory_free(table);
}

uint64_t group_table_count(const struct group_table *table)
{
    return table->group_count;
}

void group_drop(const struct group_table *table, struct group *group)
{
    char *states = group_states(group);
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        if (call->ops->drop != NULL)
            call->ops->drop(states + table->offsets[i], call);
    }
}

/* Puts a group into the first free slot of its probe sequence. */
static void slot_link(struct group_slot *slots, size_t slot_count, struct group *group)
{
    const size_t mask = slot_count - 1;
    size_t i = (size_t)group->hash & mask;
    while (slots[i].group != NULL)
        i = (i + 1) & mask;
    slots[i] = (struct group_slot){.hash = group->hash, .group = group};
}

enum sheaf_status group_table_reserve(struct group_table *table, struct sheaf_error *error)
{
    if (table->group_count < table->slot_count / 2)
        return SHEAF_OK;
    struct memory_budget *budget = table->setup->budget;
    const size_t slot_count = table->slot_count == 0 ? FIRST_SLOTS : table->slot_count * 2;
    struct group_slot *slots = group_alloc(table->setup, slot_count, sizeof *slots, error);
    if (slots == NULL)
        return error->status;
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].group != NULL)
            slot_link(slots, slot_count, table->slots[i].group);
    group_free(budget, table->slots, table->slot_count, sizeof *table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return SHEAF_OK;
}

void group_table_link(struct group_table *table, struct group *group)
{
    slot_link(table->slots, table->slot_count, group);
    table->group_count++;
}
