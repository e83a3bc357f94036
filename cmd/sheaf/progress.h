/* progress.h - shows how far a run has come: a bar, lines for a log, or lines of JSON. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "options.h"

#include "sheaf/job.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    enum progress_mode mode;
    bool screen;       /* standard error can redraw a line */
    bool drawn;        /* a bar stands on the screen */
    uint64_t shown_ns; /* when something was shown last */
    struct sheaf_progress last;
};

/* Reads the settings, and makes the run report here if it is to be shown. `progress` must outlive
 * the run. */
void progress_attach(struct progress *progress, const struct settings *settings,
                     struct sheaf_run_options *run);

/* Clears what stands on the screen; a log and JSON get a last line if the run went well: `status`
 * is how it ended. */
void progress_finish(struct progress *progress, enum sheaf_status status);

#endif
