#include "message.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 2048 };

void message(const char *format, ...)
{
    static const char prefix[] = "sheaf: ";
    char line[MESSAGE_SIZE];
    memcpy(line, prefix, sizeof prefix);
    const size_t start = sizeof prefix - 1;

    va_list arguments;
    va_start(arguments, format);
    /* One byte stays free for the line end. */
    const int length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    const size_t end = strlen(line);
    line[end] = '\n';
    (void)fwrite(line, 1, end + 1, stderr); /* there is nowhere left to say that this failed */
}

/* Steps back from the middle of a UTF-8 sequence to its first byte. */
static size_t character_start(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

struct quoted quoted(const char *word)
{
    enum { ESCAPE = 4, TAIL = sizeof "...'" };
    struct quoted out = {.text = "'"};
    size_t length = 1;
    const char *at = word;
    for (; *at != '\0' && length + ESCAPE + TAIL <= sizeof out.text; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7f)
            length += (size_t)snprintf(out.text + length, ESCAPE + 1, "\\x%02x", byte);
        else
            out.text[length++] = *at;
    }
    if (*at != '\0')
        length -= (size_t)(at - word) - character_start(word, (size_t)(at - word));
    strcpy(out.text + length, *at != '\0' ? "...'" : "'");
    return out;
}
