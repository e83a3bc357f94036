#include "command.h"

#include "run.h"

const struct command command_stats = {
    .name = "stats",
    .summary = "describe each column: type, missing values, extremes, mean, quartiles",
    .bit = FOR_STATS,
    .run = run_files,
    .request = SHEAF_STATS,
    .synopsis = "[OPTIONS] [FILE...]",
    .description =
        "Prints one row for each column, with fields that say what it holds: column, type, "
        "rows, nulls, distinct, min, max, sum, mean, sd, q1, median and q3, unless --fields or "
        "--all asks for others. A field that means nothing for a column is empty.\n\n"
        "The type of a column is the first that fits all its values: integer, decimal, float (with "
        "an exponent, NaN, inf, or more than 38 digits), boolean (true, false), date, timestamp, "
        "text; null if there is no value. An integer part with a leading zero, such as 007, makes "
        "a text. Binary columns have the type that their format gives them.\n\n"
        "Texts have extremes in byte order, but no sum, mean and quartiles; dates and timestamps "
        "have extremes by time, and the quartiles that method lower gives. All results are exact "
        "and rounded once.\n\n"
        "Distinct, skewness, kurtosis, quartiles, iqr, mode and lengths keep each different value "
        "in memory. Without them, little memory is needed, however large the input.",
    .examples = "  sheaf stats data/seattle-weather.csv\n"
                "  sheaf stats -s temp_max,temp_min --round 2 data/seattle-weather.csv\n"
                "  sheaf stats --fields column,type,nulls,distinct data/airports.csv\n"
                "  sheaf stats --all -f jsonl data/airports.csv\n"
                "  sheaf stats measurements.npy\n"
                "  sheaf stats -i raw --schema 'id:i64,price:f64,name:c16' trades.bin\n",
    .list_title = "Fields",
    .list = sheaf_stats_field,
};
