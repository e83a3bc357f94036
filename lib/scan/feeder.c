#include "scan/feeder.h"

#include "scan/field_memory.h"
#include "scan/line_ends.h"

#include <csv.h>
#include <string.h>

enum {
    LARGE_FIELD = 1 << 20,
    QUOTELESS_PIECE = 128, /* leaves a byte value free for libcsv's quote */
    PARSER_OPTIONS = CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL | CSV_REPALL_NL,
};

struct feeder {
    struct csv_parser parser;
    struct feeder_setup setup;
    struct scan_rows rows;
    uint32_t *wanted_slots; /* of the wanted fields, in their order in a row */
    struct arena copies;    /* fields whose doubled quotes were undone, of this stretch */
    char *line_feeds;       /* with cr_ends: the bytes as libcsv gets them */
    size_t line_feeds_size;

    uint64_t charged; /* for libcsv's copy of a long field */

    const char *raw;
    size_t row_start;      /* of the open row */
    size_t position;       /* of the first byte not yet accounted for: a field start */
    size_t fed;            /* bytes up to here were given to libcsv or skipped */
    uint64_t line;         /* of the open row */
    uint64_t row_ends;     /* line ends inside the open row's quoted fields */
    uint32_t field;        /* number of the field being read */
    uint32_t kept;         /* wanted fields of the open row so far */
    int byte_before;       /* the byte before raw[0] */
    enum scan_state state; /* with cr_ends: of the byte at `fed` */
    bool in_comment;
    bool at_end;             /* libcsv was told that no more bytes come */
    enum feeder_event event; /* what a callback ran into */
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

static void keep_field(struct feeder *feeder, const struct scan_field *field, uint32_t slot)
{
    const struct scan_rows *rows = &feeder->rows;
    rows->fields[(size_t)slot * rows->capacity + rows->count] = *field;
}

/* A quoted field: its raw form is two quotes, the content, and one more byte for each quote in
 * the content. */
static size_t quoted_length(struct feeder *feeder, const char *bytes, struct scan_field *field,
                            uint32_t slot, uint64_t *line_ends)
{
    const int quote = feeder->setup.automaton->dialect.quote;
    const size_t doubled = count_quotes(bytes, field->length, quote);
    field->kind = SCAN_FIELD_QUOTED;
    field->at++;
    if (doubled > 0 && slot != FEEDER_UNWANTED) {
        field->copy = arena_copy(&feeder->copies, bytes, field->length, feeder->error);
        if (field->copy == NULL)
            feeder->event = FEEDER_FAILED;
    }
    const size_t raw_length = field->length + doubled + 2;
    const struct line_ends ends = line_ends_count(feeder->raw + feeder->position, raw_length,
                                                  feeder->setup.automaton->dialect.cr_ends);
    *line_ends = ends.count;
    return raw_length;
}

/* A last field may be one byte over: the CR of a CRLF is still among its bytes. */
static bool is_too_long(const struct feeder *feeder, const struct scan_field *field)
{
    if (field->length <= feeder->setup.max_field)
        return false;
    const size_t end = field->at + field->length;
    const bool holds_cr = field->kind == SCAN_FIELD_UNQUOTED && !feeder->at_end &&
                          !feeder->setup.automaton->dialect.cr_ends &&
                          feeder->raw[end - 1] == '\r' && feeder->raw[end] == '\n';
    return !holds_cr || field->length - 1 > feeder->setup.max_field;
}

static void on_field(void *bytes, size_t length, void *argument)
{
    struct feeder *feeder = argument;
    if (feeder->event != FEEDER_FED)
        return;
    const uint32_t slot = feeder->field < feeder->setup.field_count
                              ? feeder->setup.slot_of_field[feeder->field]
                              : FEEDER_UNWANTED;
    struct scan_field field = {
        .at = feeder->position, .length = length, .kind = SCAN_FIELD_UNQUOTED};
    size_t raw_length = length;
    uint64_t line_ends = 0;
    if (bytes != NULL &&
        (unsigned char)feeder->raw[feeder->position] == feeder->setup.automaton->dialect.quote)
        raw_length = quoted_length(feeder, bytes, &field, slot, &line_ends);
    if (is_too_long(feeder, &field)) {
        feeder->event = FEEDER_TOO_LONG;
        return;
    }
    if (slot != FEEDER_UNWANTED) {
        keep_field(feeder, &field, slot);
        feeder->kept++;
    }
    feeder->field += feeder->field < UINT32_MAX;
    feeder->row_ends += line_ends;
    feeder->position += raw_length + 1; /* the delimiter or line end */
}

/* Takes the CR of a CRLF off the last field, which is unquoted; false when nothing remains of the
 * row: a blank line. */
static bool drop_carriage_return(struct feeder *feeder)
{
    const size_t line_feed = feeder->position - 1;
    const uint32_t last = feeder->field - 1;
    const uint32_t slot =
        last < feeder->setup.field_count ? feeder->setup.slot_of_field[last] : FEEDER_UNWANTED;
    if (slot != FEEDER_UNWANTED) {
        struct scan_rows *rows = &feeder->rows;
        rows->fields[(size_t)slot * rows->capacity + rows->count].length--;
    }
    return last > 0 || line_feed - 1 > feeder->row_start;
}

static void start_row(struct feeder *feeder, uint64_t line_ends)
{
    feeder->line += feeder->row_ends + line_ends;
    feeder->row_start = feeder->position;
    feeder->row_ends = 0;
    feeder->field = 0;
    feeder->kept = 0;
}

/* With cr_ends, the LF of a CRLF is an empty line that is no further physical line. */
static uint64_t ends_at(const struct feeder *feeder, size_t at)
{
    if (!feeder->setup.automaton->dialect.cr_ends || feeder->raw[at] != '\n')
        return 1;
    const int before = at > 0 ? (unsigned char)feeder->raw[at - 1] : feeder->byte_before;
    return before != '\r';
}

static void complete_row(struct feeder *feeder)
{
    struct scan_rows *rows = &feeder->rows;
    /* Fields come in order, so the wanted ones that are missing are the last. */
    for (uint32_t i = feeder->kept; i < feeder->setup.slots; i++)
        keep_field(feeder, &(struct scan_field){.kind = SCAN_FIELD_ABSENT},
                   feeder->wanted_slots[i]);
    rows->starts[rows->count] = feeder->row_start;
    rows->lines[rows->count] = feeder->line;
    rows->field_counts[rows->count] = feeder->field;
    rows->count++;
    if (rows->count == rows->capacity && !scan_rows_grow(&feeder->rows)) {
        feeder->event = FEEDER_FAILED;
        error_no_memory(feeder->error, "the rows of a batch");
    }
}

static void on_row(int terminator, void *argument)
{
    struct feeder *feeder = argument;
    if (feeder->event != FEEDER_FED)
        return;
    if (feeder->field == 0) { /* an empty line */
        feeder->position++;
        start_row(feeder, ends_at(feeder, feeder->position - 1));
        return;
    }
    if (terminator < 0) { /* the end of the input */
        complete_row(feeder);
        start_row(feeder, 0);
        return;
    }
    /* A CR between a closing quote and the LF was not fed: position - 1 is its place. */
    size_t line_end = feeder->position - 1;
    bool blank = false;
    if (!feeder->setup.automaton->dialect.cr_ends) {
        if (feeder->raw[line_end] == '\r') {
            feeder->position++;
            line_end++;
        } else if (line_end > feeder->row_start && feeder->raw[line_end - 1] == '\r') {
            blank = !drop_carriage_return(feeder);
        }
    }
    const uint64_t ends = ends_at(feeder, line_end);
    if (!blank)
        complete_row(feeder);
    start_row(feeder, ends);
}

/* ---- memory ------------------------------------------------------------------------------ */

static bool list_wanted(struct feeder *feeder)
{
    feeder->wanted_slots = memory_zeroed(feeder->setup.slots, sizeof *feeder->wanted_slots);
    uint32_t wanted = 0;
    for (uint32_t field = 0; feeder->wanted_slots != NULL && field < feeder->setup.field_count;
         field++)
        if (feeder->setup.slot_of_field[field] != FEEDER_UNWANTED)
            feeder->wanted_slots[wanted++] = feeder->setup.slot_of_field[field];
    return feeder->wanted_slots != NULL;
}

enum sheaf_status feeder_open(const struct feeder_setup *setup, struct feeder **out,
                              struct sheaf_error *error)
{
    *out = NULL;
    struct feeder *feeder = memory_zeroed(1, sizeof *feeder);
    if (feeder == NULL)
        return error_no_memory(error, "the CSV parser");
    feeder->setup = *setup;
    feeder->rows.slots = setup->slots;
    feeder->copies =
        (struct arena){.budget = setup->budget, .what = "the quoted fields of a chunk"};
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
    if (!list_wanted(feeder) || !scan_rows_grow(&feeder->rows)) {
        feeder_close(feeder);
        return error_no_memory(error, "the rows of a batch");
    }
    *out = feeder;
    return SHEAF_OK;
}

void feeder_close(struct feeder *feeder)
{
    if (feeder == NULL)
        return;
    csv_free(&feeder->parser);
    memory_uncharge(feeder->setup.budget, feeder->charged);
    arena_close(&feeder->copies);
    memory_free(feeder->wanted_slots);
    memory_free(feeder->line_feeds);
    scan_rows_close(&feeder->rows);
    memory_free(feeder);
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
    memory_uncharge(feeder->setup.budget, feeder->charged);
    feeder->charged = 0;
}

void feeder_begin(struct feeder *feeder, uint64_t line, int byte_before)
{
    reset_parser(feeder);
    release_long_field(feeder);
    arena_reset(&feeder->copies);
    feeder->rows.count = 0;
    feeder->position = feeder->fed = feeder->row_start = 0;
    feeder->line = line;
    feeder->row_ends = 0;
    feeder->field = 0;
    feeder->kept = 0;
    feeder->byte_before = byte_before;
    feeder->state = SCAN_ROW_START;
    feeder->in_comment = false;
    feeder->at_end = false;
    feeder->event = FEEDER_FED;
}

bool feeder_at_row_start(const struct feeder *feeder)
{
    return feeder->field == 0 && feeder->fed == feeder->position;
}

/* Charges what libcsv's copy of a field has grown to. */
static enum feeder_event charge_field(struct feeder *feeder)
{
    const uint64_t size = field_memory_size(feeder->parser.entry_buf);
    if (size <= feeder->charged || size <= FIELD_MEMORY_STEP)
        return FEEDER_FED;
    if (memory_charge(feeder->setup.budget, size - feeder->charged, "a long field", NULL,
                      feeder->error) != SHEAF_OK)
        return FEEDER_FAILED;
    feeder->charged = size;
    return FEEDER_FED;
}

/* Gives libcsv some bytes that stand at raw + feeder->fed; steps in where it is stricter than we
 * are. */
static enum feeder_event parse(struct feeder *feeder, const char *bytes, size_t length,
                               const char *after)
{
    size_t done = 0;
    while (done < length && feeder->event == FEEDER_FED) {
        const size_t taken =
            csv_parse(&feeder->parser, bytes + done, length - done, on_field, on_row, feeder);
        done += taken;
        feeder->fed += taken;
        if (done == length || feeder->event != FEEDER_FED)
            break;
        if (csv_error(&feeder->parser) != CSV_EPARSE) {
            error_no_memory(feeder->error, "a field of the input");
            return FEEDER_FAILED;
        }
        if (!feeder->parser.quoted) { /* a quote inside unquoted text is text */
            csv_set_opts(&feeder->parser, PARSER_OPTIONS & ~CSV_STRICT);
            const size_t one =
                csv_parse(&feeder->parser, bytes + done, 1, on_field, on_row, feeder);
            csv_set_opts(&feeder->parser, PARSER_OPTIONS);
            if (one == 0) {
                error_no_memory(feeder->error, "a field of the input");
                return FEEDER_FAILED;
            }
            done++;
            feeder->fed++;
            continue;
        }
        /* libcsv holds the closing quote as the field's last byte until it knows better. */
        if (feeder->parser.entry_pos - 1 > feeder->setup.max_field)
            return FEEDER_TOO_LONG;
        if (bytes[done] != '\r')
            return FEEDER_BAD;
        if (bytes + done + 1 >= after)
            return FEEDER_PENDING;
        if (bytes[done + 1] != '\n')
            return FEEDER_BAD;
        done++; /* the CR of a CRLF after a closing quote */
        feeder->fed++;
    }
    if (feeder->event == FEEDER_FED && feeder->parser.entry_pos > feeder->setup.max_field &&
        feeder->parser.entry_pos - feeder->setup.max_field > 1)
        feeder->event = FEEDER_TOO_LONG; /* 1: a CR or a closing quote may stand at its end */
    return feeder->event == FEEDER_FED ? charge_field(feeder) : feeder->event;
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

static enum feeder_event parse_quoteless(struct feeder *feeder, const char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const size_t left = length - done;
        const size_t piece = left < QUOTELESS_PIECE ? left : QUOTELESS_PIECE;
        csv_set_quote(&feeder->parser,
                      unused_byte(bytes + done, piece, feeder->setup.automaton->dialect.delimiter));
        const enum feeder_event event = parse(feeder, bytes + done, piece, bytes + done + piece);
        if (event != FEEDER_FED)
            return event;
        done += piece;
    }
    return FEEDER_FED;
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
        state = feeder->setup.automaton->next[state][byte] & SCAN_STATE_MASK;
        feeder->line_feeds[i] = byte == '\r' && state == SCAN_ROW_START ? '\n' : bytes[i];
    }
    return feeder->line_feeds;
}

