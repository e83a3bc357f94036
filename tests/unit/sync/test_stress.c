/* Stress: what the thread sanitizer is to look at. Many threads, little room, stops at every step.
 *
 * Each test checks its result exactly; races are the sanitizer's to find. SHEAF_TEST_STRESS divides
 * the sizes (1: all of it). */
#include "unit/unit.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/group.h"
#include "sheaf/pipeline.h"
#include "sheaf/pool.h"
#include "sheaf/resource_pool.h"
#include "sync/channel_inner.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "sync/waitgroup.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PATIENCE_S = 60, MOST_THREADS = 16 };

/* `number` over SHEAF_TEST_STRESS, at least 1. */
static unsigned sized(unsigned number)
{
    const char *text = getenv("SHEAF_TEST_STRESS");
    const unsigned long divisor = text != NULL ? strtoul(text, NULL, 10) : 1;
    const unsigned long size = number / (divisor != 0 ? divisor : 1);
    return size != 0 ? (unsigned)size : 1;
}

static struct thread threads[MOST_THREADS];
static unsigned started;

static void start(thread_function *function, void *argument)
{
    ck_assert_uint_lt(started, MOST_THREADS);
    ck_assert_int_eq(thread_start(&threads[started], function, argument, "stress", NULL), SHEAF_OK);
    started++;
}

static void join_all(void)
{
    while (started > 0)
        thread_join(&threads[--started]);
}

static struct sheaf_cancel *make_cancel(void)
{
    struct sheaf_cancel *cancel;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    return cancel;
}

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

/* --- Wait group: 10^6 pairs ------------------------------------------------------------------ */

enum { ADDERS = 8, ROUND_WAITERS = 3, ROUNDS = 50, PAIRS_A_ROUND = 2500 };
_Static_assert(ADDERS *ROUNDS *PAIRS_A_ROUND == 1000000, "the promised number of pairs");

/* One work group for all rounds: waiters of one may still be waking in the next. */
static struct {
    const struct park_ops *park;
    unsigned pairs;
    struct sheaf_waitgroup work;
    struct sheaf_waitgroup gates[ROUNDS];
    atomic_uint next_adder;
    unsigned slots[ROUNDS][ADDERS]; /* plain: the wait must make them visible */
} rounds;

static void add_and_done(void *argument)
{
    (void)argument;
    const unsigned self = atomic_fetch_add(&rounds.next_adder, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        (void)waitgroup_wait_until(&rounds.gates[round], DEADLINE_NONE, rounds.park);
        for (unsigned i = 0; i < rounds.pairs; i++) {
            waitgroup_add(&rounds.work, 1, "add", rounds.park);
            rounds.slots[round][self]++;
            waitgroup_add(&rounds.work, -1, "done", rounds.park);
        }
        waitgroup_add(&rounds.work, -1, "done", rounds.park); /* what the round began with */
    }
}

static void check_round(unsigned round)
{
    (void)waitgroup_wait_until(&rounds.work, DEADLINE_NONE, rounds.park);
    for (unsigned i = 0; i < ADDERS; i++)
        ck_assert_uint_eq(rounds.slots[round][i], rounds.pairs);
}

static void wait_each_round(void *argument)
{
    (void)argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        (void)waitgroup_wait_until(&rounds.gates[round], DEADLINE_NONE, rounds.park);
        check_round(round);
    }
}

START_TEST(million_pairs_with_waiters)
{
    rounds.park = twins[_i];
    rounds.pairs = sized(PAIRS_A_ROUND);
    for (unsigned round = 0; round < ROUNDS; round++)
        waitgroup_add(&rounds.gates[round], 1, "add", rounds.park);
    for (unsigned i = 0; i < ADDERS; i++)
        start(add_and_done, NULL);
    for (unsigned i = 0; i < ROUND_WAITERS; i++)
        start(wait_each_round, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        waitgroup_add(&rounds.work, ADDERS, "add", rounds.park);
        waitgroup_add(&rounds.gates[round], -1, "done", rounds.park);
        check_round(round);
    }
    join_all();
    sheaf_waitgroup_destroy(&rounds.work);
}
END_TEST

