/* The wait group over futexes.
 *
 * code: lib/sync/waitgroup.c lib/sync/park_futex.c
 * compile: -O2 -DSAFETY
 * run: -m100000
 *
 * A futex is modelled as the kernel does it: comparing and going to sleep is one step against
 * waking; a sleeper may wake for no reason, or by its deadline; waking goes by address and does not
 * touch the word. */

inline park_wait(expected, timed)
{
    if :: d_step { lower != expected; touch(); reason = CHANGED } :: d_step { lower == expected; touch(); asleep[_pid] = true }; be_woken(timed) fi; /* @futex_wait */
}

inline park_wake_all()
{
    d_step { asleep[1] = false; asleep[2] = false; }; /* @futex_wake */
}

#include "waitgroup.inc"
