/* Values in: from rows, from another table, from saved bytes; all by blocks of probes, so that the
 * memory that they touch is asked for well before it is needed. */
#include "agg/value_table.h"

#include "agg/padded.h"
#include "agg/value_slots.h"
#include "agg/wire.h"
#include "base/error.h"
#include "num/time.h"

enum { BLOCK = 64 };

/* No dataset has more rows, nulls among them. */
#define ROWS_MOST ((uint64_t)INT64_MAX)

/* Makes a probe's key of a text. */
static void probe_text(struct value_probe *probe, struct text text)
{
    probe->key = text;
    if (text.length > VALUE_INSIDE)
        return;
    memset(probe->inside, 0, VALUE_INSIDE);
    padded_pair(probe->inside, text.bytes, text.length);
}

static void probe_spelled(struct value_probe *probe, size_t length)
{
    probe->key = (struct text){.bytes = probe->inside, .length = length};
}

/* Makes a probe's key of a row's value; false when that is null. */
static bool probe_row(struct value_probe *probe, enum column_vector vector,
                      const struct column *column, uint32_t row)
{
    switch (vector) {
    case COLUMN_TEXTS:
        if (column->texts[row].bytes == NULL)
            return false;
        probe_text(probe, column->texts[row]);
        return true;
    case COLUMN_NUMBERS:
        if (column->numbers[row].kind == NUMBER_NULL)
            return false;
        memset(probe->inside, 0, sizeof probe->inside);
        probe_spelled(probe, value_key_of_number(&column->numbers[row], probe->inside));
        return true;
    case COLUMN_INSTANTS:
        if (column->instants[row].form == INSTANT_NULL)
            return false;
        probe_spelled(probe, value_key_of_instant(&column->instants[row], probe->inside));
        return true;
    }
    return false;
}

static void add_nulls(struct value_table *table, uint64_t count, struct place place)
{
    if (table->nulls == 0 || place_compare(place, table->null_place) < 0)
        table->null_place = place;
    table->nulls += count;
}

/* Takes the selected rows from the start-th to before the end-th, at most BLOCK of them. */
static enum sheaf_status update_block(struct value_table *table, const struct agg_call *call,
                                      const struct column *column, const struct batch *batch,
                                      uint32_t start, uint32_t end, struct sheaf_error *error)
{
    struct value_probe probes[BLOCK];
    const enum column_vector vector = agg_native_vector(call->type);
    size_t count = 0;
    for (uint32_t i = start; i < end; i++) {
        const uint32_t row = batch_row(batch, i);
        const struct place place = batch_place(batch, row);
        if (!probe_row(&probes[count], vector, column, row)) {
            add_nulls(table, 1, place);
            continue;
        }
        probes[count].count = 1;
        probes[count].place = place;
        count++;
    }
    return value_slots_take(table, call, probes, count, VALUE_KEY_COPIED, error);
}

enum sheaf_status value_table_update(struct value_table *table, const struct agg_call *call,
                                     const struct column *column, const struct batch *batch,
                                     struct sheaf_error *error)
{
    for (uint32_t start = 0; start < batch->selected; start += BLOCK) {
        const uint32_t left = batch->selected - start;
        TRY(update_block(table, call, column, batch, start, start + (left < BLOCK ? left : BLOCK),
                         error));
    }
    return SHEAF_OK;
}

enum sheaf_status value_table_scatter(char *const *groups, size_t offset,
                                      const struct agg_call *call, const struct column *column,
                                      const struct batch *batch, struct sheaf_error *error)
{
    const enum column_vector vector = agg_native_vector(call->type);
    struct value_probe probe;
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        struct value_table *table = (void *)(groups[i] + offset);
        probe.count = 1;
        probe.place = batch_place(batch, row);
        if (probe_row(&probe, vector, column, row))
            TRY(value_slots_take(table, call, &probe, 1, VALUE_KEY_COPIED, error));
        else
            add_nulls(table, 1, probe.place);
    }
    return SHEAF_OK;
}

enum sheaf_status value_table_add(struct value_table *table, const struct agg_call *call,
                                  const struct value_entry *entry, struct sheaf_error *error)
{
    if (entry->count == 0)
        return SHEAF_OK;
    if (entry->key.bytes == NULL) {
        add_nulls(table, entry->count, entry->place);
        return SHEAF_OK;
    }
    struct value_probe probe = {.count = entry->count, .place = entry->place};
    probe_text(&probe, entry->key);
    return value_slots_take(table, call, &probe, 1, VALUE_KEY_COPIED, error);
}

