/* Values in: from rows, from another table, from saved bytes; all by blocks of probes, so that the
 * memory that they touch is asked for well before it is needed.
 *
 * A value lies in the window of counts if that has a cell for it, else in a slot, never in both.
 * Whenever the window comes or grows, what fits moves from the slots to it. */
#include "agg/value_table.h"

#include "agg/padded.h"
#include "agg/value_counts.h"
#include "agg/value_slots.h"
#include "base/error.h"
#include "num/time.h"

enum {
    BLOCK = 64,
    SURVEY_ROWS = 32,       /* of a batch: with fewer a table stays small */
    SURVEY_BITS_LEAST = 4,  /* once there is a window */
    SURVEY_FIRST = 4,       /* items that are asked for the form of all */
    LARGE_WINDOW = 1 << 13, /* cells; fewer stay in the cache */
};

_Static_assert((int)BATCH_PADDING >= (int)VALUE_FORM_PADDING, "padded texts are padded enough");
_Static_assert((int)VALUE_KEY_SIZE >= (int)VALUE_FORM_SIZE, "an entry has room to spell its key");

static void count_distinct(struct value_table *table)
{
    table->distinct =
        value_slot_count(table) + (table->counts == NULL ? 0 : table->counts->present);
}

/* ---- probes --------------------------------------------------------------------------------- */

/* Makes a probe's key of a text. */
static void probe_text(struct value_probe *probe, struct text text)
{
    probe->key = text;
    if (text.length > VALUE_INSIDE)
        return;
    memset(probe->inside, 0, VALUE_INSIDE);
    padded_pair(probe->inside, text.bytes, text.length);
}

/* The first `length` bytes of a word as it lies in memory, then zeros; at most 8. */
static uint64_t keep_bytes(uint64_t word, size_t length)
{
    if (length >= sizeof word)
        return word;
    return htole64(le64toh(word) & ((UINT64_C(1) << (8 * length)) - 1));
}

