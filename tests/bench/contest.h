/* bench/contest.h - what the contestants of scripts/bench-sync share.
 *
 * A contestant is a program: one file that does the rows of the contest with one library, as its
 * users would write them, and contest.c, which has main:
 *
 *     PROGRAM list                    prints the names of its rows
 *     PROGRAM NAME COUNT PROCESSORS   does a row once, prints "NAME NANOSECONDS"
 *
 * Every row checks that its work was done; if not, the program says so and ends with status 1.
 * Nothing here is measured but contest_tick, which every library's tasks call. */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTEST_CAPACITY = 1024, CONTEST_BATCH = 64 };

/* A row. The contestant's table gives the name and the functions; main fills in the count, and
 * the processors where the table leaves `threads` 0. */
struct contest {
    const char *name;
    void (*run)(const struct contest *self);
    unsigned threads;   /* of a pool; that add and done; senders of a channel */
    unsigned receivers; /* of a channel */
    uint64_t count;     /* operations of all threads together; rounds of a wake-up */
};

/* The contestant's rows. The last one has no name. */
extern const struct contest contests[];

/* Nanoseconds of CLOCK_MONOTONIC. Any thread. */
uint64_t contest_now(void);

/* Prints the figure of a row: the nanoseconds that each of its operations took. */
void contest_put(const struct contest *self, uint64_t nanoseconds);

/* Ends the program with status 1 unless `is` equals `should`. Any thread. */
void contest_check(const char *what, uint64_t is, uint64_t should);

/* Runs body(context, index) on `threads` threads of its own, index from 0. They start together;
 * their start-up is not measured. Gives the nanoseconds from the first one's begin to the last
 * one's end. */
uint64_t contest_threads(unsigned threads, void (*body)(void *context, unsigned index),
                         void *context);

/* What went through a channel: the values 1 to count, each once. */
struct contest_tally {
    _Atomic uint64_t items;
    _Atomic uint64_t sum;
};

/* Adds what one receiver has got. Any thread. */
void contest_tally_add(struct contest_tally *tally, uint64_t items, uint64_t sum);

/* Ends the program with status 1 unless every value from 1 to `count` came, changed by the middle
 * stages to twice its value and one `stages` times. */
void contest_tally_check(struct contest_tally *tally, uint64_t count, unsigned stages);

/* What a middle stage of a pipeline makes of a value. */
static inline uint64_t contest_stage(uint64_t value)
{
    return 2 * value + 1;
}

/* Something that can be waited for until it is done. */
struct contest_gate {
    void (*arm)(void); /* one piece of work is to be done */
    void (*done)(void);
    void (*wait)(void);
};

/* Measures, self->count times, how long after the last done the waiter returns: a thread waits, and
 * this one, which has slept until that one surely sleeps, does the done. Prints the median and the
 * 99th percentile as NAME-median and NAME-p99. */
void contest_wake(const struct contest *self, const struct contest_gate *gate);

/* The counter of this thread; NULL before its first tick. */
extern _Thread_local _Atomic uint64_t *contest_ticks;

/* Gives this thread a counter of its own. */
void contest_ticks_open(void);

/* What a task does, so that it can be seen that it was run: counts, per thread. */
static inline void contest_tick(void)
{
    if (contest_ticks == NULL)
        contest_ticks_open();
    const uint64_t ticks = atomic_load_explicit(contest_ticks, memory_order_relaxed);
    atomic_store_explicit(contest_ticks, ticks + 1, memory_order_relaxed);
}

/* The ticks of all threads. The tasks are done. */
uint64_t contest_ticks_sum(void);

#endif
