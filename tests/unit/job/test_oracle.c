/* The oracle itself: rows that a person wrote down, and libcsv on random well-formed text. */
#include "oracle/aggregate.h"
#include "oracle/automaton.h"
#include "unit/unit.h"

#include <csv.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { TEXT_SIZE = 16384 };

struct text {
    char bytes[TEXT_SIZE];
    size_t length;
};

static void put_byte(struct text *text, char byte)
{
    ck_assert(text->length + 1 < sizeof text->bytes);
    text->bytes[text->length++] = byte;
    text->bytes[text->length] = '\0';
}

static void put(struct text *text, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put_byte(text, bytes[i]);
}

/* Rows end with '/', fields are parted by '|', <…> was quoted, ! marks a bad row, and ?LINE the
 * line of a quote that is never closed. */
static void show(const struct oracle_table *table, struct text *out)
{
    for (size_t r = 0; r < table->count; r++) {
        const struct oracle_row *row = &table->rows[r];
        put(out, "!", row->bad_line > 0);
        for (size_t f = 0; f < row->count; f++) {
            const struct oracle_field *field = &row->fields[f];
            put(out, "|", f > 0);
            put(out, "<", field->quoted);
            put(out, field->bytes, field->length);
            put(out, ">", field->quoted);
        }
        put_byte(out, '/');
    }
    char line[32];
    const int length = snprintf(line, sizeof line, "?%" PRIu64, table->unclosed_line);
    put(out, line, table->unclosed_line > 0 ? (size_t)length : 0);
}

enum {
    PLAIN = 0,
    CR_ENDS = 1,
    COMMENTS = 2,
    NO_QUOTE = 4,
    SKIP_TWO = 8,
    SEMICOLONS = 16,
    ESCAPES = 32
};

static const struct {
    const char *bytes;
    const char *rows;
    unsigned flags;
} cases[] = {
    {"", "", PLAIN},
    {"a,b\n1,2\n", "a|b/1|2/", PLAIN},
    {"a,b\r\n1,2", "a|b/1|2/", PLAIN},
    {"\xef\xbb\xbf"
     "a\n",
     "a/", PLAIN},
    {"a\xef\xbb\xbf\n", "a\xef\xbb\xbf/", PLAIN},
    {"\n\r\na\n\n", "a/", PLAIN},
    {"\"\"\n\n", "<>/", PLAIN},
    {",\n ,\n \n", "|/ |/ /", PLAIN},
    {"a,", "a|/", PLAIN},
    {"a,\r\n", "a|/", PLAIN},
    {"a\rb\n", "a\rb/", PLAIN},
    {"a\r", "a\r/", PLAIN},
    {"\r", "\r/", PLAIN},
    {"\r\r\n", "\r/", PLAIN},
    {"\"a\"\"b\",\"c\nd\"\n", "<a\"b>|<c\nd>/", PLAIN},
    {"\"a\r\nb\"\r\n", "<a\r\nb>/", PLAIN},
    {"a\"b,c\"\"\n", "a\"b|c\"\"/", PLAIN},
    {"\"a\"b\",c\nd,e\n", "!<ab\">|c/d|e/", PLAIN},
    {"\"a\" ,c\n", "!<a >|c/", PLAIN},
    {"\"a\"\rb\n", "!<a\rb>/", PLAIN},
    {"\"a\"\r,b\n", "!<a>|b/", PLAIN},
    {"\"a\"\r", "!<a>/", PLAIN},
    {"\"a\"\r\n", "<a>/", PLAIN},
    {"\"a\"", "<a>/", PLAIN},
    {"\"a\"\n\"", "<a>/?2", PLAIN},
    {"a\n\"b\nc\n", "a/?2", PLAIN},
    {"x,\"\n\",\"b\nc\n", "?2", PLAIN},
    {"#\"\na,#b\n\"#c\"\n#d", "a|#b/<#c>/", COMMENTS},
    {"#\"\n", "#\"/", PLAIN},
    {"a\n #b\n", "a/ #b/", COMMENTS},
    {"\"a\n#b\"\n", "<a\n#b>/", COMMENTS},
    {"a\rb\r\n\rc", "a/b/c/", CR_ENDS},
    {"\"a\rb\"\r\"c\"\r\n", "<a\rb>/<c>/", CR_ENDS},
    {"#x\rb\r", "b/", CR_ENDS | COMMENTS},
    {"a\r\"b\r\nc\rd", "a/?2", CR_ENDS},
    {"a\r\nb\r\"c", "a/b/?3", CR_ENDS},
    {"\"a\",\"b\n", "\"a\"|\"b/", NO_QUOTE},
    {"x\n\"y\nz\n1\n", "z/1/", SKIP_TWO},
    {"x", "", SKIP_TWO},
    {"x\r\ny\rz\r\n\"1", "z/?4", SKIP_TWO | CR_ENDS},
    {"a;b,c\n", "a|b,c/", SEMICOLONS},
    {"\"a\\\"b\",\\\"\n\\n\n", "<a\"b>|\\\"/\\n/", ESCAPES},
    {"\"\\\\\",\"\\x\\\n\"\n", "<\\>|<x\n>/", ESCAPES},
    {"\"a\"\\b\n", "!<a\\b>/", ESCAPES},
    {"a\n\"b\\\"\n", "a/?2", ESCAPES},
    {"a\n\"b\\", "a/?2", ESCAPES},
    {"\"a\\\"b\"\n", "!<a\\b\">/", PLAIN},
};

