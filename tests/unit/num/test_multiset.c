#include "num/compare.h"
#include "num/multiset.h"
#include "num/print.h"
#include "unit/num/oracle.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The oracle: a vector of numbers with counts, put in order by qsort. */
struct item {
    struct number number;
    uint64_t times;
};

enum kind { FEW, PRICES, SCALES, BIG, DECIMAL, DOUBLE, SINGLE, MIXTURE, KINDS };

static const struct multiset_charge free_charge = {.what = "the values"};

static struct number random_of(uint64_t *state, enum kind kind)
{
    const uint64_t random = unit_random(state);
    switch (kind) {
    case FEW:
        return decimal((int128)(random % 40) - 20, 0);
    case PRICES:
        return decimal((int128)(random % 1000000) - 500000, -(int)(random >> 32) % 4);
    case SCALES: /* around what 64 bits can hold at one scale */
        return decimal((int128)(random % 2000) - 1000, -(int)((random >> 32) % 17));
    case BIG:
        return decimal((int64_t)random, 0);
    case DECIMAL:
        return oracle_random_decimal(state);
    case DOUBLE:
        return random % 50 == 0 ? real((double)NAN) : oracle_random_double(state);
    case SINGLE: {
        struct number single = real((double)((float)(int)(random % 100) / 8));
        single.exponent = NUMBER_SINGLE;
        return single;
    }
    case MIXTURE:
    case KINDS:
        break;
    }
    static const double specials[] = {(double)INFINITY, -(double)INFINITY, (double)NAN, 0.5};
    if (random % 5 == 0)
        return real(specials[(random >> 32) % 4]);
    return random_of(state, (enum kind)((random >> 32) % MIXTURE));
}

static int compare_items(const void *a, const void *b)
{
    const struct item *const left = a;
    const struct item *const right = b;
    return number_compare(&left->number, &right->number);
}

/* Decimals first, then doubles, then singles. */
static int preference(const struct number *number)
{
    return number->kind == NUMBER_DECIMAL ? 0 : 1 + number->exponent;
}

/* Sorts, and makes equal ones one. Gives how many are left. */
static size_t unite(struct item *items, size_t count)
{
    qsort(items, count, sizeof *items, compare_items);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        struct item *const last = &items[length - (length > 0)];
        if (length == 0 || compare_items(last, &items[i]) != 0) {
            items[length++] = items[i];
            continue;
        }
        last->times += items[i].times;
        if (preference(&items[i].number) < preference(&last->number))
            last->number = items[i].number;
    }
    return length;
}

/* Check writes a message for each of its assertions: too slow for one a value. */
static bool is_same(const struct number *found, const struct number *expected)
{
    char found_text[NUMBER_TEXT_SIZE];
    char expected_text[NUMBER_TEXT_SIZE];
    (void)number_print(found, found_text);
    (void)number_print(expected, expected_text);
    return strcmp(found_text, expected_text) == 0 && found->kind == expected->kind &&
           number_compare(found, expected) == 0 &&
           (found->kind == NUMBER_DECIMAL || found->exponent == expected->exponent);
}

/* Fails unless the settled set holds just these, which are sorted and united. */
static void assert_holds(const struct multiset *set, const struct item *items, size_t length)
{
    ck_assert_uint_eq(multiset_distinct(set), length);
    uint64_t rank = 0;
    for (size_t i = 0; i < length; i++) {
        struct number value;
        struct number first;
        struct number last;
        uint64_t times;
        multiset_value(set, i, &value, &times);
        multiset_at(set, rank, &first);
        rank += items[i].times;
        multiset_at(set, rank - 1, &last);
        if (times != items[i].times || !is_same(&value, &items[i].number) ||
            !is_same(&first, &value) || !is_same(&last, &value))
            ck_abort_msg("value %zu is another one", i);
    }
    ck_assert_uint_eq(multiset_count(set), rank);
}

static void load_again(struct multiset *set, const struct multiset_charge *charge)
{
    struct buffer buffer = {0};
    multiset_save(set, &buffer);
    buffer_append_string(&buffer, "rest");
    ck_assert(!buffer.failed);
    struct text text = {.bytes = buffer.bytes, .length = buffer.length};
    struct multiset loaded;
    ck_assert_int_eq(multiset_load(&loaded, &text, charge, NULL), SHEAF_OK);
    ck_assert_uint_eq(text.length, 4);
    ck_assert_uint_eq(multiset_count(&loaded), multiset_count(set));
    multiset_drop(set, charge->budget);
    *set = loaded;
    buffer_close(&buffer);
}

