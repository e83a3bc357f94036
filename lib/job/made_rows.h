/* job/made_rows.h - rows of values in memory, with the texts that they show. One thread at a time.
 */
#ifndef JOB_MADE_ROWS_H
#define JOB_MADE_ROWS_H

#include "base/arena.h"
#include "col/value.h"

#include <stdint.h>

/* `columns`, and the arena's budget and names, are set by who makes it; all else is zero. */
struct made_rows {
    struct arena arena; /* of texts */
    struct value *cells;
    size_t columns;
    size_t count;    /* cells */
    size_t capacity; /* cells */
};

/* Adds the next cell of the last row, or the first one of a new row; its text is copied. Fails with
 * SHEAF_SYSTEM or SHEAF_LIMIT. */
enum sheaf_status made_rows_put(struct made_rows *rows, const struct value *cell,
                                struct sheaf_error *error);
/* Adds a whole row. */
enum sheaf_status made_rows_add(struct made_rows *rows, const struct value *cells,
                                struct sheaf_error *error);

/* How many rows are whole. */
uint64_t made_rows_count(const struct made_rows *rows);

/* Takes rows that are all zero. */
void made_rows_close(struct made_rows *rows);

#endif
