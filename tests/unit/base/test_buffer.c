/* base/buffer.h: appending in every way, and remembering a failure. */
#include "base/buffer.h"

#include "base/memory.h"
#include "unit/unit.h"

#include <string.h>

START_TEST(appends_in_every_way)
{
    struct buffer buffer = {.bytes = NULL};
    buffer_append(&buffer, "a\0b", 3);
    buffer_append(&buffer, NULL, 0);
    buffer_append_string(&buffer, "cd");
    buffer_append_string(&buffer, "");
    buffer_append_byte(&buffer, '\0');
    buffer_append_format(&buffer, "%d-%s", 42, "x");
    buffer_append_format(&buffer, "%s", "");
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.length, 10);
    ck_assert_int_eq(memcmp(buffer.bytes, "a\0bcd\00042-x", 10), 0);
    buffer_close(&buffer);
    ck_assert_ptr_null(buffer.bytes);
    buffer_close(&buffer);
}
END_TEST

START_TEST(grows_by_doubling)
{
    const uint64_t made = memory_allocations();
    struct buffer buffer = {.bytes = NULL};
    for (size_t i = 0; i < 100000; i++)
        buffer_append_byte(&buffer, (char)(i % 251));
    ck_assert_uint_eq(buffer.length, 100000);
    ck_assert_uint_lt(memory_allocations() - made, 20);
    for (size_t i = 0; i < 100000; i++)
        if ((unsigned char)buffer.bytes[i] != i % 251)
            ck_abort_msg("byte %zu is wrong", i);
    buffer_close(&buffer);
}
END_TEST

/* Formats of every length, so that each border of the capacity is met. */
START_TEST(formats_of_every_length)
{
    char expected[300];
    memset(expected, 'y', sizeof expected);
    for (int length = 0; length < (int)sizeof expected; length++) {
        struct buffer buffer = {.bytes = NULL};
        buffer_append_format(&buffer, "%.*s", length, expected);
        buffer_append_format(&buffer, "%s", "!");
        ck_assert_uint_eq(buffer.length, (size_t)length + 1);
        ck_assert_int_eq(memcmp(buffer.bytes, expected, (size_t)length), 0);
        ck_assert_int_eq(buffer.bytes[length], '!');
        buffer_close(&buffer);
    }
}
END_TEST

START_TEST(reserve_and_clear_keep_memory)
{
    struct buffer buffer = {.bytes = NULL};
    ck_assert(buffer_reserve(&buffer, 1000));
    ck_assert_uint_ge(buffer.capacity, 1000);
    ck_assert_uint_eq(buffer.length, 0);
    const uint64_t made = memory_allocations();
    for (int i = 0; i < 1000; i++)
        buffer_append_byte(&buffer, 'x');
    buffer_clear(&buffer);
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert(buffer_reserve(&buffer, 1000));
    ck_assert_uint_eq(memory_allocations(), made);
    buffer_close(&buffer);
}
END_TEST

START_TEST(a_failure_is_remembered)
{
    const int64_t live = memory_live();
    struct buffer buffer = {.bytes = NULL};
    buffer_append_string(&buffer, "kept");
    memory_fail_at(1);
    ck_assert(!buffer_reserve(&buffer, 1000));
    ck_assert(buffer.failed);
    buffer_append_string(&buffer, "x"); /* there would be room */
    buffer_append_byte(&buffer, 'x');
    buffer_append_format(&buffer, "%d", 1);
    ck_assert(!buffer_reserve(&buffer, 0));
    ck_assert_uint_eq(buffer.length, 4);
    ck_assert_int_eq(memcmp(buffer.bytes, "kept", 4), 0);
    buffer_clear(&buffer);
    buffer_append_string(&buffer, "again");
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.length, 5);
    buffer_close(&buffer);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(impossible_sizes_fail)
{
    struct buffer buffer = {.bytes = NULL};
    buffer_append_byte(&buffer, 'x');
    ck_assert(!buffer_reserve(&buffer, SIZE_MAX));
    ck_assert(buffer.failed);
    buffer_close(&buffer);
    ck_assert(!buffer.failed);
}
END_TEST

static Suite *buffer_suite(void)
{
    Suite *suite = suite_create("buffer");
    TCase *tests = tcase_create("buffer");
    tcase_add_test(tests, appends_in_every_way);
    tcase_add_test(tests, grows_by_doubling);
    tcase_add_test(tests, formats_of_every_length);
    tcase_add_test(tests, reserve_and_clear_keep_memory);
    tcase_add_test(tests, a_failure_is_remembered);
    tcase_add_test(tests, impossible_sizes_fail);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(buffer_suite)
