/* Texts that are keys: one key a text, one text a key, against readers that know nothing of it. */
#include "agg/value_form.h"

#include "num/decimals.h"
#include "num/time.h"
#include "unit/unit.h"

#include <stdbool.h>

static struct text text_of(const char *string)
{
    return (struct text){.bytes = string, .length = strlen(string)};
}

/* ---- which texts have a form --------------------------------------------------------------- */

static const struct {
    const char *text;
    bool has_form;
    struct value_form form;
    int64_t key;
} texts_and_forms[] = {
    {"0", true, {VALUE_FORM_NUMBER, 0, 0}, 0},
    {"7", true, {VALUE_FORM_NUMBER, 0, 0}, 7},
    {"-7", true, {VALUE_FORM_NUMBER, 0, 0}, -7},
    {"12345678", true, {VALUE_FORM_NUMBER, 0, 0}, 12345678},
    {"-1234567", true, {VALUE_FORM_NUMBER, 0, 0}, -1234567},
    {"123456789", true, {VALUE_FORM_NUMBER, 0, 0}, 123456789},
    {"999999999999999999", true, {VALUE_FORM_NUMBER, 0, 0}, INT64_C(999999999999999999)},
    {"-999999999999999999", true, {VALUE_FORM_NUMBER, 0, 0}, INT64_C(-999999999999999999)},
    {"1000000000000000000", false, {0}, 0},
    {"0.0", true, {VALUE_FORM_NUMBER, 1, 0}, 0},
    {"0.05", true, {VALUE_FORM_NUMBER, 2, 0}, 5},
    {"-0.05", true, {VALUE_FORM_NUMBER, 2, 0}, -5},
    {"12345.67", true, {VALUE_FORM_NUMBER, 2, 0}, 1234567},
    {"0.123456", true, {VALUE_FORM_NUMBER, 6, 0}, 123456},
    {"0.1234567", true, {VALUE_FORM_NUMBER, 7, 0}, 1234567},
    {"-89.23450472", true, {VALUE_FORM_NUMBER, 8, 0}, INT64_C(-8923450472)},
    {"2024-02-29", true, {VALUE_FORM_DATE, 0, 0}, 19782},
    {"1969-12-31", true, {VALUE_FORM_DATE, 0, 0}, -1},
    {"1970-01-01 00:01:02", true, {VALUE_FORM_TIMESTAMP, 0, ' '}, 62},
    {"1970-01-02T03:04:05", true, {VALUE_FORM_TIMESTAMP, 0, 'T'}, 97445},
    {"", false, {0}, 0},
    {"-", false, {0}, 0},
    {"-0", false, {0}, 0},
    {"-0.00", false, {0}, 0},
    {"+1", false, {0}, 0},
    {"01", false, {0}, 0},
    {"00", false, {0}, 0},
    {"-01", false, {0}, 0},
    {"00.1", false, {0}, 0},
    {".5", false, {0}, 0},
    {"-.5", false, {0}, 0},
    {"5.", false, {0}, 0},
    {".", false, {0}, 0},
    {"1.2.3", false, {0}, 0},
    {"1e3", false, {0}, 0},
    {" 1", false, {0}, 0},
    {"1 ", false, {0}, 0},
    {"--1", false, {0}, 0},
    {"1-1", false, {0}, 0},
    {"12a", false, {0}, 0},
    {"1/2", false, {0}, 0},
    {"1:2", false, {0}, 0},
    {"01234567890", false, {0}, 0},
    {"1234567.89x", false, {0}, 0},
    {"2023-02-29", false, {0}, 0},
    {"2023-00-10", false, {0}, 0},
    {"2023-13-10", false, {0}, 0},
    {"2023-01-00", false, {0}, 0},
    {"2023-01-32", false, {0}, 0},
    {"2023-01-1x", false, {0}, 0},
    {"2023/01/10", false, {0}, 0},
    {"2023-01-01 24:00:00", false, {0}, 0},
    {"2023-01-01 23:60:00", false, {0}, 0},
    {"2023-01-01 23:59:60", false, {0}, 0},
    {"2023-01-01 23-59-59", false, {0}, 0},
    {"2023-01-01t23:59:59", false, {0}, 0},
    {"2023-01-01 23:59:59Z", false, {0}, 0},
    {"2023-01-01 2a:59:59", false, {0}, 0},
};

