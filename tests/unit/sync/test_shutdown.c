/* Signals. Each test runs in a process of its own (Check forks), whose end is part of the test. */
#include "unit/sync/schedule.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/shutdown.h"
#include "sync/monitor.h"
#include "sync/thread.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
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
    struct sigaction ours;
    open_both();
    ck_assert_int_eq(sigaction(signals[_i], NULL, &ours), 0);
    ck_assert_int_ne(ours.sa_flags & SA_RESTART, 0); /* calls that it interrupts go on */
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
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &signaller.start, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &signaller.over, NULL), SHEAF_OK);
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

/* What a function that watches has seen. */
struct watcher {
    struct sheaf_cancel_watch watch;
    struct monitor monitor;
    atomic_bool entered;
    atomic_uint calls;
    int reason;
    uint64_t thread;
};

static void note(void *argument, int reason)
{
    struct watcher *watcher = argument;
    atomic_store(&watcher->entered, true);
    monitor_lock(&watcher->monitor);
    watcher->reason = reason;
    watcher->thread = thread_id();
    atomic_fetch_add(&watcher->calls, 1);
    monitor_unlock(&watcher->monitor);
}

static void watch(struct watcher *watcher)
{
    sheaf_cancel_watch(cancel, &watcher->watch, note, watcher);
}

static void wait_for_entry(struct watcher *watcher)
{
    while (!atomic_load(&watcher->entered))
        (void)sched_yield();
}

/* A lock that the interrupted thread holds would hang a function called by the handler. */
START_TEST(watchers_are_called_outside_the_handler)
{
    struct watcher watchers[3] = {
        {.monitor = MONITOR_INIT}, {.monitor = MONITOR_INIT}, {.monitor = MONITOR_INIT}};
    open_both();
    for (unsigned i = 0; i < 3; i++)
        watch(&watchers[i]);
    monitor_lock(&watchers[2].monitor); /* of the first that is called */
    ck_assert_int_eq(raise(signals[_i]), 0);
    wait_for_entry(&watchers[2]);
    ck_assert_uint_eq(watchers[2].calls, 0);
    monitor_unlock(&watchers[2].monitor);
    sheaf_shutdown_close(shutdown_); /* what was signalled before is told before */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(watchers[i].calls, 1);
        ck_assert_int_eq(watchers[i].reason, signals[_i]);
        ck_assert(watchers[i].thread != thread_id());
        sheaf_cancel_unwatch(cancel, &watchers[i].watch);
    }
    sheaf_cancel_close(cancel);
}
END_TEST

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    ck_assert_int_eq(closedir(tasks), 0);
    return count;
}

START_TEST(polled_has_no_thread)
{
    struct watcher watcher = {.monitor = MONITOR_INIT};
    const unsigned threads = count_threads();
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    thread_fail_after(0);
    ck_assert_int_eq(sheaf_shutdown_open_polled(cancel, &shutdown_, NULL), SHEAF_OK);
    thread_fail_after(UINT64_MAX);
    ck_assert_uint_eq(count_threads(), threads);
    watch(&watcher);
    ck_assert_int_eq(raise(SIGTERM), 0);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), SIGTERM);
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(cancel), .events = POLLIN};
    ck_assert_int_eq(poll(&poller, 1, 0), 1);
    ck_assert_uint_eq(watcher.calls, 0);
    sheaf_cancel_set(cancel, sheaf_cancel_reason(cancel));
    ck_assert_uint_eq(watcher.calls, 1);
    ck_assert_int_eq(watcher.reason, SIGTERM);
    close_both();
    ck_assert_uint_eq(watcher.calls, 1);
}
END_TEST

START_TEST(open_fails_cleanly)
{
    const int64_t live = memory_live();
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    thread_fail_after(0);
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &shutdown_, &error), SHEAF_SYSTEM);
    thread_fail_after(UINT64_MAX);
    ck_assert_ptr_null(shutdown_);
    ck_assert_ptr_nonnull(strstr(error.text, "thread"));
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &shutdown_, &error), SHEAF_SYSTEM);
    memory_fail_at(0);
    for (unsigned i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        ck_assert_int_eq(sigaction(signals[i], NULL, &now), 0);
        ck_assert(now.sa_handler == SIG_DFL);
    }
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &shutdown_, NULL), SHEAF_OK); /* not "taken" */
    close_both();
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static void hang(void *argument, int reason)
{
    struct watcher *watcher = argument;
    (void)reason;
    atomic_store(&watcher->entered, true);
    for (;;)
        (void)pause();
}

