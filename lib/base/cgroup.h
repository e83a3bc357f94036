/* base/cgroup.h - the limits that control groups set on this process.
 *
 * Reads both versions (Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1): every group
 * from the one of the process up to the mounted root may cut the processors and the memory, and
 * the least counts. */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include <stdint.h>

struct cgroup_limits {
    uint64_t processors; /* quota / period, rounded up, at least 1; UINT64_MAX: no limit */
    uint64_t memory;     /* bytes; UINT64_MAX: no limit */
};

/* Takes the directory that holds proc/ and sys/: "" for the real ones, another for a test. Gives
 * the limits in `out`; whatever is absent, unreadable or malformed sets no limit, so it cannot
 * fail. Any thread. */
void cgroup_read(const char *root, struct cgroup_limits *out);

#endif
