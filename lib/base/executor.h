/* base/executor.h - the interface between a job and whatever runs it on threads.
 *
 * An executor runs one function on a number of workers at once and returns when all have come
 * back. What the workers share, and how they claim pieces of it, is the job's business. The
 * executors themselves live in sync, the only room that knows threads. */
#ifndef BASE_EXECUTOR_H
#define BASE_EXECUTOR_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct executor;

/* The body that every worker runs once; worker counts from 0 to executor_workers() - 1. */
typedef void executor_work(void *argument, unsigned worker);

/* Called now and then, about every `tick_ns`, on the thread that called run, while the workers
 * work: by the executor itself where that thread is free, else from maybe_tick. */
typedef void executor_tick(void *argument);

struct executor_task {
    executor_work *work;
    executor_tick *tick; /* NULL: none */
    void *argument;      /* for both */
    uint64_t tick_ns;    /* 0: no ticks */
};

struct executor_ops {
    const char *name;
    const char *help;
    /* Makes an executor of up to `workers` (at least 1) workers; fewer when the system refuses
     * threads, but at least one. Owned by the caller, who closes it. */
    enum sheaf_status (*open)(unsigned workers, struct executor **out, struct sheaf_error *error);
    /* How many workers a run will have. */
    unsigned (*workers)(const struct executor *executor);
    /* Starts all workers together behind a gate (none begins before all are there), and returns
     * once each has come back. One run at a time. */
    enum sheaf_status (*run)(struct executor *executor, const struct executor_task *task,
                             struct sheaf_error *error);
    /* Blocks while *word == expected, until wake(word); may return early. For workers only. */
    void (*wait_word)(struct executor *executor, _Atomic uint32_t *word, uint32_t expected);
    /* Wakes every worker that waits on the word; the caller has changed it. */
    void (*wake)(struct executor *executor, _Atomic uint32_t *word);
    /* To be called by every worker between its pieces of work. Where worker 0 runs on the thread
     * that called run, so that nobody else could tick (openmp, serial), it calls the task's tick
     * from worker 0 if one is due; else it does nothing. */
    void (*maybe_tick)(struct executor *executor, unsigned worker);
    /* Joins the threads. Takes NULL. */
    void (*close)(struct executor *executor);
};

/* Every executor begins with this member, so that the interface needs no knowledge of the rest. */
struct executor {
    const struct executor_ops *ops;
};

#endif
