#include "command.h"

#include "help.h"
#include "message.h"
#include "options.h"
#include "outcome.h"
#include "progress.h"
#include "run.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Gives the name that the library has for the generator, or NULL with a message. */
static const char *find_generator(const char *word)
{
    enum { GENERATORS_MAX = 32 };
    const char *names[GENERATORS_MAX];
    size_t count = 0;
    for (const char *name; count < GENERATORS_MAX - 1; count++) {
        name = sheaf_generator(count).name;
        if (name == NULL)
            break;
        if (strcmp(name, word) == 0)
            return name;
        names[count] = name;
    }
    names[count] = NULL;
    const char *near = sheaf_nearest(word, names);
    if (near != NULL)
        message("unknown generator %s; did you mean '%s'?", quoted(word).text, near);
    else
        message("unknown generator %s; see 'sheaf gen --help'", quoted(word).text);
    return NULL;
}

static bool ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text);
    const size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Gives the format that the command line says, or else the one as which the output's name would be
 * read. */
static const char *choose_format(const struct settings *settings)
{
    if (settings->format != NULL)
        return settings->format;
    if (settings->output != NULL && ends_in(settings->output, ".npy"))
        return "npy";
    if (settings->output != NULL && ends_in(settings->output, ".raw"))
        return "raw";
    return "csv";
}

/* Fills the request. False, with a message, when the command line lacks something. */
static bool make_request(const struct settings *settings, struct sheaf_generate_request *out)
{
    if (settings->operand_count == 0) {
        message("gen needs the name of a generator, such as '%s'", sheaf_generator(0).name);
        return false;
    }
    const char *generator = find_generator(settings->operands[0]);
    if (generator == NULL)
        return false;
    if (settings->operand_count > 1) {
        message("gen takes one argument; %s is too many", quoted(settings->operands[1]).text);
        return false;
    }
    if (settings->rows == UINT64_MAX) {
        message("gen needs --rows N");
        return false;
    }
    const char *format = choose_format(settings);
    if (settings->out_delimiter != SHEAF_NO_BYTE && strcmp(format, "csv") != 0) {
        message("--out-delimiter is for CSV, but the name of %s says '%s'", settings->output,
                format);
        return false; /* where --format says so, the options have been refused already */
    }
    *out = (struct sheaf_generate_request){
        .generator = generator,
        .rows = settings->rows,
        .seed = settings->seed,
        .delimiter = settings->out_delimiter,
        .format = format,
        .path = settings->output,
    };
    return true;
}

/* Raw records do not say what they are. */
static void say_schema(const struct sheaf_generate_request *request)
{
    if (strcmp(request->format, "raw") != 0)
        return;
    size_t i = 0;
    while (strcmp(sheaf_generator(i).name, request->generator) != 0)
        i++;
    message("schema: %s", sheaf_generator_schema(i));
}

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    if (!options_parse(command, argc, argv, &settings))
        return OUTCOME_USAGE;
    if (settings.help)
        return help_command(command);
    struct sheaf_generate_request request;
    if (!make_request(&settings, &request))
        return OUTCOME_USAGE;
    /* Rows that run over the screen and a bar would disturb each other. */
    if (settings.progress == PROGRESS_AUTO && settings.output == NULL && isatty(STDOUT_FILENO))
        settings.progress = PROGRESS_NEVER;

    struct sheaf_run_options options;
    run_options(&settings, &options);
    struct progress progress;
    progress_attach(&progress, &settings, &options);
    struct stop stop = {.cancel = NULL};
    struct sheaf_error error = {.status = SHEAF_OK};
    enum sheaf_status status = stop_open(&stop, &error);
    options.cancel = stop.cancel;
    /* Rows are written all the time, to a reader that may let us wait: there, signals act as they
     * do on any program. A file is given up cleanly. */
    if (status == SHEAF_OK && output_is_file(settings.output))
        status = stop_listen(&stop, &error);
    if (status == SHEAF_OK)
        status = sheaf_generate(&request, &options, &error);
    progress_finish(&progress, status);
    if (status == SHEAF_OK && !settings.quiet)
        say_schema(&request);
    return outcome_finish(&stop, status, &error, OUTCOME_DONE);
}

const struct command command_gen = {
    .name = "gen",
    .summary = "generate rows to try things on",
    .bit = FOR_GEN,
    .run = run,
    .synopsis = "[OPTIONS] GENERATOR --rows N",
    .description =
        "Writes N rows: the same bytes for the same seed, whatever the threads. Without "
        "--format, the name of the output tells the format: *.npy, *.raw, else csv.\n\n"
        "Binary formats have no missing values, and write NaN; texts are padded with NULs. Raw "
        "records say nothing of themselves: the schema to read them by is said on standard error, "
        "and alone by -f raw --rows 0.",
    .examples = "  sheaf gen measurements --rows 10\n"
                "  sheaf gen measurements --rows 1000000000 -o measurements.txt\n"
                "  sheaf gen measurements --rows 1000000 --seed 7 -D , |\n"
                "      sheaf agg -n -g 1 'mean(2)'\n"
                "  sheaf gen trips --rows 1000000 -o trips.npy\n"
                "  sheaf gen sequence --rows 1000000 -f raw -q |\n"
                "      sheaf agg -i raw --schema n:i64 'sum(n)'\n",
    .list_title = "Generators",
    .list = sheaf_generator,
};
