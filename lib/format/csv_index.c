/* Complete rows by the kernels: an index of the separators of some kilobytes, of which the columns
 * that are needed are taken. Rows of another shape, and what masks cannot tell, are the scanner's:
 * it is asked for one row, and for twice as many each time in turn, so that a file full of such
 * rows costs little more than the scanner alone. */
#include "format/csv_reader.h"

#include "scan/line_ends.h"

#include <string.h>

enum {
    ROWS_MOST = 1024,      /* of a batch … */
    CELLS_MOST = 16 << 10, /* … fewer when many columns are needed, … */
    ROWS_LEAST = 32,       /* … but some */
    PIECE = 64 << 10,      /* bytes that are indexed at a time … */
    PIECE_MOST = 1 << 20,  /* … more when a row is longer */
    SCAN_MOST = 64,        /* rows that the scanner is asked for */
    COPY_PADDING = 32,     /* bytes that may be read behind a text */
};

struct csv_index {
    const struct scan_kernel *kernel;
    struct scan_index found;
    size_t marks_room;
    uint32_t rows_most;
    uint32_t scan_next; /* rows to ask the scanner for, next time */
    uint32_t vector_room;
    uint8_t *quoted;   /* of the rows of one column; NULL: nobody asks */
    uint32_t *doubled; /* rows of one column that hold doubled quotes */
    char *copies;      /* the fields of this batch whose doubled quotes are undone */
    size_t copies_room;
    size_t copies_used;
};

static uint32_t choose_rows(uint32_t slots)
{
    const uint32_t rows = slots == 0 ? ROWS_MOST : CELLS_MOST / slots;
    if (rows > ROWS_MOST)
        return ROWS_MOST;
    return rows < ROWS_LEAST ? ROWS_LEAST : rows;
}

enum sheaf_status csv_index_open(const struct csv_document *document, struct csv_index **out,
                                 struct sheaf_error *error)
{
    struct csv_index *index = memory_zeroed(1, sizeof *index);
    *out = index;
    if (index == NULL)
        return error_no_memory(error, "a reader");
    index->kernel = document->kernel;
    index->rows_most = choose_rows(document->slots);
    index->scan_next = 1;
    return SHEAF_OK;
}

void csv_index_close(struct csv_index *index)
{
    if (index == NULL)
        return;
    memory_free(index->found.marks);
    memory_free(index->quoted);
    memory_free(index->doubled);
    memory_free(index->copies);
    memory_free(index);
}

/* ---- memory -------------------------------------------------------------------------------- */

static enum sheaf_status reserve_marks(struct csv_index *index, size_t bytes,
                                       struct sheaf_error *error)
{
    const size_t room = 1 + SCAN_INDEX_ROOM(bytes);
    if (room <= index->marks_room)
        return SHEAF_OK;
    memory_free(index->found.marks);
    index->marks_room = 0;
    index->found.marks = memory_alloc(room * sizeof *index->found.marks);
    if (index->found.marks == NULL)
        return error_no_memory(error, "the fields of a chunk");
    index->marks_room = room;
    return SHEAF_OK;
}

static enum sheaf_status reserve_vectors(struct csv_index *index, uint32_t rows,
                                         struct sheaf_error *error)
{
    if (rows <= index->vector_room)
        return SHEAF_OK;
    const size_t room = (size_t)rows + CSV_ROOM_OVER;
    memory_free(index->quoted);
    memory_free(index->doubled);
    index->vector_room = 0;
    index->quoted = memory_alloc(room * sizeof *index->quoted);
    index->doubled = memory_alloc(room * sizeof *index->doubled);
    if (index->quoted == NULL || index->doubled == NULL)
        return error_no_memory(error, "the rows of a batch");
    index->vector_room = rows;
    return SHEAF_OK;
}

/* No field is in two columns of a batch, so the copies of all are no longer than the bytes. */
static enum sheaf_status reserve_copies(struct csv_index *index, size_t bytes,
                                        struct sheaf_error *error)
{
    const size_t room = bytes + COPY_PADDING;
    index->copies_used = 0;
    if (room <= index->copies_room)
        return SHEAF_OK;
    memory_free(index->copies);
    index->copies_room = 0;
    index->copies = memory_alloc(room);
    if (index->copies == NULL)
        return error_no_memory(error, "the rows of a batch");
    index->copies_room = room;
    return SHEAF_OK;
}

/* ---- columns ------------------------------------------------------------------------------- */

/* Copies a text with each doubled quote once. */
static void undo_doubled(struct csv_index *index, struct text *text, char quote)
{
    char *const copy = index->copies + index->copies_used;
    const char *at = text->bytes;
    const char *const end = at + text->length;
    size_t length = 0;
    while (at < end) {
        const char *found = memchr(at, quote, (size_t)(end - at));
        const char *const stop = found == NULL ? end : found + 1;
        memcpy(copy + length, at, (size_t)(stop - at));
        length += (size_t)(stop - at);
        at = found == NULL ? end : stop + 1;
    }
    *text = (struct text){.bytes = copy, .length = length};
    index->copies_used += length;
}

/* Applies another list of nulls than that of the empty unquoted field alone. */
static void apply_nulls(const struct csv_nulls *nulls, const char *empty, struct text *texts,
                        const uint8_t *quoted, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        if (texts[row].bytes == NULL)
            texts[row].bytes = empty;
        const uint8_t kind = quoted[row] ? SCAN_FIELD_QUOTED : SCAN_FIELD_UNQUOTED;
        if (csv_is_null(nulls, texts[row].bytes, texts[row].length, kind))
            texts[row].bytes = NULL;
    }
}

