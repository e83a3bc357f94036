/* sum(x) and mean(x): the exact sum of the numbers, rounded once at the end. */
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"
#include "num/exact.h"

struct total {
    struct exact_sum sum;
    uint64_t count;
};

_Static_assert(sizeof(struct total) % 16 == 0, "a state's size is a multiple of 16");

static void total_init(void *state, const struct agg_call *call)
{
    (void)call;
    *(struct total *)state = (struct total){.count = 0};
}

static enum sheaf_status total_update(void *state, const struct agg_call *call,
                                      const struct column *column, const struct batch *batch,
                                      struct sheaf_error *error)
{
    struct total *total = state;
    if (column->reals != NULL) {
        total->count += batch->selected;
        return exact_sum_add_reals(
            &total->sum, &(struct exact_reals){column->reals, batch->selection, batch->selected},
            call->budget, call->column, error);
    }
    return exact_sum_add_column(&total->sum, column->numbers, batch->selection, batch->selected,
                                &total->count, call->budget, call->column, error);
}

static enum sheaf_status total_scatter(char *const *groups, size_t offset,
                                       const struct agg_call *call, const struct column *column,
                                       const struct batch *batch, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind == NUMBER_NULL)
            continue;
        struct total *total = (void *)(groups[i] + offset);
        TRY(exact_sum_add(&total->sum, number, call->budget, call->column, error));
        total->count++;
    }
    return SHEAF_OK;
}

static enum sheaf_status total_merge(void *into, void *from, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    struct total *total = into;
    const struct total *other = from;
    TRY(exact_sum_merge(&total->sum, &other->sum, call->budget, call->column, error));
    total->count += other->count;
    return SHEAF_OK;
}

static enum sheaf_status sum_finish(const void *state, const struct agg_call *call,
                                    struct value *out, struct sheaf_error *error)
{
    const struct total *total = state;
    out->kind = VALUE_NUMBER;
    return exact_sum_value(&total->sum, call->round, &out->number, error);
}

static enum sheaf_status mean_finish(const void *state, const struct agg_call *call,
                                     struct value *out, struct sheaf_error *error)
{
    const struct total *total = state;
    out->kind = total->count == 0 ? VALUE_NULL : VALUE_NUMBER;
    return total->count == 0
               ? SHEAF_OK
               : exact_mean(&total->sum, total->count, call->round, &out->number, error);
}

static void total_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    const struct total *total = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u64(out, total->count);
    exact_sum_save(&total->sum, out);
}

static enum sheaf_status total_load(void *state, const struct agg_call *call, struct text *bytes,
                                    struct sheaf_error *error)
{
    struct total *total = state;
    total_init(total, call);
    if (!wire_take_version(bytes) || !wire_take_u64(bytes, &total->count))
        return wire_damaged(call, error);
    return exact_sum_load(&total->sum, bytes, call->budget, call->column, error);
}

static enum sheaf_status total_absorb(void *state, const struct agg_call *call,
                                      const struct decimal_summary *summary,
                                      struct sheaf_error *error)
{
    struct total *total = state;
    if (summary->count == 0)
        return SHEAF_OK;
    TRY(exact_sum_add_summary(&total->sum, summary, call->budget, call->column, error));
    total->count += summary->count;
    return SHEAF_OK;
}

static void total_drop(void *state, const struct agg_call *call)
{
    struct total *total = state;
    exact_sum_drop(&total->sum, call->budget);
}

const struct agg_ops agg_sum = {
    .name = "sum",
    .signature = "sum(x)",
    .help = "sum of the numbers, exact",
    .input = AGG_NUMBERS,
    .takes_reals = true,
    .size = sizeof(struct total),
    .init = total_init,
    .update = total_update,
    .scatter = total_scatter,
    .merge = total_merge,
    .finish = sum_finish,
    .save = total_save,
    .load = total_load,
    .summary = SUMMARY_SUM,
    .absorb = total_absorb,
    .drop = total_drop,
};

const struct agg_ops agg_mean = {
    .name = "mean",
    .signature = "mean(x)",
    .help = "arithmetic mean, rounded once",
    .input = AGG_NUMBERS,
    .takes_reals = true,
    .size = sizeof(struct total),
    .init = total_init,
    .update = total_update,
    .scatter = total_scatter,
    .merge = total_merge,
    .finish = mean_finish,
    .save = total_save,
    .load = total_load,
    .summary = SUMMARY_SUM,
    .absorb = total_absorb,
    .drop = total_drop,
};
