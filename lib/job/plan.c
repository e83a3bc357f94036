#include "job/plan.h"

#include "base/clock.h"
#include "job/report.h"
#include "job/workers.h"
#include "sheaf/cancel.h"

#include <string.h>

enum {
    DEFAULT_CHUNK = 256 << 10, /* fits a second-level cache beside what is made of it */
    LARGEST_CHUNK = 1 << 30,   /* of files */
    LARGEST_BLOCK = 64 << 20,  /* of streams, several of which are in memory */
    SMALLEST_CHUNK = 64 << 10, /* that a memory limit leads to */
    TAIL_SHARE = 32,           /* of the bytes: at most so much is dealt out in smaller chunks, */
    TAIL_CHUNKS = 2,           /* and of each worker this many chunks */
};

/* ---- how it will run --------------------------------------------------------------------- */

static uint64_t wanted_chunk_size(const struct sheaf_plan *plan,
                                  const struct sheaf_run_options *options)
{
    if (options->chunk_size != 0)
        return options->chunk_size;
    const uint64_t hint =
        plan->format->chunk_hint == NULL ? 0 : plan->format->chunk_hint(plan->document);
    return hint > DEFAULT_CHUNK ? hint : DEFAULT_CHUNK;
}

/* Every worker holds a chunk, and a stream's reader some more: a quarter of the memory limit has to
 * hold them all. No answer depends on the size. */
static uint64_t choose_chunk_size(const struct sheaf_plan *plan,
                                  const struct sheaf_run_options *options)
{
    const bool has_stream = dataset_has_stream(plan->dataset);
    const uint64_t wanted = wanted_chunk_size(plan, options);
    const uint64_t workers = options->threads != 0 ? options->threads : plan->limits.processors;
    const uint64_t held = has_stream ? 4 * workers + 4 : workers;
    uint64_t most = has_stream ? LARGEST_BLOCK : LARGEST_CHUNK;
    if (most > plan->core->budget.limit / 4 / held)
        most = plan->core->budget.limit / 4 / held;
    if (most < SMALLEST_CHUNK)
        most = SMALLEST_CHUNK;
    return wanted < most ? wanted : most;
}

/* Smaller chunks at the end than were asked for are nobody's wish. */
static uint64_t choose_tail(const struct sheaf_plan *plan, const struct sheaf_run_options *options)
{
    if (options->chunk_size != 0 || plan->workers == 1 || dataset_has_stream(plan->dataset))
        return 0;
    const uint64_t share = dataset_size(plan->dataset) / TAIL_SHARE;
    const uint64_t chunks = plan->chunk_size * TAIL_CHUNKS * plan->workers;
    return share < chunks ? share : chunks;
}

static enum sheaf_status choose_access(struct sheaf_plan *plan,
                                       const struct sheaf_run_options *options,
                                       struct sheaf_error *error)
{
    const char *name = options->io == NULL ? "auto" : options->io;
    for (size_t i = 0; i < dataset_access_table_length; i++) {
        plan->access = dataset_access_table[i].access;
        if (strcmp(dataset_access_table[i].name, name) == 0)
            return SHEAF_OK;
    }
    return error_set(error, SHEAF_USAGE, "unknown way to read \"%.64s\": auto, pread or mmap",
                     name);
}

static enum sheaf_status choose_run(struct sheaf_plan *plan,
                                    const struct sheaf_run_options *options,
                                    struct sheaf_error *error)
{
    struct workers workers;
    plan->chunk_size = choose_chunk_size(plan, options);
    const bool has_stream = dataset_has_stream(plan->dataset);
    const struct workers_job job = {
        .pieces = dataset_chunks(plan->dataset, plan->chunk_size, 0),
        .bytes = has_stream ? UINT64_MAX : dataset_size(plan->dataset),
        .processors = plan->limits.processors,
    };
    TRY(workers_choose(options, &job, &workers, error));
    plan->executor_ops = workers.executor;
    plan->workers = workers.count;
    if (plan->access == DATASET_AUTO)
        plan->access = plan->format->access;
    plan->core->executor_ops = workers.executor;
    plan->core->workers = workers.count;
    plan->needs_no_pool = workers.needs_no_pool;
    plan->tail = choose_tail(plan, options);
    plan->chunks = dataset_chunks(plan->dataset, plan->chunk_size, plan->tail);
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
    core->budget.limit =
        options->memory_limit != 0 ? options->memory_limit : plan->limits.memory / 2;
    core->report = report_find(request->command);
    if (core->report == NULL)
        return error_set(error, SHEAF_USAGE, "there is no command %d", (int)request->command);
    core->sort = request->sort;
    core->limit = request->limit;
    /* No exact decimal has more digits after the point. */
    core->round = request->round < NUMBER_DIGITS ? request->round : NUMBER_DIGITS;
    return hash_secret_make(&core->secret, error);
}

/* Tells the format what is needed, and puts the keys behind it in a batch. */
static enum sheaf_status select_columns(struct sheaf_plan *plan, struct sheaf_error *error)
{
    struct format_need *needed = memory_alloc(plan->use_count * sizeof *needed);
    if (needed == NULL)
        return error_no_memory(error, "the needed columns");
    for (uint32_t slot = 0; slot < plan->use_count; slot++)
        needed[slot] = (struct format_need){.column = plan->uses[slot].column,
                                            .vectors = plan->uses[slot].vectors};
    for (uint32_t key = 0; key < plan->core->groups.key_count; key++)
        plan->key_positions[key] = plan->use_count + key;
    const enum sheaf_status status =
        plan->format->select(plan->document, needed, plan->use_count, error);
    memory_free(needed);
    return status;
}

static enum sheaf_status fill(struct sheaf_plan *plan, const struct sheaf_request *request,
                              const struct sheaf_run_options *options, struct sheaf_error *error)
{
    plan->cancel = options->cancel;
    struct engine engine;
    TRY(engine_choose(options, &engine, error));
    plan->scanner = engine.scanner;
    plan->isa = engine.isa;
    cpu_read(&plan->limits);
    TRY(choose_access(plan, options, error));
    TRY(open_core(plan, request, options, error));
    TRY(dataset_open(request->files, request->file_count, options->cancel, &plan->dataset, error));
    dataset_set_temporary(plan->dataset, options->temporary_directory);
    TRY(plan_open_document(plan, request, error));
    TRY(plan->core->report->resolve(plan, request, error));
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
    return dataset_reads_once(plan->dataset);
}
