#include "scan/open_row.h"

#include <string.h>

static bool list_wanted(struct open_row *row)
{
    row->wanted_slots = memory_zeroed(row->setup.slots, sizeof *row->wanted_slots);
    if (row->wanted_slots == NULL)
        return false;
    uint32_t wanted = 0;
    for (uint32_t field = 0; field < row->setup.field_count; field++)
        if (row->setup.slot_of_field[field] != SCANNER_UNWANTED)
            row->wanted_slots[wanted++] = row->setup.slot_of_field[field];
    return true;
}

bool open_row_open(struct open_row *row, const struct scanner_setup *setup)
{
    *row = (struct open_row){
        .setup = *setup,
        .rows = {.slots = setup->slots},
        .copies = {.budget = setup->budget, .what = "the quoted fields of a chunk"},
    };
    return list_wanted(row) && scan_rows_grow(&row->rows);
}

void open_row_close(struct open_row *row)
{
    arena_close(&row->copies);
    memory_free(row->wanted_slots);
    scan_rows_close(&row->rows);
}

void open_row_begin(struct open_row *row, uint64_t line, int byte_before)
{
    arena_reset(&row->copies);
    row->rows.count = 0;
    row->position = row->start = 0;
    row->line = line;
    row->ends = 0;
    row->field = 0;
    row->kept = 0;
    row->byte_before = byte_before;
}

char *open_row_copy_room(struct open_row *row, size_t length, struct sheaf_error *error)
{
    size_t size;
    if (!size_add(length, SCAN_COPY_PADDING, &size)) {
        error_no_memory(error, "a quoted field");
        return NULL;
    }
    char *room = arena_alloc(&row->copies, size, error);
    if (room != NULL)
        memset(room + length, 0, SCAN_COPY_PADDING);
    return room;
}

void open_row_fill(struct open_row *row)
{
    const struct scan_rows *rows = &row->rows;
    for (uint32_t i = row->kept; i < row->setup.slots; i++)
        rows->fields[(size_t)row->wanted_slots[i] * rows->capacity + rows->count] =
            (struct scan_field){.kind = SCAN_FIELD_ABSENT};
}

void open_row_skip(struct open_row *row, size_t stop, uint64_t lines)
{
    row->position = stop;
    row->ends = 0;
    open_row_start(row, lines);
}

void open_row_place(const struct open_row *row, struct scanner_place *out)
{
    *out = (struct scanner_place){
        .row_start = row->start,
        .row_line = row->line,
        .field = row->field,
        .field_start = row->position,
        .field_line = row->line + row->ends,
    };
}

void open_row_forget(struct open_row *row)
{
    struct scan_rows *rows = &row->rows;
    /* The fields of the open row stand in the row after the complete ones. */
    if (rows->count == 0)
        return;
    for (uint32_t slot = 0; slot < rows->slots; slot++) {
        struct scan_field *fields = rows->fields + (size_t)slot * rows->capacity;
        fields[0] = fields[rows->count];
    }
    rows->count = 0;
}
