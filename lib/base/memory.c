#include "base/memory.h"

#include "base/fault.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifdef SHEAF_TESTING
/* Counted by relaxed steps: see base/fault.h. */
static _Atomic uint64_t allocations;
static _Atomic int64_t live;
static struct fault fault;

void memory_fail_at(uint64_t n)
{
    fault_plan(&fault, n, FAULT_ONCE);
}

void memory_fail_from(uint64_t n)
{
    fault_plan(&fault, n, FAULT_FROM_THEN_ON);
}

uint64_t memory_failures(void)
{
    return fault_count(&fault);
}

uint64_t memory_allocations(void)
{
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

int64_t memory_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}

/* Counts one allocation; true when it is one that shall fail. */
static bool allocation_fails(void)
{
    (void)atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return fault_hits(&fault);
}

static void *counted(void *pointer)
{
    if (pointer != NULL)
        (void)atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return pointer;
}
#else
static bool allocation_fails(void)
{
    return false;
}

static void *counted(void *pointer)
{
    return pointer;
}
#endif

void *memory_alloc(size_t size)
{
    return allocation_fails() ? NULL : counted(malloc(size == 0 ? 1 : size));
}

void *memory_zeroed(size_t count, size_t size)
{
    size_t total;
    if (!size_multiply(count, size, &total) || allocation_fails())
        return NULL;
    return counted(calloc(1, total == 0 ? 1 : total));
}

void *memory_resize(void *pointer, size_t size)
{
    if (pointer == NULL)
        return memory_alloc(size);
    return allocation_fails() ? NULL : realloc(pointer, size == 0 ? 1 : size);
}

void memory_prefer_large_pages(void *pointer, size_t size)
{
    enum { PAGE = 4 << 10, LARGE_PAGE = 2 << 20 };
    if (size < LARGE_PAGE)
        return;
    /* With the pages that hold but a part of it: a block of which the system knows one thing here
     * and another there could no longer be moved. */
    const size_t before = (uintptr_t)pointer & (PAGE - 1);
    const size_t length = (before + size + PAGE - 1) & ~(size_t)(PAGE - 1);
    (void)madvise((char *)pointer - before, length, MADV_HUGEPAGE); /* a hint: may be refused */
}

void memory_free(void *pointer)
{
#ifdef SHEAF_TESTING
    if (pointer != NULL)
        (void)atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
#endif
    free(pointer);
}

bool size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

enum sheaf_status memory_charge(struct memory_budget *budget, uint64_t bytes, const char *what,
                                const char *column, struct sheaf_error *error)
{
    if (budget == NULL)
        return SHEAF_OK;
    uint64_t used = atomic_load_explicit(&budget->used, memory_order_relaxed);
    while (bytes <= budget->limit && used <= budget->limit - bytes)
        if (atomic_compare_exchange_weak_explicit(&budget->used, &used, used + bytes,
                                                  memory_order_relaxed, memory_order_relaxed))
            return SHEAF_OK;
    const unsigned long long limit = budget->limit;
    if (column == NULL)
        return error_set(error, SHEAF_LIMIT,
                         "%s needs more than the memory limit of %llu bytes; see --memory-limit",
                         what, limit);
    char name[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_LIMIT,
                     "%s of column \"%s\" needs more than the memory limit of %llu bytes; see "
                     "--memory-limit",
                     what, error_name(name, column, __builtin_strlen(column)), limit);
}

void memory_uncharge(struct memory_budget *budget, uint64_t bytes)
{
    if (budget != NULL)
        atomic_fetch_sub_explicit(&budget->used, bytes, memory_order_relaxed);
}
