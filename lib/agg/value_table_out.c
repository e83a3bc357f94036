/* Values out: to readers, and to saved bytes and back. */
#include "agg/value_counts.h"
#include "agg/value_slots.h"
#include "agg/wire.h"
#include "base/error.h"

/* No dataset has more rows, nulls among them. */
#define ROWS_MOST ((uint64_t)INT64_MAX)

/* ---- reading -------------------------------------------------------------------------------- */

void value_table_entry(const struct value_table *table, uint64_t number, struct value_entry *out)
{
    const struct value_counts *counts = table->counts;
    const size_t cells = counts == NULL ? 0 : counts->length;
    out->number = number;
    if (number < cells) {
        const size_t length =
            value_form_spell(&counts->form, counts->first + (int64_t)number, out->spelled);
        out->key = (struct text){.bytes = out->spelled, .length = length};
        const struct value_run run = value_counts_run(counts);
        out->count = value_run_count(&run, (size_t)number);
        out->place = value_run_place(&run, (size_t)number);
        return;
    }
    const struct value_item *item = value_item_at(table->slots, number - cells);
    out->key = value_item_key(item);
    out->count = item->count;
    out->place = value_item_place(item);
}

bool value_table_next(const struct value_table *table, size_t *cursor, struct value_entry *out)
{
    const struct value_counts *counts = table->counts;
    const size_t cells = counts == NULL ? 0 : counts->length;
    while (*cursor < cells && counts->cells[*cursor] == 0)
        ++*cursor;
    if (*cursor >= cells + value_slot_count(table))
        return false;
    value_table_entry(table, (*cursor)++, out);
    return true;
}

void value_table_run(const struct value_table *table, struct value_run *out)
{
    const struct value_counts *counts = table->counts;
    *out = counts == NULL ? (struct value_run){.length = 0} : value_counts_run(counts);
}

/* ---- saving --------------------------------------------------------------------------------- */

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
