/* job/nearest.h - did-you-mean: the edit distance between names. Pure; any thread. */
#ifndef JOB_NEAREST_H
#define JOB_NEAREST_H

#include "base/text.h"

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) that turn
 * one into the other, ignoring ASCII case; at most `limit` + 1 is told apart. Names longer than 64
 * bytes are far from everything. */
size_t edit_distance(struct text a, struct text b, size_t limit);

/* The largest distance at which a name is worth suggesting for a word of `length` bytes. */
size_t edit_distance_limit(size_t length);

/* The word of `names` (ended by NULL) that is nearest to `word`, or NULL when none is near. */
const char *nearest_name(struct text word, const char *const *names);

#endif
