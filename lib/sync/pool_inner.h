/* sync/pool_inner.h - what the files of the pool share.
 *
 * pool.c         the threads: start, loop, idle, end
 * pool_queue.c   the lines of tasks, the ready list, the bound of the queue
 * pool_run.c     running tasks, and what their failure does
 * task_group.c   handing out and waiting
 * watchdog.c     naming what a wait is stuck on */
#ifndef SYNC_POOL_INNER_H
#define SYNC_POOL_INNER_H

#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/waitgroup.h"
#include "sync/pool_sleepers.h"
#include "sync/processor.h"
#include "sync/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef SHEAF_TESTING
enum { BUNDLE_TASKS = 2 }; /* so that a few tasks are in several bundles */
#else
enum { BUNDLE_TASKS = 256 };
#endif

/* Keeps what one thread writes all the time off the line that others read all the time. */
#define APART(name) char apart_##name[CACHE_LINE]

struct task {
    sheaf_task_function *function;
    void *argument;
    const char *name;
    uint64_t number; /* within its group, in the order of handing out */
};

/* Part of a group's line. Tasks are appended under the lock; they are taken without it, by whoever
 * is counted in `users`, in the order in which they were appended. */
struct bundle {
    _Atomic uint32_t taken;
    APART(takers);
    _Atomic uint32_t filled; /* written under the lock */
    unsigned users;          /* frames that take from it; guarded by the lock, as all below */
    bool in_line;
    struct bundle *next;
    struct task tasks[BUNDLE_TASKS];
};

/* A thread's stay with a group: one or more tasks, run one after the other. A task that waits, or
 * finds the queue full, may begin another stay inside. Begins and ends under the lock with at least
 * one task unfinished, which keeps the group alive meanwhile. */
struct frame {
    struct sheaf_group *group;
    struct frame *outer;
    struct bundle *bundle; /* where its tasks come from; NULL: it is for one task alone */
    uint32_t next;         /* the task of `bundle` that it has taken and not run */
    uint32_t filled;       /* of `bundle`, as last seen */
    unsigned pauses;       /* before the next look at that */
    bool counted;          /* holds one of the places that the group's limit gives */
    bool skipped;          /* some task of it was not run */
    /* Written by the frame's thread alone, read by watchdogs under the lock. Adding to `ended`
     * releases, reading it acquires: who sees a task ended no longer sees it begun. */
    _Atomic uint64_t ended;     /* tasks */
    _Atomic uint64_t ended_ns;  /* when the last did, to the coarse clock; 0: none */
    _Atomic uint64_t inside;    /* tasks that ended inside one of them, and are none of `ended` */
    _Atomic uint64_t began_ns;  /* when the task that runs did, to the coarse clock; 0: none */
    _Atomic(const char *) name; /* of that task */
    /* The watchdogs', guarded by the lock: what `inside` was when they last found it changed,
     * and when that was. To look at the clock there costs more than the rest of such a task. */
    uint64_t seen_inside;
    uint64_t seen_ns;
};

struct worker {
    struct thread thread;
    struct sheaf_pool *pool;
    struct frame *innermost; /* changed under the lock, by its own thread */
    uint64_t idle_ns;        /* guarded by the lock */
    uint64_t idle_since_ns;  /* guarded by the lock; 0: not idle */
    APART(counters);
    /* Written by this thread alone. Adding to `ended` releases, reading it acquires: who sees a
     * task ended sees it begun. */
    _Atomic uint64_t started; /* tasks taken from lines */
    _Atomic uint64_t inlined; /* tasks begun without ever being in one */
    _Atomic uint64_t ended;
    _Atomic uint64_t helped; /* of those ended: inside another task */
    APART(next_worker);
};

enum intake { INTAKE_OPEN, INTAKE_DRAINING, INTAKE_DROPPING };

struct sheaf_pool {
    /* Read with every task. Written under the lock, now and then. */
    _Atomic enum intake intake;    /* I1: leaves INTAKE_OPEN once, for good */
    _Atomic unsigned ready_groups; /* how many are in the ready list */
    _Atomic unsigned wanting_room; /* threads that wait for room, or are about to */
    size_t capacity;               /* fixed at open, as all down to the lock */
    unsigned threads;
    APART(lock);
    /* Rank: above the locks of parking, which waking takes where it has no futexes: threads are
     * woken and wait groups brought to zero inside it; no other lock is taken. It guards
     * everything down to `joined`, and what struct sheaf_group says.
     * I2: a group whose next task may start (it has a task waiting, and its limit allows one more)
     *     is in the ready list. One that is there has a place; that its line is empty may yet have
     *     to be found out, since tasks are taken without the lock.
     * I3: the queue holds handed - sum of all `started` tasks; that is more than `capacity` only by
     *     tasks that tasks handed out.
     * I4: whoever adds a task to a ready group, or puts a group that has some into the list, wakes
     *     an idle worker and one that waits inside for that group; whoever finds the queue fallen
     * to half wakes those who want room; whoever changes intake, or finds the queue empty after
     *     that, wakes all. */
    pthread_mutex_t lock;
    _Atomic uint64_t handed;     /* tasks ever put into lines */
    _Atomic uint64_t room_until; /* while handed is below, there is room for sure */
    struct sheaf_group *ready_first;
    struct sheaf_group *ready_last;
    struct bundle *spare;
    struct sleepers idle;
    struct sleepers room;
    /* The owner's: drain, drop and close. */
    bool joined;
    struct worker workers[];
};

