/* The watchdog: what it names, and that the wait goes on or fails, as it is asked. */
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "sheaf/watchdog.h"
#include "sync/pool_inner.h"

#include <stdbool.h>
#include <string.h>

enum { QUIET_NS = 2000000 };

/* What a watchdog was told last, and when it is to do what. */
struct report {
    unsigned calls;
    unsigned release_at; /* that call opens the gate; 0: none does */
    unsigned fail_at;    /* that call makes the wait fail; 0: none does */
    struct gauge *gate;
    uint64_t quiet_ns;
    uint64_t queued;
    size_t count;
    char names[128]; /* "copy,index," */
};

static enum sheaf_watchdog_answer note(void *argument, const struct sheaf_stuck *stuck)
{
    struct report *report = argument;
    ck_assert_uint_ge(stuck->quiet_ns, QUIET_NS);
    ck_assert_uint_ge(stuck->quiet_ns, report->quiet_ns); /* nothing ends meanwhile */
    report->calls++;
    report->quiet_ns = stuck->quiet_ns;
    report->queued = stuck->queued;
    report->count = stuck->count;
    report->names[0] = '\0';
    for (size_t i = 0; i < stuck->count && i < 4; i++) {
        ck_assert(i == 0 || stuck->tasks[i - 1].running_ns >= stuck->tasks[i].running_ns);
        strcat(report->names, stuck->tasks[i].name);
        strcat(report->names, ",");
    }
    if (report->calls == report->release_at)
        sheaf_channel_close(report->gate->release);
    return report->calls == report->fail_at ? SHEAF_WATCHDOG_FAIL : SHEAF_WATCHDOG_GO_ON;
}

static struct sheaf_watchdog watch(struct report *report)
{
    return (struct sheaf_watchdog){.quiet_ns = QUIET_NS, .function = note, .argument = report};
}

/* Lets the tasks go and takes everything down. */
static void finish(struct gauge *gate, struct sheaf_group *group, struct sheaf_pool *pool)
{
    sheaf_channel_close(gate->release);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    close_both(group, pool);
    sheaf_channel_destroy(gate->release);
}

START_TEST(names_what_runs_and_fails)
{
    struct sheaf_pool *pool = make_pool(2, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    unsigned slots[4] = {0};
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "copy", NULL), SHEAF_OK);
    await_running(&gate, 1);
    /* The coarse clock has to tick between the two, for the order. */
    ck_assert_int_eq(sheaf_group_wait_until(group, clock_now() + 20000000, NULL), SHEAF_TIMEOUT);
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "index", NULL), SHEAF_OK);
    await_running(&gate, 2);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], "behind", NULL), SHEAF_OK);
    struct report report = {.fail_at = 3};
    const struct sheaf_watchdog watchdog = watch(&report);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, &error), SHEAF_TIMEOUT);
    ck_assert_uint_eq(report.calls, 3);
    ck_assert_uint_eq(report.count, 2);
    ck_assert_uint_eq(report.queued, 4);
    ck_assert_str_eq(report.names, "copy,index,");
    ck_assert_int_eq(error.status, SHEAF_TIMEOUT);
    char start[] = "no task ended for 0.0 s; running: \"copy\" for 0.0 s, \"index\" for 0.0 s; "
                   "4 waiting";
    char *const digits[] = {strchr(start, '.') - 1, strstr(start, "copy") + 10,
                            strstr(start, "index") + 11};
    ck_assert_uint_eq(strlen(error.text), strlen(start));
    for (unsigned i = 0; i < 3; i++)
        memcpy(digits[i], error.text + (digits[i] - start), 3); /* the times are what they are */
    ck_assert_str_eq(error.text, start);
    finish(&gate, group, pool);
    ck_assert_uint_eq(slots[0] + slots[1] + slots[2] + slots[3], 4);
}
END_TEST

START_TEST(goes_on_when_asked_to)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "slow", NULL), SHEAF_OK);
    struct report report = {.release_at = 2, .gate = &gate};
    const struct sheaf_watchdog watchdog = watch(&report);
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, NULL), SHEAF_OK);
    ck_assert_uint_ge(report.calls, 2);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* Lets the first of two tasks end once the wait has been quiet for long; then looks how long it is
 * said to have been quiet since. */
struct reset {
    struct sheaf_pool *pool;
    struct gauge *first;
    uint64_t released_ns; /* 0: not yet */
};

/* The coarse clock may lag by more than its tick where the machine's processors are taken away. */
enum { LONG_NS = 400000000, LAG_NS = 300000000 };

static enum sheaf_watchdog_answer release_first(void *argument, const struct sheaf_stuck *stuck)
{
    struct reset *reset = argument;
    const uint64_t now = clock_now();
    if (reset->released_ns == 0) {
        if (stuck->quiet_ns < LONG_NS)
            return SHEAF_WATCHDOG_GO_ON;
        reset->released_ns = now;
        sheaf_channel_close(reset->first->release);
        struct sheaf_pool_counters counters;
        do
            sheaf_pool_counters(reset->pool, &counters);
        while (counters.done == 0);
        return SHEAF_WATCHDOG_GO_ON;
    }
    ck_assert_uint_le(stuck->quiet_ns, now - reset->released_ns + LAG_NS);
    return SHEAF_WATCHDOG_FAIL;
}

