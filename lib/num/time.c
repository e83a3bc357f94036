/* Days are counted by days_from_civil of Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms". */
#include "num/time.h"

#include "num/power.h"

enum {
    FRACTION_DIGITS = 18,
    MINUTE = 60,
    HOUR = 3600,
    DAY = 86400,
};

/* Takes `count` digits off the text; -1 when there are not as many. */
static int take_digits(struct text *text, size_t count)
{
    int value = 0;
    if (text->length < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const int digit = text->bytes[i] - '0';
        if (digit < 0 || digit > 9)
            return -1;
        value = value * 10 + digit;
    }
    text->bytes += count;
    text->length -= count;
    return value;
}

static bool take_byte(struct text *text, char byte)
{
    if (text->length == 0 || text->bytes[0] != byte)
        return false;
    text->bytes++;
    text->length--;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01. The year begins in March, so that the leap day is its last; eras of 400
 * years repeat. */
static int64_t days_from_civil(int year, int month, int day)
{
    enum { ERA_YEARS = 400, ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };
    if (month <= 2)
        year--;
    const int era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
    const int year_of_era = year - era * ERA_YEARS;
    const int month_from_march = (month + 9) % 12;
    const int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

static bool take_date(struct text *text, int64_t *seconds)
{
    const int year = take_digits(text, 4);
    if (year < 0 || !take_byte(text, '-'))
        return false;
    const int month = take_digits(text, 2);
    if (month < 1 || month > 12 || !take_byte(text, '-'))
        return false;
    const int day = take_digits(text, 2);
    if (day < 1 || day > days_in_month(year, month))
        return false;
    *seconds = days_from_civil(year, month, day) * DAY;
    return true;
}

/* hh:mm, in seconds; -1 when it is none. */
static int take_hours_minutes(struct text *text)
{
    const int hour = take_digits(text, 2);
    if (hour < 0 || hour > 23 || !take_byte(text, ':'))
        return -1;
    const int minute = take_digits(text, 2);
    if (minute < 0 || minute > 59)
        return -1;
    return hour * HOUR + minute * MINUTE;
}

static bool take_time(struct text *text, int64_t *seconds)
{
    const int minutes = take_hours_minutes(text);
    if (minutes < 0 || !take_byte(text, ':'))
        return false;
    const int second = take_digits(text, 2);
    if (second < 0 || second > 59)
        return false;
    *seconds += minutes + second;
    return true;
}

/* The digits after a point that was taken. */
static bool take_fraction(struct text *text, uint64_t *attoseconds)
{
    int count = 0;
    uint64_t value = 0;
    for (int digit; count < FRACTION_DIGITS && (digit = take_digits(text, 1)) >= 0; count++)
        value = value * 10 + (uint64_t)digit;
    *attoseconds = value * power_ten(FRACTION_DIGITS - count);
    return count > 0;
}

/* Z, or an offset, which is taken off the seconds. */
static bool take_zone(struct text *text, int64_t *seconds)
{
    if (take_byte(text, 'Z'))
        return true;
    const bool east = take_byte(text, '+');
    if (!east && !take_byte(text, '-'))
        return false;
    const int offset = take_hours_minutes(text);
    *seconds += east ? -offset : offset;
    return offset >= 0;
}

bool instant_parse(struct text text, struct instant *out)
{
    struct instant instant = {.form = INSTANT_DATE};
    if (text.bytes == NULL || !take_date(&text, &instant.seconds))
        return false;
    if (text.length > 0) {
        instant.form = INSTANT_LOCAL;
        if (!take_byte(&text, 'T') && !take_byte(&text, ' '))
            return false;
        if (!take_time(&text, &instant.seconds))
            return false;
        if (take_byte(&text, '.') && !take_fraction(&text, &instant.attoseconds))
            return false;
    }
    if (text.length > 0) {
        instant.form = INSTANT_ZONED;
        if (!take_zone(&text, &instant.seconds) || text.length > 0)
            return false;
    }
    *out = instant;
    return true;
}

int instant_compare(const struct instant *a, const struct instant *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->attoseconds > b->attoseconds) - (a->attoseconds < b->attoseconds);
}

/* ---- printing ---------------------------------------------------------------------------- */

struct civil {
    int year;
    int month;
    int day;
};

/* The way back from days_from_civil, by the same author. */
static struct civil civil_from_days(int64_t days)
{
    enum { ERA_YEARS = 400, ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };
    days += DAYS_TO_1970;
    const int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    const int day_of_era = (int)(days - era * ERA_DAYS);
    const int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int month_from_march = (5 * day_of_year + 2) / 153;
    const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil){
        .year = (int)(era * ERA_YEARS) + year_of_era + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static char *put_digits(char *out, uint64_t value, size_t width)
{
    for (size_t i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

static char *put_fraction(char *out, uint64_t attoseconds)
{
    if (attoseconds == 0)
        return out;
    *out++ = '.';
    out = put_digits(out, attoseconds, FRACTION_DIGITS);
    while (out[-1] == '0')
        out--;
    return out;
}

size_t instant_print(const struct instant *instant, char out[INSTANT_TEXT_SIZE])
{
    int64_t days = instant->seconds / DAY;
    int64_t seconds = instant->seconds % DAY;
    if (seconds < 0) {
        seconds += DAY;
        days--;
    }
    const struct civil civil = civil_from_days(days);
    char *end = put_digits(out, (uint64_t)civil.year, 4);
    *end++ = '-';
    end = put_digits(end, (uint64_t)civil.month, 2);
    *end++ = '-';
    end = put_digits(end, (uint64_t)civil.day, 2);
    if (instant->form != INSTANT_DATE) {
        *end++ = 'T';
        end = put_digits(end, (uint64_t)seconds / HOUR, 2);
        *end++ = ':';
        end = put_digits(end, (uint64_t)seconds / MINUTE % 60, 2);
        *end++ = ':';
        end = put_digits(end, (uint64_t)seconds % 60, 2);
        end = put_fraction(end, instant->attoseconds);
    }
    if (instant->form == INSTANT_ZONED)
        *end++ = 'Z';
    *end = '\0';
    return (size_t)(end - out);
}

void instant_number(const struct instant *instant, struct number *out)
{
    /* As few digits as do: such numbers take less room than those that need all of them. */
    int digits = 0;
    uint64_t fraction = instant->attoseconds;
    if (fraction != 0)
        digits = FRACTION_DIGITS;
    for (; digits > 0 && fraction % 10 == 0; digits--)
        fraction /= 10;
    *out = (struct number){
        .mantissa = (int128)instant->seconds * (int128)power_ten_wide(digits) + (int128)fraction,
        .exponent = (int8_t)-digits,
        .kind = NUMBER_DECIMAL,
    };
}
