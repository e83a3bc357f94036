#include "agg/wire.h"

#include "base/error.h"
#include "base/word.h"
#include "num/power.h"

#include <math.h>

/* The byte that a number begins with: enum number_kind, or this for a double of single precision,
 * which is saved as the float that it is. */
enum { SINGLE = NUMBER_DOUBLE + 1 };

void wire_put_u8(struct buffer *out, uint8_t value)
{
    word_append(out, value, 1);
}

void wire_put_u64(struct buffer *out, uint64_t value)
{
    word_append(out, value, WORD_SIZE);
}

bool wire_take_u8(struct text *bytes, uint8_t *value)
{
    uint64_t wide;
    if (!word_take(bytes, 1, &wide))
        return false;
    *value = (uint8_t)wide;
    return true;
}

bool wire_take_u64(struct text *bytes, uint64_t *value)
{
    return word_take(bytes, WORD_SIZE, value);
}

static void put_double(struct buffer *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    wire_put_u8(out, NUMBER_DOUBLE);
    wire_put_u64(out, bits);
}

static void put_single(struct buffer *out, float real)
{
    uint32_t bits;
    memcpy(&bits, &real, sizeof bits);
    wire_put_u8(out, SINGLE);
    word_append(out, bits, sizeof bits);
}

void wire_put_number(struct buffer *out, const struct number *number)
{
    if (number->kind == NUMBER_DOUBLE) {
        if (number->exponent == NUMBER_SINGLE)
            put_single(out, (float)number->real);
        else
            put_double(out, number->real);
        return;
    }
    wire_put_u8(out, number->kind);
    if (number->kind == NUMBER_NULL)
        return;
    const uint128 bits = (uint128)number->mantissa;
    wire_put_u8(out, (uint8_t)number->exponent);
    wire_put_u64(out, (uint64_t)bits);
    wire_put_u64(out, (uint64_t)(bits >> 64));
}

static bool take_decimal(struct text *bytes, struct number *number)
{
    uint8_t exponent;
    uint64_t low;
    uint64_t high;
    if (!wire_take_u8(bytes, &exponent) || !wire_take_u64(bytes, &low) ||
        !wire_take_u64(bytes, &high))
        return false;
    number->exponent = (int8_t)exponent;
    number->mantissa = (int128)((uint128)high << 64 | low);
    return power_magnitude(number->mantissa) < power_ten_wide(NUMBER_DIGITS) &&
           number->exponent >= NUMBER_EXPONENT_MIN && number->exponent <= NUMBER_EXPONENT_MAX;
}

static bool take_double(struct text *bytes, struct number *number)
{
    uint64_t bits;
    if (!wire_take_u64(bytes, &bits))
        return false;
    memcpy(&number->real, &bits, sizeof bits);
    return number->real != 0 || !signbit(number->real);
}

static bool take_single(struct text *bytes, struct number *number)
{
    uint64_t word;
    float real;
    if (!word_take(bytes, sizeof real, &word))
        return false;
    const uint32_t bits = (uint32_t)word;
    memcpy(&real, &bits, sizeof bits);
    *number =
        (struct number){.real = (double)real, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
    return real != 0 || !signbit(real);
}

bool wire_take_number(struct text *bytes, struct number *number)
{
    *number = (struct number){.kind = NUMBER_NULL};
    if (!wire_take_u8(bytes, &number->kind))
        return false;
    switch (number->kind) {
    case NUMBER_NULL:
        return true;
    case NUMBER_DECIMAL:
        return take_decimal(bytes, number);
    case NUMBER_DOUBLE:
        return take_double(bytes, number);
    case SINGLE:
        return take_single(bytes, number);
    default:
        return false;
    }
}

void wire_put_instant(struct buffer *out, const struct instant *instant)
{
    wire_put_u8(out, instant->form);
    wire_put_u64(out, (uint64_t)instant->seconds);
    wire_put_u64(out, instant->attoseconds);
}

bool wire_take_instant(struct text *bytes, struct instant *instant)
{
    uint64_t seconds;
    if (!wire_take_u8(bytes, &instant->form) || !wire_take_u64(bytes, &seconds) ||
        !wire_take_u64(bytes, &instant->attoseconds))
        return false;
    instant->seconds = (int64_t)seconds;
    return instant->form <= INSTANT_ZONED && instant->attoseconds < UINT64_C(1000000000000000000);
}

void wire_put_place(struct buffer *out, struct place place)
{
    word_append(out, place.file, 4);
    wire_put_u64(out, place.byte);
}

bool wire_take_place(struct text *bytes, struct place *place)
{
    uint64_t file;
    if (!word_take(bytes, 4, &file))
        return false;
    place->file = (uint32_t)file;
    return wire_take_u64(bytes, &place->byte);
}

void wire_put_text(struct buffer *out, struct text text)
{
    wire_put_u64(out, text.length);
    buffer_append(out, text.bytes, text.length);
}

bool wire_take_text(struct text *bytes, struct text *text)
{
    uint64_t length;
    if (!wire_take_u64(bytes, &length) || length > bytes->length)
        return false;
    *text = (struct text){.bytes = bytes->bytes, .length = (size_t)length};
    bytes->bytes += text->length;
    bytes->length -= text->length;
    return true;
}

bool wire_take_version(struct text *bytes)
{
    uint8_t version;
    return wire_take_u8(bytes, &version) && version == WIRE_VERSION;
}

enum sheaf_status wire_damaged(const struct agg_call *call, struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA, "the saved state of %s is damaged, or of another version",
                     call->ops->signature);
}
