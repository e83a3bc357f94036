/* min(x) and max(x): of numbers by value, of times by instant, of texts by bytes. Where equal
 * values may look different (two spellings of one time), the one that appeared first is kept. */
#include "agg/held.h"
#include "agg/order.h"
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"
#include "num/time.h"

#include <string.h>

/* `number` serves AGG_KIND_NUMBER only (NUMBER_NULL: no value yet); the rest serves the other
 * kinds (no text held: no value yet), `instant` and `place` only AGG_KIND_TIME. */
struct extremum {
    union {
        struct number number;
        struct {
            struct instant instant;
            struct place place;
        };
    };
    struct held text;
};

_Static_assert(sizeof(struct extremum) % 16 == 0, "a state's size is a multiple of 16");

/* A value that is no number, and asks to replace the one that is kept. */
struct candidate {
    struct text text;
    struct instant instant;
    struct place place;
};

static enum order_end wanted_end(const struct agg_call *call)
{
    return call->ops == &agg_max ? ORDER_HIGHEST : ORDER_LOWEST;
}

static void extremum_init(void *state, const struct agg_call *call)
{
    (void)call;
    memset(state, 0, sizeof(struct extremum));
}

static bool replaces(const struct candidate *candidate, const struct extremum *kept,
                     const struct agg_call *call)
{
    if (held_is_empty(&kept->text))
        return true;
    const int order = call->kind == AGG_KIND_TEXT
                          ? text_compare(candidate->text, held_text(&kept->text))
                          : instant_compare(&candidate->instant, &kept->instant);
    if (order != 0)
        return wanted_end(call) == ORDER_HIGHEST ? order > 0 : order < 0;
    return call->kind == AGG_KIND_TIME && place_compare(candidate->place, kept->place) < 0;
}

/* Gives false when the row holds no value. */
static bool candidate_at(struct candidate *candidate, const struct agg_call *call,
                         const struct column *column, const struct batch *batch, uint32_t row)
{
    candidate->text = column->texts[row];
    if (call->kind == AGG_KIND_TEXT)
        return candidate->text.bytes != NULL;
    candidate->instant = column->instants[row];
    candidate->place = batch_place(batch, row);
    return candidate->instant.form != INSTANT_NULL;
}

static enum sheaf_status consider(struct extremum *kept, const struct candidate *candidate,
                                  const struct agg_call *call, struct sheaf_error *error)
{
    if (!replaces(candidate, kept, call))
        return SHEAF_OK;
    TRY(held_set(&kept->text, candidate->text, call, error));
    kept->instant = candidate->instant;
    kept->place = candidate->place;
    return SHEAF_OK;
}

static void update_number(struct extremum *kept, enum order_end end, const struct column *column,
                          const struct batch *batch)
{
    const struct number *best = &kept->number;
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind != NUMBER_NULL && order_replaces(number, best, end))
            best = number;
    }
    kept->number = *best;
}

static enum sheaf_status extremum_update(void *state, const struct agg_call *call,
                                         const struct column *column, const struct batch *batch,
                                         struct sheaf_error *error)
{
    if (call->kind == AGG_KIND_NUMBER) {
        update_number(state, wanted_end(call), column, batch);
        return SHEAF_OK;
    }
    struct candidate candidate = {.place = {.byte = 0}};
    for (uint32_t i = 0; i < batch->selected; i++)
        if (candidate_at(&candidate, call, column, batch, batch_row(batch, i)))
            TRY(consider(state, &candidate, call, error));
    return SHEAF_OK;
}

static void scatter_numbers(char *const *groups, size_t offset, enum order_end end,
                            const struct column *column, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        struct extremum *kept = (void *)(groups[i] + offset);
        if (number->kind != NUMBER_NULL && order_replaces(number, &kept->number, end))
            kept->number = *number;
    }
}

static enum sheaf_status extremum_scatter(char *const *groups, size_t offset,
                                          const struct agg_call *call, const struct column *column,
                                          const struct batch *batch, struct sheaf_error *error)
{
    if (call->kind == AGG_KIND_NUMBER) {
        scatter_numbers(groups, offset, wanted_end(call), column, batch);
        return SHEAF_OK;
    }
    struct candidate candidate = {.place = {.byte = 0}};
    for (uint32_t i = 0; i < batch->selected; i++)
        if (candidate_at(&candidate, call, column, batch, batch_row(batch, i)))
            TRY(consider((void *)(groups[i] + offset), &candidate, call, error));
    return SHEAF_OK;
}

