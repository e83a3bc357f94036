/* A profile as bytes: all its members, in their order; texts and times after a byte that says
 * whether there is one. */
#include "agg/profile_state.h"
#include "agg/value_slots.h"
#include "agg/wire.h"
#include "base/error.h"

static void put_held(struct buffer *out, const struct held *held)
{
    wire_put_u8(out, !held_is_empty(held));
    if (!held_is_empty(held))
        wire_put_text(out, held_text(held));
}

static void put_time(struct buffer *out, const struct profile_time *time)
{
    wire_put_instant(out, &time->instant);
    wire_put_place(out, time->place);
    put_held(out, &time->text);
}

void profile_save(const void *state, const struct agg_call *call, struct buffer *out)
{
    (void)call;
    const struct profile *profile = state;
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u64(out, profile->rows);
    wire_put_u64(out, profile->nulls);
    wire_put_u64(out, profile->classes);
    wire_put_u64(out, profile->numbers);
    wire_put_number(out, &profile->lowest);
    wire_put_number(out, &profile->highest);
    exact_sum_save(&profile->sum, out);
    exact_sum_save(&profile->squares, out);
    put_time(out, &profile->earliest);
    put_time(out, &profile->latest);
    wire_put_u64(out, profile->trues);
    wire_put_u64(out, profile->falses);
    put_held(out, &profile->least);
    put_held(out, &profile->greatest);
    wire_put_u64(out, profile->shortest);
    wire_put_u64(out, profile->longest);
    put_held(out, &profile->first);
    wire_put_place(out, profile->first_place);
}

/* Where a profile is read from. */
struct loading {
    const struct agg_call *call;
    struct text *bytes;
    struct sheaf_error *error;
};

static enum sheaf_status damaged(const struct loading *loading)
{
    return wire_damaged(loading->call, loading->error);
}

static enum sheaf_status take_held(struct held *held, const struct loading *loading)
{
    uint8_t present;
    struct text text;
    if (!wire_take_u8(loading->bytes, &present) || present > 1)
        return damaged(loading);
    if (present == 0)
        return SHEAF_OK;
    if (!wire_take_text(loading->bytes, &text))
        return damaged(loading);
    return held_set(held, text, loading->call, loading->error);
}

static enum sheaf_status take_time(struct profile_time *time, const struct loading *loading)
{
    if (!wire_take_instant(loading->bytes, &time->instant) ||
        !wire_take_place(loading->bytes, &time->place))
        return damaged(loading);
    TRY(take_held(&time->text, loading));
    const bool wanted = time->instant.form != INSTANT_NULL && profile_has_texts(loading->call);
    return held_is_empty(&time->text) == wanted ? damaged(loading) : SHEAF_OK;
}

static enum sheaf_status take_counts(struct profile *profile, const struct loading *loading)
{
    uint64_t classes;
    if (!wire_take_version(loading->bytes) || !wire_take_u64(loading->bytes, &profile->rows) ||
        !wire_take_u64(loading->bytes, &profile->nulls) ||
        !wire_take_u64(loading->bytes, &classes) ||
        !wire_take_u64(loading->bytes, &profile->numbers) ||
        !wire_take_number(loading->bytes, &profile->lowest) ||
        !wire_take_number(loading->bytes, &profile->highest) || classes >= 2 * CLASS_TEXT)
        return damaged(loading);
    profile->classes = (unsigned)classes;
    return SHEAF_OK;
}

static enum sheaf_status take_sum(struct exact_sum *sum, const struct loading *loading)
{
    const struct agg_call *call = loading->call;
    return exact_sum_load(sum, loading->bytes, call->budget, call->column, loading->error);
}

static enum sheaf_status take_texts(struct profile *profile, const struct loading *loading)
{
    if (!wire_take_u64(loading->bytes, &profile->trues) ||
        !wire_take_u64(loading->bytes, &profile->falses))
        return damaged(loading);
    TRY(take_held(&profile->least, loading));
    TRY(take_held(&profile->greatest, loading));
    if (!wire_take_u64(loading->bytes, &profile->shortest) ||
        !wire_take_u64(loading->bytes, &profile->longest))
        return damaged(loading);
    TRY(take_held(&profile->first, loading));
    return wire_take_place(loading->bytes, &profile->first_place) ? SHEAF_OK : damaged(loading);
}

/* Whether the classes are some that a column of this type has. */
static bool suits_type(unsigned classes, enum column_type type)
{
    switch (agg_native_vector(type)) {
    case COLUMN_NUMBERS:
        return profile_may_be_numbers(classes);
    case COLUMN_INSTANTS:
        return profile_may_be_times(classes);
    case COLUMN_TEXTS:
        return type != TYPE_BOOLEAN || profile_may_be_booleans(classes);
    }
    return false;
}

/* Whether the members agree with each other, so that who reads them finds what it may count on. */
static bool is_consistent(const struct profile *profile, const struct agg_call *call)
{
    if (profile->nulls > profile->rows || !suits_type(profile->classes, call->type))
        return false;
    const uint64_t values = profile->rows - profile->nulls;
    const unsigned classes = profile->classes;
    const bool has_texts = values > 0 && profile_has_texts(call);
    const bool has_numbers = values > 0 && profile_may_be_numbers(classes);
    const bool has_times = values > 0 && profile_may_be_times(classes);
    const bool has_booleans = values > 0 && profile_may_be_booleans(classes);
    return (values > 0) == (classes != 0) && (values > 0) != held_is_empty(&profile->first) &&
           has_texts != held_is_empty(&profile->least) &&
           has_texts != held_is_empty(&profile->greatest) &&
           profile->numbers == (has_numbers ? values : 0) &&
           (profile->lowest.kind != NUMBER_NULL) == has_numbers &&
           (profile->highest.kind != NUMBER_NULL) == has_numbers &&
           (profile->earliest.instant.form != INSTANT_NULL) == has_times &&
           (profile->latest.instant.form != INSTANT_NULL) == has_times &&
           profile->trues + profile->falses == (has_booleans ? values : 0) &&
           (values == 0 || value_key_is_valid(held_text(&profile->first), call->type));
}

enum sheaf_status profile_load(void *state, const struct agg_call *call, struct text *bytes,
                               struct sheaf_error *error)
{
    struct profile *profile = state;
    const struct loading loading = {.call = call, .bytes = bytes, .error = error};
    *profile = (struct profile){.rows = 0};
    TRY(take_counts(profile, &loading));
    TRY(take_sum(&profile->sum, &loading));
    TRY(take_sum(&profile->squares, &loading));
    TRY(take_time(&profile->earliest, &loading));
    TRY(take_time(&profile->latest, &loading));
    TRY(take_texts(profile, &loading));
    return is_consistent(profile, call) ? SHEAF_OK : wire_damaged(call, error);
}
