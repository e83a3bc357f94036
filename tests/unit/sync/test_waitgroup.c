/* The wait group, over both twins of parking. */
#include "unit/unit.h"

#include "base/clock.h"
#include "sheaf/channel.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "sync/waitgroup.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

/* What the last misuse was, and how many there were. */
static const char *misuse_call;
static int64_t misuse_value;
static unsigned misuses;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)what;
    misuse_call = call;
    misuse_value = value;
    misuses++;
}

static void done(struct sheaf_waitgroup *group, const struct park_ops *park)
{
    waitgroup_add(group, -1, "done", park);
}

static void wait_for(struct sheaf_waitgroup *group, const struct park_ops *park)
{
    (void)waitgroup_wait_until(group, DEADLINE_NONE, park);
}

START_TEST(counts)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    ck_assert_int_eq(sheaf_waitgroup_count(&group), 0);
    ck_assert_int_eq(sheaf_waitgroup_try_wait(&group), SHEAF_OK);
    sheaf_waitgroup_wait(&group);
    sheaf_waitgroup_add(&group, 3);
    sheaf_waitgroup_add(&group, 0);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), 3);
    ck_assert_int_eq(sheaf_waitgroup_try_wait(&group), SHEAF_BUSY);
    sheaf_waitgroup_done(&group);
    sheaf_waitgroup_add(&group, -2);
    ck_assert_int_eq(sheaf_waitgroup_try_wait(&group), SHEAF_OK);
    ck_assert_int_eq(sheaf_waitgroup_wait_until(&group, 0), SHEAF_OK);
    sheaf_waitgroup_destroy(&group);
}
END_TEST

enum { WORKERS = 3, ROUNDS = 300 };

/* Main opens round r by bringing start[r % 2] to zero, after it has counted start of the round
 * after. The waiters check a plain variable of the round, add to plain slots, and say done. */
struct rounds {
    struct sheaf_waitgroup start[2];
    struct sheaf_waitgroup back;
    const struct park_ops *park;
    unsigned round;
    struct waiter {
        struct thread thread;
        struct rounds *rounds;
        unsigned seen;
        unsigned wrong;
    } waiters[WORKERS];
};

static void waiter_main(void *argument)
{
    struct waiter *waiter = argument;
    struct rounds *rounds = waiter->rounds;
    for (unsigned round = 0; round < ROUNDS; round++) {
        wait_for(&rounds->start[round % 2], rounds->park);
        waiter->wrong += rounds->round != round;
        waiter->seen++;
        done(&rounds->back, rounds->park);
    }
}

START_TEST(many_waiters_over_many_epochs)
{
    static struct rounds rounds;
    rounds.park = twins[_i];
    waitgroup_add(&rounds.start[0], 1, "add", rounds.park);
    for (unsigned i = 0; i < WORKERS; i++) {
        rounds.waiters[i].rounds = &rounds;
        ck_assert_int_eq(thread_start(&rounds.waiters[i].thread, waiter_main, &rounds.waiters[i],
                                      "waiter", NULL),
                         SHEAF_OK);
    }
    unsigned early = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        rounds.round = round;
        waitgroup_add(&rounds.back, WORKERS, "add", rounds.park);
        waitgroup_add(&rounds.start[(round + 1) % 2], 1, "add", rounds.park);
        done(&rounds.start[round % 2], rounds.park);
        wait_for(&rounds.back, rounds.park);
        for (unsigned i = 0; i < WORKERS; i++)
            early += rounds.waiters[i].seen != round + 1;
    }
    ck_assert_uint_eq(early, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        thread_join(&rounds.waiters[i].thread);
        ck_assert_uint_eq(rounds.waiters[i].wrong, 0);
    }
    sheaf_waitgroup_destroy(&rounds.back);
    sheaf_waitgroup_destroy(&rounds.start[(ROUNDS + 1) % 2]);
}
END_TEST

struct freer {
    struct thread threads[2];
    struct sheaf_channel *groups;
    const struct park_ops *park;
};

static void freer_main(void *argument)
{
    struct freer *freer = argument;
    struct sheaf_waitgroup *group;
    while (sheaf_channel_recv(freer->groups, &group) == SHEAF_OK)
        done(group, freer->park);
}

/* The sanitizers see a done that touches memory after its waiter has freed it. */
START_TEST(memory_may_be_freed_after_wait)
{
    struct freer freer = {.park = twins[_i]};
    ck_assert_int_eq(sheaf_channel_open(4, sizeof(struct sheaf_waitgroup *), &freer.groups, NULL),
                     SHEAF_OK);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(thread_start(&freer.threads[i], freer_main, &freer, "freer", NULL),
                         SHEAF_OK);
    for (unsigned round = 0; round < 1500; round++) {
        struct sheaf_waitgroup *group = calloc(1, sizeof *group);
        ck_assert_ptr_nonnull(group);
        waitgroup_add(group, 2, "add", freer.park);
        ck_assert_int_eq(sheaf_channel_send(freer.groups, &group), SHEAF_OK);
        ck_assert_int_eq(sheaf_channel_send(freer.groups, &group), SHEAF_OK);
        if (round % 3 == 0) {
            while (sheaf_waitgroup_try_wait(group) != SHEAF_OK)
                (void)waitgroup_wait_until(group, clock_now() + 1000, freer.park);
        } else {
            wait_for(group, freer.park);
        }
        memset(group, 0xff, sizeof *group);
        free(group);
    }
    sheaf_channel_close(freer.groups);
    for (unsigned i = 0; i < 2; i++)
        thread_join(&freer.threads[i]);
    sheaf_channel_destroy(freer.groups);
}
END_TEST

