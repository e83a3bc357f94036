#include "command.h"

#include "bench_child.h"
#include "bench_command.h"
#include "bench_setting.h"
#include "bench_table.h"
#include "help.h"
#include "message.h"
#include "options.h"
#include "outcome.h"
#include "run.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_SIZE = BENCH_LABEL_SIZE + 64 };

/* One comparison, from its settings to its table. */
struct bench {
    const struct settings *settings;
    struct bench_settings spanned;
    struct bench_command command;
    struct bench_child child;
    struct bench_figures *figures; /* one for each setting */
    double *seconds;               /* the memory behind all figures */
    struct stop stop;
    struct sheaf_output *output;
    bool makes_file; /* the output is one */
    struct sheaf_result *table;
    uint64_t round; /* from 0; warm-up rounds come first */
    size_t setting; /* whose turn it is */
    bool began;     /* the very first run is over */
    int first_exit_status;
    bool differs;  /* the error says how */
    bool reported; /* a run failed, and has said why */
    enum outcome outcome;
    struct sheaf_error error;
};

/* Where the comparison stands: "round 2 of 5, pool, 2 threads, 64K". */
static void write_place(const struct bench *bench, char out[PLACE_SIZE])
{
    char label[BENCH_LABEL_SIZE];
    bench_setting_label(&bench->spanned.items[bench->setting], label);
    const uint64_t warm_up = bench->settings->warm_up;
    if (bench->round < warm_up)
        snprintf(out, PLACE_SIZE, "warm-up %llu of %llu, %s", (unsigned long long)bench->round + 1,
                 (unsigned long long)warm_up, label);
    else
        snprintf(out, PLACE_SIZE, "round %llu of %llu, %s",
                 (unsigned long long)(bench->round - warm_up) + 1,
                 (unsigned long long)bench->settings->runs, label);
}

/* True when the run failed because it was not given our standard input. */
static bool needs_input(const struct bench *bench, const struct bench_run *run)
{
    return bench->child.input == BENCH_INPUT_REFUSED && run->errors != NULL &&
           strstr(run->errors, "standard input") != NULL;
}

/* A run failed: passes its message on, and names the setting where that tells anything. */
static enum sheaf_status refuse_run(struct bench *bench, const struct bench_run *run)
{
    bench_progress_close(&bench->child.progress);
    if (needs_input(bench, run)) {
        bench->error = (struct sheaf_error){.status = SHEAF_USAGE};
        snprintf(bench->error.text, sizeof bench->error.text,
                 "bench: standard input: each run must read it anew, so it must be a regular file");
        return SHEAF_USAGE;
    }
    const size_t told = bench_run_pass_on(run);
    bench->outcome = OUTCOME_FAILED;
    if (run->exit_status == OUTCOME_LIMIT || (!bench->began && run->exit_status == OUTCOME_USAGE))
        bench->outcome = (enum outcome)run->exit_status;
    bench->reported = told > 0 && !bench->began;
    char place[PLACE_SIZE];
    write_place(bench, place);
    bench->error = (struct sheaf_error){.status = SHEAF_SYSTEM};
    if (run->exit_status == -1)
        snprintf(bench->error.text, sizeof bench->error.text,
                 "bench: %s: the run was ended by signal %d (%s)", place, run->signal,
                 strsignal(run->signal));
    else
        snprintf(bench->error.text, sizeof bench->error.text,
                 "bench: %s: the run ended with status %d", place, run->exit_status);
    return SHEAF_SYSTEM;
}

