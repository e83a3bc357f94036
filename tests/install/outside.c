/* A program outside the tree: tasks of a pool send squares through a channel, a wait group says
 * when all is sent. Prints their sum; scripts/check-install computes it too.
 *
 *     outside TASKS NUMBERS */
#include <sheaf/channel.h>
#include <sheaf/group.h>
#include <sheaf/pool.h>
#include <sheaf/waitgroup.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 3, ROOM = 4 };

struct share {
    uint64_t first, last;
    struct sheaf_channel *squares;
    struct sheaf_waitgroup *senders;
};

static enum sheaf_status send_squares(void *argument, struct sheaf_error *error)
{
    const struct share *share = argument;
    enum sheaf_status status = SHEAF_OK;
    (void)error; /* the channel stays open, so nothing fails */
    for (uint64_t n = share->first; status == SHEAF_OK && n <= share->last; n++) {
        const uint64_t square = n * n;
        status = sheaf_channel_send(share->squares, &square);
    }
    sheaf_waitgroup_done(share->senders);
    return status;
}

static int fail(const char *what)
{
    fprintf(stderr, "outside: %s\n", what);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return fail("give the number of tasks and of numbers for each");
    const uint64_t tasks = strtoull(argv[1], NULL, 10);
    const uint64_t numbers = strtoull(argv[2], NULL, 10);
    struct sheaf_waitgroup senders = SHEAF_WAITGROUP_INIT;
    struct share *shares = calloc(tasks, sizeof *shares);
    struct sheaf_channel *squares = NULL;
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;
    struct sheaf_error error;
    if (shares == NULL)
        return fail("out of memory");
    if (sheaf_channel_open(ROOM, sizeof(uint64_t), NULL, &squares, &error) != SHEAF_OK ||
        sheaf_pool_open(THREADS, tasks, &pool, &error) != SHEAF_OK ||
        sheaf_group_open(pool, NULL, &group, &error) != SHEAF_OK)
        return fail(error.text);

    sheaf_waitgroup_add(&senders, (int32_t)tasks);
    for (uint64_t i = 0; i < tasks; i++) {
        shares[i] = (struct share){i * numbers + 1, (i + 1) * numbers, squares, &senders};
        if (sheaf_group_go(group, send_squares, &shares[i], "squares", &error) != SHEAF_OK)
            return fail(error.text);
    }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < tasks * numbers; i++) {
        uint64_t square;
        if (sheaf_channel_recv(squares, &square) != SHEAF_OK)
            return fail("a square is missing");
        sum += square;
    }
    sheaf_waitgroup_wait(&senders);
    sheaf_channel_close(squares);
    if (sheaf_channel_recv(squares, &sum) != SHEAF_END)
        return fail("there is a square too many");
    if (sheaf_group_wait(group, &error) != SHEAF_OK)
        return fail(error.text);
    printf("%" PRIu64 "\n", sum);

    sheaf_waitgroup_destroy(&senders);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    sheaf_channel_destroy(squares);
    free(shares);
    return EXIT_SUCCESS;
}
