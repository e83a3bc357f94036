/* The resource pool: a channel of permits, slots under a lock, and a wait group of borrowers.
 *
 * There are as many permits as slots. Who has received one is sure to find a slot that nobody
 * has, and takes it under the lock: one that is open already, if there is any. A permit goes back
 * only after its slot has become free, so the two never disagree the other way. The channel
 * does all the waiting for a resource: by deadline, by token, and until it is closed.
 *
 * The wait group counts calls of borrow that are under way, and resources that are out. It is added
 * to under the lock, while the pool is not closing; its done is a borrower's last touch of the
 * pool. So once close has set `closing`, the count only falls, and when it is zero nobody holds a
 * resource, and nobody will: calls that come later are refused at the door.
 *
 * tests/sync/models/resource_pool.pml carries the labels of the steps below. */
#include "sheaf/resource_pool.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sheaf/channel.h"
#include "sheaf/waitgroup.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/misuse.h"
#include "sync/step.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum slot_state {
    SLOT_EMPTY,   /* no resource, nobody has it */
    SLOT_IDLE,    /* an open resource, nobody has it */
    SLOT_OPENING, /* whoever borrows opens it */
    SLOT_LENT,    /* an open resource, a borrower has it */
    SLOT_CLOSING  /* whoever invalidates closes it */
};

struct slot {
    enum slot_state state;
    void *resource;
    const char *place; /* which call of borrow has it, and since when */
    uint64_t since_ns;
};

struct sheaf_resource_pool {
    struct sheaf_resource_options options;
    struct sheaf_channel *permits; /* each one byte of no meaning */
    struct sheaf_waitgroup borrowers;
    /* Guards the slots and `closing`, which never goes back. A slot that is OPENING or CLOSING
     * belongs to one thread, which calls the program's function without the lock. Rank: leaf. */
    pthread_mutex_t lock;
    bool closing;
    struct slot slots[];
};

/* --- Open ---------------------------------------------------------------------------------- */

static void free_pool(struct sheaf_resource_pool *pool)
{
    sheaf_channel_destroy(pool->permits);
    lock_close(&pool->lock);
    memory_free(pool);
}

/* All permits, into a channel that has room for them; only a token that is set stops that, and then
 * nobody will ask for one. */
static void put_permits(struct sheaf_resource_pool *pool)
{
    for (unsigned i = 0; i < pool->options.capacity; i++)
        (void)sheaf_channel_send(pool->permits, "");
}

enum sheaf_status sheaf_resource_pool_open(const struct sheaf_resource_options *options,
                                           struct sheaf_resource_pool **out,
                                           struct sheaf_error *error)
{
    *out = NULL;
    if (options->capacity == 0)
        return error_set(error, SHEAF_USAGE, "a resource pool needs a capacity of at least 1");
    if (options->open == NULL || options->close == NULL)
        return error_set(error, SHEAF_USAGE,
                         "a resource pool needs one function that opens and one that closes");
    size_t bytes;
    if (!size_multiply(options->capacity, sizeof(struct slot), &bytes) ||
        !size_add(bytes, sizeof(struct sheaf_resource_pool), &bytes))
        return error_no_memory(error, "a resource pool");
    struct sheaf_resource_pool *pool = memory_zeroed(1, bytes);
    if (pool == NULL)
        return error_no_memory(error, "a resource pool");
    pool->options = *options;
    pool->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    const enum sheaf_status status =
        sheaf_channel_open(options->capacity, 1, options->cancel, &pool->permits, error);
    if (status != SHEAF_OK) {
        free_pool(pool);
        return status;
    }
    put_permits(pool);
    *out = pool;
    return SHEAF_OK;
}

/* --- Who has what, for messages ------------------------------------------------------------- */

/* A place that is longer is cut: one fits in any case. */
enum { MOST_OF_PLACE = 300 };

struct report {
    char text[SHEAF_ERROR_TEXT / 2];
    size_t length; /* below the size of text */
    unsigned taken;
    bool full;
};

static bool is_taken(const struct slot *slot)
{
    return slot->state != SLOT_EMPTY && slot->state != SLOT_IDLE;
}

/* Appends "PLACE (SECONDS s)"; from the first that has no room on, only dots. */
static void report_slot(struct report *report, const struct slot *slot, uint64_t now_ns)
{
    static const char dots[] = ", ...";
    report->taken++;
    if (report->full)
        return;
    const uint64_t tenth_ns = UINT64_C(100000000);
    /* The clock was read before the lock was taken. */
    const uint64_t tenths = now_ns > slot->since_ns ? (now_ns - slot->since_ns) / tenth_ns : 0;
    char *const end = report->text + report->length;
    const char *const separator = report->length == 0 ? "" : ", ";
    const size_t room = sizeof report->text - report->length - sizeof dots;
    const int written = snprintf(end, room, "%s%.*s (%" PRIu64 ".%" PRIu64 " s)", separator,
                                 MOST_OF_PLACE, slot->place, tenths / 10, tenths % 10);
    report->full = written < 0 || (size_t)written >= room;
    if (report->full)
        memcpy(end, dots, sizeof dots);
    else
        report->length += (size_t)written;
}

