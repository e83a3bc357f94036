#include "job/made_rows.h"

enum { FIRST_CELLS = 64 };

static enum sheaf_status grow(struct made_rows *rows, struct sheaf_error *error)
{
    const size_t capacity = rows->capacity == 0 ? FIRST_CELLS : rows->capacity + rows->capacity / 2;
    const char *what = rows->arena.what;
    size_t size;
    if (!size_multiply(capacity, sizeof *rows->cells, &size))
        return error_no_memory(error, what);
    const size_t extra = size - rows->capacity * sizeof *rows->cells;
    TRY(memory_charge(rows->arena.budget, extra, what, rows->arena.column, error));
    struct value *cells = memory_resize(rows->cells, size);
    if (cells == NULL) {
        memory_uncharge(rows->arena.budget, extra);
        return error_no_memory(error, what);
    }
    rows->cells = cells;
    rows->capacity = capacity;
    return SHEAF_OK;
}

enum sheaf_status made_rows_put(struct made_rows *rows, const struct value *cell,
                                struct sheaf_error *error)
{
    if (rows->count == rows->capacity)
        TRY(grow(rows, error));
    struct value copy = *cell;
    if (cell->kind == VALUE_TEXT) {
        copy.text.bytes = arena_copy(&rows->arena, cell->text.bytes, cell->text.length, error);
        if (copy.text.bytes == NULL)
            return error->status;
    }
    rows->cells[rows->count++] = copy;
    return SHEAF_OK;
}

enum sheaf_status made_rows_add(struct made_rows *rows, const struct value *cells,
                                struct sheaf_error *error)
{
    const size_t start = rows->count;
    enum sheaf_status status = SHEAF_OK;
    for (size_t i = 0; i < rows->columns && status == SHEAF_OK; i++)
        status = made_rows_put(rows, &cells[i], error);
    if (status != SHEAF_OK)
        rows->count = start; /* a row is there whole or not at all */
    return status;
}

uint64_t made_rows_count(const struct made_rows *rows)
{
    return rows->columns == 0 ? 0 : rows->count / rows->columns;
}

void made_rows_close(struct made_rows *rows)
{
    memory_uncharge(rows->arena.budget, rows->capacity * sizeof *rows->cells);
    memory_free(rows->cells);
    arena_close(&rows->arena);
    rows->cells = NULL;
    rows->capacity = 0;
    rows->count = 0;
}
