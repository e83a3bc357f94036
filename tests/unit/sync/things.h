/* tests/unit/sync/things.h - resources that notice how a pool treats them. */
#ifndef SYNC_THINGS_H
#define SYNC_THINGS_H

#include "unit/unit.h"

#include "base/error.h"
#include "sheaf/resource_pool.h"

#include <regex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { THINGS = 32768 };

struct thing {
    atomic_int open;
    atomic_int users;
};

/* Makes things. What should never happen is counted, as threads cannot fail a test. */
struct factory {
    unsigned capacity;   /* never more open than that */
    atomic_int failures; /* so many of the next opens fail */
    atomic_uint made;
    atomic_uint open;
    atomic_uint faults;
    struct thing *things; /* THINGS of them */
};

static inline void fault_unless(struct factory *factory, bool fine)
{
    if (!fine)
        (void)atomic_fetch_add(&factory->faults, 1);
}

static inline enum sheaf_status thing_open(void *argument, void **resource,
                                           struct sheaf_error *error)
{
    struct factory *factory = argument;
    if (atomic_load(&factory->failures) > 0 && atomic_fetch_sub(&factory->failures, 1) > 0)
        return error_set(error, SHEAF_DATA, "the factory is on strike");
    fault_unless(factory, atomic_fetch_add(&factory->open, 1) < factory->capacity);
    struct thing *thing = &factory->things[atomic_fetch_add(&factory->made, 1) % THINGS];
    fault_unless(factory, atomic_exchange(&thing->open, 1) == 0);
    *resource = thing;
    return SHEAF_OK;
}

static inline void thing_close(void *argument, void *resource)
{
    struct factory *factory = argument;
    struct thing *thing = resource;
    fault_unless(factory, atomic_load(&thing->users) == 0);
    fault_unless(factory, atomic_exchange(&thing->open, 0) == 1);
    (void)atomic_fetch_sub(&factory->open, 1);
}

/* What a borrower does with it. */
static inline void thing_use(struct factory *factory, struct thing *thing)
{
    fault_unless(factory, atomic_fetch_add(&thing->users, 1) == 0);
    fault_unless(factory, atomic_load(&thing->open) == 1);
    fault_unless(factory, atomic_fetch_sub(&thing->users, 1) == 1);
}

static inline struct sheaf_resource_pool *open_things(struct factory *factory, unsigned capacity,
                                                      struct sheaf_cancel *cancel)
{
    static struct thing things[THINGS];
    *factory = (struct factory){.capacity = capacity, .things = things};
    const struct sheaf_resource_options options = {.capacity = capacity,
                                                   .open = thing_open,
                                                   .close = thing_close,
                                                   .argument = factory,
                                                   .cancel = cancel};
    struct sheaf_resource_pool *pool;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &pool, NULL), SHEAF_OK);
    return pool;
}

/* After the pool was closed. */
static inline void check_things(struct factory *factory)
{
    ck_assert_uint_eq(atomic_load(&factory->faults), 0);
    ck_assert_uint_eq(atomic_load(&factory->open), 0);
}

static inline void *borrow(struct sheaf_resource_pool *pool, const char *place)
{
    void *resource;
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, place, &resource, NULL), SHEAF_OK);
    return resource;
}

static inline void close_now(struct sheaf_resource_pool *pool)
{
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, NULL), SHEAF_OK);
    sheaf_resource_pool_destroy(pool);
}

static inline void check_text(const struct sheaf_error *error, const char *pattern)
{
    regex_t compiled;
    ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&compiled, error->text, 0, NULL, 0) == 0, "\"%s\" is not like \"%s\"",
                  error->text, pattern);
    regfree(&compiled);
}

#endif
