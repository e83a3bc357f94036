/* Decimals that lie close together are counted in an array, one counter for each mantissa from the
 * least to the greatest: what sorting by distribution counting begins with (Knuth, "The Art of
 * Computer Programming", volume 3, 5.2). Only columns taken as a whole are, never numbers added one
 * by one: of groups there may be many. */
#include "num/multiset_run.h"

#include "num/power.h"

enum {
    COUNTERS_MOST = 1 << 22,
    COUNTERS_PER_NUMBER = 16,
    OTHERS_LEAST = 8192, /* numbers outside, before a wider tally is tried */
    KEY_POWER_MAX = 18,
};

/* ---- memory --------------------------------------------------------------------------------- */

static size_t tally_size(size_t length)
{
    return sizeof(struct tally) + length * sizeof(uint64_t);
}

void multiset_tally_drop(struct multiset_runs *runs, struct memory_budget *budget)
{
    if (runs->tally == NULL)
        return;
    memory_uncharge(budget, tally_size(runs->tally->length));
    memory_free(runs->tally);
    runs->tally = NULL;
}

/* The least and the greatest key in the runs. */
static bool find_range(const struct multiset_runs *runs, uint64_t *low, uint64_t *high)
{
    *low = UINT64_MAX;
    *high = 0;
    for (size_t i = 0; i < runs->run_count; i++) {
        const struct run *run = &runs->runs[i];
        *low = run->keys[0] < *low ? run->keys[0] : *low;
        *high = run->keys[run->length - 1] > *high ? run->keys[run->length - 1] : *high;
    }
    return runs->run_count > 0;
}

/* Makes a tally for the range that the runs have, if that is worth its memory. */
static enum sheaf_status try_open(struct multiset_runs *runs, const struct multiset_charge *charge,
                                  struct sheaf_error *error)
{
    uint64_t low, high;
    const uint64_t most = runs->count > COUNTERS_MOST / COUNTERS_PER_NUMBER
                              ? COUNTERS_MOST
                              : runs->count * COUNTERS_PER_NUMBER;
    if (runs->form != FORM_DECIMAL || !find_range(runs, &low, &high) || high - low >= most)
        return SHEAF_OK;
    const uint64_t room = (high - low) / 4 + 1;
    low = low < room ? 0 : low - room;
    high = high > UINT64_MAX - room ? UINT64_MAX : high + room;
    const size_t length = (size_t)(high - low) + 1;
    if (memory_charge(charge->budget, tally_size(length), charge->what, charge->column, NULL) !=
        SHEAF_OK)
        return SHEAF_OK; /* the runs have to do */
    runs->tally = memory_zeroed(1, tally_size(length));
    if (runs->tally == NULL) {
        memory_uncharge(charge->budget, tally_size(length));
        return error_no_memory(error, charge->what);
    }
    memory_prefer_large_pages(runs->tally, tally_size(length));
    runs->tally->length = length;
    runs->tally->low = low;
    runs->tally->others = runs->count;
    return SHEAF_OK;
}

/* ---- tally to run --------------------------------------------------------------------------- */

size_t multiset_tally_distinct(const struct tally *tally)
{
    size_t distinct = 0;
    for (size_t i = 0; i < tally->length; i++)
        distinct += tally->times[i] != 0;
    return distinct;
}

/* Writes what is counted to a run that has room and counts. */
static void write_run(struct run *run, const struct tally *tally)
{
    for (size_t i = 0; i < tally->length; i++) {
        if (tally->times[i] == 0)
            continue;
        run->keys[run->length] = tally->low + i;
        run->times[run->length++] = tally->times[i];
    }
}

enum sheaf_status multiset_tally_fold(struct multiset_runs *runs,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error)
{
    if (runs->tally == NULL)
        return SHEAF_OK;
    const struct run_context context = {.form = FORM_DECIMAL, .charge = charge, .error = error};
    const size_t distinct = multiset_tally_distinct(runs->tally);
    struct run run = {0};
    enum sheaf_status status = SHEAF_OK;
    if (distinct > 0) {
        status = multiset_run_reserve(&run, distinct, &context);
        if (status == SHEAF_OK)
            status = multiset_run_count(&run, &context);
    }
    if (status != SHEAF_OK) {
        multiset_run_close(&run, FORM_DECIMAL, charge->budget);
        return status;
    }
    if (distinct > 0)
        write_run(&run, runs->tally);
    multiset_tally_drop(runs, charge->budget);
    return distinct == 0 ? SHEAF_OK : multiset_push(runs, &run, &context);
}

