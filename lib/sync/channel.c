/* The channel: a ring of slots that senders and receivers claim by one atomic step each.
 *
 * Positions. The n-th item goes to position n, written lap|index: the lower bits are the index of
 * a slot, the rest counts the laps around the ring, so that no item costs a division. `next` of
 * the senders is the position that the next item gets, `next` of the receivers the one that is
 * taken next. A bit above both in the senders' word says "closed": a send whose claim comes after
 * the close finds another word than it expects, and so can take no position.
 *
 * Stamps. Each slot says for whom it is: `position` when that position's sender may fill it,
 * position + 1 when its receiver may empty it; then the position one lap on. It only grows. Who
 * finds the right stamps of some neighbouring slots moves `next` past them by a compare-and-swap:
 * they are then its own to copy, and each is handed to the other side by storing its stamp. A
 * smaller stamp means that the other side must act first; a greater one, that `next` is old news.
 *
 * Sleeping. Each side has a word: a flag "somebody sleeps, or is about to", and an epoch above it.
 * Who finds nothing to do sets the flag, looks again, and sleeps while the word is what it was.
 * Who hands over slots looks at the other side's flag; if it is set, one step clears it and goes to
 * the next epoch, and then one sleeper is woken. Handing over and looking at the flag, setting the
 * flag and looking at the stamps: all four are sequentially consistent, so one of the two sees the
 * other. While the flag is clear nobody wakes anybody, so that a burst of items costs one wake-up;
 * therefore whoever has set the flag owes the others something when it leaves: if what it waited
 * for is (still, or for good) there, it wakes the next one. Close and cancel change the epoch and
 * wake everybody.
 *
 * After Vyukov's bounded MPMC queue (1024cores.net), with positions and the closed bit as in
 * crossbeam-channel, and the event counts of Vyukov and of Drepper, "Futexes are tricky". */
#include "sync/channel_inner.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/processor.h"
#include "sync/step.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* What is added to a position is the stamp that this side waits for. */
enum side { SENDERS = 0, RECEIVERS = 1 };

enum {
#ifdef SHEAF_TESTING
    PAUSES = 1, /* tests want to see the sleeping */
    YIELDS = 0,
#else
    /* Before it sleeps, a thread looks again this often, for a microsecond in all; then it lets
     * others run: one of the other side, on the same processor, finds much to do at once, where a
     * wake-up per item would make the two take turns. */
    PAUSES = 30,
    YIELDS = 16,
#endif
};

#define CLOSED (UINT64_C(1) << 63)
#define SLEEPERS UINT32_C(1) /* the flag; adding it once more clears it and steps the epoch */
#define EPOCH_STEP UINT32_C(2)

struct slot {
    _Atomic uint64_t stamp;
    unsigned char item[];
};

/* One side's words. `next` changes with every item, `sleepers` hardly ever: it is read by each
 * thread of the other side. */
struct end {
    _Atomic uint64_t next;
    unsigned char apart[CACHE_LINE];
    _Atomic uint32_t sleepers;
    unsigned char apart_too[CACHE_LINE];
};

struct sheaf_channel {
    size_t capacity;
    size_t item_size;
    size_t stride; /* from slot to slot, in bytes */
    uint64_t lap;  /* a power of two above the capacity: the step from lap to lap */
    const struct park_ops *park;
    struct sheaf_cancel *cancel;
    struct sheaf_cancel_watch watch;
    unsigned char apart[CACHE_LINE];
    struct end ends[2];
    _Alignas(struct slot) unsigned char slots[];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "positions need a 64-bit atomic without a lock");

/* `count` neighbouring positions. */
struct span {
    uint64_t first;
    uint64_t past; /* the position after the last */
    size_t count;
};

/* What a call wants, and how far it got. */
struct request {
    enum side side;
    const unsigned char *from; /* the items to send */
    unsigned char *to;         /* room for the items to receive */
    size_t most;
    size_t done;
};

static enum side other(enum side side)
{
    return side == SENDERS ? RECEIVERS : SENDERS;
}

static struct slot *slot_of(struct sheaf_channel *channel, uint64_t position)
{
    const size_t index = (size_t)(position & (channel->lap - 1));
    void *slot = channel->slots + index * channel->stride;
    return slot;
}

