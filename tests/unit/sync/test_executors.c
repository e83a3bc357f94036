/* All executors keep the contract of base/executor.h. */
#include "unit/unit.h"

#include "base/clock.h"
#include "base/executor.h"
#include "base/memory.h"
#include "sheaf/waitgroup.h"
#include "sync/executors.h"
#include "sync/thread.h"

#include <stdatomic.h>
#include <string.h>

enum { MOST = 8, EXECUTORS = 3 };

static struct executor *make(const struct executor_ops *ops, unsigned workers)
{
    struct executor *executor;
    ck_assert_int_eq(ops->open(workers, &executor, NULL), SHEAF_OK);
    ck_assert_ptr_eq(executor->ops, ops);
    return executor;
}

START_TEST(table)
{
    ck_assert_uint_eq(executor_table_length, EXECUTORS);
    for (size_t i = 0; i < executor_table_length; i++) {
        ck_assert_ptr_eq(executor_find(executor_table[i]->name), executor_table[i]);
        ck_assert_uint_gt(strlen(executor_table[i]->help), 0);
        executor_table[i]->close(NULL);
    }
    ck_assert_str_eq(executor_table[0]->name, "pool");
    ck_assert_ptr_null(executor_find("poo"));
}
END_TEST

struct body {
    struct executor *executor;
    atomic_uint entered;
    unsigned workers;
    unsigned runs[MOST]; /* plain: run must make them visible */
    uint64_t thread[MOST];
    uint64_t items[MOST];
    _Atomic uint64_t next;
    uint64_t end;
};

/* Claims numbers in order from one counter, as a job does. */
static void claim_all(void *argument, unsigned worker)
{
    struct body *body = argument;
    body->runs[worker]++;
    body->thread[worker] = thread_id();
    uint64_t number;
    while ((number = atomic_fetch_add(&body->next, 1)) < body->end)
        body->items[worker] += number;
}

START_TEST(each_worker_runs_once)
{
    const struct executor_ops *ops = executor_table[_i];
    struct executor *executor = make(ops, MOST);
    struct body body = {.workers = ops->workers(executor), .end = 10000};
    ck_assert_uint_eq(body.workers, ops == &executor_serial ? 1 : MOST);
    const struct executor_task task = {.work = claim_all, .argument = &body};
    for (unsigned round = 1; round <= 50; round++) {
        atomic_store(&body.next, 0);
        memset(body.items, 0, sizeof body.items);
        ck_assert_int_eq(ops->run(executor, &task, NULL), SHEAF_OK);
        uint64_t sum = 0;
        for (unsigned i = 0; i < body.workers; i++) {
            ck_assert_uint_eq(body.runs[i], round);
            sum += body.items[i];
            for (unsigned j = 0; j < i; j++)
                ck_assert_uint_ne(body.thread[i], body.thread[j]);
        }
        ck_assert_uint_eq(sum, body.end * (body.end - 1) / 2);
    }
    if (ops != &executor_pool)
        ck_assert_uint_eq(body.thread[0], thread_id());
    ops->close(executor);
}
END_TEST

/* Each worker waits until all have entered: ends only if they run at the same time; and through
 * wait_word and wake. */
static void meet(void *argument, unsigned worker)
{
    struct body *body = argument;
    const struct executor_ops *ops = body->executor->ops;
    unsigned entered = atomic_fetch_add(&body->entered, 1) + 1;
    ops->wake(body->executor, &body->entered);
    while (entered < body->workers) {
        ops->wait_word(body->executor, &body->entered, entered);
        entered = atomic_load(&body->entered);
    }
    body->runs[worker]++;
}

START_TEST(workers_run_together)
{
    const struct executor_ops *ops = executor_table[_i];
    struct executor *executor = make(ops, MOST);
    struct body body = {.executor = executor, .workers = ops->workers(executor)};
    const struct executor_task task = {.work = meet, .argument = &body};
    for (unsigned round = 1; round <= 20; round++) {
        atomic_store(&body.entered, 0);
        ck_assert_int_eq(ops->run(executor, &task, NULL), SHEAF_OK);
        ck_assert_uint_eq(atomic_load(&body.entered), body.workers);
    }
    ops->close(executor);
}
END_TEST

struct ticking {
    struct executor *executor;
    atomic_uint ticks;
    uint64_t main_thread;
    atomic_uint strangers;
};

static void count_tick(void *argument)
{
    struct ticking *ticking = argument;
    if (thread_id() != ticking->main_thread)
        atomic_fetch_add(&ticking->strangers, 1);
    atomic_fetch_add(&ticking->ticks, 1);
}

/* Works until there have been three ticks. */
static void work_until_ticked(void *argument, unsigned worker)
{
    struct ticking *ticking = argument;
    while (atomic_load(&ticking->ticks) < 3)
        ticking->executor->ops->maybe_tick(ticking->executor, worker);
}

START_TEST(ticks_come_on_the_calling_thread)
{
    const struct executor_ops *ops = executor_table[_i];
    struct ticking ticking = {.executor = make(ops, 2), .main_thread = thread_id()};
    const struct executor_task task = {
        .work = work_until_ticked, .tick = count_tick, .argument = &ticking, .tick_ns = 100000};
    ck_assert_int_eq(ops->run(ticking.executor, &task, NULL), SHEAF_OK);
    ck_assert_uint_ge(atomic_load(&ticking.ticks), 3);
    ck_assert_uint_eq(atomic_load(&ticking.strangers), 0);
    ops->close(ticking.executor);
}
END_TEST

