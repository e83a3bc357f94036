/* format/csv_reader.c - the rows that start in one chunk, as batches.
 *
 * A reader holds the chunk's bytes, surveys them, learns the entry state, skips to the first row
 * that starts here, and feeds on from there in pieces that stay in the cache. The last row may
 * reach past the chunk: then bytes are added behind until it ends. */
#include "base/clock.h"
#include "format/csv.h"
#include "format/csv_skip.h"
#include "scan/line_ends.h"

#include <string.h>

enum {
    PIECE = 16 << 10,      /* bytes fed for one batch … */
    PIECE_LEAST = 1 << 10, /* … fewer when many columns are needed, which all have vectors */
    PIECE_COLUMNS = 64,
    EXTENSION_LEAST = 512, /* bytes read behind a chunk whose last row is open, then doubled … */
    EXTENSION_MOST = 8 << 20,
};

struct format_reader {
    struct csv_document *document;
    enum format_policy policy;
    struct scanner *scanner;
    struct format_counts counts;

    struct chunk chunk;
    char *raw; /* the chunk's bytes, and those behind it that its last row needed */
    size_t raw_size;
    size_t raw_length;
    uint64_t charged;    /* for bytes behind the chunk */
    size_t chunk_length; /* of the raw bytes, those of the chunk */
    size_t base;         /* where the first row starts: the scanner's byte 0 */
    size_t position;     /* fed so far, from the base */
    size_t piece;        /* bytes fed for one batch */
    size_t extension;    /* bytes to be read behind next */
    bool pending_cr;     /* the byte after a CR decides whether the row is bad */
    bool done;           /* no further row of this chunk */
    bool has_pending;
    struct sheaf_error pending; /* comes after the rows before it */

    struct column *columns;
    struct text *texts; /* slots * row_capacity */
    uint64_t *row_bytes;
    uint32_t *selection;
    uint32_t row_capacity;
};

/* ---- opening ----------------------------------------------------------------------------- */

static size_t piece_size(uint32_t slots)
{
    const size_t size = slots <= PIECE_COLUMNS ? PIECE : (size_t)PIECE * PIECE_COLUMNS / slots;
    return size < PIECE_LEAST ? PIECE_LEAST : size;
}

enum sheaf_status csv_reader_open(struct format_document *document, struct format_reader **out,
                                  struct sheaf_error *error)
{
    struct csv_document *csv = (struct csv_document *)document;
    *out = NULL;
    struct format_reader *reader = memory_zeroed(1, sizeof *reader);
    if (reader == NULL)
        return error_no_memory(error, "a reader");
    reader->document = csv;
    reader->policy = csv->options.policy;
    reader->piece = piece_size(csv->slots);
    const struct scanner_setup setup = {
        .automaton = &csv->automaton,
        .max_field = csv->options.max_field,
        .slot_of_field = csv->slot_of_field,
        .field_count = csv->columns,
        .slots = csv->slots,
        .budget = csv->options.budget,
    };
    enum sheaf_status status = csv->scanner->open(&setup, &reader->scanner, error);
    reader->columns = memory_zeroed(csv->slots, sizeof *reader->columns);
    if (status == SHEAF_OK && reader->columns == NULL)
        status = error_no_memory(error, "a reader");
    if (status == SHEAF_OK)
        *out = reader;
    else
        csv_reader_close(reader);
    return status;
}

static void release_raw(struct format_reader *reader)
{
    memory_free(reader->raw);
    reader->raw = NULL;
    reader->raw_size = 0;
}

/* The bytes behind the chunk were the last row's. */
static void release_charge(struct format_reader *reader)
{
    memory_uncharge(reader->document->options.budget, reader->charged);
    reader->charged = 0;
}

void csv_reader_close(struct format_reader *reader)
{
    if (reader == NULL)
        return;
    reader->document->scanner->close(reader->scanner);
    release_charge(reader);
    release_raw(reader);
    memory_free(reader->columns);
    memory_free(reader->texts);
    memory_free(reader->row_bytes);
    memory_free(reader->selection);
    memory_free(reader);
}

const struct format_counts *csv_reader_counts(const struct format_reader *reader)
{
    return &reader->counts;
}

