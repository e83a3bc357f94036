/* job/report_histogram.c - numbers of columns counted in bins of equal width, from the least finite
 * one to the greatest. A bin holds its low edge and not its high one; the last holds both. The
 * edges are exact while they are compared, and rounded only to be printed. Infinities and NaN,
 * which no such bin can hold, are rows of their own. */
#include "agg/agg_state.h"
#include "job/report.h"
#include "job/resolve.h"
#include "num/compare.h"
#include "num/quantile.h"

#include <math.h>
#include <string.h>

struct setup {
    uint64_t bins;
};

/* The values of one column, and the finite ones among them: [first, end). */
struct view {
    struct sheaf_result *result;
    struct text name;
    int round;
    const struct multiset *values;
    size_t first;
    size_t end;
};

static enum sheaf_status resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error)
{
    static const char *const names[] = {"column", "low", "high", "count", NULL};
    if (request->bins == 0 || request->bins > SHEAF_BINS_MAX)
        return error_set(error, SHEAF_USAGE, "1 to %d bins can be made, not %llu", SHEAF_BINS_MAX,
                         (unsigned long long)request->bins);
    struct setup *setup = arena_alloc(&plan->core->arena, sizeof *setup, error);
    if (setup == NULL)
        return SHEAF_SYSTEM;
    setup->bins = request->bins;
    plan->core->report_setup = setup;
    const struct agg_ops *ops = agg_find("median", strlen("median"));
    return resolve_columns(plan, request, ops, names, error);
}

static struct number value_at(const struct view *view, size_t index, uint64_t *times)
{
    struct number number;
    multiset_value(view->values, index, &number, times);
    return number;
}

static bool is_finite_at(const struct view *view, size_t index)
{
    uint64_t times;
    const struct number number = value_at(view, index, &times);
    return number.kind == NUMBER_DECIMAL || isfinite(number.real);
}

static enum sheaf_status add_bin(const struct view *view, const struct number *low,
                                 const struct number *high, uint64_t count,
                                 struct sheaf_error *error)
{
    const bool rounds = view->round >= 0; /* the ends, too */
    const struct value cells[] = {
        value_text(view->name),
        value_number(rounds ? number_round(low, view->round) : *low),
        value_number(rounds ? number_round(high, view->round) : *high),
        value_count(count),
    };
    return made_rows_add(&view->result->made, cells, error);
}

/* Rows of one value each: those of [from, to). */
static enum sheaf_status add_specials(const struct view *view, size_t from, size_t to,
                                      struct sheaf_error *error)
{
    for (size_t i = from; i < to; i++) {
        uint64_t times;
        const struct number number = value_at(view, i, &times);
        TRY(add_bin(view, &number, &number, times, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status add_bins(const struct view *view, struct sheaf_error *error)
{
    const struct setup *setup = view->result->core->report_setup;
    const int round = view->round;
    uint64_t times;
    const struct number least = value_at(view, view->first, &times);
    const struct number most = value_at(view, view->end - 1, &times);
    const uint64_t bins = view->end - view->first == 1 ? 1 : setup->bins;
    size_t at = view->first;
    struct number low;
    quantile_edge(&least, &most, 0, bins, round, &low);
    for (uint64_t bin = 1; bin <= bins; bin++) {
        uint64_t count = 0;
        for (; at < view->end; at++) {
            const struct number number = value_at(view, at, &times);
            if (bin < bins && quantile_compare_edge(&number, &least, &most, bin, bins) >= 0)
                break;
            count += times;
        }
        struct number high;
        quantile_edge(&least, &most, bin, bins, round, &high);
        TRY(add_bin(view, &low, &high, count, error));
        low = high;
    }
    return SHEAF_OK;
}

static enum sheaf_status add_column(struct sheaf_result *result, uint32_t index,
                                    struct sheaf_error *error)
{
    const struct agg_call *call = &result->core->calls[index];
    struct view view = {
        .result = result, .name = result->core->call_columns[index], .round = call->round};
    TRY(agg_quantile_values(group_table_state(result->table, index), call, &view.values, error));
    const size_t distinct = multiset_distinct(view.values);
    while (view.first < distinct && !is_finite_at(&view, view.first))
        view.first++;
    view.end = distinct;
    while (view.end > view.first && !is_finite_at(&view, view.end - 1))
        view.end--;
    if (view.first == view.end) /* nothing finite: all, in their order */
        return add_specials(&view, 0, distinct, error);
    TRY(add_specials(&view, 0, view.first, error));
    TRY(add_bins(&view, error));
    return add_specials(&view, view.end, distinct, error);
}

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    TRY(result_open_first_rows(result, error));
    for (uint32_t i = 0; i < result->core->groups.call_count; i++) {
        TRY(result_check_stop(result, error));
        result->first_rows[i] = result_made_rows(result);
        TRY(add_column(result, i, error));
    }
    return SHEAF_OK;
}

const struct report_ops report_histogram = {
    .command = SHEAF_HISTOGRAM,
    .name = "hist",
    .resolve = resolve,
    .counts = "count",
    .rows = {.prepare = prepare, .rows = result_made_rows, .row = result_made_row},
};
