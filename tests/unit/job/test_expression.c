/* job/expression.h: what users type for an aggregate, right and wrong. */
#include "job/expression.h"

#include "unit/unit.h"

#include <string.h>

struct right {
    const char *text, *function, *argument, *name;
    bool quoted;
};

static const struct right rights[] = {
    {"count()", "count", NULL, "count()", false},
    {"count( )", "count", NULL, "count( )", false},
    {"sum(fare)", "sum", "fare", "sum(fare)", false},
    {" sum(fare) ", "sum", "fare", "sum(fare)", false},
    {"sum( fare )", "sum", "fare", "sum( fare )", false},
    {"sum(\tfare\t)", "sum", "fare", "sum(\tfare\t)", false},
    {"sum(trip id)", "sum", "trip id", "sum(trip id)", false},
    {"sum(3)", "sum", "3", "sum(3)", false},
    {"p99(x)", "p99", "x", "p99(x)", false},
    {"all-true(x)", "all-true", "x", "all-true(x)", false},
    {"SUM(x)", "SUM", "x", "SUM(x)", false},
    {"sum(fare) as total", "sum", "fare", "total", false},
    {"sum(fare)  as  total ", "sum", "fare", "total", false},
    {"sum(fare)\tas\ttotal", "sum", "fare", "total", false},
    {"sum(fare) as the total", "sum", "fare", "the total", false},
    {"sum(fare) as \"a total\"", "sum", "fare", "a total", false},
    {"sum(fare) as \"say \"\"x\"\"\"", "sum", "fare", "say \"x\"", false},
    {"sum(fare) as \"\"", "sum", "fare", "", false},
    {"sum(fare) as as", "sum", "fare", "as", false},
    {"count() as n", "count", NULL, "n", false},
    {"mean(\"trip id\")", "mean", "trip id", "mean(\"trip id\")", true},
    {"mean(\"3\")", "mean", "3", "mean(\"3\")", true},
    {"mean( \"x\" )", "mean", "x", "mean( \"x\" )", true},
    {"mean(\"a\"\"b\")", "mean", "a\"b", "mean(\"a\"\"b\")", true},
    {"mean(\"a)b\")", "mean", "a)b", "mean(\"a)b\")", true},
    {"mean(\") as x\")", "mean", ") as x", "mean(\") as x\")", true},
    {"mean(\"\")", "mean", "", "mean(\"\")", true},
    {"mean(\"x\") as y", "mean", "x", "y", true},
    /* Names may hold parentheses, quotes, and the word as. */
    {"sum(size (kB))", "sum", "size (kB)", "sum(size (kB))", false},
    {"sum(size (kB)) as s", "sum", "size (kB)", "s", false},
    {"sum(a)b)", "sum", "a)b", "sum(a)b)", false},
    {"sum(a\"b)", "sum", "a\"b", "sum(a\"b)", false},
    {"sum(a as b)", "sum", "a as b", "sum(a as b)", false},
    {"sum(gr\xc3\xb6\xc3\x9f"
     "e)",
     "sum",
     "gr\xc3\xb6\xc3\x9f"
     "e",
     "sum(gr\xc3\xb6\xc3\x9f"
     "e)",
     false},
    {"sum(a,b)", "sum", "a,b", "sum(a,b)", false},
    {"sum(x) as f(y)", "sum", "x", "f(y)", false},
};

static const char *const wrongs[] = {
    "",
    " ",
    "sum",
    "sum fare",
    "(fare)",
    "3(fare)",
    "-x(fare)",
    "sum[fare]",
    "sum(fare",
    "sum(",
    "sum(fare)x",
    "sum(fare)as x",
    "sum(x) as",
    "sum(x) as ",
    "sum(x) is y",
    "sum(\"fare)",
    "sum(\"x\"y)",
    "sum(\"x\"",
    "sum(x) y",
    "sum (fare)",
    "sum(\"x\")y",
    "sum(x) as \"",
    "sum(x) as \"y\" z",
    "s_m(x)",
    "\"sum\"(x)",
    "sum(x) as\"y\"",
};

