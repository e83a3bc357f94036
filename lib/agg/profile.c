/* What a column holds. Every member depends on the values alone, not on the order in which they
 * came: what needs all of them to be numbers, times or booleans is kept until one is not, and then
 * given up for good. */
#include "agg/profile.h"

#include "agg/order.h"
#include "agg/padded.h"
#include "agg/profile_state.h"
#include "base/error.h"

_Static_assert(sizeof(struct profile) % 16 == 0, "a state's size is a multiple of 16");

/* ---- the type ------------------------------------------------------------------------------ */

enum column_type profile_type_of(unsigned classes)
{
    if (classes == 0)
        return TYPE_NULL;
    if (profile_may_be_booleans(classes))
        return TYPE_BOOLEAN;
    if (profile_may_be_times(classes))
        return classes == CLASS_DATE ? TYPE_DATE : TYPE_TIMESTAMP;
    if (!profile_may_be_numbers(classes) || classes == CLASS_SPECIAL)
        return TYPE_TEXT;
    if ((classes & (CLASS_FLOAT | CLASS_SPECIAL)) != 0)
        return TYPE_FLOAT;
    return (classes & CLASS_DECIMAL) != 0 ? TYPE_DECIMAL : TYPE_INTEGER;
}

enum column_type profile_type(const struct profile *profile, const struct agg_call *call)
{
    return call->type != TYPE_UNKNOWN ? call->type : profile_type_of(profile->classes);
}

static void drop_time(struct profile_time *time, const struct agg_call *call)
{
    held_drop(&time->text, call);
    *time = (struct profile_time){.place = {.byte = 0}};
}

static void drop_numbers(struct profile *profile, const struct agg_call *call)
{
    exact_sum_drop(&profile->sum, call->budget);
    exact_sum_drop(&profile->squares, call->budget);
    profile->numbers = 0;
    profile->lowest = (struct number){.kind = NUMBER_NULL};
    profile->highest = (struct number){.kind = NUMBER_NULL};
    profile->sum = (struct exact_sum){.small = 0};
    profile->squares = (struct exact_sum){.small = 0};
}

/* Adds classes, and gives up what the column can no longer be. A column of texts is only that: how
 * soon it was found to be one does not show. */
static void add_classes(struct profile *profile, unsigned classes, const struct agg_call *call)
{
    if ((classes & ~profile->classes) == 0)
        return;
    profile->classes |= classes;
    if (!profile_may_be_numbers(profile->classes))
        drop_numbers(profile, call);
    if (!profile_may_be_booleans(profile->classes))
        profile->trues = profile->falses = 0;
    if (!profile_may_be_times(profile->classes)) {
        drop_time(&profile->earliest, call);
        drop_time(&profile->latest, call);
    }
    if (profile_is_text(profile->classes))
        profile->classes = CLASS_TEXT;
}

/* ---- values -------------------------------------------------------------------------------- */

/* The order of the least and the greatest text as far as their first 8 bytes tell, while many texts
 * go by: most are settled by two comparisons of integers. */
struct bounds {
    uint64_t least;
    uint64_t greatest;
};

static struct bounds bounds_of(const struct profile *profile)
{
    struct bounds bounds = {.least = UINT64_MAX};
    if (!held_is_empty(&profile->least))
        bounds.least = padded_prefix(held_text(&profile->least));
    if (!held_is_empty(&profile->greatest))
        bounds.greatest = padded_prefix(held_text(&profile->greatest));
    return bounds;
}

static enum sheaf_status take_bounds(struct profile *profile, struct text text,
                                     struct bounds *bounds, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    const uint64_t prefix = padded_prefix(text);
    if (prefix > bounds->least && prefix < bounds->greatest)
        return SHEAF_OK;
    if (held_is_empty(&profile->least) || text_compare(text, held_text(&profile->least)) < 0) {
        TRY(held_set(&profile->least, text, call, error));
        bounds->least = prefix;
    }
    if (held_is_empty(&profile->greatest) ||
        text_compare(text, held_text(&profile->greatest)) > 0) {
        TRY(held_set(&profile->greatest, text, call, error));
        bounds->greatest = prefix;
    }
    return SHEAF_OK;
}

static void take_extremes(struct profile *profile, const struct number *number)
{
    if (order_replaces(number, &profile->lowest, ORDER_LOWEST))
        profile->lowest = *number;
    if (order_replaces(number, &profile->highest, ORDER_HIGHEST))
        profile->highest = *number;
}

