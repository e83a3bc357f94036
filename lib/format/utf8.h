/* format/utf8.h - characters as UTF-8 (RFC 3629). Pure functions: any thread. */
#ifndef FORMAT_UTF8_H
#define FORMAT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False for surrogates and for what is past U+10FFFF. */
bool utf8_is_character(uint32_t point);

/* Writes a character, of 1 to 4 bytes; gives the byte behind it. */
char *utf8_put(char *out, uint32_t point);

/* The length of the valid character at `bytes`, of which `left` (at least 1) are there; 0: there
 * is none. */
size_t utf8_length(const char *bytes, size_t left);

#endif
