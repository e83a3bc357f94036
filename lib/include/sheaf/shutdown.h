/* sheaf/shutdown.h - turns SIGINT, SIGTERM and SIGHUP into a cancel token.
 *
 * The first of these signals sets the token, with its number as the reason, and gives all three
 * their default action back, so that a second one ends the process at once. A signal that was
 * ignored (nohup, a job in the background) stays ignored. Signal masks are left alone, so that
 * children and threads are as they would be without this. Interrupted system calls go on
 * (SA_RESTART): who blocks on a pipe polls the token's descriptor beside it.
 *
 * The handler does what a handler may: it marks the token, so that polling sees it, and posts a
 * semaphore. A thread of its own then calls those who watch the token (sheaf_cancel_watch), and so
 * ends the waits of channels and other parts that were given it: outside signal context. */
#ifndef SHEAF_SHUTDOWN_H
#define SHEAF_SHUTDOWN_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

struct sheaf_shutdown;

/* Starts the thread and installs the handlers. `cancel` is borrowed until close. Owned by the
 * caller. Fails with SHEAF_USAGE when one is open already (signals belong to the process),
 * SHEAF_SYSTEM. */
SHEAF_API enum sheaf_status sheaf_shutdown_open(struct sheaf_cancel *cancel,
                                                struct sheaf_shutdown **out,
                                                struct sheaf_error *error);

/* As open, without the thread: for a program that only polls the token, or its descriptor. Those
 * who watch the token are called when it calls sheaf_cancel_set with the reason that it found, and
 * not before. */
SHEAF_API enum sheaf_status sheaf_shutdown_open_polled(struct sheaf_cancel *cancel,
                                                       struct sheaf_shutdown **out,
                                                       struct sheaf_error *error);

/* Gives all signals the disposition that open found, and ends the thread: waits for the functions
 * that it calls, so not from one of those. A signal that comes before is told to all who watch
 * before close returns, one that comes later is as if this had never been open. The token is not
 * used any more then. Takes NULL. */
SHEAF_API void sheaf_shutdown_close(struct sheaf_shutdown *shutdown);

/* Ends the process by `signal` with its default action, so that a parent sees the true cause. May
 * return: when the signal's default is not to end, or the system protects the process (it is the
 * first of its container). The caller then exits with 128 + signal. */
SHEAF_API void sheaf_shutdown_reraise(int signal);

#endif
