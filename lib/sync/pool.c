/* The pool's threads: they take tasks from groups in turn, and sleep when there are none.
 *
 * Nothing locks up: a worker never sleeps while it could run a task that it is waiting for. Full
 * queue: it runs the new task inline. Waiting for a group: it runs that group's tasks. */
#include "sheaf/pool.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/misuse.h"
#include "sync/pool_inner.h"
#include "sync/processor.h"
#include "sync/step.h"

enum { SPINS = 200 }; /* some microseconds */

/* Which worker of which pool this thread is: set once, by the thread, as it begins. */
static _Thread_local struct worker *self;

struct worker *pool_worker(const struct sheaf_pool *pool)
{
    return self != NULL && self->pool == pool ? self : NULL;
}

bool pool_is_inside(const struct worker *worker, const struct sheaf_group *group)
{
    const struct frame *frame = worker != NULL ? worker->innermost : NULL;
    while (frame != NULL && frame->group != group)
        frame = frame->outer;
    return frame != NULL;
}

static enum intake intake_of(const struct sheaf_pool *pool)
{
    return atomic_load_explicit(&pool->intake, memory_order_relaxed);
}

bool pool_takes_tasks(const struct sheaf_pool *pool, const struct worker *worker)
{
    const enum intake intake = intake_of(pool);
    return intake == INTAKE_OPEN || (intake == INTAKE_DRAINING && worker != NULL);
}

/* Whether nothing waits any more, nor ever will, but for what tasks that run hand out: those who
 * run them run that too. */
static bool is_over_locked(const struct sheaf_pool *pool)
{
    return intake_of(pool) != INTAKE_OPEN && pool_waiting(pool) == 0;
}

/* Looks for work a little longer, without the lock: sleeping and being woken costs two threads some
 * microseconds each. */
static void spin(const struct sheaf_pool *pool)
{
    for (unsigned i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->ready_groups, memory_order_relaxed) > 0 ||
            intake_of(pool) != INTAKE_OPEN)
            return;
        processor_pause();
    }
}

/* Returns when there may be work. */
static void idle_locked(struct worker *worker)
{
    struct sheaf_pool *pool = worker->pool;
    worker->idle_since_ns = clock_now();
    lock_release(&pool->lock);
    spin(pool);
    STEP(pool_idle);
    lock_acquire(&pool->lock);
    if (pool->ready_first == NULL && !is_over_locked(pool))
        (void)sleepers_wait_locked(&pool->idle, &pool->lock, DEADLINE_NONE);
    worker->idle_ns += clock_now() - worker->idle_since_ns;
    worker->idle_since_ns = 0;
}

/* From one task, or more of the same group, to the end of accounting for them. Gives up the lock
 * meanwhile. */
static void work_locked(struct worker *worker, struct frame *frame)
{
    struct sheaf_pool *pool = worker->pool;
    lock_release(&pool->lock);
    pool_run(worker, frame, STAY_TURN);
    STEP(pool_detach);
    lock_acquire(&pool->lock);
    pool_detach_locked(worker, frame);
}

static void worker_main(void *argument)
{
    struct worker *worker = argument;
    struct sheaf_pool *pool = worker->pool;
    self = worker;
    STEP(pool_begin);
    lock_acquire(&pool->lock);
    for (;;) {
        struct frame frame;
        if (pool_attach_next_locked(worker, &frame))
            work_locked(worker, &frame);
        else if (is_over_locked(pool))
            break;
        else
            idle_locked(worker);
    }
    sleepers_wake_all_locked(&pool->idle);
    lock_release(&pool->lock);
}

/* Starts threads until `wanted` or the first refusal; without any, `error` says why. */
static enum sheaf_status start_workers(struct sheaf_pool *pool, unsigned wanted,
                                       struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    /* Held until their number is known: workers add up the counters of all. */
    lock_acquire(&pool->lock);
    while (pool->threads < wanted && status == SHEAF_OK) {
        struct worker *worker = &pool->workers[pool->threads];
        worker->pool = pool;
        struct sheaf_error *const why = pool->threads == 0 ? error : NULL;
        status = thread_start(&worker->thread, worker_main, worker, "sheaf-worker", why);
        pool->threads += status == SHEAF_OK;
    }
    lock_release(&pool->lock);
    return pool->threads > 0 ? SHEAF_OK : status;
}

