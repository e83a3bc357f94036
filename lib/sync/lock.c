#include "sync/lock.h"

#include "sync/deadline.h"
#include "sync/misuse.h"
#include "sync/step.h"

#include <errno.h>
#include <time.h>

static void check(int result, const char *call)
{
    if (result != 0)
        misuse_report(call, "failed with errno", result);
}

void lock_acquire(pthread_mutex_t *lock)
{
    STEP(lock_acquire);
    check(pthread_mutex_lock(lock), "pthread_mutex_lock");
}

void lock_release(pthread_mutex_t *lock)
{
    STEP(lock_release);
    check(pthread_mutex_unlock(lock), "pthread_mutex_unlock");
}

enum sheaf_status condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                 uint64_t deadline_ns)
{
    STEP(condition_wait);
    if (deadline_ns == DEADLINE_NONE) {
        check(pthread_cond_wait(condition, lock), "pthread_cond_wait");
        return SHEAF_OK;
    }
    const struct timespec deadline = deadline_timespec(deadline_ns);
    const int result = pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &deadline);
    if (result == ETIMEDOUT)
        return SHEAF_TIMEOUT;
    check(result, "pthread_cond_clockwait");
    return SHEAF_OK;
}

void condition_wake_one(pthread_cond_t *condition)
{
    STEP(condition_wake);
    check(pthread_cond_signal(condition), "pthread_cond_signal");
}

void condition_wake_all(pthread_cond_t *condition)
{
    STEP(condition_wake);
    check(pthread_cond_broadcast(condition), "pthread_cond_broadcast");
}

void lock_close(pthread_mutex_t *lock)
{
    check(pthread_mutex_destroy(lock), "pthread_mutex_destroy");
}

void condition_close(pthread_cond_t *condition)
{
    check(pthread_cond_destroy(condition), "pthread_cond_destroy");
}
