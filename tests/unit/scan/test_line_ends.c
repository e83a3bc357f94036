/* scan/line_ends.h: counting equals a slow loop, and adding stretches equals counting the whole. */
#include "scan/line_ends.h"

#include "unit/unit.h"

#include <string.h>

/* Physical lines end at LF; with cr_ends also at CR, where CR LF is one end. */
static uint64_t obvious_count(const char *bytes, size_t length, bool cr_ends)
{
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++) {
        const bool before_lf = i + 1 < length && bytes[i + 1] == '\n';
        count += bytes[i] == '\n' || (cr_ends && bytes[i] == '\r' && !before_lf);
    }
    return count;
}

static size_t make_bytes(char *bytes, size_t most, uint64_t *seed)
{
    const size_t length = 1 + unit_random(seed) % most;
    static const char likely[] = "\r\n\r\nx,";
    for (size_t i = 0; i < length; i++)
        bytes[i] = likely[unit_random(seed) % (sizeof likely - 1)];
    return length;
}

static bool equal(struct line_ends a, struct line_ends b)
{
    return a.count == b.count && a.first_is_lf == b.first_is_lf && a.last_is_cr == b.last_is_cr;
}

START_TEST(counts_like_the_obvious_loop)
{
    uint64_t seed = unit_seed("counts_like_the_obvious_loop", 6);
    char bytes[1500];
    for (int round = 0; round < 3000; round++) {
        const size_t length = make_bytes(bytes, round % 2 == 0 ? 8 : sizeof bytes, &seed);
        for (int cr_ends = 0; cr_ends < 2; cr_ends++) {
            const struct line_ends ends = line_ends_count(bytes, length, cr_ends != 0);
            if (ends.count != obvious_count(bytes, length, cr_ends != 0) ||
                ends.first_is_lf != (cr_ends != 0 && bytes[0] == '\n') ||
                ends.last_is_cr != (cr_ends != 0 && bytes[length - 1] == '\r'))
                ck_abort_msg("round %d, cr_ends %d", round, cr_ends);
        }
    }
    ck_assert_uint_eq(line_ends_count(bytes, 0, false).count, 0);
    ck_assert_uint_eq(line_ends_count(bytes, 0, true).count, 0);
}
END_TEST

/* Blocks of 255 bytes are counted in one byte each: none may overflow. */
START_TEST(line_ends_only)
{
    static char bytes[5000];
    memset(bytes, '\n', sizeof bytes);
    for (size_t length = 0; length < 1100; length++)
        ck_assert_uint_eq(line_ends_count(bytes, length, false).count, length);
    ck_assert_uint_eq(line_ends_count(bytes, sizeof bytes, true).count, sizeof bytes);
    memset(bytes, '\r', sizeof bytes);
    ck_assert_uint_eq(line_ends_count(bytes, sizeof bytes, false).count, 0);
    ck_assert_uint_eq(line_ends_count(bytes, sizeof bytes, true).count, sizeof bytes);
}
END_TEST

START_TEST(adding_equals_counting_the_whole)
{
    uint64_t seed = unit_seed("adding_equals_counting_the_whole", 7);
    char bytes[24];
    for (int round = 0; round < 2000; round++) {
        const size_t length = make_bytes(bytes, sizeof bytes, &seed);
        for (int cr_ends = 0; cr_ends < 2; cr_ends++) {
            const bool cr = cr_ends != 0;
            const struct line_ends whole = line_ends_count(bytes, length, cr);
            for (size_t i = 1; i < length; i++)
                for (size_t j = i + 1; j < length; j++) {
                    const struct line_ends a = line_ends_count(bytes, i, cr);
                    const struct line_ends b = line_ends_count(bytes + i, j - i, cr);
                    const struct line_ends c = line_ends_count(bytes + j, length - j, cr);
                    if (!equal(line_ends_add(line_ends_add(a, b), c), whole) ||
                        !equal(line_ends_add(a, line_ends_add(b, c)), whole))
                        ck_abort_msg("round %d, cr_ends %d, at %zu and %zu", round, cr_ends, i, j);
                }
        }
    }
}
END_TEST

static Suite *line_ends_suite(void)
{
    Suite *suite = suite_create("line_ends");
    TCase *tests = tcase_create("line_ends");
    tcase_add_test(tests, counts_like_the_obvious_loop);
    tcase_add_test(tests, line_ends_only);
    tcase_add_test(tests, adding_equals_counting_the_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(line_ends_suite)
