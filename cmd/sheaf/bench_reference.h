/* bench_reference.h - what the first run printed, to which the output of every other is compared.
 *
 * The bytes are kept in a file without a name, so that bench itself stays small: the peak memory
 * that the system reports for a child is never below what its parent held. */
#ifndef BENCH_REFERENCE_H
#define BENCH_REFERENCE_H

#include "sheaf/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_reference {
    int file;
    bool complete;       /* the first run is over */
    uint64_t length;     /* of its output */
    uint64_t at;         /* bytes that the present run has printed */
    bool differs;        /* they are not the first run's */
    uint64_t differs_at; /* from this byte on, counted from 0 */
};

/* Makes the file, in $TMPDIR or /tmp. Owned by the caller. Fails with SHEAF_SYSTEM. */
enum sheaf_status bench_reference_open(struct bench_reference *out, struct sheaf_error *error);

/* A run begins. */
void bench_reference_begin(struct bench_reference *reference);

/* Takes the next bytes that the run printed. Fails with SHEAF_SYSTEM. */
enum sheaf_status bench_reference_take(struct bench_reference *reference, const char *bytes,
                                       size_t length, struct sheaf_error *error);

/* The run printed all that it had to. From then on `differs` tells. */
void bench_reference_end(struct bench_reference *reference);

/* Takes one that was not opened, if its file is -1. */
void bench_reference_close(struct bench_reference *reference);

#endif
