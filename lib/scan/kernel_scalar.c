/* The plain kernel: one byte, one row, one field at a time. It says what the others must give. */
#include "scan/kernel_table.h"

#include <string.h>

/* The bytes that mean something, for one look at each byte. */
struct special_bytes {
    bool is[256];
};

static struct special_bytes special_bytes_of(const struct scan_dialect *dialect)
{
    struct special_bytes special = {0};
    special.is['\n'] = special.is['\r'] = special.is[dialect->delimiter] = true;
    if (dialect->quote != SCAN_NO_BYTE)
        special.is[dialect->quote] = true;
    if (dialect->comment != SCAN_NO_BYTE)
        special.is[dialect->comment] = true;
    return special;
}

/* The states in which only some bytes may follow. */
static bool takes(const struct scan_dialect *dialect, enum scan_state state, unsigned char byte)
{
    switch (state) {
    case SCAN_ROW_START:
        return byte != dialect->comment;
    case SCAN_UNQUOTED:
        return byte != dialect->quote;
    case SCAN_QUOTE_IN_QUOTED:
        return byte == dialect->quote || byte == dialect->delimiter || byte == '\n' || byte == '\r';
    case SCAN_CR_AFTER_QUOTE:
        return byte == '\n';
    default:
        return true;
    }
}

/* The state after a byte that may follow. */
static enum scan_state step(const struct scan_dialect *dialect, enum scan_state state,
                            unsigned char byte)
{
    if (state == SCAN_QUOTED)
        return byte == dialect->quote ? SCAN_QUOTE_IN_QUOTED : SCAN_QUOTED;
    if (byte == '\n')
        return SCAN_ROW_START;
    if (byte == dialect->delimiter)
        return SCAN_FIELD_START;
    if (byte == dialect->quote)
        return SCAN_QUOTED;
    return state == SCAN_QUOTE_IN_QUOTED ? SCAN_CR_AFTER_QUOTE : SCAN_UNQUOTED;
}

static bool holds(const char *bytes, size_t length, int byte)
{
    return byte != SCAN_NO_BYTE && memchr(bytes, byte, length) != NULL;
}

/* The fields of a row stay only when the row is complete: `count` moves at line ends. */
static void scalar_index(const struct scan_dialect *dialect, const char *bytes, size_t length,
                         uint32_t rows_most, struct scan_index *out)
{
    const struct special_bytes special = special_bytes_of(dialect);
    *out = (struct scan_index){.marks = out->marks};
    out->marks[0] = 0;
    enum scan_state state = SCAN_ROW_START;
    uint32_t marks = 0;
    for (uint32_t i = 0; i < length && out->rows < rows_most; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (!special.is[byte] && state < SCAN_QUOTE_IN_QUOTED) {
            state = state == SCAN_QUOTED ? SCAN_QUOTED : SCAN_UNQUOTED;
            continue;
        }
        out->stopped = !takes(dialect, state, byte);
        if (out->stopped)
            break;
        state = step(dialect, state, byte);
        if (state > SCAN_FIELD_START)
            continue;
        const bool row_ends = state == SCAN_ROW_START;
        out->marks[++marks] = 2 * (i + 1) + row_ends;
        out->rows += row_ends;
        out->count = row_ends ? marks : out->count;
    }
    out->consumed = out->marks[out->count] / 2;
    out->has_quotes = holds(bytes, out->consumed, dialect->quote);
    out->has_crs = holds(bytes, out->consumed, '\r');
}

/* Where a field stands, its separator left out. */
struct extent {
    uint32_t start;
    uint32_t length;
};

static struct extent extent_of(const uint32_t *marks)
{
    const uint32_t start = marks[0] / 2;
    return (struct extent){start, marks[1] / 2 - 1 - start};
}

static bool is_empty_line(const char *bytes, struct extent line)
{
    return line.length == 0 || (line.length == 1 && bytes[line.start] == '\r');
}

/* Of the row that starts behind *marks. */
static bool is_regular(const uint32_t *marks, const char *bytes, uint32_t columns)
{
    for (uint32_t column = 1; column < columns; column++)
        if (marks[column] % 2 != 0)
            return false;
    return marks[columns] % 2 != 0 && (columns > 1 || !is_empty_line(bytes, extent_of(marks)));
}

static uint32_t scalar_regular_rows(const struct scan_index *index, const char *bytes,
                                    uint32_t columns)
{
    uint32_t rows = 0;
    uint32_t count = 0;
    while (index->count - count >= columns && is_regular(index->marks + count, bytes, columns)) {
        rows++;
        count += columns;
    }
    return rows;
}

static uint32_t scalar_texts(const struct scan_index *index, const char *bytes,
                             const struct scan_shape *shape, uint32_t rows, struct text *texts,
                             uint8_t *quoted, uint32_t *doubled)
{
    const bool is_last = shape->column == shape->columns - 1;
    uint32_t doubles = 0;
    for (uint32_t row = 0; row < rows; row++) {
        const size_t place = (size_t)row * shape->columns + shape->column;
        const struct extent field = extent_of(index->marks + place);
        const char *start = bytes + field.start;
        size_t length = field.length;
        length -= is_last && length > 0 && start[length - 1] == '\r';
        const bool has_quotes = length > 0 && (unsigned char)*start == shape->quote;
        if (has_quotes) {
            start++;
            length -= 2;
            if (holds(start, length, shape->quote))
                doubled[doubles++] = row;
        }
        texts[row] = (struct text){length == 0 && !has_quotes ? NULL : start, length};
        if (quoted != NULL)
            quoted[row] = has_quotes;
    }
    return doubles;
}

static void scalar_row_bytes(const struct scan_index *index, uint32_t columns, uint32_t rows,
                             uint64_t base, uint64_t *row_bytes)
{
    for (uint32_t row = 0; row < rows; row++)
        row_bytes[row] = base + index->marks[(size_t)row * columns] / 2;
}

const struct scan_kernel scan_kernel_scalar = {
    .isa = ISA_SCALAR,
    .index = scalar_index,
    .regular_rows = scalar_regular_rows,
    .texts = scalar_texts,
    .row_bytes = scalar_row_bytes,
    .survey = scan_survey_bytes,
};
