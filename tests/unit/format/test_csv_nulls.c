/* The --null list of format/csv.h: how it is read, and which fields are null by it. */
#include "format/csv.h"

#include "unit/unit.h"

#include <string.h>

enum { MOST = 5 };

static const struct {
    const char *list;
    bool empty;
    size_t count;
    const char *texts[MOST];
} lists[] = {
    {NULL, true, 0, {NULL}},
    {"", true, 0, {NULL}},
    {"NA", false, 1, {"NA"}},
    {"NA,", true, 1, {"NA"}},
    {",NA", true, 1, {"NA"}},
    {"NA,,-", true, 2, {"NA", "-"}},
    {"NA,NULL,n/a", false, 3, {"NA", "NULL", "n/a"}},
    {"\"a,b\",c", false, 2, {"a,b", "c"}},
    {"\"\"", true, 0, {NULL}},
    {"\"x\"\"y\"", false, 1, {"x\"y"}},
    {"\"\"\"\"", false, 1, {"\""}},
    {" NA ", false, 1, {" NA "}},
    {"a\"b", false, 1, {"a\"b"}},
    {"a,a", false, 2, {"a", "a"}},
    {"\"a\nb\"", false, 1, {"a\nb"}},
};

START_TEST(lists_are_read)
{
    struct arena arena = {.budget = NULL};
    struct csv_nulls nulls = {.count = 0};
    ck_assert_int_eq(csv_nulls_parse(&nulls, lists[_i].list, &arena, NULL), SHEAF_OK);
    ck_assert_int_eq(nulls.empty, lists[_i].empty);
    ck_assert_uint_eq(nulls.count, lists[_i].count);
    for (size_t i = 0; i < nulls.count; i++) {
        const char *expected = lists[_i].texts[i];
        ck_assert_uint_eq(nulls.texts[i].length, strlen(expected));
        ck_assert_int_eq(memcmp(nulls.texts[i].bytes, expected, strlen(expected)), 0);
        ck_assert(csv_is_null(&nulls, expected, strlen(expected), SCAN_FIELD_UNQUOTED));
        ck_assert(!csv_is_null(&nulls, expected, strlen(expected), SCAN_FIELD_QUOTED));
    }
    ck_assert_int_eq(csv_is_null(&nulls, "", 0, SCAN_FIELD_UNQUOTED), lists[_i].empty);
    arena_close(&arena);
}
END_TEST

START_TEST(wrong_lists)
{
    static const char *const wrong[] = {"\"", "\"a", "a,\"b", "\"a\"b", "\"a\" ,b", "\"a\"\""};
    struct arena arena = {.budget = NULL};
    struct csv_nulls nulls = {.count = 0};
    struct sheaf_error error;
    ck_assert_int_eq(csv_nulls_parse(&nulls, wrong[_i], &arena, &error), SHEAF_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "--null"));
    arena_close(&arena);
}
END_TEST

START_TEST(kinds_of_fields)
{
    struct arena arena = {.budget = NULL};
    struct csv_nulls nulls = {.count = 0};
    ck_assert_int_eq(csv_nulls_parse(&nulls, "NA,", &arena, NULL), SHEAF_OK);
    ck_assert(csv_is_null(&nulls, "", 0, SCAN_FIELD_ABSENT));
    ck_assert(!csv_is_null(&nulls, "", 0, SCAN_FIELD_QUOTED));
    ck_assert(!csv_is_null(&nulls, "NA", 2, SCAN_FIELD_QUOTED));
    nulls.quoted = true;
    ck_assert(csv_is_null(&nulls, "", 0, SCAN_FIELD_QUOTED));
    ck_assert(csv_is_null(&nulls, "NA", 2, SCAN_FIELD_QUOTED));
    static const char *const others[] = {"N", "NA ", "na", "NAN", " NA"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert(!csv_is_null(&nulls, others[i], strlen(others[i]), SCAN_FIELD_UNQUOTED));
    nulls.empty = false;
    ck_assert(!csv_is_null(&nulls, "", 0, SCAN_FIELD_UNQUOTED));
    ck_assert(csv_is_null(&nulls, "", 0, SCAN_FIELD_ABSENT)); /* a padded field is no text at all */
    arena_close(&arena);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    for (uint64_t n = 1; n <= 2; n++) {
        struct memory_budget budget = {.limit = n == 1 ? 10 : UINT64_MAX};
        struct arena arena = {.budget = &budget};
        struct csv_nulls nulls = {.count = 0};
        struct sheaf_error error = {.status = SHEAF_OK};
        memory_fail_at(n == 1 ? 0 : 1);
        ck_assert_int_ne(csv_nulls_parse(&nulls, "a,b", &arena, &error), SHEAF_OK);
        ck_assert_int_eq(error.status, n == 1 ? SHEAF_LIMIT : SHEAF_SYSTEM);
        memory_fail_at(0);
        arena_close(&arena);
    }
}
END_TEST

static Suite *csv_nulls_suite(void)
{
    Suite *suite = suite_create("csv_nulls");
    TCase *tests = tcase_create("csv_nulls");
    tcase_add_loop_test(tests, lists_are_read, 0, sizeof lists / sizeof *lists);
    tcase_add_loop_test(tests, wrong_lists, 0, 6);
    tcase_add_test(tests, kinds_of_fields);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(csv_nulls_suite)
