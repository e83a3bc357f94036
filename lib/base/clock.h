/* base/clock.h - a monotonic clock. Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now(void);

/* Gives the nanoseconds since *since, which becomes now. */
uint64_t clock_lap(uint64_t *since);

#endif
