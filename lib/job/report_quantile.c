/* job/report_quantile.c - exact quantiles of columns: a row for each column and quantile. */
#include "agg/agg_state.h"
#include "job/nearest.h"
#include "job/report.h"
#include "job/resolve.h"
#include "num/quantile.h"

#include <string.h>

enum { MOST_QUANTILES = 65535 };

struct setup {
    enum quantile_method method;
    struct number *quantiles;
    uint32_t count;
};

static const struct {
    const char *name;
    const char *help;
    enum quantile_method method;
} methods[] = {
    {"linear", "between the two nearest values; method 7 (default)", QUANTILE_7},
    {"lower", "the value at or below the position of method 7", QUANTILE_LOWER},
    {"higher", "the value at or above it", QUANTILE_HIGHER},
    {"nearest", "the nearer of the two, half to even", QUANTILE_NEAREST},
    {"midpoint", "the middle of the two", QUANTILE_MIDPOINT},
    {"1", "inverse of the empirical distribution", QUANTILE_1},
    {"2", "the same, averaged at its steps", QUANTILE_2},
    {"3", "nearest even order statistic (SAS)", QUANTILE_3},
    {"4", "linear in the empirical distribution", QUANTILE_4},
    {"5", "linear through the middles of its steps (hydrologists)", QUANTILE_5},
    {"6", "at the expected values of uniform order statistics (SPSS, Minitab)", QUANTILE_6},
    {"7", "at their modes (R, numpy, datamash)", QUANTILE_7},
    {"8", "about median-unbiased", QUANTILE_8},
    {"9", "about unbiased for normal values", QUANTILE_9},
};
enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

struct sheaf_entry sheaf_quantile_method(size_t index)
{
    if (index >= METHOD_COUNT)
        return (struct sheaf_entry){.name = NULL};
    return (struct sheaf_entry){
        .name = methods[index].name, .signature = methods[index].name, .help = methods[index].help};
}

static enum sheaf_status find_method(const char *name, enum quantile_method *out,
                                     struct sheaf_error *error)
{
    const char *names[METHOD_COUNT + 1] = {NULL};
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        names[i] = methods[i].name;
        if (strcmp(methods[i].name, name) != 0)
            continue;
        *out = methods[i].method;
        return SHEAF_OK;
    }
    const struct text word = {.bytes = name, .length = strlen(name)};
    const char *near = nearest_name(word, names);
    char safe[ERROR_NAME_SIZE];
    error_name(safe, name, word.length);
    if (near != NULL)
        return error_set(error, SHEAF_USAGE, "unknown quantile method \"%s\"; did you mean \"%s\"?",
                         safe, near);
    return error_set(error, SHEAF_USAGE,
                     "unknown quantile method \"%s\": linear, lower, higher, nearest, midpoint, or "
                     "1 to 9",
                     safe);
}

static enum sheaf_status read_quantiles(struct sheaf_plan *plan, const char *list,
                                        struct setup *setup, struct sheaf_error *error)
{
    size_t most = 1;
    for (const char *at = list; *at != '\0'; at++)
        most += *at == ',';
    if (most > MOST_QUANTILES)
        return error_set(error, SHEAF_USAGE, "too many quantiles: %zu", most);
    setup->quantiles = arena_alloc(&plan->core->arena, most * sizeof *setup->quantiles, error);
    if (setup->quantiles == NULL)
        return SHEAF_SYSTEM;
    struct text item;
    while (resolve_next_item(&list, &item))
        TRY(report_parse_quantile(item, &setup->quantiles[setup->count++], error));
    if (setup->count == 0)
        return error_set(error, SHEAF_USAGE,
                         "no quantile is given; a list looks like 0.5,0.9,0.99");
    return SHEAF_OK;
}

static enum sheaf_status resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error)
{
    static const char *const names[] = {"column", "q", "value", NULL};
    struct setup *setup = arena_alloc(&plan->core->arena, sizeof *setup, error);
    if (setup == NULL)
        return SHEAF_SYSTEM;
    *setup = (struct setup){.method = QUANTILE_7};
    const char *at = request->at != NULL ? request->at : "0,0.25,0.5,0.75,1";
    if (request->method != NULL)
        TRY(find_method(request->method, &setup->method, error));
    TRY(read_quantiles(plan, at, setup, error));
    plan->core->report_setup = setup;
    const struct agg_ops *ops = agg_find("median", strlen("median"));
    return resolve_columns(plan, request, ops, names, error);
}

static enum sheaf_status add_column(struct sheaf_result *result, uint32_t index,
                                    struct sheaf_error *error)
{
    const struct setup *setup = result->core->report_setup;
    const struct agg_call *call = &result->core->calls[index];
    const struct multiset *values;
    TRY(agg_quantile_values(group_table_state(result->table, index), call, &values, error));
    struct value cells[3] = {value_text(result->core->call_columns[index])};
    for (uint32_t i = 0; i < setup->count; i++) {
        cells[1] = value_number(setup->quantiles[i]);
        cells[2] = value_null();
        if (multiset_count(values) > 0) {
            struct number number;
            quantile_of(values, &setup->quantiles[i], setup->method, call->round, &number);
            cells[2] = value_number(number);
        }
        TRY(made_rows_add(&result->made, cells, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < result->core->groups.call_count; i++) {
        TRY(result_check_stop(result, error));
        TRY(add_column(result, i, error));
    }
    return SHEAF_OK;
}

const struct report_ops report_quantile = {
    .command = SHEAF_QUANTILE,
    .name = "quantile",
    .resolve = resolve,
    .rows = {.prepare = prepare, .rows = result_made_rows, .row = result_made_row},
};
