/* job/report_groups.c - count, and agg: a row for each group, a column for each expression. */
#include "job/expression.h"
#include "job/nearest.h"
#include "job/report.h"
#include "job/resolve.h"
#include "num/compare.h"
#include "num/parse.h"

#include <string.h>

enum { MOST_CALLS = 65535, MOST_FUNCTIONS = 128 };

/* ---- functions --------------------------------------------------------------------------- */

/* "p" and digits: a percentile, though none of p1 … p99. */
static bool is_percentile(struct text name)
{
    if (name.length < 2 || name.bytes[0] != 'p')
        return false;
    for (size_t i = 1; i < name.length; i++)
        if (name.bytes[i] < '0' || name.bytes[i] > '9')
            return false;
    return true;
}

static enum sheaf_status unknown_function(struct text name, struct sheaf_error *error)
{
    const char *names[MOST_FUNCTIONS + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < agg_table_length && count < MOST_FUNCTIONS; i++)
        if (!agg_table[i]->is_family) /* its name alone is no function */
            names[count++] = agg_table[i]->name;
    const char *nearest = nearest_name(name, names);
    char safe[ERROR_NAME_SIZE];
    error_name(safe, name.bytes, name.length);
    if (is_percentile(name))
        return error_set(error, SHEAF_USAGE,
                         "unknown function \"%s\": percentiles are p1 to p99, and q(x, 0.999) is "
                         "any quantile",
                         safe);
    if (nearest == NULL)
        return error_set(error, SHEAF_USAGE, "unknown function \"%s\"; sheaf agg --help lists them",
                         safe);
    return error_set(error, SHEAF_USAGE, "unknown function \"%s\"; did you mean \"%s\"?", safe,
                     nearest);
}

static enum sheaf_status find_function(const struct expression *expression,
                                       const struct agg_ops **out, struct number *parameter,
                                       struct sheaf_error *error)
{
    const struct text name = expression->function;
    const uint32_t arguments = expression->argument.bytes == NULL ? 0 : 1;
    *out = agg_find_for(name.bytes, name.length, arguments, parameter);
    if (*out != NULL)
        return SHEAF_OK;
    const struct agg_ops *other = agg_find(name.bytes, name.length);
    if (other == NULL)
        return unknown_function(name, error);
    return error_set(error, SHEAF_USAGE, "%.*s() needs a column: %s", (int)name.length, name.bytes,
                     other->signature);
}

enum sheaf_status report_parse_quantile(struct text text, struct number *out,
                                        struct sheaf_error *error)
{
    static const struct number zero = {.kind = NUMBER_DECIMAL};
    static const struct number one = {.mantissa = 1, .kind = NUMBER_DECIMAL};
    if (text.bytes != NULL && number_parse(text, out) && out->kind == NUMBER_DECIMAL &&
        number_compare(out, &zero) >= 0 && number_compare(out, &one) <= 0)
        return SHEAF_OK;
    char safe[ERROR_NAME_SIZE];
    return error_set(
        error, SHEAF_USAGE,
        "\"%s\" is no quantile: a number from 0 to 1, of at most 38 decimals, is needed",
        error_name(safe, text.bytes == NULL ? "" : text.bytes, text.length));
}

/* The parameter that a function has, or must not have. */
static enum sheaf_status take_parameter(struct expression *expression, const struct agg_ops *ops,
                                        struct number *parameter, struct sheaf_error *error)
{
    if (ops->takes_parameter)
        expression_split_parameter(expression);
    const bool is_given = expression->parameter.bytes != NULL;
    if (ops->takes_parameter && !is_given)
        return error_set(error, SHEAF_USAGE, "%s() needs a column and a number: %s", ops->name,
                         ops->signature);
    if (!ops->takes_parameter && is_given)
        return error_set(error, SHEAF_USAGE, "%s() takes a column and nothing else: %s", ops->name,
                         ops->signature);
    return is_given ? report_parse_quantile(expression->parameter, parameter, error) : SHEAF_OK;
}

/* ---- expressions ------------------------------------------------------------------------- */

static enum sheaf_status find_argument(const struct sheaf_plan *plan,
                                       const struct expression *expression, uint32_t *column,
                                       struct sheaf_error *error)
{
    if (expression->argument_is_quoted)
        return column_find_name(&plan->columns, expression->argument, column, error);
    return column_find(&plan->columns, expression->argument, column, error);
}

static enum sheaf_status resolve_expression(struct sheaf_plan *plan, const char *text,
                                            uint32_t index, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    struct expression expression;
    const struct agg_ops *ops;
    struct number parameter = {.kind = NUMBER_NULL};
    TRY(expression_parse(text, &core->arena, &expression, error));
    TRY(find_function(&expression, &ops, &parameter, error));
    TRY(take_parameter(&expression, ops, &parameter, error));
    TRY(resolve_name(plan, core->groups.key_count + index, expression.name, error));
    uint32_t column = 0;
    if (ops->input != AGG_ROWS)
        TRY(find_argument(plan, &expression, &column, error));
    TRY(resolve_call(plan, index, ops, column, error));
    core->calls[index].parameter = parameter;
    return SHEAF_OK;
}

static enum sheaf_status resolve_aggregate(struct sheaf_plan *plan,
                                           const struct sheaf_request *request,
                                           struct sheaf_error *error)
{
    const size_t count = request->expression_count;
    if (count == 0)
        return error_set(error, SHEAF_USAGE,
                         "no aggregate is given; one looks like 'sum(fare) as total'");
    if (count > MOST_CALLS)
        return error_set(error, SHEAF_USAGE, "too many aggregates: %zu", count);
    struct column_list keys = {.count = 0};
    if (request->group_by != NULL)
        TRY(column_list_parse(&plan->columns, request->group_by, &plan->core->arena, &keys, error));
    const struct resolve_room room = {
        .keys = keys.count, .calls = (uint32_t)count, .outputs = keys.count + (uint32_t)count};
    TRY(resolve_make_room(plan, &room, error));
    TRY(resolve_keys(plan, &keys, error));
    for (uint32_t i = 0; i < room.calls; i++)
        TRY(resolve_expression(plan, request->expressions[i], i, error));
    return SHEAF_OK;
}

static enum sheaf_status resolve_count(struct sheaf_plan *plan, const struct sheaf_request *request,
                                       struct sheaf_error *error)
{
    (void)request;
    static const char *const names[] = {"count"};
    const struct resolve_room room = {.calls = 1, .outputs = 1};
    TRY(resolve_make_room(plan, &room, error));
    TRY(resolve_names(plan, names, error));
    return resolve_call(plan, 0, agg_find("count", strlen("count")), 0, error); /* of rows */
}

/* ---- rows -------------------------------------------------------------------------------- */

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    return group_table_sort(result->table, result->core->sort ? GROUP_BY_KEY : GROUP_BY_APPEARANCE,
                            error);
}

static uint64_t rows(const struct sheaf_result *result)
{
    return group_table_count(result->table);
}

static enum sheaf_status row(const struct sheaf_result *result, uint64_t number,
                             struct value *cells, char *scratch, struct sheaf_error *error)
{
    (void)scratch;
    return group_table_row(result->table, number, cells, error);
}

const struct report_ops report_count = {
    .command = SHEAF_COUNT,
    .name = "count",
    .bare = true,
    .resolve = resolve_count,
    .rows = {.prepare = prepare, .rows = rows, .row = row},
};

const struct report_ops report_aggregate = {
    .command = SHEAF_AGGREGATE,
    .name = "agg",
    .resolve = resolve_aggregate,
    .rows = {.prepare = prepare, .rows = rows, .row = row},
};
