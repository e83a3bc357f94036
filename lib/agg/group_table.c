/* The memory of a group table. */
#include "agg/group_table.h"
#include "agg/group_kernel.h"

#include "base/error.h"

#include <assert.h>

enum {
    FIRST_ROOM = 64,
    STEP_ROOM = 1 << 16, /* from so many groups on, an eighth is added at a time */
    LINE = 64,
    /* An array that outgrows so many bytes gets more addresses than it needs: moving it costs the
     * system a walk through its pages. */
    SPACIOUS = 1 << 20,
    SPACES = 4,
    LARGE_PAGE = 2 << 20,
    HEADER = 4096, /* more than malloc puts before a block */
};

/* ---- arrays ------------------------------------------------------------------------------ */

/* Gives the bytes that an array gets which needs so many. With malloc's header they are whole large
 * pages, so that the system can put and move the block as such. */
static size_t make_room(const struct group_array *array, size_t bytes)
{
    size_t room;
    if (bytes < SPACIOUS ||
        !size_multiply(bytes, array->memory == NULL ? 1 : (size_t)SPACES, &room) ||
        !size_add(room, LARGE_PAGE, &room))
        return bytes;
    return room / LARGE_PAGE * LARGE_PAGE - HEADER;
}

static bool resize(struct group_array *array, size_t bytes)
{
    size_t room = make_room(array, bytes);
    void *memory =
        array->memory == NULL ? memory_zeroed(1, room) : memory_resize(array->memory, room);
    if (memory == NULL && room > bytes) {
        room = bytes;
        memory = memory_resize(array->memory, room);
    }
    if (memory == NULL)
        return false;
    memory_prefer_large_pages(memory, room);
    *array = (struct group_array){.memory = memory, .bytes = bytes, .room = room};
    return true;
}

enum sheaf_status group_array_grow(const struct group_table *table, struct group_array *array,
                                   size_t count, size_t size, struct sheaf_error *error)
{
    const struct group_setup *setup = table->setup;
    size_t bytes;
    if (!size_multiply(count, size, &bytes))
        return error_no_memory(error, setup->what);
    if (bytes <= array->bytes)
        return SHEAF_OK;
    const size_t more = bytes - array->bytes;
    TRY(memory_charge(setup->budget, more, setup->what, setup->column, error));
    if (bytes <= array->room) {
        array->bytes = bytes;
        return SHEAF_OK;
    }
    if (!resize(array, bytes)) {
        memory_uncharge(setup->budget, more);
        return error_no_memory(error, setup->what);
    }
    return SHEAF_OK;
}

void group_array_close(const struct group_table *table, struct group_array *array)
{
    if (array->memory == NULL)
        return;
    memory_free(array->memory);
    memory_uncharge(table->setup->budget, array->bytes);
    *array = (struct group_array){.memory = NULL};
}

static char *line_start(void *memory)
{
    return (char *)memory + (-(uintptr_t)memory & (LINE - 1));
}

/* Records begin at a cache line, wherever their memory does. */
static enum sheaf_status grow_records(struct group_table *table, size_t room,
                                      struct sheaf_error *error)
{
    size_t bytes;
    if (!size_multiply(room, table->group_size, &bytes) || !size_add(bytes, LINE, &bytes))
        return error_no_memory(error, table->setup->what);
    const ptrdiff_t before =
        table->groups == NULL ? 0 : table->groups - (const char *)table->records.memory;
    TRY(group_array_grow(table, &table->records, bytes, 1, error));
    char *memory = table->records.memory;
    table->groups = line_start(memory);
    if (table->count > 0 && table->groups != memory + before)
        memmove(table->groups, memory + before, table->count * table->group_size);
    return SHEAF_OK;
}

enum sheaf_status group_table_reserve(struct group_table *table, struct sheaf_error *error)
{
    if (table->count < table->room)
        return SHEAF_OK;
    if (table->count >= GROUP_MOST)
        return error_set(error, SHEAF_LIMIT, "%s: more than %lu groups", table->setup->what,
                         (unsigned long)GROUP_MOST);
    size_t room = table->room + table->room / (table->room < STEP_ROOM ? 1 : 8);
    if (room < FIRST_ROOM)
        room = table->setup->key_count == 0 ? 1 : FIRST_ROOM;
    TRY(grow_records(table, room, error));
    TRY(group_array_grow(table, &table->first_bytes, room, sizeof(uint64_t), error));
    if (table->plain_size > 0)
        TRY(group_array_grow(table, &table->plain, room, sizeof(char *), error));
    if (table->spilled.memory != NULL)
        TRY(group_array_grow(table, &table->spilled, room, sizeof(char *), error));
    table->room = room;
    return SHEAF_OK;
}

