/* The cancel token: an atomic reason, and a pipe that holds one byte once the reason is set. */
#include "sheaf/cancel.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

struct sheaf_cancel {
    atomic_int reason; /* 0: not set; changes once */
    int readable;
    int writable;
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
    *out = cancel;
    return SHEAF_OK;
}

void sheaf_cancel_set(struct sheaf_cancel *cancel, int reason)
{
    int unset = 0;
    /* 0 would leave the token unset behind a readable descriptor. */
    if (!atomic_compare_exchange_strong_explicit(&cancel->reason, &unset, reason != 0 ? reason : 1,
                                                 memory_order_release, memory_order_relaxed))
        return;
    const int saved = errno; /* a signal handler must not change it under its thread */
    ssize_t written;
    do
        written = write(cancel->writable, "", 1);
    while (written == -1 && errno == EINTR);
    errno = saved;
}

int sheaf_cancel_reason(const struct sheaf_cancel *cancel)
{
    return cancel == NULL ? 0 : atomic_load_explicit(&cancel->reason, memory_order_relaxed);
}

int sheaf_cancel_descriptor(const struct sheaf_cancel *cancel)
{
    return cancel == NULL ? -1 : cancel->readable;
}

void sheaf_cancel_close(struct sheaf_cancel *cancel)
{
    if (cancel == NULL)
        return;
    /* Nothing can be lost with these pipes, so a failing close has nobody to tell. */
    (void)close(cancel->readable);
    (void)close(cancel->writable);
    memory_free(cancel);
}
