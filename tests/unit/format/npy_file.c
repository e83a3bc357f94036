#include "npy_file.h"

#include <string.h>

void npy_file_raw_header(struct buffer *out, unsigned major, const char *bytes, size_t length)
{
    buffer_append(out, "\x93NUMPY", 6);
    buffer_append_byte(out, (char)major);
    buffer_append_byte(out, 0);
    npy_file_word(out, length, major == 1 ? 2 : 4, 0);
    buffer_append(out, bytes, length);
}

void npy_file_header(struct buffer *out, unsigned major, const char *dictionary)
{
    struct buffer text = {.bytes = NULL};
    const size_t before = major == 1 ? 10 : 12;
    buffer_append_string(&text, dictionary);
    while ((before + text.length + 1) % 64 != 0)
        buffer_append_byte(&text, ' ');
    buffer_append_byte(&text, '\n');
    npy_file_raw_header(out, major, text.bytes, text.length);
    buffer_close(&text);
}

void npy_file_word(struct buffer *out, uint64_t word, size_t size, int big)
{
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(out, (char)(word >> 8 * (big ? size - 1 - i : i)));
}
