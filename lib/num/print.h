/* num/print.h - number to text. Locale-free. Any thread. */
#ifndef NUM_PRINT_H
#define NUM_PRINT_H

#include "base/number.h"

#include <stddef.h>

enum { NUMBER_TEXT_SIZE = 128 };

/* Writes a number (not NUMBER_NULL) and gives the length; terminated. Decimals: exactly, fixed
 * notation, no plus sign, no zeros at the end of the fraction, -0 is 0. Doubles: the shortest
 * digits that read back as the same double (float, where NUMBER_SINGLE marks one); fixed notation
 * for 1e-7 <= |x| < 1e21, else like 1.25e-8; "NaN", "inf", "-inf". */
size_t number_print(const struct number *number, char out[NUMBER_TEXT_SIZE]);

#endif