/* --- Channels of length 1 -------------------------------------------------------------------- */

enum { SENDS = 9600, MOST_PRODUCERS = 8, BATCH = 5 };

static const struct traffic {
    unsigned producers;
    unsigned consumers;
    unsigned producer_yields; /* per item: makes that side the slow one */
    unsigned consumer_yields;
    size_t capacity;
} traffics[] = {
    {1, 1, 0, 0, 1}, {4, 4, 0, 2, 1}, {4, 4, 2, 0, 1}, {8, 1, 0, 1, 1},
    {1, 8, 1, 0, 1}, {8, 8, 0, 0, 1}, {3, 3, 0, 1, 3},
};
enum { TRAFFICS = sizeof traffics / sizeof *traffics };

struct item {
    unsigned producer;
    unsigned number; /* from 1 */
};

static struct {
    const struct traffic *traffic;
    struct sheaf_channel *channel;
    unsigned sends;
    atomic_uint next_producer;
    atomic_uint received[MOST_PRODUCERS];
    _Atomic uint64_t sums[MOST_PRODUCERS];
} flow;

static void yield(unsigned times)
{
    while (times-- > 0)
        (void)sched_yield();
}

/* Every third step sends a batch. */
static void produce(void *argument)
{
    (void)argument;
    const unsigned self = atomic_fetch_add(&flow.next_producer, 1);
    for (unsigned sent = 0; sent < flow.sends;) {
        struct item items[BATCH];
        const unsigned left = flow.sends - sent;
        const unsigned count = sent % 3 != 0 || left < BATCH ? 1 : BATCH;
        for (unsigned i = 0; i < count; i++)
            items[i] = (struct item){.producer = self, .number = sent + i + 1};
        size_t done = 1;
        if (count == 1)
            ck_assert_int_eq(sheaf_channel_send(flow.channel, items), SHEAF_OK);
        else
            ck_assert_int_eq(
                sheaf_channel_send_many(flow.channel, items, count, DEADLINE_NONE, &done),
                SHEAF_OK);
        ck_assert_uint_eq(done, count);
        sent += count;
        yield(flow.traffic->producer_yields);
    }
}

/* A consumer sees the items of each producer in order, whatever the others get. */
static void consume(void *argument)
{
    (void)argument;
    unsigned last[MOST_PRODUCERS] = {0};
    struct item items[BATCH];
    size_t count;
    while (sheaf_channel_recv_many(flow.channel, items, BATCH, DEADLINE_NONE, &count) == SHEAF_OK) {
        for (size_t i = 0; i < count; i++) {
            ck_assert_uint_lt(items[i].producer, flow.traffic->producers);
            ck_assert_uint_gt(items[i].number, last[items[i].producer]);
            last[items[i].producer] = items[i].number;
            atomic_fetch_add(&flow.received[items[i].producer], 1);
            atomic_fetch_add(&flow.sums[items[i].producer], items[i].number);
        }
        yield(flow.traffic->consumer_yields);
    }
}

START_TEST(crowded_channel)
{
    flow.traffic = &traffics[_i / TWINS];
    flow.sends = sized(SENDS / flow.traffic->producers);
    const struct channel_setup setup = {.capacity = flow.traffic->capacity,
                                        .item_size = sizeof(struct item),
                                        .park = twins[_i % TWINS]};
    ck_assert_int_eq(channel_open(&setup, &flow.channel, NULL), SHEAF_OK);
    struct thread consumers[MOST_PRODUCERS];
    for (unsigned i = 0; i < flow.traffic->consumers; i++)
        ck_assert_int_eq(thread_start(&consumers[i], consume, NULL, "consumer", NULL), SHEAF_OK);
    for (unsigned i = 0; i < flow.traffic->producers; i++)
        start(produce, NULL);
    join_all();
    sheaf_channel_close(flow.channel);
    for (unsigned i = 0; i < flow.traffic->consumers; i++)
        thread_join(&consumers[i]);
    for (unsigned i = 0; i < flow.traffic->producers; i++) {
        ck_assert_uint_eq(flow.received[i], flow.sends);
        ck_assert_uint_eq(flow.sums[i], (uint64_t)flow.sends * (flow.sends + 1) / 2);
    }
    sheaf_channel_destroy(flow.channel);
}
END_TEST

