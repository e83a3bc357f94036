/* base/arena.h - memory that is given out piece by piece and freed all at once.
 *
 * One owner thread at a time. Blocks never move, so pointers stay valid until reset or close. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/memory.h"

struct arena_block;

/* All-zero is a valid empty arena without a budget. `what` and `column` name the state in a
 * SHEAF_LIMIT message; the pointers must outlive the arena. */
struct arena {
    struct arena_block *newest;
    struct memory_budget *budget;
    const char *what;
    const char *column;
};

/* Gives `size` bytes aligned to 16, uninitialised, or NULL with `error` filled: SHEAF_SYSTEM or
 * SHEAF_LIMIT. */
void *arena_alloc(struct arena *arena, size_t size, struct sheaf_error *error);

/* Gives a copy of `length` bytes, not aligned. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length, struct sheaf_error *error);

/* Forgets all pieces but keeps the largest block of ordinary size for reuse. */
void arena_reset(struct arena *arena);

/* Moves every block of `from` to `into` (both charge the same budget); `from` is empty after. */
void arena_adopt(struct arena *into, struct arena *from);

/* Frees everything and uncharges the budget. Takes an empty arena, also twice. */
void arena_close(struct arena *arena);

#endif
