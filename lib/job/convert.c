#include "job/convert.h"

#include "agg/agg.h"
#include "num/decimals.h"
#include "num/parse.h"

#include <stdio.h>
#include <string.h>

/* The vectors of one needed column, for `capacity` rows; NULL where not needed. */
struct typed {
    struct number *numbers;
    int64_t *mantissas; /* of the numbers, where they are short decimals */
    struct instant *instants;
    struct text *texts; /* a copy with bad values made null */
    bool is_counted;    /* its texts are, by value: which is quicker if they are short decimals */
    /* After a batch whose numbers were no short decimals, some are not tried: */
    uint32_t untried; /* batches still to come that are not */
    uint32_t backoff; /* how many that will be the next time */
};

enum { DECIMAL_ROOM_OVER = 16, DECIMAL_BACKOFF_MOST = 64 };

struct converter {
    const struct sheaf_plan *plan;
    const struct decimal_kernel *kernel;
    struct typed *typed;    /* of each needed column */
    struct column *columns; /* needed columns, then keys */
    uint32_t *bad;          /* row numbers of one column */
    bool *left_out;         /* of each row, under skip */
    uint32_t *selection;
    uint32_t capacity;
    struct converter_counts counts;
};

/* The first bad value of a batch. */
struct first_bad {
    bool any;
    uint32_t row;
    uint32_t slot;
    bool is_instant;
};

/* Finds the columns whose values are counted whole. */
static void find_counted(struct converter *converter)
{
    const struct sheaf_plan *plan = converter->plan;
    const struct group_setup *groups = &plan->core->groups;
    const struct agg_ops *distinct = agg_find("distinct", strlen("distinct"));
    for (uint32_t i = 0; i < groups->call_count && groups->key_count == 0; i++)
        if (groups->calls[i].ops == distinct && groups->calls[i].type == TYPE_UNKNOWN)
            converter->typed[plan->argument_slots[i]].is_counted = true;
}

enum sheaf_status converter_open(const struct sheaf_plan *plan, struct converter **out,
                                 struct sheaf_error *error)
{
    *out = NULL;
    struct converter *converter = memory_zeroed(1, sizeof *converter);
    if (converter == NULL)
        return error_no_memory(error, "a converter");
    const uint32_t keys = plan->core->groups.key_count;
    converter->plan = plan;
    converter->kernel = decimal_kernel_of(plan->isa);
    converter->typed = memory_zeroed(plan->use_count, sizeof *converter->typed);
    converter->columns = memory_zeroed((size_t)plan->use_count + keys, sizeof *converter->columns);
    if (converter->typed == NULL || converter->columns == NULL) {
        converter_close(converter);
        return error_no_memory(error, "a converter");
    }
    find_counted(converter);
    *out = converter;
    return SHEAF_OK;
}

static void free_vectors(struct converter *converter)
{
    for (uint32_t slot = 0; slot < converter->plan->use_count && converter->typed != NULL; slot++) {
        struct typed *typed = &converter->typed[slot];
        memory_free(typed->numbers);
        memory_free(typed->mantissas);
        memory_free(typed->instants);
        memory_free(typed->texts);
        *typed = (struct typed){
            .is_counted = typed->is_counted, .untried = typed->untried, .backoff = typed->backoff};
    }
    memory_free(converter->bad);
    memory_free(converter->left_out);
    memory_free(converter->selection);
    converter->bad = NULL;
    converter->left_out = NULL;
    converter->selection = NULL;
    converter->capacity = 0;
}

void converter_close(struct converter *converter)
{
    if (converter == NULL)
        return;
    free_vectors(converter);
    memory_free(converter->typed);
    memory_free(converter->columns);
    memory_free(converter);
}

const struct converter_counts *converter_counts(const struct converter *converter)
{
    return &converter->counts;
}

static enum sheaf_status reserve(struct converter *converter, uint32_t rows,
                                 struct sheaf_error *error)
{
    if (rows <= converter->capacity)
        return SHEAF_OK;
    const size_t capacity = 2 * (size_t)rows;
    free_vectors(converter);
    bool complete = true;
    for (uint32_t slot = 0; slot < converter->plan->use_count; slot++) {
        const struct column_use *use = &converter->plan->uses[slot];
        struct typed *typed = &converter->typed[slot];
        const bool may_be_decimals = use->as_number || typed->is_counted;
        if (use->as_number)
            typed->numbers = memory_alloc(capacity * sizeof *typed->numbers);
        if (may_be_decimals)
            typed->mantissas =
                memory_alloc((capacity + DECIMAL_ROOM_OVER) * sizeof *typed->mantissas);
        if (use->as_instant)
            typed->instants = memory_alloc(capacity * sizeof *typed->instants);
        if (use->as_number || use->as_instant)
            typed->texts = memory_alloc(capacity * sizeof *typed->texts);
        complete &= !use->as_number || typed->numbers != NULL;
        complete &= !may_be_decimals || typed->mantissas != NULL;
        complete &= !use->as_instant || typed->instants != NULL;
        complete &= !(use->as_number || use->as_instant) || typed->texts != NULL;
    }
    converter->bad = memory_alloc(capacity * sizeof *converter->bad);
    converter->left_out = memory_alloc(capacity * sizeof *converter->left_out);
    converter->selection = memory_alloc(capacity * sizeof *converter->selection);
    if (!complete || converter->bad == NULL || converter->left_out == NULL ||
        converter->selection == NULL)
        return error_no_memory(error, "the values of a batch");
    converter->capacity = (uint32_t)capacity;
    return SHEAF_OK;
}

