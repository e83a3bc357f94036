/* sync/pipeline_order.h - lets several calls work on the items of one channel at once, and brings
 * what they put out into the order in which the items came in.
 *
 * A worker is admitted: it receives the next item and, with it, the next number. The turn of a call
 * has come when all calls with lower numbers have ended. What it puts out in its turn goes straight
 * to the channel; what it puts out earlier is kept, in one of `capacity` places. */
#ifndef SYNC_PIPELINE_ORDER_H
#define SYNC_PIPELINE_ORDER_H

#include "sheaf/channel.h"
#include "sheaf/error.h"
#include "sheaf/pipeline.h"

#include <stddef.h>
#include <stdint.h>

struct order;

/* All is borrowed until close. */
struct order_plan {
    struct sheaf_channel *in;
    struct sheaf_channel *out;
    sheaf_item_destructor *destroy; /* of the items that are put out; NULL: they own nothing */
    size_t item_size;               /* of those too */
    size_t capacity;                /* how many of them are kept, at least 1 */
    unsigned workers;
};

/* Owned by the caller. Allocates all that the calls below need. Fails with SHEAF_SYSTEM. */
enum sheaf_status order_open(const struct order_plan *plan, struct order **out,
                             struct sheaf_error *error);

/* Receives the next item and begins its call, whose number it stores and which has to be ended.
 * Blocks while there is none, or while too many later calls have ended already. Gives SHEAF_OK, or
 * what the channel gave: SHEAF_END, SHEAF_STOPPED. Any thread; so for all but open and close. */
enum sheaf_status order_admit(struct order *order, void *item, uint64_t *call);

/* Puts out an item. Blocks while the channel is full, or, before the call's turn, all places are
 * taken. Gives SHEAF_OK, or SHEAF_STOPPED: the item stays the caller's. */
enum sheaf_status order_put(struct order *order, uint64_t call, const void *item);

/* Ends the call. If its turn has come, puts out what the later calls that have ended meanwhile left
 * behind. Gives SHEAF_OK, or SHEAF_STOPPED: items were destroyed instead. */
enum sheaf_status order_end(struct order *order, uint64_t call);

/* All calls have ended. Takes NULL. */
void order_close(struct order *order);

#endif
