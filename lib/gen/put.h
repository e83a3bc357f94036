/* gen/put.h - writes parts of rows. Each function takes where to write, with room for what it says,
 * and gives the end of what it wrote. Any thread. */
#ifndef GEN_PUT_H
#define GEN_PUT_H

#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    PUT_WHOLE_SIZE = 20,       /* the longest whole number */
    PUT_MONEY_SIZE = 14,       /* the longest of put_hundredths */
    PUT_TIME_SIZE = 19,        /* of put_time */
    PUT_FIELD_EXTRA = 3,       /* put_field's quotes, and a delimiter or line end */
    PUT_BLOCK_BYTES = 64 << 10 /* for which room is made at once */
};

/* "00" to "99". */
extern const char put_pairs[200];

static inline char *put_pair(char *out, unsigned number)
{
    memcpy(out, put_pairs + 2 * (size_t)number, 2);
    return out + 2;
}

/* A whole number; PUT_WHOLE_SIZE bytes of room. */
char *put_whole(char *out, uint64_t number);

/* A whole number below 1000; 3 bytes of room, which may all be written. */
char *put_small(char *out, unsigned number);

/* Hundredths with two decimals: -12.50; PUT_MONEY_SIZE bytes of room. */
char *put_hundredths(char *out, int64_t hundredths);

/* Seconds since 1970, from then to 9999: "2023-07-14 18:23:11". */
char *put_time(char *out, int64_t seconds);

/* A field, quoted if it holds the delimiter; itself without quotes and line ends. */
char *put_field(char *out, const char *field, size_t length, char delimiter);

/* ---- rows --------------------------------------------------------------------------------- */

/* Writes the row of that number, at most `most` bytes. */
typedef char *put_row(char *out, uint64_t key, uint64_t row, char delimiter);

struct put_rows {
    uint64_t key;
    uint64_t first;
    uint64_t count;
    size_t most; /* bytes of a row, with what may be written past its end */
};

/* Appends rows; to be inlined with a known writer. */
static inline void put_rows(const struct put_rows *rows, put_row *write, char delimiter,
                            struct buffer *out)
{
    const uint64_t block = PUT_BLOCK_BYTES / rows->most + 1;
    uint64_t next = rows->first;
    for (uint64_t left = rows->count; left > 0;) {
        const uint64_t count = left < block ? left : block;
        if (!buffer_reserve(out, (size_t)count * rows->most))
            return;
        char *end = out->bytes + out->length;
        for (uint64_t i = 0; i < count; i++)
            end = write(end, rows->key, next + i, delimiter);
        out->length = (size_t)(end - out->bytes);
        next += count;
        left -= count;
    }
}

/* Appends rows for a delimiter that fields may hold. `write` is called with the delimiter NUL,
 * which no field holds; nor does one hold a quote or a line end. */
void put_rows_quoted(const struct put_rows *rows, put_row *write, char delimiter,
                     struct buffer *out);

/* ---- records: little-endian ------------------------------------------------------------------ */

static inline char *put_bytes(char *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (char)(number >> 8 * i & 0xff);
    return out + bytes;
}

static inline char *put_double(char *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return put_bytes(out, bits, sizeof bits);
}

/* Text of `length` bytes, padded with NULs to `size`. */
static inline char *put_padded(char *out, const char *text, size_t length, size_t size)
{
    memcpy(out, text, length);
    memset(out + length, 0, size - length);
    return out + size;
}

#endif
