/* A profile of a table of distinct values. What is counted in a row is not looked at value by
 * value: of the numbers of one sign and length, only the first and the last can be extremes, in the
 * order of numbers as in that of bytes, and their sums are taken over the keys. */
#include "agg/order.h"
#include "agg/profile_state.h"
#include "base/error.h"
#include "num/power.h"

/* A walk over a run. */
struct walk {
    const struct value_table *table;
    struct value_run run;
    struct profile *profile;
    const struct agg_call *call;
    struct sheaf_error *error;
};

/* What the values of a part of a run come to; mantissas. */
struct part_sum {
    uint64_t rows;
    uint128 squares;
    int128 sum;
    bool has_squares; /* they fit */
};

static enum sheaf_status add_value(const struct walk *walk, size_t at)
{
    struct value_entry entry;
    value_table_entry(walk->table, at, &entry);
    return profile_add(walk->profile, walk->call, &entry, walk->error);
}

static bool is_present(const struct walk *walk, size_t at)
{
    return walk->run.cells[at] != 0;
}

/* Magnitudes below this have squares that fit 128 bits however many there are. */
static const int64_t small_enough = INT64_C(1) << 31;

static struct part_sum sum_part(const struct walk *walk, size_t from, size_t end)
{
    const struct value_run *run = &walk->run;
    const int64_t low = run->first + (int64_t)from;
    const int64_t high = run->first + (int64_t)end;
    struct part_sum out = {.has_squares = low > -small_enough && high < small_enough};
    for (size_t i = from; i < end; i++) {
        const uint64_t count = value_run_count(run, i);
        const int64_t value = run->first + (int64_t)i;
        out.rows += count;
        out.sum += (int128)value * (int128)count;
        if (out.has_squares)
            out.squares += (uint128)(uint64_t)(value * value) * count;
    }
    return out;
}

static enum sheaf_status add_squares(const struct walk *walk, size_t from, size_t end)
{
    struct profile *const profile = walk->profile;
    for (size_t i = from; i < end; i++) {
        const struct number number =
            decimal_number(walk->run.first + (int64_t)i, walk->run.exponent);
        if (is_present(walk, i))
            TRY(exact_sum_add_square_times(&profile->squares, &number,
                                           value_run_count(&walk->run, i), walk->call->budget,
                                           walk->call->column, walk->error));
    }
    return SHEAF_OK;
}

/* Adds values that are no extremes, from `from` to before `end`. */
static enum sheaf_status add_inner(const struct walk *walk, size_t from, size_t end)
{
    struct profile *const profile = walk->profile;
    const struct agg_call *const call = walk->call;
    const struct part_sum part = sum_part(walk, from, end);
    profile->rows += part.rows;
    if (walk->run.is_time || part.rows == 0 || !profile_may_be_numbers(profile->classes))
        return SHEAF_OK;
    const int8_t exponent = walk->run.exponent;
    const struct exact_sum sum = {.small = part.sum, .scale = exponent};
    const struct exact_sum squares = {.small = (int128)part.squares,
                                      .scale = (int8_t)(2 * exponent)};
    profile->numbers += part.rows;
    TRY(exact_sum_merge(&profile->sum, &sum, call->budget, call->column, walk->error));
    if (!part.has_squares)
        return add_squares(walk, from, end);
    return exact_sum_merge(&profile->squares, &squares, call->budget, call->column, walk->error);
}

/* Adds values of one sign and length, with a look at the first and the last that are there. */
static enum sheaf_status add_part(const struct walk *walk, size_t from, size_t end)
{
    while (from < end && !is_present(walk, from))
        from++;
    while (from < end && !is_present(walk, end - 1))
        end--;
    if (from == end)
        return SHEAF_OK;
    TRY(add_value(walk, from));
    if (end - from == 1)
        return SHEAF_OK;
    TRY(add_value(walk, end - 1));
    return add_inner(walk, from + 1, end - 1);
}

/* The end of the part that a cell is in: its number of digits or its sign changes there. */
static size_t part_end(const struct value_run *run, size_t at)
{
    const int64_t key = run->first + (int64_t)at;
    int64_t next = INT64_MAX;
    if (run->is_time)
        return run->length;
    if (key < 0) {
        next = 0;
        for (int power = 0; power < POWER_TEN_MAX && -(int64_t)power_ten(power) >= key; power++)
            next = -(int64_t)power_ten(power) + 1;
    } else {
        for (int power = POWER_TEN_MAX - 1; power >= 0; power--)
            if ((int64_t)power_ten(power) > key)
                next = (int64_t)power_ten(power);
    }
    return next - run->first < (int64_t)run->length ? (size_t)(next - run->first) : run->length;
}

/* The cell of the value that appeared first. */
static size_t first_cell(const struct value_run *run)
{
    size_t first = run->length;
    struct place earliest = {.byte = UINT64_MAX, .file = UINT32_MAX};
    for (size_t i = 0; i < run->length; i++) {
        if (run->cells[i] == 0)
            continue;
        const struct place place = value_run_place(run, i);
        if (first < run->length && place_compare(place, earliest) > 0)
            continue;
        first = i;
        earliest = place;
    }
    return first;
}

/* Adds the part around a cell that is to be looked at for its place. */
static enum sheaf_status add_around(const struct walk *walk, size_t from, size_t end, size_t cell)
{
    if (cell < from || cell >= end)
        return add_part(walk, from, end);
    TRY(add_part(walk, from, cell));
    TRY(add_part(walk, cell, cell + 1));
    return add_part(walk, cell + 1, end);
}

static enum sheaf_status add_run(const struct walk *walk)
{
    const size_t first = first_cell(&walk->run);
    for (size_t from = 0, end; from < walk->run.length; from = end) {
        end = part_end(&walk->run, from);
        TRY(add_around(walk, from, end, first));
    }
    return SHEAF_OK;
}

enum sheaf_status profile_add_table(struct profile *profile, const struct agg_call *call,
                                    const struct value_table *table, struct sheaf_error *error)
{
    struct walk walk = {.table = table, .profile = profile, .call = call, .error = error};
    value_table_run(table, &walk.run);
    size_t cursor = 0;
    if (call->type == TYPE_UNKNOWN) {
        TRY(add_run(&walk));
        cursor = walk.run.length;
    }
    struct value_entry entry;
    while (value_table_next(table, &cursor, &entry))
        TRY(profile_add(profile, call, &entry, error));
    return SHEAF_OK;
}
