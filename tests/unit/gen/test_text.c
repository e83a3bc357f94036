/* The vocabulary, and that the hard parts of CSV are all there. */
#include "unit/unit.h"

#include "gen/gen.h"
#include "gen/vocabulary.h"

#include <stdbool.h>
#include <string.h>

enum { ROWS = 100000, ID = 8, CATEGORY = 20, COMMENT = 280, RECORD = ID + CATEGORY + COMMENT };

static void check_words(const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_gt(words[i].length, 0);
        ck_assert_uint_lt(words[i].length, sizeof words[i].text);
        ck_assert_uint_eq(strlen(words[i].text), words[i].length);
        ck_assert_ptr_null(strpbrk(words[i].text, "\",\r\n"));
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(words[i].text, words[j].text);
    }
}

START_TEST(words_are_distinct_and_harmless)
{
    check_words(vocabulary_words, VOCABULARY_WORDS);
    check_words(vocabulary_adjectives, VOCABULARY_ADJECTIVES);
    check_words(vocabulary_nouns, VOCABULARY_NOUNS);
    ck_assert_uint_eq(VOCABULARY_ADJECTIVES * VOCABULARY_NOUNS, 1000);
}
END_TEST

static struct buffer make_records(void)
{
    struct buffer out = {.bytes = NULL};
    gen_find("text")->records(1, 0, ROWS, &out);
    ck_assert(!out.failed);
    ck_assert_uint_eq(out.length, (size_t)ROWS * RECORD);
    return out;
}

static size_t find_word(const struct word *words, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].length == length && memcmp(words[i].text, text, length) == 0)
            return i;
    ck_abort_msg("a word that is not in the vocabulary");
    return 0;
}

START_TEST(all_categories_are_drawn)
{
    static uint32_t counts[VOCABULARY_ADJECTIVES][VOCABULARY_NOUNS];
    struct buffer records = make_records();
    for (size_t row = 0; row < ROWS; row++) {
        const char *category = records.bytes + row * RECORD + ID;
        const size_t length = strnlen(category, CATEGORY);
        const char *space = memchr(category, ' ', length);
        ck_assert_ptr_nonnull(space);
        const size_t before = (size_t)(space - category);
        const size_t adjective =
            find_word(vocabulary_adjectives, VOCABULARY_ADJECTIVES, category, before);
        const size_t noun =
            find_word(vocabulary_nouns, VOCABULARY_NOUNS, space + 1, length - before - 1);
        counts[adjective][noun]++;
    }
    for (size_t i = 0; i < VOCABULARY_ADJECTIVES; i++)
        for (size_t j = 0; j < VOCABULARY_NOUNS; j++)
            ck_assert_uint_gt(counts[i][j], 0);
    ck_assert_uint_gt(counts[0][0], ROWS / 40); /* the square root of a thousandth: 3.2 % */
    buffer_close(&records);
}
END_TEST

/* How many comments hold what. */
struct contents {
    uint32_t empty;
    uint32_t longest;
    uint32_t delimiter;
    uint32_t quotes;
    uint32_t line_feed;
    uint32_t crlf;
    uint32_t other_than_ascii;
    uint32_t line_feed_at_end;
    uint32_t quote_first;
};

static void look_into(const char *comment, size_t length, struct contents *out)
{
    bool ascii = true;
    uint32_t quotes = 0;
    for (size_t i = 0; i < length; i++) {
        ascii = ascii && (unsigned char)comment[i] < 0x80;
        quotes += comment[i] == '"';
    }
    ck_assert_uint_eq(quotes % 2, 0);
    out->empty += length == 0;
    out->longest += length == COMMENT;
    out->delimiter += memchr(comment, ',', length) != NULL;
    out->quotes += quotes > 0;
    out->line_feed += memchr(comment, '\n', length) != NULL;
    out->crlf += memmem(comment, length, "\r\n", 2) != NULL;
    out->other_than_ascii += !ascii;
    out->line_feed_at_end += length > 0 && comment[length - 1] == '\n';
    out->quote_first += length > 0 && comment[0] == '"';
}

START_TEST(comments_hold_what_readers_stumble_over)
{
    struct buffer records = make_records();
    struct contents contents = {.empty = 0};
    for (size_t row = 0; row < ROWS; row++) {
        const char *comment = records.bytes + row * RECORD + ID + CATEGORY;
        look_into(comment, strnlen(comment, COMMENT), &contents);
    }
    ck_assert(contents.empty > ROWS / 100 && contents.empty < ROWS / 25);
    ck_assert(contents.longest > 0 && contents.longest < ROWS / 500);
    ck_assert(contents.delimiter > ROWS / 2 && contents.quotes > ROWS / 2);
    ck_assert(contents.line_feed > ROWS / 4 && contents.crlf > ROWS / 8);
    ck_assert(contents.other_than_ascii > ROWS / 2);
    ck_assert(contents.line_feed_at_end > ROWS / 10 && contents.quote_first > ROWS / 25);
    buffer_close(&records);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, words_are_distinct_and_harmless);
    tcase_add_test(tests, all_categories_are_drawn);
    tcase_add_test(tests, comments_hold_what_readers_stumble_over);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
