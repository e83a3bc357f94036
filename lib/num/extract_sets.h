/* num/extract_sets.h - the rows of extract.h's table, a file each. */
#ifndef NUM_EXTRACT_SETS_H
#define NUM_EXTRACT_SETS_H

#include "num/extract.h"

extern const struct extract_ops extract_plain;
#if defined(__x86_64__)
extern const struct extract_ops extract_avx2;
#endif

#endif
