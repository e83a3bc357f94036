/* job/convert.h - from a batch of texts to the typed vectors that functions need, and what happens
 * to values that are not what is needed. One per worker. */
#ifndef JOB_CONVERT_H
#define JOB_CONVERT_H

#include "job/plan.h"

struct converter;

enum sheaf_status converter_open(const struct sheaf_plan *plan, struct converter **out,
                                 struct sheaf_error *error);

/* Fills the typed vectors of the columns that need them and puts the key columns behind the needed
 * ones. Under on_error fail, the first bad value (by row, then column) is SHEAF_DATA; under skip
 * its row is left out of the batch; under null it becomes null. The batch's vectors are the
 * converter's until the next call. */
enum sheaf_status converter_run(struct converter *converter, struct batch *batch,
                                struct sheaf_error *error);

/* What was left out so far: rows, values, and the first one (status SHEAF_OK: none). */
struct converter_counts {
    uint64_t skipped_rows;
    uint64_t nulled_values;
    struct sheaf_error first;
};
const struct converter_counts *converter_counts(const struct converter *converter);

/* Takes NULL. */
void converter_close(struct converter *converter);

#endif
