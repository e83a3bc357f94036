/* sync/channel_inner.h - a channel over a given twin of parking. The public call passes the twin
 * of the build; tests run both. */
#ifndef SYNC_CHANNEL_INNER_H
#define SYNC_CHANNEL_INNER_H

#include "sheaf/channel.h"
#include "sync/park.h"

#include <stddef.h>

struct channel_setup {
    size_t capacity;
    size_t item_size;
    struct sheaf_cancel *cancel; /* NULL: none */
    const struct park_ops *park;
};

/* As sheaf_channel_open; all other calls are the public ones. */
enum sheaf_status channel_open(const struct channel_setup *setup, struct sheaf_channel **out,
                               struct sheaf_error *error);

#endif
