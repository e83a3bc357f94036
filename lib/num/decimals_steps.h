/* num/decimals_steps.h - the algorithms of the decimal kernels that work on several values at once.
 *
 * Written over a few primitives, which a file for an instruction set defines before it includes
 * this (alone, it is empty): `words`, a vector of LANES 64-bit words, and functions on it, named
 * words_*. Where such a function tells something of each word it gives a word of ones for yes, 0
 * for no.
 *
 * Digits become numbers in three steps that multiply neighbours and add (Wojciech Muła, "Parsing
 * series of integers with SIMD", 0x80.pl, 2018). Before that the sign and the point are taken out:
 * a text is moved to the end of its word, and what stands before the point moves up over it. There
 * are two ways: for texts of one form, with the point as far from the end in each, which are most,
 * and for any others of at most two words, of which each one's own point is found. */
#ifndef NUM_DECIMALS_STEPS_H
#define NUM_DECIMALS_STEPS_H

#include "num/decimals_kernel.h"

#ifdef DECIMALS_PRIMITIVES

enum {
    WORD_BYTES = 8,
    PAIR_BYTES = 16,
    WORD_BITS = 64,
};

static const uint64_t byte_ones = UINT64_C(0x0101010101010101);
static const uint64_t all_zeros = UINT64_C(0x3030303030303030); /* digits */
static const uint64_t word_top = UINT64_C(1) << 63;
static const uint64_t quad_ten = 10000;
static const uint64_t word_ten = 100000000;

/* The point and the minus sign, taken like digits. */
static const uint64_t point_digit = '.' ^ '0';
static const uint64_t minus_digit = '-' ^ '0';

/* How many bytes stand behind each one in its word. */
static const uint64_t bytes_behind = UINT64_C(0x0001020304050607);

/* One value a lane, on its way. */
struct lanes {
    words magnitudes;
    words negative;
    words digits; /* after the point */
    words bad;    /* not 0 where the text was something else */
};

static inline bool any(words values)
{
    return words_meet(values, values);
}

/* Loads a word from each address. */
static inline words load_words(words addresses)
{
    const char *at[LANES];
    words_store(at, addresses);
    return words_gather(at);
}

/* Takes the sign out of the first bytes of texts; gives which had one. */
static inline words take_sign(words *first)
{
    const words low = words_and(*first, words_all(0xff));
    const words negative = words_equal(low, words_all(minus_digit));
    *first = words_andnot(words_and(negative, words_all(0xff)), *first);
    return negative;
}

/* The bytes before the first point of each word; none where there is none. */
static inline words before_point(words ones)
{
    const words some = words_andnot(words_equal(ones, words_zero()), words_all(UINT64_MAX));
    return words_and(some, words_andnot(ones, words_sub(ones, words_all(1))));
}

/* Not 0 where the number of points is more than 1, or no digit is beside sign and point. */
static inline words judge(words lengths, words negative, words points)
{
    const words digits = words_sub(words_add(lengths, negative), points);
    const words lacking = words_sub(digits, words_all(1));
    const words many = words_sub(words_all(1), points);
    return words_and(words_or(lacking, many), words_all(word_top));
}

/* The number that the decimal digits of each word make, the first byte's digit first. */
static inline words number_of_digits(words digits)
{
    const words quads = words_quads(digits);
    return words_add(words_multiply(quads, words_all(quad_ten)), words_upper_half(quads));
}

static inline words negate(words values, words negative)
{
    return words_sub(words_xor(values, negative), negative);
}

/* Reads texts of 8 bytes at most. */
static inline struct lanes read_word(words lengths, words begins)
{
    words bytes = words_xor(load_words(begins), words_all(all_zeros));
    const words negative = take_sign(&bytes);
    const words unused = words_sub(words_all(WORD_BITS), words_times_eight(lengths));
    bytes = words_shift_up(bytes, unused);
    const words points = words_equal_bytes(bytes, words_all(point_digit * byte_ones));
    const words ones = words_and(points, words_all(byte_ones));
    const words before = before_point(ones);
    bytes = words_andnot(points, bytes);
    bytes = words_or(words_andnot(before, bytes), words_up_byte(words_and(before, bytes)));
    const words bad = judge(lengths, negative, words_sum_bytes(ones));
    return (struct lanes){
        .magnitudes = number_of_digits(bytes),
        .negative = negative,
        .digits = words_sum_bytes(words_and(points, words_all(bytes_behind))),
        .bad = words_or(bad, words_over_nine(bytes)),
    };
}

/* The 16 bytes of a text, moved to their end. */
struct pair {
    words low; /* the first bytes */
    words high;
};

