/* Merging two runs of keys goes without counts as long as no value is in both: a column of
 * different values takes 8 bytes each, never 16. */
#include "num/multiset_run.h"

#include "num/compare.h"

#include <string.h>

size_t multiset_form_width(enum multiset_form form)
{
    return form == FORM_WIDE ? sizeof(struct number) : sizeof(uint64_t);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* A block of `from` items of `width` bytes, which shall have `to`, no fewer. */
struct growth {
    size_t from;
    size_t to;
    size_t width;
};

/* Fails with the block and the charge as before. */
static enum sheaf_status lengthen(void **block, struct growth growth,
                                  const struct run_context *context)
{
    const struct multiset_charge *const charge = context->charge;
    size_t bytes;
    if (!size_multiply(growth.to, growth.width, &bytes))
        return error_no_memory(context->error, charge->what);
    const size_t extra = bytes - growth.from * growth.width;
    TRY(memory_charge(charge->budget, extra, charge->what, charge->column, context->error));
    void *const longer = memory_resize(*block, bytes);
    if (longer == NULL) {
        memory_uncharge(charge->budget, extra);
        return error_no_memory(context->error, charge->what);
    }
    *block = longer;
    return SHEAF_OK;
}

enum sheaf_status multiset_run_reserve(struct run *run, size_t capacity,
                                       const struct run_context *context)
{
    struct growth growth = {.from = run->capacity, .to = capacity};
    if (run->times != NULL) {
        void *times = run->times;
        growth.width = sizeof *run->times;
        TRY(lengthen(&times, growth, context));
        run->times = times;
    }
    void *values = run->keys;
    growth.width = multiset_form_width(context->form);
    const enum sheaf_status status = lengthen(&values, growth, context);
    if (status != SHEAF_OK) { /* the counts are longer than they are said to be: no harm */
        if (run->times != NULL)
            memory_uncharge(context->charge->budget,
                            (growth.to - growth.from) * sizeof *run->times);
        return status;
    }
    run->keys = values;
    run->capacity = capacity;
    return SHEAF_OK;
}

enum sheaf_status multiset_run_count(struct run *run, const struct run_context *context)
{
    if (run->times != NULL)
        return SHEAF_OK;
    void *times = NULL;
    const struct growth growth = {.to = run->capacity, .width = sizeof *run->times};
    TRY(lengthen(&times, growth, context));
    run->times = times;
    for (size_t i = 0; i < run->length; i++)
        run->times[i] = 1;
    return SHEAF_OK;
}

void multiset_run_uncount(struct run *run, struct memory_budget *budget)
{
    if (run->times == NULL)
        return;
    memory_free(run->times);
    memory_uncharge(budget, run->capacity * sizeof *run->times);
    run->times = NULL;
}

void multiset_run_close(struct run *run, enum multiset_form form, struct memory_budget *budget)
{
    multiset_run_uncount(run, budget);
    memory_free(run->keys);
    memory_uncharge(budget, run->capacity * multiset_form_width(form));
    *run = (struct run){0};
}

static bool all_once(const struct run *run)
{
    for (size_t i = 0; i < run->length; i++) {
        if (run->times[i] != 1)
            return false;
    }
    return true;
}

/* Gives one block's unused end back; a block that cannot be moved stays as it is. */
static void *shortened(void *block, size_t bytes, bool *failed)
{
    void *const shorter = memory_resize(block, bytes);
    *failed |= shorter == NULL;
    return shorter == NULL ? block : shorter;
}

void multiset_run_trim(struct run *run, enum multiset_form form, struct memory_budget *budget)
{
    if (run->times != NULL && all_once(run))
        multiset_run_uncount(run, budget);
    if (run->length == run->capacity)
        return;
    const size_t width = multiset_form_width(form);
    const size_t item = width + (run->times == NULL ? 0 : sizeof *run->times);
    bool failed = false;
    run->keys = shortened(run->keys, run->length * width, &failed);
    if (run->times != NULL)
        run->times = shortened(run->times, run->length * sizeof *run->times, &failed);
    if (failed) /* still charged in full */
        return;
    memory_uncharge(budget, (run->capacity - run->length) * item);
    run->capacity = run->length;
}

/* ---- merging --------------------------------------------------------------------------------- */

/* Two sorted runs on their way into one; `out` has room for both. */
struct merge {
    const struct run *a;
    const struct run *b;
    size_t at_a;
    size_t at_b;
    struct run *out;
};

/* Merges keys as far as one of the runs goes, or to a value that is in both. */
static void merge_different(struct merge *merge)
{
    const uint64_t *const a = merge->a->keys;
    const uint64_t *const b = merge->b->keys;
    uint64_t *const out = merge->out->keys + merge->out->length;
    size_t i = 0;
    size_t j = 0;
    while (i < merge->a->length && j < merge->b->length && a[i] != b[j]) {
        const bool from_a = a[i] < b[j];
        out[i + j] = from_a ? a[i] : b[j];
        i += from_a;
        j += !from_a;
    }
    merge->at_a = i;
    merge->at_b = j;
    merge->out->length += i + j;
}

/* Merges keys as far as one of the runs goes. */
static void merge_keys(struct merge *merge)
{
    const struct run *const a = merge->a;
    const struct run *const b = merge->b;
    struct run *const out = merge->out;
    size_t i = merge->at_a;
    size_t j = merge->at_b;
    size_t length = out->length;
    for (; i < a->length && j < b->length; length++) {
        const bool from_a = a->keys[i] <= b->keys[j];
        const bool from_b = a->keys[i] >= b->keys[j];
        out->keys[length] = from_a ? a->keys[i] : b->keys[j];
        out->times[length] =
            (from_a ? multiset_run_times(a, i) : 0) + (from_b ? multiset_run_times(b, j) : 0);
        i += from_a;
        j += from_b;
    }
    merge->at_a = i;
    merge->at_b = j;
    out->length = length;
}

/* Merges numbers as far as one of the runs goes. */
static void merge_numbers(struct merge *merge)
{
    const struct run *const a = merge->a;
    const struct run *const b = merge->b;
    struct run *const out = merge->out;
    while (merge->at_a < a->length && merge->at_b < b->length) {
        const struct number *const left = &a->numbers[merge->at_a];
        const struct number *const right = &b->numbers[merge->at_b];
        const int order = multiset_number_compare(left, right);
        uint64_t times = 0;
        if (order <= 0)
            times += multiset_run_times(a, merge->at_a++);
        if (order >= 0)
            times += multiset_run_times(b, merge->at_b++);
        const bool is_left = order < 0 || (order == 0 && number_outranks(left, right));
        out->numbers[out->length] = is_left ? *left : *right;
        out->times[out->length++] = times;
    }
}

/* Appends what is left of a run from `at`. */
static void append_rest(struct run *out, const struct run *from, size_t at, enum multiset_form form)
{
    const size_t rest = from->length - at;
    if (form == FORM_WIDE)
        memcpy(out->numbers + out->length, from->numbers + at, rest * sizeof *out->numbers);
    else
        memcpy(out->keys + out->length, from->keys + at, rest * sizeof *out->keys);
    if (out->times != NULL) {
        for (size_t i = 0; i < rest; i++)
            out->times[out->length + i] = multiset_run_times(from, at + i);
    }
    out->length += rest;
}

static void merge_rest(struct merge *merge, enum multiset_form form)
{
    append_rest(merge->out, merge->a, merge->at_a, form);
    append_rest(merge->out, merge->b, merge->at_b, form);
}

void multiset_run_merge_counted(struct run *out, const struct run *a, const struct run *b,
                                enum multiset_form form)
{
    struct merge merge = {.a = a, .b = b, .out = out};
    if (form == FORM_WIDE)
        merge_numbers(&merge);
    else
        merge_keys(&merge);
    merge_rest(&merge, form);
}

/* Merges keys without counts as long as that goes. */
static enum sheaf_status merge_uncounted(struct run *out, const struct run *a, const struct run *b,
                                         const struct run_context *context)
{
    struct merge merge = {.a = a, .b = b, .out = out};
    merge_different(&merge);
    if (merge.at_a < a->length && merge.at_b < b->length) {
        TRY(multiset_run_count(out, context));
        merge_keys(&merge);
    }
    merge_rest(&merge, context->form);
    return SHEAF_OK;
}

static enum sheaf_status merge_into(struct run *out, const struct run *a, const struct run *b,
                                    const struct run_context *context)
{
    TRY(multiset_run_reserve(out, a->length + b->length, context));
    if (a->times == NULL && b->times == NULL && context->form != FORM_WIDE)
        return merge_uncounted(out, a, b, context);
    TRY(multiset_run_count(out, context));
    multiset_run_merge_counted(out, a, b, context->form);
    return SHEAF_OK;
}

enum sheaf_status multiset_run_merge(struct run *into, struct run *from,
                                     const struct run_context *context)
{
    struct memory_budget *const budget = context->charge->budget;
    struct run merged = {0};
    const enum sheaf_status status = merge_into(&merged, into, from, context);
    if (status != SHEAF_OK) {
        multiset_run_close(&merged, context->form, budget);
        return status;
    }
    multiset_run_close(into, context->form, budget);
    multiset_run_close(from, context->form, budget);
    multiset_run_trim(&merged, context->form, budget);
    *into = merged;
    return SHEAF_OK;
}
