#include "format/csv_skip.h"

#include "scan/line_ends.h"

enum { SKIP_PIECE = 64 << 10 };

/* How far the bad row was followed. */
struct progress {
    const struct csv_skip_setup *setup;
    enum scan_state state;
    uint64_t offset;        /* in the file */
    struct csv_where field; /* where the field being read starts */
    uint64_t line;          /* of the byte at `offset` */
    uint64_t length;        /* content bytes of the field so far */
    char before;            /* the byte before `offset` */
};

static bool ends_line(const struct progress *at, char byte)
{
    if (!at->setup->document->automaton.dialect.cr_ends)
        return byte == '\n';
    return byte == '\r' || (byte == '\n' && at->before != '\r');
}

/* How the byte that leads from one state to the next changes the content of its field. */
static uint64_t content_bytes(enum scan_state from, enum scan_state to)
{
    if (to == SCAN_UNQUOTED)
        return from == SCAN_CR_AFTER_QUOTE ? 2 : 1;
    return to == SCAN_QUOTED &&
           (from == SCAN_QUOTED || from == SCAN_QUOTE_IN_QUOTED || from == SCAN_ESCAPED);
}

static enum sheaf_status check_length(const struct progress *at, struct sheaf_error *error)
{
    if (at->length <= at->setup->document->options.max_field)
        return SHEAF_OK;
    return csv_error_too_long(at->setup->document, &at->field, error);
}

/* Ends the field before the byte that is a delimiter or line end. */
static enum sheaf_status end_field(struct progress *at, char byte, struct sheaf_error *error)
{
    if (byte == '\n' && at->before == '\r' && at->state == SCAN_UNQUOTED && at->length > 0)
        at->length--; /* the CR of a CRLF is no content */
    TRY(check_length(at, error));
    at->length = 0;
    at->field.column++;
    at->field.byte = at->offset + 1;
    at->field.line = at->line;
    return SHEAF_OK;
}

/* Follows the row through some bytes; stops after its end. */
static enum sheaf_status follow(struct progress *at, const char *bytes, size_t length, bool *ended,
                                struct sheaf_error *error)
{
    const struct scan_automaton *automaton = &at->setup->document->automaton;
    *ended = false;
    for (size_t i = 0; i < length && !*ended; i++) {
        const unsigned next = automaton->next[at->state][(unsigned char)bytes[i]] & SCAN_STATE_MASK;
        const enum scan_state to = (enum scan_state)next;
        if (at->state == SCAN_CR_AFTER_QUOTE && to == SCAN_FIELD_START)
            at->length++; /* the CR turned out to be content */
        if (to == SCAN_ROW_START || to == SCAN_FIELD_START)
            TRY(end_field(at, bytes[i], error));
        else
            at->length += content_bytes(at->state, to);
        at->line += ends_line(at, bytes[i]);
        if (to == SCAN_FIELD_START)
            at->field.line = at->line;
        at->before = bytes[i];
        at->state = to;
        at->offset++;
        *ended = to == SCAN_ROW_START;
    }
    /* One byte over may still be a CR before a LF. */
    if (!*ended && at->length > 1 && at->length - 1 > at->setup->document->options.max_field)
        return csv_error_too_long(at->setup->document, &at->field, error);
    return SHEAF_OK;
}

/* The file ended inside the row. */
static enum sheaf_status at_end(const struct progress *at, struct sheaf_error *error)
{
    TRY(check_length(at, error));
    if (at->state == SCAN_QUOTED || at->state == SCAN_ESCAPED)
        return csv_error_unclosed(at->setup->document, &at->field, error);
    return SHEAF_OK;
}

static enum sheaf_status follow_file(struct progress *at, struct sheaf_error *error)
{
    const struct csv_skip_setup *setup = at->setup;
    char *piece = memory_alloc(SKIP_PIECE);
    if (piece == NULL)
        return error_no_memory(error, "a bad row");
    enum sheaf_status status = SHEAF_OK;
    for (bool ended = false; status == SHEAF_OK && !ended;) {
        size_t got;
        status = dataset_read(setup->document->dataset, setup->file, at->offset, piece, SKIP_PIECE,
                              &got, error);
        if (status == SHEAF_OK && got > 0)
            status = follow(at, piece, got, &ended, error);
        else if (status == SHEAF_OK) {
            status = at_end(at, error);
            ended = true;
        }
    }
    memory_free(piece);
    return status;
}

enum sheaf_status csv_skip_row(const struct csv_skip_setup *setup, uint64_t *end,
                               struct sheaf_error *error)
{
    const struct scanner_place *place = &setup->place;
    struct progress at = {
        .setup = setup,
        .state = SCAN_QUOTE_IN_QUOTED,
        .offset = setup->raw_offset + setup->bad,
        .length = setup->field_length,
        .before = setup->raw[setup->bad - 1],
        .field = {.file = setup->file,
                  .line = place->field_line,
                  .byte = setup->raw_offset + place->field_start,
                  .column = place->field + 1},
    };
    at.line = place->field_line + line_ends_count(setup->raw + place->field_start,
                                                  setup->bad - place->field_start,
                                                  setup->document->automaton.dialect.cr_ends)
                                      .count;
    bool ended;
    TRY(follow(&at, setup->raw + setup->bad, setup->raw_length - setup->bad, &ended, error));
    if (!ended)
        TRY(follow_file(&at, error));
    *end = at.offset;
    return SHEAF_OK;
}
