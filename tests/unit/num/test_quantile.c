/* The oracle is written from the definitions, in GMP's rationals: types 1 … 9 as R's manual page of
 * quantile() gives them (without the fuzz of R's code, which is there for binary fractions), the
 * others as numpy.quantile documents them. */
#include "num/compare.h"
#include "num/print.h"
#include "num/quantile.h"
#include "unit/num/oracle.h"
#include "unit/num/sample.h"
#include "unit/unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ITEMS_MOST = 24 };

/* A multiset, and the same as sorted different numbers with counts. */
struct column {
    struct multiset set;
    struct number numbers[ITEMS_MOST];
    uint64_t times[ITEMS_MOST];
    size_t length;
    uint64_t count;
};

static const struct multiset_charge charge = {.what = "the values"};

static void column_open(struct column *column, const struct number *numbers, size_t length,
                        uint64_t times)
{
    *column = (struct column){0};
    for (size_t i = 0; i < length; i++)
        ck_assert_int_eq(multiset_add(&column->set, &numbers[i], times, &charge, NULL), SHEAF_OK);
    ck_assert_int_eq(multiset_settle(&column->set, &charge, NULL), SHEAF_OK);
    column->length = multiset_distinct(&column->set);
    column->count = multiset_count(&column->set);
    for (size_t i = 0; i < column->length; i++)
        multiset_value(&column->set, i, &column->numbers[i], &column->times[i]);
}

static void column_close(struct column *column)
{
    multiset_drop(&column->set, NULL);
}

/* x[rank], ranks from 1; the ends go on for ever. */
static const struct number *ranked(const struct column *column, const mpz_t rank)
{
    if (mpz_sgn(rank) <= 0)
        return &column->numbers[0];
    mpz_t left;
    mpz_init_set(left, rank);
    size_t i = 0;
    for (; i + 1 < column->length && mpz_cmp_ui(left, column->times[i]) > 0; i++)
        mpz_sub_ui(left, left, column->times[i]);
    mpz_clear(left);
    return &column->numbers[i];
}

/* What the result must be: (1 - weight) * low + weight * high. */
struct expected {
    const struct number *low;
    const struct number *high;
    mpq_t weight;
    mpq_t value; /* when those that count are finite */
};

static bool is_finite(const struct number *number)
{
    return number->kind == NUMBER_DECIMAL || isfinite(number->real);
}

/* a and b of the types 4 … 9, in 24ths. */
static const int plotting[][2] = {{0, 24}, {12, 12}, {0, 0}, {24, 24}, {8, 8}, {9, 9}};

/* n p + m. */
static void set_position(mpq_t out, const struct column *column, const mpq_t p,
                         enum quantile_method method)
{
    mpq_t m;
    mpq_t scratch;
    mpq_inits(m, scratch, NULL);
    if (method == QUANTILE_3) {
        mpq_set_si(m, -1, 2);
    } else if (method > QUANTILE_3) { /* m = a + p (1 - a - b) */
        const int *const ab = plotting[method > QUANTILE_9 ? 3 : method - QUANTILE_4];
        mpq_set_si(m, 24 - ab[0] - ab[1], 24);
        mpq_canonicalize(m);
        mpq_mul(m, m, p);
        mpq_set_si(scratch, ab[0], 24);
        mpq_canonicalize(scratch);
        mpq_add(m, m, scratch);
    }
    mpq_set_ui(out, column->count, 1);
    mpq_mul(out, out, p);
    mpq_add(out, out, m);
    mpq_clears(m, scratch, NULL);
}

/* The weight of x[j + 1], given g = n p + m - j. */
static void set_weight(mpq_t out, const mpq_t g, const mpz_t j, enum quantile_method method)
{
    const int half = mpq_cmp_ui(g, 1, 2);
    unsigned long halves;
    switch (method) {
    case QUANTILE_1:
    case QUANTILE_HIGHER:
        halves = mpq_sgn(g) == 0 ? 0 : 2;
        break;
    case QUANTILE_2:
        halves = mpq_sgn(g) == 0 ? 1 : 2;
        break;
    case QUANTILE_3:
        halves = mpq_sgn(g) == 0 && mpz_even_p(j) ? 0 : 2;
        break;
    case QUANTILE_LOWER:
        halves = 0;
        break;
    case QUANTILE_NEAREST: /* numpy counts ranks from 0 */
        halves = half > 0 || (half == 0 && mpz_even_p(j)) ? 2 : 0;
        break;
    case QUANTILE_MIDPOINT:
        halves = mpq_sgn(g) == 0 ? 0 : 1;
        break;
    default:
        mpq_set(out, g);
        return;
    }
    mpq_set_ui(out, halves, 2);
    mpq_canonicalize(out);
}

