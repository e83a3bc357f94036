/* The pool: workers that take tasks from groups in turn.
 *
 * Tasks wait in a line per group; groups whose next task may start stand in a ready list. So a
 * group's limit is a matter of staying off the list, a waiting worker finds tasks of its group at
 * once, and everything is constant time.
 *
 * Nothing locks up: a worker never sleeps while it could run a task that it is waiting for. Full
 * queue: it runs the new task inline. Waiting for a group: it runs that group's tasks. */
#include "sheaf/pool.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/misuse.h"
#include "sync/pool_inner.h"

static void ready_append_locked(struct sheaf_pool *pool, struct sheaf_group *group)
{
    group->ready = true;
    group->ready_after = NULL;
    group->ready_before = pool->ready_last;
    if (pool->ready_last != NULL)
        pool->ready_last->ready_after = group;
    else
        pool->ready_first = group;
    pool->ready_last = group;
}

static void ready_remove_locked(struct sheaf_pool *pool, struct sheaf_group *group)
{
    if (group->ready_before != NULL)
        group->ready_before->ready_after = group->ready_after;
    else
        pool->ready_first = group->ready_after;
    if (group->ready_after != NULL)
        group->ready_after->ready_before = group->ready_before;
    else
        pool->ready_last = group->ready_before;
    group->ready = false;
}

bool pool_has_place_locked(const struct sheaf_group *group)
{
    return group->limit == 0 || group->running < group->limit;
}

/* Makes I1 true again after a change of the group's line or running tasks. */
static void refresh_locked(struct sheaf_group *group)
{
    struct sheaf_pool *pool = group->pool;
    const bool may_start = group->first != NULL && pool_has_place_locked(group);
    if (group->ready && !may_start)
        ready_remove_locked(pool, group);
    if (!may_start)
        return;
    if (!group->ready)
        ready_append_locked(pool, group);
    condition_wake_one(&pool->work);
    condition_wake_all(&group->changed);
}

struct worker *pool_worker_locked(struct sheaf_pool *pool)
{
    for (unsigned i = 0; i < pool->threads; i++) {
        if (pool->workers[i].live && thread_is_self(&pool->workers[i].thread))
            return &pool->workers[i];
    }
    return NULL;
}

bool pool_is_inside(const struct worker *worker, const struct sheaf_group *group)
{
    const struct frame *frame = worker != NULL ? worker->innermost : NULL;
    while (frame != NULL && frame->group != group)
        frame = frame->outer;
    return frame != NULL;
}

void pool_start_locked(struct sheaf_group *group, struct task *task)
{
    task->dropped = group->pool->intake == INTAKE_DROPPING;
    if (!task->nested)
        group->running++;
}

void pool_enqueue_locked(struct sheaf_pool *pool, struct task *task)
{
    struct sheaf_group *group = task->group;
    task->next = NULL;
    if (group->last != NULL)
        group->last->next = task;
    else
        group->first = task;
    group->last = task;
    pool->queued++;
    refresh_locked(group);
}

struct task *pool_take_locked(struct sheaf_group *group)
{
    struct sheaf_pool *pool = group->pool;
    if (!group->ready)
        return NULL;
    struct task *task = group->first;
    group->first = task->next;
    if (group->first == NULL)
        group->last = NULL;
    pool_start_locked(group, task);
    /* To the end of the list: groups take turns. */
    ready_remove_locked(pool, group);
    refresh_locked(group);
    pool->queued--;
    condition_wake_one(&pool->room);
    if (pool->queued == 0 && pool->intake != INTAKE_OPEN)
        condition_wake_all(&pool->work);
    return task;
}

void pool_retire_locked(struct sheaf_group *group)
{
    group->unfinished--;
    if (group->unfinished == 0)
        condition_wake_all(&group->changed);
}

