/* col/type.h - the type of a column: what `stats` and `schema` print, and what a binary format says
 * of its columns. */
#ifndef COL_TYPE_H
#define COL_TYPE_H

#include <stdbool.h>

enum column_type {
    TYPE_UNKNOWN = 0, /* texts, of which only all values together tell a type: CSV */
    TYPE_NULL,        /* no value at all */
    TYPE_INTEGER,
    TYPE_DECIMAL,
    TYPE_FLOAT,
    TYPE_BOOLEAN,
    TYPE_DATE,
    TYPE_TIMESTAMP,
    TYPE_TEXT,
};

/* The name that is printed; "text" for TYPE_UNKNOWN. */
static inline const char *column_type_name(enum column_type type)
{
    static const char *const names[] = {
        [TYPE_UNKNOWN] = "text",    [TYPE_NULL] = "null",           [TYPE_INTEGER] = "integer",
        [TYPE_DECIMAL] = "decimal", [TYPE_FLOAT] = "float",         [TYPE_BOOLEAN] = "boolean",
        [TYPE_DATE] = "date",       [TYPE_TIMESTAMP] = "timestamp", [TYPE_TEXT] = "text",
    };
    return names[type];
}

static inline bool column_type_is_number(enum column_type type)
{
    return type == TYPE_INTEGER || type == TYPE_DECIMAL || type == TYPE_FLOAT;
}

static inline bool column_type_is_time(enum column_type type)
{
    return type == TYPE_DATE || type == TYPE_TIMESTAMP;
}

#endif
