/* agg/group_table.h - how a group table is laid out. Shared by the group files of this room only.
 *
 * Groups are numbered as they appear. What every row touches lies in one record a group, all
 * records one behind the other:
 *
 *     struct group (key, rows) | accumulator of column 0 | accumulator of column 1 | ...
 *
 * so that a few hundred groups fit the first-level cache, each in a line. Arrays beside it hold by
 * number what is seldom needed: the place of the first row, and two sets of states. `plain` is of
 * the calls that take rows; `spilled` of those that take summaries, and is only there once an
 * accumulator did not suffice: a sum of 64 bits that overflowed, a column without short decimals.
 *
 * The index is an open-addressed hash table with linear probing. A slot is 32 bits of the hash (the
 * tag) over the number of the group plus one; 0 is free. Its first choice is the tag's high bits:
 * so slots are in the order of their tags, save for those that gave way to others. Doubling the
 * index therefore walks both ends in order, and all groups whose tags begin alike are neighbours
 * (group_combine.c). The hash is keyed; should probes become long all the same, the table draws a
 * key of its own (group_index.c). */
#ifndef AGG_GROUP_TABLE_H
#define AGG_GROUP_TABLE_H

#include "agg/group.h"
#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

enum {
    GROUP_BLOCK = 256,     /* rows that are hashed, found and summed at a time */
    GROUP_INLINE = 16,     /* bytes of a key that fits its record */
    GROUP_SPARE_SLOTS = 3, /* behind the index: so many after any slot can be looked at */
};

/* In the place of the length of a key that fits. */
#define GROUP_LONG (UINT32_MAX - 1)
#define GROUP_NULL UINT32_MAX /* the null of one key column */

/* No group has this number. */
#define GROUP_NONE UINT32_MAX
#define GROUP_MOST (UINT32_MAX - 1)

/* Where the first row of a group begins whose rows another table's group has taken: nowhere. */
#define GROUP_TAKEN UINT64_MAX

/* A key as records and probes have it. One column: its bytes; several: a byte of length before each
 * one's bytes (PACKED_NULL: null), if that fits. What fits is followed by zeros, so that two words
 * and a length are the whole key. What does not is written out elsewhere: for each column a length
 * of 8 bytes (UINT64_MAX: null), then its bytes. */
union group_key {
    char bytes[GROUP_INLINE];
    uint64_t words[2];
    struct {
        const char *written; /* NULL in a probe that comes of a row */
        uint64_t hash;
    };
};

struct group {
    union group_key key;
    uint32_t length; /* of a key that fits; else GROUP_LONG or GROUP_NULL */
    uint32_t file;   /* of its first row; the byte is apart */
    uint64_t rows;
};

_Static_assert(sizeof(struct group) == 32, "a group of one column's extremes fills a cache line");

struct group_kernel;

/* What one row, or a group of another table, looks for. */
struct group_probe {
    union group_key key;
    uint32_t length;
    uint32_t tag;
};

/* Where the probes of a block come from, to compare and to write long keys. */
struct group_source {
    const struct batch *batch; /* NULL: from groups of a table */
    uint32_t start;            /* the first selected row of the block */
};

/* Sums of one column's short decimals in one group. A form has the members up to those that are
 * needed. */
struct group_accumulator {
    uint64_t count;
    int64_t sum; /* of mantissas at the column's exponent */
    int64_t least;
    int64_t greatest;
    uint64_t squares[2]; /* low, high */
};

enum group_form { GROUP_FORM_SUM, GROUP_FORM_EXTREMES, GROUP_FORM_SQUARES };

/* No decimal has been summed. */
enum { GROUP_NO_EXPONENT = 1 };

