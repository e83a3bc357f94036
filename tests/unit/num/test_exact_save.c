#include "num/exact.h"
#include "num/exact_wide.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <math.h>
#include <string.h>

/* Everything that can be asked of a sum, whatever is in it. */
static void use(const struct exact_sum *sum, const struct exact_sum *squares)
{
    struct number out;
    static const int rounds[] = {-1, 0, 38};
    for (int i = 0; i < 3; i++) {
        (void)value_of(sum, rounds[i]);
        ck_assert_int_eq(exact_mean(sum, UINT64_MAX, rounds[i], &out, NULL), SHEAF_OK);
        ck_assert_int_eq(
            exact_variance(sum, squares, UINT64_MAX, EXACT_SAMPLE, rounds[i], &out, NULL),
            SHEAF_OK);
        ck_assert_int_eq(
            exact_deviation(sum, squares, UINT64_MAX, EXACT_POPULATION, rounds[i], &out, NULL),
            SHEAF_OK);
    }
}

static enum sheaf_status load_damaged(const char *bytes, size_t length)
{
    char *copy = malloc(length + (length == 0)); /* of the very size, for the address sanitizer */
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, length);
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct text text = {.bytes = copy, .length = length};
    struct exact_sum sum;
    const enum sheaf_status status = exact_sum_load(&sum, &text, &budget, NULL, NULL);
    if (status == SHEAF_OK) {
        for (int i = 0; i < 5; i++) {
            struct exact_sum other = {0};
            ck_assert_int_eq(exact_sum_merge(&other, &sum, &budget, NULL, NULL), SHEAF_OK);
            ck_assert_int_eq(exact_sum_merge(&sum, &other, &budget, NULL, NULL), SHEAF_OK);
            exact_sum_drop(&other, &budget);
        }
        use(&sum, &sum);
    } else {
        ck_assert_int_eq(status, SHEAF_DATA);
        ck_assert(sum.wide == NULL && sum.small == 0 && sum.scale == 0 && sum.special == 0);
    }
    exact_sum_drop(&sum, &budget);
    ck_assert_uint_eq(budget.used, 0);
    free(copy);
    return status;
}

START_TEST(saves_and_loads)
{
    uint64_t state = unit_seed("exact save", 6);
    for (int i = 0; i < 1000; i++) {
        struct sample sample;
        sample_open(&sample);
        const uint64_t count = unit_random(&state) % 6;
        for (uint64_t k = 0; k < count; k++) {
            const struct number number = random_number(&state, (enum mixture)(i % MIXTURES));
            sample_add(&sample, &number);
        }
        if (i % 10 == 0)
            add(&sample.sum, real((double)INFINITY));
        struct buffer buffer = {0};
        exact_sum_save(&sample.sum, &buffer);
        const size_t length = buffer.length;
        buffer_append_string(&buffer, "rest");
        ck_assert(!buffer.failed);
        struct text text = {.bytes = buffer.bytes, .length = buffer.length};
        struct exact_sum loaded;
        ck_assert_int_eq(exact_sum_load(&loaded, &text, NULL, NULL, NULL), SHEAF_OK);
        ck_assert(text.length == 4 && memcmp(text.bytes, "rest", 4) == 0);
        ck_assert_uint_eq(loaded.special, sample.sum.special);
        if (loaded.special == 0)
            assert_sum(sample.total, sample.doubles, &loaded, -1);
        if (i % 10 == 0) {
            for (size_t cut = 0; cut < length; cut++)
                ck_assert_int_eq(load_damaged(buffer.bytes, cut), SHEAF_DATA);
        }
        for (int flips = 0; flips < 20; flips++) {
            const size_t at = unit_random(&state) % length;
            const char before = buffer.bytes[at];
            buffer.bytes[at] = (char)unit_random(&state);
            (void)load_damaged(buffer.bytes, length); /* it may mean another sum */
            buffer.bytes[at] = before;
        }
        exact_sum_drop(&loaded, NULL);
        buffer_close(&buffer);
        sample_close(&sample);
    }
}
END_TEST

/* The greatest numbers that a damaged file can hold: every window at its full span, all ones or
 * all zeros but the top. */
START_TEST(loads_the_extremes)
{
    for (int pattern = 0; pattern < 4; pattern++) {
        const char fill = (char)(pattern % 2 == 0 ? 0xff : 0);
        struct buffer buffer = {0};
        buffer_append(&buffer, "\x01\x18", 2);
        buffer_append_byte(&buffer, (char)(pattern < 2 ? EXACT_SCALE : EXACT_SCALE_MAX));
        for (int i = 0; i < 15; i++)
            buffer_append_byte(&buffer, fill);
        buffer_append_byte(&buffer, (char)(pattern % 2 == 0 ? 0x7f : 0x80));
        const int spans[2][2] = {{0, EXACT_DECIMAL_LIMBS},
                                 {EXACT_DOUBLE_LOW, EXACT_DOUBLE_HIGH - EXACT_DOUBLE_LOW}};
        for (int w = 0; w < 2; w++) {
            buffer_append_byte(&buffer, (char)spans[w][0]);
            buffer_append_byte(&buffer, (char)spans[w][1]);
            for (int i = 0; i < 8 * spans[w][1] - 1; i++)
                buffer_append_byte(&buffer, fill);
            buffer_append_byte(&buffer, (char)(pattern % 2 == 0 ? 0x1f : 0xe0));
        }
        struct text text = {.bytes = buffer.bytes, .length = buffer.length};
        struct exact_sum sum;
        ck_assert_int_eq(exact_sum_load(&sum, &text, NULL, NULL, NULL), SHEAF_OK);
        exact_sum_drop(&sum, NULL);
        ck_assert_int_eq(load_damaged(buffer.bytes, buffer.length), SHEAF_OK);
        /* Without headroom at the top it is refused. */
        buffer.bytes[buffer.length - 1] = (char)(pattern % 2 == 0 ? 0x7f : 0x80);
        ck_assert_int_eq(load_damaged(buffer.bytes, buffer.length), SHEAF_DATA);
        buffer_close(&buffer);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("exact save");
    TCase *tests = tcase_create("exact save");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, saves_and_loads);
    tcase_add_test(tests, loads_the_extremes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
