/* job/result.h - a result, as the files of this room see it. */
#ifndef JOB_RESULT_H
#define JOB_RESULT_H

#include "base/buffer.h"
#include "col/value.h"
#include "job/plan.h"

struct sheaf_result {
    struct job_core *core;
    struct group_table *table;
    struct value *cells; /* one row */
    uint64_t cell_row;   /* the row that `cells` holds; UINT64_MAX: none */
    struct buffer text;  /* a number as printed */
    uint64_t skipped_rows;
    uint64_t nulled_values;
    struct sheaf_error first_skipped;
};

/* Makes a result of the merged table, which it owns from then on, as it does the core. On failure
 * both stay the caller's. */
enum sheaf_status result_make(struct job_core *core, struct group_table *table,
                              struct sheaf_result **out, struct sheaf_error *error);

/* The cells of one row, lent until the next call. */
enum sheaf_status result_row(struct sheaf_result *result, uint64_t row, const struct value **cells,
                             struct sheaf_error *error);

#endif
