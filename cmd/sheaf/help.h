/* help.h - the help texts, printed from the tables to standard output. Each gives the exit status:
 * text that could not be written is a failure. */
#ifndef HELP_H
#define HELP_H

#include "command.h"

/* "sheaf --help". Takes a list of commands that ends with NULL. */
int help_program(const struct command *const *commands);

/* "sheaf COMMAND --help". */
int help_command(const struct command *command);

/* The version; with features, what this build knows. */
int help_version(void);
int help_features(void);

#endif
