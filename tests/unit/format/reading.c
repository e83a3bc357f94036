#include "reading.h"

#include "format/csv.h"
#include "num/print.h"
#include "num/time.h"
#include "unit/unit.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_WORKERS = 8, MOST_NEEDED = 600 };

/* ---- files ------------------------------------------------------------------------------- */

static void add(struct reading_files *files, int descriptor)
{
    ck_assert_uint_lt(files->count, READING_FILES);
    const uint32_t i = files->count++;
    files->descriptors[i] = descriptor;
    snprintf(files->names[i], READING_PATH, "/proc/self/fd/%d", descriptor);
    files->paths[i] = files->names[i];
}

void reading_add_file(struct reading_files *files, const void *bytes, size_t length)
{
    const int descriptor = memfd_create("reading", MFD_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, bytes, length), (ssize_t)length);
    add(files, descriptor);
}

void reading_add_pipe(struct reading_files *files, const void *bytes, size_t length)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], bytes, length), (ssize_t)length);
    ck_assert_int_eq(close(ends[1]), 0);
    add(files, ends[0]);
}

void reading_close_files(struct reading_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        ck_assert_int_eq(close(files->descriptors[i]), 0);
    files->count = 0;
}

struct format_options reading_options(void)
{
    return (struct format_options){.delimiter = ',',
                                   .quote = '"',
                                   .comment = -1,
                                   .escape = -1,
                                   .max_field = UINT64_C(1) << 30};
}

/* ---- rows -------------------------------------------------------------------------------- */

void reading_put_place(struct buffer *text, uint32_t file, uint64_t byte, uint64_t line)
{
    buffer_append_format(text, "%u %llu %llu", file, (unsigned long long)byte,
                         (unsigned long long)line);
}

void reading_put_field(struct buffer *text, struct text field)
{
    if (field.bytes == NULL) {
        buffer_append_string(text, " N");
        return;
    }
    buffer_append_format(text, " %zu:", field.length);
    buffer_append(text, field.bytes, field.length);
}

void reading_put_number(struct buffer *text, const struct number *number)
{
    char digits[NUMBER_TEXT_SIZE];
    if (number->kind == NUMBER_DECIMAL) {
        ck_assert_int_eq(number->exponent, 0);
        number_print(number, digits);
        buffer_append_format(text, " d%s", digits);
        return;
    }
    ck_assert_int_eq(number->kind, NUMBER_DOUBLE);
    if (isnan(number->real))
        buffer_append_format(text, " f%dnan", number->exponent);
    else
        buffer_append_format(text, " f%d%a", number->exponent, number->real);
}

void reading_put_instant(struct buffer *text, const struct instant *instant)
{
    if (instant->form == INSTANT_NULL) {
        buffer_append_string(text, " N");
        return;
    }
    buffer_append_format(text, " t%d:%lld.%018llu", instant->form, (long long)instant->seconds,
                         (unsigned long long)instant->attoseconds);
}

/* Where a row's text stands, for the sorting. */
struct entry {
    struct place place;
    size_t worker;
    size_t start, length;
};

struct rows {
    struct buffer text;
    struct buffer entries; /* struct entry */
};

static unsigned vectors_of(const struct reading_setup *setup)
{
    return setup->vectors == 0 ? COLUMN_TEXTS : setup->vectors;
}

static void put_cell(struct buffer *text, const struct column *column, uint32_t row,
                     unsigned vectors)
{
    if (vectors & COLUMN_TEXTS)
        reading_put_field(text, column->texts[row]);
    if (vectors & COLUMN_NUMBERS)
        reading_put_number(text, &column->numbers[row]);
    if (vectors & COLUMN_INSTANTS)
        reading_put_instant(text, &column->instants[row]);
    if (vectors & COLUMN_REALS)
        buffer_append_format(text, " r%a", column->reals[row]);
}