/* Compares how a run ended, and what it printed, with the very first run. */
static void compare(struct bench *bench, const struct bench_run *run)
{
    const struct bench_reference *reference = &bench->child.reference;
    if (!bench->began) {
        bench->first_exit_status = run->exit_status;
        /* Such as what was left out: the same for all, or it would be a difference. */
        if (!bench->settings->quiet)
            (void)bench_run_pass_on(run);
        return;
    }
    const bool ended_alike = run->exit_status == bench->first_exit_status;
    if (!reference->differs && ended_alike)
        return;
    bench->figures[bench->setting].differs = true;
    if (bench->differs)
        return; /* the first difference is the one to look into */
    bench->differs = true;
    char first[BENCH_LABEL_SIZE];
    char place[PLACE_SIZE];
    char how[64];
    bench_setting_label(&bench->spanned.items[0], first);
    write_place(bench, place);
    if (reference->differs)
        snprintf(how, sizeof how, "it differs from byte %llu on",
                 (unsigned long long)reference->differs_at + 1);
    else
        snprintf(how, sizeof how, "status %d, not %d", run->exit_status, bench->first_exit_status);
    bench->error = (struct sheaf_error){.status = SHEAF_DATA};
    snprintf(bench->error.text, sizeof bench->error.text,
             "bench: %s gave another result than the first run (%s): %s", place, first, how);
}

static void measure(struct bench *bench, const struct bench_run *run)
{
    struct bench_figures *figures = &bench->figures[bench->setting];
    if (bench->round < bench->settings->warm_up)
        return;
    figures->seconds[figures->runs] = run->seconds;
    figures->cpu_seconds[figures->runs] = run->cpu_seconds;
    figures->runs++;
    if (run->peak_bytes > figures->peak_bytes)
        figures->peak_bytes = run->peak_bytes;
    if (bench_command_has_timings(&bench->command)) {
        figures->knows_rows = bench_run_timings(run, &figures->rows, &figures->bytes);
    } else {
        /* A generator: what it was asked for, and what it wrote. */
        figures->rows = bench->command.settings.rows;
        figures->bytes = bench->child.reference.at;
        figures->knows_rows = figures->rows != UINT64_MAX;
    }
}

static enum sheaf_status run_once(struct bench *bench)
{
    char place[PLACE_SIZE];
    char line[PLACE_SIZE + 8];
    write_place(bench, place);
    snprintf(line, sizeof line, "bench: %s", place);
    bench_progress_begin(&bench->child.progress, line);

    const struct bench_setting *setting = &bench->spanned.items[bench->setting];
    struct bench_run run;
    enum sheaf_status status = bench_child_run(
        &bench->child, bench_command_words(&bench->command, setting), &run, &bench->error);
    if (status == SHEAF_OK && run.exit_status != OUTCOME_DONE && run.exit_status != OUTCOME_SKIPPED)
        status = refuse_run(bench, &run);
    if (status == SHEAF_OK) {
        compare(bench, &run);
        measure(bench, &run);
        bench->began = true;
    }
    bench_run_close(&run);
    return status;
}

/* Every round runs each setting once: what slows the machine for a while, slows them all. */
static enum sheaf_status run_rounds(struct bench *bench)
{
    const uint64_t rounds = bench->settings->warm_up + bench->settings->runs;
    for (bench->round = 0; bench->round < rounds; bench->round++)
        for (bench->setting = 0; bench->setting < bench->spanned.count; bench->setting++)
            TRY(run_once(bench));
    return SHEAF_OK;
}

static enum sheaf_status make_figures(struct bench *bench)
{
    const size_t count = bench->spanned.count;
    const size_t runs = (size_t)bench->settings->runs; /* at most RUNS_MAX */
    bench->figures = calloc(count, sizeof *bench->figures);
    bench->seconds = calloc(count, 2 * runs * sizeof *bench->seconds);
    if (bench->figures == NULL || bench->seconds == NULL) {
        bench->error = (struct sheaf_error){.status = SHEAF_SYSTEM};
        snprintf(bench->error.text, sizeof bench->error.text, "bench: no memory for the figures");
        return SHEAF_SYSTEM;
    }
    for (size_t i = 0; i < count; i++) {
        bench->figures[i].seconds = bench->seconds + 2 * i * runs;
        bench->figures[i].cpu_seconds = bench->figures[i].seconds + runs;
    }
    return SHEAF_OK;
}

static enum sheaf_status open_output(struct bench *bench)
{
    struct sheaf_print_options print;
    run_print_options(bench->settings, &print);
    bench->makes_file = output_is_file(bench->settings->output);
    return sheaf_output_open(&print, &bench->output, &bench->error);
}

