/* Rows of text that CSV readers stumble over: quoted fields with delimiters, doubled quotes and
 * line ends of both kinds, in UTF-8, of all lengths, now and then an empty one.
 *
 * A comment is a stream of random words of its own, sixteen bits for each of its words: which one,
 * what stands before it, and whether it is in quotes. Words are added up to a length that was drawn
 * first, so that no comment is longer than its column in binary records. */
#include "gen/gens.h"
#include "gen/put.h"
#include "gen/random.h"
#include "gen/vocabulary.h"

#include <stdbool.h>

enum {
    CATEGORY_SIZE = 20,
    COMMENT_SIZE = 280,
    RECORD_BYTES = 8 + CATEGORY_SIZE + COMMENT_SIZE,
    /* Of a comment every byte may be a doubled quote; words and gaps are copied at full width. */
    COMMENT_ROOM = 2 * COMMENT_SIZE + 2 * WORD_SIZE,
    ROW_SIZE = PUT_WHOLE_SIZE + CATEGORY_SIZE + COMMENT_ROOM + 16,
};
enum { GAP_BITS = 5, GAPS = 1 << GAP_BITS };

// clang-format off
#define GAP(text) {text, sizeof(text) - 1}
// clang-format on

/* What stands between two words: mostly a space. */
static const struct word gaps[GAPS] = {
    GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "), GAP(" "),    GAP(" "),
    GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "), GAP(" "),    GAP(" "),
    GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "),  GAP(" "), GAP(", "),   GAP(", "),
    GAP(", "), GAP(". "), GAP("; "), GAP(": "), GAP("\n"), GAP(","), GAP("\r\n"), GAP(" – "),
};

/* What stands at the end. */
static const struct word ends[8] = {
    GAP(""), GAP(""), GAP(""), GAP("."), GAP("."), GAP("!"), GAP("?"), GAP("\n"),
};

static char *put_word(char *out, const struct word *word)
{
    memcpy(out, word, sizeof *word); /* a fixed size is faster; what is too much goes lost */
    return out + word->length;
}

/* Writes one quote of the text, doubled for CSV. */
static char *put_quotes(char *out, size_t quotes)
{
    out[0] = '"';
    out[1] = '"';
    return out + quotes;
}

/* Writes the comment of a row whose stream has this key. `quotes` is how a quote is written: 1, or
 * 2 for CSV. */
static char *put_comment(char *out, uint64_t key, size_t quotes)
{
    const uint64_t first = random_word(key, 0);
    const struct word *end = &ends[first & 7];
    const size_t target = random_below((uint32_t)(first >> 32), COMMENT_SIZE + 1);
    uint64_t bits = 0;
    size_t length = end->length;
    for (uint64_t i = 0;; i++, bits >>= 16) {
        if (i % 4 == 0)
            bits = random_word(key, i / 4 + 1);
        const struct word *word = &vocabulary_words[bits % VOCABULARY_WORDS];
        const struct word *gap = i == 0 ? &ends[0] : &gaps[bits >> 7 & (GAPS - 1)];
        const bool quoted = (bits >> (7 + GAP_BITS) & 15) == 0;
        length += (size_t)gap->length + word->length + (quoted ? 2 : 0);
        if (length > target)
            return i == 0 ? out : put_word(out, end);
        out = put_word(out, gap);
        out = quoted ? put_quotes(out, quotes) : out;
        out = put_word(out, word);
        out = quoted ? put_quotes(out, quotes) : out;
    }
}

static char *put_category(char *out, uint64_t key)
{
    const uint32_t number = random_skewed((uint32_t)key, VOCABULARY_ADJECTIVES * VOCABULARY_NOUNS);
    out = put_word(out, &vocabulary_adjectives[number % VOCABULARY_ADJECTIVES]);
    *out++ = ' ';
    return put_word(out, &vocabulary_nouns[number / VOCABULARY_ADJECTIVES]);
}

static char *put_text_row(char *out, uint64_t key, uint64_t row, char delimiter)
{
    const uint64_t row_key = random_word(key, row);
    char id[PUT_WHOLE_SIZE];
    const char *id_end = put_whole(id, row + 1);
    out = put_field(out, id, (size_t)(id_end - id), delimiter);
    *out++ = delimiter;
    *out++ = '"';
    out = put_category(out, row_key);
    *out++ = '"';
    *out++ = delimiter;
    *out++ = '"';
    out = put_comment(out, row_key, 2);
    *out++ = '"';
    *out++ = '\n';
    return out;
}

static void text_csv(uint64_t seed, uint64_t first, uint64_t count, char delimiter,
                     struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, ROW_SIZE};
    put_rows(&rows, put_text_row, delimiter, out);
}

static char *put_record(char *out, uint64_t key, uint64_t row, char delimiter)
{
    (void)delimiter;
    const uint64_t row_key = random_word(key, row);
    char category[CATEGORY_SIZE + WORD_SIZE];
    char comment[COMMENT_ROOM];
    const char *category_end = put_category(category, row_key);
    const char *comment_end = put_comment(comment, row_key, 1);
    out = put_bytes(out, row + 1, 8);
    out = put_padded(out, category, (size_t)(category_end - category), CATEGORY_SIZE);
    return put_padded(out, comment, (size_t)(comment_end - comment), COMMENT_SIZE);
}

static void text_records(uint64_t seed, uint64_t first, uint64_t count, struct buffer *out)
{
    const struct put_rows rows = {random_mix(seed), first, count, RECORD_BYTES};
    put_rows(&rows, put_record, '\0', out);
}

static const struct gen_column columns[] = {
    {"id", "i64", "<i8"},
    {"category", "c20", "|S20"},
    {"comment", "c280", "|S280"},
};

const struct gen_ops gen_text = {
    .name = "text",
    .help = "quoted fields with delimiters, doubled quotes, line ends and UTF-8: three columns",
    .delimiter = ',',
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .record_bytes = RECORD_BYTES,
    .row_bytes = 166,
    .schema = "id:i64,category:c20,comment:c280",
    .csv = text_csv,
    .records = text_records,
};
