/* sheaf/watchdog.h - says what a wait is stuck on instead of hanging in silence.
 *
 * A wait under a watchdog (sheaf_group_wait_watched) looks up each time that no task has ended for
 * a while, names the tasks that run, and goes on or fails, as asked. */
#ifndef SHEAF_WATCHDOG_H
#define SHEAF_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

/* A task that has begun and not ended. */
struct sheaf_stuck_task {
    const char *name;    /* as given to go; "" for none */
    uint64_t running_ns; /* since it began, to the system's coarse clock (some milliseconds) */
};

/* What a watchdog is told. */
struct sheaf_stuck {
    uint64_t quiet_ns;                    /* since a task of the group ended, or the wait began */
    uint64_t queued;                      /* tasks of the group that have not begun */
    size_t count;                         /* of `tasks`: those that run, at most 64 */
    const struct sheaf_stuck_task *tasks; /* the longest-running first; valid during the call */
};

/* What is to happen next. */
enum sheaf_watchdog_answer { SHEAF_WATCHDOG_GO_ON, SHEAF_WATCHDOG_FAIL };

/* Called on the thread that waits, with no lock held. */
typedef enum sheaf_watchdog_answer sheaf_watchdog_function(void *argument,
                                                           const struct sheaf_stuck *stuck);

/* A wait on a thread of the pool runs tasks of its group itself; it looks up between them only.
 * The system's coarse clock says when a task ended, and is taken to have been a tick behind: a
 * watchdog is told of some milliseconds of quiet too little rather than too much. Tasks that ran
 * inside another of their group, for a full queue, count as ended when the wait next looked up. */
struct sheaf_watchdog {
    uint64_t quiet_ns;                 /* at least 1 */
    sheaf_watchdog_function *function; /* NULL: the wait fails */
    void *argument;
};

#endif
