#include "scan/scanned_rows.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_ROWS = 4 };

static bool resize_array(void **array, size_t count, size_t item)
{
    size_t bytes;
    if (!size_multiply(count, item, &bytes))
        return false;
    void *grown = memory_resize(*array, bytes);
    if (grown == NULL)
        return false;
    *array = grown;
    return true;
}

bool scan_rows_grow(struct scan_rows *rows)
{
    const uint32_t capacity = rows->capacity == 0 ? FIRST_ROWS : 2 * rows->capacity;
    const size_t slots = rows->slots == 0 ? 1 : rows->slots;
    size_t fields;
    if (capacity < rows->capacity || !size_multiply(capacity, slots, &fields) ||
        !size_multiply(fields, sizeof *rows->fields, &fields))
        return false;
    struct scan_field *grown = memory_alloc(fields);
    if (grown == NULL)
        return false;
    for (uint32_t slot = 0; slot < rows->slots && rows->fields != NULL; slot++)
        memcpy(grown + (size_t)slot * capacity, rows->fields + (size_t)slot * rows->capacity,
               rows->capacity * sizeof *grown);
    memory_free(rows->fields);
    rows->fields = grown;
    void *starts = rows->starts;
    void *lines = rows->lines;
    void *counts = rows->field_counts;
    const bool grew = resize_array(&starts, capacity, sizeof *rows->starts) &&
                      resize_array(&lines, capacity, sizeof *rows->lines) &&
                      resize_array(&counts, capacity, sizeof *rows->field_counts);
    rows->starts = starts;
    rows->lines = lines;
    rows->field_counts = counts;
    if (grew)
        rows->capacity = capacity;
    return grew;
}

void scan_rows_close(struct scan_rows *rows)
{
    memory_free(rows->starts);
    memory_free(rows->lines);
    memory_free(rows->field_counts);
    memory_free(rows->fields);
}
