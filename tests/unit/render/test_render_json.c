/* json and jsonl: what they print, by hand, and random tables read back by Python's json. */
#include "unit/unit.h"

#include "unit/render/render_text.h"

#include <math.h>
#include <unistd.h>

START_TEST(a_row_is_an_object)
{
    const struct text names[] = {text_of("a"), text_of("a"), text_of("b\"c")};
    const struct value cells[] = {
        cell_text("x"), cell_tenths(-15),    value_null(),         cell_text(""),  cell_real(1e300),
        cell_text("1"), cell_real(INFINITY), cell_real(-INFINITY), cell_real(NAN),
    };
    const struct sample sample = {names, 3, cells, 3, {.delimiter = ','}};
    check_text("json", &sample,
               "[\n{\"a\":\"x\",\"a\":-1.5,\"b\\\"c\":null},\n"
               "{\"a\":\"\",\"a\":1e300,\"b\\\"c\":\"1\"},\n"
               "{\"a\":\"inf\",\"a\":\"-inf\",\"b\\\"c\":\"NaN\"}\n]\n");
    check_text("jsonl", &sample,
               "{\"a\":\"x\",\"a\":-1.5,\"b\\\"c\":null}\n"
               "{\"a\":\"\",\"a\":1e300,\"b\\\"c\":\"1\"}\n"
               "{\"a\":\"inf\",\"a\":\"-inf\",\"b\\\"c\":\"NaN\"}\n");
}
END_TEST

START_TEST(strings_are_escaped)
{
    const struct text names[] = {text_of("s")};
    const struct value cells[] = {
        cell_text("\"\\/\b\f\n\r\t\x01\x1f\x7f"),
        value_text((struct text){"a\0b", 3}),
        cell_text("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"),
        cell_text("\xc2\x80\xc2\x9f\xc2\xa0"), /* C1 controls; the last is none */
        cell_text("\xff\xc3(\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80\xc3"),
    };
    const struct sample sample = {names, 1, cells, 5, {.delimiter = ','}};
    check_text("jsonl", &sample,
               "{\"s\":\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\\u007f\"}\n"
               "{\"s\":\"a\\u0000b\"}\n"
               "{\"s\":\"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80\"}\n"
               "{\"s\":\"\\u0080\\u009f\xc2\xa0\"}\n"
               "{\"s\":\"\\udcff\\udcc3(\\udced\\udca0\\udc80\\udcc0\\udc80"
               "\\udcf4\\udc90\\udc80\\udc80\\udcc3\"}\n");
}
END_TEST

START_TEST(small_tables)
{
    const struct text names[] = {text_of("count")};
    const struct value cells[] = {cell_integer(3)};
    check_text("json", &(struct sample){names, 1, NULL, 0, {.comment = -1}}, "[]\n");
    check_text("jsonl", &(struct sample){names, 1, NULL, 0, {.comment = -1}}, "");
    check_text("json", &(struct sample){names, 0, NULL, 1, {.comment = -1}}, "[\n{}\n]\n");
    const struct sample bare = {names, 1, cells, 1, {.bare = true}};
    check_text("json", &bare, "{\"count\":3}\n");
    check_text("jsonl", &bare, "{\"count\":3}\n");
    check_text("json", &(struct sample){names, 1, NULL, 0, {.bare = true}}, "[]\n");
}
END_TEST

enum { ROWS = 500, COLUMNS = 3, CELL_SIZE = 12 };

/* Prints each name and value on a line: N for null, # and digits, or = and the bytes in hex. */
static const char reader[] =
    "import json, sys\n"
    "def show(v):\n"
    "    if v is None: return 'N'\n"
    "    if isinstance(v, tuple): return '#' + v[0]\n"
    "    return '=' + v.encode('utf-8', 'surrogateescape').hex()\n"
    "number = lambda digits: (digits,)\n"
    "def never(name): raise ValueError(name)\n"
    "text = open(sys.argv[2], encoding='utf-8', newline='').read()\n"
    "load = lambda t: json.loads(t, object_pairs_hook=list, parse_int=number,\n"
    "                            parse_float=number, parse_constant=never)\n"
    "rows = load(text) if sys.argv[1] == 'json' else [load(t) for t in text.split('\\n') if t]\n"
    "for row in rows:\n"
    "    for name, value in row: print(show(name), show(value))\n";

