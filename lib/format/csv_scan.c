/* Rows by a scanner, piece by piece or row by row. The last row of a chunk may reach past it: then
 * bytes are added behind until it ends. */
#include "format/csv_reader.h"

#include "format/csv_skip.h"
#include "scan/line_ends.h"

enum { EXTENSION_MOST = 8 << 20 };

/* ---- what can be wrong ------------------------------------------------------------------- */

static struct csv_where where_now(const struct format_reader *reader)
{
    struct scanner_place place;
    reader->scanner->ops->place(reader->scanner, &place);
    return (struct csv_where){
        .file = reader->chunk.file,
        .line = place.field_line,
        .byte = csv_file_byte(reader, place.field_start),
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
    where.byte = csv_file_byte(reader, reader->position);
    struct sheaf_error row_error;
    csv_error_after_quote(reader->document, &where, &row_error);
    if (reader->policy == FORMAT_FAIL) {
        csv_set_pending(reader, &row_error);
        return SHEAF_OK;
    }
    csv_count_skipped(reader, &row_error);
    const enum sheaf_status status = skip_bad_row(reader, error);
    if (status != SHEAF_DATA)
        return status;
    csv_set_pending(reader, error);
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
    csv_set_pending(reader, &field_error);
    return SHEAF_OK;
}

/* ---- feeding ----------------------------------------------------------------------------- */

/* Reads some bytes behind the chunk for its open last row; *got 0 at the end of the file. */
static enum sheaf_status extend(struct format_reader *reader, size_t *got,
                                struct sheaf_error *error)
{
    struct memory_budget *budget = reader->document->options.budget;
    const size_t wanted = reader->extension;
    *got = 0;
    if (memory_charge(budget, wanted, "a row that reaches past its chunk", NULL, error) != SHEAF_OK)
        return add_place(reader, error);
    const size_t before = reader->raw_length;
    const enum sheaf_status status = csv_look(reader, before + wanted, error);
    *got = reader->raw_length - before;
    memory_uncharge(budget, wanted - *got);
    reader->charged += *got;
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
static enum sheaf_status feed_piece(struct format_reader *reader, enum scanner_extent extent,
                                    struct sheaf_error *error)
{
    struct scanner *scanner = reader->scanner;
    const size_t left = csv_bytes_left(reader);
    if (left == 0 || (reader->pending_cr && left == 1)) {
        if (reader->pending_cr || !scanner->ops->at_row_start(scanner))
            return feed_last_row(reader, error);
        reader->done = true;
        return SHEAF_OK;
    }
    const size_t stop = reader->position + (left < reader->piece ? left : reader->piece);
    const enum scanner_event event = scanner->ops->feed(scanner, reader->raw + reader->base,
                                                        &reader->position, stop, extent, error);
    reader->pending_cr = event == SCANNER_PENDING;
    return take_event(reader, event, error);
}

/* ---- batches ----------------------------------------------------------------------------- */

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
            .byte = csv_file_byte(reader, rows->starts[row]),
        };
        struct sheaf_error error;
        csv_error_fields(document, &where, rows->field_counts[row], &error);
        if (reader->policy == FORMAT_FAIL) {
            csv_set_pending(reader, &error); /* comes before any found behind it */
            return row;
        }
        csv_count_skipped(reader, &error);
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
    TRY(csv_reserve_batch(reader, rows->count, error));
    *out = (struct batch){
        .file = reader->chunk.file,
        .row_bytes = reader->row_bytes,
        .line_of = line_of,
        .lender = reader,
        .columns = reader->columns,
        .padded = true,
    };
    const uint32_t count = check_shapes(reader, rows, out);
    out->rows = count;
    if (out->selection == NULL)
        out->selected = count;
    for (uint32_t row = 0; row < count; row++)
        reader->row_bytes[row] = csv_file_byte(reader, rows->starts[row]);
    for (uint32_t slot = 0; slot < rows->slots; slot++)
        make_texts(reader, rows, slot, count);
    reader->counts.rows += out->selected;
    return SHEAF_OK;
}

static uint64_t count_lines(const struct format_reader *reader, size_t from, size_t to)
{
    return line_ends_count(reader->raw + reader->base + from, to - from, false).count;
}

/* The line ends that the index has passed over. All of the chunk's are known: mostly there is less
 * to count behind. */
static uint64_t count_passed(struct format_reader *reader)
{
    const size_t end = reader->chunk_length - reader->base;
    const size_t behind = end - reader->position;
    uint64_t lines = 0;
    if (reader->lines_left == UINT64_MAX || behind > reader->position - reader->scanned)
        lines = count_lines(reader, reader->scanned, reader->position);
    else
        lines = reader->lines_left - count_lines(reader, reader->position, end);
    if (reader->lines_left != UINT64_MAX)
        reader->lines_left -= lines;
    return lines;
}

/* Tells the scanner of the rows that the index has read. */
static void catch_up(struct format_reader *reader)
{
    if (reader->scanned == reader->position)
        return;
    reader->counts.ways |= 1U << CSV_SCAN_AFTER_INDEX;
    reader->scanner->ops->pass_over(reader->scanner, reader->position, count_passed(reader));
    reader->scanned = reader->position;
}

enum sheaf_status csv_scan_piece(struct format_reader *reader, struct batch *out,
                                 struct sheaf_error *error)
{
    reader->scanner->ops->forget_rows(reader->scanner);
    TRY(feed_piece(reader, SCANNER_EVERY_ROW, error));
    if (reader->scanner->ops->rows(reader->scanner)->count == 0)
        return SHEAF_OK;
    return make_batch(reader, out, error);
}

enum sheaf_status csv_scan_rows(struct format_reader *reader, uint32_t rows_most, struct batch *out,
                                struct sheaf_error *error)
{
    catch_up(reader);
    const size_t start = reader->position;
    reader->scanner->ops->forget_rows(reader->scanner);
    for (uint32_t i = 0; i < rows_most && !reader->done && !reader->has_pending; i++)
        TRY(feed_piece(reader, SCANNER_ONE_ROW, error));
    reader->scanned = reader->position;
    /* Past the chunk it was the last row. */
    if (reader->lines_left != UINT64_MAX && csv_bytes_left(reader) > 0)
        reader->lines_left -= count_lines(reader, start, reader->position);
    if (reader->scanner->ops->rows(reader->scanner)->count == 0)
        return SHEAF_OK;
    return make_batch(reader, out, error);
}
