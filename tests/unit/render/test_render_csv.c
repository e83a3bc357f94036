/* csv and tsv: what they print, by hand, and a round trip of random cells through libcsv. */
#include "unit/unit.h"

#include "unit/render/render_text.h"

#include <csv.h>

enum { ROWS = 300, COLUMNS_MOST = 4, CELL_SIZE = 16 };

#define OPTIONS                                                                                    \
    {                                                                                              \
        .delimiter = ',', .comment = -1                                                            \
    }

START_TEST(fields_are_quoted_when_needed)
{
    const struct text names[] = {text_of("a"), text_of("b,c"), text_of(""), text_of("say \"x\"")};
    const struct value cells[] = {
        cell_text("plain text"),
        cell_text("a,b"),
        cell_text("tab\there"),
        cell_text("two\nlines"),
        cell_text("cr\rhere"),
        cell_text("\""),
        cell_text("\"quoted\""),
        cell_text(" "),
        value_null(),
        cell_text(""),
        cell_tenths(-15),
        cell_integer(7),
        value_null(),
        value_null(),
        value_null(),
        value_null(),
    };
    const struct sample sample = {names, 4, cells, 4, OPTIONS};
    check_text("csv", &sample,
               "a,\"b,c\",\"\",\"say \"\"x\"\"\"\n"
               "plain text,\"a,b\",tab\there,\"two\nlines\"\n"
               "\"cr\rhere\",\"\"\"\",\"\"\"quoted\"\"\", \n"
               ",\"\",-1.5,7\n"
               ",,,\n");
    check_text("tsv", &sample,
               "a\tb,c\t\"\"\t\"say \"\"x\"\"\"\n"
               "plain text\ta,b\t\"tab\there\"\t\"two\nlines\"\n"
               "\"cr\rhere\"\t\"\"\"\"\t\"\"\"quoted\"\"\"\t \n"
               "\t\"\"\t-1.5\t7\n"
               "\t\t\t\n");
}
END_TEST

START_TEST(comment_and_delimiter_matter_in_numbers_too)
{
    const struct text names[] = {text_of("-x"), text_of("y-z")};
    const struct value cells[] = {cell_integer(-5), cell_tenths(25)};
    const struct sample sample = {names, 2, cells, 1, {.delimiter = '.', .comment = '-'}};
    check_text("csv", &sample, "\"-x\".y-z\n\"-5\".\"2.5\"\n");
}
END_TEST

START_TEST(no_line_is_empty)
{
    const struct text names[] = {text_of("")};
    const struct value cells[] = {value_null(), cell_text(""), cell_text("x")};
    const struct sample sample = {names, 1, cells, 3, OPTIONS};
    check_text("csv", &sample, "\"\"\n\"\"\n\"\"\nx\n");
}
END_TEST

START_TEST(small_tables)
{
    const struct text names[] = {text_of("count")};
    const struct value cells[] = {value_count(UINT64_MAX)};
    check_text("csv", &(struct sample){names, 1, NULL, 0, OPTIONS}, "count\n");
    check_text("csv", &(struct sample){names, 0, cells, 1, OPTIONS}, "");
    const struct sample bare = {names, 1, cells, 1, {.delimiter = ',', .comment = -1, .bare = 1}};
    check_text("csv", &bare, "18446744073709551615\n");
    check_text("tsv", &bare, "18446744073709551615\n");
}
END_TEST

/* What libcsv has read, compared with the cells that were written. */
struct reading {
    const struct value *cells; /* the next expected */
    uint32_t columns;
    uint32_t column;
    size_t rows;
};

static void on_field(void *bytes, size_t length, void *data)
{
    struct reading *reading = data;
    const struct value *expected = reading->cells++;
    if (expected->kind == VALUE_NULL && reading->columns > 1) {
        ck_assert_ptr_null(bytes);
    } else {
        const size_t wanted = expected->kind == VALUE_NULL ? 0 : expected->text.length;
        ck_assert_ptr_nonnull(bytes);
        ck_assert_uint_eq(length, wanted);
        ck_assert(wanted == 0 || memcmp(bytes, expected->text.bytes, wanted) == 0);
    }
    reading->column++;
}

