/* outcome.h - how a run ends: its message, its exit status, its signals. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"
#include "sheaf/shutdown.h"

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

/* Owned by the caller, who ends it with outcome_finish. Fails with SHEAF_SYSTEM; what is open then
 * still goes to outcome_finish. */
enum sheaf_status stop_open(struct stop *stop, struct sheaf_error *error);

/* Lets the signals act as they did before. Gives SHEAF_STOPPED if one had come, else SHEAF_OK. */
enum sheaf_status stop_release(struct stop *stop);

/* Call last, with everything else cleaned up. Closes `stop`; says what failed; flushes standard
 * output; gives the exit status, `done` if all went well. When a signal stopped the run, ends the
 * process by that signal. */
int outcome_finish(struct stop *stop, enum sheaf_status status, const struct sheaf_error *error,
                   enum outcome done);

#endif
