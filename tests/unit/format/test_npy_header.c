#include "format/npy_header.h"

#include "npy_file.h"
#include "reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <malloc.h>
#include <string.h>

/* ---- what is read ------------------------------------------------------------------------ */

static enum sheaf_status parse(const char *bytes, size_t length, bool is_utf8, struct arena *arena,
                               struct npy_header *out, struct sheaf_error *error)
{
    const struct npy_text text = {
        .bytes = bytes,
        .length = length,
        .place = {.name = "x.npy", .file = 0, .byte = 10},
        .is_utf8 = is_utf8,
    };
    return npy_header_parse(&text, arena, out, error);
}

static void put_field(struct buffer *out, const struct binary_field *field)
{
    static const char kinds[] = "iufbSUM";
    buffer_append_format(out, "%.*s=%c%llu%s@%llu ", (int)field->name.length,
                         field->name.bytes == NULL ? "" : field->name.bytes, kinds[field->kind],
                         (unsigned long long)field->size, field->big ? "!" : "",
                         (unsigned long long)field->offset);
    if (field->kind == BINARY_TIME)
        buffer_append_format(out, "%d*%u ", field->unit, field->factor);
}

/* Fields are NAME=KIND SIZE[!]@OFFSET, ! for big-endian, and for a time UNIT*FACTOR. */
static const struct {
    const char *text;
    bool is_utf8;
    const char *fields;
    uint64_t item;
    uint32_t dims;
    uint64_t rows, columns;
    bool is_fortran;
} good[] = {
    {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", 0, "=f8@0 ", 8, 1, 3, 1, 0},
    {"{\"shape\":(3,4),'fortran_order':True,\"descr\":\">i2\"}", 0, "=i2!@0 ", 2, 2, 3, 4, 1},
    {" { 'descr' : '|b1' , 'shape' : ( 0 , ) , 'fortran_order' : False , } \n", 0, "=b1@0 ", 1, 1,
     0, 1, 0},
    {"{'descr': '=u4', 'shape': (10L, 2L), 'fortran_order': False}", 0, "=u4@0 ", 4, 2, 10, 2, 0},
    {"{'descr': 'i8', 'shape': (1,), 'fortran_order': False}", 0, "=i8@0 ", 8, 1, 1, 1, 0},
    {"{'descr': '|i1', 'shape': (1,), 'fortran_order': False}", 0, "=i1@0 ", 1, 1, 1, 1, 0},
    {"{'descr': '<f2', 'shape': (9223372036854775807,), 'fortran_order': False}", 0, "=f2@0 ", 2, 1,
     INT64_MAX, 1, 0},
    {"{'descr': '>U3', 'shape': (1,), 'fortran_order': False}", 0, "=U12!@0 ", 12, 1, 1, 1, 0},
    {"{'descr': '<U0', 'shape': (1,), 'fortran_order': False}", 0, "=U0@0 ", 0, 1, 1, 1, 0},
    {"{'descr': '|S7', 'shape': (1,), 'fortran_order': False}", 0, "=S7@0 ", 7, 1, 1, 1, 0},
    {"{'descr': '<M8[ns]', 'shape': (1,), 'fortran_order': False}", 0, "=M8@0 9*1 ", 8, 1, 1, 1, 0},
    {"{'descr': '>M8[25s]', 'shape': (1,), 'fortran_order': False}", 0, "=M8!@0 6*25 ", 8, 1, 1, 1,
     0},
    {"{'descr': '<M8[D]', 'shape': (1,), 'fortran_order': False}", 0, "=M8@0 3*1 ", 8, 1, 1, 1, 0},
    {"{'descr': [('a', '<i4'), ('b', '>f4')], 'fortran_order': False, 'shape': (2,)}", 0,
     "a=i4@0 b=f4!@4 ", 8, 1, 2, 1, 0},
    {"{'descr': [('pos', [('x', '<f8'), ('y', '<f8'), ('in', [('z', '|u1')])]), ('n', '|S2'),],"
     " 'fortran_order': False, 'shape': (2,)}",
     0, "pos.x=f8@0 pos.y=f8@8 pos.in.z=u1@16 n=S2@17 ", 19, 1, 2, 1, 0},
    {"{'descr': [('a', '|u1'), ('', '|V3'), ('b', '<i4'), ('', '|V0')], 'fortran_order': False,"
     " 'shape': (2,)}",
     0, "a=u1@0 b=i4@4 ", 8, 1, 2, 1, 0},
    {"{'descr': [(('the title', 'a'), '<i4'), (('t', 'b',), '<i4', ())], 'fortran_order': False,"
     " 'shape': (2,)}",
     0, "a=i4@0 b=i4@4 ", 8, 1, 2, 1, 0},
    {"{'descr': [('it\\'s', '|u1'), (\"\\\"\\\\\\n\\x41\\u00e9\", '|u1'), ('', '|u1')],"
     " 'fortran_order': False, 'shape': (2,)}",
     0, "it's=u1@0 \"\\\nA\xc3\xa9=u1@1 =u1@2 ", 3, 1, 2, 1, 0},
    {"{'descr': [('\xe9', '|u1')], 'fortran_order': False, 'shape': (2,)}", 0, "\xc3\xa9=u1@0 ", 1,
     1, 2, 1, 0},
    {"{'descr': "
     "[('"
     "\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9"
     "\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9', '|u1'), ('second', '|u1')], 'fortran_order': False, "
     "'shape': (2,)}",
     0,
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3"
     "\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9=u1@0 second=u1@1 ",
     2, 1, 2, 1, 0},
    {"{'descr': [('\xc3\xa9\xf0\x9f\x98\x80\\U0001f600', '|u1')], 'fortran_order': False,"
     " 'shape': (2,)}",
     1, "\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80=u1@0 ", 1, 1, 2, 1, 0},
};

START_TEST(headers_that_are_good)
{
    struct arena arena = {.newest = NULL};
    struct buffer fields = {.bytes = NULL};
    struct npy_header header;
    struct sheaf_error error = {.text = ""};
    const enum sheaf_status status =
        parse(good[_i].text, strlen(good[_i].text), good[_i].is_utf8, &arena, &header, &error);
    ck_assert_msg(status == SHEAF_OK, "%s: %s", good[_i].text, error.text);
    for (uint32_t i = 0; i < header.count; i++)
        put_field(&fields, &header.fields[i]);
    buffer_append_byte(&fields, '\0');
    ck_assert_str_eq(fields.bytes, good[_i].fields);
    ck_assert_uint_eq(header.item, good[_i].item);
    ck_assert_uint_eq(header.dims, good[_i].dims);
    ck_assert_uint_eq(header.shape[0], good[_i].rows);
    ck_assert_uint_eq(header.shape[1], good[_i].columns);
    ck_assert_int_eq(header.is_fortran, good[_i].is_fortran);
    buffer_close(&fields);
    arena_close(&arena);
}
END_TEST

/* ---- what is not ------------------------------------------------------------------------- */

#define REST ", 'fortran_order': False, 'shape': (2,)}"
#define TYPE(type) "{'descr': '" type "'" REST
#define FIELDS(fields) "{'descr': [" fields "]" REST
#define SHAPE(shape) "{'descr': '<i4', 'fortran_order': False, 'shape': " shape "}"

/* The byte counts from the beginning of the header's text. */
static const struct {
    const char *text;
    uint64_t byte;
    const char *reason;
} bad[] = {
    {"", 0, "the header ends, expected '{'"},
    {"[]", 0, "the header has \"[]\", expected '{'"},
    {"{}", 0, "the header lacks 'descr'"},
    {"{'descr': '<i4', 'shape': (2,)}", 0, "the header lacks 'fortran_order'"},
    {"{'descr': '<i4', 'fortran_order': False}", 0, "the header lacks 'shape'"},
    {"{'descr': '<i4', 'descr': '<i4'" REST, 17, "the header has 'descr' twice"},
    {"{'descr': '<i4', 'x': 1}", 17, "the header has the key \"x\", expected 'descr', 'fort"},
    {"{'descr' '<i4'}", 9, "the header has \"'<i4'}\", expected ':'"},
    {"{'descr: '<i4'}", 1, "the header has the key \"descr: \", expected 'descr', 'fortran"},
    {"{'descr': '<i4' 'shape': (2,)}", 16,
     "the header has \"'shape': (2,)}\", expected ',' or '}'"},
    {SHAPE("(2,)") " x", 56, "the header has \"x\", expected its end"},
    {"{'descr': '<i4", 10, "a string in the header is never closed"},
    {"{'descr': '<i4\n'" REST, 10, "a string in the header is never closed"},
    {"{'descr': '<i4\\'" REST, 10, "the type \"<i4', \" is no type that is known"},
    {"{'descr': 4" REST, 10, "the header has \"4, 'fortran_orde\", expected a type"},
    {"{'descr': '<i4', 'fortran_order': 0, 'shape': (2,)}", 34, "the header has \"0, 'shape': (2,"},
    {FIELDS("('\\q', '<i4')"), 13, "unknown escape in a string"},
    {FIELDS("('\\ud800', '<i4')"), 13, "an escape in a string that is no character"},
    {FIELDS("('\\U00110000', '<i4')"), 13, "an escape in a string that is no character"},
    {FIELDS("('\\xg0', '<i4')"), 13, "an escape in a string that is no character"},
    /* shapes */
    {SHAPE("()"), 50, "the array is a single value (shape ()); one or two"},
    {SHAPE("(1, 2, 3)"), 50, "the array has 3 dimensions; one or two are read"},
    {SHAPE("(5, 0)"), 50, "the array has no columns"},
    {SHAPE("(5, 65536)"), 50, "65536 columns; at most 65535 are read"},
    {SHAPE("(5)"), 52, "the header has \")}\", expected ',' (a shape of one number ends with it)"},
    {SHAPE("5"), 50, "the header has \"5}\", expected a shape: '('"},
    {SHAPE("(-5,)"), 51, "the header has \"-5,)}\", expected a number that is not negative"},
    {SHAPE("(9223372036854775808,)"), 51, "a number past 2^63 - 1"},
    {SHAPE("(99999999999999999999999,)"), 51, "a number past 2^63 - 1"},
    {SHAPE("(5, 6"), 55, "the header has \"}\", expected ',' or ')'"},
    {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2, 3)}", 59,
     "a structured array of two dimensions; one is read"},
    /* types */
    {TYPE("|O"), 10, "the type \"|O\" holds Python objects, which would have to be unpickled"},
    {TYPE("O8"), 10, "the type \"O8\" holds Python objects, which would have to be unpickled"},
    {TYPE("<c16"), 10, "the type \"<c16\" is complex"},
    {TYPE("|V8"), 10, "the type \"|V8\" is void"},
    {TYPE("<m8[s]"), 10, "the type \"<m8[s]\" is a timedelta"},
    {TYPE("<f16"), 10, "the type \"<f16\" is an extended-precision float"},
    {TYPE("<M8"), 10, "the type \"<M8\" is a time without a unit"},
    {TYPE("<M8[generic]"), 10, "the type \"<M8[generic]\" is a time without a unit"},
    {TYPE("<M8[fortnight]"), 10, "the type \"<M8[fortnight]\" is a time of an unknown unit"},
    {TYPE("<M8[0s]"), 10, "the type \"<M8[0s]\" is a time of an unknown unit"},
    {TYPE("<M8[9999999999s]"), 10, "the type \"<M8[9999999999s]\" is a time of an unknown unit"},
    {TYPE("<M8[s"), 10, "the type \"<M8[s\" is a time of an unknown unit"},
    {TYPE("<i3"), 10, "the type \"<i3\" is no type that is known"},
    {TYPE("<i"), 10, "the type \"<i\" is no type that is known"},
    {TYPE("<i4x"), 10, "the type \"<i4x\" is no type that is known"},
    {TYPE("<f1"), 10, "the type \"<f1\" is no type that is known"},
    {TYPE("|b2"), 10, "the type \"|b2\" is no type that is known"},
    {TYPE("<q8"), 10, "the type \"<q8\" is no type that is known"},
    {TYPE(""), 10, "the type \"\" is no type that is known"},
    {TYPE("<"), 10, "the type \"<\" is no type that is known"},
    {TYPE("|S2147483648"), 10, "the type \"|S2147483648\" is longer than 2147483647 bytes"},
    {TYPE("<U536870912"), 10, "the type \"<U536870912\" is longer than 2147483647 bytes"},
    /* fields */
    {FIELDS(""), 47, "the array has no columns"},
    {FIELDS("('', '|V4')"), 58, "the array has no columns"},
    {FIELDS("('a', '|O')"), 17, "the type \"|O\" of field \"a\" holds Python objects"},
    {FIELDS("('a', '|V4')"), 17, "the type \"|V4\" of field \"a\" is void"},
    {FIELDS("('a', [('b', '<c8')])"), 24, "the type \"<c8\" of field \"a.b\" is complex"},
    {FIELDS("('a', '<i4', (3,))"), 24, "a subarray of field \"a\""},
    {FIELDS("('a', '<i4', 3)"), 24, "a subarray of field \"a\""},
    {FIELDS("'a'"), 11, "the header has \"'a'], 'fortran_o\", expected a field: '('"},
    {FIELDS("('a')"), 15, "the header has \")], 'fortran_ord\", expected ',' and the type"},
    {FIELDS("(('t', 'a', 'b'), '<i4')"), 23, "the header has \"'b'), '<i4')], '\", expected ')'"},
    {FIELDS("('a', '<i4', (), 1)"), 28, "the header has \"1)], 'fortran_or\", expected ')'"},
};