/* ---- decimals ------------------------------------------------------------------------------- */

/* Makes a tally, or a wider one where too many numbers are outside. */
static enum sheaf_status prepare(struct multiset_runs *runs, const struct multiset_charge *charge,
                                 struct sheaf_error *error)
{
    if (runs->tally != NULL) {
        const uint64_t others = runs->count - runs->tally->count;
        if (others / 2 < runs->tally->others + OTHERS_LEAST)
            return SHEAF_OK;
        TRY(multiset_tally_fold(runs, charge, error));
    }
    return try_open(runs, charge, error);
}

/* Decimals on their way into a multiset. */
struct arrival {
    const int64_t *mantissas;
    const uint32_t *rows;
    uint32_t at;
    uint32_t count;
    int64_t factor; /* from their scale to the multiset's */
};

static inline int64_t arrival_next(struct arrival *arrival)
{
    const uint32_t i = arrival->at++;
    return arrival->mantissas[arrival->rows == NULL ? i : arrival->rows[i]];
}

/* Counts mantissas as long as they are in the tally. True: one is not, *other. */
static bool count_quickly(struct multiset_runs *runs, struct arrival *arrival, int64_t *other)
{
    struct tally *const tally = runs->tally;
    const uint64_t low = tally->low;
    const size_t length = tally->length;
    uint64_t counted = 0;
    bool found = false;
    while (!found && arrival->at < arrival->count) {
        const int64_t mantissa = arrival_next(arrival);
        int64_t scaled = mantissa;
        const bool fits =
            arrival->factor == 1 || !__builtin_mul_overflow(mantissa, arrival->factor, &scaled);
        const uint64_t cell = multiset_key_of_integer(scaled) - low;
        if (mantissa != DECIMAL_NULL && fits && cell < length) {
            tally->times[cell]++;
            counted++;
        } else if (mantissa != DECIMAL_NULL) {
            *other = mantissa;
            found = true;
        }
    }
    tally->count += counted;
    runs->count += counted;
    return found;
}

/* Puts mantissas into the buffer as long as they have keys and there is room. */
static bool append_quickly(struct multiset_runs *runs, struct arrival *arrival, int64_t *other)
{
    struct run *const buffer = &runs->buffer;
    uint64_t *const keys = buffer->keys;
    const size_t before = buffer->length;
    size_t length = before;
    bool found = false;
    while (!found && arrival->at < arrival->count) {
        const int64_t mantissa = arrival_next(arrival);
        int64_t scaled = 0;
        if (mantissa == DECIMAL_NULL)
            continue;
        if (length < buffer->capacity &&
            !__builtin_mul_overflow(mantissa, arrival->factor, &scaled)) {
            keys[length++] = multiset_key_of_integer(scaled);
        } else {
            *other = mantissa;
            found = true;
        }
    }
    buffer->length = length;
    runs->count += length - before;
    return found;
}

/* Takes decimals without more ado. True: there is one that needs some. */
static bool take_quickly(struct multiset_runs *runs, struct arrival *arrival, int exponent,
                         int64_t *other)
{
    const int power = exponent - runs->scale;
    const bool is_quick = runs->form == FORM_DECIMAL && power >= 0 && power <= KEY_POWER_MAX &&
                          !runs->settled && runs->count > 0;
    if (!is_quick || (runs->tally == NULL && runs->buffer.times != NULL)) {
        *other = arrival_next(arrival);
        return *other != DECIMAL_NULL;
    }
    arrival->factor = (int64_t)power_ten(power);
    return runs->tally != NULL ? count_quickly(runs, arrival, other)
                               : append_quickly(runs, arrival, other);
}

