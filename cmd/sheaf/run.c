#include "run.h"

#include "help.h"
#include "message.h"
#include "outcome.h"
#include "progress.h"
#include "stopwatch.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* One job, from its plan to its output. */
struct job {
    const struct settings *settings;
    const struct sheaf_request *request;
    struct sheaf_run_options run;
    struct sheaf_print_options print;
    struct stop stop;
    struct progress progress;
    struct sheaf_plan *plan;
    struct sheaf_output *output;
    bool makes_file; /* the output is one */
    struct sheaf_result *result;
    struct sheaf_error error;
};

void run_request(const struct settings *settings, struct sheaf_request *out)
{
    *out = (struct sheaf_request)SHEAF_REQUEST_INIT;
    out->limit = settings->limit;
    out->round = settings->round == UINT64_MAX ? -1 : (int)settings->round;
    out->group_by = settings->group_by;
    out->sort = settings->sort;
    out->select = settings->select;
    out->fields = settings->fields;
    out->all_fields = settings->all_fields;
    out->top = settings->top;
    out->at = settings->at;
    out->method = settings->method;
    out->bins = settings->bins;
    out->input_format = settings->input_format;
    out->schema = settings->schema;
    struct sheaf_dialect *dialect = &out->dialect;
    dialect->delimiter = settings->delimiter;
    dialect->quote = settings->quote;
    dialect->comment = settings->comment;
    dialect->escape = settings->escape;
    dialect->no_headers = settings->no_headers;
    dialect->cr_ends = settings->cr_ends;
    dialect->null_quoted = settings->null_quoted;
    dialect->skip_lines = settings->skip_lines;
    dialect->nulls = settings->nulls;
    dialect->ragged = settings->ragged;
    dialect->on_error = (enum sheaf_on_error)settings->on_error;
    dialect->max_field = settings->max_field;
}

void run_options(const struct settings *settings, struct sheaf_run_options *out)
{
    *out = (struct sheaf_run_options)SHEAF_RUN_OPTIONS_INIT;
    out->threads = (unsigned)settings->threads;
    out->chunk_size = settings->chunk_size;
    out->executor = settings->executor;
    out->scanner = settings->scanner;
    out->isa = settings->isa;
    out->io = settings->io;
    out->memory_limit = settings->memory_limit;
    const char *directory = getenv("TMPDIR");
    out->temporary_directory = directory != NULL && *directory != '\0' ? directory : NULL;
}

void run_print_options(const struct settings *settings, struct sheaf_print_options *out)
{
    *out = (struct sheaf_print_options)SHEAF_PRINT_OPTIONS_INIT;
    out->format = settings->format;
    out->path = settings->output;
    out->comment = settings->comment;
    if (settings->out_delimiter != SHEAF_NO_BYTE)
        out->delimiter = (char)settings->out_delimiter;
}

