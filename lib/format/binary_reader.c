/* format/binary_reader.c - the rows that start in one chunk of records, as batches.
 *
 * Rows of a mapped file are decoded where they stand, all of a chunk at once. Others are read into
 * a buffer that stays in the cache, as many at once as fit it, and only from the first to the last
 * byte of a row that is needed. An array in Fortran order is read a column at a
 * time; where it has many columns the buffer grows, to hold BINARY_COLUMN_BYTES of each. What is
 * held is then turned into vectors a batch at a time. */
#include "base/clock.h"
#include "format/binary_decode.h"
#include "format/binary_stream.h"

#include <inttypes.h>

enum {
    BUFFER_BYTES = 128 << 10, /* read at once */
    VECTOR_BYTES = 128 << 10, /* of a batch's vectors */
    BATCH_ROWS = 1024,        /* at most */
    REALS_ROWS = 8192,        /* at most, where only real numbers are needed, mostly not copied */
    FREE_OF_CHARGE = 1 << 20, /* of the memory of one value */
};

/* Memory that grows; what goes past FREE_OF_CHARGE is charged to the budget. */
struct space {
    char *bytes;
    size_t size;
    uint64_t charged;
};

/* One needed column. */
struct slot {
    const struct format_need *need;
    const struct binary_field *field; /* of the chunk's file */
    struct binary_decoder decoder;
    size_t at;     /* of its first value in the buffer */
    size_t stride; /* from row to row */
    size_t text_size;
    struct number *numbers;
    struct instant *instants;
    struct text *texts;
    double *reals;
    struct space store;
};

/* A value that is wrong; rows count from the batch's first. */
struct bad_value {
    uint32_t row;
    uint32_t slot;
};

struct format_reader {
    struct binary_document *document;
    struct format_counts counts;
    struct slot *slots;
    struct column *columns;
    uint64_t *row_bytes; /* of each row of a batch, from the first */
    uint32_t *selection;
    bool *is_bad; /* of each row of the batch; under FORMAT_SKIP */
    uint32_t batch_rows;

    /* The chunk's file: */
    const struct binary_layout *layout; /* NULL: none yet */
    uint32_t file;
    struct space buffer;
    const char *held;     /* rows to be decoded, in the buffer or where the file is mapped */
    uint64_t buffer_rows; /* read at once, at most */
    uint64_t low, high;   /* of a record: the bytes that are needed */

    struct chunk chunk;
    uint64_t row, end_row;           /* to be given out */
    uint64_t first_held, after_held; /* rows in the buffer */
    bool has_pending;
    struct sheaf_error pending; /* comes after the rows before it */
};

/* ---- opening ----------------------------------------------------------------------------- */

static size_t vector_bytes(unsigned vectors)
{
    return (vectors & COLUMN_NUMBERS ? sizeof(struct number) : 0) +
           (vectors & COLUMN_INSTANTS ? sizeof(struct instant) : 0) +
           (vectors & COLUMN_TEXTS ? sizeof(struct text) : 0) +
           (vectors & COLUMN_REALS ? sizeof(double) : 0);
}

/* Bytes that one row of a batch takes at most, or a number past VECTOR_BYTES. */
static size_t row_cost(const struct binary_document *document, const struct binary_layout *layout)
{
    size_t cost = sizeof(uint64_t);
    for (uint32_t i = 0; i < document->need_count && cost <= VECTOR_BYTES; i++) {
        const struct format_need *need = &document->needs[i];
        cost += vector_bytes(need->vectors);
        const size_t text = binary_text_size(&layout->fields[need->column]);
        if ((need->vectors & COLUMN_TEXTS) != 0)
            cost += text < VECTOR_BYTES ? text : VECTOR_BYTES;
    }
    return cost;
}

static uint32_t choose_batch_rows(const struct binary_document *document)
{
    size_t rows = REALS_ROWS;
    for (uint32_t i = 0; i < document->need_count; i++)
        if (document->needs[i].vectors != COLUMN_REALS)
            rows = BATCH_ROWS;
    for (uint32_t file = 0; file < dataset_files(document->dataset); file++) {
        const size_t fit = VECTOR_BYTES / row_cost(document, &document->layouts[file]);
        rows = fit < rows ? fit : rows;
    }
    return rows == 0 ? 1 : (uint32_t)rows;
}

