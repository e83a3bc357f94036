/* Accumulators: what the calls of a column need to know of its short decimals, group by group, in
 * 64 bits at one scale. What they cannot hold goes into full states, by way of absorb. */
#include "agg/group_kernel.h"
#include "agg/group_table.h"

#include "base/error.h"
#include "num/power.h"

enum {
    MOST_SCALE = 18, /* 10^18 is the highest power in 64 bits */
    /* The blocks that a look at all sums must serve for: some, and one for so many groups. */
    ROOM_BLOCKS = 16,
    ROOM_GROUPS = 64,
};

/* ---- into full states -------------------------------------------------------------------- */

static enum sheaf_status absorb(struct group_table *table, const struct group_column *column,
                                uint32_t number, const struct decimal_summary *summary,
                                struct sheaf_error *error)
{
    char *states = group_spill(table, number, error);
    if (states == NULL)
        return error->status;
    for (uint32_t i = column->first_call; i != GROUP_NONE; i = table->calls[i].next) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->absorb(states + table->calls[i].offset, call, summary, error));
    }
    return SHEAF_OK;
}

struct decimal_summary group_sums_summary(const struct group_column *column,
                                          const struct group *group)
{
    const char *record = (const void *)group;
    const struct group_accumulator *sums = (const void *)(record + column->offset);
    struct decimal_summary summary = {
        .rows = sums->count,
        .count = sums->count,
        .sum = sums->sum,
        .exponent = (int8_t)(column->exponent == GROUP_NO_EXPONENT ? 0 : column->exponent),
    };
    if (column->nulls_offset != 0) {
        uint64_t nulls;
        memcpy(&nulls, record + column->nulls_offset, sizeof nulls);
        summary.rows += nulls;
    }
    if (column->form != GROUP_FORM_SUM) {
        summary.least = sums->least;
        summary.greatest = sums->greatest;
    }
    if (column->form == GROUP_FORM_SQUARES)
        summary.squares = (uint128)sums->squares[1] << 64 | sums->squares[0];
    return summary;
}

/* Moves what an accumulator holds into the full states. */
static enum sheaf_status spill_sums(struct group_table *table, const struct group_column *column,
                                    uint32_t number, struct sheaf_error *error)
{
    struct group *group = group_at(table, number);
    const struct decimal_summary summary = group_sums_summary(column, group);
    TRY(absorb(table, column, number, &summary, error));
    group_accumulator_clear(group_accumulator_at(group, column), column->form);
    if (column->nulls_offset != 0)
        memset((char *)group + column->nulls_offset, 0, sizeof(uint64_t));
    return SHEAF_OK;
}

/* A decimal that no accumulator of the column's scale holds. */
static enum sheaf_status absorb_one(struct group_table *table, struct group_column *column,
                                    uint32_t number, const struct decimals *one,
                                    struct sheaf_error *error)
{
    const int64_t mantissa = *one->mantissas;
    const struct decimal_summary summary = {
        .rows = 1,
        .count = 1,
        .sum = mantissa,
        .squares = (uint128)((int128)mantissa * mantissa),
        .least = mantissa,
        .greatest = mantissa,
        .exponent = one->exponent,
    };
    column->misfits++;
    return absorb(table, column, number, &summary, error);
}

/* ---- scales ------------------------------------------------------------------------------ */

/* Gives false when mantissa * 10^digits does not fit. A value stays one: it never becomes
 * DECIMAL_NULL. */
static bool scale_mantissa(int64_t mantissa, int digits, int64_t *out)
{
    if (digits > MOST_SCALE) {
        *out = 0;
        return mantissa == 0;
    }
    return !__builtin_mul_overflow(mantissa, (int64_t)power_ten(digits), out) &&
           *out != DECIMAL_NULL;
}

static bool scale_squares(uint64_t squares[2], int digits)
{
    uint128 value = (uint128)squares[1] << 64 | squares[0];
    for (; digits > 0 && value != 0; digits--) {
        if (value > (uint128)-1 / 100)
            return false;
        value *= 100;
    }
    squares[0] = (uint64_t)value;
    squares[1] = (uint64_t)(value >> 64);
    return true;
}

/* Gives false, and nothing is changed, when an accumulator that holds something cannot be brought
 * to a scale that is finer by so many digits. */