/* Makes room for `size` raw bytes; those there stay. */
static enum sheaf_status reserve_raw(struct format_reader *reader, size_t size,
                                     struct sheaf_error *error)
{
    if (size <= reader->raw_size)
        return SHEAF_OK;
    /* A stream adds to a long row in small steps. */
    if (size < reader->raw_size + reader->raw_size / 4)
        size = reader->raw_size + reader->raw_size / 4;
    char *grown = memory_resize(reader->raw, size);
    if (grown == NULL)
        return error_no_memory(error, "the bytes of a chunk");
    reader->raw = grown;
    reader->raw_size = size;
    return SHEAF_OK;
}

/* ---- beginning a chunk ------------------------------------------------------------------- */

static enum sheaf_status read_chunk(struct format_reader *reader, const struct chunk *chunk,
                                    struct sheaf_error *error)
{
    /* A long row of an earlier chunk must not keep its memory for good. */
    if (reader->raw_size > 2 * chunk->length + 2 * (size_t)EXTENSION_MOST)
        release_raw(reader);
    reader->chunk = *chunk;
    reader->done = true;
    reader->has_pending = false;
    reader->raw_length = 0;
    release_charge(reader);
    TRY(reserve_raw(reader, chunk->length, error));
    TRY(dataset_read(reader->document->dataset, chunk->file, chunk->offset, reader->raw,
                     chunk->length, &reader->raw_length, error));
    reader->chunk_length = reader->raw_length;
    return SHEAF_OK;
}

/* Skips to the first row that starts in the chunk. */
static void begin_rows(struct format_reader *reader, const struct entry_state *entry)
{
    const struct scan_automaton *automaton = &reader->document->automaton;
    const bool cr_ends = automaton->dialect.cr_ends;
    enum scan_state state = entry->state;
    reader->base = scan_to_row(automaton, &state, reader->raw, reader->chunk_length);
    reader->position = 0;
    reader->pending_cr = false;
    reader->extension =
        reader->chunk_length < EXTENSION_LEAST ? EXTENSION_LEAST : reader->chunk_length;
    if (reader->extension > PIECE)
        reader->extension = PIECE;
    reader->done = state != SCAN_ROW_START || reader->base == reader->chunk_length;
    if (reader->done)
        return;
    struct line_ends before = {.count = entry->lines, .last_is_cr = entry->last_is_cr};
    if (reader->base > 0)
        before = line_ends_add(before, line_ends_count(reader->raw, reader->base, cr_ends));
    reader->scanner->ops->begin(reader->scanner, 1 + before.count,
                                before.last_is_cr ? '\r' : SCAN_NO_BYTE);
}

enum sheaf_status csv_reader_begin(struct format_reader *reader, const struct chunk *chunk,
                                   struct sheaf_error *error)
{
    struct csv_document *document = reader->document;
    uint64_t since = clock_now();
    const enum sheaf_status status = read_chunk(reader, chunk, error);
    reader->counts.read_ns += clock_lap(&since);
    if (status != SHEAF_OK) {
        entry_ring_fail(document->ring, chunk);
        return status;
    }
    const struct scan_survey survey =
        scan_survey_bytes(&document->automaton, reader->raw, reader->chunk_length);
    reader->counts.survey_ns += clock_lap(&since);
    struct entry_state entry;
    TRY(entry_ring_settle(document->ring, chunk, &survey, &document->begins[chunk->file], &entry,
                          error));
    reader->counts.wait_ns += clock_lap(&since);
    begin_rows(reader, &entry);
    reader->counts.parse_ns += clock_lap(&since);
    reader->counts.bytes += reader->chunk_length;
    return SHEAF_OK;
}

enum sheaf_status csv_reader_begin_sample(struct format_reader *reader, uint32_t file,
                                          uint64_t *length, struct sheaf_error *error)
{
    const struct csv_document *document = reader->document;
    const uint64_t begin = document->begin_bytes[file];
    const struct chunk chunk = {.file = file, .offset = begin, .length = *length};
    reader->policy = FORMAT_SKIP;
    TRY(read_chunk(reader, &chunk, error));
    *length = reader->chunk_length;
    begin_rows(reader, &document->begins[file]);
    return SHEAF_OK;
}

/* ---- what can be wrong ------------------------------------------------------------------- */

