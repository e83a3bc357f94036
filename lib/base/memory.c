#include "base/memory.h"

#include <stdlib.h>

#ifdef SHEAF_TESTING
static _Atomic uint64_t allocations;
static _Atomic int64_t live;
static _Atomic uint64_t fail_at;

void memory_fail_at(uint64_t n)
{
    atomic_store(&fail_at, n);
}

uint64_t memory_allocations(void)
{
    return atomic_load(&allocations);
}

int64_t memory_live(void)
{
    return atomic_load(&live);
}

/* Counts one allocation; true when it is the one that shall fail. */
static bool allocation_fails(void)
{
    atomic_fetch_add(&allocations, 1);
    uint64_t left = atomic_load(&fail_at);
    while (left != 0)
        if (atomic_compare_exchange_weak(&fail_at, &left, left - 1))
            return left == 1;
    return false;
}

static void *counted(void *pointer)
{
    if (pointer != NULL)
        atomic_fetch_add(&live, 1);
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

void memory_free(void *pointer)
{
#ifdef SHEAF_TESTING
    if (pointer != NULL)
        atomic_fetch_sub(&live, 1);
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
