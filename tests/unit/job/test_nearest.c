/* job/nearest.h: the edit distance against the recursion that defines it. */
#include "job/nearest.h"

#include "sheaf/job.h"
#include "unit/unit.h"

#include <ctype.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The definition: without memory of what it has worked out, so for short words only. */
static size_t obvious(const char *a, size_t m, const char *b, size_t n)
{
    if (m == 0 || n == 0)
        return m + n;
    const int x = tolower(a[m - 1]);
    const int y = tolower(b[n - 1]);
    size_t distance = least(obvious(a, m - 1, b, n) + 1, obvious(a, m, b, n - 1) + 1);
    distance = least(distance, obvious(a, m - 1, b, n - 1) + (x != y));
    if (m > 1 && n > 1 && x == tolower(b[n - 2]) && y == tolower(a[m - 2]))
        distance = least(distance, obvious(a, m - 2, b, n - 2) + 1);
    return distance;
}

static struct text text_of(const char *string)
{
    return (struct text){.bytes = string, .length = strlen(string)};
}

START_TEST(known_distances)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } words[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"abc", "abc", 0},
        {"abc", "ABC", 0},
        {"fare", "fair", 2},
        {"fare", "frae", 1},
        {"fare", "far", 1},
        {"fare", "fares", 1},
        {"fare", "tare", 1},
        {"ca", "abc", 3}, /* optimal string alignment */
        {"kitten", "sitting", 3},
        {"total_amount", "totl_amuont", 2},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        ck_assert_uint_eq(edit_distance(text_of(words[i].a), text_of(words[i].b), 9),
                          words[i].distance);
        ck_assert_uint_eq(edit_distance(text_of(words[i].b), text_of(words[i].a), 9),
                          words[i].distance);
    }
}
END_TEST

START_TEST(equals_the_definition)
{
    uint64_t seed = unit_seed("equals_the_definition", 71);
    for (int round = 0; round < 3000; round++) {
        char words[2][6];
        size_t lengths[2];
        for (int w = 0; w < 2; w++) {
            lengths[w] = unit_random(&seed) % sizeof words[w];
            for (size_t i = 0; i < lengths[w]; i++)
                words[w][i] = "abBc"[unit_random(&seed) % 4];
        }
        const struct text a = {.bytes = words[0], .length = lengths[0]};
        const struct text b = {.bytes = words[1], .length = lengths[1]};
        for (size_t limit = 0; limit < 8; limit++) {
            const size_t expected =
                least(obvious(words[0], lengths[0], words[1], lengths[1]), limit + 1);
            if (least(edit_distance(a, b, limit), limit + 1) != expected)
                ck_abort_msg("%.*s, %.*s, limit %zu", (int)a.length, a.bytes, (int)b.length,
                             b.bytes, limit);
        }
    }
}
END_TEST

START_TEST(long_names_are_far)
{
    char name[66];
    memset(name, 'x', sizeof name);
    const struct text just = {.bytes = name, .length = 64};
    const struct text longer = {.bytes = name, .length = 65};
    ck_assert_uint_eq(edit_distance(just, just, 3), 0);
    ck_assert_uint_gt(edit_distance(longer, longer, 3), 3);
    ck_assert_uint_gt(edit_distance(just, longer, 3), 3);
}
END_TEST

START_TEST(expected_name)
{
    static const char *const names[] = {"count", "sum", "mean", "median", "min", "max", NULL};
    static const char *const none[] = {NULL};
    ck_assert_str_eq(sheaf_nearest("cuont", names), "count");
    ck_assert_str_eq(sheaf_nearest("SUM", names), "sum");
    ck_assert_str_eq(sheaf_nearest("meen", names), "mean");
    ck_assert_str_eq(sheaf_nearest("men", names), "mean"); /* the first of equals */
    ck_assert_ptr_null(sheaf_nearest("quantile", names));
    ck_assert_ptr_null(sheaf_nearest("x", none));
    ck_assert_uint_eq(edit_distance_limit(1), 1);
    for (size_t length = 1; length < 100; length++)
        ck_assert_uint_le(edit_distance_limit(length), edit_distance_limit(length + 1));
}
END_TEST

static Suite *nearest_suite(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tests = tcase_create("nearest");
    tcase_add_test(tests, known_distances);
    tcase_add_test(tests, equals_the_definition);
    tcase_add_test(tests, long_names_are_far);
    tcase_add_test(tests, expected_name);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(nearest_suite)