static inline struct pair move_pair(words first, words second, words lengths)
{
    /* By so much the first word moves into the second one, or past its beginning. */
    const words unused = words_sub(words_all(2 * WORD_BITS), words_times_eight(lengths));
    const words back = words_sub(words_all(WORD_BITS), unused);
    const words past = words_sub(unused, words_all(WORD_BITS));
    const words moved = words_or(words_shift_down(first, back), words_shift_up(first, past));
    return (struct pair){.low = words_shift_up(first, unused),
                         .high = words_or(words_shift_up(second, unused), moved)};
}

static inline words number_of_pair(const struct pair *digits)
{
    const words low = words_multiply(number_of_digits(digits->low), words_all(word_ten));
    return words_add(low, number_of_digits(digits->high));
}

static inline struct pair load_pair(words lengths, words begins, words *negative)
{
    words first = words_xor(load_words(begins), words_all(all_zeros));
    const words next = words_add(begins, words_all(WORD_BYTES));
    const words second = words_xor(load_words(next), words_all(all_zeros));
    *negative = take_sign(&first);
    return move_pair(first, second, lengths);
}

/* Reads texts of 16 bytes at most. */
static inline struct lanes read_pair(words lengths, words begins)
{
    words negative;
    struct pair bytes = load_pair(lengths, begins, &negative);
    const words point = words_all(point_digit * byte_ones);
    const words low_points = words_equal_bytes(bytes.low, point);
    const words high_points = words_equal_bytes(bytes.high, point);
    const words low_ones = words_and(low_points, words_all(byte_ones));
    const words high_ones = words_and(high_points, words_all(byte_ones));
    const words low_count = words_sum_bytes(low_ones);
    const words high_count = words_sum_bytes(high_ones);
    const words none_high = words_equal(high_ones, words_zero());

    const words high_before = before_point(high_ones);
    const words low_before =
        words_or(before_point(low_ones), words_andnot(none_high, words_all(UINT64_MAX)));
    const words low = words_andnot(low_points, bytes.low);
    const words high = words_andnot(high_points, bytes.high);
    const words carried = words_andnot(none_high, words_top_byte(low));
    bytes.low = words_or(words_andnot(low_before, low), words_up_byte(words_and(low_before, low)));
    bytes.high =
        words_or(words_andnot(high_before, high), words_up_byte(words_and(high_before, high)));
    bytes.high = words_or(bytes.high, carried);

    const words low_digits =
        words_add(words_sum_bytes(words_and(low_points, words_all(bytes_behind))),
                  words_times_eight(low_count));
    const words high_digits = words_sum_bytes(words_and(high_points, words_all(bytes_behind)));
    const words over = words_or(words_over_nine(bytes.low), words_over_nine(bytes.high));
    return (struct lanes){
        .magnitudes = number_of_pair(&bytes),
        .negative = negative,
        .digits = words_add(low_digits, high_digits),
        .bad = words_or(judge(lengths, negative, words_add(low_count, high_count)), over),
    };
}

/* Powers of ten by which a number of one word can be multiplied without a look at the product. */
enum { NEAR_POWERS = 8 };

static inline words powers_of_ten(words powers)
{
    static const uint64_t table[NEAR_POWERS] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t each[LANES];
    const char *at[LANES];
    words_store(each, powers);
    for (int i = 0; i < LANES; i++)
        at[i] = (const char *)&table[each[i]];
    return words_gather(at);
}

/* Reads LANES texts of any kind, as rows from `row` on. False as decimal_kernel.parse. */
static __attribute__((noinline)) bool read_any(struct decimal_column *column, uint32_t row)
{
    const struct text *const texts = column->texts + row;
    /* A null text is read as if it were a zero. */
    static const char zeros[2 * WORD_BYTES + 1] = "0000000000000000";
    const words pointers = words_of_pointers(texts);
    const words nulls = words_equal(pointers, words_zero());
    const words begins = words_or(pointers, words_and(nulls, words_all((uintptr_t)zeros)));
    const words lengths =
        words_or(words_andnot(nulls, words_of_lengths(texts)), words_and(nulls, words_all(1)));
    /* Of an empty text these are all bits. */
    const words but_one = words_sub(lengths, words_all(1));
    if (words_meet(but_one, words_all(~(PAIR_BYTES - UINT64_C(1)))))
        return decimals_read_rows(column, row, LANES);
    const bool is_word = !words_meet(but_one, words_all(WORD_BYTES));
    struct lanes lanes = is_word ? read_word(lengths, begins) : read_pair(lengths, begins);
    if (any(lanes.bad))
        return decimals_read_rows(column, row, LANES);
    column->has_nulls |= any(nulls);
    const words scale = words_all(column->scale);
    const words digits = words_or(lanes.digits, words_and(nulls, scale));
    /* Of digits finer than the scale these are nearly all bits. */
    const words powers = words_sub(scale, digits);
    const bool is_near = is_word && !words_meet(powers, words_all(~(NEAR_POWERS - UINT64_C(1))));
    if (is_near)
        lanes.magnitudes = words_multiply(lanes.magnitudes, powers_of_ten(powers));
    const words values = negate(lanes.magnitudes, lanes.negative);
    words_store(column->mantissas + row, words_or(values, words_and(nulls, words_all(word_top))));
    if (is_near || !any(powers))
        return true;
    uint64_t each[LANES];
    words_store(each, digits);
    return decimals_align(column, row, LANES, each);
}