/* Adds one item, in one of the ways there are. */
static void add_item(struct multiset *set, const struct item *item, uint64_t way,
                     const struct multiset_charge *charge)
{
    const struct number numbers[] = {real(1e300), item->number, {.kind = NUMBER_NULL}};
    static const uint32_t selection[] = {1, 2};
    enum sheaf_status status;
    if (item->times != 1 || way % 3 == 0)
        status = multiset_add(set, &item->number, item->times, charge, NULL);
    else if (way % 3 == 1)
        status = multiset_add_column(set, numbers, selection, 2, charge, NULL);
    else
        status = multiset_add_column(set, numbers + 1, NULL, 2, charge, NULL);
    if (status != SHEAF_OK)
        ck_abort_msg("a number was not added");
}

/* Adds the items to several sets, in a random way, and merges these in random order. */
static void build(struct multiset *out, const struct item *items, size_t count, uint64_t *state,
                  const struct multiset_charge *charge)
{
    enum { PARTS = 4 };
    struct multiset parts[PARTS] = {{NULL}};
    for (size_t i = 0; i < count; i++) {
        const uint64_t way = unit_random(state);
        struct multiset *const part = &parts[way % PARTS];
        add_item(part, &items[i], way >> 8, charge);
        if ((way >> 32) % 300 == 0)
            ck_assert_int_eq(multiset_settle(part, charge, NULL), SHEAF_OK);
        if ((way >> 40) % 300 == 0)
            load_again(part, charge);
    }
    for (size_t left = PARTS; left > 1; left--) {
        const size_t into = unit_random(state) % (left - 1);
        ck_assert_int_eq(multiset_merge(&parts[into], &parts[left - 1], charge, NULL), SHEAF_OK);
        multiset_drop(&parts[left - 1], charge->budget);
    }
    *out = parts[0];
    if (unit_random(state) % 2 == 0)
        load_again(out, charge);
    ck_assert_int_eq(multiset_settle(out, charge, NULL), SHEAF_OK);
    if (unit_random(state) % 2 == 0)
        load_again(out, charge);
    ck_assert_int_eq(multiset_settle(out, charge, NULL), SHEAF_OK);
}

static void shuffle(struct item *items, size_t count, uint64_t *state)
{
    for (size_t i = count; i > 1; i--) {
        const size_t other = unit_random(state) % i;
        const struct item item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

/* Fails unless two settled sets are the same to the byte. */
static void assert_equal_bytes(const struct multiset *a, const struct multiset *b)
{
    struct buffer left = {0};
    struct buffer right = {0};
    multiset_save(a, &left);
    multiset_save(b, &right);
    ck_assert(!left.failed && !right.failed);
    ck_assert_uint_eq(left.length, right.length);
    ck_assert_int_eq(memcmp(left.bytes, right.bytes, left.length), 0);
    buffer_close(&left);
    buffer_close(&right);
}

/* One case: random items, added in two orders and groupings. */
static void check_items(enum kind kind, size_t count, bool counted, uint64_t *state)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    struct item *const items = calloc(count, sizeof *items);
    ck_assert_ptr_nonnull(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct item){.number = random_of(state, kind), .times = 1};
        if (counted && unit_random(state) % 2 == 0)
            items[i].times = 1 + unit_random(state) % (unit_random(state) % 2 ? 3 : 1ULL << 40);
    }
    struct multiset first;
    struct multiset second;
    build(&first, items, count, state, &charge);
    shuffle(items, count, state);
    build(&second, items, count, state, &charge);
    assert_equal_bytes(&first, &second);
    const size_t length = unite(items, count);
    assert_holds(&first, items, length);
    multiset_drop(&first, &budget);
    multiset_drop(&second, &budget);
    ck_assert_uint_eq(budget.used, 0);
    free(items);
}

START_TEST(holds_small_sets)
{
    uint64_t state = unit_seed("small multisets", 1);
    for (int i = 0; i < 1600; i++)
        check_items((enum kind)(i % KINDS), 1 + unit_random(&state) % (i % 3 == 0 ? 4 : 150),
                    i % 16 >= 8, &state);
}
END_TEST

