/* The rows that start in one chunk, as batches: the chunk's bytes are surveyed, so that the entry
 * state is known, and read from the first row that starts here, in pieces that stay in the cache.
 */
#include "format/csv_reader.h"

#include "base/clock.h"
#include "scan/line_ends.h"

#include <string.h>

enum {
    PIECE = 16 << 10,      /* bytes scanned for one batch … */
    PIECE_LEAST = 1 << 10, /* … fewer when many columns are needed, which all have vectors */
    PIECE_COLUMNS = 64,
    EXTENSION_LEAST = 512,     /* bytes read behind a chunk whose last row is open, then doubled; */
    EXTENSION_FIRST = 2 << 10, /* as many as the chunk has, if that is between these two */
    RAW_KEPT = 16 << 20,       /* bytes that a buffer may keep beyond a chunk's */
};

/* ---- opening ----------------------------------------------------------------------------- */

static size_t piece_size(uint32_t slots)
{
    const size_t size = slots <= PIECE_COLUMNS ? PIECE : (size_t)PIECE * PIECE_COLUMNS / slots;
    return size < PIECE_LEAST ? PIECE_LEAST : size;
}

static enum sheaf_status open_scanner(const struct csv_document *document, struct scanner **out,
                                      struct sheaf_error *error)
{
    const struct scanner_setup setup = {
        .automaton = &document->automaton,
        .max_field = document->options.max_field,
        .slot_of_field = document->slot_of_field,
        .field_count = document->columns,
        .slots = document->slots,
        .budget = document->options.budget,
    };
    return document->scanner->open(&setup, out, error);
}

/* Masks know neither escapes nor lone CRs. */
static bool uses_index(const struct csv_document *document)
{
    const struct scan_dialect *dialect = &document->automaton.dialect;
    return document->scanner == &scanner_walker && !dialect->cr_ends &&
           dialect->escape == SCAN_NO_BYTE && document->columns > 0;
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
    enum sheaf_status status = open_scanner(csv, &reader->scanner, error);
    if (status == SHEAF_OK && uses_index(csv))
        status = csv_index_open(csv, &reader->index, error);
    reader->columns = memory_zeroed(csv->slots, sizeof *reader->columns);
    if (status == SHEAF_OK && reader->columns == NULL)
        status = error_no_memory(error, "a reader");
    if (status == SHEAF_OK)
        *out = reader;
    else
        csv_reader_close(reader);
    return status;
}