/* sum += number * weight; what is not finite, or has no weight, does not count. */
static void add_weighted(mpq_t sum, const struct number *number, const mpq_t weight)
{
    if (!is_finite(number) || mpq_sgn(weight) == 0)
        return;
    mpq_t value;
    mpq_init(value);
    oracle_set(value, number);
    mpq_mul(value, value, weight);
    mpq_add(sum, sum, value);
    mpq_clear(value);
}

static void expect(struct expected *out, const struct column *column, const struct number *q,
                   enum quantile_method method)
{
    mpq_t p;
    mpq_t g;
    mpq_t part;
    mpz_t j;
    mpq_inits(p, g, part, out->weight, out->value, NULL);
    mpz_init(j);
    oracle_set(p, q);
    set_position(g, column, p, method);
    mpz_fdiv_q(j, mpq_numref(g), mpq_denref(g));
    mpq_set_z(part, j);
    mpq_sub(g, g, part);
    set_weight(out->weight, g, j, method);
    out->low = ranked(column, j);
    mpz_add_ui(j, j, 1);
    out->high = ranked(column, j);
    mpq_set_ui(g, 1, 1);
    mpq_sub(g, g, out->weight);
    add_weighted(out->value, out->low, g);
    add_weighted(out->value, out->high, out->weight);
    mpz_clear(j);
    mpq_clears(p, g, part, NULL);
}

static void expected_close(struct expected *expected)
{
    mpq_clears(expected->weight, expected->value, NULL);
}

/* The value of the input that the result is, or NULL. */
static const struct number *expected_input(const struct expected *expected)
{
    if (mpq_sgn(expected->weight) == 0 || expected->low == expected->high)
        return expected->low;
    return mpq_cmp_ui(expected->weight, 1, 1) == 0 ? expected->high : NULL;
}

static void assert_identical(const struct number *found, const struct number *expected)
{
    ck_assert_uint_eq(found->kind, expected->kind);
    ck_assert_int_eq(found->exponent, expected->exponent);
    ck_assert_int_eq(number_compare(found, expected), 0);
}

static void check_quantile(const struct column *column, const struct number *q,
                           enum quantile_method method, int round)
{
    struct expected expected;
    struct number out;
    expect(&expected, column, q, method);
    quantile_of(&column->set, q, method, round, &out);
    const struct number *const input = expected_input(&expected);
    if (input != NULL && (round < 0 || !is_finite(input))) {
        assert_identical(&out, input);
    } else if (input != NULL || (is_finite(expected.low) && is_finite(expected.high))) {
        assert_quotient(expected.value, round, &out);
        ck_assert(out.kind == NUMBER_DECIMAL || out.exponent == 0 || input != NULL);
    } else {
        const double weight = mpq_get_d(expected.weight);
        const double low = is_finite(expected.low) ? 0 : expected.low->real;
        const double high = is_finite(expected.high) ? 0 : expected.high->real;
        const double value = (1 - weight) * low + weight * high;
        ck_assert_uint_eq(out.kind, NUMBER_DOUBLE);
        ck_assert(isnan(value) ? isnan(out.real) && !signbit(out.real) : out.real == value);
    }
    expected_close(&expected);
}

