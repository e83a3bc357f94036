/* Output that is there whole or not at all, however it fails. Failures of the system are made with
 * a filter on system calls, in the forked process of the test. */
#include "unit/unit.h"

#include "io/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[32];
static char path[64];
static char link_path[64];

static int descriptors;

/* The names in a directory, without those that begin the listing of every directory. */
static int count_in(const char *name)
{
    DIR *listing = opendir(name);
    ck_assert_ptr_nonnull(listing);
    int count = -2;
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count;
}

static int count_entries(void)
{
    return count_in(directory);
}

static void make_directory(void)
{
    umask(022);
    strcpy(directory, "/tmp/sheaf-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/out", directory);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    descriptors = count_in("/proc/self/fd");
}

static void remove_directory(void)
{
    ck_assert_int_eq(count_in("/proc/self/fd"), descriptors); /* none was left open */
    unlink(path);
    unlink(link_path);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void put_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void check_file(const char *expected)
{
    char text[256] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(text, expected);
}

static mode_t file_mode(void)
{
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static struct sink *open_sink(const char *name)
{
    struct sink *sink;
    struct sheaf_error error = {.text = ""};
    ck_assert_msg(sink_open(name, &sink, &error) == SHEAF_OK, "%s", error.text);
    return sink;
}

static void write_text(struct sink *sink, const char *text)
{
    ck_assert_int_eq(sink_write(sink, text, strlen(text), NULL), SHEAF_OK);
}

static void write_file(const char *name, const char *text)
{
    struct sink *sink = open_sink(name);
    write_text(sink, text);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);
}

static void check_open_fails(const char *name, int system_errno)
{
    struct sink *sink = (struct sink *)directory;
    struct sheaf_error error;
    ck_assert_int_eq(sink_open(name, &sink, &error), SHEAF_SYSTEM);
    ck_assert_ptr_null(sink);
    ck_assert_int_eq(error.system_errno, system_errno);
    char expected[256];
    snprintf(expected, sizeof expected, "%s: cannot open for writing: %s", name,
             strerror(system_errno));
    ck_assert_str_eq(error.text, expected);
}

/* Makes a system call fail with an errno from now on, in this process. With `flag`, only when its
 * third argument has those bits. False where that cannot be had, or would hit the tests after. */
static bool fail_call(unsigned call, uint32_t flag, unsigned reason)
{
    const char *forks = getenv("CK_FORK");
    const bool alone = forks == NULL || strcmp(forks, "no") != 0;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, flag),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flag, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | reason),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    if (alone && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
        return true;
    printf("skipped: no filter on system calls here\n");
    return false;
}

