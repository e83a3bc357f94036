/* var(x), varp(x), sd(x), sdp(x): from the exact sums of the numbers and of their squares, rounded
 * once. No running mean is kept, because a result of that depends on how the rows are grouped. */
#include "agg/rows.h"
#include "agg/wire.h"
#include "base/error.h"
#include "num/exact.h"

struct moments {
    struct exact_sum sum;
    struct exact_sum squares;
    uint64_t count;
};

_Static_assert(sizeof(struct moments) % 16 == 0, "a state's size is a multiple of 16");

static void moments_init(void *state, const struct agg_call *call)
{
    (void)call;
    *(struct moments *)state = (struct moments){.count = 0};
}

static enum sheaf_status moments_add(struct moments *moments, const struct number *number,
                                     const struct agg_call *call, struct sheaf_error *error)
{
    TRY(exact_sum_add(&moments->sum, number, call->budget, call->column, error));
    TRY(exact_sum_add_square(&moments->squares, number, call->budget, call->column, error));
    moments->count++;
    return SHEAF_OK;
}

static enum sheaf_status moments_update(void *state, const struct agg_call *call,
                                        const struct column *column, const struct batch *batch,
                                        struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind != NUMBER_NULL)
            TRY(moments_add(state, number, call, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status moments_scatter(char *const *groups, size_t offset,
                                         const struct agg_call *call, const struct column *column,
                                         const struct batch *batch, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind != NUMBER_NULL)
            TRY(moments_add((void *)(groups[i] + offset), number, call, error));
    }
    return SHEAF_OK;
}

static enum sheaf_status moments_merge(void *into, void *from, const struct agg_call *call,
                                       struct sheaf_error *error)
{
    struct moments *moments = into;
    const struct moments *other = from;
    TRY(exact_sum_merge(&moments->sum, &other->sum, call->budget, call->column, error));
    TRY(exact_sum_merge(&moments->squares, &other->squares, call->budget, call->column, error));
    moments->count += other->count;
    return SHEAF_OK;
}

static bool has_spread(const struct moments *moments, enum exact_divisor divisor)
{
    return moments->count >= (divisor == EXACT_SAMPLE ? 2 : 1);
}

static enum sheaf_status variance(const struct moments *moments, const struct agg_call *call,
                                  enum exact_divisor divisor, struct value *out,
                                  struct sheaf_error *error)
{
    *out = value_null();
    if (!has_spread(moments, divisor))
        return SHEAF_OK;
    struct number number;
    TRY(exact_variance(&moments->sum, &moments->squares, moments->count, divisor, call->round,
                       &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status deviation(const struct moments *moments, const struct agg_call *call,
                                   enum exact_divisor divisor, struct value *out,
                                   struct sheaf_error *error)
{
    *out = value_null();
    if (!has_spread(moments, divisor))
        return SHEAF_OK;
    struct number number;
    TRY(exact_deviation(&moments->sum, &moments->squares, moments->count, divisor, call->round,
                        &number, error));
    *out = value_number(number);
    return SHEAF_OK;
}

static enum sheaf_status var_finish(const void *state, const struct agg_call *call,
                                    struct value *out, struct sheaf_error *error)
{
    return variance(state, call, EXACT_SAMPLE, out, error);
}

static enum sheaf_status varp_finish(const void *state, const struct agg_call *call,
                                     struct value *out, struct sheaf_error *error)
{
    return variance(state, call, EXACT_POPULATION, out, error);
}

static enum sheaf_status sd_finish(const void *state, const struct agg_call *call,
                                   struct value *out, struct sheaf_error *error)
{
    return deviation(state, call, EXACT_SAMPLE, out, error);
}

static enum sheaf_status sdp_finish(const void *state, const struct agg_call *call,
                                    struct value *out, struct sheaf_error *error)
{
    return deviation(state, call, EXACT_POPULATION, out, error);
}

static void moments_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    const struct moments *moments = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u64(out, moments->count);
    exact_sum_save(&moments->sum, out);
    exact_sum_save(&moments->squares, out);
}

static enum sheaf_status moments_load(void *state, const struct agg_call *call, struct text *bytes,
                                      struct sheaf_error *error)
{
    struct moments *moments = state;
    moments_init(moments, call);
    if (!wire_take_version(bytes) || !wire_take_u64(bytes, &moments->count))
        return wire_damaged(call, error);
    TRY(exact_sum_load(&moments->sum, bytes, call->budget, call->column, error));
    return exact_sum_load(&moments->squares, bytes, call->budget, call->column, error);
}

static enum sheaf_status moments_absorb(void *state, const struct agg_call *call,
                                        const struct decimal_summary *summary,
                                        struct sheaf_error *error)
{
    struct moments *moments = state;
    if (summary->count == 0)
        return SHEAF_OK;
    TRY(exact_sum_add_summary(&moments->sum, summary, call->budget, call->column, error));
    TRY(exact_sum_add_square_summary(&moments->squares, summary, call->budget, call->column,
                                     error));
    moments->count += summary->count;
    return SHEAF_OK;
}

static void moments_drop(void *state, const struct agg_call *call)
{
    struct moments *moments = state;
    exact_sum_drop(&moments->sum, call->budget);
    exact_sum_drop(&moments->squares, call->budget);
}

const struct agg_ops agg_var = {
    .name = "var",
    .signature = "var(x)",
    .help = "sample variance, divided by n - 1",
    .input = AGG_NUMBERS,
    .size = sizeof(struct moments),
    .init = moments_init,
    .update = moments_update,
    .scatter = moments_scatter,
    .merge = moments_merge,
    .finish = var_finish,
    .save = moments_save,
    .load = moments_load,
    .summary = SUMMARY_SUM | SUMMARY_SQUARES,
    .absorb = moments_absorb,
    .drop = moments_drop,
};

const struct agg_ops agg_varp = {
    .name = "varp",
    .signature = "varp(x)",
    .help = "population variance, divided by n",
    .input = AGG_NUMBERS,
    .size = sizeof(struct moments),
    .init = moments_init,
    .update = moments_update,
    .scatter = moments_scatter,
    .merge = moments_merge,
    .finish = varp_finish,
    .save = moments_save,
    .load = moments_load,
    .summary = SUMMARY_SUM | SUMMARY_SQUARES,
    .absorb = moments_absorb,
    .drop = moments_drop,
};

const struct agg_ops agg_sd = {
    .name = "sd",
    .signature = "sd(x)",
    .help = "sample standard deviation, divided by n - 1",
    .input = AGG_NUMBERS,
    .size = sizeof(struct moments),
    .init = moments_init,
    .update = moments_update,
    .scatter = moments_scatter,
    .merge = moments_merge,
    .finish = sd_finish,
    .save = moments_save,
    .load = moments_load,
    .summary = SUMMARY_SUM | SUMMARY_SQUARES,
    .absorb = moments_absorb,
    .drop = moments_drop,
};

const struct agg_ops agg_sdp = {
    .name = "sdp",
    .signature = "sdp(x)",
    .help = "population standard deviation, divided by n",
    .input = AGG_NUMBERS,
    .size = sizeof(struct moments),
    .init = moments_init,
    .update = moments_update,
    .scatter = moments_scatter,
    .merge = moments_merge,
    .finish = sdp_finish,
    .save = moments_save,
    .load = moments_load,
    .summary = SUMMARY_SUM | SUMMARY_SQUARES,
    .absorb = moments_absorb,
    .drop = moments_drop,
};
