/* A bounded channel: a ring of items under one lock. */
#include "sheaf/channel.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/deadline.h"
#include "sync/lock.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct sheaf_channel {
    pthread_mutex_t lock; /* rank: leaf, take no lock inside it */
    pthread_cond_t not_full;
    pthread_cond_t not_empty;
    /* Guarded by lock. I1: count <= capacity, and slots first … first+count-1 (mod capacity) hold
     * the items, oldest first. I2: closed never goes back. Whoever ends "full" or "empty" wakes
     * one of those who wait for it, whoever closes wakes all, both before unlocking. */
    size_t first;
    size_t count;
    bool closed;
    /* Fixed at open. */
    size_t capacity;
    size_t item_size;
    unsigned char *slots;
};

/* What to do when a call would have to wait. A deadline alone cannot say "never": one that has
 * passed still reports SHEAF_TIMEOUT. */
enum patience { PATIENCE_NONE, PATIENCE_DEADLINE };

enum sheaf_status sheaf_channel_open(size_t capacity, size_t item_size, struct sheaf_channel **out,
                                     struct sheaf_error *error)
{
    *out = NULL;
    if (capacity == 0 || item_size == 0)
        return error_set(error, SHEAF_USAGE, "a channel needs room for at least one byte");
    size_t bytes;
    if (!size_multiply(capacity, item_size, &bytes))
        return error_no_memory(error, "a channel");
    struct sheaf_channel *channel = memory_zeroed(1, sizeof *channel);
    if (channel == NULL)
        return error_no_memory(error, "a channel");
    channel->slots = memory_alloc(bytes);
    if (channel->slots == NULL) {
        memory_free(channel);
        return error_no_memory(error, "the items of a channel");
    }
    channel->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    channel->not_full = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    channel->not_empty = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    channel->capacity = capacity;
    channel->item_size = item_size;
    *out = channel;
    return SHEAF_OK;
}

static void put_locked(struct sheaf_channel *channel, const void *item)
{
    /* Both are below capacity, and the ring was allocated: neither sum nor product overflows. */
    const size_t room = channel->capacity - channel->first;
    const size_t slot =
        channel->count < room ? channel->first + channel->count : channel->count - room;
    memcpy(channel->slots + slot * channel->item_size, item, channel->item_size);
    channel->count++;
    condition_wake_one(&channel->not_empty);
}

static void take_locked(struct sheaf_channel *channel, void *item)
{
    memcpy(item, channel->slots + channel->first * channel->item_size, channel->item_size);
    channel->first = channel->first + 1 == channel->capacity ? 0 : channel->first + 1;
    channel->count--;
    condition_wake_one(&channel->not_full);
}

/* SHEAF_OK: there is room, or no use in waiting for it. */
static enum sheaf_status wait_for_room_locked(struct sheaf_channel *channel, enum patience patience,
                                              uint64_t deadline_ns)
{
    enum sheaf_status status = patience == PATIENCE_NONE ? SHEAF_BUSY : SHEAF_OK;
    while (!channel->closed && channel->count == channel->capacity) {
        if (status != SHEAF_OK)
            return status;
        status = condition_wait(&channel->not_full, &channel->lock, deadline_ns);
    }
    return SHEAF_OK;
}

/* SHEAF_OK: there is an item, or there will be none. */
static enum sheaf_status wait_for_item_locked(struct sheaf_channel *channel, enum patience patience,
                                              uint64_t deadline_ns)
{
    enum sheaf_status status = patience == PATIENCE_NONE ? SHEAF_BUSY : SHEAF_OK;
    while (!channel->closed && channel->count == 0) {
        if (status != SHEAF_OK)
            return status;
        status = condition_wait(&channel->not_empty, &channel->lock, deadline_ns);
    }
    return SHEAF_OK;
}

static enum sheaf_status send_item(struct sheaf_channel *channel, const void *item,
                                   enum patience patience, uint64_t deadline_ns)
{
    lock_acquire(&channel->lock);
    enum sheaf_status status = wait_for_room_locked(channel, patience, deadline_ns);
    if (status == SHEAF_OK && channel->closed)
        status = SHEAF_STOPPED;
    if (status == SHEAF_OK)
        put_locked(channel, item);
    lock_release(&channel->lock);
    return status;
}

static enum sheaf_status receive_item(struct sheaf_channel *channel, void *item,
                                      enum patience patience, uint64_t deadline_ns)
{
    lock_acquire(&channel->lock);
    enum sheaf_status status = wait_for_item_locked(channel, patience, deadline_ns);
    if (status == SHEAF_OK && channel->count == 0)
        status = SHEAF_END;
    if (status == SHEAF_OK)
        take_locked(channel, item);
    lock_release(&channel->lock);
    return status;
}

enum sheaf_status sheaf_channel_send(struct sheaf_channel *channel, const void *item)
{
    return send_item(channel, item, PATIENCE_DEADLINE, DEADLINE_NONE);
}

enum sheaf_status sheaf_channel_send_until(struct sheaf_channel *channel, const void *item,
                                           uint64_t deadline_ns)
{
    return send_item(channel, item, PATIENCE_DEADLINE, deadline_ns);
}

enum sheaf_status sheaf_channel_try_send(struct sheaf_channel *channel, const void *item)
{
    return send_item(channel, item, PATIENCE_NONE, 0);
}

enum sheaf_status sheaf_channel_recv(struct sheaf_channel *channel, void *item)
{
    return receive_item(channel, item, PATIENCE_DEADLINE, DEADLINE_NONE);
}

enum sheaf_status sheaf_channel_recv_until(struct sheaf_channel *channel, void *item,
                                           uint64_t deadline_ns)
{
    return receive_item(channel, item, PATIENCE_DEADLINE, deadline_ns);
}

enum sheaf_status sheaf_channel_try_recv(struct sheaf_channel *channel, void *item)
{
    return receive_item(channel, item, PATIENCE_NONE, 0);
}

void sheaf_channel_close(struct sheaf_channel *channel)
{
    lock_acquire(&channel->lock);
    channel->closed = true;
    condition_wake_all(&channel->not_full);
    condition_wake_all(&channel->not_empty);
    lock_release(&channel->lock);
}

void sheaf_channel_destroy(struct sheaf_channel *channel)
{
    if (channel == NULL)
        return;
    condition_close(&channel->not_empty);
    condition_close(&channel->not_full);
    lock_close(&channel->lock);
    memory_free(channel->slots);
    memory_free(channel);
}
