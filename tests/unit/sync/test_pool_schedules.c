/* Pools and groups under many schedules: each scenario is small, and the seed varies it too. */
#include "unit/sync/schedule.h"
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "sheaf/cancel.h"
#include "sheaf/waitgroup.h"
#include "sync/thread.h"

#include <stdbool.h>

enum { TASKS = 8 };

/* A number from `least` to `most`, by a digit of the seed. */
static unsigned pick(uint64_t *seed, unsigned least, unsigned most)
{
    const uint64_t choices = most - least + 1;
    const unsigned picked = least + (unsigned)(*seed % choices);
    *seed /= choices;
    return picked;
}

static enum sheaf_status nothing(void *argument, struct sheaf_error *error)
{
    (void)argument;
    (void)error;
    return SHEAF_OK;
}

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

/* --- Several threads hand out to a queue of one or two, into one group --- */

struct producer {
    struct thread thread;
    struct sheaf_group *group;
    atomic_uint *ran;
};

static enum sheaf_status count_run(void *argument, struct sheaf_error *error)
{
    (void)error;
    atomic_fetch_add((atomic_uint *)argument, 1);
    return SHEAF_OK;
}

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

/* --- Failures --- */

static enum sheaf_status break_down(void *argument, struct sheaf_error *error)
{
    error->line = *(const uint64_t *)argument;
    return SHEAF_DATA;
}

static void failing_worker(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 3), TASKS);
    struct sheaf_group *group = make_group(pool, 0);
    const unsigned bad = pick(&seed, 0, TASKS - 1);
    uint64_t line = 7;
    bool refused = false;
    for (unsigned i = 0; i < TASKS && !refused; i++) {
        sheaf_task_function *const task = i == bad ? break_down : nothing;
        refused = sheaf_group_go(group, task, &line, i == bad ? "bad" : "good", NULL) != SHEAF_OK;
    }
    if (pick(&seed, 0, 4) == 0)
        sheaf_pool_drain(pool);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait(group, &error), SHEAF_DATA);
    ck_assert_uint_eq(error.line, 7);
    ck_assert_str_eq(sheaf_group_failed(group), "bad");
    ck_assert_int_ne(sheaf_cancel_reason(sheaf_group_cancel(group)), 0);
    close_both(group, pool);
}

START_TEST(a_failure_reaches_the_wait)
{
    schedule_each("failing_worker", failing_worker);
}
END_TEST

static void lowest_failure(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 3), TASKS);
    const struct sheaf_group_options options = {.keep = SHEAF_KEEP_LOWEST};
    struct sheaf_group *group;
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    const unsigned lowest = pick(&seed, 0, TASKS - 2);
    uint64_t lines[TASKS];
    unsigned slots[TASKS] = {0};
    for (unsigned i = 0; i < TASKS; i++) {
        const bool fails = i == lowest || (i > lowest && (seed >> i) % 2 != 0);
        lines[i] = i;
        void *const argument = fails ? (void *)&lines[i] : (void *)&slots[i];
        ck_assert_int_eq(sheaf_group_go(group, fails ? break_down : set_slot, argument, NULL, NULL),
                         SHEAF_OK);
    }
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait(group, &error), SHEAF_DATA);
    ck_assert_uint_eq(error.line, lowest);
    for (unsigned i = 0; i < lowest; i++)
        ck_assert_uint_eq(slots[i], 1);
    close_both(group, pool);
}

START_TEST(the_lowest_failure_is_always_the_same)
{
    schedule_each("lowest_failure", lowest_failure);
}
END_TEST

/* --- A token that is set from outside --- */

struct canceller {
    struct thread thread;
    struct sheaf_cancel *cancel;
};

static void set_token(void *argument)
{
    struct canceller *canceller = argument;
    sheaf_cancel_set(canceller->cancel, 2);
}

static void cancelled(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), 2);
    struct sheaf_group *group = make_group(pool, 0);
    struct canceller canceller = {.cancel = sheaf_group_cancel(group)};
    atomic_uint ran = 0;
    ck_assert_int_eq(thread_start(&canceller.thread, set_token, &canceller, "cancel", NULL),
                     SHEAF_OK);
    unsigned handed = 0;
    while (handed < TASKS && sheaf_group_go(group, count_run, &ran, NULL, NULL) == SHEAF_OK)
        handed++;
    const enum sheaf_status status = sheaf_group_wait(group, NULL);
    thread_join(&canceller.thread);
    ck_assert_uint_le(atomic_load(&ran), handed);
    ck_assert_int_eq(status, atomic_load(&ran) == TASKS ? SHEAF_OK : SHEAF_STOPPED);
    close_both(group, pool);
}

START_TEST(a_token_from_outside_stops_the_group)
{
    schedule_each("cancelled", cancelled);
}
END_TEST

/* --- A worker that helps until a moment that has passed, soon, or never --- */

struct helper {
    struct sheaf_group *inner;
    uint64_t deadline;
    unsigned slots[4];
};

static enum sheaf_status help(void *argument, struct sheaf_error *error)
{
    struct helper *helper = argument;
    for (unsigned i = 0; i < 4; i++) {
        const enum sheaf_status status =
            sheaf_group_go(helper->inner, set_slot, &helper->slots[i], NULL, error);
        if (status != SHEAF_OK)
            return status;
    }
    const enum sheaf_status status = sheaf_group_wait_until(helper->inner, helper->deadline, error);
    if (status == SHEAF_OK || status == SHEAF_TIMEOUT)
        return sheaf_group_wait(helper->inner, error);
    return status;
}

static void helped_until(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 3), 2);
    struct sheaf_group *group = make_group(pool, 0);
    const uint64_t spans[] = {0, 1000, 20000, 100000};
    struct helper helper = {.inner = make_group(pool, 0),
                            .deadline = clock_now() + spans[pick(&seed, 0, 3)]};
    ck_assert_int_eq(sheaf_group_go(group, help, &helper, "help", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(helper.slots[i], 1);
    sheaf_group_close(helper.inner);
    close_both(group, pool);
}

START_TEST(a_helper_gives_up_at_its_deadline)
{
    schedule_each("helped_until", helped_until);
}
END_TEST

static Suite *pool_schedules_suite(void)
{
    Suite *suite = suite_create("pool_schedules");
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_task_runs_before_its_wait_returns);
    tcase_add_test(tests, producers_get_room);
    tcase_add_test(tests, tasks_wait_for_tasks);
    tcase_add_test(tests, a_limit_holds);
    tcase_add_test(tests, a_full_queue_runs_inline);
    tcase_add_test(tests, a_long_task_holds_up_nothing);
    tcase_add_test(tests, drain_runs_everything);
    tcase_add_test(tests, drop_runs_nothing_after);
    tcase_add_test(tests, a_failure_reaches_the_wait);
    tcase_add_test(tests, the_lowest_failure_is_always_the_same);
    tcase_add_test(tests, a_token_from_outside_stops_the_group);
    tcase_add_test(tests, a_helper_gives_up_at_its_deadline);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(pool_schedules_suite)
