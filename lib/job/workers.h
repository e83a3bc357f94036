/* job/workers.h - what carries out a job, and on how many workers: one choice for all jobs. */
#ifndef JOB_WORKERS_H
#define JOB_WORKERS_H

#include "base/executor.h"
#include "sheaf/job.h"

#include <stdbool.h>
#include <stdint.h>

struct workers {
    const struct executor_ops *executor;
    unsigned count;
    bool needs_no_pool; /* by default, a small job runs on the caller's thread */
};

/* What is known of a job. */
struct workers_job {
    uint64_t pieces;     /* UINT64_MAX: not known */
    uint64_t bytes;      /* UINT64_MAX: not known */
    unsigned processors; /* that this process may use */
};

/* Chooses for a job. An explicit number of threads, or executor, is kept, as far as there are
 * pieces for it; otherwise a job that one thread finishes sooner starts none. Fails with
 * SHEAF_USAGE on an unknown executor. Any thread. */
enum sheaf_status workers_choose(const struct sheaf_run_options *options,
                                 const struct workers_job *job, struct workers *out,
                                 struct sheaf_error *error);

#endif
