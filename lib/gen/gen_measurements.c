/* Weather measurements: station and temperature, a row like "Zürich;11.4", as in the One Billion
 * Row Challenge (Gunnar Morling, 2024).
 *
 * Of the 64 bits of a row's random word (gen/random.h), the upper 16 choose the station; the six
 * bytes below are added up. The sum of six uniform variables is near enough to a normal one
 * (Irwin-Hall), costs a few instructions, and has ends: no temperature leaves -99.9 … 99.9. All is
 * done in integers, tenths of a degree, so that the bytes are the same on every machine. */
#include "gen/gens.h"
#include "gen/put.h"
#include "gen/random.h"
#include "gen/stations.h"

#include <stdbool.h>
#include <string.h>

enum {
    ROW_SIZE = STATION_NAME_SIZE + 16, /* room for a row, and what is written past it */
    STATION_BYTES = 26,                /* the longest name: "Las Palmas de Gran Canaria" */
    RECORD_BYTES = STATION_BYTES + 8
};

/* A sum of six bytes has mean 765 and standard deviation 181.02: 566/1024 makes that 100 tenths;
 * 423 is what becomes of the mean. */
enum { NOISE_FACTOR = 566, NOISE_SHIFT = 10, NOISE_MEAN = 423 };

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

static char *put_measurement(char *out, uint64_t key, uint64_t row, char delimiter)
{
    const uint64_t word = random_word(key, row);
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

static void measurements_csv(uint64_t seed, uint64_t first, uint64_t count, char delimiter,
                             struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, ROW_SIZE};
    if (is_field_byte(delimiter))
        put_rows_quoted(&rows, put_measurement, delimiter, out);
    else
        put_rows(&rows, put_measurement, delimiter, out);
}

static char *put_record(char *out, uint64_t key, uint64_t row, char delimiter)
{
    (void)delimiter;
    const uint64_t word = random_word(key, row);
    const struct station *station = row_station(word);
    out = put_padded(out, station->name, station->length, STATION_BYTES);
    return put_double(out, row_tenths(word, station) / 10.0); /* the double nearest to the text */
}

static void measurements_records(uint64_t seed, uint64_t first, uint64_t count, struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, RECORD_BYTES};
    put_rows(&rows, put_record, '\0', out);
}

static const struct gen_column columns[] = {
    {"station", "c26", "|S26"},
    {"temp", "f64", "<f8"},
};

const struct gen_ops gen_measurements = {
    .name = "measurements",
    .help = "weather stations and temperatures: no header, two columns",
    .delimiter = ';',
    .no_header = true,
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .record_bytes = RECORD_BYTES,
    .row_bytes = 14,
    .schema = "station:c26,temp:f64",
    .csv = measurements_csv,
    .records = measurements_records,
};