/* A column that summed calls share. */
struct group_column {
    uint32_t argument; /* in batch->columns */
    uint32_t first_call;
    unsigned parts; /* what its calls want: enum decimal_summary_part bits */
    enum group_form form;
    size_t offset;       /* of its accumulator in a record */
    size_t nulls_offset; /* of the number of nulls there; 0: nobody asks */
    int exponent;        /* of all accumulators, or GROUP_NO_EXPONENT */
    uint64_t misfits;    /* rows that did not fit that, since it was chosen */
    uint64_t room;       /* no sum leaves 64 bits while it moves by no more; 0: not known */
    bool is_tight;       /* that is so little that it is not worth knowing */
};

enum group_call_kind {
    GROUP_CALL_PLAIN,  /* takes rows, always */
    GROUP_CALL_SUMMED, /* takes summaries of `column` */
    GROUP_CALL_ROWS,   /* needs no more than the number of rows */
};

struct group_call {
    size_t offset; /* of its state among the plain, or the spilled ones */
    uint32_t kind; /* enum group_call_kind */
    uint32_t column;
    uint32_t next; /* call of the same column; GROUP_NONE: none */
};

/* Memory that is charged and grows. */
struct group_array {
    void *memory;
    size_t bytes; /* in use, and charged */
    size_t
        room; /* at least those: what is behind them nobody has touched, so it is but addresses */
};

struct group_table {
    const struct group_setup *setup;
    const struct group_kernel *kernel;
    struct arena arena; /* long keys, states */

    const struct hash_secret *secret; /* the setup's, or own_secret */
    struct hash_secret own_secret;
    uint64_t mix[2];      /* of the secret, for keys that fit */
    unsigned own_secrets; /* how many were drawn */
    bool has_long_probe;  /* and shall have a secret of its own */

    struct group_array index; /* with GROUP_SPARE_SLOTS free ones behind */
    size_t slot_count;
    unsigned shift; /* of a tag to its first choice */
    /* The high bits of the hash that are the same for all groups of a part; its tags are the bits
     * after them. 0: of a table of its own. */
    unsigned shared_bits;

    struct group_array records;
    char *groups; /* in that, at a cache line's start */
    size_t group_size;
    struct group_array first_bytes; /* uint64_t: where each group's first row begins in its file */
    struct group_array plain;       /* char *: of each group; empty when no call is plain */
    struct group_array spilled;     /* char *: of each group, NULL where nothing spilled */
    size_t room;                    /* groups that all of these have room for */
    size_t count;
    size_t taken; /* of these, by groups of other parts of the same table */
    char *fresh;  /* the record of a group without rows */
    size_t plain_size;
    size_t spilled_size;

    struct group_column *columns;
    uint32_t column_count;
    struct group_call *calls; /* as the setup's */
    struct arena layout;      /* those two, and `fresh` */

    struct place last; /* no row stands behind it; file UINT32_MAX: there are no rows yet */
    bool has_rows;
    bool is_ascending; /* the groups' numbers are the order in which they appear */

    /* For one block: what is looked for, the numbers of the groups, some column's decimals. */
    struct group_probe probes[GROUP_BLOCK];
    uint32_t found[GROUP_BLOCK];
    /* Of a far table: where in the index each search goes on. True of an index of so many slots. */
    uint32_t ways[GROUP_BLOCK];
    size_t ways_slots; /* 0: there are none */
    int64_t mantissas[GROUP_BLOCK];
    /* For one batch: the group of the i-th selected row, and its states. */
    struct group_array numbers;
    struct group_array states;

    /* Of a table that others were combined into: those, each with the groups of some tags. */
    struct group_table **parts;
    uint32_t *starts;  /* of each part: the groups before it */
    size_t part_count; /* 0: it is a table of its own */

    struct group_array order; /* uint32_t: groups, counted through the parts */
    bool is_sorted;           /* without `order`: as they are */

    bool has_plain_drops; /* some plain call's states must be dropped */
};

static inline struct group *group_at(const struct group_table *table, uint32_t number)
{
    return (void *)(table->groups + (size_t)number * table->group_size);
}

static inline struct group_accumulator *group_accumulator_at(struct group *group,
                                                             const struct group_column *column)
{
    return (void *)((char *)group + column->offset);
}