static struct value random_cell(uint64_t *state, char room[CELL_SIZE])
{
    const uint64_t kind = unit_random(state) % 6;
    if (kind == 0)
        return value_null();
    if (kind == 1)
        return cell_integer((int)(unit_random(state) % 2001) - 1000);
    const size_t length = unit_random(state) % CELL_SIZE;
    for (size_t i = 0; i < length; i++) {
        const uint64_t word = unit_random(state);
        /* Any byte, or one that may be part of a valid sequence. */
        room[i] = (char)(kind == 2 ? word : kind == 3 ? word & 0x7f : 0x80 + word % 0x70);
    }
    if (kind == 5 && length > 2)
        memcpy(room, "\xe2\x82\xac", 3);
    return value_text((struct text){room, length});
}

static void expect(struct buffer *out, const struct value *value)
{
    if (value->kind == VALUE_NULL) {
        buffer_append_byte(out, 'N');
    } else if (value->kind == VALUE_NUMBER) {
        buffer_append_format(out, "#%d", (int)value->number.mantissa);
    } else {
        buffer_append_byte(out, '=');
        for (size_t i = 0; i < value->text.length; i++)
            buffer_append_format(out, "%02x", (unsigned char)value->text.bytes[i]);
    }
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* Runs the reader in `directory` and checks all that it prints. */
static void check_python(const char *directory, const char *format, const struct buffer *expected)
{
    char command[256];
    snprintf(command, sizeof command, "cd '%s' && python3 reader.py %s table", directory, format);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    struct buffer got = {.bytes = NULL};
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, pipe)) > 0;)
        buffer_append(&got, piece, n);
    ck_assert_int_eq(pclose(pipe), 0);
    ck_assert_uint_eq(got.length, expected->length);
    ck_assert_mem_eq(got.bytes, expected->bytes, expected->length);
    buffer_close(&got);
}

static void remove_in(const char *directory, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    ck_assert_int_eq(unlink(path), 0);
}

static void round_trip(uint64_t *state, const char *format)
{
    static char room[ROWS * COLUMNS][CELL_SIZE];
    static struct value cells[ROWS * COLUMNS];
    const struct text names[COLUMNS] = {text_of("n\xff"), text_of("n\xff"), text_of("\n\"")};
    struct buffer expected = {.bytes = NULL};
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        cells[i] = random_cell(state, room[i]);
        const struct value name = value_text(names[i % COLUMNS]);
        expect(&expected, &name);
        buffer_append_byte(&expected, ' ');
        expect(&expected, &cells[i]);
        buffer_append_byte(&expected, '\n');
    }
    const struct sample sample = {names, COLUMNS, cells, ROWS, {.comment = -1}};
    struct buffer text = render_text(format, &sample);

    char directory[] = "/tmp/sheaf-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    char path[128];
    snprintf(path, sizeof path, "%s/table", directory);
    write_file(path, text.bytes, text.length);
    snprintf(path, sizeof path, "%s/reader.py", directory);
    write_file(path, reader, sizeof reader - 1);
    check_python(directory, format, &expected);
    remove_in(directory, "table");
    remove_in(directory, "reader.py");
    ck_assert_int_eq(rmdir(directory), 0);
    buffer_close(&text);
    buffer_close(&expected);
}

START_TEST(python_reads_back_what_was_written)
{
    if (system("python3 -c 0") != 0) {
        printf("python_reads_back_what_was_written: skipped, no python3\n");
        return;
    }
    uint64_t state = unit_seed("python_reads_back_what_was_written", 2);
    round_trip(&state, "json");
    round_trip(&state, "jsonl");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_row_is_an_object);
    tcase_add_test(tests, strings_are_escaped);
    tcase_add_test(tests, small_tables);
    tcase_add_test(tests, python_reads_back_what_was_written);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
