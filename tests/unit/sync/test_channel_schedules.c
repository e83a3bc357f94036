/* The channel under seeded schedules: small crowds, each ended in another way. */
#include "base/clock.h"
#include "sheaf/cancel.h"
#include "sync/channel_inner.h"
#include "sync/deadline.h"
#include "sync/thread.h"
#include "unit/sync/schedule.h"

#include <stdbool.h>

enum { EACH = 2, MOST_ITEMS = 4, MOST_SENT = EACH * MOST_ITEMS };

enum ending {
    AFTER_SENDERS, /* closed when all is sent */
    CLOSED_AMID,   /* closed while they send */
    CANCELLED_AMID,
    NOT_AT_ALL, /* receivers take as many as there are */
};

/* Two senders, two receivers. */
struct crowd {
    size_t capacity;
    uint32_t items;       /* of each sender */
    uint32_t quota;       /* of each receiver; UINT32_MAX: until the channel ends */
    size_t batch;         /* items a call; 1: single calls */
    uint64_t patience_ns; /* of each call of the first sender and receiver; 0: no deadline */
    enum ending ending;
};

struct member {
    struct thread thread;
    const struct crowd *crowd;
    struct sheaf_channel *channel;
    uint64_t patience_ns;
    uint32_t number;
    uint32_t count; /* sent, received */
    uint32_t items[MOST_SENT];
    enum sheaf_status last;
};

static uint64_t deadline_of(const struct member *member)
{
    return member->patience_ns == 0 ? DEADLINE_NONE : clock_now() + member->patience_ns;
}

static enum sheaf_status send_some(const struct member *member, const uint32_t *items, size_t count,
                                   size_t *sent)
{
    if (member->crowd->batch > 1)
        return sheaf_channel_send_many(member->channel, items, count, deadline_of(member), sent);
    const enum sheaf_status status =
        sheaf_channel_send_until(member->channel, items, deadline_of(member));
    *sent = status == SHEAF_OK;
    return status;
}

static void send_items(void *argument)
{
    struct member *member = argument;
    const struct crowd *crowd = member->crowd;
    while (member->count < crowd->items) {
        uint32_t items[MOST_ITEMS];
        size_t count = 0;
        while (count < crowd->batch && member->count + count < crowd->items) {
            items[count] = member->number * MOST_ITEMS + member->count + (uint32_t)count;
            count++;
        }
        size_t sent;
        member->last = send_some(member, items, count, &sent);
        member->count += (uint32_t)sent;
        if (member->last != SHEAF_OK && member->last != SHEAF_TIMEOUT)
            return;
    }
}

static enum sheaf_status receive_some(struct member *member, uint32_t *items, size_t *received)
{
    if (member->crowd->batch > 1)
        return sheaf_channel_recv_many(member->channel, items, member->crowd->batch,
                                       deadline_of(member), received);
    const enum sheaf_status status =
        sheaf_channel_recv_until(member->channel, items, deadline_of(member));
    *received = status == SHEAF_OK;
    return status;
}

static void receive_items(void *argument)
{
    struct member *member = argument;
    while (member->count < member->crowd->quota) {
        uint32_t items[MOST_ITEMS];
        size_t received;
        member->last = receive_some(member, items, &received);
        for (size_t i = 0; i < received && member->count < MOST_SENT; i++)
            member->items[member->count++] = items[i];
        if (member->last != SHEAF_OK && member->last != SHEAF_TIMEOUT)
            return;
    }
}

/* Each item that was sent is received once; and a receiver gets those of a sender in order. */
static void check_received(const struct member *receivers, unsigned count, const uint32_t *sent)
{
    unsigned times[MOST_SENT] = {0};
    for (unsigned i = 0; i < count; i++) {
        uint32_t next[EACH] = {0};
        for (uint32_t k = 0; k < receivers[i].count; k++) {
            const uint32_t item = receivers[i].items[k];
            ck_assert_uint_lt(item, MOST_SENT);
            ck_assert_uint_ge(item % MOST_ITEMS, next[item / MOST_ITEMS]);
            next[item / MOST_ITEMS] = item % MOST_ITEMS + 1;
            times[item]++;
        }
    }
    for (uint32_t item = 0; item < MOST_SENT; item++)
        ck_assert_uint_eq(times[item], item % MOST_ITEMS < sent[item / MOST_ITEMS]);
}

static void start_members(struct member *members, const struct crowd *crowd,
                          struct sheaf_channel *channel, thread_function *function)
{
    for (uint32_t i = 0; i < EACH; i++) {
        members[i] = (struct member){.crowd = crowd, .channel = channel, .number = i};
        members[i].patience_ns = i == 0 ? crowd->patience_ns : 0;
        ck_assert_int_eq(thread_start(&members[i].thread, function, &members[i], "member", NULL),
                         SHEAF_OK);
    }
}

