/* format/binary.h - what the binary formats share: raw records and .npy arrays are both records of
 * fixed width, read by one reader; only how a file's beginning says so differs.
 *
 * A row belongs to the chunk that holds its first byte, so nothing is surveyed and no chunk waits
 * for another. Of an array in Fortran order the rows have virtual offsets, as if it were in C
 * order; these decide about chunks and places, and each column is read where it really stands. */
#ifndef FORMAT_BINARY_H
#define FORMAT_BINARY_H

#include "base/arena.h"
#include "format/format.h"

extern const struct format_ops format_raw;
extern const struct format_ops format_npy;

/* How a value lies in a record. */
enum binary_kind {
    BINARY_SIGNED,   /* 1, 2, 4 or 8 bytes */
    BINARY_UNSIGNED, /* 1, 2, 4 or 8 bytes */
    BINARY_REAL,     /* IEEE 754: 2, 4 or 8 bytes */
    BINARY_BOOL,     /* 1 byte: 0 or 1 */
    BINARY_BYTES,    /* text, padded with NULs at its end */
    BINARY_UCS4,     /* text of 4-byte code points, padded with NULs; given out as UTF-8 */
    BINARY_TIME,     /* 8 bytes: signed count of `unit` since 1970; the least one is null (NaT) */
    BINARY_KINDS
};

/* One unit of a time is `factor` of these. */
enum binary_unit {
    UNIT_YEAR,
    UNIT_MONTH,
    UNIT_WEEK,
    UNIT_DAY,
    UNIT_HOUR,
    UNIT_MINUTE,
    UNIT_SECOND,
    UNIT_MILLI,
    UNIT_MICRO,
    UNIT_NANO,
    UNIT_PICO,
    UNIT_FEMTO,
    UNIT_ATTO,
};

struct binary_field {
    struct text name;
    enum binary_kind kind;
    enum binary_unit unit; /* BINARY_TIME */
    uint32_t factor;       /* BINARY_TIME */
    bool big;              /* most significant byte first */
    uint64_t offset;       /* in a record */
    uint64_t size;         /* bytes; of a text 0 too */
};

enum { BINARY_COLUMNS_MAX = 65535 };

/* Read at once, at least, of a column that stands for itself: below that, the calls cost more than
 * the bytes. */
enum { BINARY_COLUMN_BYTES = 2 << 10 };

/* How the records of one file lie in it. */
struct binary_layout {
    struct binary_field *fields; /* of the document's arena */
    uint32_t count;
    bool by_column; /* one column after the other (Fortran order), each value of `fields[0].size` */
    uint64_t record; /* bytes of a row; 0 only when there are no rows */
    uint64_t begin;  /* where the first row begins in the file */
    uint64_t rows;   /* UINT64_MAX: as many as there are (a raw stream) */
};

/* Everything is fixed once planning ends, and then read by all workers. */
struct binary_document {
    struct format_document base;
    struct dataset *dataset;
    enum format_policy policy;
    struct memory_budget *budget;
    struct arena arena;            /* of all that follows, and of the layouts' fields */
    struct binary_layout *layouts; /* of each file */
    struct text *names;
    enum column_type *types;
    uint32_t columns;
    struct format_need *needs;
    uint32_t need_count;
};

/* Makes a document whose layouts are still to be filled. Owned by the caller. */
enum sheaf_status binary_document_open(const struct format_ops *ops, struct dataset *dataset,
                                       const struct format_options *options,
                                       struct binary_document **out, struct sheaf_error *error);

/* Ends the opening: all layouts are there. Fails with SHEAF_DATA, naming the first difference, when
 * files differ in the number, the names or the types of their columns. */
enum sheaf_status binary_document_settle(struct binary_document *document,
                                         struct sheaf_error *error);

/* Rows that BINARY_COLUMN_BYTES of each column of an array in Fortran order hold, at least 1. */
uint64_t binary_column_rows(const struct binary_layout *layout);

/* Where a row begins in the file; in an array in Fortran order: would begin in C order. */
uint64_t binary_row_offset(const struct binary_layout *layout, uint64_t row);

/* The type of a column that consists of such fields. */
enum column_type binary_type(enum binary_kind kind);

/* What both formats have in their rows of the table. */
uint32_t binary_columns(const struct format_document *base, const struct text **names);
const enum column_type *binary_types(const struct format_document *base);
enum sheaf_status binary_select(struct format_document *base, const struct format_need *needed,
                                uint32_t count, struct sheaf_error *error);
uint64_t binary_chunk_hint(const struct format_document *base);
enum sheaf_status binary_start(struct format_document *base, struct executor *executor,
                               struct sheaf_error *error);
void binary_close(struct format_document *base);

/* ---- errors ------------------------------------------------------------------------------ */

/* Where something is wrong. */
struct binary_place {
    const char *name; /* of the file, safe to print */
    uint32_t file;
    uint64_t byte;
};

struct binary_place binary_place_at(const struct dataset *dataset, uint32_t file, uint64_t byte);

/* Fills the error with SHEAF_DATA, its place, and "NAME: byte N: " before the text. */
enum sheaf_status binary_error(const struct binary_place *place, struct sheaf_error *error,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A last record of which only `got` bytes are there; the place is where it begins. */
enum sheaf_status binary_error_torn(const struct binary_place *place, uint64_t got, uint64_t record,
                                    struct sheaf_error *error);
/* Data that ends at the place, before all rows of the layout were there. */
enum sheaf_status binary_error_short(const struct binary_place *place,
                                     const struct binary_layout *layout, struct sheaf_error *error);
/* Bytes behind the last row; the place is where they begin. */
enum sheaf_status binary_error_long(const struct binary_place *place,
                                    const struct binary_layout *layout, struct sheaf_error *error);

/* ---- the reader -------------------------------------------------------------------------- */

enum sheaf_status binary_reader_open(struct format_document *base, struct format_reader **out,
                                     struct sheaf_error *error);
enum sheaf_status binary_reader_begin(struct format_reader *reader, const struct chunk *chunk,
                                      struct sheaf_error *error);
enum sheaf_status binary_reader_next(struct format_reader *reader, struct batch *out,
                                     struct sheaf_error *error);
const struct format_counts *binary_reader_counts(const struct format_reader *reader);
void binary_reader_close(struct format_reader *reader);

#endif
