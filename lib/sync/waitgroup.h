/* sync/waitgroup.h - the wait group over a given twin of parking. The public calls pass the twin
 * of the build; tests run both. */
#ifndef SYNC_WAITGROUP_H
#define SYNC_WAITGROUP_H

#include "sheaf/waitgroup.h"
#include "sync/park.h"

#include <stdint.h>

/* As sheaf_waitgroup_add. `call` is the public name that a misuse is reported under. All users of
 * one group pass the same twin; so below. */
void waitgroup_add(struct sheaf_waitgroup *group, int32_t delta, const char *call,
                   const struct park_ops *park);

/* As sheaf_waitgroup_wait_until. */
enum sheaf_status waitgroup_wait_until(struct sheaf_waitgroup *group, uint64_t deadline_ns,
                                       const struct park_ops *park);

#endif
