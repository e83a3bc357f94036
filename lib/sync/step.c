/* Delays by a seeded plan, after rr's chaos mode (O'Callahan 2016): few threads are slow for the
 * whole of a plan, the rest stumble now and then, and delays are powers of two. */
#ifdef SHEAF_TESTING

#include "sync/step.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { SHORTEST_NS = 1000, DOUBLINGS = 6 };

static _Atomic uint64_t plan_seed;    /* 0: no plan */
static _Atomic uint64_t plan_number;  /* counts plans, so that a thread sees a new one */
static _Atomic uint64_t plan_threads; /* how many threads have taken a step under this plan */

static _Thread_local struct {
    uint64_t plan;
    uint64_t random;
    bool slow;
} self;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void step_plan(uint64_t seed)
{
    atomic_store(&plan_threads, 0);
    atomic_fetch_add(&plan_number, 1);
    atomic_store(&plan_seed, seed);
}

static void join_plan(uint64_t plan, uint64_t seed)
{
    self.plan = plan;
    self.random = seed ^ (atomic_fetch_add(&plan_threads, 1) << 40);
    self.slow = next_random(&self.random) % 8 == 0;
}

void step_reached(const char *label)
{
    (void)label; /* for debuggers: the caller's frame shows it */
    const uint64_t seed = atomic_load_explicit(&plan_seed, memory_order_relaxed);
    if (seed == 0)
        return;
    const uint64_t plan = atomic_load_explicit(&plan_number, memory_order_relaxed);
    if (self.plan != plan)
        join_plan(plan, seed);
    const uint64_t random = next_random(&self.random);
    if (random % (self.slow ? 4 : 16) != 0)
        return;
    if ((random >> 8) % 4 != 0) {
        (void)sched_yield();
        return;
    }
    const struct timespec delay = {.tv_nsec = SHORTEST_NS << (random >> 16) % DOUBLINGS};
    (void)nanosleep(&delay, NULL); /* shorter by a signal is as good */
}

#else
typedef int step_is_for_tests; /* ISO C wants a translation unit to hold something */
#endif
