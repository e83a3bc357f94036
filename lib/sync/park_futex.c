/* The Linux twin of parking: futex(2), private to the process. FUTEX_WAIT_BITSET takes an absolute
 * deadline on CLOCK_MONOTONIC, so that an early return costs no drift. */
#ifdef __linux__

#include "sync/park.h"

#include "base/clock.h"
#include "sync/deadline.h"
#include "sync/misuse.h"
#include "sync/park_faults.h"
#include "sync/step.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* SYS_futex reads a timespec of two longs; where time_t is wider another call would be needed. */
_Static_assert(sizeof(time_t) == sizeof(long), "this futex call needs time_t to be a long");
_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "a futex is a bare 32-bit word");

enum { LOOK_AGAIN_NS = 1000000, WAKE_TRIES = 16 };

#ifdef SHEAF_TESTING
static struct fault wait_fault;
static struct fault wake_fault;
static atomic_int wait_errno;
static atomic_int wake_errno;

void park_fail_waits(uint64_t n, enum fault_span span, int system_errno)
{
    atomic_store(&wait_errno, system_errno);
    fault_plan(&wait_fault, n, span);
}

void park_fail_wakes(uint64_t n, enum fault_span span, int system_errno)
{
    atomic_store(&wake_errno, system_errno);
    fault_plan(&wake_fault, n, span);
}

uint64_t park_failures(void)
{
    return fault_count(&wait_fault) + fault_count(&wake_fault);
}

/* The errno that the call is to fail with, or 0. */
static int injected(struct fault *fault, const atomic_int *system_errno)
{
    return fault_hits(fault) ? atomic_load(system_errno) : 0;
}

static int refused_wait(void)
{
    return injected(&wait_fault, &wait_errno);
}

static int refused_wake(void)
{
    return injected(&wake_fault, &wake_errno);
}
#else
static int refused_wait(void)
{
    return 0;
}

static int refused_wake(void)
{
    return 0;
}
#endif

/* The call itself; gives 0 or an errno. */
static int call_wait(_Atomic uint32_t *word, uint32_t expected, const struct timespec *deadline)
{
    const int refused = refused_wait();
    if (refused != 0)
        return refused;
    STEP(futex_wait);
    const long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                                deadline, NULL, FUTEX_BITSET_MATCH_ANY);
    return result == -1 ? errno : 0;
}

static int call_wake(_Atomic uint32_t *word, int count)
{
    const int refused = refused_wake();
    if (refused != 0)
        return refused;
    STEP(futex_wake);
    const long result =
        syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL, 0);
    return result == -1 ? errno : 0;
}

/* The kernel refuses (a sandbox that forbids the call, say): the wait still holds, at the price of
 * looking once a millisecond, on the other twin, where nobody wakes it. */
static enum sheaf_status wait_unaided(_Atomic uint32_t *word, uint32_t expected,
                                      uint64_t deadline_ns)
{
    const uint64_t soon = clock_now() + LOOK_AGAIN_NS;
    if (deadline_ns <= soon)
        return park_bucket.wait(word, expected, deadline_ns);
    (void)park_bucket.wait(word, expected, soon);
    return SHEAF_OK;
}

static enum sheaf_status futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    const struct timespec deadline = deadline_timespec(deadline_ns);
    switch (call_wait(word, expected, deadline_ns == DEADLINE_NONE ? NULL : &deadline)) {
    case 0:      /* woken */
    case EAGAIN: /* the word had changed */
    case EINTR:  /* a signal: an early return */
        return SHEAF_OK;
    case ETIMEDOUT:
        return SHEAF_TIMEOUT;
    default:
        return wait_unaided(word, expected, deadline_ns);
    }
}

/* The memory may be gone by now, or be something else: waking a stranger is an early return for it,
 * and an address that is not the process's any more (EFAULT) has no sleepers. Any other failure
 * leaves somebody asleep for good. Of two evils, a hang in silence and an end that says why, this
 * takes the second: it tries again, and then reports it like a misuse, which aborts unless the
 * program has set a handler. */
static void futex_wake(_Atomic uint32_t *word, int count)
{
    int reason = call_wake(word, count);
    for (int tries = 1; reason != 0 && reason != EFAULT && tries < WAKE_TRIES; tries++)
        reason = call_wake(word, count);
    if (reason != 0 && reason != EFAULT)
        misuse_report("futex", "the system refuses to wake a thread, errno", reason);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
    futex_wake(word, INT_MAX);
}

static void futex_wake_one(_Atomic uint32_t *word)
{
    futex_wake(word, 1);
}

const struct park_ops park_futex = {
    .name = "futex",
    .wait = futex_wait,
    .wake_all = futex_wake_all,
    .wake_one = futex_wake_one,
};

#else
typedef int park_futex_is_for_linux; /* ISO C wants a translation unit to hold something */
#endif
