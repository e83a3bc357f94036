/* That a multiset comes back from its saved form is a part of every test of test_multiset.c. */
#include "num/multiset.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <string.h>

static const struct multiset_charge free_charge = {.what = "the values"};

static enum sheaf_status load_damaged(const char *bytes, size_t length)
{
    char *const copy = malloc(length + (length == 0)); /* of the very size, for the sanitizer */
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    struct text text = {.bytes = copy, .length = length};
    struct multiset set;
    struct number value;
    uint64_t times;
    const enum sheaf_status status = multiset_load(&set, &text, &charge, NULL);
    ck_assert(status == SHEAF_OK || status == SHEAF_DATA);
    if (status == SHEAF_OK && multiset_count(&set) > 0) {
        ck_assert_int_eq(multiset_settle(&set, &charge, NULL), SHEAF_OK);
        multiset_at(&set, multiset_count(&set) - 1, &value);
        uint64_t count = 0;
        for (size_t i = 0; i < multiset_distinct(&set); i++) {
            multiset_value(&set, i, &value, &times);
            count += times;
        }
        ck_assert_uint_eq(count, multiset_count(&set));
    }
    multiset_drop(&set, &budget);
    ck_assert_uint_eq(budget.used, 0);
    free(copy);
    return status;
}

START_TEST(survives_damage)
{
    uint64_t state = unit_seed("damaged multisets", 6);
    for (int i = 0; i < 200; i++) {
        struct multiset set = {NULL};
        const uint64_t count = 1 + unit_random(&state) % 12;
        for (uint64_t k = 0; k < count; k++) {
            struct number number = random_number(&state, (enum mixture)(i % MIXTURES));
            if (number.kind == NUMBER_DOUBLE && i % 2 == 0)
                number = (struct number){
                    .real = (double)(k % 3) / 2, .exponent = NUMBER_SINGLE, .kind = NUMBER_DOUBLE};
            const uint64_t times = i % 3 == 0 ? 1 + unit_random(&state) % 3 : 1;
            ck_assert_int_eq(multiset_add(&set, &number, times, &free_charge, NULL), SHEAF_OK);
            if (k % 8 == 4)
                ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        }
        struct buffer buffer = {0};
        multiset_save(&set, &buffer);
        ck_assert_int_eq(load_damaged(buffer.bytes, buffer.length), SHEAF_OK);
        for (size_t cut = 0; cut < buffer.length; cut++)
            ck_assert_int_eq(load_damaged(buffer.bytes, cut), SHEAF_DATA);
        for (int flips = 0; flips < 200; flips++) {
            const size_t at = unit_random(&state) % buffer.length;
            const char before = buffer.bytes[at];
            buffer.bytes[at] = (char)unit_random(&state);
            (void)load_damaged(buffer.bytes, buffer.length); /* it may mean another set */
            buffer.bytes[at] = before;
        }
        buffer_close(&buffer);
        multiset_drop(&set, NULL);
    }
}
END_TEST

/* Saves two values that are not equal, turns them round, and counts nothing. */
START_TEST(refuses_what_no_multiset_holds)
{
    static const char head[] = "\x01\x00\x00\x01\x00\x02\0\0\0\0\0\0\0";
    char bytes[5 + 8 + 1 + 32] = {0};
    memcpy(bytes, head, sizeof head - 1);
    bytes[13] = 1; /* with counts */
    bytes[14] = 1;
    bytes[22] = 2;
    bytes[30] = 1;
    bytes[38] = 1;
    ck_assert_int_eq(load_damaged(bytes, sizeof bytes), SHEAF_OK);
    bytes[14] = 2; /* the same value twice */
    ck_assert_int_eq(load_damaged(bytes, sizeof bytes), SHEAF_DATA);
    bytes[14] = 3; /* descending */
    ck_assert_int_eq(load_damaged(bytes, sizeof bytes), SHEAF_DATA);
    bytes[14] = 1;
    bytes[38] = 0; /* not there at all */
    ck_assert_int_eq(load_damaged(bytes, sizeof bytes), SHEAF_DATA);
    bytes[38] = 1;
    bytes[45] = (char)0x80; /* too often */
    ck_assert_int_eq(load_damaged(bytes, sizeof bytes), SHEAF_DATA);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("multiset save");
    TCase *tests = tcase_create("multiset save");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, survives_damage);
    tcase_add_test(tests, refuses_what_no_multiset_holds);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