static void report_taken(struct sheaf_resource_pool *pool, struct report *report)
{
    *report = (struct report){.length = 0};
    const uint64_t now_ns = clock_now();
    lock_acquire(&pool->lock);
    for (unsigned i = 0; i < pool->options.capacity; i++)
        if (is_taken(&pool->slots[i]))
            report_slot(report, &pool->slots[i], now_ns);
    lock_release(&pool->lock);
}

/* --- Borrow --------------------------------------------------------------------------------- */

static enum sheaf_status refuse(struct sheaf_error *error)
{
    return error_set(error, SHEAF_STOPPED, "the resource pool is being closed");
}

/* The caller's last touch of the pool. */
static void leave(struct sheaf_resource_pool *pool)
{
    STEP(res_leave);
    sheaf_waitgroup_done(&pool->borrowers);
}

/* As leave, for who has a permit. It is not taken back once the pool is closing or cancelled; but
 * then nobody gets one either. */
static void give_back(struct sheaf_resource_pool *pool)
{
    STEP(res_offer);
    (void)sheaf_channel_send(pool->permits, "");
    leave(pool);
}

/* Counts the caller among the borrowers; false: the pool is closing. */
static bool enter(struct sheaf_resource_pool *pool)
{
    STEP(res_enter);
    lock_acquire(&pool->lock);
    const bool closing = pool->closing;
    if (!closing)
        sheaf_waitgroup_add(&pool->borrowers, 1);
    lock_release(&pool->lock);
    return !closing;
}

/* Says why there was no permit. */
static enum sheaf_status explain(struct sheaf_resource_pool *pool, enum sheaf_status status,
                                 struct sheaf_error *error)
{
    if (status == SHEAF_END)
        return refuse(error);
    if (status == SHEAF_STOPPED)
        return error_set(error, status, "cancelled while waiting for a resource");
    struct report report;
    report_taken(pool, &report);
    if (report.taken == 0)
        return error_set(error, status, "no resource came back in time; the last one just now");
    return error_set(error, status, "no resource came back in time; %u of %u are out: %s",
                     report.taken, pool->options.capacity, report.text);
}

/* A slot that nobody has, rather one with an open resource. There is one for each permit. */
static struct slot *find_free_locked(struct sheaf_resource_pool *pool)
{
    struct slot *empty = NULL;
    for (unsigned i = 0; i < pool->options.capacity; i++) {
        if (pool->slots[i].state == SLOT_IDLE)
            return &pool->slots[i];
        if (empty == NULL && pool->slots[i].state == SLOT_EMPTY)
            empty = &pool->slots[i];
    }
    return empty;
}

/* Gives the slot that the caller now has, LENT or OPENING; NULL: the pool is closing. */
static struct slot *take(struct sheaf_resource_pool *pool, const char *place)
{
    const uint64_t now_ns = clock_now();
    STEP(res_take);
    lock_acquire(&pool->lock);
    struct slot *slot = pool->closing ? NULL : find_free_locked(pool);
    if (slot != NULL) {
        slot->state = slot->state == SLOT_IDLE ? SLOT_LENT : SLOT_OPENING;
        slot->place = place != NULL ? place : "a place without a name";
        slot->since_ns = now_ns;
    }
    lock_release(&pool->lock);
    return slot;
}

/* Opens a resource into a slot that is OPENING. Close may have begun meanwhile: then the resource
 * is left for it to close. */
static enum sheaf_status fill(struct sheaf_resource_pool *pool, struct slot *slot,
                              struct sheaf_error *error)
{
    struct sheaf_error unasked;
    struct sheaf_error *const why = error != NULL ? error : &unasked;
    error_clear(why);
    void *resource = NULL;
    const enum sheaf_status status = pool->options.open(pool->options.argument, &resource, why);
    STEP(res_fill);
    lock_acquire(&pool->lock);
    const bool closing = pool->closing;
    slot->resource = resource;
    if (status != SHEAF_OK)
        slot->state = SLOT_EMPTY;
    else
        slot->state = closing ? SLOT_IDLE : SLOT_LENT;
    lock_release(&pool->lock);
    if (status != SHEAF_OK)
        return error_adopt(why, status);
    return closing ? refuse(error) : SHEAF_OK;
}

