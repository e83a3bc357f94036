/* scan/walker.c - rows of fields, read by the automaton's own table: what scan/automaton.h says of
 * a byte is what happens, so every dialect is right by construction.
 *
 * In unquoted text, in quotes and in comments only two or three byte values lead out; the bytes up
 * to the next such one are skipped eight at a time. Nothing of an open field is kept but where it
 * starts: it is looked at again when it ends, so the raw bytes may move. */
#include "base/word.h"
#include "scan/line_ends.h"
#include "scan/open_row.h"

#include <string.h>

enum { WAYS_OUT = 3 };

/* The byte values that lead out of a state, each in all eight bytes of a word. */
struct ways_out {
    uint64_t words[WAYS_OUT];
};

struct walker {
    struct scanner base;
    struct open_row row;
    struct ways_out of_unquoted;
    struct ways_out of_quoted;
    struct ways_out of_comment;
    const char *raw;
    size_t at; /* bytes up to here were walked */
    enum scan_state state;
    size_t dropped; /* bytes in the open quoted field that are none of its content: escapes, and
                       the first ones of doubled quotes */
    struct sheaf_error *error;
};

/* ---- skipping ---------------------------------------------------------------------------- */

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (uint8_t)(value))

/* Values that there are not are given as one that there is. */
static struct ways_out make_ways_out(int one, int other, int third)
{
    return (struct ways_out){.words = {
                                 EACH_BYTE(one),
                                 EACH_BYTE(other == SCAN_NO_BYTE ? one : other),
                                 EACH_BYTE(third == SCAN_NO_BYTE ? one : third),
                             }};
}

/* A bit in every zero byte up to and with the first (the borrow of which may reach above it): Alan
 * Mycroft, 1987; Henry Warren, Hacker's Delight, 6-1. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(0x01)) & ~word & EACH_BYTE(0x80);
}

static inline uint64_t find_in_word(const struct ways_out *ways, uint64_t word)
{
    return zero_bytes(word ^ ways->words[0]) | zero_bytes(word ^ ways->words[1]) |
           zero_bytes(word ^ ways->words[2]);
}

static inline bool leads_out(const struct ways_out *ways, char byte)
{
    const uint64_t word = EACH_BYTE(byte);
    return word == ways->words[0] || word == ways->words[1] || word == ways->words[2];
}

/* Gives the position of the first byte from `at` on that leads out, or `stop`. */
static inline size_t skip(const struct ways_out *ways, const char *raw, size_t at, size_t stop)
{
    for (; stop - at >= WORD_SIZE; at += WORD_SIZE) {
        const uint64_t found = find_in_word(ways, word_load(raw + at, WORD_SIZE));
        if (found != 0)
            return at + (size_t)__builtin_ctzll(found) / 8;
    }
    while (at < stop && !leads_out(ways, raw[at]))
        at++;
    return at;
}

static inline size_t skip_ordinary(const struct walker *walker, size_t stop)
{
    switch (walker->state) {
    case SCAN_UNQUOTED:
        return skip(&walker->of_unquoted, walker->raw, walker->at, stop);
    case SCAN_QUOTED:
        return skip(&walker->of_quoted, walker->raw, walker->at, stop);
    case SCAN_COMMENT:
        return skip(&walker->of_comment, walker->raw, walker->at, stop);
    default:
        return walker->at;
    }
}

/* ---- fields ------------------------------------------------------------------------------ */

static inline bool is_in_quotes(enum scan_state state)
{
    return state == SCAN_QUOTED || state == SCAN_QUOTE_IN_QUOTED || state == SCAN_ESCAPED;
}

/* Content bytes of the open field so far, among them a quote of which it is not known whether it
 * closes the field. */
static uint64_t entry_length(const struct walker *walker)
{
    if (walker->state == SCAN_COMMENT)
        return 0;
    const size_t walked = walker->at - walker->row.position;
    return is_in_quotes(walker->state) ? walked - 1 - walker->dropped : walked;
}

