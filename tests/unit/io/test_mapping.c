/* io/mapping.h: bytes and padding, files cut short while they are mapped, and whom SIGBUS goes to.
 */
#include "io/mapping.h"

#include "base/memory.h"
#include "sources.h"
#include "unit/unit.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 9 * 4096, THREADS = 4 };

static char bytes[MOST];

static bool all_zero(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (at[i] != 0)
            return false;
    return true;
}

/* Sums bytes, so that no compiler leaves the reads out. */
static unsigned touch(const char *at, size_t length)
{
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += *(const volatile unsigned char *)(at + i);
    return sum;
}

START_TEST(bytes_and_padding)
{
    static const size_t sizes[] = {1, 4032, 4033, 4095, 4096, 4097, MOST};
    source_fill(bytes, MOST, 3);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct source source;
        source_file(&source, bytes, sizes[i]);
        for (size_t start = 0; start < sizes[i]; start += 1 + sizes[i] / 5) {
            struct mapping *mapping = mapping_open(source.descriptor, start, sizes[i] - start);
            ck_assert_ptr_nonnull(mapping);
            const char *at = mapping_bytes(mapping);
            ck_assert_int_eq(memcmp(at, bytes + start, sizes[i] - start), 0);
            (void)touch(at + sizes[i] - start, MAPPING_PADDING);
            ck_assert(!mapping_is_broken(mapping));
            mapping_close(mapping);
        }
        source_close(&source);
    }
    mapping_close(NULL);
}
END_TEST

START_TEST(what_cannot_be_mapped)
{
    struct source source;
    source_file(&source, "abc", 3);
    ck_assert_ptr_null(mapping_open(source.descriptor, 0, 0));
    ck_assert_ptr_null(mapping_open(source.descriptor, 0, UINT64_MAX));
    ck_assert_ptr_null(mapping_open(source.descriptor, 0, INT64_MAX));
    ck_assert_ptr_null(mapping_open(-1, 0, 3));
    source_close(&source);
}
END_TEST

START_TEST(released_bytes_come_back)
{
    uint64_t seed = unit_seed("released_bytes_come_back", 5);
    struct source source;
    source_fill(bytes, MOST, 4);
    source_file(&source, bytes, MOST);
    struct mapping *mapping = mapping_open(source.descriptor, 100, MOST - 100);
    ck_assert_ptr_nonnull(mapping);
    for (int round = 0; round < 100; round++) {
        const uint64_t offset = unit_random(&seed) % (MOST - 100);
        mapping_release(mapping, offset, unit_random(&seed) % (MOST - 100 - offset + 1));
        ck_assert_int_eq(memcmp(mapping_bytes(mapping), bytes + 100, MOST - 100), 0);
    }
    ck_assert(!mapping_is_broken(mapping));
    mapping_close(mapping);
    source_close(&source);
}
END_TEST

/* What is gone reads as zeros, what is left and other mappings as they are. */
START_TEST(a_file_cut_short)
{
    struct source cut;
    struct source whole;
    source_fill(bytes, MOST, 6);
    source_file(&cut, bytes, MOST);
    source_file(&whole, bytes, MOST);
    struct mapping *mappings[] = {mapping_open(whole.descriptor, 0, MOST),
                                  mapping_open(cut.descriptor, 0, MOST)};
    ck_assert(mappings[0] != NULL && mappings[1] != NULL);
    const char *at = mapping_bytes(mappings[1]);
    ck_assert_int_eq(ftruncate(cut.descriptor, 5000), 0);
    ck_assert_int_eq(memcmp(at, bytes, 5000), 0);
    ck_assert(!mapping_is_broken(mappings[1]));
    ck_assert(all_zero(at + 5000, MOST - 5000 + MAPPING_PADDING));
    ck_assert(mapping_is_broken(mappings[1]) && !mapping_is_broken(mappings[0]));
    ck_assert_int_eq(memcmp(at, bytes, 5000), 0);
    mapping_release(mappings[1], 0, MOST);
    ck_assert_int_eq(memcmp(at, bytes, 5000), 0);
    ck_assert(all_zero(at + 5000, MOST - 5000));
    ck_assert_int_eq(memcmp(mapping_bytes(mappings[0]), bytes, MOST), 0);
    mapping_close(mappings[1]);

    /* The next one has the watch of the last, and is whole. */
    mappings[1] = mapping_open(whole.descriptor, 0, MOST);
    ck_assert_ptr_nonnull(mappings[1]);
    ck_assert(!mapping_is_broken(mappings[1]));
    mapping_close(mappings[1]);
    mapping_close(mappings[0]);
    source_close(&cut);
    source_close(&whole);
}
END_TEST

static void *touch_all(void *argument)
{
    const char *at = mapping_bytes(argument);
    for (int round = 0; round < 20; round++)
        (void)touch(at, MOST);
    return NULL;
}

START_TEST(many_threads_meet_the_end)
{
    for (int round = 0; round < 20; round++) {
        struct source source;
        source_file(&source, bytes, MOST);
        struct mapping *mapping = mapping_open(source.descriptor, 0, MOST);
        ck_assert_ptr_nonnull(mapping);
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, touch_all, mapping), 0);
        ck_assert_int_eq(ftruncate(source.descriptor, 4096), 0);
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        (void)touch(mapping_bytes(mapping), MOST);
        ck_assert(mapping_is_broken(mapping));
        mapping_close(mapping);
        source_close(&source);
    }
}
END_TEST

