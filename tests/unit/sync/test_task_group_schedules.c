/* Waits and failures of groups under many schedules: each scenario is small, and the seed varies it
 * too. */
#include "unit/sync/schedule.h"
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "sheaf/cancel.h"
#include "sheaf/waitgroup.h"
#include "sync/thread.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>

enum { TASKS = 8 };

/* --- Tasks that are handed out while a wait is given up, or under way in another thread --- */

static void given_up(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), 2);
    struct sheaf_group *group = make_group(pool, 0);
    atomic_uint ran = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        ck_assert_int_eq(sheaf_group_go(group, count_run, &ran, NULL, NULL), SHEAF_OK);
        const uint64_t deadline = clock_now() + UINT64_C(2000) * pick(&seed, 0, 9);
        if (sheaf_group_wait_until(group, deadline, NULL) == SHEAF_OK)
            ck_assert_uint_eq(atomic_load(&ran), i + 1);
    }
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&ran), TASKS);
    close_both(group, pool);
}

START_TEST(a_wait_that_is_given_up_hinders_nobody)
{
    schedule_each("given_up", given_up);
}
END_TEST

struct waiter {
    struct thread thread;
    struct sheaf_group *group;
};

static void wait_again(void *argument)
{
    struct waiter *waiter = argument;
    for (unsigned i = 0; i < TASKS; i++)
        ck_assert_int_eq(sheaf_group_wait(waiter->group, NULL), SHEAF_OK);
}

static void waited_for(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), 2);
    struct waiter waiter = {.group = make_group(pool, 0)};
    atomic_uint ran = 0;
    ck_assert_int_eq(thread_start(&waiter.thread, wait_again, &waiter, "wait", NULL), SHEAF_OK);
    for (unsigned i = 0; i < TASKS; i++)
        ck_assert_int_eq(sheaf_group_go(waiter.group, count_run, &ran, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(waiter.group, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&ran), TASKS);
    thread_join(&waiter.thread);
    close_both(waiter.group, pool);
}

START_TEST(a_group_takes_tasks_while_another_waits)
{
    schedule_each("waited_for", waited_for);
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

/* What a wait says is read while others write it: tasks that fail, calls that are refused. */
static void ask_again(void *argument)
{
    struct waiter *waiter = argument;
    for (unsigned i = 0; i < TASKS; i++) {
        struct sheaf_error error = {.line = 0};
        const enum sheaf_status status = sheaf_group_wait(waiter->group, &error);
        ck_assert(status == SHEAF_OK || status == SHEAF_DATA || status == SHEAF_STOPPED);
        ck_assert_uint_eq(error.line, status == SHEAF_DATA ? 7 : 0);
        const char *const name = sheaf_group_failed(waiter->group);
        ck_assert(status != SHEAF_DATA || strcmp(name, "bad") == 0);
    }
}

static void asked_meanwhile(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(pick(&seed, 1, 2), TASKS);
    struct waiter waiter = {.group = make_group(pool, 0)};
    const bool fails = pick(&seed, 0, 1) == 0;
    const unsigned from = pick(&seed, 0, TASKS - 1);
    uint64_t line = 7;
    ck_assert_int_eq(thread_start(&waiter.thread, ask_again, &waiter, "ask", NULL), SHEAF_OK);
    for (unsigned i = 0; i < TASKS; i++) {
        if (i == from && !fails)
            sheaf_cancel_set(sheaf_group_cancel(waiter.group), 2);
        const bool bad = i == from && fails;
        (void)sheaf_group_go(waiter.group, bad ? break_down : nothing, &line, bad ? "bad" : "good",
                             NULL);
    }
    thread_join(&waiter.thread);
    ck_assert_int_eq(sheaf_group_wait(waiter.group, NULL), fails ? SHEAF_DATA : SHEAF_STOPPED);
    close_both(waiter.group, pool);
}

START_TEST(what_a_wait_says_may_change_meanwhile)
{
    schedule_each("asked_meanwhile", asked_meanwhile);
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

/* --- Two workers help, one of them until a moment; what then comes must not be left to it --- */

struct leaver {
    struct sheaf_group *inner;
    struct sheaf_waitgroup late; /* the task that comes late has run */
    atomic_uint waiting;
    uint64_t deadline;
};

static enum sheaf_status stay_on(void *argument, struct sheaf_error *error)
{
    struct leaver *leaver = argument;
    atomic_fetch_add(&leaver->waiting, 1);
    return sheaf_group_wait(leaver->inner, error);
}

/* Busy with something else then, until the late task has run. */
static enum sheaf_status leave_soon(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct leaver *leaver = argument;
    leaver->deadline = clock_now() + 200000;
    atomic_fetch_add(&leaver->waiting, 1);
    (void)sheaf_group_wait_until(leaver->inner, leaver->deadline, NULL);
    sheaf_waitgroup_wait(&leaver->late);
    return SHEAF_OK;
}

static void leaving_helper(uint64_t seed)
{
    struct sheaf_pool *pool = make_pool(3, 4);
    struct sheaf_group *group = make_group(pool, 0);
    struct leaver leaver = {.inner = make_group(pool, 0), .late = SHEAF_WAITGROUP_INIT};
    sheaf_waitgroup_add(&leaver.late, 1);
    ck_assert_int_eq(sheaf_group_go(leaver.inner, wait_for_rest, &leaver.late, "hold", NULL),
                     SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, stay_on, &leaver, "stay", NULL), SHEAF_OK);
    while (atomic_load(&leaver.waiting) < 1)
        (void)sched_yield();
    ck_assert_int_eq(sheaf_group_go(group, leave_soon, &leaver, "leave", NULL), SHEAF_OK);
    while (atomic_load(&leaver.waiting) < 2)
        (void)sched_yield();
    /* Around the deadline. Ends only if somebody runs the late task. */
    const uint64_t moment = leaver.deadline - 40000 + UINT64_C(1000) * pick(&seed, 0, 119);
    while (clock_now() < moment)
        continue;
    ck_assert_int_eq(sheaf_group_go(leaver.inner, done_of_rest, &leaver.late, "late", NULL),
                     SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(leaver.inner, NULL), SHEAF_OK);
    sheaf_group_close(leaver.inner);
    close_both(group, pool);
}

START_TEST(a_helper_that_leaves_takes_no_wake_with_it)
{
    schedule_each("leaving_helper", leaving_helper);
}
END_TEST

static Suite *task_group_schedules_suite(void)
{
    Suite *suite = suite_create("task_group_schedules");
    TCase *tests = tcase_create("schedules");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_wait_that_is_given_up_hinders_nobody);
    tcase_add_test(tests, a_group_takes_tasks_while_another_waits);
    tcase_add_test(tests, a_failure_reaches_the_wait);
    tcase_add_test(tests, what_a_wait_says_may_change_meanwhile);
    tcase_add_test(tests, the_lowest_failure_is_always_the_same);
    tcase_add_test(tests, a_token_from_outside_stops_the_group);
    tcase_add_test(tests, a_helper_gives_up_at_its_deadline);
    tcase_add_test(tests, a_helper_that_leaves_takes_no_wake_with_it);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(task_group_schedules_suite)