static uint64_t after(const struct sheaf_channel *channel, uint64_t position)
{
    const uint64_t index = position & (channel->lap - 1);
    return index + 1 < channel->capacity ? position + 1 : position - index + channel->lap;
}

/* ---- claiming and copying ---------------------------------------------------------------- */

/* What a receiver is told who finds nothing at `head`: is there more to come? */
static enum sheaf_status none_at(const struct sheaf_channel *channel, uint64_t head)
{
    STEP(ch_tail);
    const uint64_t tail = atomic_load(&channel->ends[SENDERS].next);
    return tail == (head | CLOSED) ? SHEAF_END : SHEAF_BUSY;
}

/* Finds up to `most` positions that this side may claim. Gives SHEAF_OK; SHEAF_BUSY when the other
 * side must act first; when it never will, SHEAF_STOPPED to senders, SHEAF_END to receivers. */
static enum sheaf_status look(struct sheaf_channel *channel, enum side side, size_t most,
                              struct span *span)
{
    uint64_t stamp = 0;
    do {
        STEP(ch_next);
        const uint64_t next = atomic_load_explicit(&channel->ends[side].next, memory_order_acquire);
        if ((next & CLOSED) != 0)
            return SHEAF_STOPPED; /* receivers' positions have no such bit */
        *span = (struct span){.first = next, .past = next};
        while (span->count < most) {
            STEP(ch_stamp);
            stamp = atomic_load(&slot_of(channel, span->past)->stamp);
            if (stamp != span->past + side)
                break;
            span->past = after(channel, span->past);
            span->count++;
        }
        if (span->count > 0)
            return SHEAF_OK;
    } while (stamp > span->first + side);
    return side == SENDERS ? SHEAF_BUSY : none_at(channel, span->first);
}

/* As look, and makes the positions the caller's. Acquire and release from claim to claim: who comes
 * to a position sees the stamps that those saw who claimed the ones before. */
static enum sheaf_status claim(struct sheaf_channel *channel, enum side side, size_t most,
                               struct span *span)
{
    for (;;) {
        TRY(look(channel, side, most, span));
        uint64_t next = span->first;
        STEP(ch_claim);
        if (atomic_compare_exchange_strong_explicit(&channel->ends[side].next, &next, span->past,
                                                    memory_order_acq_rel, memory_order_relaxed))
            return SHEAF_OK;
    }
}

static void copy_item(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t)) /* pointers and numbers: no call */
        memcpy(to, from, sizeof(uint64_t));
    else
        memcpy(to, from, size);
}

/* Copies the request's next item to or from the slot of a claimed position. */
static void copy_slot(struct sheaf_channel *channel, const struct request *request, size_t number,
                      struct slot *slot)
{
    const size_t size = channel->item_size;
    if (request->side == SENDERS)
        copy_item(slot->item, request->from + number * size, size);
    else
        copy_item(request->to + number * size, slot->item, size);
}

/* The stamp by which the slot goes to the other side. */
static uint64_t stamp_after(const struct sheaf_channel *channel, enum side side, uint64_t position)
{
    return side == SENDERS ? position + 1 : position + channel->lap;
}

/* Copies the items of claimed positions, and hands the slots to the other side: the first one last,
 * as only that one is waited for. Who has got past it has, by that, seen the others handed over. */
static void move_items(struct sheaf_channel *channel, struct request *request,
                       const struct span *span)
{
    const enum side side = request->side;
    size_t number = request->done;
    copy_slot(channel, request, number++, slot_of(channel, span->first));
    for (uint64_t position = after(channel, span->first); position != span->past;
         position = after(channel, position)) {
        struct slot *slot = slot_of(channel, position);
        copy_slot(channel, request, number++, slot);
        STEP(ch_hand_over);
        atomic_store_explicit(&slot->stamp, stamp_after(channel, side, position),
                              memory_order_release);
    }
    request->done = number;
    STEP(ch_hand_over);
    atomic_store(&slot_of(channel, span->first)->stamp, stamp_after(channel, side, span->first));
}

/* ---- sleeping and waking ----------------------------------------------------------------- */

