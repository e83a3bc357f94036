/* scan/feeder.c - rows of fields by libcsv, fed so that it means what our dialect means.
 *
 * libcsv as shipped trims spaces, ends a row at a lone CR, in lax mode can swallow rows, and in
 * strict mode refuses a quote inside unquoted text. The feeder sets it to strict, without spaces,
 * with LF as the only line end, and steps in where the two differ:
 *   - the CR of a CRLF outside quotes is dropped; with cr_ends a lone CR is fed as a LF;
 *   - comment lines are not fed;
 *   - strictness is off for one byte where a quote stands in unquoted text;
 *   - without a quote character, it is fed pieces of at most 128 bytes, before each of which its
 *     quote is set to a byte that the piece does not hold;
 *   - it does not say whether a field was quoted, so the feeder keeps the raw position of every
 *     field and looks at its first byte.
 *
 * It keeps a copy of an open field, so the raw bytes may move. */
#include "scan/field_memory.h"
#include "scan/line_ends.h"
#include "scan/open_row.h"

#include <csv.h>
#include <string.h>

enum {
    LARGE_FIELD = 1 << 20,
    QUOTELESS_PIECE = 128, /* leaves a byte value free for libcsv's quote */
    PARSER_OPTIONS = CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL | CSV_REPALL_NL,
};

struct feeder {
    struct scanner base;
    struct open_row row;
    struct csv_parser parser;
    char *line_feeds; /* with cr_ends: the bytes as libcsv gets them */
    size_t line_feeds_size;

    uint64_t charged; /* for libcsv's copy of a long field */

    const char *raw;
    size_t fed;            /* bytes up to here were given to libcsv or skipped */
    enum scan_state state; /* with cr_ends: of the byte at `fed` */
    bool in_comment;
    bool at_end;              /* libcsv was told that no more bytes come */
    enum scanner_event event; /* what a callback ran into */
    struct sheaf_error *error;
};

/* ---- what libcsv calls ------------------------------------------------------------------- */

static int is_no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static int is_line_feed(unsigned char byte)
{
    return byte == '\n';
}

