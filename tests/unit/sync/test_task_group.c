/* Groups: limit, first error, cancel token, waiting for oneself. */
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sync/pool_inner.h"
#include "sync/thread.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

START_TEST(limit_holds)
{
    struct sheaf_pool *pool = make_pool(6, 100);
    struct sheaf_group *group = make_group(pool, 2);
    struct gauge gauge = {0};
    for (unsigned i = 0; i < 2000; i++)
        ck_assert_int_eq(sheaf_group_go(group, measure, &gauge, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_le(atomic_load(&gauge.most), 2);
    close_both(group, pool);
}
END_TEST

/* A group that sits at its limit must not keep another from running. */
START_TEST(a_limited_group_blocks_no_other)
{
    struct sheaf_pool *pool = make_pool(2, 100);
    struct sheaf_group *slow = make_group(pool, 1);
    struct sheaf_group *fast = make_group(pool, 0);
    struct gauge gauge = {0};
    ck_assert_int_eq(sheaf_channel_open(8, 1, NULL, &gauge.release, NULL), SHEAF_OK);
    unsigned slot = 0;
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(sheaf_group_go(slow, measure, &gauge, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(fast, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(fast, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    ck_assert_int_eq(sheaf_group_wait_until(slow, clock_now() + 1000000, NULL), SHEAF_TIMEOUT);
    sheaf_channel_close(gauge.release);
    ck_assert_int_eq(sheaf_group_wait(slow, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&gauge.most), 1);
    sheaf_group_close(fast);
    close_both(slow, pool);
    sheaf_channel_destroy(gauge.release);
}
END_TEST

/* A worker that helps a limited group leaves at its deadline, and stays busy with other things: the
 * place that it gives back must wake the other thread for what still waits. */
struct leaver {
    struct sheaf_group *limited;
    struct gauge *hold;
    struct sheaf_waitgroup second;
    uint64_t deadline;
};

static enum sheaf_status pass_deadline(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct leaver *leaver = argument;
    sheaf_channel_close(leaver->hold->release);
    while (clock_now() < leaver->deadline)
        continue;
    return SHEAF_OK;
}

static enum sheaf_status leave_early(void *argument, struct sheaf_error *error)
{
    struct leaver *leaver = argument;
    enum sheaf_status status =
        sheaf_group_go(leaver->limited, pass_deadline, leaver, "first", error);
    if (status == SHEAF_OK)
        status = sheaf_group_go(leaver->limited, done_of_rest, &leaver->second, "second", error);
    if (status != SHEAF_OK)
        return status;
    (void)sheaf_group_wait_until(leaver->limited, leaver->deadline, NULL);
    sheaf_channel_close(leaver->hold->release); /* if there was no time for the first */
    sheaf_waitgroup_wait(&leaver->second);
    return SHEAF_OK;
}

START_TEST(a_place_given_back_wakes)
{
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *outer = make_group(pool, 0);
    struct gauge hold = make_gate();
    ck_assert_int_eq(sheaf_group_go(outer, measure, &hold, "hold", NULL), SHEAF_OK);
    await_running(&hold, 1);
    struct leaver leaver = {
        .limited = make_group(pool, 1), .hold = &hold, .deadline = clock_now() + 20000000};
    sheaf_waitgroup_add(&leaver.second, 1);
    ck_assert_int_eq(sheaf_group_go(outer, leave_early, &leaver, "leave", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(leaver.limited, NULL), SHEAF_OK);
    sheaf_group_close(leaver.limited);
    close_both(outer, pool);
    sheaf_channel_destroy(hold.release);
}
END_TEST

static enum sheaf_status break_down(void *argument, struct sheaf_error *error)
{
    error->line = *(const uint64_t *)argument;
    strcpy(error->text, "broken");
    return SHEAF_DATA;
}

START_TEST(first_error_is_kept_and_cancels)
{
    struct sheaf_pool *pool = make_pool(1, 100);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    uint64_t lines[] = {11, 22};
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, break_down, &lines[0], "one", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, break_down, &lines[1], "two", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, "late", NULL), SHEAF_OK);
    sheaf_channel_close(gate.release);
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(sheaf_group_wait(group, &error), SHEAF_DATA);
    ck_assert_int_eq(error.status, SHEAF_DATA);
    ck_assert_uint_eq(error.line, 11);
    ck_assert_str_eq(error.text, "broken");
    ck_assert_str_eq(sheaf_group_failed(group), "one");
    ck_assert_uint_eq(slot, 0);
    ck_assert_int_ne(sheaf_cancel_reason(sheaf_group_cancel(group)), 0);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, "later", NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_DATA);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static enum sheaf_status fail_when_stopped(void *argument, struct sheaf_error *error)
{
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(argument), .events = POLLIN};
    (void)poll(&poller, 1, -1);
    return error_set(error, SHEAF_STOPPED, "stopped");
}

/* Two tasks run at once; the second fails because the first did. */
START_TEST(later_errors_do_not_count)
{
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *group = make_group(pool, 0);
    uint64_t line = 33;
    ck_assert_int_eq(
        sheaf_group_go(group, fail_when_stopped, sheaf_group_cancel(group), "second", NULL),
        SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, break_down, &line, "first", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_DATA);
    ck_assert_str_eq(sheaf_group_failed(group), "first");
    close_both(group, pool);
}
END_TEST

START_TEST(a_borrowed_token_stops_the_group)
{
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group_options options = {.limit = 0};
    ck_assert_int_eq(sheaf_cancel_open(&options.cancel, NULL), SHEAF_OK);
    struct sheaf_group *group;
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    ck_assert_ptr_eq(sheaf_group_cancel(group), options.cancel);
    sheaf_cancel_set(options.cancel, 2);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_STOPPED);
    ck_assert_ptr_null(sheaf_group_failed(group));
    ck_assert_uint_eq(slot, 0);
    close_both(group, pool);
    sheaf_cancel_close(options.cancel);
}
END_TEST

/* Waiting for oneself: directly, and from a task that runs while its waiter waits. */
struct self {
    struct sheaf_group *outer;
    struct sheaf_group *inner;
    enum sheaf_status direct;
    enum sheaf_status indirect;
};

static enum sheaf_status wait_for_outer(void *argument, struct sheaf_error *error)
{
    struct self *self = argument;
    self->indirect = sheaf_group_wait(self->outer, error);
    return SHEAF_OK;
}

static enum sheaf_status wait_for_self(void *argument, struct sheaf_error *error)
{
    struct self *self = argument;
    self->direct = sheaf_group_wait(self->outer, error);
    const enum sheaf_status status =
        sheaf_group_go(self->inner, wait_for_outer, self, "inner", error);
    return status == SHEAF_OK ? sheaf_group_wait(self->inner, error) : status;
}

START_TEST(waiting_for_oneself_is_an_error)
{
    struct sheaf_pool *pool = make_pool(1, 4);
    struct self self = {.outer = make_group(pool, 0), .inner = make_group(pool, 0)};
    ck_assert_int_eq(sheaf_group_go(self.outer, wait_for_self, &self, "outer", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(self.outer, NULL), SHEAF_OK);
    ck_assert_int_eq(self.direct, SHEAF_USAGE);
    ck_assert_int_eq(self.indirect, SHEAF_USAGE);
    sheaf_group_close(self.inner);
    close_both(self.outer, pool);
}
END_TEST

/* --- Which failure is kept --- */

static struct sheaf_group *make_lowest(struct sheaf_pool *pool, unsigned limit)
{
    const struct sheaf_group_options options = {.limit = limit, .keep = SHEAF_KEEP_LOWEST};
    struct sheaf_group *group;
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    return group;
}

static enum sheaf_status break_down_late(void *argument, struct sheaf_error *error)
{
    struct gauge *gate = argument;
    (void)measure(gate, error);
    return error_set(error, SHEAF_SYSTEM, "late");
}

/* The earlier task fails after the later one has. */
START_TEST(the_lowest_failure_is_kept)
{
    struct sheaf_pool *pool = make_pool(2, 100);
    struct sheaf_group *group = make_lowest(pool, 0);
    struct gauge gate = make_gate();
    uint64_t line = 5;
    unsigned slots[2] = {0};
    ck_assert_int_eq(sheaf_group_go(group, break_down_late, &gate, "zero", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[0], "one", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, break_down, &line, "two", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[1], "three", NULL), SHEAF_OK);
    struct sheaf_pool_counters counters;
    do
        sheaf_pool_counters(pool, &counters);
    while (counters.done < 3);
    sheaf_channel_close(gate.release);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait(group, &error), SHEAF_SYSTEM);
    ck_assert_str_eq(error.text, "late");
    ck_assert_str_eq(sheaf_group_failed(group), "zero");
    ck_assert_uint_eq(slots[0], 1);
    ck_assert_uint_eq(slots[1], 0); /* behind a failure: not run */
    ck_assert_int_eq(sheaf_cancel_reason(sheaf_group_cancel(group)), 0);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

struct many {
    struct sheaf_group *group;
    uint64_t lines[3];
    unsigned slot;
};

/* The queue holds one: what a task hands out is run inline, and numbered like the rest. */
static enum sheaf_status hand_out_failures(void *argument, struct sheaf_error *error)
{
    struct many *many = argument;
    enum sheaf_status status = sheaf_group_go(many->group, set_slot, &many->slot, "fills", error);
    for (unsigned i = 0; i < 3 && status == SHEAF_OK; i++)
        status = sheaf_group_go(many->group, break_down, &many->lines[i], "inline", error);
    return status;
}

START_TEST(the_lowest_failure_counts_inline_too)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct many many = {.group = make_lowest(pool, (unsigned)_i), .lines = {4, 5, 6}};
    ck_assert_int_eq(sheaf_group_go(many.group, hand_out_failures, &many, "many", NULL), SHEAF_OK);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait(many.group, &error), SHEAF_DATA);
    ck_assert_uint_eq(error.line, 4);
    ck_assert_uint_eq(many.slot, 1);
    close_both(many.group, pool);
}
END_TEST

/* --- Failures of tasks that run inside other tasks --- */

static enum sheaf_status fill_and_fail(void *argument, struct sheaf_error *error)
{
    struct many *many = argument;
    enum sheaf_status status = sheaf_group_go(many->group, set_slot, &many->slot, "fills", error);
    if (status == SHEAF_OK)
        status = sheaf_group_go(many->group, break_down, &many->lines[0], "inline", error);
    ck_assert_int_eq(status, SHEAF_OK); /* the task's own status goes to the group */
    return sheaf_group_go(many->group, set_slot, &many->slot, "refused", error);
}

START_TEST(an_inline_failure_stops_the_group)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct many many = {.group = make_group(pool, 0), .lines = {8}};
    ck_assert_int_eq(sheaf_group_go(many.group, fill_and_fail, &many, "outer", NULL), SHEAF_OK);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait(many.group, &error), SHEAF_DATA);
    ck_assert_uint_eq(error.line, 8);
    ck_assert_str_eq(sheaf_group_failed(many.group), "inline");
    ck_assert_uint_eq(many.slot, 0);
    close_both(many.group, pool);
}
END_TEST

