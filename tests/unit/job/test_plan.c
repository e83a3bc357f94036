/* sheaf/job.h from plan to result: what is refused, and memory that is refused. */
#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/job.h"
#include "unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATH_SIZE = 64 };

struct file {
    int descriptor;
    char path[PATH_SIZE];
};

static void make_file(struct file *file, const char *bytes, size_t length)
{
    file->descriptor = memfd_create("plan", MFD_CLOEXEC);
    ck_assert_int_ge(file->descriptor, 0);
    ck_assert_int_eq(write(file->descriptor, bytes, length), (ssize_t)length);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
}

static void close_file(struct file *file)
{
    ck_assert_int_eq(close(file->descriptor), 0);
}

/* ---- what is refused --------------------------------------------------------------------- */

struct refused {
    const char *expression, *group_by, *executor, *text;
    struct sheaf_dialect dialect;
};

#define DIALECT(...)                                                                               \
    {                                                                                              \
        .quote = '"', .comment = SHEAF_NO_BYTE, .escape = SHEAF_NO_BYTE, .max_field = 100,         \
        __VA_ARGS__                                                                                \
    }
#define ESCAPED(...)                                                                               \
    {                                                                                              \
        .quote = '"', .comment = SHEAF_NO_BYTE, .max_field = 100, __VA_ARGS__                      \
    }
#define PLAIN                                                                                      \
    .dialect = {.delimiter = SHEAF_NO_BYTE,                                                        \
                .quote = '"',                                                                      \
                .comment = SHEAF_NO_BYTE,                                                          \
                .escape = SHEAF_NO_BYTE,                                                           \
                .max_field = 100}

static const struct refused refuseds[] = {
    {NULL, NULL, NULL, "no aggregate is given", PLAIN},
    {"summ(x)", NULL, NULL, "unknown function \"summ\"; did you mean \"sum\"?", PLAIN},
    {"frobnicate(x)", NULL, NULL, "unknown function \"frobnicate\"; sheaf agg --help", PLAIN},
    {"sum()", NULL, NULL, "sum() needs a column: sum(x)", PLAIN},
    {"sum(z)", NULL, NULL, "unknown column \"z\"", PLAIN},
    {"sum(9)", NULL, NULL, "there is no column 9: the input has 2", PLAIN},
    {"sum(\"1\")", NULL, NULL, "unknown column \"1\"", PLAIN},
    {"sum(x", NULL, NULL, "a ) is missing", PLAIN},
    {"sum(x)", "nope", NULL, "unknown column \"nope\"", PLAIN},
    {"sum(x)", NULL, "poool", "unknown executor \"poool\": pool, openmp or serial", PLAIN},
    {"count()", NULL, NULL, "the delimiter and the quote are the same byte",
     DIALECT(.delimiter = '"')},
    {"count()", NULL, NULL, "a line end cannot be the delimiter", DIALECT(.delimiter = '\n')},
    {"count()", NULL, NULL, "a line end cannot be the delimiter", DIALECT(.delimiter = '\r')},
    {"count()",
     NULL,
     NULL,
     "a line end cannot be the delimiter, the quote",
     {.delimiter = ',',
      .quote = '\n',
      .comment = SHEAF_NO_BYTE,
      .escape = SHEAF_NO_BYTE,
      .max_field = 100}},
    {"count()",
     NULL,
     NULL,
     "the delimiter and the comment byte are the same",
     {.delimiter = ',', .quote = '"', .comment = ',', .escape = SHEAF_NO_BYTE, .max_field = 100}},
    {"count()",
     NULL,
     NULL,
     "the quote and the comment byte are the same",
     {.delimiter = ',', .quote = '#', .comment = '#', .escape = SHEAF_NO_BYTE, .max_field = 100}},
    {"count()", NULL, NULL, "the quote and the escape byte are the same",
     ESCAPED(.delimiter = ',', .escape = '"')},
    {"count()", NULL, NULL, "the delimiter and the escape byte are the same",
     ESCAPED(.delimiter = 'x', .escape = 'x')},
    {"count()",
     NULL,
     NULL,
     "the comment and the escape byte are the same",
     {.delimiter = ',', .quote = '"', .comment = '#', .escape = '#', .max_field = 100}},
    {"count()",
     NULL,
     NULL,
     "there is no quote",
     {.delimiter = ',',
      .quote = SHEAF_NO_BYTE,
      .comment = SHEAF_NO_BYTE,
      .escape = '\\',
      .max_field = 100}},
    {"count()", NULL, NULL, "or the escape byte", ESCAPED(.delimiter = ',', .escape = '\r')},
    {"count()", NULL, NULL, "one byte each, or none", ESCAPED(.delimiter = ',', .escape = 256)},
    {"count()", NULL, NULL, "--null: a quote in \"\"a\" is not closed", DIALECT(.nulls = "\"a")},
};

