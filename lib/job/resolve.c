#include "job/resolve.h"

#include "job/report.h"
#include "num/decimals.h"

#include <string.h>

/* Gives the slot of a column among the needed ones; adds it when it is new. There is room for
 * every key and every call. */
static uint32_t need_column(struct sheaf_plan *plan, uint32_t column, unsigned vectors)
{
    uint32_t slot = plan->slot_of_column[column];
    if (slot == UINT32_MAX) {
        slot = plan->use_count++;
        plan->slot_of_column[column] = slot;
        plan->uses[slot] = (struct column_use){.column = column};
    }
    plan->uses[slot].vectors |= vectors;
    return slot;
}

/* A copy of a column's name, terminated, for messages. NULL: no memory. */
static char *copy_name(struct sheaf_plan *plan, uint32_t column, struct sheaf_error *error)
{
    const struct text name = plan->columns.names[column];
    char *copy = arena_alloc(&plan->core->arena, name.length + 1, error);
    if (copy == NULL)
        return NULL;
    memcpy(copy, name.bytes, name.length);
    copy[name.length] = '\0';
    return copy;
}

static enum column_type type_of(const struct sheaf_plan *plan, uint32_t column)
{
    return plan->types == NULL ? TYPE_UNKNOWN : plan->types[column];
}

/* ---- names ------------------------------------------------------------------------------- */

enum sheaf_status resolve_name(struct sheaf_plan *plan, uint32_t output, struct text name,
                               struct sheaf_error *error)
{
    struct text *kept = &plan->core->output_names[output];
    kept->length = name.length;
    kept->bytes = arena_copy(&plan->core->arena, name.bytes, name.length, error);
    return kept->bytes == NULL ? SHEAF_SYSTEM : SHEAF_OK;
}

enum sheaf_status resolve_names(struct sheaf_plan *plan, const char *const *names,
                                struct sheaf_error *error)
{
    for (uint32_t i = 0; i < plan->core->outputs; i++) {
        const struct text name = {.bytes = names[i], .length = strlen(names[i])};
        TRY(resolve_name(plan, i, name, error));
    }
    return SHEAF_OK;
}

bool resolve_next_item(const char **list, struct text *out)
{
    const char *start = *list;
    if (start == NULL || *start == '\0')
        return false;
    const char *end = start + strcspn(start, ",");
    *list = *end == ',' ? end + 1 : end;
    start += strspn(start, " \t");
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *out = (struct text){.bytes = start, .length = end > start ? (size_t)(end - start) : 0};
    return true;
}

/* ---- calls ------------------------------------------------------------------------------- */

static enum sheaf_status make_slots(struct sheaf_plan *plan, struct sheaf_error *error)
{
    const size_t columns = plan->columns.count;
    plan->slot_of_column = arena_alloc(&plan->core->arena, (columns + 1) * sizeof(uint32_t), error);
    if (plan->slot_of_column == NULL)
        return SHEAF_SYSTEM;
    for (size_t column = 0; column < columns; column++)
        plan->slot_of_column[column] = UINT32_MAX;
    return SHEAF_OK;
}

enum sheaf_status resolve_make_room(struct sheaf_plan *plan, const struct resolve_room *room,
                                    struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    struct arena *arena = &core->arena;
    const size_t uses = (size_t)room->keys + room->calls;
    core->calls = arena_alloc(arena, room->calls * sizeof *core->calls, error);
    core->call_columns = arena_alloc(arena, room->calls * sizeof *core->call_columns, error);
    core->output_names = arena_alloc(arena, room->outputs * sizeof *core->output_names, error);
    plan->uses = arena_alloc(arena, uses * sizeof *plan->uses, error);
    plan->argument_slots = arena_alloc(arena, room->calls * sizeof(uint32_t), error);
    if (core->calls == NULL || core->call_columns == NULL || core->output_names == NULL ||
        plan->uses == NULL || plan->argument_slots == NULL)
        return SHEAF_SYSTEM;
    core->outputs = room->outputs;
    core->groups.arguments = plan->argument_slots;
    core->groups.calls = core->calls;
    core->groups.call_count = room->calls;
    core->groups.key_count = room->keys;
    core->groups.secret = &core->secret;
    core->groups.budget = &core->budget;
    core->groups.kernel = decimal_kernel_of(plan->isa);
    core->groups.isa = plan->isa;
    core->groups.what = "the result";
    return make_slots(plan, error);
}

