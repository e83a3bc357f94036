/* outcome.h - how a run ends: its message, its exit status, its signals. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"
#include "sheaf/shutdown.h"

#include <stdbool.h>

/* Returns from the calling function unless the expression gives SHEAF_OK. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        const enum sheaf_status try_status_ = (expression);                                        \
        if (try_status_ != SHEAF_OK)                                                               \
            return try_status_;                                                                    \
    } while (0)

/* The exit statuses of the program; a run stopped by signal N ends by that signal, which shells
 * show as 128 + N. */
enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_FAILED = 1,  /* the data or the system */
    OUTCOME_USAGE = 2,   /* the command line */
    OUTCOME_SKIPPED = 3, /* done, but rows or values were left out */
    OUTCOME_LIMIT = 4,   /* the memory limit */
};

/* The signals that stop a run, as a cancel token. All zero: nothing is open. */
struct stop {
    struct sheaf_cancel *cancel;
    struct sheaf_shutdown *shutdown;
};

/* Makes the token; signals still act as they did. Owned by the caller, who ends it with
 * outcome_finish, also on failure. Fails with SHEAF_SYSTEM. */
enum sheaf_status stop_open(struct stop *stop, struct sheaf_error *error);

/* From now on signals set the token. Not before a call that may wait for others without polling
 * it, such as opening a FIFO: there the default action is the right one. Fails with SHEAF_SYSTEM.
 */
enum sheaf_status stop_listen(struct stop *stop, struct sheaf_error *error);

/* Lets the signals act as they did before. Gives SHEAF_STOPPED if one had come, else SHEAF_OK. */
enum sheaf_status stop_release(struct stop *stop);

/* True when output to `path` (NULL or "-": standard output) makes a file, which a signal must not
 * leave half-done, and which makes nobody wait. */
bool output_is_file(const char *path);

/* True when what only takes memory is left for the end of the process to free: freeing a million
 * groups one by one takes longer. For the last moment before outcome_finish, when no thread runs
 * and the output is where it belongs. False in instrumented builds, which look for leaks. */
bool outcome_leaves_memory(void);

/* Call last, with everything else cleaned up. Closes `stop`; says what failed; flushes standard
 * output; gives the exit status, `done` if all went well. When a signal stopped the run, ends the
 * process by that signal. */
int outcome_finish(struct stop *stop, enum sheaf_status status, const struct sheaf_error *error,
                   enum outcome done);

#endif
