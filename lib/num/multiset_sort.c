/* Buffers of keys are sorted by radix, one byte a pass, leaving out the bytes in which no two keys
 * differ (Knuth, "The Art of Computer Programming", volume 3, 5.2.5), and short ones by insertion.
 * Those with counts, and wide ones, by merging halves, where equal values become one at once; wide
 * ones are first put in the order of their leading bits, so that hardly anything is left to merge.
 */
#include "num/multiset_run.h"

#include <string.h>

enum {
    RADIX_BITS = 8,
    RADIX = 1 << RADIX_BITS,
    KEY_BITS = 64,
    INSERTION_MAX = 48, /* keys; more are sorted faster by radix */
};

static void insertion_sort(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Copies the keys in the order of one byte, equal ones in the order they have. */
static void radix_pass(const uint64_t *keys, uint64_t *out, size_t count, int shift)
{
    size_t starts[RADIX] = {0};
    for (size_t i = 0; i < count; i++)
        starts[keys[i] >> shift & (RADIX - 1)]++;
    size_t start = 0;
    for (size_t digit = 0; digit < RADIX; digit++) {
        const size_t size = starts[digit];
        starts[digit] = start;
        start += size;
    }
    for (size_t i = 0; i < count; i++)
        out[starts[keys[i] >> shift & (RADIX - 1)]++] = keys[i];
}

/* Sorts by the bits from `shift`, a multiple of 8, on. Gives the array, of the two, that holds the
 * keys in order. */
static uint64_t *radix_sort(uint64_t *keys, uint64_t *scratch, size_t count, int shift)
{
    uint64_t differ = 0;
    for (size_t i = 0; i < count; i++)
        differ |= keys[i] ^ keys[0];
    for (; shift < KEY_BITS; shift += RADIX_BITS) {
        if ((differ >> shift & (RADIX - 1)) == 0)
            continue;
        radix_pass(keys, scratch, count, shift);
        uint64_t *const sorted = scratch;
        scratch = keys;
        keys = sorted;
    }
    return keys;
}

/* Appends keys in order to a run that has room for all, and counts if any repeats. */
static void unite(struct run *out, const uint64_t *keys, size_t count)
{
    if (out->times == NULL) {
        memcpy(out->keys, keys, count * sizeof *keys);
        out->length = count;
        return;
    }
    size_t length = 0;
    for (size_t i = 0; i < count;) {
        const size_t first = i;
        while (i < count && keys[i] == keys[first])
            i++;
        out->keys[length] = keys[first];
        out->times[length++] = i - first;
    }
    out->length = length;
}

static enum sheaf_status take_keys(struct run *out, const uint64_t *keys, size_t count,
                                   const struct run_context *context)
{
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++)
        distinct += keys[i] != keys[i - 1];
    TRY(multiset_run_reserve(out, distinct, context));
    if (distinct < count)
        TRY(multiset_run_count(out, context));
    unite(out, keys, count);
    return SHEAF_OK;
}

static enum sheaf_status sort_keys(struct run *out, struct run *buffer,
                                   const struct run_context *context)
{
    if (buffer->length <= INSERTION_MAX) {
        insertion_sort(buffer->keys, buffer->length);
        return take_keys(out, buffer->keys, buffer->length, context);
    }
    struct run scratch = {0};
    TRY(multiset_run_reserve(&scratch, buffer->length, context));
    const uint64_t *const sorted = radix_sort(buffer->keys, scratch.keys, buffer->length, 0);
    const enum sheaf_status status = take_keys(out, sorted, buffer->length, context);
    multiset_run_close(&scratch, context->form, context->charge->budget);
    return status;
}

/* ---- runs with counts, and wide ones -----------------------------------------------------------
 */

/* The values from `from` on, as a run of its own. */
static struct run slice(const struct run *run, size_t from, size_t length, enum multiset_form form)
{
    struct run out = {.times = run->times + from, .length = length};
    if (form == FORM_WIDE)
        out.numbers = run->numbers + from;
    else
        out.keys = run->keys + from;
    return out;
}