/* Copies the content in raw[from … end): of two quotes the second stays, and of an escape and the
 * byte after it the byte. */
static void copy_content(const struct walker *walker, char *out, size_t from, size_t end)
{
    while (from < end) {
        const size_t odd = skip(&walker->of_quoted, walker->raw, from, end);
        memcpy(out, walker->raw + from, odd - from);
        out += odd - from;
        from = odd + 2;
        if (from <= end)
            *out++ = walker->raw[odd + 1];
    }
}

/* Ends a quoted field whose closing quote is raw[at - 1]; the next one starts at `next`. */
static enum scanner_event end_quoted(struct walker *walker, size_t next)
{
    struct open_row *row = &walker->row;
    const size_t opening = row->position;
    const size_t closing = walker->at - 1;
    struct scan_field field = {
        .at = opening + 1,
        .length = closing - opening - 1 - walker->dropped,
        .kind = SCAN_FIELD_QUOTED,
    };
    if (field.length > row->setup.max_field)
        return SCANNER_TOO_LONG;
    if (walker->dropped > 0 && open_row_slot(row) != SCANNER_UNWANTED) {
        char *copy = open_row_copy_room(row, field.length, walker->error);
        if (copy == NULL)
            return SCANNER_FAILED;
        copy_content(walker, copy, opening + 1, closing);
        field.copy = copy;
    }
    const struct line_ends ends = line_ends_count(walker->raw + opening, closing - opening,
                                                  row->setup.automaton->dialect.cr_ends);
    open_row_add(row, &field, next, ends.count);
    return SCANNER_FED;
}

/* Ends an unquoted field that raw[end] is no more of. */
static inline enum scanner_event end_unquoted(struct walker *walker, size_t end, size_t next)
{
    struct open_row *row = &walker->row;
    const struct scan_field field = {
        .at = row->position,
        .length = end - row->position,
        .kind = SCAN_FIELD_UNQUOTED,
    };
    if (field.length > row->setup.max_field)
        return SCANNER_TOO_LONG;
    open_row_add(row, &field, next, 0);
    return SCANNER_FED;
}

static inline enum scanner_event end_field(struct walker *walker)
{
    return walker->state == SCAN_QUOTE_IN_QUOTED ? end_quoted(walker, walker->at + 1)
                                                 : end_unquoted(walker, walker->at, walker->at + 1);
}

/* ---- rows -------------------------------------------------------------------------------- */

static enum scanner_event complete_row(struct walker *walker)
{
    if (open_row_complete(&walker->row))
        return SCANNER_FED;
    error_no_memory(walker->error, "the rows of a batch");
    return SCANNER_FAILED;
}

/* Goes on behind the line end at raw[line_end], which ended a row, a comment, or nothing. */
static inline void start_row(struct walker *walker, size_t line_end, uint64_t line_ends)
{
    walker->at = walker->row.position = line_end + 1;
    walker->state = SCAN_ROW_START;
    open_row_start(&walker->row, line_ends);
}

/* A CR before the LF that ends an unquoted field is no part of it (with cr_ends there is none). */
static inline size_t without_cr(const struct walker *walker, size_t line_end)
{
    const bool is_crlf = line_end > walker->row.position && walker->raw[line_end] == '\n' &&
                         walker->raw[line_end - 1] == '\r';
    return is_crlf ? line_end - 1 : line_end;
}

/* Takes the line end at raw[at]. */
static enum scanner_event end_line(struct walker *walker)
{
    const size_t line_end = walker->at;
    if (walker->state == SCAN_COMMENT) {
        start_row(walker, line_end, 1);
        return SCANNER_FED;
    }
    const uint64_t line_ends = open_row_ends_at(&walker->row, walker->raw, line_end);
    enum scanner_event event = SCANNER_FED;
    if (walker->state == SCAN_QUOTE_IN_QUOTED) {
        event = end_quoted(walker, line_end + 1);
    } else {
        const size_t end = without_cr(walker, line_end);
        if (end == walker->row.start) { /* a blank line */
            start_row(walker, line_end, line_ends);
            return SCANNER_FED;
        }
        event = end_unquoted(walker, end, line_end + 1);
    }
    if (event == SCANNER_FED)
        event = complete_row(walker);
    if (event == SCANNER_FED)
        start_row(walker, line_end, line_ends);
    return event;
}

