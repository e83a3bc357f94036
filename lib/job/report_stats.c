/* job/report_stats.c - a row for each column, a field for each thing to know about it. */
#include "agg/agg_state.h"
#include "base/error.h"
#include "job/nearest.h"
#include "job/report.h"
#include "job/resolve.h"
#include "job/stats_column.h"
#include "num/compare.h"
#include "num/quantile.h"

#include <stdatomic.h>
#include <string.h>

/* One field. Its cell comes from `cell`, which cannot fail, or from `fill`, which is given a null;
 * its text lives until the next one is asked for. */
struct field {
    const char *name;
    const char *help;
    bool needs_table; /* of the distinct values */
    bool is_usual;    /* shown unless others are asked for */
    struct value (*cell)(struct stats_column *column);
    enum sheaf_status (*fill)(struct stats_column *column, struct value *out,
                              struct sheaf_error *error);
};

struct setup {
    const struct field **fields;
    uint32_t count;
};

static struct value text_cell(const char *text)
{
    return value_text((struct text){.bytes = text, .length = strlen(text)});
}

static uint64_t value_count_of(const struct stats_column *column)
{
    return column->profile->rows - column->profile->nulls;
}

/* ---- what the column is ------------------------------------------------------------------ */

static struct value cell_column(struct stats_column *column)
{
    return value_text(column->name);
}

static struct value cell_type(struct stats_column *column)
{
    return text_cell(column_type_name(column->type));
}

static struct value cell_rows(struct stats_column *column)
{
    return value_count(column->profile->rows);
}

static struct value cell_nulls(struct stats_column *column)
{
    return value_count(column->profile->nulls);
}

static struct value cell_count(struct stats_column *column)
{
    return value_count(value_count_of(column));
}

static struct value cell_distinct(struct stats_column *column)
{
    return value_count(column->table->distinct);
}

/* ---- extremes ---------------------------------------------------------------------------- */

static struct value number_cell(const struct stats_column *column, const struct number *number)
{
    return value_number(column->round < 0 ? *number : number_round(number, column->round));
}

static struct value time_cell(struct stats_column *column, const struct profile_time *time)
{
    if (time->instant.form == INSTANT_NULL)
        return value_null();
    if (!held_is_empty(&time->text))
        return value_text(held_text(&time->text));
    const size_t length = instant_print(&time->instant, column->scratch);
    return value_text((struct text){.bytes = column->scratch, .length = length});
}

static struct value held_cell(const struct held *held)
{
    return held_is_empty(held) ? value_null() : value_text(held_text(held));
}

static struct value cell_min(struct stats_column *column)
{
    const struct profile *profile = column->profile;
    if (value_count_of(column) == 0)
        return value_null();
    if (column_type_is_number(column->type))
        return number_cell(column, &profile->lowest);
    if (column_type_is_time(column->type))
        return time_cell(column, &profile->earliest);
    if (column->type == TYPE_BOOLEAN)
        return text_cell(profile->falses > 0 ? "false" : "true");
    return held_cell(&profile->least);
}

static struct value cell_max(struct stats_column *column)
{
    const struct profile *profile = column->profile;
    if (value_count_of(column) == 0)
        return value_null();
    if (column_type_is_number(column->type))
        return number_cell(column, &profile->highest);
    if (column_type_is_time(column->type))
        return time_cell(column, &profile->latest);
    if (column->type == TYPE_BOOLEAN)
        return text_cell(profile->trues > 0 ? "true" : "false");
    return held_cell(&profile->greatest);
}

static struct value cell_range(struct stats_column *column)
{
    if (!column_type_is_number(column->type) || value_count_of(column) == 0)
        return value_null();
    return value_number(number_subtract_rounded(&column->profile->highest, &column->profile->lowest,
                                                column->round));
}

/* ---- sums -------------------------------------------------------------------------------- */

