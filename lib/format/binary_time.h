/* format/binary_time.h - counts of a unit since 1970 (NumPy's datetime64) as instants and texts. */
#ifndef FORMAT_BINARY_TIME_H
#define FORMAT_BINARY_TIME_H

#include "format/binary.h"
#include "num/time.h"

enum { BINARY_TIME_TEXT = 40 };

/* Gives the instant of `count` units; false when its year is outside 0000 to 9999. */
bool binary_time_instant(int64_t count, const struct binary_field *field, struct instant *out);

/* Writes an instant (not null) as "YYYY-MM-DD" where the unit is a day or longer, else as
 * "YYYY-MM-DDThh:mm:ss" and a fraction with the unit's digits; gives the length. */
size_t binary_time_print(const struct instant *instant, enum binary_unit unit,
                         char out[BINARY_TIME_TEXT]);

#endif
