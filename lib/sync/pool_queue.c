/* The lines of tasks, and the ready list.
 *
 * Tasks wait in a line per group; groups whose next task may start stand in a ready list. So a
 * group's limit is a matter of staying off the list, a waiting worker finds tasks of its group at
 * once, and everything is constant time.
 *
 * A line is a list of bundles. A thread that has attached itself to one, under the lock, takes task
 * after task from it by one compare-and-swap each; others may take from the same bundle meanwhile,
 * so that a long task holds up nothing that somebody idle could run. The lock is met once a bundle,
 * not once a task, by those who take; those who hand out meet it each time. */
#include "base/memory.h"
#include "sync/lock.h"
#include "sync/pool_inner.h"
#include "sync/processor.h"
#include "sync/step.h"

/* --- The bound of the queue --- */

static uint64_t started_of(const struct sheaf_pool *pool)
{
    uint64_t started = 0;
    for (unsigned i = 0; i < pool->threads; i++)
        started += atomic_load(&pool->workers[i].started);
    return started;
}

uint64_t pool_waiting(const struct sheaf_pool *pool)
{
    /* In this order: what was started is in `handed`, so the difference is not below zero. */
    const uint64_t started = started_of(pool);
    return atomic_load(&pool->handed) - started;
}

bool pool_is_full_locked(struct sheaf_pool *pool)
{
    const uint64_t handed = atomic_load_explicit(&pool->handed, memory_order_relaxed);
    if (handed < atomic_load_explicit(&pool->room_until, memory_order_relaxed))
        return false;
    const uint64_t room_until = started_of(pool) + pool->capacity;
    atomic_store_explicit(&pool->room_until, room_until, memory_order_relaxed);
    return handed >= room_until;
}

bool pool_looks_full(const struct sheaf_pool *pool)
{
    return atomic_load_explicit(&pool->handed, memory_order_relaxed) >=
               atomic_load_explicit(&pool->room_until, memory_order_relaxed) &&
           pool_waiting(pool) >= pool->capacity;
}

/* A queue that has just fallen below its capacity is not worth waking anybody for. */
static void offer_room_locked(struct sheaf_pool *pool)
{
    if (pool->room.first != NULL && pool_waiting(pool) <= pool->capacity / 2)
        sleepers_wake_all_locked(&pool->room);
}

/* Counts a task that was taken. Who wants room says so first and looks at the counts then; here it
 * is the other way round: one of both sees the other. */
static void count_started(struct worker *worker)
{
    const uint64_t started = atomic_load_explicit(&worker->started, memory_order_relaxed);
    STEP(pool_started);
    atomic_store(&worker->started, started + 1);
}

/* --- The ready list --- */

static void ready_append_locked(struct sheaf_pool *pool, struct sheaf_group *group)
{
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
}

static bool is_ready(const struct sheaf_group *group)
{
    return atomic_load_explicit(&group->ready, memory_order_relaxed);
}

static void set_ready_locked(struct sheaf_group *group, bool ready)
{
    struct sheaf_pool *pool = group->pool;
    const unsigned groups = atomic_load_explicit(&pool->ready_groups, memory_order_relaxed);
    if (ready)
        ready_append_locked(pool, group);
    else
        ready_remove_locked(pool, group);
    atomic_store_explicit(&group->ready, ready, memory_order_relaxed);
    atomic_store_explicit(&pool->ready_groups, ready ? groups + 1 : groups - 1,
                          memory_order_relaxed);
}

bool pool_has_place_locked(const struct sheaf_group *group)
{
    return group->limit == 0 || group->running < group->limit;
}

/* --- Bundles --- */

static struct bundle *make_bundle_locked(struct sheaf_pool *pool)
{
    struct bundle *bundle = pool->spare;
    if (bundle != NULL)
        pool->spare = bundle->next;
    else
        bundle = memory_alloc(sizeof *bundle);
    return bundle;
}

static void drop_bundle_locked(struct sheaf_pool *pool, struct bundle *bundle)
{
    bundle->next = pool->spare;
    pool->spare = bundle;
}

