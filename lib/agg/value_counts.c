#include "agg/value_counts.h"

#include "agg/value_slots.h"
#include "base/error.h"

enum {
    CELLS_LEAST = 256,
    CELLS_MOST = 1 << 24,
    CELLS_PER_VALUE = 16,
};

bool value_span_is_dense(struct value_span span, uint64_t present)
{
    const uint64_t more = (uint64_t)span.high - (uint64_t)span.low; /* one less than keys */
    if (span.low > span.high || more >= CELLS_MOST)
        return false;
    return more < CELLS_LEAST || more / CELLS_PER_VALUE < present;
}

struct value_span value_counts_span(const struct value_counts *counts)
{
    return (struct value_span){.low = counts->first,
                               .high = counts->first + (int64_t)(counts->length - 1)};
}

/* ---- memory --------------------------------------------------------------------------------- */

static enum sheaf_status take_zeroed(size_t count, size_t size, void **out,
                                     const struct agg_call *call, struct sheaf_error *error)
{
    TRY(memory_charge(call->budget, count * size, agg_call_what(call), call->column, error));
    *out = memory_zeroed(count, size);
    if (*out != NULL) {
        memory_prefer_large_pages(*out, count * size);
        return SHEAF_OK;
    }
    memory_uncharge(call->budget, count * size);
    return error_no_memory(error, call->ops->signature);
}

static void give(void *memory, size_t size, const struct agg_call *call)
{
    if (memory == NULL)
        return;
    memory_free(memory);
    memory_uncharge(call->budget, size);
}

/* The memory of a window of `length` cells; files only if wanted. */
static enum sheaf_status take_cells(struct value_counts *counts, size_t length, bool with_files,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    void *cells;
    void *files = NULL;
    TRY(take_zeroed(length, sizeof *counts->cells, &cells, call, error));
    const enum sheaf_status status =
        with_files ? take_zeroed(length, sizeof *counts->files, &files, call, error) : SHEAF_OK;
    if (status != SHEAF_OK) {
        give(cells, length * sizeof *counts->cells, call);
        return status;
    }
    counts->cells = cells;
    counts->files = files;
    counts->length = length;
    return SHEAF_OK;
}

static void give_cells(struct value_counts *counts, const struct agg_call *call)
{
    give(counts->cells, counts->length * sizeof *counts->cells, call);
    give(counts->files, counts->length * sizeof *counts->files, call);
}

/* A span with some room on both sides, which is more where the keys are many. */
static struct value_span with_room(struct value_span span)
{
    const int64_t keys = span.high - span.low + 1;
    const int64_t room = keys < CELLS_LEAST ? (CELLS_LEAST - keys) / 2 : keys / 16;
    return (struct value_span){.low = span.low - room, .high = span.high + room};
}

enum sheaf_status value_counts_open(struct value_counts **out, const struct value_form *form,
                                    struct value_span span, const struct agg_call *call,
                                    struct sheaf_error *error)
{
    const struct value_span wanted = with_room(span);
    void *memory;
    TRY(take_zeroed(1, sizeof(struct value_counts), &memory, call, error));
    struct value_counts *counts = memory;
    counts->form = *form;
    counts->first = wanted.low;
    const size_t length = (size_t)(wanted.high - wanted.low) + 1;
    const enum sheaf_status status = take_cells(counts, length, false, call, error);
    if (status != SHEAF_OK) {
        give(counts, sizeof *counts, call);
        return status;
    }
    *out = counts;
    return SHEAF_OK;
}

void value_counts_close(struct value_counts *counts, const struct agg_call *call)
{
    if (counts == NULL)
        return;
    give_cells(counts, call);
    give(counts, sizeof *counts, call);
}

/* The span of a wider window: twice the old one's length, if it may be, on the side where keys were
 * met outside, so that keys that ascend do not make it move each time. */
static struct value_span grown(const struct value_counts *counts, struct value_span span,
                               uint64_t present)
{
    const struct value_span old = value_counts_span(counts);
    struct value_span both = span;
    value_span_add(&both, old.low);
    value_span_add(&both, old.high);
    struct value_span roomy = both;
    if (span.low < old.low)
        roomy.low -= (int64_t)counts->length / 2;
    if (span.high > old.high)
        roomy.high += (int64_t)counts->length / 2;
    return value_span_is_dense(roomy, present) ? roomy : both;
}

enum sheaf_status value_counts_widen(struct value_counts *counts, struct value_span span,
                                     uint64_t present, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    if (value_counts_hold(counts, span.low) && value_counts_hold(counts, span.high))
        return SHEAF_OK;
    const struct value_span wanted = grown(counts, span, present);
    struct value_counts wide = *counts;
    const size_t length = (size_t)(wanted.high - wanted.low) + 1;
    TRY(take_cells(&wide, length, counts->files != NULL, call, error));
    wide.first = wanted.low;
    const size_t at = value_counts_cell(&wide, counts->first);
    memcpy(wide.cells + at, counts->cells, counts->length * sizeof *counts->cells);
    if (counts->files != NULL)
        memcpy(wide.files + at, counts->files, counts->length * sizeof *counts->files);
    give_cells(counts, call);
    *counts = wide;
    return SHEAF_OK;
}

enum sheaf_status value_counts_open_files(struct value_counts *counts, const struct agg_call *call,
                                          struct sheaf_error *error)
{
    if (counts->files != NULL)
        return SHEAF_OK;
    void *files;
    TRY(take_zeroed(counts->length, sizeof *counts->files, &files, call, error));
    counts->files = files;
    return SHEAF_OK;
}

/* ---- cells ---------------------------------------------------------------------------------- */

struct place value_counts_place(const struct value_counts *counts, size_t cell)
{
    return (struct place){.byte = counts->cells[cell].byte,
                          .file = counts->files == NULL ? 0 : counts->files[cell]};
}

void value_counts_add(struct value_counts *counts, size_t cell, uint64_t count, struct place place)
{
    struct value_cell *const at = &counts->cells[cell];
    if (place_compare(place, counts->last) > 0)
        counts->last = place;
    counts->present += at->count == 0;
    if (at->count == 0 || place_compare(place, value_counts_place(counts, cell)) < 0) {
        at->byte = place.byte;
        if (counts->files != NULL)
            counts->files[cell] = place.file;
    }
    at->count += count;
}

/* Adds cells whose places are of file 0 in both windows: without a branch. */
static void merge_cells(struct value_counts *into, const struct value_counts *from)
{
    struct value_cell *const out = into->cells + value_counts_cell(into, from->first);
    uint64_t present = 0;
    for (size_t i = 0; i < from->length; i++) {
        const struct value_cell in = from->cells[i];
        const bool is_new = out[i].count == 0;
        const bool is_earlier = is_new || (in.count != 0 && in.byte < out[i].byte);
        present += is_new && in.count != 0;
        out[i].byte = is_earlier ? in.byte : out[i].byte;
        out[i].count += in.count;
    }
    into->present += present;
}

enum sheaf_status value_counts_merge(struct value_counts *into, const struct value_counts *from,
                                     const struct agg_call *call, struct sheaf_error *error)
{
    if (into->files == NULL && from->files == NULL) {
        merge_cells(into, from);
    } else {
        TRY(value_counts_open_files(into, call, error));
        const size_t shift = value_counts_cell(into, from->first);
        for (size_t i = 0; i < from->length; i++)
            if (from->cells[i].count != 0)
                value_counts_add(into, i + shift, from->cells[i].count,
                                 value_counts_place(from, i));
    }
    if (place_compare(from->last, into->last) > 0)
        into->last = from->last;
    return SHEAF_OK;
}
