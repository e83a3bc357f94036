/* io/input.h: regular files, pipes, FIFOs, files that hide their size; peeking, ranges, changes,
 * and a stop while a stream is silent. */
#include "io/input.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sources.h"
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 300000 };

static char bytes[SIZE];

static struct input *open_input(const char *path)
{
    struct input *input;
    struct sheaf_error error;
    if (input_open(path, NULL, &input, &error) != SHEAF_OK)
        ck_abort_msg("%s", error.text);
    return input;
}

static void expect_at(struct input *input, uint64_t offset, size_t length, size_t total)
{
    static char got_bytes[SIZE + 100];
    size_t got;
    ck_assert_int_eq(input_read_at(input, offset, got_bytes, length, &got, NULL), SHEAF_OK);
    const size_t left = offset < total ? total - (size_t)offset : 0;
    ck_assert_uint_eq(got, left < length ? left : length);
    ck_assert_int_eq(memcmp(got_bytes, bytes + (got > 0 ? offset : 0), got), 0);
}

/* Takes all that is left by input_next, in random pieces. */
static void expect_rest(struct input *input, size_t from, size_t total, uint64_t *seed)
{
    static char got_bytes[SIZE];
    size_t at = from;
    for (;;) {
        const size_t wanted = 1 + unit_random(seed) % (total / 5 + 1);
        size_t got;
        ck_assert_int_eq(input_next(input, got_bytes, wanted, &got, NULL), SHEAF_OK);
        ck_assert_int_eq(memcmp(got_bytes, bytes + at, got), 0);
        at += got;
        if (got < wanted)
            break;
    }
    ck_assert_uint_eq(at, total);
}

START_TEST(a_regular_file)
{
    uint64_t seed = unit_seed("a_regular_file", 21);
    struct source source;
    source_fill(bytes, SIZE, seed);
    source_file(&source, bytes, SIZE);
    struct input *input = open_input(source.path);
    ck_assert_str_eq(input_name(input), source.path);
    ck_assert(!input_is_stream(input));
    ck_assert_uint_eq(input_size(input), SIZE);
    ck_assert_int_ge(input_descriptor(input), 0);
    for (int round = 0; round < 300; round++)
        expect_at(input, unit_random(&seed) % (SIZE + 10), unit_random(&seed) % 5000, SIZE);
    expect_at(input, SIZE, 10, SIZE);
    expect_at(input, UINT64_C(1) << 62, 10, SIZE);
    expect_at(input, 0, SIZE + 50, SIZE);
    input_skip_to(input, 1234);
    expect_rest(input, 1234, SIZE, &seed);
    ck_assert_int_eq(input_check_unchanged(input, NULL), SHEAF_OK);
    input_close(input);
    source_close(&source);
}
END_TEST

START_TEST(standard_input_from_its_place)
{
    uint64_t seed = 1;
    struct source source;
    source_fill(bytes, SIZE, seed);
    source_file(&source, bytes, SIZE);
    ck_assert_int_eq(lseek(source.descriptor, 1000, SEEK_SET), 1000);
    ck_assert_int_eq(dup2(source.descriptor, STDIN_FILENO), STDIN_FILENO);
    struct input *input = open_input("-");
    ck_assert_str_eq(input_name(input), "standard input");
    ck_assert(!input_is_stream(input));
    ck_assert_uint_eq(input_size(input), SIZE - 1000);
    memmove(bytes, bytes + 1000, SIZE - 1000);
    expect_at(input, 0, 100, SIZE - 1000);
    expect_at(input, SIZE - 1050, 100, SIZE - 1000);
    expect_rest(input, 0, SIZE - 1000, &seed);
    ck_assert_int_eq(input_check_unchanged(input, NULL), SHEAF_OK);
    input_close(input);
    ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), 0); /* still open, and not ours */
    source_close(&source);
}
END_TEST

