/* first(x), last(x), any(x): the text of the first or last row that has one, by the row's place in
 * the dataset, which each state remembers; so it does not matter when a row arrives. */
#include "agg/held.h"
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"

#include <string.h>

struct spotted {
    struct held text;
    struct place place; /* of the text's row */
};

_Static_assert(sizeof(struct spotted) % 16 == 0, "a state's size is a multiple of 16");

static bool wants_last(const struct agg_call *call)
{
    return call->ops == &agg_last;
}

static void spotted_init(void *state, const struct agg_call *call)
{
    (void)call;
    memset(state, 0, sizeof(struct spotted));
}

static bool replaces(struct place place, const struct spotted *kept, const struct agg_call *call)
{
    if (held_is_empty(&kept->text))
        return true;
    const int order = place_compare(place, kept->place);
    return wants_last(call) ? order > 0 : order < 0;
}

static enum sheaf_status consider(struct spotted *kept, struct text text, struct place place,
                                  const struct agg_call *call, struct sheaf_error *error)
{
    if (!replaces(place, kept, call))
        return SHEAF_OK;
    TRY(held_set(&kept->text, text, call, error));
    kept->place = place;
    return SHEAF_OK;
}

/* The rows of a batch ascend, so the first (or last) one with a text stands for all. */
static enum sheaf_status spotted_update(void *state, const struct agg_call *call,
                                        const struct column *column, const struct batch *batch,
                                        struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, wants_last(call) ? batch->selected - 1 - i : i);
        if (column->texts[row].bytes != NULL)
            return consider(state, column->texts[row], batch_place(batch, row), call, error);
    }
    return SHEAF_OK;
}

static enum sheaf_status spotted_scatter(char *const *groups, size_t offset,
                                         const struct agg_call *call, const struct column *column,
                                         const struct batch *batch, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        if (column->texts[row].bytes != NULL)
            TRY(consider((void *)(groups[i] + offset), column->texts[row], batch_place(batch, row),
                         call, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status spotted_merge(void *into, void *from, const struct agg_call *call,
                                       struct sheaf_error *error)
{
    (void)error;
    struct spotted *kept = into;
    struct spotted *other = from;
    if (!held_is_empty(&other->text) && replaces(other->place, kept, call)) {
        held_move(&kept->text, &other->text, call);
        kept->place = other->place;
    }
    return SHEAF_OK;
}

static enum sheaf_status spotted_finish(const void *state, const struct agg_call *call,
                                        struct value *out, struct sheaf_error *error)
{
    (void)call, (void)error;
    const struct spotted *kept = state;
    *out = held_is_empty(&kept->text) ? value_null() : value_text(held_text(&kept->text));
    return SHEAF_OK;
}

static void spotted_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    const struct spotted *kept = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u8(out, !held_is_empty(&kept->text));
    if (held_is_empty(&kept->text))
        return;
    wire_put_place(out, kept->place);
    wire_put_text(out, held_text(&kept->text));
}

static enum sheaf_status spotted_load(void *state, const struct agg_call *call, struct text *bytes,
                                      struct sheaf_error *error)
{
    struct spotted *kept = state;
    spotted_init(kept, call);
    uint8_t present;
    if (!wire_take_version(bytes) || !wire_take_u8(bytes, &present) || present > 1)
        return wire_damaged(call, error);
    if (present == 0)
        return SHEAF_OK;
    struct text text;
    if (!wire_take_place(bytes, &kept->place) || !wire_take_text(bytes, &text))
        return wire_damaged(call, error);
    return held_set(&kept->text, text, call, error);
}

static void spotted_drop(void *state, const struct agg_call *call)
{
    struct spotted *kept = state;
    held_drop(&kept->text, call);
}

const struct agg_ops agg_first = {
    .name = "first",
    .signature = "first(x)",
    .help = "first value, as it stands",
    .input = AGG_TEXTS,
    .size = sizeof(struct spotted),
    .init = spotted_init,
    .update = spotted_update,
    .scatter = spotted_scatter,
    .merge = spotted_merge,
    .finish = spotted_finish,
    .save = spotted_save,
    .load = spotted_load,
    .drop = spotted_drop,
};

const struct agg_ops agg_last = {
    .name = "last",
    .signature = "last(x)",
    .help = "last value, as it stands",
    .input = AGG_TEXTS,
    .size = sizeof(struct spotted),
    .init = spotted_init,
    .update = spotted_update,
    .scatter = spotted_scatter,
    .merge = spotted_merge,
    .finish = spotted_finish,
    .save = spotted_save,
    .load = spotted_load,
    .drop = spotted_drop,
};

const struct agg_ops agg_any = {
    .name = "any",
    .signature = "any(x)",
    .help = "some value, as it stands: the first",
    .input = AGG_TEXTS,
    .size = sizeof(struct spotted),
    .init = spotted_init,
    .update = spotted_update,
    .scatter = spotted_scatter,
    .merge = spotted_merge,
    .finish = spotted_finish,
    .save = spotted_save,
    .load = spotted_load,
    .drop = spotted_drop,
};
