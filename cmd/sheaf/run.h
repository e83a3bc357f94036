/* run.h - what the commands that read data have in common: plan, run, verify, print, report. */
#ifndef RUN_H
#define RUN_H

#include "options.h"
#include "outcome.h"

#include "sheaf/job.h"

/* Fills what any request takes from the settings: all but the command, the expressions and the
 * files. */
void run_request(const struct settings *settings, struct sheaf_request *out);

/* Fills the run options that are settings of every command. */
void run_options(const struct settings *settings, struct sheaf_run_options *out);

/* Fills how a result is printed. */
void run_print_options(const struct settings *settings, struct sheaf_print_options *out);

/* The last thing that a command does: a result to an open output, under the command's stop. */
struct run_printing {
    struct stop *stop;
    bool makes_file; /* the output was one when it was opened */
    struct sheaf_output *output;
    struct sheaf_result *result;
};
enum sheaf_status run_print(const struct run_printing *printing, struct sheaf_error *error);

/* The whole of a command whose operands are files: it differs from others of its kind in
 * command->request and in the options that it takes. Gives the exit status. */
int run_files(const struct command *command, int argc, char **argv);

/* Does what the request and the settings want, to the last message. Gives the exit status. */
int run_job(const struct settings *settings, const struct sheaf_request *request);

#endif
