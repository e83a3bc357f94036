/* Unicode's block elements: U+2588 FULL BLOCK to U+258F LEFT ONE EIGHTH BLOCK, from eight eighths
 * of a character's width down to one. */
#include "render/bar.h"

#include "base/number.h"

enum { EIGHTHS = 8 };

/* Appends U+2590 - eighths (1 ... 8) in UTF-8. */
static size_t append_block(char *out, unsigned eighths)
{
    out[0] = '\xe2';
    out[1] = '\x96';
    out[2] = (char)(0x90 - eighths);
    return 3;
}

size_t bar_draw(uint64_t count, uint64_t most, size_t width, char out[BAR_SIZE])
{
    const unsigned whole = (unsigned)width * EIGHTHS;
    unsigned left = 0;
    if (count >= most && count > 0)
        left = whole;
    else if (count > 0)
        left = (unsigned)((uint128)count * whole / most);
    if (left == 0 && count > 0)
        left = 1;

    size_t length = 0;
    for (; left >= EIGHTHS; left -= EIGHTHS)
        length += append_block(out + length, EIGHTHS);
    if (left > 0)
        length += append_block(out + length, left);
    return length;
}
