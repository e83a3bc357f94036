#include "command.h"

#include "help.h"
#include "options.h"
#include "outcome.h"
#include "run.h"

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    if (!options_parse(command, argc, argv, &settings))
        return OUTCOME_USAGE;
    if (settings.help)
        return help_command(command);
    struct sheaf_request request;
    run_request(&settings, &request);
    request.command = SHEAF_COUNT;
    request.files = settings.operands;
    request.file_count = settings.operand_count;
    return run_job(&settings, &request);
}

const struct command command_count = {
    .name = "count",
    .summary = "count the rows",
    .bit = FOR_COUNT,
    .run = run,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints the number of rows, without the header. A line end inside a quoted field ends no "
        "row, and empty lines are no rows. The shape and quoting of every row are checked.",
    .examples = "  sheaf count data/seattle-weather.csv\n"
                "  sheaf count --no-headers -d ';' measurements.txt\n"
                "  sheaf count --format json january.csv february.csv\n"
                "  zcat rows.csv.gz | sheaf count --on-error skip\n",
};