START_TEST(wrong_requests)
{
    const struct refused *refused = &refuseds[_i];
    const int64_t live = memory_live();
    struct file file;
    make_file(&file, "k,x\na,1\n", 8);
    const char *files[] = {file.path};
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = SHEAF_AGGREGATE;
    request.files = files;
    request.file_count = 1;
    request.expressions = &refused->expression;
    request.expression_count = refused->expression != NULL;
    request.group_by = refused->group_by;
    request.dialect = refused->dialect;
    const struct sheaf_run_options options = {.executor = refused->executor};
    struct sheaf_plan *plan = NULL;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_plan_open(&request, &options, &plan, &error), SHEAF_USAGE);
    ck_assert_ptr_null(plan);
    ck_assert_int_eq(error.status, SHEAF_USAGE);
    if (strstr(error.text, refused->text) == NULL)
        ck_abort_msg("\"%s\", not \"%s\"", error.text, refused->text);
    ck_assert_int_eq(sheaf_plan_open(&request, &options, &plan, NULL), SHEAF_USAGE);
    ck_assert_int_eq(memory_live(), live);
    close_file(&file);
}
END_TEST

/* What reads is chosen by name. */
START_TEST(wrong_engines)
{
    static const struct {
        struct sheaf_run_options options;
        int escape;
        const char *text;
    } engines[] = {
        {{.scanner = "smid"}, SHEAF_NO_BYTE, "unknown scanner \"smid\"; did you mean \"simd\"?"},
        {{.scanner = "walker"}, SHEAF_NO_BYTE, "unknown scanner \"walker\"; simd, libcsv"},
        {{.scanner = "libcsv"}, '\\', "the scanner libcsv knows no escapes"},
        {{.isa = "axv2"},
         SHEAF_NO_BYTE,
         "unknown instruction set \"axv2\"; did you mean \"avx2\"?"},
        {{.isa = "neon"}, SHEAF_NO_BYTE, "auto, scalar, sse2, avx2, avx512"},
    };
    struct file file;
    make_file(&file, "k,x\na,1\n", 8);
    const char *files[] = {file.path};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        struct sheaf_request request = SHEAF_REQUEST_INIT;
        request.files = files;
        request.file_count = 1;
        request.dialect.escape = engines[i].escape;
        struct sheaf_plan *plan = NULL;
        struct sheaf_error error;
        ck_assert_int_eq(sheaf_plan_open(&request, &engines[i].options, &plan, &error),
                         SHEAF_USAGE);
        ck_assert_ptr_null(plan);
        if (strstr(error.text, engines[i].text) == NULL)
            ck_abort_msg("\"%s\", not \"%s\"", error.text, engines[i].text);
    }
    close_file(&file);
}
END_TEST

