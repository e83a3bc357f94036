/* Weather measurements: station and temperature, a row like "Zürich;11.4", as in the One Billion
 * Row Challenge (Gunnar Morling, 2024).
 *
 * The random word of row i is the i-th of a SplitMix64 stream (Steele, Lea, Flood: "Fast Splittable
 * Pseudorandom Number Generators", OOPSLA 2014), which can be had without those before it: a
 * mixing function of key + (i + 1) * gamma. The key is the mixed seed, so that near seeds give
 * streams that are far apart.
 *
 * Of its 64 bits, the upper 16 choose the station; the six bytes below are added up. The sum of
 * six uniform variables is near enough to a normal one (Irwin-Hall), costs a few instructions, and
 * has ends: no temperature leaves -99.9 … 99.9. All is done in integers, tenths of a degree, so
 * that the bytes are the same on every machine. */
#include "gen/gens.h"
#include "gen/stations.h"

#include <stdbool.h>
#include <string.h>

enum {
    NUMBER_SIZE = 8,                   /* room for -99.9, and what is written past it */
    ROW_SIZE = STATION_NAME_SIZE + 16, /* room for a row with quotes, and what is written past it */
    BLOCK_ROWS = 4096                  /* rows for which room is made at once */
};

/* A sum of six bytes has mean 765 and standard deviation 181.02: 566/1024 makes that 100 tenths;
 * 423 is what becomes of the mean. */
enum { NOISE_FACTOR = 566, NOISE_SHIFT = 10, NOISE_MEAN = 423 };

static uint64_t mix(uint64_t word)
{
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    return word ^ (word >> 31);
}

static uint64_t row_word(uint64_t key, uint64_t row)
{
    return mix(key + (row + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* Adds up the lower six bytes: pairs side by side, then all by one multiplication. */
static uint32_t sum_of_six_bytes(uint64_t word)
{
    const uint64_t lanes = UINT64_C(0x000000ff00ff00ff);
    const uint64_t pairs = (word & lanes) + ((word >> 8) & lanes);
    return (uint32_t)((pairs * UINT64_C(0x0000000100010001) >> 32) & 0xffff);
}

/* Writes a temperature and gives its end. What may be absent, the sign and the tens, is written
 * always and then overwritten or not: a wrongly predicted branch would cost more. */
static char *put_temperature(char *out, int tenths)
{
    const unsigned amount = (unsigned)(tenths < 0 ? -tenths : tenths);
    *out = '-';
    out += tenths < 0;
    *out = (char)('0' + amount / 100);
    out += amount >= 100;
    out[0] = (char)('0' + amount / 10 % 10);
    out[1] = '.';
    out[2] = (char)('0' + amount % 10);
    return out + 3;
}

static const struct station *row_station(uint64_t word)
{
    return &gen_stations[(word >> 48) * STATION_COUNT >> 16];
}

static int row_tenths(uint64_t word, const struct station *station)
{
    const uint32_t noise = sum_of_six_bytes(word) * NOISE_FACTOR >> NOISE_SHIFT;
    return station->mean + (int)noise - NOISE_MEAN;
}

static char *put_row(char *out, uint64_t word, char delimiter)
{
    const struct station *station = row_station(word);
    memcpy(out, station->name, STATION_NAME_SIZE);
    out += station->length;
    *out++ = delimiter;
    out = put_temperature(out, row_tenths(word, station));
    *out++ = '\n';
    return out;
}

/* Whether a name or a number may hold the delimiter, so that each field must be looked at. */
static bool is_field_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80 ||
           (byte != '\0' && strchr(" -'.", byte) != NULL);
}

static char *put_field(char *out, const char *bytes, size_t length, char delimiter)
{
    const bool quoted = memchr(bytes, (unsigned char)delimiter, length) != NULL;
    if (quoted)
        *out++ = '"';
    memcpy(out, bytes, length);
    out += length;
    if (quoted)
        *out++ = '"';
    return out;
}

/* As put_row, for delimiters that a field may hold: those fields are quoted. None holds a quote or
 * a line end. */
static char *put_any_row(char *out, uint64_t word, char delimiter)
{
    const struct station *station = row_station(word);
    char number[NUMBER_SIZE];
    const char *number_end = put_temperature(number, row_tenths(word, station));
    out = put_field(out, station->name, station->length, delimiter);
    *out++ = delimiter;
    out = put_field(out, number, (size_t)(number_end - number), delimiter);
    *out++ = '\n';
    return out;
}

static void measurements_csv(uint64_t seed, uint64_t first, uint64_t count, char delimiter,
                             struct buffer *out)
{
    const uint64_t key = mix(seed);
    const bool look = is_field_byte(delimiter);
    while (count > 0) {
        const uint64_t rows = count < BLOCK_ROWS ? count : BLOCK_ROWS;
        if (!buffer_reserve(out, (size_t)rows * ROW_SIZE))
            return;
        char *end = out->bytes + out->length;
        for (uint64_t i = 0; i < rows; i++) {
            const uint64_t word = row_word(key, first + i);
            end = look ? put_any_row(end, word, delimiter) : put_row(end, word, delimiter);
        }
        out->length = (size_t)(end - out->bytes);
        first += rows;
        count -= rows;
    }
}

const struct gen_ops gen_measurements = {
    .name = "measurements",
    .help = "weather stations and temperatures: no header, two columns",
    .delimiter = ';',
    .header = NULL,
    .row_bytes = 14,
    .csv = measurements_csv,
};