/* For who has a permit. */
static enum sheaf_status lend(struct sheaf_resource_pool *pool, const char *place, void **resource,
                              struct sheaf_error *error)
{
    struct slot *slot = take(pool, place);
    if (slot == NULL)
        return refuse(error);
    /* From here on the slot is this thread's; no other changes it. */
    if (slot->state == SLOT_OPENING)
        TRY(fill(pool, slot, error));
    *resource = slot->resource;
    return SHEAF_OK;
}

enum sheaf_status sheaf_resource_pool_borrow_until(struct sheaf_resource_pool *pool,
                                                   const char *place, uint64_t deadline_ns,
                                                   void **resource, struct sheaf_error *error)
{
    *resource = NULL;
    if (!enter(pool))
        return refuse(error);
    char permit;
    STEP(res_await);
    enum sheaf_status status = sheaf_channel_recv_until(pool->permits, &permit, deadline_ns);
    if (status != SHEAF_OK) {
        status = explain(pool, status, error);
        leave(pool);
        return status;
    }
    status = lend(pool, place, resource, error);
    if (status != SHEAF_OK)
        give_back(pool);
    return status;
}

enum sheaf_status sheaf_resource_pool_borrow(struct sheaf_resource_pool *pool, const char *place,
                                             void **resource, struct sheaf_error *error)
{
    return sheaf_resource_pool_borrow_until(pool, place, DEADLINE_NONE, resource, error);
}

/* --- Return ---------------------------------------------------------------------------------- */

/* Moves the slot of a lent resource on to `next`, and gives it; NULL: it is not lent. */
static struct slot *take_back_locked(struct sheaf_resource_pool *pool, const void *resource,
                                     enum slot_state next)
{
    for (unsigned i = 0; i < pool->options.capacity; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state == SLOT_LENT && slot->resource == resource) {
            slot->state = next;
            return slot;
        }
    }
    return NULL;
}

void sheaf_resource_pool_return(struct sheaf_resource_pool *pool, void *resource)
{
    STEP(res_return);
    lock_acquire(&pool->lock);
    const struct slot *slot = take_back_locked(pool, resource, SLOT_IDLE);
    lock_release(&pool->lock);
    if (slot == NULL)
        misuse_report("sheaf_resource_pool_return", "the resource is not borrowed", 0);
    else
        give_back(pool);
}

void sheaf_resource_pool_invalidate(struct sheaf_resource_pool *pool, void *resource)
{
    STEP(res_spoil);
    lock_acquire(&pool->lock);
    struct slot *slot = take_back_locked(pool, resource, SLOT_CLOSING);
    lock_release(&pool->lock);
    if (slot == NULL) {
        misuse_report("sheaf_resource_pool_invalidate", "the resource is not borrowed", 0);
        return;
    }
    pool->options.close(pool->options.argument, resource);
    STEP(res_empty);
    lock_acquire(&pool->lock);
    slot->state = SLOT_EMPTY;
    lock_release(&pool->lock);
    give_back(pool);
}

/* --- Close ----------------------------------------------------------------------------------- */

static enum sheaf_status report_missing(struct sheaf_resource_pool *pool, struct sheaf_error *error)
{
    struct report report;
    report_taken(pool, &report);
    if (report.taken == 0)
        return error_set(error, SHEAF_TIMEOUT, "borrowers are still on their way out");
    return error_set(error, SHEAF_TIMEOUT, "%u resource%s not returned: %s", report.taken,
                     report.taken == 1 ? " was" : "s were", report.text);
}

enum sheaf_status sheaf_resource_pool_close(struct sheaf_resource_pool *pool, uint64_t deadline_ns,
                                            struct sheaf_error *error)
{
    STEP(res_close);
    lock_acquire(&pool->lock);
    pool->closing = true;
    lock_release(&pool->lock);
    STEP(res_refuse);
    sheaf_channel_close(pool->permits);
    STEP(res_wait);
    if (sheaf_waitgroup_wait_until(&pool->borrowers, deadline_ns) != SHEAF_OK)
        return report_missing(pool, error);
    /* Nobody else looks at the slots now, and the wait has made visible what they did: no lock. */
    for (unsigned i = 0; i < pool->options.capacity; i++) {
        struct slot *slot = &pool->slots[i];
        if (slot->state != SLOT_IDLE)
            continue;
        pool->options.close(pool->options.argument, slot->resource);
        slot->state = SLOT_EMPTY;
    }
    return SHEAF_OK;
}

void sheaf_resource_pool_destroy(struct sheaf_resource_pool *pool)
{
    if (pool == NULL)
        return;
    unsigned open = 0;
    for (unsigned i = 0; i < pool->options.capacity; i++)
        open += pool->slots[i].state != SLOT_EMPTY;
    if (open > 0)
        misuse_report("sheaf_resource_pool_destroy", "resources are still open", open);
    else
        free_pool(pool);
}