static bool open_slot(struct slot *slot, const struct format_need *need, uint32_t rows)
{
    slot->need = need;
    slot->numbers = memory_alloc(need->vectors & COLUMN_NUMBERS ? rows * sizeof *slot->numbers : 0);
    slot->instants =
        memory_alloc(need->vectors & COLUMN_INSTANTS ? rows * sizeof *slot->instants : 0);
    slot->texts = memory_alloc(need->vectors & COLUMN_TEXTS ? rows * sizeof *slot->texts : 0);
    slot->reals = memory_alloc(need->vectors & COLUMN_REALS ? rows * sizeof *slot->reals : 0);
    return slot->numbers != NULL && slot->instants != NULL && slot->texts != NULL &&
           slot->reals != NULL;
}

static bool make_room(struct format_reader *reader)
{
    const struct binary_document *document = reader->document;
    const uint32_t rows = reader->batch_rows;
    reader->slots = memory_zeroed(document->need_count, sizeof *reader->slots);
    reader->columns = memory_zeroed(document->need_count, sizeof *reader->columns);
    reader->row_bytes = memory_alloc(rows * sizeof *reader->row_bytes);
    reader->selection = memory_alloc(rows * sizeof *reader->selection);
    reader->is_bad = memory_alloc(rows * sizeof *reader->is_bad);
    if (reader->slots == NULL || reader->columns == NULL || reader->row_bytes == NULL ||
        reader->selection == NULL || reader->is_bad == NULL)
        return false;
    for (uint32_t i = 0; i < document->need_count; i++) {
        struct slot *slot = &reader->slots[i];
        const unsigned vectors = document->needs[i].vectors;
        if (!open_slot(slot, &document->needs[i], rows))
            return false;
        reader->columns[i] = (struct column){
            .numbers = vectors & COLUMN_NUMBERS ? slot->numbers : NULL,
            .instants = vectors & COLUMN_INSTANTS ? slot->instants : NULL,
            .texts = vectors & COLUMN_TEXTS ? slot->texts : NULL,
        };
    }
    return true;
}

enum sheaf_status binary_reader_open(struct format_document *base, struct format_reader **out,
                                     struct sheaf_error *error)
{
    *out = NULL;
    struct format_reader *reader = memory_zeroed(1, sizeof *reader);
    if (reader == NULL)
        return error_no_memory(error, "a reader");
    reader->document = (struct binary_document *)base;
    reader->batch_rows = choose_batch_rows(reader->document);
    if (!make_room(reader)) {
        binary_reader_close(reader);
        return error_no_memory(error, "a reader");
    }
    *out = reader;
    return SHEAF_OK;
}

static void space_close(struct space *space, struct memory_budget *budget)
{
    memory_uncharge(budget, space->charged);
    memory_free(space->bytes);
    *space = (struct space){.bytes = NULL};
}

/* Makes room for `size` bytes; those there are lost. */
static enum sheaf_status space_reserve(struct space *space, size_t size,
                                       struct memory_budget *budget, struct sheaf_error *error)
{
    if (size <= space->size && space->bytes != NULL)
        return SHEAF_OK;
    space_close(space, budget);
    const uint64_t charge = size > FREE_OF_CHARGE ? size - FREE_OF_CHARGE : 0;
    TRY(memory_charge(budget, charge, "a record", NULL, error));
    space->charged = charge;
    space->bytes = memory_alloc(size);
    if (space->bytes == NULL)
        return error_no_memory(error, "a record");
    space->size = size;
    return SHEAF_OK;
}