/* --- Pools of 1 to 8 threads, nested groups -------------------------------------------------- */

enum { POOL_THREADS = 8, WIDTH = 5, DEPTH = 4, REPEATS = 20 };

struct node {
    struct sheaf_pool *pool;
    unsigned depth;
    uint64_t leaves; /* below this one; plain */
};

/* Each node hands out WIDTH more, waits for them, and adds up what they found. */
static enum sheaf_status count_leaves(void *argument, struct sheaf_error *error)
{
    struct node *node = argument;
    if (node->depth == 0) {
        node->leaves = 1;
        return SHEAF_OK;
    }
    struct sheaf_group *group;
    enum sheaf_status status = sheaf_group_open(node->pool, NULL, &group, error);
    if (status != SHEAF_OK)
        return status;
    /* Not on the stack: clang 14's thread sanitizer overlooks elements of arrays there. */
    struct node *below = memory_zeroed(WIDTH, sizeof *below);
    ck_assert_ptr_nonnull(below);
    for (unsigned i = 0; i < WIDTH && status == SHEAF_OK; i++) {
        below[i] = (struct node){.pool = node->pool, .depth = node->depth - 1};
        status = sheaf_group_go(group, count_leaves, &below[i], "node", error);
    }
    if (status == SHEAF_OK)
        status = sheaf_group_wait(group, error);
    for (unsigned i = 0; i < WIDTH && status == SHEAF_OK; i++)
        node->leaves += below[i].leaves;
    sheaf_group_close(group);
    memory_free(below);
    return status;
}

START_TEST(nested_groups)
{
    const unsigned repeats = sized(REPEATS);
    struct sheaf_pool *pool;
    ck_assert_int_eq(sheaf_pool_open((unsigned)_i, (size_t)_i, &pool, NULL), SHEAF_OK);
    for (unsigned i = 0; i < repeats; i++) {
        struct node root = {.pool = pool, .depth = DEPTH};
        ck_assert_int_eq(count_leaves(&root, NULL), SHEAF_OK);
        ck_assert_uint_eq(root.leaves, WIDTH * WIDTH * WIDTH * WIDTH);
    }
    sheaf_pool_close(pool);
}
END_TEST

/* --- A token set after the k-th step, for every k -------------------------------------------- */

enum { MOST_STEPS = 60 };

static struct {
    struct sheaf_cancel *cancel;
    atomic_uint taken;
    unsigned last; /* the token is set by whoever takes this step */
} steps;

static void take_step(void)
{
    if (atomic_fetch_add(&steps.taken, 1) + 1 == steps.last)
        sheaf_cancel_set(steps.cancel, 1);
}

/* Runs the scene with the token set before it begins, after its first step, and so on. */
static void cancel_at_every_step(void (*scene)(void))
{
    const int64_t live = memory_live();
    for (unsigned k = 0; k <= MOST_STEPS; k++) {
        steps.cancel = make_cancel();
        steps.last = k;
        atomic_store(&steps.taken, 0);
        if (k == 0)
            sheaf_cancel_set(steps.cancel, 1);
        scene();
        sheaf_cancel_close(steps.cancel);
        ck_assert_int_eq(memory_live(), live);
        ck_assert_int_eq(thread_live(), 0);
    }
}

static struct sheaf_channel *stopped_channel;
static atomic_uint sent_to_it;
static atomic_uint received_from_it;

static void send_until_stopped(void *argument)
{
    (void)argument;
    for (char item = 0; sheaf_channel_send(stopped_channel, &item) == SHEAF_OK; take_step())
        atomic_fetch_add(&sent_to_it, 1);
}

static void receive_until_stopped(void *argument)
{
    (void)argument;
    for (char item; sheaf_channel_recv(stopped_channel, &item) == SHEAF_OK; take_step())
        atomic_fetch_add(&received_from_it, 1);
}

