#include "unit/sync/scenarios.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/group.h"
#include "sheaf/pipeline.h"
#include "sheaf/pool.h"
#include "sheaf/resource_pool.h"
#include "sheaf/shutdown.h"
#include "sync/deadline.h"
#include "sync/executors.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "sync/waitgroup.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the program runs with faults, Check's own assertions would be one more thing to fail. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Starts up to `count` threads on function(argument); stores how many there are. Gives the status
 * of the first refusal, after which it starts no more. */
static enum sheaf_status start_threads(struct thread *threads, unsigned count,
                                       thread_function *function, void *argument, unsigned *started,
                                       struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    *started = 0;
    while (*started < count && status == SHEAF_OK) {
        status = thread_start(&threads[*started], function, argument, "scenario", error);
        *started += status == SHEAF_OK;
    }
    return status;
}

static void join_threads(struct thread *threads, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        thread_join(&threads[i]);
}

/* --- Wait group ------------------------------------------------------------------------------ */

enum { WAITERS = 3, WORKERS = 3 };

struct wait_scene {
    struct sheaf_waitgroup group;
    const struct park_ops *park;
    atomic_uint next;
    unsigned slots[WORKERS]; /* plain: the wait must make them visible */
    bool complete;           /* every worker was there */
};

static void fill_slot(void *argument)
{
    struct wait_scene *scene = argument;
    scene->slots[atomic_fetch_add(&scene->next, 1)] = 1;
    waitgroup_add(&scene->group, -1, "done", scene->park);
}

static void see_slots(void *argument)
{
    struct wait_scene *scene = argument;
    REQUIRE(waitgroup_wait_until(&scene->group, DEADLINE_NONE, scene->park) == SHEAF_OK);
    unsigned filled = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        filled += scene->slots[i];
    REQUIRE(!scene->complete || filled == WORKERS);
}

/* The main thread keeps a count of its own until everybody waits, so that all waits are real. */
static enum sheaf_status wait_on(const struct park_ops *park, struct sheaf_error *error)
{
    struct wait_scene scene = {.group = SHEAF_WAITGROUP_INIT, .park = park};
    struct thread waiters[WAITERS];
    struct thread workers[WORKERS];
    unsigned waiting;
    unsigned working;
    waitgroup_add(&scene.group, WORKERS + 1, "add", park);
    enum sheaf_status status = start_threads(waiters, WAITERS, see_slots, &scene, &waiting, error);
    const enum sheaf_status second = start_threads(workers, WORKERS, fill_slot, &scene, &working,
                                                   status == SHEAF_OK ? error : NULL);
    if (status == SHEAF_OK)
        status = second;
    scene.complete = working == WORKERS; /* the count orders it before what waiters read */
    waitgroup_add(&scene.group, -(int32_t)(WORKERS - working), "add", park);
    while (atomic_load(&scene.group.waiting) < waiting)
        (void)sched_yield();
    waitgroup_add(&scene.group, -1, "done", park);
    see_slots(&scene);
    join_threads(waiters, waiting);
    join_threads(workers, working);
    sheaf_waitgroup_destroy(&scene.group);
    return status;
}

static enum sheaf_status wait_for_work(struct sheaf_error *error)
{
    return wait_on(&PARK_DEFAULT, error);
}

/* --- Channel --------------------------------------------------------------------------------- */

enum { PRODUCERS = 2, CONSUMERS = 2, ITEMS = 6 };

struct channel_scene {
    struct sheaf_channel *channel;
    _Atomic uint64_t sum;
};

static void produce(void *argument)
{
    struct channel_scene *scene = argument;
    for (uint64_t i = 1; i <= ITEMS; i++) {
        if (sheaf_channel_send(scene->channel, &i) != SHEAF_OK)
            return;
    }
}

static void consume(void *argument)
{
    struct channel_scene *scene = argument;
    uint64_t item;
    while (sheaf_channel_recv(scene->channel, &item) == SHEAF_OK)
        atomic_fetch_add(&scene->sum, item);
}

