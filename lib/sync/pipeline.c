/* Pipelines: threads for each stage, a channel after each but the last, and one token that stops
 * them all.
 *
 * All channels are opened with the pipeline's own token. The first error sets it, and so does the
 * caller's token: then no send or receive blocks any more, every worker comes to its end, and what
 * is left in the channels is destroyed when all have been joined. (The waits inside an order end as
 * its calls do.) The last worker of a stage to leave closes the channel after it: that is how the
 * end of input flows through. */
#include "sheaf/pipeline.h"

#include "base/error.h"
#include "base/memory.h"
#include "sheaf/channel.h"
#include "sync/deadline.h"
#include "sync/pipeline_order.h"
#include "sync/step.h"
#include "sync/thread.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What the only worker of a stage receives at once. Several take items one by one: whatever one of
 * them took ahead, another might be idle for. */
enum { RECEIVE_MOST = 32 };

struct worker {
    struct thread thread;
    struct stage *stage;
    unsigned char *items; /* room for what it receives at once; NULL in a source */
};

struct stage {
    struct run *run;
    const struct sheaf_stage *plan;
    struct sheaf_channel *in;  /* NULL: the source */
    struct sheaf_channel *out; /* NULL: the last one; owned */
    size_t in_size;
    sheaf_item_destructor *destroy_in;
    size_t receive;      /* items at once */
    struct order *order; /* NULL: puts need no order, or have it by themselves */
    struct worker *workers;
    unsigned started;
    _Atomic unsigned left; /* workers that have not left, the refused ones among them at first */
};

struct run {
    struct stage *stages;
    size_t count;
    struct sheaf_cancel *stop;
    /* Set when something was not done: an item refused or destroyed, a worker gone before the end
     * of its input. Read after all threads have been joined, as are the two below. */
    _Atomic bool cut_short;
    atomic_flag failed; /* whoever sets it writes the error */
    struct sheaf_error error;
};

struct sheaf_outlet {
    struct stage *stage;
    uint64_t call; /* its number, in a stage with an order */
};

static bool is_stopped(const struct run *run)
{
    return sheaf_cancel_reason(run->stop) != 0;
}

static void stop(void *argument, int reason)
{
    struct run *run = argument;
    STEP(pipe_stop);
    sheaf_cancel_set(run->stop, reason);
}

/* Keeps the error if it is the first, and stops the pipeline. After a stop it says nothing new. */
static void fail(struct stage *stage, const struct sheaf_error *error)
{
    struct run *run = stage->run;
    STEP(pipe_fail);
    if (is_stopped(run) || atomic_flag_test_and_set(&run->failed))
        return;
    struct sheaf_error named;
    (void)error_set(&named, error->status, "%s: %s", stage->plan->name, error->text);
    run->error = *error;
    memcpy(run->error.text, named.text, sizeof named.text);
    stop(run, 1);
}

enum sheaf_status sheaf_outlet_put(struct sheaf_outlet *outlet, const void *item,
                                   struct sheaf_error *error)
{
    struct stage *stage = outlet->stage;
    if (stage->out == NULL)
        return error_set(error, SHEAF_USAGE, "the last stage has nowhere to put an item");
    enum sheaf_status status = SHEAF_STOPPED;
    if (!is_stopped(stage->run))
        status = stage->order != NULL ? order_put(stage->order, outlet->call, item)
                                      : sheaf_channel_send(stage->out, item);
    if (status == SHEAF_OK)
        return SHEAF_OK;
    STEP(pipe_refused);
    atomic_store(&stage->run->cut_short, true);
    return error_set(error, status, "the pipeline stops");
}

/* Calls the stage's function. Gives SHEAF_OK: go on; SHEAF_END (a source); SHEAF_STOPPED: it has
 * failed, and the pipeline stops. */
static enum sheaf_status call(struct stage *stage, void *item, struct sheaf_outlet *outlet)
{
    const struct sheaf_stage *plan = stage->plan;
    struct sheaf_error error;
    error_clear(&error);
    enum sheaf_status status = plan->function(plan->argument, item, outlet, &error);
    if (status == SHEAF_OK || (status == SHEAF_END && stage->in == NULL))
        return status;
    if (status == SHEAF_END)
        status = error_set(&error, SHEAF_USAGE, "gave the status of an end, as only a source may");
    (void)error_adopt(&error, status);
    fail(stage, &error);
    return SHEAF_STOPPED;
}

static void destroy_received(const struct stage *stage, void *item)
{
    if (stage->destroy_in != NULL)
        stage->destroy_in(item);
}

/* An item that was received, to a call or, once the pipeline stops, to its destructor. */
static enum sheaf_status work_off(struct stage *stage, void *item, struct sheaf_outlet *outlet)
{
    if (!is_stopped(stage->run))
        return call(stage, item, outlet);
    destroy_received(stage, item);
    return SHEAF_STOPPED;
}

