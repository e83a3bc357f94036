/* The channel between threads, over both twins of parking. */
#include "unit/sync/channels.h"

#include "base/clock.h"
#include "sheaf/channel.h"
#include "sync/channel_inner.h"
#include "sync/deadline.h"
#include "sync/park.h"
#include "sync/thread.h"

#include <stdbool.h>
#include <string.h>

static const struct park_ops *const twins[] = {
    &park_bucket,
#ifdef __linux__
    &park_futex,
#endif
};
enum { TWINS = sizeof twins / sizeof *twins };

static struct sheaf_channel *make_on(const struct channel_setup *setup)
{
    struct sheaf_channel *channel;
    ck_assert_int_eq(channel_open(setup, &channel, NULL), SHEAF_OK);
    return channel;
}

/* A channel's own item, of any size: who sent it, its number, and the same all over. */
struct stamped {
    uint32_t sender;
    uint32_t number;
};

static void fill_item(unsigned char *item, size_t size, struct stamped stamped)
{
    memset(item, (int)(stamped.sender * 31 + stamped.number), size);
    if (size >= sizeof stamped)
        memcpy(item, &stamped, sizeof stamped);
}

static bool is_whole(const unsigned char *item, size_t size, struct stamped stamped)
{
    for (size_t i = sizeof stamped; i < size; i++)
        if (item[i] != (unsigned char)(stamped.sender * 31 + stamped.number))
            return false;
    return true;
}

enum { ENDS = 4, ITEMS = 2000, LARGEST = 4096, BATCH = 7 };

struct end {
    struct thread thread;
    struct sheaf_channel *channel;
    size_t item_size;
    size_t batch; /* 1: single calls */
    uint32_t number;
    uint32_t count;          /* items to send; received */
    uint32_t received[ENDS]; /* of each sender */
    uint32_t latest[ENDS];   /* of each sender, the number after the last */
    unsigned wrong;          /* torn, or out of order */
    enum sheaf_status last;
    unsigned char items[BATCH * LARGEST];
};

static void produce(void *argument)
{
    struct end *end = argument;
    for (uint32_t next = 0; next < end->count;) {
        const size_t left = end->count - next;
        const size_t count = left < end->batch ? left : end->batch;
        for (size_t i = 0; i < count; i++)
            fill_item(end->items + i * end->item_size, end->item_size,
                      (struct stamped){end->number, next + (uint32_t)i});
        size_t sent = count;
        if (end->batch > 1)
            end->last =
                sheaf_channel_send_many(end->channel, end->items, count, DEADLINE_NONE, &sent);
        else
            end->last = sheaf_channel_send(end->channel, end->items);
        if (end->last != SHEAF_OK)
            return;
        next += (uint32_t)sent;
    }
}

static void note_item(struct end *end, const unsigned char *item)
{
    struct stamped stamped = {0, 0};
    if (end->item_size >= sizeof stamped) {
        memcpy(&stamped, item, sizeof stamped);
        end->wrong += !is_whole(item, end->item_size, stamped) || stamped.sender >= ENDS ||
                      stamped.number < end->latest[stamped.sender % ENDS];
        end->latest[stamped.sender % ENDS] = stamped.number + 1;
        end->received[stamped.sender % ENDS]++;
    }
    end->count++;
}

static void consume(void *argument)
{
    struct end *end = argument;
    for (;;) {
        size_t received = 1;
        if (end->batch > 1)
            end->last = sheaf_channel_recv_many(end->channel, end->items, end->batch, DEADLINE_NONE,
                                                &received);
        else
            end->last = sheaf_channel_recv(end->channel, end->items);
        if (end->last != SHEAF_OK)
            return;
        for (size_t i = 0; i < received; i++)
            note_item(end, end->items + i * end->item_size);
    }
}

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

static void set_up_ends(struct end *ends, struct sheaf_channel *channel, size_t item_size)
{
    for (uint32_t i = 0; i < ENDS; i++) {
        ends[i].channel = channel;
        ends[i].item_size = item_size;
        ends[i].batch = 1;
        ends[i].number = i;
    }
}

static const struct {
    size_t capacity;
    size_t item_size;
    size_t send_batch;
    size_t receive_batch;
} crowds[] = {
    {1, 8, 1, 1},     {2, 24, 1, 1},       {3, 8, BATCH, 1},     {1000, 8, 1, BATCH},
    {64, 4096, 1, 1}, {3, 4096, BATCH, 3}, {1, 1, 1, 1},         {64, 1, BATCH, BATCH},
    {64, 8, 1, 1},    {1000, 24, 5, 5},    {5, 8, BATCH, BATCH},
};
enum { CROWDS = sizeof crowds / sizeof *crowds };

