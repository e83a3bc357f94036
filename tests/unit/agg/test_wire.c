/* The pieces of saved states: fixed bytes, and what no state can hold is refused. */
#include "agg/wire.h"

#include "unit/unit.h"

#include <string.h>

START_TEST(test_bytes)
{
    struct buffer out = {0};
    wire_put_u8(&out, 0xfe);
    wire_put_u64(&out, UINT64_C(0x0102030405060708));
    wire_put_place(&out, (struct place){.byte = 3, .file = 0x01020304});
    wire_put_text(&out, (struct text){.bytes = "a\0b", .length = 3});
    wire_put_number(&out, &(struct number){.mantissa = -2, .exponent = -3, .kind = NUMBER_DECIMAL});
    static const char expected[] = "\xfe"
                                   "\x08\x07\x06\x05\x04\x03\x02\x01"
                                   "\x04\x03\x02\x01\x03\0\0\0\0\0\0\0"
                                   "\x03\0\0\0\0\0\0\0a\0b"
                                   "\x01\xfd\xfe\xff\xff\xff\xff\xff\xff\xff"
                                   "\xff\xff\xff\xff\xff\xff\xff\xff";
    ck_assert_uint_eq(out.length, sizeof expected - 1);
    ck_assert_mem_eq(out.bytes, expected, out.length);

    struct text bytes = {.bytes = out.bytes, .length = out.length};
    uint8_t byte;
    uint64_t word;
    struct place place;
    struct text text;
    struct number number;
    ck_assert(wire_take_u8(&bytes, &byte) && byte == 0xfe);
    ck_assert(wire_take_u64(&bytes, &word) && word == UINT64_C(0x0102030405060708));
    ck_assert(wire_take_place(&bytes, &place) && place.byte == 3 && place.file == 0x01020304);
    ck_assert(wire_take_text(&bytes, &text) && text.length == 3);
    ck_assert_mem_eq(text.bytes, "a\0b", 3);
    ck_assert(wire_take_number(&bytes, &number) && number.kind == NUMBER_DECIMAL);
    ck_assert(number.mantissa == -2 && number.exponent == -3);
    ck_assert_uint_eq(bytes.length, 0);
    ck_assert(!wire_take_u8(&bytes, &byte));
    buffer_close(&out);
}
END_TEST

static bool survives(struct number number)
{
    struct buffer out = {0};
    wire_put_number(&out, &number);
    ck_assert(!out.failed);
    struct text bytes = {.bytes = out.bytes, .length = out.length};
    struct number taken;
    const bool survived = wire_take_number(&bytes, &taken);
    if (survived) {
        ck_assert_uint_eq(taken.kind, number.kind);
        ck_assert_uint_eq(bytes.length, 0);
    }
    if (survived && number.kind == NUMBER_DECIMAL)
        ck_assert(taken.mantissa == number.mantissa && taken.exponent == number.exponent);
    if (survived && number.kind == NUMBER_DOUBLE)
        ck_assert_int_eq(taken.exponent, number.exponent);
    if (survived && number.kind == NUMBER_DOUBLE)
        ck_assert_mem_eq(&taken.real, &number.real, sizeof number.real);
    buffer_close(&out);
    return survived;
}

static struct number decimal(int128 mantissa, int exponent)
{
    return (struct number){
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
}

static struct number real(double value)
{
    return (struct number){.real = value, .kind = NUMBER_DOUBLE};
}

static struct number single(double value)
{
    return (struct number){.real = value, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
}

START_TEST(test_numbers)
{
    int128 bound = 1; /* 10^38 */
    for (int i = 0; i < NUMBER_DIGITS; i++)
        bound *= 10;
    ck_assert(survives((struct number){.kind = NUMBER_NULL}));
    ck_assert(survives(decimal(bound - 1, NUMBER_EXPONENT_MAX)));
    ck_assert(survives(decimal(1 - bound, NUMBER_EXPONENT_MIN)));
    ck_assert(!survives(decimal(bound, 0)));
    ck_assert(!survives(decimal(-bound, 0)));
    ck_assert(!survives(decimal((int128)((uint128)1 << 127), 0)));
    ck_assert(!survives(decimal(1, NUMBER_EXPONENT_MAX + 1)));
    ck_assert(!survives(decimal(1, NUMBER_EXPONENT_MIN - 1)));
    ck_assert(survives(real(0.0)));
    ck_assert(!survives(real(-0.0)));
    ck_assert(survives(real(-4.9e-324)));
    ck_assert(survives(real(-1e308 * 10)));
    ck_assert(survives(single(1.5)));
    ck_assert(survives(single(0.1F)));
    ck_assert(!survives(single(-0.0)));
    struct text unknown = {.bytes = "\x04\0\0\0\0\0\0\0\0", .length = 9};
    struct number number;
    ck_assert(!wire_take_number(&unknown, &number));
}
END_TEST

START_TEST(test_instants)
{
    static const struct instant instants[] = {
        {.form = INSTANT_NULL},
        {.seconds = INT64_MIN, .attoseconds = UINT64_C(999999999999999999), .form = INSTANT_ZONED},
        {.seconds = -1, .form = INSTANT_DATE},
        {.seconds = 1, .attoseconds = UINT64_C(1000000000000000000), .form = INSTANT_LOCAL},
        {.seconds = 1, .form = INSTANT_ZONED + 1},
    };
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        struct buffer out = {0};
        wire_put_instant(&out, &instants[i]);
        struct text bytes = {.bytes = out.bytes, .length = out.length};
        struct instant taken;
        ck_assert_int_eq(wire_take_instant(&bytes, &taken), i < 3);
        if (i < 3) {
            ck_assert_int_eq(instant_compare(&taken, &instants[i]), 0);
            ck_assert_int_eq(taken.form, instants[i].form);
            ck_assert_uint_eq(bytes.length, 0);
        }
        bytes = (struct text){.bytes = out.bytes, .length = out.length - 1};
        ck_assert(!wire_take_instant(&bytes, &taken));
        buffer_close(&out);
    }
}
END_TEST

START_TEST(test_texts)
{
    /* A length past the bytes there are, and one that would overflow a pointer. */
    struct text bytes = {.bytes = "\x04\0\0\0\0\0\0\0abc", .length = 11};
    struct text text;
    ck_assert(!wire_take_text(&bytes, &text));
    bytes = (struct text){.bytes = "\xff\xff\xff\xff\xff\xff\xff\xff"
                                   "abc",
                          .length = 11};
    ck_assert(!wire_take_text(&bytes, &text));
    bytes = (struct text){.bytes = "\0\0\0\0\0\0\0\0", .length = 8};
    ck_assert(wire_take_text(&bytes, &text));
    ck_assert(text.length == 0 && text.bytes != NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("wire");
    TCase *tcase = tcase_create("wire");
    tcase_add_test(tcase, test_bytes);
    tcase_add_test(tcase, test_numbers);
    tcase_add_test(tcase, test_instants);
    tcase_add_test(tcase, test_texts);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
