/* The order of groups by key, where columns have types. */
#include "agg/group.h"

#include "unit/agg/dataset.h"
#include "unit/unit.h"

#include <string.h>

static struct text text_of(const char *string)
{
    return (struct text){.bytes = string, .length = string == NULL ? 0 : strlen(string)};
}

/* By key, columns of numbers are in the order of their values, all others of their bytes. */
START_TEST(test_key_types)
{
    static const char *const keys[] = {"10", "9", "-1.5", "", "1e21", "NaN", "-inf", "inf", "0.25"};
    static const char *const numbers[] = {NULL, "-inf", "-1.5", "0.25", "9",
                                          "10", "1e21", "inf",  "NaN"};
    static const char *const texts[] = {NULL,   "-1.5", "-inf", "0.25", "10",
                                        "1e21", "9",    "NaN",  "inf"};
    enum { COUNT = sizeof keys / sizeof keys[0] };
    static const struct {
        enum column_type type;
        const char *const *expected;
    } cases[] = {
        {TYPE_NULL, texts}, /* no types are given */
        {TYPE_UNKNOWN, texts}, {TYPE_TEXT, texts},      {TYPE_TIMESTAMP, texts},
        {TYPE_FLOAT, numbers}, {TYPE_INTEGER, numbers},
    };
    struct text column_texts[COUNT];
    uint64_t row_bytes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        column_texts[i] = text_of(keys[i][0] == 0 ? NULL : keys[i]);
        row_bytes[i] = i;
    }
    const struct column column = {.texts = column_texts};
    const struct batch batch = {
        .rows = COUNT, .row_bytes = row_bytes, .columns = &column, .selected = COUNT};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        const struct group_setup setup = {
            .keys = &(const uint32_t){0},
            .key_types = cases[n].type == TYPE_NULL ? NULL : &cases[n].type,
            .key_count = 1,
            .secret = dataset_secret(),
            .what = "the group table",
        };
        struct group_table *groups;
        ck_assert_int_eq(group_table_open(&setup, &groups, NULL), SHEAF_OK);
        ck_assert_int_eq(group_table_update(groups, &batch, NULL), SHEAF_OK);
        ck_assert_int_eq(group_table_sort(groups, GROUP_BY_KEY, NULL), SHEAF_OK);
        for (size_t i = 0; i < COUNT; i++) {
            struct value cell;
            ck_assert_int_eq(group_table_row(groups, i, &cell, NULL), SHEAF_OK);
            const struct text key = text_of(cases[n].expected[i]);
            ck_assert_int_eq(cell.kind, key.bytes == NULL ? VALUE_NULL : VALUE_TEXT);
            if (key.bytes != NULL)
                ck_assert_int_eq(text_compare(cell.text, key), 0);
        }
        group_table_close(groups);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group order");
    TCase *tcase = tcase_create("group order");
    tcase_add_test(tcase, test_key_types);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
