/* The saved form, little-endian: version, flags (the bits of `special`, and which windows follow),
 * scale, 16 bytes of the small form; for each window its lowest limb's position, its number of
 * limbs, and the limbs. */
#include "num/exact.h"

#include "base/word.h"
#include "num/exact_wide.h"

#include <stdint.h>

enum {
    VERSION = 1,
    FLAG_SPECIAL = EXACT_NAN | EXACT_PLUS_INFINITY | EXACT_MINUS_INFINITY,
    FLAG_DECIMALS = 8,
    FLAG_DOUBLES = 16,
    FLAGS = FLAG_SPECIAL | FLAG_DECIMALS | FLAG_DOUBLES,
};

static void save_window(const struct window *window, struct buffer *out)
{
    buffer_append_byte(out, (char)window->low);
    buffer_append_byte(out, (char)window->length);
    for (size_t i = 0; i < window->length; i++)
        word_append(out, window->limbs[i], WORD_SIZE);
}

void exact_sum_save(const struct exact_sum *sum, struct buffer *out)
{
    const bool decimals = sum->wide != NULL && sum->wide->decimals.length > 0;
    const bool doubles = sum->wide != NULL && sum->wide->doubles.length > 0;
    buffer_append_byte(out, VERSION);
    buffer_append_byte(
        out, (char)(sum->special | (decimals ? FLAG_DECIMALS : 0) | (doubles ? FLAG_DOUBLES : 0)));
    buffer_append_byte(out, sum->scale);
    word_append(out, (uint64_t)sum->small, WORD_SIZE);
    word_append(out, (uint64_t)((uint128)sum->small >> BIGNAT_LIMB_BITS), WORD_SIZE);
    if (decimals)
        save_window(&sum->wide->decimals, out);
    if (doubles)
        save_window(&sum->wide->doubles, out);
}

static enum sheaf_status bad(struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA, "a saved sum is damaged");
}

/* Limbs that the window may span. */
struct range {
    int low;
    int high;
};

static enum sheaf_status load_window(struct window *window, struct word_reader *reader,
                                     struct range range, const struct window_charge *charge)
{
    const int low = (int8_t)word_read(reader, 1);
    const int length = (int)word_read(reader, 1);
    if (length == 0 || low < range.low || low + length > range.high ||
        reader->rest.length < (size_t)length * WORD_SIZE)
        return bad(charge->error);
    TRY(window_reserve(window, low, low + length, charge));
    for (int i = 0; i < length; i++)
        window->limbs[i] = word_read(reader, WORD_SIZE);
    return window_high(window) <= range.high ? SHEAF_OK : bad(charge->error);
}

static enum sheaf_status load_wide(struct exact_sum *sum, struct word_reader *reader,
                                   unsigned flags, const struct window_charge *charge)
{
    static const struct range decimals = {.low = 0, .high = EXACT_DECIMAL_LIMBS};
    static const struct range doubles = {.low = EXACT_DOUBLE_LOW, .high = EXACT_DOUBLE_HIGH};
    if ((flags & (FLAG_DECIMALS | FLAG_DOUBLES)) == 0)
        return SHEAF_OK;
    TRY(exact_promote(sum, charge));
    if ((flags & FLAG_DECIMALS) != 0)
        TRY(load_window(&sum->wide->decimals, reader, decimals, charge));
    if ((flags & FLAG_DOUBLES) != 0)
        TRY(load_window(&sum->wide->doubles, reader, doubles, charge));
    return SHEAF_OK;
}

static enum sheaf_status load(struct exact_sum *sum, struct word_reader *reader,
                              const struct window_charge *charge)
{
    const uint64_t version = word_read(reader, 1);
    const unsigned flags = (unsigned)word_read(reader, 1);
    const int scale = (int8_t)word_read(reader, 1);
    const uint128 low = word_read(reader, WORD_SIZE);
    const uint128 high = word_read(reader, WORD_SIZE);
    if (reader->short_of || version != VERSION || (flags & ~(unsigned)FLAGS) != 0 ||
        scale < EXACT_SCALE || scale > EXACT_SCALE_MAX)
        return bad(charge->error);
    sum->special = (uint8_t)(flags & FLAG_SPECIAL);
    sum->scale = (int8_t)scale;
    sum->small = (int128)(high << BIGNAT_LIMB_BITS | low);
    return load_wide(sum, reader, flags, charge);
}

enum sheaf_status exact_sum_load(struct exact_sum *sum, struct text *bytes,
                                 struct memory_budget *budget, const char *column,
                                 struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    struct word_reader reader = {.rest = *bytes};
    *sum = (struct exact_sum){0};
    const enum sheaf_status status = load(sum, &reader, &charge);
    if (status == SHEAF_OK)
        *bytes = reader.rest;
    else
        exact_sum_drop(sum, budget);
    return status;
}
