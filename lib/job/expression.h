/* job/expression.h - what users type for an aggregate: `sum(fare) as total`. Pure. */
#ifndef JOB_EXPRESSION_H
#define JOB_EXPRESSION_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

struct expression {
    struct text function;
    struct text argument; /* bytes NULL: none, as in count() */
    bool argument_is_quoted;
    struct text parameter; /* after a quoted argument and a comma; bytes NULL: none */
    struct text name;      /* after `as`, or the text as typed */
};

/* Reads one expression. Parts point into `text` or the arena. Fails with SHEAF_USAGE. */
enum sheaf_status expression_parse(const char *text, struct arena *arena, struct expression *out,
                                   struct sheaf_error *error);

/* Takes the parameter off an argument that is not quoted: what follows its last comma. For
 * functions that have one; names of columns may hold commas. */
void expression_split_parameter(struct expression *expression);

#endif
