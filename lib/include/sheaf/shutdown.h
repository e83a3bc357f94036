/* sheaf/shutdown.h - turns SIGINT, SIGTERM and SIGHUP into a cancel token.
 *
 * The first of these signals sets the token, with its number as the reason, and gives all three
 * their default action back, so that a second one ends the process at once. A signal that was
 * ignored (nohup, a job in the background) stays ignored. No thread is created. Interrupted
 * system calls go on (SA_RESTART): who blocks on a pipe polls the token's descriptor beside it. */
#ifndef SHEAF_SHUTDOWN_H
#define SHEAF_SHUTDOWN_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

struct sheaf_shutdown;

/* Installs the handlers. `cancel` is borrowed until close. Owned by the caller. Fails with
 * SHEAF_USAGE when one is open already (signals belong to the process), SHEAF_SYSTEM. */
SHEAF_API enum sheaf_status sheaf_shutdown_open(struct sheaf_cancel *cancel,
                                                struct sheaf_shutdown **out,
                                                struct sheaf_error *error);

/* Gives all signals the disposition that open found. After it returns no handler uses the token
 * any more. Takes NULL. */
SHEAF_API void sheaf_shutdown_close(struct sheaf_shutdown *shutdown);

/* Ends the process by `signal` with its default action, so that a parent sees the true cause. May
 * return: when the signal's default is not to end, or the system protects the process (it is the
 * first of its container). The caller then exits with 128 + signal. */
SHEAF_API void sheaf_shutdown_reraise(int signal);

#endif
