/* tests/unit/sync/schedule.h - runs a scenario under many seeded schedules (sync/step.h).
 *
 * SHEAF_TEST_SEEDS says how many seeds (5000), SHEAF_TEST_SEED picks a single one. A failure, a
 * crash by assertion or a hang prints the seed that it happened under. */
#ifndef SYNC_SCHEDULE_H
#define SYNC_SCHEDULE_H

#include "unit/unit.h"

#include "sync/step.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCHEDULE_SEEDS = 5000, SCHEDULE_PATIENCE_S = 30 };

static struct {
    const char *name;
    bool failed; /* until the last seed is through */
    char seed[64];
} schedule;

static inline void schedule_print(void)
{
    if (schedule.failed)
        printf("%s: failed with %s\n", schedule.name, schedule.seed);
}

/* A hang cannot be told from slowness but by time: this is patience, no measure. */
static inline void schedule_hangs(int signal_number)
{
    (void)signal_number;
    if (write(STDOUT_FILENO, schedule.seed, strlen(schedule.seed)) < 0 ||
        write(STDOUT_FILENO, ": hangs\n", 8) < 0)
        _exit(2);
    abort();
}

static inline uint64_t schedule_number(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

/* A number from `least` to `most`, by a digit of the seed. */
static inline unsigned pick(uint64_t *seed, unsigned least, unsigned most)
{
    const uint64_t choices = most - least + 1;
    const unsigned picked = least + (unsigned)(*seed % choices);
    *seed /= choices;
    return picked;
}

/* Calls run(seed) once per seed, each under the plan of that seed. For the body of a test. */
static inline void schedule_each(const char *name, void (*run)(uint64_t seed))
{
    const uint64_t only = schedule_number("SHEAF_TEST_SEED", 0);
    const uint64_t seeds = only != 0 ? 1 : schedule_number("SHEAF_TEST_SEEDS", SCHEDULE_SEEDS);
    schedule.name = name;
    schedule.failed = true;
    ck_assert_int_eq(atexit(schedule_print), 0);
    ck_assert(signal(SIGALRM, schedule_hangs) != SIG_ERR);
    for (uint64_t i = 1; i <= seeds; i++) {
        const uint64_t seed = only != 0 ? only : i;
        (void)snprintf(schedule.seed, sizeof schedule.seed, "SHEAF_TEST_SEED=%" PRIu64, seed);
        (void)alarm(SCHEDULE_PATIENCE_S);
        step_plan(seed);
        run(seed);
        step_plan(0);
    }
    (void)alarm(0);
    schedule.failed = false;
    printf("%s: %" PRIu64 " schedules\n", name, seeds);
}

#endif
