/* agg/held.h - one text that a state keeps a copy of, and replaces again and again.
 *
 * A short text stays inside the state; a longer one has memory of its own, charged to the call's
 * budget, that is used again for every later text that fits. Private to this room. One thread at
 * a time. All-zero holds no text. */
#ifndef AGG_HELD_H
#define AGG_HELD_H

#include "agg/agg.h"

#include <stdbool.h>

enum { HELD_INSIDE = 16 };

struct held {
    size_t length;
    size_t capacity; /* 0: no text; HELD_INSIDE: it is in `inside`; more: at `heap` */
    union {
        char *heap;
        char inside[HELD_INSIDE];
    };
};

static inline bool held_is_empty(const struct held *held)
{
    return held->capacity == 0;
}

/* Gives the text held, valid until the next change; its bytes are NULL when there is none. */
struct text held_text(const struct held *held);

/* Copies a text (not null) in, in place of the one held. Fails with SHEAF_SYSTEM or SHEAF_LIMIT
 * (the message names the call's function and column), and holds what it held before. */
enum sheaf_status held_set(struct held *held, struct text text, const struct agg_call *call,
                           struct sheaf_error *error);

/* Moves the text of `from` to `into` in place of the one there; `from` holds none after. Both
 * charge the call's budget. */
void held_move(struct held *into, struct held *from, const struct agg_call *call);

/* Frees the text. `held` holds none after. */
void held_drop(struct held *held, const struct agg_call *call);

#endif
