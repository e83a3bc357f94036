#include "feeder_fixture.h"

#include "scan/line_ends.h"
#include "unit/unit.h"

#include <string.h>

enum { SHOWN = 64 };

const struct scan_dialect feeder_dialects[FEEDER_DIALECTS] = {
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = -1},
    {.delimiter = ';', .quote = '\'', .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = -1, .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = -1, .comment = '#', .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1, .cr_ends = true},
    {.delimiter = '\t', .quote = '"', .comment = '#', .escape = -1, .cr_ends = true},
    {.delimiter = ',', .quote = -1, .comment = '#', .escape = -1, .cr_ends = true},
};
const uint32_t feeder_slots[FEEDER_COLUMNS] = {1, FEEDER_UNWANTED, 0};

void fixture_open(struct fixture *at, const struct scan_dialect *dialect, uint64_t max_field)
{
    *at = (struct fixture){.raw = NULL};
    scan_automaton_build(&at->automaton, dialect);
    const struct feeder_setup setup = {
        .automaton = &at->automaton,
        .max_field = max_field,
        .slot_of_field = feeder_slots,
        .field_count = FEEDER_COLUMNS,
        .slots = 2,
    };
    ck_assert_int_eq(feeder_open(&setup, &at->feeder, NULL), SHEAF_OK);
}

void fixture_close(struct fixture *at)
{
    feeder_close(at->feeder);
    oracle_table_free(&at->table);
}

void fixture_ask_oracle(struct fixture *at, const char *raw, size_t length)
{
    const struct scan_dialect *dialect = &at->automaton.dialect;
    const struct oracle_dialect obvious = {.delimiter = dialect->delimiter,
                                           .quote = dialect->quote,
                                           .comment = dialect->comment,
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
    const struct scan_rows *rows = feeder_rows(at->feeder);
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
        for (size_t column = 0; column < FEEDER_COLUMNS; column++)
            if (feeder_slots[column] != FEEDER_UNWANTED)
                compare_field(at, &rows->fields[feeder_slots[column] * rows->capacity + i], row,
                              column);
    }
    feeder_forget_rows(at->feeder);
}

/* The bad row ends where the automaton says; the oracle must call it bad too. */
static size_t skip_bad(struct fixture *at, size_t position)
{
    /* A row with a quote that is never closed is none of the oracle's. */
    at->bad_is_unclosed = at->rows == at->table.count && at->table.unclosed_line != 0;
    if (at->bad_is_unclosed)
        return at->length;
    const struct oracle_row *row = &at->table.rows[at->rows];
    struct feeder_place place;
    feeder_place(at->feeder, &place);
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
    feeder_skip_row(at->feeder, stop, lines);
    return state == SCAN_ROW_START ? stop : at->length;
}

/* Feeds everything in pieces of random size; gives the event of the end. */
enum feeder_event fixture_feed_all(struct fixture *at, uint64_t *seed, size_t piece,
                                   enum feeder_extent extent)
{
    size_t position = 0;
    size_t stop = 0;
    feeder_begin(at->feeder, 1, SCAN_NO_BYTE);
    while (position < at->length) {
        if (stop <= position || stop < at->length)
            stop += 1 + unit_random(seed) % piece;
        if (stop > at->length)
            stop = at->length;
        const enum feeder_event event =
            feeder_feed(at->feeder, at->raw, &position, stop, extent, &at->error);
        if (event != FEEDER_FAILED)
            fixture_compare_rows(at);
        if (event == FEEDER_BAD)
            position = skip_bad(at, position);
        else if (event == FEEDER_PENDING && stop == at->length)
            break;
        else if (event != FEEDER_FED && event != FEEDER_PENDING)
            return event;
        if (stop < position)
            stop = position;
    }
    if (at->bad_is_unclosed)
        return FEEDER_BAD;
    const enum feeder_event event = feeder_end(at->feeder, at->raw, at->length, &at->error);
    fixture_compare_rows(at);
    return event;
}

void fixture_check_end(struct fixture *at, enum feeder_event event)
{
    const bool bad_at_end = at->rows < at->table.count && at->table.rows[at->rows].bad_line != 0 &&
                            at->rows + 1 == at->table.count;
    if (at->bad_is_unclosed) {
        if (event != FEEDER_BAD || at->rows != at->table.count)
            complain(at, "a bad row with an unclosed quote");
    } else if (at->table.unclosed_line != 0) {
        struct feeder_place place;
        feeder_place(at->feeder, &place);
        if (event != FEEDER_UNCLOSED || at->rows != at->table.count)
            complain(at, "an unclosed quote");
        if (place.field_line != at->table.unclosed_line)
            complain(at, "the line of an unclosed quote");
    } else if (bad_at_end) {
        if (event != FEEDER_BAD)
            complain(at, "a CR at the end");
    } else if (event != FEEDER_FED || at->rows != at->table.count) {
        complain(at, "the end");
    }
}
