/* Failing calls: for each primitive a small scenario, run once for every n with the n-th
 * allocation, start of a thread, futex wait or futex wake failing, once and from then on.
 *
 * A scenario either gets its result, which it checks, or says what failed. Each run is a process of
 * its own, so that a crash or a hang is one run's, and is told with its n. At the end of each
 * nothing is left: no block, no thread, no descriptor. */
#include "unit/sync/scenarios.h"
#include "unit/unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/waitgroup.h"
#include "sync/park.h"
#include "sync/park_faults.h"
#include "sync/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_S = 60, /* of a run that takes milliseconds: more is a hang */
    UNTOUCHED_RUNS = 5,
    MOST_CALLS = 500, /* a scenario has far fewer of any kind */
};

/* How the process of a run ends; the sanitizers have numbers of their own, 1, 23 and 66. */
enum verdict {
    RUN_UNTOUCHED = 40, /* there was no n-th call */
    RUN_WENT_ON,        /* the result was right all the same */
    RUN_FAILED,         /* a status, with a text that says what failed */
    RUN_REPORTED,       /* ended by the misuse handler: a wake was refused for good */
    RUN_BROKEN
};

/* What is made to fail. */
struct kind {
    const char *name;
    void (*plan)(uint64_t n, enum fault_span span);
    uint64_t (*failures)(void);
    const char *text; /* what the error of a scenario says; NULL: no scenario may fail */
    bool may_report;  /* when it lasts */
};

static void plan_memory(uint64_t n, enum fault_span span)
{
    if (span == FAULT_ONCE)
        memory_fail_at(n);
    else
        memory_fail_from(n);
}

static void plan_thread(uint64_t n, enum fault_span span)
{
    if (span == FAULT_ONCE)
        thread_fail_once_after(n - 1); /* 0 - 1 is UINT64_MAX: none */
    else
        thread_fail_after(n - 1);
}

#ifdef __linux__
static void plan_wait_refused(uint64_t n, enum fault_span span)
{
    park_fail_waits(n, span, ENOSYS);
}

static void plan_wait_interrupted(uint64_t n, enum fault_span span)
{
    park_fail_waits(n, span, EINTR);
}

static void plan_wait_memory(uint64_t n, enum fault_span span)
{
    park_fail_waits(n, span, ENOMEM);
}

static void plan_wake_refused(uint64_t n, enum fault_span span)
{
    park_fail_wakes(n, span, ENOSYS);
}
#endif