/* Closing is how the rest is told when a thread is missing. */
static enum sheaf_status run_channel(struct channel_scene *scene, struct sheaf_error *error)
{
    struct thread producers[PRODUCERS];
    struct thread consumers[CONSUMERS];
    unsigned producing = 0;
    unsigned consuming;
    enum sheaf_status status =
        start_threads(consumers, CONSUMERS, consume, scene, &consuming, error);
    if (status == SHEAF_OK)
        status = start_threads(producers, PRODUCERS, produce, scene, &producing, error);
    if (status != SHEAF_OK)
        sheaf_channel_close(scene->channel);
    join_threads(producers, producing);
    sheaf_channel_close(scene->channel);
    join_threads(consumers, consuming);
    return status;
}

static enum sheaf_status pass_items(struct sheaf_error *error)
{
    struct channel_scene scene = {.channel = NULL};
    struct sheaf_cancel *cancel;
    enum sheaf_status status = sheaf_cancel_open(&cancel, error);
    if (status == SHEAF_OK)
        status = sheaf_channel_open(1, sizeof(uint64_t), cancel, &scene.channel, error);
    if (status == SHEAF_OK)
        status = run_channel(&scene, error);
    sheaf_channel_destroy(scene.channel);
    sheaf_cancel_close(cancel);
    REQUIRE(status != SHEAF_OK ||
            atomic_load(&scene.sum) == (uint64_t)PRODUCERS * ITEMS * (ITEMS + 1) / 2);
    return status;
}

/* --- Pool and groups ------------------------------------------------------------------------- */

enum { OUTER = 6, INNER = 4 };

struct pool_scene {
    struct sheaf_pool *pool;
    atomic_uint ran;
};

static enum sheaf_status count_task(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct pool_scene *scene = argument;
    atomic_fetch_add(&scene->ran, 1);
    return SHEAF_OK;
}

/* Hands out `count` tasks, waits for them, and gives the failure that came first. */
static enum sheaf_status go_and_wait(struct pool_scene *scene, struct sheaf_group *group,
                                     sheaf_task_function *function, unsigned count,
                                     struct sheaf_error *error)
{
    enum sheaf_status handed = SHEAF_OK;
    for (unsigned i = 0; i < count && handed == SHEAF_OK; i++)
        handed = sheaf_group_go(group, function, scene, "task", error);
    struct sheaf_error failure = {.status = SHEAF_OK};
    const enum sheaf_status status = sheaf_group_wait(group, &failure);
    if (status == SHEAF_OK || (status == SHEAF_STOPPED && handed == SHEAF_SYSTEM))
        return handed;
    *error = failure;
    return status;
}

/* A group of its own, over a queue that is full: some tasks run inline, some by helping. */
static enum sheaf_status nest(void *argument, struct sheaf_error *error)
{
    struct pool_scene *scene = argument;
    struct sheaf_group *group;
    enum sheaf_status status = sheaf_group_open(scene->pool, NULL, &group, error);
    if (status == SHEAF_OK)
        status = go_and_wait(scene, group, count_task, INNER, error);
    sheaf_group_close(group);
    return status;
}

