#include "job/plan.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "job/nearest.h"
#include "sheaf/cancel.h"
#include "sync/executors.h"

#include <string.h>

enum {
    DEFAULT_CHUNK = 256 << 10, /* fits a second-level cache beside what is made of it */
    LARGEST_CHUNK = 1 << 30,   /* of files */
    LARGEST_BLOCK = 64 << 20,  /* of streams, several of which are in memory */
    SMALLEST_CHUNK = 64 << 10, /* that a memory limit leads to */
    MOST_WORKERS = 1024,
};

/* ---- checking the request ---------------------------------------------------------------- */

static bool is_line_end(int byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_byte_or_none(int byte)
{
    return byte >= SHEAF_NO_BYTE && byte <= UINT8_MAX;
}

static enum sheaf_status check_dialect(const struct sheaf_dialect *dialect, int delimiter,
                                       struct sheaf_error *error)
{
    if (!is_byte_or_none(dialect->delimiter) || !is_byte_or_none(dialect->quote) ||
        !is_byte_or_none(dialect->comment))
        return error_set(error, SHEAF_USAGE,
                         "the delimiter, the quote and the comment are one byte each, or none");
    if (is_line_end(delimiter) || is_line_end(dialect->quote) || is_line_end(dialect->comment))
        return error_set(error, SHEAF_USAGE,
                         "a line end cannot be the delimiter, the quote or the comment byte");
    if (delimiter == dialect->quote)
        return error_set(error, SHEAF_USAGE, "the delimiter and the quote are the same byte");
    if (delimiter == dialect->comment)
        return error_set(error, SHEAF_USAGE, "the delimiter and the comment byte are the same");
    if (dialect->quote == dialect->comment && dialect->quote != SHEAF_NO_BYTE)
        return error_set(error, SHEAF_USAGE, "the quote and the comment byte are the same");
    return SHEAF_OK;
}

static unsigned char choose_delimiter(const struct sheaf_request *request)
{
    if (request->dialect.delimiter != SHEAF_NO_BYTE)
        return (unsigned char)request->dialect.delimiter;
    if (request->file_count == 0)
        return ',';
    const char *name = request->files[0];
    const size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".tsv") == 0 ? '\t' : ',';
}

static enum sheaf_status open_document(struct sheaf_plan *plan, const struct sheaf_request *request,
                                       struct sheaf_error *error)
{
    const struct sheaf_dialect *dialect = &request->dialect;
    const unsigned char delimiter = choose_delimiter(request);
    TRY(check_dialect(dialect, delimiter, error));
    const struct format_options options = {
        .delimiter = delimiter,
        .quote = dialect->quote,
        .comment = dialect->comment,
        .no_headers = dialect->no_headers,
        .cr_ends = dialect->cr_ends,
        .null_quoted = dialect->null_quoted,
        .skip_lines = dialect->skip_lines,
        .nulls = dialect->nulls,
        .ragged = (dialect->ragged & SHEAF_RAGGED_PAD ? FORMAT_PAD : 0) |
                  (dialect->ragged & SHEAF_RAGGED_TRIM ? FORMAT_TRIM : 0),
        .policy = dialect->on_error == SHEAF_ON_ERROR_FAIL ? FORMAT_FAIL : FORMAT_SKIP,
        .max_field = dialect->max_field,
        .budget = &plan->core->budget,
    };
    plan->on_error = dialect->on_error;
    plan->no_headers = dialect->no_headers;
    plan->format = format_table[0];
    TRY(plan->format->open(plan->dataset, &options, &plan->document, error));
    plan->columns.count = plan->format->columns(plan->document, &plan->columns.names);
    return SHEAF_OK;
}

static enum sheaf_status select_columns(struct sheaf_plan *plan, struct sheaf_error *error)
{
    uint32_t *needed = memory_alloc(plan->use_count * sizeof *needed);
    if (needed == NULL)
        return error_no_memory(error, "the needed columns");
    for (uint32_t slot = 0; slot < plan->use_count; slot++)
        needed[slot] = plan->uses[slot].column;
    const enum sheaf_status status =
        plan->format->select(plan->document, needed, plan->use_count, error);
    memory_free(needed);
    return status;
}

/* ---- how it will run --------------------------------------------------------------------- */

static enum sheaf_status choose_executor(struct sheaf_plan *plan,
                                         const struct sheaf_run_options *options,
                                         struct sheaf_error *error)
{
    const char *name = options->executor == NULL ? "pool" : options->executor;
    plan->executor_ops = executor_find(name);
    if (plan->executor_ops != NULL)
        return SHEAF_OK;
    return error_set(error, SHEAF_USAGE, "unknown executor \"%.64s\": pool, openmp or serial",
                     name);
}

/* Every worker holds a chunk, and a stream's reader some more: a quarter of the memory limit has to
 * hold them all. No answer depends on the size. */
