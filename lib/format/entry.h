/* format/entry.h - the entry state of every chunk, worked out by all workers together.
 *
 * A worker publishes its chunk's survey, folds the surveys before it back to the nearest chunk
 * whose inclusive state is known, and publishes its own inclusive state ("decoupled look-back":
 * Merrill, Garland, "Single-pass Parallel Prefix Scan with Decoupled Look-back", NVIDIA 2016). If a
 * survey is missing it waits on that chunk's word. Between claim and publication a worker blocks on
 * nothing but its own read, so the lowest unpublished chunk never waits: no deadlock.
 *
 * Records stand in a ring; the rule of base/chunk.h keeps every record that may still be read. Any
 * thread. */
#ifndef FORMAT_ENTRY_H
#define FORMAT_ENTRY_H

#include "base/chunk.h"
#include "base/executor.h"
#include "scan/survey.h"

struct entry_ring;

/* What is known where a chunk begins. */
struct entry_state {
    enum scan_state state;
    uint64_t lines;  /* line ends before it, in its file */
    bool last_is_cr; /* the byte before it is a CR (told with cr_ends only) */
};

/* The executor is borrowed. Owned by the caller. */
enum sheaf_status entry_ring_open(struct executor *executor, struct entry_ring **out,
                                  struct sheaf_error *error);

/* Publishes the survey of a claimed chunk and gives its entry state. `begin`: the state where the
 * chunk's file begins, used when chunk->first. SHEAF_STOPPED when a
 * chunk before it failed. Once for each claimed chunk, unless entry_ring_fail was called for it. */
enum sheaf_status entry_ring_settle(struct entry_ring *ring, const struct chunk *chunk,
                                    const struct scan_survey *survey,
                                    const struct entry_state *begin, struct entry_state *out,
                                    struct sheaf_error *error);

/* Publishes that a claimed chunk could not be surveyed: whoever needs it stops. */
void entry_ring_fail(struct entry_ring *ring, const struct chunk *chunk);

/* Takes NULL. */
void entry_ring_close(struct entry_ring *ring);

#endif
