/* Pipelines: what comes out, in which order, that every item is freed exactly once whatever goes
 * wrong, and what a run says then. Every item carries a ticket of a ledger, which knows whether it
 * is alive; the order that comes out is compared with a plain loop over the same numbers. */
#include "sheaf/pipeline.h"

#include "unit/unit.h"

#include "base/memory.h"
#include "sync/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { TICKETS = 4096, STAGES = 4, NOWHERE = -1 };

/* --- The ledger --- */

struct item {
    uint64_t value;
    size_t ticket;
};

static struct {
    _Atomic size_t issued;
    _Atomic int alive[TICKETS];
    _Atomic size_t faults; /* tickets that were given back twice, or never issued */
} ledger;

static struct item item_make(uint64_t value)
{
    const size_t ticket = atomic_fetch_add(&ledger.issued, 1);
    if (ticket < TICKETS)
        atomic_store(&ledger.alive[ticket], 1);
    else
        atomic_fetch_add(&ledger.faults, 1);
    return (struct item){.value = value, .ticket = ticket};
}

static void item_free(void *pointer)
{
    const struct item *item = pointer;
    if (item->ticket >= TICKETS || atomic_exchange(&ledger.alive[item->ticket], 0) != 1)
        atomic_fetch_add(&ledger.faults, 1);
}

static void ledger_clear(void)
{
    atomic_store(&ledger.issued, 0);
    atomic_store(&ledger.faults, 0);
}

static void ledger_check(void)
{
    ck_assert_uint_eq(atomic_load(&ledger.faults), 0);
    for (size_t i = 0; i < atomic_load(&ledger.issued); i++)
        ck_assert_msg(atomic_load(&ledger.alive[i]) == 0, "item %zu was not freed", i);
}

/* --- A pipeline under test: count, first, second, collect --- */

enum trouble { NO_TROUBLE, GIVE_ERROR, SET_TOKEN, GIVE_ERROR_AFTER_TOKEN };

struct rig {
    uint64_t inputs;
    _Atomic uint64_t next;     /* of the source */
    _Atomic int calls[STAGES]; /* of each stage, so far */
    int trouble_stage;         /* NOWHERE: none */
    int trouble_call;
    enum trouble trouble;
    struct sheaf_cancel *cancel;
    _Atomic bool told; /* the token has been set, and the call that set it has returned */
    unsigned outputs;  /* per item of the middle stages; MIXED: 0 to 3, by its value */
    uint64_t collected[TICKETS];
    size_t collected_count;
};

enum { MIXED = 99 };

/* What a stage's function gets as its argument. */
struct place {
    struct rig *rig;
    int stage;
};

static unsigned outputs_of(const struct rig *rig, uint64_t value)
{
    return rig->outputs == MIXED ? (unsigned)(value % 4) : rig->outputs;
}

/* Makes calls overtake each other. */
static void dawdle(uint64_t value)
{
    for (uint64_t i = value * UINT64_C(0x9e3779b97f4a7c15) >> 61; i > 0; i--)
        sched_yield();
}

static enum sheaf_status trouble_at(const struct place *place, struct sheaf_error *error)
{
    struct rig *rig = place->rig;
    const int call = atomic_fetch_add(&rig->calls[place->stage], 1);
    if (place->stage != rig->trouble_stage || call != rig->trouble_call)
        return SHEAF_OK;
    if (rig->trouble != GIVE_ERROR) {
        sheaf_cancel_set(rig->cancel, 15);
        atomic_store(&rig->told, true);
    }
    if (rig->trouble == SET_TOKEN)
        return SHEAF_OK;
    *error = (struct sheaf_error){.status = SHEAF_DATA, .line = 7, .byte = 70};
    snprintf(error->text, sizeof error->text, "broken at call %d", call);
    return SHEAF_DATA;
}

static enum sheaf_status put_new(struct rig *rig, struct sheaf_outlet *outlet, uint64_t value,
                                 struct sheaf_error *error)
{
    struct item item = item_make(value);
    const bool told = atomic_load(&rig->told);
    const enum sheaf_status status = sheaf_outlet_put(outlet, &item, error);
    if (told && status != SHEAF_STOPPED)
        atomic_fetch_add(&ledger.faults, 1);
    memset(&item.value, 0xee, sizeof item.value); /* it was copied */
    if (status != SHEAF_OK)
        item_free(&item);
    return status;
}