static struct oracle_dialect dialect_of(unsigned flags)
{
    return (struct oracle_dialect){
        .delimiter = (flags & SEMICOLONS) != 0 ? ';' : ',',
        .quote = (flags & NO_QUOTE) != 0 ? ORACLE_NO_BYTE : '"',
        .comment = (flags & COMMENTS) != 0 ? '#' : ORACLE_NO_BYTE,
        .escape = (flags & ESCAPES) != 0 ? '\\' : ORACLE_NO_BYTE,
        .cr_ends = (flags & CR_ENDS) != 0,
        .skip_lines = (flags & SKIP_TWO) != 0 ? 2 : 0,
    };
}

START_TEST(written_rows)
{
    const struct oracle_dialect dialect = dialect_of(cases[_i].flags);
    struct oracle_table table;
    struct text shown = {.length = 0};
    oracle_read(&dialect, (const unsigned char *)cases[_i].bytes, strlen(cases[_i].bytes), &table);
    show(&table, &shown);
    oracle_table_free(&table);
    ck_assert_str_eq(shown.bytes, cases[_i].rows);
}
END_TEST

START_TEST(places_and_lines)
{
    static const char bytes[] = "\xef\xbb\xbf"
                                "a,b\n\n\"x\ny\",1\r\n#c\nz,2\n";
    const struct oracle_dialect dialect = dialect_of(COMMENTS);
    struct oracle_table table;
    oracle_read(&dialect, (const unsigned char *)bytes, sizeof bytes - 1, &table);
    ck_assert_uint_eq(table.count, 3);
    ck_assert_uint_eq(table.rows[0].byte, 3);
    ck_assert_uint_eq(table.rows[1].byte, 8);
    ck_assert_uint_eq(table.rows[1].line, 3);
    ck_assert_uint_eq(table.rows[2].byte, 20);
    ck_assert_uint_eq(table.rows[2].line, 6);
    oracle_table_free(&table);
}
END_TEST