static const struct kind kinds[] = {
    {"memory", plan_memory, memory_failures, "out of memory", false},
    {"thread", plan_thread, thread_failures, "cannot start the thread", false},
#ifdef __linux__
    {"futex wait ENOSYS", plan_wait_refused, park_failures, NULL, false},
    {"futex wait EINTR", plan_wait_interrupted, park_failures, NULL, false},
    {"futex wait ENOMEM", plan_wait_memory, park_failures, NULL, false},
    {"futex wake ENOSYS", plan_wake_refused, park_failures, NULL, true},
#endif
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* One run, as its process sees it. */
static struct {
    const struct kind *kind;
    enum fault_span span;
    uint64_t n;
    const char *scenario;
} run;

static void print_run(const char *what, const char *detail)
{
    printf("%s: %s fails %s at %" PRIu64 ": %s%s\n", run.scenario, run.kind->name,
           run.span == FAULT_ONCE ? "once" : "from then on", run.n, what, detail);
    (void)fflush(stdout);
}

static _Noreturn void broken(const char *what, const char *detail)
{
    print_run(what, detail);
    _exit(RUN_BROKEN);
}

/* A wake that fails for good may end a program, with its reason, and nothing else may. Threads are
 * left in the middle of their work then, which sanitizers would remark on in exit and _exit. */
static void on_misuse(const char *call, const char *what, int64_t value)
{
    if (!run.kind->may_report || run.span == FAULT_ONCE || strcmp(call, "futex") != 0 ||
        value != ENOSYS)
        broken("misuse: ", what);
#ifdef __linux__
    (void)syscall(SYS_exit_group, RUN_REPORTED);
#endif
}

static unsigned open_descriptors(void)
{
    unsigned open = 0;
    for (int i = 0; i < 256; i++)
        open += fcntl(i, F_GETFD) != -1;
    return open;
}

static _Noreturn void run_here(const struct scenario *scenario)
{
    /* Check's handler would end the whole test. */
    if (signal(SIGALRM, SIG_DFL) == SIG_ERR)
        broken("cannot set the alarm", "");
    (void)alarm(PATIENCE_S);
    (void)sheaf_misuse_handle(on_misuse);
    const int64_t live = memory_live();
    const unsigned descriptors = open_descriptors();
    struct sheaf_error error = {.status = SHEAF_OK};
    run.kind->plan(run.n, run.span);
    const enum sheaf_status status = scenario->run(&error);
    const bool failed = run.kind->failures() != 0;
    run.kind->plan(0, run.span);
    if (status != SHEAF_OK && (!failed || run.kind->text == NULL))
        broken("fails without a reason: ", error.text);
    if (status != SHEAF_OK && (status != SHEAF_SYSTEM || error.status != status))
        broken("fails with another status: ", sheaf_status_name(status));
    if (status != SHEAF_OK && strstr(error.text, run.kind->text) == NULL)
        broken("does not say what failed: ", error.text);
    if (memory_live() != live)
        broken("memory is left", "");
    if (thread_live() != 0)
        broken("threads are left", "");
    if (open_descriptors() != descriptors)
        broken("descriptors are left", "");
    /* Not _exit: sanitizers have their say at the end. */
    exit(status != SHEAF_OK ? RUN_FAILED : failed ? RUN_WENT_ON : RUN_UNTOUCHED);
}

static enum verdict run_apart(const struct scenario *scenario)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run_here(scenario);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        print_run("ended by signal: ",
                  WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
    ck_assert(WIFEXITED(status));
    return (enum verdict)WEXITSTATUS(status);
}

/* Every n, until some runs one after the other have no n-th call: how many there are depends on the
 * schedule, mostly those of futexes. Gives how many runs had one. */
static unsigned run_for_every_n(const struct scenario *scenario)
{
    unsigned touched = 0;
    unsigned untouched = 0;
    for (run.n = 1; untouched < UNTOUCHED_RUNS; run.n++) {
        const enum verdict verdict = run_apart(scenario);
        ck_assert_int_ge(verdict, RUN_UNTOUCHED);
        ck_assert_int_lt(verdict, RUN_BROKEN);
        ck_assert_uint_lt(run.n, MOST_CALLS);
        touched += verdict != RUN_UNTOUCHED;
        untouched = verdict == RUN_UNTOUCHED ? untouched + 1 : 0;
    }
    return touched;
}

START_TEST(every_call_fails)
{
    run.scenario = scenarios[_i].name;
    unsigned runs[KINDS] = {0};
    for (size_t kind = 0; kind < KINDS; kind++) {
        run.kind = &kinds[kind];
        for (int span = FAULT_ONCE; span <= FAULT_FROM_THEN_ON; span++) {
            run.span = (enum fault_span)span;
            runs[kind] += run_for_every_n(&scenarios[_i]);
        }
    }
    printf("%s:", run.scenario);
    for (size_t kind = 0; kind < KINDS; kind++)
        printf("%s %s %u", kind == 0 ? "" : ",", kinds[kind].name, runs[kind]);
    printf("\n");
}
END_TEST

#ifdef __linux__
static _Atomic uint32_t word = 1;

/* With the default handler of misuse: a refused wake is no silent hang. */
START_TEST(refused_wake_aborts)
{
    park_fail_wakes(1, FAULT_FROM_THEN_ON, EPERM);
    park_futex.wake_all(&word);
}
END_TEST

START_TEST(wake_of_unmapped_memory_is_nothing)
{
    park_fail_wakes(1, FAULT_FROM_THEN_ON, EFAULT);
    park_futex.wake_all(&word);
    ck_assert_uint_eq(park_failures(), 1);
}
END_TEST

START_TEST(refused_wait_keeps_its_deadline)
{
    park_fail_waits(1, FAULT_FROM_THEN_ON, ENOSYS);
    const uint64_t deadline = clock_now() + 5000000;
    enum sheaf_status status;
    do
        status = park_futex.wait(&word, 1, deadline);
    while (status == SHEAF_OK);
    ck_assert_int_eq(status, SHEAF_TIMEOUT);
    ck_assert_uint_ge(clock_now(), deadline);
    ck_assert_uint_gt(park_failures(), 0);
}
END_TEST
#endif

static Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *tests = tcase_create("every n");
    tcase_set_timeout(tests, 8 * PATIENCE_S);
    tcase_add_loop_test(tests, every_call_fails, 0, (int)scenario_count);
    suite_add_tcase(suite, tests);
#ifdef __linux__
    TCase *futex = tcase_create("futex");
    tcase_add_test_raise_signal(futex, refused_wake_aborts, SIGABRT);
    tcase_add_test(futex, wake_of_unmapped_memory_is_nothing);
    tcase_add_test(futex, refused_wait_keeps_its_deadline);
    suite_add_tcase(suite, futex);
#endif
    return suite;
}

UNIT_MAIN(faults_suite)
