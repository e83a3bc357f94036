#include "unit/unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/resource_pool.h"
#include "sheaf/waitgroup.h"
#include "sync/deadline.h"
#include "sync/thread.h"
#include "unit/sync/things.h"

#include <string.h>

START_TEST(refuses_nonsense)
{
    struct factory factory = {.capacity = 0};
    struct sheaf_resource_options options = {
        .open = thing_open, .close = thing_close, .argument = &factory};
    struct sheaf_resource_pool *pool;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &pool, &error), SHEAF_USAGE);
    ck_assert_ptr_null(pool);
    options.capacity = 1;
    options.open = NULL;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &pool, &error), SHEAF_USAGE);
    options.open = thing_open;
    options.close = NULL;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &pool, NULL), SHEAF_USAGE);
    ck_assert_ptr_null(pool);
    sheaf_resource_pool_destroy(NULL);
}
END_TEST

START_TEST(survives_every_refused_allocation)
{
    struct factory factory = {.capacity = 2};
    const struct sheaf_resource_options options = {
        .capacity = 2, .open = thing_open, .close = thing_close, .argument = &factory};
    const int64_t live = memory_live();
    struct sheaf_error error;
    struct sheaf_resource_pool *pool = NULL;
    uint64_t n = 0;
    do {
        memory_fail_at(++n);
        const enum sheaf_status status = sheaf_resource_pool_open(&options, &pool, &error);
        ck_assert_int_eq(status, pool == NULL ? SHEAF_SYSTEM : SHEAF_OK);
        if (pool == NULL) {
            check_text(&error, "^out of memory: ");
            ck_assert_int_eq(memory_live(), live);
        }
    } while (pool == NULL);
    memory_fail_at(0);
    ck_assert_uint_gt(n, 2); /* the pool's own, and the channel's */
    close_now(pool);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(opens_when_needed)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 3, NULL);
    ck_assert_uint_eq(factory.made, 0);
    void *first = borrow(pool, SHEAF_HERE);
    sheaf_resource_pool_return(pool, first);
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_ptr_eq(borrow(pool, SHEAF_HERE), first);
        thing_use(&factory, first);
        sheaf_resource_pool_return(pool, first);
    }
    ck_assert_uint_eq(factory.made, 1);
    ck_assert_ptr_eq(borrow(pool, SHEAF_HERE), first);
    void *second = borrow(pool, SHEAF_HERE);
    ck_assert_ptr_ne(second, first);
    ck_assert_uint_eq(factory.made, 2);
    sheaf_resource_pool_return(pool, first);
    sheaf_resource_pool_return(pool, second);
    ck_assert_uint_eq(factory.open, 2);
    close_now(pool);
    check_things(&factory);
}
END_TEST

START_TEST(opens_another_for_one_that_is_no_use)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 1, NULL);
    void *first = borrow(pool, SHEAF_HERE);
    sheaf_resource_pool_invalidate(pool, first);
    ck_assert_uint_eq(factory.open, 0);
    void *second = borrow(pool, SHEAF_HERE);
    ck_assert_ptr_ne(second, first);
    sheaf_resource_pool_invalidate(pool, second);
    close_now(pool);
    ck_assert_uint_eq(factory.made, 2);
    check_things(&factory);
}
END_TEST

