#include "command.h"

#include "run.h"

const struct command command_hist = {
    .name = "hist",
    .summary = "count the numbers of columns in bins of equal width",
    .bit = FOR_HIST,
    .run = run_files,
    .request = SHEAF_HISTOGRAM,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints one row for each column and bin: its edges, and how many numbers lie between them. "
        "The bins divide what lies between the least and the greatest number into equal parts; a "
        "number on an edge belongs to the bin above it, and the greatest to the last. A column of "
        "one value has one bin. Infinities and NaN have rows of their own. On a terminal there are "
        "bars.\n\n"
        "Missing values are left out. Numbers are compared with the exact edges, which are "
        "rounded only to be printed. Texts and times are no numbers: choose other columns with "
        "--select, or take them as missing with --on-error null.",
    .examples = "  sheaf hist -s temp_max data/seattle-weather.csv\n"
                "  sheaf hist -s wind,precipitation --bins 5 --round 2 data/seattle-weather.csv\n"
                "  sheaf hist -s latitude --bins 20 -f csv data/airports.csv\n"
                "  sheaf hist -s temp measurements.npy\n",
};
