/* num/parse.h - text to number. Locale-free. Any thread. */
#ifndef NUM_PARSE_H
#define NUM_PARSE_H

#include "base/number.h"
#include "base/text.h"

#include <stdbool.h>

/* Reads `[+-]?(D+(.D*)?|.D+)([eE][+-]?D+)?`, or an optionally signed inf or infinity, or nan, any
 * case; spaces and tabs around it are ignored. Exactness as in base/number.h, judged on the text
 * alone; else the nearest double (ties to even), whatever the length. False when the text is no
 * number (also when empty or null). */
bool number_parse(struct text text, struct number *out);

/* Reads `count` texts into `out`: a null text gives NUMBER_NULL. A text that is no number gives
 * NUMBER_NULL too and its position is appended to `bad`, which has room for `count`. Gives the
 * number of bad ones. One call per batch, none per value. */
uint32_t number_parse_column(const struct text *texts, uint32_t count, struct number *out,
                             uint32_t *bad);

/* As number_parse_column for the rows listed in `selection` (`selected` ascending row numbers);
 * writes out[row] for these rows only; bad ones are row numbers. */
uint32_t number_parse_selected(const struct text *texts, const uint32_t *selection,
                               uint32_t selected, struct number *out, uint32_t *bad);

#endif
