/* The channel on one thread. */
#include "unit/sync/channels.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/channel.h"
#include "sync/channel_inner.h"
#include "sync/deadline.h"
#include "sync/park.h"

#include <string.h>

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

START_TEST(refuses_nonsense)
{
    struct sheaf_channel *channel;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_channel_open(0, 1, NULL, &channel, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_channel_open(1, 0, NULL, &channel, &error), SHEAF_USAGE);
    ck_assert_int_eq(sheaf_channel_open(SIZE_MAX, 2, NULL, &channel, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(sheaf_channel_open(1, SIZE_MAX, NULL, &channel, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(sheaf_channel_open(SIZE_MAX / 16, 8, NULL, &channel, &error), SHEAF_SYSTEM);
    ck_assert_ptr_null(channel);
    sheaf_channel_destroy(NULL);
}
END_TEST

START_TEST(survives_refused_memory)
{
    struct sheaf_cancel *cancel = make_token();
    struct sheaf_channel *channel = NULL;
    const int64_t live = memory_live();
    enum sheaf_status status = SHEAF_SYSTEM;
    uint64_t n = 0;
    while (status != SHEAF_OK) {
        struct sheaf_error error;
        memory_fail_at(++n);
        status = sheaf_channel_open(1, 1, cancel, &channel, &error);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        ck_assert_uint_lt(n, 10);
        if (status != SHEAF_OK) {
            ck_assert_ptr_null(channel);
            ck_assert_int_eq(memory_live(), live);
        }
    }
    memory_fail_at(0);
    ck_assert_uint_gt(n, 1);
    sheaf_channel_destroy(channel);
    ck_assert_int_eq(memory_live(), live);
    sheaf_cancel_close(cancel);
}
END_TEST

static const size_t capacities[] = {1, 2, 3, 5, 8, 1000};
enum { CAPACITIES = sizeof capacities / sizeof *capacities };

/* A random run of single calls against two counters: order, bounds, close. */
START_TEST(behaves_like_a_queue)
{
    uint64_t state = unit_seed("behaves_like_a_queue", 7);
    const size_t capacity = capacities[_i];
    struct sheaf_channel *channel = make_channel(capacity, sizeof(uint64_t));
    uint64_t sent = 0;
    uint64_t received = 0;
    uint64_t bias = 1;
    for (unsigned step = 0; step < 20000; step++) {
        if (step % 2000 == 0)
            bias = 1 + step / 2000 % 3; /* fills, keeps level, empties */
        if (unit_random(&state) % 4 < bias) {
            const enum sheaf_status status = sheaf_channel_try_send(channel, &sent);
            ck_assert_int_eq(status, sent - received == capacity ? SHEAF_BUSY : SHEAF_OK);
            sent += status == SHEAF_OK;
        } else {
            uint64_t item = UINT64_MAX;
            const enum sheaf_status status = sheaf_channel_try_recv(channel, &item);
            ck_assert_int_eq(status, sent == received ? SHEAF_BUSY : SHEAF_OK);
            ck_assert_uint_eq(item, status == SHEAF_OK ? received++ : UINT64_MAX);
        }
    }
    sheaf_channel_close(channel);
    for (uint64_t item; received < sent; received++) {
        ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_OK);
        ck_assert_uint_eq(item, received);
    }
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &sent), SHEAF_END);
    sheaf_channel_destroy(channel);
}
END_TEST

/* Random batches, which go around the ring at every offset. */
START_TEST(batches_behave_like_a_queue)
{
    uint64_t state = unit_seed("batches_behave_like_a_queue", 8);
    const size_t capacity = capacities[_i];
    struct sheaf_channel *channel = make_channel(capacity, sizeof(uint64_t));
    enum { MOST = 1500 };
    static uint64_t items[MOST];
    uint64_t sent = 0;
    uint64_t received = 0;
    for (unsigned step = 0; step < 3000; step++) {
        const size_t count = 1 + unit_random(&state) % (2 * capacity < MOST ? 2 * capacity : MOST);
        const uint64_t there = sent - received;
        size_t done = SIZE_MAX;
        if (unit_random(&state) % 2 == 0) {
            for (size_t i = 0; i < count; i++)
                items[i] = sent + i;
            const size_t room = capacity - there;
            const enum sheaf_status status =
                sheaf_channel_send_many(channel, items, count, 0, &done);
            ck_assert_int_eq(status, count <= room ? SHEAF_OK : SHEAF_TIMEOUT);
            ck_assert_uint_eq(done, count < room ? count : room);
            sent += done;
        } else {
            const enum sheaf_status status =
                sheaf_channel_recv_many(channel, items, count, 0, &done);
            ck_assert_int_eq(status, there > 0 ? SHEAF_OK : SHEAF_TIMEOUT);
            ck_assert_uint_eq(done, count < there ? count : there);
            size_t right = 0;
            while (right < done && items[right] == received + right)
                right++;
            ck_assert_uint_eq(right, done);
            received += done;
        }
    }
    sheaf_channel_destroy(channel);
}
END_TEST

START_TEST(batches_of_none)
{
    struct sheaf_channel *channel = make_channel(1, 1);
    size_t done = SIZE_MAX;
    ck_assert_int_eq(sheaf_channel_send_many(channel, "", 0, DEADLINE_NONE, &done), SHEAF_OK);
    ck_assert_uint_eq(done, 0);
    char item;
    done = SIZE_MAX;
    ck_assert_int_eq(sheaf_channel_recv_many(channel, &item, 0, DEADLINE_NONE, &done), SHEAF_OK);
    ck_assert_uint_eq(done, 0);
    sheaf_channel_destroy(channel);
}
END_TEST

/* A ring whose end is not the end of a power of two, once around at each length. */
START_TEST(holds_exactly_its_capacity)
{
    for (size_t capacity = 1; capacity <= 130; capacity++) {
        struct sheaf_channel *channel = make_channel(capacity, sizeof(size_t));
        for (unsigned lap = 0; lap < 3; lap++) {
            for (size_t i = 0; i < capacity; i++)
                ck_assert_int_eq(sheaf_channel_try_send(channel, &i), SHEAF_OK);
            ck_assert_int_eq(sheaf_channel_try_send(channel, &lap), SHEAF_BUSY);
            for (size_t i = 0; i < capacity; i++) {
                size_t item = SIZE_MAX;
                ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_OK);
                ck_assert_uint_eq(item, i);
            }
            size_t item;
            ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_BUSY);
        }
        sheaf_channel_destroy(channel);
    }
}
END_TEST