/* Every item arrives once, whole, and after those of its sender that were sent before. */
START_TEST(many_to_many)
{
    const size_t size = crowds[_i / TWINS].item_size;
    struct sheaf_channel *channel = make_on(&(struct channel_setup){
        .capacity = crowds[_i / TWINS].capacity, .item_size = size, .park = twins[_i % TWINS]});
    static struct end producers[ENDS];
    static struct end consumers[ENDS];
    set_up_ends(producers, channel, size);
    set_up_ends(consumers, channel, size);
    for (unsigned i = 0; i < ENDS; i++) {
        producers[i].count = ITEMS;
        producers[i].batch = crowds[_i / TWINS].send_batch;
        consumers[i].batch = crowds[_i / TWINS].receive_batch;
    }
    start_all(consumers, consume);
    start_all(producers, produce);
    join_all(producers);
    sheaf_channel_close(channel);
    join_all(consumers);
    uint32_t count = 0;
    uint32_t received[ENDS] = {0};
    for (unsigned i = 0; i < ENDS; i++) {
        ck_assert_int_eq(producers[i].last, SHEAF_OK);
        ck_assert_int_eq(consumers[i].last, SHEAF_END);
        ck_assert_uint_eq(consumers[i].wrong, 0);
        count += consumers[i].count;
        for (unsigned k = 0; k < ENDS; k++)
            received[k] += consumers[i].received[k];
    }
    ck_assert_uint_eq(count, ENDS * ITEMS);
    for (unsigned k = 0; k < ENDS && size >= sizeof(struct stamped); k++)
        ck_assert_uint_eq(received[k], ITEMS);
    sheaf_channel_destroy(channel);
}
END_TEST

/* What a queue with batches owes: no other receiver gets an item from the middle of a batch. */
START_TEST(received_batches_are_neighbours)
{
    struct sheaf_channel *channel = make_channel(16, sizeof(struct stamped));
    static struct end producers[ENDS];
    set_up_ends(producers, channel, sizeof(struct stamped));
    producers[0].count = ITEMS; /* the only sender: so its numbers say what is a neighbour */
    static struct end helper;
    helper = (struct end){.channel = channel, .item_size = sizeof(struct stamped), .batch = 1};
    ck_assert_int_eq(thread_start(&helper.thread, consume, &helper, "end", NULL), SHEAF_OK);
    start_all(producers, produce);
    unsigned wrong = 0;
    uint32_t count = 0;
    while (count < ITEMS / 4) {
        struct stamped items[BATCH];
        size_t received;
        if (sheaf_channel_recv_many(channel, items, BATCH, clock_now() + 1000000, &received) !=
            SHEAF_OK)
            break; /* the other one was faster */
        for (size_t i = 1; i < received; i++)
            wrong += items[i].number != items[i - 1].number + 1;
        count += (uint32_t)received;
    }
    join_all(producers);
    sheaf_channel_close(channel);
    thread_join(&helper.thread);
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(count + helper.count, ITEMS);
    sheaf_channel_destroy(channel);
}
END_TEST

/* Lets threads that are on their way into a wait get there; whether they did decides nothing. */
static void give_way(void)
{
    struct sheaf_channel *never = make_channel(1, 1);
    char item;
    (void)sheaf_channel_recv_until(never, &item, clock_now() + 2000000);
    sheaf_channel_destroy(never);
}

static const enum { BY_CLOSE, BY_CANCEL } endings[] = {BY_CLOSE, BY_CANCEL};

/* Senders that sleep on a full channel, receivers on an empty one: close and cancel wake all. */
START_TEST(close_and_cancel_wake_everybody)
{
    struct sheaf_cancel *cancel = make_token();
    struct channel_setup setup = {.capacity = 1, .item_size = sizeof(struct stamped)};
    setup.park = twins[_i % TWINS];
    setup.cancel = cancel;
    struct sheaf_channel *full = make_on(&setup);
    struct sheaf_channel *empty = make_on(&setup);
    static struct end senders[ENDS];
    static struct end receivers[ENDS];
    set_up_ends(senders, full, sizeof(struct stamped));
    set_up_ends(receivers, empty, sizeof(struct stamped));
    for (unsigned i = 0; i < ENDS; i++) {
        senders[i].count = ITEMS;
        senders[i].batch = 1 + i % 2;
    }
    start_all(senders, produce);
    start_all(receivers, consume);
    struct stamped item;
    ck_assert_int_eq(sheaf_channel_recv(full, &item), SHEAF_OK);
    give_way();
    if (endings[_i / TWINS] == BY_CANCEL) {
        sheaf_cancel_set(cancel, 1);
    } else {
        sheaf_channel_close(full);
        sheaf_channel_close(empty);
    }
    join_all(senders);
    join_all(receivers);
    for (unsigned i = 0; i < ENDS; i++) {
        ck_assert_int_eq(senders[i].last, SHEAF_STOPPED);
        ck_assert_int_eq(receivers[i].last,
                         endings[_i / TWINS] == BY_CANCEL ? SHEAF_STOPPED : SHEAF_END);
        ck_assert_uint_eq(receivers[i].count, 0);
    }
    ck_assert_int_eq(sheaf_channel_try_recv(full, &item), SHEAF_OK);
    sheaf_channel_destroy(full);
    sheaf_channel_destroy(empty);
    sheaf_cancel_close(cancel);
}
END_TEST

