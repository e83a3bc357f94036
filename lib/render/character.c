#include "render/character.h"

/* The number of continuation bytes that a leading byte asks for; 0: it cannot lead a sequence.
 * C0, C1 and F5 … FF begin nothing valid (RFC 3629, section 4). */
static uint32_t continuation_bytes(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return 1;
    if (lead >= 0xe0 && lead <= 0xef)
        return 2;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 3;
    return 0;
}

struct character character_at(const char *bytes, size_t length)
{
    const unsigned char lead = (unsigned char)bytes[0];
    const struct character invalid = {.code_point = lead, .length = 1};
    if (lead < 0x80)
        return (struct character){.code_point = lead, .length = 1, .valid = true};

    const uint32_t more = continuation_bytes(lead);
    if (more == 0 || more >= length)
        return invalid;
    uint32_t code_point = lead & (0x3fU >> more);
    for (uint32_t i = 1; i <= more; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if ((byte & 0xc0) != 0x80)
            return invalid;
        code_point = code_point << 6 | (byte & 0x3f);
    }
    /* Overlong forms, UTF-16 surrogates, and what is past the last plane. */
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (code_point < smallest[more] || code_point > 0x10ffff ||
        (code_point >= 0xd800 && code_point <= 0xdfff))
        return invalid;
    return (struct character){.code_point = code_point, .length = more + 1, .valid = true};
}

bool character_is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/* Line separators, and what changes the direction of the text around it (Unicode Bidi_Control). */
static bool is_layout(uint32_t code_point)
{
    return code_point == 0x061c || code_point == 0x200e || code_point == 0x200f ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

static size_t append_escape(struct buffer *out, struct character character)
{
    const size_t before = out->length;
    if (character.code_point == '\n')
        buffer_append_string(out, "\\n");
    else if (character.code_point == '\r')
        buffer_append_string(out, "\\r");
    else if (character.code_point == '\t')
        buffer_append_string(out, "\\t");
    else if (character.code_point < 0x80 || !character.valid)
        buffer_append_format(out, "\\x%02x", (unsigned)character.code_point);
    else
        buffer_append_format(out, "\\u%04x", (unsigned)character.code_point);
    return out->length - before;
}

size_t character_append_visible(struct buffer *out, const char *bytes, struct character character)
{
    if (!character.valid || character_is_control(character.code_point) ||
        is_layout(character.code_point))
        return append_escape(out, character);
    buffer_append(out, bytes, character.length);
    return 1;
}
