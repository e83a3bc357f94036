/* Groups: counting tasks, handing them to the pool, waiting for them, and their first error. */
#include "sheaf/group.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/misuse.h"
#include "sync/pool_inner.h"
#include "sync/step.h"

enum sheaf_status sheaf_group_open(struct sheaf_pool *pool,
                                   const struct sheaf_group_options *options,
                                   struct sheaf_group **out, struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_group *group = memory_zeroed(1, sizeof *group);
    if (group == NULL)
        return error_no_memory(error, "a group of tasks");
    group->pool = pool;
    atomic_store_explicit(&group->skip_from, UINT64_MAX, memory_order_relaxed);
    if (options != NULL) {
        group->limit = options->limit;
        group->keep = options->keep;
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

/* --- Handing out --- */

/* Counts a task, before any thread can see it. */
static void count_locked(struct sheaf_group *group)
{
    if (group->unfinished++ == 0) {
        STEP(group_count);
        sheaf_waitgroup_add(&group->tasks, 1);
    }
}

static void wake_who_wants_room(void *argument, int reason)
{
    struct sheaf_pool *pool = argument;
    (void)reason;
    lock_acquire(&pool->lock);
    sleepers_wake_all_locked(&pool->room);
    lock_release(&pool->lock);
}

static bool must_wait_locked(const struct sheaf_group *group)
{
    return pool_is_full_locked(group->pool) && pool_takes_tasks(group->pool, NULL) &&
           sheaf_cancel_reason(group->cancel) == 0;
}

/* Until there is room, or no task is taken any more. Who sleeps is woken when half of the queue is
 * free (a thread that is woken for each place costs more than a small task), along with all others
 * that do; they go on while there is room. First said, then looked: see pool_take. The token is
 * watched, and let go, without the lock, which the function that watches takes. */
static void await_room_locked(struct sheaf_group *group)
{
    struct sheaf_pool *pool = group->pool;
    while (must_wait_locked(group)) {
        struct sheaf_cancel_watch watch;
        lock_release(&pool->lock);
        sheaf_cancel_watch(group->cancel, &watch, wake_who_wants_room, pool);
        lock_acquire(&pool->lock);
        STEP(group_want_room);
        (void)atomic_fetch_add(&pool->wanting_room, 1);
        while (must_wait_locked(group))
            (void)sleepers_wait_locked(&pool->room, &pool->lock, DEADLINE_NONE);
        (void)atomic_fetch_sub(&pool->wanting_room, 1);
        lock_release(&pool->lock);
        sheaf_cancel_unwatch(group->cancel, &watch);
        lock_acquire(&pool->lock);
    }
}

/* What has become of a task, or is to be done with it. */
enum admission { ADMISSION_QUEUED, ADMISSION_INLINE, ADMISSION_REFUSED, ADMISSION_NO_MEMORY };

/* Finds a place for a task that has been counted; `frame` is for one that is to be run here. */
static enum admission admit_locked(struct worker *worker, struct sheaf_group *group,
                                   struct task *task, struct frame *frame)
{
    struct sheaf_pool *pool = group->pool;
    if (worker == NULL)
        await_room_locked(group);
    if (!pool_takes_tasks(pool, worker) || sheaf_cancel_reason(group->cancel) != 0)
        return ADMISSION_REFUSED;
    task->number = group->numbered++;
    if (worker != NULL && pool_is_full_locked(pool) &&
        (pool_has_place_locked(group) || pool_is_inside(worker, group))) {
        pool_attach_inline_locked(worker, group, frame);
        return ADMISSION_INLINE;
    }
    return pool_enqueue_locked(group, task) ? ADMISSION_QUEUED : ADMISSION_NO_MEMORY;
}

static enum sheaf_status refuse(struct sheaf_error *error)
{
    return error_set(error, SHEAF_STOPPED, "the group takes no more tasks");
}

static enum sheaf_status refuse_cancelled(struct sheaf_group *group, struct sheaf_error *error)
{
    STEP(group_refuse);
    lock_acquire(&group->pool->lock);
    group->skipped = true;
    lock_release(&group->pool->lock);
    return refuse(error);
}

/* Runs the one task of a frame, to the end of accounting. */
static void run_inline(struct worker *worker, struct frame *frame, const struct task *task)
{
    pool_run_one(worker, frame, task);
    STEP(group_detach_inline);
    lock_acquire(&worker->pool->lock);
    pool_detach_locked(worker, frame);
    lock_release(&worker->pool->lock);
}

/* The rest of go, from the lock on, which is held. */
static enum sheaf_status hand_out_locked(struct worker *worker, struct sheaf_group *group,
                                         struct task *task, struct sheaf_error *error)
{
    struct sheaf_pool *pool = group->pool; /* once the task is accounted for, the group may go */
    struct frame frame;
    count_locked(group);
    const enum admission admission = admit_locked(worker, group, task, &frame);
    if (admission == ADMISSION_REFUSED)
        group->skipped = true;
    if (admission == ADMISSION_REFUSED || admission == ADMISSION_NO_MEMORY)
        pool_retire_locked(group, 1);
    lock_release(&pool->lock);
    if (admission == ADMISSION_INLINE)
        run_inline(worker, &frame, task);
    if (admission == ADMISSION_REFUSED)
        return refuse(error);
    return admission == ADMISSION_NO_MEMORY ? error_no_memory(error, "a task") : SHEAF_OK;
}

/* Whether a task of this very group hands out to a full queue: nothing then needs the lock. */
static bool runs_inside(const struct worker *worker, const struct sheaf_group *group)
{
    return worker != NULL && worker->innermost->group == group && group->keep == SHEAF_KEEP_FIRST &&
           pool_takes_tasks(group->pool, worker) && pool_looks_full(group->pool);
}

enum sheaf_status sheaf_group_go(struct sheaf_group *group, sheaf_task_function *function,
                                 void *argument, const char *name, struct sheaf_error *error)
{
    struct task task = {.function = function, .argument = argument, .name = name};
    if (sheaf_cancel_reason(group->cancel) != 0)
        return refuse_cancelled(group, error);
    struct worker *worker = pool_worker(group->pool);
    if (runs_inside(worker, group)) {
        pool_run_inside(worker, &task);
        return SHEAF_OK;
    }
    STEP(group_go);
    lock_acquire(&group->pool->lock);
    return hand_out_locked(worker, group, &task, error);
}

enum sheaf_status sheaf_group_try_go(struct sheaf_group *group, sheaf_task_function *function,
                                     void *argument, const char *name, struct sheaf_error *error)
{
    struct sheaf_pool *pool = group->pool;
    struct task task = {.function = function, .argument = argument, .name = name};
    if (sheaf_cancel_reason(group->cancel) != 0)
        return refuse_cancelled(group, error);
    struct worker *worker = pool_worker(pool);
    STEP(group_try_go);
    lock_acquire(&pool->lock);
    if (!pool_takes_tasks(pool, worker) || !pool_is_full_locked(pool))
        return hand_out_locked(worker, group, &task, error);
    lock_release(&pool->lock);
    return error_set(error, SHEAF_BUSY, "the queue of tasks is full");
}

/* --- Waiting --- */

/* Runs waiting tasks of the group until none is unfinished, or the deadline. */
static enum sheaf_status help_until(struct sheaf_group *group, struct worker *worker,
                                    uint64_t deadline_ns)
{
    struct sheaf_pool *pool = group->pool;
    const enum stay stay = deadline_ns == DEADLINE_NONE ? STAY_LINE : STAY_ONE;
    STEP(group_help);
    lock_acquire(&pool->lock);
    while (group->unfinished > 0 && (stay == STAY_LINE || clock_now() < deadline_ns)) {
        struct frame frame;
        if (!pool_attach_locked(worker, group, &frame)) {
            (void)sleepers_wait_locked(&group->helpers, &pool->lock, deadline_ns);
            continue;
        }
        lock_release(&pool->lock);
        pool_run(worker, &frame, stay);
        STEP(group_detach);
        lock_acquire(&pool->lock);
        pool_detach_locked(worker, &frame);
    }
    const bool is_done = group->unfinished == 0;
    /* Who leaves may have been picked for a task that it does not run: somebody else is to. */
    if (atomic_load_explicit(&group->ready, memory_order_relaxed))
        sleepers_wake_one_locked(&group->helpers);
    lock_release(&pool->lock);
    return is_done ? SHEAF_OK : SHEAF_TIMEOUT;
}

bool group_awaits_itself(const struct sheaf_group *group)
{
    return pool_is_inside(pool_worker(group->pool), group);
}

enum sheaf_status group_await(struct sheaf_group *group, uint64_t deadline_ns)
{
    struct worker *worker = pool_worker(group->pool);
    if (worker != NULL)
        return help_until(group, worker, deadline_ns);
    STEP(group_await);
    return sheaf_waitgroup_wait_until(&group->tasks, deadline_ns);
}

enum sheaf_status group_outcome(struct sheaf_group *group, struct sheaf_error *error)
{
    STEP(group_outcome);
    /* Tasks may have been handed out since, and fail, or be refused. */
    lock_acquire(&group->pool->lock);
    const enum sheaf_status failure = group->has_failed ? group->failure.status : SHEAF_OK;
    const bool skipped = group->skipped;
    if (failure != SHEAF_OK && error != NULL)
        *error = group->failure;
    lock_release(&group->pool->lock);
    if (failure == SHEAF_OK && skipped)
        return error_set(error, SHEAF_STOPPED, "stopped before all tasks had run");
    return failure;
}

enum sheaf_status group_refuse_own_wait(struct sheaf_error *error)
{
    return error_set(error, SHEAF_USAGE, "a task waits for its own group");
}

enum sheaf_status sheaf_group_wait_until(struct sheaf_group *group, uint64_t deadline_ns,
                                         struct sheaf_error *error)
{
    if (group_awaits_itself(group))
        return group_refuse_own_wait(error);
    if (group_await(group, deadline_ns) != SHEAF_OK)
        return error_set(error, SHEAF_TIMEOUT, "tasks were still running at the deadline");
    return group_outcome(group, error);
}

enum sheaf_status sheaf_group_wait(struct sheaf_group *group, struct sheaf_error *error)
{
    return sheaf_group_wait_until(group, DEADLINE_NONE, error);
}

const char *sheaf_group_failed(const struct sheaf_group *group)
{
    STEP(group_failed);
    lock_acquire(&group->pool->lock);
    const char *const name = group->failed_name;
    lock_release(&group->pool->lock);
    return name;
}

struct sheaf_cancel *sheaf_group_cancel(struct sheaf_group *group)
{
    return group->cancel;
}

/* Gives false, after having reported it, when there is somebody who still needs the group. */
static bool may_close(struct sheaf_group *group)
{
    static const char call[] = "sheaf_group_close";
    lock_acquire(&group->pool->lock);
    const uint64_t unfinished = group->unfinished;
    lock_release(&group->pool->lock);
    const uint32_t waiting = atomic_load_explicit(&group->tasks.waiting, memory_order_acquire);
    if (unfinished != 0)
        misuse_report(call, "its tasks are not done", (int64_t)unfinished);
    else if (waiting != 0)
        misuse_report(call, "somebody waits", (int64_t)waiting);
    return unfinished == 0 && waiting == 0;
}

void sheaf_group_close(struct sheaf_group *group)
{
    if (group == NULL || !may_close(group))
        return;
    if (group->owns_cancel)
        sheaf_cancel_close(group->cancel);
    memory_free(group);
}
