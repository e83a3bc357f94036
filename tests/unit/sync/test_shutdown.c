/* Signals. Each test runs in a process of its own (Check forks), whose end is part of the test. */
#include "unit/unit.h"

#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/shutdown.h"
#include "sync/thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct sheaf_cancel *cancel;
static struct sheaf_shutdown *shutdown_;

/* The starting point, whatever Check, nohup or a shell's background job has set. */
static void set_defaults(void)
{
    for (unsigned i = 0; i < SIGNALS; i++)
        ck_assert(signal(signals[i], SIG_DFL) != SIG_ERR);
}

static void open_both(void)
{
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &shutdown_, NULL), SHEAF_OK);
}

static void close_both(void)
{
    sheaf_shutdown_close(shutdown_);
    sheaf_cancel_close(cancel);
}

START_TEST(first_signal_sets_the_token)
{
    open_both();
    ck_assert_int_eq(raise(signals[_i]), 0);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), signals[_i]);
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(cancel), .events = POLLIN};
    ck_assert_int_eq(poll(&poller, 1, 0), 1);
    for (unsigned i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        ck_assert_int_eq(sigaction(signals[i], NULL, &now), 0);
        ck_assert(now.sa_handler == SIG_DFL);
    }
    close_both();
}
END_TEST

START_TEST(second_signal_ends_the_process)
{
    open_both();
    (void)raise(SIGINT);
    (void)raise(SIGTERM);
}
END_TEST

static void own_handler(int signal)
{
    (void)signal;
}

START_TEST(close_puts_back_what_was)
{
    const struct sigaction own = {.sa_handler = own_handler, .sa_flags = SA_NODEFER};
    ck_assert_int_eq(sigaction(SIGTERM, &own, NULL), 0);
    open_both();
    (void)raise(SIGTERM);
    close_both();
    struct sigaction now;
    ck_assert_int_eq(sigaction(SIGTERM, NULL, &now), 0);
    ck_assert(now.sa_handler == own_handler);
    ck_assert_int_ne(now.sa_flags & SA_NODEFER, 0);
    ck_assert_int_eq(sigaction(SIGINT, NULL, &now), 0);
    ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

START_TEST(ignored_stays_ignored)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    ck_assert_int_eq(sigaction(SIGHUP, &ignore, NULL), 0);
    open_both();
    (void)raise(SIGHUP);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 0);
    (void)raise(SIGINT); /* also after the first signal of another kind */
    (void)raise(SIGHUP);
    close_both();
    (void)raise(SIGHUP);
}
END_TEST

START_TEST(one_at_a_time)
{
    struct sheaf_shutdown *second;
    struct sheaf_error error;
    open_both();
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &second, &error), SHEAF_USAGE);
    ck_assert_ptr_null(second);
    close_both();
    open_both();
    close_both();
    sheaf_shutdown_close(NULL);
}
END_TEST

START_TEST(reraise_ends_by_the_signal)
{
    open_both();
    (void)raise(SIGTERM);
    const int reason = sheaf_cancel_reason(cancel);
    close_both();
    sheaf_shutdown_reraise(reason);
}
END_TEST

static void wait_for_token(void *argument)
{
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(argument), .events = POLLIN};
    (void)poll(&poller, 1, -1);
}

/* A thread of ours never takes the signal away from the program's thread; it sees the token. */
START_TEST(threads_see_the_token)
{
    struct thread thread;
    open_both();
    ck_assert_int_eq(thread_start(&thread, wait_for_token, cancel, "poller", NULL), SHEAF_OK);
    ck_assert_int_eq(kill(getpid(), SIGHUP), 0);
    thread_join(&thread);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), SIGHUP);
    close_both();
}
END_TEST

struct signaller {
    struct thread thread;
    struct sheaf_channel *start;
    struct sheaf_channel *over;
    atomic_uint ready;   /* rounds that it is about to signal in */
    atomic_uint closing; /* rounds that main is about to close in */
};

/* Spins for a while until the other side has passed `round`: only for both to be there at once. */
static void meet(atomic_uint *other, unsigned round)
{
    for (unsigned spin = 0; atomic_load(other) == round && spin < 100000; spin++)
        continue;
}

/* Signals itself once for each start; raise returns after the handler. */
static void signal_oneself(void *argument)
{
    struct signaller *signaller = argument;
    sigset_t open_for;
    char item;
    (void)sigemptyset(&open_for);
    (void)sigaddset(&open_for, SIGTERM);
    (void)pthread_sigmask(SIG_UNBLOCK, &open_for, NULL);
    while (sheaf_channel_recv(signaller->start, &item) == SHEAF_OK) {
        /* Meets main, then spreads the moment of the signal over those of closing. */
        const unsigned round = atomic_fetch_add(&signaller->ready, 1);
        meet(&signaller->closing, round);
        for (unsigned spin = 0; spin < round % 64 * 8; spin++)
            (void)atomic_load(&signaller->closing);
        (void)raise(SIGTERM);
        (void)sheaf_channel_send(signaller->over, "");
    }
}

/* A signal arrives on another thread while this one closes: no handler may use a token that is
 * gone, and the handler that was there before must be there after. */
START_TEST(close_races_with_a_handler)
{
    const struct sigaction own = {.sa_handler = own_handler, .sa_flags = SA_RESTART};
    ck_assert_int_eq(sigaction(SIGTERM, &own, NULL), 0);
    struct signaller signaller = {.ready = 0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, &signaller.start, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_open(1, 1, &signaller.over, NULL), SHEAF_OK);
    ck_assert_int_eq(thread_start(&signaller.thread, signal_oneself, &signaller, "signaller", NULL),
                     SHEAF_OK);
    unsigned wrong = 0;
    for (unsigned round = 0; round < 2000; round++) {
        char item;
        struct sigaction now;
        open_both();
        ck_assert_int_eq(sheaf_channel_send(signaller.start, ""), SHEAF_OK);
        meet(&signaller.ready, round);
        atomic_fetch_add(&signaller.closing, 1);
        close_both();
        (void)sigaction(SIGTERM, NULL, &now);
        wrong += now.sa_handler != own_handler;
        ck_assert_int_eq(sheaf_channel_recv(signaller.over, &item), SHEAF_OK);
    }
    ck_assert_uint_eq(wrong, 0);
    sheaf_channel_close(signaller.start);
    thread_join(&signaller.thread);
    sheaf_channel_destroy(signaller.start);
    sheaf_channel_destroy(signaller.over);
}
END_TEST

static Suite *shutdown_suite(void)
{
    Suite *suite = suite_create("shutdown");
    TCase *tests = tcase_create("shutdown");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_defaults, NULL);
    tcase_add_loop_test(tests, first_signal_sets_the_token, 0, SIGNALS);
    tcase_add_test_raise_signal(tests, second_signal_ends_the_process, SIGTERM);
    tcase_add_test(tests, close_puts_back_what_was);
    tcase_add_test(tests, ignored_stays_ignored);
    tcase_add_test(tests, one_at_a_time);
    tcase_add_test_raise_signal(tests, reraise_ends_by_the_signal, SIGTERM);
    tcase_add_test(tests, threads_see_the_token);
    tcase_add_test(tests, close_races_with_a_handler);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(shutdown_suite)
