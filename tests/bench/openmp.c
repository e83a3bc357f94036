/* The contest's rows with OpenMP tasks. */
#include "contest.h"

#include <stddef.h>

static void hand_out(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
#pragma omp task
        contest_tick();
    }
}

static uint64_t time_team(int threads, uint64_t count)
{
    const uint64_t began = contest_now();
    /* The end of the region waits for the tasks. */
#pragma omp parallel num_threads(threads)
#pragma omp single
    hand_out(count);
    return contest_now() - began;
}

static void run_team(const struct contest *self, int threads)
{
    (void)time_team(threads, 1); /* starts the threads */
    contest_put(self, time_team(threads, self->count));
    contest_check("tasks", contest_ticks_sum(), self->count + 1);
}

/* Whoever hands out is one of the team, and helps when it is through: one thread more. */
static void run_outside(const struct contest *self)
{
    run_team(self, (int)self->threads + 1);
}

static void run_inside(const struct contest *self)
{
    run_team(self, (int)self->threads);
}

const struct contest contests[] = {
    {.name = "tasks-outside", .run = run_outside},
    {.name = "tasks-inside", .run = run_inside},
    {.name = NULL},
};
