/* num/time.h - text to instant: dates and timestamps. Any thread. */
#ifndef NUM_TIME_H
#define NUM_TIME_H

#include "base/number.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An instant of the proleptic Gregorian calendar, exact to the attosecond. */
struct instant {
    int64_t seconds;      /* since 1970-01-01T00:00:00Z; without a zone: as if UTC */
    uint64_t attoseconds; /* 0 … 10^18 - 1 */
    uint8_t form;         /* enum instant_form; INSTANT_NULL: no value */
};

enum instant_form { INSTANT_NULL = 0, INSTANT_DATE, INSTANT_LOCAL, INSTANT_ZONED };

/* Reads `YYYY-MM-DD`, or that with `T` or a space and `hh:mm:ss`, an optional fraction (up to 18
 * digits), and an optional `Z` or `+hh:mm` or `-hh:mm`. False for anything else, also for a day
 * that the month does not have. Second 60 is no time. */
bool instant_parse(struct text text, struct instant *out);

enum { INSTANT_TEXT_SIZE = 48 };

/* Writes an instant (not INSTANT_NULL) of the years 0 … 9999 and gives the length; terminated:
 * `YYYY-MM-DD` for a date, else that with `Thh:mm:ss`, a fraction without zeros at its end if there
 * is one, and `Z` if it has a zone. instant_parse reads it back. */
size_t instant_print(const struct instant *instant, char out[INSTANT_TEXT_SIZE]);

/* The first second of the year 0 and the last one of the year 9999: what can be printed. */
#define INSTANT_SECONDS_MIN INT64_C(-62167219200)
#define INSTANT_SECONDS_MAX INT64_C(253402300799)

/* The instant (not INSTANT_NULL) as an exact decimal of seconds: equal and ordered as instants. */
void instant_number(const struct instant *instant, struct number *out);

/* By time; negative, 0 or positive. */
int instant_compare(const struct instant *a, const struct instant *b);

#endif
