/* The bytes may stand in a mapped file that somebody else writes to. What is decoded then means
 * nothing, but nothing here relies on a byte being the same when it is looked at again. */
#include "format/binary_decode.h"

#include "format/binary_time.h"
#include "format/binary_word.h"
#include "format/utf8.h"
#include "num/print.h"

#include <inttypes.h>
#include <stdio.h>

#define INLINE __attribute__((always_inline)) static inline

/* ---- numbers ----------------------------------------------------------------------------- */

INLINE void signed_numbers(const struct binary_cells *cells, struct number *out, unsigned size,
                           bool big)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = (struct number){.mantissa = binary_signed_word(bytes, size, big),
                                   .kind = NUMBER_DECIMAL};
}

INLINE void unsigned_numbers(const struct binary_cells *cells, struct number *out, unsigned size,
                             bool big)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = (struct number){.mantissa = (int128)binary_word(bytes, size, big),
                                   .kind = NUMBER_DECIMAL};
}

/* IEEE 754 binary16: 1 sign bit, 5 bits of exponent, 10 of fraction. */
INLINE float half_value(uint32_t half)
{
    const uint32_t sign = (half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 0x1f;
    const uint32_t fraction = half & 0x3ff;
    uint32_t bits = sign | (exponent + 127 - 15) << 23 | fraction << 13;
    if (exponent == 0x1f)
        bits = sign | 0x7f800000 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (exponent == 0) /* subnormal: fraction * 2^-24 */
        value = (sign == 0 ? 1.0F : -1.0F) * (float)fraction * 0x1p-24F;
    return value;
}

INLINE double real_value(const unsigned char *bytes, unsigned size, bool big)
{
    const uint64_t word = binary_word(bytes, size, big);
    const uint32_t low = (uint32_t)word;
    float single;
    double value;
    switch (size) {
    case 2:
        return half_value(low);
    case 4:
        memcpy(&single, &low, sizeof single);
        return single;
    default:
        memcpy(&value, &word, sizeof value);
        return value;
    }
}

INLINE void real_numbers(const struct binary_cells *cells, struct number *out, unsigned size,
                         bool big)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = (struct number){
            .real = real_value(bytes, size, big) + 0.0, /* -0 becomes 0 */
            .exponent = size < 8 ? NUMBER_SINGLE : 0,
            .kind = NUMBER_DOUBLE,
        };
}

/* One function for each size and byte order. */
#define DEFINE_NUMBERS(kind, size)                                                                 \
    static void kind##_little_##size(const struct binary_cells *cells, struct number *out)         \
    {                                                                                              \
        kind##_numbers(cells, out, size, false);                                                   \
    }                                                                                              \
    static void kind##_big_##size(const struct binary_cells *cells, struct number *out)            \
    {                                                                                              \
        kind##_numbers(cells, out, size, true);                                                    \
    }

DEFINE_NUMBERS(signed, 1)
DEFINE_NUMBERS(signed, 2)
DEFINE_NUMBERS(signed, 4)
DEFINE_NUMBERS(signed, 8)
DEFINE_NUMBERS(unsigned, 1)
DEFINE_NUMBERS(unsigned, 2)
DEFINE_NUMBERS(unsigned, 4)
DEFINE_NUMBERS(unsigned, 8)
DEFINE_NUMBERS(real, 2)
DEFINE_NUMBERS(real, 4)
DEFINE_NUMBERS(real, 8)

#define BOTH_ORDERS(kind, size)                                                                    \
    {                                                                                              \
        kind##_little_##size, kind##_big_##size                                                    \
    }

/* By kind, size, and byte order (1: big). */
static binary_numbers *const number_functions[][9][2] = {
    [BINARY_SIGNED] = {[1] = BOTH_ORDERS(signed, 1),
                       [2] = BOTH_ORDERS(signed, 2),
                       [4] = BOTH_ORDERS(signed, 4),
                       [8] = BOTH_ORDERS(signed, 8)},
    [BINARY_UNSIGNED] = {[1] = BOTH_ORDERS(unsigned, 1),
                         [2] = BOTH_ORDERS(unsigned, 2),
                         [4] = BOTH_ORDERS(unsigned, 4),
                         [8] = BOTH_ORDERS(unsigned, 8)},
    [BINARY_REAL] =
        {[2] = BOTH_ORDERS(real, 2), [4] = BOTH_ORDERS(real, 4), [8] = BOTH_ORDERS(real, 8)},
};

