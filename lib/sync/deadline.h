/* sync/deadline.h - moments of CLOCK_MONOTONIC in nanoseconds, for the system's waits. */
#ifndef SYNC_DEADLINE_H
#define SYNC_DEADLINE_H

#include <stdint.h>
#include <time.h>

#define DEADLINE_NONE UINT64_MAX

static inline struct timespec deadline_timespec(uint64_t deadline_ns)
{
    const uint64_t second = UINT64_C(1000000000);
    return (struct timespec){.tv_sec = (time_t)(deadline_ns / second),
                             .tv_nsec = (long)(deadline_ns % second)};
}

#endif
