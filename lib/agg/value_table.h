/* agg/value_table.h - the distinct values of a column, how often each occurs and where it occurred
 * first: what distinct, freq, modes and whole-column statistics are read from.
 *
 * A value is a key of bytes: a text as it stands, or a number or instant of a binary column in the
 * canonical form of the functions below, so that equal values have equal keys. Nulls are counted
 * beside. A table with one value costs about a hundred bytes, for there may be one per group. The
 * hash is keyed, so no input can make long probes; no order depends on it. One thread at a time;
 * all-zero is a valid empty table. All memory is charged to the call's budget. */
#ifndef AGG_VALUE_TABLE_H
#define AGG_VALUE_TABLE_H

#include "agg/agg.h"

struct value_slots;

/* The members are the module's own, save that anybody may read the first three. */
struct value_table {
    uint64_t nulls;
    struct place null_place; /* of the first null, when nulls > 0 */
    uint64_t distinct;       /* values that are not null */
    struct value_slots *slots;
};

/* One value with its count; bytes stay in the table. */
struct value_entry {
    struct text key;
    uint64_t count;
    struct place place; /* of the first row that has it */
};

/* Takes the selected rows of a column, by its native vector. Fails with SHEAF_SYSTEM or SHEAF_LIMIT
 * (the message names the call's function and column); the table may only be dropped after. */
enum sheaf_status value_table_update(struct value_table *table, const struct agg_call *call,
                                     const struct column *column, const struct batch *batch,
                                     struct sheaf_error *error);
/* As update, but the i-th selected row goes to the table at groups[i] + offset. */
enum sheaf_status value_table_scatter(char *const *groups, size_t offset,
                                      const struct agg_call *call, const struct column *column,
                                      const struct batch *batch, struct sheaf_error *error);
/* Adds one value (bytes NULL: null) `count` times. */
enum sheaf_status value_table_add(struct value_table *table, const struct agg_call *call,
                                  const struct value_entry *entry, struct sheaf_error *error);
/* Adds `from` to `into`; `from` may only be dropped after. */
enum sheaf_status value_table_merge(struct value_table *into, struct value_table *from,
                                    const struct agg_call *call, struct sheaf_error *error);
void value_table_drop(struct value_table *table, const struct agg_call *call);

/* Walks all values that are not null, in no order that may show: *cursor from 0; false at the
 * end. */
bool value_table_next(const struct value_table *table, size_t *cursor, struct value_entry *out);

void value_table_save(const struct value_table *table, struct buffer *out);
enum sheaf_status value_table_load(struct value_table *table, const struct agg_call *call,
                                   struct text *bytes, struct sheaf_error *error);

/* ---- keys of binary columns ---------------------------------------------------------------- */

enum { VALUE_KEY_SIZE = 24 };

/* Writes the key of a number or instant that is not null, and gives its length. Equal values have
 * equal keys: 1.0 and 1.00, all NaN. Single precision is part of a number's key. */
size_t value_key_of_number(const struct number *number, char out[VALUE_KEY_SIZE]);
size_t value_key_of_instant(const struct instant *instant, char out[VALUE_KEY_SIZE]);
/* The way back. */
void value_key_number(struct text key, struct number *out);
void value_key_instant(struct text key, struct instant *out);

#endif
