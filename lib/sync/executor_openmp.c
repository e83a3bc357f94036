/* The OpenMP executor: a parallel region around one call of the work per thread.
 *
 * The threads share the loop that the job brings along; `omp for` would hand out pieces in its
 * own order. The caller is worker 0, so there is no coordinator: ticks come from maybe_tick. The
 * runtime keeps its threads for the next region; close has nothing to join.
 *
 * If the system refuses a thread, the runtimes that we know end the process. So before it asks
 * them for threads, open starts as many of its own, and wants no more than came to life. That is a
 * probe, not a reservation: a thread that something else starts between the two (another program
 * of the same user, say), or stacks that OMP_STACKSIZE makes larger than ours, can still make the
 * runtime fail. Threads that it keeps from an earlier region count against the limit in the probe,
 * though it would use them again: a later executor may get fewer than it could. */
#include "sync/executors.h"

#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/probe.h"
#include "sync/ticker.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#ifdef _OPENMP
#include <omp.h>
#endif

struct openmp_executor {
    struct executor base;
    unsigned workers;
    struct ticker ticker;
};

#ifdef _OPENMP

/* Switches off OMP_DYNAMIC, under which the runtime picks smaller teams as it likes, for the
 * calling thread's next regions; gives what was set, for omp_set_dynamic. */
static int fix_team_size(void)
{
    const int dynamic = omp_get_dynamic();
    omp_set_dynamic(0);
    return dynamic;
}

/* How many threads the runtime grants of `threads`, which the system does not refuse: a surrounding
 * region may make it fewer. */
static unsigned team_size(int threads)
{
    atomic_uint granted = 1;
    const int dynamic = fix_team_size();
#pragma omp parallel num_threads(threads) default(none) shared(granted)
    if (omp_get_thread_num() == 0)
        atomic_store(&granted, (unsigned)omp_get_num_threads());
    omp_set_dynamic(dynamic);
    return atomic_load(&granted);
}

/* Finds the largest team that the system and the runtime allow, the caller included. */
static enum sheaf_status find_team(unsigned workers, unsigned *team, struct sheaf_error *error)
{
    const unsigned limit = (unsigned)omp_get_thread_limit(); /* OMP_THREAD_LIMIT; else INT_MAX */
    const unsigned wanted = workers < limit ? workers : limit;
    unsigned started;
    TRY(probe_threads(wanted - 1, &started, error));
    *team = team_size(1 + (int)started);
    return SHEAF_OK;
}

/* Gives true when the work was run by the whole team. The barrier is the gate. */
static bool run_team(const struct executor_task *task, unsigned workers)
{
    atomic_bool complete = false;
    const int threads = (int)workers;
    const int dynamic = fix_team_size();
#pragma omp parallel num_threads(threads) default(none) shared(task, threads, complete)
    {
#pragma omp barrier
        if (omp_get_num_threads() == threads) {
            task->work(task->argument, (unsigned)omp_get_thread_num());
            atomic_store(&complete, true);
        }
    }
    omp_set_dynamic(dynamic);
    return atomic_load(&complete);
}

#else

/* A build without OpenMP still has the table row: it says so when it is asked for. */
static enum sheaf_status find_team(unsigned workers, unsigned *team, struct sheaf_error *error)
{
    (void)workers;
    *team = 0;
    return error_set(error, SHEAF_USAGE, "this build has no OpenMP executor");
}

static bool run_team(const struct executor_task *task, unsigned workers)
{
    (void)task;
    (void)workers;
    return false;
}

#endif

static enum sheaf_status openmp_open(unsigned workers, struct executor **out,
                                     struct sheaf_error *error)
{
    *out = NULL;
    unsigned team;
    TRY(find_team(workers, &team, error));
    struct openmp_executor *openmp = memory_zeroed(1, sizeof *openmp);
    if (openmp == NULL)
        return error_no_memory(error, "the OpenMP executor");
    openmp->base.ops = &executor_openmp;
    openmp->workers = team;
    *out = &openmp->base;
    return SHEAF_OK;
}

static unsigned openmp_workers(const struct executor *executor)
{
    return ((const struct openmp_executor *)executor)->workers;
}

static enum sheaf_status openmp_run(struct executor *executor, const struct executor_task *task,
                                    struct sheaf_error *error)
{
    struct openmp_executor *openmp = (struct openmp_executor *)executor;
    ticker_start(&openmp->ticker, task);
    if (!run_team(task, openmp->workers))
        return error_set(error, SHEAF_SYSTEM, "OpenMP no longer grants the %u threads it granted",
                         openmp->workers);
    return SHEAF_OK;
}

static void openmp_wait_word(struct executor *executor, _Atomic uint32_t *word, uint32_t expected)
{
    (void)executor;
    (void)PARK_DEFAULT.wait(word, expected, DEADLINE_NONE);
}

static void openmp_wake(struct executor *executor, _Atomic uint32_t *word)
{
    (void)executor;
    PARK_DEFAULT.wake_all(word);
}

static void openmp_maybe_tick(struct executor *executor, unsigned worker)
{
    struct openmp_executor *openmp = (struct openmp_executor *)executor;
    ticker_maybe_tick(&openmp->ticker, worker);
}

static void openmp_close(struct executor *executor)
{
    memory_free(executor);
}

const struct executor_ops executor_openmp = {
    .name = "openmp",
    .help = "an OpenMP parallel region around the same work",
    .open = openmp_open,
    .workers = openmp_workers,
    .run = openmp_run,
    .wait_word = openmp_wait_word,
    .wake = openmp_wake,
    .maybe_tick = openmp_maybe_tick,
    .close = openmp_close,
};