START_TEST(headers_that_are_bad)
{
    struct arena arena = {.newest = NULL};
    struct npy_header header;
    struct sheaf_error error;
    char expected[512];
    const enum sheaf_status status =
        parse(bad[_i].text, strlen(bad[_i].text), false, &arena, &header, &error);
    ck_assert_msg(status == SHEAF_DATA, "%s: %d", bad[_i].text, status);
    snprintf(expected, sizeof expected, "x.npy: byte %llu: %s",
             (unsigned long long)bad[_i].byte + 10, bad[_i].reason);
    if (strncmp(error.text, expected, strlen(expected)) != 0)
        ck_abort_msg("\"%s\", not \"%s\"", error.text, expected);
    ck_assert_uint_eq(error.byte, bad[_i].byte + 10);
    ck_assert_int_eq(parse(bad[_i].text, strlen(bad[_i].text), true, &arena, &header, NULL),
                     SHEAF_DATA);
    arena_close(&arena);
}
END_TEST

START_TEST(version_3_is_utf8)
{
    static const char *const texts[] = {
        FIELDS("('\xe9', '<i4')"),
        FIELDS("('\xc0\x80', '<i4')"),
        FIELDS("('\xed\xa0\x80', '<i4')"),
        FIELDS("('\xf4\x90\x80\x80', '<i4')"),
        FIELDS("('\xf0\x80\x80\x80', '<i4')"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena arena = {.newest = NULL};
        struct npy_header header;
        struct sheaf_error error;
        ck_assert_int_eq(parse(texts[i], strlen(texts[i]), true, &arena, &header, &error),
                         SHEAF_DATA);
        ck_assert_str_eq(error.text, "x.npy: byte 23: the header is not valid UTF-8");
        ck_assert_int_eq(parse(texts[i], strlen(texts[i]), false, &arena, &header, NULL), SHEAF_OK);
        arena_close(&arena);
    }
}
END_TEST

/* Nested names, and types inside types, are bounded. */
START_TEST(nesting_is_limited)
{
    for (unsigned depth = 30; depth < 36; depth++) {
        struct buffer text = {.bytes = NULL};
        struct arena arena = {.newest = NULL};
        struct npy_header header;
        struct sheaf_error error;
        buffer_append_string(&text, "{'descr': ");
        for (unsigned i = 0; i < depth; i++)
            buffer_append_string(&text, "[('a', ");
        buffer_append_string(&text, "'<i4'");
        for (unsigned i = 0; i < depth; i++)
            buffer_append_string(&text, ")]");
        buffer_append_string(&text, REST);
        const enum sheaf_status status =
            parse(text.bytes, text.length, false, &arena, &header, &error);
        ck_assert_int_eq(status, depth <= 32 ? SHEAF_OK : SHEAF_DATA);
        if (status != SHEAF_OK)
            ck_assert_ptr_nonnull(strstr(error.text, "types inside types, more than 32 deep"));
        arena_close(&arena);
        buffer_close(&text);
    }
}
END_TEST

START_TEST(long_nested_names_are_limited)
{
    struct buffer text = {.bytes = NULL};
    struct arena arena = {.newest = NULL};
    struct npy_header header;
    struct sheaf_error error;
    buffer_append_string(&text, "{'descr': [('");
    for (unsigned i = 0; i < 60000; i++)
        buffer_append_byte(&text, 'n');
    buffer_append_string(&text, "', [");
    for (unsigned i = 0; i < 60000; i++)
        buffer_append_string(&text, "('a','i1'),");
    buffer_append_string(&text, "])]" REST);
    ck_assert_int_eq(parse(text.bytes, text.length, false, &arena, &header, &error), SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, "the names of the fields take more than 8388608"));
    arena_close(&arena);
    buffer_close(&text);
}
END_TEST

