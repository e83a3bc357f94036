/* format/binary_word.h - whole numbers of 1 to 8 bytes in either byte order, anywhere in memory. */
#ifndef FORMAT_BINARY_WORD_H
#define FORMAT_BINARY_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Always inlined: `size` (1, 2, 4 or 8) and `big` are constants where it is called, and one load is
 * left, with a byte swap where the machine has the other order. */
__attribute__((always_inline)) static inline uint64_t binary_word(const unsigned char *bytes,
                                                                  unsigned size, bool big)
{
    const bool swap = big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        return bytes[0];
    case 2:
        memcpy(&two, bytes, sizeof two);
        return swap ? __builtin_bswap16(two) : two;
    case 4:
        memcpy(&four, bytes, sizeof four);
        return swap ? __builtin_bswap32(four) : four;
    default:
        memcpy(&eight, bytes, sizeof eight);
        return swap ? __builtin_bswap64(eight) : eight;
    }
}

/* As binary_word, of a number in two's complement. */
__attribute__((always_inline)) static inline int64_t binary_signed_word(const unsigned char *bytes,
                                                                        unsigned size, bool big)
{
    const unsigned unused = 64 - 8 * size;
    return (int64_t)(binary_word(bytes, size, big) << unused) >> unused;
}

#endif