void pool_free_spare(struct sheaf_pool *pool)
{
    while (pool->spare != NULL) {
        struct bundle *bundle = pool->spare;
        pool->spare = bundle->next;
        memory_free(bundle);
    }
}

/* The place for the group's next task; NULL: no memory. */
static struct bundle *line_end_locked(struct sheaf_group *group)
{
    struct bundle *last = group->last;
    if (last != NULL && atomic_load_explicit(&last->filled, memory_order_relaxed) < BUNDLE_TASKS)
        return last;
    struct bundle *bundle = make_bundle_locked(group->pool);
    if (bundle == NULL)
        return NULL;
    atomic_store_explicit(&bundle->taken, 0, memory_order_relaxed);
    atomic_store_explicit(&bundle->filled, 0, memory_order_relaxed);
    bundle->users = 0;
    bundle->in_line = true;
    bundle->next = NULL;
    if (last != NULL)
        last->next = bundle;
    else
        group->first = bundle;
    group->last = bundle;
    return bundle;
}

static bool has_tasks_locked(const struct bundle *bundle)
{
    return atomic_load_explicit(&bundle->taken, memory_order_relaxed) <
           atomic_load_explicit(&bundle->filled, memory_order_relaxed);
}

/* Whether tasks may still be put into the bundle for those who take from it already. */
static bool is_live_locked(const struct bundle *bundle)
{
    return bundle->users > 0 &&
           atomic_load_explicit(&bundle->filled, memory_order_relaxed) < BUNDLE_TASKS;
}

/* The first bundle that has tasks, or NULL. Lets go of those before it. */
static struct bundle *line_front_locked(struct sheaf_group *group)
{
    struct bundle *bundle;
    while ((bundle = group->first) != NULL && !has_tasks_locked(bundle)) {
        if (is_live_locked(bundle))
            return NULL; /* and it is the last */
        group->first = bundle->next;
        if (group->first == NULL)
            group->last = NULL;
        bundle->in_line = false;
        if (bundle->users == 0)
            drop_bundle_locked(group->pool, bundle);
    }
    return bundle;
}

/* Makes I2 true again after a change of the group's line or places. */
static void refresh_locked(struct sheaf_group *group)
{
    const bool ready = line_front_locked(group) != NULL && pool_has_place_locked(group);
    if (ready != is_ready(group))
        set_ready_locked(group, ready);
}

bool pool_enqueue_locked(struct sheaf_group *group, const struct task *task)
{
    struct sheaf_pool *pool = group->pool;
    struct bundle *bundle = line_end_locked(group);
    if (bundle == NULL)
        return false;
    const uint64_t handed = atomic_load_explicit(&pool->handed, memory_order_relaxed);
    const uint32_t filled = atomic_load_explicit(&bundle->filled, memory_order_relaxed);
    bundle->tasks[filled] = *task;
    /* Before the task can be taken: nobody may see more started than handed. */
    atomic_store_explicit(&pool->handed, handed + 1, memory_order_relaxed);
    STEP(pool_enqueue);
    atomic_store_explicit(&bundle->filled, filled + 1, memory_order_release);
    if (!is_ready(group) && pool_has_place_locked(group))
        set_ready_locked(group, true);
    if (is_ready(group)) {
        sleepers_wake_one_locked(&pool->idle);
        sleepers_wake_one_locked(&group->helpers);
    }
    return true;
}

/* --- Taking --- */

/* A look that finds fewer tasks is followed by a longer pause; and the longest. */
enum { GATHER_TASKS = 32, GATHER_PAUSES = 63 };

/* Looks how far the bundle is filled by now. A worker as fast as the one that hands out would fetch
 * the line that the other writes for each single task, which costs both more than a small task. So
 * after each look that finds few it pauses longer before the next, about a microsecond at most, and
 * tasks gather. Where tasks take longer than that, many wait, or there is nothing to look for. */
static void look_again(struct frame *frame)
{
    for (unsigned i = 0; i < frame->pauses; i++)
        processor_pause();
    const uint32_t filled = atomic_load_explicit(&frame->bundle->filled, memory_order_acquire);
    if (filled - frame->filled < GATHER_TASKS && frame->pauses < GATHER_PAUSES)
        frame->pauses = 2 * frame->pauses + 1;
    frame->filled = filled;
}