/* The three below work until SHEAF_END or SHEAF_STOPPED, and give that. */
static enum sheaf_status work_source(struct worker *worker)
{
    struct stage *stage = worker->stage;
    struct sheaf_outlet outlet = {.stage = stage};
    enum sheaf_status status = SHEAF_OK;
    while (status == SHEAF_OK)
        status = is_stopped(stage->run) ? SHEAF_STOPPED : call(stage, NULL, &outlet);
    return status;
}

static enum sheaf_status work_plain(struct worker *worker)
{
    struct stage *stage = worker->stage;
    struct sheaf_outlet outlet = {.stage = stage};
    enum sheaf_status status = SHEAF_OK;
    while (status == SHEAF_OK) {
        size_t received = 0;
        status = sheaf_channel_recv_many(stage->in, worker->items, stage->receive, DEADLINE_NONE,
                                         &received);
        for (size_t i = 0; i < received; i++) {
            unsigned char *item = worker->items + i * stage->in_size;
            if (status == SHEAF_OK) /* never again after a failure */
                status = work_off(stage, item, &outlet);
            else
                destroy_received(stage, item);
        }
    }
    return status;
}

static enum sheaf_status work_in_order(struct worker *worker)
{
    struct stage *stage = worker->stage;
    struct sheaf_outlet outlet = {.stage = stage};
    enum sheaf_status status = SHEAF_OK;
    while (status == SHEAF_OK) {
        status = order_admit(stage->order, worker->items, &outlet.call);
        if (status != SHEAF_OK)
            break;
        status = work_off(stage, worker->items, &outlet);
        const enum sheaf_status ended = order_end(stage->order, outlet.call);
        status = status == SHEAF_OK ? ended : status;
    }
    return status;
}

/* A worker is gone, or was never there. */
static void leave(struct stage *stage)
{
    STEP(pipe_leave);
    if (atomic_fetch_sub(&stage->left, 1) == 1 && stage->out != NULL)
        sheaf_channel_close(stage->out);
}

static void worker_main(void *argument)
{
    struct worker *worker = argument;
    struct stage *stage = worker->stage;
    const enum sheaf_status status = stage->in == NULL      ? work_source(worker)
                                     : stage->order != NULL ? work_in_order(worker)
                                                            : work_plain(worker);
    if (status != SHEAF_END) {
        STEP(pipe_cut_short);
        atomic_store(&stage->run->cut_short, true);
    }
    leave(stage);
}

/* What is wrong with a stage; NULL: nothing. */
static const char *find_fault(const struct sheaf_stage *plan, bool is_source, bool is_last)
{
    if (plan->name == NULL)
        return "needs a name";
    if (plan->function == NULL)
        return "needs a function";
    if (plan->workers == 0)
        return "needs at least one worker";
    if (plan->order != SHEAF_UNORDERED && plan->order != SHEAF_ORDERED)
        return "must be ordered or unordered";
    if (is_source && plan->order == SHEAF_ORDERED && plan->workers > 1)
        return "is an ordered source: one worker only";
    if (is_last)
        return plan->item_size == 0 ? NULL : "is the last, so its item size must be 0";
    if (plan->item_size == 0)
        return "puts out items, so their size must not be 0";
    return plan->capacity == 0 ? "needs a capacity of at least 1" : NULL;
}

static enum sheaf_status check(const struct sheaf_stage *plans, size_t count,
                               struct sheaf_error *error)
{
    if (count == 0)
        return error_set(error, SHEAF_USAGE, "a pipeline needs at least one stage");
    for (size_t i = 0; i < count; i++) {
        const char *fault = find_fault(&plans[i], i == 0, i + 1 == count);
        const char *name = plans[i].name != NULL ? plans[i].name : "";
        if (fault != NULL)
            return error_set(error, SHEAF_USAGE, "stage %zu (\"%s\") %s", i + 1, name, fault);
    }
    return SHEAF_OK;
}

/* Makes the channel after the stage, its order and its workers' memory. */
static enum sheaf_status prepare_stage(struct stage *stage, struct sheaf_error *error)
{
    const struct sheaf_stage *plan = stage->plan;
    struct sheaf_cancel *token = stage->run->stop;
    if (plan->item_size != 0)
        TRY(sheaf_channel_open(plan->capacity, plan->item_size, token, &stage->out, error));
    const bool has_order = plan->order == SHEAF_ORDERED && plan->workers > 1 && stage->out != NULL;
    const struct order_plan order_plan = {.in = stage->in,
                                          .out = stage->out,
                                          .destroy = plan->destroy,
                                          .item_size = plan->item_size,
                                          .capacity = plan->capacity,
                                          .workers = plan->workers};
    if (has_order)
        TRY(order_open(&order_plan, &stage->order, error));
    stage->workers = memory_zeroed(plan->workers, sizeof *stage->workers);
    if (stage->workers == NULL)
        return error_no_memory(error, "the workers of a stage");
    size_t room;
    if (!size_multiply(stage->in_size, stage->receive, &room))
        return error_no_memory(error, "the items of a stage's worker");
    for (unsigned i = 0; i < plan->workers; i++) {
        struct worker *worker = &stage->workers[i];
        worker->stage = stage;
        worker->items = stage->in != NULL ? memory_alloc(room) : NULL;
        if (worker->items == NULL && stage->in != NULL)
            return error_no_memory(error, "the items of a stage's worker");
    }
    return SHEAF_OK;
}