START_TEST(line_of_the_bad_byte)
{
    static const char bytes[] = "a,b\n\"\n\n\",\"x\"\ry\n\"\n\"\r";
    const struct oracle_dialect dialect = dialect_of(PLAIN);
    struct oracle_table table;
    oracle_read(&dialect, (const unsigned char *)bytes, sizeof bytes - 1, &table);
    ck_assert_uint_eq(table.count, 3);
    ck_assert_uint_eq(table.rows[0].bad_line, 0);
    ck_assert_uint_eq(table.rows[1].line, 2);
    ck_assert_uint_eq(table.rows[1].bad_line, 4);
    ck_assert_uint_eq(table.rows[2].line, 5);
    ck_assert_uint_eq(table.rows[2].bad_line, 6);
    oracle_table_free(&table);
}
END_TEST

/* ---- against libcsv: fields and row ends, on text that both read alike ---- */

static int never(unsigned char byte)
{
    (void)byte;
    return 0;
}

static int is_feed(unsigned char byte)
{
    return byte == '\n';
}

struct fed {
    struct text text;
    bool inside; /* a row */
};

static void feed_field(void *bytes, size_t length, void *argument)
{
    struct fed *fed = argument;
    put(&fed->text, "|", fed->inside);
    put(&fed->text, bytes, length);
    fed->inside = true;
}

static void feed_row(int byte, void *argument)
{
    struct fed *fed = argument;
    (void)byte;
    put(&fed->text, "/", fed->inside);
    fed->inside = false;
}

static void read_by_libcsv(const struct text *input, struct fed *out)
{
    struct csv_parser parser;
    ck_assert_int_eq(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI), 0);
    csv_set_space_func(&parser, never);
    csv_set_term_func(&parser, is_feed);
    const size_t parsed =
        csv_parse(&parser, input->bytes, input->length, feed_field, feed_row, out);
    ck_assert_uint_eq(parsed, input->length);
    ck_assert_int_eq(csv_fini(&parser, feed_field, feed_row, out), 0);
    csv_free(&parser);
}

static void show_plain(const struct oracle_table *table, struct text *out)
{
    for (size_t r = 0; r < table->count; r++)
        for (size_t f = 0; f < table->rows[r].count; f++) {
            const struct oracle_field *field = &table->rows[r].fields[f];
            ck_assert_uint_eq(table->rows[r].bad_line, 0);
            put(out, "|", f > 0);
            put(out, field->bytes, field->length);
            put(out, "/", f + 1 == table->rows[r].count);
        }
}

/* A field that libcsv's strict mode takes: quotes only around it or doubled inside. */
static void put_random_field(struct text *text, uint64_t *seed)
{
    static const char inside[] = "ab,\n\r \"";
    static const char outside[] = "ab c";
    const bool quoted = unit_random(seed) % 2 == 0;
    put(text, "\"", quoted);
    for (uint64_t n = unit_random(seed) % 5; n > 0; n--) {
        const char byte = quoted ? inside[unit_random(seed) % (sizeof inside - 1)]
                                 : outside[unit_random(seed) % (sizeof outside - 1)];
        put_byte(text, byte);
        put(text, "\"", byte == '"');
    }
    put(text, "\"", quoted);
}

START_TEST(agrees_with_libcsv)
{
    uint64_t seed = unit_seed("agrees_with_libcsv", 20);
    for (int round = 0; round < 3000; round++) {
        struct text input = {.length = 0};
        for (uint64_t row = unit_random(&seed) % 12; row > 0; row--) {
            for (uint64_t field = 1 + unit_random(&seed) % 3; field > 0; field--) {
                put_random_field(&input, &seed);
                put(&input, ",", field > 1);
            }
            put_byte(&input, '\n');
        }
        struct fed fed = {.inside = false};
        read_by_libcsv(&input, &fed);
        const struct oracle_dialect dialect = dialect_of(PLAIN);
        struct oracle_table table;
        struct text shown = {.length = 0};
        oracle_read(&dialect, (const unsigned char *)input.bytes, input.length, &table);
        ck_assert_uint_eq(table.unclosed_line, 0);
        show_plain(&table, &shown);
        oracle_table_free(&table);
        ck_assert_uint_eq(shown.length, fed.text.length);
        ck_assert_mem_eq(shown.bytes, fed.text.bytes, shown.length);
    }
}
END_TEST

