/* agg/profile.h - what a column is and holds: its type over all values, and the extremes, sums and
 * lengths that its type allows.
 *
 * `agg_profile` is an aggregate like any other, but no function that users can name: stats and
 * schema read its state. It takes a column row by row; or, where the table of distinct values is
 * kept anyway, each distinct value once with its count (profile_add). Either way gives the same.
 * One thread at a time; all-zero is a valid empty profile. */
#ifndef AGG_PROFILE_H
#define AGG_PROFILE_H

#include "agg/agg.h"
#include "agg/held.h"
#include "agg/value_table.h"
#include "num/classify.h"
#include "num/exact.h"

/* A time that is an extreme, with its text (of CSV) and the place of its first appearance. */
struct profile_time {
    struct instant instant; /* INSTANT_NULL: none */
    struct place place;
    struct held text; /* as it stands in the input; none for binary columns */
};

struct profile {
    uint64_t rows; /* nulls included */
    uint64_t nulls;
    unsigned classes; /* enum text_class bits; of a binary column what its type says */
    uint64_t numbers; /* how many values are numbers */
    struct number lowest;
    struct number highest;
    struct exact_sum sum;
    struct exact_sum squares;
    struct profile_time earliest;
    struct profile_time latest;
    uint64_t trues; /* booleans */
    uint64_t falses;
    struct held least; /* in byte order; texts only */
    struct held greatest;
    uint64_t shortest; /* length in bytes of texts; means nothing when there is none */
    uint64_t longest;
    struct held first; /* the first value as it stands (binary: its key) */
    struct place first_place;
};

extern const struct agg_ops agg_profile; /* AGG_NATIVE */

/* Adds a value of a table (a key as the column's type has them; bytes NULL: null). Fails with
 * SHEAF_SYSTEM or SHEAF_LIMIT. */
enum sheaf_status profile_add(struct profile *profile, const struct agg_call *call,
                              const struct value_entry *entry, struct sheaf_error *error);

/* Adds all values of a table, its nulls left out. Fails as profile_add. */
enum sheaf_status profile_add_table(struct profile *profile, const struct agg_call *call,
                                    const struct value_table *table, struct sheaf_error *error);

/* The type of the column: the call's, where the format says it; else the first of integer, decimal,
 * float, boolean, date, timestamp, text that fits all values; null when there is none. */
enum column_type profile_type(const struct profile *profile, const struct agg_call *call);

/* The type that a mask of classes has. */
enum column_type profile_type_of(unsigned classes);

void profile_drop(struct profile *profile, const struct agg_call *call);

#endif
