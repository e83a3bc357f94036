/* options.h - one table of options: command lines are parsed by it, and help is printed from it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "command.h"

#include "sheaf/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER, PROGRESS_JSON };
enum timings_mode { TIMINGS_NONE, TIMINGS_TEXT, TIMINGS_JSON };

enum { OPTION_ROWS_MAX = 96 };

/* What a command line said. Members of a choice hold the value of its row; bytes hold a byte, or
 * SHEAF_NO_BYTE. */
struct settings {
    /* reading */
    const char *input_format;
    const char *schema;
    int delimiter;
    int quote;
    int comment;
    int escape;
    int ragged;
    int on_error;
    bool no_headers;
    bool null_quoted;
    bool cr_ends;
    const char *nulls;
    uint64_t skip_lines;
    uint64_t max_field;
    /* the result */
    const char *group_by;
    bool sort;
    const char *select;
    const char *fields;
    bool all_fields;
    uint64_t top; /* 0: all values */
    const char *at;
    const char *method;
    uint64_t bins;
    uint64_t limit; /* UINT64_MAX: all rows */
    uint64_t round; /* UINT64_MAX: all digits */
    uint64_t rows;  /* UINT64_MAX: not said */
    uint64_t seed;
    /* the output */
    const char *output;
    const char *format;
    int out_delimiter;
    /* the run */
    uint64_t threads;
    uint64_t chunk_size;
    uint64_t memory_limit;
    const char *executor;
    const char *scanner;
    const char *isa;
    const char *io;
    int progress;
    int timings;
    bool verify;
    bool explain;
    bool quiet;
    bool help;
    /* what bench compares; lists are as typed, NULL: not said */
    const char *jobs_list;
    const char *chunk_size_list;
    const char *executor_list;
    uint64_t runs;
    uint64_t warm_up;
    bool given[OPTION_ROWS_MAX]; /* for each row of the table: the option was there */
    /* what is no option, in order; those from `dashes` on stood behind "--" */
    const char *const *operands;
    size_t operand_count;
    size_t dashes;
};

enum option_section { SECTION_INPUT, SECTION_RESULT, SECTION_OUTPUT, SECTION_RUN };

struct option_row;

/* Reads the value of an option into its member of the settings. False, with a message, when the
 * value will not do. `text` is NULL when the value was left out. */
typedef bool option_parse(const struct option_row *row, const char *text, void *member);

/* A word that an option takes. A list of them ends with a row whose name is NULL; its value is
 * meant where the option's value may be, and is, left out. */
struct choice {
    const char *name;
    int value;
};

struct option_row {
    const char *name;  /* "jobs" */
    const char *alias; /* another long name, or NULL */
    char letter;       /* a short name, or 0 */
    const char *value; /* what help calls the value; NULL: a flag; "[=…]": may be left out */
    unsigned commands; /* bits of enum command_bit */
    enum option_section section;
    option_parse *parse;
    size_t member; /* its offset in struct settings */
    uint64_t least;
    uint64_t most;
    const struct choice *choices;
    struct sheaf_entry (*entries)(size_t index); /* the library's table of the words it takes */
    const char *help;
};

/* The table, in the order of the help. */
extern const struct option_row option_table[];
extern const size_t option_table_length;

/* Takes the command's words, argv[0] being its name. Fills `out`; its strings are those of argv,
 * whose order may change. False, with a message, when the command line is wrong. */
bool options_parse(const struct command *command, int argc, char **argv, struct settings *out);

/* True when the command line held the option of that long name. */
bool options_given(const struct settings *settings, const char *name);

#endif