START_TEST(a_file_appears_at_commit)
{
    struct sink *sink = open_sink(path);
    write_text(sink, "hello, ");
    ck_assert_int_eq(access(path, F_OK), -1);
    write_text(sink, "world\n");
    ck_assert(!sink_is_terminal(sink));
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    check_file("hello, world\n");
    sink_close(sink);
    check_file("hello, world\n");
    ck_assert_int_eq(file_mode(), 0644);
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(an_empty_output_is_an_empty_file)
{
    write_file(path, "");
    check_file("");
}
END_TEST

START_TEST(without_commit_nothing_happened)
{
    struct sink *sink = open_sink(path);
    write_text(sink, "lost");
    sink_close(sink);
    ck_assert_int_eq(count_entries(), 0);

    put_file("old\n", 0640);
    sink = open_sink(path);
    write_text(sink, "lost");
    sink_close(sink);
    check_file("old\n");
    ck_assert_int_eq(count_entries(), 1);
    sink_close(NULL);
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode)
{
    put_file("something that is longer\n", 0604);
    write_file(path, "new\n");
    check_file("new\n");
    ck_assert_int_eq(file_mode(), 0604);
    umask(077);
    unlink(path);
    write_file(path, "private\n");
    ck_assert_int_eq(file_mode(), 0600);
}
END_TEST

START_TEST(readers_of_the_old_file_keep_it)
{
    put_file("old\n", 0644);
    FILE *reader = fopen(path, "r");
    ck_assert_ptr_nonnull(reader);
    write_file(path, "new\n");
    char text[16];
    ck_assert_ptr_nonnull(fgets(text, sizeof text, reader));
    ck_assert_str_eq(text, "old\n");
    fclose(reader);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
    put_file("old\n", 0640);
    ck_assert_int_eq(symlink("out", link_path), 0);
    write_file(link_path, "new\n");
    check_file("new\n");
    ck_assert_int_eq(file_mode(), 0640);

    ck_assert_int_eq(unlink(path), 0); /* now it leads to nothing */
    write_file(link_path, "again\n");
    check_file("again\n");

    char text[64];
    ck_assert_int_eq(readlink(link_path, text, sizeof text), 3);
    ck_assert_int_eq(unlink(link_path), 0);
    ck_assert_int_eq(symlink(path, link_path), 0); /* an absolute one */
    write_file(link_path, "third\n");
    check_file("third\n");
    ck_assert_int_eq(count_entries(), 2);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    char name[128];
    snprintf(name, sizeof name, "%s/none/out", directory);
    check_open_fails(name, ENOENT);
    snprintf(name, sizeof name, "%s/none/", directory);
    check_open_fails(name, ENOENT);
    check_open_fails(directory, EISDIR);
    check_open_fails("", ENOENT);
    put_file("file\n", 0644);
    snprintf(name, sizeof name, "%s/out/x", directory);
    check_open_fails(name, ENOTDIR);
    ck_assert_int_eq(symlink("link", link_path), 0);
    check_open_fails(link_path, ELOOP);
}
END_TEST

START_TEST(a_read_only_file_is_not_replaced)
{
    put_file("kept\n", 0444);
    ck_assert_int_eq(chmod(directory, 0777), 0);
    /* To the administrator nothing is read-only. */
    if (geteuid() == 0 && seteuid(65534) != 0)
        return;
    check_open_fails(path, EACCES);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    check_file("kept\n");
}
END_TEST

/* Bytes in which every shift and every gap shows. */
static char byte_at(uint64_t position)
{
    return (char)(position * 2654435761U >> 24);
}

START_TEST(large_and_small_writes_keep_their_order)
{
    enum { LARGEST = 300000, WRITES = 200 };
    static char bytes[LARGEST];
    uint64_t state = unit_seed("large_and_small_writes_keep_their_order", 3);
    struct sink *sink = open_sink(path);
    uint64_t position = 0;
    for (int i = 0; i < WRITES; i++) {
        const size_t length = unit_random(&state) % (i % 3 == 0 ? LARGEST : 1000);
        for (size_t j = 0; j < length; j++)
            bytes[j] = byte_at(position + j);
        ck_assert_int_eq(sink_write(sink, bytes, length, NULL), SHEAF_OK);
        position += length;
    }
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);

    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    for (uint64_t i = 0; i < position; i++)
        if ((char)getc(file) != byte_at(i))
            ck_abort_msg("byte %llu differs", (unsigned long long)i);
    ck_assert_int_eq(getc(file), EOF);
    fclose(file);
}
END_TEST

static void check_full(struct sink *sink, const char *name)
{
    struct sheaf_error error;
    write_text(sink, "x");
    ck_assert_int_eq(sink_commit(sink, &error), SHEAF_SYSTEM);
    char expected[128];
    snprintf(expected, sizeof expected, "%s: cannot write: No space left on device", name);
    ck_assert_str_eq(error.text, expected);
    ck_assert_int_eq(error.system_errno, ENOSPC);
    sink_close(sink);
}

