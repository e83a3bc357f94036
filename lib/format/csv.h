/* format/csv.h - the CSV format: what its files share. */
#ifndef FORMAT_CSV_H
#define FORMAT_CSV_H

#include "base/arena.h"
#include "base/buffer.h"
#include "format/entry.h"
#include "format/format.h"
#include "scan/automaton.h"
#include "scan/kernel.h"
#include "scan/scanner.h"

extern const struct format_ops format_csv;

enum { CSV_COLUMNS_MAX = 65535 };

/* How a reader came by its rows, as bits 1 << way: what tests want to have reached. */
enum csv_way {
    CSV_BY_INDEX,         /* a batch of the index … */
    CSV_INDEX_QUOTES,     /* … with quotes … */
    CSV_INDEX_DOUBLED,    /* … with doubled quotes … */
    CSV_INDEX_CRS,        /* … with CRs */
    CSV_INDEX_STOPPED,    /* a row that masks cannot tell */
    CSV_INDEX_IRREGULAR,  /* a row of another shape, or an empty line, ended a batch */
    CSV_SCAN_AFTER_INDEX, /* the scanner took over from the index */
    CSV_WAYS
};

/* The texts that count as missing. */
struct csv_nulls {
    struct text *texts; /* besides the empty one */
    size_t count;
    bool empty;  /* the empty text too */
    bool quoted; /* quoted texts as well */
};

/* Everything is fixed once planning ends, and then read by all workers. */
struct csv_document {
    struct format_document base;
    struct dataset *dataset;
    struct format_options options;
    struct scan_automaton automaton;
    const struct scanner_ops *scanner;
    const struct scan_kernel *kernel;
    struct csv_nulls nulls;
    struct arena names_arena;
    struct text *names;
    uint32_t columns;
    struct entry_state *begins; /* of each file: where its rows begin */
    uint64_t *begin_bytes;
    uint32_t *slot_of_field; /* of each column: its place in a batch, or SCANNER_UNWANTED */
    uint32_t *field_of_slot;
    uint32_t slots;
    struct entry_ring *ring;
};

/* Reads a CSV list of null texts; the texts stay in the arena. */
enum sheaf_status csv_nulls_parse(struct csv_nulls *nulls, const char *list, struct arena *arena,
                                  struct sheaf_error *error);

/* True when the bytes of a field are a null text. */
bool csv_is_null(const struct csv_nulls *nulls, const char *bytes, size_t length, uint8_t kind);

/* Reads the beginning of every file: byte order mark, skipped lines, header. */
enum sheaf_status csv_read_beginnings(struct csv_document *document, struct sheaf_error *error);

/* ---- errors: all name file and line ------------------------------------------------------ */

struct csv_where {
    uint32_t file;
    uint64_t line;
    uint64_t byte;   /* in the file */
    uint32_t column; /* from 1; 0: none */
};

enum sheaf_status csv_error_fields(const struct csv_document *document,
                                   const struct csv_where *where, uint32_t fields,
                                   struct sheaf_error *error);
enum sheaf_status csv_error_after_quote(const struct csv_document *document,
                                        const struct csv_where *where, struct sheaf_error *error);
enum sheaf_status csv_error_unclosed(const struct csv_document *document,
                                     const struct csv_where *where, struct sheaf_error *error);
enum sheaf_status csv_error_too_long(const struct csv_document *document,
                                     const struct csv_where *where, struct sheaf_error *error);

/* Puts the place before the text of an error that knows none: a limit that was passed there. */
void csv_error_add_place(const struct csv_document *document, const struct csv_where *where,
                         struct sheaf_error *error);

/* ---- the reader -------------------------------------------------------------------------- */

enum sheaf_status csv_reader_open(struct format_document *document, struct format_reader **out,
                                  struct sheaf_error *error);
enum sheaf_status csv_reader_begin(struct format_reader *reader, const struct chunk *chunk,
                                   struct sheaf_error *error);
enum sheaf_status csv_reader_next(struct format_reader *reader, struct batch *out,
                                  struct sheaf_error *error);
const struct format_counts *csv_reader_counts(const struct format_reader *reader);
void csv_reader_close(struct format_reader *reader);

/* As begin for a stretch of a file whose entry state is known: nothing is published. Bad rows are
 * left out whatever the policy. *length becomes what was there. */
enum sheaf_status csv_reader_begin_sample(struct format_reader *reader, uint32_t file,
                                          uint64_t *length, struct sheaf_error *error);

#endif
