/* The contest's rows with nothing but POSIX threads: what one writes by hand, a mutex and
 * conditions around a counter, a ring, and a ring of tasks. */
#include "contest.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int error)
{
    if (error == 0)
        return;
    (void)fprintf(stderr, "pthreads: %s\n", strerror(error));
    exit(EXIT_FAILURE);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        (void)fputs("pthreads: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* --- Wait group --------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t zero;
    int64_t count;
} waitgroup = {.lock = PTHREAD_MUTEX_INITIALIZER, .zero = PTHREAD_COND_INITIALIZER};

static void waitgroup_add(int64_t delta)
{
    must(pthread_mutex_lock(&waitgroup.lock));
    waitgroup.count += delta;
    if (waitgroup.count == 0)
        must(pthread_cond_broadcast(&waitgroup.zero));
    must(pthread_mutex_unlock(&waitgroup.lock));
}

static void waitgroup_wait(void)
{
    must(pthread_mutex_lock(&waitgroup.lock));
    while (waitgroup.count != 0)
        must(pthread_cond_wait(&waitgroup.zero, &waitgroup.lock));
    must(pthread_mutex_unlock(&waitgroup.lock));
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

/* --- Pool: tasks in a ring that grows ------------------------------------------------------ */

struct task {
    void (*function)(void *argument);
    void *argument;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t ready, finished;
    struct task *ring;
    size_t capacity, head, waiting;
    uint64_t open; /* handed out and not ended */
    bool closed;
};

static void pool_grow(struct pool *pool)
{
    struct task *ring = allocate(2 * pool->capacity, sizeof *ring);
    for (size_t i = 0; i < pool->waiting; i++)
        ring[i] = pool->ring[(pool->head + i) % pool->capacity];
    free(pool->ring);
    pool->ring = ring;
    pool->head = 0;
    pool->capacity *= 2;
}

static void pool_go(struct pool *pool, void (*function)(void *argument), void *argument)
{
    must(pthread_mutex_lock(&pool->lock));
    if (pool->waiting == pool->capacity)
        pool_grow(pool);
    pool->ring[(pool->head + pool->waiting) % pool->capacity] = (struct task){function, argument};
    pool->waiting++;
    pool->open++;
    must(pthread_cond_signal(&pool->ready));
    must(pthread_mutex_unlock(&pool->lock));
}

static void pool_wait(struct pool *pool)
{
    must(pthread_mutex_lock(&pool->lock));
    while (pool->open > 0)
        must(pthread_cond_wait(&pool->finished, &pool->lock));
    must(pthread_mutex_unlock(&pool->lock));
}

static void *pool_work(void *argument)
{
    struct pool *pool = argument;
    must(pthread_mutex_lock(&pool->lock));
    for (;;) {
        while (pool->waiting == 0 && !pool->closed)
            must(pthread_cond_wait(&pool->ready, &pool->lock));
        if (pool->waiting == 0)
            break;
        const struct task task = pool->ring[pool->head];
        pool->head = (pool->head + 1) % pool->capacity;
        pool->waiting--;
        must(pthread_mutex_unlock(&pool->lock));
        task.function(task.argument);
        must(pthread_mutex_lock(&pool->lock));
        if (--pool->open == 0)
            must(pthread_cond_broadcast(&pool->finished));
    }
    must(pthread_mutex_unlock(&pool->lock));
    return NULL;
}

static void pool_close(struct pool *pool, const pthread_t *threads, unsigned count)
{
    must(pthread_mutex_lock(&pool->lock));
    pool->closed = true;
    must(pthread_cond_broadcast(&pool->ready));
    must(pthread_mutex_unlock(&pool->lock));
    for (unsigned i = 0; i < count; i++)
        must(pthread_join(threads[i], NULL));
    free(pool->ring);
}

struct tasks {
    struct pool *pool;
    uint64_t count;
};

static void tick(void *argument)
{
    (void)argument;
    contest_tick();
}

static void hand_out(void *argument)
{
    const struct tasks *tasks = argument;
    for (uint64_t i = 0; i < tasks->count; i++)
        pool_go(tasks->pool, tick, NULL);
}

static void hand_out_inside(void *argument)
{
    const struct tasks *tasks = argument;
    pool_go(tasks->pool, hand_out, argument);
}

static void run_tasks(const struct contest *self, void (*start)(void *argument))
{
    struct pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .ready = PTHREAD_COND_INITIALIZER,
                        .finished = PTHREAD_COND_INITIALIZER,
                        .ring = allocate(CONTEST_CAPACITY, sizeof(struct task)),
                        .capacity = CONTEST_CAPACITY};
    pthread_t *threads = allocate(self->threads, sizeof *threads);
    for (unsigned i = 0; i < self->threads; i++)
        must(pthread_create(&threads[i], NULL, pool_work, &pool));
    struct tasks tasks = {.pool = &pool, .count = self->count};
    const uint64_t began = contest_now();
    start(&tasks);
    pool_wait(&pool);
    contest_put(self, contest_now() - began);
    contest_check("tasks", contest_ticks_sum(), self->count);
    pool_close(&pool, threads, self->threads);
    free(threads);
}

static void run_outside(const struct contest *self)
{
    run_tasks(self, hand_out);
}

static void run_inside(const struct contest *self)
{
    run_tasks(self, hand_out_inside);
}

/* --- Queue: a ring with a limit ------------------------------------------------------------ */

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    size_t head, length;
    unsigned senders; /* that have not ended */
    uint64_t ring[CONTEST_CAPACITY];
};

