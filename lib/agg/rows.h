/* agg/rows.h - the rows of the table of aggregates, family by family. Only aggs.c needs it. */
#ifndef AGG_ROWS_H
#define AGG_ROWS_H

#include "agg/agg.h"

/* agg_count.c */
extern const struct agg_ops agg_count_rows;
extern const struct agg_ops agg_count;
extern const struct agg_ops agg_nulls;
/* agg_sum.c */
extern const struct agg_ops agg_sum;
extern const struct agg_ops agg_mean;
/* agg_extrema.c */
extern const struct agg_ops agg_min;
extern const struct agg_ops agg_max;
/* agg_range.c */
extern const struct agg_ops agg_range;
/* agg_variance.c */
extern const struct agg_ops agg_var;
extern const struct agg_ops agg_varp;
extern const struct agg_ops agg_sd;
extern const struct agg_ops agg_sdp;
/* agg_quantile.c */
extern const struct agg_ops agg_median;
extern const struct agg_ops agg_percentile;
extern const struct agg_ops agg_quantile;
extern const struct agg_ops agg_iqr;
/* agg_distinct.c */
extern const struct agg_ops agg_distinct;
/* agg_first.c */
extern const struct agg_ops agg_first;
extern const struct agg_ops agg_last;
extern const struct agg_ops agg_any;

#endif
