/* The serial executor: the caller is the one worker, and no thread is ever created. */
#include "sync/executors.h"

#include "base/memory.h"
#include "sync/misuse.h"
#include "sync/ticker.h"

struct serial_executor {
    struct executor base;
    struct ticker ticker;
};

static enum sheaf_status serial_open(unsigned workers, struct executor **out,
                                     struct sheaf_error *error)
{
    (void)workers;
    *out = NULL;
    struct serial_executor *serial = memory_zeroed(1, sizeof *serial);
    if (serial == NULL)
        return error_no_memory(error, "the serial executor");
    serial->base.ops = &executor_serial;
    *out = &serial->base;
    return SHEAF_OK;
}

static unsigned serial_workers(const struct executor *executor)
{
    (void)executor;
    return 1;
}

static enum sheaf_status serial_run(struct executor *executor, const struct executor_task *task,
                                    struct sheaf_error *error)
{
    (void)error;
    struct serial_executor *serial = (struct serial_executor *)executor;
    ticker_start(&serial->ticker, task);
    task->work(task->argument, 0);
    return SHEAF_OK;
}

static void serial_wait_word(struct executor *executor, _Atomic uint32_t *word, uint32_t expected)
{
    (void)executor;
    (void)word;
    misuse_report("executor_serial.wait_word", "the only worker waits for another", expected);
}

static void serial_wake(struct executor *executor, _Atomic uint32_t *word)
{
    (void)executor;
    (void)word;
}

static void serial_maybe_tick(struct executor *executor, unsigned worker)
{
    struct serial_executor *serial = (struct serial_executor *)executor;
    ticker_maybe_tick(&serial->ticker, worker);
}

static void serial_close(struct executor *executor)
{
    memory_free(executor);
}

const struct executor_ops executor_serial = {
    .name = "serial",
    .help = "one worker on the calling thread; no thread is created",
    .open = serial_open,
    .workers = serial_workers,
    .run = serial_run,
    .wait_word = serial_wait_word,
    .wake = serial_wake,
    .maybe_tick = serial_maybe_tick,
    .close = serial_close,
};
