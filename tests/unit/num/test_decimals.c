#include "num/decimals.h"

#include "num/parse.h"
#include "num/power.h"
#include "unit/num/oracle.h"
#include "unit/unit.h"

#include <string.h>

enum {
    TEXT_MOST = 48,
    ROWS_MOST = 320,
    ROWS_USUAL = 40,
    ROOM = 16,
    SUMMARY_ROWS = 5000,
    COLUMNS = 60000
};

/* ---- columns of random texts --------------------------------------------------------------- */

struct column {
    struct text texts[ROWS_MOST];
    uint32_t count;
    char *block; /* to free */
};

/* What most texts of a column are like. */
struct style {
    unsigned digits;   /* before the point, at most */
    unsigned fraction; /* after it */
    bool is_regular;   /* all have as many after it */
    unsigned odd;      /* one in so many is something else */
    unsigned null;     /* likewise */
};

static unsigned below(uint64_t *state, unsigned most)
{
    return (unsigned)(unit_random(state) % most);
}

static char *put_digits(uint64_t *state, char *at, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        *at++ = (char)('0' + below(state, 10));
    return at;
}

static size_t put_regular(uint64_t *state, char *out, const struct style *style)
{
    char *at = out;
    if (below(state, 3) == 0)
        *at++ = '-';
    at = put_digits(state, at, 1 + below(state, style->digits));
    const unsigned fraction =
        style->is_regular ? style->fraction : below(state, style->fraction + 1);
    if (fraction > 0) {
        *at++ = '.';
        at = put_digits(state, at, fraction);
    }
    return (size_t)(at - out);
}

static const struct text near_misses[] = {
    {"", 0},
    {"-", 1},
    {".", 1},
    {"+", 1},
    {"+.", 2},
    {"-.", 2},
    {"1..2", 4},
    {"1.2.3", 5},
    {"1-2", 3},
    {"--1", 3},
    {"-+1", 3},
    {" 1", 2},
    {"1 ", 2},
    {"1\t", 2},
    {" ", 1},
    {"\t", 1},
    {" - 1", 4},
    {"/", 1},
    {":", 1},
    {"1:", 2},
    {"/1", 2},
    {"\xd9\xa1", 2},
    {"1\xb2", 2},
    {"1\0", 2},
    {"\0", 1},
    {"1\0002", 3},
    {"1e5", 3},
    {"1E5", 3},
    {"+5", 2},
    {"+.5", 3},
    {".5", 2},
    {"5.", 2},
    {"-.5", 3},
    {"-5.", 3},
    {"1.50", 4},
    {"007", 3},
    {"0", 1},
    {"-0", 2},
    {"00.000", 6},
    {"1,5", 3},
    {"nan", 3},
    {"inf", 3},
    {"-inf", 4},
    {"0x10", 4},
    {"1_0", 3},
    {"1.-5", 4},
    {"1.+5", 4},
    {"........", 8},
    {"--------", 8},
    {"-1234567", 8},
    {"12345678", 8},
    {"123456789", 9},
    {".1234567", 8},
    {"1234567.", 8},
    {"1234567.8", 9},
    {"12345678.", 9},
    {"12345678.9", 10},
    {"-.12345678", 10},
    {"-12345678", 9},
    {"1234567890123456", 16},
    {"-123456789012345", 16},
    {"-1234567890123456", 17},
    {"12345678.1234567", 16},
    {"1234567.12345678", 16},
    {"1.2345678.1234567", 17},
    {"1.2345678.123456", 16},
    {"999999999999999999", 18},
    {"-999999999999999999", 19},
    {"1000000000000000000", 19},
    {"0000000000000000000000000000001", 31},
    {"0.0000000000000000000000000000000000001", 39},
    {"0.00000000000000000000000000000000000001", 40},
    {"0.000000000000000000000000000000000000000", 41},
    {"0.00000000000000000", 19},
    {"9223372036854775808", 19},
    {"18446744073709551617", 20},
};

