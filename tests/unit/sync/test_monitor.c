/* The monitor and named threads. */
#include "unit/unit.h"

#include "base/clock.h"
#include "sync/monitor.h"
#include "sync/thread.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

struct box {
    struct monitor monitor;
    unsigned turn;
    unsigned sum;
};

static void other_turns(void *argument)
{
    struct box *box = argument;
    monitor_lock(&box->monitor);
    while (box->turn < 2000) {
        if (box->turn % 2 == 0) {
            monitor_wait(&box->monitor);
            continue;
        }
        box->turn++;
        box->sum += 1;
        monitor_broadcast(&box->monitor);
    }
    monitor_unlock(&box->monitor);
}

START_TEST(two_threads_take_turns)
{
    struct box box = {.monitor = MONITOR_INIT};
    struct thread thread;
    ck_assert_int_eq(thread_start(&thread, other_turns, &box, "turns", NULL), SHEAF_OK);
    monitor_lock(&box.monitor);
    while (box.turn < 2000) {
        if (box.turn % 2 == 1) {
            monitor_wait(&box.monitor);
            continue;
        }
        box.turn++;
        monitor_broadcast(&box.monitor);
    }
    monitor_unlock(&box.monitor);
    thread_join(&thread);
    ck_assert_uint_eq(box.sum, 1000);
    monitor_close(&box.monitor);
}
END_TEST

START_TEST(deadline_passes)
{
    struct monitor monitor;
    monitor_open(&monitor);
    const uint64_t deadline = clock_now() + 2000000;
    monitor_lock(&monitor);
    while (monitor_wait_until(&monitor, deadline) != SHEAF_TIMEOUT)
        continue;
    ck_assert_int_eq(monitor_wait_until(&monitor, 0), SHEAF_TIMEOUT);
    monitor_unlock(&monitor);
    ck_assert_uint_ge(clock_now(), deadline);
    monitor_close(&monitor);
}
END_TEST

struct look {
    char name[THREAD_NAME_SIZE];
    uint64_t id;
    int blocks_interrupt;
    int blocks_pipe;
};

static void look_around(void *argument)
{
    struct look *look = argument;
    sigset_t blocked;
    look->id = thread_id();
    (void)pthread_getname_np(pthread_self(), look->name, sizeof look->name);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    look->blocks_interrupt = sigismember(&blocked, SIGINT);
    look->blocks_pipe = sigismember(&blocked, SIGPIPE);
}

START_TEST(a_thread_has_a_name_and_no_signals)
{
    struct thread thread;
    struct look look = {.id = 0};
    ck_assert_int_eq(thread_start(&thread, look_around, &look, "a name that is too long", NULL),
                     SHEAF_OK);
    thread_join(&thread);
    ck_assert_str_eq(look.name, "a name that is ");
    ck_assert_uint_ne(look.id, thread_id());
    ck_assert_int_eq(look.blocks_interrupt, 1);
    ck_assert_int_eq(look.blocks_pipe, 0);
    sigset_t blocked;
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
    ck_assert_int_eq(sigismember(&blocked, SIGINT), 0);
}
END_TEST

START_TEST(refused_thread_is_an_error)
{
    struct thread thread;
    struct sheaf_error error;
    thread_fail_after(0);
    ck_assert_int_eq(thread_start(&thread, look_around, NULL, "never", &error), SHEAF_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "never"));
    ck_assert_int_ne(error.system_errno, 0);
}
END_TEST

static Suite *monitor_suite(void)
{
    Suite *suite = suite_create("monitor");
    TCase *tests = tcase_create("monitor");
    tcase_add_test(tests, two_threads_take_turns);
    tcase_add_test(tests, deadline_passes);
    tcase_add_test(tests, a_thread_has_a_name_and_no_signals);
    tcase_add_test(tests, refused_thread_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(monitor_suite)