enum sheaf_status sheaf_pool_open(unsigned threads, size_t capacity, struct sheaf_pool **out,
                                  struct sheaf_error *error)
{
    *out = NULL;
    if (threads == 0 || capacity == 0)
        return error_set(error, SHEAF_USAGE, "a pool needs a thread and room for a task");
    size_t size;
    if (!size_multiply(threads, sizeof(struct worker), &size) ||
        !size_add(size, sizeof(struct sheaf_pool), &size))
        return error_no_memory(error, "a thread pool");
    struct sheaf_pool *pool = memory_zeroed(1, size);
    if (pool == NULL)
        return error_no_memory(error, "a thread pool");
    pool->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool->capacity = capacity < PTRDIFF_MAX ? capacity : PTRDIFF_MAX; /* sums must not wrap */
    const enum sheaf_status status = start_workers(pool, threads, error);
    if (status != SHEAF_OK) {
        sheaf_pool_close(pool);
        return status;
    }
    *out = pool;
    return SHEAF_OK;
}

unsigned sheaf_pool_threads(const struct sheaf_pool *pool)
{
    return pool->threads;
}

static void add_worker_locked(const struct worker *worker, struct sheaf_pool_counters *counters)
{
    /* What ended had begun, and is seen so, by the order of the reads and the acquire, which pairs
     * with the release of who counts: the difference is not below zero. */
    const uint64_t ended = atomic_load_explicit(&worker->ended, memory_order_acquire);
    const uint64_t begun = atomic_load(&worker->started) +
                           atomic_load_explicit(&worker->inlined, memory_order_relaxed);
    counters->running += begun - ended;
    counters->done += ended;
    counters->helped += atomic_load_explicit(&worker->helped, memory_order_relaxed);
    counters->idle_ns += worker->idle_ns;
    if (worker->idle_since_ns != 0)
        counters->idle_ns += clock_now() - worker->idle_since_ns;
}

void sheaf_pool_counters(struct sheaf_pool *pool, struct sheaf_pool_counters *counters)
{
    *counters = (struct sheaf_pool_counters){0};
    lock_acquire(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++)
        add_worker_locked(&pool->workers[i], counters);
    counters->queued = pool_waiting(pool);
    lock_release(&pool->lock);
}

/* Gives false after a misuse, without having done anything. */
static bool end_pool(struct sheaf_pool *pool, enum intake intake, const char *call)
{
    if (pool_worker(pool) != NULL) {
        misuse_report(call, "called by a task of this pool", 0);
        return false;
    }
    if (pool->joined)
        return true;
    STEP(pool_end);
    lock_acquire(&pool->lock);
    atomic_store_explicit(&pool->intake, intake, memory_order_relaxed);
    sleepers_wake_all_locked(&pool->idle);
    sleepers_wake_all_locked(&pool->room);
    lock_release(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++) {
        STEP(pool_join);
        thread_join(&pool->workers[i].thread);
    }
    pool->joined = true;
    return true;
}

void sheaf_pool_drain(struct sheaf_pool *pool)
{
    (void)end_pool(pool, INTAKE_DRAINING, "sheaf_pool_drain");
}

void sheaf_pool_drop(struct sheaf_pool *pool)
{
    (void)end_pool(pool, INTAKE_DROPPING, "sheaf_pool_drop");
}

void sheaf_pool_close(struct sheaf_pool *pool)
{
    if (pool == NULL || !end_pool(pool, INTAKE_DROPPING, "sheaf_pool_close"))
        return;
    pool_free_spare(pool);
    lock_close(&pool->lock);
    memory_free(pool);
}