void binary_reader_close(struct format_reader *reader)
{
    if (reader == NULL)
        return;
    struct memory_budget *budget = reader->document->budget;
    for (uint32_t i = 0; i < reader->document->need_count && reader->slots != NULL; i++) {
        struct slot *slot = &reader->slots[i];
        memory_free(slot->numbers);
        memory_free(slot->instants);
        memory_free(slot->texts);
        memory_free(slot->reals);
        space_close(&slot->store, budget);
    }
    space_close(&reader->buffer, budget);
    memory_free(reader->slots);
    memory_free(reader->columns);
    memory_free(reader->row_bytes);
    memory_free(reader->selection);
    memory_free(reader->is_bad);
    memory_free(reader);
}

const struct format_counts *binary_reader_counts(const struct format_reader *reader)
{
    return &reader->counts;
}

/* ---- beginning a chunk ------------------------------------------------------------------- */

static uint64_t choose_buffer_rows(const struct binary_layout *layout, uint32_t columns)
{
    const uint64_t per_row = layout->by_column ? columns * layout->fields[0].size : layout->record;
    uint64_t rows = per_row > 0 ? BUFFER_BYTES / per_row : BUFFER_BYTES;
    if (layout->by_column && rows < binary_column_rows(layout))
        rows = binary_column_rows(layout);
    return rows == 0 ? 1 : rows;
}

static void take_layout(struct format_reader *reader, uint32_t file)
{
    const struct binary_document *document = reader->document;
    const struct binary_layout *layout = &document->layouts[file];
    if (reader->layout == layout)
        return;
    reader->layout = layout;
    reader->file = file;
    reader->low = document->need_count == 0 ? 0 : UINT64_MAX;
    reader->high = 0;
    for (uint32_t i = 0; i < document->need_count; i++) {
        struct slot *slot = &reader->slots[i];
        const struct binary_field *field = &layout->fields[slot->need->column];
        slot->field = field;
        slot->decoder = binary_decoder_for(field);
        slot->text_size = binary_text_size(field);
        slot->stride = (size_t)(layout->by_column ? field->size : layout->record);
        reader->low = field->offset < reader->low ? field->offset : reader->low;
        if (field->offset + field->size > reader->high)
            reader->high = field->offset + field->size;
    }
    for (uint32_t i = 0; i < document->need_count && !layout->by_column; i++)
        reader->slots[i].at = (size_t)(reader->slots[i].field->offset - reader->low);
    reader->buffer_rows = choose_buffer_rows(layout, document->need_count);
    for (uint32_t row = 0; row < reader->batch_rows; row++)
        reader->row_bytes[row] = row * layout->record;
}

/* The first row that starts at or after an offset behind the beginning. */
static uint64_t row_from(const struct binary_layout *layout, uint64_t offset)
{
    const uint64_t bytes = offset - layout->begin;
    const uint64_t row = bytes / layout->record + (bytes % layout->record != 0);
    return row < layout->rows ? row : layout->rows;
}

static enum sheaf_status check_stream(struct format_reader *reader, struct sheaf_error *error)
{
    struct binary_stream stream = {
        .dataset = reader->document->dataset,
        .layout = reader->layout,
        .chunk = &reader->chunk,
        .row = reader->row,
        .end_row = reader->end_row,
    };
    TRY(binary_stream_check(&stream, &reader->pending, error));
    reader->end_row = stream.end_row;
    return SHEAF_OK;
}

