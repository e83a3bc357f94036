/* job/generate.c - generated rows to a sink: workers make numbered pieces, an ordered writer puts
 * them in order. */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "gen/gen.h"
#include "io/ordered_writer.h"
#include "io/sink.h"
#include "sheaf/cancel.h"
#include "sheaf/job.h"
#include "sync/executors.h"

#include <stdatomic.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20, TICK_NS = 100 * 1000 * 1000, MOST_WORKERS = 1024 };

struct generation {
    const struct gen_ops *generator;
    const struct sheaf_generate_request *request;
    const struct sheaf_run_options *options;
    struct executor *executor;
    struct sink *sink;
    struct ordered_writer *writer;
    char delimiter;
    uint64_t piece_rows;
    uint64_t pieces;
    uint64_t start_ns;
    _Atomic uint64_t next;
    _Atomic uint64_t bytes;
    _Atomic uint64_t rows;
    _Atomic bool failed; /* `error` is filled by the one who set it */
    struct sheaf_error error;
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
    generation->generator->csv(request->seed, first, rows, generation->delimiter, text);
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

static void tick(void *argument)
{
    struct generation *generation = argument;
    const uint64_t rows = atomic_load(&generation->rows);
    struct sheaf_progress progress = {
        .bytes = atomic_load(&generation->bytes),
        .elapsed_ns = clock_now() - generation->start_ns,
    };
    if (rows > 0) /* as if all rows were as long as those so far */
        progress.total =
            (uint64_t)((double)progress.bytes / (double)rows * (double)generation->request->rows);
    generation->options->progress(generation->options->progress_argument, &progress);
}

static enum sheaf_status find_parts(struct generation *generation,
                                    const struct executor_ops **executor, struct sheaf_error *error)
{
    const struct sheaf_generate_request *request = generation->request;
    generation->generator = gen_find(request->generator);
    if (generation->generator == NULL)
        return error_set(error, SHEAF_USAGE,
                         "unknown dataset \"%.64s\"; sheaf gen --help lists "
                         "them",
                         request->generator);
    const char *name = generation->options->executor;
    *executor = executor_find(name == NULL ? "pool" : name);
    if (*executor == NULL)
        return error_set(error, SHEAF_USAGE, "unknown executor \"%.64s\": pool, openmp or serial",
                         name);
    generation->delimiter = request->delimiter != SHEAF_NO_BYTE ? (char)request->delimiter
                                                                : generation->generator->delimiter;
    const uint64_t bytes =
        generation->options->chunk_size != 0 ? generation->options->chunk_size : PIECE_BYTES;
    generation->piece_rows = bytes / generation->generator->row_bytes;
    if (generation->piece_rows == 0)
        generation->piece_rows = 1;
    generation->pieces =
        request->rows / generation->piece_rows + (request->rows % generation->piece_rows != 0);
    return SHEAF_OK;
}

static unsigned count_workers(const struct generation *generation)
{
    const unsigned threads = generation->options->threads;
    uint64_t workers = threads != 0 ? threads : cpu_available();
    if (workers > generation->pieces)
        workers = generation->pieces == 0 ? 1 : generation->pieces;
    return (unsigned)(workers < MOST_WORKERS ? workers : MOST_WORKERS);
}

static enum sheaf_status write_header(const struct generation *generation,
                                      struct sheaf_error *error)
{
    const char *header = generation->generator->header;
    if (header == NULL)
        return SHEAF_OK;
    struct buffer line = {.bytes = NULL};
    for (; *header != '\0'; header++)
        buffer_append_byte(&line, *header == ',' ? generation->delimiter : *header);
    buffer_append_byte(&line, '\n');
    const enum sheaf_status status =
        line.failed ? error_no_memory(error, "the header")
                    : sink_write(generation->sink, line.bytes, line.length, error);
    buffer_close(&line);
    return status;
}

static enum sheaf_status run(struct generation *generation, struct sheaf_error *error)
{
    const struct executor_ops *executor;
    TRY(find_parts(generation, &executor, error));
    TRY(sink_open(generation->request->path, &generation->sink, error));
    TRY(write_header(generation, error));
    TRY(ordered_writer_open(generation->sink, &generation->writer, error));
    TRY(executor->open(count_workers(generation), &generation->executor, error));
    const struct executor_task task = {
        .work = generate_pieces,
        .tick = generation->options->progress != NULL ? tick : NULL,
        .argument = generation,
        .tick_ns = generation->options->progress != NULL ? TICK_NS : 0,
    };
    TRY(executor->run(generation->executor, &task, error));
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
