/* What every generator promises: the same bytes however the rows are dealt out. */
#include "unit/unit.h"

#include "gen/gen.h"

#include <string.h>

enum { ROWS = 20000 };

static struct buffer generate(const struct gen_ops *ops, uint64_t seed, uint64_t first,
                              uint64_t count)
{
    struct buffer out = {.bytes = NULL};
    ops->csv(seed, first, count, ops->delimiter, &out);
    ck_assert(!out.failed);
    return out;
}

static void check_same(const struct buffer *a, const struct buffer *b)
{
    ck_assert_uint_eq(a->length, b->length);
    ck_assert_mem_eq(a->bytes, b->bytes, a->length);
}

static void deal_out(const struct gen_ops *ops, uint64_t *state)
{
    const uint64_t seed = unit_random(state);
    const uint64_t first = unit_random(state) >> (unit_random(state) % 60 + 2);
    struct buffer whole = generate(ops, seed, first, ROWS);
    struct buffer pieces = {.bytes = NULL};
    for (uint64_t done = 0; done < ROWS;) {
        uint64_t count = unit_random(state) % (unit_random(state) % 2 == 0 ? 10 : 10000);
        if (count > ROWS - done)
            count = ROWS - done;
        ops->csv(seed, first + done, count, ops->delimiter, &pieces);
        done += count;
    }
    check_same(&whole, &pieces);
    buffer_close(&whole);
    buffer_close(&pieces);
}

START_TEST(rows_depend_on_seed_and_number_alone)
{
    uint64_t state = unit_seed("rows_depend_on_seed_and_number_alone", 4);
    for (size_t i = 0; i < gen_table_length; i++)
        for (int j = 0; j < 20; j++)
            deal_out(gen_table[i], &state);
}
END_TEST

START_TEST(seeds_differ)
{
    for (size_t i = 0; i < gen_table_length; i++) {
        struct buffer one = generate(gen_table[i], 1, 0, 100);
        struct buffer two = generate(gen_table[i], 2, 0, 100);
        struct buffer late = generate(gen_table[i], 1, 1, 100);
        ck_assert(one.length != two.length || memcmp(one.bytes, two.bytes, one.length) != 0);
        ck_assert(one.length != late.length || memcmp(one.bytes, late.bytes, one.length) != 0);
        buffer_close(&one);
        buffer_close(&two);
        buffer_close(&late);
    }
}
END_TEST

static uint64_t count_lines(const struct buffer *text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text->length; i++)
        lines += text->bytes[i] == '\n';
    return lines;
}

START_TEST(rows_are_lines_of_the_stated_size)
{
    for (size_t i = 0; i < gen_table_length; i++) {
        struct buffer text = generate(gen_table[i], 7, 0, ROWS);
        ck_assert_uint_eq(count_lines(&text), ROWS);
        ck_assert_uint_eq((text.length + ROWS / 2) / ROWS, gen_table[i]->row_bytes);
        buffer_close(&text);
        text = generate(gen_table[i], 7, 0, 0);
        ck_assert_uint_eq(text.length, 0);
        buffer_close(&text);
    }
}
END_TEST

START_TEST(the_table_can_be_searched)
{
    ck_assert_uint_ge(gen_table_length, 1);
    for (size_t i = 0; i < gen_table_length; i++) {
        ck_assert_ptr_eq(gen_find(gen_table[i]->name), gen_table[i]);
        ck_assert_ptr_null(strchr(gen_table[i]->help, '\n'));
    }
    ck_assert_ptr_null(gen_find("measurement"));
    ck_assert_ptr_null(gen_find(""));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("gens");
    TCase *tests = tcase_create("gens");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, rows_depend_on_seed_and_number_alone);
    tcase_add_test(tests, seeds_differ);
    tcase_add_test(tests, rows_are_lines_of_the_stated_size);
    tcase_add_test(tests, the_table_can_be_searched);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
