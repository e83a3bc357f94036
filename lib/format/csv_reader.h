/* format/csv_reader.h - what the files of the CSV reader share. Private to them.
 *
 * A reader holds a chunk's bytes. Rows come out of them in one of two ways, which give the same:
 * csv_index reads many complete rows at once by bit masks; csv_scan reads on row by row with a
 * scanner, for rows that masks cannot tell, for the last row of a chunk, which may reach past it,
 * and for everything under --scanner libcsv. */
#ifndef FORMAT_CSV_READER_H
#define FORMAT_CSV_READER_H

#include "format/csv.h"
#include "scan/kernel.h"
#include "scan/scanner.h"

struct csv_index;

struct format_reader {
    struct csv_document *document;
    enum format_policy policy;
    struct scanner *scanner;
    struct csv_index *index; /* NULL: the scanner reads all rows */
    struct format_counts counts;

    struct chunk chunk;
    /* The chunk's bytes, and those behind it that its last row needed: in the mapped file, or in
     * `own`. SCAN_PADDING more may be read. */
    const char *raw;
    size_t raw_length;
    char *own; /* NULL while files are mapped */
    size_t own_size;
    uint64_t charged;    /* for bytes behind the chunk */
    size_t chunk_length; /* of the raw bytes, those of the chunk */
    size_t base;         /* where the first row starts: the scanner's byte 0 */
    size_t position;     /* read so far, from the base */
    size_t scanned;      /* how far the scanner knows of that; the index has read the rest */
    uint64_t base_line;  /* the physical line that the base is on */
    uint64_t lines_left; /* line ends in the chunk from `scanned` on; UINT64_MAX: not known */
    size_t piece;        /* bytes that the scanner is fed for one batch */
    size_t extension;    /* bytes to be read behind next */
    bool pending_cr;     /* the byte after a CR decides whether the row is bad */
    bool done;           /* no further row of this chunk */
    bool has_pending;
    struct sheaf_error pending; /* comes after the rows before it */

    struct column *columns;
    struct text *texts; /* slots * row_capacity, and CSV_ROOM_OVER */
    uint64_t *row_bytes;
    uint32_t *selection;
    uint32_t row_capacity;
};

/* Items that kernels may write behind the last row of a vector. */
enum { CSV_ROOM_OVER = 16 };

static inline uint64_t csv_file_byte(const struct format_reader *reader, size_t position)
{
    return reader->chunk.offset + reader->base + position;
}

/* The bytes of the chunk that are not read yet. */
static inline size_t csv_bytes_left(const struct format_reader *reader)
{
    const size_t length = reader->chunk_length - reader->base;
    return length > reader->position ? length - reader->position : 0;
}

/* Keeps the error for after the rows that come before it. */
void csv_set_pending(struct format_reader *reader, const struct sheaf_error *error);

void csv_count_skipped(struct format_reader *reader, const struct sheaf_error *error);

/* Makes raw[] `length` bytes of the chunk's file from where the chunk begins, or fewer at the
 * file's end (and where a stream has given no more so far, but more than before, save at the end).
 * Those there stay, but may move. */
enum sheaf_status csv_look(struct format_reader *reader, size_t length, struct sheaf_error *error);

/* Makes room for a batch of so many rows. */
enum sheaf_status csv_reserve_batch(struct format_reader *reader, uint32_t rows,
                                    struct sheaf_error *error);

/* ---- csv_scan.c ---------------------------------------------------------------------------- */

/* Reads on with the scanner, a piece or a few rows, of which a batch is made: out->selected is 0
 * when none was completed, or none is left. What is wrong with the data becomes pending, or counts
 * as skipped. */
enum sheaf_status csv_scan_piece(struct format_reader *reader, struct batch *out,
                                 struct sheaf_error *error);
enum sheaf_status csv_scan_rows(struct format_reader *reader, uint32_t rows_most, struct batch *out,
                                struct sheaf_error *error);

/* ---- csv_index.c --------------------------------------------------------------------------- */

enum sheaf_status csv_index_open(const struct csv_document *document, struct csv_index **out,
                                 struct sheaf_error *error);

/* Makes a batch of the complete rows of the right shape that come next in the chunk. When the next
 * row is none of these, out->selected is 0, and *scan_next is how many rows to read with the
 * scanner before trying again. */
enum sheaf_status csv_index_rows(struct format_reader *reader, struct batch *out,
                                 uint32_t *scan_next, struct sheaf_error *error);

/* Takes NULL. */
void csv_index_close(struct csv_index *index);

#endif
