/* The sorted runs are those of a log-structured merge (O'Neil, Cheng, Gawlick and O'Neil, "The
 * log-structured merge-tree", Acta Informatica 33, 1996): each is more than twice as long as the
 * next, so there are few, and a value is merged about log2(n / buffer) times. */
#include "num/multiset.h"

#include "num/multiset_run.h"

enum {
    BUFFER_FIRST = 2,    /* values */
    BUFFER_LEAST = 4096, /* before it is sorted */
    BUFFER_MOST_BYTES = 1 << 21,
    RUNS_FIRST = 1,
    /* What is charged for a multiset: also what malloc keeps beside its first two blocks, which is
     * much of a million small ones. */
    RUNS_CHARGE = sizeof(struct multiset_runs) + 32,
};

enum sheaf_status multiset_too_many(const struct multiset_charge *charge, struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA, "%s: more than 2^63 - 1 numbers", charge->what);
}

static struct run_context context_of(const struct multiset_runs *runs,
                                     const struct multiset_charge *charge,
                                     struct sheaf_error *error)
{
    return (struct run_context){.form = runs->form, .charge = charge, .error = error};
}

/* ---- running totals -------------------------------------------------------------------------- */

/* Turns counts into running totals, so that a rank is found by halving. */
static void settle_totals(struct multiset_runs *runs)
{
    runs->settled = true;
    if (runs->run_count == 0 || runs->runs->times == NULL)
        return;
    for (size_t i = 1; i < runs->runs->length; i++)
        runs->runs->times[i] += runs->runs->times[i - 1];
}

static void unsettle(struct multiset_runs *runs)
{
    if (!runs->settled)
        return;
    runs->settled = false;
    if (runs->run_count == 0 || runs->runs->times == NULL)
        return;
    for (size_t i = runs->runs->length; i-- > 1;)
        runs->runs->times[i] -= runs->runs->times[i - 1];
}

/* ---- runs ------------------------------------------------------------------------------------ */

enum sheaf_status multiset_begin(struct multiset *set, const struct multiset_charge *charge,
                                 struct sheaf_error *error)
{
    if (set->runs != NULL) {
        unsettle(set->runs);
        return SHEAF_OK;
    }
    TRY(memory_charge(charge->budget, RUNS_CHARGE, charge->what, charge->column, error));
    set->runs = memory_zeroed(1, sizeof *set->runs);
    if (set->runs != NULL)
        return SHEAF_OK;
    memory_uncharge(charge->budget, RUNS_CHARGE);
    return error_no_memory(error, charge->what);
}

/* Merges the last two runs. */
static enum sheaf_status merge_last(struct multiset_runs *runs, const struct run_context *context)
{
    struct run *const last = &runs->runs[runs->run_count - 1];
    TRY(multiset_run_merge(last - 1, last, context));
    runs->run_count--;
    return SHEAF_OK;
}

/* Makes room for one more run. */
static enum sheaf_status grow_runs(struct multiset_runs *runs, const struct run_context *context)
{
    if (runs->run_count < runs->run_capacity)
        return SHEAF_OK;
    const struct multiset_charge *const charge = context->charge;
    const size_t capacity = runs->run_capacity == 0 ? RUNS_FIRST : 2 * (size_t)runs->run_capacity;
    const size_t extra = (capacity - runs->run_capacity) * sizeof *runs->runs;
    TRY(memory_charge(charge->budget, extra, charge->what, charge->column, context->error));
    struct run *const longer = memory_resize(runs->runs, capacity * sizeof *runs->runs);
    if (longer == NULL) {
        memory_uncharge(charge->budget, extra);
        return error_no_memory(context->error, charge->what);
    }
    runs->runs = longer;
    runs->run_capacity = (uint8_t)capacity; /* 64 at most: lengths double from run to run */
    return SHEAF_OK;
}

/* True when the run before is not more than twice as long. */
static bool outgrown(const struct run *before, size_t length)
{
    return before->length / 2 <= length;
}

static enum sheaf_status push(struct multiset_runs *runs, struct run *run,
                              const struct run_context *context)
{
    /* Short runs first become one: a long one shall not be merged with each of them. */
    while (runs->run_count > 1 && outgrown(&runs->runs[runs->run_count - 2], run->length))
        TRY(merge_last(runs, context));
    TRY(grow_runs(runs, context));
    runs->runs[runs->run_count++] = *run;
    *run = (struct run){0};
    while (runs->run_count > 1 &&
           outgrown(&runs->runs[runs->run_count - 2], runs->runs[runs->run_count - 1].length))
        TRY(merge_last(runs, context));
    return SHEAF_OK;
}

