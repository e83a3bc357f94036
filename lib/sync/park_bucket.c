/* The portable twin of parking: a static table of monitors, chosen by the address of the word.
 *
 * A bucket guards no data of its own: holding it makes "look at the word, then sleep" one step
 * against "change the word, then broadcast". Words that share a bucket wake each other early.
 * The table is one of the library's few globals: it is what makes waking possible by address
 * alone, after the memory of the word is gone. Rank: leaf, nothing is locked inside. */
#include "sync/park.h"

#include "sync/deadline.h"
#include "sync/monitor.h"
#include "sync/processor.h"
#include "sync/step.h"

#include <stddef.h>

enum { BUCKET_COUNT = 64 };

struct bucket {
    _Alignas(CACHE_LINE) struct monitor monitor;
};

#define BUCKET_INIT                                                                                \
    {                                                                                              \
        MONITOR_INIT                                                                               \
    }
#define BUCKET_INIT_4 BUCKET_INIT, BUCKET_INIT, BUCKET_INIT, BUCKET_INIT
#define BUCKET_INIT_16 BUCKET_INIT_4, BUCKET_INIT_4, BUCKET_INIT_4, BUCKET_INIT_4

static struct bucket buckets[BUCKET_COUNT] = {BUCKET_INIT_16, BUCKET_INIT_16, BUCKET_INIT_16,
                                              BUCKET_INIT_16};

static struct monitor *bucket_of(const _Atomic uint32_t *word)
{
    /* Fibonacci hashing (Knuth, TAOCP 6.4): the top bits of a multiple of 2^64 / phi. */
    const uint64_t hash = (uint64_t)(uintptr_t)word * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> 58].monitor;
}
_Static_assert(BUCKET_COUNT == 1 << (64 - 58), "the shift gives a number below BUCKET_COUNT");

static enum sheaf_status bucket_wait(_Atomic uint32_t *word, uint32_t expected,
                                     uint64_t deadline_ns)
{
    struct monitor *bucket = bucket_of(word);
    enum sheaf_status status = SHEAF_OK;
    STEP(bucket_lock);
    monitor_lock(bucket);
    STEP(bucket_compare);
    if (atomic_load_explicit(word, memory_order_relaxed) == expected) {
        STEP(bucket_wait);
        status = monitor_wait_until(bucket, deadline_ns);
    }
    STEP(bucket_unlock);
    monitor_unlock(bucket);
    return status;
}

static void bucket_wake_all(_Atomic uint32_t *word)
{
    struct monitor *bucket = bucket_of(word);
    STEP(bucket_lock);
    monitor_lock(bucket);
    STEP(bucket_wake);
    monitor_broadcast(bucket);
    STEP(bucket_unlock);
    monitor_unlock(bucket);
}

const struct park_ops park_bucket = {
    .name = "bucket",
    .wait = bucket_wait,
    .wake_all = bucket_wake_all,
    .wake_one = bucket_wake_all, /* a bucket's one condition serves many words */
};