enum sheaf_status binary_reader_begin(struct format_reader *reader, const struct chunk *chunk,
                                      struct sheaf_error *error)
{
    uint64_t since = clock_now();
    reader->chunk = *chunk;
    reader->row = reader->end_row = 0;
    reader->first_held = reader->after_held = 0;
    take_layout(reader, chunk->file);
    const struct binary_layout *layout = reader->layout;
    if (layout->record > 0) {
        reader->row = row_from(layout, chunk->offset);
        reader->end_row = row_from(layout, chunk->offset + chunk->length);
    }
    enum sheaf_status status = SHEAF_OK;
    reader->pending.status = SHEAF_OK;
    if (dataset_is_stream(reader->document->dataset, chunk->file))
        status = check_stream(reader, error);
    reader->has_pending = reader->pending.status != SHEAF_OK;
    reader->counts.bytes += chunk->length;
    reader->counts.read_ns += clock_lap(&since);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Reads all of the bytes, which are known to be there. */
static enum sheaf_status read_bytes(struct format_reader *reader, uint64_t offset, char *out,
                                    size_t length, struct sheaf_error *error)
{
    struct dataset *dataset = reader->document->dataset;
    const bool anywhere = reader->layout->by_column;
    while (length > 0) {
        size_t got;
        TRY(anywhere
                ? dataset_read_anywhere(dataset, reader->file, offset, out, length, &got, error)
                : dataset_read(dataset, reader->file, offset, out, length, &got, error));
        if (got == 0)
            return error_set(error, SHEAF_DATA, "%s: changed while it was read",
                             dataset_name(dataset, reader->file));
        offset += got;
        out += got;
        length -= got;
    }
    return SHEAF_OK;
}

/* Bytes that so many rows take in the buffer. */
static size_t bytes_of(const struct format_reader *reader, size_t rows)
{
    const struct binary_layout *layout = reader->layout;
    if (layout->by_column)
        return reader->document->need_count * rows * (size_t)layout->fields[0].size;
    return (rows - 1) * (size_t)layout->record + (size_t)(reader->high - reader->low);
}

/* One column after the other, in the buffer too. */
static enum sheaf_status read_columns(struct format_reader *reader, size_t rows,
                                      struct sheaf_error *error)
{
    const struct binary_layout *layout = reader->layout;
    for (uint32_t i = 0; i < reader->document->need_count; i++) {
        struct slot *slot = &reader->slots[i];
        const uint64_t value = slot->need->column * layout->rows + reader->row;
        const size_t length = rows * slot->stride;
        slot->at = i * length;
        TRY(read_bytes(reader, layout->begin + value * slot->field->size,
                       reader->buffer.bytes + slot->at, length, error));
    }
    return SHEAF_OK;
}

/* Only now, when rows are known to be there: what a header says of their size is no reason yet to
 * take memory. */
static enum sheaf_status reserve_spaces(struct format_reader *reader, size_t buffer_size,
                                        struct sheaf_error *error)
{
    struct memory_budget *budget = reader->document->budget;
    for (uint32_t i = 0; i < reader->document->need_count; i++) {
        struct slot *slot = &reader->slots[i];
        if ((slot->need->vectors & COLUMN_TEXTS) != 0)
            TRY(space_reserve(&slot->store, slot->text_size * reader->batch_rows, budget, error));
    }
    return space_reserve(&reader->buffer, buffer_size, budget, error);
}

/* Reads the next rows into the buffer. */
static enum sheaf_status fill_buffer(struct format_reader *reader, size_t rows,
                                     struct sheaf_error *error)
{
    const struct binary_layout *layout = reader->layout;
    const size_t size = bytes_of(reader, rows);
    TRY(reserve_spaces(reader, size, error));
    reader->held = reader->buffer.bytes;
    if (layout->by_column)
        return read_columns(reader, rows, error);
    return read_bytes(reader, binary_row_offset(layout, reader->row) + reader->low,
                      reader->buffer.bytes, size, error);
}

/* Looks at the next rows where they are mapped. */
static enum sheaf_status look_at_rows(struct format_reader *reader, size_t rows,
                                      struct sheaf_error *error)
{
    struct dataset_view view = {
        .file = reader->file,
        .offset = binary_row_offset(reader->layout, reader->row) + reader->low,
        .length = bytes_of(reader, rows),
    };
    TRY(reserve_spaces(reader, 0, error));
    TRY(dataset_look(reader->document->dataset, &view, error));
    if (view.got < view.length)
        return error_set(error, SHEAF_DATA, "%s: changed while it was read",
                         dataset_name(reader->document->dataset, reader->file));
    reader->held = view.bytes;
    return SHEAF_OK;
}

/* Gets hold of the next rows. */
static enum sheaf_status hold_rows(struct format_reader *reader, struct sheaf_error *error)
{
    const uint64_t left = reader->end_row - reader->row;
    /* A column that stands for itself is not where the chunk is, and is not released with it. */
    const bool looks =
        !reader->layout->by_column && dataset_is_mapped(reader->document->dataset, reader->file);
    const size_t rows =
        looks || left < reader->buffer_rows ? (size_t)left : (size_t)reader->buffer_rows;
    uint64_t since = clock_now();
    const enum sheaf_status status =
        looks ? look_at_rows(reader, rows, error) : fill_buffer(reader, rows, error);
    reader->first_held = reader->row;
    reader->after_held = reader->row + rows;
    reader->counts.read_ns += clock_lap(&since);
    return status;
}

/* ---- batches ----------------------------------------------------------------------------- */

static struct binary_cells cells_of(const struct format_reader *reader, const struct slot *slot,
                                    uint32_t from, uint32_t to)
{
    const size_t held = (size_t)(reader->row - reader->first_held) + from;
    return (struct binary_cells){
        .field = slot->field,
        .bytes = (const unsigned char *)reader->held + slot->at + held * slot->stride,
        .stride = slot->stride,
        .rows = to - from,
    };
}

/* Leaves the numbers where they stand, if it can. */
static void decode_reals(const struct format_reader *reader, const struct slot *slot,
                         const struct binary_cells *cells)
{
    struct column *column = &reader->columns[slot - reader->slots];
    column->reals = binary_reals_there(cells);
    if (column->reals != NULL)
        return;
    slot->decoder.reals(cells, slot->reals);
    column->reals = slot->reals;
}

/* Turns rows of one column into its vectors; gives the first bad row, or `to`. */
static uint32_t decode(const struct format_reader *reader, const struct slot *slot, uint32_t from,
                       uint32_t to)
{
    const struct binary_cells cells = cells_of(reader, slot, from, to);
    uint32_t good = cells.rows;
    if ((slot->need->vectors & COLUMN_NUMBERS) != 0)
        slot->decoder.numbers(&cells, slot->numbers + from);
    /* Never bad: where another vector is decoded from a later row on, these are all there. */
    if ((slot->need->vectors & COLUMN_REALS) != 0 && from == 0)
        decode_reals(reader, slot, &cells);
    if ((slot->need->vectors & COLUMN_INSTANTS) != 0)
        good = slot->decoder.instants(&cells, slot->instants + from);
    if ((slot->need->vectors & COLUMN_TEXTS) != 0)
        good = slot->decoder.texts(&cells, slot->store.bytes + from * slot->text_size,
                                   slot->texts + from);
    return from + good;
}

static void describe_bad(const struct format_reader *reader, const struct bad_value *bad,
                         struct sheaf_error *error)
{
    const struct slot *slot = &reader->slots[bad->slot];
    const struct binary_layout *layout = reader->layout;
    const struct binary_cells cells = cells_of(reader, slot, bad->row, bad->row);
    const uint64_t row = reader->row + bad->row;
    char reason[BINARY_REASON];
    size_t byte;
    binary_describe_bad(slot->field, cells.bytes, reason, &byte);
    uint64_t offset = binary_row_offset(layout, row) + slot->field->offset;
    if (layout->by_column)
        offset = layout->begin + (slot->need->column * layout->rows + row) * slot->field->size;
    const struct binary_place place =
        binary_place_at(reader->document->dataset, reader->file, offset + byte);
    char name[ERROR_NAME_SIZE];
    (void)binary_error(&place, error, "row %" PRIu64 ", column %" PRIu32 " (\"%s\"): %s", row + 1,
                       slot->need->column + 1,
                       error_name(name, slot->field->name.bytes, slot->field->name.length), reason);
    error->column = slot->need->column + 1;
    /* Errors are ordered by their place in the dataset, which is that of the row. */
    if (layout->by_column)
        error->byte = binary_row_offset(layout, row);
}

/* Makes *bad the earlier of two bad values: by row, then column. */
static void keep_earlier(const struct format_reader *reader, struct bad_value *bad,
                         struct bad_value other)
{
    if (bad->row == UINT32_MAX || other.row < bad->row ||
        (other.row == bad->row &&
         reader->slots[other.slot].need->column < reader->slots[bad->slot].need->column))
        *bad = other;
}

/* Decodes all columns up to the first bad value of all; gives the rows before it. */
static uint32_t decode_to_first_bad(struct format_reader *reader, uint32_t rows)
{
    struct bad_value bad = {.row = UINT32_MAX};
    uint32_t end = rows; /* behind the bad row: another column may be bad in it too */
    for (uint32_t i = 0; i < reader->document->need_count; i++) {
        const uint32_t row = decode(reader, &reader->slots[i], 0, end);
        if (row == end)
            continue;
        keep_earlier(reader, &bad, (struct bad_value){.row = row, .slot = i});
        end = bad.row + 1;
    }
    if (bad.row == UINT32_MAX)
        return rows;
    describe_bad(reader, &bad, &reader->pending);
    reader->has_pending = true;
    reader->end_row = reader->row + bad.row;
    return bad.row;
}

static void make_null(struct format_reader *reader, struct slot *slot, uint32_t row)
{
    reader->is_bad[row] = true;
    reader->counts.nulled_values += reader->document->policy == FORMAT_NULL;
    if ((slot->need->vectors & COLUMN_INSTANTS) != 0)
        slot->instants[row] = (struct instant){.form = INSTANT_NULL};
    if ((slot->need->vectors & COLUMN_TEXTS) != 0)
        slot->texts[row] = (struct text){.bytes = NULL};
}

/* Decodes all columns, makes bad values null, and, if that is the policy, leaves their rows out. */
static void decode_all(struct format_reader *reader, struct batch *out)
{
    struct bad_value first = {.row = UINT32_MAX};
    for (uint32_t row = 0; row < out->rows; row++)
        reader->is_bad[row] = false;
    for (uint32_t i = 0; i < reader->document->need_count; i++) {
        for (uint32_t row = 0; row < out->rows; row++) {
            row = decode(reader, &reader->slots[i], row, out->rows);
            if (row == out->rows)
                break;
            make_null(reader, &reader->slots[i], row);
            keep_earlier(reader, &first, (struct bad_value){.row = row, .slot = i});
        }
    }
    if (first.row == UINT32_MAX)
        return;
    struct sheaf_error error;
    describe_bad(reader, &first, &error);
    error_keep_earlier(&reader->counts.first_skipped, &error);
    if (reader->document->policy == FORMAT_NULL)
        return;
    out->selected = 0;
    for (uint32_t row = 0; row < out->rows; row++)
        if (!reader->is_bad[row])
            reader->selection[out->selected++] = row;
    reader->counts.skipped_rows += out->rows - out->selected;
    out->selection = reader->selection;
}

static enum sheaf_status make_batch(struct format_reader *reader, struct batch *out,
                                    struct sheaf_error *error)
{
    const bool reads = reader->document->need_count > 0;
    if (reads && reader->row >= reader->after_held)
        TRY(hold_rows(reader, error));
    const uint64_t left = (reads ? reader->after_held : reader->end_row) - reader->row;
    uint32_t rows = left < reader->batch_rows ? (uint32_t)left : reader->batch_rows;
    const bool fails = reader->document->policy == FORMAT_FAIL;
    uint64_t since = clock_now();
    if (fails)
        rows = decode_to_first_bad(reader, rows);
    *out = (struct batch){
        .rows = rows,
        .selected = rows,
        .file = reader->file,
        .row_base = binary_row_offset(reader->layout, reader->row),
        .row_bytes = reader->row_bytes,
        .columns = reader->columns,
    };
    if (!fails)
        decode_all(reader, out);
    reader->row += rows;
    reader->counts.rows += out->selected;
    reader->counts.parse_ns += clock_lap(&since);
    return SHEAF_OK;
}

enum sheaf_status binary_reader_next(struct format_reader *reader, struct batch *out,
                                     struct sheaf_error *error)
{
    out->selected = 0;
    while (reader->row < reader->end_row && out->selected == 0)
        TRY(make_batch(reader, out, error));
    if (out->selected > 0)
        return SHEAF_OK;
    if (!reader->has_pending)
        return SHEAF_END;
    if (error != NULL)
        *error = reader->pending;
    return reader->pending.status;
}
