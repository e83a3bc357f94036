/* Control group limits are read from a tree of our own, laid out as the kernel lays out /proc and
 * /sys/fs/cgroup in each situation. */
#include "base/cgroup.h"

#include "unit/unit.h"

#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/test_cgroup.XXXXXX";

static void make_root(void)
{
    strcpy(root + strlen(root) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_root(void)
{
    ck_assert_int_eq(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Writes a file of the tree and makes the directories above it. */
static void put(const char *path, const char *content)
{
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(content, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect(uint64_t processors, uint64_t memory)
{
    struct cgroup_limits limits;
    cgroup_read(root, &limits);
    ck_assert_uint_eq(limits.processors, processors);
    ck_assert_uint_eq(limits.memory, memory);
}

#define UNIFIED "25 20 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

START_TEST(nothing_there)
{
    expect(UINT64_MAX, UINT64_MAX);
    put("/proc/self/cgroup", "0::/\n");
    expect(UINT64_MAX, UINT64_MAX);
    put("/proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n" UNIFIED);
    expect(UINT64_MAX, UINT64_MAX);
}
END_TEST

START_TEST(unified_limits)
{
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/proc/self/mountinfo", UNIFIED);
    put("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
    put("/sys/fs/cgroup/a/b/memory.max", "1048576\n");
    expect(2, 1048576); /* one and a half processors are rounded up */
    put("/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
    expect(2, 1048576);
    put("/sys/fs/cgroup/a/b/cpu.max", "1 100000\n");
    expect(1, 1048576);
    put("/sys/fs/cgroup/a/b/cpu.max", "0 100000\n");
    expect(1, 1048576);
    put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    expect(UINT64_MAX, UINT64_MAX);
}
END_TEST

START_TEST(unified_least_of_all_levels)
{
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/proc/self/mountinfo", UNIFIED);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    put("/sys/fs/cgroup/a/memory.max", "77\n");
    expect(3, 77);
    put("/sys/fs/cgroup/memory.max", "76\n"); /* in a container the mount's root has a limit too */
    expect(3, 76);
    put("/sys/fs/memory.max", "1\n"); /* above the mount: not ours */
    expect(3, 76);
}
END_TEST

START_TEST(separate_hierarchies)
{
    put("/proc/self/cgroup", "12:memory:/m/x\n6:cpu,cpuacct:/c\n2:cpuset:/s\n0::/\n");
    put("/proc/self/mountinfo",
        "31 25 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "32 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "33 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    put("/sys/fs/cgroup/cpuset/s/cpu.cfs_quota_us", "1\n");
    put("/sys/fs/cgroup/cpuset/s/cpu.cfs_period_us", "1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "450000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/memory/m/x/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/m/memory.limit_in_bytes", "5000\n");
    expect(5, 5000);
}
END_TEST

/* A container: the mount shows a part of the hierarchy, or the path is not below it at all. */
START_TEST(mount_of_a_part)
{
    put("/proc/self/cgroup", "0::/docker/abc/job\n");
    put("/proc/self/mountinfo", "25 20 0:22 /docker/abc /sys/fs/cgroup rw - cgroup2 none rw\n");
    put("/sys/fs/cgroup/job/memory.max", "11\n");
    expect(UINT64_MAX, 11);
    put("/proc/self/cgroup", "0::/docker/abcdef\n"); /* begins alike, but is not below */
    expect(UINT64_MAX, UINT64_MAX);
    put("/sys/fs/cgroup/memory.max", "12\n");
    expect(UINT64_MAX, 12);
}
END_TEST

START_TEST(mount_point_with_a_space)
{
    put("/proc/self/cgroup", "0::/a\n");
    put("/proc/self/mountinfo", "25 20 0:22 / /my\\040groups rw - cgroup2 none rw\n");
    put("/my groups/a/memory.max", "13\n");
    expect(UINT64_MAX, 13);
}
END_TEST

START_TEST(malformed_files)
{
    put("/proc/self/cgroup", "\n:\n0:\nxyz\n0::/a\n");
    /* A line that fits no buffer comes first; its tail looks like a mount of its own. */
    static const char tail[] = " 1 2 3 / /wrong rw - cgroup2 a b\n" UNIFIED;
    enum { JUNK = 20000 };
    static char junk[JUNK];
    memset(junk, 'x', JUNK);
    memcpy(junk + JUNK - sizeof tail, tail, sizeof tail);
    put("/proc/self/mountinfo", junk);
    put("/sys/fs/cgroup/a/memory.max", "14\n");
    expect(UINT64_MAX, 14);
    put("/proc/self/mountinfo", " - \n - cgroup2\n - cgroup2 a b\n1 2 - cgroup2 a b\n" UNIFIED);
    expect(UINT64_MAX, 14);
    put("/sys/fs/cgroup/a/cpu.max", "100 0\n");
    expect(UINT64_MAX, 14);
    put("/sys/fs/cgroup/a/cpu.max", "100\n");
    expect(UINT64_MAX, 14);
    put("/sys/fs/cgroup/a/memory.max", "");
    expect(UINT64_MAX, UINT64_MAX);
    put("/sys/fs/cgroup/a/memory.max", "99999999999999999999999999\n");
    expect(UINT64_MAX, UINT64_MAX);
}
END_TEST

static Suite *cgroup_suite(void)
{
    Suite *suite = suite_create("cgroup");
    TCase *tests = tcase_create("limits");
    tcase_add_checked_fixture(tests, make_root, remove_root);
    tcase_add_test(tests, nothing_there);
    tcase_add_test(tests, unified_limits);
    tcase_add_test(tests, unified_least_of_all_levels);
    tcase_add_test(tests, separate_hierarchies);
    tcase_add_test(tests, mount_of_a_part);
    tcase_add_test(tests, mount_point_with_a_space);
    tcase_add_test(tests, malformed_files);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(cgroup_suite)