/* ---- bad values -------------------------------------------------------------------------- */

static const char *hint_for(const struct sheaf_plan *plan, struct text text)
{
    if (text.length == 0)
        return "; see --null and --null-quoted";
    return plan->on_error == SHEAF_ON_ERROR_FAIL ? "; see --on-error" : "";
}

static void report(const struct converter *converter, const struct batch *batch,
                   const struct first_bad *bad, struct sheaf_error *error)
{
    const struct sheaf_plan *plan = converter->plan;
    const struct column_use *use = &plan->uses[bad->slot];
    const struct text text = batch->columns[bad->slot].texts[bad->row];
    const struct text name = plan->columns.names[use->column];
    const char *what = !bad->is_instant ? "no number"
                       : use->zoned     ? "no date or time with a zone"
                                        : "no date or time without a zone";
    const uint64_t line = batch_line(batch, bad->row);
    char line_text[32] = "";
    char value[ERROR_NAME_SIZE];
    char column[ERROR_NAME_SIZE];
    if (line != 0)
        snprintf(line_text, sizeof line_text, "%llu:", (unsigned long long)line);
    error_set(error, SHEAF_DATA, "%s:%s column %lu (\"%s\"): \"%s\" is %s (row at byte %llu)%s",
              dataset_name(plan->dataset, batch->file), line_text, (unsigned long)use->column + 1,
              error_name(column, name.bytes, name.length),
              error_name(value, text.bytes, text.length), what,
              (unsigned long long)batch_place(batch, bad->row).byte, hint_for(plan, text));
    error->file = batch->file;
    error->line = line;
    error->byte = batch_place(batch, bad->row).byte;
    error->column = use->column + 1;
}

static void note_first(const struct converter *converter, struct first_bad *first, uint32_t row,
                       uint32_t slot, bool is_instant)
{
    const struct column_use *uses = converter->plan->uses;
    if (first->any &&
        (row > first->row || (row == first->row && uses[slot].column >= uses[first->slot].column)))
        return;
    *first = (struct first_bad){.any = true, .row = row, .slot = slot, .is_instant = is_instant};
}

/* Makes the bad values of a column null, in all forms that it has. */
static void make_null(struct converter *converter, const struct batch *batch, uint32_t slot,
                      uint32_t count)
{
    struct column *column = &converter->columns[slot];
    struct text *texts = converter->typed[slot].texts;
    if (column->texts != texts)
        memcpy(texts, column->texts, batch->rows * sizeof *texts);
    column->texts = texts;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = converter->bad[i];
        texts[row].bytes = NULL;
        if (column->numbers != NULL)
            converter->typed[slot].numbers[row].kind = NUMBER_NULL;
        if (column->decimals.mantissas != NULL)
            converter->typed[slot].mantissas[row] = DECIMAL_NULL;
    }
    column->decimals.has_nulls = true;
    converter->counts.nulled_values += count;
}

static void leave_out(struct converter *converter, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool *left_out = &converter->left_out[converter->bad[i]];
        converter->counts.skipped_rows += !*left_out;
        *left_out = true;
    }
}

static void take_bad(struct converter *converter, const struct batch *batch, uint32_t slot,
                     uint32_t count, bool is_instant, struct first_bad *first)
{
    if (!first->any && converter->plan->on_error == SHEAF_ON_ERROR_SKIP)
        memset(converter->left_out, 0, batch->rows);
    note_first(converter, first, converter->bad[0], slot, is_instant);
    if (converter->plan->on_error == SHEAF_ON_ERROR_NULL)
        make_null(converter, batch, slot, count);
    else if (converter->plan->on_error == SHEAF_ON_ERROR_SKIP)
        leave_out(converter, count);
}

/* Takes the rows that are left out of the selection. */
static void select_rest(struct converter *converter, struct batch *batch)
{
    uint32_t selected = 0;
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        if (!converter->left_out[row])
            converter->selection[selected++] = row;
    }
    batch->selection = converter->selection;
    batch->selected = selected;
}

