/* num/classify.h - which types a text fits. Pure; any thread. */
#ifndef NUM_CLASSIFY_H
#define NUM_CLASSIFY_H

#include "base/number.h"
#include "base/text.h"
#include "num/time.h"

/* What one text is, narrowest first. A column's mask is the `or` of its texts' classes, so it
 * merges in any order. */
enum text_class {
    CLASS_INTEGER = 1 << 0,
    CLASS_DECIMAL = 1 << 1, /* with a point, exact */
    CLASS_FLOAT = 1 << 2,   /* with an exponent, or past the exact range */
    CLASS_SPECIAL = 1 << 3, /* NaN, inf: a float beside numbers, alone a text */
    CLASS_BOOLEAN = 1 << 4, /* true, false, any case */
    CLASS_DATE = 1 << 5,
    CLASS_LOCAL = 1 << 6, /* a timestamp without a zone */
    CLASS_ZONED = 1 << 7, /* with a zone */
    CLASS_ZEROS = 1 << 8, /* a number whose integer part begins with a needless 0: 007 */
    CLASS_TEXT = 1 << 9,
};

/* The value of a text, in the form that its class has. */
struct classified {
    enum text_class class;
    struct number number;   /* CLASS_INTEGER … CLASS_SPECIAL, CLASS_ZEROS; else NUMBER_NULL */
    struct instant instant; /* CLASS_DATE … CLASS_ZONED; else INSTANT_NULL */
};

/* Takes a text that is not null. */
void text_classify(struct text text, struct classified *out);

#endif
