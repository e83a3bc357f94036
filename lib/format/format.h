/* format/format.h - the table of input formats: what turns a dataset's bytes into batches.
 *
 * Nothing to the right of this room knows which format it was. Calls in order, all but the
 * readers' by one thread: open, (sample), select, start, then per worker reader_open, and for each
 * claimed chunk begin and next until SHEAF_END; close. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include "base/executor.h"
#include "base/isa.h"
#include "base/memory.h"
#include "base/text.h"
#include "col/batch.h"
#include "col/type.h"
#include "io/dataset.h"

/* What is done with a row that is wrong, and with a value of it that is no value of its type. */
enum format_policy {
    FORMAT_FAIL,
    FORMAT_SKIP, /* the row is left out */
    FORMAT_NULL, /* the value is null; a row of bad shape is left out */
};

enum { FORMAT_PAD = 1, FORMAT_TRIM = 2 };

/* What reads the rows of CSV. No answer depends on it. */
enum format_scanner {
    FORMAT_SCANNER_SIMD,
    FORMAT_SCANNER_LIBCSV, /* knows no escape */
};

/* How text is read (cli.md's options in bytes). */
struct format_options {
    unsigned char delimiter;
    int quote;   /* a byte, or -1 */
    int comment; /* a byte, or -1 */
    int escape;  /* a byte, or -1; in quoted fields only */
    bool no_headers;
    bool cr_ends;
    bool null_quoted;
    uint64_t skip_lines;
    const char *nulls; /* a CSV list; NULL: only the empty field. Borrowed until open returns */
    int ragged;        /* FORMAT_PAD, FORMAT_TRIM bits */
    enum format_policy policy;
    uint64_t max_field;
    enum format_scanner scanner;
    enum isa isa;
    const char *schema;           /* raw records; NULL: none. Borrowed until open returns */
    struct memory_budget *budget; /* outlives the document */
};

/* A column that a plan needs, and in which forms. CSV gives texts, whatever is asked for. */
struct format_need {
    uint32_t column;  /* from 0 */
    unsigned vectors; /* enum column_vector bits; a binary format gives these */
};

struct format_document;
struct format_reader;

/* Where a worker's time went, in nanoseconds, and what it read. */
struct format_counts {
    uint64_t read_ns;
    uint64_t scan_ns;  /* text: the survey, and finding rows and fields */
    uint64_t wait_ns;  /* for the entry state of a chunk */
    uint64_t parse_ns; /* binary: making values */
    uint64_t bytes;    /* of the chunks */
    uint64_t rows;     /* given out */
    uint64_t skipped_rows;
    uint64_t nulled_values;
    unsigned ways; /* how rows were read, for tests: bits, whose meaning is the format's */
    struct sheaf_error first_skipped; /* of both; status SHEAF_OK: none */
};

/* Takes one batch of the sample; false ends it. */
typedef bool format_sample_function(void *argument, const struct batch *batch);

struct format_ops {
    const char *name;
    const char *help;
    enum dataset_access access; /* how regular files are best had, if nobody says */
    /* Gives true when a dataset whose first file has this name and begins with these bytes is of
     * this format. The table is asked in order; the last row takes everything. */
    bool (*recognises)(const char *name, const char *bytes, size_t length);
    /* Reads the beginning of each file and tells the dataset where its rows begin. */
    enum sheaf_status (*open)(struct dataset *dataset, const struct format_options *options,
                              struct format_document **out, struct sheaf_error *error);
    /* Column names; owned by the document. 0 columns: the dataset is empty. */
    uint32_t (*columns)(const struct format_document *document, const struct text **names);
    /* The type of each column, owned by the document; NULL: the format does not say. */
    const enum column_type *(*types)(const struct format_document *document);
    /* Fixes the needed columns: batch->columns[i] is needed[i] (no column twice). */
    enum sheaf_status (*select)(struct format_document *document, const struct format_need *needed,
                                uint32_t count, struct sheaf_error *error);
    /* Gives the least size of a chunk at which the needed columns are read well; NULL or 0: any
     * will do. After select. */
    uint64_t (*chunk_hint)(const struct format_document *document);
    /* NULL where types() says all. Gives the needed columns of the good rows that start in the
     * dataset's first MiB, at most 1 000. After select, before start. */
    enum sheaf_status (*sample)(struct format_document *document, format_sample_function *take,
                                void *argument, struct sheaf_error *error);
    /* Ends planning: chunks follow. The executor is borrowed. */
    enum sheaf_status (*start)(struct format_document *document, struct executor *executor,
                               struct sheaf_error *error);
    enum sheaf_status (*reader_open)(struct format_document *document, struct format_reader **out,
                                     struct sheaf_error *error);
    /* Makes ready to give out the rows that start in the chunk. */
    enum sheaf_status (*begin)(struct format_reader *reader, const struct chunk *chunk,
                               struct sheaf_error *error);
    /* Gives the next rows, at least one, lent until the next call; SHEAF_END after the last. An
     * error comes after all rows before it have been given. */
    enum sheaf_status (*next)(struct format_reader *reader, struct batch *out,
                              struct sheaf_error *error);
    const struct format_counts *(*counts)(const struct format_reader *reader);
    void (*reader_close)(struct format_reader *reader); /* takes NULL */
    void (*close)(struct format_document *document);    /* takes NULL */
};

/* Every document begins with this member. */
struct format_document {
    const struct format_ops *ops;
};

extern const struct format_ops *const format_table[];
extern const size_t format_table_length;

#endif
