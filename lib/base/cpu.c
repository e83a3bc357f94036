#include "base/cpu.h"

#include "base/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* The processors in the affinity mask; 0 when the system does not say. The mask is as long as the
 * kernel needs: the fixed cpu_set_t ends at 1024. */
static unsigned affinity_count(void)
{
    enum { PROCESSORS_MAX = 1 << 18 };
    for (int processors = CPU_SETSIZE; processors <= PROCESSORS_MAX; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)processors);
        if (set == NULL)
            return 0;
        const size_t size = CPU_ALLOC_SIZE((size_t)processors);
        const int failed = sched_getaffinity(0, size, set);
        const int reason = errno;
        const int count = failed != 0 ? 0 : CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (count > 0)
            return (unsigned)count;
        if (reason != EINVAL)
            return 0;
    }
    return 0;
}

/* The memory of the machine in bytes; UINT64_MAX when the system does not say. */
static uint64_t machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    uint64_t bytes;
    if (pages <= 0 || page <= 0 || __builtin_mul_overflow((uint64_t)pages, (uint64_t)page, &bytes))
        return UINT64_MAX;
    return bytes;
}

void cpu_read(struct cpu_limits *out)
{
    struct cgroup_limits limits;
    cgroup_read("", &limits);
    unsigned count = affinity_count();
    if (count == 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 && online <= INT_MAX ? (unsigned)online : 1;
    }
    out->processors = limits.processors < count ? (unsigned)limits.processors : count;

    uint64_t memory = machine_memory();
    if (limits.memory < memory)
        memory = limits.memory;
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY &&
        space.rlim_cur < memory)
        memory = space.rlim_cur;
    out->memory = memory == 0 ? 1 : memory;
}

unsigned cpu_available(void)
{
    struct cpu_limits limits;
    cpu_read(&limits);
    return limits.processors;
}

uint64_t cpu_memory(void)
{
    struct cpu_limits limits;
    cpu_read(&limits);
    return limits.memory;
}