/* A random run of one thread against four counters. */
START_TEST(behaves_like_a_store)
{
    enum { CAPACITY = 4, STEPS = 20000 };
    uint64_t state = unit_seed("behaves_like_a_store", 5);
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, CAPACITY, NULL);
    void *out[CAPACITY];
    unsigned count = 0;
    unsigned open = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        const uint64_t random = unit_random(&state);
        if (random % 2 == 0) {
            const bool fails = (random >> 8) % 4 == 0;
            const bool opens = count < CAPACITY && open == count;
            atomic_store(&factory.failures, fails);
            void *resource = &state;
            const enum sheaf_status status =
                sheaf_resource_pool_borrow_until(pool, "here", 0, &resource, NULL);
            if (count == CAPACITY)
                ck_assert_int_eq(status, SHEAF_TIMEOUT);
            else
                ck_assert_int_eq(status, opens && fails ? SHEAF_DATA : SHEAF_OK);
            open += opens && !fails;
            if (status == SHEAF_OK)
                out[count++] = resource;
            else
                ck_assert_ptr_null(resource);
        } else if (count > 0) {
            const unsigned place = (unsigned)(random >> 8) % count;
            void *resource = out[place];
            out[place] = out[--count];
            if ((random >> 32) % 8 == 0) {
                sheaf_resource_pool_invalidate(pool, resource);
                open--;
            } else {
                sheaf_resource_pool_return(pool, resource);
            }
        }
        ck_assert_uint_eq(atomic_load(&factory.open), open);
    }
    while (count > 0)
        sheaf_resource_pool_return(pool, out[--count]);
    close_now(pool);
    check_things(&factory);
}
END_TEST

START_TEST(a_deadline_tells_who_has_them)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, NULL);
    void *first = borrow(pool, "copy.c:42");
    void *second = borrow(pool, NULL);
    struct sheaf_error error;
    void *resource;
    const uint64_t deadline_ns = clock_now() + 2000000;
    ck_assert_int_eq(
        sheaf_resource_pool_borrow_until(pool, SHEAF_HERE, deadline_ns, &resource, &error),
        SHEAF_TIMEOUT);
    ck_assert_uint_ge(clock_now(), deadline_ns);
    ck_assert_ptr_null(resource);
    check_text(&error, "^no resource came back in time; 2 of 2 are out: ");
    check_text(&error, "copy\\.c:42 \\([0-9]+\\.[0-9] s\\)");
    check_text(&error, "a place without a name \\([0-9]+\\.[0-9] s\\)");
    sheaf_resource_pool_return(pool, second);
    ck_assert_int_eq(sheaf_resource_pool_borrow_until(pool, SHEAF_HERE, 0, &resource, NULL),
                     SHEAF_OK);
    sheaf_resource_pool_return(pool, second);
    sheaf_resource_pool_return(pool, first);
    close_now(pool);
}
END_TEST

START_TEST(a_failing_open_reaches_the_borrower)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 1, NULL);
    atomic_store(&factory.failures, 2);
    struct sheaf_error error;
    void *resource;
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &resource, &error), SHEAF_DATA);
    ck_assert_ptr_null(resource);
    ck_assert_str_eq(error.text, "the factory is on strike");
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &resource, NULL), SHEAF_DATA);
    sheaf_resource_pool_return(pool, borrow(pool, SHEAF_HERE));
    close_now(pool);
    check_things(&factory);
}
END_TEST

static const char *misuse_call;
static unsigned misuses;

static void note_misuse(const char *call, const char *what, int64_t value)
{
    (void)what;
    (void)value;
    misuse_call = call;
    misuses++;
}

START_TEST(misuse_is_reported_and_does_nothing)
{
    (void)sheaf_misuse_handle(note_misuse);
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, NULL);
    sheaf_resource_pool_return(pool, NULL);
    ck_assert_uint_eq(misuses, 1);
    ck_assert_str_eq(misuse_call, "sheaf_resource_pool_return");
    void *first = borrow(pool, SHEAF_HERE);
    sheaf_resource_pool_return(pool, &factory);
    sheaf_resource_pool_return(pool, first);
    sheaf_resource_pool_return(pool, first);
    ck_assert_uint_eq(misuses, 3);
    sheaf_resource_pool_invalidate(pool, first);
    ck_assert_uint_eq(misuses, 4);
    ck_assert_str_eq(misuse_call, "sheaf_resource_pool_invalidate");
    ck_assert_uint_eq(factory.open, 1);
    void *one = borrow(pool, SHEAF_HERE);
    void *other = borrow(pool, SHEAF_HERE);
    void *resource;
    ck_assert_int_eq(sheaf_resource_pool_borrow_until(pool, SHEAF_HERE, 0, &resource, NULL),
                     SHEAF_TIMEOUT);
    sheaf_resource_pool_return(pool, one);
    sheaf_resource_pool_return(pool, other);
    close_now(pool);
    ck_assert_uint_eq(misuses, 4);
    check_things(&factory);
}
END_TEST

