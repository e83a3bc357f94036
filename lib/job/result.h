/* job/result.h - a result, as the files of this room see it. */
#ifndef JOB_RESULT_H
#define JOB_RESULT_H

#include "base/buffer.h"
#include "col/value.h"
#include "job/made_rows.h"
#include "job/native.h"
#include "job/plan.h"

/* Where the rows of a result come from. */
struct result_ops {
    /* Once, when the states are merged; NULL: nothing to do. */
    enum sheaf_status (*prepare)(struct sheaf_result *result, struct sheaf_error *error);
    uint64_t (*rows)(const struct sheaf_result *result);
    /* Fills result->columns cells, whose texts may be in `scratch`, of NATIVE_TEXT_SIZE bytes, or
     * the result's. Any thread, and several at once for different rows. */
    enum sheaf_status (*row)(const struct sheaf_result *result, uint64_t number,
                             struct value *cells, char *scratch, struct sheaf_error *error);
    void (*close)(struct sheaf_result *result); /* frees what prepare made; NULL: nothing */
};

struct sheaf_result {
    const struct result_ops *ops;
    struct job_core *core; /* NULL: a table of one's own */
    struct group_table *table;
    const struct sheaf_cancel *cancel; /* while it is made */
    void *report;                      /* the ops' own */
    struct made_rows made;             /* rows made beforehand, for results that are */
    uint64_t *first_rows; /* of each call's rows, where rows stand by calls; of the core's arena */
    const struct text *names;
    uint32_t columns;
    uint64_t limit;
    struct value *cells;            /* one row, and room for a bar */
    uint64_t cell_row;              /* the row that `cells` holds; UINT64_MAX: none */
    char scratch[NATIVE_TEXT_SIZE]; /* of that row */
    struct buffer text;             /* a number as printed */
    uint64_t skipped_rows;
    uint64_t nulled_values;
    struct sheaf_error first_skipped;
};

/* Makes a result of the merged table, which it owns from then on, as it does the core. On failure
 * both stay the caller's. `cancel` (may be NULL) is borrowed for the call. */
enum sheaf_status result_make(struct job_core *core, struct group_table *table,
                              const struct sheaf_cancel *cancel, struct sheaf_result **out,
                              struct sheaf_error *error);

/* To be asked now and then while a result is made: SHEAF_STOPPED when the token is set. */
enum sheaf_status result_check_stop(const struct sheaf_result *result, struct sheaf_error *error);

/* The cells of one row, lent until the next call. */
enum sheaf_status result_row(struct sheaf_result *result, uint64_t row, const struct value **cells,
                             struct sheaf_error *error);

/* Makes room for first_rows. Fails with SHEAF_SYSTEM. */
enum sheaf_status result_open_first_rows(struct sheaf_result *result, struct sheaf_error *error);

/* For results whose rows are all made beforehand. */
uint64_t result_made_rows(const struct sheaf_result *result);
enum sheaf_status result_made_row(const struct sheaf_result *result, uint64_t number,
                                  struct value *cells, char *scratch, struct sheaf_error *error);

#endif
