#include "sync/thread.h"

#include "base/error.h"
#include "base/fault.h"
#include "sync/misuse.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#ifdef SHEAF_TESTING
static struct fault fault;
static _Atomic int64_t live;

void thread_fail_after(uint64_t successes)
{
    fault_plan(&fault, successes + 1, FAULT_FROM_THEN_ON); /* UINT64_MAX wraps to "none" */
}

void thread_fail_once_after(uint64_t successes)
{
    fault_plan(&fault, successes + 1, FAULT_ONCE);
}

uint64_t thread_failures(void)
{
    return fault_count(&fault);
}

int64_t thread_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}

static bool start_is_refused(void)
{
    return fault_hits(&fault);
}

static void count_live(int64_t change)
{
    (void)atomic_fetch_add_explicit(&live, change, memory_order_relaxed);
}
#else
static bool start_is_refused(void)
{
    return false;
}

static void count_live(int64_t change)
{
    (void)change;
}
#endif

/* Those that the kernel gives to any thread that does not block them. SIGPIPE and the faults go
 * to the thread that caused them, and must stay open. */
static const int process_signals[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGALRM,
                                      SIGCHLD, SIGUSR1, SIGUSR2, SIGWINCH};

static void *thread_main(void *argument)
{
    const struct thread *thread = argument;
#ifdef __linux__
    /* Only a help in debuggers: a thread without its name works as well. */
    (void)pthread_setname_np(pthread_self(), thread->name);
#endif
    thread->function(thread->argument);
    return NULL;
}

/* pthread_create with the process's signals blocked meanwhile, which the new thread inherits. */
static int create_without_signals(struct thread *thread)
{
    sigset_t blocked;
    sigset_t before;
    (void)sigemptyset(&blocked); /* fails only for numbers that are no signals; so sigaddset */
    for (size_t i = 0; i < sizeof process_signals / sizeof *process_signals; i++)
        (void)sigaddset(&blocked, process_signals[i]);
    int result = pthread_sigmask(SIG_BLOCK, &blocked, &before);
    if (result != 0)
        return result;
    result = pthread_create(&thread->handle, NULL, thread_main, thread);
    const int restored = pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (restored != 0)
        misuse_report("pthread_sigmask", "failed with errno", restored);
    return result;
}

enum sheaf_status thread_start(struct thread *thread, thread_function *function, void *argument,
                               const char *name, struct sheaf_error *error)
{
    thread->function = function;
    thread->argument = argument;
    const size_t length = strnlen(name, THREAD_NAME_SIZE - 1);
    memcpy(thread->name, name, length);
    thread->name[length] = '\0';
    const int result = start_is_refused() ? EAGAIN : create_without_signals(thread);
    if (result != 0)
        return error_system(error, result, "cannot start the thread \"%s\"", thread->name);
    count_live(1);
    return SHEAF_OK;
}

void thread_join(struct thread *thread)
{
    const int result = pthread_join(thread->handle, NULL);
    if (result != 0)
        misuse_report("pthread_join", "failed with errno", result);
    count_live(-1);
}

uint64_t thread_id(void)
{
#ifdef __linux__
    return (uint64_t)gettid();
#else
    return (uint64_t)(uintptr_t)pthread_self();
#endif
}