/* ---- real numbers alone ------------------------------------------------------------------ */

static void halves(const struct binary_cells *cells, double *out)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = cells->field->big ? real_value(bytes, 2, true) : real_value(bytes, 2, false);
}

static void singles(const struct binary_cells *cells, double *out)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = cells->field->big ? real_value(bytes, 4, true) : real_value(bytes, 4, false);
}

static void doubles(const struct binary_cells *cells, double *out)
{
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride)
        out[row] = cells->field->big ? real_value(bytes, 8, true) : real_value(bytes, 8, false);
}

const double *binary_reals_there(const struct binary_cells *cells)
{
    const bool other_order = cells->field->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    if (cells->field->kind != BINARY_REAL || cells->field->size != sizeof(double) || other_order ||
        cells->stride != sizeof(double) || (uintptr_t)cells->bytes % _Alignof(double) != 0)
        return NULL;
    return (const void *)cells->bytes;
}

/* ---- which ------------------------------------------------------------------------------- */

static bool is_number(const struct binary_field *field)
{
    return field->kind == BINARY_SIGNED || field->kind == BINARY_UNSIGNED ||
           field->kind == BINARY_REAL;
}

/* ---- times ------------------------------------------------------------------------------- */

static uint32_t times(const struct binary_cells *cells, struct instant *out)
{
    const struct binary_field *field = cells->field;
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride) {
        const int64_t count =
            field->big ? binary_signed_word(bytes, 8, true) : binary_signed_word(bytes, 8, false);
        if (count == INT64_MIN)
            out[row] = (struct instant){.form = INSTANT_NULL};
        else if (!binary_time_instant(count, field, &out[row]))
            return row;
    }
    return cells->rows;
}

/* ---- texts ------------------------------------------------------------------------------- */

enum { NUMBERS_AT_ONCE = 64, NUMBER_STORE = 32 };

static uint32_t number_texts(const struct binary_cells *cells, char *store, struct text *out)
{
    const struct binary_decoder decoder = binary_decoder_for(cells->field);
    struct number numbers[NUMBERS_AT_ONCE];
    char digits[NUMBER_TEXT_SIZE];
    struct binary_cells some = *cells;
    for (uint32_t done = 0; done < cells->rows; done += some.rows) {
        const uint32_t left = cells->rows - done;
        some.rows = left < NUMBERS_AT_ONCE ? left : NUMBERS_AT_ONCE;
        some.bytes = cells->bytes + done * cells->stride;
        decoder.numbers(&some, numbers);
        for (uint32_t i = 0; i < some.rows; i++, store += NUMBER_STORE) {
            const size_t length = number_print(&numbers[i], digits);
            memcpy(store, digits, NUMBER_STORE); /* of fixed size: no call */
            out[done + i] = (struct text){.bytes = store, .length = length};
        }
    }
    return cells->rows;
}

static uint32_t bool_texts(const struct binary_cells *cells, char *store, struct text *out)
{
    static const struct text names[2] = {{"false", 5}, {"true", 4}};
    (void)store;
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride) {
        const unsigned char value = *(const volatile unsigned char *)bytes; /* once */
        if (value > 1)
            return row;
        out[row] = names[value];
    }
    return cells->rows;
}

static uint32_t byte_texts(const struct binary_cells *cells, char *store, struct text *out)
{
    (void)store;
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride) {
        size_t length = (size_t)cells->field->size;
        while (length > 0 && bytes[length - 1] == 0)
            length--;
        out[row] = (struct text){.bytes = length == 0 ? "" : (const char *)bytes, .length = length};
    }
    return cells->rows;
}

