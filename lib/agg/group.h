/* agg/group.h - the states of all calls, one set per group: a hash table from key to states.
 *
 * A key is the texts of the grouping columns: equal when the bytes are, null a key of its own that
 * differs from the empty text. Each group remembers the place of its first row. One thread at a
 * time. All memory is charged to the budget ("the group table"); past it: SHEAF_LIMIT. */
#ifndef AGG_GROUP_H
#define AGG_GROUP_H

#include "agg/agg.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/isa.h"

struct decimal_kernel;
struct group_table;

/* What every worker's table of one job shares. With key_count 0 there is exactly one group, from
 * the start. The pointers must outlive the tables. */
struct group_setup {
    const uint32_t *keys;              /* positions of the key columns in batch->columns */
    const enum column_type *key_types; /* GROUP_BY_KEY compares numbers by value; NULL: all texts */
    uint32_t key_count;
    const struct agg_call *calls;
    const uint32_t *arguments; /* each call's column in batch->columns; any for AGG_ROWS */
    uint32_t call_count;
    const struct hash_secret *secret;
    const char *what;   /* the table's name in messages: "the group table" */
    const char *column; /* the key columns' names in messages; NULL: none */
    struct memory_budget *budget;
    const struct decimal_kernel *kernel; /* sums up columns without keys; NULL: the plain one */
    enum isa isa; /* of the loops that find groups and add to them; it must be available */
};

/* Makes an empty table, owned by the caller, who closes it. Fails with SHEAF_LIMIT or
 * SHEAF_SYSTEM. */
enum sheaf_status group_table_open(const struct group_setup *setup, struct group_table **out,
                                   struct sheaf_error *error);

/* Takes the selected rows of a batch, which may come in any order, into the states of their groups.
 * Fails with SHEAF_LIMIT or SHEAF_SYSTEM; the table may only be closed after. */
enum sheaf_status group_table_update(struct group_table *table, const struct batch *batch,
                                     struct sheaf_error *error);

/* Adds every group of `from`, of the same setup, to `into`. `from` may only be closed after. Fails
 * with SHEAF_LIMIT or SHEAF_SYSTEM; both may only be closed after, in any order. */
enum sheaf_status group_table_merge(struct group_table *into, struct group_table *from,
                                    struct sheaf_error *error);

/* How tables are combined. */
struct group_combining {
    struct executor *executor;
    bool (*should_stop)(const void *argument); /* looked at between pieces; NULL: never */
    const void *argument;
};

/* Merges `count` (at least 1) tables of one setup on all workers of an executor that runs nothing
 * else. *out is owned by the caller, and for sorting, reading and closing only. It may be one of
 * the tables, or own some: in their places there is NULL then. The others may only be closed,
 * before or after it. Fails with SHEAF_LIMIT, SHEAF_SYSTEM, or SHEAF_STOPPED; then all that are
 * left may only be closed. */
enum sheaf_status group_tables_combine(struct group_table **tables, unsigned count,
                                       const struct group_combining *how, struct group_table **out,
                                       struct sheaf_error *error);

uint64_t group_table_count(const struct group_table *table);

enum group_order {
    GROUP_BY_APPEARANCE, /* by the place of the first row */
    GROUP_BY_KEY,        /* column by column, null first, then by key_types */
};

/* Puts the groups into an order for group_table_row, until the next update or merge. Fails with
 * SHEAF_LIMIT or SHEAF_SYSTEM. */
enum sheaf_status group_table_sort(struct group_table *table, enum group_order order,
                                   struct sheaf_error *error);

/* Fills key_count + call_count cells of the row-th group (from 0) in that order: its key, of which
 * a null is VALUE_NULL and an empty text is not, then the results. Texts stay in the table. Any
 * thread, and several at once for different rows: finishing a state may settle what that state
 * holds, and nothing else. Fails with SHEAF_SYSTEM or SHEAF_LIMIT. */
enum sheaf_status group_table_row(const struct group_table *table, uint64_t row,
                                  struct value *cells, struct sheaf_error *error);

/* The state of one call in a table without key columns, which has one group. */
void *group_table_state(const struct group_table *table, uint32_t call);

/* Drops all states. Takes NULL. */
void group_table_close(struct group_table *table);

#endif
