/* The wait group over buckets.
 *
 * code: lib/sync/waitgroup.c lib/sync/park_bucket.c
 * compile: -O2 -DSAFETY
 * run: -m100000
 *
 * One bucket: a mutex with a condition, static, so that it outlives the wait group. Going to sleep
 * gives up the mutex in the same step; a sleeper may wake for no reason (words that share the
 * bucket wake each other), or by its deadline, and takes the mutex before it goes on. */

#define NOBODY 255
byte holder = NOBODY; /* of the mutex, by process */

inline bucket_unlock()
{
    atomic { assert(holder == _pid); holder = NOBODY; }; /* @bucket_unlock */
}

inline park_wait(expected, timed)
{
    d_step { holder == NOBODY; holder = _pid; }; /* @bucket_lock */
    d_step { assert(holder == _pid); touch(); reason = (lower == expected -> NOT_SLEPT : CHANGED); }; /* @bucket_compare */
    if
    :: reason == NOT_SLEPT ->
        if :: d_step { assert(holder == _pid); holder = NOBODY; asleep[_pid] = true }; be_woken(timed); atomic { holder == NOBODY; holder = _pid } fi; /* @bucket_wait */
    :: else
    fi;
    bucket_unlock()
}

inline park_wake_all()
{
    d_step { holder == NOBODY; holder = _pid; }; /* @bucket_lock */
    d_step { assert(holder == _pid); asleep[1] = false; asleep[2] = false; }; /* @bucket_wake */
    bucket_unlock()
}

#include "waitgroup.inc"
