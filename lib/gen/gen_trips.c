/* Taxi trips, after those that New York's Taxi and Limousine Commission publishes: columns of all
 * kinds, skewed as in life, with refunds and missing values.
 *
 * A row is drawn from six words of its own, in integers: amounts in cents, distances in hundredths
 * of a mile. The distributions only resemble the real ones. */
#include "gen/gens.h"
#include "gen/put.h"
#include "gen/random.h"

#include <math.h>
#include <string.h>

enum {
    IDS = 1000000,
    ZONES = 265,
    MONTH_DAYS = 31, /* as the files that the commission publishes */
    HOUR = 3600,
    NO_PASSENGERS = 255, /* nobody noted how many */
    ROW_WORDS = 6,
    RECORD_BYTES = 92,
    /* Eight small numbers, two times, seven amounts and distances, each with its delimiter. */
    ROW_SIZE = 8 * 8 + 2 * (PUT_TIME_SIZE + 1) + 7 * (PUT_MONEY_SIZE + 1),
};

static const int64_t month_start = 1672531200; /* 2023-01-01 00:00:00 */

enum rate { RATE_STANDARD = 1, RATE_AIRPORT, RATE_FAR_AIRPORT, RATE_SUBURB, RATE_AGREED };
enum payment { PAYMENT_FLEX, PAYMENT_CARD, PAYMENT_CASH, PAYMENT_NONE, PAYMENT_DISPUTE };

struct trip {
    uint32_t id;
    uint32_t vendor;
    int64_t pickup; /* seconds since 1970 */
    int64_t dropoff;
    uint32_t passengers;
    uint32_t distance;
    enum rate rate;
    char stored; /* 'Y': the meter sent its data later */
    uint32_t pickup_zone;
    uint32_t dropoff_zone;
    enum payment payment;
    int32_t fare;
    int32_t extra;
    int32_t tax;
    int32_t tip;
    int32_t tolls;
    int32_t total;
};

/* ---- drawing a trip ---------------------------------------------------------------------- */

/* Hour of the day, of 64 trips: few at four in the morning, most at six in the evening. */
static const uint8_t pickup_hours[64] = {
    0,  0,  1,  2,  3,  4,  5,  6,  7,  7,  8,  8,  8,  9,  9,  9,  10, 10, 10, 11, 11, 11,
    12, 12, 12, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 15, 16, 16, 16, 16, 17, 17, 17, 17,
    18, 18, 18, 18, 18, 19, 19, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 22, 23, 23,
};

static const struct random_share passenger_shares[] = {
    {48000, 1}, {57800, 2}, {60200, 3}, {61500, 4},
    {62000, 5}, {62300, 6}, {62600, 0}, {65536, NO_PASSENGERS},
};

static const struct random_share rate_shares[] = {
    {61800, RATE_STANDARD},    {64400, RATE_AIRPORT}, {65000, RATE_AGREED},
    {65300, RATE_FAR_AIRPORT}, {65536, RATE_SUBURB},
};

static const struct random_share payment_shares[] = {
    {50500, PAYMENT_CARD}, {62500, PAYMENT_CASH},    {64700, PAYMENT_FLEX},
    {65200, PAYMENT_NONE}, {65536, PAYMENT_DISPUTE},
};

/* Numbers the zones so that the busy ones lie about, the busiest being `busiest`. */
static uint32_t draw_zone(uint32_t bits, uint32_t busiest)
{
    return (random_skewed(bits, ZONES) * 97 + busiest - 1) % ZONES + 1;
}

/* Two exponential variables make a hump with a long tail; airports are far. */
static uint32_t draw_distance(uint32_t one, uint32_t other, enum rate rate)
{
    const uint32_t sum = random_exponential(one) + random_exponential(other);
    const uint32_t distance = (uint32_t)((uint64_t)sum * 70 >> 16);
    return rate == RATE_AIRPORT || rate == RATE_FAR_AIRPORT ? distance + 1400 : distance;
}

static int64_t draw_pickup(uint64_t word)
{
    const uint32_t day = random_below((uint32_t)(word >> 32), MONTH_DAYS);
    const uint32_t second = (uint32_t)((word & 0xffff) * HOUR >> 16);
    return month_start + (int64_t)day * 24 * HOUR + pickup_hours[word >> 16 & 63] * HOUR + second;
}

