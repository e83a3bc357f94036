/* bench_table.h - the figures of all settings, and the table made of them. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "bench_setting.h"

#include "sheaf/error.h"
#include "sheaf/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was measured with one setting. */
struct bench_figures {
    double *seconds;     /* of each run; sorted by the table */
    double *cpu_seconds; /* likewise */
    size_t runs;
    uint64_t peak_bytes; /* the greatest */
    uint64_t rows;
    uint64_t bytes;
    bool knows_rows; /* what `rows` and `bytes` hold is true */
    bool differs;    /* a run printed something else than the very first run of all */
};

/* Makes a row for each setting, from figures[i] of settings->items[i]; numbers have at most `round`
 * digits after the point. The result is owned by the caller. Fails with SHEAF_SYSTEM. */
enum sheaf_status bench_table_make(const struct bench_settings *settings,
                                   struct bench_figures *figures, uint64_t round,
                                   struct sheaf_result **out, struct sheaf_error *error);

/* The columns, for the help: index from 0; name NULL past the end. */
struct sheaf_entry bench_table_column(size_t index);

#endif
