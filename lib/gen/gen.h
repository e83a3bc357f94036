/* gen/gen.h - row generators: any row of a dataset from its number and the seed alone, so that
 * the bytes are the same however the rows are dealt out. Any thread. */
#ifndef GEN_GEN_H
#define GEN_GEN_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* A column of the records that a generator writes, without gaps and little-endian. */
struct gen_column {
    const char *name; /* letters and '_'; the header of the CSV, too */
    const char *raw;  /* its type in a schema of raw records: "i64", "c16" */
    const char *npy;  /* its NumPy type, of the same bytes: "<i8", "<M8[s]", "|S16" */
};

struct gen_ops {
    const char *name;
    const char *help;
    char delimiter; /* of CSV, the default one */
    bool no_header; /* of CSV */
    const struct gen_column *columns;
    uint32_t column_count;
    uint32_t record_bytes; /* exactly */
    uint32_t row_bytes;    /* about how many bytes a row of CSV takes */
    const char *schema;    /* the names and raw types of the columns: "n:i64" */
    /* Appends rows first … first + count - 1 as CSV with LF line ends. A field that holds the
     * delimiter, a quote or a line end is quoted; the delimiter is none of the two itself. */
    void (*csv)(uint64_t seed, uint64_t first, uint64_t count, char delimiter, struct buffer *out);
    /* Appends the same rows as records. */
    void (*records)(uint64_t seed, uint64_t first, uint64_t count, struct buffer *out);
};

/* The table, in the order of the help. */
extern const struct gen_ops *const gen_table[];
extern const size_t gen_table_length;

/* The row named `name`, or NULL. */
const struct gen_ops *gen_find(const char *name);

/* Appends the line of column names, or nothing for a generator without one. */
void gen_header(const struct gen_ops *generator, char delimiter, struct buffer *out);

#endif
