#include "bench_child.h"

#include "stopwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIPE_SIZE = 1 << 20, /* fewer switches to and fro where a run prints much */
    READ_SIZE = 1 << 16,
    ERRORS_MAX = 1 << 26, /* timings have a part for each worker, of which there may be thousands */
};

/* How timings begin, and nothing else that the program writes to standard error. */
#define TIMINGS_START "{\"executor\":"

/* A child that runs. Descriptors are -1 once they are closed. */
struct process {
    pid_t id;
    int output;
    int errors;
};

static enum sheaf_status fail(struct sheaf_error *error, int number, const char *what)
{
    *error = (struct sheaf_error){.status = SHEAF_SYSTEM, .system_errno = number};
    snprintf(error->text, sizeof error->text, "bench: cannot %s: %s", what, strerror(number));
    return SHEAF_SYSTEM;
}

enum sheaf_status bench_child_open(struct bench_child *out, struct sheaf_error *error)
{
    *out = (struct bench_child){.input = BENCH_INPUT_OURS};
    struct stat status;
    if (fstat(STDIN_FILENO, &status) != 0 || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
        isatty(STDIN_FILENO))
        out->input = BENCH_INPUT_REFUSED;
    else if (S_ISREG(status.st_mode))
        out->input = BENCH_INPUT_AGAIN;
    out->input_at = lseek(STDIN_FILENO, 0, SEEK_CUR);
    return bench_reference_open(&out->reference, error);
}

void bench_child_close(struct bench_child *child)
{
    bench_progress_close(&child->progress);
    bench_reference_close(&child->reference);
}

static void close_one(int *descriptor)
{
    if (*descriptor != -1)
        (void)close(*descriptor);
    *descriptor = -1;
}

