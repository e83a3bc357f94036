/* command.h - what the program knows about each of its commands. */
#ifndef COMMAND_H
#define COMMAND_H

#include "sheaf/job.h"

#include <stdbool.h>
#include <stddef.h>

/* Commands as bits, for the table of options. */
enum command_bit {
    FOR_COUNT = 1 << 0,
    FOR_AGG = 1 << 1,
    FOR_GEN = 1 << 2,
    FOR_STATS = 1 << 3,
    FOR_FREQ = 1 << 4,
    FOR_QUANTILE = 1 << 5,
    FOR_HIST = 1 << 6,
    FOR_SCHEMA = 1 << 7,
    FOR_BENCH = 1 << 8,
    FOR_COLUMNS = FOR_STATS | FOR_FREQ | FOR_QUANTILE | FOR_HIST | FOR_SCHEMA, /* about each */
    FOR_READERS = FOR_COUNT | FOR_AGG | FOR_COLUMNS,
    FOR_ALL = FOR_READERS | FOR_GEN,
};

struct command {
    const char *name;
    const char *summary; /* one line */
    enum command_bit bit;
    int (*run)(const struct command *command, int argc, char **argv); /* gives the exit status */
    enum sheaf_command request; /* what run_files asks of the library; for others means nothing */
    const char *synopsis;       /* what follows "sheaf NAME " in the usage line */
    const char *description;    /* paragraphs; a line end is a paragraph's end */
    const char *examples;       /* lines, printed as they are */
    bool wraps;                 /* operands are another command line: they end the options */
    const char *list_title;     /* the table that help lists, or NULL */
    struct sheaf_entry (*list)(size_t index);
};

extern const struct command command_count;
extern const struct command command_agg;
extern const struct command command_stats;
extern const struct command command_freq;
extern const struct command command_quantile;
extern const struct command command_hist;
extern const struct command command_schema;
extern const struct command command_gen;
extern const struct command command_bench;

/* Gives the command of that name, or NULL with a message. */
const struct command *command_find(const char *name);

#endif
