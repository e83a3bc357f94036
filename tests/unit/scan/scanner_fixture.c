#include "scanner_fixture.h"

#include "scan/line_ends.h"
#include "unit/unit.h"

#include <string.h>

enum { SHOWN = 64 };

const struct scan_dialect scanner_dialects[SCANNER_DIALECTS] = {
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = -1},
    {.delimiter = ';', .quote = '\'', .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = -1, .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = -1, .comment = '#', .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1, .cr_ends = true},
    {.delimiter = '\t', .quote = '"', .comment = '#', .escape = -1, .cr_ends = true},
    {.delimiter = ',', .quote = -1, .comment = '#', .escape = -1, .cr_ends = true},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = '\\'},
    {.delimiter = ';', .quote = '\'', .comment = '#', .escape = 'y'},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = '\\', .cr_ends = true},
};
const uint32_t scanner_slots[SCANNER_COLUMNS] = {1, SCANNER_UNWANTED, 0};

struct scanner_case scanner_case(int number)
{
    if (number < SCANNER_DIALECTS)
        return (struct scanner_case){&scanner_walker, &scanner_dialects[number]};
    return (struct scanner_case){&scanner_libcsv, &scanner_dialects[number - SCANNER_DIALECTS]};
}

void fixture_open(struct fixture *at, const struct scanner_case *one, uint64_t max_field)
{
    *at = (struct fixture){.raw = NULL};
    scan_automaton_build(&at->automaton, one->dialect);
    const struct scanner_setup setup = {
        .automaton = &at->automaton,
        .max_field = max_field,
        .slot_of_field = scanner_slots,
        .field_count = SCANNER_COLUMNS,
        .slots = 2,
    };
    ck_assert_int_eq(one->ops->open(&setup, &at->scanner, NULL), SHEAF_OK);
}

void fixture_close(struct fixture *at)
{
    if (at->scanner != NULL)
        at->scanner->ops->close(at->scanner);
    oracle_table_free(&at->table);
}

void fixture_ask_oracle(struct fixture *at, const char *raw, size_t length)
{
    const struct scan_dialect *dialect = &at->automaton.dialect;
    const struct oracle_dialect obvious = {.delimiter = dialect->delimiter,
                                           .quote = dialect->quote,
                                           .comment = dialect->comment,
                                           .escape = dialect->escape,
                                           .cr_ends = dialect->cr_ends};
    oracle_table_free(&at->table);
    oracle_read(&obvious, (const unsigned char *)raw, length, &at->table);
    at->raw = raw;
    at->length = length;
    at->rows = 0;
    at->bad_is_unclosed = false;
}

static void complain(const struct fixture *at, const char *what)
{
    char text[4 * SHOWN + 1] = "";
    for (size_t i = 0, used = 0; i < at->length && i < SHOWN; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 at->raw[i] >= 0x20 && at->raw[i] < 0x7f ? "%c" : "\\x%02x",
                                 (unsigned char)at->raw[i]);
    ck_abort_msg("%s; row %zu of `%s`", what, at->rows, text);
}

static void compare_field(const struct fixture *at, const struct scan_field *field,
                          const struct oracle_row *row, size_t column)
{
    if (column >= row->count) {
        if (field->kind != SCAN_FIELD_ABSENT)
            complain(at, "a field is not absent");
        return;
    }
    const struct oracle_field *expected = &row->fields[column];
    const char *bytes = field->copy != NULL ? field->copy : at->raw + field->at;
    if (field->kind != (expected->quoted ? SCAN_FIELD_QUOTED : SCAN_FIELD_UNQUOTED))
        complain(at, "the kind of a field");
    if (field->length != expected->length ||
        (field->length > 0 && memcmp(bytes, expected->bytes, field->length) != 0))
        complain(at, "the bytes of a field");
}

