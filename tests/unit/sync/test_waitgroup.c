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

struct job {
    struct sheaf_waitgroup group;
    atomic_uint finished;
};

struct freer {
    struct thread threads[2];
    struct sheaf_channel *jobs;
    const struct park_ops *park;
};

static void freer_main(void *argument)
{
    struct freer *freer = argument;
    struct job *job;
    while (sheaf_channel_recv(freer->jobs, &job) == SHEAF_OK) {
        atomic_fetch_add_explicit(&job->finished, 1, memory_order_relaxed);
        done(&job->group, freer->park);
    }
}

/* The sanitizers see a done that touches memory after its waiter has freed it. */
START_TEST(memory_may_be_freed_after_wait)
{
    struct freer freer = {.park = twins[_i]};
    ck_assert_int_eq(sheaf_channel_open(4, sizeof(struct job *), NULL, &freer.jobs, NULL),
                     SHEAF_OK);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(thread_start(&freer.threads[i], freer_main, &freer, "freer", NULL),
                         SHEAF_OK);
    for (unsigned round = 0; round < 1500; round++) {
        struct job *job = calloc(1, sizeof *job);
        ck_assert_ptr_nonnull(job);
        waitgroup_add(&job->group, 2, "add", freer.park);
        ck_assert_int_eq(sheaf_channel_send(freer.jobs, &job), SHEAF_OK);
        ck_assert_int_eq(sheaf_channel_send(freer.jobs, &job), SHEAF_OK);
        if (round % 3 == 0) {
            while (sheaf_waitgroup_try_wait(&job->group) != SHEAF_OK)
                (void)waitgroup_wait_until(&job->group, clock_now() + 1000, freer.park);
        } else {
            wait_for(&job->group, freer.park);
        }
        ck_assert_uint_eq(atomic_load(&job->finished), 2);
        memset(job, 0xff, sizeof *job);
        free(job);
    }
    sheaf_channel_close(freer.jobs);
    for (unsigned i = 0; i < 2; i++)
        thread_join(&freer.threads[i]);
    sheaf_channel_destroy(freer.jobs);
}
END_TEST

/* Each of many threads is done with the first group, then waits for the second. */
enum { CROWD = 16, CROWDS = 8 };

struct crowd {
    struct sheaf_waitgroup arrived;
    struct sheaf_waitgroup leave;
    const struct park_ops *park;
    atomic_uint left;
};

static void crowd_main(void *argument)
{
    struct crowd *crowd = argument;
    done(&crowd->arrived, crowd->park);
    wait_for(&crowd->leave, crowd->park);
    atomic_fetch_add(&crowd->left, 1);
}

START_TEST(nobody_leaves_before_the_last_done)
{
    struct crowd crowd = {.park = twins[_i]};
    struct thread threads[CROWD];
    for (unsigned round = 0; round < CROWDS; round++) {
        waitgroup_add(&crowd.arrived, CROWD, "add", crowd.park);
        waitgroup_add(&crowd.leave, CROWD, "add", crowd.park);
        for (unsigned i = 0; i < CROWD; i++)
            ck_assert_int_eq(thread_start(&threads[i], crowd_main, &crowd, "crowd", NULL),
                             SHEAF_OK);
        wait_for(&crowd.arrived, crowd.park);
        for (unsigned i = 0; i < CROWD; i++) {
            ck_assert_uint_eq(atomic_load(&crowd.left), round * CROWD);
            done(&crowd.leave, crowd.park);
        }
        for (unsigned i = 0; i < CROWD; i++)
            thread_join(&threads[i]);
        ck_assert_uint_eq(atomic_load(&crowd.left), (round + 1) * CROWD);
    }
    sheaf_waitgroup_destroy(&crowd.arrived);
    sheaf_waitgroup_destroy(&crowd.leave);
}
END_TEST

/* Plain memory, in the order that the wait groups alone give: for the thread sanitizer. */
enum { HANDS = 3 };

struct shared {
    struct sheaf_waitgroup group;
    struct sheaf_waitgroup readers;
    const struct park_ops *park;
    unsigned data[HANDS];
    struct hand {
        struct thread thread;
        struct shared *shared;
        unsigned index;
        unsigned sum;
    } workers[HANDS], waiters[HANDS];
};

static void write_own(void *argument)
{
    struct hand *hand = argument;
    hand->shared->data[hand->index]++;
    done(&hand->shared->group, hand->shared->park);
}

static void read_all(void *argument)
{
    struct hand *hand = argument;
    struct shared *shared = hand->shared;
    wait_for(&shared->group, shared->park);
    hand->sum = 0;
    for (unsigned i = 0; i < HANDS; i++)
        hand->sum += shared->data[i];
    done(&shared->readers, shared->park);
}

static void start_hands(struct shared *shared, struct hand *hands, thread_function *function)
{
    for (unsigned i = 0; i < HANDS; i++) {
        hands[i].shared = shared;
        hands[i].index = i;
        ck_assert_int_eq(thread_start(&hands[i].thread, function, &hands[i], "hand", NULL),
                         SHEAF_OK);
    }
}