/* A decimal from 0 to 1: round ones, ranks of `count`, and any. */
static struct number random_q(uint64_t *state, uint64_t count)
{
    static const int64_t powers[] = {1, 10, 100, 1000, 10000};
    const uint64_t random = unit_random(state);
    const int digits = (int)(random % 5);
    switch ((random >> 8) % 5) {
    case 0:
        return decimal((int64_t)((random >> 16) % (uint64_t)(powers[digits] + 1)), -digits);
    case 1: /* a multiple of 1/count, where that is a decimal: cut where not */
        return decimal((int64_t)((random >> 16) % (count % 1000 + 1) * 10000 / (count % 1000 + 1)),
                       -4);
    case 2: { /* a whole rank of 2^a 5^b values */
        static const int64_t parts[] = {2, 4, 5, 8, 10, 16, 20, 25};
        const int64_t of = parts[(random >> 16) % 8];
        return decimal((int64_t)(random >> 32) % (of + 1) * 10000 / of, -4);
    }
    case 3: { /* 38 digits after the point */
        struct number number = oracle_random_decimal(state);
        number.mantissa = number.mantissa < 0 ? -number.mantissa : number.mantissa;
        number.exponent = -38;
        return number;
    }
    default:
        return decimal((int64_t)(random >> 32) % 2 * 1000, -3); /* 0 and 1 */
    }
}

static const int rounds[] = {-1, 0, 2, 38};

static void check_column(struct column *column, uint64_t *state)
{
    for (int i = 0; i < 6; i++) {
        const struct number q = random_q(state, column->count);
        for (int method = QUANTILE_1; method <= QUANTILE_MIDPOINT; method++)
            check_quantile(column, &q, (enum quantile_method)method,
                           rounds[unit_random(state) % 4]);
    }
}

static struct number random_value(uint64_t *state, int kind)
{
    const uint64_t random = unit_random(state);
    static const double specials[] = {(double)INFINITY, -(double)INFINITY, (double)NAN};
    switch (kind) {
    case 0: /* many ties, many halves */
        return decimal((int64_t)(random % 7) - 3, -(int)(random >> 32) % 2);
    case 1:
        return decimal((int64_t)(random % 2000000) - 1000000, -3);
    case 2:
        return oracle_random_decimal(state);
    case 3:
        return oracle_random_double(state);
    case 4:
        return random % 2 == 0 ? oracle_random_decimal(state) : oracle_random_double(state);
    case 5: {
        struct number single = real((double)((float)(int)(random % 1000) / 7));
        single.exponent = NUMBER_SINGLE;
        return single;
    }
    default:
        return random % 2 == 0 ? real(specials[(random >> 32) % 3]) : random_value(state, 4);
    }
}

START_TEST(agrees_with_the_definitions)
{
    static const size_t lengths[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 16, 17, 20, 21};
    uint64_t state = unit_seed("quantiles", 1);
    for (int i = 0; i < 3000; i++) {
        struct number numbers[ITEMS_MOST];
        const size_t length = lengths[unit_random(&state) % 14];
        for (size_t k = 0; k < length; k++)
            numbers[k] = random_value(&state, i % 7);
        const uint64_t times[] = {1, 1, 2, 5, 1000, 1ULL << 58};
        struct column column;
        column_open(&column, numbers, length, times[unit_random(&state) % 6]);
        check_column(&column, &state);
        column_close(&column);
    }
}
END_TEST

/* quantile(1:10, q, type = …) of R, numpy.quantile(range(1, 11), q, method = …). */
START_TEST(gives_known_answers)
{
    static const struct {
        const char *q;
        const char *answers[QUANTILE_MIDPOINT];
    } table[] = {
        {"0", {"1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1"}},
        {"0.25",
         {"3", "3", "2", "2.5", "3", "2.75", "3.25", "2.9166666666666665", "2.9375", "3", "4", "3",
          "3.5"}},
        {"0.5", {"5", "5.5", "5", "5", "5.5", "5.5", "5.5", "5.5", "5.5", "5", "6", "5", "5.5"}},
        {"0.35",
         {"4", "4", "4", "3.5", "4", "3.85", "4.15", "3.95", "3.9625", "4", "5", "4", "4.5"}},
        {"1", {"10", "10", "10", "10", "10", "10", "10", "10", "10", "10", "10", "10", "10"}},
    };
    struct number numbers[10];
    for (int i = 0; i < 10; i++)
        numbers[i] = decimal(10 - i, 0);
    struct column column;
    column_open(&column, numbers, 10, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct number q = number_of(table[i].q);
        for (int method = QUANTILE_1; method <= QUANTILE_MIDPOINT; method++) {
            struct number out;
            char text[NUMBER_TEXT_SIZE];
            quantile_of(&column.set, &q, (enum quantile_method)method, -1, &out);
            (void)number_print(&out, text);
            ck_assert_str_eq(text, table[i].answers[method - 1]);
        }
    }
    column_close(&column);
}
END_TEST

