/* job/timings.h - where the time of a run went. */
#ifndef JOB_TIMINGS_H
#define JOB_TIMINGS_H

#include <stdint.h>

/* One worker's share, in nanoseconds. */
struct worker_timings {
    uint64_t thread; /* the system's thread id; 0: the worker ran no chunk */
    uint64_t chunks;
    uint64_t bytes;
    uint64_t rows;
    uint64_t claim_ns; /* waiting for a chunk */
    uint64_t read_ns;
    uint64_t scan_ns;  /* text: finding rows and fields */
    uint64_t wait_ns;  /* waiting for the chunk's entry state */
    uint64_t parse_ns; /* making numbers and times of fields */
    uint64_t aggregate_ns;
};

/* The phases of a job; all but the run are serial. */
struct timings {
    uint64_t plan_ns;
    uint64_t run_ns;
    uint64_t merge_ns;
    uint64_t write_ns;
    struct worker_timings *workers;
    unsigned worker_count;
};

#endif
