/* agg/padded.h - short texts as fixed-width pieces, so that comparing two of them is comparing
 * integers. Private to this room. Any thread. */
#ifndef AGG_PADDED_H
#define AGG_PADDED_H

#include "base/text.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Writes up to 8 bytes to the front of 8 zeroed ones. The copies overlap, instead of being of a
 * length that only the text knows: each is one instruction. */
static inline void padded_word(char out[8], const char *bytes, size_t length)
{
    if (length == 8) {
        memcpy(out, bytes, 8);
    } else if (length >= 4) {
        memcpy(out, bytes, 4);
        memcpy(out + length - 4, bytes + length - 4, 4);
    } else if (length > 0) {
        out[0] = bytes[0];
        out[length / 2] = bytes[length / 2];
        out[length - 1] = bytes[length - 1];
    }
}

/* As padded_word for up to 16 bytes. */
static inline void padded_pair(char out[16], const char *bytes, size_t length)
{
    if (length <= 8) {
        padded_word(out, bytes, length);
    } else {
        memcpy(out, bytes, 8);
        memcpy(out + length - 8, bytes + length - 8, 8);
    }
}

/* The first 8 bytes as a number whose order is the texts' byte order, save that texts with equal
 * prefixes need a look at the rest. The text is not null. */
static inline uint64_t padded_prefix(struct text text)
{
    char bytes[8] = {0};
    padded_word(bytes, text.bytes, text.length < 8 ? text.length : 8);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return be64toh(word);
}

#endif
