#include "num/print.h"

#include "base/word.h"
#include "num/power.h"
#include "num/shortest.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    /* Digits are copied as a block of this many, whose length the compiler knows. */
    DIGITS_BLOCK = 40,
    /* The notation of doubles: fixed from 10^FIXED_MIN up to below 10^FIXED_END. */
    FIXED_MIN = -7,
    FIXED_END = 21,
    EIGHT_DIGITS = 100000000,
};

/* The digit 0 in every byte. */
#define ZEROS UINT64_C(0x3030303030303030)

_Static_assert((int)NUMBER_DIGITS < (int)DIGITS_BLOCK, "all digits are in the first block");
/* ± 0 . zeros, and a block of which the digits are less. */
_Static_assert(3 + FIXED_END + DIGITS_BLOCK <= (int)NUMBER_TEXT_SIZE &&
                   3 - (int)NUMBER_EXPONENT_MIN + DIGITS_BLOCK <= (int)NUMBER_TEXT_SIZE,
               "a block fits where the last digits stand");

/* count digits, the last of which stands for 10^exponent. */
struct digits {
    char digit[2 * DIGITS_BLOCK]; /* zeros behind them: a block from any of them is inside */
    int count;
    int exponent;
};

/* ---- digits ------------------------------------------------------------------------------ */

/* Puts two digits. */
static void put_pair(char *out, uint32_t pair)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + (size_t)2 * pair, 2);
}

/* Puts eight digits, zeros at the front too. */
static void put_eight(char *out, uint32_t value)
{
    const uint32_t high = value / 10000;
    const uint32_t low = value % 10000;
    put_pair(out, high / 100);
    put_pair(out + 2, high % 100);
    put_pair(out + 4, low / 100);
    put_pair(out + 6, low % 100);
}

/* Puts 1 to 8 digits, no zeros at the front, and gives their number. Overwrites eight bytes. */
static int put_leading(char *out, uint32_t value)
{
    if (value < 10) {
        *out = (char)('0' + value);
        return 1;
    }
    char eight[WORD_SIZE];
    put_eight(eight, value);
    const uint64_t word = word_load(eight, WORD_SIZE);
    const int zeros = __builtin_ctzll(word & ~ZEROS) / 8; /* '0' has only the bits of ZEROS */
    word_store(out, word >> (8 * zeros), WORD_SIZE);
    return WORD_SIZE - zeros;
}

/* Puts the digits of an integer and gives their number. */
static int put_integer(char *out, uint64_t value)
{
    if (value < EIGHT_DIGITS)
        return put_leading(out, (uint32_t)value);
    const uint64_t rest = value / EIGHT_DIGITS;
    int count;
    if (rest < EIGHT_DIGITS) {
        count = put_leading(out, (uint32_t)rest);
    } else {
        count = put_leading(out, (uint32_t)(rest / EIGHT_DIGITS));
        put_eight(out + count, (uint32_t)(rest % EIGHT_DIGITS));
        count += 8;
    }
    put_eight(out + count, (uint32_t)(value % EIGHT_DIGITS));
    return count + 8;
}

/* Puts 19 digits, zeros at the front too. */
static void put_nineteen(char *out, uint64_t value)
{
    const uint64_t rest = value / EIGHT_DIGITS;
    const uint32_t top = (uint32_t)(rest / EIGHT_DIGITS); /* of three digits */
    out[0] = (char)('0' + top / 100);
    put_pair(out + 1, top % 100);
    put_eight(out + 3, (uint32_t)(rest % EIGHT_DIGITS));
    put_eight(out + 11, (uint32_t)(value % EIGHT_DIGITS));
}

/* Puts the digits of an integer below 10^38 and gives their number. */
static int put_wide(char *out, uint128 value)
{
    if (value <= UINT64_MAX)
        return put_integer(out, (uint64_t)value);
    const int count = put_integer(out, (uint64_t)(value / power_ten(POWER_TEN_MAX)));
    put_nineteen(out + count, (uint64_t)(value % power_ten(POWER_TEN_MAX)));
    return count + POWER_TEN_MAX;
}

