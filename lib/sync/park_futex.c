/* The Linux twin of parking: futex(2), private to the process. FUTEX_WAIT_BITSET takes an absolute
 * deadline on CLOCK_MONOTONIC, so that an early return costs no drift. */
#ifdef __linux__

#include "sync/park.h"

#include "sync/deadline.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* SYS_futex reads a timespec of two longs; where time_t is wider another call would be needed. */
_Static_assert(sizeof(time_t) == sizeof(long), "this futex call needs time_t to be a long");
_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "a futex is a bare 32-bit word");

static enum sheaf_status futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    const struct timespec deadline = deadline_timespec(deadline_ns);
    const long result =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                deadline_ns == DEADLINE_NONE ? NULL : &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
    /* All else (woken, a changed word, a signal) is an early return at worst. */
    return result == -1 && errno == ETIMEDOUT ? SHEAF_TIMEOUT : SHEAF_OK;
}

static void futex_wake_all(_Atomic uint32_t *word)
{
    /* The memory may be gone by now, or be something else: waking a stranger is an early return
     * for it, and an address that is no longer mapped has no sleepers. So no result matters. */
    (void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
}

const struct park_ops park_futex = {
    .name = "futex",
    .wait = futex_wait,
    .wake_all = futex_wake_all,
};

#else
typedef int park_futex_is_for_linux; /* ISO C wants a translation unit to hold something */
#endif
