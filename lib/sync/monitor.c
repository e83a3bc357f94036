#include "sync/monitor.h"

#include "sync/deadline.h"
#include "sync/lock.h"

void monitor_open(struct monitor *monitor)
{
    *monitor = (struct monitor)MONITOR_INIT;
}

void monitor_lock(struct monitor *monitor)
{
    lock_acquire(&monitor->lock);
}

void monitor_unlock(struct monitor *monitor)
{
    lock_release(&monitor->lock);
}

void monitor_wait(struct monitor *monitor)
{
    (void)condition_wait(&monitor->changed, &monitor->lock, DEADLINE_NONE);
}

enum sheaf_status monitor_wait_until(struct monitor *monitor, uint64_t deadline_ns)
{
    return condition_wait(&monitor->changed, &monitor->lock, deadline_ns);
}

void monitor_broadcast(struct monitor *monitor)
{
    condition_wake_all(&monitor->changed);
}

void monitor_close(struct monitor *monitor)
{
    condition_close(&monitor->changed);
    lock_close(&monitor->lock);
}