/* Starts the program that we are, whatever has become of its file. Gives an errno value, or 0. */
static int spawn(const struct bench_child *child, char *const *words, int output, int errors,
                 pid_t *id)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return failed;
    /* The wrong way round: to read it is an error, where an empty input would be a wrong answer. */
    if (child->input == BENCH_INPUT_REFUSED)
        failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (failed == 0)
        failed = posix_spawn(id, "/proc/self/exe", &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static enum sheaf_status start(const struct bench_child *child, char *const *words,
                               struct process *out, struct sheaf_error *error)
{
    *out = (struct process){.output = -1, .errors = -1};
    if (child->input == BENCH_INPUT_AGAIN && lseek(STDIN_FILENO, child->input_at, SEEK_SET) == -1)
        return fail(error, errno, "go back in standard input");
    int output[2];
    int errors[2];
    if (pipe2(output, O_CLOEXEC) != 0)
        return fail(error, errno, "make a pipe");
    if (pipe2(errors, O_CLOEXEC) != 0) {
        const int number = errno;
        close_one(&output[0]);
        close_one(&output[1]);
        return fail(error, number, "make a pipe");
    }
    (void)fcntl(output[0], F_SETPIPE_SZ, PIPE_SIZE); /* if refused, the usual size does */
    const int failed = spawn(child, words, output[1], errors[1], &out->id);
    close_one(&output[1]);
    close_one(&errors[1]);
    if (failed != 0) {
        close_one(&output[0]);
        close_one(&errors[0]);
        return fail(error, failed, "run the program");
    }
    out->output = output[0];
    out->errors = errors[0];
    return SHEAF_OK;
}

/* Reads what is there into `bytes`; 0: the end. Gives an errno value in `failed`, or 0. */
static size_t read_some(int descriptor, char *bytes, size_t size, int *failed)
{
    ssize_t got;
    do
        got = read(descriptor, bytes, size);
    while (got < 0 && errno == EINTR);
    *failed = got < 0 ? errno : 0;
    return got < 0 ? 0 : (size_t)got;
}

static enum sheaf_status take_output(struct bench_child *child, struct process *process,
                                     struct sheaf_error *error)
{
    char bytes[READ_SIZE];
    int failed;
    const size_t got = read_some(process->output, bytes, sizeof bytes, &failed);
    if (failed != 0)
        return fail(error, failed, "read the output of a run");
    if (got == 0) {
        close_one(&process->output);
        return SHEAF_OK;
    }
    return bench_reference_take(&child->reference, bytes, got, error);
}

/* Appends to what the run has written; past ERRORS_MAX the rest is dropped. */
static enum sheaf_status add_errors(struct bench_run *run, const char *bytes, size_t length,
                                    struct sheaf_error *error)
{
    if (length > ERRORS_MAX - run->errors_length)
        return SHEAF_OK;
    const size_t grown = run->errors_length + length;
    char *text = realloc(run->errors, grown + 1); /* few reads: no need to grow by more */
    if (text == NULL)
        return fail(error, ENOMEM, "keep the messages of a run");
    memcpy(text + run->errors_length, bytes, length);
    text[grown] = '\0';
    run->errors = text;
    run->errors_length = grown;
    return SHEAF_OK;
}

static enum sheaf_status take_errors(struct bench_run *run, struct process *process,
                                     struct sheaf_error *error)
{
    char bytes[READ_SIZE];
    int failed;
    const size_t got = read_some(process->errors, bytes, sizeof bytes, &failed);
    if (failed != 0)
        return fail(error, failed, "read the messages of a run");
    if (got == 0) {
        close_one(&process->errors);
        return SHEAF_OK;
    }
    return add_errors(run, bytes, got, error);
}

/* Reads both streams to their ends. */
static enum sheaf_status listen_to(struct bench_child *child, struct process *process,
                                   struct bench_run *run, struct sheaf_error *error)
{
    while (process->output != -1 || process->errors != -1) {
        /* poll skips descriptors that are -1. */
        struct pollfd polled[] = {
            {.fd = process->output, .events = POLLIN},
            {.fd = process->errors, .events = POLLIN},
            {.fd = sheaf_cancel_descriptor(child->cancel), .events = POLLIN},
        };
        const int ready = poll(polled, 3, bench_progress_wait(&child->progress));
        if (sheaf_cancel_reason(child->cancel) != 0)
            return SHEAF_STOPPED;
        if (ready < 0 && errno != EINTR)
            return fail(error, errno, "wait for a run");
        bench_progress_tick(&child->progress);
        if (ready <= 0)
            continue;
        enum sheaf_status status = SHEAF_OK;
        if (polled[0].revents != 0)
            status = take_output(child, process, error);
        if (status == SHEAF_OK && polled[1].revents != 0)
            status = take_errors(run, process, error);
        if (status != SHEAF_OK)
            return status;
    }
    return SHEAF_OK;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Waits until the child is gone. */
static enum sheaf_status reap(pid_t id, struct bench_run *run, struct sheaf_error *error)
{
    int status;
    struct rusage usage;
    pid_t gone;
    do
        gone = wait4(id, &status, 0, &usage);
    while (gone == -1 && errno == EINTR);
    if (gone == -1)
        return fail(error, errno, "wait for a run");
    run->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    run->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    run->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    run->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
    return SHEAF_OK;
}

enum sheaf_status bench_child_run(struct bench_child *child, char *const *words,
                                  struct bench_run *out, struct sheaf_error *error)
{
    *out = (struct bench_run){.exit_status = -1};
    bench_reference_begin(&child->reference);
    const uint64_t began = stopwatch_now();
    struct process process;
    enum sheaf_status status = start(child, words, &process, error);
    if (status != SHEAF_OK)
        return status;
    status = listen_to(child, &process, out, error);
    if (status != SHEAF_OK)
        (void)kill(process.id, SIGTERM); /* ours, and not yet waited for */
    close_one(&process.output);
    close_one(&process.errors);
    const enum sheaf_status reaped = reap(process.id, out, error);
    out->seconds = (double)(stopwatch_now() - began) / 1e9;
    if (status == SHEAF_OK)
        status = reaped;
    if (status == SHEAF_OK)
        bench_reference_end(&child->reference);
    return status;
}

/* Reads the number behind `key`. */
static bool find_number(const char *text, const char *key, uint64_t *out)
{
    const char *found = strstr(text, key);
    if (found == NULL)
        return false;
    *out = strtoull(found + strlen(key), NULL, 10);
    return true;
}

/* Gives the start of the next line; NULL: there is none. */
static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

static bool is_timings(const char *line)
{
    return strncmp(line, TIMINGS_START, sizeof TIMINGS_START - 1) == 0;
}

bool bench_run_timings(const struct bench_run *run, uint64_t *rows, uint64_t *bytes)
{
    for (const char *line = run->errors; line != NULL; line = next_line(line)) {
        /* The totals come before the parts of the workers, which have the same keys. */
        if (is_timings(line))
            return find_number(line, "\"rows\":", rows) && find_number(line, "\"bytes\":", bytes);
    }
    return false;
}

size_t bench_run_pass_on(const struct bench_run *run)
{
    size_t passed = 0;
    for (const char *line = run->errors; line != NULL; line = next_line(line)) {
        const size_t length = strcspn(line, "\n");
        if (is_timings(line))
            continue;
        (void)fprintf(stderr, "%.*s\n", (int)length, line); /* at most ERRORS_MAX */
        passed += length + 1;
    }
    return passed;
}

void bench_run_close(struct bench_run *run)
{
    free(run->errors);
    run->errors = NULL;
    run->errors_length = 0;
}
