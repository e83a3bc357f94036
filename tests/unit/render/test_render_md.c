#include "unit/unit.h"

#include "unit/render/render_text.h"

START_TEST(cells_are_shown_not_read)
{
    const struct text names[] = {text_of("mean(tip_amount)"), text_of("a|b")};
    const struct value cells[] = {
        cell_text("one\ntwo\r\nthree\rfour"),
        cell_text("a\\|b"),
        cell_text("*b* _i_ `c` ~s~ <br> &lt; [l](u)"),
        cell_tenths(-15),
        value_null(),
        cell_text(""),
        cell_text("\x1b[31m\t\xff"),
        cell_text("Z\xc3\xbcrich"),
    };
    const struct sample sample = {names, 2, cells, 4, {.comment = -1}};
    check_text("md", &sample,
               "| mean(tip_amount) | a\\|b |\n"
               "| --- | --- |\n"
               "| one<br>two<br>three<br>four | a\\\\\\|b |\n"
               "| \\*b\\* \\_i\\_ \\`c\\` \\~s\\~ \\<br> \\&lt; \\[l\\](u) | -1.5 |\n"
               "|  | \"\" |\n"
               "| \\x1b\\[31m\\t\\xff | Z\xc3\xbcrich |\n");
}
END_TEST

START_TEST(small_tables)
{
    const struct text names[] = {text_of("count")};
    const struct value cells[] = {cell_integer(3)};
    check_text("md", &(struct sample){names, 1, NULL, 0, {.comment = -1}}, "| count |\n| --- |\n");
    check_text("md", &(struct sample){names, 0, NULL, 2, {.comment = -1}}, "");
    check_text("md", &(struct sample){names, 1, cells, 1, {.bare = true}},
               "| count |\n| --- |\n| 3 |\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("md");
    TCase *tests = tcase_create("md");
    tcase_add_test(tests, cells_are_shown_not_read);
    tcase_add_test(tests, small_tables);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
