#include "scan/field_memory.h"

#include "base/memory.h"

#include <stdint.h>

/* What libcsv gets points at bytes[]. */
struct field_block {
    size_t capacity;
    size_t unused; /* keeps bytes[] aligned to 16 */
    char bytes[];
};

static struct field_block *block_of(void *bytes)
{
    return bytes == NULL ? NULL
                         : (struct field_block *)(void *)((char *)bytes -
                                                          offsetof(struct field_block, bytes));
}

void *field_memory_resize(void *bytes, size_t size)
{
    struct field_block *block = block_of(bytes);
    if (block != NULL && block->capacity >= size)
        return bytes;
    size_t capacity = size < FIELD_MEMORY_STEP ? FIELD_MEMORY_STEP : size;
    if (block != NULL && block->capacity <= SIZE_MAX / 4 && capacity < 2 * block->capacity)
        capacity = 2 * block->capacity;
    size_t total;
    if (!size_add(capacity, sizeof *block, &total))
        return NULL;
    block = memory_resize(block, total);
    if (block == NULL)
        return NULL;
    block->capacity = capacity;
    return block->bytes;
}

void field_memory_free(void *bytes)
{
    memory_free(block_of(bytes));
}

size_t field_memory_size(const void *bytes)
{
    if (bytes == NULL)
        return 0;
    const char *start = (const char *)bytes - offsetof(struct field_block, bytes);
    return ((const struct field_block *)(const void *)start)->capacity;
}