/* ---- states ------------------------------------------------------------------------------ */

static bool lies_in(const struct group_call *call, bool is_plain)
{
    return is_plain ? call->kind == GROUP_CALL_PLAIN : call->kind == GROUP_CALL_SUMMED;
}

static char *make_states(struct group_table *table, size_t size, bool is_plain,
                         struct sheaf_error *error)
{
    char *states = arena_alloc(&table->arena, size, error);
    for (uint32_t i = 0; states != NULL && i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        if (lies_in(&table->calls[i], is_plain))
            call->ops->init(states + table->calls[i].offset, call);
    }
    return states;
}

char *group_make_plain(struct group_table *table, struct sheaf_error *error)
{
    return make_states(table, table->plain_size, true, error);
}

char *group_spill(struct group_table *table, uint32_t number, struct sheaf_error *error)
{
    if (group_array_grow(table, &table->spilled, table->room, sizeof(char *), error) != SHEAF_OK)
        return NULL;
    char **states = &((char **)table->spilled.memory)[number];
    if (*states == NULL)
        *states = make_states(table, table->spilled_size, false, error);
    return *states;
}

static void drop_states(const struct group_table *table, char *states, bool is_plain)
{
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        if (lies_in(&table->calls[i], is_plain) && call->ops->drop != NULL)
            call->ops->drop(states + table->calls[i].offset, call);
    }
}

void group_drop(struct group_table *table, uint32_t number)
{
    char *plain = group_plain_states(table, number);
    char *spilled = group_spilled_states(table, number);
    if (plain != NULL) {
        ((char **)table->plain.memory)[number] = NULL;
        drop_states(table, plain, true);
    }
    if (spilled != NULL) {
        ((char **)table->spilled.memory)[number] = NULL;
        drop_states(table, spilled, false);
    }
}

/* ---- the table --------------------------------------------------------------------------- */

void group_table_close(struct group_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->part_count; i++)
        group_table_close(table->parts[i]);
    memory_free(table->parts);
    memory_free(table->starts);
    if (table->has_plain_drops || table->spilled.memory != NULL)
        for (uint32_t i = 0; i < table->count; i++)
            group_drop(table, i);
    struct group_array *arrays[] = {&table->index,  &table->records, &table->first_bytes,
                                    &table->plain,  &table->spilled, &table->numbers,
                                    &table->states, &table->order};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        group_array_close(table, arrays[i]);
    arena_close(&table->arena);
    arena_close(&table->layout);
    memory_free(table);
}

/* Without key columns there is one group, also when no row ever comes, and its states are full. */
static enum sheaf_status make_only_group(struct group_table *table, struct sheaf_error *error)
{
    TRY(group_table_reserve(table, error));
    memcpy(group_at(table, 0), table->fresh, table->group_size);
    if (table->plain_size > 0) {
        char *states = group_make_plain(table, error);
        if (states == NULL)
            return error->status;
        ((char **)table->plain.memory)[0] = states;
    }
    table->count = 1;
    return SHEAF_OK;
}

enum sheaf_status group_table_open(const struct group_setup *setup, struct group_table **out,
                                   struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    *out = NULL;
    struct group_table *table = memory_zeroed(1, sizeof *table);
    if (table == NULL)
        return error_no_memory(error, setup->what);
    table->setup = setup;
    table->kernel = group_kernel_of(setup->isa);
    table->is_ascending = true;
    table->arena =
        (struct arena){.budget = setup->budget, .what = setup->what, .column = setup->column};
    table->layout = table->arena;
    group_take_secret(table, setup->secret);
    enum sheaf_status status = group_lay_out(table, error);
    if (status == SHEAF_OK && setup->key_count == 0)
        status = make_only_group(table, error);
    if (status != SHEAF_OK) {
        group_table_close(table);
        return status;
    }
    *out = table;
    return SHEAF_OK;
}

uint64_t group_table_count(const struct group_table *table)
{
    uint64_t count = table->count;
    for (size_t i = 0; i < table->part_count; i++)
        count += table->parts[i]->count - table->parts[i]->taken;
    return count;
}
