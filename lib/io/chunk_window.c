#include "io/chunk_window.h"

#include <stddef.h>

bool chunk_window_finish_locked(struct chunk_window *window, uint64_t number)
{
    const size_t slots = sizeof window->finished;
    window->finished[number % slots] = true;
    uint64_t prefix = atomic_load(&window->prefix);
    const uint64_t before = prefix;
    while (window->finished[prefix % slots]) {
        window->finished[prefix % slots] = false;
        prefix++;
    }
    atomic_store(&window->prefix, prefix);
    return prefix != before;
}