static enum feeder_event feed_piece(struct feeder *feeder, size_t length, size_t stop)
{
    const struct scan_dialect *dialect = &feeder->setup.automaton->dialect;
    const size_t start = feeder->fed;
    const char *bytes = feeder->raw + start;
    const char *after = feeder->raw + stop;
    if (dialect->cr_ends) {
        bytes = with_line_feeds(feeder, bytes, length);
        if (bytes == NULL) {
            error_no_memory(feeder->error, "a line of the input");
            return FEEDER_FAILED;
        }
        after = bytes + length; /* no CR is ever pending */
    }
    const enum feeder_event event = dialect->quote == SCAN_NO_BYTE
                                        ? parse_quoteless(feeder, bytes, length)
                                        : parse(feeder, bytes, length, after);
    if (dialect->cr_ends)
        feeder->state = scan_run(feeder->setup.automaton, feeder->state, feeder->raw + start,
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
    const bool cr_ends = feeder->setup.automaton->dialect.cr_ends;
    const size_t length = line_length(feeder->raw + feeder->fed, stop - feeder->fed, cr_ends);
    feeder->fed += length;
    feeder->position = feeder->fed;
    const char last = feeder->raw[feeder->fed - 1];
    feeder->in_comment = !(last == '\n' || (cr_ends && last == '\r'));
    start_row(feeder, feeder->in_comment ? 0 : 1);
}

enum feeder_event feeder_feed(struct feeder *feeder, const char *raw, size_t *position, size_t stop,
                              enum feeder_extent extent, struct sheaf_error *error)
{
    const struct scan_dialect *dialect = &feeder->setup.automaton->dialect;
    const bool by_line = extent == FEEDER_ONE_ROW || dialect->comment != SCAN_NO_BYTE;
    feeder->raw = raw;
    feeder->error = error;
    feeder->fed = *position;
    enum feeder_event event = FEEDER_FED;
    while (event == FEEDER_FED && feeder->fed < stop) {
        if (feeder_at_row_start(feeder) &&
            (feeder->in_comment || (unsigned char)raw[feeder->fed] == dialect->comment)) {
            skip_comment(feeder, stop);
        } else {
            size_t length = stop - feeder->fed;
            if (by_line)
                length = line_length(raw + feeder->fed, length, dialect->cr_ends);
            event = feed_piece(feeder, length, stop);
        }
        if (extent == FEEDER_ONE_ROW && feeder_at_row_start(feeder))
            break;
    }
    *position = feeder->fed;
    return event;
}

enum feeder_event feeder_end(struct feeder *feeder, const char *raw, size_t length,
                             struct sheaf_error *error)
{
    feeder->raw = raw;
    feeder->error = error;
    if (feeder_at_row_start(feeder))
        return FEEDER_FED;
    if (feeder->fed < length)
        return FEEDER_BAD; /* the pending CR */
    feeder->at_end = true;
    if (csv_fini(&feeder->parser, on_field, on_row, feeder) != 0)
        return feeder->parser.entry_pos > feeder->setup.max_field ? FEEDER_TOO_LONG
                                                                  : FEEDER_UNCLOSED;
    if (feeder->event == FEEDER_FED)
        feeder->position = feeder->row_start = feeder->fed;
    return feeder->event;
}

void feeder_place(const struct feeder *feeder, struct feeder_place *out)
{
    *out = (struct feeder_place){
        .row_start = feeder->row_start,
        .row_line = feeder->line,
        .field = feeder->field,
        .field_start = feeder->position,
        .field_line = feeder->line + feeder->row_ends,
    };
}

uint64_t feeder_open_length(const struct feeder *feeder)
{
    return feeder->parser.entry_pos - 1; /* libcsv holds the closing quote as its last byte */
}

void feeder_skip_row(struct feeder *feeder, size_t stop, uint64_t lines)
{
    reset_parser(feeder);
    feeder->event = FEEDER_FED;
    feeder->position = feeder->fed = stop;
    feeder->row_ends = 0;
    feeder->state = SCAN_ROW_START;
    start_row(feeder, lines);
}

const struct scan_rows *feeder_rows(const struct feeder *feeder)
{
    return &feeder->rows;
}

void feeder_forget_rows(struct feeder *feeder)
{
    struct scan_rows *rows = &feeder->rows;
    /* The fields of the open row stand in the row after the complete ones. */
    if (rows->count == 0)
        return;
    for (uint32_t slot = 0; slot < rows->slots; slot++) {
        struct scan_field *fields = rows->fields + (size_t)slot * rows->capacity;
        fields[0] = fields[rows->count];
    }
    rows->count = 0;
}