/* Keeps the error for after the rows that come before it. */
static void set_pending(struct format_reader *reader, const struct sheaf_error *error)
{
    reader->pending = *error;
    reader->has_pending = true;
}

static void count_skipped(struct format_reader *reader, const struct sheaf_error *error)
{
    struct format_counts *counts = &reader->counts;
    counts->skipped_rows++;
    error_keep_earlier(&counts->first_skipped, error);
}

static uint64_t file_byte(const struct format_reader *reader, size_t position)
{
    return reader->chunk.offset + reader->base + position;
}

static struct csv_where where_now(const struct format_reader *reader)
{
    struct scanner_place place;
    reader->scanner->ops->place(reader->scanner, &place);
    return (struct csv_where){
        .file = reader->chunk.file,
        .line = place.field_line,
        .byte = file_byte(reader, place.field_start),
        .column = place.field + 1,
    };
}

/* A bad row under FORMAT_SKIP: finds its end. A row that ends past the chunk is the last. */
static enum sheaf_status skip_bad_row(struct format_reader *reader, struct sheaf_error *error)
{
    struct csv_document *document = reader->document;
    struct scanner_place place;
    reader->scanner->ops->place(reader->scanner, &place);
    const struct csv_skip_setup setup = {
        .document = document,
        .file = reader->chunk.file,
        .raw = reader->raw + reader->base,
        .raw_offset = reader->chunk.offset + reader->base,
        .raw_length = reader->raw_length - reader->base,
        .place = place,
        .bad = reader->position,
        .field_length = reader->scanner->ops->open_length(reader->scanner),
    };
    uint64_t end;
    TRY(csv_skip_row(&setup, &end, error));
    const uint64_t chunk_end = reader->chunk.offset + reader->chunk_length;
    if (end >= chunk_end) {
        reader->done = true;
        return SHEAF_OK;
    }
    reader->position = (size_t)(end - setup.raw_offset);
    const struct line_ends ends =
        line_ends_count(setup.raw + place.row_start, reader->position - place.row_start,
                        document->automaton.dialect.cr_ends);
    reader->scanner->ops->skip_row(reader->scanner, reader->position, ends.count);
    return SHEAF_OK;
}

static enum sheaf_status take_bad_row(struct format_reader *reader, struct sheaf_error *error)
{
    struct csv_where where = where_now(reader);
    const char *field = reader->raw + (where.byte - reader->chunk.offset);
    const char *bad = reader->raw + reader->base + reader->position;
    where.line +=
        line_ends_count(field, (size_t)(bad - field), reader->document->automaton.dialect.cr_ends)
            .count;
    where.byte = file_byte(reader, reader->position);
    struct sheaf_error row_error;
    csv_error_after_quote(reader->document, &where, &row_error);
    if (reader->policy == FORMAT_FAIL) {
        set_pending(reader, &row_error);
        return SHEAF_OK;
    }
    count_skipped(reader, &row_error);
    const enum sheaf_status status = skip_bad_row(reader, error);
    if (status != SHEAF_DATA)
        return status;
    set_pending(reader, error);
    return SHEAF_OK;
}

/* A limit that was passed is told with the row where it was. */
static enum sheaf_status add_place(const struct format_reader *reader, struct sheaf_error *error)
{
    const struct csv_where where = where_now(reader);
    if (error->status == SHEAF_LIMIT)
        csv_error_add_place(reader->document, &where, error);
    return error->status;
}

static enum sheaf_status take_event(struct format_reader *reader, enum scanner_event event,
                                    struct sheaf_error *error)
{
    struct sheaf_error field_error;
    const struct csv_where where = where_now(reader);
    switch (event) {
    case SCANNER_FED:
    case SCANNER_PENDING:
        return SHEAF_OK;
    case SCANNER_BAD:
        return take_bad_row(reader, error);
    case SCANNER_TOO_LONG:
        csv_error_too_long(reader->document, &where, &field_error);
        break;
    case SCANNER_UNCLOSED:
        csv_error_unclosed(reader->document, &where, &field_error);
        break;
    case SCANNER_FAILED:
        return add_place(reader, error);
    }
    set_pending(reader, &field_error);
    return SHEAF_OK;
}

/* ---- feeding ----------------------------------------------------------------------------- */