static enum sheaf_status take_number(struct profile *profile, const struct number *number,
                                     uint64_t count, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    take_extremes(profile, number);
    profile->numbers += count;
    if (count != 1) {
        TRY(exact_sum_add_times(&profile->sum, number, count, call->budget, call->column, error));
        return exact_sum_add_square_times(&profile->squares, number, count, call->budget,
                                          call->column, error);
    }
    TRY(exact_sum_add(&profile->sum, number, call->budget, call->column, error));
    return exact_sum_add_square(&profile->squares, number, call->budget, call->column, error);
}

/* A time on its way into a profile; text.bytes NULL: of a binary column. */
struct sighting {
    struct text text;
    struct instant instant;
    struct place place;
};

static bool time_replaces(const struct instant *instant, struct place place,
                          const struct profile_time *kept, enum order_end end)
{
    if (kept->instant.form == INSTANT_NULL)
        return true;
    const int order = instant_compare(instant, &kept->instant);
    if (order != 0)
        return end == ORDER_HIGHEST ? order > 0 : order < 0;
    return place_compare(place, kept->place) < 0;
}

static enum sheaf_status keep_time(struct profile_time *kept, const struct sighting *sighting,
                                   enum order_end end, const struct agg_call *call,
                                   struct sheaf_error *error)
{
    if (!time_replaces(&sighting->instant, sighting->place, kept, end))
        return SHEAF_OK;
    if (sighting->text.bytes != NULL)
        TRY(held_set(&kept->text, sighting->text, call, error));
    kept->instant = sighting->instant;
    kept->place = sighting->place;
    return SHEAF_OK;
}

static enum sheaf_status take_time(struct profile *profile, const struct sighting *sighting,
                                   const struct agg_call *call, struct sheaf_error *error)
{
    TRY(keep_time(&profile->earliest, sighting, ORDER_LOWEST, call, error));
    return keep_time(&profile->latest, sighting, ORDER_HIGHEST, call, error);
}

static void take_boolean(struct profile *profile, struct text text, uint64_t count)
{
    if (text.bytes[0] == 't' || text.bytes[0] == 'T')
        profile->trues += count;
    else
        profile->falses += count;
}

static enum sheaf_status take_first(struct profile *profile, struct text text, struct place place,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    if (!held_is_empty(&profile->first) && place_compare(place, profile->first_place) >= 0)
        return SHEAF_OK;
    TRY(held_set(&profile->first, text, call, error));
    profile->first_place = place;
    return SHEAF_OK;
}

/* What a text is: of a binary column what its type says, of CSV what it looks like. */
static void classify(struct text text, enum column_type type, struct classified *out)
{
    *out = (struct classified){.class = CLASS_TEXT};
    if (type == TYPE_UNKNOWN)
        text_classify(text, out);
    else if (type == TYPE_BOOLEAN)
        out->class = CLASS_BOOLEAN;
}

/* Takes a text for the type that the column may have, while it may have one. */
static enum sheaf_status take_as_typed(struct profile *profile, const struct value_entry *entry,
                                       const struct agg_call *call, struct sheaf_error *error)
{
    if (profile->classes == CLASS_TEXT)
        return SHEAF_OK;
    struct classified classified;
    classify(entry->key, call->type, &classified);
    add_classes(profile, classified.class, call);
    if (profile->classes == CLASS_TEXT)
        return SHEAF_OK;
    if (classified.class == CLASS_BOOLEAN) {
        take_boolean(profile, entry->key, entry->count);
        return SHEAF_OK;
    }
    if (classified.number.kind != NUMBER_NULL)
        return take_number(profile, &classified.number, entry->count, call, error);
    const struct sighting sighting = {
        .text = entry->key, .instant = classified.instant, .place = entry->place};
    return take_time(profile, &sighting, call, error);
}

static enum sheaf_status take_text(struct profile *profile, const struct value_entry *entry,
                                   struct bounds *bounds, const struct agg_call *call,
                                   struct sheaf_error *error)
{
    const uint64_t length = entry->key.length;
    if (held_is_empty(&profile->least))
        profile->shortest = profile->longest = length;
    profile->shortest = length < profile->shortest ? length : profile->shortest;
    profile->longest = length > profile->longest ? length : profile->longest;
    TRY(take_bounds(profile, entry->key, bounds, call, error));
    return take_as_typed(profile, entry, call, error);
}

/* What a number or instant of a binary column is: what its type says. */
static enum text_class class_of(enum column_type type)
{
    switch (type) {
    case TYPE_INTEGER:
        return CLASS_INTEGER;
    case TYPE_DECIMAL:
        return CLASS_DECIMAL;
    case TYPE_FLOAT:
        return CLASS_FLOAT;
    case TYPE_DATE:
        return CLASS_DATE;
    case TYPE_TIMESTAMP:
        return CLASS_LOCAL;
    default:
        return CLASS_TEXT;
    }
}

