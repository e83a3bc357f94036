/* job/bars.h - a column of bars beside the counts of a result, for people. One thread at a time. */
#ifndef JOB_BARS_H
#define JOB_BARS_H

#include "job/result.h"
#include "render/bar.h"

/* Bars are drawn to the greatest count among the rows that are about one column of the input; these
 * stand together. */
struct bars {
    uint32_t counts; /* column of the result */
    size_t width;    /* of the longest bar; 0: none are drawn */
    uint64_t most;
    uint64_t until; /* the row that `most` holds up to */
    char text[BAR_SIZE];
};

/* Gives false when the result has no counts to draw. */
bool bars_open(struct bars *bars, const struct sheaf_result *result);

/* Chooses the width: what a table (as printed without bars) leaves of a terminal so wide (0: not
 * known, taken as 80), or none when that is too little. */
void bars_fit(struct bars *bars, const struct buffer *table, size_t terminal_width);

/* Gives the bar of a row (rows ascend), lent until the next call; null for a count of 0. Uses the
 * result's current row. */
enum sheaf_status bars_draw(struct bars *bars, struct sheaf_result *result, uint64_t row,
                            struct value *out, struct sheaf_error *error);

#endif
