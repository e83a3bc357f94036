/* bench_command.h - the command line that bench runs: checked, and with the settings put in. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include "bench_setting.h"
#include "command.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_WORDS_ADDED = 7, BENCH_WORD_SIZE = 64 };

struct bench_command {
    const struct command *command;
    struct settings settings; /* what its own options say */
    char **parsed;            /* the words in the order in which the parser left them */
    char **rest;              /* the words behind the command's name; borrowed */
    size_t rest_count;
    char **words; /* those of one run; ends with NULL */
    char added[BENCH_WORDS_ADDED][BENCH_WORD_SIZE];
};

/* Takes the command's name and what follows it, borrowed until close, of which there is one at
 * least. False, with a message, when there is no such command, when its options are wrong, or when
 * they are those that bench sets. Owned by the caller either way. */
bool bench_command_open(char **words, size_t count, struct bench_command *out);

/* Gives the words of a run: "sheaf", the name, the options that make the setting, and the rest as
 * it was typed. Lent until the next call. */
char *const *bench_command_words(struct bench_command *command,
                                 const struct bench_setting *setting);

/* True, with a message, when an argument is an input that only one run could read: a FIFO, a
 * socket, or the terminal that is our standard input. */
bool bench_command_reads_once(const struct bench_command *command);

/* True when the command has --timings, which bench then asks it for. */
bool bench_command_has_timings(const struct bench_command *command);

/* True, with a message, when `path` (NULL: none) is a file that the command names, or our standard
 * input. */
bool bench_command_reads(const struct bench_command *command, const char *path);

void bench_command_close(struct bench_command *command);

#endif
