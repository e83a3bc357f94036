/* job/run.c - chunks to an executor, batches to per-worker tables, tables to one result.
 *
 * Workers claim chunks in order from the dataset. On an error in chunk k no further chunk is
 * claimed and every chunk below k is finished, so that the error of the lowest chunk is found,
 * whoever met one first. Which worker ran a chunk, and when, is forgotten in the merge: every
 * aggregate commutes. */
#include "base/clock.h"
#include "job/convert.h"
#include "job/result.h"
#include "sheaf/cancel.h"
#include "sync/executors.h"
#include "sync/thread.h"

enum { TICK_NS = 100 * 1000 * 1000 };

/* What one worker has; touched by nobody else until all have come back, save the bytes. */
struct worker {
    struct format_reader *reader;
    struct converter *converter;
    struct group_table *table;
    uint64_t failed_chunk; /* where `error` happened; UINT64_MAX: it has not */
    struct sheaf_error error;
    _Atomic uint64_t bytes; /* for the progress */
};

struct run {
    struct sheaf_plan *plan;
    struct executor *executor;
    struct worker *workers;
    unsigned worker_count;
    _Atomic uint64_t lowest_failed; /* chunk number; UINT64_MAX: none */
    uint64_t start_ns;
};

/* ---- one worker -------------------------------------------------------------------------- */

static void fail_at(struct run *run, struct worker *worker, uint64_t chunk)
{
    worker->failed_chunk = chunk;
    uint64_t lowest = atomic_load(&run->lowest_failed);
    while (chunk < lowest && !atomic_compare_exchange_weak(&run->lowest_failed, &lowest, chunk))
        continue;
    dataset_stop(run->plan->dataset);
}

static enum sheaf_status open_worker(struct run *run, struct worker *worker)
{
    struct sheaf_plan *plan = run->plan;
    TRY(plan->format->reader_open(plan->document, &worker->reader, &worker->error));
    TRY(converter_open(plan, &worker->converter, &worker->error));
    return group_table_open(&plan->core->groups, &worker->table, &worker->error);
}

static enum sheaf_status take_batch(struct worker *worker, struct worker_timings *timings,
                                    struct batch *batch)
{
    uint64_t since = clock_now();
    TRY(converter_run(worker->converter, batch, &worker->error));
    timings->parse_ns += clock_lap(&since);
    if (batch->selected == 0)
        return SHEAF_OK;
    TRY(group_table_update(worker->table, batch, &worker->error));
    timings->aggregate_ns += clock_lap(&since);
    return SHEAF_OK;
}

/* A chunk above one that failed is not needed any more. */
static bool is_needed(const struct run *run, const struct chunk *chunk)
{
    return chunk->number < atomic_load(&run->lowest_failed) &&
           sheaf_cancel_reason(run->plan->cancel) == 0;
}

static enum sheaf_status take_chunk(struct run *run, struct worker *worker,
                                    struct worker_timings *timings, const struct chunk *chunk)
{
    const struct format_ops *format = run->plan->format;
    TRY(format->begin(worker->reader, chunk, &worker->error));
    while (is_needed(run, chunk)) {
        struct batch batch;
        const enum sheaf_status status = format->next(worker->reader, &batch, &worker->error);
        if (status == SHEAF_END)
            break;
        TRY(status);
        TRY(take_batch(worker, timings, &batch));
    }
    timings->chunks++;
    atomic_fetch_add_explicit(&worker->bytes, chunk->length, memory_order_relaxed);
    return SHEAF_OK;
}