static void put_batch(struct rows *rows, const struct batch *batch,
                      const struct reading_setup *setup, size_t worker)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        struct entry entry = {
            .place = batch_place(batch, row), .worker = worker, .start = rows->text.length};
        reading_put_place(&rows->text, batch->file, entry.place.byte, batch_line(batch, row));
        for (uint32_t column = 0; column < setup->needed_count; column++)
            put_cell(&rows->text, &batch->columns[column], row, vectors_of(setup));
        buffer_append_byte(&rows->text, '\n');
        entry.length = rows->text.length - entry.start;
        buffer_append(&rows->entries, &entry, sizeof entry);
    }
}

static int compare_entries(const void *a, const void *b)
{
    return place_compare(((const struct entry *)a)->place, ((const struct entry *)b)->place);
}

static void merge_rows(struct rows *rows, size_t count, struct reading *out)
{
    struct buffer all = {.bytes = NULL};
    for (size_t i = 0; i < count; i++)
        buffer_append(&all, rows[i].entries.bytes, rows[i].entries.length);
    struct entry *entries = (struct entry *)(void *)all.bytes;
    out->rows = all.length / sizeof *entries;
    if (out->rows > 0)
        qsort(entries, out->rows, sizeof *entries, compare_entries);
    for (uint64_t i = 0; i < out->rows; i++)
        buffer_append(&out->text, rows[entries[i].worker].text.bytes + entries[i].start,
                      entries[i].length);
    buffer_close(&all);
    for (size_t i = 0; i < count; i++) {
        buffer_close(&rows[i].text);
        buffer_close(&rows[i].entries);
    }
}

/* ---- the run ----------------------------------------------------------------------------- */

struct run {
    const struct reading_setup *setup;
    struct dataset *dataset;
    struct format_document *document;
    struct rows rows[MOST_WORKERS];
    struct sheaf_error errors[MOST_WORKERS];
    uint64_t failed[MOST_WORKERS]; /* chunk; UINT64_MAX: none */
    struct format_counts counts[MOST_WORKERS];
};

static const struct format_ops *format_of(const struct reading_setup *setup)
{
    return setup->format == NULL ? &format_csv : setup->format;
}

static enum sheaf_status read_chunk(struct run *run, struct format_reader *reader,
                                    const struct chunk *chunk, unsigned worker)
{
    const struct format_ops *format = format_of(run->setup);
    struct sheaf_error *error = &run->errors[worker];
    TRY(format->begin(reader, chunk, error));
    for (;;) {
        struct batch batch;
        const enum sheaf_status status = format->next(reader, &batch, error);
        if (status == SHEAF_END)
            return SHEAF_OK;
        TRY(status);
        if (batch.selected == 0)
            return error_set(error, SHEAF_BUSY, "a batch without a row");
        put_batch(&run->rows[worker], &batch, run->setup, worker);
    }
}

static void work(void *argument, unsigned worker)
{
    struct run *run = argument;
    const struct format_ops *format = format_of(run->setup);
    struct format_reader *reader;
    struct chunk chunk;
    run->failed[worker] = UINT64_MAX;
    if (format->reader_open(run->document, &reader, &run->errors[worker]) != SHEAF_OK) {
        run->failed[worker] = 0;
        return;
    }
    while (dataset_claim(run->dataset, &chunk, NULL) == SHEAF_OK) {
        if (read_chunk(run, reader, &chunk, worker) != SHEAF_OK) {
            run->failed[worker] = chunk.number;
            dataset_stop(run->dataset);
        }
        dataset_finish(run->dataset, chunk.number);
        if (run->failed[worker] != UINT64_MAX)
            break;
    }
    run->counts[worker] = *format->counts(reader);
    format->reader_close(reader);
}

static void take_outcome(struct run *run, unsigned workers, struct reading *out)
{
    uint64_t lowest = UINT64_MAX;
    for (unsigned i = 0; i < workers; i++) {
        if (run->failed[i] < lowest) {
            lowest = run->failed[i];
            out->error = run->errors[i];
            out->status = out->error.status;
        }
        const struct sheaf_error *first = &run->counts[i].first_skipped;
        out->skipped += run->counts[i].skipped_rows;
        out->nulled += run->counts[i].nulled_values;
        out->ways |= run->counts[i].ways;
        if (first->status != SHEAF_OK &&
            (out->first_skipped.status == SHEAF_OK || first->file < out->first_skipped.file ||
             (first->file == out->first_skipped.file && first->byte < out->first_skipped.byte)))
            out->first_skipped = *first;
    }
    merge_rows(run->rows, workers, out);
}

