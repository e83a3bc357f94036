/* job/report_schema.c - a row for each column: what it is, over all its values. */
#include "agg/profile.h"
#include "job/native.h"
#include "job/report.h"
#include "job/resolve.h"

#include <string.h>

static enum sheaf_status resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error)
{
    static const char *const names[] = {"column", "type", "nullable", "example", NULL};
    return resolve_columns(plan, request, &agg_profile, names, error);
}

static struct value text_cell(const char *text)
{
    return value_text((struct text){.bytes = text, .length = strlen(text)});
}

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < result->core->groups.call_count; i++) {
        TRY(result_check_stop(result, error));
        const struct agg_call *call = &result->core->calls[i];
        const struct profile *profile = group_table_state(result->table, i);
        char scratch[NATIVE_TEXT_SIZE];
        const struct value cells[] = {
            value_text(result->core->call_columns[i]),
            text_cell(column_type_name(profile_type(profile, call))),
            text_cell(profile->nulls > 0 ? "true" : "false"),
            native_cell(call->type, held_text(&profile->first), scratch),
        };
        TRY(made_rows_add(&result->made, cells, error));
    }
    return SHEAF_OK;
}

const struct report_ops report_schema = {
    .command = SHEAF_SCHEMA,
    .name = "schema",
    .finds_types = true,
    .resolve = resolve,
    .rows = {.prepare = prepare, .rows = result_made_rows, .row = result_made_row},
};
