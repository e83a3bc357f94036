/* distinct(x): how many different values there are; nulls are none. */
#include "agg/agg_state.h"
#include "agg/rows.h"

#include <stdalign.h>

struct distinct {
    alignas(16) struct value_table table;
};

_Static_assert(sizeof(struct distinct) % 16 == 0, "a state's size is a multiple of 16");

static void distinct_init(void *state, const struct agg_call *call)
{
    (void)call;
    *(struct distinct *)state = (struct distinct){.table = {.nulls = 0}};
}

struct value_table *agg_distinct_table(void *state)
{
    return &((struct distinct *)state)->table;
}

static enum sheaf_status distinct_update(void *state, const struct agg_call *call,
                                         const struct column *column, const struct batch *batch,
                                         struct sheaf_error *error)
{
    return value_table_update(agg_distinct_table(state), call, column, batch, error);
}

static enum sheaf_status distinct_scatter(char *const *groups, size_t offset,
                                          const struct agg_call *call, const struct column *column,
                                          const struct batch *batch, struct sheaf_error *error)
{
    return value_table_scatter(groups, offset + offsetof(struct distinct, table), call, column,
                               batch, error);
}

static enum sheaf_status distinct_merge(void *into, void *from, const struct agg_call *call,
                                        struct sheaf_error *error)
{
    return value_table_merge(agg_distinct_table(into), agg_distinct_table(from), call, error);
}

static enum sheaf_status distinct_finish(const void *state, const struct agg_call *call,
                                         struct value *out, struct sheaf_error *error)
{
    (void)call, (void)error;
    *out = value_count(((const struct distinct *)state)->table.distinct);
    return SHEAF_OK;
}

static void distinct_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    value_table_save(&((const struct distinct *)state)->table, out);
}

static enum sheaf_status distinct_load(void *state, const struct agg_call *call, struct text *bytes,
                                       struct sheaf_error *error)
{
    return value_table_load(agg_distinct_table(state), call, bytes, error);
}

static void distinct_drop(void *state, const struct agg_call *call)
{
    value_table_drop(agg_distinct_table(state), call);
}

const struct agg_ops agg_distinct = {
    .name = "distinct",
    .signature = "distinct(x)",
    .help = "number of different values, exact",
    .input = AGG_NATIVE,
    .size = sizeof(struct distinct),
    .init = distinct_init,
    .update = distinct_update,
    .scatter = distinct_scatter,
    .merge = distinct_merge,
    .finish = distinct_finish,
    .save = distinct_save,
    .load = distinct_load,
    .drop = distinct_drop,
};
