/* sheaf/group.h - tasks that belong together: handed out, waited for, and failing as one.
 *
 * A group is a wait group that keeps the first error, has a cancel token that this error sets,
 * and can limit how many of its tasks run at a time. Tasks that have not started when the token is
 * set are skipped; those that run should look at the token now and then. */
#ifndef SHEAF_GROUP_H
#define SHEAF_GROUP_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"
#include "sheaf/pool.h"
#include "sheaf/watchdog.h"

#include <stdint.h>

struct sheaf_group;

/* A task. Gives SHEAF_OK, or fills `error` (never NULL) and gives its status. */
typedef enum sheaf_status sheaf_task_function(void *argument, struct sheaf_error *error);

/* Which failure a group keeps when several of its tasks fail. */
enum sheaf_group_keep {
    /* The first in time. It sets the token, and what has not started is skipped. */
    SHEAF_KEEP_FIRST,
    /* That of the task that was handed out earliest: where one thread hands out, the same in every
     * run, if the tasks are. Tasks handed out later than a failed one are skipped, earlier ones
     * still run; a failure does not set the token, which would reach those too. */
    SHEAF_KEEP_LOWEST,
};

struct sheaf_group_options {
    unsigned limit;              /* threads that may be busy with the group at once; 0: all */
    enum sheaf_group_keep keep;  /* SHEAF_KEEP_FIRST, unless said otherwise */
    struct sheaf_cancel *cancel; /* borrowed; set by SHEAF_KEEP_FIRST; NULL: one of its own */
};
/* Makes a group over a pool, which must outlive it. `options` NULL: the defaults. Owned by the
 * caller. Fails with SHEAF_SYSTEM (no memory, no descriptor for the token). */
SHEAF_API enum sheaf_status sheaf_group_open(struct sheaf_pool *pool,
                                             const struct sheaf_group_options *options,
                                             struct sheaf_group **out, struct sheaf_error *error);

/* Counts a task and hands it to the pool. `name` (borrowed until the group is closed; NULL: none)
 * is what a failure is reported under. When the queue is full: waits until half of it is free; but
 * on a thread of the pool runs the task before returning (or, where the group's limit forbids that,
 * queues it past the capacity). Gives SHEAF_OK, SHEAF_STOPPED (the token is set, or the pool takes
 * no more) or SHEAF_SYSTEM (no memory); the task's own status goes to the group. Any thread. */
SHEAF_API enum sheaf_status sheaf_group_go(struct sheaf_group *group, sheaf_task_function *function,
                                           void *argument, const char *name,
                                           struct sheaf_error *error);

/* As go, but gives SHEAF_BUSY where go would wait, or run the task itself, for a full queue; the
 * task is not counted then. */
SHEAF_API enum sheaf_status sheaf_group_try_go(struct sheaf_group *group,
                                               sheaf_task_function *function, void *argument,
                                               const char *name, struct sheaf_error *error);

/* Blocks until all tasks handed out are done. On a thread of the pool it runs waiting tasks of
 * this group meanwhile. Gives SHEAF_OK; the status of the task whose failure is kept, with
 * its `error`; SHEAF_STOPPED when tasks were skipped or refused without a failure; SHEAF_USAGE at
 * once, when the calling task is of this group, or runs inside one that is: one that waits, or that
 * handed it out to a full queue. The failure stays until close. Any thread. */
SHEAF_API enum sheaf_status sheaf_group_wait(struct sheaf_group *group, struct sheaf_error *error);

/* As wait, until `deadline_ns` of CLOCK_MONOTONIC (UINT64_MAX: none): then SHEAF_TIMEOUT. A task
 * that is run meanwhile is not cut short. */
SHEAF_API enum sheaf_status sheaf_group_wait_until(struct sheaf_group *group, uint64_t deadline_ns,
                                                   struct sheaf_error *error);

/* As wait, under a watchdog (sheaf/watchdog.h): each time that none of the group's tasks has ended
 * for its `quiet_ns`, it is told which tasks run, and for how long. SHEAF_TIMEOUT when it wants the
 * wait to fail; `error` then names them. The tasks go on: a group with a task that never ends can
 * be neither closed nor its pool, so a program mostly exits then. */
SHEAF_API enum sheaf_status sheaf_group_wait_watched(struct sheaf_group *group,
                                                     const struct sheaf_watchdog *watchdog,
                                                     struct sheaf_error *error);

/* The name of the task whose failure is kept; NULL: none failed, or it has none. After a wait. */
SHEAF_API const char *sheaf_group_failed(const struct sheaf_group *group);

/* The token of the group: for its tasks to poll, for anybody to set. Owned by the group, unless
 * it was given. */
SHEAF_API struct sheaf_cancel *sheaf_group_cancel(struct sheaf_group *group);

/* Frees the group. Its tasks must be done and nobody may wait: else misuse, and nothing is freed.
 * Takes NULL. */
SHEAF_API void sheaf_group_close(struct sheaf_group *group);

#endif
