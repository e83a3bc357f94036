#include "command.h"

#include "run.h"

const struct command command_freq = {
    .name = "freq",
    .summary = "count the values of columns, the most frequent first",
    .bit = FOR_FREQ,
    .run = run_files,
    .request = SHEAF_FREQ,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints, for each column, its most frequent values, with their counts and their percentage "
        "of all rows. Of values that are equally frequent, the one that appears first comes "
        "first. A missing value counts as one, and is printed as an empty field; an empty text is "
        "printed as \"\". On a terminal there are bars.\n\n"
        "Values of CSV are compared as texts: 1, 1.0 and 01 are three. Those of binary columns "
        "are compared as numbers and times. Every value is counted, not only those shown; "
        "memory grows with the number of different values.",
    .examples = "  sheaf freq -s weather data/seattle-weather.csv\n"
                "  sheaf freq -s state --top 5 data/airports.csv\n"
                "  sheaf freq -s country,state --top 0 --round 1 -f md data/airports.csv\n"
                "  sheaf freq -n -d ';' -s 1 measurements.txt\n",
};