static enum sheaf_status extremum_merge(void *into, void *from, const struct agg_call *call,
                                        struct sheaf_error *error)
{
    (void)error;
    struct extremum *kept = into;
    struct extremum *other = from;
    if (call->kind == AGG_KIND_NUMBER) {
        if (other->number.kind != NUMBER_NULL &&
            order_replaces(&other->number, &kept->number, wanted_end(call)))
            kept->number = other->number;
        return SHEAF_OK;
    }
    if (held_is_empty(&other->text))
        return SHEAF_OK;
    const struct candidate candidate = {
        .text = held_text(&other->text), .instant = other->instant, .place = other->place};
    if (replaces(&candidate, kept, call)) {
        held_move(&kept->text, &other->text, call);
        kept->instant = other->instant;
        kept->place = other->place;
    }
    return SHEAF_OK;
}

static enum sheaf_status extremum_finish(const void *state, const struct agg_call *call,
                                         struct value *out, struct sheaf_error *error)
{
    (void)error;
    const struct extremum *kept = state;
    *out = value_null();
    if (call->kind != AGG_KIND_NUMBER) {
        if (!held_is_empty(&kept->text))
            *out = value_text(held_text(&kept->text));
    } else if (kept->number.kind != NUMBER_NULL) {
        *out =
            value_number(call->round < 0 ? kept->number : number_round(&kept->number, call->round));
    }
    return SHEAF_OK;
}

/* After the version: the kind, then a number; or 0 (no value), or 1 and the text, and for a time
 * its instant and place. */
static void extremum_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    const struct extremum *kept = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u8(out, (uint8_t)call->kind);
    if (call->kind == AGG_KIND_NUMBER) {
        wire_put_number(out, &kept->number);
        return;
    }
    wire_put_u8(out, !held_is_empty(&kept->text));
    if (held_is_empty(&kept->text))
        return;
    wire_put_text(out, held_text(&kept->text));
    if (call->kind == AGG_KIND_TIME) {
        wire_put_instant(out, &kept->instant);
        wire_put_place(out, kept->place);
    }
}

static enum sheaf_status load_text(struct extremum *kept, const struct agg_call *call,
                                   struct text *bytes, struct sheaf_error *error)
{
    uint8_t present;
    if (!wire_take_u8(bytes, &present) || present > 1)
        return wire_damaged(call, error);
    if (present == 0)
        return SHEAF_OK;
    struct text text;
    if (!wire_take_text(bytes, &text))
        return wire_damaged(call, error);
    if (call->kind == AGG_KIND_TIME &&
        !(wire_take_instant(bytes, &kept->instant) && kept->instant.form != INSTANT_NULL &&
          wire_take_place(bytes, &kept->place)))
        return wire_damaged(call, error);
    return held_set(&kept->text, text, call, error);
}

static enum sheaf_status extremum_load(void *state, const struct agg_call *call, struct text *bytes,
                                       struct sheaf_error *error)
{
    struct extremum *kept = state;
    extremum_init(kept, call);
    uint8_t kind;
    if (!wire_take_version(bytes) || !wire_take_u8(bytes, &kind) || kind != call->kind)
        return wire_damaged(call, error);
    if (call->kind != AGG_KIND_NUMBER)
        return load_text(kept, call, bytes, error);
    return wire_take_number(bytes, &kept->number) ? SHEAF_OK : wire_damaged(call, error);
}

/* Of columns of numbers only. */
static enum sheaf_status extremum_absorb(void *state, const struct agg_call *call,
                                         const struct decimal_summary *summary,
                                         struct sheaf_error *error)
{
    (void)error;
    struct extremum *kept = state;
    if (summary->count == 0)
        return SHEAF_OK;
    const enum order_end end = wanted_end(call);
    const struct number number = decimal_number(
        end == ORDER_HIGHEST ? summary->greatest : summary->least, summary->exponent);
    if (order_replaces(&number, &kept->number, end))
        kept->number = number;
    return SHEAF_OK;
}

static void extremum_drop(void *state, const struct agg_call *call)
{
    struct extremum *kept = state;
    held_drop(&kept->text, call);
}

const struct agg_ops agg_min = {
    .name = "min",
    .signature = "min(x)",
    .help = "smallest value: by number, time, or bytes",
    .input = AGG_ORDERED,
    .size = sizeof(struct extremum),
    .init = extremum_init,
    .update = extremum_update,
    .scatter = extremum_scatter,
    .merge = extremum_merge,
    .finish = extremum_finish,
    .save = extremum_save,
    .load = extremum_load,
    .summary = SUMMARY_EXTREMES,
    .absorb = extremum_absorb,
    .drop = extremum_drop,
};

const struct agg_ops agg_max = {
    .name = "max",
    .signature = "max(x)",
    .help = "largest value: by number, time, or bytes",
    .input = AGG_ORDERED,
    .size = sizeof(struct extremum),
    .init = extremum_init,
    .update = extremum_update,
    .scatter = extremum_scatter,
    .merge = extremum_merge,
    .finish = extremum_finish,
    .save = extremum_save,
    .load = extremum_load,
    .summary = SUMMARY_EXTREMES,
    .absorb = extremum_absorb,
    .drop = extremum_drop,
};
