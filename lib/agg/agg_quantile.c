/* median(x), p1(x) … p99(x), q(x, Q), iqr(x): exact quantiles of all the numbers, by method 7. */
#include "agg/agg_state.h"
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"
#include "num/quantile.h"

#include <assert.h>

/* finish() takes a state that it must not change, but the numbers in it may be sorted at any time
 * without changing what they are: that is said by `own`, which points to `numbers`. States never
 * move. */
struct sample {
    struct multiset numbers;
    struct multiset *own;
};

_Static_assert(sizeof(struct sample) % 16 == 0, "a state's size is a multiple of 16");

static const struct number quarter = {.mantissa = 25, .exponent = -2, .kind = NUMBER_DECIMAL};
static const struct number half = {.mantissa = 5, .exponent = -1, .kind = NUMBER_DECIMAL};
static const struct number three_quarters = {
    .mantissa = 75, .exponent = -2, .kind = NUMBER_DECIMAL};

static struct multiset_charge charge_of(const struct agg_call *call)
{
    const bool has_word = call->ops == &agg_median || call->ops == &agg_iqr;
    return (struct multiset_charge){.budget = call->budget,
                                    .what = has_word ? agg_call_what(call) : "quantile",
                                    .column = call->column};
}

static void sample_init(void *state, const struct agg_call *call)
{
    (void)call;
    struct sample *sample = state;
    *sample = (struct sample){.own = &sample->numbers};
}

static enum sheaf_status sample_update(void *state, const struct agg_call *call,
                                       const struct column *column, const struct batch *batch,
                                       struct sheaf_error *error)
{
    struct sample *sample = state;
    const struct multiset_charge charge = charge_of(call);
    if (column->decimals.mantissas != NULL)
        return multiset_add_decimals(&sample->numbers, &column->decimals, batch->selection,
                                     batch->selected, &charge, error);
    return multiset_add_column(&sample->numbers, column->numbers, batch->selection, batch->selected,
                               &charge, error);
}

