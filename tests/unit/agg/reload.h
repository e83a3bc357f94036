/* reload.h - saves a table of values and loads it again. */
#ifndef RELOAD_H
#define RELOAD_H

#include "agg/value_table.h"
#include "unit/unit.h"

/* Puts what was saved of the table in its place; all of the saved bytes must be taken. */
static inline void value_table_reload(struct value_table *table, const struct agg_call *call)
{
    struct buffer out = {0};
    value_table_save(table, &out);
    ck_assert(!out.failed);
    value_table_drop(table, call);
    struct text bytes = {.bytes = out.bytes, .length = out.length};
    ck_assert_int_eq(value_table_load(table, call, &bytes, NULL), SHEAF_OK);
    ck_assert_uint_eq(bytes.length, 0);
    buffer_close(&out);
}

#endif
