/* sheaf/channel.h - a bounded queue of items between threads.
 *
 * Any number of producers and consumers; items are copied in and out, and each is received once,
 * in the order in which sends ended. A full channel makes senders wait: that is the back-pressure.
 *
 * Closing says "no more input": what was sent is still received. "Stop" is another signal, a
 * cancel token (sheaf/cancel.h): a consumer that stops closes the channel, so that the producers
 * get SHEAF_STOPPED, and need not receive the rest. */
#ifndef SHEAF_CHANNEL_H
#define SHEAF_CHANNEL_H

#include "sheaf/error.h"

#include <stddef.h>
#include <stdint.h>

struct sheaf_channel;

/* Makes a channel for up to `capacity` items of `item_size` bytes, both at least 1. Owned by the
 * caller. Fails with SHEAF_USAGE (a zero) or SHEAF_SYSTEM (no memory). */
SHEAF_API enum sheaf_status sheaf_channel_open(size_t capacity, size_t item_size,
                                               struct sheaf_channel **out,
                                               struct sheaf_error *error);

/* Copies the item into the channel; blocks while it is full. Gives SHEAF_OK, or SHEAF_STOPPED
 * when the channel is (or meanwhile gets) closed: then the item stays the caller's. Any thread;
 * so for all calls below but destroy. */
SHEAF_API enum sheaf_status sheaf_channel_send(struct sheaf_channel *channel, const void *item);

/* As send, but gives SHEAF_TIMEOUT once `deadline_ns` of CLOCK_MONOTONIC has passed. */
SHEAF_API enum sheaf_status sheaf_channel_send_until(struct sheaf_channel *channel,
                                                     const void *item, uint64_t deadline_ns);

/* As send, but gives SHEAF_BUSY instead of waiting for room. */
SHEAF_API enum sheaf_status sheaf_channel_try_send(struct sheaf_channel *channel, const void *item);

/* Copies the oldest item to `item`; blocks while there is none. Gives SHEAF_OK, or SHEAF_END when
 * the channel is closed and empty. */
SHEAF_API enum sheaf_status sheaf_channel_recv(struct sheaf_channel *channel, void *item);

/* As recv, but gives SHEAF_TIMEOUT once `deadline_ns` of CLOCK_MONOTONIC has passed. */
SHEAF_API enum sheaf_status sheaf_channel_recv_until(struct sheaf_channel *channel, void *item,
                                                     uint64_t deadline_ns);

/* As recv, but gives SHEAF_BUSY instead of waiting for an item. */
SHEAF_API enum sheaf_status sheaf_channel_try_recv(struct sheaf_channel *channel, void *item);

/* No more input: wakes everybody. Again: nothing. Not safe in a signal handler. */
SHEAF_API void sheaf_channel_close(struct sheaf_channel *channel);

/* Frees the channel and the items left in it (their bytes: what they point to is the caller's).
 * Nobody may use it any more, nor be inside a call. Takes NULL. */
SHEAF_API void sheaf_channel_destroy(struct sheaf_channel *channel);

#endif