START_TEST(second_signal_ends_a_hanging_function)
{
    struct watcher watcher = {.calls = 0};
    open_both();
    sheaf_cancel_watch(cancel, &watcher.watch, hang, &watcher);
    (void)raise(SIGHUP);
    wait_for_entry(&watcher);
    (void)raise(SIGINT);
}
END_TEST

static void raise_one(void *argument)
{
    sigset_t open_for;
    (void)argument;
    (void)sigemptyset(&open_for);
    (void)sigaddset(&open_for, SIGTERM);
    (void)pthread_sigmask(SIG_UNBLOCK, &open_for, NULL);
    STEP(test_raise);
    (void)raise(SIGTERM);
}

static void signal_the_process(void *argument)
{
    (void)argument;
    (void)kill(getpid(), SIGTERM);
}

/* How a signal comes while the main thread waits: on another thread, or on this one. The thread
 * sanitizer puts the second off until the wait has ended, which is for ever. */
static thread_function *const ways[] = {raise_one, signal_the_process};
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WAYS 1
#endif
#endif
#ifndef WAYS
#define WAYS 2
#endif

START_TEST(blocked_calls_end)
{
    struct sheaf_channel *channel;
    struct thread thread;
    char item = 0;
    open_both();
    ck_assert_int_eq(sheaf_channel_open(1, 1, cancel, &channel, NULL), SHEAF_OK);
    const bool sends = _i / WAYS != 0;
    if (sends) /* full, so that it waits */
        ck_assert_int_eq(sheaf_channel_send(channel, &item), SHEAF_OK);
    ck_assert_int_eq(thread_start(&thread, ways[_i % WAYS], NULL, "killer", NULL), SHEAF_OK);
    ck_assert_int_eq(sends ? sheaf_channel_send(channel, &item)
                           : sheaf_channel_recv(channel, &item),
                     SHEAF_STOPPED);
    thread_join(&thread);
    sheaf_channel_destroy(channel);
    close_both();
}
END_TEST

static enum sheaf_status receive(void *argument, struct sheaf_error *error)
{
    char item;
    const enum sheaf_status status = sheaf_channel_recv(argument, &item);
    *error = (struct sheaf_error){.status = status, .text = "nothing came"};
    return status;
}