START_TEST(keeps_values_of_the_input)
{
    /* Decimals that no double is, the mark of single precision, a tie between two inputs. */
    const struct number long_decimal = number_of("12345678901234567890.123456789012345678");
    const struct number numbers[] = {long_decimal, long_decimal, number_of("1e300")};
    const struct number half = number_of("0.5");
    const struct number quarter = number_of("0.250");
    struct number single = real((double)0.1F);
    single.exponent = NUMBER_SINGLE;
    const struct number singles[] = {single, real(0.5)};
    struct column column;
    struct number out;
    column_open(&column, numbers, 3, 1);
    quantile_of(&column.set, &half, QUANTILE_7, -1, &out);
    assert_identical(&out, &long_decimal);
    quantile_of(&column.set, &quarter, QUANTILE_7, -1, &out); /* between two equals */
    assert_identical(&out, &long_decimal);
    column_close(&column);
    column_open(&column, singles, 1, 7);
    quantile_of(&column.set, &half, QUANTILE_8, -1, &out);
    assert_identical(&out, &single);
    column_close(&column);
    column_open(&column, singles, 2, 1);
    quantile_of(&column.set, &half, QUANTILE_7, -1, &out);
    ck_assert_int_eq(out.exponent, 0);
    column_close(&column);
}
END_TEST

/* Rounding is of the exact value, half to even. */
START_TEST(rounds_once)
{
    const struct number numbers[] = {number_of("0.1"), number_of("0.2"), number_of("0.4")};
    static const struct {
        const char *q;
        int round;
        const char *text;
    } table[] = {
        {"0.25", 1, "0.2"}, {"0.75", 1, "0.3"}, {"0.25", 2, "0.15"},
        {"0.5", 0, "0"},    {"1", 0, "0"},      {"0.25", -1, "0.15"},
    };
    struct column column;
    column_open(&column, numbers, 3, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct number q = number_of(table[i].q);
        struct number out;
        char text[NUMBER_TEXT_SIZE];
        quantile_of(&column.set, &q, QUANTILE_7, table[i].round, &out);
        (void)number_print(&out, text);
        ck_assert_str_eq(text, table[i].text);
    }
    column_close(&column);
}
END_TEST

/* ---- ranges ---------------------------------------------------------------------------------- */

static void check_range(const struct column *column, const struct number *from,
                        const struct number *to, int round)
{
    struct expected low;
    struct expected high;
    struct number out;
    expect(&low, column, from, QUANTILE_7);
    expect(&high, column, to, QUANTILE_7);
    quantile_range(&column->set, from, to, round, &out);
    const struct number *const a = expected_input(&high);
    const struct number *const b = expected_input(&low);
    struct number first;
    struct number second;
    quantile_of(&column->set, from, QUANTILE_7, -1, &first);
    quantile_of(&column->set, to, QUANTILE_7, -1, &second);
    if (is_finite(&first) && is_finite(&second)) {
        mpq_sub(high.value, high.value, low.value);
        if (a != NULL && b != NULL && round < 0 && a->kind == NUMBER_DECIMAL &&
            b->kind == NUMBER_DECIMAL)
            ck_assert(oracle_sum(high.value, &out));
        else
            assert_quotient(high.value, round, &out);
    } else {
        const double x = is_finite(&second) ? 0 : second.real;
        const double y = is_finite(&first) ? 0 : first.real;
        ck_assert(isnan(x - y) ? isnan(out.real) && !signbit(out.real) : out.real == x - y);
    }
    expected_close(&low);
    expected_close(&high);
}