/* Something else than the column's style: of any length, or nearly right. */
static size_t put_odd(uint64_t *state, char *out)
{
    static const char bytes[] = "0123456789012345678901234567890.-+ \t/:e,\xd9\x80\xff";
    if (below(state, 2) == 0) {
        const struct text *const text =
            &near_misses[below(state, sizeof near_misses / sizeof *near_misses)];
        if (text->length > 0)
            memcpy(out, text->bytes, text->length);
        return text->length;
    }
    const struct style style = {.digits = 1 + below(state, 20), .fraction = below(state, 5)};
    size_t length = put_regular(state, out, &style);
    if (below(state, 2) == 0)
        out[below(state, (unsigned)length)] = bytes[below(state, sizeof bytes)];
    return length;
}

static struct style random_style(uint64_t *state)
{
    const struct style style = {
        .digits = 1 + below(state, below(state, 3) == 0 ? 18 : 7),
        .fraction = below(state, below(state, 3) == 0 ? 9 : 3),
        .is_regular = below(state, 2) == 0,
        .odd = below(state, 3) == 0 ? 2 + below(state, 30) : 100000,
        .null = below(state, 3) == 0 ? 1 + below(state, 12) : 100000,
    };
    return style;
}

/* What stands behind a text looks as if it went on, and may be read. */
static void put_padding(uint64_t *state, char *at)
{
    static const char hostile[] = "0123456789.-+ e\0\xff";
    for (int i = 0; i < DECIMAL_PADDING; i++)
        at[i] = hostile[below(state, sizeof hostile - 1)];
}

/* Random texts, a null one with no bytes, in the places that they will have from a random row on:
 * so each row's text comes to stand at the end of the block, with no byte too many behind it. */
static void column_open(struct column *column, uint64_t *state)
{
    const struct style style = random_style(state);
    char bytes[ROWS_MOST * TEXT_MOST + DECIMAL_PADDING];
    size_t begins[ROWS_MOST];
    size_t length = 0;
    const uint32_t most = below(state, 8) == 0 ? ROWS_MOST : ROWS_USUAL;
    column->block = NULL;
    column->count = below(state, most + 1);
    memset(column->texts, 0, sizeof column->texts);
    const uint32_t first = below(state, ROWS_MOST);
    for (uint32_t i = 0; i < column->count; i++) {
        const uint32_t row = (first + i) % column->count;
        struct text *const text = &column->texts[row];
        begins[row] = SIZE_MAX;
        if (below(state, style.null) == 0)
            continue;
        begins[row] = length;
        text->length = below(state, style.odd) == 0 ? put_odd(state, bytes + length)
                                                    : put_regular(state, bytes + length, &style);
        length += text->length;
    }
    put_padding(state, bytes + length);
    column->block = malloc(length + DECIMAL_PADDING);
    ck_assert_ptr_nonnull(column->block);
    memcpy(column->block, bytes, length + DECIMAL_PADDING);
    for (uint32_t row = 0; row < column->count; row++) {
        if (begins[row] != SIZE_MAX)
            column->texts[row].bytes = column->block + begins[row];
    }
}

static void column_close(struct column *column)
{
    free(column->block);
}

/* ---- what parse must give ------------------------------------------------------------------ */

static unsigned digits_after_point(struct text text)
{
    const char *const point = text.length == 0 ? NULL : memchr(text.bytes, '.', text.length);
    unsigned digits = 0;
    for (size_t i = 0; point != NULL && point + 1 + i < text.bytes + text.length; i++)
        digits += point[1 + i] >= '0' && point[1 + i] <= '9';
    return digits;
}

static bool has_exponent(struct text text)
{
    return text.length > 0 && (memchr(text.bytes, 'e', text.length) != NULL ||
                               memchr(text.bytes, 'E', text.length) != NULL);
}

