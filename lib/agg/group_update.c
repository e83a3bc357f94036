/* Taking rows into a group table: a batch is hashed column by column, then every row finds its
 * group, then every aggregate takes the whole batch at once. */
#include "agg/group_table.h"
#include "base/error.h"

#include <string.h>

/* How many rows ahead the slots are fetched from memory: a large table lies outside the caches. */
enum { PREFETCH_AHEAD = 8 };

/* Makes room for the hashes and states of `rows` rows. */
static enum sheaf_status reserve_rows(struct group_table *table, uint32_t rows,
                                      struct sheaf_error *error)
{
    if (rows <= table->row_room)
        return SHEAF_OK;
    struct memory_budget *budget = table->setup->budget;
    group_free(budget, table->hashes, table->row_room, sizeof *table->hashes);
    group_free(budget, table->states, table->row_room, sizeof *table->states);
    table->row_room = 0;
    table->states = NULL;
    table->hashes = group_alloc(table->setup, rows, sizeof *table->hashes, error);
    if (table->hashes == NULL)
        return error->status;
    table->states = group_alloc(table->setup, rows, sizeof *table->states, error);
    if (table->states == NULL) {
        group_free(budget, table->hashes, rows, sizeof *table->hashes);
        table->hashes = NULL;
        return error->status;
    }
    table->row_room = rows;
    return SHEAF_OK;
}

/* The hash of a null may be known to anybody: there is only one null. */
static uint64_t hash_text(const struct hash_secret *secret, struct text text)
{
    return text.bytes == NULL ? 0 : hash_bytes(secret, text.bytes, text.length);
}

/* Hashes the key of each selected row. The texts' hashes are already keyed, so that a fixed odd
 * multiplier (2^64 over the golden ratio) is enough to tell the columns apart. */
static void hash_rows(struct group_table *table, const struct batch *batch)
{
    const struct group_setup *setup = table->setup;
    const struct text *texts = batch->columns[setup->keys[0]].texts;
    for (uint32_t i = 0; i < batch->selected; i++)
        table->hashes[i] = hash_text(setup->secret, texts[batch_row(batch, i)]);
    for (uint32_t k = 1; k < setup->key_count; k++) {
        texts = batch->columns[setup->keys[k]].texts;
        for (uint32_t i = 0; i < batch->selected; i++)
            table->hashes[i] = table->hashes[i] * UINT64_C(0x9e3779b97f4a7c15) ^
                               hash_text(setup->secret, texts[batch_row(batch, i)]);
    }
}

static bool same_text(struct text a, struct text b)
{
    if (a.bytes == NULL || b.bytes == NULL)
        return a.bytes == b.bytes;
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static bool has_key_of(const struct group *group, const struct group_setup *setup,
                       const struct batch *batch, uint32_t row)
{
    const char *key = group_key(group);
    for (uint32_t k = 0; k < setup->key_count; k++)
        if (!same_text(group_key_next(&key), batch->columns[setup->keys[k]].texts[row]))
            return false;
    return true;
}

/* Gives the group that has the row's key, or NULL. */
static struct group *find_row(const struct group_table *table, const struct batch *batch,
                              uint32_t row, uint64_t hash)
{
    const size_t mask = table->slot_count - 1;
    for (size_t i = (size_t)hash & mask; table->slots[i].group != NULL; i = (i + 1) & mask)
        if (table->slots[i].hash == hash &&
            has_key_of(table->slots[i].group, table->setup, batch, row))
            return table->slots[i].group;
    return NULL;
}

/* Gives the bytes that the row's key takes in a group; false when that overflows. */
static bool measure_key(const struct group_setup *setup, const struct batch *batch, uint32_t row,
                        size_t *size)
{
    *size = 0;
    for (uint32_t k = 0; k < setup->key_count; k++) {
        const struct text text = batch->columns[setup->keys[k]].texts[row];
        if (!size_add(*size, sizeof(uint64_t), size) ||
            !size_add(*size, text.bytes == NULL ? 0 : text.length, size))
            return false;
    }
    return true;
}

static void write_key(char *key, const struct group_setup *setup, const struct batch *batch,
                      uint32_t row)
{
    for (uint32_t k = 0; k < setup->key_count; k++) {
        const struct text text = batch->columns[setup->keys[k]].texts[row];
        const uint64_t length = text.bytes == NULL ? GROUP_NULL : text.length;
        memcpy(key, &length, sizeof length);
        key += sizeof length;
        if (text.bytes != NULL && text.length > 0) {
            memcpy(key, text.bytes, text.length);
            key += text.length;
        }
    }
}

/* Gives a new group for the row, linked, or NULL with `error` filled. */
static struct group *add_row(struct group_table *table, const struct batch *batch, uint32_t row,
                             uint64_t hash, struct sheaf_error *error)
{
    size_t key_size;
    if (!measure_key(table->setup, batch, row, &key_size)) {
        error_no_memory(error, table->setup->what);
        return NULL;
    }
    if (group_table_reserve(table, error) != SHEAF_OK)
        return NULL;
    struct group *group = group_make(table, hash, key_size, error);
    if (group == NULL)
        return NULL;
    group->place = batch_place(batch, row);
    write_key((char *)group + sizeof *group, table->setup, batch, row);
    group_table_link(table, group);
    return group;
}

/* Finds or makes the group of each selected row. */
static enum sheaf_status locate_rows(struct group_table *table, const struct batch *batch,
                                     struct sheaf_error *error)
{
    TRY(group_table_reserve(table, error));
    for (uint32_t i = 0; i < batch->selected; i++) {
        if (i + PREFETCH_AHEAD < batch->selected)
            __builtin_prefetch(
                &table->slots[table->hashes[i + PREFETCH_AHEAD] & (table->slot_count - 1)]);
        const uint32_t row = batch_row(batch, i);
        struct group *group = find_row(table, batch, row, table->hashes[i]);
        if (group == NULL)
            group = add_row(table, batch, row, table->hashes[i], error);
        if (group == NULL)
            return error->status;
        const struct place place = batch_place(batch, row);
        if (place_compare(place, group->place) < 0)
            group->place = place;
        table->states[i] = group_states(group);
    }
    return SHEAF_OK;
}

static const struct column *argument_of(const struct group_setup *setup, uint32_t call,
                                        const struct batch *batch)
{
    if (setup->calls[call].ops->input == AGG_ROWS)
        return NULL;
    return &batch->columns[setup->arguments[call]];
}

static enum sheaf_status update_only_group(struct group_table *table, const struct batch *batch,
                                           struct sheaf_error *error)
{
    char *states = group_states(table->only);
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->update(states + table->offsets[i], call, argument_of(table->setup, i, batch),
                              batch, error));
    }
    return SHEAF_OK;
}

enum sheaf_status group_table_update(struct group_table *table, const struct batch *batch,
                                     struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(table);
    if (batch->selected == 0)
        return SHEAF_OK;
    if (table->only != NULL)
        return update_only_group(table, batch, error);
    TRY(reserve_rows(table, batch->selected, error));
    hash_rows(table, batch);
    TRY(locate_rows(table, batch, error));
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->scatter(table->states, table->offsets[i], call,
                               argument_of(table->setup, i, batch), batch, error));
    }
    return SHEAF_OK;
}
