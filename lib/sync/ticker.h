/* sync/ticker.h - ticks on the thread that works, for executors that have no other to spare. */
#ifndef SYNC_TICKER_H
#define SYNC_TICKER_H

#include "base/executor.h"

#include <stdint.h>

/* Used by worker 0 only. */
struct ticker {
    struct executor_task task;
    uint64_t next_ns;
};

/* The task begins now. */
void ticker_start(struct ticker *ticker, const struct executor_task *task);

/* Calls the task's tick when `worker` is 0 and tick_ns have passed since the last. */
void ticker_maybe_tick(struct ticker *ticker, unsigned worker);

#endif