START_TEST(columns_are_limited)
{
    for (unsigned count = 65535; count <= 65536; count++) {
        struct buffer text = {.bytes = NULL};
        struct arena arena = {.newest = NULL};
        struct npy_header header;
        struct sheaf_error error;
        buffer_append_string(&text, "{'descr': [");
        for (unsigned i = 0; i < count; i++)
            buffer_append_string(&text, "('a','i1'),");
        buffer_append_string(&text, "]" REST);
        const enum sheaf_status status =
            parse(text.bytes, text.length, false, &arena, &header, &error);
        ck_assert_int_eq(status, count == 65535 ? SHEAF_OK : SHEAF_DATA);
        if (status == SHEAF_OK)
            ck_assert_uint_eq(header.count, count);
        else
            ck_assert_ptr_nonnull(strstr(error.text, "more than 65535 columns"));
        arena_close(&arena);
        buffer_close(&text);
    }
}
END_TEST

/* ---- mutations --------------------------------------------------------------------------- */

enum { MUTATIONS = 10000, MOST_BYTES = 64 << 20 };

static const char nested[] =
    "{'descr': [('pos', [('x', '<f8'), ('y', '>f4')]), (('t', 'n'), '|S3'), ('', '|V1'),"
    " ('f', '|b1'), ('u', '<U2')], 'fortran_order': False, 'shape': (40,), }";

