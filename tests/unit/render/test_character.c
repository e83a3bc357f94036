/* The decoder against an encoder, over everything that there is. */
#include "unit/unit.h"

#include "render/character.h"

#include <string.h>

enum { LAST_CODE_POINT = 0x10ffff, SURROGATE_FIRST = 0xd800, SURROGATE_LAST = 0xdfff };

static bool is_scalar(uint32_t code_point)
{
    return code_point <= LAST_CODE_POINT &&
           (code_point < SURROGATE_FIRST || code_point > SURROGATE_LAST);
}

static size_t encode(uint32_t code_point, unsigned char out[4])
{
    if (code_point < 0x80) {
        out[0] = (unsigned char)code_point;
        return 1;
    }
    const size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (unsigned char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (unsigned char)(leads[length] | code_point);
    return length;
}

START_TEST(every_code_point_is_read)
{
    for (uint32_t code_point = 0; code_point <= LAST_CODE_POINT; code_point++) {
        unsigned char bytes[4];
        const size_t length = encode(code_point, bytes);
        const struct character character = character_at((const char *)bytes, length);
        if (character.valid != is_scalar(code_point) ||
            (character.valid && (character.code_point != code_point || character.length != length)))
            ck_abort_msg("U+%04X is read wrong", (unsigned)code_point);
        if (length > 1 && character_at((const char *)bytes, length - 1).valid)
            ck_abort_msg("U+%04X cut short is valid", (unsigned)code_point);
    }
}
END_TEST

/* Whatever is read as valid must be what the encoder makes of it: nothing overlong, and no more
 * valid four-byte sequences than code points. */
static void check_sequence(const unsigned char bytes[4])
{
    const struct character character = character_at((const char *)bytes, 4);
    unsigned char again[4];
    if (!character.valid) {
        ck_assert(character.length == 1 && character.code_point == bytes[0]);
        return;
    }
    ck_assert(is_scalar(character.code_point));
    ck_assert_uint_eq(encode(character.code_point, again), character.length);
    ck_assert_mem_eq(again, bytes, character.length);
}

START_TEST(nothing_else_is_valid)
{
    static const unsigned char thirds[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                           0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t i = 0; i < sizeof thirds * sizeof thirds; i++)
                check_sequence((const unsigned char[4]){(unsigned char)first, (unsigned char)second,
                                                        thirds[i / sizeof thirds],
                                                        thirds[i % sizeof thirds]});
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("character");
    TCase *tests = tcase_create("character");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_code_point_is_read);
    tcase_add_test(tests, nothing_else_is_valid);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
