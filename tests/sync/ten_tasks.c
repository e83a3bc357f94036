/* Makes a pool, does ten tasks, and ends: "close" closes all, "leave" just returns from main while
 * the threads wait for more. scripts/check-stress runs it hundreds of times under the thread
 * sanitizer: start and end are where pools go wrong. Public headers only. */
#include <sheaf/group.h>
#include <sheaf/pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 10, THREADS = 4 };

/* Plain: only the wait makes what tasks write visible. Not on the stack: clang 14's thread
 * sanitizer overlooks elements of arrays there. */
static unsigned numbers[TASKS];

static enum sheaf_status square(void *argument, struct sheaf_error *error)
{
    (void)error;
    unsigned *number = argument;
    *number *= *number;
    return SHEAF_OK;
}

static enum sheaf_status do_tasks(struct sheaf_group *group, unsigned *sum,
                                  struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    for (unsigned i = 0; i < TASKS && status == SHEAF_OK; i++) {
        numbers[i] = i + 1;
        status = sheaf_group_go(group, square, &numbers[i], "square", error);
    }
    /* After a failure too: some tasks may have been handed out. */
    const enum sheaf_status waited = sheaf_group_wait(group, status == SHEAF_OK ? error : NULL);
    if (status == SHEAF_OK)
        status = waited;
    *sum = 0;
    for (unsigned i = 0; i < TASKS && status == SHEAF_OK; i++)
        *sum += numbers[i];
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "close") != 0 && strcmp(argv[1], "leave") != 0)) {
        (void)fputs("usage: ten_tasks close|leave\n", stderr);
        return 2;
    }
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;
    unsigned sum = 0;
    enum sheaf_status status = sheaf_pool_open(THREADS, TASKS / 2, &pool, &error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool, NULL, &group, &error);
    if (status == SHEAF_OK)
        status = do_tasks(group, &sum, &error);
    if (strcmp(argv[1], "close") == 0) {
        sheaf_group_close(group);
        sheaf_pool_close(pool);
    }
    if (status != SHEAF_OK)
        (void)fprintf(stderr, "ten_tasks: %s\n", error.text);
    else if (printf("%d tasks, sum of squares %u\n", TASKS, sum) < 0)
        return EXIT_FAILURE;
    return status == SHEAF_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
