/* The resource pool under seeded schedules: borrowers against a close. */
#include "unit/unit.h"

#include "base/memory.h"
#include "sheaf/resource_pool.h"
#include "sync/deadline.h"
#include "sync/thread.h"
#include "unit/sync/schedule.h"
#include "unit/sync/things.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { BORROWERS = 3, ROUNDS = 2 };

/* What all of a scenario's threads share. */
struct scenario {
    struct sheaf_resource_pool *pool;
    struct factory factory;
    atomic_bool closing; /* close is about to be called */
    atomic_uint inside;  /* borrowers that may still call */
    void *kept;          /* the last of these returns it; NULL: nothing is kept */
};

struct borrower {
    struct thread thread;
    struct scenario *scenario;
    uint64_t random;
};

static void give_back(struct scenario *scenario, void *resource, uint64_t random)
{
    if (random % 4 == 0)
        sheaf_resource_pool_invalidate(scenario->pool, resource);
    else
        sheaf_resource_pool_return(scenario->pool, resource);
}

/* One call, which may be refused only when close has begun. */
static void borrow_once(struct scenario *scenario, uint64_t random)
{
    void *resource;
    const uint64_t deadline_ns = random % 8 == 0 ? 0 : DEADLINE_NONE;
    const enum sheaf_status status =
        sheaf_resource_pool_borrow_until(scenario->pool, SHEAF_HERE, deadline_ns, &resource, NULL);
    switch (status) {
    case SHEAF_OK:
        thing_use(&scenario->factory, resource);
        give_back(scenario, resource, random >> 8);
        break;
    case SHEAF_STOPPED:
        fault_unless(&scenario->factory, atomic_load(&scenario->closing));
        break;
    case SHEAF_TIMEOUT:
        fault_unless(&scenario->factory, deadline_ns == 0);
        break;
    default:
        fault_unless(&scenario->factory, status == SHEAF_DATA);
    }
}

static void borrow_rounds(void *argument)
{
    struct borrower *borrower = argument;
    struct scenario *scenario = borrower->scenario;
    for (unsigned i = 0; i < ROUNDS; i++)
        borrow_once(scenario, unit_random(&borrower->random));
    if (atomic_fetch_sub(&scenario->inside, 1) == 1 && scenario->kept != NULL)
        give_back(scenario, scenario->kept, unit_random(&borrower->random));
}

static void start_all(struct scenario *scenario, struct borrower borrowers[BORROWERS],
                      uint64_t *random)
{
    atomic_store(&scenario->inside, BORROWERS);
    for (unsigned i = 0; i < BORROWERS; i++) {
        borrowers[i].scenario = scenario;
        borrowers[i].random = unit_random(random);
        ck_assert_int_eq(
            thread_start(&borrowers[i].thread, borrow_rounds, &borrowers[i], "b", NULL), SHEAF_OK);
    }
}

static void join_all(struct borrower borrowers[BORROWERS])
{
    for (unsigned i = 0; i < BORROWERS; i++)
        thread_join(&borrowers[i].thread);
}

/* Sometimes asks by a deadline first. */
static void close_pool(struct scenario *scenario, uint64_t random)
{
    atomic_store(&scenario->closing, true);
    if (random % 2 == 0) {
        const enum sheaf_status status = sheaf_resource_pool_close(scenario->pool, 0, NULL);
        ck_assert(status == SHEAF_OK || status == SHEAF_TIMEOUT);
    }
    ck_assert_int_eq(sheaf_resource_pool_close(scenario->pool, DEADLINE_NONE, NULL), SHEAF_OK);
}

static void make_scenario(struct scenario *scenario, uint64_t random)
{
    *scenario = (struct scenario){.kept = NULL};
    scenario->pool = open_things(&scenario->factory, 1 + (unsigned)(random % 2), NULL);
    atomic_store(&scenario->factory.failures, (random >> 8) % 4 == 0);
}

/* Close comes at any moment, and calls come after it. With some seeds one resource stays out until
 * nobody calls any more; with a capacity of one, all others wait until they are refused. */
static void close_among_borrowers(uint64_t seed)
{
    const int64_t live = memory_live();
    uint64_t random = seed;
    struct scenario scenario;
    struct borrower borrowers[BORROWERS];
    make_scenario(&scenario, unit_random(&random));
    const bool keeps = unit_random(&random) % 2 == 0;
    while (keeps &&
           sheaf_resource_pool_borrow(scenario.pool, SHEAF_HERE, &scenario.kept, NULL) != SHEAF_OK)
        continue; /* the open that fails */
    start_all(&scenario, borrowers, &random);
    close_pool(&scenario, unit_random(&random));
    check_things(&scenario.factory);
    join_all(borrowers);
    check_things(&scenario.factory);
    sheaf_resource_pool_destroy(scenario.pool);
    ck_assert_int_eq(memory_live(), live);
}

/* Nobody is refused: what was given back, or could not be opened, reaches those who wait. */
static void close_after_borrowers(uint64_t seed)
{
    const int64_t live = memory_live();
    uint64_t random = seed;
    struct scenario scenario;
    struct borrower borrowers[BORROWERS];
    make_scenario(&scenario, unit_random(&random));
    start_all(&scenario, borrowers, &random);
    join_all(borrowers);
    close_pool(&scenario, unit_random(&random));
    check_things(&scenario.factory);
    sheaf_resource_pool_destroy(scenario.pool);
    ck_assert_int_eq(memory_live(), live);
}

START_TEST(close_among_borrowers_schedules)
{
    schedule_each("resource pool, close among borrowers", close_among_borrowers);
}
END_TEST

START_TEST(close_after_borrowers_schedules)
{
    schedule_each("resource pool, close after borrowers", close_after_borrowers);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("resource pool schedules");
    TCase *cases = tcase_create("schedules");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, close_among_borrowers_schedules);
    tcase_add_test(cases, close_after_borrowers_schedules);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(make_suite)
