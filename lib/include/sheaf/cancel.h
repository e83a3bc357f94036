/* sheaf/cancel.h - a token that says "stop": tasks poll it, waits observe it.
 *
 * Set once, never cleared. Setting it is async-signal-safe. It also has a file descriptor that
 * becomes readable when it is set, for poll() beside a pipe or a socket. */
#ifndef SHEAF_CANCEL_H
#define SHEAF_CANCEL_H

#include "sheaf/error.h"

#include <stdbool.h>

struct sheaf_cancel;

/* Makes a token. Owned by the caller. Fails with SHEAF_SYSTEM (no descriptor, no memory). */
SHEAF_API enum sheaf_status sheaf_cancel_open(struct sheaf_cancel **out, struct sheaf_error *error);

/* Sets the token with a reason (not 0; a signal number, or 1). The first reason stays. Any thread,
 * also a signal handler. */
SHEAF_API void sheaf_cancel_set(struct sheaf_cancel *cancel, int reason);

/* The reason, or 0 while the token is not set. One relaxed load: cheap enough for inner loops.
 * NULL gives 0. Any thread. */
SHEAF_API int sheaf_cancel_reason(const struct sheaf_cancel *cancel);

/* A descriptor that is readable once the token is set; -1 for NULL. Owned by the token; do not
 * read from it. */
SHEAF_API int sheaf_cancel_descriptor(const struct sheaf_cancel *cancel);

/* Nobody may use the token any more. Takes NULL. */
SHEAF_API void sheaf_cancel_close(struct sheaf_cancel *cancel);

#endif
