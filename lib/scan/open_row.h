/* scan/open_row.h - the row that a scanner is reading, and the rows that it has completed: what is
 * the same for every scanner. One thread at a time. */
#ifndef SCAN_OPEN_ROW_H
#define SCAN_OPEN_ROW_H

#include "base/arena.h"
#include "scan/scanner.h"

/* Readable bytes behind every copy of a field: kernels that read texts ask for as many, whatever a
 * text's length (DECIMAL_PADDING of num/decimals.h, a header that this room does not know). */
enum { SCAN_COPY_PADDING = 32 };

struct open_row {
    struct scanner_setup setup;
    struct scan_rows rows;  /* the complete ones; the open one's fields stand behind them */
    uint32_t *wanted_slots; /* of the wanted fields, in their order in a row */
    struct arena copies;    /* fields that are not what the raw bytes are, of this stretch */
    size_t start;           /* of the open row */
    size_t position;        /* of the first byte not yet accounted for: a field start */
    uint64_t line;          /* of the open row */
    uint64_t ends;          /* line ends inside the open row's quoted fields */
    uint32_t field;         /* number of the field being read */
    uint32_t kept;          /* wanted fields of the open row so far */
    int byte_before;        /* the byte before raw[0] */
};

/* Fills *row, which is the caller's to close, also after a failure; false when there is no memory.
 * The setup is copied, what it points to is borrowed. */
bool open_row_open(struct open_row *row, const struct scanner_setup *setup);
void open_row_close(struct open_row *row);

/* Starts on a new stretch: all rows and copies are forgotten. */
void open_row_begin(struct open_row *row, uint64_t line, int byte_before);

/* Gives the slot of the field being read, or SCANNER_UNWANTED. */
static inline uint32_t open_row_slot(const struct open_row *row)
{
    return row->field < row->setup.field_count ? row->setup.slot_of_field[row->field]
                                               : SCANNER_UNWANTED;
}

/* Gives room for a field's content, with SCAN_COPY_PADDING bytes behind it; NULL, with the error
 * filled, when there is no memory, or the budget has not as much. */
char *open_row_copy_room(struct open_row *row, size_t length, struct sheaf_error *error);

/* Counts the field that was read, keeping it if it is wanted. The next one starts at `next`;
 * `line_ends` stand inside this one. */
static inline void open_row_add(struct open_row *row, const struct scan_field *field, size_t next,
                                uint64_t line_ends)
{
    const uint32_t slot = open_row_slot(row);
    if (slot != SCANNER_UNWANTED) {
        row->rows.fields[(size_t)slot * row->rows.capacity + row->rows.count] = *field;
        row->kept++;
    }
    row->field += row->field < UINT32_MAX;
    row->ends += line_ends;
    row->position = next;
}

/* Marks the wanted fields that the open row has not got as absent: as fields come in order, they
 * are the last of the wanted ones. */
void open_row_fill(struct open_row *row);

/* Adds the open row to the complete ones; false when there is no memory. */
static inline bool open_row_complete(struct open_row *row)
{
    struct scan_rows *rows = &row->rows;
    if (row->kept < row->setup.slots)
        open_row_fill(row);
    rows->starts[rows->count] = row->start;
    rows->lines[rows->count] = row->line;
    rows->field_counts[rows->count] = row->field;
    rows->count++;
    return rows->count < rows->capacity || scan_rows_grow(rows);
}

/* The next row, or what else a row may start with, starts at row->position; `line_ends` ended the
 * one before. */
static inline void open_row_start(struct open_row *row, uint64_t line_ends)
{
    row->line += row->ends + line_ends;
    row->start = row->position;
    row->ends = 0;
    row->field = 0;
    row->kept = 0;
}

/* Gives how many physical lines the line end at raw[at] ends: with cr_ends, the LF of a CRLF is an
 * empty row that is no further line. */
static inline uint64_t open_row_ends_at(const struct open_row *row, const char *raw, size_t at)
{
    if (!row->setup.automaton->dialect.cr_ends || raw[at] != '\n')
        return 1;
    const int before = at > 0 ? (unsigned char)raw[at - 1] : row->byte_before;
    return before != '\r';
}

/* Drops the open row, if any: raw[stop] is a row start, and `lines` line ends stand before it. */
void open_row_skip(struct open_row *row, size_t stop, uint64_t lines);

void open_row_place(const struct open_row *row, struct scanner_place *out);

/* Forgets the complete rows; the open one stays. */
void open_row_forget(struct open_row *row);

#endif