/* Both on one thread, or each on its own. */
START_TEST(a_task_that_ends_breaks_the_quiet)
{
    struct sheaf_pool *pool = make_pool((unsigned)_i, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gates[2] = {make_gate(), make_gate()};
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(sheaf_group_go(group, measure, &gates[i], NULL, NULL), SHEAF_OK);
    await_running(&gates[0], 1);
    struct reset reset = {.pool = pool, .first = &gates[0]};
    const struct sheaf_watchdog watchdog = {
        .quiet_ns = QUIET_NS, .function = release_first, .argument = &reset};
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, NULL), SHEAF_TIMEOUT);
    finish(&gates[1], group, pool);
    sheaf_channel_destroy(gates[0].release);
}
END_TEST

START_TEST(fails_without_a_function)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, NULL, NULL), SHEAF_OK);
    await_running(&gate, 1);
    const struct sheaf_watchdog watchdog = {.quiet_ns = 1};
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, NULL), SHEAF_TIMEOUT);
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, &error), SHEAF_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(error.text, "running: a task without a name for "));
    finish(&gate, group, pool);
}
END_TEST

static enum sheaf_status break_down(void *argument, struct sheaf_error *error)
{
    strcpy(error->text, argument);
    return SHEAF_DATA;
}

START_TEST(says_what_a_wait_says)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    const struct sheaf_watchdog watchdog = {.quiet_ns = UINT64_MAX};
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, NULL), SHEAF_OK);
    char text[] = "broken";
    ck_assert_int_eq(sheaf_group_go(group, break_down, text, NULL, NULL), SHEAF_OK);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, &error), SHEAF_DATA);
    ck_assert_str_eq(error.text, text);
    close_both(group, pool);
}
END_TEST

/* A task that runs inside another: because that one waits, or found the queue full. */
struct nest {
    struct sheaf_group *inner;
    struct sheaf_group *outer;
    struct gauge *gate;
    unsigned slot;
    enum sheaf_status own_wait;
};

static enum sheaf_status wait_inside(void *argument, struct sheaf_error *error)
{
    struct nest *nest = argument;
    const struct sheaf_watchdog watchdog = {.quiet_ns = 1};
    nest->own_wait = sheaf_group_wait_watched(nest->outer, &watchdog, error);
    const enum sheaf_status status =
        sheaf_group_go(nest->inner, measure, nest->gate, "inner", error);
    return status == SHEAF_OK ? sheaf_group_wait(nest->inner, error) : status;
}

static enum sheaf_status run_inline(void *argument, struct sheaf_error *error)
{
    struct nest *nest = argument;
    enum sheaf_status status = sheaf_group_go(nest->inner, set_slot, &nest->slot, "fills", error);
    if (status == SHEAF_OK)
        status = sheaf_group_go(nest->inner, set_slot, &nest->slot, "ends", error);
    return status == SHEAF_OK ? sheaf_group_go(nest->inner, measure, nest->gate, "inner", error)
                              : status;
}

START_TEST(sees_tasks_inside_tasks)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct gauge gate = make_gate();
    struct nest nest = {.inner = make_group(pool, 0), .outer = make_group(pool, 0), .gate = &gate};
    const bool is_inline = _i == 1;
    ck_assert_int_eq(
        sheaf_group_go(nest.outer, is_inline ? run_inline : wait_inside, &nest, "outer", NULL),
        SHEAF_OK);
    await_running(&gate, 1);
    struct report report = {.fail_at = 1};
    struct sheaf_watchdog watchdog = watch(&report);
    ck_assert_int_eq(sheaf_group_wait_watched(nest.inner, &watchdog, NULL), SHEAF_TIMEOUT);
    ck_assert_str_eq(report.names, "inner,");
    ck_assert_uint_eq(report.queued, is_inline ? 1 : 0);
    report = (struct report){.fail_at = 1};
    ck_assert_int_eq(sheaf_group_wait_watched(nest.outer, &watchdog, NULL), SHEAF_TIMEOUT);
    ck_assert_str_eq(report.names, "outer,");
    ck_assert_uint_eq(report.queued, 0);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(nest.outer, NULL), SHEAF_OK);
    ck_assert_int_eq(nest.own_wait, is_inline ? SHEAF_OK : SHEAF_USAGE);
    ck_assert_int_eq(sheaf_group_wait(nest.inner, NULL), SHEAF_OK);
    sheaf_group_close(nest.inner);
    close_both(nest.outer, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* Inline within the same group: the inner task is what is stuck. */
START_TEST(names_the_inline_task)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct gauge gate = make_gate();
    struct sheaf_group *group = make_group(pool, 0);
    struct nest nest = {.inner = group, .gate = &gate};
    ck_assert_int_eq(sheaf_group_go(group, run_inline, &nest, "outer", NULL), SHEAF_OK);
    await_running(&gate, 1);
    struct report report = {.fail_at = 1};
    struct sheaf_watchdog watchdog = watch(&report);
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, NULL), SHEAF_TIMEOUT);
    ck_assert_str_eq(report.names, "inner,");
    ck_assert_uint_eq(report.queued, 1);
    finish(&gate, group, pool);
}
END_TEST

