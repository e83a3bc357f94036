/* render/character.h - reads text that may or may not be UTF-8, character by character. Pure
 * functions; any thread. */
#ifndef RENDER_CHARACTER_H
#define RENDER_CHARACTER_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A code point and the bytes it takes; or, not valid, one byte that is no part of UTF-8. */
struct character {
    uint32_t code_point; /* the byte's value when not valid */
    uint32_t length;     /* bytes, at least 1 */
    bool valid;
};

/* Gives the character at the start of `length` (at least 1) bytes. */
struct character character_at(const char *bytes, size_t length);

/* True for C0 controls, DEL and C1 controls. */
bool character_is_control(uint32_t code_point);

/* Appends the character that starts at `bytes` as a person may safely see it: controls, line
 * separators, bidirectional controls and invalid bytes as \n, \x1b, \u202e; all others as they
 * are. Gives the number of characters appended: the width on a terminal, for most scripts. */
size_t character_append_visible(struct buffer *out, const char *bytes, struct character character);

#endif
