/* What form a multiset has follows from its values alone, not from their order: decimals have keys
 * while every mantissa fits 64 bits at the finest scale among them. */
#include "num/multiset_run.h"

#include "num/compare.h"
#include "num/power.h"

#include <math.h>
#include <string.h>

enum { KEY_POWER_MAX = 18 }; /* 10^18 is the greatest power of ten in 64 bits with a sign */

/* ---- numbers --------------------------------------------------------------------------------- */

/* Takes the zeros off the end of a 64-bit mantissa, which is what nearly all decimals have. */
static void strip_word(struct number *number)
{
    int64_t mantissa = (int64_t)number->mantissa;
    while (mantissa % 10 == 0 && number->exponent < NUMBER_EXPONENT_MAX) {
        mantissa /= 10;
        number->exponent++;
    }
    number->mantissa = mantissa;
}

void multiset_number_normalise(struct number *number)
{
    if (number->kind == NUMBER_DOUBLE) {
        if (isnan(number->real))
            number->real = (double)NAN;
        return;
    }
    if (number->mantissa == 0)
        number->exponent = 0;
    while (number->mantissa != (int64_t)number->mantissa && number->mantissa % 10 == 0 &&
           number->exponent < NUMBER_EXPONENT_MAX) {
        number->mantissa /= 10;
        number->exponent++;
    }
    if (number->mantissa == (int64_t)number->mantissa && number->mantissa != 0)
        strip_word(number);
}

/* The number, wrong by less than one part in 2^50; a double as it is. */
static double approximate(const struct number *number)
{
    static const double powers[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12,
        1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25,
        1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38,
    };
    if (number->kind == NUMBER_DOUBLE)
        return number->real;
    const double mantissa = (double)number->mantissa;
    return number->exponent < 0 ? mantissa / powers[-number->exponent]
                                : mantissa * powers[number->exponent];
}

