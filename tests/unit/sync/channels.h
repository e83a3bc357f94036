/* tests/unit/sync/channels.h - channels and tokens that the tests of many modules need. */
#ifndef SYNC_CHANNELS_H
#define SYNC_CHANNELS_H

#include "unit/unit.h"

#include "sheaf/cancel.h"
#include "sheaf/channel.h"

#include <stddef.h>

static inline struct sheaf_channel *make_channel(size_t capacity, size_t item_size)
{
    struct sheaf_channel *channel;
    ck_assert_int_eq(sheaf_channel_open(capacity, item_size, NULL, &channel, NULL), SHEAF_OK);
    return channel;
}

static inline struct sheaf_cancel *make_token(void)
{
    struct sheaf_cancel *cancel;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    return cancel;
}

#endif
