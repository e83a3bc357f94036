/* The keys of binary columns. A number is one byte that says what follows, then little-endian
 * integers: of a decimal its exponent, which is 0 if that can be and else as near to it as can be,
 * and its mantissa in 8 bytes or, where it needs them, 16; of a double its bits. A column holds
 * decimals or doubles, never both, and times of one form. An instant is its seconds, then its
 * attoseconds beside its form: 16 bytes, so that it lies inside an item. */
#include "agg/value_slots.h"

#include "base/word.h"
#include "num/power.h"
#include "num/time.h"

#include <math.h>

enum {
    TAG_DOUBLE = 1,
    TAG_SINGLE = 2,
    TAG_DECIMAL = 64, /* plus the exponent */
    FORM_BITS = 2,    /* below the attoseconds, which need 60 */
    NARROW_KEY = 1 + WORD_SIZE,
    WIDE_KEY = 1 + 2 * WORD_SIZE,
    INSTANT_KEY = 2 * WORD_SIZE,
};

_Static_assert((int)WIDE_KEY <= (int)VALUE_KEY_SIZE, "a key fits");
_Static_assert(INSTANT_ZONED < 1 << FORM_BITS, "a form fits");

static const uint64_t attoseconds_bound = UINT64_C(1000000000000000000);

/* Of the ways to write a decimal, the one whose exponent is nearest to 0. */
static void normalise(int128 *mantissa, int *exponent)
{
    if (*mantissa == 0)
        *exponent = 0;
    for (; *exponent < 0 && *mantissa % 10 == 0; ++*exponent)
        *mantissa /= 10;
    for (; *exponent > 0 && power_magnitude(*mantissa) < power_ten_wide(NUMBER_DIGITS - 1);
         --*exponent)
        *mantissa *= 10;
}

static size_t key_of_decimal(const struct number *number, char *out)
{
    int128 mantissa = number->mantissa;
    int exponent = number->exponent;
    if (exponent != 0)
        normalise(&mantissa, &exponent);
    out[0] = (char)(TAG_DECIMAL + exponent);
    word_store(out + 1, (uint64_t)mantissa, WORD_SIZE);
    if (mantissa == (int64_t)mantissa)
        return NARROW_KEY;
    word_store(out + 1 + WORD_SIZE, (uint64_t)((uint128)mantissa >> 64), WORD_SIZE);
    return WIDE_KEY;
}

size_t value_key_of_number(const struct number *number, char out[VALUE_KEY_SIZE])
{
    if (number->kind == NUMBER_DECIMAL)
        return key_of_decimal(number, out);
    /* There are many NaNs. */
    const double real = isnan(number->real) ? (double)NAN : number->real;
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    out[0] = number->exponent == NUMBER_SINGLE ? TAG_SINGLE : TAG_DOUBLE;
    word_store(out + 1, bits, WORD_SIZE);
    return NARROW_KEY;
}

void value_key_number(struct text key, struct number *out)
{
    const uint64_t low = word_load(key.bytes + 1, WORD_SIZE);
    const int tag = key.bytes[0];
    if (tag == TAG_DOUBLE || tag == TAG_SINGLE) {
        *out = (struct number){.exponent = tag == TAG_SINGLE ? NUMBER_SINGLE : 0,
                               .kind = NUMBER_DOUBLE};
        memcpy(&out->real, &low, sizeof low);
        return;
    }
    *out = (struct number){.exponent = (int8_t)(tag - TAG_DECIMAL), .kind = NUMBER_DECIMAL};
    out->mantissa = (int64_t)low;
    if (key.length == WIDE_KEY) {
        const uint64_t high = word_load(key.bytes + 1 + WORD_SIZE, WORD_SIZE);
        out->mantissa = (int128)((uint128)high << 64 | low);
    }
}

size_t value_key_of_instant(const struct instant *instant, char out[VALUE_KEY_SIZE])
{
    word_store(out, (uint64_t)instant->seconds, WORD_SIZE);
    word_store(out + WORD_SIZE, instant->attoseconds << FORM_BITS | instant->form, WORD_SIZE);
    return INSTANT_KEY;
}

void value_key_instant(struct text key, struct instant *out)
{
    const uint64_t rest = word_load(key.bytes + WORD_SIZE, WORD_SIZE);
    *out = (struct instant){
        .seconds = (int64_t)word_load(key.bytes, WORD_SIZE),
        .attoseconds = rest >> FORM_BITS,
        .form = (uint8_t)(rest & ((1 << FORM_BITS) - 1)),
    };
}

static bool is_number_key(struct text key)
{
    if (key.length != NARROW_KEY && key.length != WIDE_KEY)
        return false;
    struct number number;
    char again[VALUE_KEY_SIZE];
    value_key_number(key, &number);
    if (number.kind == NUMBER_DOUBLE) {
        if (key.length != NARROW_KEY || (number.real == 0 && signbit(number.real)))
            return false;
    } else if (number.exponent < NUMBER_EXPONENT_MIN || number.exponent > NUMBER_EXPONENT_MAX ||
               power_magnitude(number.mantissa) >= power_ten_wide(NUMBER_DIGITS)) {
        return false;
    }
    return value_key_of_number(&number, again) == key.length &&
           memcmp(again, key.bytes, key.length) == 0;
}

static bool is_instant_key(struct text key)
{
    if (key.length != INSTANT_KEY)
        return false;
    struct instant instant;
    value_key_instant(key, &instant);
    return instant.form != INSTANT_NULL && instant.attoseconds < attoseconds_bound;
}

bool value_key_is_valid(struct text key, enum column_type type)
{
    switch (agg_native_vector(type)) {
    case COLUMN_NUMBERS:
        return is_number_key(key);
    case COLUMN_INSTANTS:
        return is_instant_key(key);
    case COLUMN_TEXTS:
        return true;
    }
    return false;
}
