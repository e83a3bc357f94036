/* sync/pool_sleepers.h - threads of a pool, or beside it, that sleep until another picks them.
 *
 * A list of sleepers belongs to a predicate that the pool's lock guards. Whoever makes the
 * predicate true takes a sleeper out of the list, under that lock, and by that wakes exactly this
 * one: a thread that is on its way is in no list, so nobody pays for waking it again. */
#ifndef SYNC_POOL_SLEEPERS_H
#define SYNC_POOL_SLEEPERS_H

#include "sheaf/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct sleeper {
    _Atomic uint32_t picked; /* what it sleeps on */
    struct sleeper *next;
    struct sleeper **link; /* what points to this one */
};

/* The latest first: its thread's caches are the warmest. NULL: nobody sleeps. */
struct sleepers {
    struct sleeper *first;
};

/* Gives up the lock, sleeps until picked or until the deadline (of CLOCK_MONOTONIC, or
 * DEADLINE_NONE), and takes the lock again. Gives SHEAF_OK or SHEAF_TIMEOUT. Look at the predicate
 * after both. */
enum sheaf_status sleepers_wait_locked(struct sleepers *sleepers, pthread_mutex_t *lock,
                                       uint64_t deadline_ns);

/* Picks one sleeper, if there is any (all of them). */
void sleepers_wake_one_locked(struct sleepers *sleepers);
void sleepers_wake_all_locked(struct sleepers *sleepers);

#endif
