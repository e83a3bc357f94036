#include "job/stats_column.h"

#include "agg/agg_state.h"
#include "num/compare.h"
#include "num/parse.h"
#include "num/power.h"
#include "num/quantile.h"

const struct number stats_quartiles[STATS_QUARTILES] = {
    {.mantissa = 25, .exponent = -2, .kind = NUMBER_DECIMAL},
    {.mantissa = 50, .exponent = -2, .kind = NUMBER_DECIMAL},
    {.mantissa = 75, .exponent = -2, .kind = NUMBER_DECIMAL},
};

/* ---- opening ----------------------------------------------------------------------------- */

static enum sheaf_status make_profile(struct stats_column *column, struct sheaf_error *error)
{
    struct profile *profile = &column->own_profile;
    column->profile = profile;
    column->profile_call = *column->call;
    column->profile_call.ops = &agg_profile;
    struct value_entry entry = {.count = column->table->nulls, .place = column->table->null_place};
    if (entry.count > 0)
        TRY(profile_add(profile, &column->profile_call, &entry, error));
    return profile_add_table(profile, &column->profile_call, column->table, error);
}

enum sheaf_status stats_column_open(struct stats_column *column, const struct agg_call *call,
                                    void *state, struct sheaf_error *error)
{
    *column = (struct stats_column){.call = call, .round = call->round};
    if (call->ops == &agg_profile) {
        column->profile = state;
    } else {
        column->table = agg_distinct_table(state);
        TRY(make_profile(column, error));
    }
    column->type = profile_type(column->profile, call);
    return SHEAF_OK;
}

void stats_column_close(struct stats_column *column)
{
    if (column->profile == &column->own_profile)
        profile_drop(&column->own_profile, &column->profile_call);
    multiset_drop(&column->numbers, column->call->budget);
}

