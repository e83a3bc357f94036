/* first-error - one of five workers fails; the others are cancelled, and main hears why.
 *
 * The group keeps the first error and sets its cancel token. A task that runs looks at the token
 * between two pieces of work; a task that has not begun by then never does. The wait returns the
 * error when all have ended, so nothing is left running behind main's back. */
#include "sheaf/group.h"
#include "sheaf/pool.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 5, DAMAGED_RECORD = 3000 };

struct worker {
    unsigned number;
    struct sheaf_cancel *cancel; /* the group's */
    bool ended;                  /* by itself, not by the token; nor was it never begun */
};

/* Checks records, so many that it would take centuries; but those of worker 1 are damaged. */
static enum sheaf_status check(void *argument, struct sheaf_error *error)
{
    struct worker *worker = argument;
    for (uint64_t record = 0; record < UINT64_MAX; record++) {
        if (sheaf_cancel_reason(worker->cancel) != 0)
            return SHEAF_OK; /* somebody else has failed, and has said so */
        if (worker->number == 1 && record == DAMAGED_RECORD) {
            *error = (struct sheaf_error){.status = SHEAF_DATA, .line = record};
            snprintf(error->text, sizeof error->text, "record %" PRIu64 " is damaged", record);
            worker->ended = true;
            return SHEAF_DATA;
        }
    }
    worker->ended = true;
    return SHEAF_OK;
}

static enum sheaf_status run(struct sheaf_group *group, struct sheaf_error *error)
{
    static const char *const names[WORKERS] = {"worker 1", "worker 2", "worker 3", "worker 4",
                                               "worker 5"};
    struct worker workers[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i] = (struct worker){.number = i + 1, .cancel = sheaf_group_cancel(group)};
    /* Once worker 1 has failed, the group refuses the rest. */
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < WORKERS && status == SHEAF_OK; i++)
        status = sheaf_group_go(group, check, &workers[i], names[i], error);
    const enum sheaf_status waited = sheaf_group_wait(group, error);

    unsigned stopped = 0;
    for (unsigned i = 0; i < WORKERS; i++)
        stopped += !workers[i].ended;
    printf("%u of %d workers stopped early\n", stopped, WORKERS);
    return waited != SHEAF_OK ? waited : status;
}

int main(void)
{
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;

    enum sheaf_status status = sheaf_pool_open(WORKERS, WORKERS, &pool, &error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool, NULL, &group, &error);
    if (status == SHEAF_OK)
        status = run(group, &error);
    if (status != SHEAF_OK) {
        const char *name = group != NULL ? sheaf_group_failed(group) : NULL;
        fprintf(stderr, "first-error: %s: %s\n", name != NULL ? name : "main", error.text);
    }
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    return status == SHEAF_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