/* ---- the aggregator ---- */

static void aggregate(const char *bytes, const struct oracle_request *request,
                      struct oracle_answer *answer)
{
    const struct oracle_dialect dialect = dialect_of(PLAIN);
    struct oracle_table table;
    oracle_read(&dialect, (const unsigned char *)bytes, strlen(bytes), &table);
    oracle_aggregate(request, &table, 1, answer);
    oracle_table_free(&table);
    ck_assert(!answer->beyond);
}

static struct oracle_request numbers(enum oracle_on_error on_error)
{
    return (struct oracle_request){
        .keys = {0},
        .key_count = 1,
        .calls = {{"n", ORACLE_ROWS, 0},
                  {"nulls", ORACLE_NULLS, 1},
                  {"sum", ORACLE_SUM, 1},
                  {"min", ORACLE_MIN, 1},
                  {"max", ORACLE_MAX, 1},
                  {"first", ORACLE_FIRST, 2},
                  {"last", ORACLE_LAST, 2}},
        .call_count = 7,
        .on_error = on_error,
    };
}

START_TEST(groups)
{
    static const char input[] = "k,v,t\nb,1.50,x\n\"\",-2,\na, 10 ,y\n,,\"\"\nb,+.25,\"z,\"\"\"\n";
    const struct oracle_request request = numbers(ORACLE_FAIL);
    struct oracle_answer answer;
    aggregate(input, &request, &answer);
    ck_assert_int_eq(answer.status, ORACLE_OK);
    ck_assert_str_eq(answer.csv, "k,n,nulls,sum,min,max,first,last\n"
                                 "b,2,0,1.75,0.25,1.5,x,\"z,\"\"\"\n"
                                 "\"\",1,0,-2,-2,-2,,\n"
                                 "a,1,0,10,10,10,y,y\n"
                                 ",1,1,0,,,\"\",\"\"\n");
    free(answer.csv);
}
END_TEST

START_TEST(errors_and_skips)
{
    static const char input[] = "k,v,t\na,1,x\na,no,y\n\"a\"b,3,z\na,4\na,5,w\n";
    struct oracle_answer answer;
    struct oracle_request request = numbers(ORACLE_FAIL);
    aggregate(input, &request, &answer);
    ck_assert_int_eq(answer.status, ORACLE_DATA);
    ck_assert_uint_eq(answer.line, 3);
    request = numbers(ORACLE_SKIP);
    aggregate(input, &request, &answer);
    ck_assert_str_eq(answer.csv, "k,n,nulls,sum,min,max,first,last\na,2,0,6,1,5,x,w\n");
    ck_assert_uint_eq(answer.skipped_rows, 3);
    free(answer.csv);
    request = numbers(ORACLE_NULL);
    request.pad = true;
    aggregate(input, &request, &answer);
    ck_assert_str_eq(answer.csv, "k,n,nulls,sum,min,max,first,last\na,4,1,10,1,5,x,w\n");
    ck_assert_uint_eq(answer.skipped_rows, 1);
    ck_assert_uint_eq(answer.nulled_values, 1);
    free(answer.csv);
    request.calls[0] = (struct oracle_call){"x", ORACLE_SUM, 3};
    aggregate(input, &request, &answer);
    ck_assert_int_eq(answer.status, ORACLE_USAGE);
}
END_TEST

static Suite *oracle_suite(void)
{
    Suite *suite = suite_create("oracle");
    TCase *tests = tcase_create("oracle");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, written_rows, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, places_and_lines);
    tcase_add_test(tests, line_of_the_bad_byte);
    tcase_add_test(tests, agrees_with_libcsv);
    tcase_add_test(tests, groups);
    tcase_add_test(tests, errors_and_skips);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(oracle_suite)