static enum sheaf_status count_up(void *argument, void *item, struct sheaf_outlet *outlet,
                                  struct sheaf_error *error)
{
    const struct place *place = argument;
    struct rig *rig = place->rig;
    if (item != NULL)
        atomic_fetch_add(&ledger.faults, 1);
    const enum sheaf_status status = trouble_at(place, error);
    if (status != SHEAF_OK)
        return status;
    const uint64_t value = atomic_fetch_add(&rig->next, 1);
    return value < rig->inputs ? put_new(rig, outlet, value, error) : SHEAF_END;
}

static enum sheaf_status spread(void *argument, void *pointer, struct sheaf_outlet *outlet,
                                struct sheaf_error *error)
{
    const struct place *place = argument;
    struct item *item = pointer;
    enum sheaf_status status = SHEAF_OK;
    dawdle(item->value + (uint64_t)place->stage);
    const unsigned outputs = outputs_of(place->rig, item->value);
    for (unsigned i = 0; i < outputs && status == SHEAF_OK; i++) {
        if (i == outputs / 2)
            status = trouble_at(place, error); /* some of the call's items are out already */
        if (status == SHEAF_OK)
            status = put_new(place->rig, outlet, item->value * 4 + i, error);
    }
    item_free(item);
    return status;
}

static enum sheaf_status collect(void *argument, void *pointer, struct sheaf_outlet *outlet,
                                 struct sheaf_error *error)
{
    const struct place *place = argument;
    struct rig *rig = place->rig;
    struct item *item = pointer;
    (void)outlet;
    rig->collected[rig->collected_count++] = item->value;
    item_free(item);
    return trouble_at(place, error);
}

struct shape {
    unsigned workers[STAGES];
    enum sheaf_stage_order order;
    size_t capacity;
};

static const char *const stage_names[STAGES] = {"count", "first", "second", "collect"};

static enum sheaf_status rig_run(struct rig *rig, const struct shape *shape,
                                 struct sheaf_error *error)
{
    static sheaf_stage_function *const functions[STAGES] = {count_up, spread, spread, collect};
    struct place places[STAGES];
    struct sheaf_stage stages[STAGES];
    for (int i = 0; i < STAGES; i++) {
        places[i] = (struct place){.rig = rig, .stage = i};
        const bool is_last = i + 1 == STAGES;
        stages[i] = (struct sheaf_stage){.name = stage_names[i],
                                         .function = functions[i],
                                         .argument = &places[i],
                                         .workers = shape->workers[i],
                                         .order = i == 0 ? SHEAF_UNORDERED : shape->order,
                                         .item_size = is_last ? 0 : sizeof(struct item),
                                         .capacity = is_last ? 0 : shape->capacity,
                                         .destroy = is_last ? NULL : item_free};
    }
    ledger_clear();
    return sheaf_pipeline_run(stages, STAGES, rig->cancel, error);
}

