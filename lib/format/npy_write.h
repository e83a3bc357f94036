/* format/npy_write.h - the beginning of a .npy file: what stands before the bytes of an array. */
#ifndef FORMAT_NPY_WRITE_H
#define FORMAT_NPY_WRITE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct npy_field {
    const char *name; /* ASCII; NULL, of a single field: the array is a plain one */
    const char *type; /* as NumPy writes it: "<i8", "|S16" */
};

/* Appends the header of a one-dimensional array of `rows` records with these fields, at least one.
 * Its length is a multiple of 64. Fails with SHEAF_DATA when a name is not ASCII or the header
 * longer than the 65 535 bytes of version 1.0, and for want of memory. Any thread. */
enum sheaf_status npy_write_header(const struct npy_field *fields, size_t count, uint64_t rows,
                                   struct buffer *out, struct sheaf_error *error);

#endif