static void join_members(struct member *members)
{
    for (unsigned i = 0; i < EACH; i++)
        thread_join(&members[i].thread);
}

static void check_ends(const struct crowd *crowd, const struct member *senders,
                       const struct member *receivers)
{
    for (unsigned i = 0; i < EACH; i++) {
        ck_assert(senders[i].count == crowd->items || senders[i].last == SHEAF_STOPPED);
        ck_assert(crowd->ending == CLOSED_AMID || crowd->ending == CANCELLED_AMID ||
                  senders[i].count == crowd->items);
        if (crowd->quota == UINT32_MAX)
            ck_assert_int_eq(receivers[i].last,
                             crowd->ending == CANCELLED_AMID ? SHEAF_STOPPED : SHEAF_END);
    }
}

static void run_crowd(const struct crowd *crowd)
{
    struct sheaf_cancel *cancel;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    struct sheaf_channel *channel;
    ck_assert_int_eq(sheaf_channel_open(crowd->capacity, sizeof(uint32_t), cancel, &channel, NULL),
                     SHEAF_OK);
    struct member senders[EACH];
    struct member receivers[EACH + 1]; /* the last is this thread, at the end */
    start_members(receivers, crowd, channel, receive_items);
    start_members(senders, crowd, channel, send_items);
    if (crowd->ending == CLOSED_AMID)
        sheaf_channel_close(channel);
    if (crowd->ending == CANCELLED_AMID)
        sheaf_cancel_set(cancel, 1);
    join_members(senders);
    if (crowd->ending == AFTER_SENDERS)
        sheaf_channel_close(channel);
    join_members(receivers);
    check_ends(crowd, senders, receivers);
    struct member *rest = &receivers[EACH];
    rest->count = 0;
    while (rest->count < MOST_SENT &&
           sheaf_channel_try_recv(channel, &rest->items[rest->count]) == SHEAF_OK)
        rest->count++;
    ck_assert(rest->count == 0 || crowd->ending == CANCELLED_AMID || crowd->ending == NOT_AT_ALL);
    check_received(receivers, EACH + 1, (const uint32_t[]){senders[0].count, senders[1].count});
    sheaf_channel_destroy(channel);
    sheaf_cancel_close(cancel);
}

static void many_to_many_through_one_slot(uint64_t seed)
{
    (void)seed;
    run_crowd(&(struct crowd){.capacity = 1, .items = 2, .quota = UINT32_MAX, .batch = 1});
}

static void ended_while_sending(uint64_t seed)
{
    run_crowd(&(struct crowd){.capacity = 1 + seed % 3,
                              .items = 3,
                              .quota = UINT32_MAX,
                              .batch = 1 + seed / 3 % 2,
                              .ending = seed / 6 % 2 == 0 ? CLOSED_AMID : CANCELLED_AMID});
}

/* The first sender and the first receiver lose their patience again and again, the others wait. */
static void batches_and_deadlines(uint64_t seed)
{
    run_crowd(&(struct crowd){.capacity = 1 + seed % 3,
                              .items = 1 + seed / 3 % MOST_ITEMS,
                              .quota = UINT32_MAX,
                              .batch = 1 + seed / 12 % 3,
                              .patience_ns = UINT64_C(1000) << seed / 36 % 7});
}

/* No close that would wake whom a lost wake-up left asleep. */
static void nobody_is_left_asleep(uint64_t seed)
{
    /* As many items as receivers take; or so many more as there is room for. */
    const bool full = seed % 2 == 0;
    run_crowd(&(struct crowd){
        .capacity = 2, .items = full ? 2 : 1, .quota = 1, .batch = 1, .ending = NOT_AT_ALL});
}

static const struct {
    const char *name;
    void (*run)(uint64_t seed);
} scenarios[] = {
    {"many_to_many_through_one_slot", many_to_many_through_one_slot},
    {"ended_while_sending", ended_while_sending},
    {"batches_and_deadlines", batches_and_deadlines},
    {"nobody_is_left_asleep", nobody_is_left_asleep},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

START_TEST(schedules)
{
    schedule_each(scenarios[_i].name, scenarios[_i].run);
}
END_TEST

static Suite *channel_schedules_suite(void)
{
    Suite *suite = suite_create("channel_schedules");
    TCase *tests = tcase_create("channel_schedules");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, schedules, 0, SCENARIOS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(channel_schedules_suite)