static inline char *group_plain_states(const struct group_table *table, uint32_t number)
{
    return table->plain.memory == NULL ? NULL : ((char **)table->plain.memory)[number];
}

static inline char *group_spilled_states(const struct group_table *table, uint32_t number)
{
    return table->spilled.memory == NULL ? NULL : ((char **)table->spilled.memory)[number];
}

static inline struct place group_place(const struct group_table *table, uint32_t number)
{
    return (struct place){.byte = ((const uint64_t *)table->first_bytes.memory)[number],
                          .file = group_at(table, number)->file};
}

/* Gives `error`, or what stands in for it when the caller of the room passed NULL: inside, a
 * failure is a NULL pointer and a status in the error. */
static inline struct sheaf_error *group_error(struct sheaf_error *error, struct sheaf_error *unseen)
{
    return error != NULL ? error : unseen;
}

/* ---- group_table.c: memory ---- */

/* Makes sure that the array has `count` items of `size` bytes, charged as "the group table". Of an
 * empty array all bytes become zero; what others gain is not initialised. The array stays as it was
 * on failure. */
enum sheaf_status group_array_grow(const struct group_table *table, struct group_array *array,
                                   size_t count, size_t size, struct sheaf_error *error);
void group_array_close(const struct group_table *table, struct group_array *array);

/* Makes room for one more group. */
enum sheaf_status group_table_reserve(struct group_table *table, struct sheaf_error *error);

/* Makes fresh states of a group's plain calls, or of its summed ones; the latter only if there are
 * none. NULL with `error` filled. */
char *group_make_plain(struct group_table *table, struct sheaf_error *error);
char *group_spill(struct group_table *table, uint32_t number, struct sheaf_error *error);

/* Drops the states of a group, which has none after. */
void group_drop(struct group_table *table, uint32_t number);

/* ---- group_layout.c ---- */

/* Fills table->calls, columns, fresh and all sizes. */
enum sheaf_status group_lay_out(struct group_table *table, struct sheaf_error *error);

/* Empties an accumulator. */
void group_accumulator_clear(struct group_accumulator *accumulator, enum group_form form);

/* ---- group_key.c: keys ---- */

/* Takes the secret for the hash. */
void group_take_secret(struct group_table *table, const struct hash_secret *secret);

/* Makes the probes of `count` selected rows from source->start on. */
void group_probe_rows(struct group_table *table, const struct group_source *source, uint32_t count);

/* Makes the probe of a group of any table of this setup. */
void group_probe_group(const struct group_table *table, const struct group *group,
                       struct group_probe *probe);

/* Whether a long key is that of the i-th probe of a block. */
bool group_has_long_key(const struct group_table *table, const struct group *group,
                        const struct group_source *source, uint32_t i);

/* Gives the long key of the i-th probe, which lives as long as the table. NULL with `error`. */
const char *group_write_key(struct group_table *table, const struct group_source *source,
                            uint32_t i, struct sheaf_error *error);

/* Reads the texts of a key one by one: *at is moved on, and is at first NULL. */
struct text group_key_next(const struct group_table *table, const struct group *group,
                           const char **at);

/* ---- group_index.c: finding ---- */

/* Finds the groups of probes from the i-th on, up to `count`, into table->found. Gives
 * the number of the first probe that has no group, or `count`. */
uint32_t group_find(struct group_table *table, const struct group_source *source, uint32_t i,
                    uint32_t count);

/* Gives a new group for the i-th probe, which has none, without rows or states, or GROUP_NONE with
 * `error` filled. */
uint32_t group_add(struct group_table *table, const struct group_source *source, uint32_t i,
                   struct sheaf_error *error);

/* As group_find, but makes the probes as well, for a table that is near and a padded batch with all
 * rows and one key column: all in registers. What it finds nothing for has its probe. */
uint32_t group_find_texts(struct group_table *table, const struct group_source *source, uint32_t i,
                          uint32_t count);