static bool take_index(struct frame *frame)
{
    struct bundle *bundle = frame->bundle;
    uint32_t next = atomic_load_explicit(&bundle->taken, memory_order_relaxed);
    do {
        if (next >= frame->filled && frame->filled < BUNDLE_TASKS)
            look_again(frame);
        if (next >= frame->filled)
            return false;
        STEP(pool_take);
    } while (!atomic_compare_exchange_weak_explicit(&bundle->taken, &next, next + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    frame->next = next;
    return true;
}

bool pool_take(struct worker *worker, struct frame *frame)
{
    struct sheaf_pool *pool = worker->pool;
    if (!take_index(frame))
        return false;
    count_started(worker);
    if (atomic_load(&pool->wanting_room) > 0 && pool_waiting(pool) <= pool->capacity / 2) {
        STEP(pool_offer_room);
        lock_acquire(&pool->lock);
        offer_room_locked(pool);
        lock_release(&pool->lock);
    }
    return true;
}

static void push_frame_locked(struct worker *worker, struct frame *frame)
{
    frame->outer = worker->innermost;
    worker->innermost = frame;
    if (frame->counted)
        frame->group->running++;
}

bool pool_attach_locked(struct worker *worker, struct sheaf_group *group, struct frame *frame)
{
    struct sheaf_pool *pool = group->pool;
    if (!is_ready(group))
        return false;
    /* To the end of the list: groups take turns. */
    set_ready_locked(group, false);
    *frame = (struct frame){.group = group, .counted = true};
    do {
        frame->bundle = line_front_locked(group);
        frame->filled = 0; /* that of the one before says nothing of this one */
    } while (frame->bundle != NULL && !take_index(frame));
    if (frame->bundle != NULL) {
        frame->bundle->users++;
        push_frame_locked(worker, frame);
        count_started(worker);
        offer_room_locked(pool);
    }
    refresh_locked(group);
    return frame->bundle != NULL;
}

bool pool_attach_next_locked(struct worker *worker, struct frame *frame)
{
    struct sheaf_pool *pool = worker->pool;
    while (pool->ready_first != NULL) {
        if (pool_attach_locked(worker, pool->ready_first, frame))
            return true;
    }
    return false;
}

void pool_attach_inline_locked(struct worker *worker, struct sheaf_group *group,
                               struct frame *frame)
{
    /* The limit counts threads: one that is inside the group already needs no second place. */
    *frame = (struct frame){.group = group, .counted = !pool_is_inside(worker, group)};
    push_frame_locked(worker, frame);
    refresh_locked(group);
}

void pool_retire_locked(struct sheaf_group *group, uint64_t tasks)
{
    group->unfinished -= tasks;
    if (group->unfinished > 0)
        return;
    sleepers_wake_all_locked(&group->helpers);
    STEP(pool_done);
    sheaf_waitgroup_done(&group->tasks);
}

void pool_detach_locked(struct worker *worker, struct frame *frame)
{
    struct sheaf_group *group = frame->group;
    struct bundle *bundle = frame->bundle;
    worker->innermost = frame->outer;
    if (frame->counted)
        group->running--;
    if (bundle != NULL && --bundle->users == 0 && !bundle->in_line)
        drop_bundle_locked(group->pool, bundle);
    refresh_locked(group);
    if (is_ready(group)) {
        /* A place is free again. Who returns to the loop of its thread looks for itself. */
        if (frame->outer != NULL)
            sleepers_wake_one_locked(&group->pool->idle);
        sleepers_wake_one_locked(&group->helpers);
    }
    group->skipped |= frame->skipped;
    const uint64_t ended_ns = atomic_load_explicit(&frame->ended_ns, memory_order_relaxed);
    if (ended_ns > group->ended_ns)
        group->ended_ns = ended_ns;
    pool_retire_locked(group, atomic_load_explicit(&frame->ended, memory_order_relaxed));
}
