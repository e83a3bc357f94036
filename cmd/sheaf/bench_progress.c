#include "bench_progress.h"

#include "stopwatch.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DELAY_NS UINT64_C(1000000000)
#define MILLISECOND_NS UINT64_C(1000000)

void bench_progress_open(struct bench_progress *progress, const struct settings *settings)
{
    *progress = (struct bench_progress){
        .wanted = !settings->quiet && isatty(STDERR_FILENO) && terminal_is_screen(stderr),
        .start_ns = stopwatch_now(),
    };
}

void bench_progress_begin(struct bench_progress *progress, const char *text)
{
    if (!progress->wanted)
        return;
    snprintf(progress->line, sizeof progress->line, "%s", text);
    /* The last column stays free: some terminals wrap when it is filled. */
    const size_t width = terminal_width(stderr) - 1;
    if (width < sizeof progress->line)
        progress->line[width] = '\0';
    progress->due = true;
    bench_progress_tick(progress);
}

int bench_progress_wait(const struct bench_progress *progress)
{
    if (!progress->due)
        return -1;
    const uint64_t passed = stopwatch_now() - progress->start_ns;
    return passed >= DELAY_NS ? 0 : (int)((DELAY_NS - passed) / MILLISECOND_NS) + 1;
}

void bench_progress_tick(struct bench_progress *progress)
{
    if (bench_progress_wait(progress) != 0)
        return;
    progress->due = false;
    progress->drawn = true;
    fprintf(stderr, "\r%s\033[K", progress->line);
}

void bench_progress_close(struct bench_progress *progress)
{
    if (progress->drawn)
        (void)fputs("\r\033[K", stderr);
    progress->drawn = false;
    progress->due = false;
}
