/* The renderer from end to end: through a sink into a file, and with every allocation refused. */
#include "unit/unit.h"

#include "base/memory.h"
#include "unit/render/render_text.h"

#include <unistd.h>

static char directory[32];
static char path[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/sheaf-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/out", directory);
}

static void remove_directory(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* The names of this table die after open, its texts after each row. */
static enum sheaf_status render_rows(const struct render_ops *ops, struct sink *sink, int rows,
                                     struct sheaf_error *error)
{
    char name[] = "name";
    const struct text names[] = {{name, 4}, {NULL, 0}};
    struct renderer *renderer;
    TRY(renderer_open(ops, &(struct render_options){.delimiter = ',', .comment = -1},
                      &(struct render_header){names, 2}, sink, &renderer, error));
    memset(name, 'x', sizeof name - 1);
    enum sheaf_status status = SHEAF_OK;
    for (int i = 0; i < rows && status == SHEAF_OK; i++) {
        char text[32];
        snprintf(text, sizeof text, "row %d", i);
        const struct value cells[] = {cell_text(text), cell_integer(i)};
        status = renderer_row(renderer, cells, error);
    }
    if (status == SHEAF_OK)
        status = renderer_finish(renderer, error);
    renderer_close(renderer);
    return status;
}

START_TEST(a_file_holds_all_rows)
{
    enum { MANY = 20000 };
    struct sink *sink;
    ck_assert_int_eq(sink_open(path, &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(render_rows(render_find("csv"), sink, MANY, NULL), SHEAF_OK);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);

    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    char line[64];
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_str_eq(line, "name,\"\"\n");
    for (int i = 0; i < MANY; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "row %d,%d\n", i, i);
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        ck_assert_str_eq(line, expected);
    }
    ck_assert_ptr_null(fgets(line, sizeof line, file));
    fclose(file);
}
END_TEST

/* Refuses the n-th allocation for every n until none is refused any more. */
static void refuse_memory(const struct render_ops *ops)
{
    bool refused = true;
    for (uint64_t n = 1; refused; n++) {
        ck_assert_uint_lt(n, 1000);
        struct sink *sink;
        ck_assert_int_eq(sink_open("/dev/null", &sink, NULL), SHEAF_OK);
        const int64_t live = memory_live();
        const uint64_t before = memory_allocations();
        struct sheaf_error error = {.status = SHEAF_OK};
        memory_fail_at(n);
        const enum sheaf_status status = render_rows(ops, sink, 100, &error);
        memory_fail_at(0);
        refused = memory_allocations() - before >= n;
        if (refused) {
            ck_assert_int_eq(status, SHEAF_SYSTEM);
            ck_assert_int_eq(error.status, SHEAF_SYSTEM);
            ck_assert_ptr_nonnull(strstr(error.text, "out of memory"));
        } else {
            ck_assert_int_eq(status, SHEAF_OK);
        }
        ck_assert_int_eq(memory_live(), live);
        sink_close(sink);
    }
}

START_TEST(refused_memory_is_an_error_and_no_leak)
{
    for (size_t i = 0; i < render_table_length; i++)
        refuse_memory(render_table[i]);
}
END_TEST

START_TEST(a_failing_sink_stops_the_rows)
{
    struct sink *sink;
    struct sheaf_error error;
    ck_assert_int_eq(sink_open("/dev/full", &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(render_rows(render_find("jsonl"), sink, 100000, &error), SHEAF_SYSTEM);
    ck_assert_str_eq(error.text, "/dev/full: cannot write: No space left on device");
    sink_close(sink);
}
END_TEST

START_TEST(the_table_is_complete)
{
    static const char *const names[] = {"csv", "tsv", "json", "jsonl", "md", "table"};
    ck_assert_uint_eq(render_table_length, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < render_table_length; i++) {
        ck_assert_str_eq(render_table[i]->name, names[i]);
        ck_assert_ptr_eq(render_find(names[i]), render_table[i]);
        ck_assert_ptr_null(strchr(render_table[i]->help, '\n'));
        render_table[i]->close(NULL);
    }
    ck_assert_ptr_null(render_find("cs"));
    ck_assert_ptr_null(render_find(""));
    renderer_close(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("renderer");
    TCase *tests = tcase_create("renderer");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, a_file_holds_all_rows);
    tcase_add_test(tests, refused_memory_is_an_error_and_no_leak);
    tcase_add_test(tests, a_failing_sink_stops_the_rows);
    tcase_add_test(tests, the_table_is_complete);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
