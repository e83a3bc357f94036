/* agg/group_table.h - how a group table is laid out. Shared by the group files of this room only.
 *
 * A group is one piece of the table's arena, and never moves:
 *
 *     struct group | key | padding to 16 | state of call 0 | state of call 1 | ...
 *
 * The key is, for each key column, the length of the text (GROUP_NULL for a null), then its bytes:
 * no two keys have the same bytes, and equal bytes are equal keys. The slots are an open-addressed
 * hash table with linear probing, a power of two of them, at most half in use. The hash is keyed,
 * so no input can make long probes. */
#ifndef AGG_GROUP_TABLE_H
#define AGG_GROUP_TABLE_H

#include "agg/group.h"
#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

#define GROUP_NULL UINT64_MAX

struct group {
    uint64_t hash;
    struct place place; /* of its first row */
    size_t key_size;
};

struct group_slot {
    uint64_t hash; /* the group's: most probes that miss end here, without touching the group */
    struct group *group; /* NULL: free */
};

struct group_entry {
    struct place place;
    const struct group *group;
};

struct group_table {
    const struct group_setup *setup;
    struct arena arena; /* groups */
    struct group_slot *slots;
    size_t slot_count;
    size_t group_count;
    struct group *only; /* the one group when there are no key columns, else NULL */

    /* For one batch: of the i-th selected row, the hash of its key and the states of its group. */
    uint64_t *hashes;
    char **states;
    uint32_t row_room; /* rows that both have room for */

    struct group_entry *order; /* group_count of them; NULL: not sorted since the last change */

    bool has_drops; /* some call's states must be dropped */
    size_t states_size;
    size_t offsets[]; /* of each call's state among a group's states */
};

static inline const char *group_key(const struct group *group)
{
    return (const char *)(group + 1);
}

static inline size_t group_states_offset(size_t key_size)
{
    return (sizeof(struct group) + key_size + 15) & ~(size_t)15;
}

static inline char *group_states(struct group *group)
{
    return (char *)group + group_states_offset(group->key_size);
}

/* Reads one column of a key and moves *key to the next. A null has no bytes, an empty text has
 * some. */
static inline struct text group_key_next(const char **key)
{
    uint64_t length;
    memcpy(&length, *key, sizeof length);
    struct text text = {.bytes = *key + sizeof length, .length = (size_t)length};
    if (length == GROUP_NULL)
        text = (struct text){.bytes = NULL};
    *key += sizeof length + text.length;
    return text;
}

/* Gives `error`, or what stands in for it when the caller of the room passed NULL: inside, a
 * failure is a NULL pointer and a status in the error. */
static inline struct sheaf_error *group_error(struct sheaf_error *error, struct sheaf_error *unseen)
{
    return error != NULL ? error : unseen;
}

/* Allocates `count` zeroed items of `size` bytes, charged as "the group table"; NULL with `error`
 * filled. group_free takes the same size again, and NULL. */
void *group_alloc(const struct group_setup *setup, size_t count, size_t size,
                  struct sheaf_error *error);
void group_free(struct memory_budget *budget, void *memory, size_t count, size_t size);

/* Gives a group with fresh states, not linked, whose place and key (`key_size` bytes after the
 * struct) the caller writes; NULL with `error` filled. */
struct group *group_make(struct group_table *table, uint64_t hash, size_t key_size,
                         struct sheaf_error *error);

/* Makes sure that one more group can be linked. */
enum sheaf_status group_table_reserve(struct group_table *table, struct sheaf_error *error);

/* Links a group that has no equal in the table, after group_table_reserve. */
void group_table_link(struct group_table *table, struct group *group);

/* Forgets the order of the groups, because they change. */
void group_table_unsort(struct group_table *table);

/* Drops every call's state of a group that is linked nowhere any more. */
void group_drop(const struct group_table *table, struct group *group);

#endif