START_TEST(test_forms)
{
    for (size_t i = 0; i < sizeof texts_and_forms / sizeof texts_and_forms[0]; i++) {
        struct value_form form;
        ck_assert_msg(value_form_of(text_of(texts_and_forms[i].text), &form) ==
                          texts_and_forms[i].has_form,
                      "\"%s\"", texts_and_forms[i].text);
        if (!texts_and_forms[i].has_form)
            continue;
        ck_assert_msg(value_form_equal(&form, &texts_and_forms[i].form), "\"%s\"",
                      texts_and_forms[i].text);
        ck_assert_int_eq(value_form_key(&form, text_of(texts_and_forms[i].text)),
                         texts_and_forms[i].key);
        char spelled[VALUE_FORM_SIZE];
        const size_t length = value_form_spell(&form, texts_and_forms[i].key, spelled);
        ck_assert_uint_eq(length, strlen(texts_and_forms[i].text));
        ck_assert(memcmp(spelled, texts_and_forms[i].text, length) == 0);
    }
}
END_TEST

/* ---- keys of many texts -------------------------------------------------------------------- */

enum { TEXTS = 64, ROOM = 96 };

/* A text near one of the form: spelled, then perhaps with a byte changed, doubled or cut off. */
static size_t write_text(const struct value_form *form, uint64_t *random, char *out)
{
    static const char bytes[] = "0123456789-+.: T/;e\0\x80\xff";
    const uint64_t word = unit_random(random);
    int64_t key = (int64_t)(unit_random(random) >> (1 + word % 62));
    if (form->kind == VALUE_FORM_NUMBER)
        key = (word & 64) != 0 ? -(key % INT64_C(1000000000000000000))
                               : key % INT64_C(1000000000000000000);
    else if (form->kind == VALUE_FORM_DATE)
        key = key % 4000000 - 719528;
    else
        key = key % (INSTANT_SECONDS_MAX - INSTANT_SECONDS_MIN) + INSTANT_SECONDS_MIN;
    if (form->kind == VALUE_FORM_DATE && key > 2932896)
        key = 0;
    size_t length = value_form_spell(form, key, out);
    const size_t at = unit_random(random) % length;
    switch (word >> 32 & 7) {
    case 0:
        out[at] = bytes[unit_random(random) % (sizeof bytes - 1)];
        break;
    case 1:
        length = at;
        break;
    case 2:
        memmove(out + at + 1, out + at, length - at);
        length++;
        break;
    default:
        break;
    }
    return length;
}

/* The key is the one whose spelling is the text, and there is none when no key has that. */
static void check_text(const struct value_form *form, struct text text, int64_t key)
{
    char spelled[VALUE_FORM_SIZE];
    struct value_form own;
    const bool is_own = value_form_of(text, &own) && value_form_equal(&own, form);
    ck_assert_msg(is_own == (key != VALUE_FORM_NONE), "\"%.*s\"", (int)text.length, text.bytes);
    if (key == VALUE_FORM_NONE)
        return;
    const size_t length = value_form_spell(form, key, spelled);
    if (length != text.length || memcmp(spelled, text.bytes, length) != 0)
        ck_abort_msg("\"%.*s\" is read as \"%.*s\"", (int)text.length, text.bytes, (int)length,
                     spelled);
}

static void check_column(const struct value_form *form, uint64_t *random)
{
    static char bytes[TEXTS][ROOM];
    struct text texts[TEXTS];
    uint32_t rows[TEXTS];
    int64_t bare[TEXTS], padded[TEXTS], picked[TEXTS];
    memset(bytes, (int)(unit_random(random) & 0xff), sizeof bytes);
    for (uint32_t i = 0; i < TEXTS; i++) {
        texts[i] = (struct text){.bytes = bytes[i], .length = write_text(form, random, bytes[i])};
        rows[i] = TEXTS - 1 - i;
        if (unit_random(random) % 16 == 0)
            texts[i] = (struct text){.bytes = NULL};
    }
    value_form_keys(form, texts, NULL, TEXTS, VALUE_FORM_BARE, bare);
    value_form_keys(form, texts, NULL, TEXTS, VALUE_FORM_PADDED, padded);
    value_form_keys(form, texts, rows, TEXTS, VALUE_FORM_PADDED, picked);
    for (uint32_t i = 0; i < TEXTS; i++) {
        ck_assert_int_eq(bare[i], padded[i]);
        ck_assert_int_eq(bare[i], picked[TEXTS - 1 - i]);
        ck_assert_int_eq(bare[i], value_form_key(form, texts[i]));
        if (texts[i].bytes == NULL)
            ck_assert_int_eq(bare[i], VALUE_FORM_NONE);
        else if (texts[i].length > 0)
            check_text(form, texts[i], bare[i]);
    }
}

