/* The pool: queue, threads, tasks that hand out tasks, the end. */
#include "unit/sync/tasks.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/waitgroup.h"
#include "sync/pool_inner.h"
#include "sync/thread.h"

START_TEST(every_task_runs_once)
{
    const unsigned threads[] = {1, 2, 8};
    const size_t capacities[] = {1, 3, 1000};
    struct sheaf_pool *pool = make_pool(threads[_i % 3], capacities[_i / 3]);
    ck_assert_uint_eq(sheaf_pool_threads(pool), threads[_i % 3]);
    struct sheaf_group *group = make_group(pool, 0);
    static unsigned slots[500];
    for (unsigned round = 1; round <= 5; round++) {
        for (size_t i = 0; i < 500; i++)
            ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
        ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
        for (size_t i = 0; i < 500; i++)
            ck_assert_uint_eq(slots[i], round);
    }
    close_both(group, pool);
}
END_TEST

START_TEST(tasks_wait_for_tasks)
{
    const unsigned threads[] = {1, 2, 4};
    const size_t capacities[] = {1, 2, 100};
    struct sheaf_pool *pool = make_pool(threads[_i % 3], capacities[_i / 3]);
    struct sheaf_group *group = make_group(pool, 0);
    struct node root = {.pool = pool, .depth = 7};
    ck_assert_int_eq(sheaf_group_go(group, grow, &root, "root", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(root.leaves, 1U << 7);
    close_both(group, pool);
}
END_TEST

/* A task that hands out tasks of its own group, to a queue of one: inline, nested, deep. */
struct chain {
    struct sheaf_group *group;
    atomic_uint left;
    atomic_uint ran;
};

static enum sheaf_status next_link(void *argument, struct sheaf_error *error)
{
    struct chain *chain = argument;
    atomic_fetch_add(&chain->ran, 1);
    for (unsigned i = 0; i < 3; i++) {
        unsigned left = atomic_load(&chain->left);
        while (left > 0 && !atomic_compare_exchange_weak(&chain->left, &left, left - 1))
            continue;
        if (left == 0)
            return SHEAF_OK;
        const enum sheaf_status status =
            sheaf_group_go(chain->group, next_link, chain, "link", error);
        if (status != SHEAF_OK)
            return status;
    }
    return SHEAF_OK;
}

START_TEST(tasks_hand_out_to_a_full_queue)
{
    const unsigned threads[] = {1, 1, 3, 3};
    const unsigned limits[] = {0, 1, 0, 2};
    struct sheaf_pool *pool = make_pool(threads[_i], 1);
    struct chain chain = {.group = make_group(pool, limits[_i]), .left = 1000};
    ck_assert_int_eq(sheaf_group_go(chain.group, next_link, &chain, "first", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(chain.group, NULL), SHEAF_OK);
    ck_assert_uint_eq(atomic_load(&chain.ran), 1001);
    close_both(chain.group, pool);
}
END_TEST

/* Where a task's own go puts the new task when the queue is full. */
struct overflow {
    struct sheaf_group *group;
    unsigned first;
    unsigned second;
    unsigned second_at_return;
};

static enum sheaf_status hand_out_two(void *argument, struct sheaf_error *error)
{
    struct overflow *overflow = argument;
    enum sheaf_status status =
        sheaf_group_go(overflow->group, set_slot, &overflow->first, "first", error);
    if (status == SHEAF_OK)
        status = sheaf_group_go(overflow->group, set_slot, &overflow->second, "second", error);
    overflow->second_at_return = overflow->second;
    return status;
}

/* The thread is inside the group already, so its limit of one allows running inline. */
START_TEST(full_queue_runs_own_group_inline)
{
    struct sheaf_pool *pool = make_pool(1, 1);
    struct overflow overflow = {.group = make_group(pool, 1)};
    ck_assert_int_eq(sheaf_group_go(overflow.group, hand_out_two, &overflow, "two", NULL),
                     SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(overflow.group, NULL), SHEAF_OK);
    ck_assert_uint_eq(overflow.second_at_return, 1);
    ck_assert_uint_eq(overflow.first, 1);
    ck_assert_uint_eq(overflow.second, 1);
    close_both(overflow.group, pool);
}
END_TEST

/* The limit of another group, used up elsewhere, forbids inline: past the capacity then. */
START_TEST(full_queue_respects_the_limit)
{
    struct sheaf_pool *pool = make_pool(2, 1);
    struct sheaf_group *outer = make_group(pool, 0);
    struct overflow overflow = {.group = make_group(pool, 1)};
    struct sheaf_channel *hold;
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &hold, NULL), SHEAF_OK);
    struct gauge gauge = {.release = hold};
    ck_assert_int_eq(sheaf_group_go(overflow.group, measure, &gauge, "hold", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(outer, hand_out_two, &overflow, "two", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_uint_eq(overflow.second_at_return, 0);
    sheaf_channel_close(hold);
    ck_assert_int_eq(sheaf_group_wait(overflow.group, NULL), SHEAF_OK);
    ck_assert_uint_eq(overflow.first, 1);
    ck_assert_uint_eq(overflow.second, 1);
    sheaf_group_close(overflow.group);
    close_both(outer, pool);
    sheaf_channel_destroy(hold);
}
END_TEST

static struct sheaf_pool_counters count(struct sheaf_pool *pool)
{
    struct sheaf_pool_counters counters;
    sheaf_pool_counters(pool, &counters);
    return counters;
}

/* A task that runs inline takes up the limit of its group: the other thread, once free, leaves the
 * one that waits in the queue alone. */
struct crowd {
    struct sheaf_pool *pool;
    struct sheaf_group *limited;
    struct sheaf_channel *busy; /* closed to free the other thread */
    atomic_uint inside;
    atomic_uint most;
};

static enum sheaf_status look_around(void *argument, struct sheaf_error *error)
{
    (void)error;
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->most, atomic_fetch_add(&crowd->inside, 1) > 0);
    const uint64_t before = count(crowd->pool).idle_ns;
    sheaf_channel_close(crowd->busy);
    while (count(crowd->pool).idle_ns == before && atomic_load(&crowd->inside) == 1 &&
           count(crowd->pool).queued > 0)
        continue;
    atomic_fetch_sub(&crowd->inside, 1);
    return SHEAF_OK;
}

static enum sheaf_status hand_out_limited(void *argument, struct sheaf_error *error)
{
    struct crowd *crowd = argument;
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < 2 && status == SHEAF_OK; i++)
        status = sheaf_group_go(crowd->limited, look_around, crowd, "crowd", error);
    return status;
}

START_TEST(inline_takes_a_place_of_the_limit)
{
    struct sheaf_pool *pool = make_pool(2, 1);
    struct sheaf_group *outer = make_group(pool, 0);
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    struct crowd crowd = {.pool = pool, .limited = make_group(pool, 1), .busy = gate.release};
    ck_assert_int_eq(sheaf_group_go(outer, measure, &gate, "busy", NULL), SHEAF_OK);
    while (atomic_load(&gate.now) == 0)
        continue;
    ck_assert_int_eq(sheaf_group_go(outer, hand_out_limited, &crowd, "out", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(crowd.limited, NULL), SHEAF_OK);
    ck_assert_uint_eq(crowd.most, 0);
    sheaf_group_close(crowd.limited);
    close_both(outer, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* A worker sleeps in a wait while the only other thread that could run the tasks of the group is
 * main's hand: the task that main hands out later must be run by the sleeper. */
struct dozer {
    struct sheaf_group *inner;
    struct sheaf_channel *about_to_wait;
    enum sheaf_status status;
};

static enum sheaf_status sleep_in_wait(void *argument, struct sheaf_error *error)
{
    struct dozer *dozer = argument;
    (void)sheaf_channel_send(dozer->about_to_wait, "");
    dozer->status = sheaf_group_wait(dozer->inner, error);
    return SHEAF_OK;
}

static enum sheaf_status receive_one(void *argument, struct sheaf_error *error)
{
    (void)error;
    char item;
    return sheaf_channel_recv(argument, &item);
}

START_TEST(a_waiting_worker_runs_what_comes_later)
{
    struct sheaf_pool *pool = make_pool(2, 4);
    struct sheaf_group *outer = make_group(pool, 0);
    struct dozer dozer = {.inner = make_group(pool, 0)};
    struct sheaf_channel *hold;
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &dozer.about_to_wait, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &hold, NULL), SHEAF_OK);
    /* One worker is held inside a task of the inner group, the other waits for that group. */
    ck_assert_int_eq(sheaf_group_go(dozer.inner, receive_one, hold, "hold", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(outer, sleep_in_wait, &dozer, "dozer", NULL), SHEAF_OK);
    char item;
    ck_assert_int_eq(sheaf_channel_recv(dozer.about_to_wait, &item), SHEAF_OK);
    struct gauge gauge = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gauge.release, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(dozer.inner, measure, &gauge, "late", NULL), SHEAF_OK);
    /* Ends only if the late task runs beside the held one. */
    ck_assert_int_eq(sheaf_channel_send(gauge.release, ""), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_send(gauge.release, ""), SHEAF_OK);
    sheaf_channel_close(hold);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_int_eq(dozer.status, SHEAF_END);
    sheaf_group_close(dozer.inner);
    close_both(outer, pool);
    sheaf_channel_destroy(dozer.about_to_wait);
    sheaf_channel_destroy(gauge.release);
    sheaf_channel_destroy(hold);
}
END_TEST

START_TEST(drain_runs_what_waits)
{
    struct sheaf_pool *pool = make_pool(4, 1000);
    struct chain chain = {.group = make_group(pool, 1), .left = 300};
    static unsigned slots[200];
    for (size_t i = 0; i < 200; i++)
        ck_assert_int_eq(sheaf_group_go(chain.group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(chain.group, next_link, &chain, "links", NULL), SHEAF_OK);
    sheaf_pool_drain(pool);
    sheaf_pool_drain(pool);
    for (size_t i = 0; i < 200; i++)
        ck_assert_uint_eq(slots[i], 1);
    ck_assert_uint_eq(atomic_load(&chain.ran), 301);
    ck_assert_int_eq(sheaf_group_wait(chain.group, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(chain.group, set_slot, &slots[0], NULL, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_group_wait(chain.group, NULL), SHEAF_STOPPED);
    close_both(chain.group, pool);
}
END_TEST

struct submitter {
    struct thread thread;
    struct sheaf_group *group;
    struct sheaf_channel *ready;
    enum sheaf_status status;
    unsigned slot;
};

static void submit(void *argument)
{
    struct submitter *submitter = argument;
    do
        submitter->status =
            sheaf_group_go(submitter->group, set_slot, &submitter->slot, NULL, NULL);
    while (submitter->status == SHEAF_OK);
}

/* Returns when the queue is full; and a moment later, so that who is to sleep most likely does. */
static void await_full(struct sheaf_pool *pool)
{
    while (pool_waiting(pool) < pool->capacity)
        continue;
    struct sheaf_waitgroup never = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_add(&never, 1);
    (void)sheaf_waitgroup_wait_until(&never, clock_now() + 10000000);
}

static void drop_pool(void *argument)
{
    sheaf_pool_drop(argument);
}

START_TEST(drop_leaves_what_waits)
{
    struct sheaf_pool *pool = make_pool(1, 4);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    while (atomic_load(&gate.now) == 0)
        continue;
    /* Fills the queue behind the gate and sleeps for room, until the drop refuses it. */
    struct submitter submitter = {.group = group};
    ck_assert_int_eq(thread_start(&submitter.thread, submit, &submitter, "submit", NULL), SHEAF_OK);
    await_full(pool);
    struct thread dropper;
    ck_assert_int_eq(thread_start(&dropper, drop_pool, pool, "drop", NULL), SHEAF_OK);
    thread_join(&submitter.thread);
    sheaf_channel_close(gate.release);
    thread_join(&dropper);
    ck_assert_int_eq(submitter.status, SHEAF_STOPPED);
    ck_assert_uint_eq(submitter.slot, 0);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_STOPPED);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static void drain_pool(void *argument)
{
    sheaf_pool_drain(argument);
}

/* Workers that sleep because the group is at its limit must end when the last task is taken. */
START_TEST(drain_ends_idle_workers)
{
    struct sheaf_pool *pool = make_pool(4, 2);
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    struct sheaf_group *group = make_group(pool, 1);
    unsigned slots[2] = {0};
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    await_full(pool);
    struct thread drainer;
    ck_assert_int_eq(thread_start(&drainer, drain_pool, pool, "drain", NULL), SHEAF_OK);
    await_full(pool);
    sheaf_channel_close(gate.release);
    thread_join(&drainer);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slots[0] + slots[1], 2);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static unsigned misuses;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)call;
    (void)what;
    (void)value;
    misuses++;
}

static enum sheaf_status end_own_pool(void *argument, struct sheaf_error *error)
{
    (void)error;
    sheaf_pool_drain(argument);
    sheaf_pool_drop(argument);
    sheaf_pool_close(argument);
    return SHEAF_OK;
}

/* None of the calls has an effect: the pool goes on. */
START_TEST(a_task_cannot_end_its_pool)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct sheaf_pool *pool = make_pool(1, 1);
    struct sheaf_group *group = make_group(pool, 0);
    const int64_t live = memory_live();
    ck_assert_int_eq(sheaf_group_go(group, end_own_pool, pool, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(misuses, 3);
    ck_assert_int_ge(memory_live(), live);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    close_both(group, pool);
}
END_TEST

START_TEST(goes_on_with_the_threads_there_are)
{
    struct sheaf_pool *pool;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_pool_open(0, 1, &pool, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_pool_open(1, 0, &pool, &error), SHEAF_USAGE);
    const int64_t live = memory_live();
    thread_fail_after(0);
    ck_assert_int_eq(sheaf_pool_open(4, 4, &pool, &error), SHEAF_SYSTEM);
    ck_assert_ptr_null(pool);
    ck_assert_int_ne(error.system_errno, 0);
    ck_assert_int_eq(memory_live(), live);
    thread_fail_after(3);
    pool = make_pool(4, 4);
    thread_fail_after(UINT64_MAX);
    ck_assert_uint_eq(sheaf_pool_threads(pool), 3);
    struct sheaf_group *group = make_group(pool, 0);
    unsigned slot = 0;
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 1);
    close_both(group, pool);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    struct sheaf_pool *pool;
    struct sheaf_group *group;
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_pool_open(1, 1, &pool, NULL), SHEAF_SYSTEM);
    pool = make_pool(1, 1);
    for (uint64_t n = 1; n <= 2; n++) {
        memory_fail_at(n);
        ck_assert_int_eq(sheaf_group_open(pool, NULL, &group, NULL), SHEAF_SYSTEM);
        ck_assert_ptr_null(group);
    }
    group = make_group(pool, 0);
    unsigned slot = 0;
    memory_fail_at(1);
    ck_assert_int_eq(sheaf_group_go(group, set_slot, &slot, NULL, NULL), SHEAF_SYSTEM);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(slot, 0);
    close_both(group, pool);
    close_both(NULL, NULL);
}
END_TEST

/* --- Order --- */

struct record {
    atomic_uint count;
    char letters[100];
};

struct letter {
    struct record *record;
    char letter;
};

static enum sheaf_status write_letter(void *argument, struct sheaf_error *error)
{
    (void)error;
    const struct letter *letter = argument;
    letter->record->letters[atomic_fetch_add(&letter->record->count, 1)] = letter->letter;
    return SHEAF_OK;
}

/* Behind a gate, on one thread: more tasks than a thread takes at a time. */
START_TEST(groups_take_turns_and_keep_their_order)
{
    struct sheaf_pool *pool = make_pool(1, 1000);
    struct sheaf_group *gated = make_group(pool, 0);
    struct sheaf_group *groups[2] = {make_group(pool, 0), make_group(pool, 1)};
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(gated, measure, &gate, "gate", NULL), SHEAF_OK);
    struct record record = {0};
    struct letter letters[100];
    for (unsigned i = 0; i < 100; i++) {
        letters[i] =
            (struct letter){.record = &record, .letter = (char)((i < 50 ? 'A' : 'a') + i % 50 / 2)};
        ck_assert_int_eq(sheaf_group_go(groups[i / 50], write_letter, &letters[i], NULL, NULL),
                         SHEAF_OK);
    }
    sheaf_channel_close(gate.release);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(sheaf_group_wait(groups[i], NULL), SHEAF_OK);
        sheaf_group_close(groups[i]);
    }
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(record.letters[i], (i % 2 == 0 ? 'A' : 'a') + (int)i / 4);
    ck_assert_int_eq(sheaf_group_wait(gated, NULL), SHEAF_OK);
    close_both(gated, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* Ends only if another thread runs what stands in the line behind the task that waits. */
START_TEST(a_long_task_holds_up_nothing)
{
    struct sheaf_pool *pool = make_pool(2, 100);
    struct sheaf_group *group = make_group(pool, 0);
    struct sheaf_waitgroup rest = SHEAF_WAITGROUP_INIT;
    sheaf_waitgroup_add(&rest, 50);
    for (unsigned i = 0; i < 51; i++)
        ck_assert_int_eq(sheaf_group_go(group, i == (unsigned)_i ? wait_for_rest : done_of_rest,
                                        &rest, NULL, NULL),
                         SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    close_both(group, pool);
}
END_TEST

/* --- Counters --- */

START_TEST(counters_tell_what_happens)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    unsigned slots[3] = {0};
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    while (atomic_load(&gate.now) == 0)
        continue;
    const struct sheaf_pool_counters during = count(pool);
    ck_assert_uint_eq(during.running, 1);
    ck_assert_uint_eq(during.queued, 3);
    ck_assert_uint_eq(during.done, 0);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    const struct sheaf_pool_counters after = count(pool);
    ck_assert_uint_eq(after.running, 0);
    ck_assert_uint_eq(after.queued, 0);
    ck_assert_uint_eq(after.done, 4);
    ck_assert_uint_eq(after.helped, 0);
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* Of the nodes of the tree all but the root are run by the one thread while it waits. */
START_TEST(counters_tell_who_helped)
{
    struct sheaf_pool *pool = make_pool(1, _i == 0 ? 1 : 100);
    struct sheaf_group *group = make_group(pool, 0);
    struct node root = {.pool = pool, .depth = 4};
    ck_assert_int_eq(sheaf_group_go(group, grow, &root, "root", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(count(pool).done, 31);
    ck_assert_uint_eq(count(pool).helped, 30);
    struct chain chain = {.group = group, .left = 20};
    ck_assert_int_eq(sheaf_group_go(group, next_link, &chain, "first", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    ck_assert_uint_eq(count(pool).done, 52);
    ck_assert_uint_eq(count(pool).running, 0);
    ck_assert_uint_eq(count(pool).queued, 0);
    if (_i == 0)
        ck_assert_uint_gt(count(pool).helped, 30);
    else
        ck_assert_uint_eq(count(pool).helped, 30);
    close_both(group, pool);
}
END_TEST

START_TEST(idle_time_grows_only_without_tasks)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    while (count(pool).idle_ns == 0)
        continue;
    struct gauge gate = {0};
    ck_assert_int_eq(sheaf_channel_open(1, 1, NULL, &gate.release, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    while (atomic_load(&gate.now) == 0)
        continue;
    const uint64_t before = count(pool).idle_ns;
    ck_assert_int_eq(sheaf_group_wait_until(group, clock_now() + 1000000, NULL), SHEAF_TIMEOUT);
    ck_assert_uint_eq(count(pool).idle_ns, before);
    sheaf_channel_close(gate.release);
    ck_assert_int_eq(sheaf_group_wait(group, NULL), SHEAF_OK);
    while (count(pool).idle_ns <= before)
        continue;
    close_both(group, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

static Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_task_runs_once, 0, 9);
    tcase_add_loop_test(tests, tasks_wait_for_tasks, 0, 9);
    tcase_add_loop_test(tests, tasks_hand_out_to_a_full_queue, 0, 4);
    tcase_add_test(tests, full_queue_runs_own_group_inline);
    tcase_add_test(tests, full_queue_respects_the_limit);
    tcase_add_test(tests, inline_takes_a_place_of_the_limit);
    tcase_add_test(tests, a_waiting_worker_runs_what_comes_later);
    tcase_add_test(tests, groups_take_turns_and_keep_their_order);
    tcase_add_loop_test(tests, a_long_task_holds_up_nothing, 0, 51);
    tcase_add_test(tests, counters_tell_what_happens);
    tcase_add_loop_test(tests, counters_tell_who_helped, 0, 2);
    tcase_add_test(tests, idle_time_grows_only_without_tasks);
    tcase_add_test(tests, drain_runs_what_waits);
    tcase_add_test(tests, drain_ends_idle_workers);
    tcase_add_test(tests, drop_leaves_what_waits);
    tcase_add_test(tests, a_task_cannot_end_its_pool);
    tcase_add_test(tests, goes_on_with_the_threads_there_are);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(pool_suite)