enum sheaf_status multiset_push(struct multiset_runs *runs, struct run *run,
                                const struct run_context *context)
{
    const enum sheaf_status status = push(runs, run, context);
    multiset_run_close(run, context->form, context->charge->budget);
    return status;
}

/* ---- the buffer ------------------------------------------------------------------------------ */

/* Makes a sorted run of what is in the buffer. */
static enum sheaf_status flush(struct multiset_runs *runs, const struct run_context *context)
{
    if (runs->buffer.length == 0)
        return SHEAF_OK;
    struct run run = {0};
    TRY(multiset_run_sort(&run, &runs->buffer, context));
    return multiset_push(runs, &run, context);
}

/* How many values are sorted at once: the more there are that differ, the more. */
static size_t buffer_limit(const struct multiset_runs *runs)
{
    const size_t most = BUFFER_MOST_BYTES / multiset_form_width(runs->form);
    const size_t wanted = runs->run_count == 0 ? 0 : runs->runs->length / 2;
    size_t limit = BUFFER_LEAST;
    while (limit < most && limit < wanted)
        limit *= 2;
    return limit;
}

/* Makes room for one more value in a full buffer. */
static enum sheaf_status make_room(struct multiset_runs *runs, const struct run_context *context)
{
    const size_t capacity = runs->buffer.capacity;
    if (capacity >= buffer_limit(runs))
        return flush(runs, context);
    return multiset_run_reserve(&runs->buffer, capacity == 0 ? BUFFER_FIRST : 2 * capacity,
                                context);
}

/* Adds one number that the tight loop has no key for. */
static enum sheaf_status append(struct multiset_runs *runs, const struct number *number,
                                uint64_t times, const struct multiset_charge *charge,
                                struct sheaf_error *error)
{
    struct number lowest = *number;
    multiset_number_normalise(&lowest);
    TRY(multiset_form_admit(runs, &lowest, charge, error));
    const struct run_context context = context_of(runs, charge, error);
    struct run *const buffer = &runs->buffer;
    if (buffer->length == buffer->capacity)
        TRY(make_room(runs, &context));
    if (times != 1)
        TRY(multiset_run_count(buffer, &context));
    if (runs->form == FORM_WIDE)
        buffer->numbers[buffer->length] = lowest;
    else
        (void)multiset_key_of(runs->form, runs->scale, &lowest, &buffer->keys[buffer->length]);
    if (buffer->times != NULL)
        buffer->times[buffer->length] = times;
    buffer->length++;
    runs->count += times;
    return SHEAF_OK;
}

enum sheaf_status multiset_add(struct multiset *set, const struct number *number, uint64_t times,
                               const struct multiset_charge *charge, struct sheaf_error *error)
{
    TRY(multiset_begin(set, charge, error));
    if (times > MULTISET_COUNT_MAX - set->runs->count)
        return multiset_too_many(charge, error);
    return append(set->runs, number, times, charge, error);
}

/* The numbers of a column that are still to be added. */
struct addition {
    const struct number *numbers;
    const uint32_t *selection;
    uint32_t at;
    uint32_t selected;
};

static const struct number *addition_next(struct addition *addition)
{
    const uint32_t index = addition->at++;
    return &addition->numbers[addition->selection == NULL ? index : addition->selection[index]];
}

/* Adds numbers as long as they have keys without more ado and there is room; gives one that has
 * none, or NULL. */
static const struct number *add_quickly(struct multiset_runs *runs, struct addition *addition)
{
    if (runs->count == 0 || runs->buffer.times != NULL || runs->form == FORM_WIDE)
        return addition_next(addition);
    const enum multiset_form form = runs->form;
    const int scale = runs->scale;
    uint64_t *const keys = runs->buffer.keys;
    const size_t capacity = runs->buffer.capacity;
    const size_t before = runs->buffer.length;
    size_t length = before;
    const struct number *other = NULL;
    while (other == NULL && addition->at < addition->selected) {
        const struct number *const number = addition_next(addition);
        if (number->kind == NUMBER_NULL)
            continue;
        if (length < capacity && multiset_key_of(form, scale, number, &keys[length]))
            length++;
        else
            other = number;
    }
    runs->count += length - before;
    runs->buffer.length = length;
    return other;
}

