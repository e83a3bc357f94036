#include "job/result.h"

#include "job/report.h"
#include "num/print.h"
#include "sheaf/cancel.h"

enum sheaf_status result_make(struct job_core *core, struct group_table *table,
                              const struct sheaf_cancel *cancel, struct sheaf_result **out,
                              struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_result *result = memory_zeroed(1, sizeof *result);
    if (result == NULL)
        return error_no_memory(error, "the result");
    *result = (struct sheaf_result){
        .ops = &core->report->rows,
        .core = core,
        .table = table,
        .cancel = cancel,
        .made = {.arena = {.budget = &core->budget, .what = "the result"},
                 .columns = core->outputs},
        .names = core->output_names,
        .columns = core->outputs,
        .limit = core->limit,
        .cell_row = UINT64_MAX,
    };
    /* One more, for a column of bars. */
    result->cells = memory_zeroed((size_t)core->outputs + 1, sizeof *result->cells);
    enum sheaf_status status =
        result->cells == NULL ? error_no_memory(error, "the result") : SHEAF_OK;
    if (status == SHEAF_OK && result->ops->prepare != NULL)
        status = result->ops->prepare(result, error);
    result->cancel = NULL;
    if (status == SHEAF_OK) {
        *out = result;
        return SHEAF_OK;
    }
    if (result->ops->close != NULL)
        result->ops->close(result);
    result->core = NULL;
    result->table = NULL;
    made_rows_close(&result->made);
    memory_free(result->cells);
    memory_free(result);
    return status;
}

enum sheaf_status result_check_stop(const struct sheaf_result *result, struct sheaf_error *error)
{
    return sheaf_cancel_reason(result->cancel) == 0 ? SHEAF_OK
                                                    : error_set(error, SHEAF_STOPPED, "stopped");
}

void sheaf_result_close(struct sheaf_result *result)
{
    if (result == NULL)
        return;
    if (result->ops->close != NULL)
        result->ops->close(result);
    made_rows_close(&result->made);
    group_table_close(result->table);
    job_core_close(result->core);
    buffer_close(&result->text);
    memory_free(result->cells);
    memory_free(result);
}

enum sheaf_status result_open_first_rows(struct sheaf_result *result, struct sheaf_error *error)
{
    struct job_core *core = result->core;
    const size_t size = core->groups.call_count * sizeof *result->first_rows;
    result->first_rows = arena_alloc(&core->arena, size, error);
    return result->first_rows == NULL ? SHEAF_SYSTEM : SHEAF_OK;
}

uint64_t result_made_rows(const struct sheaf_result *result)
{
    return made_rows_count(&result->made);
}

enum sheaf_status result_made_row(const struct sheaf_result *result, uint64_t number,
                                  struct value *cells, char *scratch, struct sheaf_error *error)
{
    (void)scratch;
    (void)error;
    for (uint32_t i = 0; i < result->columns; i++)
        cells[i] = result->made.cells[number * result->columns + i];
    return SHEAF_OK;
}

uint64_t sheaf_result_rows(const struct sheaf_result *result)
{
    const uint64_t rows = result->ops->rows(result);
    return rows < result->limit ? rows : result->limit;
}

uint32_t sheaf_result_columns(const struct sheaf_result *result)
{
    return result->columns;
}

enum sheaf_status result_row(struct sheaf_result *result, uint64_t row, const struct value **cells,
                             struct sheaf_error *error)
{
    if (result->cell_row != row) {
        result->cell_row = UINT64_MAX;
        TRY(result->ops->row(result, row, result->cells, result->scratch, error));
        result->cell_row = row;
    }
    *cells = result->cells;
    return SHEAF_OK;
}

static enum sheaf_status no_such_cell(struct sheaf_error *error)
{
    return error_set(error, SHEAF_USAGE, "the result has no such cell");
}

enum sheaf_status sheaf_result_name(const struct sheaf_result *result, uint32_t column,
                                    struct sheaf_cell *out)
{
    if (column >= sheaf_result_columns(result))
        return SHEAF_USAGE;
    const struct text name = result->names[column];
    *out = (struct sheaf_cell){.kind = SHEAF_CELL_TEXT, .bytes = name.bytes, .length = name.length};
    return SHEAF_OK;
}

enum sheaf_status sheaf_result_cell(struct sheaf_result *result, uint64_t row, uint32_t column,
                                    struct sheaf_cell *out, struct sheaf_error *error)
{
    if (row >= sheaf_result_rows(result) || column >= sheaf_result_columns(result))
        return no_such_cell(error);
    const struct value *cells;
    TRY(result_row(result, row, &cells, error));
    const struct value *cell = &cells[column];
    *out = (struct sheaf_cell){.kind = SHEAF_CELL_NULL, .bytes = ""};
    if (cell->kind == VALUE_TEXT) {
        *out = (struct sheaf_cell){
            .kind = SHEAF_CELL_TEXT, .bytes = cell->text.bytes, .length = cell->text.length};
    } else if (cell->kind == VALUE_NUMBER) {
        char printed[NUMBER_TEXT_SIZE];
        buffer_clear(&result->text);
        buffer_append(&result->text, printed, number_print(&cell->number, printed));
        if (result->text.failed)
            return error_no_memory(error, "a cell of the result");
        *out = (struct sheaf_cell){
            .kind = SHEAF_CELL_NUMBER, .bytes = result->text.bytes, .length = result->text.length};
    }
    return SHEAF_OK;
}

void sheaf_result_skipped(const struct sheaf_result *result, struct sheaf_skipped *out)
{
    *out = (struct sheaf_skipped){
        .rows = result->skipped_rows,
        .values = result->nulled_values,
        .first = result->first_skipped.text,
    };
}