/* --- Trying --- */

START_TEST(try_go_never_waits)
{
    struct sheaf_pool *pool = make_pool(1, 2);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_try_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    await_running(&gate, 1);
    unsigned slots[3] = {0};
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_try_go(group, set_slot, &slots[0], NULL, &error), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_try_go(group, set_slot, &slots[1], NULL, &error), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_try_go(group, set_slot, &slots[2], NULL, &error), SHEAF_BUSY);
    ck_assert_int_eq(error.status, SHEAF_BUSY);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK); /* busy is no failure */
    ck_assert_uint_eq(slots[0] + slots[1], 2);
    ck_assert_uint_eq(slots[2], 0);
    ck_assert_int_eq(sheaf_group_try_go(group, set_slot, &slots[2], NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slots[2], 1);
    sheaf_cancel_set(sheaf_group_cancel(group), 3);
    ck_assert_int_eq(sheaf_group_try_go(group, set_slot, &slots[2], NULL, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_STOPPED);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static enum sheaf_status try_inside(void *argument, struct sheaf_error *error)
{
    struct many *many = argument;
    ck_assert_int_eq(sheaf_group_try_go(many->group, set_slot, &many->slot, NULL, error), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_try_go(many->group, set_slot, &many->slot, NULL, error),
                     SHEAF_BUSY);
    ck_assert_uint_eq(many->slot, 0); /* neither was run inline */
    return SHEAF_OK;
}

START_TEST(try_go_never_runs_inline)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct many many = {.group = make_group(pool, 0)};
    ck_assert_int_eq(sheaf_group_go(many.group, try_inside, &many, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(many.group, NULL), SHEAF_OK);
    ck_assert_uint_eq(many.slot, 1);
    close_both(many.group, pool);
}
END_TEST

/* --- What a group without failures says --- */

START_TEST(an_empty_group_waits_for_nothing)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct sheaf_group *group = make_group(pool, 0);
    struct sheaf_error error;
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(sheaf_group_wait(group, &error), SHEAF_OK);
        ck_assert_int_eq(sheaf_group_wait_until(group, 0, &error), SHEAF_OK);
    }
    ck_assert_ptr_null(sheaf_group_failed(group));
    ck_assert_int_eq(sheaf_cancel_reason(sheaf_group_cancel(group)), 0);
    close_both(group, pool);
}
END_TEST

