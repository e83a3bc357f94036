/* values.h - the kinds of value that options take. Each is an option_parse (see options.h); the
 * type in the comment is that of the member it fills. */
#ifndef VALUES_H
#define VALUES_H

#include "options.h"

option_parse value_flag;         /* bool: the option was there */
option_parse value_text;         /* const char *: anything */
option_parse value_path;         /* const char *: not empty */
option_parse value_number;       /* uint64_t: digits, from row->least to row->most */
option_parse value_size;         /* uint64_t: digits and perhaps K, M or G; least and most apply */
option_parse value_byte;         /* int: a byte, or the name of one; no line end, no NUL */
option_parse value_byte_or_none; /* int: the same, or SHEAF_NO_BYTE for "none" */
option_parse value_choice;       /* int: the value of one of row->choices */
option_parse value_choices;      /* int: of several, separated by commas, their bits joined; the
                                    choice whose value is 0 stands alone */
option_parse value_entry;        /* const char *: the name of one of row->entries */

#endif