static void release_own(struct format_reader *reader)
{
    memory_free(reader->own);
    reader->own = NULL;
    reader->own_size = 0;
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
    csv_index_close(reader->index);
    release_charge(reader);
    release_own(reader);
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

/* Makes room for `size` bytes of one's own, and the padding; those there stay. */
static enum sheaf_status reserve_own(struct format_reader *reader, size_t size,
                                     struct sheaf_error *error)
{
    if (size <= reader->own_size)
        return SHEAF_OK;
    /* A stream adds to a long row in small steps. */
    if (size < reader->own_size + reader->own_size / 4)
        size = reader->own_size + reader->own_size / 4;
    size_t room;
    if (!size_add(size, SCAN_PADDING, &room))
        return error_no_memory(error, "the bytes of a chunk");
    char *grown = memory_resize(reader->own, room);
    if (grown == NULL)
        return error_no_memory(error, "the bytes of a chunk");
    reader->own = grown;
    reader->own_size = size;
    return SHEAF_OK;
}

enum sheaf_status csv_look(struct format_reader *reader, size_t length, struct sheaf_error *error)
{
    struct dataset *dataset = reader->document->dataset;
    const struct chunk *chunk = &reader->chunk;
    if (dataset_is_mapped(dataset, chunk->file)) {
        struct dataset_view view = {.file = chunk->file, .offset = chunk->offset, .length = length};
        TRY(dataset_look(dataset, &view, error));
        reader->raw = view.bytes;
        reader->raw_length = view.got;
        return SHEAF_OK;
    }
    const size_t before = reader->raw_length;
    TRY(reserve_own(reader, length, error));
    reader->raw = reader->own;
    size_t got;
    TRY(dataset_read(dataset, chunk->file, chunk->offset + before, reader->own + before,
                     length - before, &got, error));
    reader->raw_length = before + got;
    return SHEAF_OK;
}

void csv_set_pending(struct format_reader *reader, const struct sheaf_error *error)
{
    reader->pending = *error;
    reader->has_pending = true;
}

void csv_count_skipped(struct format_reader *reader, const struct sheaf_error *error)
{
    struct format_counts *counts = &reader->counts;
    counts->skipped_rows++;
    error_keep_earlier(&counts->first_skipped, error);
}

/* ---- beginning a chunk ------------------------------------------------------------------- */

static enum sheaf_status read_chunk(struct format_reader *reader, const struct chunk *chunk,
                                    struct sheaf_error *error)
{
    /* A long row of an earlier chunk must not keep its memory for good. */
    if (reader->own_size > 2 * chunk->length + RAW_KEPT)
        release_own(reader);
    reader->chunk = *chunk;
    reader->done = true;
    reader->has_pending = false;
    reader->raw_length = 0;
    release_charge(reader);
    TRY(csv_look(reader, chunk->length, error));
    reader->chunk_length = reader->raw_length;
    return SHEAF_OK;
}

/* Skips to the first row that starts in the chunk, which has `lines` line ends (UINT64_MAX: nobody
 * has counted). */
static void begin_rows(struct format_reader *reader, const struct entry_state *entry,
                       uint64_t lines)
{
    const struct scan_automaton *automaton = &reader->document->automaton;
    const bool cr_ends = automaton->dialect.cr_ends;
    enum scan_state state = entry->state;
    reader->base = scan_to_row(automaton, &state, reader->raw, reader->chunk_length);
    reader->position = 0;
    reader->scanned = 0;
    reader->pending_cr = false;
    reader->extension =
        reader->chunk_length < EXTENSION_LEAST ? EXTENSION_LEAST : reader->chunk_length;
    if (reader->extension > EXTENSION_FIRST)
        reader->extension = EXTENSION_FIRST;
    reader->done = state != SCAN_ROW_START || reader->base == reader->chunk_length;
    if (reader->done)
        return;
    struct line_ends before = {.count = entry->lines, .last_is_cr = entry->last_is_cr};
    struct line_ends skipped = {.count = 0};
    if (reader->base > 0) {
        skipped = line_ends_count(reader->raw, reader->base, cr_ends);
        before = line_ends_add(before, skipped);
    }
    reader->lines_left = lines == UINT64_MAX ? lines : lines - skipped.count;
    reader->base_line = 1 + before.count;
    reader->scanner->ops->begin(reader->scanner, reader->base_line,
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
        document->kernel->survey(&document->automaton, reader->raw, reader->chunk_length);
    reader->counts.scan_ns += clock_lap(&since);
    struct entry_state entry;
    TRY(entry_ring_settle(document->ring, chunk, &survey, &document->begins[chunk->file], &entry,
                          error));
    reader->counts.wait_ns += clock_lap(&since);
    begin_rows(reader, &entry, survey.lines.count);
    reader->counts.scan_ns += clock_lap(&since);
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
    begin_rows(reader, &document->begins[file], UINT64_MAX);
    return SHEAF_OK;
}

/* ---- batches ----------------------------------------------------------------------------- */

enum sheaf_status csv_reserve_batch(struct format_reader *reader, uint32_t rows,
                                    struct sheaf_error *error)
{
    if (rows <= reader->row_capacity)
        return SHEAF_OK;
    const size_t capacity = 2 * (size_t)rows;
    const size_t slots = reader->document->slots;
    size_t cells;
    if (!size_multiply(capacity, slots * sizeof *reader->texts, &cells) ||
        !size_add(cells, CSV_ROOM_OVER * sizeof *reader->texts, &cells))
        return error_no_memory(error, "the rows of a batch");
    memory_free(reader->texts);
    memory_free(reader->row_bytes);
    memory_free(reader->selection);
    reader->row_capacity = 0;
    reader->texts = memory_alloc(cells);
    reader->row_bytes = memory_alloc((capacity + CSV_ROOM_OVER) * sizeof *reader->row_bytes);
    reader->selection = memory_alloc(capacity * sizeof *reader->selection);
    if (reader->texts == NULL || reader->row_bytes == NULL || reader->selection == NULL)
        return error_no_memory(error, "the rows of a batch");
    reader->row_capacity = (uint32_t)capacity;
    return SHEAF_OK;
}

/* Reads on by whichever way is due. A row that the scanner has begun is the scanner's. */
static enum sheaf_status read_rows(struct format_reader *reader, struct batch *out,
                                   struct sheaf_error *error)
{
    uint32_t scan_next = 1;
    if (reader->index == NULL)
        return csv_scan_piece(reader, out, error);
    if (!reader->pending_cr && reader->scanner->ops->at_row_start(reader->scanner)) {
        TRY(csv_index_rows(reader, out, &scan_next, error));
        if (out->selected > 0)
            return SHEAF_OK;
    }
    return csv_scan_rows(reader, scan_next, out, error);
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
            status = read_rows(reader, out, error);
        }
    }
    reader->counts.scan_ns += clock_lap(&since);
    return status;
}
