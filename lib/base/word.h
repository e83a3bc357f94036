/* base/word.h - little-endian words in saved bytes, on any machine, anywhere in memory. `width` is
 * their number of bytes, 1 to 8. Any thread. */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include "base/buffer.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORD_SIZE = 8 };

/* Turns the machine's order of all eight bytes into the little-endian one, or back. */
static inline uint64_t word_order(uint64_t word)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* Writes the low `width` bytes of a word. */
static inline void word_store(char *out, uint64_t word, size_t width)
{
    const uint64_t ordered = word_order(word);
    memcpy(out, &ordered, width);
}

static inline uint64_t word_load(const char *bytes, size_t width)
{
    uint64_t ordered = 0;
    memcpy(&ordered, bytes, width);
    return word_order(ordered);
}

/* As word_store, to the end of a buffer, which remembers a refused allocation. */
static inline void word_append(struct buffer *out, uint64_t word, size_t width)
{
    char bytes[WORD_SIZE];
    word_store(bytes, word, width);
    buffer_append(out, bytes, width);
}

/* As word_load, from the front of *bytes, which moves past it; false, and nothing changed, when
 * there are not as many. */
static inline bool word_take(struct text *bytes, size_t width, uint64_t *word)
{
    if (bytes->length < width)
        return false;
    *word = word_load(bytes->bytes, width);
    bytes->bytes += width;
    bytes->length -= width;
    return true;
}

/* Reads word after word: `short_of` says whether more was asked for than there was. */
struct word_reader {
    struct text rest;
    bool short_of;
};

/* The next word, of `count` bytes; 0 when there are not as many. */
static inline uint64_t word_read(struct word_reader *reader, size_t count)
{
    uint64_t value = 0;
    if (!word_take(&reader->rest, count, &value))
        reader->short_of = true;
    return value;
}

#endif
