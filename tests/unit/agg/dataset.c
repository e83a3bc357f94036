#include "unit/agg/dataset.h"

#include "num/parse.h"
#include "unit/unit.h"

static void pick(uint64_t *random, struct buffer *out, const char *const *choices, size_t count)
{
    buffer_append_string(out, choices[unit_random(random) % count]);
}

static void write_integer(uint64_t *random, struct buffer *out)
{
    buffer_append_format(out, "%d", (int)(unit_random(random) % 2001) - 1000);
}

static void write_decimal(uint64_t *random, struct buffer *out)
{
    const int digits = (int)(unit_random(random) % 12);
    buffer_append_format(out, "%d.%0*llu", (int)(unit_random(random) % 2000001) - 1000000, digits,
                         (unsigned long long)(unit_random(random) % 10));
}

/* Exact decimals up to the last of 38 digits, and numbers past them, which are doubles. */
static void write_wide(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {
        "99999999999999999999999999999999999999",
        "-99999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000001",
        "1e38",
        "-1e38",
        "1e-38",
        "1e300",
        "-1e300",
        "1.7976931348623157e308",
        "4.9e-324",
        "-4.9e-324",
        "123456789.123456789",
        "1e39",
        "2.5e-39",
    };
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

static void write_special(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {"inf", "-inf", "nan", "1", "-2.5", "1e200", "0", "-0"};
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

static void write_infinite(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {"+inf", "infinity", "3", "1e99"};
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

/* Few values in many spellings. The last two are equal, but one is exact and the other is the
 * double next to a number of 40 digits. */
static void write_tied(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {
        "1",
        "1.0",
        "01",
        "+1.000",
        "1e0",
        "10e-1",
        "0",
        "-0",
        "0.0",
        "-0.0e5",
        "99999999999999997748809823456034029568",
        "100000000000000000000000000000000000000.5",
    };
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

/* A decimal, and doubles of single precision, of which every other one is marked. */
static void write_tied_single(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {
        "85070591730234615865843651857942052864",
        "85070591730234615865843651857942052864.1",
        "9.094947017729282379150390625e-13",
        "-9.094947017729282379150390625e-13",
    };
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

static void write_time(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {
        "2024-02-29",
        "2024-02-29T00:00:00",
        "2024-02-29 00:00:00.000",
        "2024-02-29T00:00:00Z",
        "2024-02-29T02:00:00+02:00",
        "1969-12-31",
        "1969-12-31T00:00:00.000000000000000001",
        "2024-02-28T23:59:59.999999999999999999",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T00:00:00",
    };
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

static void write_text(uint64_t *random, struct buffer *out)
{
    static const uint8_t alphabet[] = {'a', 'b', 0, 0xff, ' '};
    const uint64_t shape = unit_random(random);
    const size_t length = shape % 16 == 0 ? shape / 16 % 300 : shape / 16 % 20;
    for (size_t i = 0; i < length; i++)
        buffer_append_byte(out, (char)alphabet[unit_random(random) % sizeof alphabet]);
}

static void write_mixed(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {"1",   "-2.50", "1e3",        "nan",
                                          "007", "TRUE",  "2024-02-29", "2024-02-29T00:00:00Z",
                                          "",    "x",     "-inf",       "2024-02-29 00:00:00"};
    /* Few kinds at a time, so that columns of all types occur. */
    const size_t count = sizeof choices / sizeof choices[0];
    pick(random, out, choices, 1 + unit_random(random) % count);
}

static void write_boolean(uint64_t *random, struct buffer *out)
{
    static const char *const choices[] = {"true", "false", "True", "FALSE"};
    pick(random, out, choices, sizeof choices / sizeof choices[0]);
}

const struct dataset_profile dataset_profiles[] = {
    {"integers", AGG_KIND_NUMBER, write_integer, 1},
    {"decimals", AGG_KIND_NUMBER, write_decimal, 2},
    {"wide", AGG_KIND_NUMBER, write_wide, 1},
    {"special", AGG_KIND_NUMBER, write_special, 1},
    {"infinite", AGG_KIND_NUMBER, write_infinite, 4},
    {"tied", AGG_KIND_NUMBER, write_tied, 1},
    {"no numbers", AGG_KIND_NUMBER, write_integer, 8},
    {"few numbers", AGG_KIND_NUMBER, write_decimal, 7},
    {"times", AGG_KIND_TIME, write_time, 2},
    {"few times", AGG_KIND_TIME, write_time, 7},
    {"texts", AGG_KIND_TEXT, write_text, 2},
    {"few texts", AGG_KIND_TEXT, write_text, 7},
    {"mixed", AGG_KIND_TEXT, write_mixed, 1},
    {"few mixed", AGG_KIND_TEXT, write_mixed, 7},
    {"booleans", AGG_KIND_TEXT, write_boolean, 2},
    {"tied singles", AGG_KIND_NUMBER, write_tied_single, 1},
};
const size_t dataset_profile_count = sizeof dataset_profiles / sizeof dataset_profiles[0];

/* Texts become pointers only after the last append has moved the bytes. */
static void fill_texts(struct dataset *dataset, const struct dataset_profile *profile,
                       uint64_t *random)
{
    size_t ends[DATASET_ROWS];
    bool nulls[DATASET_ROWS];
    buffer_append_byte(&dataset->bytes, ' '); /* so that bytes is not NULL */
    for (uint32_t i = 0; i < dataset->rows; i++) {
        nulls[i] = unit_random(random) % 8 < profile->nulls;
        if (!nulls[i])
            profile->write(random, &dataset->bytes);
        ends[i] = dataset->bytes.length;
    }
    ck_assert(!dataset->bytes.failed);
    size_t start = 1;
    for (uint32_t i = 0; i < dataset->rows; i++) {
        dataset->texts[i] = (struct text){.bytes = NULL};
        if (!nulls[i])
            dataset->texts[i] =
                (struct text){.bytes = dataset->bytes.bytes + start, .length = ends[i] - start};
        start = ends[i];
    }
}

static void read_values(struct dataset *dataset, const struct dataset_profile *profile)
{
    for (uint32_t i = 0; i < dataset->rows; i++) {
        dataset->numbers[i] = (struct number){.kind = NUMBER_NULL};
        dataset->instants[i] = (struct instant){.form = INSTANT_NULL};
        if (dataset->texts[i].bytes == NULL)
            continue;
        if (dataset->kind == AGG_KIND_NUMBER)
            ck_assert(number_parse(dataset->texts[i], &dataset->numbers[i]));
        if (dataset->kind == AGG_KIND_TIME)
            ck_assert(instant_parse(dataset->texts[i], &dataset->instants[i]));
        if (profile->write == write_tied_single && i % 2 == 0 &&
            dataset->numbers[i].kind == NUMBER_DOUBLE)
            dataset->numbers[i].exponent = NUMBER_SINGLE;
    }
    dataset->column.texts = dataset->texts;
    dataset->column.numbers = dataset->kind == AGG_KIND_NUMBER ? dataset->numbers : NULL;
    dataset->column.instants = dataset->kind == AGG_KIND_TIME ? dataset->instants : NULL;
}

void dataset_make(struct dataset *dataset, const struct dataset_profile *profile, uint32_t rows,
                  uint64_t *random)
{
    *dataset = (struct dataset){.kind = profile->kind, .rows = rows};
    dataset->file = (uint32_t)(unit_random(random) % 3);
    uint64_t byte = unit_random(random) % 1000;
    for (uint32_t i = 0; i < rows; i++) {
        dataset->row_bytes[i] = byte;
        byte += 1 + unit_random(random) % 5;
    }
    fill_texts(dataset, profile, random);
    read_values(dataset, profile);
}

void dataset_close(struct dataset *dataset)
{
    buffer_close(&dataset->bytes);
}

void part_make(struct part *part, const struct dataset *dataset, uint64_t rows)
{
    uint32_t selected = 0;
    for (uint32_t i = 0; i < dataset->rows; i++)
        if ((rows >> i & 1) != 0)
            part->selection[selected++] = i;
    part->batch = (struct batch){
        .rows = dataset->rows,
        .file = dataset->file,
        .row_bytes = dataset->row_bytes,
        .columns = &dataset->column,
        /* All rows are sometimes said by listing them, sometimes by listing none. */
        .selection = selected == dataset->rows && selected % 2 == 0 ? NULL : part->selection,
        .selected = selected,
    };
}

const struct hash_secret *dataset_secret(void)
{
    static struct hash_secret secret;
    static bool made;
    if (!made)
        ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    made = true;
    return &secret;
}

enum column_type dataset_type(enum agg_kind kind)
{
    if (kind == AGG_KIND_NUMBER)
        return TYPE_FLOAT;
    return kind == AGG_KIND_TIME ? TYPE_TIMESTAMP : TYPE_TEXT;
}
