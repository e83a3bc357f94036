#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[SHEAF_STATUS_COUNT] = {
    [SHEAF_OK] = "ok",           [SHEAF_END] = "end",     [SHEAF_TIMEOUT] = "timeout",
    [SHEAF_STOPPED] = "stopped", [SHEAF_USAGE] = "usage", [SHEAF_DATA] = "data",
    [SHEAF_SYSTEM] = "system",   [SHEAF_LIMIT] = "limit", [SHEAF_BUSY] = "busy",
};

const char *sheaf_status_name(enum sheaf_status status)
{
    return (unsigned)status < SHEAF_STATUS_COUNT ? status_names[status] : "unknown";
}

void error_clear(struct sheaf_error *error)
{
    error->status = SHEAF_OK;
    error->system_errno = 0;
    error->file = 0;
    error->column = 0;
    error->line = 0;
    error->byte = 0;
    error->text[0] = '\0';
}

enum sheaf_status error_set(struct sheaf_error *error, enum sheaf_status status, const char *format,
                            ...)
{
    if (error == NULL)
        return status;
    *error = (struct sheaf_error){.status = status};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

enum sheaf_status error_adopt(struct sheaf_error *error, enum sheaf_status status)
{
    error->status = status;
    if (error->text[0] == '\0')
        (void)snprintf(error->text, sizeof error->text, "%s", sheaf_status_name(status));
    return status;
}

enum sheaf_status error_system(struct sheaf_error *error, int system_errno, const char *format, ...)
{
    if (error == NULL)
        return SHEAF_SYSTEM;
    *error = (struct sheaf_error){.status = SHEAF_SYSTEM, .system_errno = system_errno};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);

    const size_t used = strlen(error->text);
    char reason[128];
    snprintf(error->text + used, sizeof error->text - used, ": %s",
             strerror_r(system_errno, reason, sizeof reason));
    return SHEAF_SYSTEM;
}

void error_keep_earlier(struct sheaf_error *first, const struct sheaf_error *other)
{
    if (other->status == SHEAF_OK)
        return;
    if (first->status == SHEAF_OK || other->file < first->file ||
        (other->file == first->file && other->byte < first->byte))
        *first = *other;
}

enum sheaf_status error_no_memory(struct sheaf_error *error, const char *what)
{
    return error_set(error, SHEAF_SYSTEM, "out of memory: %s", what);
}

/* The length of the valid UTF-8 sequence at `bytes`, 0 when there is none (RFC 3629: no overlong
 * forms, no surrogates, nothing past U+10FFFF). */
static size_t utf8_length(const unsigned char *bytes, size_t left)
{
    const unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    const unsigned char second = bytes[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

/* Whether a valid sequence would move the cursor or the reading direction of a terminal: C1
 * controls (U+0080 … U+009F), U+200E/F, U+2028 … U+202E, U+2066 … U+2069. */
static int utf8_is_unsafe(const unsigned char *bytes, size_t length)
{
    if (length == 2)
        return bytes[0] == 0xc2 && bytes[1] < 0xa0;
    if (length != 3 || bytes[0] != 0xe2)
        return 0;
    return (bytes[1] == 0x80 && (bytes[2] == 0x8e || bytes[2] == 0x8f || bytes[2] >= 0xa8) &&
            bytes[2] <= 0xae) ||
           (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
}

const char *error_escape(char *out, size_t size, const char *bytes, size_t length)
{
    const unsigned char *in = (const unsigned char *)bytes;
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        const size_t sequence = utf8_length(in + i, length - i);
        char piece[8];
        size_t piece_length = sequence;
        size_t taken = sequence == 0 ? 1 : sequence;
        if (in[i] == '\\' || in[i] == '"') {
            piece_length = (size_t)snprintf(piece, sizeof piece, "\\%c", in[i]);
        } else if (in[i] == '\n' || in[i] == '\r' || in[i] == '\t') {
            const char letter = in[i] == '\n' ? 'n' : in[i] == '\r' ? 'r' : 't';
            piece_length = (size_t)snprintf(piece, sizeof piece, "\\%c", letter);
        } else if (sequence == 0 || in[i] < 0x20 || in[i] == 0x7f ||
                   utf8_is_unsafe(in + i, sequence)) {
            piece_length = (size_t)snprintf(piece, sizeof piece, "\\x%02x", in[i]);
            taken = 1;
        } else {
            memcpy(piece, in + i, sequence);
        }
        if (used + piece_length > size - 4) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        memcpy(out + used, piece, piece_length);
        used += piece_length;
        i += taken;
    }
    out[used] = '\0';
    return out;
}

const char *error_name(char out[ERROR_NAME_SIZE], const char *bytes, size_t length)
{
    return error_escape(out, ERROR_NAME_SIZE, bytes, length);
}
