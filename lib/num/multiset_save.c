/* The saved form, little-endian: version, form, scale, number of runs (one of them what a tally has
 * counted; the buffer is one more, the last, if there is anything in it, and a flag says so); of
 * each run its length, a flag for counts, the values, the counts. A value is a key of 8 bytes, or
 * the kind, the exponent and 16 bytes of mantissa or double. */
#include "num/multiset.h"

#include "base/word.h"
#include "num/multiset_run.h"
#include "num/power.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    VERSION = 1,
    WIDE_BYTES = 2 + 2 * WORD_SIZE,
    RUNS_MOST = 64,
};

/* ---- saving ---------------------------------------------------------------------------------- */

static void save_number(const struct number *number, struct buffer *out)
{
    uint64_t words[2] = {0};
    if (number->kind == NUMBER_DECIMAL) {
        words[0] = (uint64_t)number->mantissa;
        words[1] = (uint64_t)((uint128)number->mantissa >> 64);
    } else {
        memcpy(words, &number->real, sizeof number->real);
    }
    buffer_append_byte(out, (char)number->kind);
    buffer_append_byte(out, (char)number->exponent);
    word_append(out, words[0], WORD_SIZE);
    word_append(out, words[1], WORD_SIZE);
}

/* `totals`: the counts are running totals. */
static void save_run(const struct run *run, enum multiset_form form, bool totals,
                     struct buffer *out)
{
    word_append(out, run->length, WORD_SIZE);
    buffer_append_byte(out, run->times != NULL);
    for (size_t i = 0; i < run->length; i++) {
        if (form == FORM_WIDE)
            save_number(&run->numbers[i], out);
        else
            word_append(out, run->keys[i], WORD_SIZE);
    }
    for (size_t i = 0; run->times != NULL && i < run->length; i++)
        word_append(out, run->times[i] - (totals && i > 0 ? run->times[i - 1] : 0), WORD_SIZE);
}

/* Saves what is counted, as a run. */
static void save_tally(const struct tally *tally, struct buffer *out)
{
    word_append(out, multiset_tally_distinct(tally), WORD_SIZE);
    buffer_append_byte(out, 1);
    for (size_t i = 0; i < tally->length; i++)
        if (tally->times[i] != 0)
            word_append(out, tally->low + i, WORD_SIZE);
    for (size_t i = 0; i < tally->length; i++)
        if (tally->times[i] != 0)
            word_append(out, tally->times[i], WORD_SIZE);
}

void multiset_save(const struct multiset *set, struct buffer *out)
{
    static const struct multiset_runs empty;
    const struct multiset_runs *const runs = set->runs == NULL ? &empty : set->runs;
    const bool buffered = runs->buffer.length > 0;
    const bool counted = runs->tally != NULL && runs->tally->count > 0;
    buffer_append_byte(out, VERSION);
    buffer_append_byte(out, (char)runs->form);
    buffer_append_byte(out, (char)runs->scale);
    buffer_append_byte(out, (char)(runs->run_count + counted));
    buffer_append_byte(out, buffered);
    for (size_t i = 0; i < runs->run_count; i++)
        save_run(&runs->runs[i], runs->form, runs->settled, out);
    if (counted)
        save_tally(runs->tally, out);
    if (buffered)
        save_run(&runs->buffer, runs->form, false, out);
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum sheaf_status bad(struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA, "a saved set of numbers is damaged");
}

static uint64_t bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

/* A double that may be marked NUMBER_SINGLE. */
static bool is_single(double real)
{
    return !isfinite(real) || (fabs(real) <= (double)FLT_MAX && (double)(float)real == real);
}

/* False for what no multiset holds: a mantissa or exponent out of range, zeros at the end of a
 * mantissa, -0, a NaN of another make, a mark of single precision on what has more. */
static bool is_normal(const struct number *number)
{
    struct number normal = *number;
    if (number->kind == NUMBER_DECIMAL) {
        if (power_magnitude(number->mantissa) >= power_ten_wide(NUMBER_DIGITS) ||
            number->exponent < NUMBER_EXPONENT_MIN || number->exponent > NUMBER_EXPONENT_MAX)
            return false;
        multiset_number_normalise(&normal);
        return normal.exponent == number->exponent;
    }
    multiset_number_normalise(&normal);
    return bits_of(normal.real) == bits_of(number->real) &&
           !(number->real == 0 && signbit(number->real)) &&
           (number->exponent == 0 ||
            (number->exponent == NUMBER_SINGLE && is_single(number->real)));
}

