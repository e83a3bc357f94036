/* How the columns of trips are spread, and that their amounts add up. */
#include "unit/unit.h"

#include "gen/gen.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 200000, IDS = 1000000, ZONES = 265 };

/* A record, taken apart. */
struct trip {
    uint32_t id;
    uint8_t vendor;
    int64_t pickup;
    int64_t dropoff;
    double passengers;
    double distance;
    uint8_t rate;
    char stored;
    uint16_t zones[2];
    uint8_t payment;
    double money[6]; /* fare, extra, tax, tip, tolls, total */
};

static const char *take(const char *record, void *out, size_t size)
{
    memcpy(out, record, size); /* these tests run on little-endian machines */
    return record + size;
}

static struct trip decode(const char *record)
{
    struct trip trip;
    record = take(record, &trip.id, 4);
    record = take(record, &trip.vendor, 1);
    record = take(record, &trip.pickup, 8);
    record = take(record, &trip.dropoff, 8);
    record = take(record, &trip.passengers, 8);
    record = take(record, &trip.distance, 8);
    record = take(record, &trip.rate, 1);
    record = take(record, &trip.stored, 1);
    record = take(record, trip.zones, 4);
    record = take(record, &trip.payment, 1);
    take(record, trip.money, 48);
    return trip;
}

static struct buffer make_trips(void)
{
    struct buffer out = {.bytes = NULL};
    gen_find("trips")->records(3, 0, ROWS, &out);
    ck_assert(!out.failed);
    return out;
}

static struct trip trip_at(const struct buffer *records, size_t row)
{
    return decode(records->bytes + row * gen_find("trips")->record_bytes);
}

static long cents(double amount)
{
    const long rounded = lround(amount * 100);
    if ((double)rounded / 100 != amount)
        ck_abort_msg("not the double nearest to an amount");
    return rounded;
}

START_TEST(amounts_add_up)
{
    struct buffer records = make_trips();
    int refunds = 0;
    for (size_t row = 0; row < ROWS; row++) {
        const struct trip trip = trip_at(&records, row);
        long sum = 0;
        for (int i = 0; i < 5; i++)
            sum += cents(trip.money[i]);
        ck_assert(cents(trip.money[5]) == sum && cents(trip.distance) >= 0 && trip.distance < 60 &&
                  (trip.money[3] == 0 || (trip.payment == 1 && trip.money[0] > 0)));
        refunds += trip.money[0] < 0;
    }
    ck_assert(refunds > ROWS / 400 && refunds < ROWS / 150);
    buffer_close(&records);
}
END_TEST

/* How many of the numbers below `limit` were seen, and how often the most and the least frequent
 * of them were. */
struct spread {
    uint32_t seen;
    uint32_t most;
    uint32_t least;
};

static struct spread find_spread(const uint32_t *counts, size_t limit)
{
    struct spread spread = {.least = UINT32_MAX};
    for (size_t i = 0; i < limit; i++) {
        spread.seen += counts[i] > 0;
        spread.most = counts[i] > spread.most ? counts[i] : spread.most;
        spread.least = counts[i] < spread.least ? counts[i] : spread.least;
    }
    return spread;
}

START_TEST(ids_and_zones_are_all_drawn)
{
    static uint32_t ids[IDS];
    static uint32_t zones[2][ZONES];
    struct buffer records = make_trips();
    for (size_t row = 0; row < ROWS; row++) {
        const struct trip trip = trip_at(&records, row);
        ck_assert(trip.id >= 1 && trip.id <= IDS && trip.zones[0] >= 1 && trip.zones[0] <= ZONES &&
                  trip.zones[1] >= 1 && trip.zones[1] <= ZONES);
        ids[trip.id - 1]++;
        zones[0][trip.zones[0] - 1]++;
        zones[1][trip.zones[1] - 1]++;
    }
    /* Of a million numbers drawn 200 000 times, exp(-0.2) is not seen: 818 731, give or take 120.
     */
    const struct spread id = find_spread(ids, IDS);
    ck_assert(id.seen > IDS - 819600 && id.seen < IDS - 817900);
    ck_assert_uint_lt(id.most, 10);
    for (int i = 0; i < 2; i++) {
        const struct spread zone = find_spread(zones[i], ZONES);
        ck_assert_uint_eq(zone.seen, ZONES);
        ck_assert(zone.most > ROWS / 18 && zone.most < ROWS / 15);
        ck_assert(zone.least > ROWS / 700 && zone.least < ROWS / 400);
    }
    ck_assert_uint_eq(zones[0][161 - 1], find_spread(zones[0], ZONES).most);
    buffer_close(&records);
}
END_TEST

START_TEST(small_columns_have_their_values)
{
    static uint32_t hours[24];
    uint32_t missing = 0;
    uint32_t stored = 0;
    uint32_t passengers[7] = {0};
    uint32_t rates[6] = {0};
    uint32_t payments[5] = {0};
    struct buffer records = make_trips();
    for (size_t row = 0; row < ROWS; row++) {
        const struct trip trip = trip_at(&records, row);
        ck_assert((trip.vendor == 1 || trip.vendor == 2) &&
                  (trip.stored == 'Y' || trip.stored == 'N') && trip.rate >= 1 && trip.rate <= 5 &&
                  trip.payment <= 4);
        ck_assert(trip.pickup >= 1672531200 && trip.pickup < 1672531200 + 31 * 86400 &&
                  trip.dropoff > trip.pickup && trip.dropoff < trip.pickup + 6 * 3600);
        ck_assert(isnan(trip.passengers) || (trip.passengers >= 0 && trip.passengers <= 6));
        stored += trip.stored == 'Y';
        missing += isnan(trip.passengers) != 0;
        if (!isnan(trip.passengers))
            passengers[(int)trip.passengers]++;
        rates[trip.rate]++;
        payments[trip.payment]++;
        hours[trip.pickup % 86400 / 3600]++;
    }
    ck_assert(missing > ROWS / 25 && missing < ROWS / 20);
    ck_assert(stored > ROWS / 140 && stored < ROWS / 115);
    ck_assert_uint_eq(find_spread(passengers, 7).seen, 7);
    ck_assert_uint_eq(find_spread(rates + 1, 5).seen, 5);
    ck_assert_uint_eq(find_spread(payments, 5).seen, 5);
    ck_assert(passengers[1] > ROWS / 10 * 7 && rates[1] > ROWS / 10 * 9);
    ck_assert_uint_eq(find_spread(hours, 24).seen, 24);
    ck_assert_uint_eq(find_spread(hours, 24).most, hours[18]);
    buffer_close(&records);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("trips");
    TCase *tests = tcase_create("trips");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, amounts_add_up);
    tcase_add_test(tests, ids_and_zones_are_all_drawn);
    tcase_add_test(tests, small_columns_have_their_values);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