/* Peeks at random ranges, skips to a place within what was seen, and takes the rest. */
static void check_stream(struct input *input, size_t total, uint64_t *seed)
{
    ck_assert(input_is_stream(input));
    ck_assert_uint_eq(input_size(input), 0);
    for (int round = 0; round < 5; round++)
        expect_at(input, unit_random(seed) % (total + 10), unit_random(seed) % (total + 10), total);
    expect_at(input, 0, total / 2, total);
    const size_t begin = total == 0 ? 0 : unit_random(seed) % (total / 2 + 1);
    if (unit_random(seed) % 2 == 0) {
        input_skip_to(input, begin);
        expect_rest(input, begin, total, seed);
    } else {
        expect_rest(input, 0, total, seed);
    }
    char byte;
    size_t got;
    ck_assert_int_eq(input_next(input, &byte, 1, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(input_check_unchanged(input, NULL), SHEAF_OK);
}

START_TEST(pipes)
{
    static const size_t sizes[] = {0, 1, 2, 100, 65536, 65537, SIZE};
    uint64_t seed = unit_seed("pipes", 22);
    source_fill(bytes, SIZE, seed);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t piece = 1; piece < 100000; piece = piece * 37 + 50) {
            struct source source;
            source_pipe(&source, bytes, sizes[i], sizes[i] > 1000 && piece == 1 ? 999 : piece);
            struct input *input = open_input(source.path);
            check_stream(input, sizes[i], &seed);
            input_close(input);
            source_close(&source);
        }
}
END_TEST

static void *write_fifo(void *argument)
{
    const int descriptor = open(argument, O_WRONLY | O_CLOEXEC);
    for (size_t done = 0; descriptor >= 0 && done < SIZE;) {
        const ssize_t written = write(descriptor, bytes + done, SIZE - done);
        if (written < 0)
            break;
        done += (size_t)written;
    }
    close(descriptor);
    return NULL;
}

START_TEST(a_fifo)
{
    uint64_t seed = unit_seed("a_fifo", 23);
    source_fill(bytes, SIZE, seed);
    char directory[] = "/tmp/sheaf-input-XXXXXX";
    char path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/fifo", directory);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    pthread_t writer;
    ck_assert_int_eq(pthread_create(&writer, NULL, write_fifo, path), 0);
    struct input *input = open_input(path);
    check_stream(input, SIZE, &seed);
    input_close(input);
    ck_assert_int_eq(pthread_join(writer, NULL), 0);
    unlink(path);
    rmdir(directory);
}
END_TEST

START_TEST(an_empty_file)
{
    uint64_t seed = 1;
    struct source source;
    source_file(&source, "", 0);
    struct input *input = open_input(source.path);
    ck_assert(!input_is_stream(input));
    ck_assert_uint_eq(input_size(input), 0);
    expect_at(input, 0, 10, 0);
    expect_rest(input, 0, 0, &seed);
    input_close(input);
    source_close(&source);
    input = open_input("/dev/null");
    expect_rest(input, 0, 0, &seed);
    input_close(input);
}
END_TEST

/* Files under /proc say that they are empty. */
START_TEST(a_file_that_hides_its_size)
{
    struct input *input = open_input("/proc/self/status");
    char text[4096];
    size_t got;
    ck_assert(input_is_stream(input));
    ck_assert_int_eq(input_read_at(input, 0, text, 5, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 5);
    ck_assert_int_eq(input_next(input, text, sizeof text, &got, NULL), SHEAF_OK);
    ck_assert_uint_gt(got, 100);
    ck_assert_int_eq(memcmp(text, "Name:", 5), 0);
    input_close(input);
}
END_TEST

/* What a stream has given so far is enough for reading some. */
START_TEST(reading_some)
{
    char read[100];
    size_t got;
    struct source source;
    source_fill(bytes, 50, 9);
    source_silent_pipe(&source, bytes, 50);
    struct input *input = open_input(source.path);
    ck_assert_int_eq(input_read_some(input, 10, read, 20, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 20);
    ck_assert_int_eq(memcmp(read, bytes + 10, got), 0);
    ck_assert_int_eq(input_read_some(input, 10, read, sizeof read, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 40); /* and it does not wait for more */
    ck_assert_int_eq(memcmp(read, bytes + 10, got), 0);
    source_hang_up(&source);
    ck_assert_int_eq(input_read_some(input, 50, read, sizeof read, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(input_next(input, read, sizeof read, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 50);
    input_close(input);
    source_close(&source);
    source_file(&source, bytes, 50);
    input = open_input(source.path);
    ck_assert_int_eq(input_read_some(input, 45, read, sizeof read, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 5);
    input_close(input);
    source_close(&source);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
    static const struct {
        const char *path;
        int reason;
    } cases[] = {{"/tmp", EISDIR}, {"/nowhere/at/all", ENOENT}, {"", ENOENT}};
    const int64_t live = memory_live();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input *input = NULL;
        struct sheaf_error error;
        ck_assert_int_eq(input_open(cases[i].path, NULL, &input, &error), SHEAF_SYSTEM);
        ck_assert_ptr_null(input);
        ck_assert_int_eq(error.system_errno, cases[i].reason);
        ck_assert_int_eq(strncmp(error.text, cases[i].path, strlen(cases[i].path)), 0);
    }
    ck_assert_int_eq(close(STDIN_FILENO), 0);
    struct input *input;
    struct sheaf_error error;
    ck_assert_int_eq(input_open("-", NULL, &input, &error), SHEAF_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "standard input"));
    ck_assert_int_eq(memory_live(), live);
    input_close(NULL);
}
END_TEST

/* ---- changes ----------------------------------------------------------------------------- */

enum change { TRUNCATED, APPENDED, REWRITTEN, A_MOMENT_LATER, EMPTIED };

static void change_file(const struct source *source, enum change change)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000, .tv_nsec = 5}};
    struct stat now;
    switch (change) {
    case TRUNCATED:
        ck_assert_int_eq(ftruncate(source->descriptor, 400), 0);
        break;
    case EMPTIED:
        ck_assert_int_eq(ftruncate(source->descriptor, 0), 0);
        break;
    case APPENDED:
        ck_assert_int_eq(pwrite(source->descriptor, "x", 1, 1000), 1);
        break;
    case REWRITTEN: /* the time is set, as the clock of files is coarse */
        ck_assert_int_eq(pwrite(source->descriptor, "x", 1, 10), 1);
        ck_assert_int_eq(futimens(source->descriptor, times), 0);
        break;
    case A_MOMENT_LATER: /* in the same second */
        ck_assert_int_eq(fstat(source->descriptor, &now), 0);
        now.st_mtim.tv_nsec ^= 1;
        ck_assert_int_eq(futimens(source->descriptor,
                                  (const struct timespec[2]){{.tv_nsec = UTIME_OMIT}, now.st_mtim}),
                         0);
        break;
    }
}

START_TEST(a_changed_file)
{
    struct source source;
    struct sheaf_error error = {.status = SHEAF_OK};
    source_fill(bytes, 1000, 3);
    source_file(&source, bytes, 1000);
    struct input *input = open_input(source.path);
    change_file(&source, (enum change)_i);
    ck_assert_int_eq(input_check_unchanged(input, &error), SHEAF_DATA);
    ck_assert_int_eq(error.status, SHEAF_DATA);
    ck_assert_int_eq(strncmp(error.text, source.path, strlen(source.path)), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "changed while it was read"));

    char buffer[1000];
    size_t got;
    const bool shorter = _i == TRUNCATED || _i == EMPTIED;
    ck_assert_int_eq(input_read_at(input, 0, buffer, 1000, &got, &error),
                     shorter ? SHEAF_DATA : SHEAF_OK);
    ck_assert_int_eq(input_next(input, buffer, 1000, &got, NULL), shorter ? SHEAF_DATA : SHEAF_OK);
    if (!shorter)
        ck_assert_uint_eq(got, 1000); /* what was appended is not read */
    input_close(input);
    source_close(&source);
}
END_TEST

/* ---- stops ------------------------------------------------------------------------------- */

static void *set_token_soon(void *token)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    sheaf_cancel_set(token, 15);
    return NULL;
}

/* The reader waits (or is about to) when the token is set; either way the call comes back. */
START_TEST(a_stop_ends_the_wait_for_a_silent_pipe)
{
    struct sheaf_cancel *token;
    struct source source;
    struct input *input;
    char buffer[100];
    size_t got;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_cancel_open(&token, NULL), SHEAF_OK);
    source_silent_pipe(&source, "abc", 3);
    ck_assert_int_eq(input_open(source.path, token, &input, NULL), SHEAF_OK);
    ck_assert_int_eq(input_read_at(input, 0, buffer, 3, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, 3);
    pthread_t setter;
    ck_assert_int_eq(pthread_create(&setter, NULL, set_token_soon, token), 0);
    const enum sheaf_status status =
        _i == 0 ? input_next(input, buffer, sizeof buffer, &got, &error)
                : input_read_at(input, 0, buffer, sizeof buffer, &got, &error);
    ck_assert_int_eq(status, SHEAF_STOPPED);
    ck_assert_int_eq(error.status, SHEAF_STOPPED);
    ck_assert_int_eq(pthread_join(setter, NULL), 0);
    ck_assert_int_eq(input_next(input, buffer, sizeof buffer, &got, &error), SHEAF_STOPPED);
    input_close(input);
    source_close(&source);
    sheaf_cancel_close(token);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

START_TEST(memory_failures_are_clean)
{
    const int64_t live = memory_live();
    enum sheaf_status status = SHEAF_SYSTEM;
    source_fill(bytes, SIZE, 4);
    uint64_t n = 0;
    while (status != SHEAF_OK) {
        struct source source;
        struct input *input = NULL;
        struct sheaf_error error = {.status = SHEAF_OK};
        static char buffer[SIZE];
        size_t got;
        source_pipe(&source, bytes, SIZE, SIZE);
        memory_fail_at(++n);
        status = input_open(source.path, NULL, &input, &error);
        if (status == SHEAF_OK)
            status = input_read_at(input, 0, buffer, SIZE, &got, &error);
        memory_fail_at(0);
        if (status != SHEAF_OK) {
            ck_assert_int_eq(status, SHEAF_SYSTEM);
            ck_assert_ptr_nonnull(strstr(error.text, "out of memory"));
        }
        input_close(input);
        source_close(&source);
        ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_uint_gt(n, 3);
}
END_TEST

/* A stream that was spooled is as a regular file: what was peeked at is there, and no more than was
 * asked for. */
START_TEST(a_spooled_pipe)
{
    uint64_t seed = unit_seed("a_spooled_pipe", 29);
    static const uint64_t most[] = {0, 1, 99999, SIZE - 1, SIZE, SIZE + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        const size_t size = most[i] < SIZE ? (size_t)most[i] : SIZE;
        const size_t peeked = 1 + unit_random(&seed) % 100000;
        struct source source;
        source_fill(bytes, SIZE, seed);
        source_pipe(&source, bytes, SIZE, 7777);
        struct input *input = open_input(source.path);
        if (peeked <= size)
            expect_at(input, peeked / 2, peeked - peeked / 2, SIZE);
        ck_assert_int_eq(input_spool(input, NULL, most[i], NULL), SHEAF_OK);
        ck_assert(!input_is_stream(input));
        ck_assert_uint_eq(input_size(input), size);
        expect_at(input, 0, SIZE, size);
        expect_at(input, size / 3, 1000, size);
        ck_assert_int_eq(input_spool(input, NULL, 1, NULL), SHEAF_OK); /* a file stays as it is */
        ck_assert_uint_eq(input_size(input), size);
        ck_assert_int_eq(input_check_unchanged(input, NULL), SHEAF_OK);
        if (size > 0)
            expect_rest(input, 0, size, &seed);
        input_close(input);
        source_close(&source);
    }
}
END_TEST

/* The copy stands in the directory that was named, and has no name in it. */
START_TEST(the_directory_of_a_spooled_pipe)
{
    char directory[] = "/tmp/spool-XXXXXX";
    char descriptor[64];
    char copy[200] = "";
    struct source source;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    source_fill(bytes, 3, 1);
    source_pipe(&source, bytes, 3, 3);
    struct input *input = open_input(source.path);
    ck_assert_int_eq(input_spool(input, directory, UINT64_MAX, NULL), SHEAF_OK);
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", input_descriptor(input));
    ck_assert_int_gt(readlink(descriptor, copy, sizeof copy - 1), 0);
    ck_assert_msg(strncmp(copy, directory, strlen(directory)) == 0, "%s", copy);
    ck_assert_int_eq(rmdir(directory), 0);
    expect_at(input, 0, 3, 3);
    input_close(input);
    source_close(&source);
}
END_TEST

START_TEST(no_directory_for_a_spooled_pipe)
{
    const int64_t live = memory_live();
    struct source source;
    struct sheaf_error error = {.status = SHEAF_OK};
    source_pipe(&source, "abc", 3, 3);
    struct input *input = open_input(source.path);
    ck_assert_int_eq(input_spool(input, "/none\n/such", UINT64_MAX, &error), SHEAF_SYSTEM);
    ck_assert_int_eq(error.system_errno, ENOENT);
    ck_assert_ptr_nonnull(strstr(error.text, "temporary file in /none\\n/such"));
    ck_assert(input_is_stream(input));
    input_close(input);
    source_close(&source);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(a_stop_ends_the_spooling_of_a_silent_pipe)
{
    struct sheaf_cancel *cancel;
    struct source source;
    struct input *input;
    ck_assert_int_eq(sheaf_cancel_open(&cancel, NULL), SHEAF_OK);
    source_silent_pipe(&source, "abc", 3);
    ck_assert_int_eq(input_open(source.path, cancel, &input, NULL), SHEAF_OK);
    char byte;
    size_t got;
    ck_assert_int_eq(input_read_at(input, 0, &byte, 1, &got, NULL), SHEAF_OK);
    sheaf_cancel_set(cancel, 1);
    ck_assert_int_eq(input_spool(input, NULL, UINT64_MAX, NULL), SHEAF_STOPPED);
    input_close(input);
    source_close(&source);
    sheaf_cancel_close(cancel);
}
END_TEST

static Suite *input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    tcase_add_test(tests, a_regular_file);
    tcase_add_test(tests, standard_input_from_its_place);
    tcase_add_test(tests, pipes);
    tcase_add_test(tests, a_fifo);
    tcase_add_test(tests, an_empty_file);
    tcase_add_test(tests, a_file_that_hides_its_size);
    tcase_add_test(tests, reading_some);
    tcase_add_test(tests, what_cannot_be_opened);
    tcase_add_loop_test(tests, a_changed_file, TRUNCATED, EMPTIED + 1);
    tcase_add_loop_test(tests, a_stop_ends_the_wait_for_a_silent_pipe, 0, 2);
    tcase_add_test(tests, a_spooled_pipe);
    tcase_add_test(tests, the_directory_of_a_spooled_pipe);
    tcase_add_test(tests, no_directory_for_a_spooled_pipe);
    tcase_add_test(tests, a_stop_ends_the_spooling_of_a_silent_pipe);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(input_suite)