START_TEST(a_full_device_is_an_error)
{
    check_full(open_sink("/dev/full"), "/dev/full");

    static const char many[200000];
    struct sheaf_error error;
    struct sink *sink = open_sink("/dev/full");
    ck_assert_int_eq(sink_write(sink, many, sizeof many, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(sink_write(sink, "x", 1, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(sink_commit(sink, &error), SHEAF_SYSTEM);
    ck_assert_str_eq(error.text, "/dev/full: cannot write: No space left on device");
    sink_close(sink);
}
END_TEST

/* Runs `body` with standard output on an open descriptor. */
static void with_output(int descriptor, void (*body)(void))
{
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    ck_assert_int_ge(kept, 0);
    ck_assert_int_eq(dup2(descriptor, STDOUT_FILENO), STDOUT_FILENO);
    body();
    ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    close(kept);
}

static void check_full_output(void)
{
    check_full(open_sink("-"), "standard output");
    check_full(open_sink(NULL), "standard output");
}

static void write_to_output(void)
{
    write_file("-", "one\n");
    write_file(NULL, "two\n");
    write_file("/dev/stdout", "three\n");
    struct sink *sink = open_sink("-");
    ck_assert(sink_is_same_file(sink, STDOUT_FILENO));
    sink_close(sink);
}

START_TEST(standard_output_is_written_and_checked)
{
    const int full = open("/dev/full", O_WRONLY);
    ck_assert_int_ge(full, 0);
    with_output(full, check_full_output);
    close(full);

    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "zero\n", 5), 5);
    with_output(file, write_to_output);
    close(file);
    check_file("zero\none\ntwo\nthree\n");
}
END_TEST

START_TEST(the_same_file_is_known)
{
    put_file("old\n", 0644);
    ck_assert_int_eq(symlink("out", link_path), 0);
    const int same = open(path, O_RDONLY);
    const int other = open("/dev/null", O_RDONLY);
    struct sink *sink = open_sink(link_path);
    ck_assert(sink_is_same_file(sink, same));
    ck_assert(!sink_is_same_file(sink, other));
    ck_assert(!sink_is_same_file(sink, -1));
    sink_close(sink);
    sink = open_sink("/dev/null");
    ck_assert(!sink_is_same_file(sink, other)); /* no regular file */
    sink_close(sink);
    close(same);
    close(other);
}
END_TEST

START_TEST(a_fifo_is_written_directly)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    write_file(path, "through\n");
    char text[16] = "";
    ck_assert_int_eq(read(reader, text, sizeof text), 8);
    ck_assert_str_eq(text, "through\n");
    close(reader);
}
END_TEST

START_TEST(a_closed_pipe_is_an_error)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct sink *sink = open_sink(path);
    close(reader);
    struct sheaf_error error;
    write_text(sink, "x");
    ck_assert_int_eq(sink_commit(sink, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(error.system_errno, EPIPE);
    sink_close(sink);
}
END_TEST

enum { PIPED = 1 << 20 };

static void write_much(void)
{
    static char bytes[PIPED];
    for (size_t i = 0; i < PIPED; i++)
        bytes[i] = byte_at(i);
    struct sink *sink = open_sink("-");
    ck_assert_int_eq(sink_write(sink, bytes, sizeof bytes, NULL), SHEAF_OK);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);
}

/* Leaves the pipe full for a moment, so that the writer finds it so. */
static void let_it_fill(int descriptor)
{
    const int capacity = fcntl(descriptor, F_GETPIPE_SZ);
    int waiting = 0;
    for (int i = 0; i < 1000 && waiting < capacity; i++) {
        usleep(2000);
        if (ioctl(descriptor, FIONREAD, &waiting) != 0)
            return;
    }
    usleep(2000);
}

/* Gives 0 when all that was piped comes out of the descriptor, and nothing else. */
static int read_much(int descriptor)
{
    uint64_t total = 0;
    char bytes[3000];
    for (ssize_t n; (n = read(descriptor, bytes, sizeof bytes)) > 0;)
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != byte_at(total++))
                return 1;
    return total == PIPED ? 0 : 1;
}

START_TEST(a_non_blocking_pipe_gets_all)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const pid_t reader = fork();
    ck_assert_int_ge(reader, 0);
    if (reader == 0) {
        close(ends[1]);
        let_it_fill(ends[0]);
        _exit(read_much(ends[0]));
    }
    with_output(ends[1], write_much);
    close(ends[1]);
    close(ends[0]);
    int result;
    ck_assert_int_eq(waitpid(reader, &result, 0), reader);
    ck_assert_int_eq(result, 0);
}
END_TEST

