/* sync/park.h - sleeping until a 32-bit word changes, and waking whoever sleeps on it.
 *
 * Two twins do the same: `futex` (Linux) and `bucket` (POSIX threads only). Both are always
 * compiled where they can be, and both are tested; the build chooses one for the library. A word
 * is named by its address alone: waking never reads it, so that its memory may be gone. */
#ifndef SYNC_PARK_H
#define SYNC_PARK_H

#include "sheaf/error.h"

#include <stdatomic.h>
#include <stdint.h>

struct park_ops {
    const char *name;
    /* Sleeps while *word == expected until woken or until the deadline (DEADLINE_NONE: none). May
     * return early: the caller looks at its predicate again. Gives SHEAF_OK or SHEAF_TIMEOUT. */
    enum sheaf_status (*wait)(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);
    /* Wakes everybody who sleeps on this address; the caller has changed the word before. Never
     * touches the word. */
    void (*wake_all)(_Atomic uint32_t *word);
    /* As wake_all, but wakes at least one of them, and may leave the others asleep. */
    void (*wake_one)(_Atomic uint32_t *word);
};

#ifdef __linux__
extern const struct park_ops park_futex;
#endif
extern const struct park_ops park_bucket;

/* The twin that this build uses. */
#if defined(__linux__) && !defined(SHEAF_WAITGROUP_BUCKETS)
#define PARK_DEFAULT park_futex
#else
#define PARK_DEFAULT park_bucket
#endif

#endif
