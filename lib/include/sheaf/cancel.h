/* sheaf/cancel.h - a token that says "stop": tasks poll it, waits observe it.
 *
 * Set once, never cleared. Three ways to learn of it: ask for the reason now and then; poll() on
 * its descriptor beside a pipe or a socket; watch it, which has a function called. Channels, pools
 * of resources and pipelines that were given a token watch it, and end their waits by it. */
#ifndef SHEAF_CANCEL_H
#define SHEAF_CANCEL_H

#include "sheaf/error.h"

#include <stdbool.h>

struct sheaf_cancel;

/* Makes a token. Owned by the caller. Fails with SHEAF_SYSTEM (no descriptor, no memory). */
SHEAF_API enum sheaf_status sheaf_cancel_open(struct sheaf_cancel **out, struct sheaf_error *error);

/* Sets the token with a reason (not 0; a signal number, or 1) and calls those who watch it, each
 * once, before it returns; but where another thread is at that already, it does not wait for it.
 * The first reason stays. Any thread, but no signal handler: see sheaf/shutdown.h. */
SHEAF_API void sheaf_cancel_set(struct sheaf_cancel *cancel, int reason);

/* The reason, or 0 while the token is not set. One relaxed load: cheap enough for inner loops.
 * NULL gives 0. Any thread. */
SHEAF_API int sheaf_cancel_reason(const struct sheaf_cancel *cancel);

/* A descriptor that is readable once the token is set; -1 for NULL. Owned by the token; do not
 * read from it. */
SHEAF_API int sheaf_cancel_descriptor(const struct sheaf_cancel *cancel);

/* Called when the token is set, on the thread that sets it (or that watches a token which is set
 * already), never inside a signal handler. It may take locks, but should be short; it may not close
 * the token. */
typedef void sheaf_cancel_function(void *argument, int reason);

/* Somebody who watches a token. The members are private; the memory is the caller's. */
struct sheaf_cancel_watch {
    sheaf_cancel_function *function;
    void *argument;
    struct sheaf_cancel_watch *next;
    struct sheaf_cancel_watch **link; /* what points to this one; NULL: in no list */
};

/* Has function(argument, reason) called once, as soon as the token is set; if it is already set, at
 * once by this call. `watch` stays the token's until unwatch. A NULL token: nothing. Any thread. */
SHEAF_API void sheaf_cancel_watch(struct sheaf_cancel *cancel, struct sheaf_cancel_watch *watch,
                                  sheaf_cancel_function *function, void *argument);

/* The function is not called after this returns: a call under way on another thread is waited
 * for. From inside the function itself: returns at once. Once for each watch. NULL token: nothing.
 */
SHEAF_API void sheaf_cancel_unwatch(struct sheaf_cancel *cancel, struct sheaf_cancel_watch *watch);

/* Nobody may use or watch the token any more. Takes NULL. */
SHEAF_API void sheaf_cancel_close(struct sheaf_cancel *cancel);

#endif
