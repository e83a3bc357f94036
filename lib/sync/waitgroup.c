/* The wait group: one 64-bit word that every call changes by one atomic step.
 *
 *     63              32 31                1  0
 *     count, signed      epoch                waiters flag
 *
 * The count is the upper half, so that a carry or a borrow of `add` falls off the word: add and
 * done are one fetch_add and cannot disturb the lower half. The lower half is the word on which
 * waiters sleep; it changes only when
 *   - the first waiter of an epoch sets the flag, and
 *   - whoever brings the count to zero while the flag is set steps to the next epoch, flag clear.
 *
 * Why memory may be freed after a wait. A waiter returns in one of two states. Count zero and flag
 * clear: the done that got there saw the flag clear in its own fetch_add, and so touches the
 * word no more. Epoch changed: the step was the last touch; what follows is a wake by
 * address, which reads nothing. Count zero with the flag set is the state in between: the
 * step is still to come, so the waiter waits for it, and try_wait says busy.
 *
 * Why reuse is safe. A sleeper compares epochs, not counts: an add of the next round cannot make
 * it miss the zero of its own. (It could if 2^31 rounds with waiters passed while it was not
 * scheduled.) A waiter that timed out leaves the flag set; that costs one needless wake.
 *
 * The lower half is read as a 32-bit atomic by parking only (the kernel, or a relaxed load); C does
 * not bless access in two sizes, every machine that we build for does.
 *
 * After Go's sync.WaitGroup (count and waiters in one word; reuse) and the futex rules of
 * Drepper, "Futexes are tricky" (wake by address only). */
#include "sync/waitgroup.h"

#include "sync/deadline.h"
#include "sync/misuse.h"
#include "sync/step.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define WAITERS UINT64_C(1)
#define BELOW_ZERO (UINT64_C(1) << 63)
#define EPOCH_STEP UINT32_C(2)
#define COUNT_MASK (~(uint64_t)UINT32_MAX)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOWER_HALF = 0 };
#else
enum { LOWER_HALF = 1 };
#endif

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the word needs a 64-bit atomic without a lock");
_Static_assert(offsetof(struct sheaf_waitgroup, state) == 0, "the word comes first");

static int64_t count_of(uint64_t word)
{
    return (int32_t)(word >> 32);
}

static uint32_t lower_of(uint64_t word)
{
    return (uint32_t)word;
}

/* What to add to the word. */
static uint64_t step_of(int32_t delta)
{
    return (uint64_t)(int64_t)delta << 32;
}

static bool is_settled(uint64_t word)
{
    return count_of(word) == 0 && (word & WAITERS) == 0;
}

/* The state between zero and the release: whoever got there owes the step to the next epoch. */
static bool is_releasing(uint64_t word)
{
    return count_of(word) == 0 && (word & WAITERS) != 0;
}

/* Steps to the next epoch and wakes. `seen` is releasing, so all that can change it under us is an
 * add that came too late; the adder reports that, the waiters go. */
static void release_waiters(struct sheaf_waitgroup *group, uint64_t seen,
                            const struct park_ops *park)
{
    const uint32_t old_lower = lower_of(seen);
    const uint32_t new_lower = (old_lower & ~(uint32_t)WAITERS) + EPOCH_STEP;
    /* The address is taken before the step: after it nothing of the group may be touched. */
    _Atomic uint32_t *const sleepers = &group->state.half[LOWER_HALF];
    uint64_t next;
    do {
        if (lower_of(seen) != old_lower)
            return; /* somebody else has made this step */
        next = (seen & COUNT_MASK) | new_lower;
        STEP(wg_release);
    } while (!atomic_compare_exchange_weak_explicit(&group->state.word, &seen, next,
                                                    memory_order_acq_rel, memory_order_relaxed));
    park->wake_all(sleepers);
}

/* What is wrong with adding `delta` to `old`, or NULL. */
static const char *misuse_of(uint64_t old, int32_t delta)
{
    const int64_t after = count_of(old) + delta;
    if (delta < 0 && after < 0)
        return "the count would be below zero";
    if (delta > 0 && after > INT32_MAX)
        return "the count would be above 2^31 - 1";
    if (delta > 0 && is_releasing(old))
        return "added after the count reached zero, while waiters were being released";
    return NULL;
}

/* Whether a change of the word leaves nothing to do: no misuse, no waiters to release. The first
 * line alone, one test of two bits, answers for a group on which nobody waits. */
static inline bool is_plain(uint64_t old, uint64_t now)
{
    return ((old | now) & (BELOW_ZERO | WAITERS)) == 0 ||
           (((old | now) & BELOW_ZERO) == 0 && count_of(old) != 0 && count_of(now) != 0);
}

