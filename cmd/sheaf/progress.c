#include "progress.h"

#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
enum { LINE_SIZE = 512, BAR_MIN = 10, BAR_MAX = 60 };

/* Bytes as people read them: "1.2 GiB". */
struct amount {
    char text[16];
};

static struct amount amount(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1024;
        unit++;
    }
    struct amount out;
    snprintf(out.text, sizeof out.text, "%.*f %s", unit == 0 || bytes >= 100 ? 0 : 1, bytes,
             units[unit]);
    return out;
}

/* A time as people read it: "1:02:03", "0:09". */
struct duration {
    char text[32];
};

static struct duration duration(uint64_t seconds)
{
    struct duration out;
    const unsigned long long hours = seconds / 3600;
    const unsigned minutes = (unsigned)(seconds / 60 % 60);
    const unsigned rest = (unsigned)(seconds % 60);
    if (hours > 0)
        snprintf(out.text, sizeof out.text, "%llu:%02u:%02u", hours, minutes, rest);
    else
        snprintf(out.text, sizeof out.text, "%u:%02u", minutes, rest);
    return out;
}

static double seconds_of(const struct sheaf_progress *state)
{
    return (double)state->elapsed_ns / (double)SECOND;
}

/* Bytes a second since the start. */
static double rate_of(const struct sheaf_progress *state)
{
    return state->elapsed_ns == 0 ? 0 : (double)state->bytes / seconds_of(state);
}

/* From 0 to 1; only where a total is known. */
static double fraction_of(const struct sheaf_progress *state)
{
    return state->bytes >= state->total ? 1 : (double)state->bytes / (double)state->total;
}

/* What stands after the bar; with no total known, all there is to say. */
static void write_figures(const struct sheaf_progress *state, char *out, size_t size)
{
    const double rate = rate_of(state);
    const struct amount done = amount((double)state->bytes);
    const struct amount speed = amount(rate);
    if (state->total == 0) {
        snprintf(out, size, "%s, %s/s, %s", done.text, speed.text,
                 duration(state->elapsed_ns / SECOND).text);
        return;
    }
    const int length = snprintf(out, size, "%s of %s, %s/s", done.text,
                                amount((double)state->total).text, speed.text);
    if (rate > 0 && length > 0 && (size_t)length < size) {
        const uint64_t left = state->bytes >= state->total ? 0 : state->total - state->bytes;
        snprintf(out + length, size - (size_t)length, ", %s left",
                 duration((uint64_t)((double)left / rate + 0.5)).text);
    }
}

/* "[=====>    ]" of `width` columns and a space, or nothing where there is no room for it. */
static void write_bar(double fraction, size_t width, char *out)
{
    *out = '\0';
    if (width < BAR_MIN)
        return;
    const size_t inner = (width < BAR_MAX ? width : BAR_MAX) - 2;
    const size_t filled = (size_t)(fraction * (double)inner);
    out[0] = '[';
    memset(out + 1, ' ', inner);
    memset(out + 1, '=', filled);
    if (filled < inner)
        out[1 + filled] = '>';
    strcpy(out + 1 + inner, "] ");
}

static void write_line(const struct sheaf_progress *state, size_t width, char out[LINE_SIZE])
{
    char figures[128];
    write_figures(state, figures, sizeof figures);
    if (state->total == 0) {
        snprintf(out, LINE_SIZE, "%s", figures);
        return;
    }
    enum { PERCENT = sizeof "100% " - 1 };
    const double fraction = fraction_of(state);
    const size_t taken = PERCENT + 1 + strlen(figures); /* 1: the space after the bar */
    char bar[BAR_MAX + 2];
    write_bar(fraction, width > taken ? width - taken : 0, bar);
    snprintf(out, LINE_SIZE, "%3d%% %s%s", (int)(fraction * 100), bar, figures);
}

/* One write a time: a bar that is drawn in pieces flickers. What cannot be written is not worth a
 * word. */
static void draw(const struct progress *progress)
{
    char line[LINE_SIZE];
    char out[LINE_SIZE + 8];
    if (progress->screen) {
        /* The last column stays free: some terminals wrap when it is filled. */
        const size_t width = terminal_width(stderr) - 1;
        write_line(&progress->last, width, line);
        if (width < sizeof line)
            line[width] = '\0';
        snprintf(out, sizeof out, "\r%s\033[K", line);
    } else {
        write_line(&progress->last, 0, line);
        snprintf(out, sizeof out, "sheaf: %.*s\n", LINE_SIZE - 8, line);
    }
    (void)fputs(out, stderr);
}

static void print_json(const struct sheaf_progress *state, const char *done)
{
    char total[24] = "null";
    if (state->total != 0)
        snprintf(total, sizeof total, "%llu", (unsigned long long)state->total);
    fprintf(stderr, "{\"bytes\":%llu,\"total\":%s,\"seconds\":%.3f,\"rate\":%.0f,\"done\":%s}\n",
            (unsigned long long)state->bytes, total, seconds_of(state), rate_of(state), done);
}

static void show(void *argument, const struct sheaf_progress *state)
{
    struct progress *progress = argument;
    progress->last = *state;
    if (progress->mode == PROGRESS_JSON) {
        print_json(state, "false");
        return;
    }
    if (progress->mode == PROGRESS_AUTO && state->elapsed_ns < SECOND)
        return;
    /* A log gets a line a second; a second run starts its clock anew. */
    const bool new_run = state->elapsed_ns < progress->shown_ns;
    if (!progress->screen && !new_run && state->elapsed_ns - progress->shown_ns < SECOND)
        return;
    progress->shown_ns = state->elapsed_ns;
    progress->drawn = progress->screen;
    draw(progress);
}

void progress_attach(struct progress *progress, const struct settings *settings,
                     struct sheaf_run_options *run)
{
    *progress = (struct progress){
        .mode = settings->quiet ? PROGRESS_NEVER : (enum progress_mode)settings->progress,
        .screen = terminal_is_screen(stderr),
    };
    if (progress->mode == PROGRESS_AUTO && !isatty(STDERR_FILENO))
        progress->mode = PROGRESS_NEVER;
    if (progress->mode == PROGRESS_NEVER)
        return;
    run->progress = show;
    run->progress_argument = progress;
}

void progress_finish(struct progress *progress, enum sheaf_status status)
{
    if (progress->drawn)
        (void)fputs("\r\033[K", stderr);
    progress->drawn = false;
    if (status != SHEAF_OK || progress->last.elapsed_ns == 0)
        return;
    /* The last report came some time before the end. */
    if (progress->last.total != 0)
        progress->last.bytes = progress->last.total;
    if (progress->mode == PROGRESS_JSON)
        print_json(&progress->last, "true");
    else if (progress->mode == PROGRESS_ALWAYS && !progress->screen)
        draw(progress);
}