static void take_chunks(struct run *run, unsigned index)
{
    struct worker *worker = &run->workers[index];
    struct worker_timings *timings = &run->plan->timings.workers[index];
    struct chunk chunk;
    for (;;) {
        uint64_t since = clock_now();
        enum sheaf_status status = dataset_claim(run->plan->dataset, &chunk, &worker->error);
        timings->claim_ns += clock_lap(&since);
        if (status == SHEAF_END ||
            (status == SHEAF_STOPPED && atomic_load(&run->lowest_failed) != UINT64_MAX))
            return;
        if (status != SHEAF_OK) {
            fail_at(run, worker, UINT64_MAX - 1); /* after all chunks that there are */
            return;
        }
        timings->thread = thread_id();
        status = take_chunk(run, worker, timings, &chunk);
        if (status != SHEAF_OK)
            fail_at(run, worker, chunk.number);
        dataset_finish(run->plan->dataset, chunk.number);
        if (status != SHEAF_OK)
            return;
        run->executor->ops->maybe_tick(run->executor, index);
    }
}

static void run_worker(void *argument, unsigned index)
{
    struct run *run = argument;
    struct worker *worker = &run->workers[index];
    if (open_worker(run, worker) != SHEAF_OK)
        fail_at(run, worker, 0);
    else
        take_chunks(run, index);
    if (worker->reader == NULL)
        return;
    struct worker_timings *timings = &run->plan->timings.workers[index];
    const struct format_counts *counts = run->plan->format->counts(worker->reader);
    timings->bytes = counts->bytes;
    timings->rows = counts->rows;
    timings->read_ns = counts->read_ns;
    timings->scan_ns = counts->scan_ns;
    timings->wait_ns = counts->wait_ns;
    timings->parse_ns += counts->parse_ns;
}

/* ---- the coordinator --------------------------------------------------------------------- */

static void tick(void *argument)
{
    const struct run *run = argument;
    struct sheaf_progress progress = {
        .total = dataset_size(run->plan->dataset),
        .elapsed_ns = clock_now() - run->start_ns,
    };
    for (unsigned i = 0; i < run->worker_count; i++)
        progress.bytes += atomic_load_explicit(&run->workers[i].bytes, memory_order_relaxed);
    run->plan->progress(run->plan->progress_argument, &progress);
}

static enum sheaf_status start(struct run *run, struct sheaf_error *error)
{
    struct sheaf_plan *plan = run->plan;
    /* A pipe's reader first: without it the workers would have nothing to do. */
    const struct dataset_run chunks = {
        .chunk_size = plan->chunk_size,
        .tail = plan->tail,
        .access = plan->access,
        .workers = plan->workers,
        .reader =
            plan->executor_ops == &executor_serial ? DATASET_READS_ITSELF : DATASET_READER_THREAD,
        .budget = &plan->core->budget,
    };
    TRY(dataset_start(plan->dataset, &chunks, error));
    TRY(plan->executor_ops->open(plan->workers, &run->executor, error));
    run->worker_count = plan->executor_ops->workers(run->executor);
    run->workers = memory_zeroed(run->worker_count, sizeof *run->workers);
    plan->timings.workers = memory_zeroed(run->worker_count, sizeof *plan->timings.workers);
    if (run->workers == NULL || plan->timings.workers == NULL)
        return error_no_memory(error, "the workers");
    plan->timings.worker_count = run->worker_count;
    return plan->format->start(plan->document, run->executor, error);
}

/* The error of the lowest chunk, if any. */
static enum sheaf_status first_error(const struct run *run, struct sheaf_error *error)
{
    const struct worker *lowest = NULL;
    for (unsigned i = 0; i < run->worker_count; i++) {
        const struct worker *worker = &run->workers[i];
        if (worker->failed_chunk != UINT64_MAX &&
            (lowest == NULL || worker->failed_chunk < lowest->failed_chunk))
            lowest = worker;
    }
    if (lowest == NULL && sheaf_cancel_reason(run->plan->cancel) != 0)
        return error_set(error, SHEAF_STOPPED, "stopped");
    if (lowest == NULL)
        return SHEAF_OK;
    *error = lowest->error;
    return error->status;
}