static enum sheaf_status scatter_decimals(char *const *groups, size_t offset,
                                          const struct multiset_charge *charge,
                                          const struct decimals *decimals,
                                          const struct batch *batch, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        if (decimals->mantissas[row] == DECIMAL_NULL)
            continue;
        struct sample *sample = (void *)(groups[i] + offset);
        TRY(multiset_add_decimals(&sample->numbers, decimals, &row, 1, charge, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status sample_scatter(char *const *groups, size_t offset,
                                        const struct agg_call *call, const struct column *column,
                                        const struct batch *batch, struct sheaf_error *error)
{
    const struct multiset_charge charge = charge_of(call);
    if (column->decimals.mantissas != NULL)
        return scatter_decimals(groups, offset, &charge, &column->decimals, batch, error);
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind == NUMBER_NULL)
            continue;
        struct sample *sample = (void *)(groups[i] + offset);
        TRY(multiset_add(&sample->numbers, number, 1, &charge, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status sample_merge(void *into, void *from, const struct agg_call *call,
                                      struct sheaf_error *error)
{
    const struct multiset_charge charge = charge_of(call);
    return multiset_merge(&((struct sample *)into)->numbers, &((struct sample *)from)->numbers,
                          &charge, error);
}

static enum sheaf_status settle(const struct sample *sample, const struct agg_call *call,
                                struct sheaf_error *error)
{
    const struct multiset_charge charge = charge_of(call);
    return multiset_settle(sample->own, &charge, error);
}

enum sheaf_status agg_quantile_values(void *state, const struct agg_call *call,
                                      const struct multiset **out, struct sheaf_error *error)
{
    const struct sample *sample = state;
    TRY(settle(sample, call, error));
    *out = &sample->numbers;
    return SHEAF_OK;
}

static enum sheaf_status finish_at(const struct sample *sample, const struct agg_call *call,
                                   const struct number *q, struct value *out,
                                   struct sheaf_error *error)
{
    *out = value_null();
    if (multiset_count(&sample->numbers) == 0)
        return SHEAF_OK;
    TRY(settle(sample, call, error));
    struct number number;
    quantile_of(&sample->numbers, q, QUANTILE_7, call->round, &number);
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status median_finish(const void *state, const struct agg_call *call,
                                       struct value *out, struct sheaf_error *error)
{
    return finish_at(state, call, &half, out, error);
}

static enum sheaf_status quantile_finish(const void *state, const struct agg_call *call,
                                         struct value *out, struct sheaf_error *error)
{
    assert(call->parameter.kind == NUMBER_DECIMAL);
    return finish_at(state, call, &call->parameter, out, error);
}

static enum sheaf_status iqr_finish(const void *state, const struct agg_call *call,
                                    struct value *out, struct sheaf_error *error)
{
    const struct sample *sample = state;
    *out = value_null();
    if (multiset_count(&sample->numbers) == 0)
        return SHEAF_OK;
    TRY(settle(sample, call, error));
    struct number number;
    quantile_range(&sample->numbers, &quarter, &three_quarters, call->round, &number);
    *out = value_number(number);
    return SHEAF_OK;
}

static void sample_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    wire_put_u8(out, WIRE_VERSION);
    multiset_save(&((const struct sample *)state)->numbers, out);
}

static enum sheaf_status sample_load(void *state, const struct agg_call *call, struct text *bytes,
                                     struct sheaf_error *error)
{
    struct sample *sample = state;
    const struct multiset_charge charge = charge_of(call);
    sample_init(sample, call);
    if (!wire_take_version(bytes))
        return wire_damaged(call, error);
    return multiset_load(&sample->numbers, bytes, &charge, error);
}

static void sample_drop(void *state, const struct agg_call *call)
{
    multiset_drop(&((struct sample *)state)->numbers, call->budget);
}

const struct agg_ops agg_median = {
    .name = "median",
    .signature = "median(x)",
    .help = "middle number, or the mean of the middle two, exact",
    .input = AGG_NUMBERS,
    .size = sizeof(struct sample),
    .init = sample_init,
    .update = sample_update,
    .scatter = sample_scatter,
    .merge = sample_merge,
    .finish = median_finish,
    .save = sample_save,
    .load = sample_load,
    .takes_decimals = true,
    .drop = sample_drop,
};

/* One row for all of p1 … p99, which agg_find knows. */
const struct agg_ops agg_percentile = {
    .name = "p",
    .signature = "p1(x) ... p99(x)",
    .help = "percentile, interpolated between numbers, exact",
    .input = AGG_NUMBERS,
    .is_family = true,
    .size = sizeof(struct sample),
    .init = sample_init,
    .update = sample_update,
    .scatter = sample_scatter,
    .merge = sample_merge,
    .finish = quantile_finish,
    .save = sample_save,
    .load = sample_load,
    .takes_decimals = true,
    .drop = sample_drop,
};

const struct agg_ops agg_quantile = {
    .name = "q",
    .signature = "q(x, Q)",
    .help = "quantile at Q, 0 to 1: q(x, 0.999)",
    .input = AGG_NUMBERS,
    .takes_parameter = true,
    .size = sizeof(struct sample),
    .init = sample_init,
    .update = sample_update,
    .scatter = sample_scatter,
    .merge = sample_merge,
    .finish = quantile_finish,
    .save = sample_save,
    .load = sample_load,
    .takes_decimals = true,
    .drop = sample_drop,
};

const struct agg_ops agg_iqr = {
    .name = "iqr",
    .signature = "iqr(x)",
    .help = "interquartile range: p75 less p25, exact",
    .input = AGG_NUMBERS,
    .size = sizeof(struct sample),
    .init = sample_init,
    .update = sample_update,
    .scatter = sample_scatter,
    .merge = sample_merge,
    .finish = iqr_finish,
    .save = sample_save,
    .load = sample_load,
    .takes_decimals = true,
    .drop = sample_drop,
};