START_TEST(holds_large_sets)
{
    uint64_t state = unit_seed("large multisets", 2);
    for (int i = 0; i < 2 * KINDS; i++)
        check_items((enum kind)(i % KINDS), 16500 + unit_random(&state) % 3000, i >= KINDS, &state);
}
END_TEST

/* Everything in one column call, through many full buffers, with nulls between. */
START_TEST(adds_columns)
{
    enum { COUNT = 25000 };
    uint64_t state = unit_seed("columns", 3);
    static struct number numbers[COUNT];
    static struct item items[COUNT];
    for (int kind = 0; kind < KINDS; kind++) {
        struct multiset set = {NULL};
        size_t count = 0;
        for (size_t i = 0; i < COUNT; i++) {
            numbers[i] = random_of(&state, (enum kind)kind);
            if (i % 10 == 3)
                numbers[i].kind = NUMBER_NULL;
            else
                items[count++] = (struct item){.number = numbers[i], .times = 1};
        }
        ck_assert_int_eq(multiset_add_column(&set, numbers, NULL, COUNT, &free_charge, NULL),
                         SHEAF_OK);
        ck_assert_uint_eq(multiset_count(&set), count);
        ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        assert_holds(&set, items, unite(items, count));
        multiset_drop(&set, NULL);
    }
}
END_TEST

/* Two keys that differ in one bit, many times. */
START_TEST(sorts_by_every_bit)
{
    for (int bit = 0; bit < 64; bit++) {
        struct multiset set = {NULL};
        struct item items[200];
        for (int i = 0; i < 200; i++) {
            const uint64_t random = (uint64_t)i * 2654435761 >> 8;
            items[i] = (struct item){decimal((int64_t)(random % 2 << bit), 0), 1};
            add_item(&set, &items[i], 0, &free_charge);
        }
        ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        assert_holds(&set, items, unite(items, 200));
        multiset_drop(&set, NULL);
    }
}
END_TEST

/* What is equal, and which of two equals stays. */
START_TEST(unites_equals)
{
    struct number single = real(0.5);
    single.exponent = NUMBER_SINGLE;
    const struct number halves[] = {real(0.5), decimal(50, -2), single, decimal(5, -1)};
    const struct number nans[] = {real((double)INFINITY), real(-(double)NAN), real((double)NAN)};
    struct number value;
    uint64_t times;
    for (size_t first = 0; first < 4; first++) {
        struct multiset set = {NULL};
        for (size_t i = 0; i < 4; i++)
            ck_assert_int_eq(multiset_add(&set, &halves[(first + i) % 4], 1, &free_charge, NULL),
                             SHEAF_OK);
        ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        ck_assert_uint_eq(multiset_distinct(&set), 1);
        multiset_value(&set, 0, &value, &times);
        ck_assert(value.kind == NUMBER_DECIMAL && value.mantissa == 5 && value.exponent == -1);
        ck_assert_uint_eq(times, 4);
        multiset_drop(&set, NULL);
    }
    for (int wide = 0; wide <= 1; wide++) {
        struct multiset set = {NULL};
        if (wide != 0)
            add_item(&set, &(struct item){halves[3], 1}, 0, &free_charge);
        ck_assert_int_eq(multiset_add_column(&set, nans, NULL, 3, &free_charge, NULL), SHEAF_OK);
        ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        ck_assert_uint_eq(multiset_distinct(&set), 2 + (size_t)wide);
        multiset_value(&set, 1 + (size_t)wide, &value, &times);
        ck_assert(value.kind == NUMBER_DOUBLE && isnan(value.real) && !signbit(value.real));
        ck_assert_uint_eq(times, 2);
        multiset_drop(&set, NULL);
    }
}
END_TEST

/* Scales that come one after another, to the edge of 64 bits and over it. */
START_TEST(rescales)
{
    static const int finest[] = {-1, -18, -19, -38};
    for (size_t i = 0; i < 4; i++) {
        struct multiset set = {NULL};
        struct item items[] = {
            {decimal(INT64_MIN, 0), 1}, {decimal(INT64_MAX, 0), 1}, {decimal(0, 38), 1},
            {decimal(0, -38), 1},       {decimal(-9, 0), 1},        {decimal(1, finest[i]), 1},
        };
        const size_t from = i == 0 ? 0 : 2;
        for (size_t k = from; k < 6; k++)
            ck_assert_int_eq(multiset_add(&set, &items[k].number, 1, &free_charge, NULL), SHEAF_OK);
        ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
        assert_holds(&set, items + from, unite(items + from, 6 - from));
        multiset_drop(&set, NULL);
    }
}
END_TEST