static enum sheaf_status run_chunks(struct run *run, struct sheaf_error *error)
{
    const struct executor_task task = {
        .work = run_worker,
        .tick = run->plan->progress != NULL ? tick : NULL,
        .argument = run,
        .tick_ns = run->plan->progress != NULL ? TICK_NS : 0,
    };
    for (unsigned i = 0; i < run->worker_count; i++)
        run->workers[i].failed_chunk = UINT64_MAX;
    atomic_store(&run->lowest_failed, UINT64_MAX);
    TRY(run->executor->ops->run(run->executor, &task, error));
    const enum sheaf_status status = first_error(run, error);
    /* What a changing file made of the data is not worth reporting. */
    if (status == SHEAF_OK || status == SHEAF_DATA || status == SHEAF_LIMIT)
        TRY(dataset_check_unchanged(run->plan->dataset, error));
    return status;
}

static void sum_skipped(const struct run *run, struct sheaf_result *result)
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        const struct worker *worker = &run->workers[i];
        const struct format_counts *format = run->plan->format->counts(worker->reader);
        const struct converter_counts *values = converter_counts(worker->converter);
        result->skipped_rows += format->skipped_rows + values->skipped_rows;
        result->nulled_values += format->nulled_values + values->nulled_values;
        error_keep_earlier(&result->first_skipped, &format->first_skipped);
        error_keep_earlier(&result->first_skipped, &values->first);
    }
}

static bool is_cancelled(const void *plan)
{
    return sheaf_cancel_reason(((const struct sheaf_plan *)plan)->cancel) != 0;
}

/* Makes one table of all workers' tables, which are closed. */
static enum sheaf_status combine(struct run *run, struct group_table **out,
                                 struct sheaf_error *error)
{
    const struct group_combining how = {
        .executor = run->executor, .should_stop = is_cancelled, .argument = run->plan};
    struct group_table **tables = memory_zeroed(run->worker_count, sizeof(struct group_table *));
    if (tables == NULL)
        return error_no_memory(error, "the workers");
    for (unsigned i = 0; i < run->worker_count; i++)
        tables[i] = run->workers[i].table;
    const enum sheaf_status status =
        group_tables_combine(tables, run->worker_count, &how, out, error);
    for (unsigned i = 0; i < run->worker_count; i++) {
        group_table_close(tables[i]);
        run->workers[i].table = NULL;
    }
    memory_free(tables);
    return status;
}

static enum sheaf_status merge(struct run *run, struct sheaf_result **out,
                               struct sheaf_error *error)
{
    struct sheaf_plan *plan = run->plan;
    struct group_table *table;
    TRY(combine(run, &table, error));
    const enum sheaf_status status = result_make(plan->core, table, plan->cancel, out, error);
    if (status != SHEAF_OK)
        group_table_close(table);
    else
        sum_skipped(run, *out);
    return status;
}

static void close_run(struct run *run)
{
    for (unsigned i = 0; run->workers != NULL && i < run->worker_count; i++) {
        struct worker *worker = &run->workers[i];
        if (worker->reader != NULL)
            run->plan->format->reader_close(worker->reader);
        converter_close(worker->converter);
        group_table_close(worker->table);
    }
    memory_free(run->workers);
    dataset_end(run->plan->dataset);
    if (run->executor != NULL)
        run->executor->ops->close(run->executor);
}

enum sheaf_status sheaf_plan_run(struct sheaf_plan *plan, struct sheaf_result **out,
                                 struct sheaf_error *error)
{
    struct sheaf_error unused;
    if (error == NULL)
        error = &unused;
    *out = NULL;
    if (plan->was_run)
        return error_set(error, SHEAF_USAGE, "the plan was run already");
    plan->was_run = true;
    struct run run = {.plan = plan, .start_ns = clock_now()};
    uint64_t since = run.start_ns;
    enum sheaf_status status = start(&run, error);
    if (status == SHEAF_OK)
        status = run_chunks(&run, error);
    if (plan->progress != NULL && run.workers != NULL)
        tick(&run); /* how far it came */
    plan->timings.run_ns = clock_lap(&since);
    if (status == SHEAF_OK)
        status = merge(&run, out, error);
    close_run(&run);
    if (status == SHEAF_OK)
        plan->core = NULL; /* the result has it */
    plan->timings.merge_ns = clock_lap(&since);
    return status;
}
