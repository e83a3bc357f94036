/* job/report_freq.c - the values of columns with their counts, most frequent first; of equally
 * frequent ones the one that appeared first. A null is a value here. */
#include "agg/agg_state.h"
#include "job/native.h"
#include "job/report.h"
#include "job/resolve.h"
#include "num/exact.h"

#include <string.h>

struct setup {
    uint64_t top; /* values per column; 0: all */
};

#define NULL_VALUE UINT64_MAX /* as the number of a value */

/* A value that is shown. */
struct shown_value {
    uint64_t count;
    struct place place; /* of the first row that has it */
    uint64_t number;    /* of its entry in the table */
};

/* The values of one column that are shown, in their order. */
struct column_values {
    const struct value_table *table;
    struct shown_value *entries; /* `shown` of them */
    size_t shown;
    size_t filled;
    uint64_t total; /* rows of the input */
};

struct freq {
    struct column_values *columns;
    uint32_t column_count;
    uint64_t rows;
};

static enum sheaf_status resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error)
{
    static const char *const names[] = {"column", "value", "count", "percent", NULL};
    struct setup *setup = arena_alloc(&plan->core->arena, sizeof *setup, error);
    if (setup == NULL)
        return SHEAF_SYSTEM;
    setup->top = request->top;
    plan->core->report_setup = setup;
    const struct agg_ops *ops = agg_find("distinct", strlen("distinct"));
    return resolve_columns(plan, request, ops, names, error);
}

/* ---- sorting ----------------------------------------------------------------------------- */

static int compare_entries(const struct shown_value *a, const struct shown_value *b)
{
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return place_compare(a->place, b->place);
}

/* A heap of `shown` entries whose root is the last of them in order. */
static void sift_down(struct column_values *values, size_t count, size_t at)
{
    struct shown_value *heap = values->entries;
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (compare_entries(&heap[child], &heap[last]) > 0)
                last = child;
        if (last == at)
            return;
        const struct shown_value entry = heap[at];
        heap[at] = heap[last];
        heap[last] = entry;
        at = last;
    }
}

/* Takes one value: a short list of a million values holds no more than it shows. */
static void take_entry(struct column_values *values, const struct shown_value *entry)
{
    values->total += entry->count;
    if (values->filled < values->shown) {
        values->entries[values->filled++] = *entry;
        if (values->filled == values->shown)
            for (size_t i = values->shown / 2; i-- > 0;)
                sift_down(values, values->shown, i);
    } else if (compare_entries(entry, &values->entries[0]) < 0) {
        values->entries[0] = *entry;
        sift_down(values, values->shown, 0);
    }
}

/* Takes the heap apart: the entries are in order after. */
static void sort_heap(struct column_values *values)
{
    for (size_t left = values->shown; left > 1; left--) {
        const struct shown_value entry = values->entries[0];
        values->entries[0] = values->entries[left - 1];
        values->entries[left - 1] = entry;
        sift_down(values, left - 1, 0);
    }
}

/* ---- rows -------------------------------------------------------------------------------- */

static void close(struct sheaf_result *result)
{
    struct freq *freq = result->report;
    if (freq == NULL)
        return;
    struct memory_budget *budget = &result->core->budget;
    for (uint32_t i = 0; freq->columns != NULL && i < freq->column_count; i++) {
        memory_uncharge(budget, freq->columns[i].shown * sizeof(struct shown_value));
        memory_free(freq->columns[i].entries);
    }
    memory_free(freq->columns);
    memory_free(freq);
    result->report = NULL;
}

