/* range(x): the largest number less the smallest. */
#include "agg/order.h"
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"

#include <string.h>

/* Both NUMBER_NULL: no value yet. */
struct range {
    struct number low;
    struct number high;
};

_Static_assert(sizeof(struct range) % 16 == 0, "a state's size is a multiple of 16");

static void range_init(void *state, const struct agg_call *call)
{
    (void)call;
    memset(state, 0, sizeof(struct range));
}

static void range_add(struct range *range, const struct number *number)
{
    if (number->kind == NUMBER_NULL)
        return;
    if (order_replaces(number, &range->low, ORDER_LOWEST))
        range->low = *number;
    if (order_replaces(number, &range->high, ORDER_HIGHEST))
        range->high = *number;
}

static enum sheaf_status range_update(void *state, const struct agg_call *call,
                                      const struct column *column, const struct batch *batch,
                                      struct sheaf_error *error)
{
    (void)call, (void)error;
    for (uint32_t i = 0; i < batch->selected; i++)
        range_add(state, &column->numbers[batch_row(batch, i)]);
    return SHEAF_OK;
}

static enum sheaf_status range_scatter(char *const *groups, size_t offset,
                                       const struct agg_call *call, const struct column *column,
                                       const struct batch *batch, struct sheaf_error *error)
{
    (void)call, (void)error;
    for (uint32_t i = 0; i < batch->selected; i++)
        range_add((void *)(groups[i] + offset), &column->numbers[batch_row(batch, i)]);
    return SHEAF_OK;
}

static enum sheaf_status range_merge(void *into, void *from, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    (void)call, (void)error;
    const struct range *other = from;
    range_add(into, &other->low);
    range_add(into, &other->high);
    return SHEAF_OK;
}

static enum sheaf_status range_finish(const void *state, const struct agg_call *call,
                                      struct value *out, struct sheaf_error *error)
{
    (void)error;
    const struct range *range = state;
    *out = value_null();
    if (range->low.kind == NUMBER_NULL)
        return SHEAF_OK;
    *out = value_number(number_subtract_rounded(&range->high, &range->low, call->round));
    return SHEAF_OK;
}

static void range_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    const struct range *range = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_number(out, &range->low);
    wire_put_number(out, &range->high);
}

static enum sheaf_status range_load(void *state, const struct agg_call *call, struct text *bytes,
                                    struct sheaf_error *error)
{
    struct range *range = state;
    range_init(range, call);
    if (!wire_take_version(bytes) || !wire_take_number(bytes, &range->low) ||
        !wire_take_number(bytes, &range->high))
        return wire_damaged(call, error);
    const bool empty = range->low.kind == NUMBER_NULL;
    if (empty != (range->high.kind == NUMBER_NULL) ||
        (!empty && number_compare(&range->low, &range->high) > 0))
        return wire_damaged(call, error);
    return SHEAF_OK;
}

static enum sheaf_status range_absorb(void *state, const struct agg_call *call,
                                      const struct decimal_summary *summary,
                                      struct sheaf_error *error)
{
    (void)call, (void)error;
    if (summary->count == 0)
        return SHEAF_OK;
    const struct number least = decimal_number(summary->least, summary->exponent);
    const struct number greatest = decimal_number(summary->greatest, summary->exponent);
    range_add(state, &least);
    range_add(state, &greatest);
    return SHEAF_OK;
}

const struct agg_ops agg_range = {
    .name = "range",
    .signature = "range(x)",
    .help = "largest number less the smallest",
    .input = AGG_NUMBERS,
    .size = sizeof(struct range),
    .init = range_init,
    .update = range_update,
    .scatter = range_scatter,
    .merge = range_merge,
    .finish = range_finish,
    .save = range_save,
    .load = range_load,
    .summary = SUMMARY_EXTREMES,
    .absorb = range_absorb,
};