static enum sheaf_status run_tasks(const struct sheaf_group_options *options,
                                   struct sheaf_error *error)
{
    struct pool_scene scene = {.pool = NULL};
    struct sheaf_group *group = NULL;
    enum sheaf_status status = sheaf_pool_open(3, 1, &scene.pool, error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(scene.pool, options, &group, error);
    if (status == SHEAF_OK)
        status = go_and_wait(&scene, group, nest, OUTER, error);
    sheaf_group_close(group);
    sheaf_pool_close(scene.pool);
    REQUIRE(status != SHEAF_OK || atomic_load(&scene.ran) == OUTER * INNER);
    return status;
}

static enum sheaf_status run_nested_tasks(struct sheaf_error *error)
{
    return run_tasks(NULL, error);
}

static enum sheaf_status run_limited_tasks(struct sheaf_error *error)
{
    const struct sheaf_group_options options = {.limit = 1, .keep = SHEAF_KEEP_LOWEST};
    return run_tasks(&options, error);
}

/* --- Pipeline -------------------------------------------------------------------------------- */

enum { PIPED = 8 };

struct pipe_scene {
    uint64_t made; /* by the one source */
    uint64_t sum;  /* of the one last worker */
};

static enum sheaf_status make_number(void *argument, void *item, struct sheaf_outlet *outlet,
                                     struct sheaf_error *error)
{
    (void)item;
    struct pipe_scene *scene = argument;
    if (scene->made == PIPED)
        return SHEAF_END;
    uint64_t *number = memory_alloc(sizeof *number);
    if (number == NULL) {
        *error = (struct sheaf_error){.status = SHEAF_SYSTEM, .text = "out of memory: a number"};
        return SHEAF_SYSTEM;
    }
    *number = ++scene->made;
    const enum sheaf_status status = sheaf_outlet_put(outlet, &number, error);
    if (status != SHEAF_OK)
        memory_free(number);
    return status;
}

static enum sheaf_status square_number(void *argument, void *item, struct sheaf_outlet *outlet,
                                       struct sheaf_error *error)
{
    (void)argument;
    uint64_t **number = item;
    **number *= **number;
    const enum sheaf_status status = sheaf_outlet_put(outlet, number, error);
    if (status != SHEAF_OK)
        memory_free(*number);
    return status;
}

static enum sheaf_status add_number(void *argument, void *item, struct sheaf_outlet *outlet,
                                    struct sheaf_error *error)
{
    (void)outlet;
    (void)error;
    struct pipe_scene *scene = argument;
    uint64_t **number = item;
    scene->sum = scene->sum * 3 + **number; /* depends on the order */
    memory_free(*number);
    return SHEAF_OK;
}

static void drop_number(void *item)
{
    uint64_t **number = item;
    memory_free(*number);
}

static enum sheaf_status pipe_numbers(struct sheaf_error *error)
{
    struct pipe_scene scene = {.sum = 0};
    const struct sheaf_stage stages[] = {
        {.name = "make",
         .function = make_number,
         .argument = &scene,
         .workers = 1,
         .item_size = sizeof(uint64_t *),
         .capacity = 1,
         .destroy = drop_number},
        {.name = "square",
         .function = square_number,
         .workers = 3,
         .order = SHEAF_ORDERED,
         .item_size = sizeof(uint64_t *),
         .capacity = 2,
         .destroy = drop_number},
        {.name = "add", .function = add_number, .argument = &scene, .workers = 1},
    };
    const enum sheaf_status status =
        sheaf_pipeline_run(stages, sizeof stages / sizeof *stages, NULL, error);
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= PIPED; i++)
        sum = sum * 3 + i * i;
    REQUIRE(status != SHEAF_OK || scene.sum == sum);
    return status;
}

/* --- Resource pool --------------------------------------------------------------------------- */

enum { BORROWERS = 4, BORROWS = 6, RESOURCES = 2 };

struct resource_scene {
    struct sheaf_resource_pool *pool;
    atomic_uint open;
    _Atomic uint64_t used;
    struct sheaf_waitgroup borrowed; /* close_under_borrower's */
    atomic_flag failed;
    struct sheaf_error failure; /* of whoever set the flag */
};

static enum sheaf_status open_counter(void *argument, void **resource, struct sheaf_error *error)
{
    struct resource_scene *scene = argument;
    uint64_t *counter = memory_zeroed(1, sizeof *counter);
    *resource = counter;
    if (counter == NULL) {
        *error = (struct sheaf_error){.status = SHEAF_SYSTEM, .text = "out of memory: a counter"};
        return SHEAF_SYSTEM;
    }
    REQUIRE(atomic_fetch_add(&scene->open, 1) < RESOURCES);
    return SHEAF_OK;
}

static void close_counter(void *argument, void *resource)
{
    struct resource_scene *scene = argument;
    const uint64_t *counter = resource;
    atomic_fetch_add(&scene->used, *counter);
    atomic_fetch_sub(&scene->open, 1);
    memory_free(resource);
}