static void wake_one(struct sheaf_channel *channel, enum side side)
{
    _Atomic uint32_t *const sleepers = &channel->ends[side].sleepers;
    STEP(ch_sleepers);
    uint32_t word = atomic_load(sleepers);
    while ((word & SLEEPERS) != 0) {
        STEP(ch_clear);
        if (atomic_compare_exchange_strong(sleepers, &word, word + SLEEPERS)) {
            STEP(ch_wake_one);
            channel->park->wake_one(sleepers);
            return;
        }
    }
}

/* For what concerns everybody on both sides. */
static void wake_everybody(struct sheaf_channel *channel)
{
    for (enum side side = SENDERS; side <= RECEIVERS; side++) {
        _Atomic uint32_t *const sleepers = &channel->ends[side].sleepers;
        STEP(ch_next_epoch);
        (void)atomic_fetch_add(sleepers, EPOCH_STEP);
        STEP(ch_wake_all);
        channel->park->wake_all(sleepers);
    }
}

static void wake_cancelled(void *argument, int reason)
{
    (void)reason;
    wake_everybody(argument);
}

/* Takes (puts) what is there (room) for the request now. Gives what look gives. */
static enum sheaf_status attempt(struct sheaf_channel *channel, struct request *request)
{
    struct span span;
    TRY(claim(channel, request->side, request->most - request->done, &span));
    move_items(channel, request, &span);
    wake_one(channel, other(request->side));
    return SHEAF_OK;
}

/* As attempt, but sleeps while that gives SHEAF_BUSY. The reason is read after this side's word
 * was changed, which cancelling changes after it has set the reason: one sees the other. */
static enum sheaf_status attempt_until(struct sheaf_channel *channel, struct request *request,
                                       uint64_t deadline_ns)
{
    _Atomic uint32_t *const sleepers = &channel->ends[request->side].sleepers;
    enum sheaf_status slept = SHEAF_OK;
    enum sheaf_status status;
    for (;;) {
        STEP(ch_register);
        const uint32_t word = atomic_fetch_or(sleepers, SLEEPERS) | SLEEPERS;
        STEP(ch_reason);
        const bool cancelled = sheaf_cancel_reason(channel->cancel) != 0;
        status = cancelled ? SHEAF_STOPPED : attempt(channel, request);
        if (status == SHEAF_BUSY)
            status = slept == SHEAF_TIMEOUT ? SHEAF_TIMEOUT : SHEAF_BUSY;
        if (status != SHEAF_BUSY)
            break;
        STEP(ch_sleep);
        slept = channel->park->wait(sleepers, word, deadline_ns);
    }
    struct span ignored;
    if (look(channel, request->side, 1, &ignored) != SHEAF_BUSY)
        wake_one(channel, request->side);
    return status;
}

/* One successful attempt, for which it waits. */
static enum sheaf_status attempt_waiting(struct sheaf_channel *channel, struct request *request,
                                         uint64_t deadline_ns)
{
    if (sheaf_cancel_reason(channel->cancel) != 0)
        return SHEAF_STOPPED;
    for (unsigned tries = 0; tries < PAUSES + YIELDS; tries++) {
        const enum sheaf_status status = attempt(channel, request);
        if (status != SHEAF_BUSY)
            return status;
        if (tries < PAUSES)
            processor_pause();
        else
            (void)sched_yield(); /* cannot fail */
    }
    return attempt_until(channel, request, deadline_ns);
}

/* ---- the calls --------------------------------------------------------------------------- */

/* The distance of two slots, and with it the size of all of them behind the channel. */
static bool layout(const struct channel_setup *setup, size_t *stride, size_t *bytes)
{
    const size_t unit = _Alignof(struct slot);
    size_t padded;
    if (!size_add(setup->item_size, unit - 1, &padded) ||
        !size_add(padded - padded % unit, sizeof(struct slot), stride))
        return false;
    return size_multiply(setup->capacity, *stride, bytes) &&
           size_add(*bytes, sizeof(struct sheaf_channel), bytes);
}

static uint64_t power_of_two_above(size_t capacity)
{
    uint64_t power = 2;
    while (power <= capacity)
        power *= 2;
    return power;
}

