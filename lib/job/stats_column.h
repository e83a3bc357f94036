/* job/stats_column.h - everything that stats can say about one column, from its merged state; what
 * is costly is made when the first field asks for it. One thread at a time. */
#ifndef JOB_STATS_COLUMN_H
#define JOB_STATS_COLUMN_H

#include "agg/profile.h"
#include "agg/value_table.h"
#include "job/native.h"
#include "num/multiset.h"
#include "num/shape.h"

enum { STATS_QUARTILES = 3 };

/* 0.25, 0.5 and 0.75. */
extern const struct number stats_quartiles[STATS_QUARTILES];

/* What a walk over all values tells. */
struct stats_values {
    uint64_t mode;       /* the number of the most frequent, of equally frequent ones the first */
    uint64_t mode_count; /* 0: there is no value */
    struct place mode_place;
    uint64_t shortest; /* bytes of a value, as it stands or prints */
    uint64_t longest;
};

struct stats_column {
    struct text name;
    const struct agg_call *call;     /* the one that the run made */
    const struct value_table *table; /* the distinct values; NULL: not kept */
    const struct profile *profile;
    enum column_type type;
    int round;
    /* The rest is made on demand. */
    struct agg_call profile_call; /* where the profile is made of the table */
    struct profile own_profile;
    struct multiset numbers; /* settled: of a column of numbers; of times, as numbers */
    bool has_numbers;
    struct shape shape; /* of these */
    bool has_shape;
    uint64_t quartiles[STATS_QUARTILES]; /* of a column of times: numbers of values */
    bool has_quartiles;
    struct stats_values values;
    bool has_values;
    struct value_entry entry; /* the one that a cell shows */
    char scratch[NATIVE_TEXT_SIZE];
};

/* Reads the state of a call: of agg_profile, or of distinct. The column borrows it until closed. On
 * failure it may only be closed. */
enum sheaf_status stats_column_open(struct stats_column *column, const struct agg_call *call,
                                    void *state, struct sheaf_error *error);
void stats_column_close(struct stats_column *column);

/* True when the column has numbers, or has no value at all (whose sum is 0). */
bool stats_column_is_number(const struct stats_column *column);

/* The numbers of a column of numbers, settled. Needs the table. */
enum sheaf_status stats_column_numbers(struct stats_column *column, const struct multiset **out,
                                       struct sheaf_error *error);

/* What the skewness and kurtosis of a column of numbers are read from. Needs the table. */
enum sheaf_status stats_column_shape(struct stats_column *column, const struct shape **out,
                                     struct sheaf_error *error);

/* A quartile (0: the first) of a column of times, by method lower; null when there is none. Needs
 * the table. */
enum sheaf_status stats_column_time_quartile(struct stats_column *column, unsigned quartile,
                                             struct value *out, struct sheaf_error *error);

/* The most frequent value and the lengths, which mean nothing where its count is 0. Lent. Needs the
 * table. */
const struct stats_values *stats_column_values(struct stats_column *column);

/* A value by its number, its text lent until the next call. Needs the table. */
struct value stats_column_value(struct stats_column *column, uint64_t number);

#endif
