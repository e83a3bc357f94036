/* sheaf/job.h - plan a job, run it, read its result.
 *
 *     request (what is wanted) --plan--> checked plan --run--> result --print--> text
 *
 * A plan opens the inputs and reads their headers; a run reads everything else, in chunks on
 * workers, and gives one exact result: the same for every number of threads, chunk size and
 * executor. A plan is used by one thread at a time; what a run starts is gone when it returns. */
#ifndef SHEAF_JOB_H
#define SHEAF_JOB_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum sheaf_command {
    SHEAF_COUNT,
    SHEAF_AGGREGATE,
    SHEAF_STATS,     /* a row for each column: its type, extremes, sum, quartiles ... */
    SHEAF_FREQ,      /* the values of columns, most frequent first */
    SHEAF_QUANTILE,  /* exact quantiles of columns */
    SHEAF_HISTOGRAM, /* numbers of columns counted in bins of equal width */
    SHEAF_SCHEMA,    /* a row for each column: type, nullable, example */
};

/* What is done with a row, or a value, that is wrong. */
enum sheaf_on_error { SHEAF_ON_ERROR_FAIL, SHEAF_ON_ERROR_SKIP, SHEAF_ON_ERROR_NULL };

/* Bits of sheaf_dialect.ragged. */
enum { SHEAF_RAGGED_FAIL = 0, SHEAF_RAGGED_PAD = 1, SHEAF_RAGGED_TRIM = 2 };

enum { SHEAF_NO_BYTE = -1 };

enum { SHEAF_BINS_MAX = 1000000 }; /* of SHEAF_HISTOGRAM, per column */

/* How the input is read. delimiter SHEAF_NO_BYTE: by the first file's name (tab for
 * .tsv, else comma). */
struct sheaf_dialect {
    int delimiter; /* a byte, or SHEAF_NO_BYTE */
    int quote;     /* a byte, or SHEAF_NO_BYTE */
    int comment;   /* a byte, or SHEAF_NO_BYTE */
    int escape;    /* in quoted fields: the byte after it is content; or SHEAF_NO_BYTE */
    bool no_headers;
    bool cr_ends;
    bool null_quoted;
    uint64_t skip_lines;
    const char *nulls; /* CSV list; NULL: only the empty field */
    int ragged;        /* SHEAF_RAGGED_… bits */
    enum sheaf_on_error on_error;
    uint64_t max_field; /* bytes */
};
#define SHEAF_DIALECT_INIT                                                                         \
    {                                                                                              \
        .delimiter = SHEAF_NO_BYTE, .quote = '"', .comment = SHEAF_NO_BYTE,                        \
        .escape = SHEAF_NO_BYTE, .max_field = UINT64_C(1) << 30                                    \
    }

/* How far a run has come. total 0: not known (a pipe). */
struct sheaf_progress {
    uint64_t bytes;
    uint64_t total;
    uint64_t elapsed_ns;
};
/* Called about ten times a second by the thread that called sheaf_plan_run. */
typedef void sheaf_progress_function(void *argument, const struct sheaf_progress *progress);

/* How a run is carried out. None of this changes the result. */
struct sheaf_run_options {
    unsigned threads;                  /* 0: as many as the processors this process may use */
    uint64_t chunk_size;               /* bytes; 0: chosen */
    const char *executor;              /* a name of sheaf_executor(); NULL: "pool" */
    const char *scanner;               /* of CSV: a name of sheaf_scanner(); NULL: "simd" */
    const char *isa;                   /* a name of sheaf_isa(); NULL: "auto", the best there is */
    const char *io;                    /* a name of sheaf_io(); NULL: "auto" */
    uint64_t memory_limit;             /* bytes; 0: half of what the process may use */
    const struct sheaf_cancel *cancel; /* NULL: cannot be stopped */
    sheaf_progress_function *progress; /* NULL: none */
    void *progress_argument;
    /* The directory a pipe is copied to that cannot be read from front to back; NULL: P_tmpdir.
     * Borrowed until sheaf_plan_open returns. */
    const char *temporary_directory;
};
#define SHEAF_RUN_OPTIONS_INIT                                                                     \
    {                                                                                              \
        .threads = 0                                                                               \
    }

