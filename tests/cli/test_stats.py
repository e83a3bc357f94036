"""stats: types, extremes, exact statistics, against tables by hand, fractions and SQLite."""

import csv
import io
import json
import statistics
import subprocess
import unittest
from fractions import Fraction

import oracle
from sheaf_test import ROOT, Case, double_text, run, seed

AIRPORTS = str(ROOT / "data" / "airports.csv")
WEATHER = str(ROOT / "data" / "seattle-weather.csv")
IEEE = "/usr/share/ieee-data/oui.csv"
NINES = "9" * 38

# Each text with what it prints as the least value of a column of it alone.
TYPES = {
    "integer": {
        "0": "0", "1": "1", "+1": "1", "-1": "-1", "-0": "0", "+0": "0", "10": "10", " 5": "5",
        "5 ": "5", "\t7\t": "7", "  -12  ": "-12", "2147483648": "2147483648",
        "9223372036854775807": "9223372036854775807",
        "-9223372036854775808": "-9223372036854775808",
        "18446744073709551616": "18446744073709551616", NINES: NINES, "-" + NINES: "-" + NINES,
        NINES + "0": NINES + "0", "20240101": "20240101",
        "1" + "0" * 38: "1" + "0" * 38},
    "decimal": {
        "1.5": "1.5", "1.": "1", ".5": "0.5", "-.5": "-0.5", "+.25": "0.25", "0.0": "0",
        "-0.0": "0", "0.": "0", "1.50": "1.5", "100.00": "100", " 2.5 ": "2.5", "0.1": "0.1",
        "." + "0" * 37 + "1": "0." + "0" * 37 + "1", "1." + "0" * 36 + "1": "1." + "0" * 36 + "1",
        "-123456789.987654321": "-123456789.987654321", "0.000": "0",
        "0.10" + "0" * 50: "0.1", "12345678901234567890.5": "12345678901234567890.5"},
    "float": {
        "1e5": "100000", "1E5": "100000", "1e+5": "100000", "1e-5": "0.00001", "-2.5e3": "-2500",
        ".5e1": "5", "5.e1": "50", "0e0": "0", "0e999": "0", "1e38": "1" + "0" * 38,
        "1e39": "1e39", "1e-39": "1e-39", "1e300": "1e300", "1e400": "inf", "-1e400": "-inf",
        "1e-400": "0", NINES + "9": "1e39", "1" * 39: "1.111111111111111e38",
        "0." + "0" * 38 + "1": "1e-39", "1." + "0" * 37 + "1": "1", " 1e2\t": "100",
        "123e40": "1.23e42", "1" + "0" * 39: "1e39"},
    "boolean": {
        "true": "true", "false": "false", "True": "true", "FALSE": "false", "tRuE": "true",
        "fAlSe": "false"},
    "date": {
        "2024-02-29": "2024-02-29", "2000-02-29": "2000-02-29", "0000-01-01": "0000-01-01",
        "9999-12-31": "9999-12-31", "1969-12-31": "1969-12-31", "0000-02-29": "0000-02-29"},
    "timestamp": {text: text for text in (
        "2024-01-01T00:00:00", "2024-01-01 00:00:00", "2024-01-01T23:59:59.5",
        "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+05:30", "2024-01-01 12:00:00-23:59",
        "2024-01-01T00:00:00.123456789012345678", "2024-01-01T00:00:00.000Z",
        "1677-09-21 00:12:43.145224193Z", "2024-02-29T00:00:00+00:00")},
    "text": {text: text for text in (
        "x", "0x10", "1,5", "1_000", "1 2", "e5", ".", "+", "-", "1e", "1e+", "--1", "1.2.3", "1d",
        "in", "infin", "nan", "NaN", "inf", "-inf", "+Infinity", " nan ", "-nan", "+nan", "007",
        "00", "-01", "+00.5", "00.5", "01e3", "000", " 08", "yes", "no", "t", "f", "T", " true",
        "true ", "truee", "fals", "\u0661", "\u00bd", "$1", "1%", "2023-02-29", "1900-02-29",
        "2024-13-01", "2024-00-01", "2024-01-00", "2024-04-31", "2024-1-1", "24-01-01",
        "02024-01-01", "2024/01/01", "20240101T000000", " 2024-01-01", "2024-01-01 ",
        "2024-01-01T", "2024-01-01T00", "2024-01-01T24:00:00", "2024-01-01T23:60:00",
        "2024-01-01T23:59:60", "2024-01-01T00:00:00.", "2024-01-01T00:00:00z",
        "2024-01-01t00:00:00", "2024-01-01  00:00:00", "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+05:60", "2024-01-01T00:00:00 Z", "2024-01-01Z", "-2024-01-01",
        "2024-01-01T00:00:00.1234567890123456789", "2024-01-01T00:00:00Z+01:00", "12:00:00",
        "null", "NULL", "NA", "N/A", " ", "\t", "", "a,b", 'a"b', "a\nb", "1\n", "\u00e9",
        "\ud7ff", "1\u00a0", "i", "n", "N", "I")},
}

