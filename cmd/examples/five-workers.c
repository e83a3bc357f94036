/* five-workers - starts five workers, waits for all of them, then uses what they found.
 *
 * A group is a wait group over a pool: handing out a task adds to the count first, the end of the
 * task takes it off again, and the wait returns when nothing is left. What the tasks wrote is then
 * there to be read, without any lock. */
#include "sheaf/group.h"
#include "sheaf/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 5, NUMBERS = 1000 };

struct worker {
    unsigned number;
    uint64_t sum;
};

/* Adds up its share of the numbers from 1 to WORKERS * NUMBERS. */
static enum sheaf_status work(void *argument, struct sheaf_error *error)
{
    struct worker *worker = argument;
    (void)error; /* nothing here can fail */
    const uint64_t first = (uint64_t)worker->number * NUMBERS + 1;
    for (uint64_t n = first; n < first + NUMBERS; n++)
        worker->sum += n;
    return SHEAF_OK;
}

static enum sheaf_status run(struct sheaf_group *group, struct worker workers[WORKERS],
                             struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < WORKERS && status == SHEAF_OK; i++) {
        workers[i] = (struct worker){.number = i};
        status = sheaf_group_go(group, work, &workers[i], "add up", error);
    }
    /* In any case: what was handed out has to end before its memory may go. */
    const enum sheaf_status waited = sheaf_group_wait(group, error);
    return waited != SHEAF_OK ? waited : status;
}

static void print(const struct worker workers[WORKERS])
{
    uint64_t total = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
        printf("worker %u: %" PRIu64 "\n", i + 1, workers[i].sum);
        total += workers[i].sum;
    }
    printf("all five: %" PRIu64 "\n", total);
}

int main(void)
{
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;
    struct worker workers[WORKERS];

    enum sheaf_status status = sheaf_pool_open(WORKERS, WORKERS, &pool, &error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool, NULL, &group, &error);
    if (status == SHEAF_OK)
        status = run(group, workers, &error);
    if (status == SHEAF_OK)
        print(workers);
    else
        fprintf(stderr, "five-workers: %s\n", error.text);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    return status == SHEAF_OK && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
