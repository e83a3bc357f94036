/* The values that each row of the table gives, against answers worked out another way: integers of
 * hundredths, and GMP's fractions where the answer is rounded. */
#include "unit/agg/dataset.h"

#include "num/parse.h"
#include "num/print.h"
#include "unit/unit.h"

#include <gmp.h>
#include <math.h>
#include <stdalign.h>

enum { STATE_SIZE = 512 };

/* A random column of hundredths: the dataset, and what it says, null or not. */
struct answers {
    struct dataset dataset;
    int64_t hundredths[DATASET_ROWS];
    bool nulls[DATASET_ROWS];
    uint32_t count;      /* of what is not null */
    int64_t thousandths; /* the quantile that is asked for */
};

static void write_hundredths(uint64_t *random, struct buffer *out)
{
    const uint64_t value = unit_random(random) % 200000;
    buffer_append_format(out, "%s%llu.%02llu", value % 7 == 0 ? "-" : "",
                         (unsigned long long)(value / 100), (unsigned long long)(value % 100));
}

static void answers_make(struct answers *answers, uint32_t rows, uint64_t *random)
{
    static const struct dataset_profile profile = {"hundredths", AGG_KIND_NUMBER, write_hundredths,
                                                   2};
    dataset_make(&answers->dataset, &profile, rows, random);
    answers->count = 0;
    for (uint32_t i = 0; i < rows; i++) {
        const struct text text = answers->dataset.texts[i];
        answers->nulls[i] = text.bytes == NULL;
        if (answers->nulls[i])
            continue;
        char digits[32] = "";
        size_t length = 0;
        for (size_t j = 0; j < text.length; j++)
            if (text.bytes[j] != '.')
                digits[length++] = text.bytes[j];
        answers->hundredths[i] = strtoll(digits, NULL, 10);
        answers->count++;
    }
}

static struct value run(const struct agg_ops *ops, const struct answers *answers, char *state)
{
    const struct dataset *dataset = &answers->dataset;
    const struct agg_call call = {
        .ops = ops,
        .kind = dataset->kind,
        .parameter = {.mantissa = answers->thousandths, .exponent = -3, .kind = NUMBER_DECIMAL},
        .column = "x",
        .round = -1,
        .secret = dataset_secret(),
    };
    struct part part;
    struct value value;
    part_make(&part, dataset, part_first(dataset->rows));
    ops->init(state, &call);
    const struct column *column = ops->input == AGG_ROWS ? NULL : &dataset->column;
    ck_assert_int_eq(ops->update(state, &call, column, &part.batch, NULL), SHEAF_OK);
    ck_assert_int_eq(ops->finish(state, &call, &value, NULL), SHEAF_OK);
    return value;
}

static void expect_hundredths(const struct value *value, int64_t hundredths)
{
    ck_assert_int_eq(value->kind, VALUE_NUMBER);
    char expected[48];
    char printed[NUMBER_TEXT_SIZE];
    const long long whole = llabs(hundredths) / 100;
    const long long rest = llabs(hundredths) % 100;
    if (rest % 10 == 0)
        snprintf(expected, sizeof expected, "%s%lld%s%.0lld", hundredths < 0 ? "-" : "", whole,
                 rest == 0 ? "" : ".", rest / 10);
    else
        snprintf(expected, sizeof expected, "%s%lld.%02lld", hundredths < 0 ? "-" : "", whole,
                 rest);
    number_print(&value->number, printed);
    ck_assert_str_eq(printed, expected);
}

static void expect_null(const struct value *value)
{
    ck_assert_int_eq(value->kind, VALUE_NULL);
}

static int64_t total(const struct answers *answers)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < answers->dataset.rows; i++)
        sum += answers->nulls[i] ? 0 : answers->hundredths[i];
    return sum;
}

static void oracle_rows(const struct answers *answers, const struct value *value)
{
    expect_hundredths(value, 100 * (int64_t)answers->dataset.rows);
}

static void oracle_count(const struct answers *answers, const struct value *value)
{
    expect_hundredths(value, 100 * (int64_t)answers->count);
}

static void oracle_nulls(const struct answers *answers, const struct value *value)
{
    expect_hundredths(value, 100 * ((int64_t)answers->dataset.rows - answers->count));
}

static void oracle_sum(const struct answers *answers, const struct value *value)
{
    expect_hundredths(value, total(answers));
}