/* --- With several threads ------------------------------------------------------------------- */

struct borrower {
    struct thread thread;
    struct sheaf_resource_pool *pool;
    struct factory *factory;
    uint64_t seed;
    enum sheaf_status status;
    void *resource;
    struct sheaf_error error;
};

static void borrow_one(void *argument)
{
    struct borrower *borrower = argument;
    borrower->status = sheaf_resource_pool_borrow(borrower->pool, "borrower.c:1",
                                                  &borrower->resource, &borrower->error);
}

static void start(struct borrower *borrower, struct sheaf_resource_pool *pool,
                  thread_function *function)
{
    borrower->pool = pool;
    ck_assert_int_eq(thread_start(&borrower->thread, function, borrower, "borrower", NULL),
                     SHEAF_OK);
}

START_TEST(a_return_ends_a_wait)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 1, NULL);
    struct borrower borrower;
    void *resource = borrow(pool, SHEAF_HERE);
    start(&borrower, pool, borrow_one);
    sheaf_resource_pool_return(pool, resource);
    thread_join(&borrower.thread);
    ck_assert_int_eq(borrower.status, SHEAF_OK);
    ck_assert_ptr_eq(borrower.resource, resource);
    sheaf_resource_pool_return(pool, resource);
    close_now(pool);
    check_things(&factory);
}
END_TEST

START_TEST(close_ends_a_wait)
{
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 1, NULL);
    struct borrower borrower;
    void *resource = borrow(pool, SHEAF_HERE);
    start(&borrower, pool, borrow_one);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, NULL), SHEAF_TIMEOUT);
    thread_join(&borrower.thread); /* though the resource is still out */
    ck_assert_int_eq(borrower.status, SHEAF_STOPPED);
    ck_assert_ptr_null(borrower.resource);
    ck_assert_str_eq(borrower.error.text, "the resource pool is being closed");
    sheaf_resource_pool_return(pool, resource);
    close_now(pool);
    check_things(&factory);
}
END_TEST

START_TEST(a_token_ends_waits)
{
    struct sheaf_cancel *cancel;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 2, cancel);
    struct borrower borrower;
    void *first = borrow(pool, SHEAF_HERE);
    void *second = borrow(pool, SHEAF_HERE);
    start(&borrower, pool, borrow_one);
    sheaf_cancel_set(cancel, 1);
    thread_join(&borrower.thread);
    ck_assert_int_eq(borrower.status, SHEAF_STOPPED);
    ck_assert_str_eq(borrower.error.text, "cancelled while waiting for a resource");
    sheaf_resource_pool_return(pool, first);
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &first, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, NULL), SHEAF_TIMEOUT);
    sheaf_resource_pool_invalidate(pool, second);
    close_now(pool);
    check_things(&factory);
    pool = open_things(&factory, 2, cancel); /* a token that is set from the start */
    ck_assert_int_eq(sheaf_resource_pool_borrow(pool, SHEAF_HERE, &first, NULL), SHEAF_STOPPED);
    close_now(pool);
    sheaf_cancel_close(cancel);
}
END_TEST

/* Opens that wait inside, until the test lets them go. */
struct gate {
    struct sheaf_waitgroup inside; /* opens that are still to come */
    struct sheaf_channel *results; /* what each open gives, an enum sheaf_status */
    atomic_uint closes;
    char resource[8];
    atomic_uint opens;
};

static enum sheaf_status gate_open(void *argument, void **resource, struct sheaf_error *error)
{
    struct gate *gate = argument;
    (void)error;
    sheaf_waitgroup_done(&gate->inside);
    enum sheaf_status status;
    if (sheaf_channel_recv(gate->results, &status) != SHEAF_OK)
        return SHEAF_SYSTEM;
    *resource = &gate->resource[atomic_fetch_add(&gate->opens, 1)];
    return status;
}