static void check_text(struct text got, const char *expected)
{
    if (expected == NULL) {
        ck_assert_ptr_null(got.bytes);
        return;
    }
    ck_assert_ptr_nonnull(got.bytes);
    if (got.length != strlen(expected) || memcmp(got.bytes, expected, got.length) != 0)
        ck_abort_msg("`%.*s`, not `%s`", (int)got.length, got.bytes, expected);
}

START_TEST(right_expressions)
{
    const struct right *right = &rights[_i];
    struct arena arena = {.budget = NULL};
    struct expression got;
    struct sheaf_error error;
    if (expression_parse(right->text, &arena, &got, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    check_text(got.function, right->function);
    check_text(got.argument, right->argument);
    check_text(got.name, right->name);
    ck_assert_int_eq(got.argument_is_quoted, right->quoted);
    arena_close(&arena);
}
END_TEST

static const struct {
    const char *text, *argument, *parameter;
} parameters[] = {
    {"q(x, 0.5)", "x", "0.5"},         {"q(x,0.5)", "x", "0.5"},    {"q( x , 0.5 )", "x", "0.5"},
    {"q(a,b,.9)", "a,b", ".9"},        {"q(x)", "x", NULL},         {"q(x,)", "x", ""},
    {"q(\"a,b\", 0.9)", "a,b", "0.9"}, {"q(\"a,b\")", "a,b", NULL}, {"q(\"x\" ,1) as y", "x", "1"},
};

START_TEST(parameters_of_functions)
{
    struct arena arena = {.budget = NULL};
    struct expression got;
    struct sheaf_error error;
    if (expression_parse(parameters[_i].text, &arena, &got, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    expression_split_parameter(&got);
    check_text(got.argument, parameters[_i].argument);
    check_text(got.parameter, parameters[_i].parameter);
    arena_close(&arena);
}
END_TEST

START_TEST(wrong_expressions)
{
    struct arena arena = {.budget = NULL};
    struct expression got;
    struct sheaf_error error;
    if (expression_parse(wrongs[_i], &arena, &got, &error) == SHEAF_OK)
        ck_abort_msg("`%s` is taken", wrongs[_i]);
    ck_assert_int_eq(error.status, SHEAF_USAGE);
    ck_assert_uint_gt(strlen(error.text), 10);
    arena_close(&arena);
}
END_TEST

/* Whatever the bytes: an answer, whose parts lie in the text. */
START_TEST(random_expressions)
{
    static const char likely[] = "sum()as \"\"x\t,)";
    uint64_t seed = unit_seed("random_expressions", 72);
    struct arena arena = {.budget = NULL};
    int right = 0;
    for (int round = 0; round < 20000; round++) {
        char text[20] = "sum(";
        const size_t length = unit_random(&seed) % (sizeof text - 5);
        for (size_t i = 0; i < length; i++)
            text[4 + i] = likely[unit_random(&seed) % (sizeof likely - 1)];
        struct expression got;
        struct sheaf_error error = {.status = SHEAF_OK};
        const enum sheaf_status status = expression_parse(text, &arena, &got, &error);
        if (status != error.status || (status != SHEAF_OK && status != SHEAF_USAGE))
            ck_abort_msg("`%s`", text);
        right += status == SHEAF_OK;
        if (status == SHEAF_OK && (got.argument.length > length || got.name.length > 4 + length))
            ck_abort_msg("`%s`", text);
        arena_reset(&arena);
    }
    ck_assert_int_gt(right, 1000);
    arena_close(&arena);
}
END_TEST

static Suite *expression_suite(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("expression");
    tcase_add_loop_test(tests, right_expressions, 0, sizeof rights / sizeof *rights);
    tcase_add_loop_test(tests, parameters_of_functions, 0, sizeof parameters / sizeof *parameters);
    tcase_add_loop_test(tests, wrong_expressions, 0, sizeof wrongs / sizeof *wrongs);
    tcase_add_test(tests, random_expressions);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(expression_suite)
