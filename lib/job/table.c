/* job/table.c - a result of one's own, for programs that print tables which no run made. */
#include "job/result.h"
#include "num/parse.h"

#include <string.h>

static const struct result_ops table_rows = {.rows = result_made_rows, .row = result_made_row};

static enum sheaf_status copy_names(struct sheaf_result *table, const char *const *names,
                                    struct sheaf_error *error)
{
    struct arena *arena = &table->made.arena;
    struct text *copies = arena_alloc(arena, table->columns * sizeof *copies, error);
    if (copies == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < table->columns; i++) {
        copies[i].length = strlen(names[i]);
        copies[i].bytes = arena_copy(arena, names[i], copies[i].length, error);
        if (copies[i].bytes == NULL)
            return SHEAF_SYSTEM;
    }
    table->names = copies;
    table->cells = memory_zeroed((size_t)table->columns + 1, sizeof *table->cells);
    return table->cells == NULL ? error_no_memory(error, "a table") : SHEAF_OK;
}

enum sheaf_status sheaf_table_open(const char *const *names, uint32_t columns,
                                   struct sheaf_result **out, struct sheaf_error *error)
{
    struct sheaf_error unused;
    if (error == NULL)
        error = &unused;
    *out = NULL;
    struct sheaf_result *table = memory_zeroed(1, sizeof *table);
    if (table == NULL)
        return error_no_memory(error, "a table");
    *table = (struct sheaf_result){
        .ops = &table_rows,
        .made = {.arena = {.what = "a table"}, .columns = columns},
        .columns = columns,
        .limit = UINT64_MAX,
        .cell_row = UINT64_MAX,
    };
    const enum sheaf_status status = copy_names(table, names, error);
    if (status != SHEAF_OK) {
        sheaf_result_close(table);
        return status;
    }
    *out = table;
    return SHEAF_OK;
}

static enum sheaf_status take_cell(const struct sheaf_cell *cell, struct value *out,
                                   struct sheaf_error *error)
{
    const struct text text = {.bytes = cell->bytes, .length = cell->length};
    struct number number;
    switch (cell->kind) {
    case SHEAF_CELL_NULL:
        *out = value_null();
        return SHEAF_OK;
    case SHEAF_CELL_TEXT:
        *out = value_text(text);
        return SHEAF_OK;
    case SHEAF_CELL_NUMBER:
        if (!number_parse(text, &number))
            break;
        *out = value_number(number);
        return SHEAF_OK;
    }
    return error_set(error, SHEAF_USAGE, "a cell of the table is no number");
}

enum sheaf_status sheaf_table_add(struct sheaf_result *table, const struct sheaf_cell *cells,
                                  struct sheaf_error *error)
{
    struct sheaf_error unused;
    if (error == NULL)
        error = &unused;
    if (table->ops != &table_rows)
        return error_set(error, SHEAF_USAGE, "rows can be added to a table of one's own only");
    table->cell_row = UINT64_MAX;
    for (uint32_t i = 0; i < table->columns; i++)
        TRY(take_cell(&cells[i], &table->cells[i], error));
    return made_rows_add(&table->made, table->cells, error);
}