static void borrow_often(void *argument)
{
    struct resource_scene *scene = argument;
    for (unsigned i = 0; i < BORROWS; i++) {
        struct sheaf_error error = {.status = SHEAF_OK};
        void *resource;
        const enum sheaf_status status =
            sheaf_resource_pool_borrow(scene->pool, SHEAF_HERE, &resource, &error);
        if (status != SHEAF_OK) {
            if (!atomic_flag_test_and_set(&scene->failed))
                scene->failure = error;
            return;
        }
        ++*(uint64_t *)resource; /* plain: who borrows it has it alone */
        (void)sched_yield();     /* lets others come and wait */
        if (i == BORROWS / 2)
            sheaf_resource_pool_invalidate(scene->pool, resource);
        else
            sheaf_resource_pool_return(scene->pool, resource);
    }
}

static enum sheaf_status share_resources(struct sheaf_error *error)
{
    struct resource_scene scene = {.failed = ATOMIC_FLAG_INIT};
    const struct sheaf_resource_options options = {
        .capacity = RESOURCES, .open = open_counter, .close = close_counter, .argument = &scene};
    enum sheaf_status status = sheaf_resource_pool_open(&options, &scene.pool, error);
    if (status != SHEAF_OK)
        return status;
    struct thread borrowers[BORROWERS];
    unsigned borrowing;
    status = start_threads(borrowers, BORROWERS, borrow_often, &scene, &borrowing, error);
    join_threads(borrowers, borrowing);
    struct sheaf_error closing;
    REQUIRE(sheaf_resource_pool_close(scene.pool, DEADLINE_NONE, &closing) == SHEAF_OK);
    sheaf_resource_pool_destroy(scene.pool);
    REQUIRE(atomic_load(&scene.open) == 0);
    if (status == SHEAF_OK && atomic_flag_test_and_set(&scene.failed)) {
        *error = scene.failure;
        return scene.failure.status;
    }
    REQUIRE(status != SHEAF_OK || atomic_load(&scene.used) == BORROWERS * BORROWS);
    return status;
}

/* Borrows one resource, and keeps it until others are refused: then the close is waiting. */
static void borrow_for_long(void *argument)
{
    struct resource_scene *scene = argument;
    void *kept;
    if (sheaf_resource_pool_borrow(scene->pool, SHEAF_HERE, &kept, &scene->failure) != SHEAF_OK) {
        (void)atomic_flag_test_and_set(&scene->failed);
        sheaf_waitgroup_done(&scene->borrowed);
        return;
    }
    sheaf_waitgroup_done(&scene->borrowed);
    void *other = NULL;
    while (sheaf_resource_pool_borrow(scene->pool, SHEAF_HERE, &other, NULL) != SHEAF_STOPPED) {
        if (other != NULL)
            sheaf_resource_pool_return(scene->pool, other);
        (void)sched_yield();
    }
    sheaf_resource_pool_return(scene->pool, kept);
}

static enum sheaf_status close_under_borrower(struct sheaf_error *error)
{
    struct resource_scene scene = {.failed = ATOMIC_FLAG_INIT, .borrowed = SHEAF_WAITGROUP_INIT};
    const struct sheaf_resource_options options = {
        .capacity = RESOURCES, .open = open_counter, .close = close_counter, .argument = &scene};
    enum sheaf_status status = sheaf_resource_pool_open(&options, &scene.pool, error);
    if (status != SHEAF_OK)
        return status;
    struct thread borrower;
    sheaf_waitgroup_add(&scene.borrowed, 1);
    status = thread_start(&borrower, borrow_for_long, &scene, "scenario", error);
    if (status == SHEAF_OK)
        sheaf_waitgroup_wait(&scene.borrowed);
    REQUIRE(sheaf_resource_pool_close(scene.pool, DEADLINE_NONE, NULL) == SHEAF_OK);
    REQUIRE(atomic_load(&scene.open) == 0);
    if (status == SHEAF_OK)
        thread_join(&borrower);
    sheaf_resource_pool_destroy(scene.pool);
    if (status != SHEAF_OK)
        return status;
    if (atomic_flag_test_and_set(&scene.failed)) {
        *error = scene.failure;
        return scene.failure.status;
    }
    return SHEAF_OK;
}

