/* The contest's rows with GLib: GThreadPool, GAsyncQueue (which has no limit), GMutex and GCond. */
#include "contest.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* --- Wait group: GLib has none ------------------------------------------------------------- */

static struct {
    GMutex lock;
    GCond zero;
    gint64 count;
} waitgroup; /* all zero is initialised */

static void waitgroup_add(gint64 delta)
{
    g_mutex_lock(&waitgroup.lock);
    waitgroup.count += delta;
    if (waitgroup.count == 0)
        g_cond_broadcast(&waitgroup.zero);
    g_mutex_unlock(&waitgroup.lock);
}

static void waitgroup_wait(void)
{
    g_mutex_lock(&waitgroup.lock);
    while (waitgroup.count != 0)
        g_cond_wait(&waitgroup.zero, &waitgroup.lock);
    g_mutex_unlock(&waitgroup.lock);
}

static void add_and_done(void *context, unsigned index)
{
    (void)index;
    const struct contest *self = context;
    const uint64_t pairs = self->count / self->threads;
    for (uint64_t i = 0; i < pairs; i++) {
        waitgroup_add(1);
        waitgroup_add(-1);
    }
    waitgroup_add(1); /* to be seen at the end */
}

static void run_pairs(const struct contest *self)
{
    struct contest mine = *self;
    contest_put(self, contest_threads(self->threads, add_and_done, &mine));
    contest_check("count", (uint64_t)waitgroup.count, self->threads);
}

static void gate_arm(void)
{
    waitgroup_add(1);
}

static void gate_done(void)
{
    waitgroup_add(-1);
}

static void run_wake(const struct contest *self)
{
    contest_wake(self, &(const struct contest_gate){
                           .arm = gate_arm, .done = gate_done, .wait = waitgroup_wait});
}

/* --- Tasks -------------------------------------------------------------------------------- */

struct tasks {
    GThreadPool *pool;
    uint64_t count;
};

static struct tasks tasks;
static char any_task; /* the pool takes no NULL */

static void hand_out(void)
{
    for (uint64_t i = 0; i < tasks.count; i++)
        (void)g_thread_pool_push(tasks.pool, &any_task, NULL);
}

/* A pool has one function; the argument tells the task that hands out from the others. */
static void task(void *argument, void *nothing)
{
    (void)nothing;
    if (argument == &any_task) {
        contest_tick();
        return;
    }
    hand_out();
    waitgroup_add(-1);
}

static void open_tasks(const struct contest *self)
{
    tasks.count = self->count;
    tasks.pool = g_thread_pool_new(task, NULL, (gint)self->threads, TRUE, NULL);
}

/* Closing the pool is its way to wait for its tasks. */
static void close_tasks(const struct contest *self, uint64_t began)
{
    g_thread_pool_free(tasks.pool, FALSE, TRUE);
    contest_put(self, contest_now() - began);
    contest_check("tasks", contest_ticks_sum(), self->count);
}

static void run_outside(const struct contest *self)
{
    open_tasks(self);
    const uint64_t began = contest_now();
    hand_out();
    close_tasks(self, began);
}

/* A pool that is being closed takes no tasks: the first one is waited for by itself. */
static void run_inside(const struct contest *self)
{
    open_tasks(self);
    const uint64_t began = contest_now();
    waitgroup_add(1);
    (void)g_thread_pool_push(tasks.pool, &tasks, NULL);
    waitgroup_wait();
    close_tasks(self, began);
}

/* --- Channel ------------------------------------------------------------------------------ */

/* Items are pointers that are not NULL; this one says that there is no more. */
#define END GSIZE_TO_POINTER(G_MAXSIZE)

struct traffic {
    const struct contest *self;
    GAsyncQueue *queues[3];
    gint senders; /* that have not ended */
    struct contest_tally tally;
};

/* The last sender tells every receiver. */
static void end_sending(struct traffic *traffic)
{
    if (!g_atomic_int_dec_and_test(&traffic->senders))
        return;
    for (unsigned i = 0; i < traffic->self->receivers; i++)
        g_async_queue_push(traffic->queues[0], END);
}

static void send_items(struct traffic *traffic, unsigned first)
{
    for (uint64_t i = first; i <= traffic->self->count; i += traffic->self->threads)
        g_async_queue_push(traffic->queues[0], GSIZE_TO_POINTER(i));
    end_sending(traffic);
}

static void recv_items(struct traffic *traffic, GAsyncQueue *queue)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    for (void *item; (item = g_async_queue_pop(queue)) != END;) {
        items++;
        sum += GPOINTER_TO_SIZE(item);
    }
    contest_tally_add(&traffic->tally, items, sum);
}

