/* command.h - what the program knows about each of its commands. */
#ifndef COMMAND_H
#define COMMAND_H

#include "sheaf/job.h"

#include <stddef.h>

/* Commands as bits, for the table of options. */
enum command_bit {
    FOR_COUNT = 1 << 0,
    FOR_AGG = 1 << 1,
    FOR_GEN = 1 << 2,
    FOR_READERS = FOR_COUNT | FOR_AGG,
    FOR_ALL = FOR_READERS | FOR_GEN,
};

struct command {
    const char *name;
    const char *summary; /* one line */
    enum command_bit bit;
    int (*run)(const struct command *command, int argc, char **argv); /* gives the exit status */
    const char *synopsis;    /* what follows "sheaf NAME " in the usage line */
    const char *description; /* paragraphs; a line end is a paragraph's end */
    const char *examples;    /* lines, printed as they are */
    const char *list_title;  /* the table that help lists, or NULL */
    struct sheaf_entry (*list)(size_t index);
};

extern const struct command command_count;
extern const struct command command_agg;
extern const struct command command_gen;

#endif