/* The same for a text with BATCH_PADDING. */
static void probe_padded(struct value_probe *probe, struct text text)
{
    uint64_t words[2];
    probe->key = text;
    if (text.length > VALUE_INSIDE)
        return;
    memcpy(words, text.bytes, sizeof words);
    words[0] = keep_bytes(words[0], text.length);
    words[1] = text.length <= 8 ? 0 : keep_bytes(words[1], text.length - 8);
    memcpy(probe->inside, words, sizeof words);
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

/* Adds to the cell of a key, which has one. */
static enum sheaf_status take_cell(struct value_table *table, const struct agg_call *call,
                                   int64_t key, const struct value_entry *entry,
                                   struct sheaf_error *error)
{
    struct value_counts *const counts = table->counts;
    const uint64_t before = counts->present;
    TRY(value_counts_add(counts, value_counts_cell(counts, key), entry->count, entry->place, call,
                         error));
    table->distinct += counts->present - before;
    return SHEAF_OK;
}

/* Adds to the cell of a text, if it has one: *taken. */
static enum sheaf_status try_cell(struct value_table *table, const struct agg_call *call,
                                  const struct value_entry *entry, bool *taken,
                                  struct sheaf_error *error)
{
    *taken = false;
    if (table->counts == NULL)
        return SHEAF_OK;
    const int64_t key = value_form_key(&table->counts->form, entry->key);
    if (!value_counts_hold(table->counts, key))
        return SHEAF_OK;
    *taken = true;
    return take_cell(table, call, key, entry, error);
}

/* ---- items to other tables ------------------------------------------------------------------ */

static struct value_entry entry_of(const struct value_item *item)
{
    return (struct value_entry){
        .key = value_item_key(item), .count = item->count, .place = value_item_place(item)};
}

/* Takes every item of `from`, to a cell where it has one. */
static enum sheaf_status take_items(struct value_table *table, const struct value_slots *from,
                                    const struct agg_call *call, enum value_key_memory memory,
                                    struct sheaf_error *error)
{
    struct value_probe probes[BLOCK];
    size_t count = 0;
    for (uint64_t i = 0; i < from->count; i++) {
        const struct value_item *item = value_item_at(from, i);
        const struct value_entry entry = entry_of(item);
        bool taken;
        TRY(try_cell(table, call, &entry, &taken, error));
        if (!taken) {
            struct value_probe *probe = &probes[count++];
            probe->count = item->count;
            probe->place = entry.place;
            probe->key = entry.key;
            if (item->size != VALUE_OUTSIDE)
                memcpy(probe->inside, item->inside, VALUE_INSIDE);
        }
        if (count < BLOCK && i + 1 < from->count)
            continue;
        TRY(value_slots_take(table, call, probes, count, memory, error));
        count = 0;
    }
    return SHEAF_OK;
}

static bool any_has_cell(const struct value_counts *counts, const struct value_slots *slots)
{
    for (uint64_t i = 0; counts != NULL && slots != NULL && i < slots->count; i++)
        if (value_counts_hold(
                counts, value_form_key(&counts->form, value_item_key(value_item_at(slots, i)))))
            return true;
    return false;
}

/* Moves what has a cell from the slots to it. */
static enum sheaf_status sift(struct value_table *table, const struct agg_call *call,
                              struct sheaf_error *error)
{
    if (!any_has_cell(table->counts, table->slots))
        return SHEAF_OK;
    struct value_slots *const old = table->slots;
    table->slots = NULL;
    count_distinct(table);
    const enum sheaf_status status = take_items(table, old, call, VALUE_KEY_COPIED, error);
    value_slots_close(old, call);
    return status;
}

/* ---- the window ----------------------------------------------------------------------------- */

/* What the slots hold, as keys of one form. */
struct survey {
    struct value_form form;
    struct value_span span;
    uint64_t fitting;
};

/* Finds the form that the slots' items are asked for: the window's, or that of one of the first. */
static bool find_form(const struct value_table *table, struct value_form *out)
{
    if (table->counts != NULL) {
        *out = table->counts->form;
        return true;
    }
    for (uint64_t i = 0; i < table->slots->count && i < SURVEY_FIRST; i++)
        if (value_form_of(value_item_key(value_item_at(table->slots, i)), out))
            return true;
    return false;
}

static bool survey_slots(const struct value_table *table, struct survey *out)
{
    const struct value_slots *slots = table->slots;
    *out = (struct survey){.span = {.low = INT64_MAX, .high = INT64_MIN}};
    if (!find_form(table, &out->form))
        return false;
    for (uint64_t i = 0; i < slots->count; i++) {
        const int64_t key = value_form_key(&out->form, value_item_key(value_item_at(slots, i)));
        if (key == VALUE_FORM_NONE)
            continue;
        value_span_add(&out->span, key);
        out->fitting++;
    }
    return out->fitting > 0;
}

/* Without memory for a window, the slots have to do; any other failure is one. */
static enum sheaf_status accept_limit(enum sheaf_status status, bool *changed,
                                      const struct agg_call *call, struct sheaf_error *error)
{
    *changed = status == SHEAF_OK;
    if (status == SHEAF_OK || status == SHEAF_LIMIT)
        return SHEAF_OK;
    return error_no_memory(error, call->ops->signature);
}

/* Opens a window for what the slots hold, or widens the one that there is, if that is worth it. */
static enum sheaf_status reshape(struct value_table *table, const struct agg_call *call,
                                 bool *changed, struct sheaf_error *error)
{
    struct survey survey;
    *changed = false;
    if (!survey_slots(table, &survey))
        return SHEAF_OK;
    if (table->counts == NULL) {
        if (survey.fitting < value_slot_count(table) / 2 ||
            !value_span_is_dense(survey.span, survey.fitting))
            return SHEAF_OK;
        TRY(accept_limit(value_counts_open(&table->counts, &survey.form, survey.span, call, NULL),
                         changed, call, error));
    } else {
        const uint64_t present = table->counts->present + survey.fitting;
        struct value_span both = value_counts_span(table->counts);
        value_span_add(&both, survey.span.low);
        value_span_add(&both, survey.span.high);
        if (!value_span_is_dense(both, present))
            return SHEAF_OK;
        TRY(accept_limit(value_counts_widen(table->counts, survey.span, present, call, NULL),
                         changed, call, error));
    }
    return *changed ? sift(table, call, error) : SHEAF_OK;
}

/* Looks from time to time whether the slots hold what could be counted in a row. */
static enum sheaf_status survey_batch(struct value_table *table, const struct agg_call *call,
                                      struct sheaf_error *error)
{
    if (value_slot_count(table) >> (table->slots == NULL ? 0 : table->slots->survey_bits) == 0)
        return SHEAF_OK;
    bool changed;
    TRY(reshape(table, call, &changed, error));
    struct value_slots *slots = table->slots;
    if (slots == NULL)
        return SHEAF_OK;
    if (table->counts != NULL && slots->survey_bits < SURVEY_BITS_LEAST)
        slots->survey_bits = SURVEY_BITS_LEAST;
    while (slots->count >> slots->survey_bits != 0)
        slots->survey_bits++;
    return SHEAF_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* A batch on its way into a table. */
struct taking {
    struct value_table *table;
    const struct agg_call *call;
    const struct column *column;
    const struct batch *batch;
    struct sheaf_error *error;
};

/* Some rows of it. */
struct block {
    int64_t keys[BLOCK]; /* for the window, if there is one */
    uint32_t rows[BLOCK];
    uint32_t count;
};

/* Takes rows to slots, at most BLOCK of them. */
static enum sheaf_status take_rows(const struct taking *taking, const uint32_t *rows,
                                   uint32_t count)
{
    struct value_probe probes[BLOCK];
    const enum column_vector vector = agg_native_vector(taking->call->type);
    const bool is_padded = vector == COLUMN_TEXTS && taking->batch->padded;
    size_t probe_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct value_probe *probe = &probes[probe_count];
        const struct place place = batch_place(taking->batch, rows[i]);
        if (is_padded && taking->column->texts[rows[i]].bytes != NULL) {
            probe_padded(probe, taking->column->texts[rows[i]]);
        } else if (!probe_row(probe, vector, taking->column, rows[i])) {
            add_nulls(taking->table, 1, place);
            continue;
        }
        probe->count = 1;
        probe->place = place;
        probe_count++;
    }
    return value_slots_take(taking->table, taking->call, probes, probe_count, VALUE_KEY_COPIED,
                            taking->error);
}

/* Counts keys, if `ascending` those of rows in order and after all that were counted; leaves the
 * rows without a cell. */
static enum sheaf_status count_keys(const struct taking *taking, bool ascending,
                                    struct block *block)
{
    struct value_counts *const counts = taking->table->counts;
    value_cell *const cells = counts->cells;
    const uint64_t first = (uint64_t)counts->first;
    const size_t length = counts->length;
    uint32_t others = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        const uint64_t cell = (uint64_t)block->keys[i] - first;
        if (cell >= length)
            block->rows[others++] = block->rows[i];
        else if (ascending && value_cell_takes_one(cells[cell]))
            cells[cell] += VALUE_CELL_ONE;
        else
            TRY(value_counts_add(counts, cell, 1, batch_place(taking->batch, block->rows[i]),
                                 taking->call, taking->error));
    }
    block->count = others;
    return SHEAF_OK;
}