START_TEST(wait_of_a_group_ends)
{
    struct sheaf_channel *channel;
    struct sheaf_pool *pool;
    struct sheaf_group *group;
    struct thread thread;
    open_both();
    const struct sheaf_group_options options = {.cancel = cancel};
    ck_assert_int_eq(sheaf_channel_open(1, 1, cancel, &channel, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_pool_open(1, 4, &pool, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_open(pool, &options, &group, NULL), SHEAF_OK);
    for (unsigned i = 0; i < 3; i++) /* the others never start */
        ck_assert_int_eq(sheaf_group_go(group, receive, channel, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(thread_start(&thread, ways[_i % WAYS], NULL, "killer", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_STOPPED);
    thread_join(&thread);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    sheaf_channel_destroy(channel);
    close_both();
}
END_TEST

/* What another program sees of its signals when this process starts it: those that are blocked,
 * ignored and caught, a bit each. The first real-time signals are left out: the C library takes
 * them for itself when a first thread starts. */
struct signals {
    unsigned long long blocked;
    unsigned long long ignored;
    unsigned long long caught;
};

static unsigned long long mask_of(const char *status, const char *title)
{
    const char *line = strstr(status, title);
    ck_assert_ptr_nonnull(line);
    return strtoull(line + strlen(title), NULL, 16) & 0x7fffffff;
}

static struct signals signals_of_a_child(void)
{
    enum { STATUS_SIZE = 4096 };
    char status[STATUS_SIZE];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execlp("grep", "grep", "^Sig[BIC]", "/proc/self/status", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(ends[0], status + length, STATUS_SIZE - 1 - length)) > 0;)
        length += (size_t)got;
    status[length] = '\0';
    (void)close(ends[0]);
    int end;
    ck_assert_int_eq(waitpid(child, &end, 0), child);
    ck_assert(WIFEXITED(end) && WEXITSTATUS(end) == 0);
    return (struct signals){mask_of(status, "SigBlk:"), mask_of(status, "SigIgn:"),
                            mask_of(status, "SigCgt:")};
}

static void check_signals(struct signals expected)
{
    const struct signals now = signals_of_a_child();
    ck_assert_uint_eq(now.blocked, expected.blocked);
    ck_assert_uint_eq(now.ignored, expected.ignored);
    ck_assert_uint_eq(now.caught, expected.caught);
}

START_TEST(children_are_as_before)
{
    ck_assert(signal(SIGHUP, SIG_IGN) != SIG_ERR); /* as under nohup */
    const struct signals before = signals_of_a_child();
    open_both();
    check_signals(before);
    (void)raise(SIGTERM);
    check_signals(before);
    close_both();
}
END_TEST

static atomic_uint own_signals;

static void count_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&own_signals, 1);
}

static bool is_handler(int signal, void (*handler)(int))
{
    struct sigaction now;
    ck_assert_int_eq(sigaction(signal, NULL, &now), 0);
    return now.sa_handler == handler;
}

/* A signal at any moment of open and of close reaches the token and those who watch it, or what
 * was there before; nothing in between. */
static void signal_races(uint64_t seed)
{
    const struct sigaction own = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    struct watcher watcher = {.monitor = MONITOR_INIT};
    struct thread thread;
    const bool closes_early = seed % 2 == 0;
    for (unsigned i = 0; i < SIGNALS; i++)
        ck_assert_int_eq(sigaction(signals[i], &own, NULL), 0);
    atomic_store(&own_signals, 0);
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    watch(&watcher);
    ck_assert_int_eq(thread_start(&thread, raise_one, NULL, "raiser", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_shutdown_open(cancel, &shutdown_, NULL), SHEAF_OK);
    if (closes_early)
        sheaf_shutdown_close(shutdown_);
    const unsigned calls = watcher.calls;
    thread_join(&thread);
    const bool told = sheaf_cancel_reason(cancel) == SIGTERM;
    ck_assert_uint_eq(own_signals, !told);
    for (unsigned i = 0; !closes_early && i < SIGNALS; i++) {
        ck_assert(!is_handler(signals[i], count_signal));
        ck_assert_int_eq(is_handler(signals[i], SIG_DFL), told); /* a second one would end us */
    }
    if (!closes_early)
        sheaf_shutdown_close(shutdown_);
    ck_assert_uint_eq(watcher.calls, told);
    ck_assert(!closes_early || calls == watcher.calls);
    for (unsigned i = 0; i < SIGNALS; i++)
        ck_assert(is_handler(signals[i], count_signal));
    sheaf_cancel_unwatch(cancel, &watcher.watch);
    sheaf_cancel_close(cancel);
}

START_TEST(signal_races_schedules)
{
    schedule_each("signal races", signal_races);
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
    tcase_add_loop_test(tests, watchers_are_called_outside_the_handler, 0, SIGNALS);
    tcase_add_test(tests, polled_has_no_thread);
    tcase_add_test(tests, open_fails_cleanly);
    tcase_add_test_raise_signal(tests, second_signal_ends_a_hanging_function, SIGINT);
    tcase_add_loop_test(tests, blocked_calls_end, 0, 2 * WAYS);
    tcase_add_loop_test(tests, wait_of_a_group_ends, 0, WAYS);
    tcase_add_test(tests, children_are_as_before);
    suite_add_tcase(suite, tests);
    TCase *schedules = tcase_create("schedules");
    tcase_set_timeout(schedules, 0); /* each schedule has its own patience */
    tcase_add_test(schedules, signal_races_schedules);
    suite_add_tcase(suite, schedules);
    return suite;
}

UNIT_MAIN(shutdown_suite)