/* ---- rows ---------------------------------------------------------------------------------- */

static enum sheaf_status update_texts(struct profile *profile, const struct agg_call *call,
                                      const struct column *column, const struct batch *batch,
                                      struct sheaf_error *error)
{
    struct bounds bounds = bounds_of(profile);
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        const struct value_entry entry = {
            .key = column->texts[row], .count = 1, .place = batch_place(batch, row)};
        profile->rows++;
        if (entry.key.bytes == NULL) {
            profile->nulls++;
            continue;
        }
        TRY(take_first(profile, entry.key, entry.place, call, error));
        TRY(take_text(profile, &entry, &bounds, call, error));
    }
    return SHEAF_OK;
}

/* Takes the first row of a batch that has a value for the first value; rows ascend. */
static enum sheaf_status take_first_number(struct profile *profile, const struct agg_call *call,
                                           const struct column *column, const struct batch *batch,
                                           struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        if (column->numbers[row].kind == NUMBER_NULL)
            continue;
        char key[VALUE_KEY_SIZE];
        const size_t length = value_key_of_number(&column->numbers[row], key);
        add_classes(profile, class_of(call->type), call);
        return take_first(profile, (struct text){.bytes = key, .length = length},
                          batch_place(batch, row), call, error);
    }
    return SHEAF_OK;
}

static enum sheaf_status update_numbers(struct profile *profile, const struct agg_call *call,
                                        const struct column *column, const struct batch *batch,
                                        struct sheaf_error *error)
{
    TRY(take_first_number(profile, call, column, batch, error));
    uint64_t count = 0;
    TRY(exact_sum_add_column(&profile->sum, column->numbers, batch->selection, batch->selected,
                             &count, call->budget, call->column, error));
    for (uint32_t i = 0; i < batch->selected; i++) {
        const struct number *number = &column->numbers[batch_row(batch, i)];
        if (number->kind == NUMBER_NULL)
            continue;
        take_extremes(profile, number);
        TRY(exact_sum_add_square(&profile->squares, number, call->budget, call->column, error));
    }
    profile->rows += batch->selected;
    profile->nulls += batch->selected - count;
    profile->numbers += count;
    return SHEAF_OK;
}

static enum sheaf_status take_instant(struct profile *profile, const struct instant *instant,
                                      struct place place, const struct agg_call *call,
                                      struct sheaf_error *error)
{
    const struct sighting sighting = {.instant = *instant, .place = place};
    add_classes(profile, class_of(call->type), call);
    if (held_is_empty(&profile->first) || place_compare(place, profile->first_place) < 0) {
        char key[VALUE_KEY_SIZE];
        const size_t length = value_key_of_instant(instant, key);
        TRY(take_first(profile, (struct text){.bytes = key, .length = length}, place, call, error));
    }
    return take_time(profile, &sighting, call, error);
}

static enum sheaf_status update_instants(struct profile *profile, const struct agg_call *call,
                                         const struct column *column, const struct batch *batch,
                                         struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        profile->rows++;
        if (column->instants[row].form == INSTANT_NULL)
            profile->nulls++;
        else
            TRY(take_instant(profile, &column->instants[row], batch_place(batch, row), call,
                             error));
    }
    return SHEAF_OK;
}

static enum sheaf_status profile_update(void *state, const struct agg_call *call,
                                        const struct column *column, const struct batch *batch,
                                        struct sheaf_error *error)
{
    switch (agg_native_vector(call->type)) {
    case COLUMN_TEXTS:
        return update_texts(state, call, column, batch, error);
    case COLUMN_NUMBERS:
        return update_numbers(state, call, column, batch, error);
    case COLUMN_INSTANTS:
        return update_instants(state, call, column, batch, error);
    }
    return SHEAF_OK;
}

/* Row by row: no command keeps profiles of groups. */
static enum sheaf_status profile_scatter(char *const *groups, size_t offset,
                                         const struct agg_call *call, const struct column *column,
                                         const struct batch *batch, struct sheaf_error *error)
{
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        struct batch one = *batch;
        one.selection = &row;
        one.selected = 1;
        TRY(profile_update(groups[i] + offset, call, column, &one, error));
    }
    return SHEAF_OK;
}

