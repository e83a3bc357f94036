/* JSON as of RFC 8259, made to lose nothing:
 *
 * - Valid UTF-8 stays as it is, save controls (C0, DEL, C1), which are escaped.
 * - A byte b that is no part of valid UTF-8 becomes the lone surrogate \udcXX, XX being b in hex.
 *   Valid text never makes one, so the bytes can be had back: it is Python's "surrogateescape"
 *   (PEP 383), json.loads(…).encode("utf-8", "surrogateescape") there.
 * - Numbers have all their digits: readers that keep decimals lose nothing. NaN and the infinities,
 *   which JSON numbers cannot be, are the strings "NaN", "inf" and "-inf". */
#include "render/object.h"

#include "base/memory.h"
#include "num/print.h"
#include "render/character.h"

#include <math.h>

static void append_escape(struct buffer *out, struct character character)
{
    switch (character.valid ? character.code_point : 0) {
    case '"':
        buffer_append_string(out, "\\\"");
        break;
    case '\\':
        buffer_append_string(out, "\\\\");
        break;
    case '\n':
        buffer_append_string(out, "\\n");
        break;
    case '\r':
        buffer_append_string(out, "\\r");
        break;
    case '\t':
        buffer_append_string(out, "\\t");
        break;
    default:
        buffer_append_format(out, "\\u%04x",
                             (unsigned)character.code_point + (character.valid ? 0 : 0xdc00U));
    }
}

/* Printable ASCII that needs no escape: most of all text. */
static bool is_plain(char byte)
{
    return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

static void append_string(struct buffer *out, struct text text)
{
    buffer_append_byte(out, '"');
    size_t start = 0; /* of the run of characters that stay as they are */
    for (size_t i = 0; i < text.length;) {
        if (is_plain(text.bytes[i])) {
            i++;
            continue;
        }
        const struct character character = character_at(text.bytes + i, text.length - i);
        if (!character.valid || character_is_control(character.code_point) ||
            character.code_point < 0x80) {
            buffer_append(out, text.bytes + start, i - start);
            append_escape(out, character);
            start = i + character.length;
        }
        i += character.length;
    }
    buffer_append(out, text.bytes + start, text.length - start);
    buffer_append_byte(out, '"');
}

static void append_number(struct buffer *out, const struct number *number)
{
    if (number->kind == NUMBER_DOUBLE && !isfinite(number->real)) {
        char word[NUMBER_TEXT_SIZE];
        append_string(out, (struct text){word, number_print(number, word)});
        return;
    }
    char *const room = buffer_room(out, NUMBER_TEXT_SIZE);
    if (room != NULL)
        out->length += number_print(number, room);
}

static void append_value(struct buffer *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        buffer_append_string(out, "null");
        break;
    case VALUE_TEXT:
        append_string(out, value->text);
        break;
    case VALUE_NUMBER:
        append_number(out, &value->number);
        break;
    }
}

enum sheaf_status object_keys_open(struct object_keys *keys, const struct render_header *header,
                                   struct sheaf_error *error)
{
    *keys = (struct object_keys){.columns = header->columns};
    keys->ends = memory_zeroed(header->columns, sizeof *keys->ends);
    if (keys->ends == NULL)
        return error_no_memory(error, "column names");
    for (uint32_t i = 0; i < header->columns; i++) {
        buffer_append_byte(&keys->bytes, i == 0 ? '{' : ',');
        append_string(&keys->bytes, header->names[i]);
        buffer_append_byte(&keys->bytes, ':');
        keys->ends[i] = keys->bytes.length;
    }
    return keys->bytes.failed ? error_no_memory(error, "column names") : SHEAF_OK;
}

void object_keys_close(struct object_keys *keys)
{
    buffer_close(&keys->bytes);
    memory_free(keys->ends);
    keys->ends = NULL;
}

void object_append(const struct object_keys *keys, const struct value *cells, struct buffer *out)
{
    if (keys->columns == 0)
        buffer_append_byte(out, '{');
    size_t start = 0;
    for (uint32_t i = 0; i < keys->columns; i++) {
        buffer_append(out, keys->bytes.bytes + start, keys->ends[i] - start);
        append_value(out, &cells[i]);
        start = keys->ends[i];
    }
    buffer_append_byte(out, '}');
}
