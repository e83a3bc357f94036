/* sheaf - reads large CSV and binary files in parallel and gives one exact answer. */
#include "command.h"
#include "help.h"
#include "message.h"
#include "outcome.h"
#include "terminal.h"

#include <malloc.h>
#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_count, &command_stats,  &command_agg, &command_freq,  &command_quantile,
    &command_hist,  &command_schema, &command_gen, &command_bench, NULL,
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] - 1 };

const struct command *command_find(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
    }
    const char *near = sheaf_nearest(name, names);
    if (near != NULL)
        message("unknown command %s; did you mean '%s'?", quoted(name).text, near);
    else
        message("unknown command %s; see 'sheaf --help'", quoted(name).text);
    return NULL;
}

/* "sheaf help", "sheaf help COMMAND". */
static int run_help(const char *name)
{
    if (name == NULL)
        return help_program(commands);
    const struct command *command = command_find(name);
    return command == NULL ? OUTCOME_USAGE : help_command(command);
}

/* Options that stand before any command. */
static int run_option(const char *option, const char *next)
{
    const char *const features = "--features";
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
        return help_program(commands);
    if (strcmp(option, features) == 0)
        return help_features();
    if (strcmp(option, "--version") == 0)
        return next != NULL && strcmp(next, features) == 0 ? help_features() : help_version();
    message("unknown option %s before a command; see 'sheaf --help'", quoted(option).text);
    return OUTCOME_USAGE;
}

/* Freed memory goes back to the system at once, or a memory limit would hold on paper only: left to
 * itself, the allocator keeps more the larger the blocks that were freed. */
static void give_memory_back(void)
{
    enum { THRESHOLD = 1 << 20 };
    (void)mallopt(M_MMAP_THRESHOLD, THRESHOLD);
    (void)mallopt(M_TRIM_THRESHOLD, THRESHOLD);
}

int main(int argc, char **argv)
{
    give_memory_back();
    terminal_guard_streams();
    /* A reader that goes away ends us quietly, also where a parent ignored the signal. */
    (void)signal(SIGPIPE, SIG_DFL);
    if (argc < 2) {
        message("which command? See 'sheaf --help'");
        return OUTCOME_USAGE;
    }
    if (argv[1][0] == '-')
        return run_option(argv[1], argv[2]);
    if (strcmp(argv[1], "help") == 0)
        return run_help(argv[2]);
    const struct command *command = command_find(argv[1]);
    return command == NULL ? OUTCOME_USAGE : command->run(command, argc - 1, argv + 1);
}
