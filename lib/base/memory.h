/* base/memory.h - checked allocation, and the budget that every growing state charges.
 *
 * In builds with SHEAF_TESTING every allocation is counted, and the n-th can be made to fail. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As malloc, calloc, realloc and free; `count * size` is checked for overflow. NULL on failure.
 * Size 0 gives a valid pointer. Any thread. */
void *memory_alloc(size_t size);
void *memory_zeroed(size_t count, size_t size);
void *memory_resize(void *pointer, size_t size);
void memory_free(void *pointer);

/* Asks the system for large pages behind a large block that nobody has touched yet: first touches
 * cost less. A hint, without effect on small blocks or where there are none. Any thread. */
void memory_prefer_large_pages(void *pointer, size_t size);

/* Gives true and stores a*b (a+b) when it does not overflow. */
bool size_multiply(size_t a, size_t b, size_t *product);
bool size_add(size_t a, size_t b, size_t *sum);

/* A job's memory limit. `used` counts the bytes of growing states; limit UINT64_MAX: none. */
struct memory_budget {
    _Atomic uint64_t used;
    uint64_t limit;
};

/* Charges `bytes` to the budget (NULL: free of charge). Fails with SHEAF_LIMIT, charging nothing,
 * when the limit would be passed; the text names `what` (a state: "the group table") and, if not
 * NULL, `column`. Any thread. */
enum sheaf_status memory_charge(struct memory_budget *budget, uint64_t bytes, const char *what,
                                const char *column, struct sheaf_error *error);
void memory_uncharge(struct memory_budget *budget, uint64_t bytes);

#ifdef SHEAF_TESTING
/* The n-th allocation from now on (counted from 1) fails, once; 0: none. Any thread; so below. */
void memory_fail_at(uint64_t n);
/* As memory_fail_at, but all later ones fail too. */
void memory_fail_from(uint64_t n);
/* How many have failed since one of these two was called. */
uint64_t memory_failures(void);
/* Allocations since the program began, and blocks not freed so far. */
uint64_t memory_allocations(void);
int64_t memory_live(void);
#endif

#endif
