/* base/fault.h - makes the n-th call of some kind fail, once or from then on: for tests.
 *
 * Whoever can be made to fail keeps a struct fault and asks fault_hits at each call. Only in builds
 * with SHEAF_TESTING; elsewhere nothing of this exists. All steps are relaxed: a test's counters
 * must not order the threads that they count, or they would hide races from the sanitizer. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef SHEAF_TESTING

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum fault_span { FAULT_ONCE, FAULT_FROM_THEN_ON };

/* All-zero: nothing fails. The plan is one word, so that calls of several threads count one after
 * the other. */
struct fault {
    _Atomic uint64_t plan; /* calls up to the failing one, times 2, plus the span; 0: none */
    _Atomic uint64_t hits; /* calls that have failed since the plan was set */
};

/* The n-th call from now on (counted from 1) fails; 0: none. Any thread. */
static inline void fault_plan(struct fault *fault, uint64_t n, enum fault_span span)
{
    const uint64_t plan = n == 0 ? 0 : 2 * n + (span == FAULT_FROM_THEN_ON);
    atomic_store_explicit(&fault->hits, 0, memory_order_relaxed);
    atomic_store_explicit(&fault->plan, plan, memory_order_relaxed);
}

/* Counts a call; gives true when it is to fail. Any thread. */
static inline bool fault_hits(struct fault *fault)
{
    uint64_t plan = atomic_load_explicit(&fault->plan, memory_order_relaxed);
    uint64_t next;
    do {
        if (plan == 0)
            return false;
        const bool last = plan / 2 == 1;
        const bool lasting = plan % 2 != 0;
        next = !last ? plan - 2 : lasting ? plan : 0;
    } while (!atomic_compare_exchange_weak_explicit(&fault->plan, &plan, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    if (plan / 2 != 1)
        return false;
    (void)atomic_fetch_add_explicit(&fault->hits, 1, memory_order_relaxed);
    return true;
}

static inline uint64_t fault_count(const struct fault *fault)
{
    return atomic_load_explicit(&fault->hits, memory_order_relaxed);
}

#endif

#endif