/* Where the point stands in a word of each text, and what of the word moves up over it. */
struct word_form {
    uint64_t points; /* as words_where_same gives them */
    words before;    /* the bytes before the point: none if it is not in this word or a later one */
    words behind;
};

/* What most columns' texts are: with the point, if any, as far from the end in each one. */
struct form {
    unsigned scale; /* below PAIR_BYTES */
    struct word_form low;
    struct word_form high; /* of a text of one word, this one */
    words carry;           /* of the top byte of the low word, which moves into the high one */
    words null_begin;      /* zeros of this form, PAIR_BYTES of them, to be read for null */
    words null_length;
    words null_word; /* the length of its last word */
};

/* The point is the byte at `point`: of those before this word (-1), or behind it (WORD_BYTES), as
 * when there is none. */
static inline struct word_form form_of_word(int point, bool moves)
{
    if (point < 0 || point >= WORD_BYTES)
        return (struct word_form){.points = 0,
                                  .before = words_all(moves ? UINT64_MAX : 0),
                                  .behind = words_all(moves ? 0 : UINT64_MAX)};
    const uint64_t before = (UINT64_C(1) << (8 * point)) - 1;
    return (struct word_form){.points = (byte_ones << point) & words_bytes,
                              .before = words_all(before),
                              .behind = words_all(~(before << 8 | 0xff))};
}

static inline struct form form_of_scale(unsigned scale)
{
    static const char zeros[2 * PAIR_BYTES + 1] = "000000000000000.0000000000000000";
    const bool is_high = scale > 0 && scale < WORD_BYTES;
    const int point = scale == 0 ? PAIR_BYTES : PAIR_BYTES - 1 - (int)scale;
    return (struct form){
        .scale = scale,
        .low = form_of_word(point, is_high),
        .high = form_of_word(point - WORD_BYTES, false),
        .carry = words_all(is_high ? 0xff : 0),
        .null_begin = words_all((uintptr_t)zeros + scale),
        .null_length = words_all(scale == 0 ? 1 : PAIR_BYTES),
        .null_word = words_all(scale == 0 ? 1 : WORD_BYTES),
    };
}

/* Where texts begin. */
struct begins {
    const char *at[LANES];
};

static inline struct begins begins_of(const struct text *texts, flags nulls, words pointers,
                                      words null_begin)
{
    struct begins begins;
    if (flags_any(nulls)) {
        words_store(begins.at, words_pick(nulls, null_begin, pointers));
        return begins;
    }
    for (int i = 0; i < LANES; i++)
        begins.at[i] = texts[i].bytes;
    return begins;
}

/* Takes the sign out of the first bytes, as take_sign. */
static inline flags take_flag(words *first)
{
    const words minus = words_all(minus_digit);
    const flags negative = words_same(words_and(*first, words_all(0xff)), minus);
    *first = words_xor_where(negative, *first, minus);
    return negative;
}

static inline bool has_points(words bytes, const struct word_form *form)
{
    return words_where_same(bytes, words_all(point_digit * byte_ones)) == form->points;
}

static inline words close_point(words bytes, const struct word_form *form)
{
    return words_or(words_up_byte(words_and(bytes, form->before)), words_and(bytes, form->behind));
}

/* Reads LANES texts of the form, of one word each; false when one is of another. */
static inline bool read_form(const struct form *form, const struct text *texts, int64_t *mantissas,
                             flags *nulls)
{
    const words pointers = words_of_pointers(texts);
    *nulls = words_same(pointers, words_zero());
    const words lengths = words_pick(*nulls, form->null_word, words_of_lengths(texts));
    if (words_meet(words_sub(lengths, words_all(1)), words_all(~(WORD_BYTES - UINT64_C(1)))))
        return false;
    const words null_begin = words_add(form->null_begin, words_all(WORD_BYTES));
    const struct begins begins = begins_of(texts, *nulls, pointers, null_begin);
    words bytes = words_xor(words_gather(begins.at), words_all(all_zeros));
    const flags negative = take_flag(&bytes);
    bytes = words_shift_up(bytes, words_sub(words_all(WORD_BITS), words_times_eight(lengths)));
    if (!has_points(bytes, &form->high))
        return false;
    bytes = close_point(bytes, &form->high);
    /* Behind a point stand digits; without one, a text may be nothing but its sign. */
    const flags single = flags_and(negative, words_same(lengths, words_all(1)));
    if (!words_are_digits(bytes) || flags_any(single))
        return false;
    const words values = words_negate_where(negative, number_of_digits(bytes));
    words_store(mantissas, words_pick(*nulls, words_all(word_top), values));
    return true;
}

