/* The cancel token under seeded schedules: set, watch and unwatch from several threads. */
#include "sheaf/cancel.h"
#include "sync/cancel_inner.h"
#include "sync/thread.h"
#include "unit/sync/channels.h"
#include "unit/sync/schedule.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Somebody who watches. What goes wrong on other threads is counted, and judged by the test. */
struct watcher {
    struct sheaf_cancel *cancel;
    struct sheaf_cancel_watch watch;
    atomic_uint calls;
    atomic_int reason;
    atomic_bool inside;
    atomic_bool gone; /* unwatch has returned */
    atomic_uint late; /* calls that began, or went on, after that */
};

static void note(void *argument, int reason)
{
    struct watcher *watcher = argument;
    atomic_fetch_add(&watcher->calls, 1);
    atomic_store(&watcher->reason, reason);
    atomic_store(&watcher->inside, true);
    STEP(test_inside);
    atomic_store(&watcher->inside, false);
    if (atomic_load(&watcher->gone))
        atomic_fetch_add(&watcher->late, 1);
}

static void watch(struct watcher *watcher)
{
    sheaf_cancel_watch(watcher->cancel, &watcher->watch, note, watcher);
}

/* From here on the memory of the watch is somebody else's. */
static void unwatch(struct watcher *watcher)
{
    sheaf_cancel_unwatch(watcher->cancel, &watcher->watch);
    if (atomic_load(&watcher->inside))
        atomic_fetch_add(&watcher->late, 1);
    atomic_store(&watcher->gone, true);
    memset(&watcher->watch, 0xa5, sizeof watcher->watch);
}

static void start(struct thread *thread, thread_function *function, void *argument)
{
    ck_assert_int_eq(thread_start(thread, function, argument, "scenario", NULL), SHEAF_OK);
}

static void set_to_1(void *argument)
{
    sheaf_cancel_set(argument, 1);
}

static void come_and_go(void *argument)
{
    watch(argument);
    unwatch(argument);
}

/* Two set the token while one watches for good, one goes, and one comes and goes. */
static void set_by_two(uint64_t seed)
{
    struct sheaf_cancel *cancel = make_token();
    struct watcher stays = {.cancel = cancel};
    struct watcher goes = {.cancel = cancel};
    struct watcher comes = {.cancel = cancel};
    struct thread threads[2];
    (void)seed;
    watch(&stays);
    watch(&goes);
    start(&threads[0], set_to_1, cancel);
    start(&threads[1], come_and_go, &comes);
    unwatch(&goes);
    sheaf_cancel_set(cancel, 2);
    for (unsigned i = 0; i < 2; i++)
        thread_join(&threads[i]);
    const int reason = sheaf_cancel_reason(cancel);
    ck_assert(reason == 1 || reason == 2);
    ck_assert_uint_eq(stays.calls, 1);
    ck_assert_int_eq(stays.reason, reason);
    ck_assert_uint_le(goes.calls, 1);
    ck_assert_uint_le(comes.calls, 1);
    ck_assert_uint_eq(goes.late + comes.late, 0);
    unwatch(&stays);
    ck_assert_uint_eq(stays.late, 0);
    sheaf_cancel_close(cancel);
}

static void mark_with_15(void *argument)
{
    cancel_mark(argument, 15);
}

static void watch_it(void *argument)
{
    watch(argument);
}

/* The two halves on two threads, as shutdown has it, while somebody comes to watch: it is called
 * by itself or by the announcement, once. */
static void marked_and_announced(uint64_t seed)
{
    struct sheaf_cancel *cancel = make_token();
    struct watcher early = {.cancel = cancel};
    struct watcher racing = {.cancel = cancel};
    struct thread threads[2];
    (void)seed;
    watch(&early);
    start(&threads[0], mark_with_15, cancel);
    start(&threads[1], watch_it, &racing);
    thread_join(&threads[0]);
    cancel_announce(cancel);
    ck_assert_uint_eq(early.calls, 1);
    thread_join(&threads[1]);
    ck_assert_uint_eq(racing.calls, 1);
    ck_assert_int_eq(racing.reason, 15);
    unwatch(&racing);
    unwatch(&early);
    ck_assert_uint_eq(early.late + racing.late, 0);
    sheaf_cancel_close(cancel);
}

/* A function that unwatches another's watch, and now and then its own. */
struct circle {
    struct watcher first;
    struct watcher second;
    bool leaves; /* by itself, else main unwatches it */
    atomic_uint calls;
};

static void unwatch_second(void *argument, int reason)
{
    struct circle *circle = argument;
    atomic_fetch_add(&circle->calls, 1);
    unwatch(&circle->second);
    sheaf_cancel_set(circle->first.cancel, reason + 1);
    if (circle->leaves)
        unwatch(&circle->first);
}

static void unwatched_from_inside(uint64_t seed)
{
    struct sheaf_cancel *cancel = make_token();
    struct circle circle = {
        .first.cancel = cancel, .second.cancel = cancel, .leaves = seed % 2 != 0};
    struct thread threads[2];
    watch(&circle.second);
    sheaf_cancel_watch(cancel, &circle.first.watch, unwatch_second, &circle);
    start(&threads[0], set_to_1, cancel);
    start(&threads[1], set_to_1, cancel);
    if (!circle.leaves)
        unwatch(&circle.first);
    const unsigned calls = circle.calls;
    for (unsigned i = 0; i < 2; i++)
        thread_join(&threads[i]);
    ck_assert_uint_le(circle.calls, 1);
    ck_assert(circle.leaves ? circle.calls == 1 : circle.calls == calls);
    /* The latest is called first; had it gone by then, the other one is called. */
    ck_assert_uint_eq(circle.second.calls, 1 - circle.calls);
    ck_assert_uint_eq(circle.second.late, 0);
    ck_assert_int_eq(sheaf_cancel_reason(cancel), 1);
    sheaf_cancel_close(cancel);
}

START_TEST(set_by_two_schedules)
{
    schedule_each("set by two", set_by_two);
}
END_TEST

START_TEST(marked_and_announced_schedules)
{
    schedule_each("marked and announced", marked_and_announced);
}
END_TEST

START_TEST(unwatched_from_inside_schedules)
{
    schedule_each("unwatched from inside", unwatched_from_inside);
}
END_TEST

static Suite *schedules_suite(void)
{
    Suite *suite = suite_create("cancel schedules");
    TCase *tests = tcase_create("cancel schedules");
    tcase_set_timeout(tests, 0); /* each schedule has its own patience */
    tcase_add_test(tests, set_by_two_schedules);
    tcase_add_test(tests, marked_and_announced_schedules);
    tcase_add_test(tests, unwatched_from_inside_schedules);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(schedules_suite)