/* The numbers at one scale, from number_parse_column; false when they have none. */
static bool expect(const struct column *column, int64_t *mantissas, struct decimals *out)
{
    struct number numbers[ROWS_MOST];
    uint32_t bad[ROWS_MOST];
    if (number_parse_column(column->texts, column->count, numbers, bad) > 0)
        return false;
    unsigned scale = 0;
    *out = (struct decimals){.mantissas = mantissas};
    for (uint32_t i = 0; i < column->count; i++) {
        const struct text text = column->texts[i];
        out->has_nulls |= text.bytes == NULL;
        if (text.bytes != NULL && (numbers[i].kind != NUMBER_DECIMAL || has_exponent(text)))
            return false;
        const unsigned digits = text.bytes == NULL ? 0 : digits_after_point(text);
        scale = digits > scale ? digits : scale;
    }
    out->exponent = (int8_t) - (int)scale;
    if (scale > NUMBER_DIGITS)
        return false;
    for (uint32_t i = 0; i < column->count; i++) {
        mantissas[i] = DECIMAL_NULL;
        if (numbers[i].kind == NUMBER_NULL)
            continue;
        int128 mantissa = numbers[i].mantissa;
        for (int k = (int)scale + numbers[i].exponent; k > 0 && mantissa != 0; k--) {
            if (power_magnitude(mantissa) >= power_ten(18))
                return false;
            mantissa *= 10;
        }
        if (power_magnitude(mantissa) >= power_ten(18))
            return false;
        mantissas[i] = (int64_t)mantissa;
    }
    return true;
}

static void assert_reads(enum isa isa, const struct column *column)
{
    int64_t expected[ROWS_MOST];
    int64_t mantissas[ROWS_MOST + ROOM];
    struct decimals right;
    struct decimals decimals;
    const bool good = expect(column, expected, &right);
    const bool is_read =
        decimal_kernel_of(isa)->parse(column->texts, column->count, mantissas, &decimals);
    ck_assert_msg(good == is_read, "%s: %d, not %d", isa_name(isa), is_read, good);
    if (!good)
        return;
    ck_assert_ptr_eq(decimals.mantissas, mantissas);
    ck_assert_int_eq(decimals.exponent, right.exponent);
    ck_assert_int_eq(decimals.has_nulls, right.has_nulls);
    for (uint32_t i = 0; i < column->count; i++)
        ck_assert_msg(mantissas[i] == expected[i], "%s: '%.*s' is %lld, not %lld", isa_name(isa),
                      (int)column->texts[i].length, column->texts[i].bytes, (long long)mantissas[i],
                      (long long)expected[i]);
}

static unsigned columns_to_try(void)
{
    return getenv("SHEAF_TEST_FILES") != NULL ? COLUMNS / 12 : COLUMNS; /* a slow build */
}

START_TEST(reads_random_columns)
{
    uint64_t state = unit_seed("decimals", 11 + (uint64_t)_i);
    if (!isa_is_available((enum isa)_i))
        return;
    for (unsigned i = 0; i < columns_to_try(); i++) {
        struct column column;
        column_open(&column, &state);
        assert_reads((enum isa)_i, &column);
        column_close(&column);
    }
}
END_TEST

/* A text as each one of a column, and as one among others, in every place. */
static void assert_reads_everywhere(enum isa isa, struct text text)
{
    char bytes[TEXT_MOST + DECIMAL_PADDING];
    uint64_t state = 5;
    if (text.length > 0)
        memcpy(bytes, text.bytes, text.length);
    put_padding(&state, bytes + text.length);
    static const char other[DECIMAL_PADDING + 4] = "12.5";
    struct column column = {.count = ROOM};
    for (int i = 0; i < ROOM; i++)
        column.texts[i] = (struct text){.bytes = bytes, .length = text.length};
    assert_reads(isa, &column);
    for (uint32_t place = 0; place < ROOM; place++) {
        for (uint32_t i = 0; i < ROOM; i++)
            column.texts[i] = i == place ? (struct text){.bytes = bytes, .length = text.length}
                                         : (struct text){.bytes = other, .length = 4};
        assert_reads(isa, &column);
    }
}