static int compare_values(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Compares what was collected with nested loops: in order, or as a set. */
static void check_collected(struct rig *rig, bool in_order)
{
    size_t at = 0;
    if (!in_order)
        qsort(rig->collected, rig->collected_count, sizeof *rig->collected, compare_values);
    for (uint64_t value = 0; value < rig->inputs; value++)
        for (unsigned i = 0; i < outputs_of(rig, value); i++)
            for (unsigned j = 0; j < outputs_of(rig, value * 4 + i); j++, at++) {
                ck_assert_uint_lt(at, rig->collected_count);
                ck_assert_uint_eq(rig->collected[at], (value * 4 + i) * 4 + j);
            }
    ck_assert_uint_eq(at, rig->collected_count);
}

static const unsigned worker_counts[] = {1, 2, 4};
static const size_t capacities[] = {1, 2, 64};
static const unsigned output_counts[] = {0, 1, 3, MIXED};

START_TEST(every_item_comes_out_once_and_in_order_where_promised)
{
    const enum sheaf_stage_order order = _i == 0 ? SHEAF_UNORDERED : SHEAF_ORDERED;
    static struct rig rig;
    for (size_t w = 0; w < 9; w++)
        for (size_t c = 0; c < 3; c++)
            for (size_t o = 0; o < 4; o++) {
                const unsigned first = worker_counts[w / 3];
                const unsigned second = worker_counts[w % 3];
                const struct shape shape = {
                    .workers = {1, first, second, 1}, .order = order, .capacity = capacities[c]};
                rig = (struct rig){
                    .inputs = 60, .trouble_stage = NOWHERE, .outputs = output_counts[o]};
                struct sheaf_error error = {.text = ""};
                ck_assert_msg(rig_run(&rig, &shape, &error) == SHEAF_OK, "%s", error.text);
                check_collected(&rig, order == SHEAF_ORDERED || (first == 1 && second == 1));
                ledger_check();
            }
}
END_TEST

START_TEST(a_source_may_have_many_workers)
{
    static struct rig rig;
    rig = (struct rig){.inputs = 300, .trouble_stage = NOWHERE, .outputs = 1};
    const struct shape shape = {.workers = {4, 2, 2, 1}, .capacity = 2};
    ck_assert_int_eq(rig_run(&rig, &shape, NULL), SHEAF_OK);
    check_collected(&rig, false);
    ledger_check();
    ck_assert_int_eq(atomic_load(&rig.calls[0]), 304); /* each worker till its own end */
}
END_TEST

/* --- Trouble at every call of every stage --- */

static const struct shape shapes_in_trouble[] = {
    {.workers = {1, 1, 1, 1}, .order = SHEAF_UNORDERED, .capacity = 1},
    {.workers = {1, 2, 2, 1}, .order = SHEAF_ORDERED, .capacity = 1},
    {.workers = {1, 4, 2, 1}, .order = SHEAF_ORDERED, .capacity = 4},
    {.workers = {2, 2, 4, 1}, .order = SHEAF_UNORDERED, .capacity = 2},
};

/* Runs into trouble at the given call; false: there is no such call. */
static bool runs_into(const struct shape *shape, enum trouble trouble, int stage, int call)
{
    static struct rig rig;
    rig = (struct rig){.inputs = 7,
                       .trouble_stage = stage,
                       .trouble_call = call,
                       .trouble = trouble,
                       .outputs = 2};
    ck_assert_int_eq(sheaf_cancel_open(&rig.cancel, NULL), SHEAF_OK);
    struct sheaf_error error = {.text = ""};
    const enum sheaf_status status = rig_run(&rig, shape, &error);
    ledger_check();
    const bool reached = atomic_load(&rig.calls[stage]) > call;
    if (shape->workers[stage] == 1) /* the one that got into trouble is not called again */
        ck_assert_int_le(atomic_load(&rig.calls[stage]), call + 1);
    sheaf_cancel_close(rig.cancel);
    if (!reached) {
        ck_assert_int_eq(status, SHEAF_OK);
        check_collected(&rig, shape->order == SHEAF_ORDERED || shape->workers[1] == 1);
    } else if (trouble == GIVE_ERROR) {
        char text[64];
        snprintf(text, sizeof text, "%s: broken at call %d", stage_names[stage], call);
        ck_assert_int_eq(status, SHEAF_DATA);
        ck_assert_int_eq(error.status, SHEAF_DATA);
        ck_assert_str_eq(error.text, text);
        ck_assert_uint_eq(error.line, 7);
        ck_assert_uint_eq(error.byte, 70);
    } else if (status == SHEAF_OK) { /* all had been done by then */
        check_collected(&rig, false);
    } else {
        ck_assert_int_eq(status, SHEAF_STOPPED);
        ck_assert_int_eq(error.status, SHEAF_STOPPED);
    }
    return reached;
}

START_TEST(trouble_frees_every_item_once)
{
    const enum trouble trouble = (enum trouble)_i;
    for (size_t s = 0; s < sizeof shapes_in_trouble / sizeof *shapes_in_trouble; s++)
        for (int stage = 0; stage < STAGES; stage++) {
            int call = 0;
            while (runs_into(&shapes_in_trouble[s], trouble, stage, call))
                call++;
            ck_assert_int_ge(call, 7);
        }
}
END_TEST

START_TEST(a_token_that_is_set_lets_nothing_begin)
{
    static struct rig rig;
    rig = (struct rig){.inputs = 5, .trouble_stage = NOWHERE, .outputs = 1};
    ck_assert_int_eq(sheaf_cancel_open(&rig.cancel, NULL), SHEAF_OK);
    sheaf_cancel_set(rig.cancel, 2);
    ck_assert_int_eq(rig_run(&rig, &shapes_in_trouble[1], NULL), SHEAF_STOPPED);
    for (int i = 0; i < STAGES; i++)
        ck_assert_int_eq(atomic_load(&rig.calls[i]), 0);
    sheaf_cancel_close(rig.cancel);
}
END_TEST

/* --- The system's refusals --- */

static enum sheaf_status run_short(struct sheaf_error *error)
{
    static struct rig rig;
    rig = (struct rig){.inputs = 5, .trouble_stage = NOWHERE, .outputs = 2};
    return rig_run(&rig, &shapes_in_trouble[1], error);
}

START_TEST(memory_that_is_refused_is_an_error)
{
    static void (*const plans[])(uint64_t n) = {memory_fail_at, memory_fail_from};
    struct sheaf_error error;
    const uint64_t before = memory_allocations();
    const int64_t live = memory_live();
    ck_assert_int_eq(run_short(&error), SHEAF_OK);
    const uint64_t needed = memory_allocations() - before;
    ck_assert_uint_ge(needed, 10);
    for (uint64_t n = 1; n <= needed; n++) {
        plans[_i](n);
        ck_assert_int_eq(run_short(&error), SHEAF_SYSTEM);
        plans[_i](0);
        ck_assert_ptr_nonnull(strstr(error.text, "out of memory"));
        ck_assert_int_eq(memory_live(), live);
    }
}
END_TEST

/* Stages start from the last one on: collect, second (2), first (2), count (3). Which of them is
 * without a thread when the n-th start is refused, or all from it on. */
static const int without_once[] = {3, 2, NOWHERE, 1, NOWHERE, 0, NOWHERE, NOWHERE, NOWHERE};
static const int without_after[] = {3, 2, 1, 1, 0, 0, NOWHERE, NOWHERE, NOWHERE};

START_TEST(threads_that_are_refused_are_done_without)
{
    static struct rig rig;
    const struct shape shape = {.workers = {3, 2, 2, 1}, .order = SHEAF_ORDERED, .capacity = 2};
    for (size_t n = 0; n < sizeof without_once / sizeof *without_once; n++) {
        struct sheaf_error error = {.text = ""};
        rig = (struct rig){.inputs = 20, .trouble_stage = NOWHERE, .outputs = MIXED};
        if (_i == 0)
            thread_fail_once_after(n);
        else
            thread_fail_after(n);
        const enum sheaf_status status = rig_run(&rig, &shape, &error);
        thread_fail_after(UINT64_MAX);
        ledger_check();
        const int without = _i == 0 ? without_once[n] : without_after[n];
        if (without == NOWHERE) {
            ck_assert_msg(status == SHEAF_OK, "%zu: %s", n, error.text);
            check_collected(&rig, false);
            continue;
        }
        char text[128];
        snprintf(text, sizeof text, "%s: cannot start the thread \"%s\": ", stage_names[without],
                 stage_names[without]);
        ck_assert_int_eq(status, SHEAF_SYSTEM);
        ck_assert_int_ne(error.system_errno, 0);
        ck_assert_msg(strncmp(error.text, text, strlen(text)) == 0, "%zu: %s", n, error.text);
    }
}
END_TEST

/* --- An ordered stage goes on behind a slow call, one in ten, but not without bound --- */

enum { AHEAD_WORKERS = 2, AHEAD_CAPACITY = 3, AHEAD_INPUTS = 40, AHEAD_SLOW = 10 };

struct ahead {
    unsigned outputs;
    int expected; /* calls (puts) that can be done while the slow one before them has not ended */
    _Atomic uint64_t next;
    /* Behind each slow call: the puts that have returned, or the calls, if they put nothing. */
    _Atomic int done[AHEAD_INPUTS / AHEAD_SLOW];
    int done_early[AHEAD_INPUTS / AHEAD_SLOW];
    uint64_t collected;
};

static enum sheaf_status ahead_source(void *argument, void *item, struct sheaf_outlet *outlet,
                                      struct sheaf_error *error)
{
    struct ahead *ahead = argument;
    (void)item;
    const uint64_t value = atomic_fetch_add(&ahead->next, 1);
    return value < AHEAD_INPUTS ? sheaf_outlet_put(outlet, &value, error) : SHEAF_END;
}

static enum sheaf_status ahead_work(void *argument, void *item, struct sheaf_outlet *outlet,
                                    struct sheaf_error *error)
{
    struct ahead *ahead = argument;
    const uint64_t value = *(const uint64_t *)item;
    const size_t part = value / AHEAD_SLOW;
    const bool is_slow = value % AHEAD_SLOW == 0;
    if (is_slow) { /* waits for what must be possible, then gives the impossible a chance */
        while (atomic_load(&ahead->done[part]) < ahead->expected)
            sched_yield();
        for (int i = 0; i < 1000; i++)
            sched_yield();
        ahead->done_early[part] = atomic_load(&ahead->done[part]);
    }
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < ahead->outputs && status == SHEAF_OK; i++) {
        status = sheaf_outlet_put(outlet, &value, error);
        atomic_fetch_add(&ahead->done[part], is_slow ? 0 : 1);
    }
    if (ahead->outputs == 0 && !is_slow)
        atomic_fetch_add(&ahead->done[part], 1);
    return status;
}

