/* The commands that make rows of whole columns: what they print of a small table, what they refuse,
 * and memory that is refused. Answers on real data are compared with other programs in tests/cli.
 */
#include "base/memory.h"
#include "sheaf/job.h"
#include "unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATH_SIZE = 64 };

static const char table[] = "id,x,when,flag,name,void\n"
                            "1,1.5,2024-01-02,true,b,\n"
                            "2,,2024-01-01,FALSE,a,\n"
                            "3,2.5,2024-01-04,true,b,\n"
                            "4,4.5,2024-01-03,true,\"\",\n";

struct report {
    enum sheaf_command command;
    const char *select, *fields, *at, *method;
    uint64_t top, bins;
    int round;
    const char *expected;
};

static const struct report reports[] = {
    {.command = SHEAF_STATS,
     .round = -1,
     .expected = "column,type,rows,nulls,distinct,min,max,sum,mean,sd,q1,median,q3\n"
                 "id,integer,4,0,4,1,4,10,2.5,1.2909944487358056,1.75,2.5,3.25\n"
                 "x,decimal,4,1,3,1.5,4.5,8.5,2.8333333333333335,1.5275252316519468,2,2.5,3.5\n"
                 "when,date,4,0,4,2024-01-01,2024-01-04,,,,2024-01-01,2024-01-02,2024-01-03\n"
                 "flag,boolean,4,0,2,false,true,,,,,,\n"
                 "name,text,4,0,3,\"\",b,,,,,,\n"
                 "void,null,4,4,0,,,0,,,,,\n"},
    {.command = SHEAF_STATS,
     .select = "x,name",
     .fields = "column, count,min_length,mode,mode_count,range",
     .round = -1,
     .expected = "column,count,min_length,mode,mode_count,range\n"
                 "x,3,3,1.5,1,3\n"
                 "name,4,0,b,2,\n"},
    /* Without a field that needs the table of distinct values. */
    {.command = SHEAF_STATS,
     .select = "x,when,name,flag",
     .fields = "column,type,min,max,mean",
     .round = 1,
     .expected = "column,type,min,max,mean\n"
                 "x,decimal,1.5,4.5,2.8\n"
                 "when,date,2024-01-01,2024-01-04,\n"
                 "name,text,\"\",b,\n"
                 "flag,boolean,false,true,\n"},
    {.command = SHEAF_FREQ,
     .select = "name,x",
     .top = 2,
     .round = -1,
     .expected = "column,value,count,percent\n"
                 "name,b,2,50\nname,a,1,25\n"
                 "x,1.5,1,25\nx,,1,25\n"},
    {.command = SHEAF_FREQ,
     .select = "name",
     .top = 0,
     .round = -1,
     .expected = "column,value,count,percent\nname,b,2,50\nname,a,1,25\nname,\"\",1,25\n"},
    {.command = SHEAF_QUANTILE,
     .select = "x,id",
     .at = "0.5, 1",
     .round = -1,
     .expected = "column,q,value\nx,0.5,2.5\nx,1,4.5\nid,0.5,2.5\nid,1,4\n"},
    {.command = SHEAF_QUANTILE,
     .select = "id",
     .method = "lower",
     .round = -1,
     .expected = "column,q,value\nid,0,1\nid,0.25,1\nid,0.5,2\nid,0.75,3\nid,1,4\n"},
    {.command = SHEAF_HISTOGRAM,
     .select = "id,void",
     .bins = 3,
     .round = -1,
     .expected = "column,low,high,count\nid,1,2,1\nid,2,3,1\nid,3,4,2\n"},
    {.command = SHEAF_SCHEMA,
     .round = -1,
     .expected = "column,type,nullable,example\n"
                 "id,integer,false,1\nx,decimal,true,1.5\nwhen,date,false,2024-01-02\n"
                 "flag,boolean,false,true\nname,text,false,b\nvoid,null,true,\n"},
};
enum { REPORTS = sizeof reports / sizeof reports[0] };

