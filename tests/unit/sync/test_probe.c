/* What the probe counts, against injected refusals and against a real limit of the system. */
#include "unit/unit.h"

#include "base/memory.h"
#include "sync/probe.h"
#include "sync/thread.h"

#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned probe(unsigned wanted)
{
    unsigned started = UINT32_MAX;
    ck_assert_int_eq(probe_threads(wanted, &started, NULL), SHEAF_OK);
    return started;
}

START_TEST(counts_what_starts)
{
    const int64_t live = memory_live();
    ck_assert_uint_eq(probe(0), 0);
    ck_assert_uint_eq(probe(1), 1);
    ck_assert_uint_eq(probe(9), 9);
    thread_fail_after(5);
    ck_assert_uint_eq(probe(9), 5);
    ck_assert_uint_eq(probe(9), 0);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(refused_memory_is_an_error)
{
    unsigned started = 1;
    memory_fail_at(1);
    ck_assert_int_eq(probe_threads(4, &started, NULL), SHEAF_SYSTEM);
    memory_fail_at(0);
    ck_assert_uint_eq(started, 0);
}
END_TEST

enum { LIMITS = 2, ROUNDS = 5000, STRANGERS = 100000 };

/* Few places make it likely to come back to one at once; many, that threads must add up. */
static const unsigned limits[LIMITS] = {2, 6};

/* Gives 0 when each probe finds all places below the limit: threads of one probe count at the
 * same time, and those of the one before no longer. */
static int probe_under(unsigned limit)
{
    const struct rlimit processes = {.rlim_cur = limit, .rlim_max = limit};
    /* A user that owns no other process, nor does it in a run of this test beside this one. */
    const uid_t stranger = STRANGERS + (uid_t)getpid();
    if (setrlimit(RLIMIT_NPROC, &processes) != 0 || setuid(stranger) != 0)
        return 1;
    unsigned first = 0;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned started;
        if (probe_threads(2 * limit, &started, NULL) != SHEAF_OK)
            return 2;
        if (i == 0)
            first = started;
        if (started != first)
            return 3;
    }
    /* The caller takes a place; sanitizers have threads of their own. */
    return first < limit && (first > 0 || limit == limits[0]) ? 0 : 4;
}

START_TEST(gives_the_places_back)
{
    if (geteuid() != 0) {
        printf("gives_the_places_back: skipped, needs to be root to leave it\n");
        return;
    }
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(probe_under(limits[_i]));
    int status;
    while (waitpid(child, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("probe");
    TCase *tests = tcase_create("probe");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, counts_what_starts);
    tcase_add_test(tests, refused_memory_is_an_error);
    tcase_add_loop_test(tests, gives_the_places_back, 0, LIMITS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