/* Zero fits every scale. */
START_TEST(takes_zero_anywhere)
{
    const struct item items[] = {{decimal(0, 0), 1}, {decimal(5, -25), 1}};
    struct multiset sets[2] = {{NULL}};
    for (size_t i = 0; i < 2; i++) {
        add_item(&sets[0], &items[i], 0, &free_charge);
        add_item(&sets[1], &items[1 - i], 0, &free_charge);
    }
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(multiset_settle(&sets[i], &free_charge, NULL), SHEAF_OK);
    assert_equal_bytes(&sets[0], &sets[1]);
    for (size_t i = 0; i < 2; i++)
        multiset_drop(&sets[i], NULL);
}
END_TEST

START_TEST(is_empty)
{
    struct multiset set = {NULL};
    struct multiset other = {NULL};
    const struct number null = {.kind = NUMBER_NULL};
    ck_assert_int_eq(multiset_add_column(&set, &null, NULL, 1, &free_charge, NULL), SHEAF_OK);
    ck_assert_int_eq(multiset_merge(&set, &other, &free_charge, NULL), SHEAF_OK);
    load_again(&set, &free_charge);
    ck_assert_int_eq(multiset_settle(&set, &free_charge, NULL), SHEAF_OK);
    ck_assert_uint_eq(multiset_count(&set), 0);
    ck_assert_uint_eq(multiset_distinct(&set), 0);
    multiset_drop(&set, NULL);
    multiset_drop(&other, NULL);
}
END_TEST

START_TEST(counts_no_more_than_it_can)
{
    const struct number one = decimal(1, 0);
    struct multiset set = {NULL};
    struct multiset other = {NULL};
    struct sheaf_error error;
    ck_assert_int_eq(multiset_add(&set, &one, INT64_MAX, &free_charge, NULL), SHEAF_OK);
    ck_assert_int_eq(multiset_add(&other, &one, 1, &free_charge, NULL), SHEAF_OK);
    ck_assert_int_eq(multiset_merge(&set, &other, &free_charge, &error), SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, "the values"));
    ck_assert_int_eq(multiset_add(&set, &one, 1, &free_charge, &error), SHEAF_DATA);
    multiset_drop(&set, NULL);
    multiset_drop(&other, NULL);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

START_TEST(takes_little_memory)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
    const struct number price = decimal(1250, -2);
    struct multiset set = {NULL};
    ck_assert_int_eq(multiset_add(&set, &price, 1, &charge, NULL), SHEAF_OK);
    ck_assert_uint_le(budget.used, 128); /* what malloc takes beside them too */
    ck_assert_int_eq(multiset_settle(&set, &charge, NULL), SHEAF_OK);
    ck_assert_uint_le(budget.used, 144);
    multiset_drop(&set, &budget);
    /* A long column of few values stays small; different ones take little over 8 bytes each. */
    for (int different = 0; different <= 1; different++) {
        for (uint64_t i = 0; i < 1000000; i++) {
            const struct number number = decimal((int128)(different ? i * 7919 : i % 1000), -1);
            add_item(&set, &(struct item){number, 1}, i, &charge);
        }
        ck_assert_uint_le(budget.used, different ? 13000000 : 100000);
        ck_assert_int_eq(multiset_settle(&set, &charge, NULL), SHEAF_OK);
        ck_assert_uint_le(budget.used, different ? 8000240 : 20000);
        ck_assert_uint_eq(multiset_distinct(&set), different ? 1000000 : 1000);
        struct number value;
        multiset_at(&set, 987654, &value);
        ck_assert(value.mantissa == (different ? INT64_C(987654) * 7919 : 987));
        multiset_drop(&set, &budget);
    }
    /* Wide ones lose the counts that they are sorted with, when all are 1. */
    const struct number great = real(1e300);
    ck_assert_int_eq(multiset_add(&set, &great, 1, &charge, NULL), SHEAF_OK);
    for (int i = 0; i < 9999; i++)
        add_item(&set, &(struct item){decimal(i, -3), 1}, 0, &charge);
    ck_assert_int_eq(multiset_settle(&set, &charge, NULL), SHEAF_OK);
    ck_assert_uint_le(budget.used, 10000 * sizeof(struct number) + 200);
    multiset_drop(&set, &budget);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* Everything that allocates, in little time. Gives the first status that is not good. */
