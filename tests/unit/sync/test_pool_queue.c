/* Pools: queues that are full, and what the counters tell. */
#include "unit/sync/tasks.h"

#include "base/clock.h"

static struct sheaf_pool_counters count(struct sheaf_pool *pool)
{
    struct sheaf_pool_counters counters;
    sheaf_pool_counters(pool, &counters);
    return counters;
}

/* To a queue of one: inline, nested, deep. */
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
    struct sheaf_channel *const hold = make_channel(1, 1);
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
    struct gauge gate = make_gate();
    struct crowd crowd = {.pool = pool, .limited = make_group(pool, 1), .busy = gate.release};
    ck_assert_int_eq(sheaf_group_go(outer, measure, &gate, "busy", NULL), SHEAF_OK);
    await_running(&gate, 1);
    ck_assert_int_eq(sheaf_group_go(outer, hand_out_limited, &crowd, "out", NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(outer, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_group_wait(crowd.limited, NULL), SHEAF_OK);
    ck_assert_uint_eq(crowd.most, 0);
    sheaf_group_close(crowd.limited);
    close_both(outer, pool);
    sheaf_channel_destroy(gate.release);
}
END_TEST

/* --- Counters --- */

START_TEST(counters_tell_what_happens)
{
    struct sheaf_pool *pool = make_pool(1, 10);
    struct sheaf_group *group = make_group(pool, 0);
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    unsigned slots[3] = {0};
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(sheaf_group_go(group, set_slot, &slots[i], NULL, NULL), SHEAF_OK);
    await_running(&gate, 1);
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
    struct gauge gate = make_gate();
    ck_assert_int_eq(sheaf_group_go(group, measure, &gate, "gate", NULL), SHEAF_OK);
    await_running(&gate, 1);
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
static Suite *pool_queue_suite(void)
{
    Suite *suite = suite_create("pool queue");
    TCase *tests = tcase_create("pool queue");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, tasks_hand_out_to_a_full_queue, 0, 4);
    tcase_add_test(tests, full_queue_runs_own_group_inline);
    tcase_add_test(tests, full_queue_respects_the_limit);
    tcase_add_test(tests, inline_takes_a_place_of_the_limit);
    tcase_add_test(tests, counters_tell_what_happens);
    tcase_add_loop_test(tests, counters_tell_who_helped, 0, 2);
    tcase_add_test(tests, idle_time_grows_only_without_tasks);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(pool_queue_suite)
