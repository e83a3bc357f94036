#include "sync/ticker.h"

#include "base/clock.h"

#include <stddef.h>

void ticker_start(struct ticker *ticker, const struct executor_task *task)
{
    ticker->task = *task;
    ticker->next_ns = clock_now() + task->tick_ns;
}

void ticker_maybe_tick(struct ticker *ticker, unsigned worker)
{
    const struct executor_task *task = &ticker->task;
    if (worker != 0 || task->tick == NULL || task->tick_ns == 0)
        return;
    if (clock_now() < ticker->next_ns)
        return;
    task->tick(task->argument);
    ticker->next_ns = clock_now() + task->tick_ns;
}
