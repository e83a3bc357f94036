/* The pool: queue, threads, tasks that hand out tasks, the end. */
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/waitgroup.h"
#include "sync/pool_inner.h"
#include "sync/thread.h"

START_TEST(every_task_runs_once)
{
    const unsigned threads[] = {1, 2, 8};
    const size_t capacities[] = {1, 3, 1000};
    struct sheaf_pool *pool = make_pool(threads[_i % 3], capacities[_i / 3]);
    ck_assert_uint_eq(sheaf_pool_threads(pool), threads[_i % 3]);
    struct sheaf_group *group = make_group(pool, 0);
    static unsigned slots[500];
    for (unsigned round = 1; round <= 5; round++) {
        for (size_t i = 0; i < 500; i++)
            ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
        ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
        for (size_t i = 0; i < 500; i++)
            ck_assert_uint_eq(slots[i], round);
    }
    close_both(group, pool);
}
END_TEST

START_TEST(tasks_wait_for_tasks)
{
    const unsigned threads[] = {1, 2, 4};
    const size_t capacities[] = {1, 2, 100};
    struct sheaf_pool *pool = make_pool(threads[_i % 3], capacities[_i / 3]);
    struct sheaf_group *group = make_group(pool, 0);
    struct node root = {.pool = pool, .depth = 7};
    ck_assert_int_eq(sheaf_group_go(group, grow, &root, "root", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(root.leaves, 1U << 7);
    close_both(group, pool);
}
END_TEST

/* A worker sleeps in a wait while the only other thread that could run the tasks of the group is
 * main's hand: the task that main hands out later must be run by the sleeper. */
struct dozer {
    struct sheaf_group *inner;
    struct sheaf_channel *about_to_wait;
    enum sheaf_status status;
};

static enum sheaf_status sleep_in_wait(void *argument, struct sheaf_error *error)
{
    struct dozer *dozer = argument;
    (void)sheaf_channel_send(dozer->about_to_wait, "");
    dozer->status = sheaf_group_wait(dozer->inner, error);
    return SHEAF_OK;
}

static enum sheaf_status receive_one(void *argument, struct sheaf_error *error)
{
    (void)error;
    char item;
    return sheaf_channel_recv(argument, &item);
}

START_TEST(a_waiting_worker_runs_what_comes_later)
{
    struct sheaf_pool *pool = make_pool(2, 4);
    struct sheaf_group *outer = make_group(pool, 0);
    struct dozer dozer = {.inner = make_group(pool, 0), .about_to_wait = make_channel(1, 1)};
    struct sheaf_channel *const hold = make_channel(1, 1);
    /* One worker is held inside a task of the inner group, the other waits for that group. */
    ck_assert_int_eq(sheaf_group_go(dozer.inner, receive_one, hold, "hold", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(outer, sleep_in_wait, &dozer, "dozer", NULL), SHEAF_OK);
    char item;
    ck_assert_int_eq(sheaf_channel_recv(dozer.about_to_wait, &item), SHEAF_OK);
    struct gauge gauge = make_gate();
    ck_assert_int_eq(sheaf_group_go(dozer.inner, measure, &gauge, "late", NULL), SHEAF_OK);
    /* Ends only if the late task runs beside the held one. */
    ck_assert_int_eq(sheaf_channel_send(gauge.release, ""), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_send(gauge.release, ""), SHEAF_OK);
    sheaf_channel_close(hold);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_int_eq(dozer.status, SHEAF_END);
    sheaf_group_close(dozer.inner);
    close_both(outer, pool);
    sheaf_channel_destroy(dozer.about_to_wait);
    sheaf_channel_destroy(gauge.release);
    sheaf_channel_destroy(hold);
}
END_TEST

START_TEST(drain_runs_what_waits)
{
    struct sheaf_pool *pool = make_pool(4, 1000);
    struct chain chain = {.group = make_group(pool, 1), .left = 300};
    static unsigned slots[200];
    for (size_t i = 0; i < 200; i++)
        ck_assert_int_eq(sheaf_group_go(chain.group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(chain.group, next_link, &chain, "links", NULL), SHEAF_OK);
    sheaf_pool_drain(pool);
    sheaf_pool_drain(pool);
    for (size_t i = 0; i < 200; i++)
        ck_assert_uint_eq(slots[i], 1);
    ck_assert_uint_eq(atomic_load(&chain.ran), 301);
    ck_assert_int_eq(sheaf_group_wait(chain.group, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(chain.group, set_slot, &slots[0], NULL, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_group_wait(chain.group, NULL), SHEAF_STOPPED);
    close_both(chain.group, pool);
}
END_TEST

struct submitter {
    struct thread thread;
    struct sheaf_group *group;
    struct sheaf_channel *ready;
    enum sheaf_status status;
    unsigned slot;
};

static void submit(void *argument)
{
    struct submitter *submitter = argument;
    do
        submitter->status =
            sheaf_group_go(submitter->group, set_slot, &submitter->slot, NULL, NULL);
    while (submitter->status == SHEAF_OK);
}

/* Returns when the queue is full; and a moment later, so that who is to sleep most likely does. */
static void await_full(struct sheaf_pool *pool)
{
    while (pool_waiting(pool) < pool->capacity)
        continue;
    struct sheaf_waitgroup never = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_add(&never, 1);
    (void)sheaf_waitgroup_wait_until(&never, clock_now() + 10000000);
}

static void drop_pool(void *argument)
{
    sheaf_pool_drop(argument);
}

START_TEST(drop_leaves_what_waits)
{
    struct sheaf_pool *pool = make_pool(1, 4);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    await_running(&gate, 1);
    /* Fills the queue behind the gate and sleeps for room, until the drop refuses it. */
    struct submitter submitter = {.group = group};
    ck_assert_int_eq(thread_start(&submitter.thread, submit, &submitter, "submit", NULL), SHEAF_OK);
    await_full(pool);
    struct thread dropper;
    ck_assert_int_eq(thread_start(&dropper, drop_pool, pool, "drop", NULL), SHEAF_OK);
    thread_join(&submitter.thread);
    sheaf_channel_close(gate.release);
    thread_join(&dropper);
    ck_assert_int_eq(submitter.status, SHEAF_STOPPED);
    ck_assert_uint_eq(submitter.slot, 0);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_STOPPED);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static void drain_pool(void *argument)
{
    sheaf_pool_drain(argument);
}

/* Workers that sleep because the group is at its limit must end when the last task is taken. */
START_TEST(drain_ends_idle_workers)
{
    struct sheaf_pool *pool = make_pool(4, 2);
    struct gauge gate = make_gate();
    struct sheaf_group *group = make_group(pool, 1);
    unsigned slots[2] = {0};
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    await_full(pool);
    struct thread drainer;
    ck_assert_int_eq(thread_start(&drainer, drain_pool, pool, "drain", NULL), SHEAF_OK);
    await_full(pool);
    sheaf_channel_close(gate.release);
    thread_join(&drainer);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slots[0] + slots[1], 2);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static unsigned misuses;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)call;
    (void)what;
    (void)value;
    misuses++;
}

static enum sheaf_status end_own_pool(void *argument, struct sheaf_error *error)
{
    (void)error;
    sheaf_pool_drain(argument);
    sheaf_pool_drop(argument);
    sheaf_pool_close(argument);
    return SHEAF_OK;
}

/* None of the calls has an effect: the pool goes on. */
START_TEST(a_task_cannot_end_its_pool)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct sheaf_pool *pool = make_pool(1, 1);
    struct sheaf_group *group = make_group(pool, 0);
    const int64_t live = memory_live();
    ck_assert_int_eq(sheaf_group_go(group, end_own_pool, pool, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(misuses, 3);
    ck_assert_int_ge(memory_live(), live);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    close_both(group, pool);
}
END_TEST

START_TEST(goes_on_with_the_threads_there_are)
{
    struct sheaf_pool *pool;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_pool_open(0, 1, &pool, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_pool_open(1, 0, &pool, &error), SHEAF_USAGE);
    const int64_t live = memory_live();
    thread_fail_after(0);
    ck_assert_int_eq(sheaf_pool_open(4, 4, &pool, &error), SHEAF_SYSTEM);
    ck_assert_ptr_null(pool);
    ck_assert_int_ne(error.system_errno, 0);
    ck_assert_int_eq(memory_live(), live);
    thread_fail_after(3);
    pool = make_pool(4, 4);
    thread_fail_after(UINT64_MAX);
    ck_assert_uint_eq(sheaf_pool_threads(pool), 3);
    struct sheaf_group *group = make_group(pool, 0);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    close_both(group, pool);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    struct sheaf_pool *pool;
    struct sheaf_group *group;
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_pool_open(1, 1, &pool, NULL), SHEAF_SYSTEM);
    pool = make_pool(1, 1);
    for (uint64_t n = 1; n <= 2; n++) {
        memory_fail_at(n);
        ck_assert_int_eq(sheaf_group_open(pool, NULL, &group, NULL), SHEAF_SYSTEM);
        ck_assert_ptr_null(group);
    }
    group = make_group(pool, 0);
    unsigned slot = 0;
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_SYSTEM);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 0);
    close_both(group, pool);
    close_both(NULL, NULL);
}
END_TEST

/* --- Order --- */

struct record {
    atomic_uint count;
    char letters[100];
};

struct letter {
    struct record *record;
    char letter;
};

static enum sheaf_status write_letter(void *argument, struct sheaf_error *error)
{
    (void)error;
    const struct letter *letter = argument;
    letter->record->letters[atomic_fetch_add(&letter->record->count, 1)] = letter->letter;
    return SHEAF_OK;
}

/* Behind a gate, on one thread: more tasks than a thread takes at a time. */
START_TEST(groups_take_turns_and_keep_their_order)
{
    struct sheaf_pool *pool = make_pool(1, 1000);
    struct sheaf_group *gated = make_group(pool, 0);
    struct sheaf_group *groups[2] = {make_group(pool, 0), make_group(pool, 1)};
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(gated, measure, &gate, "gate", NULL), SHEAF_OK);
    struct record record = {0};
    struct letter letters[100];
    for (unsigned i = 0; i < 100; i++) {
        letters[i] =
            (struct letter){.record = &record, .letter = (char)((i < 50 ? 'A' : 'a') + i % 50 / 2)};
        ck_assert_int_eq(sheaf_group_go(groups[i / 50], write_letter, &letters[i], NULL, NULL),
                         SHEAF_OK);
    }
    sheaf_channel_close(gate.release);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(sheaf_group_wait(groups[i], NULL), SHEAF_OK);
        sheaf_group_close(groups[i]);
    }
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(record.letters[i], (i % 2 == 0 ? 'A' : 'a') + (int)i / 4);
    ck_assert_int_eq(sheaf_group_wait(gated, NULL), SHEAF_OK);
    close_both(gated, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* Ends only if another thread runs what stands in the line behind the task that waits. */
START_TEST(a_long_task_holds_up_nothing)
{
    struct sheaf_pool *pool = make_pool(2, 100);
    struct sheaf_group *group = make_group(pool, 0);
    struct sheaf_waitgroup rest = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_add(&rest, 50);
    for (unsigned i = 0; i < 51; i++)
        ck_assert_int_eq(sheaf_group_go(group, i == (unsigned)_i ? wait_for_rest : done_of_rest,
                                        &rest, NULL, NULL),
                         SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    close_both(group, pool);
}
END_TEST

static Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_task_runs_once, 0, 9);
    tcase_add_loop_test(tests, tasks_wait_for_tasks, 0, 9);
    tcase_add_test(tests, a_waiting_worker_runs_what_comes_later);
    tcase_add_test(tests, groups_take_turns_and_keep_their_order);
    tcase_add_loop_test(tests, a_long_task_holds_up_nothing, 0, 51);
    tcase_add_test(tests, drain_runs_what_waits);
    tcase_add_test(tests, drain_ends_idle_workers);
    tcase_add_test(tests, drop_leaves_what_waits);
    tcase_add_test(tests, a_task_cannot_end_its_pool);
    tcase_add_test(tests, goes_on_with_the_threads_there_are);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(pool_suite)
