/* job/print_rows.h - the rows of a result to a sink, by several workers where there are many. */
#ifndef JOB_PRINT_ROWS_H
#define JOB_PRINT_ROWS_H

#include "io/sink.h"
#include "job/result.h"
#include "render/render.h"

/* True when workers should print the result: it has many rows, its run had workers, and the writer
 * keeps no rows. */
bool print_rows_in_pieces(const struct sheaf_result *result, const struct render_ops *ops);

/* Writes all rows to the sink that the renderer was opened on, before its finish. Holds a MiB or so
 * for each worker, save for longer rows. Fails as the rows and the sink do, with the first failure
 * that was met. */
enum sheaf_status print_rows(const struct sheaf_result *result, struct renderer *renderer,
                             struct sink *sink, struct sheaf_error *error);

#endif
