/* oracle/aggregate.h - the obvious aggregator: every row in a list, every group a walk over it.
 *
 * Numbers are decimals of at most nine digits before and six after the point, without exponent; an
 * answer that met a longer one is marked `beyond` and means nothing. */
#ifndef ORACLE_AGGREGATE_H
#define ORACLE_AGGREGATE_H

#include "oracle/automaton.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oracle_function {
    ORACLE_ROWS, /* count() */
    ORACLE_COUNT,
    ORACLE_NULLS,
    ORACLE_SUM,
    ORACLE_MIN,
    ORACLE_MAX,
    ORACLE_FIRST,
    ORACLE_LAST
};

struct oracle_call {
    const char *name; /* the heading of its column */
    enum oracle_function function;
    size_t column; /* from 0 */
};

enum oracle_on_error { ORACLE_FAIL, ORACLE_SKIP, ORACLE_NULL };
enum { ORACLE_MAX_KEYS = 4, ORACLE_MAX_CALLS = 8 };

struct oracle_request {
    size_t keys[ORACLE_MAX_KEYS]; /* columns from 0 */
    size_t key_count;             /* 0: one group */
    struct oracle_call calls[ORACLE_MAX_CALLS];
    size_t call_count;
    enum oracle_on_error on_error;
    bool no_headers;
    bool null_quoted;
    bool pad;
    bool trim;
};

enum oracle_status { ORACLE_OK, ORACLE_DATA, ORACLE_USAGE };

struct oracle_answer {
    enum oracle_status status;
    size_t file;   /* where the first error is, from 0 */
    uint64_t line; /* from 1 */
    bool beyond;
    uint64_t skipped_rows;
    uint64_t nulled_values;
    char *csv; /* heading and rows, when the status is ORACLE_OK */
    size_t csv_length;
};

/* Aggregates the rows of all tables as one dataset; their headings must agree. Free the answer's
 * csv with free(). */
void oracle_aggregate(const struct oracle_request *request, const struct oracle_table *tables,
                      size_t table_count, struct oracle_answer *out);

#endif