/* What is wanted. All strings are borrowed until sheaf_plan_open returns. */
struct sheaf_request {
    enum sheaf_command command;
    const char *const *files;       /* paths, "-" for standard input */
    size_t file_count;              /* 0: standard input */
    const char *const *expressions; /* SHEAF_AGGREGATE: "sum(fare) as total" … */
    size_t expression_count;
    const char *group_by;     /* a column list as of -g; NULL: one group */
    bool sort;                /* groups by key, not by first appearance */
    const char *select;       /* a column list as of -s, of all but count and agg; NULL: all */
    const char *fields;       /* SHEAF_STATS: a list of sheaf_stats_field(); NULL: the usual ones */
    bool all_fields;          /* SHEAF_STATS: every field there is */
    uint64_t top;             /* SHEAF_FREQ: values per column; 0: all */
    const char *at;           /* SHEAF_QUANTILE: "0.5,0.9"; NULL: 0,0.25,0.5,0.75,1 */
    const char *method;       /* SHEAF_QUANTILE: a name of sheaf_quantile_method(); NULL: linear */
    uint64_t bins;            /* SHEAF_HISTOGRAM: 1 … SHEAF_BINS_MAX */
    uint64_t limit;           /* rows of output; UINT64_MAX: all */
    int round;                /* digits after the point of results; -1: all */
    const char *input_format; /* a name of sheaf_reader(); NULL: by name and first bytes */
    const char *schema;       /* raw records: "id:i64,price:f64,name:c16"; NULL: none */
    struct sheaf_dialect dialect; /* of CSV; means nothing to other formats */
};
#define SHEAF_REQUEST_INIT                                                                         \
    {                                                                                              \
        .top = 10, .bins = 10, .limit = UINT64_MAX, .round = -1, .dialect = SHEAF_DIALECT_INIT     \
    }

struct sheaf_plan;
struct sheaf_result;

/* Checks a request (options NULL: all defaults): opens the files, reads headers, resolves columns.
 * Fails with SHEAF_USAGE (an unknown column: the text suggests near names), SHEAF_DATA,
 * SHEAF_SYSTEM. Owned by the caller. */
SHEAF_API enum sheaf_status sheaf_plan_open(const struct sheaf_request *request,
                                            const struct sheaf_run_options *options,
                                            struct sheaf_plan **out, struct sheaf_error *error);

/* Gives true when an input can be read once only (a pipe), so that the job cannot be repeated. */
SHEAF_API bool sheaf_plan_reads_once(const struct sheaf_plan *plan);

/* Prints the plan for people: columns, kinds, chunks, executor. */
SHEAF_API void sheaf_plan_explain(const struct sheaf_plan *plan, FILE *out);

/* Runs the plan, once. On failure *out is NULL. SHEAF_STOPPED: the cancel token was set. */
SHEAF_API enum sheaf_status sheaf_plan_run(struct sheaf_plan *plan, struct sheaf_result **out,
                                           struct sheaf_error *error);

/* Says that printing the result took so long, which timings then tell. */
SHEAF_API void sheaf_plan_note_written(struct sheaf_plan *plan, uint64_t nanoseconds);

/* Prints where the time of the last run went: per phase and worker, with thread ids, rates, and the
 * share of the run in which each worker was busy. Also after a run that failed. */
SHEAF_API void sheaf_plan_timings(const struct sheaf_plan *plan, FILE *out);
SHEAF_API void sheaf_plan_timings_json(const struct sheaf_plan *plan, FILE *out);

/* Takes NULL. */
SHEAF_API void sheaf_plan_close(struct sheaf_plan *plan);

/* A result is a small table; it may outlive its plan, and is read by one thread at a time. */
SHEAF_API uint64_t sheaf_result_rows(const struct sheaf_result *result);
SHEAF_API uint32_t sheaf_result_columns(const struct sheaf_result *result);

enum sheaf_cell_kind { SHEAF_CELL_NULL, SHEAF_CELL_TEXT, SHEAF_CELL_NUMBER };
/* One cell as text (a number as printed); bytes are valid until the next call on the result. */
struct sheaf_cell {
    enum sheaf_cell_kind kind;
    const char *bytes; /* not terminated */
    size_t length;
};
SHEAF_API enum sheaf_status sheaf_result_name(const struct sheaf_result *result, uint32_t column,
                                              struct sheaf_cell *out);
SHEAF_API enum sheaf_status sheaf_result_cell(struct sheaf_result *result, uint64_t row,
                                              uint32_t column, struct sheaf_cell *out,
                                              struct sheaf_error *error);

/* What was left out under on_error skip or null: rows, values, and the message of the first. */
struct sheaf_skipped {
    uint64_t rows;
    uint64_t values;
    const char *first; /* "FILE:LINE: reason"; "" when nothing was left out */
};
SHEAF_API void sheaf_result_skipped(const struct sheaf_result *result, struct sheaf_skipped *out);

SHEAF_API void sheaf_result_close(struct sheaf_result *result);

/* Makes a result of one's own, without rows, to be printed as any other is. Names are copied. */
SHEAF_API enum sheaf_status sheaf_table_open(const char *const *names, uint32_t columns,
                                             struct sheaf_result **out, struct sheaf_error *error);