/* Takes what may not follow a closing quote, or only as the CR of a CRLF. */
static enum scanner_event take_after_quote(struct walker *walker, size_t stop)
{
    if (entry_length(walker) - 1 > walker->row.setup.max_field)
        return SCANNER_TOO_LONG;
    const size_t at = walker->at;
    if (walker->raw[at] != '\r')
        return SCANNER_BAD;
    if (stop - at == 1)
        return SCANNER_PENDING;
    if (walker->raw[at + 1] != '\n')
        return SCANNER_BAD;
    enum scanner_event event = end_quoted(walker, at + 2);
    if (event == SCANNER_FED)
        event = complete_row(walker);
    if (event == SCANNER_FED)
        start_row(walker, at + 1, 1);
    return event;
}

/* Takes one byte. */
static inline enum scanner_event step(struct walker *walker, size_t stop)
{
    const struct scan_automaton *automaton = walker->row.setup.automaton;
    const enum scan_state from = walker->state;
    const unsigned to = automaton->next[from][(unsigned char)walker->raw[walker->at]];
    enum scanner_event event;
    switch (to) {
    case SCAN_ROW_START:
        return end_line(walker);
    case SCAN_FIELD_START:
        event = end_field(walker);
        if (event != SCANNER_FED)
            return event;
        break;
    case SCAN_QUOTED:
        if (from == SCAN_ROW_START || from == SCAN_FIELD_START)
            walker->dropped = 0;
        else if (from == SCAN_QUOTE_IN_QUOTED)
            walker->dropped++;
        break;
    case SCAN_ESCAPED:
        walker->dropped++;
        break;
    case SCAN_UNQUOTED:
    case SCAN_QUOTE_IN_QUOTED:
    case SCAN_COMMENT:
        break;
    default: /* bad, or a CR after a closing quote */
        return take_after_quote(walker, stop);
    }
    walker->state = (enum scan_state)to;
    walker->at++;
    return SCANNER_FED;
}

static inline bool is_at_row_start(const struct walker *walker)
{
    return walker->state == SCAN_ROW_START || walker->state == SCAN_COMMENT;
}

static enum scanner_event walk(struct walker *walker, size_t stop, enum scanner_extent extent)
{
    while (walker->at < stop) {
        walker->at = skip_ordinary(walker, stop);
        if (walker->at == stop)
            break;
        const enum scanner_event event = step(walker, stop);
        if (event != SCANNER_FED)
            return event;
        if (walker->state == SCAN_ROW_START && extent == SCANNER_ONE_ROW)
            break;
    }
    /* One byte over may yet turn out to be the CR of a CRLF, or a closing quote. */
    const uint64_t length = entry_length(walker);
    const uint64_t most = walker->row.setup.max_field;
    return length > most && length - most > 1 ? SCANNER_TOO_LONG : SCANNER_FED;
}

/* ---- the table's row --------------------------------------------------------------------- */

static struct walker *walker_of(struct scanner *scanner)
{
    return (struct walker *)scanner;
}

static void walker_close(struct scanner *scanner)
{
    struct walker *walker = walker_of(scanner);
    if (walker == NULL)
        return;
    open_row_close(&walker->row);
    memory_free(walker);
}

