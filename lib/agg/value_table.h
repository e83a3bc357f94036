/* agg/value_table.h - the distinct values of a column, how often each occurs and where it occurred
 * first: what distinct, freq, modes and whole-column statistics are read from.
 *
 * A value is a key of bytes: a text as it stands, or a number or instant of a binary column in the
 * canonical form of the functions below, so that equal values have equal keys. Nulls are counted
 * beside. A table with one value costs about a hundred bytes, for there may be one per group. The
 * hash is keyed, so no input can make long probes; no order depends on it. A column of numbers or
 * times that lie close together, which comes in batches, is counted without keys: value_table_run.
 * One thread at a time; all-zero is a valid empty table. All memory is charged to the call's
 * budget. */
#ifndef AGG_VALUE_TABLE_H
#define AGG_VALUE_TABLE_H

#include "agg/agg.h"

#include <stdbool.h>

struct value_slots;
struct value_counts;

/* The members are the module's own, save that anybody may read the first three. */
struct value_table {
    uint64_t nulls;
    struct place null_place; /* of the first null, when nulls > 0 */
    uint64_t distinct;       /* values that are not null */
    struct value_slots *slots;
    struct value_counts *counts; /* of values that are in no slot; NULL: none */
};

enum { VALUE_KEY_SIZE = 24 };

/* One value with its count. The key may lie in the entry itself: it is valid until either the entry
 * or the table changes, and an entry that is copied keeps the key of the first. */
struct value_entry {
    struct text key;
    uint64_t count;
    struct place place; /* of the first row that has it */
    uint64_t number;    /* by which value_table_entry finds it again while the table stays as it is;
                         * means nothing in an entry on its way in */
    char spelled[VALUE_KEY_SIZE];
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
/* The value of a number that value_table_next gave. */
void value_table_entry(const struct value_table *table, uint64_t number, struct value_entry *out);

/* One of a run of values: how often it is there, over the byte of the first row that has it, both
 * in so far as they fit; 0: there is no such value. */
typedef uint64_t value_cell;

enum { VALUE_CELL_BYTE_BITS = 40, VALUE_CELL_COUNT_BITS = 64 - VALUE_CELL_BYTE_BITS };

/* What does not fit a cell, to be added to it. */
struct value_excess {
    uint64_t count;
    uint32_t file; /* of the place */
    uint32_t byte; /* its bits above VALUE_CELL_BYTE_BITS */
};

/* Values of a table of texts that are numbers, or dates, or timestamps without a zone, all of them
 * spelled alike, in ascending order. The i-th is (first + i) * unit * 10^exponent, times as seconds
 * since 1970-01-01; its number, as value_table_entry takes it, is i. value_table_next walks them
 * before all others: these begin with the cursor `length`. */
struct value_run {
    const value_cell *cells;
    const struct value_excess *excess; /* of each cell; NULL: there is none, all places in file 0 */
    size_t length;                     /* 0: the table has no such values */
    int64_t first;
    int64_t unit;
    int8_t exponent;
    bool is_time;
};

static inline uint64_t value_run_count(const struct value_run *run, size_t at)
{
    return (run->cells[at] >> VALUE_CELL_BYTE_BITS) +
           (run->excess == NULL ? 0 : run->excess[at].count);
}

static inline struct place value_run_place(const struct value_run *run, size_t at)
{
    const uint64_t byte = run->cells[at] & ((UINT64_C(1) << VALUE_CELL_BYTE_BITS) - 1);
    if (run->excess == NULL)
        return (struct place){.byte = byte};
    return (struct place){.byte = byte | (uint64_t)run->excess[at].byte << VALUE_CELL_BYTE_BITS,
                          .file = run->excess[at].file};
}

void value_table_run(const struct value_table *table, struct value_run *out);

void value_table_save(const struct value_table *table, struct buffer *out);
enum sheaf_status value_table_load(struct value_table *table, const struct agg_call *call,
                                   struct text *bytes, struct sheaf_error *error);

/* ---- keys of binary columns ---------------------------------------------------------------- */

/* Writes the key of a number or instant that is not null, and gives its length. Equal values have
 * equal keys: 1.0 and 1.00, all NaN. Single precision is part of a number's key. */
size_t value_key_of_number(const struct number *number, char out[VALUE_KEY_SIZE]);
size_t value_key_of_instant(const struct instant *instant, char out[VALUE_KEY_SIZE]);
/* The way back. */
void value_key_number(struct text key, struct number *out);
void value_key_instant(struct text key, struct instant *out);

#endif