/* Go's table: which of a list of results reaches the wait. Each is handed out and waited for, so
 * that their order is the same each time; the failure stays. */
START_TEST(the_first_failure_stays_whatever_follows)
{
    const char *const runs[] = {"", "o", "1", "1o", "1o2", "o1oo2"};
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *group = make_group(pool, 0);
    uint64_t lines[] = {1, 2};
    unsigned slot = 0;
    bool failed = false;
    for (const char *run = runs[_i]; *run != '\0'; run++) {
        const bool fails = *run != 'o';
        void *const argument = fails ? (void *)&lines[*run - '1'] : (void *)&slot;
        const enum sheaf_status handed =
            sheaf_group_go(group, fails ? break_down : set_slot, argument, NULL, NULL);
        ck_assert_int_eq(handed, failed ? SHEAF_STOPPED : SHEAF_OK);
        failed |= fails;
        struct sheaf_error error = {.line = 0};
        ck_assert_int_eq(sheaf_group_wait(group, &error), failed ? SHEAF_DATA : SHEAF_OK);
        ck_assert_uint_eq(error.line, failed ? 1 : 0);
        ck_assert_int_eq(sheaf_cancel_reason(sheaf_group_cancel(group)) != 0, failed);
    }
    close_both(group, pool);
}
END_TEST