static void gate_close(void *argument, void *resource)
{
    struct gate *gate = argument;
    (void)resource;
    (void)atomic_fetch_add(&gate->closes, 1);
}

static struct sheaf_resource_pool *open_gate(struct gate *gate, unsigned capacity)
{
    *gate = (struct gate){.inside = SHEAF_WAITGROUP_INIT};
    ck_assert_int_eq(sheaf_channel_open(4, sizeof(enum sheaf_status), NULL, &gate->results, NULL),
                     SHEAF_OK);
    const struct sheaf_resource_options options = {
        .capacity = capacity, .open = gate_open, .close = gate_close, .argument = gate};
    struct sheaf_resource_pool *pool;
    ck_assert_int_eq(sheaf_resource_pool_open(&options, &pool, NULL), SHEAF_OK);
    return pool;
}

static void let_go(struct gate *gate, enum sheaf_status status)
{
    ck_assert_int_eq(sheaf_channel_send(gate->results, &status), SHEAF_OK);
}

START_TEST(two_open_at_the_same_time)
{
    struct gate gate;
    struct sheaf_resource_pool *pool = open_gate(&gate, 2);
    struct borrower borrowers[2];
    sheaf_waitgroup_add(&gate.inside, 2);
    start(&borrowers[0], pool, borrow_one);
    start(&borrowers[1], pool, borrow_one);
    sheaf_waitgroup_wait(&gate.inside);
    let_go(&gate, SHEAF_OK);
    let_go(&gate, SHEAF_OK);
    for (unsigned i = 0; i < 2; i++) {
        thread_join(&borrowers[i].thread);
        ck_assert_int_eq(borrowers[i].status, SHEAF_OK);
        sheaf_resource_pool_return(pool, borrowers[i].resource);
    }
    ck_assert_ptr_ne(borrowers[0].resource, borrowers[1].resource);
    close_now(pool);
    ck_assert_uint_eq(gate.closes, 2);
    sheaf_channel_destroy(gate.results);
}
END_TEST

/* One waits behind another whose open fails: it must get its chance. */
START_TEST(a_failing_open_frees_its_place)
{
    struct gate gate;
    struct sheaf_resource_pool *pool = open_gate(&gate, 1);
    struct borrower first;
    struct borrower second;
    sheaf_waitgroup_add(&gate.inside, 2);
    start(&first, pool, borrow_one);
    start(&second, pool, borrow_one);
    let_go(&gate, SHEAF_DATA);
    let_go(&gate, SHEAF_OK);
    thread_join(&first.thread);
    thread_join(&second.thread);
    const struct borrower *lucky = first.status == SHEAF_OK ? &first : &second;
    const struct borrower *unlucky = first.status == SHEAF_OK ? &second : &first;
    ck_assert_int_eq(lucky->status, SHEAF_OK);
    ck_assert_int_eq(unlucky->status, SHEAF_DATA);
    ck_assert_int_eq(unlucky->error.status, SHEAF_DATA);
    ck_assert_str_eq(unlucky->error.text,
                     "data"); /* nothing was filled in, nothing stale is left */
    sheaf_resource_pool_return(pool, lucky->resource);
    close_now(pool);
    sheaf_channel_destroy(gate.results);
}
END_TEST

START_TEST(close_during_an_open)
{
    struct gate gate;
    struct sheaf_resource_pool *pool = open_gate(&gate, 1);
    struct borrower borrower;
    struct sheaf_error error;
    sheaf_waitgroup_add(&gate.inside, 1);
    start(&borrower, pool, borrow_one);
    sheaf_waitgroup_wait(&gate.inside);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, 0, &error), SHEAF_TIMEOUT);
    check_text(&error, "^1 resource was not returned: borrower\\.c:1 ");
    let_go(&gate, SHEAF_OK);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, DEADLINE_NONE, NULL), SHEAF_OK);
    sheaf_resource_pool_destroy(pool);
    ck_assert_uint_eq(gate.closes, 1); /* what was opened in vain */
    thread_join(&borrower.thread);
    ck_assert_int_eq(borrower.status, SHEAF_STOPPED);
    ck_assert_ptr_null(borrower.resource);
    sheaf_channel_destroy(gate.results);
}
END_TEST

