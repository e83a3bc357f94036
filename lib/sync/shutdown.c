/* Signals to a token, after "self-pipe" programs (Bernstein): the handler does only what a handler
 * may, and a thread that sleeps on a semaphore does the rest.
 *
 * The thread has one thing to tell, the first signal: it sleeps once, tells, and ends. So close
 * needs no word to it but a post of its own, and whatever a handler has marked before is announced
 * before close returns. */
#include "sheaf/shutdown.h"

#include "base/error.h"
#include "base/memory.h"
#include "sync/cancel_inner.h"
#include "sync/step.h"
#include "sync/thread.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static const int shutdown_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNAL_COUNT = sizeof shutdown_signals / sizeof *shutdown_signals };

struct sheaf_shutdown {
    struct sheaf_cancel *cancel;
    struct sigaction before[SIGNAL_COUNT];
    /* Bit i: shutdown_signals[i] is ours; the others were ignored and stay so. A handler may run
     * while the rest is being installed. */
    atomic_uint caught;
    atomic_bool happened; /* a handler has marked, or is about to mark, the token */
    bool has_thread;
    struct thread thread;
    sem_t news; /* what the thread sleeps on: posted by each handler, and by close */
};

/* What the handler can reach: a signal belongs to the process and brings no argument along. */
static struct {
    atomic_bool is_open;                       /* there is one at a time */
    _Atomic(struct sheaf_shutdown *) shutdown; /* NULL: none, the handlers are not installed */
    /* Close waits until no handler is inside, on a semaphore: the one thing that a handler may
     * signal. It is made by the first open and stays: a handler may post to it when close has
     * gone on already. */
    atomic_uint handlers_inside;
    atomic_bool close_waits;
    sem_t handler_left;
    bool has_semaphore; /* touched by the holder of is_open */
} process;

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2 &&
                   ATOMIC_BOOL_LOCK_FREE == 2,
               "handlers take no locks");

static void restore_defaults(const struct sheaf_shutdown *shutdown)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&standard.sa_mask);
    const unsigned caught = atomic_load(&shutdown->caught);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        /* A handler has nobody to tell of a failure, and with these arguments there is none. */
        if ((caught >> i & 1U) != 0)
            (void)sigaction(shutdown_signals[i], &standard, NULL);
    }
}

static void handle_signal(int signal)
{
    const int saved = errno;
    STEP(shutdown_enter);
    /* Counted before the pointer is read: close takes it away and then waits for zero. */
    atomic_fetch_add(&process.handlers_inside, 1);
    STEP(shutdown_look);
    struct sheaf_shutdown *shutdown = atomic_load(&process.shutdown);
    if (shutdown == NULL) {
        /* Close has put back what open found, and this signal is for that. It is blocked until
         * the handler returns. */
        (void)raise(signal);
    } else {
        /* Before the defaults, so that install finds it or is found by them. */
        STEP(shutdown_happens);
        atomic_store(&shutdown->happened, true);
        restore_defaults(shutdown);
        cancel_mark(shutdown->cancel, signal);
        STEP(shutdown_post);
        (void)sem_post(&shutdown->news); /* at its maximum it wakes as well */
    }
    STEP(shutdown_leave);
    /* Sequentially consistent against retire: either it sees zero, or this sees it wait. */
    if (atomic_fetch_sub(&process.handlers_inside, 1) == 1 && atomic_load(&process.close_waits))
        (void)sem_post(&process.handler_left);
    errno = saved;
}

/* The thread: waits for a signal, or for close, and calls those who watch. */
static void announce(void *argument)
{
    struct sheaf_shutdown *shutdown = argument;
    STEP(shutdown_sleep);
    while (sem_wait(&shutdown->news) != 0)
        continue; /* interrupted; with a semaphore that is open nothing else fails */
    STEP(shutdown_announce);
    if (atomic_load(&shutdown->happened))
        cancel_announce(shutdown->cancel);
}

/* Gives the signals that are ours what open found. */
static void put_back(const struct sheaf_shutdown *shutdown)
{
    const unsigned caught = atomic_load(&shutdown->caught);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if ((caught >> i & 1U) != 0)
            (void)sigaction(shutdown_signals[i], &shutdown->before[i], NULL); /* as it was: valid */
    }
}

/* Takes the shutdown from the handlers, and waits until none uses it. */
static void retire(void)
{
    STEP(shutdown_retire);
    atomic_store(&process.shutdown, NULL);
    atomic_store(&process.close_waits, true);
    STEP(shutdown_inside);
    while (atomic_load(&process.handlers_inside) != 0)
        (void)sem_wait(&process.handler_left); /* a signal, or a late post: looks again */
    atomic_store(&process.close_waits, false);
}

