/* base/arena.h: pieces stay where and what they are until reset or close, and every byte is charged
 * and given back. */
#include "base/arena.h"

#include "unit/unit.h"

#include <string.h>

enum { PIECES = 3000 };

struct piece {
    unsigned char *bytes;
    size_t length;
    unsigned char fill;
};

static void take_pieces(struct arena *arena, struct piece *pieces, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t draw = unit_random(seed);
        struct piece *piece = &pieces[i];
        piece->length = draw % 50 == 0 ? draw / 64 % 20000 : draw / 64 % 100;
        piece->fill = (unsigned char)i;
        piece->bytes = arena_alloc(arena, piece->length, NULL);
        ck_assert_ptr_nonnull(piece->bytes);
        ck_assert_uint_eq((uintptr_t)piece->bytes % 16, 0);
        memset(piece->bytes, piece->fill, piece->length);
    }
}

static void check_pieces(const struct piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < pieces[i].length; j++)
            if (pieces[i].bytes[j] != pieces[i].fill)
                ck_abort_msg("byte %zu of piece %zu was overwritten", j, i);
}

START_TEST(pieces_do_not_overlap)
{
    static struct piece pieces[PIECES];
    uint64_t seed = unit_seed("pieces_do_not_overlap", 3);
    const int64_t live = memory_live();
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct arena arena = {.budget = &budget};
    take_pieces(&arena, pieces, PIECES, &seed);
    check_pieces(pieces, PIECES);
    uint64_t bytes = 0;
    for (size_t i = 0; i < PIECES; i++)
        bytes += pieces[i].length;
    ck_assert_uint_ge(budget.used, bytes);
    arena_close(&arena);
    ck_assert_uint_eq(budget.used, 0);
    ck_assert_int_eq(memory_live(), live);
    arena_close(&arena);
}
END_TEST

START_TEST(copies_are_packed)
{
    struct arena arena = {.budget = NULL};
    const char *a = arena_copy(&arena, "abc", 3, NULL);
    const char *b = arena_copy(&arena, "defg", 4, NULL);
    ck_assert_ptr_eq(b, a + 3);
    ck_assert_int_eq(memcmp(a, "abcdefg", 7), 0);
    ck_assert_ptr_nonnull(arena_copy(&arena, NULL, 0, NULL));
    const char *aligned = arena_alloc(&arena, 1, NULL);
    ck_assert_uint_eq((uintptr_t)aligned % 16, 0);
    arena_close(&arena);
}
END_TEST

START_TEST(many_pieces_need_few_blocks)
{
    const uint64_t before = memory_allocations();
    struct arena arena = {.budget = NULL};
    for (int i = 0; i < 100000; i++)
        if (arena_alloc(&arena, 16, NULL) == NULL)
            ck_abort_msg("piece %d is missing", i);
    ck_assert_uint_lt(memory_allocations() - before, 20);
    arena_close(&arena);
}
END_TEST

START_TEST(reset_keeps_one_block)
{
    const int64_t live = memory_live();
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct arena arena = {.budget = &budget};
    arena_reset(&arena); /* empty */
    for (int round = 0; round < 3; round++) {
        ck_assert_ptr_nonnull(arena_alloc(&arena, 100, NULL));
        ck_assert_ptr_nonnull(arena_alloc(&arena, 50000, NULL));
        ck_assert_ptr_nonnull(arena_alloc(&arena, 10, NULL));
        arena_reset(&arena);
        ck_assert_int_eq(memory_live(), live + 1);
        ck_assert_uint_gt(budget.used, 50000);
        ck_assert_uint_lt(budget.used, 200000);
    }
    const uint64_t made = memory_allocations();
    ck_assert_ptr_nonnull(arena_alloc(&arena, 50000, NULL));
    ck_assert_uint_eq(memory_allocations(), made);
    arena_close(&arena);
    ck_assert_uint_eq(budget.used, 0);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(adopting_moves_all_pieces)
{
    enum { EACH = 300 };
    static struct piece a[EACH], b[EACH], c[EACH];
    uint64_t seed = unit_seed("adopting_moves_all_pieces", 4);
    const int64_t live = memory_live();
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct arena into = {.budget = &budget}, from = {.budget = &budget};
    arena_adopt(&into, &from); /* nothing */
    take_pieces(&from, b, EACH, &seed);
    arena_adopt(&into, &from); /* into an empty one */
    ck_assert_ptr_null(from.newest);
    take_pieces(&into, a, EACH, &seed);
    take_pieces(&from, c, EACH, &seed);
    const uint64_t used = budget.used;
    arena_adopt(&into, &from);
    ck_assert_uint_eq(budget.used, used);
    arena_close(&from);
    const uint64_t made = memory_allocations();
    ck_assert_ptr_nonnull(arena_alloc(&into, 1, NULL)); /* the open block is still in use */
    ck_assert_uint_eq(memory_allocations(), made);
    check_pieces(a, EACH);
    check_pieces(b, EACH);
    check_pieces(c, EACH);
    arena_close(&into);
    ck_assert_uint_eq(budget.used, 0);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(the_budget_is_kept)
{
    struct memory_budget budget = {.limit = 10000};
    struct arena arena = {.budget = &budget, .what = "the distinct values", .column = "fare"};
    struct sheaf_error error = {.status = SHEAF_OK};
    int given = 0;
    while (arena_alloc(&arena, 1000, &error) != NULL)
        given++;
    ck_assert_int_ge(given, 3);
    ck_assert_int_le(given, 10);
    ck_assert_int_eq(error.status, SHEAF_LIMIT);
    ck_assert_ptr_nonnull(strstr(error.text, "the distinct values of column \"fare\""));
    ck_assert_uint_le(budget.used, budget.limit);
    ck_assert_ptr_null(arena_copy(&arena, error.text, SIZE_MAX - 4, &error));
    ck_assert_int_eq(error.status, SHEAF_SYSTEM);
    arena_close(&arena);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

START_TEST(refused_memory_is_uncharged)
{
    struct memory_budget budget = {.limit = UINT64_MAX};
    struct arena arena = {.budget = &budget};
    struct sheaf_error error = {.status = SHEAF_OK};
    memory_fail_at(1);
    ck_assert_ptr_null(arena_alloc(&arena, 10, &error));
    ck_assert_int_eq(error.status, SHEAF_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "out of memory"));
    ck_assert_uint_eq(budget.used, 0);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 10, &error));
    arena_close(&arena);
}
END_TEST

static Suite *arena_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, pieces_do_not_overlap);
    tcase_add_test(tests, copies_are_packed);
    tcase_add_test(tests, many_pieces_need_few_blocks);
    tcase_add_test(tests, reset_keeps_one_block);
    tcase_add_test(tests, adopting_moves_all_pieces);
    tcase_add_test(tests, the_budget_is_kept);
    tcase_add_test(tests, refused_memory_is_uncharged);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(arena_suite)
