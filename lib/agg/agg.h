/* agg/agg.h - the catalogue of aggregate functions.
 *
 * An aggregate is a row of functions over a state of fixed size; what does not fit hangs off the
 * state and is charged to the job's budget. A state belongs to one thread at a time; nothing is
 * global. Every row of the table obeys these laws, which tests walk the table to check:
 *   merging a fresh state changes nothing; merge is associative and commutes; updating with rows
 *   A then B equals merging the two updates; load(save(x)) equals x;
 * where "equals" means that finish() gives the same value. What depends on order keeps the row's
 * place and compares that. */
#ifndef AGG_AGG_H
#define AGG_AGG_H

#include "base/buffer.h"
#include "base/hash.h"
#include "base/memory.h"
#include "col/batch.h"
#include "col/type.h"
#include "col/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an aggregate takes of its column. */
enum agg_input {
    AGG_ROWS,    /* no column: count() */
    AGG_TEXTS,   /* column->texts */
    AGG_NUMBERS, /* column->numbers */
    AGG_ORDERED, /* by the column's kind: numbers, instants (with texts), or texts: min, max */
    AGG_NATIVE,  /* the one form that its type has: numbers, instants, or texts (CSV always) */
};

/* The vector that AGG_NATIVE takes of a column of this type. */
static inline enum column_vector agg_native_vector(enum column_type type)
{
    if (column_type_is_number(type))
        return COLUMN_NUMBERS;
    return column_type_is_time(type) ? COLUMN_INSTANTS : COLUMN_TEXTS;
}

/* The kind of a column for AGG_ORDERED, found once per column at planning. */
enum agg_kind { AGG_KIND_NUMBER, AGG_KIND_TIME, AGG_KIND_TEXT };

/* One use of an aggregate in a request, fixed at planning and shared by all workers. */
struct agg_call {
    const struct agg_ops *ops;
    enum agg_kind kind;      /* AGG_ORDERED only */
    enum column_type type;   /* of the column, as its format says; TYPE_UNKNOWN: CSV */
    struct number parameter; /* of p1 … p99 and q: the quantile, 0 … 1; else NUMBER_NULL */
    const char *what;        /* the state's name in messages; NULL: the function's */
    const char *column;      /* the column's name for messages, NULL for AGG_ROWS */
    int round;               /* digits after the point, half to even on the exact value; -1: all */
    const struct hash_secret *secret; /* for states that hash */
    struct memory_budget *budget;     /* what growing states charge */
};

struct agg_ops {
    const char *name;      /* "sum" */
    const char *signature; /* "sum(x)": for help */
    const char *help;      /* one line */
    enum agg_input input;
    bool takes_reals; /* AGG_NUMBERS: update takes column->reals instead, where they are there */
    bool takes_parameter; /* a number after the column: q(x, 0.999) */
    /* One row for the 99 functions whose names are `name` and a number 1 … 99, each hundredths of
     * the parameter: p1 … p99. `name` alone is none. */
    bool is_family;
    size_t size; /* bytes of a state, a multiple of 16; states are aligned to 16, and never move */

    /* Makes a fresh state. Cannot fail: what grows is allocated later. */
    void (*init)(void *state, const struct agg_call *call);
    /* Takes the selected rows of the batch into one state. column: NULL for AGG_ROWS. */
    enum sheaf_status (*update)(void *state, const struct agg_call *call,
                                const struct column *column, const struct batch *batch,
                                struct sheaf_error *error);
    /* As update, but the i-th selected row goes to the state at groups[i] + offset. */
    enum sheaf_status (*scatter)(char *const *groups, size_t offset, const struct agg_call *call,
                                 const struct column *column, const struct batch *batch,
                                 struct sheaf_error *error);
    /* Adds `from` to `into`. `from` may only be dropped after: it may have given memory away. */
    enum sheaf_status (*merge)(void *into, void *from, const struct agg_call *call,
                               struct sheaf_error *error);
    /* Gives the result. Text stays in the state's memory. Several threads may finish different
     * states of one call at once. */
    enum sheaf_status (*finish)(const void *state, const struct agg_call *call, struct value *out,
                                struct sheaf_error *error);
    /* Appends a self-delimiting form of the state (first byte: version; little-endian). */
    void (*save)(const void *state, const struct agg_call *call, struct buffer *out);
    /* Makes `state` (not initialised) from saved bytes and moves *bytes past them; hostile bytes
     * give SHEAF_DATA and leave a state that drop takes. */
    enum sheaf_status (*load)(void *state, const struct agg_call *call, struct text *bytes,
                              struct sheaf_error *error);
    /* What of a summary of short decimals is enough to update a state: enum decimal_summary_part
     * bits. 0: nothing, and then column->numbers is there wherever numbers are. Else a column may
     * have decimals alone; who owns the states sums them up, for all calls that take the column at
     * once, and tells absorb, which must give what update would have given. (count() and the like,
     * which take no numbers, can be told how many rows there are: SUMMARY_COUNTS.) Of AGG_ORDERED
     * only columns of numbers have decimals; see agg_is_summed. Merging such a state leaves `from`
     * as it was, and several threads may merge from one at once. */
    unsigned summary;
    /* True: update and scatter take a column that has decimals and no numbers. */
    bool takes_decimals;
    enum sheaf_status (*absorb)(void *state, const struct agg_call *call,
                                const struct decimal_summary *summary, struct sheaf_error *error);
    /* Frees what hangs off the state; NULL when nothing ever does. */
    void (*drop)(void *state, const struct agg_call *call);
};

/* What messages call the state of a call. */
static inline const char *agg_call_what(const struct agg_call *call)
{
    return call->what != NULL ? call->what : call->ops->name;
}

/* Whether a state of the call can be told a summary in the place of a column's decimals. */
static inline bool agg_is_summed(const struct agg_call *call)
{
    return call->ops->summary != 0 &&
           (call->ops->input != AGG_ORDERED || call->kind == AGG_KIND_NUMBER);
}

/* The table, in the order of the help: one row a signature, so count() and count(x) are two rows of
 * one name. */
extern const struct agg_ops *const agg_table[];
extern const size_t agg_table_length;

/* Takes a name of `length` bytes. Gives its first row in the table, or NULL when there is no such
 * function. Any thread. */
const struct agg_ops *agg_find(const char *name, size_t length);

/* As agg_find, but only the row that takes `arguments` columns: 0 gives count(), 1 gives count(x).
 * NULL for a name that agg_find knows means the wrong number of arguments. *parameter becomes what
 * the name itself says (p99: 0.99), else NUMBER_NULL. Both know p1 … p99 by one row. */
const struct agg_ops *agg_find_for(const char *name, size_t length, uint32_t arguments,
                                   struct number *parameter);

#endif