enum sheaf_status profile_add(struct profile *profile, const struct agg_call *call,
                              const struct value_entry *entry, struct sheaf_error *error)
{
    if (entry->count == 0)
        return SHEAF_OK;
    profile->rows += entry->count;
    if (entry->key.bytes == NULL) {
        profile->nulls += entry->count;
        return SHEAF_OK;
    }
    const enum column_vector vector = agg_native_vector(call->type);
    if (vector == COLUMN_INSTANTS) {
        struct instant instant;
        value_key_instant(entry->key, &instant);
        return take_instant(profile, &instant, entry->place, call, error);
    }
    TRY(take_first(profile, entry->key, entry->place, call, error));
    if (vector == COLUMN_TEXTS) {
        struct bounds bounds = bounds_of(profile);
        return take_text(profile, entry, &bounds, call, error);
    }
    struct number number;
    value_key_number(entry->key, &number);
    add_classes(profile, class_of(call->type), call);
    return take_number(profile, &number, entry->count, call, error);
}

/* ---- merging ------------------------------------------------------------------------------- */

static void merge_time(struct profile_time *into, struct profile_time *from, enum order_end end,
                       const struct agg_call *call)
{
    if (from->instant.form == INSTANT_NULL ||
        !time_replaces(&from->instant, from->place, into, end))
        return;
    held_move(&into->text, &from->text, call);
    into->instant = from->instant;
    into->place = from->place;
}

static void merge_texts(struct profile *into, struct profile *from, const struct agg_call *call)
{
    if (held_is_empty(&from->least))
        return;
    const bool has_texts = !held_is_empty(&into->least);
    if (!has_texts || from->shortest < into->shortest)
        into->shortest = from->shortest;
    if (!has_texts || from->longest > into->longest)
        into->longest = from->longest;
    if (!has_texts || text_compare(held_text(&from->least), held_text(&into->least)) < 0)
        held_move(&into->least, &from->least, call);
    if (!has_texts || text_compare(held_text(&from->greatest), held_text(&into->greatest)) > 0)
        held_move(&into->greatest, &from->greatest, call);
}

static void merge_first(struct profile *into, struct profile *from, const struct agg_call *call)
{
    if (held_is_empty(&from->first) ||
        (!held_is_empty(&into->first) && place_compare(from->first_place, into->first_place) >= 0))
        return;
    held_move(&into->first, &from->first, call);
    into->first_place = from->first_place;
}

static enum sheaf_status merge_numbers(struct profile *into, const struct profile *from,
                                       const struct agg_call *call, struct sheaf_error *error)
{
    into->numbers += from->numbers;
    if (from->numbers == 0)
        return SHEAF_OK;
    take_extremes(into, &from->lowest);
    take_extremes(into, &from->highest);
    TRY(exact_sum_merge(&into->sum, &from->sum, call->budget, call->column, error));
    return exact_sum_merge(&into->squares, &from->squares, call->budget, call->column, error);
}

static enum sheaf_status profile_merge(void *into_state, void *from_state,
                                       const struct agg_call *call, struct sheaf_error *error)
{
    struct profile *into = into_state;
    struct profile *from = from_state;
    into->rows += from->rows;
    into->nulls += from->nulls;
    merge_texts(into, from, call);
    merge_first(into, from, call);
    /* After this, `from` gives up what `into` cannot be, and adds nothing of it. */
    add_classes(into, from->classes, call);
    add_classes(from, into->classes, call);
    into->trues += from->trues;
    into->falses += from->falses;
    merge_time(&into->earliest, &from->earliest, ORDER_LOWEST, call);
    merge_time(&into->latest, &from->latest, ORDER_HIGHEST, call);
    return merge_numbers(into, from, call, error);
}

static void profile_init(void *state, const struct agg_call *call)
{
    (void)call;
    *(struct profile *)state = (struct profile){.rows = 0};
}

static enum sheaf_status profile_finish(const void *state, const struct agg_call *call,
                                        struct value *out, struct sheaf_error *error)
{
    (void)error;
    const char *name = column_type_name(profile_type(state, call));
    *out = value_text((struct text){.bytes = name, .length = strlen(name)});
    return SHEAF_OK;
}

void profile_drop(struct profile *profile, const struct agg_call *call)
{
    drop_numbers(profile, call);
    drop_time(&profile->earliest, call);
    drop_time(&profile->latest, call);
    held_drop(&profile->least, call);
    held_drop(&profile->greatest, call);
    held_drop(&profile->first, call);
    *profile = (struct profile){.rows = 0};
}

static void drop_state(void *state, const struct agg_call *call)
{
    profile_drop(state, call);
}

const struct agg_ops agg_profile = {
    .name = "stats",
    .signature = "stats(x)",
    .help = "type of the column, with its extremes, sums and lengths",
    .input = AGG_NATIVE,
    .size = sizeof(struct profile),
    .init = profile_init,
    .update = profile_update,
    .scatter = profile_scatter,
    .merge = profile_merge,
    .finish = profile_finish,
    .save = profile_save,
    .load = profile_load,
    .drop = drop_state,
};