int multiset_number_compare(const struct number *a, const struct number *b)
{
    const double left = approximate(a);
    const double right = approximate(b);
    const double unsure = 0x1p-48 * (fabs(left) + fabs(right));
    if (left - right > unsure) /* false beside NaN */
        return 1;
    if (right - left > unsure)
        return -1;
    return number_compare(a, b);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Doubles as integers in their order: those below zero have all bits turned, the others the sign;
 * NaN, which is positive, comes last. */
static uint64_t key_of_double(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits >> 63 != 0 ? ~bits : bits | multiset_key_bias;
}

static double key_double(uint64_t key)
{
    const uint64_t bits = key >> 63 != 0 ? key ^ multiset_key_bias : ~key;
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

uint64_t multiset_rough_key(const struct number *number)
{
    return key_of_double(approximate(number));
}

static bool key_of_decimal(int scale, const struct number *number, uint64_t *key)
{
    const int power = number->exponent - scale;
    const int64_t mantissa = (int64_t)number->mantissa;
    if (mantissa != number->mantissa)
        return false;
    if (mantissa == 0 || power == 0) {
        *key = multiset_key_of_integer(mantissa);
        return true;
    }
    int64_t scaled;
    if (power < 0 || power > KEY_POWER_MAX ||
        __builtin_mul_overflow(mantissa, (int64_t)power_ten(power), &scaled))
        return false;
    *key = multiset_key_of_integer(scaled);
    return true;
}

bool multiset_key_of(enum multiset_form form, int scale, const struct number *number, uint64_t *key)
{
    if (form == FORM_WIDE)
        return false;
    if (form == FORM_DECIMAL)
        return number->kind == NUMBER_DECIMAL && key_of_decimal(scale, number, key);
    if (number->kind != NUMBER_DOUBLE ||
        (number->exponent == NUMBER_SINGLE) != (form == FORM_SINGLE))
        return false;
    *key = key_of_double(isnan(number->real) ? (double)NAN : number->real);
    return true;
}

void multiset_key_number(enum multiset_form form, int scale, uint64_t key, struct number *out)
{
    if (form == FORM_DECIMAL)
        *out = (struct number){.mantissa = multiset_key_integer(key),
                               .exponent = (int8_t)scale,
                               .kind = NUMBER_DECIMAL};
    else
        *out = (struct number){.real = key_double(key),
                               .exponent = form == FORM_SINGLE ? NUMBER_SINGLE : 0,
                               .kind = NUMBER_DOUBLE};
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool run_fits(const struct run *run, int power)
{
    const int64_t most = power > KEY_POWER_MAX ? 0 : INT64_MAX / (int64_t)power_ten(power);
    for (size_t i = 0; i < run->length; i++) {
        const int64_t mantissa = multiset_key_integer(run->keys[i]);
        if (mantissa > most || mantissa < -most)
            return false;
    }
    return true;
}

/* After run_fits: every mantissa is 0 where the power is not in the table. */
static void run_rescale(struct run *run, int power)
{
    if (power > KEY_POWER_MAX)
        return;
    const int64_t factor = (int64_t)power_ten(power);
    for (size_t i = 0; i < run->length; i++)
        run->keys[i] = multiset_key_of_integer(multiset_key_integer(run->keys[i]) * factor);
}

static enum sheaf_status run_widen(struct run *run, int scale, const struct run_context *context)
{
    struct run wide = {0};
    const struct run_context wide_context = {
        .form = FORM_WIDE, .charge = context->charge, .error = context->error};
    TRY(multiset_run_reserve(&wide, run->capacity, &wide_context));
    wide.length = run->length;
    for (size_t i = 0; i < run->length; i++) {
        multiset_key_number(context->form, scale, run->keys[i], &wide.numbers[i]);
        multiset_number_normalise(&wide.numbers[i]);
    }
    wide.times = run->times;
    struct run narrow = *run;
    narrow.times = NULL;
    multiset_run_close(&narrow, context->form, context->charge->budget);
    *run = wide;
    return SHEAF_OK;
}

/* ---- the multiset ---------------------------------------------------------------------------- */

/* False, and nothing changed, when some mantissa does not fit at this finer scale. */
static bool rescale(struct multiset_runs *runs, int scale)
{
    const int power = runs->scale - scale;
    if (!run_fits(&runs->buffer, power))
        return false;
    for (size_t i = 0; i < runs->run_count; i++) {
        if (!run_fits(&runs->runs[i], power))
            return false;
    }
    run_rescale(&runs->buffer, power);
    for (size_t i = 0; i < runs->run_count; i++)
        run_rescale(&runs->runs[i], power);
    runs->scale = (int8_t)scale;
    return true;
}

/* Empties a multiset whose first `wide` runs, the buffer before them, are wide already. */
static void discard(struct multiset_runs *runs, size_t wide, struct memory_budget *budget)
{
    multiset_run_close(&runs->buffer, wide > 0 ? FORM_WIDE : runs->form, budget);
    for (size_t i = 0; i < runs->run_count; i++)
        multiset_run_close(&runs->runs[i], i + 1 < wide ? FORM_WIDE : runs->form, budget);
    runs->run_count = 0;
    runs->count = 0;
}

/* On failure the multiset is empty. */
static enum sheaf_status widen(struct multiset_runs *runs, const struct multiset_charge *charge,
                               struct sheaf_error *error)
{
    const struct run_context context = {.form = runs->form, .charge = charge, .error = error};
    if (runs->form == FORM_WIDE)
        return SHEAF_OK;
    for (size_t i = 0; i <= runs->run_count; i++) {
        struct run *const run = i == 0 ? &runs->buffer : &runs->runs[i - 1];
        const enum sheaf_status status = run_widen(run, runs->scale, &context);
        if (status != SHEAF_OK) {
            discard(runs, i, charge->budget);
            return status;
        }
    }
    runs->form = FORM_WIDE;
    runs->scale = 0;
    return SHEAF_OK;
}

/* Of a multiset with nothing in it. */
static void begin_form(struct multiset_runs *runs, const struct number *number)
{
    runs->scale = 0;
    if (number->kind == NUMBER_DECIMAL)
        runs->form = FORM_DECIMAL;
    else
        runs->form = number->exponent == NUMBER_SINGLE ? FORM_SINGLE : FORM_DOUBLE;
}

enum sheaf_status multiset_form_admit(struct multiset_runs *runs, const struct number *number,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error)
{
    uint64_t key;
    if (runs->count == 0)
        begin_form(runs, number);
    if (runs->form == FORM_WIDE || multiset_key_of(runs->form, runs->scale, number, &key))
        return SHEAF_OK;
    TRY(multiset_tally_fold(runs, charge, error));
    const bool finer = runs->form == FORM_DECIMAL && number->kind == NUMBER_DECIMAL &&
                       number->exponent < runs->scale &&
                       multiset_key_of(FORM_DECIMAL, number->exponent, number, &key);
    if (finer && rescale(runs, number->exponent))
        return SHEAF_OK;
    return widen(runs, charge, error);
}

enum sheaf_status multiset_form_unify(struct multiset_runs *a, struct multiset_runs *b,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error)
{
    if (a->form == b->form) {
        if (a->scale == b->scale)
            return SHEAF_OK;
        struct multiset_runs *const coarse = a->scale > b->scale ? a : b;
        if (rescale(coarse, a->scale < b->scale ? a->scale : b->scale))
            return SHEAF_OK;
    }
    TRY(widen(a, charge, error));
    return widen(b, charge, error);
}
