/* bench_progress.h - the line on the terminal that says what bench is running. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_progress {
    bool wanted; /* standard error is a terminal, and nobody asked for quiet */
    bool drawn;  /* a line stands there */
    bool due;    /* that of the present run does not, yet */
    uint64_t start_ns;
    char line[192];
};

/* The clock starts. */
void bench_progress_open(struct bench_progress *progress, const struct settings *settings);

/* A run begins, of which `text` says all. Shown once a second has passed since open. */
void bench_progress_begin(struct bench_progress *progress, const char *text);

/* Milliseconds until the line of this run is due; -1: never. */
int bench_progress_wait(const struct bench_progress *progress);

/* Shows the line if it is due. */
void bench_progress_tick(struct bench_progress *progress);

/* Clears the line. */
void bench_progress_close(struct bench_progress *progress);

#endif
