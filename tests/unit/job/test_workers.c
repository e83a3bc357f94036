/* job/workers.h: the number of workers, and when none is started. */
#include "job/workers.h"

#include "unit/unit.h"

#include <string.h>

static const struct {
    unsigned threads;
    const char *executor;
    uint64_t pieces;
    uint64_t bytes;
    const char *chosen;
    unsigned count;
    bool needs_no_pool;
} cases[] = {
    {0, NULL, 0, 0, "serial", 1, true},
    {0, NULL, 1, UINT64_MAX, "serial", 1, true},
    {0, NULL, 9, 1000, "serial", 1, true},
    {0, NULL, 9, UINT64_MAX, "pool", 5, false},
    {0, NULL, 3, UINT64_MAX, "pool", 3, false},
    {0, NULL, 9, 3 << 19, "pool", 4, false},
    {1, NULL, 1, 1000, "pool", 1, false},
    {4, NULL, 3, 1000, "pool", 3, false},
    {4, NULL, UINT64_MAX, 1000, "pool", 4, false},
    {0, "pool", 1, 1000, "pool", 1, false},
    {0, "openmp", 0, 0, "openmp", 1, false},
    {8, "serial", 100, 1000, "serial", 1, false},
    {65535, "openmp", UINT64_MAX, 1000, "openmp", 1024, false},
    {0, "pool", UINT64_MAX, 1000, "pool", 5, false},
};

enum { PROCESSORS = 5 };

START_TEST(choices)
{
    const struct sheaf_run_options options = {.threads = cases[_i].threads,
                                              .executor = cases[_i].executor};
    const struct workers_job job = {
        .pieces = cases[_i].pieces, .bytes = cases[_i].bytes, .processors = PROCESSORS};
    struct workers workers;
    struct sheaf_error error;
    ck_assert_int_eq(workers_choose(&options, &job, &workers, &error), SHEAF_OK);
    ck_assert_str_eq(workers.executor->name, cases[_i].chosen);
    ck_assert_uint_eq(workers.count, cases[_i].count);
    ck_assert_int_eq(workers.needs_no_pool, cases[_i].needs_no_pool);
}
END_TEST

START_TEST(an_unknown_executor)
{
    const struct sheaf_run_options options = {.executor = "poool"};
    struct workers workers;
    struct sheaf_error error;
    ck_assert_int_eq(workers_choose(&options, &(struct workers_job){.pieces = 1}, &workers, &error),
                     SHEAF_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "poool"));
}
END_TEST

static Suite *workers_suite(void)
{
    Suite *suite = suite_create("workers");
    TCase *tests = tcase_create("workers");
    tcase_add_loop_test(tests, choices, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, an_unknown_executor);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(workers_suite)
