#include "format/raw_schema.h"

#include "npy_file.h"
#include "reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

/* ---- schemas ----------------------------------------------------------------------------- */

/* Fields are NAME=KIND SIZE[!]@OFFSET, ! for big-endian. */
static const struct {
    const char *schema;
    const char *fields;
    uint64_t record;
} good[] = {
    {"id:i64,price:f64,name:c16", "id=i8@0 price=f8@8 name=S16@16 ", 32},
    {"a:i8,b:i16,c:i32,d:i64", "a=i1@0 b=i2@1 c=i4@3 d=i8@7 ", 15},
    {"a:u8,b:u16,c:u32,d:u64", "a=u1@0 b=u2@1 c=u4@3 d=u8@7 ", 15},
    {"a:f32,b:f64,c:bool,d:c1", "a=f4@0 b=f8@4 c=b1@12 d=S1@13 ", 14},
    {"big,a:i32,b:f64", "a=i4!@0 b=f8!@4 ", 12},
    {" big , a:i32", "a=i4!@0 ", 4},
    {"big:i32", "big=i4@0 ", 4},
    {"bigger:i32,big:u8", "bigger=i4@0 big=u1@4 ", 5},
    {" a b : i32 ,\tc\t:\tf32\t", "a b=i4@0 c=f4@4 ", 8},
    {"\"a:b,\"\"c\"\"\":i32, \"\" : u8", "a:b,\"c\"=i4@0 =u1@4 ", 5},
    {"a:c2147483647", "a=S2147483647@0 ", INT32_MAX},
    {"a:i8,a:i8", "a=i1@0 a=i1@1 ", 2},
};

START_TEST(schemas_that_are_good)
{
    static const char kinds[] = "iufbSUM";
    struct arena arena = {.newest = NULL};
    struct binary_layout layout = {.count = 0};
    struct sheaf_error error = {.text = ""};
    struct buffer fields = {.bytes = NULL};
    const enum sheaf_status status = raw_schema_parse(good[_i].schema, &arena, &layout, &error);
    ck_assert_msg(status == SHEAF_OK, "%s: %s", good[_i].schema, error.text);
    for (uint32_t i = 0; i < layout.count; i++) {
        const struct binary_field *field = &layout.fields[i];
        buffer_append_format(&fields, "%.*s=%c%llu%s@%llu ", (int)field->name.length,
                             field->name.bytes, kinds[field->kind], (unsigned long long)field->size,
                             field->big ? "!" : "", (unsigned long long)field->offset);
    }
    buffer_append_byte(&fields, '\0');
    ck_assert_str_eq(fields.bytes, good[_i].fields);
    ck_assert_uint_eq(layout.record, good[_i].record);
    buffer_close(&fields);
    arena_close(&arena);
}
END_TEST

#define TYPES                                                                                      \
    "the types are i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bool, and cN for N bytes of "   \
    "text (N at least 1)"

static const struct {
    const char *schema;
    const char *text;
} bad[] = {
    {"", "the schema's item 1 (\"\"): a name is missing; an item is NAME:TYPE"},
    {"id", "the schema's item 1 (\"id\"): an item is NAME:TYPE, like price:f64"},
    {"big,", "the schema's item 2 (\"\"): a name is missing; an item is NAME:TYPE"},
    {"id:i64,", "the schema's item 2 (\"\"): a name is missing; an item is NAME:TYPE"},
    {"id:i64,,b:i8", "the schema's item 2 (\"\"): a name is missing; an item is NAME:TYPE"},
    {"id:i64,:i8", "the schema's item 2 (\":i8\"): a name is missing; an item is NAME:TYPE"},
    {"id:i64,price:f65", "the schema's item 2 (\"price:f65\"): \"f65\" is no type; " TYPES},
    {"big,price:F64", "the schema's item 2 (\"price:F64\"): \"F64\" is no type; " TYPES},
    {"a:", "the schema's item 1 (\"a:\"): a type is missing; " TYPES},
    {"a:c", "the schema's item 1 (\"a:c\"): \"c\" is no type; " TYPES},
    {"a:c0", "the schema's item 1 (\"a:c0\"): \"c0\" is no type; " TYPES},
    {"a:c1x", "the schema's item 1 (\"a:c1x\"): \"c1x\" is no type; " TYPES},
    {"a:c2147483648",
     "the schema's item 1 (\"a:c2147483648\"): \"c2147483648\" is no type; " TYPES},
    {"a:c99999999999999999999",
     "the schema's item 1 (\"a:c99999999999999999999\"): \"c99999999999999999999\" is no type; "},
    {"a:i32 x", "the schema's item 1 (\"a:i32 x\"): \"i32 x\" is no type; " TYPES},
    {"\"a", "the schema's item 1 (\"\\\"a\"): the quote of its name is never closed"},
    {"\"a\"b:i8", "the schema's item 1 (\"\\\"a\\\"b:i8\"): an item is NAME:TYPE"},
};