/* ---- conversion -------------------------------------------------------------------------- */

/* Makes short decimals of the column, if that is what its numbers are. */
static bool make_decimals(struct converter *converter, const struct batch *batch, uint32_t slot)
{
    struct typed *typed = &converter->typed[slot];
    struct column *column = &converter->columns[slot];
    if (!batch->padded || batch->selection != NULL)
        return false;
    if (typed->untried > 0) {
        typed->untried--;
        return false;
    }
    if (!converter->kernel->parse(column->texts, batch->rows, typed->mantissas,
                                  &column->decimals)) {
        column->decimals = (struct decimals){.mantissas = NULL};
        typed->backoff = typed->backoff == 0 ? 1 : 2 * typed->backoff;
        if (typed->backoff > DECIMAL_BACKOFF_MOST)
            typed->backoff = DECIMAL_BACKOFF_MOST;
        typed->untried = typed->backoff;
        return false;
    }
    typed->backoff = 0;
    if (converter->plan->uses[slot].needs_numbers) {
        decimals_expand(&column->decimals, batch->rows, typed->numbers);
        column->numbers = typed->numbers;
    }
    return true;
}

static uint32_t make_numbers(struct converter *converter, const struct batch *batch, uint32_t slot)
{
    const struct text *texts = batch->columns[slot].texts;
    struct number *numbers = converter->typed[slot].numbers;
    if (make_decimals(converter, batch, slot))
        return 0;
    converter->columns[slot].numbers = numbers;
    if (batch->selection == NULL)
        return number_parse_column(texts, batch->selected, numbers, converter->bad);
    return number_parse_selected(texts, batch->selection, batch->selected, numbers, converter->bad);
}

static bool fits(const struct column_use *use, const struct instant *instant)
{
    if (instant->form == INSTANT_DATE)
        return true;
    return (instant->form == INSTANT_ZONED) == use->zoned;
}

/* Reads the column's times, leaving out texts that are null by now. */
static uint32_t make_instants(struct converter *converter, const struct batch *batch, uint32_t slot)
{
    const struct column_use *use = &converter->plan->uses[slot];
    const struct text *texts = converter->columns[slot].texts;
    struct instant *instants = converter->typed[slot].instants;
    uint32_t bad = 0;
    converter->columns[slot].instants = instants;
    for (uint32_t i = 0; i < batch->selected; i++) {
        const uint32_t row = batch_row(batch, i);
        instants[row].form = INSTANT_NULL;
        if (texts[row].bytes == NULL)
            continue;
        if (!instant_parse(texts[row], &instants[row]) || !fits(use, &instants[row])) {
            instants[row].form = INSTANT_NULL;
            converter->bad[bad++] = row;
        }
    }
    return bad;
}

static void convert_column(struct converter *converter, const struct batch *batch, uint32_t slot,
                           struct first_bad *first)
{
    const struct column_use *use = &converter->plan->uses[slot];
    if (use->as_number) {
        const uint32_t bad = make_numbers(converter, batch, slot);
        if (bad > 0)
            take_bad(converter, batch, slot, bad, false, first);
    } else if (converter->typed[slot].is_counted) {
        (void)make_decimals(converter, batch, slot);
    }
    if (use->as_instant) {
        const uint32_t bad = make_instants(converter, batch, slot);
        if (bad > 0)
            take_bad(converter, batch, slot, bad, true, first);
    }
}

static void keep_first(struct converter *converter, const struct batch *batch,
                       const struct first_bad *first)
{
    struct sheaf_error error;
    if (converter->counts.first.status != SHEAF_OK)
        return; /* a worker's chunks ascend, so the first one stays the first */
    report(converter, batch, first, &error);
    converter->counts.first = error;
}

enum sheaf_status converter_run(struct converter *converter, struct batch *batch,
                                struct sheaf_error *error)
{
    const struct sheaf_plan *plan = converter->plan;
    TRY(reserve(converter, batch->rows, error));
    struct first_bad first = {.any = false};
    for (uint32_t slot = 0; slot < plan->use_count; slot++)
        converter->columns[slot] = batch->columns[slot];
    for (uint32_t slot = 0; slot < plan->use_count; slot++)
        convert_column(converter, batch, slot, &first);
    for (uint32_t key = 0; key < plan->core->groups.key_count; key++)
        converter->columns[plan->use_count + key] = batch->columns[plan->key_slots[key]];
    if (first.any) {
        if (plan->on_error == SHEAF_ON_ERROR_FAIL) {
            report(converter, batch, &first, error);
            return SHEAF_DATA;
        }
        keep_first(converter, batch, &first);
        if (plan->on_error == SHEAF_ON_ERROR_SKIP)
            select_rest(converter, batch);
    }
    batch->columns = converter->columns;
    return SHEAF_OK;
}
