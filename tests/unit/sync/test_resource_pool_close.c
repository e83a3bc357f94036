/* The end of a resource pool: close and destroy. */
#include "unit/unit.h"

#include "base/clock.h"
#include "sheaf/resource_pool.h"
#include "sheaf/waitgroup.h"
#include "unit/sync/things.h"

#include <stdint.h>
#include <string.h>

START_TEST(close_tells_who_returned_nothing)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 3, NULL);
    void *returned = borrow(pool, "early.c:7");
    void *first = borrow(pool, SHEAF_HERE);
    void *second = borrow(pool, "index.c:17");
    sheaf_resource_pool_return(pool, returned);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_resource_pool_close(pool, clock_now() + 1000000, &error), SHEAF_TIMEOUT);
    ck_assert_int_eq(error.status, SHEAF_TIMEOUT);
    check_text(&error, "^2 resources were not returned: "
                       "[^ ]*test_resource_pool_close\\.c:[0-9]+ \\([0-9]+\\.[0-9] s\\), "
                       "index\\.c:17 \\([0-9]+\\.[0-9] s\\)$");
    ck_assert_uint_eq(factory.open, 3); /* nothing was closed */
    void *resource;
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &resource, &error),
                     SHEAF_STOPPED);
    ck_assert_ptr_null(resource);
    ck_assert_str_eq(error.text, "the resource pool is being closed");
    sheaf_resource_pool_return(pool, first);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, &error), SHEAF_TIMEOUT);
    check_text(&error, "^1 resource was not returned: index\\.c:17 ");
    sheaf_resource_pool_invalidate(pool, second);
    ck_assert_uint_eq(factory.open, 2);
    close_now(pool);
    check_things(&factory);
}
END_TEST

START_TEST(a_long_report_ends_at_a_whole_entry)
{
    enum { CAPACITY = 100 };
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, CAPACITY, NULL);
    void *out[CAPACITY];
    for (unsigned i = 0; i < CAPACITY; i++)
        out[i] = borrow(pool, "a/long/path/to/a/file.c:12345");
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, &error), SHEAF_TIMEOUT);
    check_text(&error, "^100 resources were not returned: "
                       "(a/long/path/to/a/file\\.c:12345 \\([0-9]+\\.[0-9] s\\), ){5,}\\.\\.\\.$");
    for (unsigned i = 0; i < CAPACITY; i++)
        sheaf_resource_pool_return(pool, out[i]);
    close_now(pool);
}
END_TEST

START_TEST(a_long_place_is_cut)
{
    char place[1000];
    memset(place, 'p', sizeof place - 1);
    place[sizeof place - 1] = '\0';
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, NULL);
    void *first = borrow(pool, place);
    void *second = borrow(pool, place);
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, &error), SHEAF_TIMEOUT);
    check_text(&error,
               "^2 resources were not returned: ppppp[p]* \\([0-9]+\\.[0-9] s\\), \\.\\.\\.$");
    sheaf_resource_pool_return(pool, first);
    sheaf_resource_pool_return(pool, second);
    close_now(pool);
}
END_TEST

/* Also to callers who know nothing of the close. */
START_TEST(what_comes_after_close_is_refused)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, NULL);
    sheaf_resource_pool_return(pool, borrow(pool, SHEAF_HERE));
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, NULL), SHEAF_OK);
    check_things(&factory);
    void *resource;
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &resource, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, NULL), SHEAF_OK); /* closes nothing again */
    check_things(&factory);
    ck_assert_uint_eq(factory.made, 1);
    sheaf_resource_pool_destroy(pool);
}
END_TEST

static const char *misuse_call;
static int64_t misuse_value;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)what;
    misuse_call = call;
    misuse_value = value;
}

START_TEST(destroying_what_is_open_is_misuse)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, NULL);
    sheaf_resource_pool_destroy(pool);
    ck_assert_ptr_null(misuse_call); /* nothing was ever borrowed */
    pool = open_things(&factory, 2, NULL);
    void *resource = borrow(pool, SHEAF_HERE);
    sheaf_resource_pool_destroy(pool);
    ck_assert_str_eq(misuse_call, "sheaf_resource_pool_destroy");
    ck_assert_int_eq(misuse_value, 1);
    sheaf_resource_pool_return(pool, resource);
    misuse_call = NULL;
    sheaf_resource_pool_destroy(pool); /* idle, but not closed */
    ck_assert_str_eq(misuse_call, "sheaf_resource_pool_destroy");
    misuse_call = NULL;
    close_now(pool);
    ck_assert_ptr_null(misuse_call);
    check_things(&factory);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("resource pool, close");
    TCase *cases = tcase_create("close");
    tcase_add_test(cases, close_tells_who_returned_nothing);
    tcase_add_test(cases, a_long_report_ends_at_a_whole_entry);
    tcase_add_test(cases, a_long_place_is_cut);
    tcase_add_test(cases, what_comes_after_close_is_refused);
    tcase_add_test(cases, destroying_what_is_open_is_misuse);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(make_suite)
