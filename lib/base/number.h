/* base/number.h - one number of the data: an exact decimal, or a double.
 *
 * A number whose text has at most 38 significant digits, the last of which stands between 10^-38
 * and 10^38, is exact: mantissa * 10^exponent. Any other is its nearest double; so are NaN and
 * the infinities. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum number_kind {
    NUMBER_NULL = 0, /* no value; the other members mean nothing */
    NUMBER_DECIMAL,  /* mantissa * 10^exponent; need not be in lowest terms */
    NUMBER_DOUBLE,   /* real: finite, infinite or NaN; never -0 */
};

enum { NUMBER_DIGITS = 38, NUMBER_EXPONENT_MIN = -38, NUMBER_EXPONENT_MAX = 38 };

struct number {
    union {
        int128 mantissa; /* |mantissa| < 10^38 */
        double real;
    };
    int8_t
        exponent; /* NUMBER_EXPONENT_MIN … NUMBER_EXPONENT_MAX; of a double: 0, or NUMBER_SINGLE */
    uint8_t kind; /* enum number_kind */
};

/* As the `exponent` of a double: it came from a column of single precision, and prints as the
 * shortest digits that read back as that. It means nothing to anything else. */
enum { NUMBER_SINGLE = 1 };

#endif
