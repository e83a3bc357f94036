#include "format/csv.h"

enum { SAMPLE_BYTES = 1 << 20, SAMPLE_ROWS = 1000 };

static void csv_close(struct format_document *base)
{
    struct csv_document *document = (struct csv_document *)base;
    if (document == NULL)
        return;
    entry_ring_close(document->ring);
    arena_close(&document->names_arena);
    memory_free(document->begins);
    memory_free(document->begin_bytes);
    memory_free(document->slot_of_field);
    memory_free(document->field_of_slot);
    memory_free(document);
}

static enum sheaf_status make_room(struct csv_document *document, struct sheaf_error *error)
{
    const uint32_t files = dataset_files(document->dataset);
    document->begins = memory_zeroed(files, sizeof *document->begins);
    document->begin_bytes = memory_zeroed(files, sizeof *document->begin_bytes);
    if (document->begins == NULL || document->begin_bytes == NULL)
        return error_no_memory(error, "the document");
    return SHEAF_OK;
}

static enum sheaf_status csv_open(struct dataset *dataset, const struct format_options *options,
                                  struct format_document **out, struct sheaf_error *error)
{
    *out = NULL;
    if (options->schema != NULL)
        return error_set(error, SHEAF_USAGE, "a schema describes raw records, but this is CSV");
    if (options->escape != SCAN_NO_BYTE && options->scanner == FORMAT_SCANNER_LIBCSV)
        return error_set(error, SHEAF_USAGE,
                         "the scanner libcsv knows no escapes; leave it out, or --escape");
    struct csv_document *document = memory_zeroed(1, sizeof *document);
    if (document == NULL)
        return error_no_memory(error, "the document");
    document->base.ops = &format_csv;
    document->dataset = dataset;
    document->options = *options;
    document->nulls.quoted = options->null_quoted;
    document->scanner =
        options->scanner == FORMAT_SCANNER_LIBCSV ? &scanner_libcsv : &scanner_walker;
    document->kernel = scan_kernel_of(options->isa);
    scan_automaton_build(&document->automaton, &(struct scan_dialect){
                                                   .delimiter = options->delimiter,
                                                   .quote = options->quote,
                                                   .comment = options->comment,
                                                   .escape = options->escape,
                                                   .cr_ends = options->cr_ends,
                                               });
    enum sheaf_status status = make_room(document, error);
    if (status == SHEAF_OK)
        status = csv_nulls_parse(&document->nulls, options->nulls, &document->names_arena, error);
    if (status == SHEAF_OK)
        status = csv_read_beginnings(document, error);
    if (status == SHEAF_OK)
        *out = &document->base;
    else
        csv_close(&document->base);
    return status;
}

static uint32_t csv_columns(const struct format_document *base, const struct text **names)
{
    const struct csv_document *document = (const struct csv_document *)base;
    *names = document->names;
    return document->columns;
}

/* Any bytes are a CSV file. */
static bool csv_recognises(const char *name, const char *bytes, size_t length)
{
    (void)name, (void)bytes, (void)length;
    return true;
}

static enum sheaf_status csv_select(struct format_document *base, const struct format_need *needed,
                                    uint32_t count, struct sheaf_error *error)
{
    struct csv_document *document = (struct csv_document *)base;
    memory_free(document->slot_of_field);
    memory_free(document->field_of_slot);
    document->slot_of_field = memory_alloc(document->columns * sizeof *document->slot_of_field);
    document->field_of_slot = memory_alloc(count * sizeof *document->field_of_slot);
    if (document->slot_of_field == NULL || document->field_of_slot == NULL)
        return error_no_memory(error, "the columns");
    for (uint32_t column = 0; column < document->columns; column++)
        document->slot_of_field[column] = SCANNER_UNWANTED;
    for (uint32_t slot = 0; slot < count; slot++) {
        document->slot_of_field[needed[slot].column] = slot;
        document->field_of_slot[slot] = needed[slot].column;
    }
    document->slots = count;
    return SHEAF_OK;
}

/* Gives batches of one file until `*rows` are given; it becomes 0 once the callback has enough. */
static enum sheaf_status sample_file(struct format_reader *reader, uint32_t *rows,
                                     format_sample_function *take, void *argument,
                                     struct sheaf_error *error)
{
    while (*rows > 0) {
        struct batch batch;
        const enum sheaf_status status = csv_reader_next(reader, &batch, error);
        /* What is wrong with the data is reported by the run itself. */
        if (status == SHEAF_END || status == SHEAF_DATA)
            break;
        TRY(status);
        if (batch.selected > *rows) {
            batch.selected = *rows;
            if (batch.selection == NULL)
                batch.rows = *rows;
        }
        *rows -= batch.selected;
        if (!take(argument, &batch))
            *rows = 0;
    }
    return SHEAF_OK;
}

static enum sheaf_status csv_sample(struct format_document *base, format_sample_function *take,
                                    void *argument, struct sheaf_error *error)
{
    struct csv_document *document = (struct csv_document *)base;
    struct format_reader *reader;
    TRY(csv_reader_open(base, &reader, error));
    enum sheaf_status status = SHEAF_OK;
    const uint32_t files = dataset_files(document->dataset);
    uint64_t before = 0; /* bytes of the dataset before the file */
    uint32_t rows = SAMPLE_ROWS;
    for (uint32_t file = 0; file < files && rows > 0 && status == SHEAF_OK; file++) {
        const uint64_t begin = document->begin_bytes[file];
        if (before + begin >= SAMPLE_BYTES)
            break;
        uint64_t length = SAMPLE_BYTES - before - begin;
        status = csv_reader_begin_sample(reader, file, &length, error);
        if (status == SHEAF_OK)
            status = sample_file(reader, &rows, take, argument, error);
        before += begin + length;
    }
    csv_reader_close(reader);
    return status;
}

static enum sheaf_status csv_start(struct format_document *base, struct executor *executor,
                                   struct sheaf_error *error)
{
    struct csv_document *document = (struct csv_document *)base;
    return entry_ring_open(executor, &document->ring, error);
}

const struct format_ops format_csv = {
    .name = "csv",
    .help = "comma-separated text (RFC 4180)",
    /* It is gone over several times: a copy stays in the cache (io/README.md has figures). */
    .access = DATASET_PREAD,
    .recognises = csv_recognises,
    .open = csv_open,
    .columns = csv_columns,
    .select = csv_select,
    .sample = csv_sample,
    .start = csv_start,
    .reader_open = csv_reader_open,
    .begin = csv_reader_begin,
    .next = csv_reader_next,
    .counts = csv_reader_counts,
    .reader_close = csv_reader_close,
    .close = csv_close,
};
