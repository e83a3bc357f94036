/* Days of the proleptic Gregorian calendar after Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms" (2013): years that begin in March, in eras of 400. */
#include "format/binary_time.h"

enum { DAY_SECONDS = 86400, ERA_DAYS = 146097, DAYS_BEFORE_1970 = 719468 };

static const uint64_t second_attoseconds = UINT64_C(1000000000000000000);

/* How long a unit is: so many seconds, or so many parts of a second, or so many months. */
struct unit {
    uint32_t months;
    uint32_t seconds;
    uint64_t parts;
    bool is_date; /* a day or longer */
};

static const struct unit units[] = {
    [UNIT_YEAR] = {.months = 12, .is_date = true},
    [UNIT_MONTH] = {.months = 1, .is_date = true},
    [UNIT_WEEK] = {.seconds = 7 * DAY_SECONDS, .is_date = true},
    [UNIT_DAY] = {.seconds = DAY_SECONDS, .is_date = true},
    [UNIT_HOUR] = {.seconds = 3600},
    [UNIT_MINUTE] = {.seconds = 60},
    [UNIT_SECOND] = {.seconds = 1},
    [UNIT_MILLI] = {.parts = UINT64_C(1000)},
    [UNIT_MICRO] = {.parts = UINT64_C(1000000)},
    [UNIT_NANO] = {.parts = UINT64_C(1000000000)},
    [UNIT_PICO] = {.parts = UINT64_C(1000000000000)},
    [UNIT_FEMTO] = {.parts = UINT64_C(1000000000000000)},
    [UNIT_ATTO] = {.parts = UINT64_C(1000000000000000000)},
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
    return out->seconds >= INSTANT_SECONDS_MIN && out->seconds <= INSTANT_SECONDS_MAX;
}

/* As above, where 64 bits do not hold the product of count and factor. */
static bool instant_of_many_parts(int128 parts, const struct unit *unit, struct instant *out)
{
    const int128 divisor = (int128)unit->parts;
    const int128 rest = parts % divisor;
    const int128 seconds = parts / divisor - (rest < 0);
    if (seconds < INSTANT_SECONDS_MIN || seconds > INSTANT_SECONDS_MAX)
        return false;
    out->seconds = (int64_t)seconds;
    out->attoseconds =
        (uint64_t)(rest < 0 ? rest + divisor : rest) * (second_attoseconds / unit->parts);
    return true;
}

bool binary_time_is_date(enum binary_unit unit)
{
    return units[unit].is_date;
}

bool binary_time_instant(int64_t count, const struct binary_field *field, struct instant *out)
{
    const struct unit *unit = &units[field->unit];
    const int128 total = (int128)count * field->factor;
    *out = (struct instant){.form = unit->is_date ? INSTANT_DATE : INSTANT_LOCAL};
    if (unit->parts != 0 && total == (int64_t)total)
        return instant_of_parts((int64_t)total, unit, out);
    if (unit->parts != 0)
        return instant_of_many_parts(total, unit, out);
    if (unit->months != 0)
        return instant_of_months(total * unit->months, out);
    const int128 seconds = total * unit->seconds;
    out->seconds = (int64_t)seconds;
    return seconds >= INSTANT_SECONDS_MIN && seconds <= INSTANT_SECONDS_MAX;
}
