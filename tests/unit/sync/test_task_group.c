/* Groups: limit, first error, cancel token, waiting for oneself. */
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "base/error.h"
#include "sheaf/cancel.h"

#include <poll.h>
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
    ck_assert_int_eq(sheaf_channel_open(8, 1, &gauge.release, NULL), SHEAF_OK);
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
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, &gate.release, NULL), SHEAF_OK);
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
    struct sheaf_group_options options = SHEAF_GROUP_OPTIONS_INIT;
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

static Suite *task_group_suite(void)
{
    Suite *suite = suite_create("task_group");
    TCase *tests = tcase_create("group");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, limit_holds);
    tcase_add_test(tests, a_limited_group_blocks_no_other);
    tcase_add_test(tests, first_error_is_kept_and_cancels);
    tcase_add_test(tests, later_errors_do_not_count);
    tcase_add_test(tests, a_borrowed_token_stops_the_group);
    tcase_add_test(tests, waiting_for_oneself_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(task_group_suite)