enum sheaf_status multiset_add_decimals(struct multiset *set, const struct decimals *decimals,
                                        const uint32_t *rows, uint32_t count,
                                        const struct multiset_charge *charge,
                                        struct sheaf_error *error)
{
    struct arrival arrival = {.mantissas = decimals->mantissas, .rows = rows, .count = count};
    if (count == 0)
        return SHEAF_OK;
    TRY(multiset_begin(set, charge, error));
    if (count > 1)
        TRY(prepare(set->runs, charge, error));
    if (count > MULTISET_COUNT_MAX - set->runs->count)
        return multiset_too_many(charge, error);
    while (arrival.at < count) {
        int64_t mantissa;
        if (!take_quickly(set->runs, &arrival, decimals->exponent, &mantissa))
            continue;
        const struct number number = decimal_number(mantissa, decimals->exponent);
        TRY(multiset_add(set, &number, 1, charge, error));
    }
    return SHEAF_OK;
}

/* ---- series --------------------------------------------------------------------------------- */

static int64_t series_mantissa(const struct multiset_series *series, size_t index)
{
    return (series->first + (int64_t)index) * series->unit;
}

static inline uint64_t series_times(const struct multiset_series *series, size_t index)
{
    return (series->times[index] >> series->shift) +
           (series->more == NULL ? 0 : series->more[index * series->more_stride]);
}

/* How many numbers are there at all. */
static size_t series_present(const struct multiset_series *series)
{
    size_t present = 0;
    for (size_t i = 0; i < series->length; i++)
        present += series_times(series, i) != 0;
    return present;
}

/* The power of ten that divides all mantissas that are there, as far as the exponent goes. */
static int common_power(const struct multiset_series *series)
{
    int power = -series->exponent;
    for (size_t i = 0; i < series->length && power > 0; i++) {
        if (series_times(series, i) == 0)
            continue;
        while (series_mantissa(series, i) % (int64_t)power_ten(power) != 0)
            power--;
    }
    return power;
}

static enum sheaf_status add_slowly(struct multiset *set, const struct multiset_series *series,
                                    const struct multiset_charge *charge, struct sheaf_error *error)
{
    for (size_t i = 0; i < series->length; i++) {
        const uint64_t times = series_times(series, i);
        const struct number number = decimal_number(series_mantissa(series, i), series->exponent);
        if (times != 0)
            TRY(multiset_add(set, &number, times, charge, error));
    }
    return SHEAF_OK;
}

/* Writes a series to a run that has room and counts. False: there are too many numbers. */
static bool write_series(struct multiset_runs *runs, struct run *run,
                         const struct multiset_series *series, int64_t divisor)
{
    for (size_t i = 0; i < series->length; i++) {
        const uint64_t times = series_times(series, i);
        if (times > MULTISET_COUNT_MAX - runs->count)
            return false;
        if (times == 0)
            continue;
        int64_t mantissa = series_mantissa(series, i);
        if (divisor != 1)
            mantissa /= divisor;
        run->keys[run->length] = multiset_key_of_integer(mantissa);
        run->times[run->length++] = times;
        runs->count += times;
    }
    return true;
}

/* Adds a series to an empty multiset, as one run of `present` values. */
static enum sheaf_status add_run(struct multiset_runs *runs, const struct multiset_series *series,
                                 size_t present, const struct run_context *context)
{
    const struct multiset_charge *const charge = context->charge;
    const int power = common_power(series);
    struct run run = {0};
    enum sheaf_status status = multiset_run_reserve(&run, present, context);
    if (status == SHEAF_OK)
        status = multiset_run_count(&run, context);
    runs->form = FORM_DECIMAL;
    runs->scale = (int8_t)(series->exponent + power);
    if (status == SHEAF_OK && !write_series(runs, &run, series, (int64_t)power_ten(power)))
        status = multiset_too_many(charge, context->error);
    if (status != SHEAF_OK) {
        multiset_run_close(&run, FORM_DECIMAL, charge->budget);
        return status;
    }
    multiset_run_trim(&run, FORM_DECIMAL, charge->budget);
    return multiset_push(runs, &run, context);
}

enum sheaf_status multiset_add_series(struct multiset *set, const struct multiset_series *series,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error)
{
    const size_t present = series_present(series);
    if (present == 0)
        return SHEAF_OK;
    TRY(multiset_begin(set, charge, error));
    if (set->runs->count > 0 || set->runs->buffer.capacity > 0 || -series->exponent > KEY_POWER_MAX)
        return add_slowly(set, series, charge, error);
    const struct run_context context = {.form = FORM_DECIMAL, .charge = charge, .error = error};
    return add_run(set->runs, series, present, &context);
}