/* ---- the signals of others --------------------------------------------------------------- */

static sigjmp_buf back;
static volatile sig_atomic_t met;

static void meet(int signal)
{
    (void)signal;
    met++;
    siglongjmp(back, 1);
}

static void meet_with_facts(int signal, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    meet(signal);
}

/* Maps a page that its file does not have, and which no mapping of ours is about. */
static char *foreign_page(struct source *source)
{
    source_file(source, "", 0);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, source->descriptor, 0);
    ck_assert(page != MAP_FAILED);
    return page;
}

static void expect_fault(const char *page)
{
    const int before = met;
    if (sigsetjmp(back, 1) == 0)
        (void)touch(page, 1);
    ck_assert_int_eq(met, before + 1);
}

START_TEST(other_faults_go_to_the_handler_before)
{
    struct sigaction action = {.sa_handler = meet};
    if (_i == 1)
        action = (struct sigaction){.sa_sigaction = meet_with_facts, .sa_flags = SA_SIGINFO};
    ck_assert_int_eq(sigaction(SIGBUS, &action, NULL), 0);
    struct source source;
    struct source foreign;
    const char *page = foreign_page(&foreign);
    source_file(&source, bytes, MOST);
    for (int round = 0; round < 3; round++) {
        struct mapping *mapping = mapping_open(source.descriptor, 0, MOST);
        ck_assert_ptr_nonnull(mapping);
        expect_fault(page);
        if (sigsetjmp(back, 1) == 0)
            ck_assert_int_eq(raise(SIGBUS), 0);
        ck_assert_int_eq(met, 3 * round + 2);
        ck_assert(!mapping_is_broken(mapping));
        mapping_close(mapping);
        expect_fault(page);
    }
    struct sigaction now;
    ck_assert_int_eq(sigaction(SIGBUS, NULL, &now), 0);
    ck_assert(_i == 1 ? now.sa_sigaction == meet_with_facts : now.sa_handler == meet);
    source_close(&source);
    source_close(&foreign);
}
END_TEST

/* A handler that came later stays, and may call ours when the mapping it served is gone. */
static struct sigaction below;

static void pass_down(int signal, siginfo_t *info, void *context)
{
    met++;
    below.sa_sigaction(signal, info, context);
}

START_TEST(a_handler_above_ours)
{
    struct sigaction above = {.sa_sigaction = pass_down, .sa_flags = SA_SIGINFO};
    struct source source;
    source_file(&source, bytes, MOST);
    struct mapping *mapping = mapping_open(source.descriptor, 0, MOST);
    ck_assert_ptr_nonnull(mapping);
    ck_assert_int_eq(sigaction(SIGBUS, &above, &below), 0);
    mapping_close(mapping);
    mapping = mapping_open(source.descriptor, 0, MOST);
    ck_assert_ptr_nonnull(mapping);
    ck_assert_int_eq(ftruncate(source.descriptor, 0), 0);
    ck_assert(all_zero(mapping_bytes(mapping), MOST));
    ck_assert_int_eq(met, 1);
    ck_assert(mapping_is_broken(mapping));
    mapping_close(mapping);
    source_close(&source);
}
END_TEST

/* Nobody before: the process ends, as it would without us. */
START_TEST(a_fault_of_nobody)
{
    const struct sigaction standard = {.sa_handler = _i == 0 ? SIG_DFL : SIG_IGN};
    ck_assert_int_eq(sigaction(SIGBUS, &standard, NULL), 0);
    struct source source;
    struct source foreign;
    const char *page = foreign_page(&foreign);
    source_file(&source, bytes, MOST);
    ck_assert_ptr_nonnull(mapping_open(source.descriptor, 0, MOST));
    if (_i == 1)
        ck_assert_int_eq(raise(SIGBUS), 0); /* that one may be ignored */
    (void)touch(page, 1);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    struct source source;
    source_file(&source, bytes, MOST);
    struct mapping *first = mapping_open(source.descriptor, 0, MOST);
    ck_assert_ptr_nonnull(first);
    const int64_t live = memory_live();
    for (uint64_t n = 1; n <= 2; n++) {
        memory_fail_at(n);
        ck_assert_ptr_null(mapping_open(source.descriptor, 0, MOST));
        memory_fail_at(0);
        ck_assert_int_eq(memory_live(), live);
    }
    mapping_close(first);
    source_close(&source);
}
END_TEST

static Suite *mapping_suite(void)
{
    Suite *suite = suite_create("mapping");
    TCase *tests = tcase_create("mapping");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, bytes_and_padding);
    tcase_add_test(tests, what_cannot_be_mapped);
    tcase_add_test(tests, released_bytes_come_back);
    tcase_add_test(tests, a_file_cut_short);
    tcase_add_test(tests, many_threads_meet_the_end);
    tcase_add_loop_test(tests, other_faults_go_to_the_handler_before, 0, 2);
    tcase_add_test(tests, a_handler_above_ours);
    tcase_add_loop_test_raise_signal(tests, a_fault_of_nobody, SIGBUS, 0, 2);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(mapping_suite)