static enum sheaf_status walker_open(const struct scanner_setup *setup, struct scanner **out,
                                     struct sheaf_error *error)
{
    *out = NULL;
    struct walker *walker = memory_zeroed(1, sizeof *walker);
    if (walker == NULL)
        return error_no_memory(error, "the CSV parser");
    const struct scan_dialect *dialect = &setup->automaton->dialect;
    const int carriage_return = dialect->cr_ends ? '\r' : SCAN_NO_BYTE;
    walker->base.ops = &scanner_walker;
    walker->of_unquoted = make_ways_out('\n', dialect->delimiter, carriage_return);
    walker->of_quoted = make_ways_out(dialect->quote, dialect->escape, SCAN_NO_BYTE);
    walker->of_comment = make_ways_out('\n', carriage_return, SCAN_NO_BYTE);
    if (!open_row_open(&walker->row, setup)) {
        walker_close(&walker->base);
        return error_no_memory(error, "the rows of a batch");
    }
    *out = &walker->base;
    return SHEAF_OK;
}

static void walker_begin(struct scanner *scanner, uint64_t line, int byte_before)
{
    struct walker *walker = walker_of(scanner);
    open_row_begin(&walker->row, line, byte_before);
    walker->at = 0;
    walker->state = SCAN_ROW_START;
    walker->dropped = 0;
}

static enum scanner_event walker_feed(struct scanner *scanner, const char *raw, size_t *position,
                                      size_t stop, enum scanner_extent extent,
                                      struct sheaf_error *error)
{
    struct walker *walker = walker_of(scanner);
    walker->raw = raw;
    walker->error = error;
    walker->at = *position;
    const enum scanner_event event = walk(walker, stop, extent);
    if (walker->state == SCAN_COMMENT) { /* what was skipped of it belongs to no row */
        walker->row.position = walker->at;
        open_row_start(&walker->row, 0);
    }
    *position = walker->at;
    return event;
}

static enum scanner_event walker_end(struct scanner *scanner, const char *raw, size_t length,
                                     struct sheaf_error *error)
{
    struct walker *walker = walker_of(scanner);
    walker->raw = raw;
    walker->error = error;
    if (is_at_row_start(walker))
        return SCANNER_FED;
    if (walker->at < length)
        return SCANNER_BAD; /* the pending CR */
    if (walker->state == SCAN_QUOTED || walker->state == SCAN_ESCAPED)
        return entry_length(walker) > walker->row.setup.max_field ? SCANNER_TOO_LONG
                                                                  : SCANNER_UNCLOSED;
    enum scanner_event event = end_field(walker);
    if (event == SCANNER_FED)
        event = complete_row(walker);
    if (event == SCANNER_FED) {
        walker->row.position = walker->at;
        walker->state = SCAN_ROW_START;
        open_row_start(&walker->row, 0);
    }
    return event;
}

static bool walker_at_row_start(const struct scanner *scanner)
{
    return is_at_row_start((const struct walker *)scanner);
}

static void walker_place(const struct scanner *scanner, struct scanner_place *out)
{
    open_row_place(&((const struct walker *)scanner)->row, out);
}

static uint64_t walker_open_length(const struct scanner *scanner)
{
    return entry_length((const struct walker *)scanner) - 1; /* without the closing quote */
}

static void walker_skip_row(struct scanner *scanner, size_t stop, uint64_t lines)
{
    struct walker *walker = walker_of(scanner);
    open_row_skip(&walker->row, stop, lines);
    walker->at = stop;
    walker->state = SCAN_ROW_START;
}

static const struct scan_rows *walker_rows(const struct scanner *scanner)
{
    return &((const struct walker *)scanner)->row.rows;
}

static void walker_forget_rows(struct scanner *scanner)
{
    open_row_forget(&walker_of(scanner)->row);
}

const struct scanner_ops scanner_walker = {
    .name = "walker",
    .open = walker_open,
    .begin = walker_begin,
    .feed = walker_feed,
    .end = walker_end,
    .at_row_start = walker_at_row_start,
    .place = walker_place,
    .open_length = walker_open_length,
    .skip_row = walker_skip_row,
    .pass_over = walker_skip_row, /* the open row is all there is to drop */
    .rows = walker_rows,
    .forget_rows = walker_forget_rows,
    .close = walker_close,
};
