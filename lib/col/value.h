/* col/value.h - one cell of a result. */
#ifndef COL_VALUE_H
#define COL_VALUE_H

#include "base/number.h"
#include "base/text.h"

enum value_kind {
    VALUE_NULL = 0, /* printed empty; null in JSON */
    VALUE_TEXT,     /* text of the input, as it stands; a string in JSON */
    VALUE_NUMBER,   /* what a function computed; a number in JSON */
};

/* Text is borrowed from whoever made the value. */
struct value {
    enum value_kind kind;
    union {
        struct text text;
        struct number number; /* never NUMBER_NULL */
    };
};

static inline struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

static inline struct value value_text(struct text text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static inline struct value value_number(struct number number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

/* A count: any uint64_t is an exact decimal. */
static inline struct value value_count(uint64_t count)
{
    return value_number((struct number){.mantissa = (int128)count, .kind = NUMBER_DECIMAL});
}

#endif
