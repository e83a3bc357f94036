"""The inputs and the jobs of scripts/bench: what is asked of what, how the others are asked it, and
how fast sheaf should be beside them; and which answers are the same."""

import csv
import io
import math
import re
from typing import Callable, NamedTuple, Optional

DUCKDB, SPECIAL, WC, PLAIN = "DuckDB", "special", "wc -l", "plain sum"
TOLERANCE = 1e-9


# --- The inputs ---

class Input(NamedTuple):
    """A file: who makes it ('gen' or 'make-inputs'), its rows, how DuckDB is told to read it."""

    name: str
    maker: str
    rows: int
    suffix: str = "csv"
    reader: str = "read_csv('FILE', header=true)"


READ_BARE = ("read_csv('FILE', delim=';', header=false, auto_detect=false,"
             " columns={'c1': 'VARCHAR', 'c2': 'DOUBLE'})")
# By several threads, DuckDB 1.5 refuses this file: a thread starts in quotes and finds a bad row.
READ_TEXT = "read_csv('FILE', header=true, parallel=false)"
INPUTS = {entry.name: entry for entry in [
    Input("measurements", "gen", 100_000_000, reader=READ_BARE),
    Input("trips", "gen", 5_000_000),
    Input("text", "gen", 3_000_000, reader=READ_TEXT),
    Input("doubles", "make-inputs", 125_000_000, "npy", ""),
    Input("places", "make-inputs", 7_000_000, reader=READ_BARE),
    Input("readings", "make-inputs", 2_800_000),
    Input("remarks", "make-inputs", 2_000_000),
    Input("records", "make-inputs", 6_400_000, "npy", ""),
]}


# --- The jobs ---

class Other(NamedTuple):
    """A contestant beside sheaf: words in which FILE and ANSWER stand for paths.

    `read` turns what it printed into rows; None if that is another answer than sheaf's, or none.
    Without FILE, the input is its standard input."""

    label: str
    words: list
    read: Optional[Callable] = None
    slack: float = 0.0  # by which its numbers may be off besides
    slow: bool = False


class Job(NamedTuple):
    """A question about an input. The first `keys` columns of the answer say which row it is."""

    name: str
    input: str
    title: str
    sheaf: list
    others: list
    targets: dict  # {label: the ratio that there should be}
    keys: int = 0
    pick: Callable = list  # what of sheaf's row the others say, too
    headed: bool = True
    megabytes: Optional[int] = None


def csv_rows(text, delimiter=","):
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]


def brace_rows(text):
    """Reads {A=1.0/2.0/3.0, B=...}, the usual form of special programs."""
    number = r"(-?\d+(?:\.\d+)?)"
    return [list(found) for found in
            re.findall(rf"(?:\{{|, )([^={{}}]+)={number}/{number}/{number}", text)]


# --- Answers ---

def table_of(rows, keys):
    """Gives {the first columns: the rest}."""
    table = {tuple(row[:keys]): row[keys:] for row in rows}
    if len(table) != len(rows):
        raise ValueError(f"{len(rows)} rows for {len(table)} groups")
    return table


def agrees(ours, theirs, slack):
    if ours == theirs:
        return True
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=TOLERANCE,
                            abs_tol=max(slack, TOLERANCE))
    except ValueError:
        return False


def difference(ours, theirs, slack):
    """Gives a row that differs as text; an empty one if none does."""
    for key in ours.keys() | theirs.keys():
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None or len(mine) != len(other) or not all(
                agrees(*pair, slack) for pair in zip(mine, other)):
            return f"{','.join(key)}: {other}; sheaf: {mine}"
    return ""


# --- The others' questions ---

def duckdb(select, entry):
    """A query of an input, written to the file of the answer by DuckDB itself."""
    query = select.replace("INPUT", INPUTS[entry].reader)
    return Other(DUCKDB, ["SET preserve_insertion_order=false",
                          f"COPY ({query}) TO 'ANSWER' (FORMAT csv, HEADER false)"], csv_rows)


def miller(*words):
    return Other("Miller", ["mlr", "--icsv", "--ocsv", "--headerless-csv-output", *words, "FILE"],
                 csv_rows, slow=True)


def mawk(separator, program):
    return Other("mawk", ["mawk", "-F", separator, "-v", "OFMT=%.12g", "-v", "CONVFMT=%.12g",
                          program, "FILE"], csv_rows, slow=True)


def datamash(separator, *words):
    return Other("datamash", ["datamash", "-t", separator, *words],
                 lambda text: csv_rows(text, separator), slow=True)


def wc(lines_before):
    """wc -l, which counts rows where no field holds a line end: then less the header."""
    def rows(text):
        return [[str(int(text.split()[0]) - lines_before)]]
    return Other(WC, ["wc", "-l", "FILE"], None if lines_before is None else rows)


def extremes(entry, targets, others=()):
    return Job(f"extremes/{entry}", entry, "min, mean, max by key",
               ["agg", "-n", "-d", ";", "-g", "c1", "min(c2)", "mean(c2)", "max(c2)"],
               [duckdb("SELECT c1, min(c2), avg(c2), max(c2) FROM INPUT GROUP BY 1", entry),
                *others], targets, keys=1, megabytes=64)


def count(entry, lines_before, megabytes=None, others=()):
    return Job(f"count/{entry}", entry, "count of rows", ["count"],
               [duckdb("SELECT count(*) FROM INPUT", entry), wc(lines_before), *others],
               {WC: 1 / 1.5}, headed=False, megabytes=megabytes)