/* A minute and a half, and then 9 to 25 miles an hour. */
static uint32_t draw_duration(uint32_t distance, uint64_t bits)
{
    return 90 + distance * (uint32_t)(140 + (bits & 0xff)) / 100;
}

static int32_t draw_fare(const struct trip *trip, uint32_t duration, uint64_t bits)
{
    switch (trip->rate) {
    case RATE_AIRPORT:
        return 7000;
    case RATE_AGREED:
        return 1000 + 50 * (int32_t)(bits & 0xff);
    case RATE_FAR_AIRPORT:
    case RATE_SUBURB:
    case RATE_STANDARD:
        break;
    }
    const int32_t metered = 300 + 70 * (int32_t)(trip->distance / 20 + duration / 300);
    return trip->rate == RATE_FAR_AIRPORT ? metered + 2000 : metered;
}

static int32_t extra_at(int64_t pickup)
{
    const int64_t hour = (pickup - month_start) / HOUR % 24;
    if (hour >= 16 && hour < 20)
        return 250;
    return hour >= 20 || hour < 6 ? 100 : 0;
}

/* Only cards leave a trace of tips: of one in sixteen none, else 10 to 30 percent. */
static int32_t draw_tip(const struct trip *trip, uint64_t bits)
{
    if (trip->payment != PAYMENT_CARD || (bits & 15) == 0)
        return 0;
    const int32_t percent = 10 + (int32_t)((bits >> 4 & 0xfff) * 21 >> 12);
    return (trip->fare + trip->extra + trip->tax) * percent / 100;
}

static void draw_amounts(struct trip *trip, uint32_t duration, uint64_t word)
{
    const uint64_t toll_bits = word & 0xff;
    trip->fare = draw_fare(trip, duration, word >> 8);
    trip->extra = extra_at(trip->pickup);
    trip->tax = trip->rate == RATE_AGREED ? 0 : 50;
    trip->tolls = toll_bits < (trip->rate == RATE_AIRPORT ? 128U : 10U) ? 694 : 0;
    if ((word >> 16 & 0xff) == 0) { /* given back */
        trip->payment = PAYMENT_DISPUTE;
        trip->fare = -trip->fare;
        trip->extra = -trip->extra;
        trip->tax = -trip->tax;
        trip->tolls = -trip->tolls;
    }
    trip->tip = draw_tip(trip, word >> 24);
    trip->total = trip->fare + trip->extra + trip->tax + trip->tip + trip->tolls;
}

static void draw_trip(uint64_t key, uint64_t row, struct trip *trip)
{
    uint64_t words[ROW_WORDS];
    for (uint64_t i = 0; i < ROW_WORDS; i++)
        words[i] = random_word(key, row * ROW_WORDS + i);
    trip->id = random_below((uint32_t)(words[0] >> 32), IDS) + 1;
    trip->vendor = (words[0] & 0xff) < 140 ? 2 : 1;
    trip->stored = (words[0] >> 8 & 0x7f) == 0 ? 'Y' : 'N';
    trip->passengers = random_pick(passenger_shares, words[0] >> 16);
    trip->rate = (enum rate)random_pick(rate_shares, words[1]);
    trip->payment = (enum payment)random_pick(payment_shares, words[1] >> 16);
    trip->distance = draw_distance((uint32_t)(words[2] >> 32), (uint32_t)words[2], trip->rate);
    trip->pickup = draw_pickup(words[3]);
    const uint32_t duration = draw_duration(trip->distance, words[1] >> 32);
    trip->dropoff = trip->pickup + duration;
    trip->pickup_zone = draw_zone((uint32_t)(words[4] >> 32), 161);
    trip->dropoff_zone = draw_zone((uint32_t)words[4], 236);
    draw_amounts(trip, duration, words[5]);
}

/* ---- writing it -------------------------------------------------------------------------- */

static char *put_small_field(char *out, uint32_t number, char delimiter)
{
    out = put_small(out, number);
    *out++ = delimiter;
    return out;
}

static char *put_time_field(char *out, int64_t seconds, char delimiter)
{
    out = put_time(out, seconds);
    *out++ = delimiter;
    return out;
}

static char *put_amount_field(char *out, int64_t hundredths, char delimiter)
{
    out = put_hundredths(out, hundredths);
    *out++ = delimiter;
    return out;
}

