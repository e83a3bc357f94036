/* sum-chunks - sums ten thousand numbers in chunks of a thousand, then the sums. Each chunk is a
 * task that writes to a place of its own, so that no lock is needed. */
#include "sheaf/group.h"
#include "sheaf/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNKS = 10, CHUNK = 1000, NUMBERS = CHUNKS * CHUNK, THREADS = 4 };

struct chunk {
    const uint32_t *numbers;
    uint64_t sum;
};

/* Lehmer's generator with the multiplier of Park, Miller and Stockmeyer (1993). */
static void generate(uint32_t numbers[NUMBERS])
{
    uint64_t state = 1;
    for (size_t i = 0; i < NUMBERS; i++) {
        state = state * 48271 % 2147483647;
        numbers[i] = (uint32_t)(state % 1000);
    }
}

static enum sheaf_status sum(void *argument, struct sheaf_error *error)
{
    struct chunk *chunk = argument;
    (void)error; /* nothing here can fail */
    for (size_t i = 0; i < CHUNK; i++)
        chunk->sum += chunk->numbers[i];
    return SHEAF_OK;
}

static enum sheaf_status run(struct sheaf_group *group, const uint32_t numbers[NUMBERS],
                             struct chunk chunks[CHUNKS], struct sheaf_error *error)
{
    enum sheaf_status status = SHEAF_OK;
    for (size_t i = 0; i < CHUNKS && status == SHEAF_OK; i++) {
        chunks[i].numbers = numbers + i * CHUNK;
        status = sheaf_group_go(group, sum, &chunks[i], "sum a chunk", error);
    }
    /* In any case: what was handed out has to end before its memory may go. */
    const enum sheaf_status waited = sheaf_group_wait(group, error);
    return waited != SHEAF_OK ? waited : status;
}

static void print(const struct chunk chunks[CHUNKS])
{
    uint64_t total = 0;
    for (size_t i = 0; i < CHUNKS; i++) {
        printf("chunk %zu: %" PRIu64 "\n", i + 1, chunks[i].sum);
        total += chunks[i].sum;
    }
    printf("total: %" PRIu64 "\n", total);
}

int main(void)
{
    uint32_t numbers[NUMBERS];
    struct chunk chunks[CHUNKS] = {0};
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_pool *pool = NULL;
    struct sheaf_group *group = NULL;
    generate(numbers);
    enum sheaf_status status = sheaf_pool_open(THREADS, CHUNKS, &pool, &error);
    if (status == SHEAF_OK)
        status = sheaf_group_open(pool, NULL, &group, &error);
    if (status == SHEAF_OK)
        status = run(group, numbers, chunks, &error);
    if (status == SHEAF_OK)
        print(chunks);
    else
        fprintf(stderr, "sum-chunks: %s\n", error.text);
    sheaf_group_close(group);
    sheaf_pool_close(pool);
    return status == SHEAF_OK && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