static bool scale_sums(struct group_accumulator *sums, enum group_form form, int digits)
{
    struct group_accumulator scaled = {.count = sums->count};
    if (!scale_mantissa(sums->sum, digits, &scaled.sum))
        return false;
    if (form != GROUP_FORM_SUM && (!scale_mantissa(sums->least, digits, &scaled.least) ||
                                   !scale_mantissa(sums->greatest, digits, &scaled.greatest)))
        return false;
    if (form == GROUP_FORM_SQUARES) {
        memcpy(scaled.squares, sums->squares, sizeof scaled.squares);
        if (!scale_squares(scaled.squares, digits))
            return false;
        *sums = scaled;
        return true;
    }
    sums->sum = scaled.sum;
    if (form == GROUP_FORM_EXTREMES) {
        sums->least = scaled.least;
        sums->greatest = scaled.greatest;
    }
    return true;
}

/* Brings all accumulators to another scale. Those that cannot be are emptied, and so are all when
 * it is a coarser one. */
static enum sheaf_status rescale(struct group_table *table, struct group_column *column,
                                 int exponent, struct sheaf_error *error)
{
    const int digits = column->exponent - exponent;
    for (uint32_t number = 0; number < table->count; number++) {
        struct group_accumulator *sums = group_accumulator_at(group_at(table, number), column);
        if (sums->count == 0 || (digits > 0 && scale_sums(sums, column->form, digits)))
            continue;
        TRY(spill_sums(table, column, number, error));
    }
    column->exponent = exponent;
    column->misfits = 0;
    column->room = 0;
    return SHEAF_OK;
}

/* A coarser scale is taken only when rows that do not fit have cost as much as emptying all. */
enum sheaf_status group_sums_begin(struct group_table *table, struct group_column *column,
                                   int exponent, struct sheaf_error *error)
{
    if (column->exponent == GROUP_NO_EXPONENT)
        column->exponent = exponent;
    if (exponent < column->exponent ||
        (exponent > column->exponent && column->misfits > table->count))
        return rescale(table, column, exponent, error);
    return SHEAF_OK;
}

/* ---- adding ------------------------------------------------------------------------------ */

/* Some values on their way to their groups. */
struct adding {
    struct group_table *table;
    struct group_column *column;
    const int64_t *mantissas;
    const uint32_t *numbers;
    uint32_t count;
};

static bool add_square(struct group_accumulator *sums, int64_t mantissa)
{
    const uint128 before = (uint128)sums->squares[1] << 64 | sums->squares[0];
    const uint128 after = before + (uint128)((int128)mantissa * mantissa);
    if (after < before)
        return false;
    sums->squares[0] = (uint64_t)after;
    sums->squares[1] = (uint64_t)(after >> 64);
    return true;
}

/* Gives false, and nothing is changed, when the accumulator is full. */
static inline bool add_value(struct group_accumulator *sums, enum group_form form, int64_t mantissa)
{
    int64_t sum;
    if (__builtin_add_overflow(sums->sum, mantissa, &sum))
        return false;
    if (form == GROUP_FORM_SQUARES && !add_square(sums, mantissa))
        return false;
    sums->sum = sum;
    sums->count++;
    if (form != GROUP_FORM_SUM) {
        sums->least = mantissa < sums->least ? mantissa : sums->least;
        sums->greatest = mantissa > sums->greatest ? mantissa : sums->greatest;
    }
    return true;
}

/* Adds values from the i-th on until an accumulator is full; gives the number of that value, or the
 * count. Nothing is called on the way, so that all that does not change stays in registers. */
static inline __attribute__((always_inline)) uint32_t add_values(const struct adding *adding,
                                                                 enum group_form form, uint32_t i)
{
    const int64_t *const mantissas = adding->mantissas;
    const uint32_t *const numbers = adding->numbers;
    const size_t count = adding->count;
    const size_t size = adding->table->group_size;
    char *const sums_of_first = adding->table->groups + adding->column->offset;
    size_t at = i;
    for (; at < count; at++) {
        const int64_t mantissa = mantissas[at];
        struct group_accumulator *sums = (void *)(sums_of_first + numbers[at] * size);
        if (mantissa != DECIMAL_NULL && !add_value(sums, form, mantissa))
            break;
    }
    return (uint32_t)at;
}

