/* Aggregates that take a column in the form that its type has: numbers, instants or texts. */
#include "unit/agg/dataset.h"

#include "unit/unit.h"

#include <stdalign.h>

enum { STATE_SIZE = 512 };

static void check_count(const struct value *value, uint64_t expected)
{
    ck_assert_int_eq(value->kind, VALUE_NUMBER);
    ck_assert_int_eq(value->number.kind, NUMBER_DECIMAL);
    ck_assert(value->number.mantissa == (int128)expected && value->number.exponent == 0);
}

/* Of binary columns, count, nulls and distinct look at the one vector that there is. */
static void check_native(const char *name, enum column_type type, const struct column *column,
                         uint32_t rows, uint64_t expected)
{
    const struct agg_ops *ops = agg_find_for(name, strlen(name), 1, &(struct number){.kind = 0});
    const struct agg_call call = {
        .ops = ops, .type = type, .round = -1, .secret = dataset_secret()};
    const uint64_t row_bytes[] = {0, 8, 16, 24};
    const struct batch batch = {
        .rows = rows, .row_bytes = row_bytes, .columns = column, .selected = rows};
    alignas(16) char state[STATE_SIZE];
    alignas(16) char group[STATE_SIZE];
    char *groups[] = {group, group, group, group};
    ops->init(state, &call);
    ops->init(group, &call);
    ck_assert_int_eq(ops->update(state, &call, column, &batch, NULL), SHEAF_OK);
    ck_assert_int_eq(ops->scatter(groups, 0, &call, column, &batch, NULL), SHEAF_OK);
    struct value value;
    ck_assert_int_eq(ops->finish(state, &call, &value, NULL), SHEAF_OK);
    check_count(&value, expected);
    ck_assert_int_eq(ops->finish(group, &call, &value, NULL), SHEAF_OK);
    check_count(&value, expected);
    if (ops->drop != NULL) {
        ops->drop(state, &call);
        ops->drop(group, &call);
    }
}

START_TEST(test_native)
{
    static const struct number numbers[] = {
        {.mantissa = 10, .exponent = -1, .kind = NUMBER_DECIMAL},
        {.kind = NUMBER_NULL},
        {.mantissa = 1, .kind = NUMBER_DECIMAL},
        {.mantissa = 2, .kind = NUMBER_DECIMAL},
    };
    static const struct instant instants[] = {
        {.form = INSTANT_NULL},
        {.seconds = 5, .form = INSTANT_LOCAL},
        {.seconds = 5, .attoseconds = 1, .form = INSTANT_LOCAL},
        {.seconds = 5, .form = INSTANT_LOCAL},
    };
    static const struct text texts[] = {{.bytes = "true", .length = 4}, {.bytes = NULL}};
    const struct column number_column = {.numbers = numbers};
    const struct column time_column = {.instants = instants};
    const struct column text_column = {.texts = texts};
    static const enum column_type number_types[] = {TYPE_INTEGER, TYPE_DECIMAL, TYPE_FLOAT};
    for (size_t i = 0; i < 3; i++) {
        check_native("count", number_types[i], &number_column, 4, 3);
        check_native("nulls", number_types[i], &number_column, 4, 1);
        check_native("distinct", number_types[i], &number_column, 4, 2);
    }
    check_native("count", TYPE_TIMESTAMP, &time_column, 4, 3);
    check_native("nulls", TYPE_DATE, &time_column, 4, 1);
    check_native("distinct", TYPE_TIMESTAMP, &time_column, 4, 2);
    check_native("count", TYPE_BOOLEAN, &text_column, 2, 1);
    check_native("nulls", TYPE_TEXT, &text_column, 2, 1);
    check_native("distinct", TYPE_UNKNOWN, &text_column, 2, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("agg native");
    TCase *tcase = tcase_create("native");
    tcase_add_test(tcase, test_native);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