static void strip_zeros(struct digits *digits)
{
    int count = digits->count;
    /* Eight at a time, for the many of a short number that has 17 digits. */
    while (count > WORD_SIZE && word_load(digits->digit + count - WORD_SIZE, WORD_SIZE) == ZEROS)
        count -= WORD_SIZE;
    while (count > 1 && digits->digit[count - 1] == '0')
        count--;
    digits->exponent += digits->count - count;
    digits->count = count;
}

/* ---- notations --------------------------------------------------------------------------- */

/* Puts the digits from number `from` on; more zeros may stand behind them. Gives their number. */
static int put_from(char *out, const struct digits *digits, int from)
{
    memcpy(out, digits->digit + from, DIGITS_BLOCK);
    return digits->count - from;
}

static int put_fixed(char *out, const struct digits *digits)
{
    const int whole = digits->count + digits->exponent; /* digits before the point */
    if (digits->exponent >= 0) {
        put_from(out, digits, 0);
        memset(out + digits->count, '0', (size_t)digits->exponent);
        return whole;
    }
    if (whole > 0) {
        put_from(out, digits, 0);
        out[whole] = '.';
        return whole + 1 + put_from(out + whole + 1, digits, whole);
    }
    memset(out, '0', (size_t)(2 - whole));
    out[1] = '.';
    return 2 - whole + put_from(out + 2 - whole, digits, 0);
}

static int put_scientific(char *out, const struct digits *digits)
{
    int length = 1;
    out[0] = digits->digit[0];
    if (digits->count > 1) {
        out[length++] = '.';
        length += put_from(out + length, digits, 1);
    }
    const int exponent = digits->count - 1 + digits->exponent;
    out[length++] = 'e';
    if (exponent < 0)
        out[length++] = '-';
    return length + put_leading(out + length, (uint32_t)(exponent < 0 ? -exponent : exponent));
}

static size_t finish(char *out, int length)
{
    out[length] = '\0';
    return (size_t)length;
}

static size_t finish_word(char *out, const char *word)
{
    const size_t length = strlen(word);
    memcpy(out, word, length + 1);
    return length;
}

static size_t print_decimal(const struct number *number, char *out)
{
    const uint128 magnitude = power_magnitude(number->mantissa);
    int length = 0;
    if (number->mantissa < 0)
        out[length++] = '-';
    if (number->exponent == 0 || magnitude == 0)
        return finish(out, length + put_wide(out + length, magnitude));
    struct digits digits = {.exponent = number->exponent};
    digits.count = put_wide(digits.digit, magnitude);
    strip_zeros(&digits);
    return finish(out, length + put_fixed(out + length, &digits));
}

static size_t print_real(double real, bool is_single, char *out)
{
    if (!isfinite(real))
        return finish_word(out, isnan(real) ? "NaN" : real > 0 ? "inf" : "-inf");
    if (real == 0)
        return finish_word(out, "0");
    const double magnitude = fabs(real);
    const struct shortest shortest =
        is_single ? shortest_of_float((float)magnitude) : shortest_of_double(magnitude);
    struct digits digits = {.exponent = shortest.exponent};
    digits.count = put_integer(digits.digit, shortest.digits);
    strip_zeros(&digits);
    int length = 0;
    if (real < 0)
        out[length++] = '-';
    const int first = digits.count - 1 + digits.exponent; /* 10^first is the first digit's */
    if (first >= FIXED_MIN && first < FIXED_END)
        return finish(out, length + put_fixed(out + length, &digits));
    return finish(out, length + put_scientific(out + length, &digits));
}

size_t number_print(const struct number *number, char out[NUMBER_TEXT_SIZE])
{
    if (number->kind == NUMBER_DECIMAL)
        return print_decimal(number, out);
    return print_real(number->real, number->exponent == NUMBER_SINGLE, out);
}
