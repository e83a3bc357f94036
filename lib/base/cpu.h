/* base/cpu.h - what this process may use of the machine. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdint.h>

/* The processors that this process may really use: its affinity mask, cut by its cgroup's quota
 * (rounded up). At least 1. */
unsigned cpu_available(void);

/* The bytes of memory that this process may use: the least of the machine's, the cgroup's limit
 * and the address-space limit. At least 1. */
uint64_t cpu_memory(void);

/* Both at once, for what one look at the system costs. */
struct cpu_limits {
    unsigned processors;
    uint64_t memory;
};
void cpu_read(struct cpu_limits *out);

#endif