/* The code points of one value, without the NULs at its end. */
static size_t count_points(const struct binary_field *field, const unsigned char *bytes)
{
    size_t points = (size_t)field->size / 4;
    while (points > 0 && binary_word(bytes + 4 * (points - 1), 4, false) == 0)
        points--;
    return points;
}

static uint32_t point_at(const struct binary_field *field, const unsigned char *bytes, size_t i)
{
    return (uint32_t)(field->big ? binary_word(bytes + 4 * i, 4, true)
                                 : binary_word(bytes + 4 * i, 4, false));
}

static uint32_t ucs4_texts(const struct binary_cells *cells, char *store, struct text *out)
{
    const struct binary_field *field = cells->field;
    const unsigned char *bytes = cells->bytes;
    for (uint32_t row = 0; row < cells->rows; row++, bytes += cells->stride) {
        const size_t points = count_points(field, bytes);
        char *end = store;
        for (size_t i = 0; i < points; i++) {
            const uint32_t point = point_at(field, bytes, i);
            if (!utf8_is_character(point))
                return row;
            end = utf8_put(end, point);
        }
        out[row] =
            (struct text){.bytes = points == 0 ? "" : store, .length = (size_t)(end - store)};
        store += field->size;
    }
    return cells->rows;
}

static uint32_t time_texts(const struct binary_cells *cells, char *store, struct text *out)
{
    struct binary_cells one = *cells;
    one.rows = 1;
    for (uint32_t row = 0; row < cells->rows; row++, store += INSTANT_TEXT_SIZE) {
        struct instant instant;
        if (times(&one, &instant) == 0)
            return row;
        one.bytes += cells->stride;
        if (instant.form == INSTANT_NULL) {
            out[row] = (struct text){.bytes = NULL};
            continue;
        }
        const size_t length = instant_print(&instant, store);
        out[row] = (struct text){.bytes = store, .length = length};
    }
    return cells->rows;
}

/* ---- the choice -------------------------------------------------------------------------- */

struct binary_decoder binary_decoder_for(const struct binary_field *field)
{
    static binary_texts *const texts[BINARY_KINDS] = {
        [BINARY_SIGNED] = number_texts, [BINARY_UNSIGNED] = number_texts,
        [BINARY_REAL] = number_texts,   [BINARY_BOOL] = bool_texts,
        [BINARY_BYTES] = byte_texts,    [BINARY_UCS4] = ucs4_texts,
        [BINARY_TIME] = time_texts,
    };
    static binary_reals *const reals[] = {[2] = halves, [4] = singles, [8] = doubles};
    return (struct binary_decoder){
        .numbers = is_number(field) ? number_functions[field->kind][field->size][field->big] : NULL,
        .reals = field->kind == BINARY_REAL ? reals[field->size] : NULL,
        .instants = field->kind == BINARY_TIME ? times : NULL,
        .texts = texts[field->kind],
    };
}

size_t binary_text_size(const struct binary_field *field)
{
    switch (field->kind) {
    case BINARY_BOOL:
    case BINARY_BYTES:
        return 0; /* nothing is copied */
    case BINARY_UCS4:
        return (size_t)field->size; /* no character takes more than 4 bytes in either form */
    case BINARY_TIME:
        return INSTANT_TEXT_SIZE;
    default:
        return NUMBER_STORE;
    }
}

void binary_describe_bad(const struct binary_field *field, const unsigned char *bytes,
                         char reason[BINARY_REASON], size_t *byte)
{
    *byte = 0;
    if (field->kind == BINARY_BOOL) {
        snprintf(reason, BINARY_REASON, "%u is no bool, which is 0 or 1", bytes[0]);
        return;
    }
    if (field->kind == BINARY_TIME) {
        snprintf(reason, BINARY_REASON, "the time %" PRId64 " is outside the years 0000 to 9999",
                 field->big ? binary_signed_word(bytes, 8, true)
                            : binary_signed_word(bytes, 8, false));
        return;
    }
    size_t i = 0;
    while (i + 1 < field->size / 4 && utf8_is_character(point_at(field, bytes, i)))
        i++;
    *byte = 4 * i;
    snprintf(reason, BINARY_REASON, "U+%04" PRIX32 " is no character", point_at(field, bytes, i));
}
