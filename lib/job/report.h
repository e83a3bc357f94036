/* job/report.h - the table of commands as the library sees them: each turns its request into calls
 * of aggregates, and the merged states into the rows of its result.
 *
 * resolve runs once at planning. After the run the result is made: prepare may compute all rows;
 * row gives one of them, its texts lent until the next call. */
#ifndef JOB_REPORT_H
#define JOB_REPORT_H

#include "job/result.h"

struct report_ops {
    enum sheaf_command command;
    const char *name;   /* for messages */
    bool bare;          /* csv, tsv and table print the value alone */
    bool finds_types;   /* of CSV columns */
    const char *counts; /* the column of counts that bars are drawn of; NULL: no bars */
    enum sheaf_status (*resolve)(struct sheaf_plan *plan, const struct sheaf_request *request,
                                 struct sheaf_error *error);
    struct result_ops rows;
};

/* The row of a command, or NULL. */
const struct report_ops *report_find(enum sheaf_command command);

/* Reads a quantile: an exact decimal from 0 to 1. Fails with SHEAF_USAGE. */
enum sheaf_status report_parse_quantile(struct text text, struct number *out,
                                        struct sheaf_error *error);

/* report_groups.c */
extern const struct report_ops report_count;
extern const struct report_ops report_aggregate;
/* report_stats.c and so on */
extern const struct report_ops report_stats;
extern const struct report_ops report_freq;
extern const struct report_ops report_quantile;
extern const struct report_ops report_histogram;
extern const struct report_ops report_schema;

#endif
