/* Headers, byte by byte: what NumPy itself writes for the same arrays, and names that need care.
 * That NumPy reads them is tested with the whole program. */
#include "unit/unit.h"

#include "format/npy_write.h"

#include "base/memory.h"

#include <string.h>

/* The length that the header says it has, checked against what there is. */
static const char *check_frame(const struct buffer *header, size_t begin)
{
    ck_assert_mem_eq(header->bytes + begin, "\x93NUMPY\x01\x00", 8);
    const unsigned char *bytes = (const unsigned char *)header->bytes + begin;
    const size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    ck_assert_uint_eq(header->length - begin, length + 10);
    ck_assert_uint_eq((length + 10) % 64, 0);
    ck_assert_int_eq(header->bytes[header->length - 1], '\n');
    return header->bytes + begin + 10;
}

static void check(const struct npy_field *fields, size_t count, uint64_t rows, const char *expected)
{
    struct buffer header = {.bytes = NULL};
    buffer_append_string(&header, "before"); /* is left alone, and does not count */
    ck_assert_int_eq(npy_write_header(fields, count, rows, &header, NULL), SHEAF_OK);
    ck_assert_mem_eq(header.bytes, "before", 6);
    const char *text = check_frame(&header, 6);
    const size_t length = strlen(expected);
    ck_assert_uint_lt(length, header.length - 16);
    ck_assert_mem_eq(text, expected, length);
    const size_t padding = header.length - 16 - length - 1;
    ck_assert_uint_lt(padding, 64);
    ck_assert_uint_eq(strspn(text + length, " "), padding);
    buffer_close(&header);
}

START_TEST(headers_are_those_of_numpy)
{
    check(&(const struct npy_field){NULL, "<i8"}, 1, 0,
          "{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }");
    check(&(const struct npy_field){"n", "<i8"}, 1, 12,
          "{'descr': [('n', '<i8')], 'fortran_order': False, 'shape': (12,), }");
    const struct npy_field fields[] = {{"at", "<M8[s]"}, {"name", "|S26"}, {"x", "<f8"}};
    check(fields, 3, UINT64_MAX,
          "{'descr': [('at', '<M8[s]'), ('name', '|S26'), ('x', '<f8')], 'fortran_order': False, "
          "'shape': (18446744073709551615,), }");
}
END_TEST

START_TEST(names_are_python_literals)
{
    check(&(const struct npy_field){"it's \\ \"\n\x7f", "|u1"}, 1, 1,
          "{'descr': [('it\\'s \\\\ \"\\x0a\\x7f', '|u1')], 'fortran_order': False, "
          "'shape': (1,), }");
}
END_TEST

START_TEST(every_length_is_padded)
{
    char name[200] = "";
    for (size_t length = 0; length < sizeof name - 1; length++) {
        struct buffer header = {.bytes = NULL};
        const struct npy_field field = {name, "<f8"};
        ck_assert_int_eq(npy_write_header(&field, 1, 7, &header, NULL), SHEAF_OK);
        check_frame(&header, 0);
        buffer_close(&header);
        name[length] = 'x';
    }
}
END_TEST

static void fails(const struct npy_field *fields, size_t count, enum sheaf_status status,
                  const char *part)
{
    struct buffer header = {.bytes = NULL};
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(npy_write_header(fields, count, 1, &header, &error), status);
    ck_assert_int_eq(error.status, status);
    ck_assert_ptr_nonnull(strstr(error.text, part));
    buffer_close(&header);
}

START_TEST(what_cannot_be_written_is_refused)
{
    fails(&(const struct npy_field){"Gr\xc3\xb6\xc3\x9f"
                                    "e",
                                    "<f8"},
          1, SHEAF_DATA, "ASCII");
    static struct npy_field many[5000];
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        many[i] = (struct npy_field){"column", "<f8"};
    fails(many, sizeof many / sizeof many[0], SHEAF_DATA, "too long");
    memory_fail_at(1);
    fails(many, 1, SHEAF_SYSTEM, "memory");
    memory_fail_at(0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("npy_write");
    TCase *tests = tcase_create("npy_write");
    tcase_add_test(tests, headers_are_those_of_numpy);
    tcase_add_test(tests, names_are_python_literals);
    tcase_add_test(tests, every_length_is_padded);
    tcase_add_test(tests, what_cannot_be_written_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