struct relay {
    struct thread thread;
    struct sheaf_channel *from;
    struct sheaf_channel *to;
    uint64_t prime; /* 0: passes all on */
};

static void relay(void *argument)
{
    struct relay *self = argument;
    uint64_t item;
    while (sheaf_channel_recv(self->from, &item) == SHEAF_OK)
        if (self->prime == 0 || item % self->prime != 0)
            (void)sheaf_channel_send(self->to, &item);
    sheaf_channel_close(self->to);
}

/* The sieve of Eratosthenes as a chain of channels: each thread takes out multiples of a prime. */
START_TEST(sieve)
{
    enum { PRIMES = 20, LAST = 71 };
    struct sheaf_channel *channels[PRIMES + 1];
    struct relay filters[PRIMES];
    channels[0] = make_channel(1, sizeof(uint64_t));
    static struct relay source;
    struct sheaf_channel *numbers = make_channel(LAST, sizeof(uint64_t));
    for (uint64_t n = 2; n <= LAST; n++)
        ck_assert_int_eq(sheaf_channel_try_send(numbers, &n), SHEAF_OK);
    sheaf_channel_close(numbers);
    source = (struct relay){.from = numbers, .to = channels[0]};
    ck_assert_int_eq(thread_start(&source.thread, relay, &source, "source", NULL), SHEAF_OK);
    for (unsigned i = 0; i < PRIMES; i++) {
        uint64_t prime;
        ck_assert_int_eq(sheaf_channel_recv(channels[i], &prime), SHEAF_OK);
        for (uint64_t d = 2; d * d <= prime; d++)
            ck_assert_uint_ne(prime % d, 0);
        channels[i + 1] = make_channel(1, sizeof(uint64_t));
        filters[i] = (struct relay){.from = channels[i], .to = channels[i + 1], .prime = prime};
        ck_assert_int_eq(thread_start(&filters[i].thread, relay, &filters[i], "filter", NULL),
                         SHEAF_OK);
        ck_assert(i + 1 < PRIMES || prime == LAST);
    }
    uint64_t none;
    ck_assert_int_eq(sheaf_channel_recv(channels[PRIMES], &none), SHEAF_END);
    thread_join(&source.thread);
    for (unsigned i = 0; i < PRIMES; i++)
        thread_join(&filters[i].thread);
    for (unsigned i = 0; i <= PRIMES; i++)
        sheaf_channel_destroy(channels[i]);
    sheaf_channel_destroy(numbers);
}
END_TEST

/* A thread turns a ring of two channels: one item, there and back, as often as the lap counter
 * needs to go around the ring many times. */
START_TEST(ping_pong)
{
    struct channel_setup setup = {.capacity = 1, .item_size = sizeof(uint64_t), .park = twins[_i]};
    struct sheaf_channel *there = make_on(&setup);
    struct sheaf_channel *back = make_on(&setup);
    struct relay echo = {.from = there, .to = back};
    ck_assert_int_eq(thread_start(&echo.thread, relay, &echo, "echo", NULL), SHEAF_OK);
    for (uint64_t i = 0; i < 3000; i++) {
        uint64_t item = UINT64_MAX;
        ck_assert_int_eq(sheaf_channel_send(there, &i), SHEAF_OK);
        ck_assert_int_eq(sheaf_channel_recv(back, &item), SHEAF_OK);
        ck_assert_uint_eq(item, i);
    }
    sheaf_channel_close(there);
    thread_join(&echo.thread);
    sheaf_channel_destroy(there);
    sheaf_channel_destroy(back);
}
END_TEST

static Suite *channel_threads_suite(void)
{
    Suite *suite = suite_create("channel_threads");
    TCase *tests = tcase_create("channel_threads");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, many_to_many, 0, (int)CROWDS * TWINS);
    tcase_add_test(tests, received_batches_are_neighbours);
    tcase_add_loop_test(tests, close_and_cancel_wake_everybody, 0, 2 * TWINS);
    tcase_add_test(tests, sieve);
    tcase_add_loop_test(tests, ping_pong, 0, TWINS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(channel_threads_suite)