/* Uses and returns what the test borrowed, while the test is inside close. */
static void use_and_return(void *argument)
{
    struct borrower *borrower = argument;
    for (unsigned i = 0; i < 1000; i++)
        thing_use(borrower->factory, borrower->resource);
    sheaf_resource_pool_return(borrower->pool, borrower->resource);
}

START_TEST(close_waits_for_the_last_return)
{
    enum { BORROWERS = 4 };
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, BORROWERS, NULL);
    struct borrower borrowers[BORROWERS];
    for (unsigned i = 0; i < BORROWERS; i++) {
        borrowers[i].factory = &factory;
        borrowers[i].resource = borrow(pool, SHEAF_HERE);
    }
    for (unsigned i = 0; i < BORROWERS; i++)
        start(&borrowers[i], pool, use_and_return);
    ck_assert_int_eq(sheaf_resource_pool_close(pool, DEADLINE_NONE, NULL), SHEAF_OK);
    sheaf_resource_pool_destroy(pool);
    check_things(&factory);
    for (unsigned i = 0; i < BORROWERS; i++)
        thread_join(&borrowers[i].thread);
    check_things(&factory);
}
END_TEST

static void borrow_often(void *argument)
{
    struct borrower *borrower = argument;
    for (unsigned i = 0; i < 2000; i++) {
        void *resource;
        if (sheaf_resource_pool_borrow(borrower->pool, SHEAF_HERE, &resource, NULL) != SHEAF_OK)
            continue; /* an open that fails */
        thing_use(borrower->factory, resource);
        const uint64_t random = unit_random(&borrower->seed);
        if (random % 64 == 0)
            atomic_store(&borrower->factory->failures, 1);
        if (random % 8 == 1)
            sheaf_resource_pool_invalidate(borrower->pool, resource);
        else
            sheaf_resource_pool_return(borrower->pool, resource);
    }
}

START_TEST(eight_threads_share_three)
{
    enum { THREADS = 8 };
    const uint64_t seed = unit_seed("eight_threads_share_three", 11);
    struct factory factory;
    struct sheaf_resource_pool *pool = open_things(&factory, 3, NULL);
    struct borrower borrowers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        borrowers[i].factory = &factory;
        borrowers[i].seed = seed + i;
        start(&borrowers[i], pool, borrow_often);
    }
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(&borrowers[i].thread);
    ck_assert_uint_ge(atomic_load(&factory.made), 100);
    close_now(pool);
    check_things(&factory);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("resource pool");
    TCase *cases = tcase_create("resource pool");
    tcase_add_test(cases, refuses_nonsense);
    tcase_add_test(cases, survives_every_refused_allocation);
    tcase_add_test(cases, opens_when_needed);
    tcase_add_test(cases, opens_another_for_one_that_is_no_use);
    tcase_add_test(cases, behaves_like_a_store);
    tcase_add_test(cases, a_deadline_tells_who_has_them);
    tcase_add_test(cases, a_failing_open_reaches_the_borrower);
    tcase_add_test(cases, misuse_is_reported_and_does_nothing);
    tcase_add_test(cases, a_return_ends_a_wait);
    tcase_add_test(cases, close_ends_a_wait);
    tcase_add_test(cases, a_token_ends_waits);
    tcase_add_test(cases, two_open_at_the_same_time);
    tcase_add_test(cases, a_failing_open_frees_its_place);
    tcase_add_test(cases, close_during_an_open);
    tcase_add_test(cases, close_waits_for_the_last_return);
    tcase_add_test(cases, eight_threads_share_three);
    suite_add_tcase(suite, cases);
    return suite;
}

UNIT_MAIN(make_suite)