START_TEST(what_came_before_done_is_seen_after_wait)
{
    struct shared shared = {.park = twins[_i]};
    for (unsigned round = 1; round <= 50; round++) {
        waitgroup_add(&shared.group, HANDS, "add", shared.park);
        waitgroup_add(&shared.readers, HANDS, "add", shared.park);
        start_hands(&shared, shared.waiters, read_all);
        start_hands(&shared, shared.workers, write_own);
        wait_for(&shared.group, shared.park);
        wait_for(&shared.readers, shared.park);
        for (unsigned i = 0; i < HANDS; i++) {
            ck_assert_uint_eq(shared.waiters[i].sum, HANDS * (2 * round - 1));
            shared.data[i]++;
        }
        for (unsigned i = 0; i < HANDS; i++) {
            thread_join(&shared.workers[i].thread);
            thread_join(&shared.waiters[i].thread);
        }
    }
}
END_TEST

/* Work may add more work while it is itself counted. */
static void add_more(void *argument)
{
    struct shared *shared = argument;
    waitgroup_add(&shared->group, HANDS, "add", shared->park);
    start_hands(shared, shared->workers, write_own);
    done(&shared->group, shared->park);
}

START_TEST(work_adds_work)
{
    for (unsigned round = 0; round < 50; round++) {
        struct shared shared = {.park = twins[_i]};
        struct thread thread;
        waitgroup_add(&shared.group, 1, "add", shared.park);
        ck_assert_int_eq(thread_start(&thread, add_more, &shared, "more", NULL), SHEAF_OK);
        wait_for(&shared.group, shared.park);
        for (unsigned i = 0; i < HANDS; i++)
            ck_assert_uint_eq(shared.data[i], 1);
        thread_join(&thread);
        for (unsigned i = 0; i < HANDS; i++)
            thread_join(&shared.workers[i].thread);
        sheaf_waitgroup_destroy(&shared.group);
    }
}
END_TEST

enum { ADDS = 2000 };

static void add_often(void *argument)
{
    struct shared *shared = argument;
    for (unsigned i = 0; i < ADDS; i++)
        waitgroup_add(&shared->group, 1, "add", shared->park);
    done(&shared->readers, shared->park); /* the adds are made */
    for (unsigned i = 0; i < ADDS; i++)
        done(&shared->group, shared->park);
}

/* An add that got lost would be a done too many, which aborts. */
START_TEST(adds_at_the_same_time)
{
    struct shared shared = {.park = twins[_i]};
    for (unsigned round = 0; round < 20; round++) {
        struct thread threads[HANDS];
        waitgroup_add(&shared.readers, HANDS, "add", shared.park);
        for (unsigned i = 0; i < HANDS; i++)
            ck_assert_int_eq(thread_start(&threads[i], add_often, &shared, "adder", NULL),
                             SHEAF_OK);
        wait_for(&shared.readers, shared.park);
        wait_for(&shared.group, shared.park);
        ck_assert_int_eq(sheaf_waitgroup_count(&shared.group), 0);
        for (unsigned i = 0; i < HANDS; i++)
            thread_join(&threads[i]);
    }
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

/* The group brings its own alignment along. */
START_TEST(stands_anywhere_in_a_struct)
{
    struct {
        char before;
        struct sheaf_waitgroup group;
        char after;
    } odd = {.before = 'b', .after = 'a'};
    struct thread thread;
    ck_assert_uint_eq((uintptr_t)&odd.group % sizeof(uint64_t), 0);
    sheaf_waitgroup_add(&odd.group, 1);
    ck_assert_int_eq(sheaf_waitgroup_wait_until(&odd.group, 0), SHEAF_TIMEOUT);
    ck_assert_int_eq(thread_start(&thread, done_main, &odd.group, "done", NULL), SHEAF_OK);
    sheaf_waitgroup_wait(&odd.group);
    thread_join(&thread);
    ck_assert_int_eq(odd.before, 'b');
    ck_assert_int_eq(odd.after, 'a');
    sheaf_waitgroup_destroy(&odd.group);
}
END_TEST

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
    sheaf_waitgroup_add(&group, 0);
    sheaf_waitgroup_done(&group);
    ck_assert_uint_eq(misuses, 3);
    /* All were undone; the step to the next epoch is still owed by whoever reached zero. */
    ck_assert_uint_eq(atomic_load(&group.state.word), 1);

    atomic_store(&group.state.word, 0);
    atomic_store(&group.waiting, 1);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(misuses, 4);
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
    tcase_add_loop_test(threads, nobody_leaves_before_the_last_done, 0, TWINS);
    tcase_add_loop_test(threads, what_came_before_done_is_seen_after_wait, 0, TWINS);
    tcase_add_loop_test(threads, work_adds_work, 0, TWINS);
    tcase_add_loop_test(threads, adds_at_the_same_time, 0, TWINS);
    tcase_add_test(threads, stands_anywhere_in_a_struct);
    tcase_add_test(threads, epoch_wraps);
    suite_add_tcase(suite, threads);
    return suite;
}

UNIT_MAIN(waitgroup_suite)
