/* job/columns.h: columns by name, number, range, negation and pattern. */
#include "job/columns.h"

#include "unit/unit.h"

#include <string.h>

#define NAME(string)                                                                               \
    {                                                                                              \
        .bytes = string, .length = sizeof(string) - 1                                              \
    }

static const struct text names[] = {NAME("a"),   NAME("b"),   NAME("c"),       NAME("fare"),
                                    NAME("a-c"), NAME("3"),   NAME("trip id"), NAME("x,y"),
                                    NAME("dup"), NAME("dup"), NAME("!no"),     NAME("q\"t"),
                                    NAME(""),    NAME("d-e"), NAME("/z")};
static const struct column_names columns = {.names = names, .count = sizeof names / sizeof *names};

/* Expected columns are written as numbers from 1. */
static const struct {
    const char *list, *expected;
} rights[] = {
    {"a", "1"},
    {"fare,a", "4 1"},
    {"2", "2"},
    {"3", "3"},     /* digits alone are a number … */
    {"\"3\"", "6"}, /* … a quoted name is a name */
    {"03", "3"},
    {"15", "15"},
    {"a,a,1", "1"},
    {"a-c", "5"}, /* a name that exists whole goes before a range */
    {"\"a-c\"", "5"},
    {"a-fare", "1 2 3 4"},
    {"fare-b", "4 3 2"},
    {"1-3", "1 2 3"},
    {"3-1", "3 2 1"},
    {"2-2", "2"},
    {"b-4", "2 3 4"},
    {"a-d-e", "1 2 3 4 5 6 7 8 9 10 11 12 13 14"}, /* names hold dashes: every dash is tried */
    {"fare-a-c", "4 5"},
    {"trip id", "7"},
    {"\"x,y\",a", "8 1"},
    {"\"q\"\"t\"", "12"},
    {"q\"t", "12"},
    {"\"\"", "13"},
    {"9,10", "9 10"},
    {"!1-12,!15", "13 14"},
    {"!a", "2 3 4 5 6 7 8 9 10 11 12 13 14 15"},
    {"a-fare,!b", "1 3 4"},
    {"a-fare,!b,b", "1 3 4 2"},
    {"a,!a,a", "1"},
    {"\"!no\"", "11"},
    {"/^d/", "9 10 14"},
    {"/^[abc]$/,!b", "1 3"},
    {"!/./", "13"},
    {"/a.*e$/", "4"},
    {"/x,y/", "8"},
    {"/\\/z/", "15"},
    {"/^A/,a", NULL},
    {"a,/r/", "1 4 7"},
};

static void print(const struct column_list *list, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < list->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%u", i > 0 ? " " : "",
                                 list->columns[i] + 1);
}

START_TEST(right_lists)
{
    struct arena arena = {.budget = NULL};
    struct column_list list;
    struct sheaf_error error = {.status = SHEAF_OK};
    const enum sheaf_status status =
        column_list_parse(&columns, rights[_i].list, &arena, &list, &error);
    if (rights[_i].expected == NULL) { /* case matters in patterns */
        ck_assert_int_eq(status, SHEAF_USAGE);
    } else {
        if (status != SHEAF_OK)
            ck_abort_msg("%s: %s", rights[_i].list, error.text);
        char got[200];
        print(&list, got, sizeof got);
        ck_assert_str_eq(got, rights[_i].expected);
    }
    arena_close(&arena);
}
END_TEST

static const struct {
    const char *list, *text;
} wrongs[] = {
    {"far", "unknown column \"far\"; did you mean \"fare\""},
    {"FARE", "unknown column \"FARE\"; did you mean \"fare\"?"},
    {"id", "\"trip id\""},
    {"dup", "column \"dup\" is ambiguous: 2 columns have that name; use its number"},
    {"dup-a", "unknown column \"dup-a\""},
    {"0", "there is no column 0: the input has 15"},
    {"16", "there is no column 16: the input has 15"},
    {"99999999999999999999999999", "there is no column"},
    {"1-99", "unknown column \"1-99\""},
    {"a,zzzzzzzzzzzzz", "unknown column \"zzzzzzzzzzzzz\"; there are \"a\", \"b\""},
    {"\"a", "is never closed"},
    {"\"a\"b", NULL},
    {"/a", "needs a / at its end"},
    {"/(/", "the pattern /(/ is wrong"},
    {"/nothing/", "no column matches /nothing/"},
    {"!zz\nz", "unknown column \"zz\\nz\""},
    {"/a/b", NULL},
};

START_TEST(wrong_lists)
{
    struct arena arena = {.budget = NULL};
    struct column_list list;
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(column_list_parse(&columns, wrongs[_i].list, &arena, &list, &error),
                     SHEAF_USAGE);
    ck_assert_int_eq(error.status, SHEAF_USAGE);
    if (wrongs[_i].text != NULL && strstr(error.text, wrongs[_i].text) == NULL)
        ck_abort_msg("%s: %s", wrongs[_i].list, error.text);
    arena_close(&arena);
}
END_TEST

