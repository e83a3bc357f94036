#include "contest.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_THREADS = 256,
    CACHE_LINE = 64,
    FALL_ASLEEP_NS = 200000, /* some times what a thread needs to begin its wait and sleep */
};

static void must(const char *what, int error)
{
    if (error == 0)
        return;
    (void)fprintf(stderr, "contest: %s: %s\n", what, strerror(error));
    exit(EXIT_FAILURE);
}

uint64_t contest_now(void)
{
    struct timespec now;
    must("clock_gettime", clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? 0 : errno);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void contest_put(const struct contest *self, uint64_t nanoseconds)
{
    (void)printf("%s %.3f\n", self->name, (double)nanoseconds / (double)self->count);
}

void contest_check(const char *what, uint64_t is, uint64_t should)
{
    if (is == should)
        return;
    (void)fprintf(stderr, "contest: %s: %" PRIu64 " instead of %" PRIu64 "\n", what, is, should);
    exit(EXIT_FAILURE);
}

/* --- Threads ------------------------------------------------------------------------------ */

struct runner {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*body)(void *context, unsigned index);
    void *context;
    unsigned index;
    uint64_t began, ended;
};

static void *run_one(void *argument)
{
    struct runner *runner = argument;
    (void)pthread_barrier_wait(runner->start);
    runner->began = contest_now();
    runner->body(runner->context, runner->index);
    runner->ended = contest_now();
    return NULL;
}

uint64_t contest_threads(unsigned threads, void (*body)(void *context, unsigned index),
                         void *context)
{
    static struct runner runners[MAX_THREADS];
    if (threads > MAX_THREADS)
        must("threads", EINVAL);
    pthread_barrier_t start;
    must("pthread_barrier_init", pthread_barrier_init(&start, NULL, threads));
    for (unsigned i = 0; i < threads; i++) {
        struct runner *runner = &runners[i];
        *runner = (struct runner){.start = &start, .body = body, .context = context, .index = i};
        must("pthread_create", pthread_create(&runner->thread, NULL, run_one, runner));
    }
    uint64_t began = UINT64_MAX;
    uint64_t ended = 0;
    for (unsigned i = 0; i < threads; i++) {
        must("pthread_join", pthread_join(runners[i].thread, NULL));
        began = runners[i].began < began ? runners[i].began : began;
        ended = runners[i].ended > ended ? runners[i].ended : ended;
    }
    must("pthread_barrier_destroy", pthread_barrier_destroy(&start));
    return ended - began;
}

/* --- What was done ------------------------------------------------------------------------ */

void contest_tally_add(struct contest_tally *tally, uint64_t items, uint64_t sum)
{
    (void)atomic_fetch_add(&tally->items, items);
    (void)atomic_fetch_add(&tally->sum, sum);
}

void contest_tally_check(struct contest_tally *tally, uint64_t count, unsigned stages)
{
    uint64_t sum = count * (count + 1) / 2;
    for (unsigned i = 0; i < stages; i++)
        sum = 2 * sum + count; /* contest_stage of every value */
    contest_check("items received", atomic_load(&tally->items), count);
    contest_check("sum of the items", atomic_load(&tally->sum), sum);
}

_Thread_local _Atomic uint64_t *contest_ticks;

static struct {
    _Alignas(CACHE_LINE) _Atomic uint64_t ticks;
} counters[MAX_THREADS];
static atomic_uint counters_used;

void contest_ticks_open(void)
{
    const unsigned number = atomic_fetch_add(&counters_used, 1);
    if (number >= MAX_THREADS)
        must("threads that run tasks", ERANGE);
    contest_ticks = &counters[number].ticks;
}

uint64_t contest_ticks_sum(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < MAX_THREADS; i++)
        sum += atomic_load(&counters[i].ticks);
    return sum;
}

/* --- Wake-up ------------------------------------------------------------------------------ */

struct wake {
    const struct contest_gate *gate;
    uint64_t rounds;
    uint64_t *latencies;
    uint64_t done_at; /* written before the done, read after the wait */
    sem_t armed, taken;
};

static void *wait_rounds(void *argument)
{
    struct wake *wake = argument;
    for (uint64_t i = 0; i < wake->rounds; i++) {
        must("sem_wait", sem_wait(&wake->armed) == 0 ? 0 : errno);
        wake->gate->wait();
        wake->latencies[i] = contest_now() - wake->done_at;
        must("sem_post", sem_post(&wake->taken) == 0 ? 0 : errno);
    }
    return NULL;
}

static void do_rounds(struct wake *wake)
{
    const struct timespec pause = {.tv_nsec = FALL_ASLEEP_NS};
    for (uint64_t i = 0; i < wake->rounds; i++) {
        wake->gate->arm();
        must("sem_post", sem_post(&wake->armed) == 0 ? 0 : errno);
        must("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL));
        wake->done_at = contest_now();
        wake->gate->done();
        must("sem_wait", sem_wait(&wake->taken) == 0 ? 0 : errno);
    }
}

static int compare_numbers(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void contest_wake(const struct contest *self, const struct contest_gate *gate)
{
    struct wake wake = {.gate = gate, .rounds = self->count};
    wake.latencies = calloc(self->count, sizeof *wake.latencies);
    must("calloc", wake.latencies != NULL ? 0 : ENOMEM);
    must("sem_init", sem_init(&wake.armed, 0, 0) == 0 ? 0 : errno);
    must("sem_init", sem_init(&wake.taken, 0, 0) == 0 ? 0 : errno);
    pthread_t waiter;
    must("pthread_create", pthread_create(&waiter, NULL, wait_rounds, &wake));
    do_rounds(&wake);
    must("pthread_join", pthread_join(waiter, NULL));
    qsort(wake.latencies, self->count, sizeof *wake.latencies, compare_numbers);
    (void)printf("%s-median %" PRIu64 "\n", self->name, wake.latencies[self->count / 2]);
    (void)printf("%s-p99 %" PRIu64 "\n", self->name, wake.latencies[self->count * 99 / 100]);
    (void)sem_destroy(&wake.armed);
    (void)sem_destroy(&wake.taken);
    free(wake.latencies);
}

/* --- The program -------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= 1 && *number <= most;
}

static int list(void)
{
    for (const struct contest *row = contests; row->name != NULL; row++)
        (void)puts(row->name);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    uint64_t count = 0;
    uint64_t processors = 0;
    if (argc != 4 || !read_number(argv[2], UINT32_MAX, &count) ||
        !read_number(argv[3], MAX_THREADS - 1, &processors)) {
        (void)fputs("usage: PROGRAM list | PROGRAM NAME COUNT PROCESSORS\n", stderr);
        return 2;
    }
    for (const struct contest *row = contests; row->name != NULL; row++) {
        if (strcmp(row->name, argv[1]) != 0)
            continue;
        struct contest self = *row;
        self.count = count;
        self.threads = row->threads != 0 ? row->threads : (unsigned)processors;
        self.run(&self);
        return EXIT_SUCCESS;
    }
    (void)fprintf(stderr, "contest: no row %s\n", argv[1]);
    return 2;
}
