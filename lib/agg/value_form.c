/* Digits are checked and summed up eight at a time in a word (Daniel Lemire, "Number parsing at a
 * gigabyte per second", 2021). A word here has the text's last byte on top, so that digits that are
 * not there are zeros at the bottom. */
#include "agg/value_form.h"

#include "num/power.h"
#include "num/time.h"

#include <endian.h>

enum {
    WORD_BYTES = 8,
    DIGITS_MOST = 18,
    DATE_LENGTH = 10,
    TIME_LENGTH = 19,
    MINUTE = 60,
    HOUR = 3600,
    DAY = 86400,
};

static const uint64_t zeros = UINT64_C(0x3030303030303030);

/* ---- words ---------------------------------------------------------------------------------- */

static inline uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return le64toh(word);
}

/* A text of 1 … 8 bytes, its last byte on top. */
static inline uint64_t load_short(const char *bytes, size_t length, enum value_form_texts padding)
{
    if (padding == VALUE_FORM_PADDED)
        return load_word(bytes) << (8 * (WORD_BYTES - length));
    uint64_t word = 0;
    if (length >= 4) {
        uint32_t first, last;
        memcpy(&first, bytes, sizeof first);
        memcpy(&last, bytes + length - sizeof last, sizeof last);
        return (uint64_t)le32toh(last) << 32 | (uint64_t)le32toh(first)
                                                   << (8 * (WORD_BYTES - length));
    }
    for (size_t i = 0; i < length; i++)
        word = word >> 8 | (uint64_t)(unsigned char)bytes[i] << 56;
    return word;
}

