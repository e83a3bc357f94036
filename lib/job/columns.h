/* job/columns.h - finding columns by what users type: names, numbers, ranges, patterns. */
#ifndef JOB_COLUMNS_H
#define JOB_COLUMNS_H

#include "base/arena.h"
#include "base/text.h"

#include <stdint.h>

/* The columns of the input. */
struct column_names {
    const struct text *names;
    uint32_t count;
};

/* Finds one column: digits alone are a number from 1, anything else is a name. Fails with
 * SHEAF_USAGE: unknown (with the nearest names), ambiguous, or no such number. */
enum sheaf_status column_find(const struct column_names *columns, struct text word,
                              uint32_t *column, struct sheaf_error *error);

/* As column_find, but the word is always a name. */
enum sheaf_status column_find_name(const struct column_names *columns, struct text name,
                                   uint32_t *column, struct sheaf_error *error);

/* A list of columns in the order named, without repeats. */
struct column_list {
    uint32_t *columns;
    uint32_t count;
};

/* Reads a list like `name,3,a-c,!name,/regex/,"quoted, name"`: a name that exists whole goes
 * before a range; a list that starts with `!` starts from all columns. Memory comes from the
 * arena. */
enum sheaf_status column_list_parse(const struct column_names *columns, const char *list,
                                    struct arena *arena, struct column_list *out,
                                    struct sheaf_error *error);

/* Takes a quoted name off the front of *text: copies what is between the quotes, doubled ones
 * undone, to the arena. Fails with SHEAF_USAGE when it is never closed. */
enum sheaf_status quoted_name_take(const char **text, struct arena *arena, struct text *out,
                                   struct sheaf_error *error);

#endif
