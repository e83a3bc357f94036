/* Pools and groups under many schedules: each scenario is small, and the seed varies it too. */
#include "unit/sync/schedule.h"
#include "unit/sync/tasks.h"

#include "sheaf/waitgroup.h"
#include "sync/thread.h"

#include <stdbool.h>

enum { TASKS = 8 };

/* --- Handing out and waiting; the group is freed as soon as the wait is over --- */

static void go_and_wait(uint64_t seed)
{
    const unsigned threads = pick(&seed, 1, 3);
    struct sheaf_pool *pool = make_pool(threads, pick(&seed, 1, 3));
    for (unsigned round = 0; round < 3; round++) {
        struct sheaf_group *group = make_group(pool, 0);
        unsigned slots[TASKS] = {0};
        for (unsigned i = 0; i < TASKS; i++)
            ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
        ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
        sheaf_group_close(group);
        for (unsigned i = 0; i < TASKS; i++)
            ck_assert_uint_eq(slots[i], 1);
    }
    sheaf_pool_drain(pool);
    struct sheaf_pool_counters counters;
    sheaf_pool_counters(pool, &counters);
    ck_assert_uint_eq(counters.done, 3 * TASKS);
    ck_assert_uint_eq(counters.queued + counters.running + counters.helped, 0);
    sheaf_pool_close(pool);
}

START_TEST(every_task_runs_before_its_wait_returns)
{
    schedule_each("go_and_wait", go_and_wait);
}
END_TEST

/* --- More tasks than a thread takes at a time, and threads that take them from one another --- */

static void many_tasks(uint64_t seed)
{
    enum { MOST = 64 };
    struct sheaf_pool *pool = make_pool(pick(&seed, 3, 4), MOST);
    struct sheaf_group *group = make_group(pool, 0);
    const unsigned tasks = pick(&seed, MOST / 2 + 1, MOST);
    atomic_uint ran[MOST] = {0};
    for (unsigned i = 0; i < tasks; i++)
        ck_assert_int_eq(sheaf_group_go(group, count_run, &ran[i], NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    sheaf_pool_drain(pool);
    for (unsigned i = 0; i < tasks; i++)
        ck_assert_uint_eq(atomic_load(&ran[i]), 1);
    struct sheaf_pool_counters counters;
    sheaf_pool_counters(pool, &counters);
    ck_assert_uint_eq(counters.done, tasks);
    ck_assert_uint_eq(counters.queued, 0);
    close_both(group, pool);
}

START_TEST(of_many_tasks_each_runs_once)
{
    schedule_each("many_tasks", many_tasks);
}
END_TEST

/* --- Several threads hand out to a queue of one or two, into one group --- */

struct producer {
    struct thread thread;
    struct sheaf_group *group;
    atomic_uint *ran;
};

static void produce(void *argument)
{
    struct producer *producer = argument;
    for (unsigned i = 0; i < TASKS; i++)
        ck_assert_int_eq(sheaf_group_go(producer->group, count_run, producer->ran, NULL, NULL),
                         SHEAF_OK);
}

static void want_room(uint64_t seed)
{
    const unsigned threads = pick(&seed, 1, 2);
    struct sheaf_pool *pool = make_pool(threads, pick(&seed, 1, 2));
    struct sheaf_group *group = make_group(pool, pick(&seed, 0, 1));
    atomic_uint ran = 0;
    struct producer producers[2];
    for (unsigned i = 0; i < 2; i++) {
        producers[i] = (struct producer){.group = group, .ran = &ran};
        ck_assert_int_eq(
            thread_start(&producers[i].thread, produce, &producers[i], "produce", NULL), SHEAF_OK);
    }
    for (unsigned i = 0; i < 2; i++)
        thread_join(&producers[i].thread);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&ran), 2 * TASKS);
    close_both(group, pool);
}

START_TEST(producers_get_room)
{
    schedule_each("want_room", want_room);
}
END_TEST

/* --- Tasks wait for tasks, on one thread or two --- */

