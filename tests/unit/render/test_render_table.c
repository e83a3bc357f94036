#include "unit/unit.h"

#include "unit/render/render_text.h"

START_TEST(columns_are_aligned)
{
    const struct text names[] = {text_of("station"), text_of("mean"), text_of("n"),
                                 text_of("last")};
    const struct value cells[] = {
        cell_text("Z\xc3\xbcrich"),
        cell_tenths(-15),
        cell_integer(1234567),
        cell_text("x"),
        cell_text("Oslo"),
        cell_tenths(12345),
        value_null(),
        value_null(),
        value_null(),
        value_null(),
        cell_integer(2),
        cell_text("longer"),
    };
    const struct sample sample = {names, 4, cells, 3, {.comment = -1}};
    check_text("table", &sample,
               "station    mean        n  last\n"
               "Z\xc3\xbcrich     -1.5  1234567  x\n"
               "Oslo     1234.5\n"
               "                       2  longer\n");
}
END_TEST

START_TEST(an_empty_text_is_not_null)
{
    const struct text names[] = {text_of("a"), text_of("n")};
    const struct value cells[] = {cell_text(""), cell_integer(1), value_null(), cell_integer(2)};
    const struct sample sample = {names, 2, cells, 2, {.comment = -1}};
    check_text("table", &sample, "a   n\n\"\"  1\n    2\n");
}
END_TEST

START_TEST(a_column_of_texts_and_numbers_goes_left)
{
    const struct text names[] = {text_of("mixed"), text_of("number")};
    const struct value cells[] = {cell_text("abcdefg"), cell_integer(1), cell_integer(5),
                                  cell_integer(22)};
    const struct sample sample = {names, 2, cells, 2, {.comment = -1}};
    check_text("table", &sample, "mixed    number\nabcdefg       1\n5            22\n");
}
END_TEST

START_TEST(nothing_reaches_the_terminal_unseen)
{
    const struct text names[] = {text_of("\x1b]0;t\x07"), text_of("b")};
    const struct value cells[] = {
        cell_text("\x1b[2J"),
        cell_text("a\nb\rc\td\x7f"),
        cell_text("\xc2\x9b"
                  "31m"),
        cell_text("\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\xa8"),
        cell_text("\xff\xc3"),
        value_text((struct text){"\0", 1}),
    };
    const struct sample sample = {names, 2, cells, 3, {.comment = -1}};
    check_text("table", &sample,
               "\\x1b]0;t\\x07  b\n"
               "\\x1b[2J       a\\nb\\rc\\td\\x7f\n"
               "\\u009b31m     \\u202e\\u2066\\u061c\\u2028\n"
               "\\xff\\xc3      \\x00\n");
}
END_TEST

START_TEST(a_long_cell_does_not_pad_the_others)
{
    char text[5001];
    memset(text, 'x', 5000);
    text[5000] = '\0';
    const struct text names[] = {text_of("a"), text_of("b")};
    const struct value cells[] = {cell_text(text), cell_text("y"), cell_text("z"), cell_text("y")};
    const struct sample sample = {names, 2, cells, 2, {.comment = -1}};
    struct buffer out = render_text("table", &sample);
    ck_assert_uint_lt(out.length, 5000 + 2 * 250);
    ck_assert_ptr_nonnull(strstr(out.bytes, "x  y\nz  "));
    buffer_close(&out);
}
END_TEST

START_TEST(small_tables)
{
    const struct text names[] = {text_of("count"), text_of("")};
    const struct value cells[] = {cell_integer(3)};
    check_text("table", &(struct sample){names, 1, NULL, 0, {.comment = -1}}, "count\n");
    check_text("table", &(struct sample){names, 2, NULL, 0, {.comment = -1}}, "count\n");
    check_text("table", &(struct sample){names, 0, NULL, 2, {.comment = -1}}, "");
    check_text("table", &(struct sample){names, 1, cells, 1, {.bare = true}}, "3\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_add_test(tests, columns_are_aligned);
    tcase_add_test(tests, an_empty_text_is_not_null);
    tcase_add_test(tests, a_column_of_texts_and_numbers_goes_left);
    tcase_add_test(tests, nothing_reaches_the_terminal_unseen);
    tcase_add_test(tests, a_long_cell_does_not_pad_the_others);
    tcase_add_test(tests, small_tables);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
