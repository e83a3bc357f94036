#include "agg/held.h"

#include "base/error.h"
#include "base/memory.h"

_Static_assert(sizeof(struct held) == 32, "states count on the size of a held text");

static char *held_bytes(struct held *held)
{
    return held->capacity > HELD_INSIDE ? held->heap : held->inside;
}

struct text held_text(const struct held *held)
{
    if (held_is_empty(held))
        return (struct text){.bytes = NULL};
    const char *bytes = held->capacity > HELD_INSIDE ? held->heap : held->inside;
    return (struct text){.bytes = bytes, .length = held->length};
}

/* Half as much again as before, at least, so that texts of growing lengths need few
 * allocations. */
static size_t grown_capacity(const struct held *held, size_t length)
{
    const size_t roomy = held->capacity + held->capacity / 2;
    return length < roomy ? roomy : length;
}

/* Makes room for `length` bytes; the text held before is lost once there is. */
static enum sheaf_status held_grow(struct held *held, size_t length, const struct agg_call *call,
                                   struct sheaf_error *error)
{
    if (held_is_empty(held) && length <= HELD_INSIDE) {
        held->capacity = HELD_INSIDE;
        return SHEAF_OK;
    }
    const size_t capacity = grown_capacity(held, length);
    TRY(memory_charge(call->budget, capacity, agg_call_what(call), call->column, error));
    char *heap = memory_alloc(capacity);
    if (heap == NULL) {
        memory_uncharge(call->budget, capacity);
        return error_no_memory(error, call->ops->signature);
    }
    held_drop(held, call);
    held->heap = heap;
    held->capacity = capacity;
    return SHEAF_OK;
}

enum sheaf_status held_set(struct held *held, struct text text, const struct agg_call *call,
                           struct sheaf_error *error)
{
    if (held_is_empty(held) || text.length > held->capacity)
        TRY(held_grow(held, text.length, call, error));
    if (text.length > 0)
        memcpy(held_bytes(held), text.bytes, text.length);
    held->length = text.length;
    return SHEAF_OK;
}

void held_move(struct held *into, struct held *from, const struct agg_call *call)
{
    held_drop(into, call);
    *into = *from;
    *from = (struct held){.capacity = 0};
}

void held_drop(struct held *held, const struct agg_call *call)
{
    if (held->capacity > HELD_INSIDE) {
        memory_uncharge(call->budget, held->capacity);
        memory_free(held->heap);
    }
    *held = (struct held){.capacity = 0};
}