START_TEST(reads_near_misses)
{
    if (!isa_is_available((enum isa)_i))
        return;
    for (size_t i = 0; i < sizeof near_misses / sizeof *near_misses; i++)
        assert_reads_everywhere((enum isa)_i, near_misses[i]);
}
END_TEST

/* Every byte, in every place of a text of every length. */
START_TEST(refuses_every_other_byte)
{
    if (!isa_is_available((enum isa)_i))
        return;
    for (int byte = 0; byte < 256; byte++) {
        char bytes[20 + DECIMAL_PADDING];
        for (uint32_t length = 1; length <= 20; length++) {
            struct column column = {.count = ROOM};
            for (uint32_t i = 0; i < length; i++) {
                memset(bytes, '1', sizeof bytes);
                bytes[i] = (char)byte;
                for (int k = 0; k < ROOM; k++)
                    column.texts[k] = (struct text){.bytes = bytes, .length = length};
                assert_reads((enum isa)_i, &column);
            }
        }
    }
}
END_TEST

/* A form of texts that one scale allows is not sought at another one, nor are nulls. */
START_TEST(changes_the_scale)
{
    static const char *const strings[] = {"1.5",        "2",         "0.25",        "........",
                                          "0.12345678", ".1234567",  "0.123456789", "12345678",
                                          "-",          "1.0000000", NULL};
    enum { STRINGS = sizeof strings / sizeof *strings };
    char bytes[STRINGS][TEXT_MOST + DECIMAL_PADDING] = {{0}};
    struct text texts[STRINGS] = {{0}};
    for (int i = 0; i < STRINGS && strings[i] != NULL; i++)
        texts[i] =
            (struct text){.bytes = strcpy(bytes[i], strings[i]), .length = strlen(strings[i])};
    if (!isa_is_available((enum isa)_i))
        return;
    for (uint32_t k = 0; k < STRINGS * STRINGS * STRINGS; k++) {
        const struct text parts[] = {texts[k % STRINGS], texts[k / STRINGS % STRINGS],
                                     texts[k / STRINGS / STRINGS]};
        struct column column = {.count = 24};
        for (uint32_t i = 0; i < column.count; i++)
            column.texts[i] = parts[i / 8];
        assert_reads((enum isa)_i, &column);
    }
}
END_TEST

START_TEST(expands)
{
    static const int64_t mantissas[] = {5, DECIMAL_NULL, -12, 0};
    const struct decimals decimals = {.mantissas = mantissas, .exponent = -2, .has_nulls = true};
    struct number numbers[4];
    decimals_expand(&decimals, 4, numbers);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(numbers[i].kind, i == 1 ? NUMBER_NULL : NUMBER_DECIMAL);
        ck_assert(i == 1 || (numbers[i].mantissa == mantissas[i] && numbers[i].exponent == -2));
    }
}
END_TEST

/* ---- summaries ----------------------------------------------------------------------------- */

struct rows {
    int64_t mantissas[SUMMARY_ROWS];
    uint32_t selection[SUMMARY_ROWS];
    uint32_t selected;
    bool is_selection;
    bool has_nulls;
};