/* Takes the rows of a block of texts, first to the window. */
static enum sheaf_status take_block(const struct taking *taking, struct block *block,
                                    bool ascending)
{
    struct value_table *const table = taking->table;
    const uint64_t before = table->counts->present;
    TRY(count_keys(taking, ascending, block));
    table->distinct += table->counts->present - before;
    return block->count == 0 ? SHEAF_OK : take_rows(taking, block->rows, block->count);
}

/* Asks for cells so far from each other that they are hardly in the caches. */
static void prefetch_cells(const struct value_counts *counts, const struct block *block)
{
    if (counts->length < LARGE_WINDOW)
        return;
    for (uint32_t i = 0; i < block->count; i++)
        if (value_counts_hold(counts, block->keys[i]))
            __builtin_prefetch(&counts->cells[value_counts_cell(counts, block->keys[i])], 1);
}

static void read_block(const struct taking *taking, uint32_t start, struct block *block)
{
    const uint32_t left = taking->batch->selected - start;
    const struct value_counts *counts = taking->table->counts;
    block->count = left < BLOCK ? left : BLOCK;
    for (uint32_t i = 0; i < block->count; i++)
        block->rows[i] = batch_row(taking->batch, start + i);
    if (counts == NULL)
        return;
    const struct column *const column = taking->column;
    if (value_form_fits(&counts->form, &column->decimals))
        value_form_decimal_keys(&counts->form, column->texts, &column->decimals, block->rows,
                                block->count, block->keys);
    else
        value_form_keys(&counts->form, column->texts, block->rows, block->count,
                        taking->batch->padded ? VALUE_FORM_PADDED : VALUE_FORM_BARE, block->keys);
    prefetch_cells(counts, block);
}

/* Whether all rows of the batch stand after all that the window has counted, which is then told of
 * the last one. */
static bool follows(struct value_counts *counts, const struct batch *batch)
{
    const struct place first = batch_place(batch, batch_row(batch, 0));
    if (counts->present > 0 && place_compare(first, counts->last) <= 0)
        return false;
    counts->last = batch_place(batch, batch_row(batch, batch->selected - 1));
    return true;
}

/* Reads each block before it counts the last one, whose cells are on their way meanwhile. */
static enum sheaf_status take_batch(const struct taking *taking)
{
    const struct batch *const batch = taking->batch;
    struct value_counts *const counts = taking->table->counts;
    struct block blocks[2];
    const bool ascending = counts != NULL && follows(counts, batch);
    read_block(taking, 0, &blocks[0]);
    for (uint32_t start = 0, now = 0; start < batch->selected; start += BLOCK, now ^= 1) {
        struct block *const block = &blocks[now];
        if (batch->selected - start > BLOCK)
            read_block(taking, start + BLOCK, &blocks[now ^ 1]);
        TRY(counts != NULL ? take_block(taking, block, ascending)
                           : take_rows(taking, block->rows, block->count));
    }
    return SHEAF_OK;
}