static char *put_trip(char *out, uint64_t key, uint64_t row, char delimiter)
{
    struct trip trip;
    draw_trip(key, row, &trip);
    out = put_whole(out, trip.id);
    *out++ = delimiter;
    out = put_small_field(out, trip.vendor, delimiter);
    out = put_time_field(out, trip.pickup, delimiter);
    out = put_time_field(out, trip.dropoff, delimiter);
    if (trip.passengers != NO_PASSENGERS)
        out = put_small(out, trip.passengers);
    *out++ = delimiter;
    out = put_amount_field(out, trip.distance, delimiter);
    out = put_small_field(out, trip.rate, delimiter);
    *out++ = trip.stored;
    *out++ = delimiter;
    out = put_small_field(out, trip.pickup_zone, delimiter);
    out = put_small_field(out, trip.dropoff_zone, delimiter);
    out = put_small_field(out, trip.payment, delimiter);
    out = put_amount_field(out, trip.fare, delimiter);
    out = put_amount_field(out, trip.extra, delimiter);
    out = put_amount_field(out, trip.tax, delimiter);
    out = put_amount_field(out, trip.tip, delimiter);
    out = put_amount_field(out, trip.tolls, delimiter);
    return put_amount_field(out, trip.total, '\n');
}

static bool is_field_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte != '\0' && strchr(" -:.YN", byte) != NULL);
}

static void trips_csv(uint64_t seed, uint64_t first, uint64_t count, char delimiter,
                      struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, ROW_SIZE};
    if (is_field_byte(delimiter))
        put_rows_quoted(&rows, put_trip, delimiter, out);
    else
        put_rows(&rows, put_trip, delimiter, out);
}

/* The double nearest to the decimal: both sides of the division are exact. */
static char *put_amount(char *out, int64_t hundredths)
{
    return put_double(out, (double)hundredths / 100.0);
}

static char *put_record(char *out, uint64_t key, uint64_t row, char delimiter)
{
    (void)delimiter;
    struct trip trip;
    draw_trip(key, row, &trip);
    out = put_bytes(out, trip.id, 4);
    out = put_bytes(out, trip.vendor, 1);
    out = put_bytes(out, (uint64_t)trip.pickup, 8);
    out = put_bytes(out, (uint64_t)trip.dropoff, 8);
    out = put_double(out, trip.passengers == NO_PASSENGERS ? (double)NAN : trip.passengers);
    out = put_amount(out, trip.distance);
    out = put_bytes(out, trip.rate, 1);
    *out++ = trip.stored;
    out = put_bytes(out, trip.pickup_zone, 2);
    out = put_bytes(out, trip.dropoff_zone, 2);
    out = put_bytes(out, trip.payment, 1);
    out = put_amount(out, trip.fare);
    out = put_amount(out, trip.extra);
    out = put_amount(out, trip.tax);
    out = put_amount(out, trip.tip);
    out = put_amount(out, trip.tolls);
    return put_amount(out, trip.total);
}

static void trips_records(uint64_t seed, uint64_t first, uint64_t count, struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, RECORD_BYTES};
    put_rows(&rows, put_record, '\0', out);
}

static const struct gen_column columns[] = {
    {"trip_id", "u32", "<u4"},
    {"vendor", "u8", "|u1"},
    {"pickup_time", "i64", "<M8[s]"},
    {"dropoff_time", "i64", "<M8[s]"},
    {"passengers", "f64", "<f8"},
    {"distance", "f64", "<f8"},
    {"rate_code", "u8", "|u1"},
    {"stored_flag", "c1", "|S1"},
    {"pu_zone", "u16", "<u2"},
    {"do_zone", "u16", "<u2"},
    {"payment", "u8", "|u1"},
    {"fare", "f64", "<f8"},
    {"extra", "f64", "<f8"},
    {"tax", "f64", "<f8"},
    {"tip", "f64", "<f8"},
    {"tolls", "f64", "<f8"},
    {"total", "f64", "<f8"},
};

const struct gen_ops gen_trips = {
    .name = "trips",
    .help = "taxi trips: 17 columns of all kinds, with missing values and negative fares",
    .delimiter = ',',
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .record_bytes = RECORD_BYTES,
    .row_bytes = 100,
    .schema = "trip_id:u32,vendor:u8,pickup_time:i64,dropoff_time:i64,passengers:f64,distance:f64,"
              "rate_code:u8,stored_flag:c1,pu_zone:u16,do_zone:u16,payment:u8,fare:f64,extra:f64,"
              "tax:f64,tip:f64,tolls:f64,total:f64",
    .csv = trips_csv,
    .records = trips_records,
};
