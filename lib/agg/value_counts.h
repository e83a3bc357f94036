/* agg/value_counts.h - values whose keys (value_form.h) lie close together, as counts in a row.
 *
 * A window is an array of one cell for each key from the first to the last that it spans, whether
 * the key was met or not: a value is counted by one addition, without hash or comparison. A cell is
 * one word, for memory is what a large window costs; counts from 2^24 on, files but the first and
 * bytes beyond a TiB lie in a second array, which few windows have. Shared by the value files of
 * this room. One thread at a time; what allocates charges the call's budget. */
#ifndef AGG_VALUE_COUNTS_H
#define AGG_VALUE_COUNTS_H

#include "agg/value_form.h"
#include "agg/value_table.h"

struct value_counts {
    struct value_form form;
    int64_t first;               /* the key of the first cell */
    size_t length;               /* cells */
    value_cell *cells;           /* 0: the key was not met */
    struct value_excess *excess; /* of each cell; NULL: there is none */
    uint64_t present;            /* cells with a count */
    struct place last;           /* no place met so far is after this one */
};

#define VALUE_CELL_ONE (UINT64_C(1) << VALUE_CELL_BYTE_BITS)
#define VALUE_CELL_BYTE (VALUE_CELL_ONE - 1)
/* The greatest count of a cell. */
#define VALUE_CELL_MOST ((UINT64_C(1) << VALUE_CELL_COUNT_BITS) - 1)

/* True when one may be added to the cell, and nothing else is to be done: it was met, and is not
 * full. */
static inline bool value_cell_takes_one(value_cell cell)
{
    return (cell >> VALUE_CELL_BYTE_BITS) - 1 < VALUE_CELL_MOST - 1;
}

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

/* Adds `count`, at least 1, to one cell. */
enum sheaf_status value_counts_add(struct value_counts *counts, size_t cell, uint64_t count,
                                   struct place place, const struct agg_call *call,
                                   struct sheaf_error *error);
/* The cells as they are read. */
struct value_run value_counts_run(const struct value_counts *counts);

/* Adds all cells of a window of the same form within the span of `into`. */
enum sheaf_status value_counts_merge(struct value_counts *into, const struct value_counts *from,
                                     const struct agg_call *call, struct sheaf_error *error);

/* Frees it. Takes NULL. */
void value_counts_close(struct value_counts *counts, const struct agg_call *call);

#endif