bool stats_column_is_number(const struct stats_column *column)
{
    return column_type_is_number(column->type) || column->type == TYPE_NULL;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static void read_instant(const struct stats_column *column, struct text key, struct instant *out)
{
    if (column->call->type != TYPE_UNKNOWN)
        value_key_instant(key, out);
    else
        (void)instant_parse(key, out);
}

/* A value of a column of numbers or times, as a number. */
static void read_number(const struct stats_column *column, struct text key, struct number *out)
{
    if (column_type_is_time(column->type)) {
        struct instant instant;
        read_instant(column, key, &instant);
        instant_number(&instant, out);
    } else if (column->call->type != TYPE_UNKNOWN) {
        value_key_number(key, out);
    } else {
        (void)number_parse(key, out);
    }
}

/* Adds the values of the table's run, and gives the cursor of the others. */
static enum sheaf_status add_run(struct stats_column *column, const struct multiset_charge *charge,
                                 size_t *cursor, struct sheaf_error *error)
{
    struct value_run run;
    value_table_run(column->table, &run);
    *cursor = run.length;
    const struct multiset_series series = {
        .times = run.cells,
        .shift = VALUE_CELL_BYTE_BITS,
        .more = run.excess == NULL ? NULL : &run.excess->count,
        .more_stride = sizeof *run.excess / sizeof run.excess->count,
        .length = run.length,
        .first = run.first,
        .unit = run.unit,
        .exponent = run.exponent,
    };
    return multiset_add_series(&column->numbers, &series, charge, error);
}

enum sheaf_status stats_column_numbers(struct stats_column *column, const struct multiset **out,
                                       struct sheaf_error *error)
{
    const struct multiset_charge charge = {.budget = column->call->budget,
                                           .what = "the values of stats",
                                           .column = column->call->column};
    *out = &column->numbers;
    if (column->has_numbers)
        return SHEAF_OK;
    if (column_type_is_number(column->type) || column_type_is_time(column->type)) {
        struct value_entry entry;
        size_t cursor;
        TRY(add_run(column, &charge, &cursor, error));
        while (value_table_next(column->table, &cursor, &entry)) {
            struct number number;
            read_number(column, entry.key, &number);
            TRY(multiset_add(&column->numbers, &number, entry.count, &charge, error));
        }
    }
    TRY(multiset_settle(&column->numbers, &charge, error));
    column->has_numbers = true;
    return SHEAF_OK;
}

enum sheaf_status stats_column_shape(struct stats_column *column, const struct shape **out,
                                     struct sheaf_error *error)
{
    *out = &column->shape;
    if (column->has_shape)
        return SHEAF_OK;
    const struct multiset *numbers;
    TRY(stats_column_numbers(column, &numbers, error));
    shape_of(numbers, &column->shape);
    column->has_shape = true;
    return SHEAF_OK;
}

/* ---- times ------------------------------------------------------------------------------- */

/* The values that are found for the quartiles. */
struct quartile_search {
    struct number quartiles[STATS_QUARTILES];
    struct place places[STATS_QUARTILES];
    bool found[STATS_QUARTILES];
};

static void offer(struct stats_column *column, struct quartile_search *search, unsigned quartile,
                  const struct value_entry *entry)
{
    if (search->found[quartile] && place_compare(entry->place, search->places[quartile]) > 0)
        return;
    search->found[quartile] = true;
    search->places[quartile] = entry->place;
    column->quartiles[quartile] = entry->number;
}

/* Of the run, a quartile is the value at its distance from the first, or none. */
static void search_run(struct stats_column *column, struct quartile_search *search,
                       const struct value_run *run)
{
    for (unsigned i = 0; i < STATS_QUARTILES && run->length > 0; i++) {
        const struct number *quartile = &search->quartiles[i];
        if (quartile->exponent < 0 || quartile->mantissa % run->unit != 0)
            continue;
        const int128 seconds = quartile->mantissa * (int128)power_ten(quartile->exponent);
        const int128 at = seconds / run->unit - run->first;
        if (at < 0 || at >= (int128)run->length || run->cells[at] == 0)
            continue;
        struct value_entry entry;
        value_table_entry(column->table, (uint64_t)at, &entry);
        offer(column, search, i, &entry);
    }
}

/* Finds, of the values that are equal to each quartile, the one that appeared first: several texts
 * may be one time. */
static void find_quartiles(struct stats_column *column, struct quartile_search *search)
{
    struct value_run run;
    value_table_run(column->table, &run);
    search_run(column, search, &run);
    struct value_entry entry;
    size_t cursor = run.length;
    while (value_table_next(column->table, &cursor, &entry)) {
        struct number number;
        read_number(column, entry.key, &number);
        for (unsigned i = 0; i < STATS_QUARTILES; i++)
            if (number_compare(&number, &search->quartiles[i]) == 0)
                offer(column, search, i, &entry);
    }
}

/* Finds the quartiles of a column that has no values but those of the run, which are in order. */
static void count_quartiles(struct stats_column *column, const struct value_run *run)
{
    const uint64_t count = column->profile->rows - column->profile->nulls;
    uint64_t below = 0; /* values before the cell */
    size_t at = 0;
    for (unsigned i = 0; i < STATS_QUARTILES; i++) {
        const uint64_t rank = quantile_lower_rank(count, &stats_quartiles[i]);
        while (below + value_run_count(run, at) <= rank)
            below += value_run_count(run, at++);
        column->quartiles[i] = at;
    }
    column->has_quartiles = true;
}

static enum sheaf_status make_quartiles(struct stats_column *column, struct sheaf_error *error)
{
    struct value_run run;
    struct value_entry other;
    value_table_run(column->table, &run);
    size_t cursor = run.length;
    if (column->table->distinct > 0 && !value_table_next(column->table, &cursor, &other)) {
        count_quartiles(column, &run);
        return SHEAF_OK;
    }
    const struct multiset *times;
    TRY(stats_column_numbers(column, &times, error));
    const uint64_t count = multiset_count(times);
    struct quartile_search search = {.found = {false}};
    for (unsigned i = 0; i < STATS_QUARTILES && count > 0; i++)
        multiset_at(times, quantile_lower_rank(count, &stats_quartiles[i]), &search.quartiles[i]);
    if (count > 0)
        find_quartiles(column, &search);
    column->has_quartiles = count > 0;
    return SHEAF_OK;
}

enum sheaf_status stats_column_time_quartile(struct stats_column *column, unsigned quartile,
                                             struct value *out, struct sheaf_error *error)
{
    if (!column->has_quartiles)
        TRY(make_quartiles(column, error));
    *out = column->has_quartiles ? stats_column_value(column, column->quartiles[quartile])
                                 : value_null();
    return SHEAF_OK;
}

/* ---- texts ------------------------------------------------------------------------------- */

struct value stats_column_value(struct stats_column *column, uint64_t number)
{
    value_table_entry(column->table, number, &column->entry);
    return native_cell(column->call->type, column->entry.key, column->scratch);
}

static void take_value(struct stats_column *column, const struct value_entry *entry)
{
    struct stats_values *values = &column->values;
    if (entry->count > values->mode_count ||
        (entry->count == values->mode_count &&
         place_compare(entry->place, values->mode_place) < 0)) {
        values->mode = entry->number;
        values->mode_count = entry->count;
        values->mode_place = entry->place;
    }
    const uint64_t length = native_text(column->call->type, entry->key, column->scratch).length;
    if (length < values->shortest)
        values->shortest = length;
    if (length > values->longest)
        values->longest = length;
}

const struct stats_values *stats_column_values(struct stats_column *column)
{
    if (column->has_values)
        return &column->values;
    column->values = (struct stats_values){.shortest = UINT64_MAX};
    struct value_entry entry;
    size_t cursor = 0;
    while (value_table_next(column->table, &cursor, &entry))
        take_value(column, &entry);
    column->has_values = true;
    return &column->values;
}
