#include "command.h"

#include "run.h"

const struct command command_count = {
    .name = "count",
    .summary = "count the rows",
    .bit = FOR_COUNT,
    .run = run_files,
    .request = SHEAF_COUNT,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints the number of rows, without the header. A line end inside a quoted field ends no "
        "row, and empty lines are no rows. The shape and quoting of every row are checked.",
    .examples = "  sheaf count data/seattle-weather.csv\n"
                "  sheaf count --no-headers -d ';' measurements.txt\n"
                "  sheaf count --format json january.csv february.csv\n"
                "  zcat rows.csv.gz | sheaf count --on-error skip\n",
};
