/* Pipelines that are described wrongly, or whose functions do wrong: what a run says then. */
#include "sheaf/pipeline.h"

#include "unit/unit.h"

#include <stdio.h>

/* Gives the status that its argument points to; NULL: an end. */
static enum sheaf_status give(void *argument, void *item, struct sheaf_outlet *outlet,
                              struct sheaf_error *error)
{
    const enum sheaf_status *status = argument;
    (void)item;
    (void)outlet;
    (void)error;
    return status == NULL ? SHEAF_END : *status;
}

static enum sheaf_status put_byte(void *argument, void *item, struct sheaf_outlet *outlet,
                                  struct sheaf_error *error)
{
    (void)argument;
    (void)item;
    return sheaf_outlet_put(outlet, "x", error);
}

#define GOOD_SOURCE                                                                                \
    {                                                                                              \
        .name = "in", .function = put_byte, .workers = 1, .item_size = 1, .capacity = 1            \
    }
#define GOOD_SINK                                                                                  \
    {                                                                                              \
        .name = "out", .function = give, .workers = 1                                              \
    }

START_TEST(a_wrong_stage_is_named)
{
    static const struct {
        struct sheaf_stage stage; /* of three */
        int number;
        const char *text;
    } cases[] = {
        {{NULL, put_byte, NULL, 1, 0, 1, 1, NULL}, 1, "needs a name"},
        {{"x", NULL, NULL, 1, 0, 1, 1, NULL}, 2, "needs a function"},
        {{"x", put_byte, NULL, 0, 0, 1, 1, NULL}, 2, "needs at least one worker"},
        {{"x", put_byte, NULL, 1, 9, 0, 0, NULL}, 3, "must be ordered or unordered"},
        {{"x", put_byte, NULL, 2, 1, 1, 1, NULL}, 1, "is an ordered source: one worker only"},
        {{"x", put_byte, NULL, 1, 0, 0, 1, NULL}, 1, "puts out items, so their size must not be 0"},
        {{"x", put_byte, NULL, 1, 0, 1, 0, NULL}, 2, "needs a capacity of at least 1"},
        {{"x", put_byte, NULL, 1, 0, 1, 1, NULL}, 3, "is the last, so its item size must be 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sheaf_stage stages[] = {GOOD_SOURCE, GOOD_SOURCE, GOOD_SINK};
        stages[cases[i].number - 1] = cases[i].stage;
        struct sheaf_error wrong;
        ck_assert_int_eq(sheaf_pipeline_run(stages, 3, NULL, &wrong), SHEAF_USAGE);
        char text[128];
        snprintf(text, sizeof text, "stage %d (\"%s\") %s", cases[i].number, i == 0 ? "" : "x",
                 cases[i].text);
        ck_assert_str_eq(wrong.text, text);
        ck_assert_int_eq(sheaf_pipeline_run(stages, 3, NULL, NULL), SHEAF_USAGE);
    }
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_pipeline_run(NULL, 0, NULL, &error), SHEAF_USAGE);
    ck_assert_str_eq(error.text, "a pipeline needs at least one stage");
}
END_TEST

START_TEST(wrong_use_in_a_function_is_named)
{
    struct sheaf_stage stages[] = {GOOD_SOURCE, GOOD_SINK};
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_pipeline_run(stages, 2, NULL, &error), SHEAF_USAGE);
    ck_assert_str_eq(error.text, "out: gave the status of an end, as only a source may");
    stages[1].function = put_byte;
    ck_assert_int_eq(sheaf_pipeline_run(stages, 2, NULL, &error), SHEAF_USAGE);
    ck_assert_str_eq(error.text, "out: the last stage has nowhere to put an item");
    enum sheaf_status limit = SHEAF_LIMIT; /* and no text */
    stages[1].function = give;
    stages[1].argument = &limit;
    ck_assert_int_eq(sheaf_pipeline_run(stages, 2, NULL, &error), SHEAF_LIMIT);
    ck_assert_str_eq(error.text, "out: limit");
}
END_TEST

/* A call may live with a failure that it was told of; the next one says nothing of its own. */
static enum sheaf_status fail_without_text(void *argument, void *item, struct sheaf_outlet *outlet,
                                           struct sheaf_error *error)
{
    unsigned *calls = argument;
    (void)item;
    if (++*calls < 3) {
        ck_assert_int_eq(sheaf_outlet_put(outlet, "x", error), SHEAF_USAGE);
        return SHEAF_OK;
    }
    return SHEAF_SYSTEM;
}

START_TEST(each_call_begins_without_an_error)
{
    unsigned calls = 0;
    struct sheaf_stage stages[] = {GOOD_SOURCE, GOOD_SINK};
    stages[1].function = fail_without_text;
    stages[1].argument = &calls;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_pipeline_run(stages, 2, NULL, &error), SHEAF_SYSTEM);
    ck_assert_str_eq(error.text, "out: system");
}
END_TEST

START_TEST(a_source_alone_is_a_pipeline)
{
    const struct sheaf_stage alone = {.name = "alone", .function = give, .workers = 3};
    ck_assert_int_eq(sheaf_pipeline_run(&alone, 1, NULL, NULL), SHEAF_OK);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("pipeline, errors");
    TCase *cases = tcase_create("errors");
    tcase_add_test(cases, a_wrong_stage_is_named);
    tcase_add_test(cases, wrong_use_in_a_function_is_named);
    tcase_add_test(cases, each_call_begins_without_an_error);
    tcase_add_test(cases, a_source_alone_is_a_pipeline);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(make_suite)