START_TEST(deadlines)
{
    const struct park_ops *park = twins[_i];
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    waitgroup_add(&group, 1, "add", park);
    ck_assert_int_eq(waitgroup_wait_until(&group, 0, park), SHEAF_TIMEOUT);
    const uint64_t deadline = clock_now() + 2000000;
    ck_assert_int_eq(waitgroup_wait_until(&group, deadline, park), SHEAF_TIMEOUT);
    ck_assert_uint_ge(clock_now(), deadline);
    /* The flag that the timed-out waits left behind harms nobody. */
    done(&group, park);
    ck_assert_int_eq(waitgroup_wait_until(&group, 0, park), SHEAF_OK);
    waitgroup_add(&group, 1, "add", park);
    ck_assert_int_eq(waitgroup_wait_until(&group, 0, park), SHEAF_TIMEOUT);
    done(&group, park);
    sheaf_waitgroup_destroy(&group);
}
END_TEST

static void done_main(void *argument)
{
    sheaf_waitgroup_done(argument);
}

START_TEST(epoch_wraps)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    atomic_store(&group.state.word, UINT64_C(0xfffffffe));
    for (unsigned round = 0; round < 4; round++) {
        struct thread thread;
        sheaf_waitgroup_add(&group, 1);
        ck_assert_int_eq(sheaf_waitgroup_wait_until(&group, 0), SHEAF_TIMEOUT);
        ck_assert_int_eq(thread_start(&thread, done_main, &group, "done", NULL), SHEAF_OK);
        sheaf_waitgroup_wait(&group);
        ck_assert_int_eq(sheaf_waitgroup_count(&group), 0);
        thread_join(&thread);
    }
    ck_assert_uint_lt(atomic_load(&group.state.word), 16);
    sheaf_waitgroup_destroy(&group);
}
END_TEST

START_TEST(misuse_is_reported)
{
    ck_assert(sheaf_misuse_handle(note_misuse) != NULL);
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_done(&group);
    ck_assert_uint_eq(misuses, 1);
    ck_assert_str_eq(misuse_call, "sheaf_waitgroup_done");
    ck_assert_int_eq(misuse_value, -1);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), 0);

    sheaf_waitgroup_add(&group, INT32_MAX);
    ck_assert_uint_eq(misuses, 1);
    sheaf_waitgroup_add(&group, 1);
    ck_assert_uint_eq(misuses, 2);
    ck_assert_int_eq(misuse_value, INT64_C(1) << 31);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), INT32_MAX);
    sheaf_waitgroup_add(&group, INT32_MIN);
    ck_assert_uint_eq(misuses, 3);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), INT32_MAX);

    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(misuses, 4);
    ck_assert_str_eq(misuse_call, "sheaf_waitgroup_destroy");
    ck_assert_int_eq(misuse_value, INT32_MAX);
    sheaf_waitgroup_add(&group, -INT32_MAX);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(misuses, 4);
    ck_assert(sheaf_misuse_handle(NULL) == note_misuse);
}
END_TEST

/* The moments between zero and the release, and between a waiter's release and its return, are
 * too short to hit from outside: the words are put there. */
START_TEST(misuse_in_between)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    atomic_store(&group.state.word, 1);
    ck_assert_int_eq(sheaf_waitgroup_try_wait(&group), SHEAF_BUSY);
    ck_assert_int_eq(sheaf_waitgroup_wait_until(&group, 0), SHEAF_TIMEOUT);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(misuses, 1);
    sheaf_waitgroup_add(&group, 1);
    ck_assert_uint_eq(misuses, 2);
    ck_assert_str_eq(misuse_call, "sheaf_waitgroup_add");
    ck_assert_int_eq(sheaf_waitgroup_try_wait(&group), SHEAF_OK);

    atomic_store(&group.waiting, 1);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(misuses, 3);
}
END_TEST

START_TEST(misuse_aborts_by_default)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_done(&group);
}
END_TEST

/* Random steps against a plain counter that knows the rules. */
START_TEST(counts_as_a_counter_does)
{
    uint64_t state = unit_seed("counts_as_a_counter_does", 1);
    (void)sheaf_misuse_handle(note_misuse);
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    int64_t model = 0;
    unsigned expected = 0;
    for (unsigned step = 0; step < 100000; step++) {
        const uint64_t word = unit_random(&state);
        const int32_t delta = (int32_t)(word >> 32) >> (word % 32);
        if (word % 64 == 0)
            (void)sheaf_waitgroup_wait_until(&group, 0); /* leaves a flag behind */
        sheaf_waitgroup_add(&group, delta);
        if (model + delta < 0 || model + delta > INT32_MAX)
            expected++;
        else
            model += delta;
        ck_assert_int_eq(sheaf_waitgroup_count(&group), model);
        ck_assert_int_eq(sheaf_waitgroup_try_wait(&group) == SHEAF_OK, model == 0);
    }
    ck_assert_uint_eq(misuses, expected);
}
END_TEST

static Suite *waitgroup_suite(void)
{
    Suite *suite = suite_create("waitgroup");
    TCase *one = tcase_create("one thread");
    tcase_set_timeout(one, 60);
    tcase_add_test(one, counts);
    tcase_add_test(one, misuse_is_reported);
    tcase_add_test(one, misuse_in_between);
    tcase_add_test_raise_signal(one, misuse_aborts_by_default, SIGABRT);
    tcase_add_test(one, counts_as_a_counter_does);
    suite_add_tcase(suite, one);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 60);
    tcase_add_loop_test(threads, deadlines, 0, TWINS);
    tcase_add_loop_test(threads, many_waiters_over_many_epochs, 0, TWINS);
    tcase_add_loop_test(threads, memory_may_be_freed_after_wait, 0, TWINS);
    tcase_add_test(threads, epoch_wraps);
    suite_add_tcase(suite, threads);
    return suite;
}

UNIT_MAIN(waitgroup_suite)
