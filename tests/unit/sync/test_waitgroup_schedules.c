/* The wait group under thousands of seeded schedules, over both twins of parking. */
#include "unit/sync/schedule.h"
#include "unit/unit.h"

#include "base/clock.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "sync/waitgroup.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

static const struct park_ops *park; /* the twin of the test that runs */

static void add(struct sheaf_waitgroup *group, int32_t delta)
{
    waitgroup_add(group, delta, "add", park);
}

static void wait_for(struct sheaf_waitgroup *group)
{
    ck_assert_int_eq(waitgroup_wait_until(group, DEADLINE_NONE, park), SHEAF_OK);
}

/* The thread whose misuse was found is the one that is told. */
static _Thread_local unsigned told;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)call;
    (void)what;
    (void)value;
    told++;
}

/* What the threads of a scenario share. The plain members are ordered by the wait group alone,
 * which is what the thread sanitizer checks. */
static struct {
    struct sheaf_waitgroup *group;
    unsigned finished[4];
    atomic_uint early;
    atomic_uint misuses;
    atomic_uint round;
    uint64_t seed;
} scene;

enum { THREADS_MAX = 4 };
static struct thread threads[THREADS_MAX];
static unsigned started;

static void start(thread_function *function, unsigned *number)
{
    ck_assert_uint_lt(started, THREADS_MAX);
    ck_assert_int_eq(thread_start(&threads[started], function, number, "schedule", NULL), SHEAF_OK);
    started++;
}

static void join_all(void)
{
    while (started > 0)
        thread_join(&threads[--started]);
}

static unsigned numbers[THREADS_MAX] = {0, 1, 2, 3};

static void begin(uint64_t seed, struct sheaf_waitgroup *group)
{
    memset(&scene, 0, sizeof scene);
    scene.seed = seed;
    scene.group = group;
}

static void work(void *argument)
{
    const unsigned number = *(unsigned *)argument;
    scene.finished[number] = 1;
    add(scene.group, -1);
}

/* --- Memory ------------------------------------------------------------------------------ */

/* Every other group is given back at once, which the address sanitizer watches; the others are
 * filled, and have to stay so. */
static void free_after_wait(uint64_t seed)
{
    struct sheaf_waitgroup *group = calloc(1, sizeof *group);
    unsigned char filled[sizeof *group];
    ck_assert_ptr_nonnull(group);
    begin(seed, group);
    add(group, 2);
    start(work, &numbers[0]);
    start(work, &numbers[1]);
    if (seed % 4 < 2)
        while (sheaf_waitgroup_try_wait(group) != SHEAF_OK)
            (void)waitgroup_wait_until(group, clock_now() + seed % 32 * 1000, park);
    else
        wait_for(group);
    ck_assert_uint_eq(scene.finished[0] + scene.finished[1], 2);
    memset(group, 0xa5, sizeof *group);
    memset(filled, 0xa5, sizeof filled);
    if (seed % 2 == 0)
        free(group);
    join_all();
    if (seed % 2 != 0) {
        ck_assert_mem_eq(group, filled, sizeof filled);
        free(group);
    }
}

START_TEST(freed_right_after_the_wait)
{
    park = twins[_i];
    schedule_each("freed_right_after_the_wait", free_after_wait);
}
END_TEST

/* --- Rounds ------------------------------------------------------------------------------ */

enum { ROUNDS = 3 };

/* Works once in each round that the owner opens, or waits at its own pace. */
static void work_in_rounds(void *argument)
{
    const unsigned number = *(unsigned *)argument;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        while (atomic_load(&scene.round) < round)
            (void)sched_yield();
        scene.finished[number]++;
        add(scene.group, -1);
    }
}

static void wait_in_rounds(void *argument)
{
    (void)argument;
    for (unsigned turn = 0; turn < ROUNDS; turn++)
        wait_for(scene.group);
}

static void use_again(uint64_t seed)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    begin(seed, &group);
    start(work_in_rounds, &numbers[0]);
    start(work_in_rounds, &numbers[1]);
    start(wait_in_rounds, &numbers[2]);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        add(&group, 2);
        atomic_store(&scene.round, round);
        wait_for(&group);
        ck_assert_uint_eq(scene.finished[0], round);
        ck_assert_uint_eq(scene.finished[1], round);
    }
    join_all();
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(told, 0);
}

START_TEST(used_again_while_others_still_return)
{
    (void)sheaf_misuse_handle(note_misuse);
    park = twins[_i];
    schedule_each("used_again_while_others_still_return", use_again);
}
END_TEST

/* --- Many waiters -------------------------------------------------------------------------- */

static void wait_for_work(void *argument)
{
    (void)argument;
    wait_for(scene.group);
    if (scene.finished[3] != 1)
        atomic_fetch_add(&scene.early, 1);
}

static void wait_by_many(uint64_t seed)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    begin(seed, &group);
    add(&group, 1);
    for (unsigned i = 0; i < 3; i++)
        start(wait_for_work, &numbers[i]);
    work(&numbers[3]);
    join_all();
    ck_assert_uint_eq(atomic_load(&scene.early), 0);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(told, 0);
}