/* Nobody closes it: the token alone ends all waits. What is left can be taken out. */
static void stop_channel(void)
{
    sent_to_it = 0;
    received_from_it = 0;
    ck_assert_int_eq(sheaf_channel_open(1, 1, steps.cancel, &stopped_channel, NULL), SHEAF_OK);
    for (unsigned i = 0; i < 2; i++) {
        start(send_until_stopped, NULL);
        start(receive_until_stopped, NULL);
    }
    join_all();
    char item;
    ck_assert_int_eq(sheaf_channel_send(stopped_channel, &item), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_recv(stopped_channel, &item), SHEAF_STOPPED);
    while (sheaf_channel_try_recv(stopped_channel, &item) == SHEAF_OK)
        received_from_it++;
    ck_assert_uint_eq(sent_to_it, received_from_it);
    sheaf_channel_destroy(stopped_channel);
}

START_TEST(channel_stopped_at_every_step)
{
    cancel_at_every_step(stop_channel);
}
END_TEST

static enum sheaf_status step_task(void *argument, struct sheaf_error *error)
{
    (void)error;
    atomic_fetch_add((atomic_uint *)argument, 1);
    take_step();
    return SHEAF_OK;
}

enum { TASKS = 2 * MOST_STEPS / 3 };

static void stop_group(void)
{
    struct sheaf_pool *pool;
    struct sheaf_group *group;
    atomic_uint ran = 0;
    unsigned handed = 0;
    ck_assert_int_eq(sheaf_pool_open(3, 2, &pool, NULL), SHEAF_OK);
    const struct sheaf_group_options options = {.cancel = steps.cancel, .limit = 2};
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    while (handed < TASKS && sheaf_group_go(group, step_task, &ran, "step", NULL) == SHEAF_OK)
        handed++;
    const enum sheaf_status status = sheaf_group_wait(group, NULL);
    ck_assert_uint_le(ran, handed);
    ck_assert_int_eq(status, ran == TASKS ? SHEAF_OK : SHEAF_STOPPED);
    ck_assert(status == SHEAF_OK || sheaf_cancel_reason(steps.cancel) != 0);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
}

START_TEST(group_stopped_at_every_step)
{
    cancel_at_every_step(stop_group);
}
END_TEST

enum { PIPED = 12 };

static enum sheaf_status make_blocks(void *argument, void *item, struct sheaf_outlet *outlet,
                                     struct sheaf_error *error)
{
    (void)item;
    unsigned *made = argument;
    if (*made == PIPED)
        return SHEAF_END;
    ++*made;
    take_step();
    void *block = memory_alloc(1);
    const enum sheaf_status status = sheaf_outlet_put(outlet, &block, error);
    if (status != SHEAF_OK)
        memory_free(block);
    return status;
}

/* Two out for one in. */
static enum sheaf_status double_blocks(void *argument, void *item, struct sheaf_outlet *outlet,
                                       struct sheaf_error *error)
{
    (void)argument;
    take_step();
    void *blocks[2] = {*(void **)item, memory_alloc(1)};
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < 2; i++) {
        if (status == SHEAF_OK)
            status = sheaf_outlet_put(outlet, &blocks[i], error);
        if (status != SHEAF_OK)
            memory_free(blocks[i]);
    }
    return status;
}

static enum sheaf_status drop_blocks(void *argument, void *item, struct sheaf_outlet *outlet,
                                     struct sheaf_error *error)
{
    (void)outlet;
    (void)error;
    atomic_fetch_add((atomic_uint *)argument, 1);
    take_step();
    memory_free(*(void **)item);
    return SHEAF_OK;
}

static void free_block(void *item)
{
    memory_free(*(void **)item);
}