def stats(entry):
    """Quartiles and distinct counts are not compared: DuckDB estimates them."""
    return Job(f"stats/{entry}", entry, "stats of all columns; SUMMARIZE", ["stats"],
               [duckdb("SELECT column_name, min, max, CASE WHEN column_type IN ('BIGINT', 'DOUBLE')"
                       " THEN avg END, std FROM (SUMMARIZE FROM INPUT)", entry)],
               {DUCKDB: 10}, keys=1, megabytes=400,
               pick=lambda row: [row[0], row[5], row[6], row[8], row[9]])


def columns(entry, names):
    functions = {"count": "count", "sum": "sum", "mean": "avg", "min": "min", "max": "max",
                 "sd": "stddev_samp"}
    theirs = ", ".join(f"{theirs}({name})" for name in names for theirs in functions.values())
    return Job(f"columns/{entry}", entry, f"six aggregates of {len(names)} columns",
               ["agg", *(f"{ours}({name})" for name in names for ours in functions)],
               [duckdb(f"SELECT {theirs} FROM INPUT", entry)], {DUCKDB: 5})


def groups(entry, key, value, factor, megabytes=None, others=()):
    return Job(f"groups-{key}/{entry}", entry, f"count, sum, mean by {key}",
               ["agg", "-g", key, "count()", f"sum({value})", f"mean({value})"],
               [duckdb(f"SELECT {key}, count(*), sum({value}), avg({value}) FROM INPUT GROUP BY 1",
                       entry), *others], {DUCKDB: factor}, keys=1, megabytes=megabytes)


def quantiles(entry, first, second, others=()):
    return Job(f"quantiles/{entry}", entry, "two medians, one percentile",
               ["agg", f"median({first})", f"p99({first})", f"median({second})"],
               [duckdb(f"SELECT median({first}), quantile_cont({first}, 0.99), median({second})"
                       " FROM INPUT", entry), *others], {DUCKDB: 6})


def frequency(entry, column, others=()):
    return Job(f"frequency/{entry}", entry, f"frequency of {column}",
               ["freq", "-s", column, "--top", "0"],
               [duckdb(f"SELECT {column}, count(*) FROM INPUT GROUP BY 1", entry), *others],
               {DUCKDB: 7}, keys=1, pick=lambda row: row[1:3], megabytes=64)


def doubles(entry, program, column, width, offset):
    words = [program, "FILE", str(width), str(offset), "2"]
    return Job(f"sum/{entry}", entry, f"exact sum of doubles, one in {width} bytes",
               ["agg", f"sum({column})"], [Other(PLAIN, words, csv_rows)], {PLAIN: 0.6})


TRIPS = ("trip_id vendor passengers distance rate_code pu_zone do_zone payment fare extra tax tip"
         " tolls total").split()
READINGS = "reading sensor latitude longitude high low wind pressure rain".split()
EXTREMES = """
{ x = $2 + 0; new = !($1 in n); if (new || x < low[$1]) low[$1] = x
  if (new || x > high[$1]) high[$1] = x; n[$1]++; sum[$1] += x }
END { for (s in n) print s "," low[s] "," sum[s] / n[s] "," high[s] }"""
ZONES = """
NR > 1 { n[$9]++; sum[$9] += $17 }
END { for (z in n) print z "," n[z] "," sum[z] "," sum[z] / n[z] }"""


# What the slow ones are asked of measurements.
SLOW_EXTREMES = [
    mawk(";", EXTREMES),
    miller("--ifs", ";", "--implicit-csv-header", "stats1", "-a", "min,mean,max", "-f", "2",
           "-g", "1"),
    datamash(";", "-s", "-g", "1", "min", "2", "mean", "2", "max", "2"),
]


def every_job(plain_sum, specials, special_factor):
    """Gives all jobs; its arguments are what depends on the machine: the path of a program, those
    of others, and the ratio to them that there should be."""
    return [
        extremes("measurements", {DUCKDB: 12, SPECIAL: special_factor},
                 [*specials, *SLOW_EXTREMES]),
        count("trips", 1, others=[mawk(",", "END { print NR - 1 }"), miller("count")]),
        count("text", None, 64, [miller("count")]),
        stats("trips"),
        columns("trips", TRIPS),
        groups("trips", "trip_id", "total", 5),
        groups("trips", "pu_zone", "total", 7, 64, [
            mawk(",", ZONES),
            miller("stats1", "-a", "count,sum,mean", "-f", "total", "-g", "pu_zone"),
            datamash(",", "--header-in", "-s", "-g", "9", "count", "17", "sum", "17", "mean",
                     "17")]),
        quantiles("trips", "distance", "fare", [
            datamash(",", "--header-in", "median", "6", "perc:99", "6", "median", "12")]),
        frequency("text", "category", [miller("count-distinct", "-f", "category")]),
        doubles("doubles", plain_sum, "c1", 8, 0),
        extremes("places", {DUCKDB: 12}),
        count("readings", 1),
        count("remarks", None, 64),
        stats("readings"),
        columns("readings", READINGS),
        groups("readings", "sensor", "pressure", 5),
        groups("readings", "code", "pressure", 7),
        quantiles("readings", "high", "longitude"),
        frequency("remarks", "category"),
        doubles("records", plain_sum, "temp_max", 47, 16),
    ]
