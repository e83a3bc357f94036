/* job/generate.c - generated rows to a sink: workers make numbered pieces, an ordered writer puts
 * them in order. */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "format/npy_write.h"
#include "gen/gen.h"
#include "io/ordered_writer.h"
#include "io/sink.h"
#include "job/workers.h"
#include "sheaf/cancel.h"
#include "sheaf/job.h"

#include <stdatomic.h>
#include <string.h>

enum {
    PIECE_BYTES = 1 << 20,
    LARGEST_PIECE = 64 << 20, /* every worker holds one */
    TICK_NS = 100 * 1000 * 1000
};

struct generation;

/* How rows are written. */
struct layout {
    const char *name;
    bool binary;
    enum sheaf_status (*header)(const struct generation *generation, struct buffer *out,
                                struct sheaf_error *error);
    void (*rows)(const struct generation *generation, uint64_t first, uint64_t count,
                 struct buffer *out);
};

struct generation {
    const struct gen_ops *generator;
    const struct layout *layout;
    const struct sheaf_generate_request *request;
    const struct sheaf_run_options *options;
    struct executor *executor;
    struct sink *sink;
    struct ordered_writer *writer;
    char delimiter;
    uint64_t piece_rows;
    uint64_t pieces;
    uint64_t header_bytes;
    uint64_t start_ns;
    _Atomic uint64_t next;
    _Atomic uint64_t bytes; /* of the rows, as `rows` */
    _Atomic uint64_t rows;
    _Atomic bool failed; /* `error` is filled by the one who set it */
    struct sheaf_error error;
};

/* ---- layouts ----------------------------------------------------------------------------- */

static enum sheaf_status csv_header(const struct generation *generation, struct buffer *out,
                                    struct sheaf_error *error)
{
    gen_header(generation->generator, generation->delimiter, out);
    return out->failed ? error_no_memory(error, "the header") : SHEAF_OK;
}

static void csv_rows(const struct generation *generation, uint64_t first, uint64_t count,
                     struct buffer *out)
{
    generation->generator->csv(generation->request->seed, first, count, generation->delimiter, out);
}