/* Asks for the vectors that a call takes of its column. */
static void need_vectors(struct column_use *use, const struct agg_call *call, bool in_groups)
{
    switch (call->ops->input) {
    case AGG_ROWS:
        break;
    case AGG_TEXTS:
        use->vectors |= COLUMN_TEXTS;
        break;
    case AGG_NATIVE:
        use->vectors |= agg_native_vector(call->type);
        break;
    case AGG_NUMBERS:
        if (call->ops->takes_reals && call->type == TYPE_FLOAT && !in_groups) {
            use->vectors |= COLUMN_REALS;
            break;
        }
        use->vectors |= column_type_is_number(call->type) ? COLUMN_NUMBERS : COLUMN_TEXTS;
        use->as_number |= !column_type_is_number(call->type);
        break;
    case AGG_ORDERED: /* where the type is not known, the sample will tell more */
        use->vectors |= agg_native_vector(call->type);
        if (!column_type_is_number(call->type))
            use->vectors |= COLUMN_TEXTS;
        break;
    }
}

static enum agg_kind kind_of(enum column_type type)
{
    if (column_type_is_number(type))
        return AGG_KIND_NUMBER;
    return column_type_is_time(type) ? AGG_KIND_TIME : AGG_KIND_TEXT;
}

enum sheaf_status resolve_call(struct sheaf_plan *plan, uint32_t index, const struct agg_ops *ops,
                               uint32_t column, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    struct agg_call *call = &core->calls[index];
    *call = (struct agg_call){
        .ops = ops, .round = core->round, .secret = &core->secret, .budget = &core->budget};
    plan->argument_slots[index] = 0;
    if (ops->input == AGG_ROWS)
        return SHEAF_OK;
    call->type = type_of(plan, column);
    call->kind = kind_of(call->type);
    call->column = copy_name(plan, column, error);
    if (call->column == NULL)
        return SHEAF_SYSTEM;
    core->call_columns[index] =
        (struct text){.bytes = call->column, .length = plan->columns.names[column].length};
    const uint32_t slot = need_column(plan, column, 0);
    plan->argument_slots[index] = slot;
    need_vectors(&plan->uses[slot], call, core->groups.key_count > 0);
    return SHEAF_OK;
}

/* ---- keys -------------------------------------------------------------------------------- */

/* What the messages about the memory limit call the table. */
static enum sheaf_status name_table(struct sheaf_plan *plan, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    if (core->groups.key_count > 0)
        core->groups.what = "the group table";
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

/* In a batch the keys stand behind the needed columns, as they are in the input, whatever becomes
 * of the values that functions see. */
enum sheaf_status resolve_keys(struct sheaf_plan *plan, const struct column_list *keys,
                               struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    const size_t room = (size_t)keys->count + 1;
    plan->key_slots = arena_alloc(&core->arena, room * sizeof *plan->key_slots, error);
    uint32_t *positions = arena_alloc(&core->arena, room * sizeof *positions, error);
    enum column_type *types = arena_alloc(&core->arena, room * sizeof *types, error);
    if (plan->key_slots == NULL || positions == NULL || types == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < keys->count; i++) {
        const uint32_t column = keys->columns[i];
        plan->key_slots[i] = need_column(plan, column, COLUMN_TEXTS);
        types[i] = type_of(plan, column);
        TRY(resolve_name(plan, i, plan->columns.names[column], error));
    }
    plan->key_positions = positions;
    core->groups.keys = positions;
    core->groups.key_types = types;
    return name_table(plan, error);
}

/* ---- whole columns ----------------------------------------------------------------------- */

/* The columns of request->select, all without it. */
static enum sheaf_status select_columns(struct sheaf_plan *plan,
                                        const struct sheaf_request *request,
                                        struct column_list *out, struct sheaf_error *error)
{
    struct arena *arena = &plan->core->arena;
    if (request->select != NULL)
        return column_list_parse(&plan->columns, request->select, arena, out, error);
    out->count = plan->columns.count;
    out->columns = arena_alloc(arena, ((size_t)out->count + 1) * sizeof *out->columns, error);
    if (out->columns == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < out->count; i++)
        out->columns[i] = i;
    return SHEAF_OK;
}

enum sheaf_status resolve_columns(struct sheaf_plan *plan, const struct sheaf_request *request,
                                  const struct agg_ops *ops, const char *const *names,
                                  struct sheaf_error *error)
{
    struct column_list columns;
    TRY(select_columns(plan, request, &columns, error));
    struct resolve_room room = {.calls = columns.count};
    while (names[room.outputs] != NULL)
        room.outputs++;
    TRY(resolve_make_room(plan, &room, error));
    TRY(resolve_names(plan, names, error));
    for (uint32_t i = 0; i < columns.count; i++) {
        TRY(resolve_call(plan, i, ops, columns.columns[i], error));
        plan->core->calls[i].what = plan->core->report->name;
    }
    return SHEAF_OK;
}
