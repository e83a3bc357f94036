/* A table for people: columns aligned with spaces, numbers to the right. All cells are kept, as
 * they will be shown, until the last row has told how wide each column is. */
#include "base/memory.h"
#include "num/print.h"
#include "render/character.h"
#include "render/writers.h"

#include <string.h>

/* A cell wider than this pushes its own row out of line, but does not pad all others: one long
 * text among many rows must not multiply the output. */
enum { TABLE_WIDEST = 200, TABLE_GAP = 2 };

struct table_cell {
    size_t end;   /* of its bytes in `text`; it starts where the cell before it ends */
    size_t width; /* characters */
};

struct table_column {
    size_t width;
    bool numbers;
    bool texts;
};

struct table {
    const struct render_header *header;
    struct table_column *columns;
    struct buffer text;  /* the cells' bytes, one after the other */
    struct buffer cells; /* struct table_cell, row by row; the names are the first row */
    bool bare;
};

static void table_close(void *state)
{
    struct table *table = state;
    if (table == NULL)
        return;
    buffer_close(&table->text);
    buffer_close(&table->cells);
    memory_free(table->columns);
    memory_free(table);
}

static enum sheaf_status table_open(const struct render_options *options,
                                    const struct render_header *header, void **state,
                                    struct sheaf_error *error)
{
    struct table *table = memory_zeroed(1, sizeof *table);
    if (table == NULL)
        return error_no_memory(error, "output");
    table->header = header;
    table->bare = options->bare;
    *state = table;
    table->columns = memory_zeroed(header->columns, sizeof *table->columns);
    return table->columns == NULL ? error_no_memory(error, "output") : SHEAF_OK;
}

static void add_cell(struct table *table, uint32_t column, struct text text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.length;) {
        const struct character character = character_at(text.bytes + i, text.length - i);
        width += character_append_visible(&table->text, text.bytes + i, character);
        i += character.length;
    }
    const struct table_cell cell = {.end = table->text.length, .width = width};
    buffer_append(&table->cells, &cell, sizeof cell);

    const size_t wanted = width < TABLE_WIDEST ? width : TABLE_WIDEST;
    if (wanted > table->columns[column].width)
        table->columns[column].width = wanted;
}

static enum sheaf_status check_memory(const struct table *table, struct sheaf_error *error)
{
    if (table->text.failed || table->cells.failed)
        return error_no_memory(error, "the rows of a table");
    return SHEAF_OK;
}

static enum sheaf_status table_begin(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)out;
    struct table *table = state;
    if (table->bare)
        return SHEAF_OK;
    for (uint32_t i = 0; i < table->header->columns; i++)
        add_cell(table, i, table->header->names[i]);
    return check_memory(table, error);
}

static enum sheaf_status table_row(void *state, uint64_t number, const struct value *cells,
                                   struct buffer *out, struct sheaf_error *error)
{
    (void)number;
    (void)out;
    struct table *table = state;
    for (uint32_t i = 0; i < table->header->columns; i++) {
        char digits[NUMBER_TEXT_SIZE];
        struct text text = {.bytes = digits};
        if (cells[i].kind == VALUE_TEXT) {
            if (cells[i].text.length > 0)
                text = cells[i].text;
            else
                text = (struct text){.bytes = "\"\"", .length = 2}; /* an empty cell is null */
            table->columns[i].texts = true;
        } else if (cells[i].kind == VALUE_NUMBER) {
            text.length = number_print(&cells[i].number, digits);
            table->columns[i].numbers = true;
        }
        add_cell(table, i, text);
    }
    return check_memory(table, error);
}

static void append_spaces(struct buffer *out, size_t count)
{
    if (count == 0 || !buffer_reserve(out, count))
        return;
    memset(out->bytes + out->length, ' ', count);
    out->length += count;
}

/* Appends one row; `owed` spaces are written only before something visible, so that no line ends
 * in spaces of ours. Gives the offset in `text` that the next row starts at. */
static size_t append_row(const struct table *table, const char *cells, size_t start,
                         struct buffer *out)
{
    size_t owed = 0;
    for (uint32_t i = 0; i < table->header->columns; i++) {
        struct table_cell cell;
        memcpy(&cell, cells + i * sizeof cell, sizeof cell);
        const struct table_column *column = &table->columns[i];
        const size_t padding = cell.width < column->width ? column->width - cell.width : 0;
        const bool right = column->numbers && !column->texts;
        if (right)
            owed += padding;
        if (cell.end > start) {
            append_spaces(out, owed);
            buffer_append(out, table->text.bytes + start, cell.end - start);
            owed = 0;
        }
        owed += TABLE_GAP + (right ? 0 : padding);
        start = cell.end;
    }
    buffer_append_byte(out, '\n');
    return start;
}

static enum sheaf_status table_end(void *state, uint64_t rows, struct buffer *out,
                                   struct sheaf_error *error)
{
    (void)rows;
    (void)error;
    const struct table *table = state;
    const size_t row_size = table->header->columns * sizeof(struct table_cell);
    size_t start = 0;
    for (size_t at = 0; at < table->cells.length; at += row_size)
        start = append_row(table, table->cells.bytes + at, start, out);
    return SHEAF_OK;
}

const struct render_ops render_table_text = {
    .name = "table",
    .help = "aligned columns, for reading",
    .for_people = true,
    .keeps_rows = true,
    .open = table_open,
    .begin = table_begin,
    .row = table_row,
    .end = table_end,
    .close = table_close,
};
