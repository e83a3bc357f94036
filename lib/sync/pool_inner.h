/* sync/pool_inner.h - what pool.c (threads, queue) and task_group.c (tasks, waiting) share. */
#ifndef SYNC_POOL_INNER_H
#define SYNC_POOL_INNER_H

#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/waitgroup.h"
#include "sync/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task {
    sheaf_task_function *function;
    void *argument;
    const char *name;
    struct sheaf_group *group;
    struct task *next;
    bool nested;  /* runs on a thread that the group's limit has counted already */
    bool dropped; /* the pool was dropping when its turn came: it is not run */
};

/* The tasks that a thread is inside of, innermost first: a task that waits may run another. */
struct frame {
    const struct sheaf_group *group;
    const struct frame *outer;
};

struct worker {
    struct thread thread;
    struct sheaf_pool *pool;
    bool live;                     /* guarded by the pool's lock: its handle names this thread */
    const struct frame *innermost; /* touched by its own thread only */
};

enum intake { INTAKE_OPEN, INTAKE_DRAINING, INTAKE_DROPPING };

struct sheaf_pool {
    /* Rank: leaf; no other lock is taken inside it, and no wait group is brought to zero. It
     * guards everything down to `intake`, and what struct sheaf_group says.
     * I1: a group is in the ready list exactly if its next task may start: it has a task waiting
     *     and its limit allows one more.
     * I2: queued is the number of tasks waiting, over all groups; it is above capacity only by
     *     tasks that tasks handed out.
     * I3: intake leaves INTAKE_OPEN once, for good.
     * Whoever puts a group into the ready list, or adds a task to one that is there, wakes a
     * worker; whoever takes a task wakes a thread that waits for room; whoever changes intake, or
     * takes the last task after that, wakes all. */
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t room;
    struct sheaf_group *ready_first;
    struct sheaf_group *ready_last;
    size_t queued;
    enum intake intake;
    /* Fixed at open; the thread handles are written under the lock. */
    size_t capacity;
    unsigned threads;
    /* The owner's: drain, drop and close. */
    bool joined;
    struct worker workers[];
};

struct sheaf_group {
    struct sheaf_waitgroup tasks; /* what outsiders wait on */
    struct sheaf_pool *pool;
    struct sheaf_cancel *cancel;
    bool owns_cancel;
    unsigned limit;
    /* Guarded by the pool's lock. I4: unfinished equals the count of `tasks`, save that it gets
     * there first on the way down. It exists so that a worker that waits can sleep on one
     * condition for both "all done" and "a task that I could run". Whoever makes one of these
     * true wakes `changed`, before the done that lets the group's memory go. */
    struct task *first;
    struct task *last;
    struct sheaf_group *ready_before;
    struct sheaf_group *ready_after;
    bool ready;
    unsigned running; /* threads busy with the group */
    uint64_t unfinished;
    pthread_cond_t changed;
    bool skipped; /* a task was refused, or dropped before it ran */
    bool has_failed;
    const char *failed_name;
    struct sheaf_error failure;
};

/* The pool's thread that the caller runs on, or NULL. */
struct worker *pool_worker_locked(struct sheaf_pool *pool);

/* Gives true when the worker is inside a task of the group. NULL: false. */
bool pool_is_inside(const struct worker *worker, const struct sheaf_group *group);

/* Gives true when the group's limit lets one more task start. */
bool pool_has_place_locked(const struct sheaf_group *group);

/* Counts a task that `task_run` will be called for right after. */
void pool_start_locked(struct sheaf_group *group, struct task *task);

/* Puts a task, from memory_alloc, at the end of its group's line. */
void pool_enqueue_locked(struct sheaf_pool *pool, struct task *task);

/* Takes and starts the group's next task; NULL when none may start. */
struct task *pool_take_locked(struct sheaf_group *group);

/* One task is finished or taken back: wakes who waits inside the pool. After unlocking the
 * caller owes the group's wait group one done, as its last touch. */
void pool_retire_locked(struct sheaf_group *group);

/* Runs a started task on this worker, accounts for it and frees it. Without the lock. */
void pool_run(struct worker *worker, struct task *task);

#endif