enum sheaf_status value_table_update(struct value_table *table, const struct agg_call *call,
                                     const struct column *column, const struct batch *batch,
                                     struct sheaf_error *error)
{
    const struct taking taking = {
        .table = table, .call = call, .column = column, .batch = batch, .error = error};
    if (batch->selected == 0)
        return SHEAF_OK;
    TRY(take_batch(&taking));
    if (agg_native_vector(call->type) != COLUMN_TEXTS || batch->selected < SURVEY_ROWS)
        return SHEAF_OK;
    return survey_batch(table, call, error);
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
        if (!probe_row(&probe, vector, column, row)) {
            add_nulls(table, 1, probe.place);
            continue;
        }
        const struct value_entry entry = {.key = probe.key, .count = 1, .place = probe.place};
        bool taken;
        TRY(try_cell(table, call, &entry, &taken, error));
        if (!taken)
            TRY(value_slots_take(table, call, &probe, 1, VALUE_KEY_COPIED, error));
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
    bool taken;
    TRY(try_cell(table, call, entry, &taken, error));
    if (taken)
        return SHEAF_OK;
    struct value_probe probe = {.count = entry->count, .place = entry->place};
    probe_text(&probe, entry->key);
    return value_slots_take(table, call, &probe, 1, VALUE_KEY_COPIED, error);
}

/* ---- merging -------------------------------------------------------------------------------- */

/* Adds the window of `from` to one of another form, or too far from it: value by value. */
static enum sheaf_status spell_over(struct value_table *into, const struct value_table *from,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    struct value_entry entry;
    size_t cursor = 0;
    while (value_table_next(from, &cursor, &entry) && entry.number < from->counts->length)
        TRY(value_table_add(into, call, &entry, error));
    return SHEAF_OK;
}

static enum sheaf_status merge_counts(struct value_table *into, struct value_table *from,
                                      const struct agg_call *call, struct sheaf_error *error)
{
    if (from->counts == NULL)
        return SHEAF_OK;
    /* The larger window takes in the smaller. */
    if (into->counts == NULL || into->counts->length < from->counts->length) {
        struct value_counts *const smaller = into->counts;
        into->counts = from->counts;
        from->counts = smaller;
        TRY(sift(into, call, error));
    }
    struct value_counts *const counts = from->counts;
    if (counts == NULL)
        return SHEAF_OK;
    const struct value_span span = value_counts_span(counts);
    const uint64_t present = into->counts->present + counts->present;
    struct value_span both = value_counts_span(into->counts);
    value_span_add(&both, span.low);
    value_span_add(&both, span.high);
    if (!value_form_equal(&into->counts->form, &counts->form) ||
        !value_span_is_dense(both, present))
        return spell_over(into, from, call, error);
    TRY(value_counts_widen(into->counts, span, present, call, error));
    TRY(value_counts_merge(into->counts, counts, call, error));
    return sift(into, call, error);
}

static enum sheaf_status merge_slots(struct value_table *into, struct value_table *from,
                                     const struct agg_call *call, struct sheaf_error *error)
{
    if (value_slot_count(from) == 0)
        return SHEAF_OK;
    const bool moves = any_has_cell(into->counts, from->slots);
    if (!moves && value_slot_count(into) < from->slots->count) {
        struct value_slots *const smaller = into->slots;
        into->slots = from->slots;
        from->slots = smaller;
        count_distinct(into);
    }
    if (value_slot_count(from) == 0)
        return SHEAF_OK;
    if (into->slots == NULL)
        return take_items(into, from->slots, call, VALUE_KEY_COPIED, error);
    value_slots_adopt_keys(into->slots, from->slots);
    return take_items(into, from->slots, call, VALUE_KEY_OWNED, error);
}

enum sheaf_status value_table_merge(struct value_table *into, struct value_table *from,
                                    const struct agg_call *call, struct sheaf_error *error)
{
    if (from->nulls > 0)
        add_nulls(into, from->nulls, from->null_place);
    TRY(merge_counts(into, from, call, error));
    TRY(merge_slots(into, from, call, error));
    count_distinct(into);
    return SHEAF_OK;
}

void value_table_drop(struct value_table *table, const struct agg_call *call)
{
    value_counts_close(table->counts, call);
    value_slots_close(table->slots, call);
    *table = (struct value_table){.nulls = 0};
}