static void on_row(int last, void *data)
{
    (void)last;
    struct reading *reading = data;
    ck_assert_uint_eq(reading->column, reading->columns);
    reading->column = 0;
    reading->rows++;
}

static int is_no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

static int is_line_feed(unsigned char byte)
{
    return byte == '\n';
}

static void read_back(const struct buffer *text, char delimiter, struct reading *reading)
{
    struct csv_parser parser;
    ck_assert_int_eq(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL), 0);
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, is_no_space);
    csv_set_term_func(&parser, is_line_feed);
    ck_assert_uint_eq(csv_parse(&parser, text->bytes, text->length, on_field, on_row, reading),
                      text->length);
    ck_assert_int_eq(csv_fini(&parser, on_field, on_row, reading), 0);
    csv_free(&parser);
}

/* A cell of a few bytes, most of them nasty; the bytes go to `room`. */
static struct value random_cell(uint64_t *state, char room[CELL_SIZE])
{
    static const char alphabet[] = "\"\"\",,;\t\r\n\n # ab\\'\0\xff\xc3\xa9|";
    const size_t length = unit_random(state) % CELL_SIZE;
    if (unit_random(state) % 5 == 0)
        return value_null();
    for (size_t i = 0; i < length; i++)
        room[i] = alphabet[unit_random(state) % (sizeof alphabet - 1)];
    return value_text((struct text){room, length});
}

static void round_trip(uint64_t *state, const char *writer, char delimiter)
{
    static char room[ROWS][COLUMNS_MOST][CELL_SIZE];
    const struct text names[COLUMNS_MOST] = {text_of("n"), text_of("n"), text_of("\""),
                                             text_of("")};
    const uint32_t columns = 1 + (uint32_t)(unit_random(state) % COLUMNS_MOST);
    struct value cells[(ROWS + 1) * COLUMNS_MOST];
    for (uint32_t i = 0; i < columns; i++)
        cells[i] = value_text(names[i]);
    for (size_t i = 0; i < ROWS; i++)
        for (uint32_t j = 0; j < columns; j++)
            cells[columns + i * columns + j] = random_cell(state, room[i][j]);

    const struct sample sample = {
        names, columns, cells + columns, ROWS, {.delimiter = delimiter, .comment = '#'}};
    struct buffer text = render_text(writer, &sample);
    struct reading reading = {.cells = cells, .columns = columns};
    read_back(&text, delimiter, &reading);
    ck_assert_uint_eq(reading.rows, ROWS + 1);
    buffer_close(&text);
}

START_TEST(libcsv_reads_back_what_was_written)
{
    uint64_t state = unit_seed("libcsv_reads_back_what_was_written", 1);
    for (int i = 0; i < 50; i++) {
        round_trip(&state, "csv", ',');
        round_trip(&state, "csv", ';');
        round_trip(&state, "csv", 'a');
        round_trip(&state, "tsv", '\t');
    }
}
END_TEST

START_TEST(no_field_starts_with_the_comment_character)
{
    const struct text names[] = {text_of("#a"), text_of("b#")};
    const struct value cells[] = {cell_text("#"), cell_text(" #"), cell_text("x"), cell_text("#x")};
    const struct sample sample = {names, 2, cells, 2, {.delimiter = ',', .comment = '#'}};
    check_text("csv", &sample, "\"#a\",b#\n\"#\", #\nx,\"#x\"\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("csv");
    TCase *tests = tcase_create("csv");
    tcase_add_test(tests, fields_are_quoted_when_needed);
    tcase_add_test(tests, comment_and_delimiter_matter_in_numbers_too);
    tcase_add_test(tests, no_line_is_empty);
    tcase_add_test(tests, small_tables);
    tcase_add_test(tests, libcsv_reads_back_what_was_written);
    tcase_add_test(tests, no_field_starts_with_the_comment_character);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
