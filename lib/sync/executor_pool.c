/* The pool executor: one task per thread of a pool, coordinated by wait groups.
 *
 * Two wait groups order a run. The gate counts the workers that are still missing; each worker
 * takes itself off and waits for zero, so that none begins before all are there. The group's own
 * counts the workers that have not come back: go adds before it hands out, the pool calls done
 * after each. run returns when that count is zero and for no other reason: threads are joined
 * in close only, so this wait alone stands between the workers and what the caller merges. */
#include "sync/executors.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/waitgroup.h"
#include "sync/deadline.h"
#include "sync/park.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool_worker {
    struct pool_executor *executor;
    unsigned number;
};

struct pool_executor {
    struct executor base;
    struct sheaf_pool *pool;
    struct sheaf_group *group;
    struct sheaf_waitgroup gate;
    /* Of the run under way. Written before the gate opens, read by workers after. */
    struct executor_task task;
    bool abandoned; /* not all workers could be handed out: none works */
    struct pool_worker workers[];
};

static void pool_close(struct executor *executor)
{
    struct pool_executor *pool = (struct pool_executor *)executor;
    if (pool == NULL)
        return;
    sheaf_group_close(pool->group);
    sheaf_pool_close(pool->pool);
    memory_free(pool);
}

static enum sheaf_status pool_open(unsigned workers, struct executor **out,
                                   struct sheaf_error *error)
{
    *out = NULL;
    size_t size;
    if (!size_multiply(workers, sizeof(struct pool_worker), &size) ||
        !size_add(size, sizeof(struct pool_executor), &size))
        return error_no_memory(error, "the pool executor");
    struct pool_executor *pool = memory_zeroed(1, size);
    if (pool == NULL)
        return error_no_memory(error, "the pool executor");
    pool->base.ops = &executor_pool;
    enum sheaf_status status = sheaf_pool_open(workers, workers, &pool->pool, error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool->pool, NULL, &pool->group, error);
    if (status != SHEAF_OK) {
        pool_close(&pool->base);
        return status;
    }
    for (unsigned i = 0; i < workers; i++)
        pool->workers[i] = (struct pool_worker){.executor = pool, .number = i};
    *out = &pool->base;
    return SHEAF_OK;
}

static unsigned pool_workers(const struct executor *executor)
{
    return sheaf_pool_threads(((const struct pool_executor *)executor)->pool);
}

static enum sheaf_status worker_task(void *argument, struct sheaf_error *error)
{
    (void)error; /* the work keeps its own errors */
    const struct pool_worker *worker = argument;
    struct pool_executor *pool = worker->executor;
    sheaf_waitgroup_done(&pool->gate);
    sheaf_waitgroup_wait(&pool->gate);
    if (!pool->abandoned)
        pool->task.work(pool->task.argument, worker->number);
    return SHEAF_OK;
}

/* Hands out one task per thread. If one cannot be, lets those at the gate go home. */
static enum sheaf_status hand_out(struct pool_executor *pool, unsigned workers,
                                  struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    unsigned handed = 0;
    sheaf_waitgroup_add(&pool->gate, (int32_t)workers);
    while (handed < workers && status == SHEAF_OK) {
        status = sheaf_group_go(pool->group, worker_task, &pool->workers[handed], "worker", error);
        handed += status == SHEAF_OK;
    }
    if (status != SHEAF_OK) {
        pool->abandoned = true;
        sheaf_waitgroup_add(&pool->gate, -(int32_t)(workers - handed));
    }
    return status;
}

static enum sheaf_status pool_run(struct executor *executor, const struct executor_task *task,
                                  struct sheaf_error *error)
{
    struct pool_executor *pool = (struct pool_executor *)executor;
    const bool ticks = task->tick != NULL && task->tick_ns > 0;
    pool->task = *task;
    pool->abandoned = false;
    const enum sheaf_status handed = hand_out(pool, pool_workers(executor), error);
    uint64_t deadline = ticks ? clock_now() + task->tick_ns : DEADLINE_NONE;
    while (sheaf_group_wait_until(pool->group, deadline, NULL) == SHEAF_TIMEOUT) {
        task->tick(task->argument);
        deadline = clock_now() + task->tick_ns;
    }
    return handed;
}

static void pool_wait_word(struct executor *executor, _Atomic uint32_t *word, uint32_t expected)
{
    (void)executor;
    (void)PARK_DEFAULT.wait(word, expected, DEADLINE_NONE);
}

static void pool_wake(struct executor *executor, _Atomic uint32_t *word)
{
    (void)executor;
    PARK_DEFAULT.wake_all(word);
}

static void pool_maybe_tick(struct executor *executor, unsigned worker)
{
    (void)executor; /* the coordinator ticks */
    (void)worker;
}

const struct executor_ops executor_pool = {
    .name = "pool",
    .help = "a pool of threads coordinated by a wait group",
    .open = pool_open,
    .workers = pool_workers,
    .run = pool_run,
    .wait_word = pool_wait_word,
    .wake = pool_wake,
    .maybe_tick = pool_maybe_tick,
    .close = pool_close,
};
