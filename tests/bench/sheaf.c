/* The contest's rows with libsheaf, through its public headers and its shared library. */
#include "contest.h"

#include "sheaf/channel.h"
#include "sheaf/group.h"
#include "sheaf/pipeline.h"
#include "sheaf/pool.h"
#include "sheaf/waitgroup.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void must(enum sheaf_status status, const struct sheaf_error *error)
{
    if (status == SHEAF_OK)
        return;
    (void)fprintf(stderr, "sheaf: %s: %s\n", sheaf_status_name(status),
                  error != NULL ? error->text : "");
    exit(EXIT_FAILURE);
}

/* --- Wait group --------------------------------------------------------------------------- */

static struct sheaf_waitgroup waitgroup = SHEAF_WAITGROUP_INIT;

static void add_and_done(void *context, unsigned index)
{
    (void)index;
    const struct contest *self = context;
    const uint64_t pairs = self->count / self->threads;
    for (uint64_t i = 0; i < pairs; i++) {
        sheaf_waitgroup_add(&waitgroup, 1);
        sheaf_waitgroup_done(&waitgroup);
    }
    sheaf_waitgroup_add(&waitgroup, 1); /* to be seen at the end */
}

static void run_pairs(const struct contest *self)
{
    struct contest mine = *self;
    contest_put(self, contest_threads(self->threads, add_and_done, &mine));
    contest_check("count", (uint64_t)sheaf_waitgroup_count(&waitgroup), self->threads);
}

static void gate_arm(void)
{
    sheaf_waitgroup_add(&waitgroup, 1);
}

static void gate_done(void)
{
    sheaf_waitgroup_done(&waitgroup);
}

static void gate_wait(void)
{
    sheaf_waitgroup_wait(&waitgroup);
}

static void run_wake(const struct contest *self)
{
    contest_wake(
        self, &(const struct contest_gate){.arm = gate_arm, .done = gate_done, .wait = gate_wait});
}

/* --- Tasks -------------------------------------------------------------------------------- */

struct tasks {
    struct sheaf_group *group;
    uint64_t count;
};

static enum sheaf_status tick(void *argument, struct sheaf_error *error)
{
    (void)argument;
    (void)error;
    contest_tick();
    return SHEAF_OK;
}

static enum sheaf_status hand_out(void *argument, struct sheaf_error *error)
{
    const struct tasks *tasks = argument;
    enum sheaf_status status = SHEAF_OK;
    for (uint64_t i = 0; i < tasks->count && status == SHEAF_OK; i++)
        status = sheaf_group_go(tasks->group, tick, NULL, NULL, error);
    return status;
}

static uint64_t time_outside(struct tasks *tasks, struct sheaf_error *error)
{
    const uint64_t began = contest_now();
    must(hand_out(tasks, error), error);
    must(sheaf_group_wait(tasks->group, error), error);
    return contest_now() - began;
}

static uint64_t time_inside(struct tasks *tasks, struct sheaf_error *error)
{
    const uint64_t began = contest_now();
    must(sheaf_group_go(tasks->group, hand_out, tasks, NULL, error), error);
    must(sheaf_group_wait(tasks->group, error), error);
    return contest_now() - began;
}

static void run_tasks(const struct contest *self,
                      uint64_t (*measure)(struct tasks *tasks, struct sheaf_error *error))
{
    struct sheaf_error error = {.text = ""};
    struct sheaf_pool *pool = NULL;
    must(sheaf_pool_open(self->threads, CONTEST_CAPACITY, &pool, &error), &error);
    struct tasks tasks = {.count = self->count};
    must(sheaf_group_open(pool, NULL, &tasks.group, &error), &error);
    contest_put(self, measure(&tasks, &error));
    contest_check("tasks", contest_ticks_sum(), self->count);
    sheaf_group_close(tasks.group);
    sheaf_pool_close(pool);
}

static void run_outside(const struct contest *self)
{
    run_tasks(self, time_outside);
}

static void run_inside(const struct contest *self)
{
    run_tasks(self, time_inside);
}

/* --- Channel ------------------------------------------------------------------------------ */

struct traffic {
    const struct contest *self;
    struct sheaf_channel *channel;
    struct sheaf_waitgroup sending;
    struct contest_tally tally;
};

static void send_items(struct traffic *traffic, unsigned first)
{
    for (uint64_t i = first; i <= traffic->self->count; i += traffic->self->threads)
        must(sheaf_channel_send(traffic->channel, &i), NULL);
}

static void recv_items(struct traffic *traffic)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    uint64_t item = 0;
    while (sheaf_channel_recv(traffic->channel, &item) == SHEAF_OK) {
        items++;
        sum += item;
    }
    contest_tally_add(&traffic->tally, items, sum);
}