START_TEST(no_columns_at_all)
{
    const struct column_names none = {.names = NULL, .count = 0};
    uint32_t column;
    struct sheaf_error error;
    ck_assert_int_eq(column_find(&none, (struct text)NAME("a"), &column, &error), SHEAF_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "the input has no columns"));
    ck_assert_int_eq(column_find(&none, (struct text)NAME("1"), &column, &error), SHEAF_USAGE);
}
END_TEST

START_TEST(one_column)
{
    uint32_t column;
    ck_assert_int_eq(column_find(&columns, names[3], &column, NULL), SHEAF_OK);
    ck_assert_uint_eq(column, 3);
    ck_assert_int_eq(column_find(&columns, names[5], &column, NULL), SHEAF_OK);
    ck_assert_uint_eq(column, 2); /* the number 3 */
    ck_assert_int_eq(column_find_name(&columns, names[5], &column, NULL), SHEAF_OK);
    ck_assert_uint_eq(column, 5);
    ck_assert_int_eq(column_find_name(&columns, names[8], &column, NULL), SHEAF_USAGE);
}
END_TEST

START_TEST(quoted_names)
{
    static const struct {
        const char *text, *name, *rest;
    } cases[] = {{"\"a\"b", "a", "b"},
                 {"\"\"", "", ""},
                 {"\"a\"\"\"", "a\"", ""},
                 {"\"\"\"\"\"\"x", "\"\"", "x"},
                 {"\"a,b\",c", "a,b", ",c"}};
    struct arena arena = {.budget = NULL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = cases[i].text;
        struct text name;
        ck_assert_int_eq(quoted_name_take(&at, &arena, &name, NULL), SHEAF_OK);
        ck_assert_str_eq(at, cases[i].rest);
        ck_assert_uint_eq(name.length, strlen(cases[i].name));
        ck_assert_int_eq(memcmp(name.bytes, cases[i].name, name.length), 0);
    }
    static const char *const open[] = {"\"", "\"a", "\"a\"\"", "\"\"\""};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        const char *at = open[i];
        struct text name;
        ck_assert_int_eq(quoted_name_take(&at, &arena, &name, NULL), SHEAF_USAGE);
    }
    arena_close(&arena);
}
END_TEST

/* Whatever is typed: columns that exist, each once, or an error. */
START_TEST(random_lists)
{
    static const char *const pieces[] = {"a", "b",  ",", ",",    "-",  "!", "3",
                                         "1", "\"", "/", "fare", "\\", "*", "("};
    uint64_t seed = unit_seed("random_lists", 73);
    struct arena arena = {.budget = NULL};
    for (int round = 0; round < 10000; round++) {
        char text[64] = "";
        for (uint64_t n = unit_random(&seed) % 8; n > 0; n--)
            strcat(text, pieces[unit_random(&seed) % (sizeof pieces / sizeof *pieces)]);
        struct column_list list = {.count = 0};
        bool seen[sizeof names / sizeof *names] = {false};
        if (column_list_parse(&columns, text, &arena, &list, NULL) == SHEAF_OK)
            for (uint32_t i = 0; i < list.count; i++) {
                if (list.columns[i] >= columns.count || seen[list.columns[i]])
                    ck_abort_msg("`%s`", text);
                seen[list.columns[i]] = true;
            }
        arena_reset(&arena);
    }
    arena_close(&arena);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    static const char list[] = "\"a\",/./,!b";
    const int64_t live = memory_live();
    for (uint64_t n = 1; n <= 2; n++) {
        struct arena arena = {.budget = NULL};
        struct column_list out;
        struct sheaf_error error = {.status = SHEAF_OK};
        memory_fail_at(n);
        const enum sheaf_status status = column_list_parse(&columns, list, &arena, &out, &error);
        memory_fail_at(0);
        ck_assert_int_eq(status, n == 1 ? SHEAF_SYSTEM : SHEAF_OK);
        ck_assert_int_eq(error.status, status);
        arena_close(&arena);
        ck_assert_int_eq(memory_live(), live);
    }
}
END_TEST

static Suite *columns_suite(void)
{
    Suite *suite = suite_create("columns");
    TCase *tests = tcase_create("columns");
    tcase_add_loop_test(tests, right_lists, 0, sizeof rights / sizeof *rights);
    tcase_add_loop_test(tests, wrong_lists, 0, sizeof wrongs / sizeof *wrongs);
    tcase_add_test(tests, no_columns_at_all);
    tcase_add_test(tests, one_column);
    tcase_add_test(tests, quoted_names);
    tcase_add_test(tests, random_lists);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(columns_suite)
