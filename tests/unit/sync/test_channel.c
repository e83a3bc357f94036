#include "unit/unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/channel.h"
#include "sync/thread.h"

#include <string.h>

static struct sheaf_channel *make(size_t capacity, size_t item_size)
{
    struct sheaf_channel *channel;
    ck_assert_int_eq(sheaf_channel_open(capacity, item_size, &channel, NULL), SHEAF_OK);
    return channel;
}

START_TEST(refuses_nonsense)
{
    struct sheaf_channel *channel;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_channel_open(0, 1, &channel, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_channel_open(1, 0, &channel, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_channel_open(SIZE_MAX, 2, &channel, &error), SHEAF_SYSTEM);
    ck_assert_ptr_null(channel);
    const int64_t live = memory_live();
    for (uint64_t n = 1; n <= 2; n++) {
        memory_fail_at(n);
        ck_assert_int_eq(sheaf_channel_open(1, 1, &channel, &error), SHEAF_SYSTEM);
    }
    memory_fail_at(0);
    ck_assert_int_eq(memory_live(), live);
    sheaf_channel_destroy(NULL);
}
END_TEST

/* A random run of try calls against an array: order, bounds, close. */
START_TEST(behaves_like_a_queue)
{
    uint64_t state = unit_seed("behaves_like_a_queue", 7);
    enum { CAPACITY = 5 };
    struct sheaf_channel *channel = make(CAPACITY, sizeof(uint64_t));
    uint64_t sent = 0;
    uint64_t received = 0;
    for (unsigned step = 0; step < 20000; step++) {
        if (unit_random(&state) % 2 == 0) {
            const enum sheaf_status status = sheaf_channel_try_send(channel, &sent);
            ck_assert_int_eq(status, sent - received == CAPACITY ? SHEAF_BUSY : SHEAF_OK);
            sent += status == SHEAF_OK;
        } else {
            uint64_t item = UINT64_MAX;
            const enum sheaf_status status = sheaf_channel_try_recv(channel, &item);
            ck_assert_int_eq(status, sent == received ? SHEAF_BUSY : SHEAF_OK);
            if (status == SHEAF_OK)
                ck_assert_uint_eq(item, received++);
        }
    }
    sheaf_channel_destroy(channel);
}
END_TEST

START_TEST(odd_sizes_are_copied_whole)
{
    struct sheaf_channel *channel = make(3, 7);
    for (unsigned round = 0; round < 10; round++) {
        char item[8] = {0};
        ck_assert_int_eq(sheaf_channel_send(channel, "abcdefg"), SHEAF_OK);
        ck_assert_int_eq(sheaf_channel_send(channel, "ABCDEFG"), SHEAF_OK);
        ck_assert_int_eq(sheaf_channel_recv(channel, item), SHEAF_OK);
        ck_assert_str_eq(item, "abcdefg");
        ck_assert_int_eq(sheaf_channel_recv(channel, item), SHEAF_OK);
        ck_assert_str_eq(item, "ABCDEFG");
    }
    sheaf_channel_destroy(channel);
}
END_TEST

START_TEST(deadlines)
{
    struct sheaf_channel *channel = make(1, 1);
    char item = 'a';
    const uint64_t deadline = clock_now() + 2000000;
    ck_assert_int_eq(sheaf_channel_recv_until(channel, &item, deadline), SHEAF_TIMEOUT);
    ck_assert_uint_ge(clock_now(), deadline);
    ck_assert_int_eq(sheaf_channel_send_until(channel, &item, 0), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_send_until(channel, &item, 0), SHEAF_TIMEOUT);
    ck_assert_int_eq(sheaf_channel_send_until(channel, &item, clock_now() + 2000000),
                     SHEAF_TIMEOUT);
    ck_assert_int_eq(sheaf_channel_recv_until(channel, &item, 0), SHEAF_OK);
    ck_assert_int_eq(item, 'a');
    sheaf_channel_destroy(channel);
}
END_TEST

START_TEST(close_drains_then_ends)
{
    struct sheaf_channel *channel = make(4, 1);
    char item = 'x';
    ck_assert_int_eq(sheaf_channel_send(channel, "1"), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_send(channel, "2"), SHEAF_OK);
    sheaf_channel_close(channel);
    sheaf_channel_close(channel);
    ck_assert_int_eq(sheaf_channel_send(channel, "3"), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_try_send(channel, "3"), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_OK);
    ck_assert_int_eq(item, '1');
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_OK);
    ck_assert_int_eq(item, '2');
    ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_END);
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_END);
    ck_assert_int_eq(sheaf_channel_recv_until(channel, &item, 0), SHEAF_END);
    ck_assert_int_eq(item, '2');
    sheaf_channel_destroy(channel);
}
END_TEST