/* Short tasks, one after the other on one thread. Their ends are known from both sides: no watchdog
 * may have seen more quiet than there was between two. A virtual machine's coarse clock may lag
 * behind by more than it promises; that much is granted. */
struct busy {
    struct sheaf_group *group;
    uint64_t last_ns;           /* a task is about to end */
    _Atomic uint64_t before_ns; /* the same of the last one that is known to have ended */
    _Atomic uint64_t most_ns;   /* of quiet between two that have */
    _Atomic uint64_t excess_ns; /* of the lag */
};

enum { SHORT_QUIET_NS = 400000, SHORT_NS = 50000, SHORT_TASKS = 500 };

static void raise_to(_Atomic uint64_t *most, uint64_t seen)
{
    if (seen > atomic_load(most))
        atomic_store(most, seen);
}

static enum sheaf_status be_short(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct busy *busy = argument;
    const uint64_t began = clock_now(); /* and the one before has ended */
    raise_to(&busy->most_ns, began - atomic_load(&busy->before_ns));
    atomic_store(&busy->before_ns, busy->last_ns);
    do
        busy->last_ns = clock_now();
    while (busy->last_ns < began + SHORT_NS);
    const uint64_t coarse_ns = pool_coarse_now() + pool_coarse_lag();
    const uint64_t now = clock_now();
    raise_to(&busy->excess_ns, now > coarse_ns ? now - coarse_ns : 0);
    return SHEAF_OK;
}

static enum sheaf_status hand_out_short(void *argument, struct sheaf_error *error)
{
    struct busy *busy = argument;
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < SHORT_TASKS && status == SHEAF_OK; i++)
        status = sheaf_group_go(busy->group, be_short, busy, "short", error);
    return status;
}

static enum sheaf_watchdog_answer must_be_true(void *argument, const struct sheaf_stuck *stuck)
{
    struct busy *busy = argument;
    /* In this order: a stretch that is no longer in the first is in the second. */
    const uint64_t before = atomic_load(&busy->before_ns);
    const uint64_t most = atomic_load(&busy->most_ns);
    const uint64_t since = clock_now() - before;
    const uint64_t excess = atomic_load(&busy->excess_ns);
    ck_assert_uint_le(stuck->quiet_ns, (since > most ? since : most) + excess);
    return SHEAF_WATCHDOG_GO_ON;
}

/* All but the first inside the task that hands them out, or one after the other from the line. */
START_TEST(short_tasks_break_the_quiet)
{
    struct sheaf_pool *pool = make_pool(1, _i == 0 ? 1 : SHORT_TASKS);
    struct busy busy = {.group = make_group(pool, 0), .last_ns = clock_now()};
    atomic_store(&busy.before_ns, busy.last_ns);
    const struct sheaf_watchdog watchdog = {
        .quiet_ns = SHORT_QUIET_NS, .function = must_be_true, .argument = &busy};
    ck_assert_int_eq(sheaf_group_go(busy.group, hand_out_short, &busy, "busy", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait_watched(busy.group, &watchdog, NULL), SHEAF_OK);
    close_both(busy.group, pool);
}
END_TEST

START_TEST(names_the_longest_of_many)
{
    enum { MANY = 70 };
    struct sheaf_pool *pool = make_pool(MANY, MANY);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "one of many", NULL), SHEAF_OK);
    await_running(&gate, MANY);
    struct report report = {.fail_at = 1};
    const struct sheaf_watchdog watchdog = watch(&report);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_group_wait_watched(group, &watchdog, &error), SHEAF_TIMEOUT);
    ck_assert_uint_eq(report.count, 64);
    ck_assert_uint_eq(report.queued, 0);
    ck_assert_uint_lt(strlen(error.text), SHEAF_ERROR_TEXT); /* cut there */
    finish(&gate, group, pool);
}
END_TEST

static Suite *watchdog_suite(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *tests = tcase_create("watchdog");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, names_what_runs_and_fails);
    tcase_add_test(tests, goes_on_when_asked_to);
    tcase_add_loop_test(tests, a_task_that_ends_breaks_the_quiet, 1, 3);
    tcase_add_test(tests, fails_without_a_function);
    tcase_add_test(tests, says_what_a_wait_says);
    tcase_add_loop_test(tests, sees_tasks_inside_tasks, 0, 2);
    tcase_add_test(tests, names_the_inline_task);
    tcase_add_loop_test(tests, short_tasks_break_the_quiet, 0, 2);
    tcase_add_test(tests, names_the_longest_of_many);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(watchdog_suite)