struct sheaf_group {
    /* Fixed at open. */
    struct sheaf_pool *pool;
    struct sheaf_cancel *cancel;
    bool owns_cancel;
    unsigned limit;
    enum sheaf_group_keep keep;
    /* Written under the pool's lock, now and then; read with every task. */
    atomic_bool ready;
    _Atomic uint64_t skip_from; /* SHEAF_KEEP_LOWEST: tasks from this number on are not run */
    APART(line);
    /* Guarded by the pool's lock, but for `tasks`, on which outsiders wait without it: it counts
     * one while `unfinished` is not zero. Both change together, so no task is counted while
     * waiters are being released. The done is the last touch of the group: an outsider may close
     * it then, before the lock is free. */
    struct sheaf_waitgroup tasks;
    uint64_t unfinished; /* tasks handed out and not accounted for as ended */
    uint64_t numbered;   /* tasks that were given a number */
    struct bundle *first;
    struct bundle *last;
    struct sheaf_group *ready_before;
    struct sheaf_group *ready_after;
    unsigned running;        /* threads busy with the group */
    struct sleepers helpers; /* workers that wait for it: for a task to run, or unfinished zero */
    uint64_t
        ended_ns; /* of the tasks accounted for, the latest end, to the coarse clock; 0: none */
    bool skipped; /* a task was refused, or was not run */
    bool has_failed;
    uint64_t failed_number;
    const char *failed_name;
    struct sheaf_error failure;
};

/* --- pool.c --- */

/* The pool's thread that the caller runs on, or NULL. */
struct worker *pool_worker(const struct sheaf_pool *pool);

/* Gives true when the worker is inside a task of the group. NULL: false. By its own thread. */
bool pool_is_inside(const struct worker *worker, const struct sheaf_group *group);

/* Whether the pool takes a task from this thread (NULL: an outsider): while it drains, only from
 * its own tasks. */
bool pool_takes_tasks(const struct sheaf_pool *pool, const struct worker *worker);

/* --- pool_queue.c --- */

/* The tasks that wait. Any thread; exact under the lock, but for those being taken right now. */
uint64_t pool_waiting(const struct sheaf_pool *pool);

/* Whether the queue is at its capacity. The second is for a look without the lock. */
bool pool_is_full_locked(struct sheaf_pool *pool);
bool pool_looks_full(const struct sheaf_pool *pool);

/* Gives true when the group's limit lets one more thread in. */
bool pool_has_place_locked(const struct sheaf_group *group);

/* Adds a task to the end of its group's line and wakes who may run it. Gives false when there is no
 * memory; nothing has happened then. */
bool pool_enqueue_locked(struct sheaf_group *group, const struct task *task);

/* Begins a stay of the worker with the group, and takes its next task; gives false when none may
 * start. The second does so with the group whose turn it is. */
bool pool_attach_locked(struct worker *worker, struct sheaf_group *group, struct frame *frame);
bool pool_attach_next_locked(struct worker *worker, struct frame *frame);

/* Begins a stay with the group for one task that was in no line. */
void pool_attach_inline_locked(struct worker *worker, struct sheaf_group *group,
                               struct frame *frame);

/* Takes one more task for the frame; gives false when its bundle has none. Without the lock. */
bool pool_take(struct worker *worker, struct frame *frame);

/* Ends the stay: accounts for its tasks. The group may be gone after this, unless the caller waits
 * for it. */
void pool_detach_locked(struct worker *worker, struct frame *frame);

/* Accounts for tasks that were counted, and are not to be run. As detach. */
void pool_retire_locked(struct sheaf_group *group, uint64_t tasks);

void pool_free_spare(struct sheaf_pool *pool);

/* --- pool_run.c --- */

/* Nanoseconds of CLOCK_MONOTONIC, as of the last tick of the system (some milliseconds); cheap. */
uint64_t pool_coarse_now(void);

/* How far that lags behind at most, as the system promises. */
uint64_t pool_coarse_lag(void);

/* How long a frame goes on taking tasks. */
enum stay {
    STAY_ONE,  /* the task that it has taken */
    STAY_TURN, /* until other groups want their turn */
    STAY_LINE, /* while there are tasks */
};

/* Runs the frame's tasks, the one it has taken first. Without the lock. */
void pool_run(struct worker *worker, struct frame *frame, enum stay stay);

/* Runs one task that was in no line, within a frame of its group. Without the lock. */
void pool_run_one(struct worker *worker, struct frame *frame, const struct task *task);

/* As run_one, inside the task of the same group that the worker runs right now. */
void pool_run_inside(struct worker *worker, const struct task *task);

/* --- task_group.c, for the waits of watchdog.c --- */

/* Whether the calling task, or one that waits below it on this thread, is of the group; and what a
 * wait says then. */
bool group_awaits_itself(const struct sheaf_group *group);
enum sheaf_status group_refuse_own_wait(struct sheaf_error *error);

/* Waits until no task of the group is unfinished; SHEAF_TIMEOUT after the deadline. */
enum sheaf_status group_await(struct sheaf_group *group, uint64_t deadline_ns);

/* What a wait says that has seen no task unfinished. */
enum sheaf_status group_outcome(struct sheaf_group *group, struct sheaf_error *error);

#endif
