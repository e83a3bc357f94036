/* sheaf/resource_pool.h - lends out a few resources (connections, files, buffers) to many threads.
 *
 * Resources are opened when they are first needed, at most `capacity` at a time. Close refuses new
 * borrowers, waits by a wait group until the last has returned, and then closes every resource,
 * each once: never under the hands of somebody who uses it. */
#ifndef SHEAF_RESOURCE_POOL_H
#define SHEAF_RESOURCE_POOL_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

#include <stdint.h>

struct sheaf_resource_pool;

struct sheaf_resource_options {
    unsigned capacity; /* at least 1; a few: calls look at all of them */
    /* Opens a resource; stores it, or fills `error` (never NULL) and gives its status, which the
     * borrower gets. Several threads may be inside at once; so for close. */
    enum sheaf_status (*open)(void *argument, void **resource, struct sheaf_error *error);
    /* Closes a resource that nobody uses. Called by invalidate and close. */
    void (*close)(void *argument, void *resource);
    void *argument;              /* for both */
    struct sheaf_cancel *cancel; /* borrowed until close; ends waits; NULL: none */
};

/* Where a call stands: "file.c:42", for reports of what was never returned. */
#define SHEAF_HERE SHEAF_HERE_(__FILE__, __LINE__)
#define SHEAF_HERE_(file, line) SHEAF_HERE__(file, line)
#define SHEAF_HERE__(file, line) file ":" #line

/* Makes a pool; opens nothing yet. Owned by the caller. Fails with SHEAF_USAGE (a zero, a missing
 * function) or SHEAF_SYSTEM (no memory). */
SHEAF_API enum sheaf_status sheaf_resource_pool_open(const struct sheaf_resource_options *options,
                                                     struct sheaf_resource_pool **out,
                                                     struct sheaf_error *error);

/* Lends a resource, rather an open one than a new one; blocks while all are out. `place` is
 * SHEAF_HERE, or another text that lives until the return. Stores the resource, which is the
 * borrower's until it gives it back by return or invalidate; NULL on failure. Gives SHEAF_OK;
 * SHEAF_STOPPED when the pool is (or meanwhile gets) closed or cancelled; or what opening a
 * resource failed with: the next borrower tries again. Any thread; so for return and invalidate,
 * which need not come from the borrower's. */
SHEAF_API enum sheaf_status sheaf_resource_pool_borrow(struct sheaf_resource_pool *pool,
                                                       const char *place, void **resource,
                                                       struct sheaf_error *error);

/* As borrow, until `deadline_ns` of CLOCK_MONOTONIC: then SHEAF_TIMEOUT, and the text says who has
 * the resources. */
SHEAF_API enum sheaf_status sheaf_resource_pool_borrow_until(struct sheaf_resource_pool *pool,
                                                             const char *place,
                                                             uint64_t deadline_ns, void **resource,
                                                             struct sheaf_error *error);

/* Gives a borrowed resource back. One that is not borrowed: misuse (sheaf/waitgroup.h). */
SHEAF_API void sheaf_resource_pool_return(struct sheaf_resource_pool *pool, void *resource);

/* Gives back a resource that is of no use any more: it is closed, and a new one is opened when
 * somebody needs it. */
SHEAF_API void sheaf_resource_pool_invalidate(struct sheaf_resource_pool *pool, void *resource);

/* Refuses new borrowers and those who wait, waits for the others until `deadline_ns` of
 * CLOCK_MONOTONIC (UINT64_MAX: for ever), and closes the resources. Gives SHEAF_OK; or
 * SHEAF_TIMEOUT: resources were not returned, and the text names the places that borrowed them, and
 * how long ago. Nothing is closed then, borrowers are still refused, and the call can be made
 * again. Once it has given SHEAF_OK, again: nothing. One thread, which has borrowed none. */
SHEAF_API enum sheaf_status sheaf_resource_pool_close(struct sheaf_resource_pool *pool,
                                                      uint64_t deadline_ns,
                                                      struct sheaf_error *error);

/* Frees a pool that has been closed, or that has no open resource; else misuse. Nobody may use it
 * any more, nor be inside a call. Takes NULL. */
SHEAF_API void sheaf_resource_pool_destroy(struct sheaf_resource_pool *pool);

#endif
