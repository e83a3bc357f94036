#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

enum { ARENA_ALIGNMENT = 16, ARENA_FIRST_BLOCK = 4 << 10, ARENA_LARGEST_STEP = 1 << 20 };

/* Pieces come from the newest block; older ones are full, or hold one large piece. */
struct arena_block {
    struct arena_block *older;
    size_t size; /* of bytes[] */
    size_t used;
    alignas(ARENA_ALIGNMENT) char bytes[];
};

/* The size of the next block: doubling up to a step, so that many pieces need few blocks. */
static size_t block_size(const struct arena *arena, size_t piece)
{
    size_t size = ARENA_FIRST_BLOCK;
    if (arena->newest != NULL)
        size = arena->newest->size >= ARENA_LARGEST_STEP ? ARENA_LARGEST_STEP
                                                         : 2 * arena->newest->size;
    return size < piece ? piece : size;
}

static enum sheaf_status arena_grow(struct arena *arena, size_t piece, struct sheaf_error *error)
{
    const size_t size = block_size(arena, piece);
    size_t total;
    if (!size_add(size, sizeof(struct arena_block), &total))
        return error_no_memory(error, arena->what != NULL ? arena->what : "arena");
    TRY(memory_charge(arena->budget, total, arena->what != NULL ? arena->what : "arena",
                      arena->column, error));
    struct arena_block *block = memory_alloc(total);
    if (block == NULL) {
        memory_uncharge(arena->budget, total);
        return error_no_memory(error, arena->what != NULL ? arena->what : "arena");
    }
    *block = (struct arena_block){.older = arena->newest, .size = size};
    arena->newest = block;
    return SHEAF_OK;
}

static char *arena_take(struct arena *arena, size_t size, size_t alignment,
                        struct sheaf_error *error)
{
    struct arena_block *block = arena->newest;
    size_t start = block == NULL ? 0 : (block->used + alignment - 1) & ~(alignment - 1);
    if (block == NULL || start > block->size || size > block->size - start) {
        if (arena_grow(arena, size, error) != SHEAF_OK)
            return NULL;
        block = arena->newest;
        start = 0;
    }
    block->used = start + size;
    return block->bytes + start;
}

void *arena_alloc(struct arena *arena, size_t size, struct sheaf_error *error)
{
    return arena_take(arena, size, ARENA_ALIGNMENT, error);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length, struct sheaf_error *error)
{
    char *copy = arena_take(arena, length, 1, error);
    if (copy != NULL && length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

static void block_free(struct arena *arena, struct arena_block *block)
{
    memory_uncharge(arena->budget, block->size + sizeof *block);
    memory_free(block);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *block = arena->newest, *older; block != NULL; block = older) {
        older = block->older;
        if (block->size > ARENA_LARGEST_STEP || (kept != NULL && kept->size >= block->size)) {
            block_free(arena, block);
            continue;
        }
        if (kept != NULL)
            block_free(arena, kept);
        kept = block;
    }
    if (kept != NULL) {
        kept->older = NULL;
        kept->used = 0;
    }
    arena->newest = kept;
}

void arena_adopt(struct arena *into, struct arena *from)
{
    struct arena_block *oldest = from->newest;
    if (oldest == NULL)
        return;
    while (oldest->older != NULL)
        oldest = oldest->older;
    /* The newest block of `into` stays the newest: it has the room that is still in use. */
    if (into->newest == NULL) {
        into->newest = from->newest;
    } else {
        oldest->older = into->newest->older;
        into->newest->older = from->newest;
    }
    from->newest = NULL;
}

void arena_close(struct arena *arena)
{
    for (struct arena_block *block = arena->newest, *older; block != NULL; block = older) {
        older = block->older;
        block_free(arena, block);
    }
    arena->newest = NULL;
}
