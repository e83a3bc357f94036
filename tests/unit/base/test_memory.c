/* base/memory.h: counted allocation, injected failure, checked sizes, the budget. */
#include "base/memory.h"

#include "unit/unit.h"

#include <pthread.h>
#include <string.h>

START_TEST(blocks_are_counted)
{
    const int64_t live = memory_live();
    const uint64_t made = memory_allocations();
    char *a = memory_alloc(10);
    char *b = memory_zeroed(3, 7);
    char *c = memory_resize(NULL, 5);
    ck_assert(a != NULL && b != NULL && c != NULL);
    ck_assert_int_eq(memory_live(), live + 3);
    for (size_t i = 0; i < 21; i++)
        ck_assert_int_eq(b[i], 0);
    memset(c, 'c', 5);
    c = memory_resize(c, 5000);
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(memcmp(c, "ccccc", 5), 0);
    ck_assert_int_eq(memory_live(), live + 3);
    ck_assert_uint_eq(memory_allocations(), made + 4);
    memory_free(a);
    memory_free(b);
    memory_free(c);
    memory_free(NULL);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(size_zero_is_valid)
{
    void *blocks[] = {memory_alloc(0), memory_zeroed(0, 8), memory_zeroed(8, 0),
                      memory_resize(NULL, 0)};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        ck_assert_ptr_nonnull(blocks[i]);
        blocks[i] = memory_resize(blocks[i], 0);
        ck_assert_ptr_nonnull(blocks[i]);
        memory_free(blocks[i]);
    }
}
END_TEST

START_TEST(impossible_sizes_fail)
{
    const int64_t live = memory_live();
    const volatile size_t huge = SIZE_MAX; /* volatile: or compilers warn */
    ck_assert_ptr_null(memory_zeroed(huge / 2, 3));
    ck_assert_ptr_null(memory_zeroed(huge, huge));
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(the_nth_allocation_fails_once)
{
    for (uint64_t n = 1; n <= 6; n++) {
        memory_fail_at(n);
        for (uint64_t i = 1; i <= 8; i++) {
            void *block = i % 3 == 0   ? memory_alloc(8)
                          : i % 3 == 1 ? memory_zeroed(1, 8)
                                       : memory_resize(NULL, 8);
            ck_assert_int_eq(block == NULL, i == n);
            memory_free(block);
        }
    }
    memory_fail_at(1);
    memory_fail_at(0);
    void *block = memory_alloc(1);
    ck_assert_ptr_nonnull(block);
    memory_fail_at(1);
    ck_assert_ptr_null(memory_resize(block, 100)); /* and the block stays */
    memory_free(block);
}
END_TEST

START_TEST(sizes_are_checked)
{
    size_t out = 1;
    ck_assert(size_multiply(6, 7, &out) && out == 42);
    ck_assert(size_multiply(SIZE_MAX, 1, &out) && out == SIZE_MAX);
    ck_assert(size_multiply(SIZE_MAX, 0, &out) && out == 0);
    ck_assert(!size_multiply(SIZE_MAX / 2 + 1, 2, &out));
    ck_assert(size_add(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    ck_assert(!size_add(SIZE_MAX, 1, &out));
}
END_TEST

START_TEST(a_budget_has_a_limit)
{
    struct memory_budget budget = {.limit = 100};
    struct sheaf_error error;
    ck_assert_int_eq(memory_charge(&budget, 60, "a", NULL, &error), SHEAF_OK);
    ck_assert_int_eq(memory_charge(&budget, 40, "a", NULL, &error), SHEAF_OK);
    ck_assert_int_eq(memory_charge(&budget, 0, "a", NULL, &error), SHEAF_OK);
    ck_assert_int_eq(memory_charge(&budget, 1, "the group table", NULL, &error), SHEAF_LIMIT);
    ck_assert_uint_eq(budget.used, 100);
    ck_assert_int_eq(error.status, SHEAF_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "the group table"));
    ck_assert_ptr_nonnull(strstr(error.text, "100 bytes"));
    ck_assert_ptr_nonnull(strstr(error.text, "--memory-limit"));
    memory_uncharge(&budget, 60);
    ck_assert_uint_eq(budget.used, 40);
    ck_assert_int_eq(memory_charge(&budget, 61, "values", "fa\nre", &error), SHEAF_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "column \"fa\\nre\""));
    ck_assert_int_eq(memory_charge(&budget, 60, "values", "x", &error), SHEAF_OK);
    ck_assert_int_eq(memory_charge(&budget, UINT64_MAX, "x", NULL, NULL), SHEAF_LIMIT);
    ck_assert_uint_eq(budget.used, 100);
}
END_TEST

START_TEST(no_budget_is_free_of_charge)
{
    ck_assert_int_eq(memory_charge(NULL, UINT64_MAX, "x", NULL, NULL), SHEAF_OK);
    memory_uncharge(NULL, 5);
    struct memory_budget endless = {.limit = UINT64_MAX};
    ck_assert_int_eq(memory_charge(&endless, UINT64_MAX, "x", NULL, NULL), SHEAF_OK);
    ck_assert_int_eq(memory_charge(&endless, 1, "x", NULL, NULL), SHEAF_LIMIT);
    ck_assert_uint_eq(endless.used, UINT64_MAX);
}
END_TEST

enum { CHARGERS = 4, ROUNDS = 20000, SHARE = 10, ROOM = 25 };

struct charger {
    pthread_t thread;
    struct memory_budget *budget;
    int refused;
};

static void *charge_and_uncharge(void *argument)
{
    struct charger *charger = argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (memory_charge(charger->budget, SHARE, "x", NULL, NULL) == SHEAF_OK)
            memory_uncharge(charger->budget, SHARE);
        else
            charger->refused++;
    }
    return NULL;
}

/* Nothing is lost between threads, and what is there for one is not refused to one alone. */
START_TEST(threads_share_a_budget)
{
    struct memory_budget budget = {.limit = ROOM};
    struct charger chargers[CHARGERS] = {{.refused = 0}};
    for (int i = 0; i < CHARGERS; i++) {
        chargers[i].budget = &budget;
        ck_assert_int_eq(
            pthread_create(&chargers[i].thread, NULL, charge_and_uncharge, &chargers[i]), 0);
    }
    for (int i = 0; i < CHARGERS; i++)
        ck_assert_int_eq(pthread_join(chargers[i].thread, NULL), 0);
    ck_assert_uint_eq(budget.used, 0);
    struct charger alone = {.budget = &budget};
    charge_and_uncharge(&alone);
    ck_assert_int_eq(alone.refused, 0);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

static Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, blocks_are_counted);
    tcase_add_test(tests, size_zero_is_valid);
    tcase_add_test(tests, impossible_sizes_fail);
    tcase_add_test(tests, the_nth_allocation_fails_once);
    tcase_add_test(tests, sizes_are_checked);
    tcase_add_test(tests, a_budget_has_a_limit);
    tcase_add_test(tests, no_budget_is_free_of_charge);
    tcase_add_test(tests, threads_share_a_budget);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(memory_suite)
