/* Shortest digits that read back. Every decimal of at most 15 digits survives the way to a normal
 * double and back (6 for a float; Matula, "In-and-out conversions", 1968), so that rounding to 15
 * digits finds all shorter ones too, as zeros at the end. Otherwise it takes 16, or 17, which
 * always do. At a power of two the doubles below are nearer than those above: there the nearest
 * decimal of a length may fail while the next one up reads back. */
#include "num/print.h"

#include "num/power.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS_MAX = 40,
    /* The notation of doubles: fixed from 10^FIXED_MIN up to below 10^FIXED_END. */
    FIXED_MIN = -7,
    FIXED_END = 21,
};

/* ±d.ddd * 10^exponent, no zero at the end but a single 0. */
struct digits {
    char digit[DIGITS_MAX];
    int count;
    int exponent;
    bool negative;
};

/* What a printed double must survive. */
struct format {
    double (*read)(const char *text);
    double normal_min; /* below it numbers have fewer bits */
    int sure_digits;
    int max_digits;
};

static double read_double(const char *text)
{
    return strtod(text, NULL);
}

static double read_float(const char *text)
{
    return (double)strtof(text, NULL);
}

static const struct format format_double = {
    .read = read_double,
    .normal_min = DBL_MIN,
    .sure_digits = DBL_DIG,
    .max_digits = DBL_DECIMAL_DIG,
};

static const struct format format_float = {
    .read = read_float,
    .normal_min = (double)FLT_MIN,
    .sure_digits = FLT_DIG,
    .max_digits = FLT_DECIMAL_DIG,
};

static void strip_zeros(struct digits *digits)
{
    while (digits->count > 1 && digits->digit[digits->count - 1] == '0')
        digits->count--;
}

/* A writer into the caller's text. */
struct writer {
    char *out;
    size_t length;
};

static void put(struct writer *writer, char c)
{
    writer->out[writer->length++] = c;
}

/* Puts digits from … to - 1; zeros where there are none. */
static void put_digits(struct writer *writer, const struct digits *digits, int from, int to)
{
    for (int i = from; i < to; i++)
        put(writer, i >= 0 && i < digits->count ? digits->digit[i] : '0');
}

static void put_fixed(struct writer *writer, const struct digits *digits)
{
    const int whole = digits->exponent + 1; /* digits before the point */
    if (whole > 0)
        put_digits(writer, digits, 0, whole);
    else
        put(writer, '0');
    if (whole >= digits->count)
        return;
    put(writer, '.');
    put_digits(writer, digits, whole, digits->count);
}

static void put_scientific(struct writer *writer, const struct digits *digits)
{
    put(writer, digits->digit[0]);
    if (digits->count > 1) {
        put(writer, '.');
        put_digits(writer, digits, 1, digits->count);
    }
    const int printed = snprintf(writer->out + writer->length, NUMBER_TEXT_SIZE - writer->length,
                                 "e%d", digits->exponent);
    writer->length += printed > 0 ? (size_t)printed : 0;
}

static size_t finish(struct writer *writer)
{
    writer->out[writer->length] = '\0';
    return writer->length;
}

static size_t print_decimal(const struct number *number, char *out)
{
    struct digits digits = {.negative = number->mantissa < 0};
    char reversed[DIGITS_MAX];
    int count = 0;
    for (uint128 rest = power_magnitude(number->mantissa); rest != 0;) {
        /* One long division for 19 digits. */
        uint64_t low = (uint64_t)(rest % power_ten(POWER_TEN_MAX));
        rest /= power_ten(POWER_TEN_MAX);
        for (int i = 0; i < POWER_TEN_MAX && (rest != 0 || low != 0); i++, low /= 10)
            reversed[count++] = (char)('0' + low % 10);
    }
    struct writer writer = {.out = out};
    if (count == 0) {
        put(&writer, '0');
        return finish(&writer);
    }
    for (int i = 0; i < count; i++)
        digits.digit[i] = reversed[count - 1 - i];
    digits.count = count;
    digits.exponent = number->exponent + count - 1;
    strip_zeros(&digits);
    if (digits.negative)
        put(&writer, '-');
    put_fixed(&writer, &digits);
    return finish(&writer);
}

/* The magnitude rounded to `count` digits. Reads only digits of what printf wrote, since the point
 * depends on the locale. */
static void round_to(struct digits *out, double magnitude, int count)
{
    char text[DIGITS_MAX];
    (void)snprintf(text, sizeof text, "%.*e", count - 1, magnitude); /* at most 25 bytes */
    out->count = 0;
    const char *at = text;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            out->digit[out->count++] = *at;
    }
    out->exponent = (int)strtol(at + 1, NULL, 10);
}

/* Adds one to the last digit. */
static void round_up(struct digits *digits)
{
    int i = digits->count - 1;
    for (; i >= 0 && digits->digit[i] == '9'; i--)
        digits->digit[i] = '0';
    if (i >= 0) {
        digits->digit[i]++;
        return;
    }
    digits->digit[0] = '1'; /* 99…9 became 100…0 */
    digits->exponent++;
}

static bool reads_back(const struct digits *digits, double magnitude, const struct format *format)
{
    char text[DIGITS_MAX];
    const int count = digits->count;
    memcpy(text, digits->digit, (size_t)count);
    (void)snprintf(text + count, sizeof text - (size_t)count, "e%d",
                   digits->exponent - (count - 1)); /* 17 digits at most: fits */
    return format->read(text) == magnitude;
}

/* Finds `count` digits that read back. */
static bool find_digits(struct digits *out, double magnitude, int count,
                        const struct format *format)
{
    int exponent;
    round_to(out, magnitude, count);
    if (reads_back(out, magnitude, format))
        return true;
    if (frexp(magnitude, &exponent) != 0.5) /* no power of two */
        return false;
    round_up(out);
    return reads_back(out, magnitude, format);
}

static size_t print_real(double real, const struct format *format, char *out)
{
    struct writer writer = {.out = out};
    if (!isfinite(real)) {
        const char *const word = isnan(real) ? "NaN" : real > 0 ? "inf" : "-inf";
        writer.length = strlen(word);
        memcpy(out, word, writer.length);
        return finish(&writer);
    }
    const double magnitude = fabs(real);
    struct digits digits = {.digit = "0", .count = 1};
    if (magnitude != 0) {
        int count = magnitude < format->normal_min ? 1 : format->sure_digits;
        while (!find_digits(&digits, magnitude, count, format) && count < format->max_digits)
            count++;
        strip_zeros(&digits);
    }
    if (real < 0)
        put(&writer, '-');
    if (digits.exponent >= FIXED_MIN && digits.exponent < FIXED_END)
        put_fixed(&writer, &digits);
    else
        put_scientific(&writer, &digits);
    return finish(&writer);
}

size_t number_print(const struct number *number, char out[NUMBER_TEXT_SIZE])
{
    if (number->kind == NUMBER_DECIMAL)
        return print_decimal(number, out);
    const bool is_single = number->exponent == NUMBER_SINGLE;
    return print_real(number->real, is_single ? &format_float : &format_double, out);
}