static bool read_number(struct word_reader *reader, struct number *out)
{
    *out = (struct number){.kind = (uint8_t)word_read(reader, 1)};
    out->exponent = (int8_t)word_read(reader, 1);
    const uint64_t low = word_read(reader, WORD_SIZE);
    const uint64_t high = word_read(reader, WORD_SIZE);
    if (out->kind == NUMBER_DECIMAL)
        out->mantissa = (int128)((uint128)high << 64 | low);
    else
        memcpy(&out->real, &low, sizeof out->real);
    return (out->kind == NUMBER_DECIMAL || (out->kind == NUMBER_DOUBLE && high == 0)) &&
           is_normal(out);
}

/* Reads one value of the run; false when it can be none. */
static bool read_value(struct run *run, size_t index, enum multiset_form form,
                       struct word_reader *reader)
{
    if (form == FORM_WIDE)
        return read_number(reader, &run->numbers[index]);
    run->keys[index] = word_read(reader, WORD_SIZE);
    struct number number;
    multiset_key_number(form, 0, run->keys[index], &number);
    return form == FORM_DECIMAL || is_normal(&number);
}

static bool ascends(const struct run *run, size_t index, enum multiset_form form)
{
    if (index == 0)
        return true;
    if (form == FORM_WIDE)
        return multiset_number_compare(&run->numbers[index - 1], &run->numbers[index]) < 0;
    return run->keys[index - 1] < run->keys[index];
}

/* Reads a run of `run->capacity` values into it; a buffer need not be sorted. */
static bool read_values(struct run *run, enum multiset_form form, bool sorted,
                        struct word_reader *reader)
{
    for (size_t i = 0; i < run->capacity; i++) {
        if (!read_value(run, i, form, reader) || (sorted && !ascends(run, i, form)))
            return false;
    }
    run->length = run->capacity;
    return true;
}

/* Reads counts, and adds them to *total. */
static bool read_times(struct run *run, uint64_t *total, struct word_reader *reader)
{
    for (size_t i = 0; i < run->length; i++) {
        const uint64_t times = run->times == NULL ? 1 : word_read(reader, WORD_SIZE);
        if (times == 0 || times > MULTISET_COUNT_MAX - *total)
            return false;
        *total += times;
        if (run->times != NULL)
            run->times[i] = times;
    }
    return true;
}

static enum sheaf_status load_run(struct multiset_runs *runs, struct run *run, bool sorted,
                                  struct word_reader *reader, const struct run_context *context)
{
    const uint64_t length = word_read(reader, WORD_SIZE);
    const uint64_t counted = word_read(reader, 1);
    const size_t value = context->form == FORM_WIDE ? WIDE_BYTES : WORD_SIZE;
    const size_t item = value + (counted != 0 ? (size_t)WORD_SIZE : 0);
    if (reader->short_of || counted > 1 || length == 0 || length > reader->rest.length / item)
        return bad(context->error);
    TRY(multiset_run_reserve(run, (size_t)length, context));
    if (counted != 0)
        TRY(multiset_run_count(run, context));
    if (!read_values(run, context->form, sorted, reader) ||
        !read_times(run, &runs->count, reader) || reader->short_of)
        return bad(context->error);
    return SHEAF_OK;
}

static enum sheaf_status load_runs(struct multiset_runs *runs, uint64_t run_count, bool buffered,
                                   struct word_reader *reader, const struct run_context *context)
{
    for (uint64_t i = 0; i < run_count; i++) {
        struct run run = {0};
        const enum sheaf_status status = load_run(runs, &run, true, reader, context);
        if (status != SHEAF_OK) {
            multiset_run_close(&run, context->form, context->charge->budget);
            return status;
        }
        TRY(multiset_push(runs, &run, context));
    }
    return buffered ? load_run(runs, &runs->buffer, false, reader, context) : SHEAF_OK;
}

enum sheaf_status multiset_load(struct multiset *set, struct text *bytes,
                                const struct multiset_charge *charge, struct sheaf_error *error)
{
    struct word_reader reader = {.rest = *bytes};
    *set = (struct multiset){0};
    const uint64_t version = word_read(&reader, 1);
    const uint64_t form = word_read(&reader, 1);
    const int scale = (int8_t)word_read(&reader, 1);
    const uint64_t run_count = word_read(&reader, 1);
    const uint64_t buffered = word_read(&reader, 1);
    if (reader.short_of || version != VERSION || form > FORM_WIDE || scale > 0 ||
        scale < NUMBER_EXPONENT_MIN || (form != FORM_DECIMAL && scale != 0) ||
        run_count > RUNS_MOST || buffered > 1)
        return bad(error);
    if (run_count + buffered > 0) {
        TRY(multiset_begin(set, charge, error));
        set->runs->form = (uint8_t)form;
        set->runs->scale = (int8_t)scale;
        const struct run_context context = {
            .form = (enum multiset_form)form, .charge = charge, .error = error};
        TRY(load_runs(set->runs, run_count, buffered != 0, &reader, &context));
    }
    *bytes = reader.rest;
    return SHEAF_OK;
}
