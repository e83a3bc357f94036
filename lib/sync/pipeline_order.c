/* Calls get their numbers at a door, which one worker at a time passes: it receives inside, so that
 * numbers follow the channel. Calls that are admitted have a slot each in a ring, by number; what
 * is kept for them stands in places, a fixed pool of items in linked lists, one list a slot.
 *
 * The call whose turn has come never waits here but for the channel. The worker that ends it goes
 * on to the next numbers as long as those have ended too, and puts out what they left: so whenever
 * the slot of the turn is marked as ended, exactly one worker is about to empty it. Every wait
 * below ends, at the latest, when the turn moves, which needs nobody that waits: no deadlock. */
#include "sync/pipeline_order.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/step.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define NO_PLACE SIZE_MAX

/* A list of places, in the order of the puts. */
struct list {
    size_t first; /* NO_PLACE: empty */
    size_t last;
};

/* A call between its admission and the end of its turn. The list is its worker's until the call
 * has ended, then that of the worker whose call has the turn. */
struct slot {
    struct list kept;
    bool ended;
};

struct order {
    struct order_plan plan;
    size_t slot_count;
    struct slot *slots;   /* of call n: n modulo slot_count */
    size_t *next;         /* of each place: the one after it in its list */
    unsigned char *items; /* of each place */

    pthread_mutex_t lock; /* rank: leaf; nobody sends or receives inside it */
    pthread_cond_t door;  /* nobody is being admitted any more */
    pthread_cond_t moved; /* the turn has, or places have become free */
    /* Guarded by lock. turn <= admitted <= turn + slot_count; the slots of turn … admitted-1 are in
     * use, all others are empty and not ended. */
    bool admitting;
    uint64_t admitted;
    size_t free; /* the places that are in no slot's list */
    /* Changed under the lock, by the worker whose call has the turn; read without it to find out
     * that one's own turn has come. */
    _Atomic uint64_t turn;
};

static struct slot *slot_of(const struct order *order, uint64_t number)
{
    return &order->slots[number % order->slot_count];
}

static unsigned char *item_of(const struct order *order, size_t place)
{
    return order->items + place * order->plan.item_size;
}

static bool allocate(struct order *order)
{
    const struct order_plan *plan = &order->plan;
    size_t item_bytes;
    if (!size_add(plan->capacity, plan->workers, &order->slot_count) ||
        !size_multiply(plan->capacity, plan->item_size, &item_bytes))
        return false;
    order->slots = memory_zeroed(order->slot_count, sizeof *order->slots);
    order->next = memory_zeroed(plan->capacity, sizeof *order->next);
    order->items = memory_alloc(item_bytes);
    return order->slots != NULL && order->next != NULL && order->items != NULL;
}

enum sheaf_status order_open(const struct order_plan *plan, struct order **out,
                             struct sheaf_error *error)
{
    *out = NULL;
    struct order *order = memory_zeroed(1, sizeof *order);
    if (order == NULL)
        return error_no_memory(error, "the order of a stage");
    order->plan = *plan;
    order->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    order->door = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    order->moved = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (!allocate(order)) {
        order_close(order);
        return error_no_memory(error, "the items that a stage keeps");
    }
    for (size_t i = 0; i < order->slot_count; i++)
        order->slots[i].kept.first = NO_PLACE;
    for (size_t i = 0; i < plan->capacity; i++)
        order->next[i] = i + 1 < plan->capacity ? i + 1 : NO_PLACE;
    *out = order;
    return SHEAF_OK;
}

enum sheaf_status order_admit(struct order *order, void *item, uint64_t *call)
{
    STEP(pipe_admit);
    lock_acquire(&order->lock);
    while (order->admitting) {
        STEP(pipe_door_wait);
        (void)condition_wait(&order->door, &order->lock, DEADLINE_NONE);
    }
    order->admitting = true;
    while (order->admitted - order->turn == order->slot_count) {
        STEP(pipe_slot_wait);
        (void)condition_wait(&order->moved, &order->lock, DEADLINE_NONE);
    }
    lock_release(&order->lock);

    const enum sheaf_status status = sheaf_channel_recv(order->plan.in, item);

