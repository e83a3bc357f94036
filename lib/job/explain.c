#include "job/report.h"
#include "num/print.h"

#include <stdio.h>
#include <string.h>

/* The type that the format says, or the kind that the values are read as. */
static const char *kind_name(const struct sheaf_plan *plan, const struct column_use *use)
{
    if (plan->types != NULL)
        return column_type_name(plan->types[use->column]);
    if (use->as_number && use->as_instant)
        return "number and time";
    if (use->as_number)
        return "number";
    if (use->as_instant)
        return "time";
    /* stats and schema find the type; for the others a text is a text. */
    return plan->core->report->finds_types ? "any type" : "text";
}

static void print_name(struct text name, FILE *out)
{
    char safe[ERROR_NAME_SIZE];
    fprintf(out, "\"%s\"", error_name(safe, name.bytes, name.length));
}

static void explain_input(const struct sheaf_plan *plan, FILE *out)
{
    const uint32_t files = dataset_files(plan->dataset);
    fprintf(out, "input: %s", plan->format->name);
    for (uint32_t file = 0; file < files; file++) {
        const char *name = dataset_name(plan->dataset, file);
        char safe[ERROR_NAME_SIZE];
        fprintf(out, "%s %s", file == 0 ? "," : "", error_name(safe, name, strlen(name)));
    }
    if (dataset_has_stream(plan->dataset))
        fprintf(out, "; size unknown (a stream)\n");
    else
        fprintf(out, "; %llu bytes\n", (unsigned long long)dataset_size(plan->dataset));
    fprintf(out, "columns: %lu, of which %lu needed\n", (unsigned long)plan->columns.count,
            (unsigned long)plan->use_count);
    for (uint32_t slot = 0; slot < plan->use_count; slot++) {
        const struct column_use *use = &plan->uses[slot];
        fprintf(out, "  %lu ", (unsigned long)use->column + 1);
        print_name(plan->columns.names[use->column], out);
        fprintf(out, ": %s\n", kind_name(plan, use));
    }
}

static void explain_groups(const struct job_core *core, FILE *out)
{
    fprintf(out, "groups: by");
    for (uint32_t key = 0; key < core->groups.key_count; key++) {
        fprintf(out, "%s ", key == 0 ? "" : ",");
        print_name(core->output_names[key], out);
    }
    fprintf(out, "%s\n", core->sort ? "; in order of the key" : "; in order of first appearance");
}

static void explain_output(const struct sheaf_plan *plan, FILE *out)
{
    const struct job_core *core = plan->core;
    fprintf(out, "command: %s\n", core->report->name);
    if (core->groups.key_count > 0)
        explain_groups(core, out);
    if (core->report != &report_aggregate)
        return; /* of the other commands the columns above say all */
    for (uint32_t i = 0; i < core->groups.call_count; i++) {
        const struct agg_call *call = &core->calls[i];
        fprintf(out, "  ");
        print_name(core->output_names[core->groups.key_count + i], out);
        fprintf(out, ": %s", call->ops->signature);
        if (call->column != NULL) {
            fprintf(out, " of ");
            print_name(core->call_columns[i], out);
        }
        if (call->parameter.kind != NUMBER_NULL) {
            char digits[NUMBER_TEXT_SIZE];
            (void)number_print(&call->parameter, digits);
            fprintf(out, ", quantile %s", digits);
        }
        fprintf(out, "\n");
    }
}

static const char *access_name(enum dataset_access access)
{
    size_t i = 0;
    while (dataset_access_table[i].access != access)
        i++;
    return dataset_access_table[i].name;
}

void sheaf_plan_explain(const struct sheaf_plan *plan, FILE *out)
{
    if (plan->core == NULL) /* the result of the run has the rest */
        return;
    explain_input(plan, out);
    explain_output(plan, out);
    fprintf(out, "chunks: ");
    if (plan->chunks == UINT64_MAX)
        fprintf(out, "of %llu bytes", (unsigned long long)plan->chunk_size);
    else
        fprintf(out, "%llu of %llu bytes", (unsigned long long)plan->chunks,
                (unsigned long long)plan->chunk_size);
    if (plan->tail > 0)
        fprintf(out, ", smaller ones in the last %llu bytes", (unsigned long long)plan->tail);
    fprintf(out, "\nio: %s", access_name(plan->access));
    fprintf(out, "\nexecutor: %s, %u worker%s%s\n", plan->executor_ops->name, plan->workers,
            plan->workers == 1 ? "" : "s",
            plan->needs_no_pool ? " (no pool: one thread finishes sooner)" : "");
    if (plan->types == NULL)
        fprintf(out, "scanner: %s\n", engine_scanner_name(plan->scanner));
    fprintf(out, "instruction set: %s\n", isa_name(plan->isa));
    fprintf(out, "memory limit: %llu bytes\n", (unsigned long long)plan->core->budget.limit);
}