START_TEST(schemas_that_are_bad)
{
    struct arena arena = {.newest = NULL};
    struct binary_layout layout = {.count = 0};
    struct sheaf_error error;
    const enum sheaf_status status = raw_schema_parse(bad[_i].schema, &arena, &layout, &error);
    ck_assert_msg(status == SHEAF_USAGE, "%s: %d", bad[_i].schema, status);
    if (strncmp(error.text, bad[_i].text, strlen(bad[_i].text)) != 0)
        ck_abort_msg("\"%s\", not \"%s\"", error.text, bad[_i].text);
    arena_close(&arena);
}
END_TEST

START_TEST(columns_are_limited)
{
    for (unsigned count = 65535; count <= 65536; count++) {
        struct buffer schema = {.bytes = NULL};
        struct arena arena = {.newest = NULL};
        struct binary_layout layout = {.count = 0};
        struct sheaf_error error;
        for (unsigned i = 0; i < count; i++)
            buffer_append_string(&schema, i == 0 ? "a:i8" : ",a:i8");
        buffer_append_byte(&schema, '\0');
        const enum sheaf_status status = raw_schema_parse(schema.bytes, &arena, &layout, &error);
        ck_assert_int_eq(status, count == 65535 ? SHEAF_OK : SHEAF_USAGE);
        if (status != SHEAF_OK)
            ck_assert_str_eq(error.text, "the schema has more than 65535 columns");
        arena_close(&arena);
        buffer_close(&schema);
    }
}
END_TEST

/* ---- files ------------------------------------------------------------------------------- */

enum { ROWS = 40, RECORD = 3 };

static void run(const struct reading_files *files, const struct format_options *options,
                uint64_t chunk_size, struct reading *out)
{
    static const uint32_t needed[] = {1, 0};
    const struct reading_setup setup = {
        .format = &format_raw,
        .options = options,
        .needed = needed,
        .needed_count = 2,
        .chunk_size = chunk_size,
        .executor = &executor_pool,
        .workers = 1 + (unsigned)chunk_size % 3,
    };
    reading_run(files, &setup, out);
}

/* Records of i16 and u8, as the reading writes them down. */
static void make_records(struct buffer *bytes, uint32_t file, struct buffer *expected)
{
    for (unsigned row = 0; row < ROWS; row++) {
        const int big = 1;
        const int first = (int)row * 300 - 5000;
        char text[2][16];
        npy_file_word(bytes, (uint64_t)first, 2, big);
        npy_file_word(bytes, row, 1, big);
        snprintf(text[0], sizeof text[0], "%u", row);
        snprintf(text[1], sizeof text[1], "%d", first);
        reading_put_place(expected, file, (uint64_t)row * RECORD, 0);
        for (unsigned i = 0; i < 2; i++)
            reading_put_field(expected, (struct text){text[i], strlen(text[i])});
        buffer_append_byte(expected, '\n');
    }
}

START_TEST(records_of_files_and_pipes)
{
    struct format_options options = reading_options();
    options.schema = "big, a:i16, b:u8";
    struct buffer bytes = {.bytes = NULL};
    struct buffer expected = {.bytes = NULL};
    for (uint32_t file = 0; file < 3; file++)
        make_records(&bytes, file, &expected);
    for (uint64_t chunk = 1; chunk < 130; chunk++) {
        struct reading_files files = {.count = 0};
        for (int file = 0; file < 3; file++) {
            const char *start = bytes.bytes + file * ROWS * RECORD;
            if ((_i >> file & 1) != 0)
                reading_add_pipe(&files, start, (size_t)ROWS * RECORD);
            else
                reading_add_file(&files, start, (size_t)ROWS * RECORD);
        }
        struct reading got;
        run(&files, &options, chunk, &got);
        ck_assert_msg(got.status == SHEAF_OK, "%s", got.error.text);
        ck_assert_uint_eq(got.rows, 3 * ROWS);
        ck_assert_uint_eq(got.text.length, expected.length);
        ck_assert_mem_eq(got.text.bytes, expected.bytes, expected.length);
        reading_drop(&got);
        reading_close_files(&files);
    }
    buffer_close(&bytes);
    buffer_close(&expected);
}
END_TEST

