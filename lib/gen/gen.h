/* gen/gen.h - row generators: any row of a dataset from its number and the seed alone, so that
 * the bytes are the same however the rows are dealt out. Any thread. */
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include "base/buffer.h"

#include <stdint.h>

struct gen_ops {
    const char *name;
    const char *help;
    char delimiter;     /* the default one */
    const char *header; /* NULL: none; column names separated by commas */
    uint32_t row_bytes; /* about how many bytes a row takes */
    /* Appends rows first … first + count - 1 as CSV with LF line ends. */
    void (*csv)(uint64_t seed, uint64_t first, uint64_t count, char delimiter, struct buffer *out);
};

/* The table, in the order of the help. */
extern const struct gen_ops *const gen_table[];
extern const size_t gen_table_length;

/* The row named `name`, or NULL. */
const struct gen_ops *gen_find(const char *name);

#endif
