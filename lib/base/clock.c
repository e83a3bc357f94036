#include "base/clock.h"

#include <time.h>

uint64_t clock_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t clock_lap(uint64_t *since)
{
    const uint64_t now = clock_now();
    const uint64_t passed = now - *since;
    *since = now;
    return passed;
}
