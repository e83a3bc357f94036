#include "unit/sync/channels.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sync/cancel_inner.h"
#include "sync/thread.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

static int is_readable(int descriptor)
{
    struct pollfd poller = {.fd = descriptor, .events = POLLIN};
    return poll(&poller, 1, 0);
}

START_TEST(set_once)
{
    struct sheaf_cancel *cancel = make_token();
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
    struct sheaf_cancel_watch watch;
    ck_assert_int_eq(sheaf_cancel_reason(NULL), 0);
    ck_assert_int_eq(sheaf_cancel_descriptor(NULL), -1);
    sheaf_cancel_watch(NULL, &watch, NULL, NULL);
    sheaf_cancel_unwatch(NULL, &watch);
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
    struct sheaf_cancel *cancel = make_token();
    struct thread thread;
    ck_assert_int_eq(thread_start(&thread, set_it, cancel, "setter", NULL), SHEAF_OK);
    struct pollfd poller = {.fd = sheaf_cancel_descriptor(cancel), .events = POLLIN};
    ck_assert_int_eq(poll(&poller, 1, -1), 1);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 1);
    thread_join(&thread);
    sheaf_cancel_close(cancel);
}
END_TEST

/* Somebody who watches, and what it has seen. */
struct watcher {
    struct sheaf_cancel_watch watch;
    atomic_uint calls;
    int reason;
    uint64_t thread;
};

static void note(void *argument, int reason)
{
    struct watcher *watcher = argument;
    watcher->reason = reason;
    watcher->thread = thread_id();
    atomic_fetch_add(&watcher->calls, 1);
}

static void watch(struct sheaf_cancel *cancel, struct watcher *watcher)
{
    sheaf_cancel_watch(cancel, &watcher->watch, note, watcher);
}

START_TEST(watchers_are_called_once)
{
    struct watcher watchers[3] = {{.calls = 0}};
    struct sheaf_cancel *cancel = make_token();
    for (unsigned i = 0; i < 3; i++)
        watch(cancel, &watchers[i]);
    ck_assert_uint_eq(watchers[0].calls, 0);
    sheaf_cancel_set(cancel, 7);
    sheaf_cancel_set(cancel, 8);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(watchers[i].calls, 1);
        ck_assert_int_eq(watchers[i].reason, 7);
        sheaf_cancel_unwatch(cancel, &watchers[i].watch);
    }
    sheaf_cancel_close(cancel);
}
END_TEST

START_TEST(watching_a_set_token_calls_at_once)
{
    struct watcher watcher = {.calls = 0};
    struct thread thread;
    struct sheaf_cancel *cancel = make_token();
    ck_assert_int_eq(thread_start(&thread, set_it, cancel, "setter", NULL), SHEAF_OK);
    thread_join(&thread);
    watch(cancel, &watcher);
    ck_assert_uint_eq(watcher.calls, 1);
    ck_assert_int_eq(watcher.reason, 1);
    ck_assert(watcher.thread == thread_id());
    sheaf_cancel_set(cancel, 2);
    ck_assert_uint_eq(watcher.calls, 1);
    sheaf_cancel_unwatch(cancel, &watcher.watch);
    sheaf_cancel_close(cancel);
}
END_TEST

/* The first half alone, as a signal handler does it: nobody is called until somebody announces,
 * save who comes later. */
START_TEST(marked_is_announced_later)
{
    struct watcher before = {.calls = 0};
    struct watcher after = {.calls = 0};
    struct sheaf_cancel *cancel = make_token();
    watch(cancel, &before);
    cancel_mark(cancel, 15);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 15);
    ck_assert_int_eq(is_readable(sheaf_cancel_descriptor(cancel)), 1);
    ck_assert_uint_eq(before.calls, 0);
    watch(cancel, &after);
    ck_assert_uint_eq(after.calls, 1);
    sheaf_cancel_set(cancel, 2);
    cancel_announce(cancel);
    ck_assert_uint_eq(before.calls, 1);
    ck_assert_int_eq(before.reason, 15);
    ck_assert_uint_eq(after.calls, 1);
    sheaf_cancel_close(cancel);
}
END_TEST

START_TEST(a_reason_of_0_still_sets_it)
{
    struct watcher watcher = {.calls = 0};
    struct sheaf_cancel *cancel = make_token();
    watch(cancel, &watcher);
    sheaf_cancel_set(cancel, 0);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 1);
    ck_assert_int_eq(watcher.reason, 1);
    sheaf_cancel_close(cancel);
}
END_TEST