START_TEST(gives_ranges)
{
    uint64_t state = unit_seed("ranges", 2);
    for (int i = 0; i < 3000; i++) {
        struct number numbers[ITEMS_MOST];
        const size_t length = 1 + unit_random(&state) % 20;
        for (size_t k = 0; k < length; k++)
            numbers[k] = random_value(&state, i % 7);
        struct column column;
        column_open(&column, numbers, length, 1 + unit_random(&state) % 3);
        const struct number from = i % 2 == 0 ? decimal(25, -2) : random_q(&state, column.count);
        const struct number to = i % 2 == 0 ? decimal(75, -2) : random_q(&state, column.count);
        check_range(&column, &from, &to, rounds[unit_random(&state) % 4]);
        column_close(&column);
    }
}
END_TEST

/* ---- ranks and edges ------------------------------------------------------------------------- */

START_TEST(finds_lower_ranks)
{
    uint64_t state = unit_seed("ranks", 3);
    mpq_t position;
    mpq_t p;
    mpz_t rank;
    mpq_inits(position, p, NULL);
    mpz_init(rank);
    for (int i = 0; i < 5000; i++) {
        const uint64_t count = 1 + (unit_random(&state) >> (1 + unit_random(&state) % 63));
        const struct number q = random_q(&state, count);
        oracle_set(p, &q);
        mpq_set_ui(position, count - 1, 1);
        mpq_mul(position, position, p);
        mpz_fdiv_q(rank, mpq_numref(position), mpq_denref(position));
        ck_assert(mpz_cmp_ui(rank, quantile_lower_rank(count, &q)) == 0);
    }
    mpz_clear(rank);
    mpq_clears(position, p, NULL);
}
END_TEST

/* low + (high - low) * part / parts. */
static void set_edge(mpq_t out, const struct number *low, const struct number *high, uint64_t part,
                     uint64_t parts)
{
    mpq_t from;
    mpq_init(from);
    oracle_set(from, low);
    oracle_set(out, high);
    mpq_sub(out, out, from);
    mpz_mul_ui(mpq_numref(out), mpq_numref(out), part);
    mpz_mul_ui(mpq_denref(out), mpq_denref(out), parts);
    mpq_canonicalize(out);
    mpq_add(out, out, from);
    mpq_clear(from);
}

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

START_TEST(gives_edges)
{
    uint64_t state = unit_seed("edges", 4);
    mpq_t edge;
    mpq_t value;
    mpq_inits(edge, value, NULL);
    for (int i = 0; i < 5000; i++) {
        struct number numbers[3];
        for (int k = 0; k < 3; k++)
            numbers[k] = random_value(&state, i % 5);
        const bool swap = number_compare(&numbers[0], &numbers[1]) > 0;
        const struct number *const low = &numbers[swap];
        const struct number *const high = &numbers[!swap];
        const uint64_t parts = 1 + (unit_random(&state) >> (unit_random(&state) % 64));
        const uint64_t part = i % 3 == 0
                                  ? unit_random(&state) % 2 * parts
                                  : unit_random(&state) % (parts == UINT64_MAX ? parts : parts + 1);
        const int round = rounds[unit_random(&state) % 4];
        struct number out;
        set_edge(edge, low, high, part, parts);
        quantile_edge(low, high, part, parts, round, &out);
        if (part == 0 || part == parts)
            assert_identical(&out, part == 0 ? low : high);
        else
            assert_quotient(edge, round, &out);
        oracle_set(value, &numbers[2]);
        ck_assert_int_eq(sign(quantile_compare_edge(&numbers[2], low, high, part, parts)),
                         sign(mpq_cmp(value, edge)));
        ck_assert_int_eq(sign(quantile_compare_edge(low, low, high, part, parts)),
                         part == 0 || number_compare(low, high) == 0 ? 0 : -1);
    }
    mpq_clears(edge, value, NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("quantile");
    TCase *tests = tcase_create("quantile");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, agrees_with_the_definitions);
    tcase_add_test(tests, gives_known_answers);
    tcase_add_test(tests, keeps_values_of_the_input);
    tcase_add_test(tests, rounds_once);
    tcase_add_test(tests, gives_ranges);
    tcase_add_test(tests, finds_lower_ranks);
    tcase_add_test(tests, gives_edges);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