enum sheaf_status multiset_add_column(struct multiset *set, const struct number *numbers,
                                      const uint32_t *selection, uint32_t selected,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error)
{
    struct addition addition = {.numbers = numbers, .selection = selection, .selected = selected};
    while (addition.at < selected) {
        const struct number *number;
        if (set->runs == NULL || set->runs->settled)
            number = addition_next(&addition);
        else
            number = add_quickly(set->runs, &addition);
        if (number != NULL && number->kind != NUMBER_NULL)
            TRY(multiset_add(set, number, 1, charge, error));
    }
    return SHEAF_OK;
}

/* ---- merging, settling ----------------------------------------------------------------------- */

/* Moves all of `from`, of the same form. */
static enum sheaf_status move_runs(struct multiset_runs *into, struct multiset_runs *from,
                                   const struct run_context *context)
{
    TRY(flush(from, context));
    while (from->run_count > 0) { /* the short ones first */
        struct run *const run = &from->runs[--from->run_count];
        TRY(multiset_push(into, run, context));
    }
    return SHEAF_OK;
}

enum sheaf_status multiset_merge(struct multiset *into, struct multiset *from,
                                 const struct multiset_charge *charge, struct sheaf_error *error)
{
    if (multiset_count(from) == 0)
        return SHEAF_OK;
    if (multiset_count(into) == 0) {
        struct multiset_runs *const empty = into->runs;
        into->runs = from->runs;
        from->runs = empty;
        return SHEAF_OK;
    }
    if (from->runs->count > MULTISET_COUNT_MAX - into->runs->count)
        return multiset_too_many(charge, error);
    TRY(multiset_begin(into, charge, error));
    TRY(multiset_begin(from, charge, error));
    TRY(multiset_tally_fold(into->runs, charge, error));
    TRY(multiset_tally_fold(from->runs, charge, error));
    TRY(multiset_form_unify(into->runs, from->runs, charge, error));
    const struct run_context context = context_of(into->runs, charge, error);
    TRY(move_runs(into->runs, from->runs, &context));
    into->runs->count += from->runs->count;
    from->runs->count = 0;
    return SHEAF_OK;
}

enum sheaf_status multiset_settle(struct multiset *set, const struct multiset_charge *charge,
                                  struct sheaf_error *error)
{
    struct multiset_runs *const runs = set->runs;
    if (runs == NULL || runs->settled)
        return SHEAF_OK;
    const struct run_context context = context_of(runs, charge, error);
    TRY(flush(runs, &context));
    TRY(multiset_tally_fold(runs, charge, error));
    multiset_run_close(&runs->buffer, runs->form, charge->budget);
    while (runs->run_count > 1)
        TRY(merge_last(runs, &context));
    settle_totals(runs);
    return SHEAF_OK;
}

void multiset_drop(struct multiset *set, struct memory_budget *budget)
{
    struct multiset_runs *const runs = set->runs;
    if (runs == NULL)
        return;
    multiset_tally_drop(runs, budget);
    multiset_run_close(&runs->buffer, runs->form, budget);
    for (size_t i = 0; i < runs->run_count; i++)
        multiset_run_close(&runs->runs[i], runs->form, budget);
    memory_uncharge(budget, RUNS_CHARGE + runs->run_capacity * sizeof *runs->runs);
    memory_free(runs->runs);
    memory_free(runs);
    set->runs = NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

uint64_t multiset_count(const struct multiset *set)
{
    return set->runs == NULL ? 0 : set->runs->count;
}

size_t multiset_distinct(const struct multiset *set)
{
    return multiset_count(set) == 0 ? 0 : set->runs->runs->length;
}

static void value_at(const struct multiset_runs *runs, size_t index, struct number *value)
{
    if (runs->form == FORM_WIDE)
        *value = runs->runs->numbers[index];
    else
        multiset_key_number(runs->form, runs->scale, runs->runs->keys[index], value);
}

void multiset_value(const struct multiset *set, size_t index, struct number *value, uint64_t *times)
{
    const uint64_t *const totals = set->runs->runs->times;
    value_at(set->runs, index, value);
    if (totals == NULL)
        *times = 1;
    else
        *times = totals[index] - (index == 0 ? 0 : totals[index - 1]);
}

void multiset_at(const struct multiset *set, uint64_t rank, struct number *value)
{
    const struct run *const run = set->runs->runs;
    if (run->times == NULL) {
        value_at(set->runs, (size_t)rank, value);
        return;
    }
    size_t low = 0; /* the first total above the rank is at low … high */
    size_t high = run->length - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (run->times[middle] > rank)
            high = middle;
        else
            low = middle + 1;
    }
    value_at(set->runs, low, value);
}