static uint64_t choose_chunk_size(const struct sheaf_plan *plan,
                                  const struct sheaf_run_options *options)
{
    const bool has_stream = dataset_has_stream(plan->dataset);
    const uint64_t wanted = options->chunk_size != 0 ? options->chunk_size : DEFAULT_CHUNK;
    const uint64_t workers = options->threads != 0 ? options->threads : cpu_available();
    const uint64_t held = has_stream ? 4 * workers + 4 : workers;
    uint64_t most = has_stream ? LARGEST_BLOCK : LARGEST_CHUNK;
    if (most > plan->core->budget.limit / 4 / held)
        most = plan->core->budget.limit / 4 / held;
    if (most < SMALLEST_CHUNK)
        most = SMALLEST_CHUNK;
    return wanted < most ? wanted : most;
}

/* An explicit number of threads, or executor, is kept, as far as there are chunks for it. Otherwise
 * a job that one thread finishes sooner starts none. */
static void choose_workers(struct sheaf_plan *plan, const struct sheaf_run_options *options)
{
    uint64_t workers = options->threads != 0 ? options->threads : cpu_available();
    if (workers > plan->chunks)
        workers = plan->chunks == 0 ? 1 : plan->chunks;
    if (workers > MOST_WORKERS)
        workers = MOST_WORKERS;
    if (plan->executor_ops == &executor_serial)
        workers = 1;
    plan->workers = (unsigned)workers;
    plan->needs_no_pool = options->threads == 0 && options->executor == NULL && workers == 1;
    if (plan->needs_no_pool)
        plan->executor_ops = &executor_serial;
}

static enum sheaf_status choose_run(struct sheaf_plan *plan,
                                    const struct sheaf_run_options *options,
                                    struct sheaf_error *error)
{
    TRY(choose_executor(plan, options, error));
    plan->chunk_size = choose_chunk_size(plan, options);
    plan->chunks = dataset_chunks(plan->dataset, plan->chunk_size);
    choose_workers(plan, options);
    plan->progress = options->progress;
    plan->progress_argument = options->progress_argument;
    return SHEAF_OK;
}

/* ---- opening and closing ----------------------------------------------------------------- */

static enum sheaf_status open_core(struct sheaf_plan *plan, const struct sheaf_request *request,
                                   const struct sheaf_run_options *options,
                                   struct sheaf_error *error)
{
    struct job_core *core = memory_zeroed(1, sizeof *core);
    if (core == NULL)
        return error_no_memory(error, "the plan");
    plan->core = core;
    core->budget.limit = options->memory_limit != 0 ? options->memory_limit : cpu_memory() / 2;
    core->command = request->command;
    core->sort = request->sort;
    core->limit = request->limit;
    return hash_secret_make(&core->secret, error);
}

static enum sheaf_status fill(struct sheaf_plan *plan, const struct sheaf_request *request,
                              const struct sheaf_run_options *options, struct sheaf_error *error)
{
    plan->cancel = options->cancel;
    TRY(open_core(plan, request, options, error));
    TRY(dataset_open(request->files, request->file_count, options->cancel, &plan->dataset, error));
    TRY(open_document(plan, request, error));
    TRY(plan_resolve(plan, request, error));
    TRY(select_columns(plan, error));
    TRY(plan_find_kinds(plan, error));
    return choose_run(plan, options, error);
}

enum sheaf_status sheaf_plan_open(const struct sheaf_request *request,
                                  const struct sheaf_run_options *options, struct sheaf_plan **out,
                                  struct sheaf_error *error)
{
    static const struct sheaf_run_options defaults = SHEAF_RUN_OPTIONS_INIT;
    const uint64_t start = clock_now();
    struct sheaf_error unused;
    if (error == NULL)
        error = &unused;
    if (options == NULL)
        options = &defaults;
    *out = NULL;
    struct sheaf_plan *plan = memory_zeroed(1, sizeof *plan);
    if (plan == NULL)
        return error_no_memory(error, "the plan");
    const enum sheaf_status status = fill(plan, request, options, error);
    if (status != SHEAF_OK) {
        sheaf_plan_close(plan);
        return status;
    }
    plan->timings.plan_ns = clock_now() - start;
    *out = plan;
    return SHEAF_OK;
}

void job_core_close(struct job_core *core)
{
    if (core == NULL)
        return;
    arena_close(&core->arena);
    memory_free(core);
}

void sheaf_plan_close(struct sheaf_plan *plan)
{
    if (plan == NULL)
        return;
    if (plan->document != NULL)
        plan->format->close(plan->document);
    dataset_close(plan->dataset);
    job_core_close(plan->core);
    memory_free(plan->timings.workers);
    memory_free(plan);
}

bool sheaf_plan_reads_once(const struct sheaf_plan *plan)
{
    return dataset_has_stream(plan->dataset);
}