static void nested_waits(uint64_t seed)
{
    const unsigned threads = pick(&seed, 1, 3);
    struct sheaf_pool *pool = make_pool(threads, pick(&seed, 1, 3));
    struct sheaf_group *group = make_group(pool, 0);
    struct node root = {.pool = pool, .depth = 3};
    ck_assert_int_eq(sheaf_group_go(group, grow, &root, "root", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(root.leaves, 8);
    close_both(group, pool);
}

START_TEST(tasks_wait_for_tasks)
{
    schedule_each("nested_waits", nested_waits);
}
END_TEST

/* --- A limit --- */

static void limits(uint64_t seed)
{
    const unsigned limit = pick(&seed, 1, 2);
    struct sheaf_pool *pool = make_pool(3, pick(&seed, 1, 8));
    struct sheaf_group *group = make_group(pool, limit);
    struct sheaf_group *other = make_group(pool, 0);
    struct gauge gauge = {0};
    unsigned slots[TASKS] = {0};
    for (unsigned i = 0; i < TASKS; i++) {
        ck_assert_int_eq(sheaf_group_go(group, measure, &gauge, NULL, NULL), SHEAF_OK);
        ck_assert_int_eq(sheaf_group_go(other, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    }
    ck_assert_int_eq(sheaf_group_wait(other, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_le(atomic_load(&gauge.most), limit);
    for (unsigned i = 0; i < TASKS; i++)
        ck_assert_uint_eq(slots[i], 1);
    sheaf_group_close(other);
    close_both(group, pool);
}

START_TEST(a_limit_holds)
{
    schedule_each("limits", limits);
}
END_TEST

/* --- Tasks hand out tasks to a full queue: of their own group, and of another --- */

struct spawner {
    struct sheaf_group *own;
    struct sheaf_group *other;
    atomic_uint ran;
};

static enum sheaf_status count_spawned(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct spawner *spawner = argument;
    atomic_fetch_add(&spawner->ran, 1);
    return SHEAF_OK;
}

static enum sheaf_status spawn(void *argument, struct sheaf_error *error)
{
    struct spawner *spawner = argument;
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < 3 && status == SHEAF_OK; i++) {
        status = sheaf_group_go(spawner->own, count_spawned, spawner, "own", error);
        if (status == SHEAF_OK)
            status = sheaf_group_go(spawner->other, count_spawned, spawner, "other", error);
    }
    return status;
}

static void full_queue(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), 1);
    struct spawner spawner = {.own = make_group(pool, pick(&seed, 0, 2))};
    spawner.other = make_group(pool, pick(&seed, 0, 1));
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(sheaf_group_go(spawner.own, spawn, &spawner, "spawn", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(spawner.own, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(spawner.other, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&spawner.ran), 12);
    sheaf_group_close(spawner.other);
    close_both(spawner.own, pool);
}

START_TEST(a_full_queue_runs_inline)
{
    schedule_each("full_queue", full_queue);
}
END_TEST

/* --- A task that lasts holds up none of those behind it, whoever took it --- */

static void long_task(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct sheaf_waitgroup rest = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_add(&rest, 5);
    const unsigned lasts = pick(&seed, 0, 5);
    for (unsigned i = 0; i < 6; i++) {
        sheaf_task_function *const task = i == lasts ? wait_for_rest : done_of_rest;
        ck_assert_int_eq(sheaf_group_go(group, task, &rest, NULL, NULL), SHEAF_OK);
    }
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    close_both(group, pool);
}

START_TEST(a_long_task_holds_up_nothing)
{
    schedule_each("long_task", long_task);
}
END_TEST

/* --- The end of the pool, with tasks that hand out tasks --- */

static void drains(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 3), 4);
    struct spawner spawner = {.own = make_group(pool, pick(&seed, 0, 1))};
    spawner.other = spawner.own;
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(sheaf_group_go(spawner.own, spawn, &spawner, "spawn", NULL), SHEAF_OK);
    sheaf_pool_drain(pool);
    ck_assert_uint_eq(atomic_load(&spawner.ran), 18);
    ck_assert_int_eq(sheaf_group_wait(spawner.own, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(spawner.own, nothing, NULL, NULL, NULL), SHEAF_STOPPED);
    close_both(spawner.own, pool);
}

START_TEST(drain_runs_everything)
{
    schedule_each("drains", drains);
}
END_TEST

static void drops(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), TASKS);
    struct sheaf_group *group = make_group(pool, pick(&seed, 0, 1));
    atomic_uint ran = 0;
    struct producer producer = {.group = group, .ran = &ran};
    produce(&producer);
    sheaf_pool_drop(pool);
    const unsigned before = atomic_load(&ran);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), before == TASKS ? SHEAF_OK : SHEAF_STOPPED);
    ck_assert_uint_eq(atomic_load(&ran), before);
    struct sheaf_pool_counters counters;
    sheaf_pool_counters(pool, &counters);
    ck_assert_uint_eq(counters.done, TASKS);
    close_both(group, pool);
}

START_TEST(drop_runs_nothing_after)
{
    schedule_each("drops", drops);
}
END_TEST

static Suite *pool_schedules_suite(void)
{
    Suite *suite = suite_create("pool_schedules");
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_task_runs_before_its_wait_returns);
    tcase_add_test(tests, of_many_tasks_each_runs_once);
    tcase_add_test(tests, producers_get_room);
    tcase_add_test(tests, tasks_wait_for_tasks);
    tcase_add_test(tests, a_limit_holds);
    tcase_add_test(tests, a_full_queue_runs_inline);
    tcase_add_test(tests, a_long_task_holds_up_nothing);
    tcase_add_test(tests, drain_runs_everything);
    tcase_add_test(tests, drop_runs_nothing_after);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(pool_schedules_suite)
