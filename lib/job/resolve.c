/* job/resolve.c - from what users typed to calls of aggregates over needed columns. */
#include "job/expression.h"
#include "job/nearest.h"
#include "job/plan.h"

#include <string.h>

enum { MOST_CALLS = 65535 };

/* Gives the slot of a column among the needed ones; adds it when it is new. There is room for
 * every key and every expression. */
static uint32_t need_column(struct sheaf_plan *plan, uint32_t column)
{
    for (uint32_t slot = 0; slot < plan->use_count; slot++)
        if (plan->uses[slot].column == column)
            return slot;
    plan->uses[plan->use_count] = (struct column_use){.column = column};
    return plan->use_count++;
}

char *plan_column_name(struct sheaf_plan *plan, uint32_t column, struct sheaf_error *error)
{
    const struct text name = plan->columns.names[column];
    char *copy = arena_alloc(&plan->core->arena, name.length + 1, error);
    if (copy == NULL)
        return NULL;
    memcpy(copy, name.bytes, name.length);
    copy[name.length] = '\0';
    return copy;
}

static enum sheaf_status keep_output_name(struct sheaf_plan *plan, uint32_t output,
                                          struct text name, struct sheaf_error *error)
{
    struct text *kept = &plan->core->output_names[output];
    kept->length = name.length;
    kept->bytes = arena_copy(&plan->core->arena, name.bytes, name.length, error);
    return kept->bytes == NULL ? SHEAF_SYSTEM : SHEAF_OK;
}

static enum sheaf_status unknown_function(struct text name, struct sheaf_error *error)
{
    const size_t limit = edit_distance_limit(name.length);
    size_t best = limit + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < agg_table_length; i++) {
        const char *row = agg_table[i]->name;
        const struct text other = {.bytes = row, .length = strlen(row)};
        const size_t distance = edit_distance(name, other, limit);
        if (distance < best) {
            best = distance;
            nearest = row;
        }
    }
    char safe[ERROR_NAME_SIZE];
    error_name(safe, name.bytes, name.length);
    if (nearest == NULL)
        return error_set(error, SHEAF_USAGE, "unknown function \"%s\"; sheaf agg --help lists them",
                         safe);
    return error_set(error, SHEAF_USAGE, "unknown function \"%s\"; did you mean \"%s\"?", safe,
                     nearest);
}

static enum sheaf_status find_function(const struct expression *expression,
                                       const struct agg_ops **out, struct sheaf_error *error)
{
    const struct text name = expression->function;
    const uint32_t arguments = expression->argument.bytes == NULL ? 0 : 1;
    *out = agg_find_for(name.bytes, name.length, arguments);
    if (*out != NULL)
        return SHEAF_OK;
    const struct agg_ops *other = agg_find(name.bytes, name.length);
    if (other == NULL)
        return unknown_function(name, error);
    return error_set(error, SHEAF_USAGE, "%s() needs a column: %s", other->name, other->signature);
}

static enum sheaf_status resolve_expression(struct sheaf_plan *plan, const char *text, int round,
                                            uint32_t index, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    struct expression expression;
    TRY(expression_parse(text, &core->arena, &expression, error));
    struct agg_call *call = &core->calls[index];
    /* No exact decimal has more digits after the point. */
    *call = (struct agg_call){.round = round < NUMBER_DIGITS ? round : NUMBER_DIGITS,
                              .budget = &core->budget};
    TRY(find_function(&expression, &call->ops, error));
    TRY(keep_output_name(plan, core->groups.key_count + index, expression.name, error));
    uint32_t *slots = plan->argument_slots;
    slots[index] = 0;
    if (call->ops->input == AGG_ROWS)
        return SHEAF_OK;
    uint32_t column;
    if (expression.argument_is_quoted)
        TRY(column_find_name(&plan->columns, expression.argument, &column, error));
    else
        TRY(column_find(&plan->columns, expression.argument, &column, error));
    slots[index] = need_column(plan, column);
    if (call->ops->input == AGG_NUMBERS)
        plan->uses[slots[index]].as_number = true;
    call->column = plan_column_name(plan, column, error);
    return call->column == NULL ? SHEAF_SYSTEM : SHEAF_OK;
}

