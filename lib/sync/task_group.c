/* Groups: counting tasks, handing them to the pool, waiting for them, and their first error. */
#include "sheaf/group.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/misuse.h"
#include "sync/pool_inner.h"

enum sheaf_status sheaf_group_open(struct sheaf_pool *pool,
                                   const struct sheaf_group_options *options,
                                   struct sheaf_group **out, struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_group *group = memory_zeroed(1, sizeof *group);
    if (group == NULL)
        return error_no_memory(error, "a group of tasks");
    group->pool = pool;
    group->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (options != NULL) {
        group->limit = options->limit;
        group->cancel = options->cancel;
    }
    if (group->cancel == NULL) {
        const enum sheaf_status status = sheaf_cancel_open(&group->cancel, error);
        if (status != SHEAF_OK) {
            sheaf_group_close(group);
            return status;
        }
        group->owns_cancel = true;
    }
    *out = group;
    return SHEAF_OK;
}

/* Whether the pool takes a task now: while it drains, only from its own tasks. */
static bool takes_tasks_locked(const struct sheaf_pool *pool, const struct worker *worker)
{
    return pool->intake == INTAKE_OPEN || (pool->intake == INTAKE_DRAINING && worker != NULL);
}

/* What became of a task that was handed out. */
enum admission { ADMISSION_QUEUED, ADMISSION_INLINE, ADMISSION_REFUSED };

/* Counts the task and finds a place for it. The count goes up under the lock, together with its
 * mirror, and before any thread can see the task. */
static enum admission admit_locked(struct sheaf_pool *pool, const struct worker *worker,
                                   struct task *task)
{
    struct sheaf_group *group = task->group;
    sheaf_waitgroup_add(&group->tasks, 1);
    group->unfinished++;
    if (worker == NULL) {
        while (pool->queued >= pool->capacity && takes_tasks_locked(pool, worker))
            (void)condition_wait(&pool->room, &pool->lock, DEADLINE_NONE);
    }
    if (!takes_tasks_locked(pool, worker)) {
        pool_retire_locked(group);
        return ADMISSION_REFUSED;
    }
    /* The limit counts threads: one that is inside the group already needs no second place. */
    task->nested = pool_is_inside(worker, group);
    if (pool->queued >= pool->capacity && (task->nested || pool_has_place_locked(group))) {
        pool_start_locked(group, task);
        return ADMISSION_INLINE;
    }
    task->nested = false;
    pool_enqueue_locked(pool, task);
    return ADMISSION_QUEUED;
}

static enum sheaf_status refuse(struct sheaf_group *group, struct sheaf_error *error)
{
    lock_acquire(&group->pool->lock);
    group->skipped = true;
    lock_release(&group->pool->lock);
    return error_set(error, SHEAF_STOPPED, "the group takes no more tasks");
}

enum sheaf_status sheaf_group_go(struct sheaf_group *group, sheaf_task_function *function,
                                 void *argument, const char *name, struct sheaf_error *error)
{
    struct sheaf_pool *pool = group->pool;
    if (sheaf_cancel_reason(group->cancel) != 0)
        return refuse(group, error);
    struct task *task = memory_alloc(sizeof *task);
    if (task == NULL)
        return error_no_memory(error, "a task");
    *task = (struct task){.function = function, .argument = argument, .name = name, .group = group};
    lock_acquire(&pool->lock);
    struct worker *worker = pool_worker_locked(pool);
    const enum admission admission = admit_locked(pool, worker, task);
    lock_release(&pool->lock);
    if (admission == ADMISSION_INLINE)
        pool_run(worker, task);
    if (admission != ADMISSION_REFUSED)
        return SHEAF_OK;
    memory_free(task);
    const enum sheaf_status status = refuse(group, error);
    sheaf_waitgroup_done(&group->tasks);
    return status;
}

/* Runs waiting tasks of the group until none is unfinished, or the deadline. */
static void help_until(struct sheaf_group *group, struct worker *worker, uint64_t deadline_ns)
{
    struct sheaf_pool *pool = group->pool;
    lock_acquire(&pool->lock);
    while (group->unfinished > 0 && (deadline_ns == DEADLINE_NONE || clock_now() < deadline_ns)) {
        struct task *task = pool_take_locked(group);
        if (task == NULL) {
            (void)condition_wait(&group->changed, &pool->lock, deadline_ns);
            continue;
        }
        lock_release(&pool->lock);
        pool_run(worker, task);
        lock_acquire(&pool->lock);
    }
    lock_release(&pool->lock);
}

/* The outcome once the count is zero; reads without the lock what nobody writes any more. */
static enum sheaf_status outcome(const struct sheaf_group *group, struct sheaf_error *error)
{
    if (group->has_failed) {
        if (error != NULL)
            *error = group->failure;
        return group->failure.status;
    }
    if (group->skipped)
        return error_set(error, SHEAF_STOPPED, "stopped before all tasks had run");
    return SHEAF_OK;
}

enum sheaf_status sheaf_group_wait_until(struct sheaf_group *group, uint64_t deadline_ns,
                                         struct sheaf_error *error)
{
    struct sheaf_pool *pool = group->pool;
    lock_acquire(&pool->lock);
    struct worker *worker = pool_worker_locked(pool);
    lock_release(&pool->lock);
    if (pool_is_inside(worker, group))
        return error_set(error, SHEAF_USAGE, "a task waits for its own group");
    if (worker != NULL)
        help_until(group, worker, deadline_ns);
    /* For a helper too: the last task may be between the lock and its done. */
    if (sheaf_waitgroup_wait_until(&group->tasks, deadline_ns) != SHEAF_OK)
        return error_set(error, SHEAF_TIMEOUT, "tasks were still running at the deadline");
    return outcome(group, error);
}

enum sheaf_status sheaf_group_wait(struct sheaf_group *group, struct sheaf_error *error)
{
    return sheaf_group_wait_until(group, DEADLINE_NONE, error);
}

const char *sheaf_group_failed(const struct sheaf_group *group)
{
    return group->failed_name;
}

struct sheaf_cancel *sheaf_group_cancel(struct sheaf_group *group)
{
    return group->cancel;
}

void sheaf_group_close(struct sheaf_group *group)
{
    if (group == NULL)
        return;
    sheaf_waitgroup_destroy(&group->tasks);
    condition_close(&group->changed);
    if (group->owns_cancel)
        sheaf_cancel_close(group->cancel);
    memory_free(group);
}
