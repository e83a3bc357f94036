/* agg/profile_state.h - what the files of the profile share. Private to them. */
#ifndef AGG_PROFILE_STATE_H
#define AGG_PROFILE_STATE_H

#include "agg/profile.h"

#include <stdbool.h>

/* The classes whose values are numbers. Specials alone are no number column, but beside numbers
 * they are part of one. */
enum { PROFILE_NUMBERS = CLASS_INTEGER | CLASS_DECIMAL | CLASS_FLOAT | CLASS_SPECIAL };
enum { PROFILE_TIMES = CLASS_DATE | CLASS_LOCAL | CLASS_ZONED };

/* Whether a column of these classes may be one of numbers, booleans, times, if what is still to
 * come fits. Each is true of a subset when it is true of the whole. */
static inline bool profile_may_be_numbers(unsigned classes)
{
    return (classes & ~(unsigned)PROFILE_NUMBERS) == 0;
}

static inline bool profile_may_be_booleans(unsigned classes)
{
    return (classes & ~(unsigned)CLASS_BOOLEAN) == 0;
}

static inline bool profile_may_be_times(unsigned classes)
{
    const unsigned both = CLASS_LOCAL | CLASS_ZONED;
    return (classes & ~(unsigned)PROFILE_TIMES) == 0 && (classes & both) != both;
}

/* Whether it is one of texts, whatever is still to come. */
static inline bool profile_is_text(unsigned classes)
{
    return !profile_may_be_numbers(classes) && !profile_may_be_booleans(classes) &&
           !profile_may_be_times(classes);
}

/* Whether the values of a column of this type are texts, which have lengths and a byte order. */
static inline bool profile_has_texts(const struct agg_call *call)
{
    return agg_native_vector(call->type) == COLUMN_TEXTS;
}

/* The functions of the table's row that live in profile_save.c. */
void profile_save(const void *state, const struct agg_call *call, struct buffer *out);
enum sheaf_status profile_load(void *state, const struct agg_call *call, struct text *bytes,
                               struct sheaf_error *error);

#endif
