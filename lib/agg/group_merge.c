/* Merging two group tables: groups never move, so `into` takes over the memory of `from` whole, and
 * with it, one by one, the groups that are new to it. This needs no more memory than the two
 * tables had, save for slots. */
#include "agg/group_table.h"
#include "base/error.h"

#include <string.h>

static struct group *find_equal(const struct group_table *table, const struct group *group)
{
    const size_t mask = table->slot_count - 1;
    for (size_t i = (size_t)group->hash & mask; table->slots[i].group != NULL; i = (i + 1) & mask) {
        struct group *other = table->slots[i].group;
        if (table->slots[i].hash == group->hash && other->key_size == group->key_size &&
            memcmp(group_key(other), group_key(group), group->key_size) == 0)
            return other;
    }
    return NULL;
}

static enum sheaf_status merge_states(struct group_table *table, struct group *into,
                                      struct group *from, struct sheaf_error *error)
{
    char *into_states = group_states(into);
    char *from_states = group_states(from);
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->merge(into_states + table->offsets[i], from_states + table->offsets[i], call,
                             error));
    }
    return SHEAF_OK;
}

/* Takes a group, whose memory is the table's already: links it, or adds it to its equal and drops
 * its states. On failure its states are dropped too. */
static enum sheaf_status take_group(struct group_table *table, struct group *group,
                                    struct sheaf_error *error)
{
    enum sheaf_status status = group_table_reserve(table, error);
    struct group *equal = status == SHEAF_OK ? find_equal(table, group) : NULL;
    if (status == SHEAF_OK && equal == NULL) {
        group_table_link(table, group);
        return SHEAF_OK;
    }
    if (equal != NULL) {
        if (place_compare(group->place, equal->place) < 0)
            equal->place = group->place;
        status = merge_states(table, equal, group, error);
    }
    group_drop(table, group);
    return status;
}

enum sheaf_status group_table_merge(struct group_table *into, struct group_table *from,
                                    struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(into);
    group_table_unsort(from);
    arena_adopt(&into->arena, &from->arena);
    enum sheaf_status status = SHEAF_OK;
    /* Also after a failure: the groups lie in `into` now, which may be closed before `from`. */
    for (size_t i = 0; i < from->slot_count; i++) {
        struct group *group = from->slots[i].group;
        from->slots[i].group = NULL;
        if (group == NULL)
            continue;
        if (status == SHEAF_OK)
            status = take_group(into, group, error);
        else
            group_drop(into, group);
    }
    from->group_count = 0;
    from->only = NULL;
    return status;
}
