/* col/batch.h - the type everything meets at: some rows of the needed columns, a vector a column.
 *
 * A batch is lent: its vectors are valid until the reader's next call. One thread at a time. */
#ifndef COL_BATCH_H
#define COL_BATCH_H

#include "base/decimal.h"
#include "base/number.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a row stands in the dataset. What depends on order compares places, never arrival. */
struct place {
    uint64_t byte; /* offset of the row's first byte in its file */
    uint32_t file; /* from 0 */
};

static inline int place_compare(struct place a, struct place b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    return (a.byte > b.byte) - (a.byte < b.byte);
}

/* Bytes that may be read from where a text of a padded batch begins, and behind its end, whatever
 * its length; what they are means nothing. A null text has none. */
enum { BATCH_PADDING = 32 };

/* One needed column of a batch; each vector that is not NULL holds one item per row. CSV gives
 * `texts`, the fields after unquoting, bytes NULL where null; `numbers` is there once somebody has
 * asked for the column as numbers, `instants` likewise for times. A binary format gives what a plan
 * has asked it for: numbers or instants as they are, texts as the values are printed; of real
 * numbers also `reals`, the doubles alone (-0 among them, none null), often without a copy. Short
 * decimals may stand beside the numbers, of which they are another form, or in their place where
 * everybody who takes the column's numbers takes them so. */
struct column {
    const struct text *texts; /* BATCH_PADDING bytes of each are readable in a padded batch */
    const struct number *numbers;
    const struct instant *instants;
    struct decimals decimals; /* mantissas NULL: there are none */
    const double *reals;
};

/* The vectors of a column, as bits. */
enum column_vector { COLUMN_TEXTS = 1, COLUMN_NUMBERS = 2, COLUMN_INSTANTS = 4 };
/* One more, which no type has alone. */
enum { COLUMN_REALS = 8 };

struct batch {
    uint32_t rows;
    uint32_t file;
    /* The offset of each row's first byte in its file, ascending: row_base + row_bytes[row]. So a
     * reader of records need not write it anew for each batch. */
    uint64_t row_base;
    const uint64_t *row_bytes;
    /* Gives the physical line that a row begins on, from 1; NULL: there are no lines. Slow: for
     * messages. */
    uint64_t (*line_of)(const struct batch *batch, uint32_t row);
    const void *lender; /* line_of's own */
    const struct column *columns;
    /* The rows that take part: `selected` ascending row numbers; NULL: all rows do. */
    const uint32_t *selection;
    uint32_t selected;
    bool padded; /* the texts of all columns are followed by BATCH_PADDING */
};

/* The number of the i-th row that takes part, i < batch->selected. */
static inline uint32_t batch_row(const struct batch *batch, uint32_t i)
{
    return batch->selection == NULL ? i : batch->selection[i];
}

/* The physical line that a row begins on, from 1; 0: there are no lines. */
static inline uint64_t batch_line(const struct batch *batch, uint32_t row)
{
    return batch->line_of == NULL ? 0 : batch->line_of(batch, row);
}

#ifdef SHEAF_MUTATE_ARRIVAL_ORDER
/* A build that tests must find wrong: rows stand in the order in which they arrive. */
__attribute__((weak, visibility("hidden"))) uint64_t batch_arrivals;

static inline struct place batch_place(const struct batch *batch, uint32_t row)
{
    (void)batch, (void)row;
    return (struct place){.byte = __atomic_fetch_add(&batch_arrivals, 1, __ATOMIC_RELAXED)};
}
#else
/* The place of a row, which its file and byte make. */
static inline struct place batch_place(const struct batch *batch, uint32_t row)
{
    return (struct place){.byte = batch->row_base + batch->row_bytes[row], .file = batch->file};
}
#endif

#endif
