/* sync/park_faults.h - makes calls of futex(2) fail, for tests (base/fault.h). */
#ifndef SYNC_PARK_FAULTS_H
#define SYNC_PARK_FAULTS_H

#if defined(SHEAF_TESTING) && defined(__linux__)

#include "base/fault.h"

#include <stdint.h>

/* The n-th wait (wake) of the futex twin from now on fails with `system_errno` before the kernel
 * sees it; 0: none. Any thread. */
void park_fail_waits(uint64_t n, enum fault_span span, int system_errno);
void park_fail_wakes(uint64_t n, enum fault_span span, int system_errno);

/* How many calls have failed since these were called. */
uint64_t park_failures(void);

#endif

#endif