/* Gives the signals back, and lets no handler go on using the shutdown. */
static void uninstall(const struct sheaf_shutdown *shutdown)
{
    put_back(shutdown);
    retire();
    /* A handler that was inside meanwhile may have set the defaults over it; none is now. */
    put_back(shutdown);
}

/* Installs the handlers. 0, or the errno of the call that failed. */
static int install(struct sheaf_shutdown *shutdown)
{
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaddset(&action.sa_mask, shutdown_signals[i]);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (sigaction(shutdown_signals[i], NULL, &shutdown->before[i]) != 0)
            return errno;
        if (shutdown->before[i].sa_handler == SIG_IGN)
            continue;
        atomic_fetch_or(&shutdown->caught, 1U << i);
        STEP(shutdown_install);
        if (sigaction(shutdown_signals[i], &action, NULL) != 0)
            return errno;
    }
    STEP(shutdown_installed);
    /* A signal that came meanwhile gave the defaults back to those that were installed by then. */
    if (atomic_load(&shutdown->happened))
        restore_defaults(shutdown);
    return 0;
}

/* The process's part of open: the semaphore, what handlers find, the handlers. */
static enum sheaf_status begin(struct sheaf_shutdown *shutdown, struct sheaf_error *error)
{
    if (!process.has_semaphore && sem_init(&process.handler_left, 0, 0) != 0)
        return error_system(error, errno, "cannot make a semaphore for signals");
    process.has_semaphore = true;
    atomic_store(&process.shutdown, shutdown);
    const int reason = install(shutdown);
    if (reason == 0)
        return SHEAF_OK;
    uninstall(shutdown);
    return error_system(error, reason, "cannot install a signal handler");
}

/* Ends the thread, if there is one, and frees the memory. No handler uses it any more. */
static void dispose(struct sheaf_shutdown *shutdown)
{
    if (shutdown->has_thread) {
        (void)sem_post(&shutdown->news);
        thread_join(&shutdown->thread);
    }
    (void)sem_destroy(&shutdown->news); /* nobody waits, so nothing can fail */
    memory_free(shutdown);
}

enum mode { MODE_WITH_THREAD, MODE_POLLED };

/* Makes what the handlers work on; the signals are not touched yet. */
static enum sheaf_status make(struct sheaf_cancel *cancel, enum mode mode,
                              struct sheaf_shutdown **out, struct sheaf_error *error)
{
    struct sheaf_shutdown *shutdown = memory_zeroed(1, sizeof *shutdown);
    if (shutdown == NULL)
        return error_no_memory(error, "the signal handlers");
    shutdown->cancel = cancel;
    if (sem_init(&shutdown->news, 0, 0) != 0) {
        const int reason = errno;
        memory_free(shutdown);
        return error_system(error, reason, "cannot make a semaphore for signals");
    }
    if (mode == MODE_WITH_THREAD) {
        const enum sheaf_status status =
            thread_start(&shutdown->thread, announce, shutdown, "shutdown", error);
        if (status != SHEAF_OK) {
            dispose(shutdown);
            return status;
        }
        shutdown->has_thread = true;
    }
    *out = shutdown;
    return SHEAF_OK;
}

/* The one open of the two. The holder of is_open is alone here. */
static enum sheaf_status open_alone(struct sheaf_cancel *cancel, enum mode mode,
                                    struct sheaf_shutdown **out, struct sheaf_error *error)
{
    *out = NULL;
    if (atomic_exchange(&process.is_open, true))
        return error_set(error, SHEAF_USAGE, "the signals of this process are taken already");
    struct sheaf_shutdown *shutdown = NULL;
    enum sheaf_status status = make(cancel, mode, &shutdown, error);
    if (status == SHEAF_OK) {
        status = begin(shutdown, error);
        if (status == SHEAF_OK)
            *out = shutdown;
        else
            dispose(shutdown);
    }
    if (status != SHEAF_OK)
        atomic_store(&process.is_open, false);
    return status;
}

enum sheaf_status sheaf_shutdown_open(struct sheaf_cancel *cancel, struct sheaf_shutdown **out,
                                      struct sheaf_error *error)
{
    return open_alone(cancel, MODE_WITH_THREAD, out, error);
}

enum sheaf_status sheaf_shutdown_open_polled(struct sheaf_cancel *cancel,
                                             struct sheaf_shutdown **out, struct sheaf_error *error)
{
    return open_alone(cancel, MODE_POLLED, out, error);
}

void sheaf_shutdown_close(struct sheaf_shutdown *shutdown)
{
    if (shutdown == NULL)
        return;
    uninstall(shutdown);
    dispose(shutdown);
    atomic_store(&process.is_open, false);
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
