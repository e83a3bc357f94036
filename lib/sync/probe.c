#include "sync/probe.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "sync/monitor.h"
#include "sync/thread.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* The place of a joined thread comes back within microseconds. */
enum { PROBE_PATIENCE_NS = 100000000 };

/* What all threads of one probe share. */
struct probe_gate {
    struct monitor monitor;
    bool released; /* guarded by the monitor */
};

struct probe {
    struct thread thread;
    struct probe_gate *gate;
    uint64_t id; /* written by the thread, read after the join */
};

static void wait_for_release(void *argument)
{
    struct probe *probe = argument;
    struct probe_gate *gate = probe->gate;
    probe->id = thread_id();
    monitor_lock(&gate->monitor);
    while (!gate->released)
        monitor_wait(&gate->monitor);
    monitor_unlock(&gate->monitor);
}

static unsigned start_all(struct probe *probes, unsigned wanted, struct probe_gate *gate)
{
    unsigned started = 0;
    for (; started < wanted; started++) {
        struct probe *probe = &probes[started];
        probe->gate = gate;
        if (thread_start(&probe->thread, wait_for_release, probe, "probe", NULL) != SHEAF_OK)
            break;
    }
    return started;
}

/* A joined thread goes on counting against the system's limits until the kernel has buried it,
 * a moment after the join. Nothing can be waited on for that; only its number shows it, so this
 * asks, for some microseconds. */
static void await_burial(const struct probe *probe, uint64_t deadline)
{
#ifdef __linux__
    while (tgkill(getpid(), (pid_t)probe->id, 0) == 0 && clock_now() < deadline)
        continue;
#else
    (void)probe;
    (void)deadline;
#endif
}

enum sheaf_status probe_threads(unsigned wanted, unsigned *started, struct sheaf_error *error)
{
    *started = 0;
    if (wanted == 0)
        return SHEAF_OK;
    struct probe *probes = memory_zeroed(wanted, sizeof *probes);
    if (probes == NULL)
        return error_no_memory(error, "counting threads");
    struct probe_gate gate = {.monitor = MONITOR_INIT};
    *started = start_all(probes, wanted, &gate);

    monitor_lock(&gate.monitor);
    gate.released = true;
    monitor_broadcast(&gate.monitor);
    monitor_unlock(&gate.monitor);
    for (unsigned i = 0; i < *started; i++)
        thread_join(&probes[i].thread);
    const uint64_t deadline = clock_now() + PROBE_PATIENCE_NS;
    for (unsigned i = 0; i < *started; i++)
        await_burial(&probes[i], deadline);
    monitor_close(&gate.monitor);
    memory_free(probes);
    return SHEAF_OK;
}