START_TEST(no_bytes_are_no_records)
{
    struct format_options options = reading_options();
    options.schema = "a:i16,b:u8";
    for (int is_pipe = 0; is_pipe < 2; is_pipe++) {
        struct reading_files files = {.count = 0};
        if (is_pipe)
            reading_add_pipe(&files, "", 0);
        else
            reading_add_file(&files, "", 0);
        struct reading got;
        run(&files, &options, 7, &got);
        ck_assert_int_eq(got.status, SHEAF_OK);
        ck_assert_uint_eq(got.rows, 0);
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

/* The last record lacks a byte or two; the rows before it are given. */
START_TEST(a_torn_record)
{
    struct format_options options = reading_options();
    options.schema = "a:i16,b:u8";
    const bool is_pipe = _i != 0;
    for (uint64_t chunk = 1; chunk < 12; chunk++) {
        for (size_t length = 1; length < 12; length++) {
            struct reading_files files = {.count = 0};
            reading_add_file(&files, "\0\1\2", 3);
            if (is_pipe)
                reading_add_pipe(&files, "\1\2\3\4\5\6\7\10\11\12\13\14", length);
            else
                reading_add_file(&files, "\1\2\3\4\5\6\7\10\11\12\13\14", length);
            struct reading got;
            run(&files, &options, chunk, &got);
            if (length % RECORD == 0) {
                ck_assert_int_eq(got.status, SHEAF_OK);
            } else {
                char expected[200];
                const size_t start = length - length % RECORD;
                snprintf(expected, sizeof expected,
                         "%s: byte %zu: the last record is torn: %zu of 3 bytes; is the schema "
                         "right?",
                         files.paths[1], start, length % RECORD);
                ck_assert_int_eq(got.status, SHEAF_DATA);
                ck_assert_str_eq(got.error.text, expected);
                ck_assert_uint_eq(got.error.file, 1);
                ck_assert_uint_eq(got.error.byte, start);
            }
            reading_drop(&got);
            reading_close_files(&files);
        }
    }
}
END_TEST

START_TEST(a_schema_is_needed)
{
    const struct format_options options = reading_options();
    struct reading_files files = {.count = 0};
    struct reading got;
    reading_add_file(&files, "abc", 3);
    run(&files, &options, 1, &got);
    ck_assert_int_eq(got.status, SHEAF_USAGE);
    ck_assert_str_eq(got.error.text,
                     "raw records need a schema, the names and types of their columns: "
                     "--schema \"id:i64,price:f64,name:c16\"");
    reading_close_files(&files);
}
END_TEST

/* Nobody else takes one. */
START_TEST(a_schema_is_for_raw_records)
{
    struct format_options options = reading_options();
    options.schema = "a:i8";
    for (size_t i = 0; i < format_table_length; i++) {
        struct reading_files files = {.count = 0};
        struct reading got;
        reading_add_file(&files, "abc", 3);
        const struct reading_setup setup = {.format = format_table[i],
                                            .options = &options,
                                            .chunk_size = 1,
                                            .executor = &executor_serial,
                                            .workers = 1};
        reading_run(&files, &setup, &got);
        ck_assert_int_eq(got.status, format_table[i] == &format_raw ? SHEAF_OK : SHEAF_USAGE);
        ck_assert(got.status == SHEAF_OK ||
                  strstr(got.error.text, "a schema describes raw") != NULL);
        reading_drop(&got);
        reading_close_files(&files);
    }
}
END_TEST

START_TEST(recognised_by_name_or_bytes)
{
    static const struct {
        const char *name, *bytes, *format;
    } files[] = {
        {"x.raw", "abc", "raw"},      {"x.npy", "abc", "npy"},
        {"x", "\x93NUMPY\1", "npy"},  {"x.csv", "\x93NUMPY", "npy"},
        {"x.csv", "\x93NUMP", "csv"}, {"x.raw", "\x93NUMPY\1", "raw"},
        {"raw", "abc", "csv"},        {"standard input", "", "csv"},
        {"x.RAW", "abc", "csv"},      {".raw", "", "raw"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t found = 0;
        while (
            !format_table[found]->recognises(files[i].name, files[i].bytes, strlen(files[i].bytes)))
            ck_assert_uint_lt(++found, format_table_length);
        ck_assert_str_eq(format_table[found]->name, files[i].format);
    }
}
END_TEST

static Suite *raw_suite(void)
{
    Suite *suite = suite_create("raw");
    TCase *tests = tcase_create("raw");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, schemas_that_are_good, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, schemas_that_are_bad, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, columns_are_limited);
    tcase_add_loop_test(tests, records_of_files_and_pipes, 0, 8);
    tcase_add_test(tests, no_bytes_are_no_records);
    tcase_add_loop_test(tests, a_torn_record, 0, 2);
    tcase_add_test(tests, a_schema_is_needed);
    tcase_add_test(tests, a_schema_is_for_raw_records);
    tcase_add_test(tests, recognised_by_name_or_bytes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(raw_suite)