static enum sheaf_status ahead_sink(void *argument, void *item, struct sheaf_outlet *outlet,
                                    struct sheaf_error *error)
{
    struct ahead *ahead = argument;
    (void)outlet;
    const uint64_t value = *(const uint64_t *)item;
    if (value == ahead->collected++ / ahead->outputs)
        return SHEAF_OK;
    snprintf(error->text, sizeof error->text, "%u is out of order", (unsigned)value);
    return SHEAF_DATA;
}

START_TEST(an_ordered_stage_works_ahead_within_bounds)
{
    /* Without output: a call for each slot but that of the slow one. */
    const unsigned outputs = (unsigned)_i;
    struct ahead ahead = {.outputs = outputs,
                          .expected =
                              outputs == 0 ? AHEAD_CAPACITY + AHEAD_WORKERS - 1 : AHEAD_CAPACITY};
    const struct sheaf_stage stages[] = {
        {.name = "source",
         .function = ahead_source,
         .argument = &ahead,
         .workers = 1,
         .item_size = sizeof(uint64_t),
         .capacity = 1},
        {.name = "work",
         .function = ahead_work,
         .argument = &ahead,
         .workers = AHEAD_WORKERS,
         .order = SHEAF_ORDERED,
         .item_size = sizeof(uint64_t),
         .capacity = AHEAD_CAPACITY},
        {.name = "sink", .function = ahead_sink, .argument = &ahead, .workers = 1},
    };
    struct sheaf_error error = {.text = ""};
    ck_assert_msg(sheaf_pipeline_run(stages, 3, NULL, &error) == SHEAF_OK, "%s", error.text);
    for (size_t i = 0; i < AHEAD_INPUTS / AHEAD_SLOW; i++)
        ck_assert_int_eq(ahead.done_early[i], ahead.expected);
    ck_assert_uint_eq(ahead.collected, (uint64_t)outputs * AHEAD_INPUTS);
}
END_TEST

static Suite *pipeline_suite(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *flow = tcase_create("flow");
    tcase_add_loop_test(flow, every_item_comes_out_once_and_in_order_where_promised, 0, 2);
    tcase_add_test(flow, a_source_may_have_many_workers);
    tcase_add_loop_test(flow, an_ordered_stage_works_ahead_within_bounds, 0, 3);
    suite_add_tcase(suite, flow);
    TCase *trouble = tcase_create("trouble");
    tcase_add_loop_test(trouble, trouble_frees_every_item_once, GIVE_ERROR,
                        GIVE_ERROR_AFTER_TOKEN + 1);
    tcase_add_test(trouble, a_token_that_is_set_lets_nothing_begin);
    tcase_add_loop_test(trouble, memory_that_is_refused_is_an_error, 0, 2);
    tcase_add_loop_test(trouble, threads_that_are_refused_are_done_without, 0, 2);
    suite_add_tcase(suite, trouble);
    TCase *use = tcase_create("use");
    suite_add_tcase(suite, use);
    return suite;
}

UNIT_MAIN(pipeline_suite)