static const char *const seeds[] = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (60, 2), }",
    "{'descr': '>i4', 'fortran_order': True, 'shape': (80, 3), }",
    "{'descr': '<M8[25s]', 'fortran_order': False, 'shape': (120,), }",
    nested,
};

static size_t below(uint64_t *state, size_t limit)
{
    return (size_t)(unit_random(state) % limit);
}

/* Puts `length` of the bytes, from `from`, in at `at`. */
static void insert_piece(struct buffer *bytes, size_t at, size_t from, size_t length)
{
    char piece[64];
    length = length < sizeof piece ? length : sizeof piece;
    length = length < bytes->length - from ? length : bytes->length - from;
    memcpy(piece, bytes->bytes + from, length);
    ck_assert(buffer_reserve(bytes, length));
    memmove(bytes->bytes + at + length, bytes->bytes + at, bytes->length - at);
    memcpy(bytes->bytes + at, piece, length);
    bytes->length += length;
}

static void cut_piece(struct buffer *bytes, size_t at, size_t length)
{
    length = length < bytes->length - at ? length : bytes->length - at;
    memmove(bytes->bytes + at, bytes->bytes + at + length, bytes->length - at - length);
    bytes->length -= length;
}

static void mutate(struct buffer *bytes, uint64_t *state)
{
    static const char marks[] = "'\"\\()[]{},:0123456789<>=|SUVOMiufbcTF \n";
    const size_t at = below(state, bytes->length);
    switch (below(state, 7)) {
    case 0:
        bytes->bytes[at] = (char)unit_random(state);
        break;
    case 1:
        bytes->bytes[at] ^= (char)(1 << below(state, 8));
        break;
    case 2:
        cut_piece(bytes, at, 1 + below(state, 8));
        break;
    case 3:
        insert_piece(bytes, at, below(state, bytes->length), 1 + below(state, 40));
        break;
    case 4:
        bytes->bytes[at] = marks[below(state, sizeof marks - 1)];
        break;
    case 5: /* a number that grows */
        insert_piece(bytes, at, at, 1);
        break;
    default:
        insert_piece(bytes, at, below(state, bytes->length), 1);
        bytes->bytes[at] = marks[below(state, sizeof marks - 1)];
        break;
    }
    if (bytes->length == 0)
        buffer_append_byte(bytes, '{');
}