static void stop_pipeline_of(enum sheaf_stage_order order)
{
    unsigned made = 0;
    atomic_uint dropped = 0;
    const struct sheaf_stage stages[] = {
        {.name = "make",
         .function = make_blocks,
         .argument = &made,
         .workers = 1,
         .item_size = sizeof(void *),
         .capacity = 1,
         .destroy = free_block},
        {.name = "double",
         .function = double_blocks,
         .workers = 3,
         .order = order,
         .item_size = sizeof(void *),
         .capacity = 1,
         .destroy = free_block},
        {.name = "drop", .function = drop_blocks, .argument = &dropped, .workers = 2},
    };
    struct sheaf_error error;
    const enum sheaf_status status =
        sheaf_pipeline_run(stages, sizeof stages / sizeof *stages, steps.cancel, &error);
    const bool stopped = sheaf_cancel_reason(steps.cancel) != 0;
    ck_assert(status == SHEAF_OK || (status == SHEAF_STOPPED && stopped));
    ck_assert(status != SHEAF_OK || dropped == 2 * PIPED);
}

static void stop_unordered_pipeline(void)
{
    stop_pipeline_of(SHEAF_UNORDERED);
}

static void stop_ordered_pipeline(void)
{
    stop_pipeline_of(SHEAF_ORDERED);
}

START_TEST(pipeline_stopped_at_every_step)
{
    cancel_at_every_step(_i == 0 ? stop_unordered_pipeline : stop_ordered_pipeline);
}
END_TEST

enum { RESOURCES = 2, BORROWERS = 4 };

static struct sheaf_resource_pool *stopped_pool;
static void *kept[RESOURCES];
static atomic_uint kept_count;

static enum sheaf_status open_block(void *argument, void **resource, struct sheaf_error *error)
{
    (void)argument;
    (void)error;
    take_step();
    *resource = memory_alloc(1);
    return SHEAF_OK;
}

static void close_block(void *argument, void *resource)
{
    (void)argument;
    memory_free(resource);
}

/* Who holds one when the token is set keeps it: nothing but the token ends the others' waits. */
static void borrow_until_stopped(void *argument)
{
    (void)argument;
    void *resource;
    for (unsigned i = 0;
         sheaf_resource_pool_borrow(stopped_pool, SHEAF_HERE, &resource, NULL) == SHEAF_OK; i++) {
        *(char *)resource = 1; /* plain: who borrows it has it alone */
        yield(2);              /* lets others come and wait */
        take_step();
        if (sheaf_cancel_reason(steps.cancel) != 0) {
            kept[atomic_fetch_add(&kept_count, 1)] = resource;
            return;
        }
        if (i % 3 == 2)
            sheaf_resource_pool_invalidate(stopped_pool, resource);
        else
            sheaf_resource_pool_return(stopped_pool, resource);
    }
}

static void stop_resource_pool(void)
{
    const struct sheaf_resource_options options = {
        .capacity = RESOURCES, .open = open_block, .close = close_block, .cancel = steps.cancel};
    kept_count = 0;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &stopped_pool, NULL), SHEAF_OK);
    for (unsigned i = 0; i < BORROWERS; i++)
        start(borrow_until_stopped, NULL);
    join_all();
    while (kept_count > 0)
        sheaf_resource_pool_return(stopped_pool, kept[--kept_count]);
    ck_assert_int_eq(sheaf_resource_pool_close(stopped_pool, DEADLINE_NONE, NULL), SHEAF_OK);
    sheaf_resource_pool_destroy(stopped_pool);
}

START_TEST(resource_pool_stopped_at_every_step)
{
    cancel_at_every_step(stop_resource_pool);
}
END_TEST

static Suite *stress_suite(void)
{
    Suite *suite = suite_create("stress");
    TCase *tests = tcase_create("stress");
    tcase_set_timeout(tests, PATIENCE_S);
    tcase_add_loop_test(tests, million_pairs_with_waiters, 0, TWINS);
    tcase_add_loop_test(tests, crowded_channel, 0, TRAFFICS * TWINS);
    tcase_add_loop_test(tests, nested_groups, 1, POOL_THREADS + 1);
    tcase_add_test(tests, channel_stopped_at_every_step);
    tcase_add_test(tests, group_stopped_at_every_step);
    tcase_add_loop_test(tests, pipeline_stopped_at_every_step, 0, 2);
    tcase_add_test(tests, resource_pool_stopped_at_every_step);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(stress_suite)