START_TEST(one_done_releases_all_waiters)
{
    (void)sheaf_misuse_handle(note_misuse);
    park = twins[_i];
    schedule_each("one_done_releases_all_waiters", wait_by_many);
}
END_TEST

/* --- Deadlines ------------------------------------------------------------------------------ */

/* Waits with deadlines around the moment when the work ends. */
static void wait_briefly(void *argument)
{
    const unsigned number = *(unsigned *)argument;
    uint64_t state = scene.seed + number;
    enum sheaf_status status;
    do
        status = waitgroup_wait_until(scene.group, clock_now() + unit_random(&state) % 65536, park);
    while (status == SHEAF_TIMEOUT);
    if (status != SHEAF_OK || scene.finished[2] != 1 || scene.finished[3] != 1)
        atomic_fetch_add(&scene.early, 1);
}

static void race_deadlines(uint64_t seed)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    begin(seed, &group);
    add(&group, 2);
    start(wait_briefly, &numbers[0]);
    start(wait_briefly, &numbers[1]);
    start(work, &numbers[2]);
    work(&numbers[3]);
    wait_for(&group);
    join_all();
    ck_assert_uint_eq(atomic_load(&scene.early), 0);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(told, 0);
}

START_TEST(deadlines_race_the_last_done)
{
    (void)sheaf_misuse_handle(note_misuse);
    park = twins[_i];
    schedule_each("deadlines_race_the_last_done", race_deadlines);
}
END_TEST

/* --- Misuse ------------------------------------------------------------------------------ */

static unsigned late_adds;

/* Adds when it may be too late. Who is told so has added nothing. */
static void add_late(void *argument)
{
    (void)argument;
    add(scene.group, 1);
    if (told > 0)
        atomic_fetch_add(&scene.misuses, told);
    else
        add(scene.group, -1);
}

static void wait_twice(void *argument)
{
    wait_for_work(argument);
    wait_for(scene.group);
}

static void come_too_late(uint64_t seed)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    begin(seed, &group);
    add(&group, 1);
    start(wait_twice, &numbers[0]);
    start(wait_for_work, &numbers[1]);
    start(add_late, &numbers[2]);
    work(&numbers[3]);
    join_all();
    ck_assert_uint_eq(atomic_load(&scene.early), 0);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), 0);
    ck_assert_uint_le(atomic_load(&scene.misuses), 1);
    late_adds += atomic_load(&scene.misuses);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(told, 0);
}

START_TEST(an_add_that_comes_too_late_is_undone)
{
    (void)sheaf_misuse_handle(note_misuse);
    park = twins[_i];
    schedule_each("an_add_that_comes_too_late_is_undone", come_too_late);
    /* It is a matter of luck, but not of that much. */
    ck_assert(late_adds > 0 || schedule_number("SHEAF_TEST_SEEDS", SCHEDULE_SEEDS) < 1000 ||
              schedule_number("SHEAF_TEST_SEED", 0) != 0);
}
END_TEST

static void done_and_tell(void *argument)
{
    (void)argument;
    add(scene.group, -1);
    atomic_fetch_add(&scene.misuses, told);
}

static void wait_once(void *argument)
{
    (void)argument;
    wait_for(scene.group);
}

/* Two dones of one piece of work, with a waiter in between: one of them is a misuse. */
static void do_too_often(uint64_t seed)
{
    struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
    begin(seed, &group);
    add(&group, 1);
    start(done_and_tell, &numbers[0]);
    start(done_and_tell, &numbers[1]);
    start(wait_once, &numbers[2]);
    wait_for(&group);
    join_all();
    ck_assert_uint_eq(atomic_load(&scene.misuses), 1);
    ck_assert_int_eq(sheaf_waitgroup_count(&group), 0);
    sheaf_waitgroup_destroy(&group);
    ck_assert_uint_eq(told, 0);
}

START_TEST(one_of_two_dones_is_told)
{
    (void)sheaf_misuse_handle(note_misuse);
    park = twins[_i];
    schedule_each("one_of_two_dones_is_told", do_too_often);
}
END_TEST

static Suite *waitgroup_schedules_suite(void)
{
    Suite *suite = suite_create("waitgroup_schedules");
    TCase *tests = tcase_create("twins");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, freed_right_after_the_wait, 0, TWINS);
    tcase_add_loop_test(tests, used_again_while_others_still_return, 0, TWINS);
    tcase_add_loop_test(tests, one_done_releases_all_waiters, 0, TWINS);
    tcase_add_loop_test(tests, deadlines_race_the_last_done, 0, TWINS);
    tcase_add_loop_test(tests, an_add_that_comes_too_late_is_undone, 0, TWINS);
    tcase_add_loop_test(tests, one_of_two_dones_is_told, 0, TWINS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(waitgroup_schedules_suite)
