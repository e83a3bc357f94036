#include "base/cpu.h"

#include "unit/unit.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

START_TEST(processors_within_the_machine)
{
    const unsigned count = cpu_available();
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, (unsigned)sysconf(_SC_NPROCESSORS_CONF));
}
END_TEST

/* Each test runs in a process of its own, so what it narrows stays narrow for itself only. */
START_TEST(processors_follow_the_affinity_mask)
{
    cpu_set_t allowed;
    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    size_t one = 0;
    while (!CPU_ISSET(one, &allowed))
        one++;
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(one, &mask);
    ck_assert_int_eq(sched_setaffinity(0, sizeof mask, &mask), 0);
    ck_assert_uint_eq(cpu_available(), 1);
}
END_TEST

START_TEST(memory_within_the_machine)
{
    struct sysinfo machine;
    ck_assert_int_eq(sysinfo(&machine), 0);
    ck_assert_uint_ge(cpu_memory(), 1);
    ck_assert_uint_le(cpu_memory(), (uint64_t)machine.totalram * machine.mem_unit);
}
END_TEST

START_TEST(memory_follows_the_address_space_limit)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    const uint64_t before = cpu_memory();
    const rlim_t was = limit.rlim_cur;
    limit.rlim_cur = 64 << 20;
    /* Sanitizers have mapped more than any limit; it binds new mappings only. */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    const uint64_t wanted = before < (64 << 20) ? before : 64 << 20;
    ck_assert_uint_eq(cpu_memory(), wanted);
    limit.rlim_cur = was; /* the sanitizers' look at the end needs memory */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}
END_TEST

static Suite *cpu_suite(void)
{
    Suite *suite = suite_create("cpu");
    TCase *tests = tcase_create("available");
    tcase_add_test(tests, processors_within_the_machine);
    tcase_add_test(tests, processors_follow_the_affinity_mask);
    tcase_add_test(tests, memory_within_the_machine);
    tcase_add_test(tests, memory_follows_the_address_space_limit);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(cpu_suite)