static enum sheaf_status fill_sum(struct stats_column *column, struct value *out,
                                  struct sheaf_error *error)
{
    if (!stats_column_is_number(column))
        return SHEAF_OK;
    struct number number;
    TRY(exact_sum_value(&column->profile->sum, column->round, &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status fill_mean(struct stats_column *column, struct value *out,
                                   struct sheaf_error *error)
{
    const struct profile *profile = column->profile;
    if (!column_type_is_number(column->type) || profile->numbers == 0)
        return SHEAF_OK;
    struct number number;
    TRY(exact_mean(&profile->sum, profile->numbers, column->round, &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status fill_variance(struct stats_column *column, struct value *out,
                                       struct sheaf_error *error)
{
    const struct profile *profile = column->profile;
    if (!column_type_is_number(column->type) || profile->numbers < 2)
        return SHEAF_OK;
    struct number number;
    TRY(exact_variance(&profile->sum, &profile->squares, profile->numbers, EXACT_SAMPLE,
                       column->round, &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status fill_sd(struct stats_column *column, struct value *out,
                                 struct sheaf_error *error)
{
    const struct profile *profile = column->profile;
    if (!column_type_is_number(column->type) || profile->numbers < 2)
        return SHEAF_OK;
    struct number number;
    TRY(exact_deviation(&profile->sum, &profile->squares, profile->numbers, EXACT_SAMPLE,
                        column->round, &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

/* ---- order ------------------------------------------------------------------------------- */

static enum sheaf_status fill_quartile(struct stats_column *column, unsigned quartile,
                                       struct value *out, struct sheaf_error *error)
{
    if (column_type_is_time(column->type))
        return stats_column_time_quartile(column, quartile, out, error);
    const struct multiset *numbers;
    TRY(stats_column_numbers(column, &numbers, error));
    if (multiset_count(numbers) == 0)
        return SHEAF_OK;
    struct number number;
    quantile_of(numbers, &stats_quartiles[quartile], QUANTILE_7, column->round, &number);
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status fill_q1(struct stats_column *column, struct value *out,
                                 struct sheaf_error *error)
{
    return fill_quartile(column, 0, out, error);
}

static enum sheaf_status fill_median(struct stats_column *column, struct value *out,
                                     struct sheaf_error *error)
{
    return fill_quartile(column, 1, out, error);
}

static enum sheaf_status fill_q3(struct stats_column *column, struct value *out,
                                 struct sheaf_error *error)
{
    return fill_quartile(column, 2, out, error);
}

static enum sheaf_status fill_iqr(struct stats_column *column, struct value *out,
                                  struct sheaf_error *error)
{
    if (!column_type_is_number(column->type))
        return SHEAF_OK;
    const struct multiset *numbers;
    TRY(stats_column_numbers(column, &numbers, error));
    if (multiset_count(numbers) == 0)
        return SHEAF_OK;
    struct number number;
    quantile_range(numbers, &stats_quartiles[0], &stats_quartiles[2], column->round, &number);
    *out = value_number(number);
    return SHEAF_OK;
}

/* ---- shape ------------------------------------------------------------------------------- */

static enum sheaf_status fill_shape(struct stats_column *column,
                                    void (*coefficient)(const struct shape *shape, int round,
                                                        struct number *out),
                                    struct value *out, struct sheaf_error *error)
{
    if (!column_type_is_number(column->type))
        return SHEAF_OK;
    const struct shape *shape;
    TRY(stats_column_shape(column, &shape, error));
    struct number number;
    coefficient(shape, column->round, &number);
    if (number.kind != NUMBER_NULL)
        *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status fill_skewness(struct stats_column *column, struct value *out,
                                       struct sheaf_error *error)
{
    return fill_shape(column, shape_skewness, out, error);
}

static enum sheaf_status fill_kurtosis(struct stats_column *column, struct value *out,
                                       struct sheaf_error *error)
{
    return fill_shape(column, shape_kurtosis, out, error);
}

/* ---- texts ------------------------------------------------------------------------------- */

static struct value cell_mode(struct stats_column *column)
{
    const struct stats_values *values = stats_column_values(column);
    return values->mode_count == 0 ? value_null() : stats_column_value(column, values->mode);
}

static struct value cell_mode_count(struct stats_column *column)
{
    const struct stats_values *values = stats_column_values(column);
    return values->mode_count == 0 ? value_null() : value_count(values->mode_count);
}

static struct value cell_min_length(struct stats_column *column)
{
    const struct stats_values *values = stats_column_values(column);
    return values->mode_count == 0 ? value_null() : value_count(values->shortest);
}

static struct value cell_max_length(struct stats_column *column)
{
    const struct stats_values *values = stats_column_values(column);
    return values->mode_count == 0 ? value_null() : value_count(values->longest);
}

/* ---- the table --------------------------------------------------------------------------- */

static const struct field field_table[] = {
    {.name = "column", .help = "its name", .cell = cell_column, .is_usual = true},
    {.name = "type",
     .help = "integer, decimal, float, boolean, date, timestamp, text, null",
     .cell = cell_type,
     .is_usual = true},
    {.name = "rows", .help = "all rows", .cell = cell_rows, .is_usual = true},
    {.name = "nulls", .help = "missing values", .cell = cell_nulls, .is_usual = true},
    {.name = "count", .help = "values that are there", .cell = cell_count},
    {.name = "distinct",
     .help = "different values, exact",
     .cell = cell_distinct,
     .needs_table = true,
     .is_usual = true},
    {.name = "min",
     .help = "least value: by number, time, or bytes",
     .cell = cell_min,
     .is_usual = true},
    {.name = "max", .help = "greatest value", .cell = cell_max, .is_usual = true},
    {.name = "range", .help = "greatest less least number", .cell = cell_range},
    {.name = "sum", .help = "sum, exact", .fill = fill_sum, .is_usual = true},
    {.name = "mean", .help = "arithmetic mean", .fill = fill_mean, .is_usual = true},
    {.name = "variance", .help = "sample variance", .fill = fill_variance},
    {.name = "sd", .help = "sample standard deviation", .fill = fill_sd, .is_usual = true},
    {.name = "skewness",
     .help = "sample skewness, adjusted (G1)",
     .fill = fill_skewness,
     .needs_table = true},
    {.name = "kurtosis",
     .help = "sample excess kurtosis (G2)",
     .fill = fill_kurtosis,
     .needs_table = true},
    {.name = "q1",
     .help = "first quartile; of times by method lower",
     .fill = fill_q1,
     .needs_table = true,
     .is_usual = true},
    {.name = "median",
     .help = "second quartile",
     .fill = fill_median,
     .needs_table = true,
     .is_usual = true},
    {.name = "q3",
     .help = "third quartile",
     .fill = fill_q3,
     .needs_table = true,
     .is_usual = true},
    {.name = "iqr", .help = "third less first quartile", .fill = fill_iqr, .needs_table = true},
    {.name = "mode",
     .help = "most frequent value, the first of several",
     .cell = cell_mode,
     .needs_table = true},
    {.name = "mode_count",
     .help = "how often that is there",
     .cell = cell_mode_count,
     .needs_table = true},
    {.name = "min_length",
     .help = "bytes of the shortest value",
     .cell = cell_min_length,
     .needs_table = true},
    {.name = "max_length",
     .help = "bytes of the longest value",
     .cell = cell_max_length,
     .needs_table = true},
};
enum { FIELD_COUNT = sizeof field_table / sizeof field_table[0] };

struct sheaf_entry sheaf_stats_field(size_t index)
{
    if (index >= FIELD_COUNT)
        return (struct sheaf_entry){.name = NULL};
    return (struct sheaf_entry){.name = field_table[index].name,
                                .signature = field_table[index].name,
                                .help = field_table[index].help};
}

static enum sheaf_status find_field(struct text name, const struct field **out,
                                    struct sheaf_error *error)
{
    const char *names[FIELD_COUNT + 1] = {NULL};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        names[i] = field_table[i].name;
        if (strlen(names[i]) != name.length || memcmp(names[i], name.bytes, name.length) != 0)
            continue;
        *out = &field_table[i];
        return SHEAF_OK;
    }
    const char *near = nearest_name(name, names);
    char safe[ERROR_NAME_SIZE];
    error_name(safe, name.bytes, name.length);
    if (near != NULL)
        return error_set(error, SHEAF_USAGE, "unknown field \"%s\"; did you mean \"%s\"?", safe,
                         near);
    return error_set(error, SHEAF_USAGE, "unknown field \"%s\"; sheaf stats --help lists them",
                     safe);
}

static enum sheaf_status choose_fields(const struct sheaf_request *request, struct setup *setup,
                                       struct sheaf_error *error)
{
    if (request->fields == NULL) {
        for (size_t i = 0; i < FIELD_COUNT; i++)
            if (field_table[i].is_usual || request->all_fields)
                setup->fields[setup->count++] = &field_table[i];
        return SHEAF_OK;
    }
    const char *list = request->fields;
    struct text item;
    while (resolve_next_item(&list, &item)) {
        const struct field *field = NULL;
        TRY(find_field(item, &field, error));
        for (uint32_t i = 0; i < setup->count; i++)
            if (setup->fields[i] == field)
                return error_set(error, SHEAF_USAGE, "the field \"%s\" is named twice",
                                 field->name);
        setup->fields[setup->count++] = field;
    }
    if (setup->count == 0)
        return error_set(error, SHEAF_USAGE, "no field is named; sheaf stats --help lists them");
    return SHEAF_OK;
}

static enum sheaf_status resolve(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error)
{
    struct arena *arena = &plan->core->arena;
    struct setup *setup = arena_alloc(arena, sizeof *setup, error);
    if (setup == NULL)
        return SHEAF_SYSTEM;
    *setup = (struct setup){.count = 0};
    setup->fields = arena_alloc(arena, FIELD_COUNT * sizeof(struct field *), error);
    if (setup->fields == NULL)
        return SHEAF_SYSTEM;
    TRY(choose_fields(request, setup, error));
    plan->core->report_setup = setup;
    const char *names[FIELD_COUNT + 1] = {NULL};
    bool needs_table = false;
    for (uint32_t i = 0; i < setup->count; i++) {
        names[i] = setup->fields[i]->name;
        needs_table |= setup->fields[i]->needs_table;
    }
    const struct agg_ops *distinct = agg_find("distinct", strlen("distinct"));
    return resolve_columns(plan, request, needs_table ? distinct : &agg_profile, names, error);
}

/* ---- rows -------------------------------------------------------------------------------- */

static enum sheaf_status put_cells(const struct sheaf_result *result, struct stats_column *column,
                                   struct made_rows *out, struct sheaf_error *error)
{
    const struct setup *setup = result->core->report_setup;
    for (uint32_t i = 0; i < setup->count; i++) {
        const struct field *field = setup->fields[i];
        struct value cell = value_null();
        if (field->cell != NULL)
            cell = field->cell(column);
        else
            TRY(field->fill(column, &cell, error));
        TRY(made_rows_put(out, &cell, error));
    }
    return SHEAF_OK;
}

/* Adds the row of one column. */
static enum sheaf_status make_row(const struct sheaf_result *result, uint32_t call,
                                  struct made_rows *out, struct sheaf_error *error)
{
    TRY(result_check_stop(result, error));
    struct stats_column column;
    enum sheaf_status status = stats_column_open(&column, &result->core->calls[call],
                                                 group_table_state(result->table, call), error);
    column.name = result->core->call_columns[call];
    if (status == SHEAF_OK)
        status = put_cells(result, &column, out, error);
    stats_column_close(&column);
    return status;
}

/* ---- rows by several workers ------------------------------------------------------------- */

/* Different values of all columns: below, starting threads costs more than they save. */
enum { FEWEST_VALUES = 100000 };

/* Rows that are made side by side, a column each. */
struct making {
    const struct sheaf_result *result;
    struct made_rows *rows; /* of each column: one row, or none where that failed */
    _Atomic uint32_t next;  /* column */
};

static void run_worker(void *argument, unsigned worker)
{
    (void)worker;
    struct making *making = argument;
    for (;;) {
        const uint32_t call = atomic_fetch_add(&making->next, 1);
        if (call >= making->result->core->groups.call_count)
            return;
        struct made_rows *row = &making->rows[call];
        struct sheaf_error error;
        if (make_row(making->result, call, row, &error) != SHEAF_OK)
            made_rows_close(row);
    }
}

static bool is_worth_workers(const struct sheaf_result *result)
{
    const struct job_core *core = result->core;
    uint64_t values = 0;
    for (uint32_t i = 0; i < core->groups.call_count; i++)
        if (core->calls[i].ops != &agg_profile)
            values += agg_distinct_table(group_table_state(result->table, i))->distinct;
    return core->workers > 1 && core->groups.call_count > 1 && values >= FEWEST_VALUES;
}

/* Makes what rows can be made; those that failed, for want of memory or threads, are not there. */
static void make_rows(struct making *making)
{
    const struct job_core *core = making->result->core;
    const uint32_t count = core->groups.call_count;
    const unsigned workers = count < core->workers ? count : core->workers;
    const struct executor_task task = {.work = run_worker, .argument = making};
    struct sheaf_error unseen;
    struct executor *executor = NULL;
    if (core->executor_ops->open(workers, &executor, &unseen) == SHEAF_OK)
        (void)core->executor_ops->run(executor, &task, &unseen);
    if (executor != NULL)
        core->executor_ops->close(executor);
}

/* Opens one row for each column; NULL rows: they are all made one after the other. */
static enum sheaf_status open_rows(struct making *making, struct sheaf_error *error)
{
    const struct sheaf_result *result = making->result;
    const uint32_t count = result->core->groups.call_count;
    if (!is_worth_workers(result))
        return SHEAF_OK;
    making->rows = memory_zeroed(count, sizeof *making->rows);
    if (making->rows == NULL)
        return error_no_memory(error, "the result");
    for (uint32_t i = 0; i < count; i++)
        making->rows[i] = (struct made_rows){
            .arena = {.budget = result->made.arena.budget, .what = result->made.arena.what},
            .columns = result->made.columns};
    make_rows(making);
    return SHEAF_OK;
}

/* Moves the rows to the result in the order of the columns. What is not there is made here: alone,
 * for which there may be memory, and else it is the error. */
static enum sheaf_status collect(const struct making *making, struct sheaf_result *result,
                                 struct sheaf_error *error)
{
    for (uint32_t i = 0; i < result->core->groups.call_count; i++) {
        if (making->rows == NULL || made_rows_count(&making->rows[i]) == 0)
            TRY(make_row(result, i, &result->made, error));
        else
            TRY(made_rows_add(&result->made, making->rows[i].cells, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status prepare(struct sheaf_result *result, struct sheaf_error *error)
{
    struct making making = {.result = result};
    TRY(open_rows(&making, error));
    const enum sheaf_status status = collect(&making, result, error);
    for (uint32_t i = 0; making.rows != NULL && i < result->core->groups.call_count; i++)
        made_rows_close(&making.rows[i]);
    memory_free(making.rows);
    return status;
}

const struct report_ops report_stats = {
    .command = SHEAF_STATS,
    .name = "stats",
    .finds_types = true,
    .resolve = resolve,
    .rows = {.prepare = prepare, .rows = result_made_rows, .row = result_made_row},
};
