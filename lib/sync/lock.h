/* sync/lock.h - POSIX mutexes and conditions with every result checked: a failure can only be a
 * bug, and goes to the misuse handler. For the files of sync; other rooms use sync/monitor.h. */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#include "sheaf/error.h"

#include <pthread.h>
#include <stdint.h>

void lock_acquire(pthread_mutex_t *lock);
void lock_release(pthread_mutex_t *lock);

/* Gives up the lock, sleeps, and takes it again. May return early, so it stands in a loop over a
 * predicate that the lock guards; after SHEAF_TIMEOUT too the predicate is looked at once more.
 * `deadline_ns` of CLOCK_MONOTONIC, or DEADLINE_NONE. Gives SHEAF_OK or SHEAF_TIMEOUT. */
enum sheaf_status condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                 uint64_t deadline_ns);

/* Called with the lock held, by whoever made the predicate true. */
void condition_wake_one(pthread_cond_t *condition);
void condition_wake_all(pthread_cond_t *condition);

/* Both were set up with the static initialisers; nobody uses them any more. */
void lock_close(pthread_mutex_t *lock);
void condition_close(pthread_cond_t *condition);

#endif
