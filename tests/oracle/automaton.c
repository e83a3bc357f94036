#include "oracle/automaton.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const struct oracle_dialect *dialect;
    struct oracle_table *table;
    enum oracle_state state;
    struct oracle_row row;
    struct oracle_field field;
    uint64_t line;
    uint64_t opened; /* the line of the quote that opened the field */
};

void *oracle_resize(void *pointer, size_t size)
{
    void *resized = realloc(pointer, size == 0 ? 1 : size);
    if (resized == NULL)
        abort();
    return resized;
}

static void add_byte(struct reader *reader, unsigned char byte)
{
    struct oracle_field *field = &reader->field;
    field->bytes = oracle_resize(field->bytes, field->length + 1);
    field->bytes[field->length++] = (char)byte;
}

static void end_field(struct reader *reader)
{
    struct oracle_row *row = &reader->row;
    row->fields = oracle_resize(row->fields, (row->count + 1) * sizeof *row->fields);
    row->fields[row->count++] = reader->field;
    reader->field = (struct oracle_field){0};
}

static void free_row(struct oracle_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->fields[i].bytes);
    free(row->fields);
    *row = (struct oracle_row){0};
}

/* An empty line (its CR is gone by now) is no row. */
static void end_row(struct reader *reader)
{
    struct oracle_table *table = reader->table;
    struct oracle_row *row = &reader->row;
    end_field(reader);
    if (row->count == 1 && row->fields[0].length == 0 && !row->fields[0].quoted) {
        free_row(row);
        return;
    }
    table->rows = oracle_resize(table->rows, (table->count + 1) * sizeof *table->rows);
    table->rows[table->count++] = *row;
    *row = (struct oracle_row){0};
}

static bool ends_line(const struct oracle_dialect *dialect, unsigned char byte)
{
    return byte == '\n' || (byte == '\r' && dialect->cr_ends);
}

static enum oracle_state next_state(const struct oracle_dialect *dialect, enum oracle_state state,
                                    unsigned char byte)
{
    if (state == ORACLE_X)
        return ORACLE_Q;
    if (state == ORACLE_Q && byte == dialect->escape)
        return ORACLE_X;
    if (state == ORACLE_Q)
        return byte == dialect->quote ? ORACLE_E : ORACLE_Q;
    if (byte == dialect->quote && (state == ORACLE_R || state == ORACLE_F || state == ORACLE_E))
        return ORACLE_Q;
    if (ends_line(dialect, byte))
        return ORACLE_R;
    if (state == ORACLE_C || (state == ORACLE_R && byte == dialect->comment))
        return ORACLE_C;
    if (state == ORACLE_E && byte == '\r')
        return ORACLE_K;
    return byte == dialect->delimiter ? ORACLE_F : ORACLE_U;
}

/* The CR of a CRLF belongs to the line end, not to the unquoted field before it. */
static void end_line(struct reader *reader, enum oracle_state from, unsigned char byte)
{
    struct oracle_field *field = &reader->field;
    if (from == ORACLE_R || from == ORACLE_C)
        return;
    if (from == ORACLE_U && byte == '\n' && field->length > 0 &&
        field->bytes[field->length - 1] == '\r')
        field->length--;
    end_row(reader);
}

static void mark_bad(struct reader *reader)
{
    if (reader->row.bad_line == 0)
        reader->row.bad_line = reader->line;
}

static void step(struct reader *reader, unsigned char byte)
{
    const enum oracle_state from = reader->state;
    const enum oracle_state to = next_state(reader->dialect, from, byte);
    reader->state = to;
    reader->table->seen[to]++;
    const bool closed = from == ORACLE_E || from == ORACLE_K;
    if ((closed && to == ORACLE_U) || (from == ORACLE_K && to == ORACLE_F))
        mark_bad(reader);
    if (from == ORACLE_K && to == ORACLE_U)
        add_byte(reader, '\r');
    if (to == ORACLE_U ||
        (to == ORACLE_Q && (from == ORACLE_Q || from == ORACLE_E || from == ORACLE_X))) {
        add_byte(reader, byte);
    } else if (to == ORACLE_Q) {
        reader->field.quoted = true;
        reader->opened = reader->line;
    } else if (to == ORACLE_F) {
        end_field(reader);
    } else if (to == ORACLE_R) {
        end_line(reader, from, byte);
    }
}

static void end_file(struct reader *reader)
{
    if (reader->state == ORACLE_Q || reader->state == ORACLE_X) {
        reader->table->unclosed_line = reader->opened;
        free(reader->field.bytes);
        free_row(&reader->row);
        return;
    }
    if (reader->state == ORACLE_K)
        mark_bad(reader);
    if (reader->state != ORACLE_R && reader->state != ORACLE_C)
        end_row(reader);
}

void oracle_read(const struct oracle_dialect *dialect, const unsigned char *bytes, size_t length,
                 struct oracle_table *out)
{
    *out = (struct oracle_table){0};
    struct reader reader = {.dialect = dialect, .table = out, .line = 1};
    const bool marked = length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
    for (size_t i = marked ? 3 : 0; i < length; i++) {
        if (reader.state == ORACLE_R) {
            reader.row.byte = i;
            reader.row.line = reader.line;
        }
        if (reader.line > dialect->skip_lines)
            step(&reader, bytes[i]);
        const bool half = bytes[i] == '\n' && dialect->cr_ends && i > 0 && bytes[i - 1] == '\r';
        if (ends_line(dialect, bytes[i]) && !half)
            reader.line++;
    }
    end_file(&reader);
}

void oracle_table_free(struct oracle_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free_row(&table->rows[i]);
    free(table->rows);
    *table = (struct oracle_table){0};
}
