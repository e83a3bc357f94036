/* run.h - what the commands that read data have in common: plan, run, verify, print, report. */
#ifndef RUN_H
#define RUN_H

#include "options.h"

#include "sheaf/job.h"

/* Fills what any request takes from the settings: all but the command, the expressions and the
 * files. */
void run_request(const struct settings *settings, struct sheaf_request *out);

/* Fills the run options that are settings of every command. */
void run_options(const struct settings *settings, struct sheaf_run_options *out);

/* The whole of a command whose operands are files: it differs from others of its kind in
 * command->request and in the options that it takes. Gives the exit status. */
int run_files(const struct command *command, int argc, char **argv);

/* Does what the request and the settings want, to the last message. Gives the exit status. */
int run_job(const struct settings *settings, const struct sheaf_request *request);

#endif
