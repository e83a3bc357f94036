/* The plain C kernel, which defines the others.
 *
 * Whether a column has a common scale does not depend on the order in which texts are met: it is
 * the finest one, and what is 10^18 or more at some scale is so at every finer one too. */
#include "num/decimals_kernel.h"
#include "num/power.h"

enum { MANTISSA_DIGITS = 18 };

/* A mantissa from here on has no room for one more digit. */
static const uint64_t mantissa_full = UINT64_C(100000000000000000);

struct reading {
    int64_t mantissa;
    unsigned digits; /* after the point */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Reads digits with at most one point, all of [at, end). */
static bool read_digits(const char *at, const char *end, uint64_t *mantissa, unsigned *digits)
{
    const char *point = NULL;
    const char *const begin = at;
    *mantissa = 0;
    for (; at < end; at++) {
        if (*at == '.' && point == NULL) {
            point = at;
            continue;
        }
        const unsigned digit = (unsigned char)(*at - '0');
        if (digit > 9 || *mantissa >= mantissa_full)
            return false;
        *mantissa = *mantissa * 10 + digit;
    }
    const size_t after = point == NULL ? 0 : (size_t)(end - point) - 1;
    *digits = (unsigned)after;
    return end - begin > (point != NULL) && after <= NUMBER_DIGITS;
}

static bool read_text(struct text text, struct reading *out)
{
    const char *at = text.bytes;
    const char *end = at + text.length;
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    const bool negative = at < end && *at == '-';
    at += negative || (at < end && *at == '+');
    uint64_t magnitude;
    if (!read_digits(at, end, &magnitude, &out->digits))
        return false;
    out->mantissa = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* *mantissa *= 10^power, where it is not null. No branch that data of mixed scales would make hard
 * to foresee. */
static inline bool scale_up(int64_t *mantissa, unsigned power)
{
    const int64_t value = *mantissa;
    if (power >= MANTISSA_DIGITS)
        return value == 0 || value == DECIMAL_NULL;
    const int64_t most = (int64_t)power_ten(MANTISSA_DIGITS - (int)power) - 1;
    if (value > most || value < -most)
        return value == DECIMAL_NULL;
    *mantissa = value * (int64_t)power_ten((int)power);
    return true;
}

/* Makes the scale finer if need be, for the rows before `row` too. */
static bool refine(struct decimal_column *column, uint32_t row, unsigned digits)
{
    if (digits <= column->scale)
        return true;
    const unsigned power = digits - column->scale;
    for (uint32_t i = 0; i < row; i++) {
        if (!scale_up(&column->mantissas[i], power))
            return false;
    }
    column->scale = digits;
    return true;
}

bool decimals_read_rows(struct decimal_column *column, uint32_t row, uint32_t count)
{
    for (const uint32_t end = row + count; row < end; row++) {
        const struct text text = column->texts[row];
        struct reading reading = {.mantissa = DECIMAL_NULL, .digits = column->scale};
        column->has_nulls |= text.bytes == NULL;
        if (text.bytes != NULL && !read_text(text, &reading))
            return false;
        if (!refine(column, row, reading.digits))
            return false;
        const unsigned power = column->scale - reading.digits;
        if (power > 0 && !scale_up(&reading.mantissa, power))
            return false;
        column->mantissas[row] = reading.mantissa;
    }
    return true;
}

bool decimals_align(struct decimal_column *column, uint32_t row, uint32_t count,
                    const uint64_t *digits)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < count; i++)
        most = digits[i] > most ? digits[i] : most;
    if (!refine(column, row, (unsigned)most))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!scale_up(&column->mantissas[row + i], column->scale - (unsigned)digits[i]))
            return false;
    }
    return true;
}

struct decimals decimals_of_column(const struct decimal_column *column)
{
    return (struct decimals){.mantissas = column->mantissas,
                             .exponent = (int8_t) - (int)column->scale,
                             .has_nulls = column->has_nulls};
}

static bool parse(const struct text *texts, uint32_t count, int64_t *mantissas,
                  struct decimals *out)
{
    struct decimal_column column = {.texts = texts, .mantissas = mantissas};
    if (!decimals_read_rows(&column, 0, count))
        return false;
    *out = decimals_of_column(&column);
    return true;
}

struct decimal_summary decimals_empty_summary(const struct decimals *decimals)
{
    return (struct decimal_summary){
        .least = INT64_MAX, .greatest = INT64_MIN, .exponent = decimals->exponent};
}

void decimals_add_squares(struct decimal_summary *summary, const int64_t *mantissas, size_t count)
{
    uint128 low = summary->squares;
    uint32_t high = summary->squares_high;
    for (size_t i = 0; i < count; i++) {
        const int64_t mantissa = mantissas[i] == DECIMAL_NULL ? 0 : mantissas[i];
        const uint128 square = (uint128)((int128)mantissa * mantissa);
        low += square;
        high += low < square;
    }
    summary->squares = low;
    summary->squares_high = high;
}

void decimals_add_rows(struct decimal_summary *summary, const int64_t *mantissas, size_t count,
                       unsigned parts)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t mantissa = mantissas[i];
        if (mantissa == DECIMAL_NULL)
            continue;
        summary->count++;
        summary->sum += mantissa;
        summary->least = mantissa < summary->least ? mantissa : summary->least;
        summary->greatest = mantissa > summary->greatest ? mantissa : summary->greatest;
    }
    summary->rows += count;
    if ((parts & SUMMARY_SQUARES) != 0)
        decimals_add_squares(summary, mantissas, count);
}

void decimals_end_summary(struct decimal_summary *summary, unsigned parts)
{
    if ((parts & SUMMARY_SUM) == 0)
        summary->sum = 0;
    if ((parts & SUMMARY_EXTREMES) == 0 || summary->count == 0) {
        summary->least = 0;
        summary->greatest = 0;
    }
}

void decimals_summarize(const struct decimals *decimals, const uint32_t *selection,
                        uint32_t selected, unsigned parts, struct decimal_summary *out)
{
    struct decimal_summary summary = decimals_empty_summary(decimals);
    if (selection == NULL) {
        decimals_add_rows(&summary, decimals->mantissas, selected, parts);
    } else {
        for (uint32_t i = 0; i < selected; i++)
            decimals_add_rows(&summary, &decimals->mantissas[selection[i]], 1, parts);
    }
    decimals_end_summary(&summary, parts);
    *out = summary;
}

const struct decimal_kernel decimal_kernel_scalar = {
    .isa = ISA_SCALAR, .parse = parse, .summarize = decimals_summarize};