static enum sheaf_status prepare(struct run *run, const struct sheaf_stage *plans,
                                 struct sheaf_error *error)
{
    TRY(sheaf_cancel_open(&run->stop, error));
    run->stages = memory_zeroed(run->count, sizeof *run->stages);
    if (run->stages == NULL)
        return error_no_memory(error, "the stages of a pipeline");
    for (size_t i = 0; i < run->count; i++) {
        struct stage *stage = &run->stages[i];
        stage->run = run;
        stage->plan = &plans[i];
        atomic_init(&stage->left, plans[i].workers);
        if (i > 0) {
            const struct sheaf_stage *before = &plans[i - 1];
            stage->in = run->stages[i - 1].out;
            stage->in_size = before->item_size;
            stage->destroy_in = before->destroy;
            if (plans[i].workers == 1)
                stage->receive = before->capacity < RECEIVE_MOST ? before->capacity : RECEIVE_MOST;
            else
                stage->receive = 1;
        }
        TRY(prepare_stage(stage, error));
    }
    return SHEAF_OK;
}

/* Starts as many workers as the system allows; without any, the pipeline fails. */
static void start_workers(struct stage *stage)
{
    struct sheaf_error error;
    enum sheaf_status status = SHEAF_OK;
    while (stage->started < stage->plan->workers && status == SHEAF_OK) {
        struct worker *worker = &stage->workers[stage->started];
        status = thread_start(&worker->thread, worker_main, worker, stage->plan->name, &error);
        if (status == SHEAF_OK)
            stage->started++;
    }
    if (stage->started == 0) {
        atomic_store(&stage->run->cut_short, true);
        fail(stage, &error);
    }
    /* Only now: the next stage must not take the end of these for the end of the input. */
    for (unsigned i = stage->started; i < stage->plan->workers; i++)
        leave(stage);
}

/* From the last stage on, so that nothing is begun that has nobody to go to. */
static void run_workers(struct run *run)
{
    for (size_t i = run->count; i-- > 0;)
        start_workers(&run->stages[i]);
    for (size_t i = 0; i < run->count; i++)
        for (unsigned j = 0; j < run->stages[i].started; j++)
            thread_join(&run->stages[i].workers[j].thread);
}

/* Destroys what is left in the channel before the stage; its worker's memory is free for it. */
static void drain(struct stage *stage)
{
    if (stage->in == NULL)
        return;
    unsigned char *item = stage->workers[0].items;
    while (sheaf_channel_try_recv(stage->in, item) == SHEAF_OK)
        destroy_received(stage, item);
}

static void close_stage(struct stage *stage)
{
    const unsigned workers = stage->workers != NULL ? stage->plan->workers : 0;
    for (unsigned i = 0; i < workers; i++)
        memory_free(stage->workers[i].items);
    memory_free(stage->workers);
    order_close(stage->order);
    sheaf_channel_destroy(stage->out);
}

static void close_run(struct run *run)
{
    for (size_t i = 0; run->stages != NULL && i < run->count; i++)
        close_stage(&run->stages[i]);
    memory_free(run->stages);
    sheaf_cancel_close(run->stop);
}

static enum sheaf_status outcome(const struct run *run, struct sheaf_error *error)
{
    if (run->error.status != SHEAF_OK) {
        if (error != NULL)
            *error = run->error;
        return run->error.status;
    }
    if (atomic_load(&run->cut_short))
        return error_set(error, SHEAF_STOPPED, "the pipeline was stopped before its end");
    return SHEAF_OK;
}

enum sheaf_status sheaf_pipeline_run(const struct sheaf_stage *stages, size_t count,
                                     struct sheaf_cancel *cancel, struct sheaf_error *error)
{
    TRY(check(stages, count, error));
    struct run run = {.count = count, .failed = ATOMIC_FLAG_INIT};
    enum sheaf_status status = prepare(&run, stages, error);
    if (status == SHEAF_OK) {
        struct sheaf_cancel_watch watch;
        sheaf_cancel_watch(cancel, &watch, stop, &run);
        run_workers(&run);
        sheaf_cancel_unwatch(cancel, &watch);
        for (size_t i = 0; i < count; i++)
            drain(&run.stages[i]);
        status = outcome(&run, error);
    }
    close_run(&run);
    return status;
}
