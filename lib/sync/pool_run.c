/* Running tasks, and what their failure does. */
#include "base/clock.h"
#include "base/error.h"
#include "sheaf/cancel.h"
#include "sync/lock.h"
#include "sync/pool_inner.h"
#include "sync/step.h"

#include <time.h>

uint64_t pool_coarse_now(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail where it is defined */
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
#else
    return clock_now();
#endif
}

uint64_t pool_coarse_lag(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec tick = {0};
    (void)clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return (uint64_t)tick.tv_sec * UINT64_C(1000000000) + (uint64_t)tick.tv_nsec;
#else
    return 0;
#endif
}

/* What only this thread writes needs no atomic addition. The release is for those that count what
 * has ended; the others do not need it, nor does it cost them anything. */
static void count_one(_Atomic uint64_t *counter)
{
    const uint64_t count = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, count + 1, memory_order_release);
}

static bool is_skipped(const struct sheaf_group *group, const struct task *task)
{
    return atomic_load_explicit(&group->pool->intake, memory_order_relaxed) == INTAKE_DROPPING ||
           sheaf_cancel_reason(group->cancel) != 0 ||
           task->number >= atomic_load_explicit(&group->skip_from, memory_order_relaxed);
}

static void keep_failure_locked(struct sheaf_group *group, const struct task *task,
                                const struct sheaf_error *error)
{
    const bool earlier = group->keep == SHEAF_KEEP_LOWEST && task->number < group->failed_number;
    if (group->has_failed && !earlier)
        return;
    group->has_failed = true;
    group->failed_number = task->number;
    group->failed_name = task->name;
    group->failure = *error;
    if (group->keep == SHEAF_KEEP_LOWEST)
        atomic_store_explicit(&group->skip_from, task->number + 1, memory_order_relaxed);
}

static void fail(struct sheaf_group *group, const struct task *task,
                 const struct sheaf_error *error)
{
    STEP(pool_fail);
    lock_acquire(&group->pool->lock);
    keep_failure_locked(group, task, error);
    lock_release(&group->pool->lock);
    STEP(pool_cancel);
    if (group->keep == SHEAF_KEEP_FIRST)
        sheaf_cancel_set(group->cancel, 1);
}

static void show(struct frame *frame, const char *name, uint64_t began_ns)
{
    atomic_store_explicit(&frame->name, name, memory_order_relaxed);
    atomic_store_explicit(&frame->began_ns, began_ns, memory_order_relaxed);
}

static void call(struct frame *frame, const struct task *task)
{
    struct sheaf_error error;
    error_clear(&error); /* a tenth of the time of zeroing the text too */
    const enum sheaf_status status = task->function(task->argument, &error);
    if (status == SHEAF_OK)
        return;
    (void)error_adopt(&error, status);
    fail(frame->group, task, &error);
}

/* Takes the moment at which the task begins, and gives the one at which it has ended. */
static uint64_t run_next(struct worker *worker, struct frame *frame, const struct task *task,
                         uint64_t now)
{
    if (is_skipped(frame->group, task)) {
        frame->skipped = true;
    } else {
        show(frame, task->name, now);
        call(frame, task);
        show(frame, NULL, 0);
    }
    const uint64_t ended_ns = pool_coarse_now();
    atomic_store_explicit(&frame->ended_ns, ended_ns, memory_order_relaxed);
    count_one(&frame->ended);
    count_one(&worker->ended);
    if (frame->outer != NULL)
        count_one(&worker->helped);
    return ended_ns;
}

static bool others_are_ready(const struct sheaf_group *group)
{
    const struct sheaf_pool *pool = group->pool;
    return atomic_load_explicit(&pool->ready_groups, memory_order_relaxed) >
           atomic_load_explicit(&group->ready, memory_order_relaxed);
}

void pool_run(struct worker *worker, struct frame *frame, enum stay stay)
{
    uint64_t now = pool_coarse_now();
    do {
        now = run_next(worker, frame, &frame->bundle->tasks[frame->next], now);
        if (stay == STAY_ONE || (stay == STAY_TURN && others_are_ready(frame->group)))
            return;
    } while (pool_take(worker, frame));
}

void pool_run_one(struct worker *worker, struct frame *frame, const struct task *task)
{
    count_one(&worker->inlined);
    (void)run_next(worker, frame, task, pool_coarse_now());
}

/* The outer task keeps the group unfinished and the place taken. Watchdogs see the inner one in its
 * stead. */
void pool_run_inside(struct worker *worker, const struct task *task)
{
    struct frame *frame = worker->innermost;
    const char *const name = atomic_load_explicit(&frame->name, memory_order_relaxed);
    const uint64_t began_ns = atomic_load_explicit(&frame->began_ns, memory_order_relaxed);
    count_one(&worker->inlined);
    show(frame, task->name, pool_coarse_now());
    call(frame, task);
    show(frame, name, began_ns);
    count_one(&frame->inside);
    count_one(&worker->ended);
    count_one(&worker->helped);
}