static __attribute__((noinline)) uint32_t add_sums_only(const struct adding *adding, uint32_t i)
{
    return add_values(adding, GROUP_FORM_SUM, i);
}

static __attribute__((noinline)) uint32_t add_extremes(const struct adding *adding, uint32_t i)
{
    return add_values(adding, GROUP_FORM_EXTREMES, i);
}

static __attribute__((noinline)) uint32_t add_squares(const struct adding *adding, uint32_t i)
{
    return add_values(adding, GROUP_FORM_SQUARES, i);
}

static uint32_t add_by_form(const struct adding *adding, uint32_t i)
{
    switch (adding->column->form) {
    case GROUP_FORM_SUM:
        return add_sums_only(adding, i);
    case GROUP_FORM_EXTREMES:
        return add_extremes(adding, i);
    case GROUP_FORM_SQUARES:
        break;
    }
    return add_squares(adding, i);
}

/* Gives by how much each sum of a column may move, either way. */
static uint64_t measure_room(const struct group_table *table, const struct group_column *column)
{
    uint64_t room = INT64_MAX;
    for (uint32_t number = 0; number < table->count; number++) {
        const int64_t sum = group_accumulator_at(group_at(table, number), column)->sum;
        const uint64_t left = (uint64_t)(INT64_MAX - (sum < 0 ? ~sum : sum));
        room = left < room ? left : room;
    }
    return room;
}

/* Whether no sum can leave 64 bits by these values, which are then taken as added. All sums are
 * looked at only if that serves for so many blocks that it costs little. */
static bool take_room(const struct adding *adding, uint64_t magnitude)
{
    const struct group_table *table = adding->table;
    struct group_column *column = adding->column;
    uint64_t needed;
    if (column->is_tight || __builtin_mul_overflow(magnitude, adding->count, &needed))
        return false;
    if (column->room < needed) {
        column->room = measure_room(table, column);
        column->is_tight = column->room / needed < ROOM_BLOCKS + table->count / ROOM_GROUPS;
        if (column->is_tight)
            return false;
    }
    column->room -= needed;
    return true;
}

/* Adds values without a look at each sum; false when that cannot be done. */
static bool add_at_once(const struct adding *adding)
{
    const struct group_table *table = adding->table;
    const struct group_kernel *kernel = table->kernel;
    if (adding->column->form != GROUP_FORM_EXTREMES || kernel->add_extremes == NULL ||
        !take_room(adding, kernel->magnitude(adding->mantissas, adding->count)))
        return false;
    const struct group_adder adder = {
        .mantissas = adding->mantissas,
        .numbers = adding->numbers,
        .count = adding->count,
        .first = table->groups + adding->column->offset,
        .group_size = table->group_size,
    };
    kernel->add_extremes(&adder);
    return true;
}

/* Every value fits an accumulator that has just been emptied. */
static enum sheaf_status add_all(const struct adding *adding, struct sheaf_error *error)
{
    if (add_at_once(adding))
        return SHEAF_OK;
    for (uint32_t i = 0; (i = add_by_form(adding, i)) < adding->count;)
        TRY(spill_sums(adding->table, adding->column, adding->numbers[i], error));
    return SHEAF_OK;
}

static void add_nulls(const struct adding *adding)
{
    char *const nulls_of_first = adding->table->groups + adding->column->nulls_offset;
    for (uint32_t i = 0; i < adding->count; i++) {
        uint64_t *nulls = (void *)(nulls_of_first + adding->numbers[i] * adding->table->group_size);
        *nulls += adding->mantissas[i] == DECIMAL_NULL;
    }
}

static void gather(const struct decimals *decimals, const struct group_source *source,
                   uint32_t count, int64_t *out)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = decimals->mantissas[batch_row(source->batch, source->start + i)];
}