/* Reads some bytes behind the chunk for its open last row; *got 0 at the end of the file. */
static enum sheaf_status extend(struct format_reader *reader, size_t *got,
                                struct sheaf_error *error)
{
    struct memory_budget *budget = reader->document->options.budget;
    const size_t wanted = reader->extension;
    if (memory_charge(budget, wanted, "a row that reaches past its chunk", NULL, error) != SHEAF_OK)
        return add_place(reader, error);
    *got = 0;
    enum sheaf_status status = reserve_raw(reader, reader->raw_length + wanted, error);
    if (status == SHEAF_OK)
        status = dataset_read(reader->document->dataset, reader->chunk.file,
                              reader->chunk.offset + reader->raw_length,
                              reader->raw + reader->raw_length, wanted, got, error);
    memory_uncharge(budget, wanted - *got);
    reader->charged += *got;
    reader->raw_length += *got;
    /* As much again as the row has taken so far: linear in its length. */
    if (*got == wanted && wanted < EXTENSION_MOST)
        reader->extension *= 2;
    return status == SHEAF_OK ? SHEAF_OK : add_place(reader, error);
}

static enum sheaf_status feed_last_row(struct format_reader *reader, struct sheaf_error *error)
{
    const char *raw = reader->raw + reader->base;
    size_t length = reader->raw_length - reader->base;
    enum scanner_event event = SCANNER_FED;
    if (reader->position == length || reader->pending_cr) {
        size_t got;
        TRY(extend(reader, &got, error));
        raw = reader->raw + reader->base;
        length += got;
        if (got == 0) {
            event = reader->scanner->ops->end(reader->scanner, raw, length, error);
            reader->done = event == SCANNER_FED;
            return take_event(reader, event, error);
        }
    }
    event = reader->scanner->ops->feed(reader->scanner, raw, &reader->position, length,
                                       SCANNER_ONE_ROW, error);
    reader->pending_cr = event == SCANNER_PENDING;
    TRY(take_event(reader, event, error));
    if (event == SCANNER_FED && reader->scanner->ops->at_row_start(reader->scanner))
        reader->done = true;
    return SHEAF_OK;
}

/* Feeds the next piece of the chunk, or of its last row. */
static enum sheaf_status feed_piece(struct format_reader *reader, struct sheaf_error *error)
{
    const size_t length = reader->chunk_length - reader->base;
    const size_t left = length > reader->position ? length - reader->position : 0;
    if (left == 0 || (reader->pending_cr && left == 1)) {
        if (reader->pending_cr || !reader->scanner->ops->at_row_start(reader->scanner))
            return feed_last_row(reader, error);
        reader->done = true;
        return SHEAF_OK;
    }
    const size_t stop = reader->position + (left < reader->piece ? left : reader->piece);
    const enum scanner_event event =
        reader->scanner->ops->feed(reader->scanner, reader->raw + reader->base, &reader->position,
                                   stop, SCANNER_EVERY_ROW, error);
    reader->pending_cr = event == SCANNER_PENDING;
    return take_event(reader, event, error);
}

/* ---- batches ----------------------------------------------------------------------------- */

static enum sheaf_status reserve_batch(struct format_reader *reader, uint32_t rows,
                                       struct sheaf_error *error)
{
    if (rows <= reader->row_capacity)
        return SHEAF_OK;
    const size_t capacity = 2 * (size_t)rows;
    const size_t slots = reader->document->slots;
    size_t cells;
    if (!size_multiply(capacity, slots * sizeof *reader->texts, &cells))
        return error_no_memory(error, "the rows of a batch");
    memory_free(reader->texts);
    memory_free(reader->row_bytes);
    memory_free(reader->selection);
    reader->row_capacity = 0;
    reader->texts = memory_alloc(cells);
    reader->row_bytes = memory_alloc(capacity * sizeof *reader->row_bytes);
    reader->selection = memory_alloc(capacity * sizeof *reader->selection);
    if (reader->texts == NULL || reader->row_bytes == NULL || reader->selection == NULL)
        return error_no_memory(error, "the rows of a batch");
    reader->row_capacity = (uint32_t)capacity;
    return SHEAF_OK;
}

static bool has_right_shape(const struct csv_document *document, uint32_t fields)
{
    if (fields == document->columns)
        return true;
    return (document->options.ragged & (fields < document->columns ? FORMAT_PAD : FORMAT_TRIM)) !=
           0;
}