/* Expects the double nearest to a fraction, or, with `power` 2, to the root of one: no farther
 * from it than the points half-way to the doubles around it. */
static void expect_nearest(const struct value *value, const mpq_t exact, int power)
{
    ck_assert_int_eq(value->kind, VALUE_NUMBER);
    const struct number *number = &value->number;
    char text[NUMBER_TEXT_SIZE];
    number_print(number, text);
    const double real = strtod(text, NULL);
    mpq_t bound, other;
    mpq_inits(bound, other, NULL);
    for (int side = -1; side <= 1; side += 2) {
        mpq_set_d(bound, real);
        mpq_set_d(other, nextafter(real, side < 0 ? -HUGE_VAL : HUGE_VAL));
        mpq_add(bound, bound, other);
        mpq_div_2exp(bound, bound, 1);
        if (power == 2 && mpq_sgn(bound) > 0)
            mpq_mul(bound, bound, bound);
        ck_assert_int_ge(side * mpq_cmp(bound, exact), 0);
    }
    mpq_clears(bound, other, NULL);
}

static void oracle_mean(const struct answers *answers, const struct value *value)
{
    if (answers->count == 0) {
        expect_null(value);
        return;
    }
    mpq_t mean;
    mpq_init(mean);
    mpq_set_si(mean, total(answers), 100 * (unsigned long)answers->count);
    mpq_canonicalize(mean);
    expect_nearest(value, mean, 1);
    mpq_clear(mean);
}

/* (n*Sxx - Sx^2) / (n * divisor), in units of 1. */
static void expect_spread(const struct answers *answers, const struct value *value,
                          uint32_t divisor, int power)
{
    if (answers->count == 0 || divisor == 0) {
        expect_null(value);
        return;
    }
    int64_t squares = 0;
    for (uint32_t i = 0; i < answers->dataset.rows; i++)
        squares += answers->nulls[i] ? 0 : answers->hundredths[i] * answers->hundredths[i];
    mpz_t sum;
    mpq_t spread;
    mpz_init_set_si(sum, total(answers));
    mpq_init(spread);
    mpz_set_si(mpq_numref(spread), squares);
    mpz_mul_ui(mpq_numref(spread), mpq_numref(spread), answers->count);
    mpz_submul(mpq_numref(spread), sum, sum);
    mpz_set_ui(mpq_denref(spread), 10000);
    mpz_mul_ui(mpq_denref(spread), mpq_denref(spread), answers->count);
    mpz_mul_ui(mpq_denref(spread), mpq_denref(spread), divisor);
    mpq_canonicalize(spread);
    expect_nearest(value, spread, power);
    mpz_clear(sum);
    mpq_clear(spread);
}

static void oracle_var(const struct answers *answers, const struct value *value)
{
    expect_spread(answers, value, answers->count - (answers->count > 0), 1);
}

static void oracle_varp(const struct answers *answers, const struct value *value)
{
    expect_spread(answers, value, answers->count, 1);
}

static void oracle_sd(const struct answers *answers, const struct value *value)
{
    expect_spread(answers, value, answers->count - (answers->count > 0), 2);
}

static void oracle_sdp(const struct answers *answers, const struct value *value)
{
    expect_spread(answers, value, answers->count, 2);
}

/* The rows of the smallest and the largest value; false when there is none. */
static bool find_ends(const struct answers *answers, int64_t *low, int64_t *high)
{
    *low = INT64_MAX;
    *high = INT64_MIN;
    for (uint32_t i = 0; i < answers->dataset.rows; i++) {
        if (answers->nulls[i])
            continue;
        *low = answers->hundredths[i] < *low ? answers->hundredths[i] : *low;
        *high = answers->hundredths[i] > *high ? answers->hundredths[i] : *high;
    }
    return answers->count > 0;
}

static void oracle_min(const struct answers *answers, const struct value *value)
{
    int64_t low, high;
    if (find_ends(answers, &low, &high))
        expect_hundredths(value, low);
    else
        expect_null(value);
}

static void oracle_max(const struct answers *answers, const struct value *value)
{
    int64_t low, high;
    if (find_ends(answers, &low, &high))
        expect_hundredths(value, high);
    else
        expect_null(value);
}

static void oracle_range(const struct answers *answers, const struct value *value)
{
    int64_t low, high;
    if (find_ends(answers, &low, &high))
        expect_hundredths(value, high - low);
    else
        expect_null(value);
}

