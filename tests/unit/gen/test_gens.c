/* What every generator promises: the same bytes however the rows are dealt out, columns as it says,
 * and the same values as CSV and as records. */
#include "unit/unit.h"

#include "base/memory.h"
#include "gen/gen.h"

#include <csv.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { ROWS = 20000 };

enum form { FORM_CSV, FORM_RECORDS, FORMS };

static void append(const struct gen_ops *ops, enum form form, uint64_t seed, uint64_t first,
                   uint64_t count, struct buffer *out)
{
    if (form == FORM_CSV)
        ops->csv(seed, first, count, ops->delimiter, out);
    else
        ops->records(seed, first, count, out);
}

static struct buffer generate(const struct gen_ops *ops, enum form form, uint64_t seed,
                              uint64_t first, uint64_t count)
{
    struct buffer out = {.bytes = NULL};
    append(ops, form, seed, first, count, &out);
    ck_assert(!out.failed);
    return out;
}

static bool is_same(const struct buffer *a, const struct buffer *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void deal_out(const struct gen_ops *ops, enum form form, uint64_t *state)
{
    const uint64_t seed = unit_random(state);
    const uint64_t first = unit_random(state) >> (unit_random(state) % 60 + 2);
    struct buffer whole = generate(ops, form, seed, first, ROWS);
    struct buffer pieces = {.bytes = NULL};
    for (uint64_t done = 0; done < ROWS;) {
        uint64_t count = unit_random(state) % (unit_random(state) % 2 == 0 ? 10 : 10000);
        if (count > ROWS - done)
            count = ROWS - done;
        append(ops, form, seed, first + done, count, &pieces);
        done += count;
    }
    ck_assert(is_same(&whole, &pieces));
    buffer_close(&whole);
    buffer_close(&pieces);
}

START_TEST(rows_depend_on_seed_and_number_alone)
{
    uint64_t state = unit_seed("rows_depend_on_seed_and_number_alone", 4);
    for (size_t i = 0; i < gen_table_length; i++)
        for (enum form form = FORM_CSV; form < FORMS; form++)
            for (int j = 0; j < 10; j++)
                deal_out(gen_table[i], form, &state);
}
END_TEST

START_TEST(seeds_differ)
{
    for (size_t i = 0; i < gen_table_length; i++) {
        const bool counts = strcmp(gen_table[i]->name, "sequence") == 0;
        for (enum form form = FORM_CSV; form < FORMS; form++) {
            struct buffer one = generate(gen_table[i], form, 1, 0, 100);
            struct buffer two = generate(gen_table[i], form, 2, 0, 100);
            struct buffer late = generate(gen_table[i], form, 1, 1, 100);
            ck_assert(is_same(&one, &two) == counts);
            ck_assert(!is_same(&one, &late));
            buffer_close(&one);
            buffer_close(&two);
            buffer_close(&late);
        }
    }
}
END_TEST

START_TEST(rows_are_of_the_stated_size)
{
    for (size_t i = 0; i < gen_table_length; i++) {
        const struct gen_ops *ops = gen_table[i];
        struct buffer text = generate(ops, FORM_CSV, 7, 1000000, ROWS);
        ck_assert_double_lt(fabs((double)text.length / ROWS - ops->row_bytes), 1);
        buffer_close(&text);
        struct buffer records = generate(ops, FORM_RECORDS, 7, 0, ROWS);
        ck_assert_uint_eq(records.length, (uint64_t)ROWS * ops->record_bytes);
        buffer_close(&records);
        for (enum form form = FORM_CSV; form < FORMS; form++) {
            struct buffer nothing = generate(ops, form, 7, 0, 0);
            ck_assert_uint_eq(nothing.length, 0);
            buffer_close(&nothing);
        }
    }
}
END_TEST

/* ---- columns ----------------------------------------------------------------------------- */

/* The bytes of a value of a raw type. */
static uint32_t raw_size(const char *raw)
{
    const unsigned long number = strtoul(raw + 1, NULL, 10);
    return (uint32_t)(*raw == 'c' ? number : number / 8);
}

/* The same value's NumPy type, worked out from the raw one. */
static void npy_of(const struct gen_column *column, char *out, size_t size)
{
    const bool is_time = strstr(column->name, "_time") != NULL;
    const uint32_t bytes = raw_size(column->raw);
    if (is_time)
        snprintf(out, size, "<M8[s]");
    else if (*column->raw == 'c')
        snprintf(out, size, "|S%u", bytes);
    else
        snprintf(out, size, "%c%c%u", bytes == 1 ? '|' : '<', *column->raw, bytes);
}

START_TEST(columns_agree_with_schema_and_record)
{
    for (size_t i = 0; i < gen_table_length; i++) {
        const struct gen_ops *ops = gen_table[i];
        char schema[512] = "";
        uint32_t bytes = 0;
        for (uint32_t j = 0; j < ops->column_count; j++) {
            const struct gen_column *column = &ops->columns[j];
            char npy[16];
            npy_of(column, npy, sizeof npy);
            ck_assert_str_eq(column->npy, npy);
            ck_assert_uint_eq(strspn(column->name, "abcdefghijklmnopqrstuvwxyz_"),
                              strlen(column->name));
            bytes += raw_size(column->raw);
            const size_t at = strlen(schema);
            snprintf(schema + at, sizeof schema - at, "%s%s:%s", j == 0 ? "" : ",", column->name,
                     column->raw);
        }
        ck_assert_str_eq(ops->schema, schema);
        ck_assert_uint_eq(ops->record_bytes, bytes);
    }
}
END_TEST

static void check_header(const char *name, char delimiter, const char *expected)
{
    struct buffer header = {.bytes = NULL};
    gen_header(gen_find(name), delimiter, &header);
    buffer_append_byte(&header, '\0');
    ck_assert(!header.failed);
    ck_assert_str_eq(header.bytes, expected);
    buffer_close(&header);
}

START_TEST(headers_name_the_columns)
{
    check_header("sequence", ',', "n\n");
    check_header("sequence", 'n', "\"n\"\n");
    check_header("measurements", ';', "");
    check_header("text", ',', "id,category,comment\n");
    check_header("text", 'm', "idmcategorym\"comment\"\n");
    check_header("trips", '\t',
                 "trip_id\tvendor\tpickup_time\tdropoff_time\tpassengers\tdistance\trate_code\t"
                 "stored_flag\tpu_zone\tdo_zone\tpayment\tfare\textra\ttax\ttip\ttolls\ttotal\n");
}
END_TEST

/* ---- CSV against records ----------------------------------------------------------------- */

struct comparison {
    const struct gen_ops *ops;
    const unsigned char *record; /* the next value */
    uint32_t column;
    uint64_t rows;
};

static uint64_t take_number(struct comparison *comparison, uint32_t bytes)
{
    uint64_t number = 0;
    for (uint32_t i = bytes; i-- > 0;)
        number = number << 8 | comparison->record[i];
    comparison->record += bytes;
    return number;
}

static void compare_text(struct comparison *comparison, const char *text, size_t length,
                         uint32_t bytes)
{
    static const char padding[512];
    ck_assert_uint_le(length, bytes);
    ck_assert_uint_le(bytes, sizeof padding);
    ck_assert_mem_eq(comparison->record, text, length);
    ck_assert_mem_eq(comparison->record + length, padding, bytes - length);
    comparison->record += bytes;
}

static void compare_double(struct comparison *comparison, const char *text)
{
    const uint64_t bits = take_number(comparison, 8);
    double got;
    memcpy(&got, &bits, sizeof got);
    char *end;
    const double wanted = *text == '\0' ? (double)NAN : strtod(text, &end);
    if (*text == '\0')
        ck_assert(isnan(got));
    else
        ck_assert(*end == '\0' && got == wanted);
}

static void compare_time(struct comparison *comparison, const char *text)
{
    struct tm parts = {.tm_sec = 0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &parts);
    ck_assert(end != NULL && *end == '\0');
    ck_assert_uint_eq(take_number(comparison, 8), (uint64_t)timegm(&parts));
}

static void compare_field(void *bytes, size_t length, void *data)
{
    struct comparison *comparison = data;
    ck_assert_uint_lt(comparison->column, comparison->ops->column_count);
    const struct gen_column *column = &comparison->ops->columns[comparison->column++];
    const uint32_t size = raw_size(column->raw);
    char text[64] = "";
    ck_assert(*column->raw == 'c' || length < sizeof text);
    if (*column->raw != 'c' && length > 0)
        memcpy(text, bytes, length);
    char *end;
    if (*column->raw == 'c')
        compare_text(comparison, length == 0 ? "" : bytes, length, size);
    else if (*column->raw == 'f')
        compare_double(comparison, text);
    else if (strcmp(column->npy, "<M8[s]") == 0)
        compare_time(comparison, text);
    else
        ck_assert_uint_eq(take_number(comparison, size), strtoull(text, &end, 10));
}

static void compare_row_end(int last, void *data)
{
    (void)last;
    struct comparison *comparison = data;
    ck_assert_uint_eq(comparison->column, comparison->ops->column_count);
    comparison->column = 0;
    comparison->rows++;
}

/* Reads the CSV with libcsv, which would trim spaces. */
static int is_no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static int is_line_feed(unsigned char byte)
{
    return byte == '\n';
}

static void compare(const struct gen_ops *ops, uint64_t first, char delimiter)
{
    enum { COMPARED = 1000 };
    struct buffer text = {.bytes = NULL};
    ops->csv(11, first, COMPARED, delimiter, &text);
    struct buffer records = generate(ops, FORM_RECORDS, 11, first, COMPARED);
    struct comparison comparison = {.ops = ops};
    comparison.record = (const unsigned char *)records.bytes;
    struct csv_parser parser;
    ck_assert_int_eq(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, is_no_space);
    csv_set_term_func(&parser, is_line_feed);
    ck_assert_uint_eq(
        csv_parse(&parser, text.bytes, text.length, compare_field, compare_row_end, &comparison),
        text.length);
    ck_assert_int_eq(csv_fini(&parser, compare_field, compare_row_end, &comparison), 0);
    ck_assert_uint_eq(comparison.rows, COMPARED);
    csv_free(&parser);
    buffer_close(&text);
    buffer_close(&records);
}

START_TEST(csv_and_records_hold_the_same_values)
{
    static const char delimiters[] = ",;\t: -.aYN0259'\xc3\x01";
    for (size_t i = 0; i < gen_table_length; i++) {
        for (size_t j = 0; delimiters[j] != '\0'; j++)
            compare(gen_table[i], 0, delimiters[j]);
        compare(gen_table[i], 0, '\0');
        compare(gen_table[i], UINT64_C(1) << 62, ',');
        compare(gen_table[i], UINT64_C(1) << 62, '1');
    }
}
END_TEST

START_TEST(delimiters_that_no_field_holds_add_no_quotes)
{
    static const char *const names[] = {"sequence", "measurements", "trips"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buffer text = {.bytes = NULL};
        gen_find(names[i])->csv(1, 0, ROWS, '|', &text);
        ck_assert_ptr_null(memchr(text.bytes, '"', text.length));
        buffer_close(&text);
    }
}
END_TEST

/* ---- the rest ---------------------------------------------------------------------------- */

START_TEST(refused_memory_shows_in_the_buffer)
{
    for (size_t i = 0; i < gen_table_length; i++)
        for (uint64_t at = 1; at <= 2; at++) {
            struct buffer out = {.bytes = NULL};
            memory_fail_at(at); /* quoted: first the row, then the buffer */
            gen_table[i]->csv(1, 0, 10, at == 1 ? gen_table[i]->delimiter : '1', &out);
            memory_fail_at(0);
            ck_assert(out.failed || strcmp(gen_table[i]->name, "text") == 0);
            buffer_close(&out);
            memory_fail_at(1);
            gen_table[i]->records(1, 0, 10, &out);
            memory_fail_at(0);
            ck_assert(out.failed);
            buffer_close(&out);
        }
    struct buffer out = {.bytes = NULL};
    memory_fail_at(1);
    gen_header(gen_find("sequence"), ',', &out);
    memory_fail_at(0);
    ck_assert(out.failed);
}
END_TEST

START_TEST(the_table_can_be_searched)
{
    ck_assert_uint_eq(gen_table_length, 4);
    for (size_t i = 0; i < gen_table_length; i++) {
        ck_assert_ptr_eq(gen_find(gen_table[i]->name), gen_table[i]);
        ck_assert_ptr_null(strchr(gen_table[i]->help, '\n'));
    }
    ck_assert_ptr_null(gen_find("measurement"));
    ck_assert_ptr_null(gen_find(""));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("gens");
    TCase *tests = tcase_create("gens");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, rows_depend_on_seed_and_number_alone);
    tcase_add_test(tests, seeds_differ);
    tcase_add_test(tests, rows_are_of_the_stated_size);
    tcase_add_test(tests, columns_agree_with_schema_and_record);
    tcase_add_test(tests, headers_name_the_columns);
    tcase_add_test(tests, csv_and_records_hold_the_same_values);
    tcase_add_test(tests, delimiters_that_no_field_holds_add_no_quotes);
    tcase_add_test(tests, refused_memory_shows_in_the_buffer);
    tcase_add_test(tests, the_table_can_be_searched);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