START_TEST(test_columns)
{
    static const struct value_form forms[] = {
        {VALUE_FORM_NUMBER, 0, 0}, {VALUE_FORM_NUMBER, 1, 0},      {VALUE_FORM_NUMBER, 2, 0},
        {VALUE_FORM_NUMBER, 6, 0}, {VALUE_FORM_NUMBER, 7, 0},      {VALUE_FORM_NUMBER, 17, 0},
        {VALUE_FORM_DATE, 0, 0},   {VALUE_FORM_TIMESTAMP, 0, ' '}, {VALUE_FORM_TIMESTAMP, 0, 'T'},
    };
    uint64_t random = unit_seed("columns", 51);
    for (int round = 0; round < 300; round++)
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
            check_column(&forms[i], &random);
}
END_TEST

/* ---- keys of decimals ---------------------------------------------------------------------- */

/* A number with some digits after the point, as often as not spelled in another way than its own.
 */
static size_t write_number(unsigned digits, uint64_t *random, char *out)
{
    static const char *const befores[] = {"",  "",  "",   "-",  "-",  "+",
                                          " ", "0", "-0", "00", " -", "+0"};
    enum { BEFORES = sizeof befores / sizeof befores[0] };
    const uint64_t word = unit_random(random);
    const unsigned whole = (unsigned)(word >> 8 & 0xffff) >> (word & 15);
    const char *const after = word >> 60 == 0 ? " " : "";
    const char *const before = befores[(word >> 32) % BEFORES];
    int length = snprintf(out, ROOM, "%s%u", before, whole);
    if (whole == 0 && digits > 0 && (word >> 59) % 2 == 0)
        length = snprintf(out, ROOM, "%s", before); /* nothing before the point */
    if (digits > 0)
        length += snprintf(out + length, ROOM - (size_t)length, ".%0*u", (int)digits,
                           (unsigned)(word >> 40 & 0xff) % (digits == 1 ? 10 : 100));
    length += snprintf(out + length, ROOM - (size_t)length, "%s", after);
    return (size_t)length;
}

/* Gives whether the numbers were decimals that fit the form. */
static bool check_decimals(const struct decimal_kernel *kernel, unsigned digits, uint64_t *random)
{
    enum { FEW = 24, ROOM_OVER = 16 };
    static char bytes[FEW][ROOM];
    struct text texts[FEW];
    int64_t mantissas[FEW + ROOM_OVER], usual[FEW], quick[FEW], picked[FEW];
    uint32_t rows[FEW];
    const struct value_form form = {.kind = VALUE_FORM_NUMBER, .digits = (uint8_t)digits};
    for (uint32_t i = 0; i < FEW; i++) {
        const unsigned own = unit_random(random) % 8 == 0 ? digits / 2 : digits;
        texts[i] = (struct text){.bytes = bytes[i], .length = write_number(own, random, bytes[i])};
        rows[i] = FEW - 1 - i;
        if (unit_random(random) % 16 == 0)
            texts[i] = (struct text){.bytes = NULL};
    }
    struct decimals decimals;
    if (!kernel->parse(texts, FEW, mantissas, &decimals) || !value_form_fits(&form, &decimals))
        return false;
    value_form_keys(&form, texts, NULL, FEW, VALUE_FORM_PADDED, usual);
    value_form_decimal_keys(&form, texts, &decimals, NULL, FEW, quick);
    value_form_decimal_keys(&form, texts, &decimals, rows, FEW, picked);
    for (uint32_t i = 0; i < FEW; i++) {
        ck_assert_msg(usual[i] == quick[i], "\"%.*s\"", (int)texts[i].length, texts[i].bytes);
        ck_assert_int_eq(quick[i], picked[FEW - 1 - i]);
    }
    return true;
}

START_TEST(test_decimals)
{
    uint64_t random = unit_seed("decimals", 52);
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        if (!isa_is_available(isa))
            continue;
        int checked = 0;
        for (int round = 0; round < 3000; round++)
            checked += check_decimals(decimal_kernel_of(isa), (unsigned)round % 4, &random);
        ck_assert_int_gt(checked, 500);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("value form");
    TCase *test_case = tcase_create("value form");
    tcase_add_test(test_case, test_forms);
    tcase_add_test(test_case, test_columns);
    tcase_add_test(test_case, test_decimals);
    suite_add_tcase(suite, test_case);
    return suite;
}

UNIT_MAIN(make_suite)