static void rows_fill(struct rows *rows, uint64_t *state)
{
    static const unsigned sizes[] = {1, 8, 30, 31, 32, 33, 50, 60, 63, 63};
    const unsigned bits = sizes[below(state, sizeof sizes / sizeof *sizes)];
    const unsigned null = below(state, 2) == 0 ? 1 + below(state, 9) : 0;
    const uint32_t count = below(state, below(state, 2) == 0 ? 40 : SUMMARY_ROWS + 1);
    rows->is_selection = below(state, 3) == 0;
    rows->has_nulls = null > 0 || below(state, 2) == 0;
    rows->selected = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t mantissa = (int64_t)(unit_random(state) >> (64 - bits));
        if (below(state, 8) == 0)
            mantissa = (int64_t)((UINT64_C(1) << bits) - 1);
        if (below(state, 2) == 0)
            mantissa = ~mantissa;
        if (mantissa == DECIMAL_NULL)
            mantissa++;
        rows->mantissas[i] = null > 0 && below(state, null) == 0 ? DECIMAL_NULL : mantissa;
        if (!rows->is_selection || below(state, 3) != 0)
            rows->selection[rows->selected++] = i;
    }
}

static void assert_squares(const struct rows *rows, const struct decimal_summary *summary)
{
    mpz_t total;
    mpz_t one;
    mpz_inits(total, one, NULL);
    for (uint32_t i = 0; i < rows->selected; i++) {
        const int64_t mantissa = rows->mantissas[rows->selection[i]];
        if (mantissa == DECIMAL_NULL)
            continue;
        mpz_set_si(one, mantissa);
        mpz_addmul(total, one, one);
    }
    const uint64_t limbs[] = {(uint64_t)summary->squares, (uint64_t)(summary->squares >> 64),
                              summary->squares_high};
    mpz_import(one, 3, -1, sizeof *limbs, 0, 0, limbs);
    ck_assert(mpz_cmp(total, one) == 0);
    mpz_clears(total, one, NULL);
}

static void assert_summary(const struct rows *rows, unsigned parts,
                           const struct decimal_summary *summary)
{
    struct decimal_summary right = {.rows = rows->selected};
    for (uint32_t i = 0; i < rows->selected; i++) {
        const int64_t mantissa = rows->mantissas[rows->selection[i]];
        if (mantissa == DECIMAL_NULL)
            continue;
        right.sum += mantissa;
        if (right.count == 0 || mantissa < right.least)
            right.least = mantissa;
        if (right.count == 0 || mantissa > right.greatest)
            right.greatest = mantissa;
        right.count++;
    }
    const bool has_extremes = (parts & SUMMARY_EXTREMES) != 0;
    ck_assert_uint_eq(summary->rows, right.rows);
    ck_assert_uint_eq(summary->count, right.count);
    ck_assert(summary->sum == ((parts & SUMMARY_SUM) != 0 ? right.sum : 0));
    ck_assert_int_eq(summary->least, has_extremes ? right.least : 0);
    ck_assert_int_eq(summary->greatest, has_extremes ? right.greatest : 0);
    ck_assert_int_eq(summary->exponent, -3);
    if ((parts & SUMMARY_SQUARES) != 0)
        assert_squares(rows, summary);
    else
        ck_assert(summary->squares == 0 && summary->squares_high == 0);
}

START_TEST(summarizes_random_rows)
{
    static struct rows rows;
    uint64_t state = unit_seed("summaries", 21 + (uint64_t)_i);
    if (!isa_is_available((enum isa)_i))
        return;
    for (int i = 0; i < 3000; i++) {
        rows_fill(&rows, &state);
        const struct decimals decimals = {
            .mantissas = rows.mantissas, .exponent = -3, .has_nulls = rows.has_nulls};
        const unsigned parts = below(&state, 16);
        struct decimal_summary summary;
        memset(&summary, 0xa5, sizeof summary);
        decimal_kernel_of((enum isa)_i)
            ->summarize(&decimals, rows.is_selection ? rows.selection : NULL, rows.selected, parts,
                        &summary);
        assert_summary(&rows, parts, &summary);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("decimals");
    TCase *tcase = tcase_create("decimals");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, reads_random_columns, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, reads_near_misses, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, refuses_every_other_byte, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, changes_the_scale, 0, ISA_COUNT);
    tcase_add_loop_test(tcase, summarizes_random_rows, 0, ISA_COUNT);
    tcase_add_test(tcase, expands);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