/* Compares the complete rows with the oracle's next ones, and forgets them. */
void fixture_compare_rows(struct fixture *at)
{
    const struct scan_rows *rows = at->scanner->ops->rows(at->scanner);
    for (uint32_t i = 0; i < rows->count; i++, at->rows++) {
        if (at->rows >= at->table.count)
            complain(at, "one row too many");
        const struct oracle_row *row = &at->table.rows[at->rows];
        if (row->bad_line != 0)
            complain(at, "a bad row was given out");
        if (rows->starts[i] != row->byte || rows->lines[i] != row->line)
            complain(at, "the place of a row");
        if (rows->field_counts[i] != row->count)
            complain(at, "the number of fields");
        for (size_t column = 0; column < SCANNER_COLUMNS; column++)
            if (scanner_slots[column] != SCANNER_UNWANTED)
                compare_field(at, &rows->fields[scanner_slots[column] * rows->capacity + i], row,
                              column);
    }
    at->scanner->ops->forget_rows(at->scanner);
}

/* The bad row ends where the automaton says; the oracle must call it bad too. */
static size_t skip_bad(struct fixture *at, size_t position)
{
    /* A row with a quote that is never closed is none of the oracle's. */
    at->bad_is_unclosed = at->rows == at->table.count && at->table.unclosed_line != 0;
    if (at->bad_is_unclosed)
        return at->length;
    const struct oracle_row *row = &at->table.rows[at->rows];
    struct scanner_place place;
    at->scanner->ops->place(at->scanner, &place);
    if (at->rows >= at->table.count || row->bad_line == 0)
        complain(at, "a row was called bad");
    const bool cr_ends = at->automaton.dialect.cr_ends;
    const char *field = at->raw + place.field_start;
    const uint64_t bad_line =
        place.field_line +
        line_ends_count(field, (size_t)(at->raw + position - field), cr_ends).count;
    if (place.row_start != row->byte || place.row_line != row->line)
        complain(at, "the place of a bad row");
    if (bad_line != row->bad_line)
        complain(at, "the line of the bad byte");
    at->rows++;
    enum scan_state state = SCAN_QUOTE_IN_QUOTED;
    const size_t stop =
        position + scan_to_row(&at->automaton, &state, at->raw + position, at->length - position);
    const uint64_t lines =
        line_ends_count(at->raw + place.row_start, stop - place.row_start, cr_ends).count;
    at->scanner->ops->skip_row(at->scanner, stop, lines);
    return state == SCAN_ROW_START ? stop : at->length;
}

/* Feeds everything in pieces of random size; gives the event of the end. */
enum scanner_event fixture_feed_all(struct fixture *at, uint64_t *seed, size_t piece,
                                    enum scanner_extent extent)
{
    size_t position = 0;
    size_t stop = 0;
    at->scanner->ops->begin(at->scanner, 1, SCAN_NO_BYTE);
    while (position < at->length) {
        if (stop <= position || stop < at->length)
            stop += 1 + unit_random(seed) % piece;
        if (stop > at->length)
            stop = at->length;
        const enum scanner_event event =
            at->scanner->ops->feed(at->scanner, at->raw, &position, stop, extent, &at->error);
        if (event != SCANNER_FAILED)
            fixture_compare_rows(at);
        if (event == SCANNER_BAD)
            position = skip_bad(at, position);
        else if (event == SCANNER_PENDING && stop == at->length)
            break;
        else if (event != SCANNER_FED && event != SCANNER_PENDING)
            return event;
        if (stop < position)
            stop = position;
    }
    if (at->bad_is_unclosed)
        return SCANNER_BAD;
    const enum scanner_event event =
        at->scanner->ops->end(at->scanner, at->raw, at->length, &at->error);
    fixture_compare_rows(at);
    return event;
}

void fixture_check_end(struct fixture *at, enum scanner_event event)
{
    const bool bad_at_end = at->rows < at->table.count && at->table.rows[at->rows].bad_line != 0 &&
                            at->rows + 1 == at->table.count;
    if (at->bad_is_unclosed) {
        if (event != SCANNER_BAD || at->rows != at->table.count)
            complain(at, "a bad row with an unclosed quote");
    } else if (at->table.unclosed_line != 0) {
        struct scanner_place place;
        at->scanner->ops->place(at->scanner, &place);
        if (event != SCANNER_UNCLOSED || at->rows != at->table.count)
            complain(at, "an unclosed quote");
        if (place.field_line != at->table.unclosed_line)
            complain(at, "the line of an unclosed quote");
    } else if (bad_at_end) {
        if (event != SCANNER_BAD)
            complain(at, "a CR at the end");
    } else if (event != SCANNER_FED || at->rows != at->table.count) {
        complain(at, "the end");
    }
}
