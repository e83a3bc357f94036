/* count() counts rows, count(x) the values that are there, nulls(x) those that are not. */
#include "agg/rows.h"
#include "agg/wire.h"
#include "num/time.h"

#include <stdalign.h>

struct tally {
    alignas(16) uint64_t count;
};

_Static_assert(sizeof(struct tally) % 16 == 0, "a state's size is a multiple of 16");

static void tally_init(void *state, const struct agg_call *call)
{
    (void)call;
    *(struct tally *)state = (struct tally){.count = 0};
}

static enum sheaf_status rows_update(void *state, const struct agg_call *call,
                                     const struct column *column, const struct batch *batch,
                                     struct sheaf_error *error)
{
    (void)call, (void)column, (void)error;
    ((struct tally *)state)->count += batch->selected;
    return SHEAF_OK;
}

static enum sheaf_status rows_scatter(char *const *groups, size_t offset,
                                      const struct agg_call *call, const struct column *column,
                                      const struct batch *batch, struct sheaf_error *error)
{
    (void)call, (void)column, (void)error;
    for (uint32_t i = 0; i < batch->selected; i++)
        ((struct tally *)(void *)(groups[i] + offset))->count++;
    return SHEAF_OK;
}

/* Whether a row holds a value, by the one form that the column has. */
static bool is_present(const struct column *column, enum column_vector vector, uint32_t row)
{
    switch (vector) {
    case COLUMN_NUMBERS:
        return column->numbers[row].kind != NUMBER_NULL;
    case COLUMN_INSTANTS:
        return column->instants[row].form != INSTANT_NULL;
    case COLUMN_TEXTS:
        return column->texts[row].bytes != NULL;
    }
    return false;
}

static uint64_t count_present(const struct agg_call *call, const struct column *column,
                              const struct batch *batch)
{
    const enum column_vector vector = agg_native_vector(call->type);
    uint64_t count = 0;
    for (uint32_t i = 0; i < batch->selected; i++)
        count += is_present(column, vector, batch_row(batch, i));
    return count;
}

static enum sheaf_status present_update(void *state, const struct agg_call *call,
                                        const struct column *column, const struct batch *batch,
                                        struct sheaf_error *error)
{
    (void)error;
    ((struct tally *)state)->count += count_present(call, column, batch);
    return SHEAF_OK;
}

static enum sheaf_status present_scatter(char *const *groups, size_t offset,
                                         const struct agg_call *call, const struct column *column,
                                         const struct batch *batch, struct sheaf_error *error)
{
    (void)error;
    const enum column_vector vector = agg_native_vector(call->type);
    for (uint32_t i = 0; i < batch->selected; i++)
        ((struct tally *)(void *)(groups[i] + offset))->count +=
            is_present(column, vector, batch_row(batch, i));
    return SHEAF_OK;
}

static enum sheaf_status nulls_update(void *state, const struct agg_call *call,
                                      const struct column *column, const struct batch *batch,
                                      struct sheaf_error *error)
{
    (void)error;
    ((struct tally *)state)->count += batch->selected - count_present(call, column, batch);
    return SHEAF_OK;
}

static enum sheaf_status nulls_scatter(char *const *groups, size_t offset,
                                       const struct agg_call *call, const struct column *column,
                                       const struct batch *batch, struct sheaf_error *error)
{
    (void)error;
    const enum column_vector vector = agg_native_vector(call->type);
    for (uint32_t i = 0; i < batch->selected; i++)
        ((struct tally *)(void *)(groups[i] + offset))->count +=
            !is_present(column, vector, batch_row(batch, i));
    return SHEAF_OK;
}

static enum sheaf_status rows_absorb(void *state, const struct agg_call *call,
                                     const struct decimal_summary *summary,
                                     struct sheaf_error *error)
{
    (void)call, (void)error;
    ((struct tally *)state)->count += summary->rows;
    return SHEAF_OK;
}

static enum sheaf_status present_absorb(void *state, const struct agg_call *call,
                                        const struct decimal_summary *summary,
                                        struct sheaf_error *error)
{
    (void)call, (void)error;
    ((struct tally *)state)->count += summary->count;
    return SHEAF_OK;
}

static enum sheaf_status nulls_absorb(void *state, const struct agg_call *call,
                                      const struct decimal_summary *summary,
                                      struct sheaf_error *error)
{
    (void)call, (void)error;
    ((struct tally *)state)->count += summary->rows - summary->count;
    return SHEAF_OK;
}

static enum sheaf_status tally_merge(void *into, void *from, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    (void)call, (void)error;
    ((struct tally *)into)->count += ((const struct tally *)from)->count;
    return SHEAF_OK;
}

static enum sheaf_status tally_finish(const void *state, const struct agg_call *call,
                                      struct value *out, struct sheaf_error *error)
{
    (void)call, (void)error;
    /* Member by member, for this is done per cell: a whole value would be made elsewhere first, in
     * small stores, and be read too soon after in large ones. */
    out->kind = VALUE_NUMBER;
    out->number.mantissa = (int128)((const struct tally *)state)->count;
    out->number.exponent = 0;
    out->number.kind = NUMBER_DECIMAL;
    return SHEAF_OK;
}

static void tally_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u64(out, ((const struct tally *)state)->count);
}

static enum sheaf_status tally_load(void *state, const struct agg_call *call, struct text *bytes,
                                    struct sheaf_error *error)
{
    struct tally *tally = state;
    tally_init(tally, call);
    if (!wire_take_version(bytes) || !wire_take_u64(bytes, &tally->count))
        return wire_damaged(call, error);
    return SHEAF_OK;
}

const struct agg_ops agg_count_rows = {
    .name = "count",
    .signature = "count()",
    .help = "number of rows",
    .input = AGG_ROWS,
    .size = sizeof(struct tally),
    .init = tally_init,
    .update = rows_update,
    .scatter = rows_scatter,
    .merge = tally_merge,
    .finish = tally_finish,
    .save = tally_save,
    .load = tally_load,
    .summary = SUMMARY_COUNTS,
    .absorb = rows_absorb,
};

const struct agg_ops agg_count = {
    .name = "count",
    .signature = "count(x)",
    .help = "number of values that are not null",
    .input = AGG_NATIVE,
    .size = sizeof(struct tally),
    .init = tally_init,
    .update = present_update,
    .scatter = present_scatter,
    .merge = tally_merge,
    .finish = tally_finish,
    .save = tally_save,
    .load = tally_load,
    .summary = SUMMARY_COUNTS,
    .absorb = present_absorb,
};

const struct agg_ops agg_nulls = {
    .name = "nulls",
    .signature = "nulls(x)",
    .help = "number of nulls",
    .input = AGG_NATIVE,
    .size = sizeof(struct tally),
    .init = tally_init,
    .update = nulls_update,
    .scatter = nulls_scatter,
    .merge = tally_merge,
    .finish = tally_finish,
    .save = tally_save,
    .load = tally_load,
    .summary = SUMMARY_COUNTS,
    .absorb = nulls_absorb,
};
