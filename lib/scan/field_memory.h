/* scan/field_memory.h - the memory that libcsv keeps an open field in.
 *
 * libcsv asks for more by small steps; this rounds up, so that a long field is copied a logarithmic
 * number of times. The functions have the shapes that libcsv calls. Any thread. */
#ifndef SCAN_FIELD_MEMORY_H
#define SCAN_FIELD_MEMORY_H

#include <stddef.h>

enum { FIELD_MEMORY_STEP = 4096 };

/* As realloc; the size is at least FIELD_MEMORY_STEP, and grows by doubling. */
void *field_memory_resize(void *bytes, size_t size);

/* As free. */
void field_memory_free(void *bytes);

/* The bytes that were set aside; 0 for NULL. */
size_t field_memory_size(const void *bytes);

#endif