/* Brings the mantissas to the column's scale. One that does not fit is absorbed alone. */
static enum sheaf_status fit(const struct adding *adding, int exponent, struct sheaf_error *error)
{
    const int digits = exponent - adding->column->exponent;
    int64_t *mantissas = adding->table->mantissas;
    for (uint32_t i = 0; i < adding->count; i++) {
        const int64_t mantissa = mantissas[i];
        if (mantissa == DECIMAL_NULL || scale_mantissa(mantissa, digits, &mantissas[i]))
            continue;
        const struct decimals one = {.mantissas = &mantissa, .exponent = (int8_t)exponent};
        mantissas[i] = DECIMAL_NULL;
        TRY(absorb_one(adding->table, adding->column, adding->numbers[i], &one, error));
    }
    return SHEAF_OK;
}

enum sheaf_status group_sums_add(struct group_table *table, struct group_column *column,
                                 const struct group_source *source, uint32_t count,
                                 struct sheaf_error *error)
{
    const struct decimals *decimals = &source->batch->columns[column->argument].decimals;
    const struct adding adding = {
        .table = table,
        .column = column,
        .mantissas = table->mantissas,
        .numbers = table->found,
        .count = count,
    };
    if (source->batch->selection == NULL && decimals->exponent == column->exponent) {
        struct adding direct = adding;
        direct.mantissas = decimals->mantissas + source->start;
        if (column->nulls_offset != 0 && decimals->has_nulls)
            add_nulls(&direct);
        return add_all(&direct, error);
    }
    gather(decimals, source, count, table->mantissas);
    if (column->nulls_offset != 0 && decimals->has_nulls)
        add_nulls(&adding);
    if (decimals->exponent != column->exponent)
        TRY(fit(&adding, decimals->exponent, error));
    return add_all(&adding, error);
}

/* ---- merging ----------------------------------------------------------------------------- */

/* Gives false, and nothing is changed, when the accumulator cannot take the other, of one scale. */
static bool add_sums(struct group_accumulator *sums, const struct group_accumulator *other,
                     enum group_form form)
{
    int64_t sum;
    if (__builtin_add_overflow(sums->sum, other->sum, &sum))
        return false;
    if (form == GROUP_FORM_SQUARES) {
        const uint128 before = (uint128)sums->squares[1] << 64 | sums->squares[0];
        const uint128 after = before + ((uint128)other->squares[1] << 64 | other->squares[0]);
        if (after < before)
            return false;
        sums->squares[0] = (uint64_t)after;
        sums->squares[1] = (uint64_t)(after >> 64);
    }
    sums->sum = sum;
    sums->count += other->count;
    if (form != GROUP_FORM_SUM) {
        sums->least = other->least < sums->least ? other->least : sums->least;
        sums->greatest = other->greatest > sums->greatest ? other->greatest : sums->greatest;
    }
    return true;
}

/* Adds the summary of a group of another table to an accumulator. */
static enum sheaf_status merge_column(struct group_table *table, struct group_column *column,
                                      uint32_t number, const struct decimal_summary *summary,
                                      struct sheaf_error *error)
{
    struct group *group = group_at(table, number);
    if (column->nulls_offset != 0) {
        uint64_t *nulls = (void *)((char *)group + column->nulls_offset);
        *nulls += summary->rows - summary->count;
    }
    if (summary->count == 0)
        return SHEAF_OK;
    struct group_accumulator other = {
        .count = summary->count,
        .sum = (int64_t)summary->sum,
        .least = summary->least,
        .greatest = summary->greatest,
        .squares = {(uint64_t)summary->squares, (uint64_t)(summary->squares >> 64)}};
    struct group_accumulator *sums = group_accumulator_at(group, column);
    const int digits = summary->exponent - column->exponent;
    if ((digits == 0 || scale_sums(&other, column->form, digits)) &&
        add_sums(sums, &other, column->form)) {
        column->room = 0;
        return SHEAF_OK;
    }
    struct decimal_summary values = *summary;
    values.rows = summary->count; /* the nulls are counted already */
    return absorb(table, column, number, &values, error);
}

enum sheaf_status group_sums_merge(struct group_table *table, uint32_t number,
                                   const struct group_table *from, uint32_t from_number,
                                   struct sheaf_error *error)
{
    const struct group *group = group_at(from, from_number);
    for (uint32_t c = 0; c < from->column_count; c++) {
        const struct decimal_summary summary = group_sums_summary(&from->columns[c], group);
        TRY(merge_column(table, &table->columns[c], number, &summary, error));
    }
    return SHEAF_OK;
}
