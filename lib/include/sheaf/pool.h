/* sheaf/pool.h - a fixed number of threads that run tasks.
 *
 * Tasks are handed out through groups (sheaf/group.h). The queue is bounded: a thread that hands
 * out to a full queue waits until half of it is free; a task that does so runs the new task itself,
 * there and then, so that tasks may hand out tasks and no pool, not even of one thread, locks up.
 *
 * Order: the tasks of a group leave the queue in the order in which they were handed out; groups
 * that have tasks waiting take turns. Do not block a task on anything but sheaf_group_wait, unless
 * another thread that needs none of this pool ends the wait. */
#ifndef SHEAF_POOL_H
#define SHEAF_POOL_H

#include "sheaf/error.h"

#include <stddef.h>
#include <stdint.h>

struct sheaf_pool;

/* Starts up to `threads` threads (at least 1) over a queue of up to `capacity` tasks (at least
 * 1). When the system refuses threads, goes on with those that there are; see
 * sheaf_pool_threads. Owned by the caller. Fails with SHEAF_USAGE (a zero) or SHEAF_SYSTEM (no
 * thread at all, no memory). */
SHEAF_API enum sheaf_status sheaf_pool_open(unsigned threads, size_t capacity,
                                            struct sheaf_pool **out, struct sheaf_error *error);

/* How many threads there really are. Any thread. */
SHEAF_API unsigned sheaf_pool_threads(const struct sheaf_pool *pool);

/* What a pool has done and does, as seen at one moment. */
struct sheaf_pool_counters {
    uint64_t queued;  /* tasks that wait */
    uint64_t running; /* tasks that have begun and not ended */
    uint64_t done;    /* tasks that have ended, also those that were skipped or dropped */
    uint64_t helped;  /* of those done: run inside another task, which waited or met a full queue */
    uint64_t idle_ns; /* time that the threads have spent without a task, added up */
};

/* Stores the counters. Any thread. */
SHEAF_API void sheaf_pool_counters(struct sheaf_pool *pool, struct sheaf_pool_counters *counters);

/* Ends the pool's work: takes no more tasks from outside (SHEAF_STOPPED), runs those that wait
 * in the queue and those that they hand out, and joins the threads. The pool, and its groups, can
 * still be looked at. From one of its own tasks: misuse. Not two threads at once. */
SHEAF_API void sheaf_pool_drain(struct sheaf_pool *pool);

/* As drain, but the tasks that wait in the queue are dropped: they count as done, their groups
 * as stopped. Tasks that run are waited for. */
SHEAF_API void sheaf_pool_drop(struct sheaf_pool *pool);

/* Drops what is left and frees the pool. Its groups must be closed. From one of its own tasks:
 * misuse, and nothing is freed. Takes NULL. */
SHEAF_API void sheaf_pool_close(struct sheaf_pool *pool);

#endif