static size_t memory_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

START_TEST(mutated_headers)
{
    uint64_t state = unit_seed("mutated_headers", 61);
    unsigned read = 0;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        const char *seed = seeds[i % (sizeof seeds / sizeof *seeds)];
        struct buffer text = {.bytes = NULL};
        struct arena arena = {.newest = NULL};
        struct npy_header header;
        struct sheaf_error error = {.status = SHEAF_OK};
        buffer_append_string(&text, seed);
        for (size_t n = below(&state, 6); n > 0; n--)
            mutate(&text, &state);
        const size_t before = memory_in_use();
        /* Of just this size: a byte read behind it is found by the sanitizers. */
        char *exact = memory_alloc(text.length);
        memcpy(exact, text.bytes, text.length);
        const enum sheaf_status status =
            parse(exact, text.length, i % 2 == 0, &arena, &header, &error);
        ck_assert(status == SHEAF_OK || status == SHEAF_DATA);
        ck_assert_int_eq(error.status, status);
        ck_assert_uint_le(memory_in_use(), before + MOST_BYTES);
        if (status == SHEAF_OK)
            read += header.count > 0;
        else
            ck_assert_uint_le(error.byte, text.length + 10);
        memory_free(exact);
        arena_close(&arena);
        buffer_close(&text);
    }
    ck_assert_uint_gt(read, MUTATIONS / 50); /* not all of them are spoilt */
}
END_TEST