# Texts of several kinds in one column; None is a null.
MIXED = {
    "integer": (["1", "2", None], ["-5", " 3", "+7"]),
    "decimal": (["1", "2.5"], ["1.", "7", None]),
    "float": (["1", "2.5", "1e3"], ["1", "NaN"], ["inf", "0.5"], ["nan", "1", "-inf"],
              ["1", NINES + "9"]),
    "boolean": (["true", "FALSE", None],),
    "date": (["2024-01-01", "2023-12-31"],),
    "timestamp": (["2024-01-01", "2024-01-01T00:00:01"], ["2024-01-01 10:00:00Z", "2024-01-01"],
                  ["2024-01-01 00:00:00Z", "2024-01-01T01:00:00+05:30"]),
    "text": (["1", "x"], ["1", "007"], ["NaN", "inf"], ["nan", "true"], ["true", "1"],
             ["2024-01-01", "1"], ["2024-01-01 00:00:00Z", "2024-01-01T00:00:00"],
             ["2024-01-01", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00"], ["1", ""], ["true", ""],
             ["2024-01-01", "nan"], ["1", "inf", "x"], [""], ["1", " "]),
    "null": ([None], [None, None]),
}


def table_text(columns):
    """A CSV of columns {name: texts}; every value quoted, a null is an unquoted nothing.

    One column may hold none: its row would be an empty line."""
    rows = zip(*columns.values())
    lines = [",".join('"' + name.replace('"', '""') + '"' for name in columns)]
    for row in rows:
        lines.append(",".join("" if text is None else '"' + text.replace('"', '""') + '"'
                              for text in row))
    return ("\n".join(lines) + "\n").encode(errors="surrogateescape")


class Stats(Case):
    def stats(self, data, *options):
        """The rows as dictionaries of texts."""
        rows = self.table("stats", *options, self.file(data))
        return [dict(zip(rows[0], row)) for row in rows[1:]]


class Types(Stats):
    def test_each_text(self):
        texts = [(text, kind, least) for kind, of_kind in TYPES.items()
                 for text, least in of_kind.items()]
        self.assertGreaterEqual(len(texts), 150)
        got = self.stats(table_text({f"c{i}": [text] for i, (text, _, _) in enumerate(texts)}),
                         "--all")
        for (text, kind, least), row in zip(texts, got):
            with self.subTest(text=text):
                self.assertEqual((row["type"], row["min"], row["max"]), (kind, least, least))
                self.assertEqual(row["type"], oracle.type_of([text]))
                self.assertEqual(row["mode"], text)
                self.assertEqual(row["min_length"], str(len(text.encode())))

    def test_texts_together(self):
        kinds = [(kind, texts) for kind, columns in MIXED.items() for texts in columns]
        for order in (1, -1):
            data = table_text({f"c{i}": (texts + [None] * 3)[:3][::order]
                               for i, (_, texts) in enumerate(kinds)})
            for options in ((), ("--chunk-size", "1"), ("--fields", "type,min"),
                            ("--fields", "type,min", "--chunk-size", "1", "-j", "3")):
                got = [row["type"] for row in self.stats(data, *options)]
                self.assertEqual(list(zip(got, kinds)), [(kind[0], kind) for kind in kinds])

    def test_a_pair_of_each_two(self):
        """Every pair of kinds, the type by the regular expressions of the oracle."""
        some = ["1", "2.5", "1e3", "NaN", "inf", "007", "true", "2024-01-01",
                "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "x", "", " 4 ", NINES + "9"]
        pairs = [[a, b] for a in some for b in some]
        got = self.stats(table_text({f"c{i}": pair for i, pair in enumerate(pairs)}), "--fields",
                         "type")
        for pair, row in zip(pairs, got):
            self.assertEqual(row["type"], oracle.type_of(pair), pair)

    def test_null_options(self):
        row, = self.stats("x\nNA\n1\n\"\"\n-\n", "--null", ",NA,-", "--null-quoted")
        self.assertEqual((row["type"], row["rows"], row["nulls"], row["sum"]),
                         ("integer", "4", "3", "1"))
        row, = self.stats("x\n\"NA\"\n1\n", "--null", "NA")
        self.assertEqual((row["type"], row["nulls"]), ("text", "0"))


class Against(Stats):
    """Whole rows, every field, against the slow and obvious way."""

    def check(self, columns, *options):
        got = self.stats(table_text(columns), "--all", *options)
        for row, (name, texts) in zip(got, columns.items()):
            self.assertEqual(row, oracle.stats(name, texts), (name, texts))
        self.assertEqual(len(got), len(columns))

    def test_columns_of_every_kind(self):
        random = seed("columns_of_every_kind")
        makers = {
            "integer": lambda: str(random.randrange(-50, 50)),
            "large": lambda: str(random.randrange(-10**30, 10**30)),
            "decimal": lambda: f"{random.randrange(-999, 999)}.{random.randrange(100):02}",
            "float": lambda: f"{random.randrange(-9, 9)}.{random.randrange(10**6)}"
                             f"e{random.randrange(-9, 9)}",
            "wide": lambda: f"{random.random():.17f}e{random.randrange(-200, 200)}",
            "special": lambda: random.choice(["1", "2.5", "nan", "inf", "-inf", "7", "8", "9"]),
            "boolean": lambda: random.choice(["true", "FALSE", "True", "false"]),
            "date": lambda: f"{random.randrange(1900, 2100)}-0{random.randrange(1, 10)}-11",
            "time": lambda: f"2024-01-{random.randrange(10, 30)}T00:00:0{random.randrange(10)}",
            "zoned": lambda: f"2024-01-01 0{random.randrange(10)}:00:00+0{random.randrange(10)}:30",
            "text": lambda: random.choice(["a", "b", "", "\u00e9t\u00e9", "a,b", 'q"q', "\n", "Z"]),
            "alike": lambda: "abcdefgh" + random.choice(["", "\0", "i", "j" * 90, "\xff"]),
            "same": lambda: "7.25",
            "null": lambda: None,
            "few": lambda: random.choice([None, None, None, "3", "4.5"]),
        }
        for rows in (0, 1, 2, 3, 4, 5, 30, 200):
            columns = {name: [None if random.random() < 0.1 else make() for _ in range(rows)]
                       for name, make in makers.items()}
            # Equal instants of several texts have a first one only for min and max.
            columns["zoned"] = unique_instants(columns["zoned"])
            for size in ("1", "100", "1M"):
                self.check(columns, "-j", "3", "--chunk-size", size)

    def test_sums_of_doubles(self):
        random = seed("sums_of_doubles")
        for _ in range(10):
            texts = [f"{random.random() - 0.5:.17f}e{random.randrange(-300, 150)}"
                     for _ in range(random.randrange(1, 40))]
            self.check({"x": texts, "y": texts[::-1]})

    def test_shape_of_far_values(self):
        """A mean that dwarfs the spread, where running moments lose all digits."""
        texts = [f"1000000000000000.{i % 7}" for i in range(100)]
        self.check({"x": texts, "minus": ["-" + text for text in texts]})
        self.check({"x": ["1e300", "-1e300", "1", "2", "3"], "y": ["1", "1", "1", "1", "2"]})

    def test_of_python(self):
        random = seed("of_python")
        values = [random.randrange(-10**6, 10**6) / 64 for _ in range(500)]
        row, = self.stats("x\n" + "".join(f"{value!r}\n" for value in values), "--all")
        exact = [Fraction(value) for value in values]
        self.assertEqual(row["mean"], double_text(float(statistics.mean(exact))))
        self.assertEqual(row["variance"], double_text(float(statistics.variance(exact))))
        self.assertEqual(row["median"], double_text(statistics.median(values)))
        cuts = statistics.quantiles(exact, n=4, method="inclusive")
        self.assertEqual([row["q1"], row["q3"]], [double_text(float(cuts[i])) for i in (0, 2)])
        self.assertEqual(row["mode"], repr(statistics.mode(values)))

    def test_ties_of_time(self):
        texts = ["2024-01-01T02:00:00+01:00", "2024-01-01T01:00:00Z", "2024-01-01 00:00:00-01:00"]
        for order in (texts, texts[::-1]):
            for size in ("1", "1M"):
                row, = self.stats("t\n" + "\n".join(order), "--chunk-size", size, "-j", "3")
                self.assertEqual((row["min"], row["max"], row["distinct"]),
                                 (order[0], order[0], "3"))

    def test_real_files(self):
        for path in (AIRPORTS, WEATHER):
            with open(path, newline="", encoding="utf-8") as stream:
                header, *rows = csv.reader(stream)
            got = self.table("stats", "--all", path)
            self.assertEqual(got[0], list(oracle.FIELDS))
            for i, name in enumerate(header):
                expected = oracle.stats(name, [row[i] or None for row in rows])
                self.assertEqual(dict(zip(got[0], got[i + 1])), expected)

    def test_sqlite(self):
        columns = ("Registry", "Assignment", "Organization Name", "Organization Address")
        parts = [f"""select '{name}', count(*), count(*) - count(nullif("{name}", '')),
                 count(distinct nullif("{name}", '')), min(nullif("{name}", '')),
                 max("{name}") from t""" for name in columns]
        script = (f".mode csv\n.import {IEEE} t\n.separator , \\n\n" + " union all ".join(parts)
                  + ";\n")
        done = subprocess.run(["sqlite3", "-batch", ":memory:"], input=script.encode(),
                              capture_output=True, check=True, timeout=60)
        theirs = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
        ours = self.table("stats", "--fields", "column,rows,nulls,distinct,min,max",
                          "--null-quoted", IEEE)
        self.assertEqual(ours[1:], theirs)


def unique_instants(texts):
    """The same texts, without those that are another one's instant."""
    seen = {}
    kept = []
    for text in texts:
        if text is None or seen.setdefault(oracle.instant(text)[1], text) == text:
            kept.append(text)
        else:
            kept.append(None)
    return kept


class Options(Stats):
    def test_usual_fields(self):
        rows = self.table("stats", self.file("a,b\n1,x\n"))
        self.assertEqual(rows[0], list(oracle.USUAL))
        self.assertEqual([row[0] for row in rows[1:]], ["a", "b"])

    def test_picked_fields(self):
        path = self.file("a,b\n1,x\n3,y\n")
        self.gives("sum,column,q1\n4,a,1.5\n,b,\n", "stats", "--fields", "sum,column,q1", path)
        self.fails(2, "stats", "--fields", "sum,medain", path, parts=["medain", "median"])
        self.fails(2, "stats", "--fields", "sum,sum", path, parts=["sum"])
        self.fails(2, "stats", "--fields", "", path)
        every = self.table("stats", "--all", path)
        self.assertEqual(every[0], list(oracle.FIELDS))
        for name in oracle.FIELDS:
            alone = self.table("stats", "--fields", name, path)
            self.assertEqual([row[0] for row in alone],
                             [row[oracle.FIELDS.index(name)] for row in every])

    def test_fields_without_the_distinct_values(self):
        """Found value by value they are what the distinct values give."""
        random = seed("fields_without_the_distinct_values")
        texts = [random.choice(["1", "2.50", "-3e2", "NaN", None]) for _ in range(50)]
        times = [random.choice(["2024-01-01", "2023-05-05T00:00:00", None]) for _ in range(50)]
        words = [random.choice(["abcdefgh", "abcdefghi", "", "true", None]) for _ in range(50)]
        flags = [random.choice(["TRUE", "false"]) for _ in range(50)]
        path = self.file(table_text({"n": texts, "t": times, "w": words, "f": flags}))
        fields = ["type", "rows", "nulls", "count", "min", "max", "range", "sum", "mean",
                  "variance", "sd"]
        light = self.table("stats", "--fields", ",".join(fields), "--chunk-size", "9", path)
        heavy = self.table("stats", "--fields", ",".join([*fields, "distinct"]), path)
        self.assertEqual(light, [row[:-1] for row in heavy])

    def test_picked_columns(self):
        path = self.file('a,b,"c,d",b\n1,2,3,4\n')
        for columns, names in (("3,1", ["c,d", "a"]), ("4", ["b"]), ("!a", ["b", "c,d", "b"]),
                               ("/^[ab]/", ["a", "b", "b"]), ("1-3", ["a", "b", "c,d"])):
            rows = self.table("stats", "-s", columns, "--fields", "column,min", path)
            self.assertEqual([row[0] for row in rows[1:]], names, columns)
        self.fails(2, "stats", "-s", "b", path, parts=["b"])
        self.fails(2, "stats", "-s", "z", path, parts=["z"])

    def test_empty_inputs(self):
        header = ",".join(oracle.USUAL) + "\n"
        for data in ("", "\n\n", "#\n"):
            self.gives(header, "stats", "-C", "#", self.file(data))
            self.gives(header, "stats", "-C", "#", data=data.encode())
        self.fails(2, "stats", "-s", "a", self.file(""), parts=["a"])
        self.gives(header + "a,null,0,0,0,,,0,,,,,\nb,null,0,0,0,,,0,,,,,\n", "stats",
                   self.file("a,b\n"))

    def test_json(self):
        path = self.file('n,t,"q""q"\n1,007,\n2.50,x,\n')
        rows = json.loads(self.ok("stats", "--all", "-f", "json", path))
        self.assertEqual([list(row) for row in rows], [list(oracle.FIELDS)] * 3)
        numbers, words, nothing = rows
        self.assertEqual((numbers["min"], numbers["sum"], numbers["mode"]), (1, 3.5, "1"))
        self.assertEqual((words["min"], words["mode"], words["sum"]), ("007", "007", None))
        self.assertEqual((nothing["column"], nothing["sum"], nothing["min"]), ('q"q', 0, None))
        lines = self.ok("stats", "--all", "-f", "jsonl", path).splitlines()
        self.assertEqual([json.loads(line) for line in lines], rows)

    def test_round(self):
        path = self.file("x\n1.25\n1.35\n1.36\n")
        row, = (dict(zip(*rows)) for rows in
                [self.table("stats", "--round", "1", "--all", path)])
        self.assertEqual((row["mean"], row["median"], row["sum"], row["q1"], row["mode"]),
                         ("1.3", "1.4", "4", "1.3", "1.25"))

    def test_limit(self):
        self.gives("column,type\na,integer\n", "stats", "-l", "1", "--fields", "column,type",
                   self.file("a,b\n1,2\n"))

    def test_rows_by_several_workers(self):
        # Enough values that the columns are finished side by side.
        path = self.file("day,id,word,n\n" + "".join(
            f"2024-01-{i % 28 + 1:02} 0{i % 7}:{i % 60:02}:{i % 59:02},{i * 7919 % 70_001},w{i},{i % 3}\n"
            for i in range(70_000)))
        alone = self.ok("stats", "--all", "-j", "1", path)
        for threads in ("2", "3", "7"):
            self.assertEqual(self.ok("stats", "--all", "-j", threads, path), alone)
        rows = self.table("stats", "--fields", "column,type,distinct,median", "-j", "4", path)
        self.assertEqual([row[0] for row in rows[1:]], ["day", "id", "word", "n"])
        self.assertEqual(rows[3][1:], ["text", "70000", ""])

    def test_shape_of_rows_is_checked(self):
        path = self.file("a,b\n1,2\n3\n")
        self.fails(1, "stats", "-s", "a", path, parts=[path + ":3: "])
        result = run("stats", "--on-error", "skip", "--fields", "rows", path)
        self.assertEqual((result.status, result.out), (3, b"rows\n1\n1\n"))

    def test_memory_limit(self):
        path = self.file('id,"a key"\n' + "".join(f"1,{i}-{'x' * 30}\n" for i in range(200_000)))
        self.fails(4, "stats", "--memory-limit", "5M", "-j", "1", path,
                   parts=['"a key"', "stats", "--memory-limit"])
        # What is the last straw depends on the moment when there are several workers.
        self.fails(4, "stats", "--memory-limit", "5M", "-j", "4", path, parts=["--memory-limit"])
        self.assertEqual(run("stats", "--memory-limit", "1G", path).status, 0)
        self.ok("stats", "--memory-limit", "5M", "--fields", "type,min,max,nulls", path)


if __name__ == "__main__":
    unittest.main()
