/* sync/step.h - names the steps by which threads meet: each lock, atomic and wait.
 *
 * STEP(label) stands before such a step. In a build with SHEAF_TESTING a test may set a plan: the
 * thread then yields or sleeps at some of the steps, as a seed decides, so that schedules come up
 * that a quiet machine never shows. Else it is nothing. The models in tests/sync/models carry the
 * same labels; a script compares them. */
#ifndef SYNC_STEP_H
#define SYNC_STEP_H

#ifdef SHEAF_TESTING

#include <stdint.h>

#define STEP(label) step_reached(#label)

void step_reached(const char *label);

/* Starts a plan; seed 0 ends it. The delays of a thread follow from the seed and from its rank
 * among the threads in the order of their first steps. Any thread. */
void step_plan(uint64_t seed);

#else
#define STEP(label) ((void)0)
#endif

#endif
