/* sync/monitor.h - a lock with one condition: the way other rooms share state between threads.
 *
 *     monitor_lock(m);                      monitor_lock(m);
 *     while (!predicate)                    change what the predicate reads;
 *         monitor_wait(m);                  monitor_broadcast(m);
 *     ...                                   monitor_unlock(m);
 *     monitor_unlock(m);
 *
 * The predicate is read and changed only under the lock, and whoever may have made it true
 * broadcasts before unlocking. Rank: leaf; take no other lock inside. */
#ifndef SYNC_MONITOR_H
#define SYNC_MONITOR_H

#include "sheaf/error.h"

#include <pthread.h>
#include <stdint.h>

struct monitor {
    pthread_mutex_t lock;
    pthread_cond_t changed;
};
#define MONITOR_INIT                                                                               \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                     \
    }

/* Makes a monitor in the caller's memory, where it has to stay. As MONITOR_INIT; cannot fail. */
void monitor_open(struct monitor *monitor);

void monitor_lock(struct monitor *monitor);
void monitor_unlock(struct monitor *monitor);

/* Gives up the lock until a broadcast, or for no reason at all: only in a loop. */
void monitor_wait(struct monitor *monitor);

/* As wait, but gives SHEAF_TIMEOUT once `deadline_ns` of CLOCK_MONOTONIC (UINT64_MAX: none) has
 * passed; look at the predicate once more then. */
enum sheaf_status monitor_wait_until(struct monitor *monitor, uint64_t deadline_ns);

/* Wakes all waiters. With the lock held. */
void monitor_broadcast(struct monitor *monitor);

/* Nobody may hold it or wait. */
void monitor_close(struct monitor *monitor);

#endif