/* Every instruction set either runs or is refused, with those that run. */
START_TEST(instruction_sets)
{
    struct file file;
    make_file(&file, "k,x\na,1\n", 8);
    const char *files[] = {file.path};
    size_t available = 0;
    ck_assert_str_eq(sheaf_isa(0).name, "auto");
    ck_assert_str_eq(sheaf_isa_available(0).name, "scalar");
    for (size_t i = 0; sheaf_isa(i).name != NULL; i++) {
        const char *next = sheaf_isa_available(available).name;
        const bool runs = i == 0 || (next != NULL && strcmp(next, sheaf_isa(i).name) == 0);
        available += runs && i > 0;
        struct sheaf_request request = SHEAF_REQUEST_INIT;
        request.files = files;
        request.file_count = 1;
        const struct sheaf_run_options options = {.isa = sheaf_isa(i).name};
        struct sheaf_plan *plan = NULL;
        struct sheaf_error error = {.status = SHEAF_OK};
        ck_assert_int_eq(sheaf_plan_open(&request, &options, &plan, &error),
                         runs ? SHEAF_OK : SHEAF_USAGE);
        ck_assert(runs || strstr(error.text, "; it can: scalar") != NULL);
        sheaf_plan_close(plan);
    }
    ck_assert_ptr_null(sheaf_isa_available(available).name);
    close_file(&file);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------- */

struct job {
    const char *path;
    const char *expressions[3];
    size_t expression_count;
    const char *group_by;
    enum sheaf_on_error on_error;
    struct sheaf_run_options options;
};

/* Gives the status and, when all went well, the printed result (to be freed). */
static enum sheaf_status run_job(const struct job *job, char **csv, struct sheaf_error *error)
{
    static const struct sheaf_print_options print = {
        .format = "csv", .delimiter = ',', .comment = SHEAF_NO_BYTE};
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = job->expression_count == 0 ? SHEAF_COUNT : SHEAF_AGGREGATE;
    request.files = &job->path;
    request.file_count = 1;
    request.expressions = job->expressions;
    request.expression_count = job->expression_count;
    request.group_by = job->group_by;
    request.dialect.on_error = job->on_error;
    struct sheaf_plan *plan = NULL;
    struct sheaf_result *result = NULL;
    size_t length;
    *csv = NULL;
    enum sheaf_status status = sheaf_plan_open(&request, &job->options, &plan, error);
    if (status == SHEAF_OK) {
        FILE *nowhere = fopen("/dev/null", "w");
        ck_assert_ptr_nonnull(nowhere);
        status = sheaf_plan_run(plan, &result, error);
        ck_assert_int_eq(status == SHEAF_OK, result != NULL);
        sheaf_plan_timings(plan, nowhere); /* also after a failure */
        sheaf_plan_timings_json(plan, nowhere);
        ck_assert_int_eq(fclose(nowhere), 0);
    }
    if (status == SHEAF_OK)
        status = sheaf_result_format(result, &print, csv, &length, error);
    sheaf_result_close(result);
    sheaf_plan_close(plan);
    return status;
}

static void expect_csv(const struct job *job, const char *expected)
{
    char *csv;
    struct sheaf_error error;
    if (run_job(job, &csv, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    ck_assert_str_eq(csv, expected);
    free(csv);
}

START_TEST(a_plan_runs_once)
{
    struct file file;
    make_file(&file, "k,x\na,1\nb,2\n", 12);
    const char *files[] = {file.path};
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = SHEAF_COUNT;
    request.files = files;
    request.file_count = 1;
    const struct sheaf_run_options options = SHEAF_RUN_OPTIONS_INIT;
    struct sheaf_plan *plan;
    struct sheaf_result *result, *again;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_plan_open(&request, &options, &plan, NULL), SHEAF_OK);
    ck_assert(!sheaf_plan_reads_once(plan));
    ck_assert_int_eq(sheaf_plan_run(plan, &result, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_plan_run(plan, &again, &error), SHEAF_USAGE);
    ck_assert_ptr_null(again);
    sheaf_plan_close(plan); /* the result outlives its plan */
    struct sheaf_cell cell;
    ck_assert_uint_eq(sheaf_result_rows(result), 1);
    ck_assert_uint_eq(sheaf_result_columns(result), 1);
    ck_assert_int_eq(sheaf_result_name(result, 0, &cell), SHEAF_OK);
    ck_assert_uint_eq(cell.length, 5);
    ck_assert_int_eq(memcmp(cell.bytes, "count", 5), 0);
    ck_assert_int_eq(sheaf_result_cell(result, 0, 0, &cell, NULL), SHEAF_OK);
    ck_assert_int_eq(cell.kind, SHEAF_CELL_NUMBER);
    ck_assert(cell.length == 1 && cell.bytes[0] == '2');
    ck_assert_int_eq(sheaf_result_cell(result, 1, 0, &cell, NULL), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_result_cell(result, 0, 1, &cell, NULL), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_result_name(result, 1, &cell), SHEAF_USAGE);
    sheaf_result_close(result);
    close_file(&file);
    sheaf_plan_close(NULL);
    sheaf_result_close(NULL);
}
END_TEST

/* The delimiter is a tab when the first file's name says so. */
START_TEST(names_that_end_in_tsv)
{
    char directory[] = "/tmp/sheaf-plan-XXXXXX";
    char path[PATH_SIZE], other[PATH_SIZE];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a.tsv", directory);
    snprintf(other, sizeof other, "%s/a.csv", directory);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("a,b\tc\n1\t2\n", file);
    ck_assert_int_eq(fclose(file), 0);
    struct job job = {.path = path, .expressions = {"sum(c)"}, .expression_count = 1};
    expect_csv(&job, "sum(c)\n2\n");
    ck_assert_int_eq(rename(path, other), 0);
    job.path = other;
    job.expressions[0] = "count(a)";
    char *csv;
    struct sheaf_error error;
    ck_assert_int_eq(run_job(&job, &csv, &error), SHEAF_DATA);
    unlink(other);
    rmdir(directory);
}
END_TEST

START_TEST(a_set_token_stops_the_run)
{
    struct file file;
    struct sheaf_cancel *token;
    char *csv;
    struct sheaf_error error;
    make_file(&file, "k,x\na,1\nb,2\n", 12);
    ck_assert_int_eq(sheaf_cancel_open(&token, NULL), SHEAF_OK);
    sheaf_cancel_set(token, 15);
    static const char *const executors[] = {"pool", "openmp", "serial"};
    for (int i = 0; i < 3; i++) {
        struct job job = {.path = file.path,
                          .options = {.cancel = token, .executor = executors[i], .threads = 2}};
        job.options.chunk_size = 1;
        ck_assert_int_eq(run_job(&job, &csv, &error), SHEAF_STOPPED);
        ck_assert_int_eq(error.status, SHEAF_STOPPED);
    }
    sheaf_cancel_close(token);
    close_file(&file);
}
END_TEST

/* A state past the memory limit: the run says which, for every executor. */
START_TEST(the_memory_limit_is_kept)
{
    enum { ROWS = 20000 };
    char *bytes = malloc(ROWS * 16);
    ck_assert_ptr_nonnull(bytes);
    size_t length = (size_t)sprintf(bytes, "k\n");
    for (int i = 0; i < ROWS; i++)
        length += (size_t)sprintf(bytes + length, "key%d\n", i);
    struct file file;
    make_file(&file, bytes, length);
    static const char *const executors[] = {"pool", "openmp", "serial"};
    for (int i = 0; i < 3; i++) {
        struct job job = {.path = file.path,
                          .expressions = {"count()"},
                          .expression_count = 1,
                          .group_by = "k",
                          .options = {.executor = executors[i],
                                      .threads = 2,
                                      .chunk_size = 10000,
                                      .memory_limit = 100000}};
        char *csv;
        struct sheaf_error error;
        ck_assert_int_eq(run_job(&job, &csv, &error), SHEAF_LIMIT);
        ck_assert_ptr_nonnull(strstr(error.text, "--memory-limit"));
    }
    close_file(&file);
    free(bytes);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

static const char small_csv[] = "k,x,d\n"
                                "a,1,2024-01-02\n"
                                "\"b\"\"c\",2,2024-01-01\n"
                                "a,3,\n"
                                "bad\n"
                                "\"x\"y,5,2024-01-03\n"
                                "d,no,2024-05-05\n"
                                "\"long\nkey\",40,2023-01-01\n";

static const struct {
    const char *expressions[3];
    size_t count;
    const char *group_by;
    const char *csv;
} jobs[] = {
    {{"sum(x)"}, 1, "k", "k,sum(x)\na,4\n\"b\"\"c\",2\n\"long\nkey\",40\n"},
    {{"min(d)", "max(d)", "count()"}, 3, NULL, "min(d),max(d),count()\n2023-01-01,2024-05-05,5\n"},
    {{"first(k)", "last(k)", "var(x)"},
     3,
     NULL,
     "first(k),last(k),var(x)\na,\"long\nkey\",361.6666666666667\n"},
    {{NULL}, 0, NULL, "5\n"},
};

/* The n-th allocation of plan, run and print fails: an error, or the right answer; nothing is
 * leaked, nothing hangs. */
static bool fail_job(const struct job *job, const char *expected, uint64_t n)
{
    const int64_t live = memory_live();
    const uint64_t made = memory_allocations();
    char *csv;
    struct sheaf_error error = {.status = SHEAF_OK};
    memory_fail_at(n);
    const enum sheaf_status status = run_job(job, &csv, &error);
    memory_fail_at(0);
    if (status == SHEAF_OK) {
        if (strcmp(csv, expected) != 0)
            ck_abort_msg("allocation %llu: %s", (unsigned long long)n, csv);
    } else if (status != SHEAF_SYSTEM || error.status != status ||
               strstr(error.text, "memory") == NULL) {
        ck_abort_msg("allocation %llu: status %d, %s", (unsigned long long)n, (int)status,
                     error.text);
    }
    free(csv);
    if (memory_live() != live)
        ck_abort_msg("allocation %llu: %lld blocks are left", (unsigned long long)n,
                     (long long)(memory_live() - live));
    return memory_allocations() - made >= n;
}

static void fail_everywhere(int index, const char *executor, unsigned threads, uint64_t step)
{
    struct file file;
    make_file(&file, small_csv, sizeof small_csv - 1);
    struct job job = {.path = file.path,
                      .expression_count = jobs[index].count,
                      .group_by = jobs[index].group_by,
                      .on_error = SHEAF_ON_ERROR_SKIP,
                      .options = {.executor = executor, .threads = threads, .chunk_size = 20}};
    memcpy(job.expressions, jobs[index].expressions, sizeof job.expressions);
    expect_csv(&job, jobs[index].csv);
    uint64_t n = 1;
    while (fail_job(&job, jobs[index].csv, n))
        n += step;
    printf("%s: %llu allocations\n", executor, (unsigned long long)n);
    ck_assert_uint_gt(n, 30);
    close_file(&file);
}

START_TEST(memory_failures_are_clean)
{
    fail_everywhere(_i, "serial", 1, 1);
}
END_TEST

START_TEST(memory_failures_are_clean_in_a_pool)
{
    fail_everywhere(_i, "pool", 3, 2);
}
END_TEST

START_TEST(memory_failures_are_clean_in_openmp)
{
    fail_everywhere(_i, "openmp", 3, 5);
}
END_TEST

/* A pipe is read once, so each run gets a new one. */
START_TEST(memory_failures_are_clean_with_pipes)
{
    static const char *const executors[] = {"serial", "pool"};
    struct job job = {.expression_count = jobs[0].count,
                      .group_by = jobs[0].group_by,
                      .on_error = SHEAF_ON_ERROR_SKIP,
                      .options = {.executor = executors[_i], .threads = 3, .chunk_size = 20}};
    memcpy(job.expressions, jobs[0].expressions, sizeof job.expressions);
    bool reached = true;
    for (uint64_t n = 1; reached; n++) {
        int ends[2];
        char path[PATH_SIZE];
        ck_assert_int_eq(pipe(ends), 0);
        ck_assert_int_eq(write(ends[1], small_csv, sizeof small_csv - 1), sizeof small_csv - 1);
        ck_assert_int_eq(close(ends[1]), 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        job.path = path;
        reached = fail_job(&job, jobs[0].csv, n);
        ck_assert_int_eq(close(ends[0]), 0);
    }
}
END_TEST

static Suite *plan_suite(void)
{
    enum { JOBS = sizeof jobs / sizeof *jobs };
    Suite *suite = suite_create("plan");
    TCase *tests = tcase_create("plan");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, wrong_requests, 0, sizeof refuseds / sizeof *refuseds);
    tcase_add_test(tests, wrong_engines);
    tcase_add_test(tests, instruction_sets);
    tcase_add_test(tests, a_plan_runs_once);
    tcase_add_test(tests, names_that_end_in_tsv);
    tcase_add_test(tests, a_set_token_stops_the_run);
    tcase_add_test(tests, the_memory_limit_is_kept);
    tcase_add_loop_test(tests, memory_failures_are_clean, 0, JOBS);
    tcase_add_loop_test(tests, memory_failures_are_clean_in_a_pool, 0, JOBS);
    tcase_add_loop_test(tests, memory_failures_are_clean_in_openmp, 0, JOBS);
    tcase_add_loop_test(tests, memory_failures_are_clean_with_pipes, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(plan_suite)