/* --- Shutdown -------------------------------------------------------------------------------- */

static void tell_group(void *argument, int reason)
{
    REQUIRE(reason == SIGTERM);
    sheaf_waitgroup_done(argument);
}

static enum sheaf_status stop_by_signal(struct sheaf_error *error)
{
    struct sheaf_cancel *cancel;
    enum sheaf_status status = sheaf_cancel_open(&cancel, error);
    if (status != SHEAF_OK)
        return status;
    struct sheaf_shutdown *shutdown = NULL;
    status = sheaf_shutdown_open(cancel, &shutdown, error);
    if (status == SHEAF_OK) {
        struct sheaf_waitgroup told = SHEAF_WAITGROUP_INIT;
        struct sheaf_cancel_watch watch;
        sheaf_waitgroup_add(&told, 1);
        sheaf_cancel_watch(cancel, &watch, tell_group, &told);
        REQUIRE(raise(SIGTERM) == 0);
        sheaf_waitgroup_wait(&told);
        sheaf_cancel_unwatch(cancel, &watch);
        REQUIRE(sheaf_cancel_reason(cancel) == SIGTERM);
    }
    sheaf_shutdown_close(shutdown);
    sheaf_cancel_close(cancel);
    return status;
}

/* --- Executors ------------------------------------------------------------------------------- */

enum { PIECES = 50 };

struct executor_scene {
    struct executor *executor;
    _Atomic uint32_t turn; /* whose turn it is: workers begin one after the other */
    atomic_uint next;
    _Atomic uint64_t sum;
};

static void claim_pieces(void *argument, unsigned worker)
{
    struct executor_scene *scene = argument;
    const struct executor_ops *ops = scene->executor->ops;
    for (uint32_t now = atomic_load(&scene->turn); now != worker; now = atomic_load(&scene->turn))
        ops->wait_word(scene->executor, &scene->turn, now);
    atomic_store(&scene->turn, worker + 1);
    ops->wake(scene->executor, &scene->turn);
    for (unsigned piece; (piece = atomic_fetch_add(&scene->next, 1)) < PIECES;) {
        atomic_fetch_add(&scene->sum, piece);
        ops->maybe_tick(scene->executor, worker);
    }
}

static enum sheaf_status execute(const struct executor_ops *ops, struct sheaf_error *error)
{
    struct executor_scene scene = {.executor = NULL};
    enum sheaf_status status = ops->open(4, &scene.executor, error);
    if (status == SHEAF_OK) {
        const struct executor_task task = {.work = claim_pieces, .argument = &scene};
        status = ops->run(scene.executor, &task, error);
        REQUIRE(status != SHEAF_OK || atomic_load(&scene.turn) == ops->workers(scene.executor));
    }
    ops->close(scene.executor);
    REQUIRE(status != SHEAF_OK || atomic_load(&scene.sum) == PIECES * (PIECES - 1) / 2);
    return status;
}

static enum sheaf_status execute_by_pool(struct sheaf_error *error)
{
    return execute(&executor_pool, error);
}

static enum sheaf_status execute_by_openmp(struct sheaf_error *error)
{
    return execute(&executor_openmp, error);
}

static enum sheaf_status execute_serially(struct sheaf_error *error)
{
    return execute(&executor_serial, error);
}

const struct scenario scenarios[] = {
    {"wait group", wait_for_work},
    {"channel", pass_items},
    {"pool, nested", run_nested_tasks},
    {"pool, limited", run_limited_tasks},
    {"pipeline", pipe_numbers},
    {"resource pool", share_resources},
    {"resource pool, close", close_under_borrower},
    {"shutdown", stop_by_signal},
    {"executor pool", execute_by_pool},
    {"executor openmp", execute_by_openmp},
    {"executor serial", execute_serially},
};
const size_t scenario_count = sizeof scenarios / sizeof *scenarios;
