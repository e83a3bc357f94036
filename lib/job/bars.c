#include "job/bars.h"

#include "job/report.h"

#include <string.h>

enum {
    GAP = 2,       /* between two columns of a table */
    LEAST_BAR = 8, /* a narrower one shows nothing */
    USUAL_WIDTH = 80,
};

bool bars_open(struct bars *bars, const struct sheaf_result *result)
{
    *bars = (struct bars){.width = BAR_WIDTH};
    const char *counts = result->core == NULL ? NULL : result->core->report->counts;
    for (uint32_t i = 0; counts != NULL && i < result->columns; i++) {
        const struct text name = result->names[i];
        if (name.length != strlen(counts) || memcmp(name.bytes, counts, name.length) != 0)
            continue;
        bars->counts = i;
        return true;
    }
    return false;
}

/* Characters of the longest line of UTF-8. */
static size_t longest_line(const struct buffer *table)
{
    size_t longest = 0;
    size_t length = 0;
    for (size_t i = 0; i < table->length; i++) {
        const unsigned char byte = (unsigned char)table->bytes[i];
        length = byte == '\n' ? 0 : length + ((byte & 0xc0) != 0x80);
        longest = length > longest ? length : longest;
    }
    return longest;
}

void bars_fit(struct bars *bars, const struct buffer *table, size_t terminal_width)
{
    const size_t width = terminal_width == 0 ? USUAL_WIDTH : terminal_width;
    const size_t taken = longest_line(table) + GAP;
    const size_t left = width > taken ? width - taken : 0;
    bars->width = left < LEAST_BAR ? 0 : left < BAR_WIDTH ? left : BAR_WIDTH;
}

static uint64_t count_of(const struct value *cell)
{
    return cell->kind == VALUE_NUMBER && cell->number.kind == NUMBER_DECIMAL
               ? (uint64_t)cell->number.mantissa
               : 0;
}

/* The row that the rows of the next column begin with, or the end of all. */
static uint64_t end_of_column(const struct sheaf_result *result, uint64_t row)
{
    const uint64_t rows = sheaf_result_rows(result);
    for (uint32_t i = 0; i < result->core->groups.call_count; i++)
        if (result->first_rows[i] > row)
            return result->first_rows[i] < rows ? result->first_rows[i] : rows;
    return rows;
}

/* Looks through the rows from `row` on that are about the same column. */
static enum sheaf_status find_most(struct bars *bars, struct sheaf_result *result, uint64_t row,
                                   struct sheaf_error *error)
{
    bars->until = end_of_column(result, row);
    bars->most = 0;
    for (; row < bars->until; row++) {
        const struct value *cells;
        TRY(result_row(result, row, &cells, error));
        const uint64_t count = count_of(&cells[bars->counts]);
        bars->most = count > bars->most ? count : bars->most;
    }
    return SHEAF_OK;
}

enum sheaf_status bars_draw(struct bars *bars, struct sheaf_result *result, uint64_t row,
                            struct value *out, struct sheaf_error *error)
{
    const struct value *cells;
    if (row >= bars->until)
        TRY(find_most(bars, result, row, error));
    TRY(result_row(result, row, &cells, error));
    const size_t length =
        bar_draw(count_of(&cells[bars->counts]), bars->most, bars->width, bars->text);
    *out = length == 0 ? value_null()
                       : value_text((struct text){.bytes = bars->text, .length = length});
    return SHEAF_OK;
}