static enum sheaf_status use_memory(enum kind kind, const struct multiset_charge *charge,
                                    struct sheaf_error *error)
{
    uint64_t state = 5;
    struct multiset sets[3] = {{NULL}};
    struct buffer buffer = {0};
    enum sheaf_status status = SHEAF_OK;
    for (int i = 0; i < 13000 && status == SHEAF_OK; i++) {
        const struct number number =
            i % 6000 == 5999 ? random_of(&state, MIXTURE) : random_of(&state, kind);
        status = multiset_add(&sets[i % 3 == 0], &number, i % 4096 == 4000 ? 3 : 1, charge, error);
    }
    if (status == SHEAF_OK)
        status = multiset_merge(&sets[0], &sets[1], charge, error);
    if (status == SHEAF_OK)
        status = multiset_settle(&sets[0], charge, error);
    if (status == SHEAF_OK) {
        multiset_save(&sets[0], &buffer);
        struct text text = {.bytes = buffer.bytes, .length = buffer.length};
        status = buffer.failed ? SHEAF_SYSTEM : multiset_load(&sets[2], &text, charge, error);
    }
    for (int i = 0; i < 3; i++)
        multiset_drop(&sets[i], charge->budget);
    buffer_close(&buffer);
    return status;
}

START_TEST(survives_failed_allocations)
{
    static const enum kind kinds[] = {FEW, PRICES, DOUBLE};
    for (size_t k = 0; k < 3; k++) {
        struct memory_budget budget = {.limit = UINT64_MAX};
        const struct multiset_charge charge = {.budget = &budget, .what = "the values"};
        const int64_t before = memory_live();
        const uint64_t start = memory_allocations();
        ck_assert_int_eq(use_memory(kinds[k], &charge, NULL), SHEAF_OK);
        const uint64_t needed = memory_allocations() - start;
        ck_assert_uint_gt(needed, 50);
        uint64_t failures = 0;
        for (uint64_t n = 1; n <= needed; n++) {
            struct sheaf_error error = {0};
            memory_fail_at(n);
            const enum sheaf_status status = use_memory(kinds[k], &charge, &error);
            memory_fail_at(0);
            failures += status != SHEAF_OK; /* a block that could not be made shorter is no harm */
            ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
            ck_assert_int_eq(memory_live(), before);
            ck_assert_uint_eq(budget.used, 0);
        }
        ck_assert_uint_gt(failures, needed / 2);
    }
}
END_TEST

START_TEST(keeps_the_limit)
{
    for (uint64_t limit = 0; limit < 300000; limit += 1 + limit / 3) {
        struct memory_budget budget = {.limit = limit};
        const struct multiset_charge charge = {
            .budget = &budget, .what = "the values of median", .column = "fare"};
        struct sheaf_error error;
        const int64_t before = memory_live();
        ck_assert_int_eq(use_memory(PRICES, &charge, &error), SHEAF_LIMIT);
        ck_assert_ptr_nonnull(strstr(error.text, "the values of median of column \"fare\""));
        ck_assert_uint_eq(budget.used, 0);
        ck_assert_int_eq(memory_live(), before);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("multiset");
    TCase *tests = tcase_create("multiset");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, holds_small_sets);
    tcase_add_test(tests, holds_large_sets);
    tcase_add_test(tests, adds_columns);
    tcase_add_test(tests, sorts_by_every_bit);
    tcase_add_test(tests, unites_equals);
    tcase_add_test(tests, rescales);
    tcase_add_test(tests, takes_zero_anywhere);
    tcase_add_test(tests, is_empty);
    tcase_add_test(tests, counts_no_more_than_it_can);
    tcase_add_test(tests, takes_little_memory);
    tcase_add_test(tests, survives_failed_allocations);
    tcase_add_test(tests, keeps_the_limit);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