/* All but the plain change: takes a misuse back, releases waiters. */
__attribute__((cold, noinline)) static void attend(struct sheaf_waitgroup *group, uint64_t old,
                                                   int32_t delta, const char *call,
                                                   const struct park_ops *park)
{
    const uint64_t step = step_of(delta);
    const char *misuse = misuse_of(old, delta);
    uint64_t now = old + step;
    if (misuse != NULL) {
        STEP(wg_take_back);
        now = atomic_fetch_sub_explicit(&group->state.word, step, memory_order_acq_rel) - step;
    }
    /* If it was releasing before, and still is, the step is not ours: who owes it will come. */
    if (is_releasing(now) && !(is_releasing(old) && lower_of(old) == lower_of(now)))
        release_waiters(group, now, park);
    if (misuse != NULL)
        misuse_report(call, misuse, count_of(old) + delta);
}

/* In line in each caller, so that what a plain change does not need is loaded by none. */
static inline void change(struct sheaf_waitgroup *group, int32_t delta, const char *call,
                          const struct park_ops *park)
{
    STEP(wg_add);
    const uint64_t old =
        atomic_fetch_add_explicit(&group->state.word, step_of(delta), memory_order_acq_rel);
    if (!is_plain(old, old + step_of(delta)))
        attend(group, old, delta, call, park);
}

void waitgroup_add(struct sheaf_waitgroup *group, int32_t delta, const char *call,
                   const struct park_ops *park)
{
    change(group, delta, call, park);
}

/* Sleeps until the lower half is no longer `lower`, which has the flag set. */
static enum sheaf_status sleep_through_epoch(struct sheaf_waitgroup *group, uint32_t lower,
                                             uint64_t deadline_ns, const struct park_ops *park)
{
    enum sheaf_status status;
    bool over;
    STEP(wg_enter);
    (void)atomic_fetch_add_explicit(&group->waiting, 1, memory_order_relaxed);
    do {
        status = park->wait(&group->state.half[LOWER_HALF], lower, deadline_ns);
        STEP(wg_look_again);
        over = lower_of(atomic_load_explicit(&group->state.word, memory_order_acquire)) != lower;
    } while (!over && status != SHEAF_TIMEOUT);
    STEP(wg_leave);
    (void)atomic_fetch_sub_explicit(&group->waiting, 1, memory_order_release);
    return over ? SHEAF_OK : SHEAF_TIMEOUT;
}

enum sheaf_status waitgroup_wait_until(struct sheaf_waitgroup *group, uint64_t deadline_ns,
                                       const struct park_ops *park)
{
#ifdef SHEAF_MUTATE_WAIT_RETURNS
    /* A build that must not pass the tests: it proves that they depend on waiting. */
    return SHEAF_OK;
#endif
    STEP(wg_look);
    uint64_t seen = atomic_load_explicit(&group->state.word, memory_order_acquire);
    while ((seen & WAITERS) == 0) {
        if (is_settled(seen))
            return SHEAF_OK;
        STEP(wg_flag);
        if (atomic_compare_exchange_weak_explicit(&group->state.word, &seen, seen | WAITERS,
                                                  memory_order_acq_rel, memory_order_acquire))
            seen |= WAITERS;
    }
    return sleep_through_epoch(group, lower_of(seen), deadline_ns, park);
}

void sheaf_waitgroup_add(struct sheaf_waitgroup *group, int32_t delta)
{
#ifdef SHEAF_MUTATE_ADD_NOTHING
    return; /* a build that must not pass the tests */
#endif
    change(group, delta, "sheaf_waitgroup_add", &PARK_DEFAULT);
}

void sheaf_waitgroup_done(struct sheaf_waitgroup *group)
{
    change(group, -1, "sheaf_waitgroup_done", &PARK_DEFAULT);
}

void sheaf_waitgroup_wait(struct sheaf_waitgroup *group)
{
    (void)waitgroup_wait_until(group, DEADLINE_NONE, &PARK_DEFAULT);
}

enum sheaf_status sheaf_waitgroup_wait_until(struct sheaf_waitgroup *group, uint64_t deadline_ns)
{
    return waitgroup_wait_until(group, deadline_ns, &PARK_DEFAULT);
}

enum sheaf_status sheaf_waitgroup_try_wait(const struct sheaf_waitgroup *group)
{
    STEP(wg_try);
    const uint64_t seen = atomic_load_explicit(&group->state.word, memory_order_acquire);
    return is_settled(seen) ? SHEAF_OK : SHEAF_BUSY;
}

int32_t sheaf_waitgroup_count(const struct sheaf_waitgroup *group)
{
    return (int32_t)count_of(atomic_load_explicit(&group->state.word, memory_order_acquire));
}

void sheaf_waitgroup_destroy(struct sheaf_waitgroup *group)
{
    const uint64_t seen = atomic_load_explicit(&group->state.word, memory_order_acquire);
    const uint32_t waiting = atomic_load_explicit(&group->waiting, memory_order_acquire);
    if (count_of(seen) != 0)
        misuse_report("sheaf_waitgroup_destroy", "the count is not zero", count_of(seen));
    else if (waiting != 0 || (seen & WAITERS) != 0)
        misuse_report("sheaf_waitgroup_destroy", "somebody waits", (int64_t)waiting);
}