static size_t count_quotes(const char *bytes, size_t length, int quote)
{
    size_t count = 0;
    for (const char *at = bytes, *end = bytes + length;
         (at = memchr(at, quote, (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

/* A quoted field: its raw form is two quotes, the content, and one more byte for each quote in
 * the content. */
static size_t quoted_length(struct feeder *feeder, const char *bytes, struct scan_field *field,
                            uint64_t *line_ends)
{
    const int quote = feeder->row.setup.automaton->dialect.quote;
    const size_t doubled = count_quotes(bytes, field->length, quote);
    field->kind = SCAN_FIELD_QUOTED;
    field->at++;
    if (doubled > 0 && open_row_slot(&feeder->row) != SCANNER_UNWANTED) {
        char *copy = open_row_copy_room(&feeder->row, field->length, feeder->error);
        if (copy == NULL)
            feeder->event = SCANNER_FAILED;
        else
            field->copy = memcpy(copy, bytes, field->length);
    }
    const size_t raw_length = field->length + doubled + 2;
    const struct line_ends ends = line_ends_count(feeder->raw + feeder->row.position, raw_length,
                                                  feeder->row.setup.automaton->dialect.cr_ends);
    *line_ends = ends.count;
    return raw_length;
}

/* A last field may be one byte over: the CR of a CRLF is still among its bytes. */
static bool is_too_long(const struct feeder *feeder, const struct scan_field *field)
{
    if (field->length <= feeder->row.setup.max_field)
        return false;
    const size_t end = field->at + field->length;
    const bool holds_cr = field->kind == SCAN_FIELD_UNQUOTED && !feeder->at_end &&
                          !feeder->row.setup.automaton->dialect.cr_ends &&
                          feeder->raw[end - 1] == '\r' && feeder->raw[end] == '\n';
    return !holds_cr || field->length - 1 > feeder->row.setup.max_field;
}

static void on_field(void *bytes, size_t length, void *argument)
{
    struct feeder *feeder = argument;
    if (feeder->event != SCANNER_FED)
        return;
    const size_t start = feeder->row.position;
    const int quote = feeder->row.setup.automaton->dialect.quote;
    struct scan_field field = {.at = start, .length = length, .kind = SCAN_FIELD_UNQUOTED};
    size_t raw_length = length;
    uint64_t line_ends = 0;
    if (bytes != NULL && (unsigned char)feeder->raw[start] == quote)
        raw_length = quoted_length(feeder, bytes, &field, &line_ends);
    if (is_too_long(feeder, &field)) {
        feeder->event = SCANNER_TOO_LONG;
        return;
    }
    /* 1: the delimiter or line end */
    open_row_add(&feeder->row, &field, start + raw_length + 1, line_ends);
}

/* Takes the CR of a CRLF off the last field, which is unquoted; false when nothing remains of the
 * row: a blank line. */
static bool drop_carriage_return(struct feeder *feeder)
{
    const size_t line_feed = feeder->row.position - 1;
    const uint32_t last = feeder->row.field - 1;
    const struct scanner_setup *setup = &feeder->row.setup;
    const uint32_t slot = last < setup->field_count ? setup->slot_of_field[last] : SCANNER_UNWANTED;
    if (slot != SCANNER_UNWANTED) {
        struct scan_rows *rows = &feeder->row.rows;
        rows->fields[(size_t)slot * rows->capacity + rows->count].length--;
    }
    return last > 0 || line_feed - 1 > feeder->row.start;
}

static void complete_row(struct feeder *feeder)
{
    if (open_row_complete(&feeder->row))
        return;
    feeder->event = SCANNER_FAILED;
    error_no_memory(feeder->error, "the rows of a batch");
}

static void on_row(int terminator, void *argument)
{
    struct feeder *feeder = argument;
    if (feeder->event != SCANNER_FED)
        return;
    if (feeder->row.field == 0) { /* an empty line */
        feeder->row.position++;
        open_row_start(&feeder->row,
                       open_row_ends_at(&feeder->row, feeder->raw, feeder->row.position - 1));
        return;
    }
    if (terminator < 0) { /* the end of the input */
        complete_row(feeder);
        open_row_start(&feeder->row, 0);
        return;
    }
    /* A CR between a closing quote and the LF was not fed: position - 1 is its place. */
    size_t line_end = feeder->row.position - 1;
    bool blank = false;
    if (!feeder->row.setup.automaton->dialect.cr_ends) {
        if (feeder->raw[line_end] == '\r') {
            feeder->row.position++;
            line_end++;
        } else if (line_end > feeder->row.start && feeder->raw[line_end - 1] == '\r') {
            blank = !drop_carriage_return(feeder);
        }
    }
    const uint64_t ends = open_row_ends_at(&feeder->row, feeder->raw, line_end);
    if (!blank)
        complete_row(feeder);
    open_row_start(&feeder->row, ends);
}

/* ---- memory ------------------------------------------------------------------------------ */

static struct feeder *feeder_of(struct scanner *scanner)
{
    return (struct feeder *)scanner;
}

static void feeder_close(struct scanner *scanner)
{
    struct feeder *feeder = feeder_of(scanner);
    if (feeder == NULL)
        return;
    csv_free(&feeder->parser);
    memory_uncharge(feeder->row.setup.budget, feeder->charged);
    open_row_close(&feeder->row);
    memory_free(feeder->line_feeds);
    memory_free(feeder);
}

static enum sheaf_status feeder_open(const struct scanner_setup *setup, struct scanner **out,
                                     struct sheaf_error *error)
{
    *out = NULL;
    struct feeder *feeder = memory_zeroed(1, sizeof *feeder);
    if (feeder == NULL)
        return error_no_memory(error, "the CSV parser");
    feeder->base.ops = &scanner_libcsv;
    const struct scan_dialect *dialect = &setup->automaton->dialect;
    csv_init(&feeder->parser, PARSER_OPTIONS);
    csv_set_delim(&feeder->parser, dialect->delimiter);
    if (dialect->quote != SCAN_NO_BYTE)
        csv_set_quote(&feeder->parser, (unsigned char)dialect->quote);
    csv_set_space_func(&feeder->parser, is_no_space);
    csv_set_term_func(&feeder->parser, is_line_feed);
    csv_set_realloc_func(&feeder->parser, field_memory_resize);
    csv_set_free_func(&feeder->parser, field_memory_free);
    csv_set_blk_size(&feeder->parser, FIELD_MEMORY_STEP);
    if (!open_row_open(&feeder->row, setup)) {
        feeder_close(&feeder->base);
        return error_no_memory(error, "the rows of a batch");
    }
    *out = &feeder->base;
    return SHEAF_OK;
}

/* ---- feeding ----------------------------------------------------------------------------- */

/* Brings libcsv back to a row start without calling back. csv_fini refuses to in a quoted field
 * when strict, so strictness is off for the call. */
static void reset_parser(struct feeder *feeder)
{
    csv_set_opts(&feeder->parser, 0);
    csv_fini(&feeder->parser, NULL, NULL, NULL);
    csv_set_opts(&feeder->parser, PARSER_OPTIONS);
}

/* One very long field must not keep its memory for the rest of the run. */
static void release_long_field(struct feeder *feeder)
{
    if (field_memory_size(feeder->parser.entry_buf) <= LARGE_FIELD)
        return;
    csv_free(&feeder->parser);
    memory_uncharge(feeder->row.setup.budget, feeder->charged);
    feeder->charged = 0;
}

static void feeder_begin(struct scanner *scanner, uint64_t line, int byte_before)
{
    struct feeder *feeder = feeder_of(scanner);
    reset_parser(feeder);
    release_long_field(feeder);
    open_row_begin(&feeder->row, line, byte_before);
    feeder->fed = 0;
    feeder->state = SCAN_ROW_START;
    feeder->in_comment = false;
    feeder->at_end = false;
    feeder->event = SCANNER_FED;
}

static bool is_at_row_start(const struct feeder *feeder)
{
    return feeder->row.field == 0 && feeder->fed == feeder->row.position;
}

static bool feeder_at_row_start(const struct scanner *scanner)
{
    return is_at_row_start((const struct feeder *)scanner);
}

/* Charges what libcsv's copy of a field has grown to. */
static enum scanner_event charge_field(struct feeder *feeder)
{
    const uint64_t size = field_memory_size(feeder->parser.entry_buf);
    if (size <= feeder->charged || size <= FIELD_MEMORY_STEP)
        return SCANNER_FED;
    if (memory_charge(feeder->row.setup.budget, size - feeder->charged, "a long field", NULL,
                      feeder->error) != SHEAF_OK)
        return SCANNER_FAILED;
    feeder->charged = size;
    return SCANNER_FED;
}

/* Gives libcsv some bytes that stand at raw + feeder->fed; steps in where it is stricter than we
 * are. */
static enum scanner_event parse(struct feeder *feeder, const char *bytes, size_t length,
                                const char *after)
{
    size_t done = 0;
    while (done < length && feeder->event == SCANNER_FED) {
        const size_t taken =
            csv_parse(&feeder->parser, bytes + done, length - done, on_field, on_row, feeder);
        done += taken;
        feeder->fed += taken;
        if (done == length || feeder->event != SCANNER_FED)
            break;
        if (csv_error(&feeder->parser) != CSV_EPARSE) {
            error_no_memory(feeder->error, "a field of the input");
            return SCANNER_FAILED;
        }
        if (!feeder->parser.quoted) { /* a quote inside unquoted text is text */
            csv_set_opts(&feeder->parser, PARSER_OPTIONS & ~CSV_STRICT);
            const size_t one =
                csv_parse(&feeder->parser, bytes + done, 1, on_field, on_row, feeder);
            csv_set_opts(&feeder->parser, PARSER_OPTIONS);
            if (one == 0) {
                error_no_memory(feeder->error, "a field of the input");
                return SCANNER_FAILED;
            }
            done++;
            feeder->fed++;
            continue;
        }
        /* libcsv holds the closing quote as the field's last byte until it knows better. */
        if (feeder->parser.entry_pos - 1 > feeder->row.setup.max_field)
            return SCANNER_TOO_LONG;
        if (bytes[done] != '\r')
            return SCANNER_BAD;
        if (bytes + done + 1 >= after)
            return SCANNER_PENDING;
        if (bytes[done + 1] != '\n')
            return SCANNER_BAD;
        done++; /* the CR of a CRLF after a closing quote */
        feeder->fed++;
    }
    if (feeder->event == SCANNER_FED && feeder->parser.entry_pos > feeder->row.setup.max_field &&
        feeder->parser.entry_pos - feeder->row.setup.max_field > 1)
        feeder->event = SCANNER_TOO_LONG; /* 1: a CR or a closing quote may stand at its end */
    return feeder->event == SCANNER_FED ? charge_field(feeder) : feeder->event;
}

/* A byte value that libcsv may take for a quote because the bytes do not hold it. */
static unsigned char unused_byte(const char *bytes, size_t length, unsigned char delimiter)
{
    bool used[256] = {[0] = true, ['\n'] = true, ['\r'] = true};
    used[delimiter] = true;
    for (size_t i = 0; i < length; i++)
        used[(unsigned char)bytes[i]] = true;
    unsigned char unused = 1;
    while (used[unused])
        unused++;
    return unused;
}

static enum scanner_event parse_quoteless(struct feeder *feeder, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const size_t left = length - done;
        const size_t piece = left < QUOTELESS_PIECE ? left : QUOTELESS_PIECE;
        csv_set_quote(&feeder->parser, unused_byte(bytes + done, piece,
                                                   feeder->row.setup.automaton->dialect.delimiter));
        const enum scanner_event event = parse(feeder, bytes + done, piece, bytes + done + piece);
        if (event != SCANNER_FED)
            return event;
        done += piece;
    }
    return SCANNER_FED;
}

/* With cr_ends: a copy in which each CR outside quotes is a LF. NULL: no memory. */
static const char *with_line_feeds(struct feeder *feeder, const char *bytes, size_t length)
{
    if (length > feeder->line_feeds_size) {
        char *grown = memory_resize(feeder->line_feeds, length);
        if (grown == NULL)
            return NULL;
        feeder->line_feeds = grown;
        feeder->line_feeds_size = length;
    }
    unsigned state = feeder->state;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        state = feeder->row.setup.automaton->next[state][byte] & SCAN_STATE_MASK;
        feeder->line_feeds[i] = byte == '\r' && state == SCAN_ROW_START ? '\n' : bytes[i];
    }
    return feeder->line_feeds;
}

static enum scanner_event feed_piece(struct feeder *feeder, size_t length, size_t stop)
{
    const struct scan_dialect *dialect = &feeder->row.setup.automaton->dialect;
    const size_t start = feeder->fed;
    const char *bytes = feeder->raw + start;
    const char *after = feeder->raw + stop;
    if (dialect->cr_ends) {
        bytes = with_line_feeds(feeder, bytes, length);
        if (bytes == NULL) {
            error_no_memory(feeder->error, "a line of the input");
            return SCANNER_FAILED;
        }
        after = bytes + length; /* no CR is ever pending */
    }
    const enum scanner_event event = dialect->quote == SCAN_NO_BYTE
                                         ? parse_quoteless(feeder, bytes, length)
                                         : parse(feeder, bytes, length, after);
    if (dialect->cr_ends)
        feeder->state = scan_run(feeder->row.setup.automaton, feeder->state, feeder->raw + start,
                                 feeder->fed - start);
    return event;
}

/* The number of bytes up to and with the next line end, or `length`. */
static size_t line_length(const char *bytes, size_t length, bool cr_ends)
{
    if (!cr_ends) {
        const char *line_feed = memchr(bytes, '\n', length);
        return line_feed == NULL ? length : (size_t)(line_feed - bytes) + 1;
    }
    size_t i = 0;
    while (i < length && bytes[i] != '\n' && bytes[i] != '\r')
        i++;
    return i < length ? i + 1 : length;
}

/* Skips a comment, or the part of it that is there. */
static void skip_comment(struct feeder *feeder, size_t stop)
{
    const bool cr_ends = feeder->row.setup.automaton->dialect.cr_ends;
    const size_t length = line_length(feeder->raw + feeder->fed, stop - feeder->fed, cr_ends);
    feeder->fed += length;
    feeder->row.position = feeder->fed;
    const char last = feeder->raw[feeder->fed - 1];
    feeder->in_comment = !(last == '\n' || (cr_ends && last == '\r'));
    open_row_start(&feeder->row, feeder->in_comment ? 0 : 1);
}

static enum scanner_event feeder_feed(struct scanner *scanner, const char *raw, size_t *position,
                                      size_t stop, enum scanner_extent extent,
                                      struct sheaf_error *error)
{
    struct feeder *feeder = feeder_of(scanner);
    const struct scan_dialect *dialect = &feeder->row.setup.automaton->dialect;
    const bool by_line = extent == SCANNER_ONE_ROW || dialect->comment != SCAN_NO_BYTE;
    feeder->raw = raw;
    feeder->error = error;
    feeder->fed = *position;
    enum scanner_event event = SCANNER_FED;
    while (event == SCANNER_FED && feeder->fed < stop) {
        if (is_at_row_start(feeder) &&
            (feeder->in_comment || (unsigned char)raw[feeder->fed] == dialect->comment)) {
            skip_comment(feeder, stop);
        } else {
            size_t length = stop - feeder->fed;
            if (by_line)
                length = line_length(raw + feeder->fed, length, dialect->cr_ends);
            event = feed_piece(feeder, length, stop);
        }
        if (extent == SCANNER_ONE_ROW && is_at_row_start(feeder))
            break;
    }
    *position = feeder->fed;
    return event;
}

static enum scanner_event feeder_end(struct scanner *scanner, const char *raw, size_t length,
                                     struct sheaf_error *error)
{
    struct feeder *feeder = feeder_of(scanner);
    feeder->raw = raw;
    feeder->error = error;
    if (is_at_row_start(feeder))
        return SCANNER_FED;
    if (feeder->fed < length)
        return SCANNER_BAD; /* the pending CR */
    feeder->at_end = true;
    if (csv_fini(&feeder->parser, on_field, on_row, feeder) != 0)
        return feeder->parser.entry_pos > feeder->row.setup.max_field ? SCANNER_TOO_LONG
                                                                      : SCANNER_UNCLOSED;
    if (feeder->event == SCANNER_FED)
        feeder->row.position = feeder->row.start = feeder->fed;
    return feeder->event;
}

static void feeder_place(const struct scanner *scanner, struct scanner_place *out)
{
    open_row_place(&((const struct feeder *)scanner)->row, out);
}

static uint64_t feeder_open_length(const struct scanner *scanner)
{
    /* libcsv holds the closing quote as the field's last byte. */
    return ((const struct feeder *)scanner)->parser.entry_pos - 1;
}

static void feeder_pass_over(struct scanner *scanner, size_t stop, uint64_t lines)
{
    struct feeder *feeder = feeder_of(scanner);
    open_row_skip(&feeder->row, stop, lines);
    feeder->fed = stop;
    feeder->state = SCAN_ROW_START;
    feeder->in_comment = false;
}

static void feeder_skip_row(struct scanner *scanner, size_t stop, uint64_t lines)
{
    struct feeder *feeder = feeder_of(scanner);
    reset_parser(feeder);
    feeder->event = SCANNER_FED;
    feeder_pass_over(scanner, stop, lines);
}

static const struct scan_rows *feeder_rows(const struct scanner *scanner)
{
    return &((const struct feeder *)scanner)->row.rows;
}

static void feeder_forget_rows(struct scanner *scanner)
{
    open_row_forget(&feeder_of(scanner)->row);
}

const struct scanner_ops scanner_libcsv = {
    .name = "libcsv",
    .open = feeder_open,
    .begin = feeder_begin,
    .feed = feeder_feed,
    .end = feeder_end,
    .at_row_start = feeder_at_row_start,
    .place = feeder_place,
    .open_length = feeder_open_length,
    .skip_row = feeder_skip_row,
    .pass_over = feeder_pass_over,
    .rows = feeder_rows,
    .forget_rows = feeder_forget_rows,
    .close = feeder_close,
};
