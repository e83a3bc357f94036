/* unit/scan/kernel_fixture.h - what tests of scan/kernel.h read: random files, and what a slow walk
 * with the plain automaton finds in them. */
#ifndef KERNEL_FIXTURE_H
#define KERNEL_FIXTURE_H

#include "scan/kernel.h"

enum { FIXTURE_MOST = 6000 };

/* A copy of bytes that ends where a kernel may read no more; free `memory`. */
struct fixture_copy {
    char *memory;
    char *bytes;
    size_t length;
};

/* Puts the copy `shift` bytes behind a multiple of 64. Behind the end stand bytes that mislead. */
struct fixture_copy fixture_copy(const struct scan_dialect *dialect, const char *bytes,
                                 size_t length, size_t shift);

extern const struct scan_dialect fixture_dialects[];
enum { FIXTURE_DIALECTS = 7, FIXTURE_INDEXED = 5 }; /* the first ones are for the index too */

/* Writes a random file; gives its length, 1 … FIXTURE_MOST. Some are noise, most of it bytes that
 * mean something; others are rows of some columns, with now and then something odd. */
size_t fixture_file(const struct scan_dialect *dialect, uint64_t *seed, char *bytes);

/* The index as scan/kernel.h defines it. The marks are the caller's. */
void fixture_walk(const struct scan_dialect *dialect, const char *bytes, size_t length,
                  uint32_t rows_most, struct scan_index *out);

/* What rows the first `columns`-field rows are, by the words of scan/kernel.h. */
uint32_t fixture_regular_rows(const struct scan_index *index, const char *bytes, uint32_t columns);

/* Gives memory, or ends the test. What the kernel before wrote to it is gone. */
void *fixture_memory(size_t size);

#endif
