/* The watchdog: waits in stretches, and looks at what runs when one of them saw no task end. */
#include "sheaf/watchdog.h"

#include "base/clock.h"
#include "base/error.h"
#include "sheaf/group.h"
#include "sync/deadline.h"
#include "sync/lock.h"
#include "sync/pool_inner.h"
#include "sync/step.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A report names no more tasks than anybody reads; so it needs no memory that could be refused. */
enum { REPORTED_TASKS = 64 };

/* What was seen at one moment. */
struct sighting {
    uint64_t now_ns;
    uint64_t last_ended_ns; /* to the coarse clock; 0: no task has ended yet */
    uint64_t queued;
    size_t count;
    struct sheaf_stuck_task tasks[REPORTED_TASKS];
};

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Puts a task where its running time ranks; the shortest falls out when there are too many. */
static void add_task(struct sighting *sighting, struct sheaf_stuck_task task)
{
    size_t at = sighting->count;
    if (at < REPORTED_TASKS)
        sighting->count++;
    else if (sighting->tasks[--at].running_ns >= task.running_ns)
        return;
    for (; at > 0 && sighting->tasks[at - 1].running_ns < task.running_ns; at--)
        sighting->tasks[at] = sighting->tasks[at - 1];
    sighting->tasks[at] = task;
}

/* Gives the moment at which the frame's last task ended, or a later one; 0: none has. */
static uint64_t last_end_locked(struct frame *frame)
{
    const uint64_t ended_ns = atomic_load_explicit(&frame->ended_ns, memory_order_relaxed);
    const uint64_t inside = atomic_load_explicit(&frame->inside, memory_order_acquire);
    if (inside != frame->seen_inside) {
        frame->seen_inside = inside;
        frame->seen_ns = clock_now(); /* in this order: not before they ended */
    }
    return latest(ended_ns, frame->seen_ns);
}

static void see_frame_locked(struct sighting *sighting, struct frame *frame)
{
    /* First, and pairing with the release of who counts: a task that is seen ended is not seen to
     * run as well, so that both together are not more than are unfinished. */
    const uint64_t ended = atomic_load_explicit(&frame->ended, memory_order_acquire);
    const uint64_t began_ns = atomic_load_explicit(&frame->began_ns, memory_order_relaxed);
    const char *name = atomic_load_explicit(&frame->name, memory_order_relaxed);
    sighting->queued -= ended;
    sighting->last_ended_ns = latest(sighting->last_ended_ns, last_end_locked(frame));
    if (began_ns == 0)
        return;
    sighting->queued--;
    add_task(sighting,
             (struct sheaf_stuck_task){
                 .name = name != NULL ? name : "",
                 .running_ns = sighting->now_ns > began_ns ? sighting->now_ns - began_ns : 0,
             });
}

static void look(struct sheaf_group *group, struct sighting *sighting)
{
    struct sheaf_pool *pool = group->pool;
    const uint64_t now = clock_now();
    STEP(watchdog_look);
    lock_acquire(&pool->lock);
    *sighting = (struct sighting){
        .now_ns = now, .last_ended_ns = group->ended_ns, .queued = group->unfinished};
    for (unsigned i = 0; i < pool->threads; i++) {
        for (struct frame *frame = pool->workers[i].innermost; frame; frame = frame->outer) {
            if (frame->group == group)
                see_frame_locked(sighting, frame);
        }
    }
    lock_release(&pool->lock);
}

__attribute__((format(printf, 3, 4))) static void append(struct sheaf_error *error, size_t *length,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int added =
        vsnprintf(error->text + *length, sizeof error->text - *length, format, arguments);
    va_end(arguments);
    if (added > 0)
        *length += (size_t)added;
    if (*length >= sizeof error->text)
        *length = sizeof error->text - 1; /* cut, as all texts that are too long */
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

/* Gives up the wait: says what it was stuck on. */
static enum sheaf_status name_tasks(const struct sheaf_stuck *stuck, struct sheaf_error *error)
{
    (void)error_set(error, SHEAF_TIMEOUT, "no task ended for %.1f s", seconds(stuck->quiet_ns));
    if (error == NULL)
        return SHEAF_TIMEOUT;
    size_t length = strlen(error->text);
    for (size_t i = 0; i < stuck->count; i++) {
        const struct sheaf_stuck_task *task = &stuck->tasks[i];
        char name[ERROR_NAME_SIZE];
        append(error, &length, "%s", i == 0 ? "; running: " : ", ");
        if (task->name[0] != '\0')
            append(error, &length, "\"%s\"", error_name(name, task->name, strlen(task->name)));
        else
            append(error, &length, "a task without a name");
        append(error, &length, " for %.1f s", seconds(task->running_ns));
    }
    append(error, &length, "; %" PRIu64 " waiting", stuck->queued);
    return SHEAF_TIMEOUT;
}

static enum sheaf_watchdog_answer ask(const struct sheaf_watchdog *watchdog,
                                      const struct sheaf_stuck *stuck)
{
    return watchdog->function == NULL ? SHEAF_WATCHDOG_FAIL
                                      : watchdog->function(watchdog->argument, stuck);
}

static uint64_t later(uint64_t moment, uint64_t span)
{
    return moment < DEADLINE_NONE - span ? moment + span : DEADLINE_NONE;
}

enum sheaf_status sheaf_group_wait_watched(struct sheaf_group *group,
                                           const struct sheaf_watchdog *watchdog,
                                           struct sheaf_error *error)
{
    if (group_awaits_itself(group))
        return group_refuse_own_wait(error);
    const uint64_t lag = pool_coarse_lag();
    const uint64_t began = clock_now();
    uint64_t told = began;
    uint64_t look_at = later(began, watchdog->quiet_ns);
    while (group_await(group, look_at) != SHEAF_OK) {
        struct sighting sighting;
        look(group, &sighting);
        /* The task may have ended that much later than the coarse clock said. */
        const uint64_t quiet_since = latest(began, sighting.last_ended_ns + lag);
        look_at = later(latest(quiet_since, told), watchdog->quiet_ns);
        if (sighting.now_ns < look_at)
            continue; /* some task has ended */
        const struct sheaf_stuck stuck = {.quiet_ns = sighting.now_ns - quiet_since,
                                          .queued = sighting.queued,
                                          .count = sighting.count,
                                          .tasks = sighting.tasks};
        if (ask(watchdog, &stuck) == SHEAF_WATCHDOG_FAIL)
            return name_tasks(&stuck, error);
        told = clock_now();
        look_at = later(told, watchdog->quiet_ns);
    }
    return group_outcome(group, error);
}