/* Copies values to the beginning of another run, or of their own. */
static void copy_values(struct run *out, const struct run *from, enum multiset_form form)
{
    memmove(out->keys, from->keys, from->length * multiset_form_width(form));
    memmove(out->times, from->times, from->length * sizeof *from->times);
}

/* True when all values of one sorted run are below those of the next. */
static bool in_order(const struct run *left, const struct run *right, enum multiset_form form)
{
    const size_t last = left->length - 1;
    if (form == FORM_WIDE)
        return multiset_number_compare(&left->numbers[last], &right->numbers[0]) < 0;
    return left->keys[last] < right->keys[0];
}

/* Sorts a slice of a buffer with counts, and gives how many different values there are; `scratch`
 * has room for all of it. */
static size_t sort_slice(const struct run *run, struct run *scratch, enum multiset_form form)
{
    if (run->length < 2)
        return run->length;
    const size_t half = run->length / 2;
    struct run left = slice(run, 0, half, form);
    struct run right = slice(run, half, run->length - half, form);
    left.length = sort_slice(&left, scratch, form);
    right.length = sort_slice(&right, scratch, form);
    if (in_order(&left, &right, form)) {
        struct run after = slice(run, left.length, 0, form);
        if (left.length < half)
            copy_values(&after, &right, form);
        return left.length + right.length;
    }
    scratch->length = 0;
    multiset_run_merge_counted(scratch, &left, &right, form);
    copy_values(&left, scratch, form);
    return scratch->length;
}

/* Bits that count up to `length`. */
static int index_bits(size_t length)
{
    int bits = 1;
    while ((length - 1) >> bits != 0)
        bits++;
    return bits;
}

/* Puts the numbers of a buffer with counts in the order of the leading bits of their keys as
 * doubles, the place of which in the buffer stands in the others; `scratch` has room for all. */
static enum sheaf_status order_roughly(struct run *buffer, struct run *scratch,
                                       const struct run_context *context)
{
    const size_t length = buffer->length;
    const struct run_context keys = {
        .form = FORM_DOUBLE, .charge = context->charge, .error = context->error};
    struct run rough = {0};
    TRY(multiset_run_reserve(&rough, 2 * length, &keys));
    const int bits = index_bits(length);
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    for (size_t i = 0; i < length; i++)
        rough.keys[i] = (multiset_rough_key(&buffer->numbers[i]) & ~mask) | i;
    const uint64_t *const sorted =
        radix_sort(rough.keys, rough.keys + length, length, bits / RADIX_BITS * RADIX_BITS);
    for (size_t i = 0; i < length; i++) {
        const size_t from = (size_t)(sorted[i] & mask);
        scratch->numbers[i] = buffer->numbers[from];
        scratch->times[i] = buffer->times[from];
    }
    scratch->length = length;
    copy_values(buffer, scratch, FORM_WIDE);
    multiset_run_close(&rough, keys.form, context->charge->budget);
    return SHEAF_OK;
}

static enum sheaf_status sort_counted(struct run *out, struct run *buffer,
                                      const struct run_context *context)
{
    TRY(multiset_run_count(buffer, context));
    TRY(multiset_run_reserve(out, buffer->length, context));
    TRY(multiset_run_count(out, context));
    if (context->form == FORM_WIDE && buffer->length > INSERTION_MAX)
        TRY(order_roughly(buffer, out, context));
    buffer->length = sort_slice(buffer, out, context->form);
    copy_values(out, buffer, context->form);
    out->length = buffer->length;
    multiset_run_trim(out, context->form, context->charge->budget);
    return SHEAF_OK;
}

enum sheaf_status multiset_run_sort(struct run *out, struct run *buffer,
                                    const struct run_context *context)
{
    struct memory_budget *const budget = context->charge->budget;
    const bool counted = buffer->times != NULL || context->form == FORM_WIDE;
    const enum sheaf_status status =
        counted ? sort_counted(out, buffer, context) : sort_keys(out, buffer, context);
    if (status != SHEAF_OK) {
        multiset_run_close(out, context->form, budget);
        return status;
    }
    buffer->length = 0;
    multiset_run_uncount(buffer, budget);
    return SHEAF_OK;
}
