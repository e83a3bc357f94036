/* The table of aggregates: its rows, and finding them by name. */
#include "agg/agg.h"

#include "unit/unit.h"

#include <string.h>

START_TEST(test_find)
{
    struct number parameter = {.kind = NUMBER_DECIMAL};
    for (size_t i = 0; i < agg_table_length; i++) {
        const struct agg_ops *ops = agg_table[i];
        const size_t length = strlen(ops->name);
        ck_assert_uint_eq(ops->size % 16, 0);
        ck_assert(strncmp(ops->signature, ops->name, length) == 0);
        ck_assert_uint_gt(strlen(ops->help), 0);
        ck_assert_int_eq(ops->takes_parameter, strcmp(ops->name, "q") == 0);
        ck_assert_int_eq(ops->is_family, strcmp(ops->name, "p") == 0);
        if (ops->is_family)
            continue;
        ck_assert_ptr_eq(agg_find_for(ops->name, length, ops->input != AGG_ROWS, &parameter), ops);
        ck_assert_int_eq(parameter.kind, NUMBER_NULL);
        ck_assert_str_eq(agg_find(ops->name, length)->name, ops->name);
        ck_assert(length == 1 || agg_find(ops->name, 1) == NULL ||
                  strcmp(agg_find(ops->name, 1)->name, "q") == 0);
        ck_assert_ptr_null(agg_find_for(ops->name, length, 2, &parameter));
        ck_assert_int_eq(ops->signature[length], '(');
    }
    ck_assert_str_eq(agg_find("count", 5)->signature, "count()");
    ck_assert_ptr_null(agg_find_for("sum", 3, 0, &parameter));
    ck_assert_ptr_null(agg_find("", 0));
    ck_assert_ptr_null(agg_find("sums", 4));
    ck_assert_ptr_nonnull(agg_find("sums", 3));
    ck_assert_ptr_null(agg_find("stats", 5));
}
END_TEST

/* p1 … p99 are names of one row, and nothing else that begins so is. */
START_TEST(test_find_percentile)
{
    struct number parameter;
    char name[16];
    for (int percent = -5; percent <= 1100; percent++) {
        const int length = snprintf(name, sizeof name, "p%d", percent);
        const struct agg_ops *ops = agg_find_for(name, (size_t)length, 1, &parameter);
        ck_assert_ptr_eq(agg_find(name, (size_t)length), ops);
        ck_assert_int_eq(ops != NULL, percent >= 1 && percent <= 99);
        if (ops == NULL) {
            ck_assert_int_eq(parameter.kind, NUMBER_NULL);
            continue;
        }
        ck_assert_str_eq(ops->signature, "p1(x) ... p99(x)");
        ck_assert_int_eq(parameter.kind, NUMBER_DECIMAL);
        ck_assert(parameter.mantissa == percent && parameter.exponent == -2);
        ck_assert_ptr_null(agg_find_for(name, (size_t)length, 0, &parameter));
    }
    static const char *const unknown[] = {"p",   "p0",  "p00", "p07", "p1a",
                                          "p9:", "P50", "p5 ", "pp"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ck_assert_ptr_null(agg_find(unknown[i], strlen(unknown[i])));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("aggs");
    TCase *tcase = tcase_create("aggs");
    tcase_add_test(tcase, test_find);
    tcase_add_test(tcase, test_find_percentile);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