static void take_column(struct format_reader *reader, const char *bytes, uint32_t slot,
                        uint32_t rows)
{
    struct csv_index *index = reader->index;
    const struct csv_document *document = reader->document;
    const struct csv_nulls *nulls = &document->nulls;
    const bool only_empty = nulls->count == 0 && !nulls->quoted && nulls->empty;
    const struct scan_shape shape = {.columns = document->columns,
                                     .column = document->field_of_slot[slot],
                                     .quote = document->automaton.dialect.quote};
    struct text *texts = reader->texts + (size_t)slot * reader->row_capacity;
    const uint32_t doubled =
        index->kernel->texts(&index->found, bytes, &shape, rows, texts,
                             only_empty ? NULL : index->quoted, index->doubled);
    if (doubled > 0)
        reader->counts.ways |= 1U << CSV_INDEX_DOUBLED;
    for (uint32_t i = 0; i < doubled; i++)
        undo_doubled(index, &texts[index->doubled[i]], (char)shape.quote);
    if (!only_empty)
        apply_nulls(nulls, bytes, texts, index->quoted, rows);
    reader->columns[slot] = (struct column){.texts = texts};
}

/* ---- batches ------------------------------------------------------------------------------- */

static uint64_t line_of(const struct batch *batch, uint32_t row)
{
    const struct format_reader *reader = batch->lender;
    const char *from = reader->raw + reader->base;
    const char *to = reader->raw + (batch->row_bytes[row] - reader->chunk.offset);
    if (from == to)
        return reader->base_line;
    return reader->base_line + line_ends_count(from, (size_t)(to - from), false).count;
}

static enum sheaf_status make_batch(struct format_reader *reader, const char *bytes, uint32_t rows,
                                    struct batch *out, struct sheaf_error *error)
{
    struct csv_index *index = reader->index;
    const struct csv_document *document = reader->document;
    const uint32_t columns = document->columns;
    TRY(csv_reserve_batch(reader, rows, error));
    TRY(reserve_vectors(index, rows, error));
    if (index->found.has_quotes)
        TRY(reserve_copies(index, index->found.consumed, error));
    index->kernel->row_bytes(&index->found, columns, rows, csv_file_byte(reader, reader->position),
                             reader->row_bytes);
    for (uint32_t slot = 0; slot < document->slots; slot++)
        take_column(reader, bytes, slot, rows);
    *out = (struct batch){
        .rows = rows,
        .selected = rows,
        .file = reader->chunk.file,
        .row_bytes = reader->row_bytes,
        .line_of = line_of,
        .lender = reader,
        .columns = reader->columns,
        .padded = true,
    };
    reader->counts.rows += rows;
    reader->position += index->found.marks[(size_t)rows * columns] / 2;
    return SHEAF_OK;
}

/* Indexes the next bytes of the chunk: more of them when they hold no complete row, up to a bound.
 */
static enum sheaf_status find_rows(struct format_reader *reader, struct sheaf_error *error)
{
    struct csv_index *index = reader->index;
    const struct csv_document *document = reader->document;
    const char *bytes = reader->raw + reader->base + reader->position;
    const size_t left = csv_bytes_left(reader);
    size_t piece = PIECE;
    for (;;) {
        size_t length = left < piece ? left : piece;
        /* So no field of a complete row is too long. */
        if (length > document->options.max_field)
            length = (size_t)document->options.max_field;
        TRY(reserve_marks(index, length, error));
        index->kernel->index(&document->automaton.dialect, bytes, length, index->rows_most,
                             &index->found);
        if (index->found.rows > 0 || index->found.stopped || length < piece || piece == PIECE_MOST)
            return SHEAF_OK;
        piece *= 4;
    }
}

static void note_ways(struct format_reader *reader, uint32_t regular)
{
    const struct scan_index *found = &reader->index->found;
    unsigned ways = 0;
    if (regular > 0)
        ways = 1U << CSV_BY_INDEX | (unsigned)found->has_quotes << CSV_INDEX_QUOTES |
               (unsigned)found->has_crs << CSV_INDEX_CRS;
    ways |= (unsigned)found->stopped << CSV_INDEX_STOPPED;
    ways |= (unsigned)(regular < found->rows) << CSV_INDEX_IRREGULAR;
    reader->counts.ways |= ways;
}

enum sheaf_status csv_index_rows(struct format_reader *reader, struct batch *out,
                                 uint32_t *scan_next, struct sheaf_error *error)
{
    struct csv_index *index = reader->index;
    uint32_t rows = 0;
    out->selected = 0;
    if (csv_bytes_left(reader) > 0) {
        TRY(find_rows(reader, error));
        const char *bytes = reader->raw + reader->base + reader->position;
        if (index->found.rows > 0)
            rows = index->kernel->regular_rows(&index->found, bytes, reader->document->columns);
        note_ways(reader, rows);
        if (rows > 0) {
            index->scan_next = 1;
            return make_batch(reader, bytes, rows, out, error);
        }
    }
    *scan_next = index->scan_next;
    if (index->scan_next < SCAN_MOST)
        index->scan_next *= 2;
    return SHEAF_OK;
}