static void move_items(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index < traffic->self->threads)
        send_items(traffic, index + 1);
    else
        recv_items(traffic, traffic->queues[0]);
}

static void push_batch(GAsyncQueue *queue, const uint64_t *batch, size_t count)
{
    g_async_queue_lock(queue);
    for (size_t i = 0; i < count; i++)
        g_async_queue_push_unlocked(queue, GSIZE_TO_POINTER(batch[i]));
    g_async_queue_unlock(queue);
}

static void send_batches(struct traffic *traffic, unsigned first)
{
    uint64_t batch[CONTEST_BATCH];
    size_t filled = 0;
    for (uint64_t i = first; i <= traffic->self->count; i += traffic->self->threads) {
        batch[filled++] = i;
        if (filled < CONTEST_BATCH)
            continue;
        push_batch(traffic->queues[0], batch, filled);
        filled = 0;
    }
    push_batch(traffic->queues[0], batch, filled);
    end_sending(traffic);
}

/* Waits for one item and takes what else is there; gives their number, and stops behind an END. */
static size_t pop_batch(GAsyncQueue *queue, void **items)
{
    size_t received = 0;
    g_async_queue_lock(queue);
    void *item = g_async_queue_pop_unlocked(queue);
    while (item != NULL) {
        items[received++] = item;
        if (item == END || received == CONTEST_BATCH)
            break;
        item = g_async_queue_try_pop_unlocked(queue);
    }
    g_async_queue_unlock(queue);
    return received;
}

static void recv_batches(struct traffic *traffic)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    void *batch[CONTEST_BATCH];
    for (bool ended = false; !ended;) {
        const size_t received = pop_batch(traffic->queues[0], batch);
        ended = batch[received - 1] == END;
        const size_t values = ended ? received - 1 : received;
        items += values;
        for (size_t i = 0; i < values; i++)
            sum += GPOINTER_TO_SIZE(batch[i]);
    }
    contest_tally_add(&traffic->tally, items, sum);
}

static void move_batches(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index < traffic->self->threads)
        send_batches(traffic, index + 1);
    else
        recv_batches(traffic);
}

static void run_traffic(const struct contest *self, void (*body)(void *context, unsigned index))
{
    struct traffic traffic = {.self = self, .senders = (gint)self->threads};
    traffic.queues[0] = g_async_queue_new();
    contest_put(self, contest_threads(self->threads + self->receivers, body, &traffic));
    contest_tally_check(&traffic.tally, self->count, 0);
    g_async_queue_unref(traffic.queues[0]);
}

static void run_channel(const struct contest *self)
{
    run_traffic(self, move_items);
}

static void run_batches(const struct contest *self)
{
    run_traffic(self, move_batches);
}

/* --- Pipeline ----------------------------------------------------------------------------- */

static void change_items(GAsyncQueue *from, GAsyncQueue *to)
{
    for (void *item; (item = g_async_queue_pop(from)) != END;)
        g_async_queue_push(to, GSIZE_TO_POINTER(contest_stage(GPOINTER_TO_SIZE(item))));
    g_async_queue_push(to, END);
}

static void run_stage(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index == 0)
        send_items(traffic, 1);
    else if (index < 3)
        change_items(traffic->queues[index - 1], traffic->queues[index]);
    else
        recv_items(traffic, traffic->queues[2]);
}

static void run_pipeline(const struct contest *self)
{
    struct traffic traffic = {.self = self, .senders = 1};
    for (unsigned i = 0; i < 3; i++)
        traffic.queues[i] = g_async_queue_new();
    contest_put(self, contest_threads(4, run_stage, &traffic));
    contest_tally_check(&traffic.tally, self->count, 2);
    for (unsigned i = 0; i < 3; i++)
        g_async_queue_unref(traffic.queues[i]);
}

const struct contest contests[] = {
    {.name = "pair-1", .run = run_pairs, .threads = 1},
    {.name = "pair-2", .run = run_pairs, .threads = 2},
    {.name = "pair-8", .run = run_pairs, .threads = 8},
    {.name = "tasks-outside", .run = run_outside},
    {.name = "tasks-inside", .run = run_inside},
    {.name = "channel-1:1", .run = run_channel, .threads = 1, .receivers = 1},
    {.name = "channel-4:4", .run = run_channel, .threads = 4, .receivers = 4},
    {.name = "channel-8:1", .run = run_channel, .threads = 8, .receivers = 1},
    {.name = "batches-1:1", .run = run_batches, .threads = 1, .receivers = 1},
    {.name = "batches-4:4", .run = run_batches, .threads = 4, .receivers = 4},
    {.name = "pipeline", .run = run_pipeline, .threads = 1, .receivers = 1},
    {.name = "wake", .run = run_wake},
    {.name = NULL},
};
