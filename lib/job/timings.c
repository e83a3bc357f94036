#include "job/timings.h"

#include "job/plan.h"

#include <stdio.h>

/* The spans of a worker, in the order of the work. */
static const struct {
    const char *name;
    size_t offset;
} spans[] = {
    {"claim", offsetof(struct worker_timings, claim_ns)},
    {"read", offsetof(struct worker_timings, read_ns)},
    {"scan", offsetof(struct worker_timings, scan_ns)},
    {"wait", offsetof(struct worker_timings, wait_ns)},
    {"parse", offsetof(struct worker_timings, parse_ns)},
    {"aggregate", offsetof(struct worker_timings, aggregate_ns)},
};

enum { SPANS = sizeof spans / sizeof spans[0] };

static uint64_t span_of(const struct worker_timings *worker, size_t span)
{
    const char *base = (const char *)worker;
    return *(const uint64_t *)(const void *)(base + spans[span].offset);
}

static double milliseconds(uint64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

static void total_of(const struct timings *timings, uint64_t *bytes, uint64_t *rows)
{
    *bytes = *rows = 0;
    for (unsigned i = 0; i < timings->worker_count; i++) {
        *bytes += timings->workers[i].bytes;
        *rows += timings->workers[i].rows;
    }
}

void sheaf_plan_note_written(struct sheaf_plan *plan, uint64_t nanoseconds)
{
    plan->timings.write_ns += nanoseconds;
}

static double seconds_of(const struct timings *timings)
{
    return (double)(timings->run_ns > 0 ? timings->run_ns : 1) / 1e9;
}

/* The share of the run in which the worker did neither wait nor stand idle. */
static double efficiency(const struct timings *timings, const struct worker_timings *worker)
{
    const uint64_t busy =
        worker->read_ns + worker->scan_ns + worker->parse_ns + worker->aggregate_ns;
    return (double)busy / 1e9 / seconds_of(timings);
}

static void print_worker(const struct timings *timings, unsigned index, FILE *out)
{
    const struct worker_timings *worker = &timings->workers[index];
    const double seconds = seconds_of(timings);
    fprintf(out, "%6u  %6llu  %6llu  %12llu  %10llu", index, (unsigned long long)worker->thread,
            (unsigned long long)worker->chunks, (unsigned long long)worker->bytes,
            (unsigned long long)worker->rows);
    for (size_t span = 0; span < SPANS; span++)
        fprintf(out, "  %9.3f", milliseconds(span_of(worker, span)));
    fprintf(out, "  %8.2f  %6.3f  %9.1f %%\n", (double)worker->rows / 1e6 / seconds,
            (double)worker->bytes / 1e9 / seconds, 100 * efficiency(timings, worker));
}

void sheaf_plan_timings(const struct sheaf_plan *plan, FILE *out)
{
    const struct timings *timings = &plan->timings;
    const double seconds = seconds_of(timings);
    uint64_t bytes;
    uint64_t rows;
    total_of(timings, &bytes, &rows);
    fprintf(out, "plan %.3f ms, run %.3f ms, merge %.3f ms, write %.3f ms\n",
            milliseconds(timings->plan_ns), milliseconds(timings->run_ns),
            milliseconds(timings->merge_ns), milliseconds(timings->write_ns));
    fprintf(out,
            "%s, %u workers, chunks of %llu bytes: %llu bytes, %llu rows; %.3f GB/s, %.2f M "
            "rows/s\n",
            plan->executor_ops->name, timings->worker_count, (unsigned long long)plan->chunk_size,
            (unsigned long long)bytes, (unsigned long long)rows, (double)bytes / 1e9 / seconds,
            (double)rows / 1e6 / seconds);
    fprintf(out, "worker  thread  chunks         bytes        rows");
    for (size_t span = 0; span < SPANS; span++)
        fprintf(out, "  %9s", spans[span].name);
    fprintf(out, "  M rows/s    GB/s   efficiency  (times in ms)\n");
    for (unsigned i = 0; i < timings->worker_count; i++)
        print_worker(timings, i, out);
}

static void print_worker_json(const struct timings *timings, unsigned index, FILE *out)
{
    const struct worker_timings *worker = &timings->workers[index];
    const double seconds = seconds_of(timings);
    fprintf(out, "%s{\"thread\":%llu,\"chunks\":%llu,\"bytes\":%llu,\"rows\":%llu",
            index == 0 ? "" : ",", (unsigned long long)worker->thread,
            (unsigned long long)worker->chunks, (unsigned long long)worker->bytes,
            (unsigned long long)worker->rows);
    for (size_t span = 0; span < SPANS; span++)
        fprintf(out, ",\"%s_ns\":%llu", spans[span].name,
                (unsigned long long)span_of(worker, span));
    fprintf(out, ",\"rows_per_second\":%.0f,\"bytes_per_second\":%.0f,\"efficiency\":%.4f}",
            (double)worker->rows / seconds, (double)worker->bytes / seconds,
            efficiency(timings, worker));
}

void sheaf_plan_timings_json(const struct sheaf_plan *plan, FILE *out)
{
    const struct timings *timings = &plan->timings;
    uint64_t bytes;
    uint64_t rows;
    total_of(timings, &bytes, &rows);
    fprintf(out,
            "{\"executor\":\"%s\",\"chunk_size\":%llu,\"bytes\":%llu,\"rows\":%llu,"
            "\"phases_ns\":{\"plan\":%llu,\"run\":%llu,\"merge\":%llu,\"write\":%llu},"
            "\"workers\":[",
            plan->executor_ops->name, (unsigned long long)plan->chunk_size,
            (unsigned long long)bytes, (unsigned long long)rows,
            (unsigned long long)timings->plan_ns, (unsigned long long)timings->run_ns,
            (unsigned long long)timings->merge_ns, (unsigned long long)timings->write_ns);
    for (unsigned i = 0; i < timings->worker_count; i++)
        print_worker_json(timings, i, out);
    fprintf(out, "]}\n");
}
