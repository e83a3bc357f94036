#include "agg/value_counts.h"

#include "agg/value_slots.h"
#include "base/error.h"

enum {
    CELLS_LEAST = 256,
    CELLS_MOST = 1 << 24,
    CELLS_PER_VALUE = 32,
    MERGED_AT_ONCE = 512, /* cells */
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

/* The memory of a window of `length` cells; an excess only if wanted. */
static enum sheaf_status take_cells(struct value_counts *counts, size_t length, bool with_excess,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    void *cells;
    void *excess = NULL;
    TRY(take_zeroed(length, sizeof *counts->cells, &cells, call, error));
    const enum sheaf_status status =
        with_excess ? take_zeroed(length, sizeof *counts->excess, &excess, call, error) : SHEAF_OK;
    if (status != SHEAF_OK) {
        give(cells, length * sizeof *counts->cells, call);
        return status;
    }
    counts->cells = cells;
    counts->excess = excess;
    counts->length = length;
    return SHEAF_OK;
}

static void give_cells(struct value_counts *counts, const struct agg_call *call)
{
    give(counts->cells, counts->length * sizeof *counts->cells, call);
    give(counts->excess, counts->length * sizeof *counts->excess, call);
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
    TRY(take_cells(&wide, length, counts->excess != NULL, call, error));
    wide.first = wanted.low;
    const size_t at = value_counts_cell(&wide, counts->first);
    memcpy(wide.cells + at, counts->cells, counts->length * sizeof *counts->cells);
    if (counts->excess != NULL)
        memcpy(wide.excess + at, counts->excess, counts->length * sizeof *counts->excess);
    give_cells(counts, call);
    *counts = wide;
    return SHEAF_OK;
}

static enum sheaf_status open_excess(struct value_counts *counts, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    if (counts->excess != NULL)
        return SHEAF_OK;
    void *excess;
    TRY(take_zeroed(counts->length, sizeof *counts->excess, &excess, call, error));
    counts->excess = excess;
    return SHEAF_OK;
}

/* ---- cells ---------------------------------------------------------------------------------- */

struct value_run value_counts_run(const struct value_counts *counts)
{
    return (struct value_run){
        .cells = counts->cells,
        .excess = counts->excess,
        .length = counts->length,
        .first = counts->first,
        .unit = value_form_unit(&counts->form),
        .exponent = (int8_t)-counts->form.digits,
        .is_time = counts->form.kind != VALUE_FORM_NUMBER,
    };
}

/* Writes a cell whole. A count that fits has no excess; of one that does not, the cell keeps 1, so
 * that it is not 0. */
static enum sheaf_status put_cell(struct value_counts *counts, size_t cell, uint64_t count,
                                  struct place place, const struct agg_call *call,
                                  struct sheaf_error *error)
{
    const uint64_t more = count > VALUE_CELL_MOST ? count - 1 : 0;
    if (more > 0 || place.file != 0 || place.byte > VALUE_CELL_BYTE)
        TRY(open_excess(counts, call, error));
    counts->cells[cell] = (count - more) << VALUE_CELL_BYTE_BITS | (place.byte & VALUE_CELL_BYTE);
    if (counts->excess != NULL)
        counts->excess[cell] =
            (struct value_excess){.count = more,
                                  .file = place.file,
                                  .byte = (uint32_t)(place.byte >> VALUE_CELL_BYTE_BITS)};
    return SHEAF_OK;
}

enum sheaf_status value_counts_add(struct value_counts *counts, size_t cell, uint64_t count,
                                   struct place place, const struct agg_call *call,
                                   struct sheaf_error *error)
{
    const struct value_run run = value_counts_run(counts);
    if (place_compare(place, counts->last) > 0)
        counts->last = place;
    if (counts->cells[cell] == 0) {
        counts->present++;
        return put_cell(counts, cell, count, place, call, error);
    }
    const struct place before = value_run_place(&run, cell);
    const struct place first = place_compare(place, before) < 0 ? place : before;
    return put_cell(counts, cell, value_run_count(&run, cell) + count, first, call, error);
}

/* Adds cells one by one. */
static enum sheaf_status merge_slowly(struct value_counts *into, const struct value_counts *from,
                                      size_t first, size_t end, const struct agg_call *call,
                                      struct sheaf_error *error)
{
    const struct value_run run = value_counts_run(from);
    const size_t shift = value_counts_cell(into, from->first);
    for (size_t i = first; i < end; i++)
        if (from->cells[i] != 0)
            TRY(value_counts_add(into, i + shift, value_run_count(&run, i),
                                 value_run_place(&run, i), call, error));
    return SHEAF_OK;
}

/* Whether some count of these cells would not fit when added. */
static bool overflow(const value_cell *a, const value_cell *b, size_t count)
{
    uint64_t sums = 0;
    for (size_t i = 0; i < count; i++)
        sums |= (a[i] >> VALUE_CELL_BYTE_BITS) + (b[i] >> VALUE_CELL_BYTE_BITS);
    return sums > VALUE_CELL_MOST;
}

/* Adds cells without excess, whose counts fit: without a branch. Gives how many were not there. */
static uint64_t merge_cells(value_cell *into, const value_cell *from, size_t count)
{
    uint64_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        const value_cell in = from[i];
        const value_cell out = into[i];
        const uint64_t in_byte = in == 0 ? UINT64_MAX : in & VALUE_CELL_BYTE;
        const uint64_t out_byte = out == 0 ? UINT64_MAX : out & VALUE_CELL_BYTE;
        const uint64_t byte = in_byte < out_byte ? in_byte : out_byte;
        fresh += (uint64_t)(out == 0) & (uint64_t)(in != 0);
        into[i] =
            (in & ~VALUE_CELL_BYTE) + (out & ~VALUE_CELL_BYTE) + (byte == UINT64_MAX ? 0 : byte);
    }
    return fresh;
}

enum sheaf_status value_counts_merge(struct value_counts *into, const struct value_counts *from,
                                     const struct agg_call *call, struct sheaf_error *error)
{
    const size_t shift = value_counts_cell(into, from->first);
    for (size_t i = 0; i < from->length; i += MERGED_AT_ONCE) {
        const size_t left = from->length - i;
        const size_t count = left < MERGED_AT_ONCE ? left : MERGED_AT_ONCE;
        value_cell *const out = into->cells + i + shift;
        if (into->excess == NULL && from->excess == NULL && !overflow(out, from->cells + i, count))
            into->present += merge_cells(out, from->cells + i, count);
        else
            TRY(merge_slowly(into, from, i, i + count, call, error));
    }
    if (place_compare(from->last, into->last) > 0)
        into->last = from->last;
    return SHEAF_OK;
}