/* The columns of -g. In a batch they stand behind the needed ones, as they are in the input,
 * whatever becomes of the values that functions see. */
static enum sheaf_status resolve_keys(struct sheaf_plan *plan, const struct column_list *keys,
                                      struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    plan->key_slots = arena_alloc(&core->arena, (keys->count + 1) * sizeof(uint32_t), error);
    if (plan->key_slots == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < keys->count; i++) {
        plan->key_slots[i] = need_column(plan, keys->columns[i]);
        TRY(keep_output_name(plan, i, plan->columns.names[keys->columns[i]], error));
    }
    return SHEAF_OK;
}

/* What the messages about the memory limit call the table. */
static enum sheaf_status name_table(struct sheaf_plan *plan, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    core->groups.what = core->groups.key_count > 0 ? "the group table" : "the result";
    struct buffer names = {.bytes = NULL};
    for (uint32_t i = 0; i < core->groups.key_count; i++) {
        buffer_append_string(&names, i == 0 ? "" : ", ");
        buffer_append(&names, core->output_names[i].bytes, core->output_names[i].length);
    }
    buffer_append_byte(&names, '\0');
    enum sheaf_status status = names.failed ? error_no_memory(error, "the plan") : SHEAF_OK;
    if (status == SHEAF_OK && core->groups.key_count > 0) {
        core->groups.column = arena_copy(&core->arena, names.bytes, names.length, error);
        status = core->groups.column == NULL ? SHEAF_SYSTEM : SHEAF_OK;
    }
    buffer_close(&names);
    return status;
}

static enum sheaf_status place_keys(struct sheaf_plan *plan, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    uint32_t *keys = arena_alloc(&core->arena, (core->groups.key_count + 1) * sizeof *keys, error);
    if (keys == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < core->groups.key_count; i++)
        keys[i] = plan->use_count + i;
    core->groups.keys = keys;
    return SHEAF_OK;
}

static enum sheaf_status make_room(struct sheaf_plan *plan, uint32_t keys, uint32_t calls,
                                   struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    const size_t outputs = (size_t)keys + calls;
    core->calls = arena_alloc(&core->arena, calls * sizeof *core->calls, error);
    core->output_names = arena_alloc(&core->arena, outputs * sizeof *core->output_names, error);
    plan->uses = arena_alloc(&core->arena, outputs * sizeof *plan->uses, error);
    plan->argument_slots = arena_alloc(&core->arena, calls * sizeof(uint32_t), error);
    if (core->calls == NULL || core->output_names == NULL || plan->uses == NULL ||
        plan->argument_slots == NULL)
        return SHEAF_SYSTEM;
    core->groups.arguments = plan->argument_slots;
    core->groups.calls = core->calls;
    core->groups.call_count = calls;
    core->groups.key_count = keys;
    core->groups.secret = &core->secret;
    core->groups.budget = &core->budget;
    return SHEAF_OK;
}

enum sheaf_status plan_resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                               struct sheaf_error *error)
{
    static const char *const count_rows[] = {"count()"};
    const bool counts = request->command == SHEAF_COUNT;
    const char *const *expressions = counts ? count_rows : request->expressions;
    const size_t count = counts ? 1 : request->expression_count;
    if (count == 0)
        return error_set(error, SHEAF_USAGE,
                         "no aggregate is given; one looks like 'sum(fare) as total'");
    if (count > MOST_CALLS)
        return error_set(error, SHEAF_USAGE, "too many aggregates: %zu", count);

    struct column_list keys = {.count = 0};
    if (!counts && request->group_by != NULL)
        TRY(column_list_parse(&plan->columns, request->group_by, &plan->core->arena, &keys, error));
    TRY(make_room(plan, keys.count, (uint32_t)count, error));
    TRY(resolve_keys(plan, &keys, error));
    for (size_t i = 0; i < count; i++)
        TRY(resolve_expression(plan, expressions[i], request->round, (uint32_t)i, error));
    if (counts)
        plan->core->output_names[0].length = strlen("count");
    TRY(name_table(plan, error));
    return place_keys(plan, error);
}
