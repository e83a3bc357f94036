#include "unit/unit.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sync/thread.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

static int is_readable(int descriptor)
{
    struct pollfd poller = {.fd = descriptor, .events = POLLIN};
    return poll(&poller, 1, 0);
}

START_TEST(set_once)
{
    struct sheaf_cancel *cancel;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    const int descriptor = sheaf_cancel_descriptor(cancel);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 0);
    ck_assert_int_eq(is_readable(descriptor), 0);
    ck_assert_int_ne(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);
    for (unsigned i = 0; i < 100000; i++) /* more than a pipe holds */
        sheaf_cancel_set(cancel, 15);
    sheaf_cancel_set(cancel, 2);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 15);
    ck_assert_int_eq(is_readable(descriptor), 1);
    sheaf_cancel_close(cancel);
    ck_assert_int_eq(fcntl(descriptor, F_GETFD), -1);
}
END_TEST

START_TEST(null_is_a_token_that_is_never_set)
{
    ck_assert_int_eq(sheaf_cancel_reason(NULL), 0);
    ck_assert_int_eq(sheaf_cancel_descriptor(NULL), -1);
    sheaf_cancel_close(NULL);
}
END_TEST

START_TEST(fails_cleanly)
{
    struct sheaf_cancel *cancel;
    struct sheaf_error error;
    const int64_t live = memory_live();
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_cancel_open(&cancel, &error), SHEAF_SYSTEM);
    memory_fail_at(0);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(sheaf_cancel_open(&cancel, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_ne(error.system_errno, 0);
    ck_assert_ptr_null(cancel);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static void set_it(void *argument)
{
    sheaf_cancel_set(argument, 1);
}

START_TEST(polled_across_threads)
{
    struct sheaf_cancel *cancel;
    struct thread thread;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    ck_assert_int_eq(thread_start(&thread, set_it, cancel, "setter", NULL), SHEAF_OK);
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(cancel), .events = POLLIN};
    ck_assert_int_eq(poll(&poller, 1, -1), 1);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 1);
    thread_join(&thread);
    sheaf_cancel_close(cancel);
}
END_TEST

static Suite *cancel_suite(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tests = tcase_create("cancel");
    tcase_add_test(tests, set_once);
    tcase_add_test(tests, null_is_a_token_that_is_never_set);
    tcase_add_test(tests, fails_cleanly);
    tcase_add_test(tests, polled_across_threads);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(cancel_suite)