struct end {
    struct thread thread;
    struct sheaf_channel *channel;
    uint64_t count;
    uint64_t sum;
    enum sheaf_status last;
};

static void produce(void *argument)
{
    struct end *end = argument;
    for (uint64_t i = 1; i <= end->count; i++) {
        end->last = sheaf_channel_send(end->channel, &i);
        if (end->last != SHEAF_OK)
            return;
        end->sum += i;
    }
}

static void consume(void *argument)
{
    struct end *end = argument;
    uint64_t item;
    while ((end->last = sheaf_channel_recv(end->channel, &item)) == SHEAF_OK) {
        end->count++;
        end->sum += item;
    }
}

enum { ENDS = 4, ITEMS = 3000 };

static void start_all(struct end *ends, thread_function *function)
{
    for (unsigned i = 0; i < ENDS; i++)
        ck_assert_int_eq(thread_start(&ends[i].thread, function, &ends[i], "end", NULL), SHEAF_OK);
}

static void join_all(struct end *ends)
{
    for (unsigned i = 0; i < ENDS; i++)
        thread_join(&ends[i].thread);
}

/* Every item arrives once, from many to many, through narrow and wide channels. */
START_TEST(many_to_many)
{
    const size_t capacities[] = {1, 2, 64};
    struct sheaf_channel *channel = make(capacities[_i], sizeof(uint64_t));
    struct end producers[ENDS];
    struct end consumers[ENDS];
    for (unsigned i = 0; i < ENDS; i++) {
        producers[i] = (struct end){.channel = channel, .count = ITEMS};
        consumers[i] = (struct end){.channel = channel};
    }
    start_all(consumers, consume);
    start_all(producers, produce);
    join_all(producers);
    sheaf_channel_close(channel);
    join_all(consumers);
    uint64_t count = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i < ENDS; i++) {
        count += consumers[i].count;
        sum += consumers[i].sum;
        ck_assert_int_eq(consumers[i].last, SHEAF_END);
    }
    ck_assert_uint_eq(count, (uint64_t)ENDS * ITEMS);
    ck_assert_uint_eq(sum, (uint64_t)ENDS * ITEMS * (ITEMS + 1) / 2);
    sheaf_channel_destroy(channel);
}
END_TEST

/* Senders that sleep on a full channel, receivers on an empty one: close wakes them all. */
START_TEST(close_wakes_everybody)
{
    struct sheaf_channel *full = make(1, sizeof(uint64_t));
    struct sheaf_channel *empty = make(1, sizeof(uint64_t));
    struct end senders[ENDS];
    struct end receivers[ENDS];
    for (unsigned i = 0; i < ENDS; i++) {
        senders[i] = (struct end){.channel = full, .count = ITEMS};
        receivers[i] = (struct end){.channel = empty};
    }
    start_all(senders, produce);
    start_all(receivers, consume);
    uint64_t item;
    ck_assert_int_eq(sheaf_channel_recv(full, &item), SHEAF_OK);
    ck_assert_uint_eq(item, 1);
    sheaf_channel_close(full);
    sheaf_channel_close(empty);
    join_all(senders);
    join_all(receivers);
    for (unsigned i = 0; i < ENDS; i++) {
        ck_assert_int_eq(senders[i].last, SHEAF_STOPPED);
        ck_assert_int_eq(receivers[i].last, SHEAF_END);
    }
    sheaf_channel_destroy(full);
    sheaf_channel_destroy(empty);
}
END_TEST

static Suite *channel_suite(void)
{
    Suite *suite = suite_create("channel");
    TCase *tests = tcase_create("channel");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, refuses_nonsense);
    tcase_add_test(tests, behaves_like_a_queue);
    tcase_add_test(tests, odd_sizes_are_copied_whole);
    tcase_add_test(tests, deadlines);
    tcase_add_test(tests, close_drains_then_ends);
    tcase_add_loop_test(tests, many_to_many, 0, 3);
    tcase_add_test(tests, close_wakes_everybody);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(channel_suite)
