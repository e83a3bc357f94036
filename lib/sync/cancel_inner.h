/* sync/cancel_inner.h - the two halves of sheaf_cancel_set, for who must do the first inside a
 * signal handler. */
#ifndef SYNC_CANCEL_INNER_H
#define SYNC_CANCEL_INNER_H

#include "sheaf/cancel.h"

/* Sets the reason, if there is none, and makes the descriptor readable. Async-signal-safe. */
void cancel_mark(struct sheaf_cancel *cancel, int reason);

/* Calls those who watch the marked token and have not been called. Not in a signal handler. */
void cancel_announce(struct sheaf_cancel *cancel);

#endif
