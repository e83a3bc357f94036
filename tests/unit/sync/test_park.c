/* Parking: both twins keep the same promises. */
#include "unit/unit.h"

#include "base/clock.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/thread.h"

#include <sys/mman.h>

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

START_TEST(changed_word_returns_at_once)
{
    _Atomic uint32_t word = 1;
    ck_assert_int_eq(twins[_i]->wait(&word, 0, DEADLINE_NONE), SHEAF_OK);
}
END_TEST

START_TEST(deadline_passes)
{
    _Atomic uint32_t word = 0;
    const uint64_t deadline = clock_now() + 2000000;
    enum sheaf_status status;
    do
        status = twins[_i]->wait(&word, 0, deadline);
    while (status == SHEAF_OK && clock_now() < deadline);
    ck_assert_uint_ge(clock_now(), deadline);
    ck_assert_int_eq(twins[_i]->wait(&word, 0, 0), SHEAF_TIMEOUT);
}
END_TEST

struct ping {
    struct thread thread;
    const struct park_ops *park;
    _Atomic uint32_t turn;
};
enum { TURNS = 2000 };

static void take_turns(struct ping *ping, uint32_t parity)
{
    for (uint32_t turn = parity; turn < TURNS; turn += 2) {
        uint32_t now = atomic_load(&ping->turn);
        while (now != turn) {
            (void)ping->park->wait(&ping->turn, now, DEADLINE_NONE);
            now = atomic_load(&ping->turn);
        }
        atomic_store(&ping->turn, turn + 1);
        ping->park->wake_all(&ping->turn);
    }
}

static void odd_turns(void *argument)
{
    take_turns(argument, 1);
}

/* A lost wake would hang this. */
START_TEST(two_threads_take_turns)
{
    struct ping ping = {.park = twins[_i]};
    ck_assert_int_eq(thread_start(&ping.thread, odd_turns, &ping, "odd", NULL), SHEAF_OK);
    take_turns(&ping, 0);
    thread_join(&ping.thread);
    ck_assert_uint_eq(atomic_load(&ping.turn), TURNS);
}
END_TEST

START_TEST(waking_never_touches_the_word)
{
    const size_t size = 1 << 16;
    void *page = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(page, MAP_FAILED);
    twins[_i]->wake_all(page);
    twins[_i]->wake_one(page);
    ck_assert_int_eq(munmap(page, size), 0);
    twins[_i]->wake_all(page);
}
END_TEST

struct sleeper {
    struct thread thread;
    const struct park_ops *park;
    _Atomic uint32_t *word;
};

static void sleep_once(void *argument)
{
    struct sleeper *sleeper = argument;
    while (atomic_load(sleeper->word) == 0)
        (void)sleeper->park->wait(sleeper->word, 0, DEADLINE_NONE);
}

/* As many calls of wake_one as there are sleepers leave none asleep. */
START_TEST(each_wake_one_wakes_somebody)
{
    enum { SLEEPERS = 3 };
    for (unsigned round = 0; round < 100; round++) {
        struct sleeper sleepers[SLEEPERS];
        _Atomic uint32_t word = 0;
        for (unsigned i = 0; i < SLEEPERS; i++) {
            sleepers[i] = (struct sleeper){.park = twins[_i], .word = &word};
            ck_assert_int_eq(
                thread_start(&sleepers[i].thread, sleep_once, &sleepers[i], "sleeper", NULL),
                SHEAF_OK);
        }
        atomic_store(&word, 1);
        for (unsigned i = 0; i < SLEEPERS; i++)
            twins[_i]->wake_one(&word);
        for (unsigned i = 0; i < SLEEPERS; i++)
            thread_join(&sleepers[i].thread);
    }
}
END_TEST

static Suite *park_suite(void)
{
    Suite *suite = suite_create("park");
    TCase *tests = tcase_create("twins");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, changed_word_returns_at_once, 0, TWINS);
    tcase_add_loop_test(tests, deadline_passes, 0, TWINS);
    tcase_add_loop_test(tests, two_threads_take_turns, 0, TWINS);
    tcase_add_loop_test(tests, each_wake_one_wakes_somebody, 0, TWINS);
    tcase_add_loop_test(tests, waking_never_touches_the_word, 0, TWINS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(park_suite)