static void queue_init(struct queue *queue, unsigned senders)
{
    *queue = (struct queue){.lock = PTHREAD_MUTEX_INITIALIZER,
                            .not_empty = PTHREAD_COND_INITIALIZER,
                            .not_full = PTHREAD_COND_INITIALIZER,
                            .senders = senders};
}

static void queue_send(struct queue *queue, uint64_t item)
{
    must(pthread_mutex_lock(&queue->lock));
    while (queue->length == CONTEST_CAPACITY)
        must(pthread_cond_wait(&queue->not_full, &queue->lock));
    queue->ring[(queue->head + queue->length++) % CONTEST_CAPACITY] = item;
    must(pthread_cond_signal(&queue->not_empty));
    must(pthread_mutex_unlock(&queue->lock));
}

static bool queue_recv(struct queue *queue, uint64_t *item)
{
    must(pthread_mutex_lock(&queue->lock));
    while (queue->length == 0 && queue->senders > 0)
        must(pthread_cond_wait(&queue->not_empty, &queue->lock));
    const bool found = queue->length > 0;
    if (found) {
        *item = queue->ring[queue->head];
        queue->head = (queue->head + 1) % CONTEST_CAPACITY;
        queue->length--;
        must(pthread_cond_signal(&queue->not_full));
    }
    must(pthread_mutex_unlock(&queue->lock));
    return found;
}

static void queue_send_many(struct queue *queue, const uint64_t *items, size_t count)
{
    must(pthread_mutex_lock(&queue->lock));
    for (size_t i = 0; i < count;) {
        while (queue->length == CONTEST_CAPACITY)
            must(pthread_cond_wait(&queue->not_full, &queue->lock));
        while (i < count && queue->length < CONTEST_CAPACITY)
            queue->ring[(queue->head + queue->length++) % CONTEST_CAPACITY] = items[i++];
        must(pthread_cond_broadcast(&queue->not_empty));
    }
    must(pthread_mutex_unlock(&queue->lock));
}