/* As above, without waits between: what follows a failure is refused or skipped. */
START_TEST(a_failure_sets_the_token)
{
    const char *const runs[] = {"", "o", "1", "1o", "o1o"};
    const bool fails = strchr(runs[_i], '1') != NULL;
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *group = make_group(pool, 0);
    uint64_t line = 1;
    unsigned slots[3] = {0};
    for (unsigned i = 0; runs[_i][i] != '\0'; i++) {
        const bool bad = runs[_i][i] == '1';
        const enum sheaf_status status =
            sheaf_group_try_go(group, bad ? break_down : set_slot,
                               bad ? (void *)&line : (void *)&slots[i], bad ? "bad" : "good", NULL);
        ck_assert(status == SHEAF_OK || (fails && status == SHEAF_STOPPED));
    }
    ck_assert_int_eq(sheaf_group_wait(group, NULL), fails ? SHEAF_DATA : SHEAF_OK);
    ck_assert_int_eq(sheaf_cancel_reason(sheaf_group_cancel(group)), fails ? 1 : 0);
    if (fails)
        ck_assert_str_eq(sheaf_group_failed(group), "bad");
    else
        ck_assert_ptr_null(sheaf_group_failed(group));
    close_both(group, pool);
}
END_TEST

/* A task that skips nothing and fails last: its failure counts though another thread set the
 * token before. */
START_TEST(a_failure_outranks_a_token)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, break_down_late, &gate, "late", NULL), SHEAF_OK);
    await_running(&gate, 1);
    sheaf_cancel_set(sheaf_group_cancel(group), 15);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_SYSTEM);
    ck_assert_str_eq(sheaf_group_failed(group), "late");
    ck_assert_int_eq(sheaf_cancel_reason(sheaf_group_cancel(group)), 15); /* the first stays */
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* --- Misuse --- */