/* Whether the index and the groups are likely to be in the nearest caches. */
bool group_is_near(const struct group_table *table);

/* Begins the search for so many probes where a table is not near, and fetches from memory what the
 * rest of it will touch. To be called before group_find for every block. */
void group_prefetch(struct group_table *table, uint32_t count);

/* The search for groups of another table, in an index that nobody changes: begins so many of them,
 * fetching records, and ends one, whose key `wanted` has: GROUP_NONE if there is no such group. Any
 * thread. */
void group_search_begin(const struct group_table *table, const struct group_probe *probes,
                        uint32_t *ways, uint32_t count);
uint32_t group_search_end(const struct group_table *table, const struct group_probe *probe,
                          const struct group *wanted, uint32_t way);

/* To be called between blocks. */
enum sheaf_status group_guard_probes(struct group_table *table, struct sheaf_error *error);

#ifdef SHEAF_TESTING
/* Keeps only these bits of every hash, in tables that have drawn fewer than so many secrets of
 * their own. All bits, and 0: nothing is changed. */
void group_weaken_hash(uint64_t bits, unsigned own_secrets);

/* Lets the workers combine tables that have so many groups in all. */
void group_combine_from(uint64_t groups);
#endif

/* ---- group_sums.c: accumulators ---- */

/* Makes the accumulators of a column fit for decimals of this exponent. */
enum sheaf_status group_sums_begin(struct group_table *table, struct group_column *column,
                                   int exponent, struct sheaf_error *error);

/* Adds the decimals of `count` selected rows from `start` on to the groups with these numbers. */
enum sheaf_status group_sums_add(struct group_table *table, struct group_column *column,
                                 const struct group_source *source, uint32_t count,
                                 struct sheaf_error *error);

/* Adds the accumulators of a group of another table, whose column has the same position. */
enum sheaf_status group_sums_merge(struct group_table *table, uint32_t number,
                                   const struct group_table *from, uint32_t from_number,
                                   struct sheaf_error *error);

/* Gives what an accumulator holds. */
struct decimal_summary group_sums_summary(const struct group_column *column,
                                          const struct group *group);

/* ---- group_result.c, group_order.c ---- */

/* Gives the table that has a group, counted through the parts, and makes *number its number there.
 */
const struct group_table *group_table_of(const struct group_table *table, uint32_t *number);

/* Forgets the order of the groups, because they change. */
void group_table_unsort(struct group_table *table);

/* ---- group_merge.c ---- */

/* Makes the columns of `into` fit for the sums of `from`. */
enum sheaf_status group_merge_begin_sums(struct group_table *into, const struct group_table *from,
                                         struct sheaf_error *error);
/* The same, for groups of any place. */
enum sheaf_status group_merge_begin(struct group_table *into, const struct group_table *from,
                                    struct sheaf_error *error);

/* Adds `count` groups of `from`, at most GROUP_BLOCK, and takes their states. */
enum sheaf_status group_merge_block(struct group_table *into, struct group_table *from,
                                    const uint32_t *numbers, uint32_t count,
                                    struct sheaf_error *error);

/* Adds one group to another and takes its states, but not its place. Where the second says true,
 * nothing but these two changes, if `spilled` has room for all groups in both tables or in none:
 * then several threads may merge different pairs. */
enum sheaf_status group_merge_pair(struct group_table *into, uint32_t number,
                                   struct group_table *from, uint32_t from_number,
                                   struct sheaf_error *error);
bool group_merge_is_simple(const struct group_table *into, uint32_t number,
                           const struct group_table *from, uint32_t from_number);

/* ---- group_pairs.c ---- */

/* As group_tables_combine, of few tables with key columns: looks each group up in all tables before
 * its own. *out is none of the tables, which are NULL after: it owns them, or they are closed. */
enum sheaf_status group_pairs_combine(struct group_table **tables, unsigned count,
                                      const struct group_combining *how, struct group_table **out,
                                      struct sheaf_error *error);

#endif
