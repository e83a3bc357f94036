/* The contest's rows with libuv's work queue. Work may be handed out on the loop's thread only, so
 * there is no row for tasks from inside; UV_THREADPOOL_SIZE is the number of threads. */
#include "contest.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static uint64_t left;

static void must(int status)
{
    if (status == 0)
        return;
    (void)fprintf(stderr, "libuv: %s\n", uv_strerror(status));
    exit(EXIT_FAILURE);
}

static void tick(uv_work_t *request)
{
    (void)request;
    contest_tick();
}

static void hand_out_next(uv_work_t *request, int status)
{
    must(status);
    if (left == 0)
        return;
    left--;
    must(uv_queue_work(request->loop, request, tick, hand_out_next));
}

/* As many requests as the other queues hold tasks; each is handed out again when it has ended. */
static void run_window(const struct contest *self)
{
    char threads[16];
    (void)snprintf(threads, sizeof threads, "%u", self->threads);
    must(uv_os_setenv("UV_THREADPOOL_SIZE", threads));
    static uv_work_t requests[CONTEST_CAPACITY];
    uv_loop_t *loop = uv_default_loop();
    left = self->count;
    const uint64_t began = contest_now();
    for (size_t i = 0; i < CONTEST_CAPACITY && left > 0; i++) {
        left--;
        must(uv_queue_work(loop, &requests[i], tick, hand_out_next));
    }
    must(uv_run(loop, UV_RUN_DEFAULT));
    contest_put(self, contest_now() - began);
    contest_check("tasks", contest_ticks_sum(), self->count);
    must(uv_loop_close(loop));
}

static void after(uv_work_t *request, int status)
{
    (void)request;
    must(status);
}

/* All requests at once; their memory is not measured. */
static void run_at_once(const struct contest *self)
{
    char threads[16];
    (void)snprintf(threads, sizeof threads, "%u", self->threads);
    must(uv_os_setenv("UV_THREADPOOL_SIZE", threads));
    uv_work_t *requests = calloc(self->count, sizeof *requests);
    must(requests != NULL ? 0 : UV_ENOMEM);
    for (uint64_t i = 0; i < self->count; i++)
        requests[i].data = requests; /* touched before */
    uv_loop_t *loop = uv_default_loop();
    const uint64_t began = contest_now();
    for (uint64_t i = 0; i < self->count; i++)
        must(uv_queue_work(loop, &requests[i], tick, after));
    must(uv_run(loop, UV_RUN_DEFAULT));
    contest_put(self, contest_now() - began);
    contest_check("tasks", contest_ticks_sum(), self->count);
    must(uv_loop_close(loop));
    free(requests);
}

const struct contest contests[] = {
    {.name = "tasks-outside", .run = run_window},
    {.name = "tasks-outside/at-once", .run = run_at_once},
    {.name = NULL},
};