static enum sheaf_status call_task(struct worker *worker, const struct task *task,
                                   struct sheaf_error *error)
{
    const struct frame frame = {.group = task->group, .outer = worker->innermost};
    worker->innermost = &frame;
    const enum sheaf_status status = task->function(task->argument, error);
    worker->innermost = frame.outer;
    return status;
}

static void keep_failure_locked(struct sheaf_group *group, const struct task *task,
                                enum sheaf_status status, const struct sheaf_error *error)
{
    if (group->has_failed)
        return;
    group->has_failed = true;
    group->failed_name = task->name;
    group->failure = *error;
    group->failure.status = status;
}

void pool_run(struct worker *worker, struct task *task)
{
    struct sheaf_pool *pool = worker->pool;
    struct sheaf_group *group = task->group;
    struct sheaf_error error = {.status = SHEAF_OK};
    const bool skip = task->dropped || sheaf_cancel_reason(group->cancel) != 0;
    const enum sheaf_status status = skip ? SHEAF_OK : call_task(worker, task, &error);

    lock_acquire(&pool->lock);
    if (!task->nested)
        group->running--;
    if (skip)
        group->skipped = true;
    if (status != SHEAF_OK)
        keep_failure_locked(group, task, status, &error);
    refresh_locked(group);
    pool_retire_locked(group);
    lock_release(&pool->lock);

    if (status != SHEAF_OK)
        sheaf_cancel_set(group->cancel, 1);
    memory_free(task);
    sheaf_waitgroup_done(&group->tasks); /* the group may be gone after this */
}

static void worker_main(void *argument)
{
    struct worker *worker = argument;
    struct sheaf_pool *pool = worker->pool;
    lock_acquire(&pool->lock);
    while (pool->intake == INTAKE_OPEN || pool->queued > 0) {
        struct task *task = pool->ready_first != NULL ? pool_take_locked(pool->ready_first) : NULL;
        if (task == NULL) {
            (void)condition_wait(&pool->work, &pool->lock, DEADLINE_NONE);
            continue;
        }
        lock_release(&pool->lock);
        pool_run(worker, task);
        lock_acquire(&pool->lock);
    }
    worker->live = false; /* from here on another thread may get the same handle */
    lock_release(&pool->lock);
}

/* Starts threads until `wanted` or the first refusal, which `error` then tells. */
static enum sheaf_status start_workers(struct sheaf_pool *pool, unsigned wanted,
                                       struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    /* Held until all handles are written: workers compare themselves with them. */
    lock_acquire(&pool->lock);
    while (pool->threads < wanted && status == SHEAF_OK) {
        struct worker *worker = &pool->workers[pool->threads];
        worker->pool = pool;
        status = thread_start(&worker->thread, worker_main, worker, "sheaf-worker", error);
        worker->live = status == SHEAF_OK;
        if (worker->live)
            pool->threads++;
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
    pool->work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool->room = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool->capacity = capacity;
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

static void end_pool(struct sheaf_pool *pool, enum intake intake, const char *call)
{
    if (pool->joined)
        return;
    lock_acquire(&pool->lock);
    if (pool_worker_locked(pool) != NULL) {
        lock_release(&pool->lock);
        misuse_report(call, "called by a task of this pool", 0);
        return;
    }
    pool->intake = intake;
    condition_wake_all(&pool->work);
    condition_wake_all(&pool->room);
    lock_release(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++)
        thread_join(&pool->workers[i].thread);
    pool->joined = true;
}

void sheaf_pool_drain(struct sheaf_pool *pool)
{
    end_pool(pool, INTAKE_DRAINING, "sheaf_pool_drain");
}

void sheaf_pool_drop(struct sheaf_pool *pool)
{
    end_pool(pool, INTAKE_DROPPING, "sheaf_pool_drop");
}

void sheaf_pool_close(struct sheaf_pool *pool)
{
    if (pool == NULL)
        return;
    end_pool(pool, INTAKE_DROPPING, "sheaf_pool_close");
    condition_close(&pool->room);
    condition_close(&pool->work);
    lock_close(&pool->lock);
    memory_free(pool);
}
