#include "unit/unit.h"

#include "render/bar.h"
#include "unit/render/render_text.h"

#include <gmp.h>
#include <string.h>

enum { NO_BAR = 1000 };

/* The length of a bar in eighths of a character; NO_BAR when the text is not full blocks with at
 * most one narrower block behind them. */
static unsigned eighths_of(const char *bar, size_t length)
{
    unsigned eighths = 0;
    for (size_t i = 0; i < length; i += 3) {
        const unsigned char last = (unsigned char)bar[i + 2];
        if (memcmp(bar + i, "\xe2\x96", 2) != 0 || last < 0x88 || last > 0x8f)
            return NO_BAR;
        if (last != 0x88 && i + 3 != length)
            return NO_BAR;
        eighths += 0x90U - last;
    }
    return eighths;
}

static unsigned draw(uint64_t count, uint64_t most)
{
    char bar[BAR_SIZE + 1];
    bar[BAR_SIZE] = '!';
    const size_t length = bar_draw(count, most, BAR_WIDTH, bar);
    if (length > BAR_SIZE || length % 3 != 0 || bar[BAR_SIZE] != '!')
        return NO_BAR;
    return eighths_of(bar, length);
}

static void set_word(mpz_t number, uint64_t word)
{
    mpz_import(number, 1, 1, sizeof word, 0, 0, &word);
}

/* floor(320 * count / most), by an arithmetic of any length. */
static unsigned oracle(uint64_t count, uint64_t most)
{
    mpz_t eighths;
    mpz_t divisor;
    mpz_inits(eighths, divisor, NULL);
    set_word(eighths, count);
    set_word(divisor, most);
    mpz_mul_ui(eighths, eighths, 320);
    mpz_fdiv_q(eighths, eighths, divisor);
    const unsigned floored = (unsigned)mpz_get_ui(eighths);
    mpz_clears(eighths, divisor, NULL);
    return floored == 0 && count > 0 ? 1 : floored;
}

START_TEST(blocks_are_the_unicode_ones)
{
    char bar[BAR_SIZE];
    ck_assert_uint_eq(bar_draw(1, 40, BAR_WIDTH, bar), 3);
    ck_assert_mem_eq(bar, "█", 3);
    ck_assert_uint_eq(bar_draw(1, 320, BAR_WIDTH, bar), 3);
    ck_assert_mem_eq(bar, "▏", 3);
    ck_assert_uint_eq(bar_draw(4, 320, BAR_WIDTH, bar), 3);
    ck_assert_mem_eq(bar, "▌", 3);
    ck_assert_uint_eq(bar_draw(23, 320, BAR_WIDTH, bar), 9);
    ck_assert_mem_eq(bar, "██▉", 9);
}
END_TEST

START_TEST(the_ends)
{
    ck_assert_uint_eq(draw(0, 0), 0);
    ck_assert_uint_eq(draw(0, 1), 0);
    ck_assert_uint_eq(draw(0, UINT64_MAX), 0);
    ck_assert_uint_eq(draw(1, UINT64_MAX), 1);
    ck_assert_uint_eq(draw(UINT64_MAX, UINT64_MAX), 320);
    ck_assert_uint_eq(draw(UINT64_MAX - 1, UINT64_MAX), 319);
    ck_assert_uint_eq(draw(1, 1), 320);
    ck_assert_uint_eq(draw(2, 1), 320);
    ck_assert_uint_eq(draw(1, 0), 320);
}
END_TEST

START_TEST(lengths_are_exact)
{
    for (uint64_t most = 1; most <= 330; most++)
        for (uint64_t count = 0; count <= most; count++)
            ck_assert_uint_eq(draw(count, most), oracle(count, most));

    uint64_t state = unit_seed("lengths_are_exact", 1);
    for (int i = 0; i < 50000; i++) {
        const uint64_t most = unit_random(&state) >> (unit_random(&state) % 64) | 1;
        const uint64_t count = unit_random(&state) % most;
        ck_assert_uint_eq(draw(count, most), oracle(count, most));
    }
}
END_TEST

START_TEST(a_table_shows_them)
{
    char bars[2][BAR_SIZE];
    const struct value longer = value_text(
        (struct text){.bytes = bars[0], .length = bar_draw(20, 320, BAR_WIDTH, bars[0])});
    const struct value shorter =
        value_text((struct text){.bytes = bars[1], .length = bar_draw(3, 320, BAR_WIDTH, bars[1])});
    const struct text names[] = {text_of("value"), text_of("count"), text_of("")};
    const struct value cells[] = {
        cell_text("a"), cell_integer(20), longer,          cell_text("b"), cell_integer(3),
        shorter,        cell_text("c"),   cell_integer(0), value_null(),
    };
    const struct sample sample = {names, 3, cells, 3, {.comment = -1}};
    check_text("table", &sample,
               "value  count\n"
               "a         20  ██▌\n"
               "b          3  ▍\n"
               "c          0\n");
}
END_TEST

START_TEST(narrow_bars)
{
    char bar[BAR_SIZE];
    ck_assert_uint_eq(bar_draw(7, 7, 1, bar), 3);
    ck_assert_mem_eq(bar, "█", 3);
    ck_assert_uint_eq(bar_draw(5, 10, 3, bar), 6);
    ck_assert_mem_eq(bar, "█▌", 6);
    ck_assert_uint_eq(bar_draw(1, 1000, 8, bar), 3);
    ck_assert_mem_eq(bar, "▏", 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bar");
    TCase *tests = tcase_create("bar");
    tcase_add_test(tests, blocks_are_the_unicode_ones);
    tcase_add_test(tests, the_ends);
    tcase_add_test(tests, narrow_bars);
    tcase_add_test(tests, lengths_are_exact);
    tcase_add_test(tests, a_table_shows_them);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