    STEP(pipe_admitted);
    lock_acquire(&order->lock);
    if (status == SHEAF_OK)
        *call = order->admitted++;
    order->admitting = false;
    condition_wake_one(&order->door);
    lock_release(&order->lock);
    return status;
}

static void append(struct order *order, struct list *list, size_t place)
{
    order->next[place] = NO_PLACE;
    if (list->first == NO_PLACE)
        list->first = place;
    else
        order->next[list->last] = place;
    list->last = place;
}

/* Sends, or once the pipeline stops destroys, the items of a list whose turn it is. */
static enum sheaf_status send_list(struct order *order, const struct list *list)
{
    enum sheaf_status status = SHEAF_OK;
    for (size_t place = list->first; place != NO_PLACE; place = order->next[place]) {
        unsigned char *item = item_of(order, place);
        status = sheaf_channel_send(order->plan.out, item); /* once refused, always refused */
        if (status != SHEAF_OK && order->plan.destroy != NULL)
            order->plan.destroy(item);
    }
    return status;
}

static void free_list_locked(struct order *order, struct list *list)
{
    if (list->first == NO_PLACE)
        return;
    order->next[list->last] = order->free;
    order->free = list->first;
    list->first = NO_PLACE;
}

/* A free place for a call whose turn has not come; NO_PLACE when it has. */
static size_t take_place(struct order *order, uint64_t call)
{
    size_t place = NO_PLACE;
    STEP(pipe_place);
    lock_acquire(&order->lock);
    while (order->turn != call && order->free == NO_PLACE) {
        STEP(pipe_place_wait);
        (void)condition_wait(&order->moved, &order->lock, DEADLINE_NONE);
    }
    if (order->turn != call) {
        place = order->free;
        order->free = order->next[place];
    }
    lock_release(&order->lock);
    return place;
}

/* Sends what the call has put out before its turn, which has come; later calls get the places. */
static enum sheaf_status catch_up(struct order *order, uint64_t call)
{
    struct list *kept = &slot_of(order, call)->kept;
    if (kept->first == NO_PLACE)
        return SHEAF_OK;
    const enum sheaf_status status = send_list(order, kept);
    STEP(pipe_caught_up);
    lock_acquire(&order->lock);
    free_list_locked(order, kept);
    condition_wake_all(&order->moved);
    lock_release(&order->lock);
    return status;
}

enum sheaf_status order_put(struct order *order, uint64_t call, const void *item)
{
    STEP(pipe_turn);
    if (atomic_load(&order->turn) != call) {
        const size_t place = take_place(order, call);
        if (place != NO_PLACE) {
            memcpy(item_of(order, place), item, order->plan.item_size);
            append(order, &slot_of(order, call)->kept, place);
            return SHEAF_OK;
        }
    }
    TRY(catch_up(order, call));
    return sheaf_channel_send(order->plan.out, item);
}

enum sheaf_status order_end(struct order *order, uint64_t call)
{
    enum sheaf_status status = SHEAF_OK;
    STEP(pipe_end);
    lock_acquire(&order->lock);
    slot_of(order, call)->ended = true;
    uint64_t turn = call;
    /* Not our turn: whoever has it comes to us. Else we go on to those who came too early. */
    while (order->turn == turn && slot_of(order, turn)->ended) {
        struct slot *slot = slot_of(order, turn);
        if (slot->kept.first != NO_PLACE) {
            lock_release(&order->lock);
            const enum sheaf_status sent = send_list(order, &slot->kept);
            status = status == SHEAF_OK ? sent : status;
            STEP(pipe_put_out);
            lock_acquire(&order->lock);
            free_list_locked(order, &slot->kept);
        }
        slot->ended = false;
        order->turn = ++turn;
        condition_wake_all(&order->moved);
    }
    lock_release(&order->lock);
    return status;
}

void order_close(struct order *order)
{
    if (order == NULL)
        return;
    condition_close(&order->moved);
    condition_close(&order->door);
    lock_close(&order->lock);
    memory_free(order->items);
    memory_free(order->next);
    memory_free(order->slots);
    memory_free(order);
}
