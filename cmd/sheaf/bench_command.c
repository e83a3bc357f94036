#include "bench_command.h"

#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Options that the command cannot have here, and why. */
static const struct {
    const char *name;
    const char *why;
} refused[] = {
    {"jobs", "that is what bench varies: list the numbers before the command"},
    {"chunk-size", "that is what bench varies: list the sizes before the command"},
    {"executor", "that is what bench varies: list the executors before the command"},
    {"output", "bench compares what is printed; its own --output stands before the command"},
    {"timings", "bench asks for them itself"},
    {"explain", "it runs nothing"},
    {"help", "it runs nothing"},
};

static bool check_options(const struct settings *settings, const char *command)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (options_given(settings, refused[i].name)) {
            message("bench cannot run '%s' with --%s: %s", command, refused[i].name,
                    refused[i].why);
            return false;
        }
    }
    return true;
}

static bool has_option(const struct command *command, const char *name)
{
    for (size_t i = 0; i < option_table_length; i++) {
        const struct option_row *row = &option_table[i];
        if ((row->commands & command->bit) != 0 && strcmp(row->name, name) == 0)
            return true;
    }
    return false;
}

bool bench_command_has_timings(const struct bench_command *command)
{
    return has_option(command->command, "timings");
}

bool bench_command_open(char **words, size_t count, struct bench_command *out)
{
    *out = (struct bench_command){.rest = words + 1, .rest_count = count - 1};
    out->command = command_find(words[0]);
    if (out->command == NULL)
        return false;
    if (out->command->wraps) {
        message("bench cannot run itself");
        return false;
    }
    out->parsed = calloc(count + 1, sizeof *out->parsed); /* main's argv had room for them */
    out->words = calloc(count + BENCH_WORDS_ADDED + 1, sizeof *out->words);
    if (out->parsed == NULL || out->words == NULL) {
        message("no memory for the command line");
        return false;
    }
    memcpy(out->parsed, words, count * sizeof *words);
    return options_parse(out->command, (int)count, out->parsed, &out->settings) &&
           check_options(&out->settings, out->command->name);
}

static size_t add(struct bench_command *command, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a word at the place `at`; gives the next place. */
static size_t add(struct bench_command *command, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command->added[at], sizeof command->added[at], format, arguments);
    va_end(arguments);
    command->words[at] = command->added[at];
    return at + 1;
}

char *const *bench_command_words(struct bench_command *command, const struct bench_setting *setting)
{
    size_t at = add(command, 0, "sheaf");
    at = add(command, at, "%s", command->command->name);
    at = add(command, at, "--executor=%s", setting->executor);
    at = add(command, at, "--jobs=%u", setting->threads);
    if (!bench_setting_is_auto(setting))
        at = add(command, at, "--chunk-size=%s", setting->chunk_size);
    if (bench_command_has_timings(command))
        at = add(command, at, "--timings=json");
    if (has_option(command->command, "progress"))
        at = add(command, at, "--progress=never");
    memcpy(command->words + at, command->rest, command->rest_count * sizeof *command->rest);
    command->words[at + command->rest_count] = NULL;
    return command->words;
}

/* How many of the command's arguments may be files. An expression of agg counts as one: it is
 * hardly ever the name of another thing. */
static size_t count_files(const struct bench_command *command)
{
    const bool is_reader = (command->command->bit & FOR_READERS) != 0;
    return is_reader ? command->settings.operand_count : 0;
}

static bool is_same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool bench_command_reads_once(const struct bench_command *command)
{
    struct stat terminal;
    const bool has_terminal = isatty(STDIN_FILENO) && fstat(STDIN_FILENO, &terminal) == 0;
    const size_t count = count_files(command);
    for (size_t i = 0; i < count; i++) {
        const char *path = command->settings.operands[i];
        struct stat input;
        if (stat(path, &input) != 0)
            continue; /* the run says what is wrong */
        if (!S_ISFIFO(input.st_mode) && !S_ISSOCK(input.st_mode) &&
            !(has_terminal && is_same_file(&input, &terminal)))
            continue;
        message("bench: %s: each run must read it anew, so it must be a regular file", path);
        return true;
    }
    return false;
}

bool bench_command_reads(const struct bench_command *command, const char *path)
{
    struct stat output;
    struct stat input;
    if (path == NULL || stat(path, &output) != 0 || !S_ISREG(output.st_mode))
        return false;
    bool same = fstat(STDIN_FILENO, &input) == 0 && is_same_file(&input, &output);
    const size_t count = count_files(command);
    for (size_t i = 0; i < count && !same; i++)
        same = stat(command->settings.operands[i], &input) == 0 && is_same_file(&input, &output);
    if (same)
        message("%s: the output is also an input", path);
    return same;
}

void bench_command_close(struct bench_command *command)
{
    free(command->parsed);
    free(command->words);
    *command = (struct bench_command){.command = NULL};
}