static enum sheaf_status raw_header(const struct generation *generation, struct buffer *out,
                                    struct sheaf_error *error)
{
    (void)generation;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

static enum sheaf_status npy_header(const struct generation *generation, struct buffer *out,
                                    struct sheaf_error *error)
{
    const struct gen_ops *generator = generation->generator;
    struct npy_field *fields = memory_zeroed(generator->column_count, sizeof *fields);
    if (fields == NULL)
        return error_no_memory(error, "the header");
    for (uint32_t i = 0; i < generator->column_count; i++)
        fields[i] = (struct npy_field){generator->columns[i].name, generator->columns[i].npy};
    const enum sheaf_status status =
        npy_write_header(fields, generator->column_count, generation->request->rows, out, error);
    memory_free(fields);
    return status;
}

static void binary_rows(const struct generation *generation, uint64_t first, uint64_t count,
                        struct buffer *out)
{
    generation->generator->records(generation->request->seed, first, count, out);
}

static const struct layout layouts[] = {
    {"csv", false, csv_header, csv_rows},
    {"raw", true, raw_header, binary_rows},
    {"npy", true, npy_header, binary_rows},
};

/* ---- workers ----------------------------------------------------------------------------- */

/* Keeps the first failure; a stop is only what follows from another's. */
static void fail(struct generation *generation, const struct sheaf_error *error)
{
    if (error->status != SHEAF_STOPPED && !atomic_exchange(&generation->failed, true))
        generation->error = *error;
    ordered_writer_stop(generation->writer);
}

static enum sheaf_status make_piece(struct generation *generation, uint64_t piece,
                                    struct buffer *text, struct sheaf_error *error)
{
    const struct sheaf_generate_request *request = generation->request;
    const uint64_t first = piece * generation->piece_rows;
    const uint64_t left = request->rows - first;
    const uint64_t rows = left < generation->piece_rows ? left : generation->piece_rows;
    buffer_clear(text);
    generation->layout->rows(generation, first, rows, text);
    if (text->failed)
        return error_no_memory(error, "generated rows");
    TRY(ordered_writer_write(generation->writer, piece, text->bytes, text->length, error));
    atomic_fetch_add(&generation->bytes, text->length);
    atomic_fetch_add(&generation->rows, rows);
    return SHEAF_OK;
}

static void generate_pieces(void *argument, unsigned worker)
{
    struct generation *generation = argument;
    struct buffer text = {.bytes = NULL};
    struct sheaf_error error;
    for (;;) {
        const uint64_t piece = atomic_fetch_add(&generation->next, 1);
        if (piece >= generation->pieces)
            break;
        enum sheaf_status status = SHEAF_OK;
        if (sheaf_cancel_reason(generation->options->cancel) != 0)
            status = error_set(&error, SHEAF_STOPPED, "stopped");
        else
            status = make_piece(generation, piece, &text, &error);
        if (status != SHEAF_OK) {
            fail(generation, &error);
            break;
        }
        generation->executor->ops->maybe_tick(generation->executor, worker);
    }
    buffer_close(&text);
}

/* ---- the coordinator --------------------------------------------------------------------- */

/* How many bytes there will be; 0: not known. */
static uint64_t total_bytes(const struct generation *generation, uint64_t bytes, uint64_t rows)
{
    const uint64_t all = generation->request->rows;
    if (generation->layout->binary) {
        const uint64_t record = generation->generator->record_bytes;
        return all <= (UINT64_MAX - generation->header_bytes) / record
                   ? generation->header_bytes + all * record
                   : 0;
    }
    if (rows == 0)
        return 0;
    /* as if all rows were as long as those so far */
    return generation->header_bytes + (uint64_t)((double)bytes / (double)rows * (double)all);
}

static void tick(void *argument)
{
    struct generation *generation = argument;
    const uint64_t bytes = atomic_load(&generation->bytes);
    const struct sheaf_progress progress = {
        .bytes = generation->header_bytes + bytes,
        .total = total_bytes(generation, bytes, atomic_load(&generation->rows)),
        .elapsed_ns = clock_now() - generation->start_ns,
    };
    generation->options->progress(generation->options->progress_argument, &progress);
}

static enum sheaf_status find_layout(struct generation *generation, struct sheaf_error *error)
{
    const char *name = generation->request->format != NULL ? generation->request->format : "csv";
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (strcmp(layouts[i].name, name) == 0)
            generation->layout = &layouts[i];
    if (generation->layout == NULL)
        return error_set(error, SHEAF_USAGE, "unknown format \"%.64s\": csv, raw or npy", name);
    return SHEAF_OK;
}

static enum sheaf_status choose_delimiter(struct generation *generation, struct sheaf_error *error)
{
    const int wanted = generation->request->delimiter;
    generation->delimiter = generation->generator->delimiter;
    if (wanted == SHEAF_NO_BYTE)
        return SHEAF_OK;
    if (generation->layout->binary)
        return error_set(error, SHEAF_USAGE, "a delimiter is for csv, not for %s",
                         generation->layout->name);
    if (wanted < 0 || wanted > UINT8_MAX || wanted == '"' || wanted == '\n' || wanted == '\r')
        return error_set(error, SHEAF_USAGE,
                         "the delimiter is one byte, and neither a quote nor a line end");
    generation->delimiter = (char)wanted;
    return SHEAF_OK;
}

static void cut_into_pieces(struct generation *generation)
{
    const uint64_t row = generation->layout->binary ? generation->generator->record_bytes
                                                    : generation->generator->row_bytes;
    const uint64_t wanted = generation->options->chunk_size;
    const uint64_t bytes = wanted == 0 ? PIECE_BYTES : wanted;
    generation->piece_rows = (bytes < LARGEST_PIECE ? bytes : LARGEST_PIECE) / row;
    if (generation->piece_rows == 0)
        generation->piece_rows = 1;
    const uint64_t rows = generation->request->rows;
    generation->pieces = rows / generation->piece_rows + (rows % generation->piece_rows != 0);
}

static enum sheaf_status check(struct generation *generation, struct workers *workers,
                               struct sheaf_error *error)
{
    const char *name = generation->request->generator;
    generation->generator = gen_find(name);
    if (generation->generator == NULL)
        return error_set(error, SHEAF_USAGE,
                         "unknown dataset \"%.64s\"; sheaf gen --help lists them", name);
    TRY(find_layout(generation, error));
    TRY(choose_delimiter(generation, error));
    cut_into_pieces(generation);
    const struct workers_job job = {
        .pieces = generation->pieces,
        .bytes = UINT64_MAX,
        .processors = generation->options->threads != 0 ? 1 : cpu_available(),
    };
    return workers_choose(generation->options, &job, workers, error);
}

static enum sheaf_status write_header(struct generation *generation, struct sheaf_error *error)
{
    struct buffer header = {.bytes = NULL};
    enum sheaf_status status = generation->layout->header(generation, &header, error);
    if (status == SHEAF_OK && header.length > 0)
        status = sink_write(generation->sink, header.bytes, header.length, error);
    generation->header_bytes = header.length;
    buffer_close(&header);
    return status;
}

static enum sheaf_status run(struct generation *generation, struct sheaf_error *error)
{
    struct workers workers;
    TRY(check(generation, &workers, error));
    TRY(sink_open(generation->request->path, &generation->sink, error));
    TRY(write_header(generation, error));
    TRY(ordered_writer_open(generation->sink, &generation->writer, error));
    TRY(workers.executor->open(workers.count, &generation->executor, error));
    const struct executor_task task = {
        .work = generate_pieces,
        .tick = generation->options->progress != NULL ? tick : NULL,
        .argument = generation,
        .tick_ns = generation->options->progress != NULL ? TICK_NS : 0,
    };
    TRY(workers.executor->run(generation->executor, &task, error));
    if (generation->options->progress != NULL)
        tick(generation); /* how far it came */
    if (atomic_load(&generation->failed)) {
        *error = generation->error;
        return error->status;
    }
    if (sheaf_cancel_reason(generation->options->cancel) != 0)
        return error_set(error, SHEAF_STOPPED, "stopped");
    return sink_commit(generation->sink, error);
}

enum sheaf_status sheaf_generate(const struct sheaf_generate_request *request,
                                 const struct sheaf_run_options *options, struct sheaf_error *error)
{
    struct sheaf_error unused;
    struct generation generation = {
        .request = request, .options = options, .start_ns = clock_now()};
    const enum sheaf_status status = run(&generation, error != NULL ? error : &unused);
    if (generation.executor != NULL)
        generation.executor->ops->close(generation.executor);
    ordered_writer_close(generation.writer);
    sink_close(generation.sink);
    return status;
}