/* Through the whole reading: headers that lie about the bytes behind them, in files and in
 * streams. */
START_TEST(mutated_files)
{
    uint64_t state = unit_seed("mutated_files", 67);
    static const uint32_t needed[] = {0};
    struct memory_budget budget = {.limit = MOST_BYTES};
    struct format_options options = reading_options();
    options.budget = &budget;
    unsigned read = 0;
    const int64_t live = memory_live();
    for (unsigned i = 0; i < MUTATIONS; i++) {
        struct buffer bytes = {.bytes = NULL};
        npy_file_header(&bytes, 1 + i % 3, seeds[i / 3 % (sizeof seeds / sizeof *seeds)]);
        const size_t header = bytes.length;
        for (unsigned n = 0; n < 960; n++)
            buffer_append_byte(&bytes, (char)(n % 3 == 0 ? 0 : n % 2));
        struct buffer data = {.bytes = NULL};
        buffer_append(&data, bytes.bytes + header, bytes.length - header);
        bytes.length = header;
        for (size_t n = below(&state, 4); n > 0; n--)
            mutate(&bytes, &state);
        buffer_append(&bytes, data.bytes, data.length);

        struct reading_files files = {.count = 0};
        if (i % 2 == 0)
            reading_add_file(&files, bytes.bytes, bytes.length);
        else
            reading_add_pipe(&files, bytes.bytes, bytes.length);
        const struct reading_setup setup = {
            .format = &format_npy,
            .options = &options,
            .needed = needed,
            .needed_count = 1,
            .chunk_size = 1 + below(&state, 300),
            .executor = &executor_serial,
            .workers = 1,
        };
        struct reading got;
        reading_run(&files, &setup, &got);
        ck_assert_msg(got.status == SHEAF_OK || got.status == SHEAF_DATA, "%u: %s", i,
                      got.error.text);
        ck_assert_uint_eq(budget.used, 0);
        read += got.status == SHEAF_OK;
        reading_drop(&got);
        reading_close_files(&files);
        buffer_close(&data);
        buffer_close(&bytes);
    }
    ck_assert_int_eq(memory_live(), live);
    ck_assert_uint_gt(read, MUTATIONS / 10);
}
END_TEST

static Suite *npy_header_suite(void)
{
    Suite *suite = suite_create("npy_header");
    TCase *tests = tcase_create("npy_header");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, headers_that_are_good, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, headers_that_are_bad, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, version_3_is_utf8);
    tcase_add_test(tests, nesting_is_limited);
    tcase_add_test(tests, long_nested_names_are_limited);
    tcase_add_test(tests, columns_are_limited);
    tcase_add_test(tests, mutated_headers);
    tcase_add_test(tests, mutated_files);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(npy_header_suite)
