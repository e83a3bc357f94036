/* bench_child.h - runs the program as a child, once, and measures it. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench_progress.h"
#include "bench_reference.h"

#include "sheaf/cancel.h"
#include "sheaf/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the runs read as their standard input. */
enum bench_input {
    BENCH_INPUT_AGAIN,   /* the file that is ours, from the place where it stands now */
    BENCH_INPUT_OURS,    /* the same, where that has no meaning: the null device */
    BENCH_INPUT_REFUSED, /* a pipe or a terminal, which only one run could read: reading it fails */
};

/* What all runs have in common. */
struct bench_child {
    enum bench_input input;
    off_t input_at;
    struct bench_reference reference;
    struct bench_progress progress;
    const struct sheaf_cancel *cancel; /* NULL: cannot be stopped */
};

/* How a run went. */
struct bench_run {
    int exit_status; /* -1: ended by `signal` */
    int signal;
    double seconds;     /* from its start until it was gone */
    double cpu_seconds; /* of all its threads, in user and in system mode */
    uint64_t peak_bytes;
    char *errors; /* what it wrote to standard error, terminated; NULL: nothing */
    size_t errors_length;
};

/* Finds out what our standard input is, and makes the reference. Owned by the caller. Fails with
 * SHEAF_SYSTEM. */
enum sheaf_status bench_child_open(struct bench_child *out, struct sheaf_error *error);

/* Runs the program with these words, of which the first is its name, and compares what it prints.
 * `out` is filled also on failure, and is owned by the caller: bench_run_close. Fails with
 * SHEAF_SYSTEM; SHEAF_STOPPED: the token was set, and the child has been ended. That the child
 * failed is no failure of this call. */
enum sheaf_status bench_child_run(struct bench_child *child, char *const *words,
                                  struct bench_run *out, struct sheaf_error *error);

/* Takes one that was not opened, if the file of its reference is -1. */
void bench_child_close(struct bench_child *child);

/* Reads what --timings=json said. False when it said nothing. */
bool bench_run_timings(const struct bench_run *run, uint64_t *rows, uint64_t *bytes);

/* Passes on, to our standard error, what the run wrote to its own, but for its timings. Gives how
 * many bytes that were. */
size_t bench_run_pass_on(const struct bench_run *run);

/* Frees what the run holds. */
void bench_run_close(struct bench_run *run);

#endif
