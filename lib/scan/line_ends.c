#include "scan/line_ends.h"

/* A plain loop over bytes that compilers turn into vector compares and adds. */
static uint64_t count_byte(const char *bytes, size_t length, char wanted)
{
    uint64_t count = 0;
    for (size_t start = 0; start < length;) {
        /* Blocks of at most 255 let the vectoriser count in bytes. */
        const size_t stop = length - start > 255 ? start + 255 : length;
        unsigned char block = 0;
        for (size_t i = start; i < stop; i++)
            block = (unsigned char)(block + (bytes[i] == wanted));
        count += block;
        start = stop;
    }
    return count;
}

struct line_ends line_ends_count(const char *bytes, size_t length, bool cr_ends)
{
    if (!cr_ends || length == 0)
        return (struct line_ends){.count = count_byte(bytes, length, '\n')};
    struct line_ends ends = {.first_is_lf = bytes[0] == '\n',
                             .last_is_cr = bytes[length - 1] == '\r'};
    char before = 0;
    for (size_t i = 0; i < length; i++) {
        ends.count += bytes[i] == '\r' || (bytes[i] == '\n' && before != '\r');
        before = bytes[i];
    }
    return ends;
}

struct line_ends line_ends_add(struct line_ends a, struct line_ends b)
{
    return (struct line_ends){
        .count = a.count + b.count - (a.last_is_cr && b.first_is_lf),
        .first_is_lf = a.first_is_lf,
        .last_is_cr = b.last_is_cr,
    };
}
