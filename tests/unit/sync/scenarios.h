/* tests/unit/sync/scenarios.h - a small piece of work for each primitive of sync, written so that
 * whatever it calls may fail. */
#ifndef SYNC_SCENARIOS_H
#define SYNC_SCENARIOS_H

#include "sheaf/error.h"

#include <stddef.h>

struct scenario {
    const char *name;
    /* Gives SHEAF_OK when all was done, and the result was right (a wrong one aborts); or the
     * status of the first call that failed, with its `error`. Closes and joins all it began. */
    enum sheaf_status (*run)(struct sheaf_error *error);
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
