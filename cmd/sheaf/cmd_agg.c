#include "command.h"

#include "help.h"
#include "message.h"
#include "options.h"
#include "outcome.h"
#include "run.h"

#include <stdbool.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BLANKS " \t"

/* True for " as NAME", a NAME forgotten included, and for blanks alone. */
static bool is_naming(const char *text)
{
    const char *at = text + strspn(text, BLANKS);
    if (*at == '\0')
        return true;
    return strncmp(at, "as", 2) == 0 && (at[2] == '\0' || strchr(BLANKS, at[2]) != NULL);
}

/* True for NAME(…) and NAME(…) as NAME: what agg takes for an expression. Whether it is a right one
 * is for the library to say. */
static bool is_expression(const char *word)
{
    if (word[0] == '\0' || strchr(LETTERS, word[0]) == NULL)
        return false;
    const char *open = word + strspn(word, LETTERS "0123456789-");
    if (*open != '(')
        return false;
    /* Column names may hold parentheses: any that closes may be the last. */
    for (const char *close = strchr(open, ')'); close != NULL; close = strchr(close + 1, ')')) {
        if (is_naming(close + 1))
            return true;
    }
    return false;
}

static size_t count_expressions(const struct settings *settings)
{
    size_t count = 0;
    while (count < settings->dashes && is_expression(settings->operands[count]))
        count++;
    return count;
}

static int refuse_missing(const struct settings *settings)
{
    if (settings->dashes == 0)
        message("agg needs an expression before the files, such as 'mean(temp_max)'; see "
                "'sheaf agg --help'");
    else
        message("%s is no expression such as 'mean(temp_max)', which agg needs before the files; "
                "see 'sheaf agg --help'",
                quoted(settings->operands[0]).text);
    return OUTCOME_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    if (!options_parse(command, argc, argv, &settings))
        return OUTCOME_USAGE;
    if (settings.help)
        return help_command(command);
    const size_t count = count_expressions(&settings);
    if (count == 0)
        return refuse_missing(&settings);
    struct sheaf_request request;
    run_request(&settings, &request);
    request.command = SHEAF_AGGREGATE;
    request.expressions = settings.operands;
    request.expression_count = count;
    request.files = settings.operands + count;
    request.file_count = settings.operand_count - count;
    return run_job(&settings, &request);
}

const struct command command_agg = {
    .name = "agg",
    .summary = "compute sums, means, extremes ... of columns, in all or by group",
    .bit = FOR_AGG,
    .run = run,
    .synopsis = "[OPTIONS] EXPRESSION... [FILE...]",
    .description =
        "Prints one row of results; with --group-by, one for each group. An expression is "
        "FUNCTION(COLUMN), or FUNCTION(COLUMN) as NAME. A column is a name or a number, from 1; "
        "in double quotes it is always a name: 'mean(\"trip id\")'. The first argument that is no "
        "expression, or --, begins the files.\n\n"
        "Missing values are left out. Results are exact and rounded once.",
    .examples = "  sheaf agg 'mean(temp_max)' 'max(wind) as gust' data/seattle-weather.csv\n"
                "  sheaf agg -g weather 'count()' 'sum(precipitation)' data/seattle-weather.csv\n"
                "  sheaf agg -g weather --sort --round 1 -f md 'min(temp_min)' 'max(temp_max)' \\\n"
                "      data/seattle-weather.csv\n"
                "  sheaf agg -n -d ';' -g 1 --sort 'min(2)' 'mean(2)' 'max(2)' measurements.txt\n",
    .list_title = "Functions",
    .list = sheaf_aggregate,
};