static enum sheaf_status fail(struct sheaf_error *error, enum sheaf_status status,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fills the error, and gives its status. */
static enum sheaf_status fail(struct sheaf_error *error, enum sheaf_status status,
                              const char *format, ...)
{
    *error = (struct sheaf_error){.status = status};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

/* The bytes that a result prints, and what was left out of it. */
struct evidence {
    char *bytes;
    size_t length;
    struct sheaf_skipped skipped;
};

static enum sheaf_status evidence_take(struct job *job, struct sheaf_result *result,
                                       struct evidence *out)
{
    sheaf_result_skipped(result, &out->skipped);
    return sheaf_result_format(result, &job->print, &out->bytes, &out->length, &job->error);
}

static enum sheaf_status compare(struct job *job, const struct evidence *run,
                                 const struct evidence *check)
{
    size_t same = 0;
    while (same < run->length && same < check->length && run->bytes[same] == check->bytes[same])
        same++;
    if (same < run->length || same < check->length)
        return fail(&job->error, SHEAF_DATA,
                    "verify: the serial run gave another result: it differs from byte %zu on",
                    same + 1);
    if (run->skipped.rows != check->skipped.rows || run->skipped.values != check->skipped.values ||
        strcmp(run->skipped.first, check->skipped.first) != 0)
        return fail(&job->error, SHEAF_DATA,
                    "verify: the serial run left out other rows or values");
    return SHEAF_OK;
}

/* Compares the job's result with that of a serial run. */
static enum sheaf_status compare_results(struct job *job, struct sheaf_result *serial)
{
    struct evidence run = {.bytes = NULL};
    struct evidence check = {.bytes = NULL};
    enum sheaf_status status = evidence_take(job, job->result, &run);
    if (status == SHEAF_OK)
        status = evidence_take(job, serial, &check);
    if (status == SHEAF_OK)
        status = compare(job, &run, &check);
    free(run.bytes);
    free(check.bytes);
    return status;
}

/* Runs the same request once more, in one thread and with the other scanner. */
static enum sheaf_status verify(struct job *job)
{
    struct sheaf_run_options run = job->run;
    run.executor = "serial";
    run.scanner = "libcsv";
    run.threads = 1;
    struct sheaf_plan *plan = NULL;
    struct sheaf_result *result = NULL;
    enum sheaf_status status = sheaf_plan_open(job->request, &run, &plan, &job->error);
    if (status == SHEAF_OK)
        status = sheaf_plan_run(plan, &result, &job->error);
    if (status == SHEAF_OK)
        status = compare_results(job, result);
    sheaf_result_close(result);
    sheaf_plan_close(plan);
    return status;
}

enum sheaf_status run_print(const struct run_printing *printing, struct sheaf_error *error)
{
    /* The reader of a stream may let us wait, and printing polls no token: a signal then ends us as
     * it would end any program. */
    if (!printing->makes_file)
        TRY(stop_release(printing->stop));
    else if (sheaf_cancel_reason(printing->stop->cancel) != 0)
        return SHEAF_STOPPED;
    return sheaf_output_print(printing->output, printing->result, error);
}

static enum sheaf_status explain(struct job *job)
{
    TRY(sheaf_plan_open(job->request, &job->run, &job->plan, &job->error));
    sheaf_plan_explain(job->plan, stdout);
    return SHEAF_OK;
}

static enum sheaf_status execute(struct job *job)
{
    TRY(stop_open(&job->stop, &job->error));
    job->run.cancel = job->stop.cancel;
    if (job->settings->explain)
        return explain(job);
    if (job->settings->verify && job->settings->escape != SHEAF_NO_BYTE)
        return fail(&job->error, SHEAF_USAGE,
                    "--verify compares with the scanner libcsv, which knows no --escape");
    /* Before the plan, which may have to wait for input. */
    job->makes_file = output_is_file(job->settings->output);
    TRY(sheaf_output_open(&job->print, &job->output, &job->error));
    TRY(sheaf_plan_open(job->request, &job->run, &job->plan, &job->error));
    if (job->settings->verify && sheaf_plan_reads_once(job->plan))
        return fail(&job->error, SHEAF_USAGE,
                    "--verify reads the input twice, and this input can be read only once");
    TRY(sheaf_output_check(job->output, job->plan, &job->error));
    TRY(stop_listen(&job->stop, &job->error));
    TRY(sheaf_plan_run(job->plan, &job->result, &job->error));
    if (job->settings->verify)
        TRY(verify(job));
    progress_finish(&job->progress, SHEAF_OK);
    const struct run_printing printing = {&job->stop, job->makes_file, job->output, job->result};
    const uint64_t start = stopwatch_now();
    const enum sheaf_status status = run_print(&printing, &job->error);
    sheaf_plan_note_written(job->plan, stopwatch_now() - start);
    return status;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Says what was left out. Gives OUTCOME_SKIPPED if anything was. */
static enum outcome report_skipped(const struct job *job)
{
    if (job->result == NULL)
        return OUTCOME_DONE;
    struct sheaf_skipped skipped;
    sheaf_result_skipped(job->result, &skipped);
    if (skipped.rows == 0 && skipped.values == 0)
        return OUTCOME_DONE;
    if (job->settings->quiet)
        return OUTCOME_SKIPPED;
    char rows[64] = "";
    char values[64] = "";
    if (skipped.rows > 0)
        snprintf(rows, sizeof rows, "skipped %llu row%s", (unsigned long long)skipped.rows,
                 plural(skipped.rows));
    if (skipped.values > 0)
        snprintf(values, sizeof values, "took %llu bad value%s as missing",
                 (unsigned long long)skipped.values, plural(skipped.values));
    message("%s%s%s; the first: %s", rows, skipped.rows > 0 && skipped.values > 0 ? " and " : "",
            values, skipped.first);
    return OUTCOME_SKIPPED;
}

static void report_timings(const struct job *job)
{
    if (job->plan == NULL || job->settings->explain)
        return;
    if (job->settings->timings == TIMINGS_TEXT)
        sheaf_plan_timings(job->plan, stderr);
    else if (job->settings->timings == TIMINGS_JSON)
        sheaf_plan_timings_json(job->plan, stderr);
}

/* All inputs are open at once; the soft limit is often far below what we may have. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if refused, opening too many files says so */
}

int run_job(const struct settings *settings, const struct sheaf_request *request)
{
    struct job job = {.settings = settings, .request = request};
    raise_file_limit();
    run_options(settings, &job.run);
    run_print_options(settings, &job.print);
    progress_attach(&job.progress, settings, &job.run);

    const enum sheaf_status status = execute(&job);
    if (status != SHEAF_OK)
        progress_finish(&job.progress, status);
    const enum outcome done = status == SHEAF_OK ? report_skipped(&job) : OUTCOME_DONE;
    report_timings(&job);

    sheaf_output_close(job.output);
    if (!outcome_leaves_memory()) {
        sheaf_result_close(job.result);
        sheaf_plan_close(job.plan);
    }
    return outcome_finish(&job.stop, status, &job.error, done);
}

int run_files(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    if (!options_parse(command, argc, argv, &settings))
        return OUTCOME_USAGE;
    if (settings.help)
        return help_command(command);
    struct sheaf_request request;
    run_request(&settings, &request);
    request.command = command->request;
    request.files = settings.operands;
    request.file_count = settings.operand_count;
    return run_job(&settings, &request);
}
