/* The cancel token: an atomic reason, a pipe that holds one byte once the reason is set, and a list
 * of those who watch.
 *
 * The reason is set first and without the lock, so that a handler may do it. Whoever announces it
 * takes the lock afterwards: a watch that came before is in the list, one that comes later sees the
 * reason; none is missed, and none is called twice. */
#include "sheaf/cancel.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/cancel_inner.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/step.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

struct sheaf_cancel {
    atomic_int reason; /* 0: not set; changes once */
    int readable;
    int writable;
    /* Guards all below. Rank: leaf; functions that watch are called without it. */
    pthread_mutex_t lock;
    pthread_cond_t called;              /* `running` has changed */
    struct sheaf_cancel_watch *first;   /* not called yet, the latest first */
    struct sheaf_cancel_watch *running; /* being called by `caller`; NULL: none */
    pthread_t caller;
};

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler sets the reason");

enum sheaf_status sheaf_cancel_open(struct sheaf_cancel **out, struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_cancel *cancel = memory_zeroed(1, sizeof *cancel);
    if (cancel == NULL)
        return error_no_memory(error, "a cancel token");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        const int reason = errno;
        memory_free(cancel);
        return error_system(error, reason, "cannot make a pipe for a cancel token");
    }
    cancel->readable = ends[0];
    cancel->writable = ends[1];
    cancel->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    cancel->called = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    *out = cancel;
    return SHEAF_OK;
}

void cancel_mark(struct sheaf_cancel *cancel, int reason)
{
    int unset = 0;
    STEP(cancel_mark);
    /* 0 would leave the token unset behind a readable descriptor. */
    if (!atomic_compare_exchange_strong(&cancel->reason, &unset, reason != 0 ? reason : 1))
        return;
    const int saved = errno; /* a signal handler must not change it under its thread */
    ssize_t written;
    do
        written = write(cancel->writable, "", 1);
    while (written == -1 && errno == EINTR);
    errno = saved;
}

static void unlink_locked(struct sheaf_cancel_watch *watch)
{
    *watch->link = watch->next;
    if (watch->next != NULL)
        watch->next->link = watch->link;
    watch->link = NULL;
}

void cancel_announce(struct sheaf_cancel *cancel)
{
    const int reason = atomic_load(&cancel->reason); /* final: it is marked */
    STEP(cancel_announce);
    lock_acquire(&cancel->lock);
    /* Somebody who is at it already takes all there are. */
    while (cancel->running == NULL && cancel->first != NULL) {
        struct sheaf_cancel_watch *watch = cancel->first;
        unlink_locked(watch);
        cancel->running = watch;
        cancel->caller = pthread_self();
        lock_release(&cancel->lock);
        STEP(cancel_call);
        watch->function(watch->argument, reason);
        STEP(cancel_called);
        lock_acquire(&cancel->lock);
        cancel->running = NULL;
        condition_wake_all(&cancel->called);
    }
    lock_release(&cancel->lock);
}

void sheaf_cancel_set(struct sheaf_cancel *cancel, int reason)
{
    cancel_mark(cancel, reason);
    cancel_announce(cancel);
}

int sheaf_cancel_reason(const struct sheaf_cancel *cancel)
{
    return cancel == NULL ? 0 : atomic_load_explicit(&cancel->reason, memory_order_relaxed);
}

int sheaf_cancel_descriptor(const struct sheaf_cancel *cancel)
{
    return cancel == NULL ? -1 : cancel->readable;
}

void sheaf_cancel_watch(struct sheaf_cancel *cancel, struct sheaf_cancel_watch *watch,
                        sheaf_cancel_function *function, void *argument)
{
    *watch = (struct sheaf_cancel_watch){.function = function, .argument = argument};
    if (cancel == NULL)
        return;
    STEP(cancel_watch);
    lock_acquire(&cancel->lock);
    const int reason = atomic_load(&cancel->reason);
    if (reason == 0) {
        watch->next = cancel->first;
        watch->link = &cancel->first;
        if (watch->next != NULL)
            watch->next->link = &watch->next;
        cancel->first = watch;
    }
    lock_release(&cancel->lock);
    /* Not in the list, so nobody else calls it, whoever announces when. */
    if (reason != 0)
        function(argument, reason);
}

void sheaf_cancel_unwatch(struct sheaf_cancel *cancel, struct sheaf_cancel_watch *watch)
{
    if (cancel == NULL)
        return;
    STEP(cancel_unwatch);
    lock_acquire(&cancel->lock);
    if (watch->link != NULL)
        unlink_locked(watch);
    while (cancel->running == watch && pthread_equal(cancel->caller, pthread_self()) == 0) {
        STEP(cancel_unwatch_wait);
        (void)condition_wait(&cancel->called, &cancel->lock, DEADLINE_NONE);
    }
    lock_release(&cancel->lock);
}

void sheaf_cancel_close(struct sheaf_cancel *cancel)
{
    if (cancel == NULL)
        return;
    /* Nothing can be lost with these pipes, so a failing close has nobody to tell. */
    (void)close(cancel->readable);
    (void)close(cancel->writable);
    condition_close(&cancel->called);
    lock_close(&cancel->lock);
    memory_free(cancel);
}