static void send_batches(struct traffic *traffic, unsigned first)
{
    uint64_t batch[CONTEST_BATCH];
    size_t filled = 0;
    for (uint64_t i = first; i <= traffic->self->count; i += traffic->self->threads) {
        batch[filled++] = i;
        if (filled < CONTEST_BATCH && i + traffic->self->threads <= traffic->self->count)
            continue;
        size_t sent = 0;
        must(sheaf_channel_send_many(traffic->channel, batch, filled, UINT64_MAX, &sent), NULL);
        filled = 0;
    }
}

static void recv_batches(struct traffic *traffic)
{
    uint64_t items = 0;
    uint64_t sum = 0;
    uint64_t batch[CONTEST_BATCH];
    size_t received = 0;
    while (sheaf_channel_recv_many(traffic->channel, batch, CONTEST_BATCH, UINT64_MAX, &received) ==
           SHEAF_OK) {
        items += received;
        for (size_t i = 0; i < received; i++)
            sum += batch[i];
    }
    contest_tally_add(&traffic->tally, items, sum);
}

/* The last sender closes. */
static void end_sending(struct traffic *traffic)
{
    sheaf_waitgroup_done(&traffic->sending);
    if (sheaf_waitgroup_count(&traffic->sending) == 0)
        sheaf_channel_close(traffic->channel);
}

static void move_items(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index >= traffic->self->threads) {
        recv_items(traffic);
        return;
    }
    send_items(traffic, index + 1);
    end_sending(traffic);
}

static void move_batches(void *context, unsigned index)
{
    struct traffic *traffic = context;
    if (index >= traffic->self->threads) {
        recv_batches(traffic);
        return;
    }
    send_batches(traffic, index + 1);
    end_sending(traffic);
}

static void run_traffic(const struct contest *self, void (*body)(void *context, unsigned index))
{
    struct sheaf_error error = {.text = ""};
    struct traffic traffic = {.self = self, .sending = SHEAF_WAITGROUP_INIT};
    must(sheaf_channel_open(CONTEST_CAPACITY, sizeof(uint64_t), NULL, &traffic.channel, &error),
         &error);
    sheaf_waitgroup_add(&traffic.sending, (int32_t)self->threads);
    contest_put(self, contest_threads(self->threads + self->receivers, body, &traffic));
    contest_tally_check(&traffic.tally, self->count, 0);
    sheaf_channel_destroy(traffic.channel);
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

struct source {
    uint64_t next, count;
};

static enum sheaf_status make_item(void *argument, void *item, struct sheaf_outlet *outlet,
                                   struct sheaf_error *error)
{
    (void)item;
    struct source *source = argument;
    if (source->next == source->count)
        return SHEAF_END;
    source->next++;
    return sheaf_outlet_put(outlet, &source->next, error);
}

static enum sheaf_status change_item(void *argument, void *item, struct sheaf_outlet *outlet,
                                     struct sheaf_error *error)
{
    (void)argument;
    const uint64_t changed = contest_stage(*(const uint64_t *)item);
    return sheaf_outlet_put(outlet, &changed, error);
}

static enum sheaf_status take_item(void *argument, void *item, struct sheaf_outlet *outlet,
                                   struct sheaf_error *error)
{
    (void)outlet;
    (void)error;
    uint64_t *taken = argument;
    taken[0]++;
    taken[1] += *(const uint64_t *)item;
    return SHEAF_OK;
}

static void run_pipeline(const struct contest *self)
{
    struct source source = {.count = self->count};
    uint64_t taken[2] = {0, 0};
    const struct sheaf_stage stages[] = {
        {"source", make_item, &source, 1, SHEAF_UNORDERED, sizeof(uint64_t), CONTEST_CAPACITY,
         NULL},
        {"first", change_item, NULL, 1, SHEAF_UNORDERED, sizeof(uint64_t), CONTEST_CAPACITY, NULL},
        {"second", change_item, NULL, 1, SHEAF_UNORDERED, sizeof(uint64_t), CONTEST_CAPACITY, NULL},
        {"sink", take_item, taken, 1, SHEAF_UNORDERED, 0, 0, NULL},
    };
    struct sheaf_error error = {.text = ""};
    const uint64_t began = contest_now();
    must(sheaf_pipeline_run(stages, sizeof stages / sizeof *stages, NULL, &error), &error);
    contest_put(self, contest_now() - began);
    struct contest_tally tally = {.items = taken[0], .sum = taken[1]};
    contest_tally_check(&tally, self->count, 2);
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
    {.name = "pipeline", .run = run_pipeline},
    {.name = "wake", .run = run_wake},
    {.name = NULL},
};
