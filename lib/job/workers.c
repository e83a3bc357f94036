#include "job/workers.h"

#include "base/cpu.h"
#include "sync/executors.h"

enum {
    MOST_WORKERS = 1024,
    BYTES_WORTH_A_THREAD = 512 << 10, /* README.md has the figures */
};

/* How many threads have enough to do to make up for their start. */
static uint64_t threads_worth(uint64_t bytes)
{
    return bytes / BYTES_WORTH_A_THREAD + 1;
}

enum sheaf_status workers_choose(const struct sheaf_run_options *options,
                                 const struct workers_job *job, struct workers *out,
                                 struct sheaf_error *error)
{
    const char *name = options->executor == NULL ? "pool" : options->executor;
    out->executor = executor_find(name);
    if (out->executor == NULL)
        return error_set(error, SHEAF_USAGE, "unknown executor \"%.64s\": pool, openmp or serial",
                         name);
    uint64_t count = options->threads != 0 ? options->threads : job->processors;
    if (options->threads == 0 && options->executor == NULL && count > threads_worth(job->bytes))
        count = threads_worth(job->bytes);
    if (count > job->pieces)
        count = job->pieces == 0 ? 1 : job->pieces;
    if (count > MOST_WORKERS)
        count = MOST_WORKERS;
    if (out->executor == &executor_serial)
        count = 1;
    out->count = (unsigned)count;
    out->needs_no_pool = options->threads == 0 && options->executor == NULL && count == 1;
    if (out->needs_no_pool)
        out->executor = &executor_serial;
    return SHEAF_OK;
}

unsigned sheaf_processors(void)
{
    return cpu_available();
}
