#include "command.h"

#include "run.h"

const struct command command_quantile = {
    .name = "quantile",
    .summary = "compute exact quantiles of columns: medians, percentiles ...",
    .bit = FOR_QUANTILE,
    .run = run_files,
    .request = SHEAF_QUANTILE,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints one row for each column and quantile. Quantiles are of the numbers that are not "
        "missing, and exact: position and interpolation are computed without rounding, and the "
        "result is rounded once; a result that is a value of the input prints as that value. A "
        "column without values gives empty results.\n\n"
        "Texts and times are no numbers: choose other columns with --select, or take them "
        "as missing with --on-error null.",
    .examples =
        "  sheaf quantile -s wind data/seattle-weather.csv\n"
        "  sheaf quantile -s temp_max,temp_min --at 0.05,0.5,0.95 "
        "data/seattle-weather.csv\n"
        "  sheaf quantile -s latitude --at 0.1,0.9 --method nearest data/airports.csv\n"
        "  sheaf gen measurements --rows 1000000 | sheaf quantile -n -d ';' -s 2 --at 0.999\n",
    .list_title = "Methods",
    .list = sheaf_quantile_method,
};