/* Adds a row to it: one cell per column, copied; the bytes of a number are its digits, as CSV
 * writes numbers (SHEAF_USAGE if they are not). */
SHEAF_API enum sheaf_status sheaf_table_add(struct sheaf_result *table,
                                            const struct sheaf_cell *cells,
                                            struct sheaf_error *error);

/* How a result is printed. format: a name of sheaf_writer(); NULL: "table" on a terminal,
 * else "csv". path NULL or "-": standard output, else a file that appears whole or not at all. */
struct sheaf_print_options {
    const char *format;
    const char *path;
    char delimiter; /* csv */
    int comment;    /* a field that starts with it is quoted; SHEAF_NO_BYTE: none */
};
#define SHEAF_PRINT_OPTIONS_INIT                                                                   \
    {                                                                                              \
        .delimiter = ',', .comment = SHEAF_NO_BYTE                                                 \
    }

/* Where a result is printed: opened before a run, so that an unwritable path fails at once. */
struct sheaf_output;
SHEAF_API enum sheaf_status sheaf_output_open(const struct sheaf_print_options *options,
                                              struct sheaf_output **out, struct sheaf_error *error);
/* Before the run. Fails with SHEAF_USAGE when the output is also an input of the plan, or when the
 * format is JSON and two columns of the result have one name. */
SHEAF_API enum sheaf_status sheaf_output_check(const struct sheaf_output *output,
                                               const struct sheaf_plan *plan,
                                               struct sheaf_error *error);
/* Prints, flushes and commits. Thousands of rows are printed by the workers of the run's options,
 * which are gone when it returns. */
SHEAF_API enum sheaf_status sheaf_output_print(struct sheaf_output *output,
                                               struct sheaf_result *result,
                                               struct sheaf_error *error);
/* Takes NULL. Without a print before, a regular file is left as it was. */
SHEAF_API void sheaf_output_close(struct sheaf_output *output);

/* Prints to memory instead: *bytes is the caller's to free(). */
SHEAF_API enum sheaf_status sheaf_result_format(struct sheaf_result *result,
                                                const struct sheaf_print_options *options,
                                                char **bytes, size_t *length,
                                                struct sheaf_error *error);

/* Generates rows of a dataset: the same bytes for the same seed, whatever the threads. */
struct sheaf_generate_request {
    const char *generator; /* a name of sheaf_generator() */
    uint64_t rows;
    uint64_t seed;
    int delimiter;      /* of CSV: a byte, or SHEAF_NO_BYTE: the generator's own */
    const char *format; /* "csv", "raw" (little-endian records) or "npy"; NULL: csv */
    const char *path;   /* NULL or "-": standard output */
};
SHEAF_API enum sheaf_status sheaf_generate(const struct sheaf_generate_request *request,
                                           const struct sheaf_run_options *options,
                                           struct sheaf_error *error);

/* The tables that help, documentation and completions read: index from 0; name NULL past the end.
 * help is one line. */
struct sheaf_entry {
    const char *name;
    const char *signature; /* aggregates: "sum(x)"; others: the name */
    const char *help;
};
SHEAF_API struct sheaf_entry sheaf_aggregate(size_t index);
SHEAF_API struct sheaf_entry sheaf_reader(size_t index); /* input formats */
SHEAF_API struct sheaf_entry sheaf_stats_field(size_t index);
SHEAF_API struct sheaf_entry sheaf_quantile_method(size_t index);
SHEAF_API struct sheaf_entry sheaf_writer(size_t index);
SHEAF_API struct sheaf_entry sheaf_executor(size_t index);
SHEAF_API struct sheaf_entry sheaf_scanner(size_t index);
SHEAF_API struct sheaf_entry sheaf_isa(size_t index);           /* instruction sets, and "auto" */
SHEAF_API struct sheaf_entry sheaf_isa_available(size_t index); /* those this machine can run */
SHEAF_API struct sheaf_entry sheaf_io(size_t index);            /* how files are read */
SHEAF_API struct sheaf_entry sheaf_generator(size_t index);
/* The schema of the records that a generator writes as "raw", for sheaf_request.schema; NULL past
 * the end. */
SHEAF_API const char *sheaf_generator_schema(size_t index);

/* Finds the entry of `names` (NULL-terminated) that is nearest to `word` for a did-you-mean, or
 * NULL when none is near. */
SHEAF_API const char *sheaf_nearest(const char *word, const char *const *names);

/* The processors that this process may really use: the default number of threads. */
SHEAF_API unsigned sheaf_processors(void);

/* "0.1.0" */
SHEAF_API const char *sheaf_version(void);

#endif