/* True when every byte is 0 … 9. */
static inline bool all_digits(uint64_t word)
{
    return (((word + UINT64_C(0x7676767676767676)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

/* The number that the digits 0 … 9 in the bytes make, the top one last. */
static inline uint64_t sum_digits(uint64_t word)
{
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (word * 10000 + (word >> 32)) & UINT32_MAX;
}

/* ---- numbers -------------------------------------------------------------------------------- */

/* Takes the point out of a word, whose digits behind it are on top; false when it is not there. */
static inline bool remove_point(uint64_t *word, unsigned digits)
{
    const unsigned shift = 8 * (WORD_BYTES - 1 - digits);
    if ((*word >> shift & 0xff) != '.')
        return false;
    const uint64_t below = (UINT64_C(1) << shift) - 1;
    *word = (*word & ~(below << 8 | 0xff)) | (*word & below) << 8;
    return true;
}

/* Of 1 … 8 bytes. */
static inline int64_t key_of_short(const struct value_form *form, const char *bytes, size_t length,
                                   enum value_form_texts padding)
{
    uint64_t word = load_short(bytes, length, padding);
    const bool negative = bytes[0] == '-';
    size_t count = length - negative; /* digits */
    if (negative)
        word &= ~(UINT64_C(0xff) << (8 * (WORD_BYTES - length)));
    if (form->digits > 0) {
        if (count < (size_t)form->digits + 2 || !remove_point(&word, form->digits))
            return VALUE_FORM_NONE;
        count--;
    } else if (count == 0) {
        return VALUE_FORM_NONE;
    }
    const unsigned empty = 8 * (unsigned)(WORD_BYTES - count);
    word ^= zeros << empty;
    const bool leads = (word >> empty & 0xff) == 0 && count > (size_t)form->digits + 1;
    if (!all_digits(word) || leads || (negative && word == 0))
        return VALUE_FORM_NONE;
    const int64_t value = (int64_t)sum_digits(word);
    return negative ? -value : value;
}

/* Of any length: digit by digit. */
static int64_t key_of_long(const struct value_form *form, struct text text)
{
    const bool negative = text.bytes[0] == '-';
    const size_t behind = form->digits > 0 ? (size_t)form->digits + 1 : 0; /* the point, too */
    if (text.length > VALUE_FORM_SIZE || text.length < negative + 1 + behind)
        return VALUE_FORM_NONE;
    const size_t point = text.length - behind;
    const size_t count = text.length - negative - (behind > 0);
    int64_t value = 0;
    if (count > DIGITS_MOST || (text.bytes[negative] == '0' && point - negative > 1) ||
        (behind > 0 && text.bytes[point] != '.'))
        return VALUE_FORM_NONE;
    for (size_t i = negative; i < text.length; i++) {
        const int digit = text.bytes[i] - '0';
        if (i == point)
            continue;
        if (digit < 0 || digit > 9)
            return VALUE_FORM_NONE;
        value = value * 10 + digit;
    }
    if (negative && value == 0)
        return VALUE_FORM_NONE;
    return negative ? -value : value;
}

/* ---- times ---------------------------------------------------------------------------------- */

/* The month that was last met: days are many, months few. */
struct month {
    uint64_t word; /* `YYYY-MM-`; 0: none yet */
    int64_t begin; /* its first day, counted from 1970-01-01 */
    unsigned days; /* that it has */
};

/* Reads `YYYY-MM-` as the month; false when it is none. */
static bool read_month(struct month *month, uint64_t word)
{
    char text[DATE_LENGTH];
    struct instant instant;
    word = htole64(word);
    memcpy(text, &word, sizeof word);
    for (unsigned day = 31; day >= 28; day--) {
        text[WORD_BYTES] = (char)('0' + day / 10);
        text[WORD_BYTES + 1] = (char)('0' + day % 10);
        if (!instant_parse((struct text){.bytes = text, .length = DATE_LENGTH}, &instant))
            continue;
        *month = (struct month){
            .word = le64toh(word), .begin = instant.seconds / DAY - (day - 1), .days = day};
        return true;
    }
    return false;
}

/* Days since 1970-01-01 of `YYYY-MM-DD`, or VALUE_FORM_NONE. */
static inline int64_t key_of_date(const char *bytes, struct month *month)
{
    const uint64_t word = load_word(bytes);
    const unsigned tens = (unsigned)(unsigned char)bytes[WORD_BYTES] - '0';
    const unsigned ones = (unsigned)(unsigned char)bytes[WORD_BYTES + 1] - '0';
    const unsigned day = tens * 10 + ones;
    if (word != month->word && !read_month(month, word))
        return VALUE_FORM_NONE;
    if (tens > 3 || ones > 9 || day - 1 >= month->days)
        return VALUE_FORM_NONE;
    return month->begin + (day - 1);
}

/* Seconds since 1970-01-01 of a timestamp of 19 bytes. */
static inline int64_t key_of_timestamp(const struct value_form *form, const char *bytes,
                                       struct month *month)
{
    static const uint64_t colons = UINT64_C(0x00003a00003a0000); /* of hh:mm:ss */
    static const uint64_t at_colons = UINT64_C(0x0000ff0000ff0000);
    const int64_t days = key_of_date(bytes, month);
    uint64_t word = load_word(bytes + TIME_LENGTH - WORD_BYTES);
    if (days == VALUE_FORM_NONE || bytes[DATE_LENGTH] != form->separator ||
        (word & at_colons) != colons)
        return VALUE_FORM_NONE;
    word = (word & ~at_colons) ^ (zeros & ~at_colons);
    if (!all_digits(word))
        return VALUE_FORM_NONE;
    word = word * 10 + (word >> 8);
    const unsigned hour = word & 0xff;
    const unsigned minute = word >> 24 & 0xff;
    const unsigned second = word >> 48 & 0xff;
    if (hour > 23 || minute > 59 || second > 59)
        return VALUE_FORM_NONE;
    return days * DAY + (int64_t)(hour * HOUR + minute * MINUTE + second);
}

/* ---- texts to keys -------------------------------------------------------------------------- */

static inline int64_t key_of_number(const struct value_form *form, struct text text,
                                    enum value_form_texts padding)
{
    if (text.bytes == NULL || text.length == 0)
        return VALUE_FORM_NONE;
    if (text.length <= WORD_BYTES)
        return key_of_short(form, text.bytes, text.length, padding);
    return key_of_long(form, text);
}

static inline int64_t key_of_time(const struct value_form *form, struct text text,
                                  struct month *month)
{
    if (text.bytes == NULL)
        return VALUE_FORM_NONE;
    if (form->kind == VALUE_FORM_DATE)
        return text.length == DATE_LENGTH ? key_of_date(text.bytes, month) : VALUE_FORM_NONE;
    return text.length == TIME_LENGTH ? key_of_timestamp(form, text.bytes, month) : VALUE_FORM_NONE;
}

int64_t value_form_key(const struct value_form *form, struct text text)
{
    struct month month = {.word = 0};
    if (form->kind == VALUE_FORM_NUMBER)
        return key_of_number(form, text, VALUE_FORM_BARE);
    return key_of_time(form, text, &month);
}

static void number_keys(const struct value_form *given, const struct text *texts,
                        const uint32_t *rows, uint32_t count, enum value_form_texts padding,
                        int64_t *keys)
{
    const struct value_form form = *given;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = key_of_number(&form, texts[rows == NULL ? i : rows[i]], padding);
}

void value_form_keys(const struct value_form *form, const struct text *texts, const uint32_t *rows,
                     uint32_t count, enum value_form_texts padding, int64_t *keys)
{
    if (form->kind != VALUE_FORM_NUMBER) {
        struct month month = {.word = 0};
        for (uint32_t i = 0; i < count; i++)
            keys[i] = key_of_time(form, texts[rows == NULL ? i : rows[i]], &month);
    } else if (padding == VALUE_FORM_PADDED) {
        number_keys(form, texts, rows, count, VALUE_FORM_PADDED, keys);
    } else {
        number_keys(form, texts, rows, count, VALUE_FORM_BARE, keys);
    }
}

/* Whether a text is the one spelling of the mantissa that it was read as: it begins and ends with a
 * digit, the point is in its place, and the number is not too small for as many digits. */
static inline bool is_spelled(struct text text, int64_t mantissa, unsigned digits)
{
    const bool negative = mantissa < 0;
    const size_t besides = (size_t)negative + (digits > 0); /* the sign, the point */
    const size_t count = text.length - besides; /* wraps around when there are fewer bytes */
    if (count > DIGITS_MOST || count < digits + 1)
        return false;
    const uint64_t magnitude = negative ? -(uint64_t)mantissa : (uint64_t)mantissa;
    const uint64_t least = count > digits + 1 ? power_ten((int)count - 1) : 0;
    const unsigned first = (unsigned)(unsigned char)text.bytes[negative] - '0';
    const unsigned last = (unsigned)(unsigned char)text.bytes[text.length - 1] - '0';
    const bool has_point = digits == 0 || text.bytes[text.length - 1 - digits] == '.';
    return (magnitude >= least) & (first <= 9) & (last <= 9) & has_point;
}

void value_form_decimal_keys(const struct value_form *form, const struct text *texts,
                             const struct decimals *decimals, const uint32_t *rows, uint32_t count,
                             int64_t *keys)
{
    const unsigned digits = form->digits;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = rows == NULL ? i : rows[i];
        const int64_t mantissa = decimals->mantissas[row];
        const bool is_key = mantissa != DECIMAL_NULL && is_spelled(texts[row], mantissa, digits);
        keys[i] = is_key ? mantissa : VALUE_FORM_NONE;
    }
}

bool value_form_of(struct text text, struct value_form *out)
{
    if (text.length == 0 || text.length > VALUE_FORM_SIZE)
        return false;
    *out = (struct value_form){.kind = VALUE_FORM_NUMBER};
    if (text.length >= DATE_LENGTH && text.bytes[4] == '-') {
        out->kind = text.length == DATE_LENGTH ? VALUE_FORM_DATE : VALUE_FORM_TIMESTAMP;
        out->separator = out->kind == VALUE_FORM_DATE ? '\0' : text.bytes[DATE_LENGTH];
        if (out->kind == VALUE_FORM_TIMESTAMP && out->separator != ' ' && out->separator != 'T')
            return false;
    } else {
        const char *const point = memchr(text.bytes, '.', text.length);
        if (point != NULL)
            out->digits = (uint8_t)(text.bytes + text.length - point - 1);
        if (point != NULL && out->digits == 0)
            return false; /* nothing behind the point */
    }
    return value_form_key(out, text) != VALUE_FORM_NONE;
}

/* ---- keys to texts -------------------------------------------------------------------------- */

static size_t spell_number(unsigned digits, int64_t key, char *out)
{
    char reversed[VALUE_FORM_SIZE];
    size_t length = 0;
    uint64_t rest = key < 0 ? -(uint64_t)key : (uint64_t)key;
    for (unsigned i = 0; rest > 0 || i < digits + 1; i++) {
        if (i == digits && digits > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (key < 0)
        reversed[length++] = '-';
    for (size_t i = 0; i < length; i++)
        out[i] = reversed[length - 1 - i];
    return length;
}

size_t value_form_spell(const struct value_form *form, int64_t key, char out[VALUE_FORM_SIZE])
{
    if (form->kind == VALUE_FORM_NUMBER)
        return spell_number(form->digits, key, out);
    char printed[INSTANT_TEXT_SIZE];
    const bool is_date = form->kind == VALUE_FORM_DATE;
    const struct instant instant = {.seconds = key * value_form_unit(form),
                                    .form = is_date ? INSTANT_DATE : INSTANT_LOCAL};
    const size_t length = instant_print(&instant, printed);
    if (!is_date)
        printed[DATE_LENGTH] = form->separator;
    memcpy(out, printed, length);
    return length;
}

int64_t value_form_unit(const struct value_form *form)
{
    return form->kind == VALUE_FORM_DATE ? DAY : 1;
}