enum sheaf_status channel_open(const struct channel_setup *setup, struct sheaf_channel **out,
                               struct sheaf_error *error)
{
    *out = NULL;
    if (setup->capacity == 0 || setup->item_size == 0)
        return error_set(error, SHEAF_USAGE, "a channel needs room for at least one byte");
    size_t stride;
    size_t bytes;
    struct sheaf_channel *channel = layout(setup, &stride, &bytes) ? memory_zeroed(1, bytes) : NULL;
    if (channel == NULL)
        return error_no_memory(error, "a channel");
    channel->capacity = setup->capacity;
    channel->item_size = setup->item_size;
    channel->stride = stride;
    channel->lap = power_of_two_above(setup->capacity);
    channel->park = setup->park;
    channel->cancel = setup->cancel;
    for (uint64_t position = 0; position < setup->capacity; position++)
        atomic_init(&slot_of(channel, position)->stamp, position);
    sheaf_cancel_watch(channel->cancel, &channel->watch, wake_cancelled, channel);
    *out = channel;
    return SHEAF_OK;
}

enum sheaf_status sheaf_channel_open(size_t capacity, size_t item_size, struct sheaf_cancel *cancel,
                                     struct sheaf_channel **out, struct sheaf_error *error)
{
    const struct channel_setup setup = {
        .capacity = capacity, .item_size = item_size, .cancel = cancel, .park = &PARK_DEFAULT};
    return channel_open(&setup, out, error);
}

enum sheaf_status sheaf_channel_send(struct sheaf_channel *channel, const void *item)
{
    return sheaf_channel_send_until(channel, item, DEADLINE_NONE);
}

enum sheaf_status sheaf_channel_send_until(struct sheaf_channel *channel, const void *item,
                                           uint64_t deadline_ns)
{
    struct request request = {.side = SENDERS, .from = item, .most = 1};
    return attempt_waiting(channel, &request, deadline_ns);
}

enum sheaf_status sheaf_channel_try_send(struct sheaf_channel *channel, const void *item)
{
    struct request request = {.side = SENDERS, .from = item, .most = 1};
    return attempt(channel, &request);
}

enum sheaf_status sheaf_channel_send_many(struct sheaf_channel *channel, const void *items,
                                          size_t count, uint64_t deadline_ns, size_t *sent)
{
    struct request request = {.side = SENDERS, .from = items, .most = count};
    enum sheaf_status status = SHEAF_OK;
    while (status == SHEAF_OK && request.done < count)
        status = attempt_waiting(channel, &request, deadline_ns);
    *sent = request.done;
    return status;
}

enum sheaf_status sheaf_channel_recv(struct sheaf_channel *channel, void *item)
{
    return sheaf_channel_recv_until(channel, item, DEADLINE_NONE);
}

enum sheaf_status sheaf_channel_recv_until(struct sheaf_channel *channel, void *item,
                                           uint64_t deadline_ns)
{
    struct request request = {.side = RECEIVERS, .to = item, .most = 1};
    return attempt_waiting(channel, &request, deadline_ns);
}

enum sheaf_status sheaf_channel_try_recv(struct sheaf_channel *channel, void *item)
{
    struct request request = {.side = RECEIVERS, .to = item, .most = 1};
    return attempt(channel, &request);
}

enum sheaf_status sheaf_channel_recv_many(struct sheaf_channel *channel, void *items, size_t most,
                                          uint64_t deadline_ns, size_t *received)
{
    struct request request = {.side = RECEIVERS, .to = items, .most = most};
    const enum sheaf_status status =
        most == 0 ? SHEAF_OK : attempt_waiting(channel, &request, deadline_ns);
    *received = request.done;
    return status;
}

void sheaf_channel_close(struct sheaf_channel *channel)
{
    STEP(ch_close);
    (void)atomic_fetch_or(&channel->ends[SENDERS].next, CLOSED);
    wake_everybody(channel);
}

void sheaf_channel_destroy(struct sheaf_channel *channel)
{
    if (channel == NULL)
        return;
    sheaf_cancel_unwatch(channel->cancel, &channel->watch);
    memory_free(channel);
}