/* Writes over an old file, expects the commit to fail, and that nothing has changed. */
static void check_failed_commit(int system_errno)
{
    put_file("old\n", 0644);
    struct sink *sink = open_sink(path);
    struct sheaf_error error;
    write_text(sink, "new\n");
    ck_assert_int_eq(sink_commit(sink, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(error.system_errno, system_errno);
    char expected[128];
    snprintf(expected, sizeof expected, "%s: cannot write: %s", path, strerror(system_errno));
    ck_assert_str_eq(error.text, expected);
    sink_close(sink);
    check_file("old\n");
    ck_assert_int_eq(count_entries(), 1);
}

START_TEST(a_file_too_large_leaves_nothing)
{
    static const char many[300000];
    signal(SIGXFSZ, SIG_IGN);
    put_file("old\n", 0644);
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit limit = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct sink *sink = open_sink(path);
    struct sheaf_error error;
    ck_assert_int_eq(sink_write(sink, many, sizeof many, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(error.system_errno, EFBIG);
    ck_assert_int_eq(sink_commit(sink, &error), SHEAF_SYSTEM);
    sink_close(sink);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    check_file("old\n");
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(a_failed_sync_leaves_the_old_file)
{
    if (fail_call(SYS_fsync, 0, ENOSPC))
        check_failed_commit(ENOSPC);
}
END_TEST

START_TEST(a_failed_link_leaves_the_old_file)
{
    if (fail_call(SYS_linkat, 0, EDQUOT))
        check_failed_commit(EDQUOT);
}
END_TEST

START_TEST(a_failed_rename_leaves_the_old_file)
{
    if (fail_call(SYS_renameat, 0, EBUSY))
        check_failed_commit(EBUSY);
}
END_TEST

/* Where the file system has no nameless files. */
START_TEST(named_files_do_as_well)
{
    if (!fail_call(SYS_openat, O_TMPFILE, EOPNOTSUPP))
        return;
    struct sink *sink = open_sink(path);
    ck_assert_int_eq(count_entries(), 1);
    write_text(sink, "lost");
    sink_close(sink);
    ck_assert_int_eq(count_entries(), 0);

    write_file(path, "hello\n");
    check_file("hello\n");
    ck_assert_int_eq(file_mode(), 0644);
    ck_assert_int_eq(chmod(path, 0604), 0);
    write_file(path, "new\n");
    check_file("new\n");
    ck_assert_int_eq(file_mode(), 0604);
    ck_assert_int_eq(count_entries(), 1);
    if (fail_call(SYS_fsync, 0, ENOSPC))
        check_failed_commit(ENOSPC);
}
END_TEST

static void add_failures(TCase *tests)
{
    tcase_add_test(tests, a_file_too_large_leaves_nothing);
    tcase_add_test(tests, a_failed_sync_leaves_the_old_file);
    tcase_add_test(tests, a_failed_link_leaves_the_old_file);
    tcase_add_test(tests, a_failed_rename_leaves_the_old_file);
    tcase_add_test(tests, named_files_do_as_well);
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sink");
    TCase *tests = tcase_create("sink");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, a_file_appears_at_commit);
    tcase_add_test(tests, an_empty_output_is_an_empty_file);
    tcase_add_test(tests, without_commit_nothing_happened);
    tcase_add_test(tests, a_replaced_file_keeps_its_mode);
    tcase_add_test(tests, readers_of_the_old_file_keep_it);
    tcase_add_test(tests, a_link_stays_a_link);
    tcase_add_test(tests, what_cannot_be_opened);
    tcase_add_test(tests, a_read_only_file_is_not_replaced);
    tcase_add_test(tests, large_and_small_writes_keep_their_order);
    tcase_add_test(tests, a_full_device_is_an_error);
    tcase_add_test(tests, standard_output_is_written_and_checked);
    tcase_add_test(tests, the_same_file_is_known);
    tcase_add_test(tests, a_fifo_is_written_directly);
    tcase_add_test(tests, a_closed_pipe_is_an_error);
    tcase_add_test(tests, a_non_blocking_pipe_gets_all);
    add_failures(tests);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