/* A table in memory that has a path. */
static int make_file(const char *bytes, size_t length, char path[PATH_SIZE])
{
    const int descriptor = memfd_create("table", MFD_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    ck_assert_int_eq(write(descriptor, bytes, length), (ssize_t)length);
    snprintf(path, PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

/* Gives the status and, when all went well, the printed result (to be freed). */
static enum sheaf_status run_report(const struct report *report, const char *path,
                                    const struct sheaf_run_options *options, char **csv,
                                    struct sheaf_error *error)
{
    static const struct sheaf_print_options print = SHEAF_PRINT_OPTIONS_INIT;
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = report->command;
    request.files = &path;
    request.file_count = 1;
    request.select = report->select;
    request.fields = report->fields;
    request.at = report->at;
    request.method = report->method;
    request.top = report->top;
    request.bins = report->bins;
    request.round = report->round;
    struct sheaf_plan *plan = NULL;
    struct sheaf_result *result = NULL;
    size_t length;
    *csv = NULL;
    enum sheaf_status status = sheaf_plan_open(&request, options, &plan, error);
    if (status == SHEAF_OK)
        status = sheaf_plan_run(plan, &result, error);
    if (status == SHEAF_OK)
        status = sheaf_result_format(result, &print, csv, &length, error);
    sheaf_result_close(result);
    sheaf_plan_close(plan);
    return status;
}

START_TEST(small_tables)
{
    char path[PATH_SIZE];
    const int file = make_file(table, strlen(table), path);
    for (uint64_t chunk_size = 1; chunk_size < 200; chunk_size += 1 + chunk_size / 3) {
        const struct sheaf_run_options options = {.threads = 1 + (unsigned)(chunk_size % 3),
                                                  .chunk_size = chunk_size};
        char *csv;
        struct sheaf_error error;
        if (run_report(&reports[_i], path, &options, &csv, &error) != SHEAF_OK)
            ck_abort_msg("%s", error.text);
        ck_assert_str_eq(csv, reports[_i].expected);
        free(csv);
    }
    ck_assert_int_eq(close(file), 0);
}
END_TEST

/* No columns: a header and nothing else. */
START_TEST(empty_tables)
{
    char path[PATH_SIZE];
    const int file = make_file("", 0, path);
    struct report report = reports[_i];
    report.select = NULL;
    char *csv;
    struct sheaf_error error;
    if (run_report(&report, path, NULL, &csv, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    const size_t header = strcspn(report.expected, "\n") + 1;
    ck_assert_uint_eq(strlen(csv), header);
    ck_assert_int_eq(memcmp(csv, report.expected, header), 0);
    free(csv);
    ck_assert_int_eq(close(file), 0);
}
END_TEST

static const struct {
    struct report report;
    const char *text;
} refused[] = {
    {{.command = SHEAF_STATS, .fields = "column,medain"}, "did you mean \"median\"?"},
    {{.command = SHEAF_STATS, .fields = "qqqqqqqq"}, "unknown field \"qqqqqqqq\""},
    {{.command = SHEAF_STATS, .fields = "min,min"}, "named twice"},
    {{.command = SHEAF_STATS, .fields = ""}, "no field"},
    {{.command = SHEAF_STATS, .select = "idd"}, "did you mean \"id\"?"},
    {{.command = SHEAF_QUANTILE, .select = "x", .at = "1.5"}, "\"1.5\" is no quantile"},
    {{.command = SHEAF_QUANTILE, .select = "x", .at = "-0.1"}, "\"-0.1\" is no quantile"},
    {{.command = SHEAF_QUANTILE, .select = "x", .at = "0.5,,1"}, "\"\" is no quantile"},
    {{.command = SHEAF_QUANTILE, .select = "x", .at = "half"}, "\"half\" is no quantile"},
    {{.command = SHEAF_QUANTILE, .select = "x", .at = ""}, "no quantile is given"},
    {{.command = SHEAF_QUANTILE, .select = "x", .method = "lineer"}, "mean \"linear\"?"},
    {{.command = SHEAF_QUANTILE, .select = "x", .method = "10"}, "quantile method \"10\""},
    {{.command = SHEAF_HISTOGRAM, .select = "x", .bins = 0}, "bins can be made, not 0"},
    {{.command = SHEAF_HISTOGRAM, .select = "x", .bins = UINT64_MAX}, "bins can be made"},
    {{.command = (enum sheaf_command)99}, "there is no command 99"},
};

START_TEST(wrong_requests)
{
    char path[PATH_SIZE];
    const int file = make_file(table, strlen(table), path);
    const int64_t live = memory_live();
    char *csv;
    struct sheaf_error error;
    ck_assert_int_eq(run_report(&refused[_i].report, path, NULL, &csv, &error), SHEAF_USAGE);
    if (strstr(error.text, refused[_i].text) == NULL)
        ck_abort_msg("\"%s\", not \"%s\"", error.text, refused[_i].text);
    ck_assert_int_eq(memory_live(), live);
    ck_assert_int_eq(close(file), 0);
}
END_TEST

/* The n-th allocation fails, for every n: an error, or the right answer; nothing is leaked. */
START_TEST(refused_memory)
{
    char path[PATH_SIZE];
    const int file = make_file(table, strlen(table), path);
    const struct sheaf_run_options options = {.threads = 2, .chunk_size = 40};
    for (uint64_t n = 1;; n++) {
        const int64_t live = memory_live();
        const uint64_t made = memory_allocations();
        char *csv;
        struct sheaf_error error = {.status = SHEAF_OK};
        memory_fail_at(n);
        const enum sheaf_status status = run_report(&reports[_i], path, &options, &csv, &error);
        memory_fail_at(0);
        if (status == SHEAF_OK)
            ck_assert_str_eq(csv, reports[_i].expected);
        else if (status != SHEAF_SYSTEM || strstr(error.text, "memory") == NULL)
            ck_abort_msg("allocation %llu: status %d, %s", (unsigned long long)n, (int)status,
                         error.text);
        free(csv);
        if (memory_live() != live)
            ck_abort_msg("allocation %llu: %lld blocks are left", (unsigned long long)n,
                         (long long)(memory_live() - live));
        if (memory_allocations() - made < n)
            break;
    }
    ck_assert_int_eq(close(file), 0);
}
END_TEST

/* Tables of one's own print as results do. */
START_TEST(own_tables)
{
    static const char *const names[] = {"name", "figure"};
    const struct sheaf_cell rows[][2] = {
        {{SHEAF_CELL_TEXT, "a,b", 3}, {SHEAF_CELL_NUMBER, "1.50", 4}},
        {{SHEAF_CELL_NULL, NULL, 0}, {SHEAF_CELL_NUMBER, "1e3", 3}},
    };
    const struct sheaf_cell wrong[] = {{SHEAF_CELL_NULL, NULL, 0}, {SHEAF_CELL_NUMBER, "x", 1}};
    struct sheaf_result *own;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_table_open(names, 2, &own, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_table_add(own, rows[0], NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_table_add(own, wrong, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_table_add(own, rows[1], &error), SHEAF_OK);
    ck_assert_uint_eq(sheaf_result_rows(own), 2);
    struct sheaf_cell cell;
    ck_assert_int_eq(sheaf_result_cell(own, 0, 1, &cell, NULL), SHEAF_OK);
    ck_assert(cell.kind == SHEAF_CELL_NUMBER && cell.length == 3);
    static const struct sheaf_print_options print = SHEAF_PRINT_OPTIONS_INIT;
    char *csv;
    size_t length;
    ck_assert_int_eq(sheaf_result_format(own, &print, &csv, &length, NULL), SHEAF_OK);
    ck_assert_str_eq(csv, "name,figure\n\"a,b\",1.5\n,1000\n");
    free(csv);
    sheaf_result_close(own);
}
END_TEST

static Suite *reports_suite(void)
{
    Suite *suite = suite_create("reports");
    TCase *tests = tcase_create("reports");
    tcase_add_loop_test(tests, small_tables, 0, REPORTS);
    tcase_add_loop_test(tests, empty_tables, 0, REPORTS);
    tcase_add_loop_test(tests, wrong_requests, 0, sizeof refused / sizeof refused[0]);
    tcase_add_loop_test(tests, refused_memory, 0, REPORTS);
    tcase_add_test(tests, own_tables);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(reports_suite)