static void ask_once(void *argument, unsigned worker)
{
    struct ticking *ticking = argument;
    ticking->executor->ops->maybe_tick(ticking->executor, worker);
}

START_TEST(no_tick_before_it_is_due)
{
    const struct executor_ops *ops = executor_table[_i];
    struct ticking ticking = {.executor = make(ops, 2), .main_thread = thread_id()};
    struct executor_task task = {.work = ask_once,
                                 .tick = count_tick,
                                 .argument = &ticking,
                                 .tick_ns = UINT64_C(3600) * 1000000000};
    ck_assert_int_eq(ops->run(ticking.executor, &task, NULL), SHEAF_OK);
    task.tick_ns = 0;
    ck_assert_int_eq(ops->run(ticking.executor, &task, NULL), SHEAF_OK);
    task.tick = NULL;
    task.tick_ns = 1;
    ck_assert_int_eq(ops->run(ticking.executor, &task, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&ticking.ticks), 0);
    ops->close(ticking.executor);
}
END_TEST

/* Whichever allocation fails: an error, nothing run in part, nothing leaked, and the next run is
 * whole. */
START_TEST(memory_failures_are_clean)
{
    const struct executor_ops *ops = executor_table[_i];
    const int64_t live = memory_live();
    struct executor *executor = NULL;
    for (uint64_t n = 1; executor == NULL && n < 100; n++) {
        memory_fail_at(n);
        const enum sheaf_status status = ops->open(4, &executor, NULL);
        memory_fail_at(0);
        ck_assert_int_eq(status == SHEAF_OK, executor != NULL);
        if (executor == NULL)
            ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_ptr_nonnull(executor);
    enum sheaf_status status;
    uint64_t n = 0;
    do {
        struct body body = {.workers = ops->workers(executor)};
        const struct executor_task task = {.work = claim_all, .argument = &body};
        memory_fail_at(++n);
        status = ops->run(executor, &task, NULL);
        memory_fail_at(0);
        for (unsigned i = 0; i < body.workers; i++)
            ck_assert_uint_eq(body.runs[i], status == SHEAF_OK);
    } while (status != SHEAF_OK && n < 100);
    ck_assert_int_eq(status, SHEAF_OK);
    ops->close(executor);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(pool_goes_on_with_fewer_threads)
{
    thread_fail_after(3);
    struct executor *executor = make(&executor_pool, 6);
    ck_assert_uint_eq(executor_pool.workers(executor), 3);
    struct body body = {.workers = 3, .end = 100};
    const struct executor_task task = {.work = claim_all, .argument = &body};
    ck_assert_int_eq(executor_pool.run(executor, &task, NULL), SHEAF_OK);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(body.runs[i], 1);
    executor_pool.close(executor);
}
END_TEST

/* The caller is one of the team. What is refused is the probe's threads: without it, all six of
 * the team would be there. */
START_TEST(openmp_goes_on_with_fewer_threads)
{
    static const unsigned refused_after[] = {0, 1, 3};
    for (size_t i = 0; i < sizeof refused_after / sizeof *refused_after; i++) {
        const unsigned expected = refused_after[i] + 1;
        thread_fail_after(refused_after[i]);
        struct executor *executor = make(&executor_openmp, 6);
        ck_assert_uint_eq(executor_openmp.workers(executor), expected);
        struct body body = {.executor = executor, .workers = expected};
        const struct executor_task task = {.work = meet, .argument = &body};
        ck_assert_int_eq(executor_openmp.run(executor, &task, NULL), SHEAF_OK);
        for (unsigned j = 0; j < MOST; j++)
            ck_assert_uint_eq(body.runs[j], j < expected);
        executor_openmp.close(executor);
    }
}
END_TEST

START_TEST(serial_starts_no_thread)
{
    thread_fail_after(0);
    struct executor *executor = make(&executor_serial, 5);
    struct body body = {.workers = 1, .end = 10};
    const struct executor_task task = {.work = claim_all, .argument = &body};
    ck_assert_int_eq(executor_serial.run(executor, &task, NULL), SHEAF_OK);
    ck_assert_uint_eq(body.items[0], 45);
    executor_serial.close(executor);
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

START_TEST(serial_must_not_wait)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct executor *executor = make(&executor_serial, 1);
    _Atomic uint32_t word = 0;
    executor_serial.wait_word(executor, &word, 0);
    ck_assert_uint_eq(misuses, 1);
    executor_serial.close(executor);
}
END_TEST

static Suite *executors_suite(void)
{
    Suite *suite = suite_create("executors");
    TCase *tests = tcase_create("executors");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, table);
    tcase_add_loop_test(tests, each_worker_runs_once, 0, EXECUTORS);
    tcase_add_loop_test(tests, workers_run_together, 0, EXECUTORS);
    tcase_add_loop_test(tests, ticks_come_on_the_calling_thread, 0, EXECUTORS);
    tcase_add_loop_test(tests, no_tick_before_it_is_due, 0, EXECUTORS);
    tcase_add_loop_test(tests, memory_failures_are_clean, 0, EXECUTORS);
    tcase_add_test(tests, pool_goes_on_with_fewer_threads);
    tcase_add_test(tests, openmp_goes_on_with_fewer_threads);
    tcase_add_test(tests, serial_starts_no_thread);
    tcase_add_test(tests, serial_must_not_wait);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(executors_suite)
