/* stuck - one of three workers never finishes; the program says which, instead of hanging as well.
 *
 * A wait under a watchdog looks up when no task has ended for a while. It is told which tasks run,
 * and decides: to go on, or, as here, to fail. */
#include "sheaf/group.h"
#include "sheaf/pool.h"
#include "sheaf/watchdog.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 3, THREADS = 2, QUIET_NS = 500 * 1000 * 1000 };

static enum sheaf_status finish(void *argument, struct sheaf_error *error)
{
    const char *name = argument;
    (void)error;
    printf("%s finished\n", name);
    return SHEAF_OK;
}

/* Waits for an answer that nobody sends. */
static enum sheaf_status hang(void *argument, struct sheaf_error *error)
{
    (void)argument;
    (void)error;
    while (pause() == -1) /* until a signal's handler returns, and again */
        continue;
    return SHEAF_OK;
}

static enum sheaf_watchdog_answer report(void *argument, const struct sheaf_stuck *stuck)
{
    (void)argument;
    for (size_t i = 0; i < stuck->count; i++)
        printf("%s is stuck\n", stuck->tasks[i].name);
    return SHEAF_WATCHDOG_FAIL;
}

int main(void)
{
    static char names[WORKERS][16] = {"worker 1", "worker 2", "worker 3"};
    const struct sheaf_watchdog watchdog = {.quiet_ns = QUIET_NS, .function = report};
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;

    enum sheaf_status status = sheaf_pool_open(THREADS, WORKERS, &pool, &error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool, NULL, &group, &error);
    for (int i = 0; status == SHEAF_OK && i < WORKERS; i++)
        status = sheaf_group_go(group, i == 1 ? hang : finish, names[i], names[i], &error);
    if (status == SHEAF_OK)
        status = sheaf_group_wait_watched(group, &watchdog, &error);
    if (status != SHEAF_OK) {
        /* No close: it would wait for the worker, which the end of the process takes along. */
        fprintf(stderr, "stuck: %s\n", error.text);
        return EXIT_FAILURE;
    }
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    return EXIT_SUCCESS;
}
