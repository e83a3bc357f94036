/* Short decimals, which nearly all numbers of real files are, are read in the loop of the column
 * functions, eight digits at once where there are as many (Johnny Lee, "Fast numeric string to
 * int", 2016). Everything else goes through a general reader that first finds the parts of the text
 * and then decides: exact decimal, or nearest double by strtod. strtod sees digits and an exponent
 * only, no point, so that no locale can matter; a double and the point half-way to the next one
 * have at most 768 significant digits, so that later digits count only as "more than nothing". */
#include "num/parse.h"

#include "base/word.h"
#include "num/power.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_DIGITS = 19, /* as many fit a uint64_t */
    SHORT_LENGTH = 25, /* with a zero before the point, the point, and "e-05" */
    DIGITS_KEPT = 800, /* of those that decide about a double */
    EXPONENT_TEXT = 8, /* 'e', sign, digits of position_most, end */
};

/* No written exponent beyond this, added to no text's length, overflows an int64_t. */
static const int64_t exponent_most = INT64_C(100000000000000000);

/* Beyond this position of the last digit kept every number is 0 or infinite. */
static const int64_t position_most = 9999;

/* The parts of a number's text; offsets from `bytes`. */
struct literal {
    const char *bytes;
    size_t length; /* of the digits and the point */
    size_t point;  /* its offset, or length */
    size_t first;  /* the first and the last digit that is not 0 */
    size_t last;
    int64_t exponent; /* as written; saturated */
    bool zero;        /* there is no digit but 0; first and last mean nothing */
    bool negative;
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

static inline bool are_digits(uint64_t word)
{
    const uint64_t upper = UINT64_C(0xf0f0f0f0f0f0f0f0);
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    return (word & upper) == zeros && ((word + UINT64_C(0x0606060606060606)) & upper) == zeros;
}

/* The number that eight digits make: of neighbours, then of pairs, then of fours. */
static inline uint64_t number_of_word(uint64_t word)
{
    word -= UINT64_C(0x3030303030303030);
    word = word * 10 + (word >> 8);
    word =
        (word & UINT64_C(0x00ff00ff00ff00ff)) * 100 + (word >> 16 & UINT64_C(0x00ff00ff00ff00ff));
    return (word & 0xffff) * 10000 + (word >> 32 & 0xffff);
}

/* Appends the digits from `at` on to *mantissa, modulo 2^64; gives where they end. */
static inline const char *read_run(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    while (end - at >= WORD_SIZE) {
        const uint64_t word = word_load(at, WORD_SIZE);
        if (!are_digits(word))
            break;
        value = value * UINT64_C(100000000) + number_of_word(word);
        at += WORD_SIZE;
    }
    for (; at < end && is_digit(*at); at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *mantissa = value;
    return at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct text trimmed(struct text text)
{
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

static struct text after(struct text text, size_t count)
{
    return (struct text){.bytes = text.bytes + count, .length = text.length - count};
}

/* True when the text is the lower-case word, in any case. */
static bool is_word(struct text text, const char *word)
{
    if (text.length != strlen(word))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if ((text.bytes[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

static bool read_word(struct text text, bool has_sign, bool negative, struct number *out)
{
    double real = negative ? -INFINITY : INFINITY;
    if (!has_sign && is_word(text, "nan"))
        real = (double)NAN;
    else if (!is_word(text, "inf") && !is_word(text, "infinity"))
        return false;
    *out = (struct number){.real = real, .kind = NUMBER_DOUBLE};
    return true;
}

/* Reads digits with at most one point; false when there is no digit. */
static bool find_digits(struct text text, struct literal *out)
{
    size_t i = 0;
    out->bytes = text.bytes;
    out->point = SIZE_MAX;
    out->zero = true;
    for (; i < text.length; i++) {
        const char c = text.bytes[i];
        if (c == '.' && out->point == SIZE_MAX) {
            out->point = i;
            continue;
        }
        if (!is_digit(c))
            break;
        if (c == '0')
            continue;
        if (out->zero)
            out->first = i;
        out->last = i;
        out->zero = false;
    }
    out->length = i;
    if (out->point == SIZE_MAX)
        out->point = i;
    return i > (size_t)(out->point < i);
}

/* Reads all of `[eE][+-]?D+`. */
static bool read_exponent(struct text text, int64_t *out)
{
    if (text.length == 0 || (text.bytes[0] | 0x20) != 'e')
        return false;
    text = after(text, 1);
    const bool negative = text.length > 0 && text.bytes[0] == '-';
    if (negative || (text.length > 0 && text.bytes[0] == '+'))
        text = after(text, 1);
    int64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.bytes[i]))
            return false;
        if (value < exponent_most)
            value = value * 10 + (text.bytes[i] - '0');
    }
    *out = negative ? -value : value;
    return text.length > 0;
}

/* The power of ten that the digit at an offset counts. */
static int64_t position(const struct literal *literal, size_t offset)
{
    const int64_t written = offset < literal->point ? (int64_t)(literal->point - offset) - 1
                                                    : -(int64_t)(offset - literal->point);
    return written + literal->exponent;
}

/* Stores the number if it is exact. */
static bool store_exact(const struct literal *literal, struct number *out)
{
    *out = (struct number){.kind = NUMBER_DECIMAL};
    if (literal->zero)
        return true;
    const bool straddles = literal->first < literal->point && literal->point < literal->last;
    const size_t digits = literal->last - literal->first + 1 - (size_t)straddles;
    const int64_t exponent = position(literal, literal->last);
    if (digits > NUMBER_DIGITS || exponent < NUMBER_EXPONENT_MIN || exponent > NUMBER_EXPONENT_MAX)
        return false;
    int128 mantissa = 0;
    for (size_t i = literal->first; i <= literal->last; i++) {
        if (i != literal->point)
            mantissa = mantissa * 10 + (literal->bytes[i] - '0');
    }
    out->mantissa = literal->negative ? -mantissa : mantissa;
    out->exponent = (int8_t)exponent;
    return true;
}

/* Writes 'e', the number and a zero byte. */
static void put_exponent(char *at, int64_t exponent)
{
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    const unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    for (unsigned unit = 1000; unit > 0; unit /= 10)
        *at++ = (char)('0' + magnitude / unit % 10);
    *at = '\0';
}

/* Stores the nearest double of a literal that is not 0. */
static void store_nearest(const struct literal *literal, struct number *out)
{
    char text[DIGITS_KEPT + 1 + EXPONENT_TEXT];
    size_t kept = 0;
    size_t i = literal->first;
    for (; i <= literal->last && kept < DIGITS_KEPT; i++) {
        if (i != literal->point)
            text[kept++] = literal->bytes[i];
    }
    int64_t last = position(literal, i - 1); /* the loop ends after a digit */
    if (i <= literal->last) {                /* whose last digit is not 0 */
        text[kept++] = '1';
        last--;
    }
    if (last > position_most)
        last = position_most;
    if (last < -position_most)
        last = -position_most;
    put_exponent(text + kept, last);
    const double magnitude = strtod(text, NULL);
    const double real = literal->negative && magnitude != 0 ? -magnitude : magnitude;
    *out = (struct number){.real = real, .kind = NUMBER_DOUBLE};
}

static __attribute__((noinline)) bool parse_general(struct text text, struct number *out)
{
    text = trimmed(text);
    const bool negative = text.length > 0 && text.bytes[0] == '-';
    const bool has_sign = negative || (text.length > 0 && text.bytes[0] == '+');
    if (has_sign)
        text = after(text, 1);
    struct literal literal = {.negative = negative};
    if (!find_digits(text, &literal))
        return read_word(text, has_sign, negative, out);
    text = after(text, literal.length);
    if (text.length > 0 && !read_exponent(text, &literal.exponent))
        return false;
    if (!store_exact(&literal, out))
        store_nearest(&literal, out);
    return true;
}

/* Reads all of [at, end) as an exponent of one digit or two, and adds it to *scale; false when it
 * is anything else. */
static inline bool read_short_exponent(const char *at, const char *end, int *scale)
{
    if (at == end || (*at | 0x20) != 'e')
        return false;
    at++;
    const bool negative = at < end && *at == '-';
    at += negative || (at < end && *at == '+');
    if (end - at < 1 || end - at > 2 || !is_digit(*at) || !is_digit(end[-1]))
        return false;
    const int exponent = (end - at == 2 ? (*at - '0') * 10 : 0) + (end[-1] - '0');
    *scale += negative ? -exponent : exponent;
    return *scale >= NUMBER_EXPONENT_MIN && *scale <= 0;
}

/* The common path: a minus sign or none, few digits, at most one point, perhaps a short exponent.
 */
static inline bool parse(struct text text, struct number *out)
{
    const char *at = text.bytes;
    const char *const end = at + text.length;
    const bool negative = text.length > 0 && *at == '-';
    at += negative;
    const char *const start = at;
    if (end - at <= SHORT_LENGTH) {
        uint64_t mantissa = 0;
        at = read_run(at, end, &mantissa);
        ptrdiff_t digits = at - start;
        int scale = 0;
        if (at < end && *at == '.') {
            const char *const fraction = ++at;
            at = read_run(at, end, &mantissa);
            digits += at - fraction;
            scale = -(int)(at - fraction);
        }
        const bool is_short =
            digits > 0 && (digits <= SHORT_DIGITS || (digits == SHORT_DIGITS + 1 && *start == '0'));
        if (is_short && (at == end || read_short_exponent(at, end, &scale))) {
            out->mantissa = negative ? -(int128)mantissa : (int128)mantissa;
            out->exponent = (int8_t)scale;
            out->kind = NUMBER_DECIMAL;
            return true;
        }
    }
    return parse_general(text, out);
}

bool number_parse(struct text text, struct number *out)
{
    return text.bytes != NULL && parse(text, out);
}

/* Parses one field of a column; false when it is bad. */
static inline bool parse_field(struct text text, struct number *out)
{
    if (text.bytes != NULL && parse(text, out))
        return true;
    *out = (struct number){.kind = NUMBER_NULL};
    return text.bytes == NULL;
}

uint32_t number_parse_column(const struct text *texts, uint32_t count, struct number *out,
                             uint32_t *bad)
{
    uint32_t bad_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_field(texts[i], &out[i]))
            bad[bad_count++] = i;
    }
    return bad_count;
}

uint32_t number_parse_selected(const struct text *texts, const uint32_t *selection,
                               uint32_t selected, struct number *out, uint32_t *bad)
{
    uint32_t bad_count = 0;
    for (uint32_t i = 0; i < selected; i++) {
        const uint32_t row = selection[i];
        if (!parse_field(texts[row], &out[row]))
            bad[bad_count++] = row;
    }
    return bad_count;
}