static void expect_text(const struct value *value, struct text text)
{
    ck_assert_int_eq(value->kind, VALUE_TEXT);
    ck_assert_uint_eq(value->text.length, text.length);
    ck_assert_mem_eq(value->text.bytes, text.bytes, text.length);
}

static void oracle_first(const struct answers *answers, const struct value *value)
{
    for (uint32_t i = 0; i < answers->dataset.rows; i++)
        if (!answers->nulls[i]) {
            expect_text(value, answers->dataset.texts[i]);
            return;
        }
    expect_null(value);
}

static void oracle_last(const struct answers *answers, const struct value *value)
{
    for (uint32_t i = answers->dataset.rows; i-- > 0;)
        if (!answers->nulls[i]) {
            expect_text(value, answers->dataset.texts[i]);
            return;
        }
    expect_null(value);
}

static void oracle_distinct(const struct answers *answers, const struct value *value)
{
    int64_t distinct = 0;
    for (uint32_t i = 0; i < answers->dataset.rows; i++) {
        uint32_t j = 0;
        while (j < i && (answers->nulls[j] || answers->hundredths[j] != answers->hundredths[i]))
            j++;
        distinct += !answers->nulls[i] && j == i;
    }
    expect_hundredths(value, 100 * distinct);
}

static int compare_hundredths(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The quantile by method 7, in hundred-thousandths. */
static int64_t quantile_at(const struct answers *answers, int64_t thousandths)
{
    int64_t sorted[DATASET_ROWS];
    size_t count = 0;
    for (uint32_t i = 0; i < answers->dataset.rows; i++)
        if (!answers->nulls[i])
            sorted[count++] = answers->hundredths[i];
    if (count == 0)
        return 0;
    qsort(sorted, count, sizeof *sorted, compare_hundredths);
    const int64_t position = (int64_t)(count - 1) * thousandths;
    const int64_t *low = &sorted[position / 1000];
    const int64_t rest = position % 1000;
    return low[0] * 1000 + (rest == 0 ? 0 : (low[1] - low[0]) * rest);
}

/* Expects so many hundred-thousandths, or null when there is no value. */
static void expect_quantile(const struct answers *answers, const struct value *value, int64_t exact)
{
    if (answers->count == 0) {
        expect_null(value);
    } else if (exact % 1000 == 0) {
        expect_hundredths(value, exact / 1000);
    } else {
        mpq_t fraction;
        mpq_init(fraction);
        mpq_set_si(fraction, exact, 100000);
        mpq_canonicalize(fraction);
        expect_nearest(value, fraction, 1);
        mpq_clear(fraction);
    }
}

static void oracle_quantile(const struct answers *answers, const struct value *value)
{
    expect_quantile(answers, value, quantile_at(answers, answers->thousandths));
}

static void oracle_median(const struct answers *answers, const struct value *value)
{
    expect_quantile(answers, value, quantile_at(answers, 500));
}

static void oracle_iqr(const struct answers *answers, const struct value *value)
{
    expect_quantile(answers, value, quantile_at(answers, 750) - quantile_at(answers, 250));
}

static const struct {
    const char *signature;
    void (*check)(const struct answers *answers, const struct value *value);
} oracles[] = {
    {"count()", oracle_rows},
    {"count(x)", oracle_count},
    {"nulls(x)", oracle_nulls},
    {"sum(x)", oracle_sum},
    {"mean(x)", oracle_mean},
    {"min(x)", oracle_min},
    {"max(x)", oracle_max},
    {"range(x)", oracle_range},
    {"var(x)", oracle_var},
    {"varp(x)", oracle_varp},
    {"sd(x)", oracle_sd},
    {"sdp(x)", oracle_sdp},
    {"first(x)", oracle_first},
    {"last(x)", oracle_last},
    {"any(x)", oracle_first},
    {"median(x)", oracle_median},
    {"p1(x) ... p99(x)", oracle_quantile},
    {"q(x, Q)", oracle_quantile},
    {"iqr(x)", oracle_iqr},
    {"distinct(x)", oracle_distinct},
};
enum { ORACLES = sizeof oracles / sizeof oracles[0] };

/* A row without an oracle fails here. */
START_TEST(test_oracles)
{
    const struct agg_ops *ops = agg_table[_i];
    size_t at = 0;
    while (at < ORACLES && strcmp(oracles[at].signature, ops->signature) != 0)
        at++;
    ck_assert_msg(at < ORACLES, "%s has no oracle", ops->signature);
    uint64_t random = unit_seed(ops->signature, 7);
    for (int n = 0; n < 300; n++) {
        struct answers answers;
        alignas(16) char state[STATE_SIZE];
        answers_make(&answers, (uint32_t)n % DATASET_ROWS, &random);
        answers.thousandths = n % 5 == 0 ? n / 5 % 5 * 250 : (int64_t)(unit_random(&random) % 1001);
        const struct value value = run(ops, &answers, state);
        oracles[at].check(&answers, &value);
        if (ops->drop != NULL)
            ops->drop(state, &(struct agg_call){.ops = ops, .kind = answers.dataset.kind});
        dataset_close(&answers.dataset);
    }
}
END_TEST

/* One call over a few texts, separated by '|' ("\\N" is null), and what it prints. */
struct example {
    const char *call;
    enum agg_kind kind;
    int round;
    const char *values;
    const char *result;
};

static const struct example examples[] = {
    /* No values, and one. */
    {"count", AGG_KIND_NUMBER, -1, "\\N|\\N", "0"},
    {"nulls", AGG_KIND_NUMBER, -1, "\\N|\\N", "2"},
    {"sum", AGG_KIND_NUMBER, -1, "\\N", "0"},
    {"mean", AGG_KIND_NUMBER, -1, "\\N", "null"},
    {"range", AGG_KIND_NUMBER, -1, "\\N", "null"},
    {"range", AGG_KIND_NUMBER, -1, "7.50", "0"},
    {"var", AGG_KIND_NUMBER, -1, "5", "null"},
    {"sd", AGG_KIND_NUMBER, -1, "5", "null"},
    {"varp", AGG_KIND_NUMBER, -1, "5", "0"},
    {"sdp", AGG_KIND_NUMBER, -1, "5", "0"},
    {"var", AGG_KIND_NUMBER, -1, "\\N|5|\\N", "null"},
    /* Rounding of the exact value, half to even. */
    {"sum", AGG_KIND_NUMBER, 2, "0.125|0.12", "0.24"},
    {"mean", AGG_KIND_NUMBER, 2, "1|2|2", "1.67"},
    {"mean", AGG_KIND_NUMBER, 0, "0|1", "0"},
    {"min", AGG_KIND_NUMBER, 2, "2.345|9", "2.34"},
    {"max", AGG_KIND_NUMBER, 2, "2.355|-9", "2.36"},
    {"range", AGG_KIND_NUMBER, 0, "0.5|2", "2"},
    {"range", AGG_KIND_NUMBER, 0, "0.5|-1e-60", "1"},
    {"sdp", AGG_KIND_NUMBER, 3, "1|2", "0.5"},
    {"sd", AGG_KIND_NUMBER, 3, "1|2", "0.707"},
    {"var", AGG_KIND_NUMBER, 1, "1|2|4", "2.3"},
    {"first", AGG_KIND_NUMBER, 0, "2.345", "2.345"},
    {"min", AGG_KIND_TEXT, 0, "2.345", "2.345"},
    {"count", AGG_KIND_NUMBER, 0, "1|2", "2"},
    /* NaN and infinities. */
    {"max", AGG_KIND_NUMBER, -1, "1|nan|inf", "NaN"},
    {"min", AGG_KIND_NUMBER, -1, "nan|inf", "inf"},
    {"min", AGG_KIND_NUMBER, -1, "nan|NaN", "NaN"},
    {"max", AGG_KIND_NUMBER, 2, "1|inf", "inf"},
    {"range", AGG_KIND_NUMBER, -1, "1|nan", "NaN"},
    {"range", AGG_KIND_NUMBER, -1, "1|inf", "inf"},
    {"range", AGG_KIND_NUMBER, -1, "inf|inf", "NaN"},
    {"sum", AGG_KIND_NUMBER, -1, "inf|-inf", "NaN"},
    {"sum", AGG_KIND_NUMBER, -1, "1|-inf", "-inf"},
    {"mean", AGG_KIND_NUMBER, -1, "1|nan", "NaN"},
    {"var", AGG_KIND_NUMBER, -1, "1|inf|3", "NaN"},
    /* Numbers by value, not by spelling; an exact one before its equal double. */
    {"min", AGG_KIND_NUMBER, -1, "10|9", "9"},
    {"max", AGG_KIND_NUMBER, -1, " +1.500 |01.5", "1.5"},
    {"min", AGG_KIND_NUMBER, -1, "-0.0|0", "0"},
    {"max", AGG_KIND_NUMBER, -1,
     "100000000000000000000000000000000000000.5|99999999999999997748809823456034029568",
     "99999999999999997748809823456034029568"},
    {"min", AGG_KIND_NUMBER, -1,
     "99999999999999997748809823456034029568|100000000000000000000000000000000000000.5",
     "99999999999999997748809823456034029568"},
    {"sum", AGG_KIND_NUMBER, -1, "0.1|0.2", "0.3"},
    {"sum", AGG_KIND_NUMBER, -1, "1e300|1|-1e300", "1"},
    /* Texts by bytes, also of numbers; an empty one is a value. */
    {"min", AGG_KIND_TEXT, -1, "10|9", "10"},
    {"max", AGG_KIND_TEXT, -1, "a|ab|\xff", "\xff"},
    {"min", AGG_KIND_TEXT, -1, "b||\\N", ""},
    {"first", AGG_KIND_TEXT, -1, "\\N||b", ""},
    {"last", AGG_KIND_TEXT, -1, "a|\\N", "a"},
    {"any", AGG_KIND_TEXT, -1, "a|b", "a"},
    {"count", AGG_KIND_TEXT, -1, "|x|\\N", "2"},
    {"nulls", AGG_KIND_TEXT, -1, "|x|\\N", "1"},
    /* Times by instant; of equal ones the first to appear. */
    {"min", AGG_KIND_TIME, -1, "2024-03-01|2024-02-29T23:00:00Z|2024-03-01T00:00:00+02:00",
     "2024-03-01T00:00:00+02:00"},
    {"max", AGG_KIND_TIME, -1, "2024-03-01T00:00:00|2024-03-01|2024-03-01T00:00:00Z",
     "2024-03-01T00:00:00"},
    {"min", AGG_KIND_TIME, -1, "\\N|2024-03-01|2024-03-01T00:00:00", "2024-03-01"},
    {"max", AGG_KIND_TIME, -1, "\\N", "null"},
    /* Quantiles: an input value as it is, what is between rounded once. */
    {"median", AGG_KIND_NUMBER, -1, "0.10", "0.1"},
    {"median", AGG_KIND_NUMBER, -1, "12345678901234567890123.5|\\N|9|1e30",
     "12345678901234567890123.5"},
    {"median", AGG_KIND_NUMBER, -1, "1|2", "1.5"},
    {"median", AGG_KIND_NUMBER, 0, "1|2", "2"},
    {"median", AGG_KIND_NUMBER, 0, "2|3", "2"},
    {"median", AGG_KIND_NUMBER, 1, "1|1.3", "1.2"},
    {"median", AGG_KIND_NUMBER, -1, "nan|1|inf", "inf"},
    {"p99", AGG_KIND_NUMBER, -1, "1|2", "1.99"},
    {"p1", AGG_KIND_NUMBER, -1, "3|3.0|03", "3"},
    {"p25", AGG_KIND_NUMBER, 1, "1|2", "1.2"},
    {"p75", AGG_KIND_NUMBER, 1, "1|2", "1.8"},
    {"iqr", AGG_KIND_NUMBER, -1, "7", "0"},
    {"iqr", AGG_KIND_NUMBER, -1, "1|2|3|4|5", "2"},
    {"iqr", AGG_KIND_NUMBER, 1, "1|2|3|4.5", "1.6"},
    /* Different by bytes; null is none, an empty text is one. */
    {"distinct", AGG_KIND_TEXT, -1, "1|1.0|01|1|\\N", "3"},
    {"distinct", AGG_KIND_TEXT, -1, "||\\N|a", "2"},
    {"distinct", AGG_KIND_TEXT, 0, "0123456789abcdef|0123456789abcdefg|0123456789abcdefh", "3"},
};

static void example_column(const struct example *example, struct dataset *dataset)
{
    *dataset = (struct dataset){.kind = example->kind};
    const char *at = example->values;
    for (const char *end = at; *at != 0 || end != NULL;) {
        end = strchr(at, '|');
        const size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        const uint32_t row = dataset->rows++;
        dataset->row_bytes[row] = row;
        dataset->texts[row] = (struct text){.bytes = at, .length = length};
        if (length == 2 && memcmp(at, "\\N", 2) == 0)
            dataset->texts[row] = (struct text){.bytes = NULL};
        dataset->numbers[row] = (struct number){.kind = NUMBER_NULL};
        if (example->kind == AGG_KIND_NUMBER && dataset->texts[row].bytes != NULL)
            ck_assert(number_parse(dataset->texts[row], &dataset->numbers[row]));
        if (example->kind == AGG_KIND_TIME && dataset->texts[row].bytes != NULL)
            ck_assert(instant_parse(dataset->texts[row], &dataset->instants[row]));
        if (end == NULL)
            break;
        at = end + 1;
    }
    dataset->column = (struct column){
        .texts = dataset->texts, .numbers = dataset->numbers, .instants = dataset->instants};
}

static void check_example(const struct example *example)
{
    struct dataset dataset;
    example_column(example, &dataset);
    struct agg_call call = {
        .kind = example->kind, .column = "x", .round = example->round, .secret = dataset_secret()};
    call.ops = agg_find_for(example->call, strlen(example->call), 1, &call.parameter);
    ck_assert_ptr_nonnull(call.ops);
    alignas(16) char state[STATE_SIZE];
    struct part part;
    struct value value;
    part_make(&part, &dataset, part_first(dataset.rows));
    call.ops->init(state, &call);
    ck_assert_int_eq(call.ops->update(state, &call, &dataset.column, &part.batch, NULL), SHEAF_OK);
    ck_assert_int_eq(call.ops->finish(state, &call, &value, NULL), SHEAF_OK);
    char printed[NUMBER_TEXT_SIZE] = "null";
    if (value.kind == VALUE_NUMBER)
        number_print(&value.number, printed);
    if (value.kind == VALUE_TEXT)
        snprintf(printed, sizeof printed, "%.*s", (int)value.text.length, value.text.bytes);
    ck_assert_msg(strcmp(printed, example->result) == 0, "%s of %s is %s, not %s", example->call,
                  example->values, printed, example->result);
    if (call.ops->drop != NULL)
        call.ops->drop(state, &call);
}

START_TEST(test_examples)
{
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        check_example(&examples[i]);
}
END_TEST

enum { MILLION = 1000000 };

/* Feeds a million falling texts to one state, row by row: ever shorter ones, or ever longer. */
START_TEST(test_memory)
{
    static const char *const names[] = {"min", "last"};
    struct memory_budget budget = {.limit = UINT64_MAX};
    static char digits[1024];
    memset(digits, '9', sizeof digits);
    const char *name = names[_i];
    const struct agg_call call = {.ops = agg_find(name, strlen(name)),
                                  .kind = AGG_KIND_TEXT,
                                  .column = "x",
                                  .round = -1,
                                  .budget = &budget};
    alignas(16) char state[STATE_SIZE];
    call.ops->init(state, &call);
    const uint64_t before = memory_allocations();
    for (uint32_t n = MILLION; n-- > 0;) {
        uint32_t left = n;
        for (size_t i = 8; i-- > 0; left /= 10)
            digits[i] = (char)('0' + left % 10);
        const size_t longest = _i == 0 ? n / 1024 : (MILLION - n) / 1024;
        const struct text text = {.bytes = digits, .length = 8 + longest};
        const uint64_t byte = MILLION - n;
        const struct column column = {.texts = &text};
        const struct batch batch = {
            .rows = 1, .row_bytes = &byte, .columns = &column, .selected = 1};
        ck_assert(call.ops->update(state, &call, &column, &batch, NULL) == SHEAF_OK);
    }
    ck_assert_uint_lt(memory_allocations() - before, 100);
    ck_assert_uint_lt(budget.used, 2 * sizeof digits);
    struct value value;
    ck_assert_int_eq(call.ops->finish(state, &call, &value, NULL), SHEAF_OK);
    ck_assert_mem_eq(value.text.bytes, "00000000", 8);
    call.ops->drop(state, &call);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("agg values");
    TCase *tcase = tcase_create("values");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_oracles, 0, (int)agg_table_length);
    tcase_add_test(tcase, test_examples);
    tcase_add_loop_test(tcase, test_memory, 0, 2);
    suite_add_tcase(s, tcase);
    return s;
}

UNIT_MAIN(suite)
