/* io/chunk_window.h - which chunks are finished: the longest finished beginning, and so what may be
 * claimed. Guarded by its owner's monitor; only the admission may be asked without it. */
#ifndef IO_CHUNK_WINDOW_H
#define IO_CHUNK_WINDOW_H

#include "base/chunk.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct chunk_window {
    _Atomic uint64_t prefix;         /* chunks 0 … prefix - 1 are finished */
    bool finished[2 * CHUNK_WINDOW]; /* of the chunks prefix … prefix + CHUNK_WINDOW */
};

/* True when chunk `number` may be claimed. */
static inline bool chunk_window_admits(struct chunk_window *window, uint64_t number)
{
    return number <= atomic_load(&window->prefix) + CHUNK_WINDOW;
}

/* Marks a claimed chunk as finished; true when `prefix` has moved. With the monitor held. */
bool chunk_window_finish_locked(struct chunk_window *window, uint64_t number);

#endif