static enum sheaf_status print(struct bench *bench)
{
    TRY(bench_table_make(&bench->spanned, bench->figures, bench->settings->round, &bench->table,
                         &bench->error));
    const struct run_printing printing = {&bench->stop, bench->makes_file, bench->output,
                                          bench->table};
    return run_print(&printing, &bench->error);
}

static enum sheaf_status execute(struct bench *bench)
{
    TRY(stop_open(&bench->stop, &bench->error));
    TRY(open_output(bench));
    TRY(make_figures(bench));
    TRY(bench_child_open(&bench->child, &bench->error));
    TRY(stop_listen(&bench->stop, &bench->error));
    bench->child.cancel = bench->stop.cancel;
    bench_progress_open(&bench->child.progress, bench->settings);
    TRY(run_rounds(bench));
    bench_progress_close(&bench->child.progress);
    TRY(print(bench));
    return bench->differs ? SHEAF_DATA : SHEAF_OK;
}

/* Gives the exit status. */
static int compare_settings(struct bench *bench)
{
    bench->child.reference.file = -1;
    bench->outcome = OUTCOME_DONE;
    enum sheaf_status status = execute(bench);
    bench_child_close(&bench->child);
    sheaf_output_close(bench->output);
    sheaf_result_close(bench->table);
    free(bench->figures);
    free(bench->seconds);
    if (bench->reported)
        status = SHEAF_OK; /* nothing is left to say; the outcome is that of the run */
    return outcome_finish(&bench->stop, status, &bench->error, bench->outcome);
}

/* Reads what stands before the command, and the command. False, with a message, when either is
 * wrong. */
static bool prepare(struct bench *bench, char **operands)
{
    if (bench->settings->operand_count == 0) {
        message("bench needs a command to run, such as 'count data.csv'; see 'sheaf bench --help'");
        return false;
    }
    return bench_settings_open(bench->settings, &bench->spanned) &&
           bench_command_open(operands, bench->settings->operand_count, &bench->command) &&
           !bench_command_reads_once(&bench->command) &&
           !bench_command_reads(&bench->command, bench->settings->output);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    if (!options_parse(command, argc, argv, &settings))
        return OUTCOME_USAGE;
    if (settings.help)
        return help_command(command);
    struct bench bench = {.settings = &settings};
    /* The parser has moved the operands to the front. */
    const int outcome = prepare(&bench, argv + 1) ? compare_settings(&bench) : OUTCOME_USAGE;
    bench_command_close(&bench.command);
    bench_settings_close(&bench.spanned);
    return outcome;
}

const struct command command_bench = {
    .name = "bench",
    .summary = "time a command over threads, chunk sizes and executors",
    .bit = FOR_BENCH,
    .wraps = true,
    .run = run,
    .synopsis = "[OPTIONS] [--] COMMAND [ARGUMENTS]...",
    .description =
        "Runs another command line of this program with every setting that the lists span, several "
        "times, and prints a row for each setting. The options of bench stand before COMMAND; what "
        "follows is passed on as it is. It must not hold --jobs, --chunk-size, --executor, "
        "--output, --timings or --explain. A round runs each setting once, so that what slows the "
        "machine for a while slows them all.\n\n"
        "What each run prints, warm-up included, is compared with what the first run printed, byte "
        "by byte. If one differs, 'same' is no, a message names the two settings, and the exit "
        "status is 1. A run that leaves out rows (status 3) is as good as any; one that fails ends "
        "the comparison, with its status where that is 2 or 4, else 1.\n\n"
        "Each run reads the input anew, so it must be regular files, standard input too: what "
        "comes through a pipe, or from a terminal, is refused.\n\n"
        "Of --jobs, 0 is the default number of threads; what a list repeats is run once.",
    .examples = "  sheaf bench count data/seattle-weather.csv\n"
                "  sheaf bench -j 1,2,4 --chunk-size auto,64K,1M --executor pool,openmp \\\n"
                "      agg -g weather 'mean(temp_max)' data/seattle-weather.csv\n"
                "  sheaf bench -f json --runs 11 -- agg -n -d ';' -g 1 'mean(2)' measurements.txt\n"
                "  sheaf bench -j 1,2 --executor pool gen measurements --rows 1000000\n",
    .list_title = "Columns",
    .list = bench_table_column,
};
