/* format/binary_time.c
 *
 * Days and dates of the proleptic Gregorian calendar after Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (2013): years that begin in March, in eras of 400. */
#include "format/binary_time.h"

enum { DAY_SECONDS = 86400, ERA_DAYS = 146097, DAYS_BEFORE_1970 = 719468 };

static const int64_t first_second = INT64_C(-62167219200); /* 0000-01-01T00:00:00 */
static const int64_t last_second = INT64_C(253402300799);  /* 9999-12-31T23:59:59 */
static const uint64_t second_attoseconds = UINT64_C(1000000000000000000);

/* How long a unit is: so many seconds, or so many parts of a second, or so many months. */
struct unit {
    uint32_t months;
    uint32_t seconds;
    uint64_t parts;
    int digits; /* of the fraction; -1: only a date */
};

static const struct unit units[] = {
    [UNIT_YEAR] = {.months = 12, .digits = -1},
    [UNIT_MONTH] = {.months = 1, .digits = -1},
    [UNIT_WEEK] = {.seconds = 7 * DAY_SECONDS, .digits = -1},
    [UNIT_DAY] = {.seconds = DAY_SECONDS, .digits = -1},
    [UNIT_HOUR] = {.seconds = 3600},
    [UNIT_MINUTE] = {.seconds = 60},
    [UNIT_SECOND] = {.seconds = 1},
    [UNIT_MILLI] = {.parts = UINT64_C(1000), .digits = 3},
    [UNIT_MICRO] = {.parts = UINT64_C(1000000), .digits = 6},
    [UNIT_NANO] = {.parts = UINT64_C(1000000000), .digits = 9},
    [UNIT_PICO] = {.parts = UINT64_C(1000000000000), .digits = 12},
    [UNIT_FEMTO] = {.parts = UINT64_C(1000000000000000), .digits = 15},
    [UNIT_ATTO] = {.parts = UINT64_C(1000000000000000000), .digits = 18},
};

/* Days since 1970-01-01 of the first day of a month, which counts from 0 = January of year 0. */
static int64_t days_of_month(int64_t month)
{
    const int64_t from_march = month - 2;
    const int64_t year = from_march >= 0 ? from_march / 12 : -1; /* never before March of -1 */
    const int64_t rest = from_march - 12 * year;
    const int64_t days_of_rest = (153 * rest + 2) / 5;
    const int64_t shifted = year + 400; /* not negative */
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + days_of_rest - ERA_DAYS -
           DAYS_BEFORE_1970;
}

static bool instant_of_months(int128 months, struct instant *out)
{
    const int128 month = months + 12 * 1970;
    if (month < 0 || month >= 12 * 10000)
        return false;
    out->seconds = days_of_month((int64_t)month) * DAY_SECONDS;
    return true;
}

/* Division that rounds down. */
static bool instant_of_parts(int64_t parts, const struct unit *unit, struct instant *out)
{
    const int64_t divisor = (int64_t)unit->parts;
    const int64_t quotient = parts / divisor;
    const int64_t rest = parts % divisor;
    const uint64_t fraction = (uint64_t)(rest < 0 ? rest + divisor : rest);
    out->seconds = quotient - (rest < 0);
    out->attoseconds = fraction * (second_attoseconds / unit->parts);
    return out->seconds >= first_second && out->seconds <= last_second;
}

/* As above, where 64 bits do not hold the product of count and factor. */
static bool instant_of_many_parts(int128 parts, const struct unit *unit, struct instant *out)
{
    const int128 divisor = (int128)unit->parts;
    const int128 rest = parts % divisor;
    const int128 seconds = parts / divisor - (rest < 0);
    if (seconds < first_second || seconds > last_second)
        return false;
    out->seconds = (int64_t)seconds;
    out->attoseconds =
        (uint64_t)(rest < 0 ? rest + divisor : rest) * (second_attoseconds / unit->parts);
    return true;
}

bool binary_time_instant(int64_t count, const struct binary_field *field, struct instant *out)
{
    const struct unit *unit = &units[field->unit];
    const int128 total = (int128)count * field->factor;
    *out = (struct instant){.form = INSTANT_LOCAL};
    if (unit->parts != 0 && total == (int64_t)total)
        return instant_of_parts((int64_t)total, unit, out);
    if (unit->parts != 0)
        return instant_of_many_parts(total, unit, out);
    if (unit->months != 0)
        return instant_of_months(total * unit->months, out);
    const int128 seconds = total * unit->seconds;
    out->seconds = (int64_t)seconds;
    return seconds >= first_second && seconds <= last_second;
}

static char *put_digits(char *out, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + digits;
}

static char *put_date(char *out, int64_t days)
{
    const uint64_t shifted = (uint64_t)(days + DAYS_BEFORE_1970 + ERA_DAYS); /* an era earlier */
    const uint64_t era = shifted / ERA_DAYS;
    const uint64_t day_of_era = shifted % ERA_DAYS;
    const uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t from_march = (5 * day_of_year + 2) / 153;
    const uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    out = put_digits(out, year_of_era + 400 * era - 400 + (month <= 2), 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    return put_digits(out, day_of_year - (153 * from_march + 2) / 5 + 1, 2);
}

size_t binary_time_print(const struct instant *instant, enum binary_unit unit,
                         char out[BINARY_TIME_TEXT])
{
    const int digits = units[unit].digits;
    const int64_t since = instant->seconds - first_second; /* not negative */
    const uint64_t second = (uint64_t)(since % DAY_SECONDS);
    char *end = put_date(out, since / DAY_SECONDS + first_second / DAY_SECONDS);
    if (digits < 0)
        return (size_t)(end - out);
    *end++ = 'T';
    end = put_digits(end, second / 3600, 2);
    *end++ = ':';
    end = put_digits(end, second / 60 % 60, 2);
    *end++ = ':';
    end = put_digits(end, second % 60, 2);
    if (digits > 0) {
        *end++ = '.';
        end = put_digits(end, instant->attoseconds / (second_attoseconds / units[unit].parts),
                         digits);
    }
    return (size_t)(end - out);
}