static unsigned misuses;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)what;
    ck_assert_str_eq(call, "sheaf_group_close");
    ck_assert_int_eq(value, 1);
    misuses++;
}

static void wait_outside(void *argument)
{
    ck_assert_int_eq(sheaf_group_wait(argument, NULL), SHEAF_OK);
}

/* Each such close has no effect: the group goes on. */
START_TEST(a_group_in_use_stays_open)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    const int64_t live = memory_live();
    sheaf_group_close(group);
    ck_assert_uint_eq(misuses, 1);
    ck_assert_int_eq(memory_live(), live);
    struct thread waiter;
    ck_assert_int_eq(thread_start(&waiter, wait_outside, group, "wait", NULL), SHEAF_OK);
    sheaf_group_close(group);
    ck_assert_uint_eq(misuses, 2);
    ck_assert_int_eq(memory_live(), live);
    sheaf_channel_close(gate.release);
    thread_join(&waiter);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    /* Somebody who has not come back yet from a wait for a count that is zero. */
    atomic_fetch_add(&group->tasks.waiting, 1);
    sheaf_group_close(group);
    ck_assert_uint_eq(misuses, 3);
    atomic_fetch_sub(&group->tasks.waiting, 1);
    close_both(group, pool);
    ck_assert_uint_eq(misuses, 3);
    sheaf_channel_destroy(gate.release);
}
END_TEST

struct blocked {
    struct thread thread;
    struct sheaf_group *group;
    enum sheaf_status status;
};

static void hand_out_to_full(void *argument)
{
    struct blocked *blocked = argument;
    unsigned slot = 0;
    do
        blocked->status = sheaf_group_go(blocked->group, set_slot, &slot, NULL, NULL);
    while (blocked->status == SHEAF_OK);
}

/* The only thread is kept in a task, so that no room comes. */
START_TEST(the_token_ends_a_wait_for_room)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct gauge gate = make_gate();
    struct sheaf_group *busy = make_group(pool, 0);
    ck_assert_int_eq(sheaf_group_go(busy, measure, &gate, "gate", NULL), SHEAF_OK);
    await_running(&gate, 1);
    struct blocked blocked = {.group = make_group(pool, 0)};
    ck_assert_int_eq(thread_start(&blocked.thread, hand_out_to_full, &blocked, "blocked", NULL),
                     SHEAF_OK);
    while (pool_waiting(pool) == 0)
        continue;
    sheaf_cancel_set(sheaf_group_cancel(blocked.group), 1);
    thread_join(&blocked.thread);
    ck_assert_int_eq(blocked.status, SHEAF_STOPPED);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(busy, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(blocked.group, NULL), SHEAF_STOPPED);
    sheaf_group_close(busy);
    close_both(blocked.group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static Suite *task_group_suite(void)
{
    Suite *suite = suite_create("task_group");
    TCase *tests = tcase_create("group");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, limit_holds);
    tcase_add_test(tests, a_limited_group_blocks_no_other);
    tcase_add_test(tests, a_place_given_back_wakes);
    tcase_add_test(tests, first_error_is_kept_and_cancels);
    tcase_add_test(tests, later_errors_do_not_count);
    tcase_add_test(tests, a_borrowed_token_stops_the_group);
    tcase_add_test(tests, waiting_for_oneself_is_an_error);
    tcase_add_test(tests, the_lowest_failure_is_kept);
    tcase_add_loop_test(tests, the_lowest_failure_counts_inline_too, 0, 2);
    tcase_add_test(tests, an_inline_failure_stops_the_group);
    tcase_add_test(tests, try_go_never_waits);
    tcase_add_test(tests, try_go_never_runs_inline);
    tcase_add_test(tests, an_empty_group_waits_for_nothing);
    tcase_add_loop_test(tests, the_first_failure_stays_whatever_follows, 0, 6);
    tcase_add_loop_test(tests, a_failure_sets_the_token, 0, 5);
    tcase_add_test(tests, a_failure_outranks_a_token);
    tcase_add_test(tests, a_group_in_use_stays_open);
    tcase_add_test(tests, the_token_ends_a_wait_for_room);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(task_group_suite)
