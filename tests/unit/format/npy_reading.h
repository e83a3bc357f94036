/* npy_reading.h - readings of .npy files made by the tests, at every chunk size, as files and as
 * pipes. */
#ifndef NPY_READING_H
#define NPY_READING_H

#include "reading.h"

#include <stdbool.h>

/* A reading of the first `columns` columns, at most 32. */
struct reading_setup npy_setup(const struct format_options *options, uint32_t columns,
                               uint64_t chunk_size);

void npy_add(struct reading_files *files, const struct buffer *bytes, bool is_pipe);

/* As reading_put_field. */
void npy_put_string(struct buffer *out, const char *string);

/* Fails the test unless the reading gave these rows. */
void npy_expect(const struct reading *got, const struct buffer *expected);

/* Reads one file in chunks of 1 to `most` bytes, from a file and from a pipe. */
void npy_check_rows(const struct buffer *bytes, struct reading_setup setup, uint64_t most,
                    const struct buffer *expected);

#endif
