/* npy_file.h - .npy files made by the tests themselves, byte by byte. */
#ifndef NPY_FILE_H
#define NPY_FILE_H

#include "base/buffer.h"

#include <stdint.h>

/* Appends magic, version, length and the header's text, padded as NumPy does. */
void npy_file_header(struct buffer *out, unsigned major, const char *dictionary);

/* As above, of bytes that need not be text, and without padding. */
void npy_file_raw_header(struct buffer *out, unsigned major, const char *bytes, size_t length);

/* Appends a whole number of 1 to 8 bytes in either byte order. */
void npy_file_word(struct buffer *out, uint64_t word, size_t size, int big);

#endif
