/* sheaf/waitgroup.h - waits until a number of pieces of work are done.
 *
 *     struct sheaf_waitgroup group = SHEAF_WAITGROUP_INIT;
 *     sheaf_waitgroup_add(&group, 2);      // before the work is handed out
 *     ... two threads, each ends with sheaf_waitgroup_done(&group) ...
 *     sheaf_waitgroup_wait(&group);        // returns once the count is zero
 *
 * Whatever a thread did before its done is visible to whoever returns from wait. The group may be
 * used again at once. Its memory may be freed as soon as the one call of wait, wait_until or
 * try_wait that is under way has said that the count is zero: the done that reached zero touches
 * the memory no more. With several waiters, after all of them have returned.
 *
 * Misuse, a bug of the program, goes to the misuse handler below:
 *   always found     a count below zero; a count above 2^31 - 1; destroying a group whose count is
 *                    not zero, or on which somebody waits
 *   found if it hits an add that lands after the count reached zero and before the waiters were
 *                    released: the add came too late
 *   never found      an add that comes after the wait has returned, typically inside the work
 *                    itself: add before handing out. sheaf_group_go does.
 * An add of a next round is no misuse as soon as one wait for the round before has returned, even
 * while other waiters are still on their way out. */
#ifndef SHEAF_WAITGROUP_H
#define SHEAF_WAITGROUP_H

#include "sheaf/error.h"

#include <stdatomic.h>
#include <stdint.h>

/* The members are private. All-zero is a valid group of count zero. It must not be copied. */
struct sheaf_waitgroup {
    union {
        _Atomic uint64_t word;
        _Atomic uint32_t half[2]; /* one of them is what waiters sleep on */
    } state;
    _Atomic uint32_t waiting; /* calls that sleep, for destroy */
    uint32_t reserved;
};
#define SHEAF_WAITGROUP_INIT                                                                       \
    {                                                                                              \
        .state = {.word = 0 }                                                                      \
    }

_Static_assert(sizeof(struct sheaf_waitgroup) == 16, "a wait group is 16 bytes");

/* These two are a few instructions: the detour by the procedure linkage table would be a good part
 * of the price of a call. */
#ifdef __has_attribute
#if __has_attribute(noplt)
#define SHEAF_NO_PLT __attribute__((noplt))
#endif
#endif
#ifndef SHEAF_NO_PLT
#define SHEAF_NO_PLT
#endif

/* Changes the count by `delta`; a negative one is that many times done. Wakes the waiters when
 * the count gets to zero. Below zero or above 2^31 - 1: misuse, and the count stays. While
 * a misuse is being undone others may see the wrong count. Any thread. */
SHEAF_API SHEAF_NO_PLT void sheaf_waitgroup_add(struct sheaf_waitgroup *group, int32_t delta);

/* One piece of work is done: takes one from the count. Any thread. */
SHEAF_API SHEAF_NO_PLT void sheaf_waitgroup_done(struct sheaf_waitgroup *group);

/* Blocks until the count is zero. Any number of threads at once. */
SHEAF_API void sheaf_waitgroup_wait(struct sheaf_waitgroup *group);

/* As wait, until `deadline_ns` of CLOCK_MONOTONIC (UINT64_MAX: no deadline). Gives SHEAF_OK, also
 * when the deadline has passed but a wait would return at once; else SHEAF_TIMEOUT. Any thread. */
SHEAF_API enum sheaf_status sheaf_waitgroup_wait_until(struct sheaf_waitgroup *group,
                                                       uint64_t deadline_ns);

/* Gives SHEAF_OK when a wait would return at once, else SHEAF_BUSY: the count is not zero, or it is
 * and the done that brought it there is still releasing the waiters. Never blocks. Any thread. */
SHEAF_API enum sheaf_status sheaf_waitgroup_try_wait(const struct sheaf_waitgroup *group);

/* The count of this moment, for reports and tests; not a licence to free. Any thread. */
SHEAF_API int32_t sheaf_waitgroup_count(const struct sheaf_waitgroup *group);

/* Checks that the count is zero and nobody waits: else misuse. Frees nothing, so a group may
 * also just be forgotten; who calls this finds bugs. Nobody may use the group meanwhile. */
SHEAF_API void sheaf_waitgroup_destroy(struct sheaf_waitgroup *group);

/* Told about a misuse: the public call, what is wrong with it, and the value (a count, mostly).
 * May be called by any thread that misuses, at any time. If it returns, the call that was misused
 * has had no effect. */
typedef void sheaf_misuse_function(const char *call, const char *what, int64_t value);

/* Sets the handler of the process and gives the one before. NULL stands for the default, which
 * prints one line to standard error and aborts. Any thread. */
SHEAF_API sheaf_misuse_function *sheaf_misuse_handle(sheaf_misuse_function *handler);

#endif
