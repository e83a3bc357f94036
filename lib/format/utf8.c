#include "format/utf8.h"

bool utf8_is_character(uint32_t point)
{
    return point < 0xd800 || (point > 0xdfff && point <= 0x10ffff);
}

char *utf8_put(char *out, uint32_t point)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (point < 0x80) {
        *out = (char)point;
        return out + 1;
    }
    const int length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(leads[length] | point);
    return out + length;
}

size_t utf8_length(const char *bytes, size_t left)
{
    /* The least character that needs so many bytes: a shorter form of another is not valid. */
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)bytes[0];
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc0 || first > 0xf7 || left < length)
        return 0;
    uint32_t point = first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | ((unsigned char)bytes[i] & 0x3f);
    }
    return point >= least[length] && utf8_is_character(point) ? length : 0;
}
