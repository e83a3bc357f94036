/* job/native.h - values of tables of distinct values as the input has them, or as they print. Pure.
 */
#ifndef JOB_NATIVE_H
#define JOB_NATIVE_H

#include "agg/value_table.h"
#include "num/print.h"
#include "num/time.h"

enum { NATIVE_TEXT_SIZE = NUMBER_TEXT_SIZE };
_Static_assert((int)NATIVE_TEXT_SIZE >= (int)INSTANT_TEXT_SIZE, "an instant fits too");

/* The text of a value (a key; bytes NULL: null) of a column of this type: of CSV and texts the
 * bytes themselves, else as the value prints, in `scratch`. */
struct text native_text(enum column_type type, struct text key, char scratch[NATIVE_TEXT_SIZE]);

/* The same as a cell of a result. */
struct value native_cell(enum column_type type, struct text key, char scratch[NATIVE_TEXT_SIZE]);

#endif
