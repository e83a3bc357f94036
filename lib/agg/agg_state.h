/* agg/agg_state.h - the states of some aggregates, for results that show more than one value of
 * them: freq reads the table that distinct counts, quantile and hist the numbers of median. */
#ifndef AGG_AGG_STATE_H
#define AGG_AGG_STATE_H

#include "agg/agg.h"
#include "agg/value_table.h"
#include "num/multiset.h"

/* Of a state of distinct(x). */
struct value_table *agg_distinct_table(void *state);

/* Of a state of median(x), q(x, q) and the like: the numbers, settled by the call. */
enum sheaf_status agg_quantile_values(void *state, const struct agg_call *call,
                                      const struct multiset **out, struct sheaf_error *error);

#endif
