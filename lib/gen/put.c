/* The calendar is Howard Hinnant's civil_from_days ("chrono-Compatible Low-Level Date Algorithms",
 * 2013), for days that are not before 1970. */
#include "gen/put.h"

#include "base/memory.h"

#include <stdbool.h>

const char put_pairs[200] = {"00010203040506070809"
                             "10111213141516171819"
                             "20212223242526272829"
                             "30313233343536373839"
                             "40414243444546474849"
                             "50515253545556575859"
                             "60616263646566676869"
                             "70717273747576777879"
                             "80818283848586878889"
                             "90919293949596979899"};

enum { DAY = 86400 };

char *put_small(char *out, unsigned number)
{
    if (number < 10) {
        *out = (char)('0' + number);
        return out + 1;
    }
    if (number < 100)
        return put_pair(out, number);
    *out = (char)('0' + number / 100);
    return put_pair(out + 1, number % 100);
}

char *put_whole(char *out, uint64_t number)
{
    char digits[PUT_WHOLE_SIZE];
    char *const end = digits + sizeof digits;
    char *at = end;
    for (; number >= 100; number /= 100)
        put_pair(at -= 2, (unsigned)(number % 100));
    if (number >= 10)
        put_pair(at -= 2, (unsigned)number);
    else
        *--at = (char)('0' + number);
    const size_t length = (size_t)(end - at);
    memcpy(out, at, length);
    return out + length;
}

char *put_hundredths(char *out, int64_t hundredths)
{
    *out = '-';
    out += hundredths < 0;
    const uint64_t amount = (uint64_t)(hundredths < 0 ? -hundredths : hundredths);
    const uint64_t whole = amount / 100;
    out = whole < 1000 ? put_small(out, (unsigned)whole) : put_whole(out, whole);
    *out++ = '.';
    return put_pair(out, (unsigned)(amount % 100));
}

static char *put_date(char *out, uint64_t days)
{
    const uint64_t shifted = days + 719468; /* since 0000-03-01 */
    const uint64_t era = shifted / 146097;
    const unsigned day_of_era = (unsigned)(shifted % 146097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned from_march = (5 * day_of_year + 2) / 153;
    const unsigned day = day_of_year - (153 * from_march + 2) / 5 + 1;
    const unsigned month = from_march < 10 ? from_march + 3 : from_march - 9;
    const unsigned year = year_of_era + (unsigned)era * 400 + (month <= 2);
    out = put_pair(out, year / 100);
    out = put_pair(out, year % 100);
    *out++ = '-';
    out = put_pair(out, month);
    *out++ = '-';
    return put_pair(out, day);
}

char *put_time(char *out, int64_t seconds)
{
    const uint64_t since = (uint64_t)seconds;
    const unsigned second = (unsigned)(since % DAY);
    out = put_date(out, since / DAY);
    *out++ = ' ';
    out = put_pair(out, second / 3600);
    *out++ = ':';
    out = put_pair(out, second / 60 % 60);
    *out++ = ':';
    return put_pair(out, second % 60);
}

char *put_field(char *out, const char *field, size_t length, char delimiter)
{
    const bool quoted = memchr(field, (unsigned char)delimiter, length) != NULL;
    if (quoted)
        *out++ = '"';
    memcpy(out, field, length);
    out += length;
    if (quoted)
        *out++ = '"';
    return out;
}

void put_rows_quoted(const struct put_rows *rows, put_row *write, char delimiter,
                     struct buffer *out)
{
    char *row = memory_alloc(rows->most);
    if (row == NULL) {
        out->failed = true;
        return;
    }
    for (uint64_t i = 0; i < rows->count; i++) {
        const char *const end = write(row, rows->key, rows->first + i, '\0');
        /* A field is at least a byte with its delimiter, and grows by two quotes. */
        if (!buffer_reserve(out, 3 * rows->most))
            break;
        char *to = out->bytes + out->length;
        for (const char *field = row; field < end;) {
            size_t length = 0;
            while (field[length] != '\0' && field[length] != '\n')
                length++;
            to = put_field(to, field, length, delimiter);
            *to++ = field[length] == '\0' ? delimiter : '\n';
            field += length + 1;
        }
        out->length = (size_t)(to - out->bytes);
    }
    memory_free(row);
}