static void run_workers(struct run *run, struct reading *out)
{
    const struct reading_setup *setup = run->setup;
    struct executor *executor;
    ck_assert_int_eq(setup->executor->open(setup->workers, &executor, NULL), SHEAF_OK);
    const unsigned workers = setup->executor->workers(executor);
    ck_assert_uint_le(workers, MOST_WORKERS);
    ck_assert_int_eq(format_of(setup)->start(run->document, executor, NULL), SHEAF_OK);
    static unsigned readings;
    const struct dataset_run chunks = {
        .chunk_size = setup->chunk_size,
        .access = setup->access != DATASET_AUTO ? setup->access
                  : readings++ % 2 == 0         ? DATASET_MMAP
                                                : DATASET_PREAD,
        .workers = workers,
        .reader = workers == 1 ? DATASET_READS_ITSELF : DATASET_READER_THREAD,
    };
    ck_assert_int_eq(dataset_start(run->dataset, &chunks, NULL), SHEAF_OK);
    const struct executor_task task = {.work = work, .argument = run};
    ck_assert_int_eq(setup->executor->run(executor, &task, NULL), SHEAF_OK);
    take_outcome(run, workers, out);
    setup->executor->close(executor);
}

static void select_columns(struct run *run)
{
    const struct reading_setup *setup = run->setup;
    struct format_need needs[MOST_NEEDED];
    ck_assert_uint_le(setup->needed_count, MOST_NEEDED);
    for (uint32_t i = 0; i < setup->needed_count; i++)
        needs[i] = (struct format_need){.column = setup->needed[i], .vectors = vectors_of(setup)};
    const enum sheaf_status status =
        format_of(setup)->select(run->document, needs, setup->needed_count, NULL);
    ck_assert_int_eq(status, SHEAF_OK);
}

/* Opens and selects; false when the open failed. */
static bool plan(const struct reading_files *files, struct run *run, struct reading *out)
{
    *out = (struct reading){.status = SHEAF_OK};
    ck_assert_int_eq(dataset_open(files->paths, files->count, NULL, &run->dataset, NULL), SHEAF_OK);
    const struct format_ops *format = format_of(run->setup);
    out->status = format->open(run->dataset, run->setup->options, &run->document, &out->error);
    out->was_opened = out->status == SHEAF_OK;
    if (!out->was_opened) {
        ck_assert_ptr_null(run->document);
        dataset_close(run->dataset);
        return false;
    }
    const struct text *names;
    const uint32_t columns = format->columns(run->document, &names);
    for (uint32_t i = 0; i < run->setup->needed_count; i++)
        ck_assert_uint_lt(run->setup->needed[i], columns);
    select_columns(run);
    return true;
}

void reading_run(const struct reading_files *files, const struct reading_setup *setup,
                 struct reading *out)
{
    static struct run run;
    memset(&run, 0, sizeof run);
    run.setup = setup;
    if (!plan(files, &run, out))
        return;
    run_workers(&run, out);
    format_of(setup)->close(run.document);
    dataset_close(run.dataset);
}

/* ---- the sample -------------------------------------------------------------------------- */

struct sampler {
    struct rows rows;
    const struct reading_setup *setup;
    uint64_t taken, most;
};

static bool take_sample(void *argument, const struct batch *batch)
{
    struct sampler *sampler = argument;
    put_batch(&sampler->rows, batch, sampler->setup, 0);
    sampler->taken += batch->selected;
    return sampler->taken < sampler->most;
}

void reading_sample(const struct reading_files *files, const struct reading_setup *setup,
                    uint64_t most, struct reading *out)
{
    struct run run = {.setup = setup};
    if (!plan(files, &run, out))
        return;
    struct sampler sampler = {.setup = setup, .most = most};
    out->status = format_of(setup)->sample(run.document, take_sample, &sampler, &out->error);
    merge_rows(&sampler.rows, 1, out);
    format_of(setup)->close(run.document);
    dataset_close(run.dataset);
}

void reading_drop(struct reading *reading)
{
    buffer_close(&reading->text);
}
