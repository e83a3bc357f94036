/* bench/spawn.c - runs a program once and says what that cost; for scripts/bench.
 *
 *     spawn INPUT OUTPUT PROGRAM [ARGUMENT...]
 *
 * The program's standard input and output are the files named. Printed is one line: nanoseconds
 * from just before the fork until the program's end was seen, microseconds of user and of system
 * time, the largest resident set in KiB, and the status as wait4 gives it.
 *
 * The time ends with the program. What that left running in the background is waited for, too, and
 * adds to the rest.
 *
 * A process of its own, since the kernel counts the memory of whoever forks in with that of the
 * program started: what an interpreter holds would be the least that any contestant is said to use.
 *
 * Status: 0, the program ran, whatever came of it; 1, it did not; 2, wrong usage. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CANNOT_START = 127 };

struct cost {
    int64_t user; /* microseconds */
    int64_t system;
    long peak; /* KiB */
};

static int64_t nanoseconds(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t microseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void add(struct cost *cost, const struct rusage *usage)
{
    cost->user += microseconds(usage->ru_utime);
    cost->system += microseconds(usage->ru_stime);
    if (usage->ru_maxrss > cost->peak)
        cost->peak = usage->ru_maxrss;
}

/* Makes `path` the descriptor `target`. Gives 0, or -1 after a message. */
static int redirect(const char *path, int flags, int target)
{
    int file = open(path, flags | O_CLOEXEC, 0666);

    if (file < 0 || dup2(file, target) < 0) {
        perror(path);
        return -1;
    }
    return 0;
}

static _Noreturn void become(char **arguments)
{
    /* Whoever gives up waiting ends this program only; a contestant must not run on behind it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        redirect(arguments[0], O_RDONLY, STDIN_FILENO) == 0 &&
        redirect(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO) == 0) {
        execvp(arguments[2], arguments + 2);
        perror(arguments[2]);
    }
    _exit(CANNOT_START);
}

/* Waits for what the program left running, so that it is counted, and disturbs nobody. */
static void wait_for_rest(struct cost *cost)
{
    struct rusage usage;
    int status;

    while (wait4(-1, &status, 0, &usage) > 0)
        add(cost, &usage);
}

int main(int count, char **arguments)
{
    struct cost cost = {0, 0, 0};
    struct rusage usage;
    int64_t began;
    int64_t ended;
    int status;
    pid_t child;

    if (count < 4) {
        fputs("usage: spawn INPUT OUTPUT PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        perror("spawn");
        return 1;
    }
    began = nanoseconds();
    child = fork();
    if (child == 0)
        become(arguments + 1);
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("spawn");
        return 1;
    }
    ended = nanoseconds();
    add(&cost, &usage);
    wait_for_rest(&cost);
    printf("%lld %lld %lld %ld %d\n", (long long)(ended - began), (long long)cost.user,
           (long long)cost.system, cost.peak, status);
    return fflush(stdout) == 0 ? 0 : 1;
}
