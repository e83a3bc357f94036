/* Names, values and their distribution; and the first rows, worked out by a slow second way. */
#include "unit/unit.h"

#include "base/memory.h"
#include "gen/gen.h"
#include "gen/stations.h"

#include <csv.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 1000000 };

static struct buffer generate(uint64_t seed, uint64_t first, uint64_t count, char delimiter)
{
    struct buffer out = {.bytes = NULL};
    gen_find("measurements")->csv(seed, first, count, delimiter, &out);
    ck_assert(!out.failed);
    return out;
}

START_TEST(station_names_are_distinct_and_harmless)
{
    for (size_t i = 0; i < STATION_COUNT; i++) {
        const struct station *station = &gen_stations[i];
        ck_assert_uint_ge(station->length, 3);
        ck_assert_uint_le(station->length, 26);
        ck_assert_uint_eq(strlen(station->name), station->length);
        ck_assert_ptr_null(strpbrk(station->name, ";,\"\t\r\n|:#"));
        /* The noise has 423 tenths either way: the value keeps to two digits before the point. */
        ck_assert_int_le(abs(station->mean), 999 - 423);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(station->name, gen_stations[j].name);
    }
}
END_TEST

/* Row i by the text of gen_measurements.c, byte by byte and with printf. */
static int slow_row(char *out, size_t size, uint64_t seed, uint64_t row)
{
    /* unit_random adds gamma before it mixes: give it what is before. */
    uint64_t state = seed - UINT64_C(0x9e3779b97f4a7c15);
    state = unit_random(&state) + row * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word = unit_random(&state);
    const struct station *station = &gen_stations[(word >> 48) * STATION_COUNT / 65536];
    unsigned sum = 0;
    for (int i = 0; i < 6; i++, word >>= 8)
        sum += word & 0xff;
    const int tenths = station->mean + (int)(sum * 566 / 1024) - 423;
    return snprintf(out, size, "%s;%s%d.%d\n", station->name, tenths < 0 ? "-" : "",
                    abs(tenths) / 10, abs(tenths) % 10);
}

START_TEST(rows_are_what_the_slow_way_gives)
{
    static const uint64_t firsts[] = {0, 4090, UINT64_MAX - 5000, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct buffer text = generate(i, firsts[i], 10000, ';');
        size_t at = 0;
        for (uint64_t j = 0; j < 10000; j++) {
            char row[64];
            const size_t length = (size_t)slow_row(row, sizeof row, i, firsts[i] + j);
            ck_assert_uint_le(length, text.length - at);
            ck_assert_mem_eq(text.bytes + at, row, length);
            at += length;
        }
        ck_assert_uint_eq(at, text.length);
        buffer_close(&text);
    }
}
END_TEST

static size_t find_station(const char *name, size_t length)
{
    for (size_t i = 0; i < STATION_COUNT; i++)
        if (gen_stations[i].length == length && memcmp(gen_stations[i].name, name, length) == 0)
            return i;
    ck_abort_msg("unknown station");
    return 0;
}

/* Takes one row apart, and gives its temperature in tenths and the end of its line. */
static const char *parse_row(const char *row, size_t *station, int *tenths)
{
    const char *delimiter = strchr(row, ';');
    *station = find_station(row, (size_t)(delimiter - row));
    const char *at = delimiter + 1;
    const int sign = *at == '-' ? -1 : 1;
    at += *at == '-';
    *tenths = 0;
    const char *digits = at;
    for (; *at >= '0' && *at <= '9'; at++)
        *tenths = *tenths * 10 + (*at - '0');
    ck_assert(at - digits == 1 || (at - digits == 2 && *digits != '0'));
    ck_assert(at[0] == '.' && at[1] >= '0' && at[1] <= '9' && at[2] == '\n');
    *tenths = sign * (*tenths * 10 + (at[1] - '0'));
    ck_assert(sign > 0 || *tenths < 0); /* never -0.0 */
    return at + 3;
}

