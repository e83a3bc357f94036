/* format/binary_decode.h - from the bytes of one column's values to the vectors of a batch.
 *
 * One tight loop for each kind, size and byte order; the functions are chosen once per file and
 * called once per batch. Pure functions: any thread. */
#ifndef FORMAT_BINARY_DECODE_H
#define FORMAT_BINARY_DECODE_H

#include "format/binary.h"
#include "num/time.h"

/* The values of some rows: the first at `bytes`, each next one `stride` further. */
struct binary_cells {
    const struct binary_field *field;
    const unsigned char *bytes;
    size_t stride;
    uint32_t rows;
};

/* Numbers are never bad. */
typedef void binary_numbers(const struct binary_cells *cells, struct number *out);
typedef void binary_reals(const struct binary_cells *cells, double *out);

/* These give the number of good rows, all of `rows`, or those before the first bad value. The texts
 * stand in the cells or in `store`: binary_text_size() bytes for each row. */
typedef uint32_t binary_instants(const struct binary_cells *cells, struct instant *out);
typedef uint32_t binary_texts(const struct binary_cells *cells, char *store, struct text *out);

/* The functions for a field; NULL: it does not have that form. */
struct binary_decoder {
    binary_numbers *numbers;
    binary_reals *reals;
    binary_instants *instants;
    binary_texts *texts;
};
struct binary_decoder binary_decoder_for(const struct binary_field *field);

/* Gives the cells as they stand when they are doubles of this machine side by side, else NULL. */
const double *binary_reals_there(const struct binary_cells *cells);

/* Bytes of the store that each row's text of this field may take. */
size_t binary_text_size(const struct binary_field *field);

/* Says what is wrong with a bad value, and at which byte of it. */
enum { BINARY_REASON = 128 };
void binary_describe_bad(const struct binary_field *field, const unsigned char *bytes,
                         char reason[BINARY_REASON], size_t *byte);

#endif
