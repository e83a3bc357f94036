/* format/csv_skip.h - finds the end of a bad row, by the plain automaton and without keeping it. */
#ifndef FORMAT_CSV_SKIP_H
#define FORMAT_CSV_SKIP_H

#include "format/csv.h"

struct csv_skip_setup {
    const struct csv_document *document;
    uint32_t file;
    const char *raw;     /* bytes in memory; the rest is read from the dataset */
    uint64_t raw_offset; /* of raw[0] in the file */
    size_t raw_length;
    struct scanner_place place; /* of the bad row, positions in raw */
    size_t bad;                 /* position of the byte that may not follow a closing quote */
    uint64_t field_length;      /* content bytes of the bad field before it */
};

/* Gives the offset in the file of the byte after the row. The rules of every row hold: a quote that
 * is never closed and a field longer than max_field are SHEAF_DATA. */
enum sheaf_status csv_skip_row(const struct csv_skip_setup *setup, uint64_t *end,
                               struct sheaf_error *error);

#endif