/* Takes every value of `from`, whose long keys lie in the table already. */
static enum sheaf_status take_items(struct value_table *table, const struct value_table *from,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    struct value_probe probes[BLOCK];
    size_t count = 0;
    for (uint64_t i = 0; i < from->distinct; i++) {
        const struct value_item *item = value_item_at(from->slots, i);
        struct value_probe *probe = &probes[count++];
        probe->count = item->count;
        probe->place = value_item_place(item);
        probe->key = value_item_key(item);
        if (item->size != VALUE_OUTSIDE)
            memcpy(probe->inside, item->inside, VALUE_INSIDE);
        if (count < BLOCK && i + 1 < from->distinct)
            continue;
        TRY(value_slots_take(table, call, probes, count, VALUE_KEY_OWNED, error));
        count = 0;
    }
    return SHEAF_OK;
}

/* Swaps the values of two tables, not the nulls. */
static void swap_values(struct value_table *a, struct value_table *b)
{
    const struct value_table kept = *a;
    a->distinct = b->distinct;
    a->slots = b->slots;
    b->distinct = kept.distinct;
    b->slots = kept.slots;
}

enum sheaf_status value_table_merge(struct value_table *into, struct value_table *from,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    if (from->nulls > 0)
        add_nulls(into, from->nulls, from->null_place);
    if (into->distinct < from->distinct)
        swap_values(into, from);
    if (from->distinct == 0)
        return SHEAF_OK;
    value_slots_adopt_keys(into->slots, from->slots);
    return take_items(into, from, call, error);
}

void value_table_drop(struct value_table *table, const struct agg_call *call)
{
    value_slots_close(table->slots, call);
    *table = (struct value_table){.nulls = 0};
}

bool value_table_next(const struct value_table *table, size_t *cursor, struct value_entry *out)
{
    if (*cursor >= table->distinct)
        return false;
    const struct value_item *item = value_item_at(table->slots, (*cursor)++);
    *out = (struct value_entry){
        .key = value_item_key(item), .count = item->count, .place = value_item_place(item)};
    return true;
}

/* Version, nulls and the place of the first, the number of values; for each its key, count and
 * place. */
void value_table_save(const struct value_table *table, struct buffer *out)
{
    wire_put_u8(out, WIRE_VERSION);
    wire_put_u64(out, table->nulls);
    wire_put_place(out, table->null_place);
    wire_put_u64(out, table->distinct);
    struct value_entry entry;
    for (size_t cursor = 0; value_table_next(table, &cursor, &entry);) {
        wire_put_text(out, entry.key);
        wire_put_u64(out, entry.count);
        wire_put_place(out, entry.place);
    }
}

/* `left`: how many rows the counts may still say there are. */
static bool take_entry(struct text *bytes, enum column_type type, uint64_t left,
                       struct value_entry *entry)
{
    return wire_take_text(bytes, &entry->key) && wire_take_u64(bytes, &entry->count) &&
           wire_take_place(bytes, &entry->place) && entry->count > 0 && entry->count <= left &&
           value_key_is_valid(entry->key, type);
}

enum sheaf_status value_table_load(struct value_table *table, const struct agg_call *call,
                                   struct text *bytes, struct sheaf_error *error)
{
    *table = (struct value_table){.nulls = 0};
    uint64_t distinct;
    if (!wire_take_version(bytes) || !wire_take_u64(bytes, &table->nulls) ||
        !wire_take_place(bytes, &table->null_place) || !wire_take_u64(bytes, &distinct) ||
        table->nulls > ROWS_MOST)
        return wire_damaged(call, error);
    uint64_t left = ROWS_MOST - table->nulls;
    for (uint64_t i = 0; i < distinct; i++) {
        struct value_entry entry;
        if (!take_entry(bytes, call->type, left, &entry))
            return wire_damaged(call, error);
        left -= entry.count;
        TRY(value_table_add(table, call, &entry, error));
    }
    /* No value is there twice. */
    return table->distinct == distinct ? SHEAF_OK : wire_damaged(call, error);
}
