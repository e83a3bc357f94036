#include "command.h"

#include "run.h"

const struct command command_schema = {
    .name = "schema",
    .summary = "find the type of each column, over all rows",
    .bit = FOR_SCHEMA,
    .run = run_files,
    .request = SHEAF_SCHEMA,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints one row for each column: its type, whether values are missing (true or false), and "
        "its first value as an example. All rows are read, none is guessed.\n\n"
        "The type is the first that fits all values: integer, decimal, float (with an exponent, "
        "NaN, inf, or more than 38 digits), boolean (true, false), date, timestamp, text; null if "
        "there is no value. An integer part with a leading zero, such as 007, makes a text. Binary "
        "columns have the type that their format gives them.",
    .examples = "  sheaf schema data/airports.csv\n"
                "  sheaf schema -s date,weather -f json data/seattle-weather.csv\n"
                "  sheaf schema --null NA,- -d ';' survey.txt\n"
                "  sheaf schema measurements.npy\n",
};
