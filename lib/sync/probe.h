/* sync/probe.h - how many threads the system will start. */
#ifndef SYNC_PROBE_H
#define SYNC_PROBE_H

#include "sheaf/error.h"

/* Starts up to `wanted` threads, all alive at the same time, until the system refuses one; then
 * ends them, and returns when the system has their places back. Gives how many started. For
 * libraries that start threads of their own and end the process when that fails. What it found
 * was true while it looked: whoever takes a thread, or memory for its stack, before the caller
 * does makes it wrong. Fails with SHEAF_SYSTEM if its own memory is refused. Any thread. */
enum sheaf_status probe_threads(unsigned wanted, unsigned *started, struct sheaf_error *error);

#endif
