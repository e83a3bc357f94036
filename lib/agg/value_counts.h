/* agg/value_counts.h - values whose keys (value_form.h) lie close together, as counts in a row.
 *
 * A window is an array of one cell for each key from the first to the last that it spans, whether
 * the key was met or not: a value is counted by one addition, without hash or comparison. Shared by
 * the value files of this room. One thread at a time; what allocates charges the call's budget. */
#ifndef AGG_VALUE_COUNTS_H
#define AGG_VALUE_COUNTS_H

#include "agg/value_form.h"
#include "agg/value_table.h"

struct value_counts {
    struct value_form form;
    int64_t first;            /* the key of the first cell */
    size_t length;            /* cells */
    struct value_cell *cells; /* count 0: the key was not met */
    uint32_t *files;          /* of the places; NULL: all are 0 */
    uint64_t present;         /* cells with a count */
    struct place last;        /* no place met so far is after this one */
};

/* Keys, both included; none when `low` is above `high`. */
struct value_span {
    int64_t low;
    int64_t high;
};

static inline void value_span_add(struct value_span *span, int64_t key)
{
    span->low = key < span->low ? key : span->low;
    span->high = key > span->high ? key : span->high;
}

/* True when the key has a cell; VALUE_FORM_NONE has none. */
static inline bool value_counts_hold(const struct value_counts *counts, int64_t key)
{
    return key >= counts->first && (uint64_t)key - (uint64_t)counts->first < counts->length;
}

static inline size_t value_counts_cell(const struct value_counts *counts, int64_t key)
{
    return (size_t)((uint64_t)key - (uint64_t)counts->first);
}

/* True when a window over this span, of which `present` keys were met, is worth its memory. */
bool value_span_is_dense(struct value_span span, uint64_t present);

/* Makes an empty window over at least the span, which is dense. */
enum sheaf_status value_counts_open(struct value_counts **out, const struct value_form *form,
                                    struct value_span span, const struct agg_call *call,
                                    struct sheaf_error *error);
/* Widens it to hold the span as well; with both, it is dense for `present` keys. Fails with the
 * window as it was. */
enum sheaf_status value_counts_widen(struct value_counts *counts, struct value_span span,
                                     uint64_t present, const struct agg_call *call,
                                     struct sheaf_error *error);
/* The span of the cells. */
struct value_span value_counts_span(const struct value_counts *counts);

/* To be called before a place of a file other than 0 is put in. */
enum sheaf_status value_counts_open_files(struct value_counts *counts, const struct agg_call *call,
                                          struct sheaf_error *error);
/* Adds to one cell, after value_counts_open_files. */
void value_counts_add(struct value_counts *counts, size_t cell, uint64_t count, struct place place);
struct place value_counts_place(const struct value_counts *counts, size_t cell);

/* Adds all cells of a window of the same form within the span of `into`. */
enum sheaf_status value_counts_merge(struct value_counts *into, const struct value_counts *from,
                                     const struct agg_call *call, struct sheaf_error *error);

/* Frees it. Takes NULL. */
void value_counts_close(struct value_counts *counts, const struct agg_call *call);

#endif
