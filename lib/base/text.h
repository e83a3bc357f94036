/* base/text.h - a slice of somebody's bytes: the value type of text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <string.h>

/* `length` bytes at `bytes`, not terminated, any byte values. bytes == NULL: null (no value). */
struct text {
    const char *bytes;
    size_t length;
};

/* Byte order, a shorter one before a longer one that it begins. Neither may be null. */
static inline int text_compare(struct text a, struct text b)
{
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter == 0 ? 0 : memcmp(a.bytes, b.bytes, shorter);
    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

#endif