START_TEST(odd_sizes_are_copied_whole)
{
    struct sheaf_channel *channel = make_channel(3, 7);
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
    const struct channel_setup setup = {.capacity = 1, .item_size = 1, .park = twins[_i]};
    struct sheaf_channel *channel;
    ck_assert_int_eq(channel_open(&setup, &channel, NULL), SHEAF_OK);
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
    struct sheaf_channel *channel = make_channel(4, 1);
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
    size_t done = 0;
    ck_assert_int_eq(sheaf_channel_send_many(channel, "34", 2, DEADLINE_NONE, &done),
                     SHEAF_STOPPED);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(sheaf_channel_recv_many(channel, &item, 1, DEADLINE_NONE, &done), SHEAF_END);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_END);
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_END);
    ck_assert_int_eq(sheaf_channel_recv_until(channel, &item, 0), SHEAF_END);
    ck_assert_int_eq(item, '2');
    sheaf_channel_destroy(channel);
}
END_TEST

/* What was sent before the token was set can still be taken out, by calls that do not wait. */
START_TEST(cancel_ends_calls_that_could_wait)
{
    struct sheaf_cancel *cancel = make_token();
    struct sheaf_channel *channel;
    ck_assert_int_eq(sheaf_channel_open(3, 1, cancel, &channel, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_send(channel, "1"), SHEAF_OK);
    sheaf_cancel_set(cancel, 1);
    char item = 'x';
    size_t done = SIZE_MAX;
    ck_assert_int_eq(sheaf_channel_send(channel, "2"), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_send_until(channel, "2", 0), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_send_many(channel, "23", 2, DEADLINE_NONE, &done),
                     SHEAF_STOPPED);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_channel_recv_until(channel, &item, 0), SHEAF_STOPPED);
    done = SIZE_MAX;
    ck_assert_int_eq(sheaf_channel_recv_many(channel, &item, 1, DEADLINE_NONE, &done),
                     SHEAF_STOPPED);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(item, 'x');
    ck_assert_int_eq(sheaf_channel_try_send(channel, "2"), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_OK);
    ck_assert_int_eq(item, '1');
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_OK);
    ck_assert_int_eq(item, '2');
    ck_assert_int_eq(sheaf_channel_try_recv(channel, &item), SHEAF_BUSY);
    sheaf_channel_destroy(channel);
    /* One that is opened later is stopped from the start; and the token outlives them. */
    ck_assert_int_eq(sheaf_channel_open(1, 1, cancel, &channel, NULL), SHEAF_OK);
    ck_assert_int_eq(sheaf_channel_recv(channel, &item), SHEAF_STOPPED);
    sheaf_channel_destroy(channel);
    sheaf_cancel_close(cancel);
}
END_TEST

START_TEST(destroyed_channels_do_not_watch)
{
    struct sheaf_cancel *cancel = make_token();
    struct sheaf_channel *channels[3];
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(sheaf_channel_open(1, 1, cancel, &channels[i], NULL), SHEAF_OK);
    sheaf_channel_destroy(channels[1]);
    sheaf_channel_destroy(channels[0]);
    sheaf_cancel_set(cancel, 1); /* the address sanitizer sees a touch of what is gone */
    sheaf_channel_destroy(channels[2]);
    sheaf_cancel_close(cancel);
}
END_TEST

static Suite *channel_suite(void)
{
    Suite *suite = suite_create("channel");
    TCase *tests = tcase_create("channel");
    tcase_add_test(tests, refuses_nonsense);
    tcase_add_test(tests, survives_refused_memory);
    tcase_add_loop_test(tests, behaves_like_a_queue, 0, CAPACITIES);
    tcase_add_loop_test(tests, batches_behave_like_a_queue, 0, CAPACITIES);
    tcase_add_test(tests, batches_of_none);
    tcase_add_test(tests, holds_exactly_its_capacity);
    tcase_add_test(tests, odd_sizes_are_copied_whole);
    tcase_add_loop_test(tests, deadlines, 0, TWINS);
    tcase_add_test(tests, close_drains_then_ends);
    tcase_add_test(tests, cancel_ends_calls_that_could_wait);
    tcase_add_test(tests, destroyed_channels_do_not_watch);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(channel_suite)
