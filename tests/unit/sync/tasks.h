/* tests/unit/sync/tasks.h - pools, groups and tasks that the tests of both need. */
#ifndef SYNC_TASKS_H
#define SYNC_TASKS_H

#include "unit/sync/channels.h"

#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/waitgroup.h"
#include "sync/step.h"

#include <stdatomic.h>
#include <stddef.h>

static inline struct sheaf_pool *make_pool(unsigned threads, size_t capacity)
{
    struct sheaf_pool *pool;
    ck_assert_int_eq(sheaf_pool_open(threads, capacity, &pool, NULL), SHEAF_OK);
    return pool;
}

static inline struct sheaf_group *make_group(struct sheaf_pool *pool, unsigned limit)
{
    const struct sheaf_group_options options = {.limit = limit};
    struct sheaf_group *group;
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    return group;
}

static inline void close_both(struct sheaf_group *group, struct sheaf_pool *pool)
{
    sheaf_group_close(group);
    sheaf_pool_close(pool);
}

static inline enum sheaf_status set_slot(void *argument, struct sheaf_error *error)
{
    (void)error;
    unsigned *slot = argument; /* plain: the wait must make it visible */
    *slot += 1;
    return SHEAF_OK;
}

static inline enum sheaf_status nothing(void *argument, struct sheaf_error *error)
{
    (void)argument;
    (void)error;
    return SHEAF_OK;
}

static inline enum sheaf_status count_run(void *argument, struct sheaf_error *error)
{
    (void)error;
    atomic_fetch_add((atomic_uint *)argument, 1);
    return SHEAF_OK;
}

/* Counts how many tasks run at once; they wait for an item of `release`, or its close. */
struct gauge {
    atomic_uint now;
    atomic_uint most;
    struct sheaf_channel *release;
};

static inline enum sheaf_status measure(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct gauge *gauge = argument;
    const unsigned now = atomic_fetch_add(&gauge->now, 1) + 1;
    unsigned most = atomic_load(&gauge->most);
    while (now > most && !atomic_compare_exchange_weak(&gauge->most, &most, now))
        continue;
    STEP(test_measure); /* where schedules are tried out, some stay longer */
    if (gauge->release != NULL) {
        char item;
        (void)sheaf_channel_recv(gauge->release, &item);
    }
    atomic_fetch_sub(&gauge->now, 1);
    return SHEAF_OK;
}

static inline struct gauge make_gate(void)
{
    return (struct gauge){.release = make_channel(1, 1)};
}

static inline void await_running(struct gauge *gate, unsigned tasks)
{
    while (atomic_load(&gate->now) < tasks)
        continue;
}

/* A binary tree of tasks, each of which waits for its children in a group of its own. */
struct node {
    struct sheaf_pool *pool;
    unsigned depth;
    unsigned leaves;
};

static inline enum sheaf_status grow(void *argument, struct sheaf_error *error)
{
    struct node *node = argument;
    node->leaves = node->depth == 0;
    if (node->depth == 0)
        return SHEAF_OK;
    struct node children[2] = {{.pool = node->pool, .depth = node->depth - 1},
                               {.pool = node->pool, .depth = node->depth - 1}};
    struct sheaf_group *group;
    enum sheaf_status status = sheaf_group_open(node->pool, NULL, &group, error);
    for (unsigned i = 0; i < 2 && status == SHEAF_OK; i++)
        status = sheaf_group_go(group, grow, &children[i], "child", error);
    if (status == SHEAF_OK)
        status = sheaf_group_wait(group, error);
    sheaf_group_close(group);
    node->leaves = children[0].leaves + children[1].leaves;
    return status;
}

/* A task that hands out tasks of its own group, up to three, while any are left. */
struct chain {
    struct sheaf_group *group;
    atomic_uint left;
    atomic_uint ran;
};

static inline enum sheaf_status next_link(void *argument, struct sheaf_error *error)
{
    struct chain *chain = argument;
    atomic_fetch_add(&chain->ran, 1);
    for (unsigned i = 0; i < 3; i++) {
        unsigned left = atomic_load(&chain->left);
        while (left > 0 && !atomic_compare_exchange_weak(&chain->left, &left, left - 1))
            continue;
        if (left == 0)
            return SHEAF_OK;
        const enum sheaf_status status =
            sheaf_group_go(chain->group, next_link, chain, "link", error);
        if (status != SHEAF_OK)
            return status;
    }
    return SHEAF_OK;
}

/* Two kinds of tasks: one waits until all of the other have run. */
static inline enum sheaf_status wait_for_rest(void *argument, struct sheaf_error *error)
{
    (void)error;
    sheaf_waitgroup_wait(argument);
    return SHEAF_OK;
}

static inline enum sheaf_status done_of_rest(void *argument, struct sheaf_error *error)
{
    (void)error;
    sheaf_waitgroup_done(argument);
    return SHEAF_OK;
}

#endif
