/* scan/scanned_rows.h - the rows that a scanner has completed, as positions of fields. */
#ifndef SCAN_SCANNED_ROWS_H
#define SCAN_SCANNED_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One wanted field of one row. Its bytes are at raw + at, or, where doubled quotes or escapes were
 * undone, at `copy`, which lives until the scanner's next begin. At least 32 bytes behind a copy
 * are readable. */
struct scan_field {
    const char *copy; /* NULL: in the raw bytes */
    size_t at;
    size_t length;
    uint8_t kind; /* enum scan_field_kind */
};

enum scan_field_kind {
    SCAN_FIELD_ABSENT = 0, /* the row ended before it */
    SCAN_FIELD_UNQUOTED,
    SCAN_FIELD_QUOTED,
};

/* The complete rows so far; the scanner's forget_rows starts anew. fields[slot * capacity + row].
 */
struct scan_rows {
    uint32_t count;
    uint32_t capacity;
    uint32_t slots;
    size_t *starts;  /* raw position of each row's first byte */
    uint64_t *lines; /* physical line it stands on */
    uint32_t *field_counts;
    struct scan_field *fields;
};

/* Doubles the room for rows; those there, and the fields of the open row behind them, stay. False,
 * and the rows are not readable any more, when there is no memory. */
bool scan_rows_grow(struct scan_rows *rows);

/* Frees the memory. Takes rows that never grew, and half-grown ones. */
void scan_rows_close(struct scan_rows *rows);

#endif
