/* sheaf/channel.h - a bounded queue of items between threads.
 *
 * Any number of producers and consumers; items are copied in and out by their size, and each is
 * received once, in the order in which the sends took their places: items of one sender keep their
 * order. A full channel makes senders wait: that is the back-pressure.
 *
 * Closing says "no more input": what was sent is still received. "Stop" is another signal, a
 * cancel token (sheaf/cancel.h) given at open: once it is set, every call that could wait gives
 * SHEAF_STOPPED, at once or out of its wait; what is left in the channel can be taken out with
 * try_recv. A consumer that just wants no more may close the channel too: the producers get
 * SHEAF_STOPPED. */
#ifndef SHEAF_CHANNEL_H
#define SHEAF_CHANNEL_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

#include <stddef.h>
#include <stdint.h>

struct sheaf_channel;

/* Makes a channel for up to `capacity` items of `item_size` bytes, both at least 1. `cancel` (NULL:
 * none) is borrowed until destroy. Owned by the caller. Fails with SHEAF_USAGE (a zero) or
 * SHEAF_SYSTEM (no memory). */
SHEAF_API enum sheaf_status sheaf_channel_open(size_t capacity, size_t item_size,
                                               struct sheaf_cancel *cancel,
                                               struct sheaf_channel **out,
                                               struct sheaf_error *error);

/* Copies the item into the channel; blocks while it is full. Gives SHEAF_OK, or SHEAF_STOPPED
 * when the channel is (or meanwhile gets) closed or cancelled: then the item stays the caller's.
 * Any thread; so for all calls below but destroy. */
SHEAF_API enum sheaf_status sheaf_channel_send(struct sheaf_channel *channel, const void *item);

/* As send, but gives SHEAF_TIMEOUT once `deadline_ns` of CLOCK_MONOTONIC has passed. */
SHEAF_API enum sheaf_status sheaf_channel_send_until(struct sheaf_channel *channel,
                                                     const void *item, uint64_t deadline_ns);

/* As send, but gives SHEAF_BUSY instead of waiting for room (or for a receiver that is about to
 * make it). Looks at no token. */
SHEAF_API enum sheaf_status sheaf_channel_try_send(struct sheaf_channel *channel, const void *item);

/* Sends `count` items that stand one after the other, waiting for room as often as needed, until
 * `deadline_ns` (UINT64_MAX: none). Stores how many were sent, the first ones. Gives SHEAF_OK
 * (all), SHEAF_STOPPED or SHEAF_TIMEOUT. Items of other senders may come in between. */
SHEAF_API enum sheaf_status sheaf_channel_send_many(struct sheaf_channel *channel,
                                                    const void *items, size_t count,
                                                    uint64_t deadline_ns, size_t *sent);

/* Copies the oldest item to `item`; blocks while there is none. Gives SHEAF_OK; SHEAF_END when the
 * channel is closed and empty; SHEAF_STOPPED when it is cancelled. */
SHEAF_API enum sheaf_status sheaf_channel_recv(struct sheaf_channel *channel, void *item);

/* As recv, but gives SHEAF_TIMEOUT once `deadline_ns` of CLOCK_MONOTONIC has passed. */
SHEAF_API enum sheaf_status sheaf_channel_recv_until(struct sheaf_channel *channel, void *item,
                                                     uint64_t deadline_ns);

/* As recv, but gives SHEAF_BUSY instead of waiting for an item (or for a sender that is about to
 * have put it there). Looks at no token: it empties a cancelled channel. */
SHEAF_API enum sheaf_status sheaf_channel_try_recv(struct sheaf_channel *channel, void *item);

/* Receives up to `most` (at least 1) items that are there; blocks while there is none, until
 * `deadline_ns` (UINT64_MAX: none). Stores how many it received. Gives SHEAF_OK (at least one),
 * SHEAF_END, SHEAF_STOPPED or SHEAF_TIMEOUT. They are neighbours: no other receiver gets one of
 * those between them. */
SHEAF_API enum sheaf_status sheaf_channel_recv_many(struct sheaf_channel *channel, void *items,
                                                    size_t most, uint64_t deadline_ns,
                                                    size_t *received);

/* No more input: wakes everybody. Again: nothing. Not safe in a signal handler. */
SHEAF_API void sheaf_channel_close(struct sheaf_channel *channel);

/* Frees the channel and the items left in it (their bytes: what they point to is the caller's).
 * Nobody may use it any more, nor be inside a call. Takes NULL. */
SHEAF_API void sheaf_channel_destroy(struct sheaf_channel *channel);

#endif
