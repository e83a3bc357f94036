#include "sync/pool_sleepers.h"

#include "sync/lock.h"
#include "sync/park.h"
#include "sync/step.h"

#include <stdbool.h>
#include <stddef.h>

static void enlist_locked(struct sleepers *sleepers, struct sleeper *sleeper)
{
    sleeper->next = sleepers->first;
    sleeper->link = &sleepers->first;
    if (sleeper->next != NULL)
        sleeper->next->link = &sleeper->next;
    sleepers->first = sleeper;
}

static void leave_locked(struct sleeper *sleeper)
{
    *sleeper->link = sleeper->next;
    if (sleeper->next != NULL)
        sleeper->next->link = sleeper->link;
}

static bool is_picked(struct sleeper *sleeper)
{
    return atomic_load_explicit(&sleeper->picked, memory_order_acquire) != 0;
}

enum sheaf_status sleepers_wait_locked(struct sleepers *sleepers, pthread_mutex_t *lock,
                                       uint64_t deadline_ns)
{
    struct sleeper self = {.picked = 0};
    enlist_locked(sleepers, &self);
    lock_release(lock);
    enum sheaf_status status = SHEAF_OK;
    while (!is_picked(&self) && status == SHEAF_OK) {
        STEP(pool_sleep);
        status = PARK_DEFAULT.wait(&self.picked, 0, deadline_ns);
    }
    STEP(pool_awake);
    lock_acquire(lock);
    if (is_picked(&self))
        return SHEAF_OK; /* and out of the list, whatever the clock says */
    leave_locked(&self);
    return SHEAF_TIMEOUT;
}

void sleepers_wake_one_locked(struct sleepers *sleepers)
{
    struct sleeper *const sleeper = sleepers->first;
    if (sleeper == NULL)
        return;
    leave_locked(sleeper);
    _Atomic uint32_t *const word = &sleeper->picked;
    STEP(pool_pick);
    /* From here on the sleeper may return, and its stack be something else: wake by address. */
    atomic_store_explicit(word, 1, memory_order_release);
    PARK_DEFAULT.wake_one(word);
}

void sleepers_wake_all_locked(struct sleepers *sleepers)
{
    while (sleepers->first != NULL)
        sleepers_wake_one_locked(sleepers);
}
