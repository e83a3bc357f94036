/* render/bar.h - bars of block characters, for counts in a table that a person reads. Pure; any
 * thread. */
#ifndef RENDER_BAR_H
#define RENDER_BAR_H

#include <stddef.h>
#include <stdint.h>

enum {
    BAR_WIDTH = 40,           /* characters of the longest bar, where there is room for it */
    BAR_SIZE = 3 * BAR_WIDTH, /* bytes: each is a character of three in UTF-8 */
};

/* Draws the bar of `count` beside one of `width` characters (1 … BAR_WIDTH) for `most`; a count
 * past it gets as long a one. Gives the bytes written, no NUL among them: 0 for a count of 0 only,
 * so that the rarest is still seen. */
size_t bar_draw(uint64_t count, uint64_t most, size_t width, char out[BAR_SIZE]);

#endif