/* Leaves out rows of a wrong shape; gives the number of rows to be used (all before the first
 * wrong one when that is an error). */
static uint32_t check_shapes(struct format_reader *reader, const struct scan_rows *rows,
                             struct batch *out)
{
    struct csv_document *document = reader->document;
    uint32_t selected = 0;
    for (uint32_t row = 0; row < rows->count; row++) {
        if (has_right_shape(document, rows->field_counts[row])) {
            reader->selection[selected++] = row;
            continue;
        }
        const struct csv_where where = {
            .file = reader->chunk.file,
            .line = rows->lines[row],
            .byte = file_byte(reader, rows->starts[row]),
        };
        struct sheaf_error error;
        csv_error_fields(document, &where, rows->field_counts[row], &error);
        if (reader->policy == FORMAT_FAIL) {
            set_pending(reader, &error); /* comes before any found behind it */
            return row;
        }
        count_skipped(reader, &error);
    }
    if (selected < rows->count)
        out->selection = reader->selection;
    out->selected = selected;
    return rows->count;
}

static void make_texts(struct format_reader *reader, const struct scan_rows *rows, uint32_t slot,
                       uint32_t count)
{
    const struct csv_nulls *nulls = &reader->document->nulls;
    const char *raw = reader->raw + reader->base;
    const struct scan_field *fields = &rows->fields[(size_t)slot * rows->capacity];
    struct text *texts = reader->texts + (size_t)slot * reader->row_capacity;
    for (uint32_t row = 0; row < count; row++) {
        const struct scan_field *field = &fields[row];
        const char *bytes = field->copy != NULL ? field->copy : raw + field->at;
        const bool only_empty = nulls->count == 0 && !nulls->quoted && nulls->empty;
        const bool is_null = only_empty ? field->length == 0 && field->kind != SCAN_FIELD_QUOTED
                                        : csv_is_null(nulls, bytes, field->length, field->kind);
        texts[row] = (struct text){.bytes = is_null ? NULL : bytes, .length = field->length};
    }
    reader->columns[slot] = (struct column){.texts = texts};
}

static uint64_t line_of(const struct batch *batch, uint32_t row)
{
    const struct format_reader *reader = batch->lender;
    return reader->scanner->ops->rows(reader->scanner)->lines[row];
}

/* Makes a batch of the rows fed so far; without a row left in it, out->selected is 0. */
static enum sheaf_status make_batch(struct format_reader *reader, struct batch *out,
                                    struct sheaf_error *error)
{
    const struct scan_rows *rows = reader->scanner->ops->rows(reader->scanner);
    TRY(reserve_batch(reader, rows->count, error));
    *out = (struct batch){
        .file = reader->chunk.file,
        .row_bytes = reader->row_bytes,
        .line_of = line_of,
        .lender = reader,
        .columns = reader->columns,
    };
    const uint32_t count = check_shapes(reader, rows, out);
    out->rows = count;
    if (out->selection == NULL)
        out->selected = count;
    for (uint32_t row = 0; row < count; row++)
        reader->row_bytes[row] = file_byte(reader, rows->starts[row]);
    for (uint32_t slot = 0; slot < rows->slots; slot++)
        make_texts(reader, rows, slot, count);
    reader->counts.rows += out->selected;
    return SHEAF_OK;
}

enum sheaf_status csv_reader_next(struct format_reader *reader, struct batch *out,
                                  struct sheaf_error *error)
{
    struct sheaf_error unused;
    uint64_t since = clock_now();
    enum sheaf_status status = SHEAF_OK;
    if (error == NULL)
        error = &unused;
    out->selected = 0;
    while (status == SHEAF_OK && out->selected == 0) {
        if (reader->has_pending) {
            *error = reader->pending;
            status = error->status;
        } else if (reader->done) {
            status = SHEAF_END;
        } else {
            reader->scanner->ops->forget_rows(reader->scanner);
            status = feed_piece(reader, error);
            if (status == SHEAF_OK && reader->scanner->ops->rows(reader->scanner)->count > 0)
                status = make_batch(reader, out, error);
        }
    }
    reader->counts.parse_ns += clock_lap(&since);
    return status;
}
