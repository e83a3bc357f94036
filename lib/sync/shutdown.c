#include "sheaf/shutdown.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static const int shutdown_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_COUNT = sizeof shutdown_signals / sizeof *shutdown_signals };

struct sheaf_shutdown {
    struct sigaction before[SIGNAL_COUNT];
    bool caught[SIGNAL_COUNT]; /* ours; the others were ignored and stay so */
};

/* What the handler can reach: a signal belongs to the process and brings no argument along. */
static struct {
    atomic_bool is_open;                  /* there is one at a time */
    _Atomic(struct sheaf_cancel *) token; /* NULL: a signal does nothing */
    atomic_uint caught; /* bit i: shutdown_signals[i] gets its default action back */
    /* Close waits until no handler is inside, on a semaphore: the one thing that a handler may
     * signal. It is made by the first open and stays: a handler may post to it when close has
     * gone on already. */
    atomic_uint handlers_inside;
    atomic_bool close_waits;
    sem_t handler_left;
    bool has_semaphore; /* touched by the holder of is_open */
} process;

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "handlers take no locks");

static void restore_defaults(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&standard.sa_mask);
    const unsigned caught = atomic_load(&process.caught);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        /* A handler has nobody to tell of a failure, and with these arguments there is none. */
        if ((caught >> i & 1U) != 0)
            (void)sigaction(shutdown_signals[i], &standard, NULL);
    }
}

static void handle_signal(int signal)
{
    const int saved = errno;
    /* Counted before the token is read: close takes the token away and then waits for zero. */
    atomic_fetch_add(&process.handlers_inside, 1);
    struct sheaf_cancel *cancel = atomic_load(&process.token);
    if (cancel != NULL) {
        restore_defaults();
        sheaf_cancel_set(cancel, signal);
    }
    /* Sequentially consistent against retire_token: either it sees zero, or this sees it wait. */
    if (atomic_fetch_sub(&process.handlers_inside, 1) == 1 && atomic_load(&process.close_waits))
        (void)sem_post(&process.handler_left); /* at its maximum it wakes as well */
    errno = saved;
}

/* Gives the signals that are ours what open found. */
static void put_back(const struct sheaf_shutdown *shutdown)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (shutdown->caught[i])
            (void)sigaction(shutdown_signals[i], &shutdown->before[i], NULL); /* as it was: valid */
    }
}

/* Takes the token from the handlers, and waits until none uses it. */
static void retire_token(void)
{
    atomic_store(&process.token, NULL);
    atomic_store(&process.close_waits, true);
    while (atomic_load(&process.handlers_inside) != 0)
        (void)sem_wait(&process.handler_left); /* a signal, or a late post: looks again */
    atomic_store(&process.close_waits, false);
}

/* Installs the handlers; on failure puts back those it had installed. */
static int install(struct sheaf_shutdown *shutdown)
{
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaddset(&action.sa_mask, shutdown_signals[i]);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (sigaction(shutdown_signals[i], NULL, &shutdown->before[i]) != 0)
            goto failed;
        if (shutdown->before[i].sa_handler == SIG_IGN)
            continue;
        shutdown->caught[i] = true;
        atomic_fetch_or(&process.caught, 1U << i);
        if (sigaction(shutdown_signals[i], &action, NULL) != 0)
            goto failed;
    }
    return 0;
failed:;
    const int reason = errno;
    put_back(shutdown);
    return reason;
}

/* The process's part of open: the semaphore, the token, the handlers. 0 or an errno. */
static int begin(struct sheaf_shutdown *shutdown, struct sheaf_cancel *cancel)
{
    if (!process.has_semaphore && sem_init(&process.handler_left, 0, 0) != 0)
        return errno;
    process.has_semaphore = true;
    atomic_store(&process.caught, 0);
    atomic_store(&process.token, cancel);
    const int reason = install(shutdown);
    if (reason != 0)
        retire_token();
    return reason;
}

enum sheaf_status sheaf_shutdown_open(struct sheaf_cancel *cancel, struct sheaf_shutdown **out,
                                      struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_shutdown *shutdown = memory_zeroed(1, sizeof *shutdown);
    if (shutdown == NULL)
        return error_no_memory(error, "the signal handlers");
    if (atomic_exchange(&process.is_open, true)) {
        memory_free(shutdown);
        return error_set(error, SHEAF_USAGE, "the signals of this process are taken already");
    }
    const int reason = begin(shutdown, cancel);
    if (reason != 0) {
        atomic_store(&process.is_open, false);
        memory_free(shutdown);
        return error_system(error, reason, "cannot install a signal handler");
    }
    *out = shutdown;
    return SHEAF_OK;
}

void sheaf_shutdown_close(struct sheaf_shutdown *shutdown)
{
    if (shutdown == NULL)
        return;
    put_back(shutdown);
    retire_token();
    /* A handler that was inside meanwhile may have set the defaults over it; none is now. */
    put_back(shutdown);
    atomic_store(&process.is_open, false);
    memory_free(shutdown);
}

void sheaf_shutdown_reraise(int signal)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t only;
    (void)sigemptyset(&standard.sa_mask);
    (void)sigemptyset(&only);
    if (sigaddset(&only, signal) != 0 || sigaction(signal, &standard, NULL) != 0)
        return;
    /* Sent to this thread while blocked, so that it arrives exactly when it is let through. */
    if (pthread_sigmask(SIG_BLOCK, &only, NULL) == 0 && raise(signal) == 0)
        (void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}