/* As read_form, of two words at most. */
static inline bool read_pair_form(const struct form *form, const struct text *texts,
                                  int64_t *mantissas, flags *nulls)
{
    const words pointers = words_of_pointers(texts);
    *nulls = words_same(pointers, words_zero());
    const words lengths = words_pick(*nulls, form->null_length, words_of_lengths(texts));
    if (words_meet(words_sub(lengths, words_all(1)), words_all(~(PAIR_BYTES - UINT64_C(1)))))
        return false;
    struct begins begins = begins_of(texts, *nulls, pointers, form->null_begin);
    words first = words_xor(words_gather(begins.at), words_all(all_zeros));
    for (int i = 0; i < LANES; i++)
        begins.at[i] += WORD_BYTES;
    const words second = words_xor(words_gather(begins.at), words_all(all_zeros));
    const flags negative = take_flag(&first);
    struct pair bytes = move_pair(first, second, lengths);
    if (!has_points(bytes.low, &form->low) || !has_points(bytes.high, &form->high))
        return false;
    const words carried = words_and(words_top_byte(bytes.low), form->carry);
    bytes.low = close_point(bytes.low, &form->low);
    bytes.high = words_or(close_point(bytes.high, &form->high), carried);
    const flags single = flags_and(negative, words_same(lengths, words_all(1)));
    if (!words_are_digits(words_most_bytes(bytes.low, bytes.high)) || flags_any(single))
        return false;
    const words values = words_negate_where(negative, number_of_pair(&bytes));
    words_store(mantissas, words_pick(*nulls, words_all(word_top), values));
    return true;
}

/* Reads texts of the form, as many vectors as there are and are such; gives the row behind them. A
 * function of its own, without a call, so that all that stays the same stays in registers. */
static __attribute__((noinline)) uint32_t read_forms(struct decimal_column *column, uint32_t row,
                                                     uint32_t count, const struct form *of)
{
    const struct form form = *of;
    const struct text *const texts = column->texts;
    int64_t *const mantissas = column->mantissas;
    bool has_nulls = column->has_nulls;
    for (; count - row >= LANES; row += LANES) {
        flags nulls;
        if (!read_form(&form, texts + row, mantissas + row, &nulls))
            break;
        has_nulls |= flags_any(nulls);
    }
    column->has_nulls = has_nulls;
    return row;
}

/* As read_forms. */
static __attribute__((noinline)) uint32_t read_pair_forms(struct decimal_column *column,
                                                          uint32_t row, uint32_t count,
                                                          const struct form *of)
{
    const struct form form = *of;
    const struct text *const texts = column->texts;
    int64_t *const mantissas = column->mantissas;
    bool has_nulls = column->has_nulls;
    for (; count - row >= LANES; row += LANES) {
        flags nulls;
        if (!read_pair_form(&form, texts + row, mantissas + row, &nulls))
            break;
        has_nulls |= flags_any(nulls);
    }
    column->has_nulls = has_nulls;
    return row;
}

/* Rows that are read one way before a quicker one is tried again. */
enum { PATIENCE = 16 * LANES };

static inline uint32_t after_patience(uint32_t row, uint32_t count)
{
    return count - row > PATIENCE ? row + PATIENCE : count;
}

static inline bool parse_texts(const struct text *texts, uint32_t count, int64_t *mantissas,
                               struct decimals *out)
{
    struct decimal_column column = {.texts = texts, .mantissas = mantissas};
    struct form form = form_of_scale(0);
    uint32_t row = 0;
    while (count - row >= LANES) {
        if (column.scale != form.scale && column.scale < PAIR_BYTES)
            form = form_of_scale(column.scale);
        if (form.scale == column.scale && form.scale < WORD_BYTES)
            row = read_forms(&column, row, count, &form);
        const uint32_t before = row;
        if (form.scale == column.scale)
            row = read_pair_forms(&column, row, after_patience(row, count), &form);
        if (row - before == PATIENCE)
            continue;
        const uint32_t end = after_patience(row, count);
        for (const unsigned scale = column.scale; end - row >= LANES && column.scale == scale;
             row += LANES) {
            if (!read_any(&column, row))
                return false;
        }
    }
    if (!decimals_read_rows(&column, row, count - row))
        return false;
    *out = decimals_of_column(&column);
    return true;
}

#endif
#endif
