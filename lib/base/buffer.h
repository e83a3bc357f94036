/* base/buffer.h - a growing byte buffer that remembers whether it failed.
 *
 * Writers append without checking and look at `failed` once at the end. One thread at a time. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* All-zero is a valid empty buffer. `length` bytes at `bytes` are in use. */
struct buffer {
    char *bytes;
    size_t length;
    size_t capacity;
    bool failed; /* an allocation was refused; later appends do nothing */
};

/* Makes room for `extra` more bytes; false (and failed) when there is no memory. */
bool buffer_reserve(struct buffer *buffer, size_t extra);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The place for `extra` more bytes, which the caller writes and adds to `length`; NULL as above. */
static inline char *buffer_room(struct buffer *buffer, size_t extra)
{
    if ((buffer->failed || extra > buffer->capacity - buffer->length) &&
        !buffer_reserve(buffer, extra))
        return NULL;
    return buffer->bytes + buffer->length;
}

static inline void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    char *const room = length == 0 ? NULL : buffer_room(buffer, length);
    if (room == NULL)
        return;
    memcpy(room, bytes, length);
    buffer->length += length;
}

static inline void buffer_append_byte(struct buffer *buffer, char byte)
{
    char *const room = buffer_room(buffer, 1);
    if (room == NULL)
        return;
    *room = byte;
    buffer->length++;
}

/* Empties the buffer and keeps its memory. */
void buffer_clear(struct buffer *buffer);
/* Frees the memory; the buffer is empty and usable after. */
void buffer_close(struct buffer *buffer);

#endif
