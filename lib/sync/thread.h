/* sync/thread.h - named threads. */
#ifndef SYNC_THREAD_H
#define SYNC_THREAD_H

#include "sheaf/error.h"

#include <pthread.h>
#include <stdint.h>

/* What a thread runs. */
typedef void thread_function(void *argument);

enum { THREAD_NAME_SIZE = 16 }; /* what Linux keeps, the end included */

/* The members are private. Stays where it is from start to join. */
struct thread {
    pthread_t handle;
    thread_function *function;
    void *argument;
    char name[THREAD_NAME_SIZE];
};

/* Starts function(argument) on a new thread, named `name` (cut to 15 bytes) for debuggers. The
 * new thread leaves the signals that are meant for the process (SIGINT, SIGTERM …) to the
 * threads of the program. Fails with SHEAF_SYSTEM; then there is nothing to join. */
enum sheaf_status thread_start(struct thread *thread, thread_function *function, void *argument,
                               const char *name, struct sheaf_error *error);

/* Waits for the function's return. Once for each start; not by the thread itself. */
void thread_join(struct thread *thread);

/* The system's number of the calling thread, as tools show it. */
uint64_t thread_id(void);

#ifdef SHEAF_TESTING
/* The next `successes` starts work, all later ones fail; UINT64_MAX: none fails. */
void thread_fail_after(uint64_t successes);
/* The next `successes` starts work, the one after them fails, all later ones work. */
void thread_fail_once_after(uint64_t successes);
/* How many starts have failed since one of these two was called. */
uint64_t thread_failures(void);
/* Threads that were started and have not been joined. */
int64_t thread_live(void);
#endif

#endif