START_TEST(values_are_spread_as_stated)
{
    static uint64_t rows[STATION_COUNT];
    double sum = 0;
    double squares = 0;
    struct buffer text = generate(42, 0, ROWS, ';');
    buffer_append_byte(&text, '\0');
    const char *at = text.bytes;
    for (int i = 0; i < ROWS; i++) {
        size_t station;
        int tenths;
        at = parse_row(at, &station, &tenths);
        rows[station]++;
        const int noise = tenths - gen_stations[station].mean;
        ck_assert_int_le(abs(noise), 423);
        sum += noise;
        squares += (double)noise * noise;
    }
    ck_assert_int_eq(*at, '\0');
    buffer_close(&text);
    /* 2500 rows a station are expected, give or take 50; 7 of those are never seen. */
    for (size_t i = 0; i < STATION_COUNT; i++)
        ck_assert(rows[i] > 2150 && rows[i] < 2850);
    ck_assert_double_lt(fabs(sum / ROWS), 1.0);
    ck_assert_double_lt(fabs(sqrt(squares / ROWS) - 100), 1.0);
}
END_TEST

static void count_field(void *bytes, size_t length, void *data)
{
    (void)bytes;
    ck_assert_uint_gt(length, 0);
    ++*(uint64_t *)data;
}

static void check_row(int last, void *data)
{
    (void)last;
    ck_assert_uint_eq(*(uint64_t *)data % 2, 0);
}

START_TEST(any_delimiter_gives_two_fields)
{
    static const char delimiters[] = ",\t|:# -.a0'\xc3\xbc"
                                     "Z";
    for (size_t i = 0; i + 1 < sizeof delimiters; i++) {
        struct buffer text = generate(5, 0, 2000, delimiters[i]);
        struct csv_parser parser;
        uint64_t fields = 0;
        ck_assert_int_eq(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
        csv_set_delim(&parser, (unsigned char)delimiters[i]);
        ck_assert_uint_eq(
            csv_parse(&parser, text.bytes, text.length, count_field, check_row, &fields),
            text.length);
        ck_assert_int_eq(csv_fini(&parser, count_field, check_row, &fields), 0);
        ck_assert_uint_eq(fields, 4000);
        csv_free(&parser);
        buffer_close(&text);
    }
}
END_TEST

/* Writes a field as the dialect has it, and gives its end. */
static char *quote_if_needed(char *out, const char *field, size_t length, char delimiter)
{
    bool needed = false;
    for (size_t i = 0; i < length; i++)
        needed = needed || field[i] == delimiter;
    return out + sprintf(out, needed ? "\"%.*s\"" : "%.*s", (int)length, field);
}

START_TEST(only_fields_with_the_delimiter_are_quoted)
{
    static const char delimiters[] = ",\t -.a0'\xc3\xbc\xff"
                                     "Z";
    for (size_t i = 0; i + 1 < sizeof delimiters; i++) {
        struct buffer text = generate(5, 0, 2000, delimiters[i]);
        size_t at = 0;
        for (uint64_t j = 0; j < 2000; j++) {
            char row[64];
            char expected[64];
            const size_t length = (size_t)slow_row(row, sizeof row, 5, j);
            const size_t name = strcspn(row, ";");
            char *end = quote_if_needed(expected, row, name, delimiters[i]);
            *end++ = delimiters[i];
            end = quote_if_needed(end, row + name + 1, length - name - 2, delimiters[i]);
            *end++ = '\n';
            const size_t wanted = (size_t)(end - expected);
            ck_assert_uint_le(wanted, text.length - at);
            ck_assert_mem_eq(text.bytes + at, expected, wanted);
            at += wanted;
        }
        ck_assert_uint_eq(at, text.length);
        buffer_close(&text);
    }
}
END_TEST

START_TEST(refused_memory_shows_in_the_buffer)
{
    struct buffer out = {.bytes = NULL};
    memory_fail_at(1);
    gen_find("measurements")->csv(1, 0, 10, ';', &out);
    memory_fail_at(0);
    ck_assert(out.failed);
    buffer_close(&out);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("measurements");
    TCase *tests = tcase_create("measurements");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, station_names_are_distinct_and_harmless);
    tcase_add_test(tests, rows_are_what_the_slow_way_gives);
    tcase_add_test(tests, values_are_spread_as_stated);
    tcase_add_test(tests, any_delimiter_gives_two_fields);
    tcase_add_test(tests, only_fields_with_the_delimiter_are_quoted);
    tcase_add_test(tests, refused_memory_shows_in_the_buffer);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