/* Watches and unwatches at random, against an array of what is being watched. */
START_TEST(any_order_of_watching)
{
    enum { WATCHERS = 8, ROUNDS = 2000 };
    uint64_t random = unit_seed("any_order_of_watching", 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct watcher watchers[WATCHERS] = {{.calls = 0}};
        bool watched[WATCHERS] = {false};
        struct sheaf_cancel *cancel = make_token();
        for (unsigned steps = unit_random(&random) % 32; steps > 0; steps--) {
            const unsigned i = unit_random(&random) % WATCHERS;
            if (watched[i]) {
                sheaf_cancel_unwatch(cancel, &watchers[i].watch);
                memset(&watchers[i].watch, 0xa5, sizeof watchers[i].watch);
            } else {
                watch(cancel, &watchers[i]);
            }
            watched[i] = !watched[i];
        }
        sheaf_cancel_set(cancel, 1);
        for (unsigned i = 0; i < WATCHERS; i++)
            ck_assert_uint_eq(watchers[i].calls, watched[i]);
        sheaf_cancel_close(cancel);
    }
}
END_TEST

/* What a function that is called may do with its own token. */
struct inside {
    struct sheaf_cancel *cancel;
    struct watcher own; /* unwatches itself: its memory is not touched any more */
    struct watcher other;
    struct watcher fresh;
    unsigned calls;
};

static void use_the_token(void *argument, int reason)
{
    struct inside *inside = argument;
    inside->calls++;
    sheaf_cancel_set(inside->cancel, reason + 1);
    sheaf_cancel_unwatch(inside->cancel, &inside->own.watch);
    memset(&inside->own.watch, 0xa5, sizeof inside->own.watch);
    sheaf_cancel_unwatch(inside->cancel, &inside->other.watch);
    watch(inside->cancel, &inside->fresh);
}

START_TEST(called_functions_may_use_the_token)
{
    struct inside inside = {.cancel = make_token()};
    struct watcher last = {.calls = 0};
    watch(inside.cancel, &last);
    watch(inside.cancel, &inside.other); /* the latest is called first */
    sheaf_cancel_watch(inside.cancel, &inside.own.watch, use_the_token, &inside);
    sheaf_cancel_set(inside.cancel, 3);
    ck_assert_uint_eq(inside.calls, 1);
    ck_assert_uint_eq(inside.other.calls, 0);
    ck_assert_uint_eq(inside.fresh.calls, 1);
    ck_assert_int_eq(inside.fresh.reason, 3);
    ck_assert_uint_eq(last.calls, 1);
    ck_assert_int_eq(last.reason, 3);
    sheaf_cancel_close(inside.cancel);
}
END_TEST

/* A call that takes as long as the test wants. */
struct slow {
    struct sheaf_cancel *cancel;
    struct sheaf_cancel_watch watch;
    struct sheaf_channel *entered;
    struct sheaf_channel *leave;
    atomic_bool over;
    atomic_bool unwatched;
};

static void be_slow(void *argument, int reason)
{
    struct slow *slow = argument;
    char item;
    (void)reason;
    (void)sheaf_channel_send(slow->entered, "");
    (void)sheaf_channel_recv(slow->leave, &item);
    atomic_store(&slow->over, true);
}

static void set_slow(void *argument)
{
    sheaf_cancel_set(((struct slow *)argument)->cancel, 1);
}

static void unwatch_slow(void *argument)
{
    struct slow *slow = argument;
    sheaf_cancel_unwatch(slow->cancel, &slow->watch);
    atomic_store(&slow->unwatched, true);
}

START_TEST(unwatch_waits_for_the_call)
{
    struct slow slow = {.cancel = make_token()};
    struct watcher next = {.calls = 0};
    struct thread threads[2];
    char item;
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &slow.entered, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &slow.leave, NULL), SHEAF_OK);
    watch(slow.cancel, &next);
    sheaf_cancel_watch(slow.cancel, &slow.watch, be_slow, &slow);
    ck_assert_int_eq(thread_start(&threads[0], set_slow, &slow, "setter", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_recv(slow.entered, &item), SHEAF_OK);
    ck_assert_int_eq(thread_start(&threads[1], unwatch_slow, &slow, "unwatcher", NULL), SHEAF_OK);
    /* A second set neither waits for the call nor repeats it; another's unwatch does not wait. */
    sheaf_cancel_set(slow.cancel, 2);
    sheaf_cancel_unwatch(slow.cancel, &next.watch);
    for (unsigned i = 0; i < 1000; i++) {
        (void)sched_yield();
        ck_assert(!atomic_load(&slow.unwatched));
    }
    ck_assert_int_eq(sheaf_channel_send(slow.leave, ""), SHEAF_OK);
    thread_join(&threads[1]);
    ck_assert(atomic_load(&slow.over));
    thread_join(&threads[0]);
    ck_assert_uint_eq(next.calls, 0);
    sheaf_channel_destroy(slow.entered);
    sheaf_channel_destroy(slow.leave);
    sheaf_cancel_close(slow.cancel);
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
    tcase_add_test(tests, watchers_are_called_once);
    tcase_add_test(tests, watching_a_set_token_calls_at_once);
    tcase_add_test(tests, marked_is_announced_later);
    tcase_add_test(tests, a_reason_of_0_still_sets_it);
    tcase_add_test(tests, any_order_of_watching);
    tcase_add_test(tests, called_functions_may_use_the_token);
    tcase_add_test(tests, unwatch_waits_for_the_call);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(cancel_suite)