/* Charges and fills the entries; they are given back with the report. */
static enum sheaf_status collect(struct column_values *values, const struct value_table *table,
                                 uint64_t top, const struct agg_call *call,
                                 struct sheaf_error *error)
{
    static const char what[] = "the values by frequency";
    const uint64_t count = table->distinct + (table->nulls > 0);
    const size_t shown = (size_t)(top == 0 || top > count ? count : top);
    const size_t size = shown * sizeof *values->entries;
    TRY(memory_charge(call->budget, size, what, call->column, error));
    values->shown = shown; /* charged */
    values->table = table;
    values->entries = memory_alloc(size);
    if (values->entries == NULL)
        return error_no_memory(error, what);
    if (table->nulls > 0)
        take_entry(values, &(struct shown_value){.count = table->nulls,
                                                 .place = table->null_place,
                                                 .number = NULL_VALUE});
    size_t cursor = 0;
    struct value_entry entry;
    while (value_table_next(table, &cursor, &entry))
        take_entry(values, &(struct shown_value){
                               .count = entry.count, .place = entry.place, .number = entry.number});
    sort_heap(values);
    return SHEAF_OK;
}

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    const struct job_core *core = result->core;
    const struct setup *setup = core->report_setup;
    struct freq *freq = memory_zeroed(1, sizeof *freq);
    if (freq == NULL)
        return error_no_memory(error, "the values by frequency");
    result->report = freq;
    freq->column_count = core->groups.call_count;
    freq->columns = memory_zeroed(freq->column_count, sizeof *freq->columns);
    if (freq->columns == NULL)
        return error_no_memory(error, "the values by frequency");
    TRY(result_open_first_rows(result, error));
    for (uint32_t i = 0; i < freq->column_count; i++) {
        struct column_values *values = &freq->columns[i];
        const struct value_table *table = agg_distinct_table(group_table_state(result->table, i));
        TRY(result_check_stop(result, error));
        TRY(collect(values, table, setup->top, &core->calls[i], error));
        result->first_rows[i] = freq->rows;
        freq->rows += values->shown;
    }
    return SHEAF_OK;
}

static uint64_t rows(const struct sheaf_result *result)
{
    const struct freq *freq = result->report;
    return freq->rows;
}

/* 100 * count / total, rounded once. */
static enum sheaf_status percent(uint64_t count, uint64_t total, int round, struct value *out,
                                 struct sheaf_error *error)
{
    const struct exact_sum hundredfold = {.small = (int128)count * 100};
    struct number number;
    TRY(exact_mean(&hundredfold, total, round, &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

/* The column that a row of the result is about. */
static uint32_t column_of(const struct sheaf_result *result, uint64_t number)
{
    const struct freq *freq = result->report;
    uint32_t low = 0;
    uint32_t high = freq->column_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (result->first_rows[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* A value of a table, whose text may be in `scratch`. */
static struct value spelled_cell(const struct value_table *table, uint64_t number,
                                 enum column_type type, char *scratch)
{
    struct value_entry entry;
    value_table_entry(table, number, &entry);
    struct value cell = native_cell(type, entry.key, scratch);
    if (cell.kind == VALUE_TEXT && cell.text.bytes == entry.spelled) {
        memcpy(scratch, entry.spelled, sizeof entry.spelled);
        cell.text.bytes = scratch;
    }
    return cell;
}

static enum sheaf_status row(const struct sheaf_result *result, uint64_t number,
                             struct value *cells, char *scratch, struct sheaf_error *error)
{
    const struct freq *freq = result->report;
    const uint32_t column = column_of(result, number);
    const struct column_values *values = &freq->columns[column];
    const struct shown_value *shown = &values->entries[number - result->first_rows[column]];
    const struct agg_call *call = &result->core->calls[column];
    cells[0] = value_text(result->core->call_columns[column]);
    cells[1] = shown->number == NULL_VALUE
                   ? value_null()
                   : spelled_cell(values->table, shown->number, call->type, scratch);
    cells[2] = value_count(shown->count);
    return percent(shown->count, values->total, call->round, &cells[3], error);
}

const struct report_ops report_freq = {
    .command = SHEAF_FREQ,
    .name = "freq",
    .counts = "count",
    .resolve = resolve,
    .rows = {.prepare = prepare, .rows = rows, .row = row, .close = close},
};
