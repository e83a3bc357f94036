/* format/binary_time.h - counts of a unit since 1970 (NumPy's datetime64) as instants. */
#ifndef FORMAT_BINARY_TIME_H
#define FORMAT_BINARY_TIME_H

#include "format/binary.h"
#include "num/time.h"

/* Whether a count of this unit is a date: a day or longer. */
bool binary_time_is_date(enum binary_unit unit);

/* Gives the instant of `count` units, a date or a local time; false when its year is outside 0000
 * to 9999. */
bool binary_time_instant(int64_t count, const struct binary_field *field, struct instant *out);

#endif
