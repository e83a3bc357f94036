/* Pipelines under seeded schedules: the order at the end, errors and stops in the middle, and that
 * no item is lost or freed twice, whichever thread is late. */
#include "sheaf/pipeline.h"

#include "unit/sync/schedule.h"
#include "unit/unit.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { INPUTS = 5, MOST = 3, NEVER = 1000 };

/* A run of numbers → each of them i % 4 times, by two workers → a look at the order. */
struct scene {
    uint64_t next;          /* of the source */
    _Atomic unsigned calls; /* of the middle stage and the last */
    unsigned fail_at;       /* the call that gives an error */
    unsigned stop_at;       /* the call that sets the token */
    struct sheaf_cancel *cancel;
    enum sheaf_stage_order order;
    uint64_t before; /* what the last stage saw last */
    unsigned seen;
    _Atomic int alive; /* items made and not freed */
    _Atomic unsigned disorder;
};

/* Items are pointers, so that an item that is freed twice, or used after, is found. */
struct item {
    struct scene *scene;
    uint64_t value;
};

static struct item *item_make(struct scene *scene, uint64_t value)
{
    struct item *item = malloc(sizeof *item);
    if (item == NULL)
        abort();
    *item = (struct item){.scene = scene, .value = value};
    atomic_fetch_add(&scene->alive, 1);
    return item;
}

static void item_free(void *pointer)
{
    struct item *item = *(struct item **)pointer;
    atomic_fetch_sub(&item->scene->alive, 1);
    free(item);
}

static enum sheaf_status put_new(struct scene *scene, uint64_t value, struct sheaf_outlet *outlet,
                                 struct sheaf_error *error)
{
    struct item *item = item_make(scene, value);
    const enum sheaf_status status = sheaf_outlet_put(outlet, &item, error);
    if (status != SHEAF_OK)
        item_free(&item);
    return status;
}

static enum sheaf_status trouble(struct scene *scene, struct sheaf_error *error)
{
    const unsigned call = atomic_fetch_add(&scene->calls, 1);
    if (call == scene->stop_at)
        sheaf_cancel_set(scene->cancel, 2);
    if (call != scene->fail_at)
        return SHEAF_OK;
    snprintf(error->text, sizeof error->text, "no");
    return SHEAF_DATA;
}

static enum sheaf_status count(void *argument, void *item, struct sheaf_outlet *outlet,
                               struct sheaf_error *error)
{
    struct scene *scene = argument;
    (void)item;
    return scene->next == INPUTS ? SHEAF_END : put_new(scene, scene->next++, outlet, error);
}

static enum sheaf_status repeat(void *argument, void *pointer, struct sheaf_outlet *outlet,
                                struct sheaf_error *error)
{
    struct scene *scene = argument;
    const uint64_t value = (*(struct item **)pointer)->value;
    item_free(pointer);
    enum sheaf_status status = trouble(scene, error);
    for (uint64_t i = 0; i < value % (MOST + 1) && status == SHEAF_OK; i++)
        status = put_new(scene, value * MOST + i + 1, outlet, error);
    return status;
}

static enum sheaf_status look(void *argument, void *pointer, struct sheaf_outlet *outlet,
                              struct sheaf_error *error)
{
    struct scene *scene = argument;
    const uint64_t value = (*(struct item **)pointer)->value;
    (void)outlet;
    item_free(pointer);
    if (value <= scene->before)
        atomic_fetch_add(&scene->disorder, 1);
    scene->before = value;
    scene->seen++;
    return trouble(scene, error);
}

static enum sheaf_status play(struct scene *scene, struct sheaf_error *error)
{
    const struct sheaf_stage stages[] = {
        {.name = "count",
         .function = count,
         .argument = scene,
         .workers = 1,
         .item_size = sizeof(struct item *),
         .capacity = 1,
         .destroy = item_free},
        {.name = "repeat",
         .function = repeat,
         .argument = scene,
         .workers = 2,
         .order = scene->order,
         .item_size = sizeof(struct item *),
         .capacity = 2,
         .destroy = item_free},
        {.name = "look", .function = look, .argument = scene, .workers = 1},
    };
    const enum sheaf_status status = sheaf_pipeline_run(stages, 3, scene->cancel, error);
    ck_assert_int_eq(atomic_load(&scene->alive), 0);
    if (scene->order == SHEAF_ORDERED)
        ck_assert_uint_eq(atomic_load(&scene->disorder), 0);
    return status;
}

enum { OUTPUTS = 0 + 1 + 2 + 3 + 0, CALLS = INPUTS + OUTPUTS };

static void runs_through(uint64_t seed)
{
    struct scene scene = {.fail_at = NEVER,
                          .stop_at = NEVER,
                          .order = seed % 4 == 0 ? SHEAF_UNORDERED : SHEAF_ORDERED};
    ck_assert_int_eq(play(&scene, NULL), SHEAF_OK);
    ck_assert_uint_eq(scene.seen, OUTPUTS);
}

static void fails(uint64_t seed)
{
    struct scene scene = {.fail_at = (unsigned)(seed / 4 % CALLS),
                          .stop_at = NEVER,
                          .order = seed % 4 == 0 ? SHEAF_UNORDERED : SHEAF_ORDERED};
    struct sheaf_error error;
    ck_assert_int_eq(play(&scene, &error), SHEAF_DATA);
    ck_assert(strcmp(error.text, "repeat: no") == 0 || strcmp(error.text, "look: no") == 0);
}

/* Stopped from inside a call; the call after that may fail, which then counts no more, unless it
 * was the other one's. */
static void is_stopped(uint64_t seed)
{
    const unsigned at = (unsigned)(seed / 4 % CALLS);
    struct scene scene = {.fail_at = seed % 3 == 0 ? at : NEVER,
                          .stop_at = at,
                          .order = seed % 4 == 0 ? SHEAF_UNORDERED : SHEAF_ORDERED};
    ck_assert_int_eq(sheaf_cancel_open(&scene.cancel, NULL), SHEAF_OK);
    const enum sheaf_status status = play(&scene, NULL);
    ck_assert(status == SHEAF_STOPPED || (status == SHEAF_OK && scene.seen == OUTPUTS));
    sheaf_cancel_close(scene.cancel);
}

START_TEST(all_goes_through)
{
    schedule_each("all_goes_through", runs_through);
}
END_TEST

START_TEST(an_error_ends_all)
{
    schedule_each("an_error_ends_all", fails);
}
END_TEST

START_TEST(a_token_ends_all)
{
    schedule_each("a_token_ends_all", is_stopped);
}
END_TEST

static Suite *pipeline_schedules_suite(void)
{
    Suite *suite = suite_create("pipeline schedules");
    TCase *schedules = tcase_create("schedules");
    tcase_add_test(schedules, all_goes_through);
    tcase_add_test(schedules, an_error_ends_all);
    tcase_add_test(schedules, a_token_ends_all);
    suite_add_tcase(suite, schedules);
    return suite;
}

UNIT_MAIN(pipeline_schedules_suite)
