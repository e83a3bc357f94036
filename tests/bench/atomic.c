/* The least that counting can cost: one atomic step up and one down, inline. */
#include "contest.h"

#include <stddef.h>

static _Atomic uint64_t counter;

static void count_up_and_down(void *context, unsigned index)
{
    (void)index;
    const struct contest *self = context;
    const uint64_t pairs = self->count / self->threads;
    for (uint64_t i = 0; i < pairs; i++) {
        atomic_fetch_add(&counter, 1);
        atomic_fetch_sub(&counter, 1);
    }
    atomic_fetch_add(&counter, 1); /* to be seen at the end */
}

static void run_pairs(const struct contest *self)
{
    struct contest mine = *self;
    contest_put(self, contest_threads(self->threads, count_up_and_down, &mine));
    contest_check("count", counter, self->threads);
}

const struct contest contests[] = {
    {.name = "pair-1", .run = run_pairs, .threads = 1},
    {.name = "pair-2", .run = run_pairs, .threads = 2},
    {.name = "pair-8", .run = run_pairs, .threads = 8},
    {.name = NULL},
};