static size_t queue_recv_many(struct queue *queue, uint64_t *items, size_t most)
{
    must(pthread_mutex_lock(&queue->lock));
    while (queue->length == 0 && queue->senders > 0)
        must(pthread_cond_wait(&queue->not_empty, &queue->lock));
    size_t received = 0;
    while (received < most && queue->length > 0) {
        items[received++] = queue->ring[queue->head];
        queue->head = (queue->head + 1) % CONTEST_CAPACITY;
        queue->length--;
    }
    if (received > 0)
        must(pthread_cond_broadcast(&queue->not_full));
    must(pthread_mutex_unlock(&queue->lock));
    return received;
}

static void queue_end(struct queue *queue)
{
    must(pthread_mutex_lock(&queue->lock));
    if (--queue->senders == 0)
        must(pthread_cond_broadcast(&queue->not_empty));
    must(pthread_mutex_unlock(&queue->lock));
}

struct traffic {
    const struct contest *self;
    struct queue queues[3];
    struct contest_tally tally;
};

static void recv_items(struct queue *queue, struct contest_tally *tally)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    uint64_t item = 0;
    while (queue_recv(queue, &item)) {
        items++;
        sum += item;
    }
    contest_tally_add(tally, items, sum);
}

static void send_items(struct queue *queue, unsigned first, const struct contest *self)
{
    for (uint64_t i = first; i <= self->count; i += self->threads)
        queue_send(queue, i);
    queue_end(queue);
}

static void move_items(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index < traffic->self->threads)
        send_items(&traffic->queues[0], index + 1, traffic->self);
    else
        recv_items(&traffic->queues[0], &traffic->tally);
}

static void send_batches(struct queue *queue, unsigned first, const struct contest *self)
{
    uint64_t batch[CONTEST_BATCH];
    size_t filled = 0;
    for (uint64_t i = first; i <= self->count; i += self->threads) {
        batch[filled++] = i;
        if (filled < CONTEST_BATCH)
            continue;
        queue_send_many(queue, batch, filled);
        filled = 0;
    }
    queue_send_many(queue, batch, filled);
    queue_end(queue);
}

static void recv_batches(struct queue *queue, struct contest_tally *tally)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    uint64_t batch[CONTEST_BATCH];
    size_t received = 0;
    while ((received = queue_recv_many(queue, batch, CONTEST_BATCH)) > 0) {
        items += received;
        for (size_t i = 0; i < received; i++)
            sum += batch[i];
    }
    contest_tally_add(tally, items, sum);
}

static void move_batches(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index < traffic->self->threads)
        send_batches(&traffic->queues[0], index + 1, traffic->self);
    else
        recv_batches(&traffic->queues[0], &traffic->tally);
}

static void run_traffic(const struct contest *self, void (*body)(void *context, unsigned index))
{
    static struct traffic traffic;
    traffic.self = self;
    queue_init(&traffic.queues[0], self->threads);
    contest_put(self, contest_threads(self->threads + self->receivers, body, &traffic));
    contest_tally_check(&traffic.tally, self->count, 0);
}

static void run_channel(const struct contest *self)
{
    run_traffic(self, move_items);
}

static void run_batches(const struct contest *self)
{
    run_traffic(self, move_batches);
}

static void change_items(struct queue *from, struct queue *to)
{
    uint64_t item = 0;
    while (queue_recv(from, &item))
        queue_send(to, contest_stage(item));
    queue_end(to);
}

static void run_stage(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index == 0)
        send_items(&traffic->queues[0], 1, traffic->self);
    else if (index < 3)
        change_items(&traffic->queues[index - 1], &traffic->queues[index]);
    else
        recv_items(&traffic->queues[2], &traffic->tally);
}

static void run_pipeline(const struct contest *self)
{
    static struct traffic traffic;
    traffic.self = self;
    for (unsigned i = 0; i < 3; i++)
        queue_init(&traffic.queues[i], 1);
    contest_put(self, contest_threads(4, run_stage, &traffic));
    contest_tally_check(&traffic.tally, self->count, 2);
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
    {.name = "pipeline", .run = run_pipeline, .threads = 1},
    {.name = "wake", .run = run_wake},
    {.name = NULL},
};
