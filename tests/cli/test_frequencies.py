"""freq, hist and schema, against dictionaries, fractions, numpy and SQLite."""

import csv
import io
import json
import os
import pty
import subprocess
import unittest

import numpy

import oracle
from sheaf_test import PROGRAM, ROOT, Case, run, seed

AIRPORTS = str(ROOT / "data" / "airports.csv")
WEATHER = str(ROOT / "data" / "seattle-weather.csv")
IEEE = "/usr/share/ieee-data/oui.csv"


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def on_terminal(*args):
    """What the program prints to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=slave,
                               stderr=subprocess.PIPE)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:
        pass  # how Linux says that the other side is closed
    os.close(master)
    _, errors = process.communicate(timeout=30)
    return process.returncode, text.decode().replace("\r\n", "\n"), errors


class Freq(Case):
    def check(self, path, columns, *options, top=10):
        """All columns, against counts in a dictionary that keeps its order."""
        rows = self.table("freq", *options, path)
        expected = [["column", "value", "count", "percent"]]
        for name, texts in columns.items():
            found = oracle.frequencies(texts)
            for text, count in found[:top or len(found)]:
                expected.append([name, text or "", str(count),
                                 oracle.percent(count, len(texts))])
        self.assertEqual(rows, expected)

    def test_by_hand(self):
        path = self.file('x,y\na,1\nb,\n,1.0\na,""\n"",\n')
        self.gives('column,value,count,percent\n'
                   'x,a,2,40\nx,b,1,20\nx,,1,20\nx,"",1,20\n'
                   'y,,2,40\ny,1,1,20\ny,1.0,1,20\ny,"",1,20\n', "freq", path)
        self.gives("column,value,count,percent\nx,a,2,40\n", "freq", "-s", "x", "--top", "1", path)
        rows = json.loads(self.ok("freq", "-s", "y", "-f", "json", path))
        self.assertEqual(rows, [
            {"column": "y", "value": None, "count": 2, "percent": 40},
            {"column": "y", "value": "1", "count": 1, "percent": 20},
            {"column": "y", "value": "1.0", "count": 1, "percent": 20},
            {"column": "y", "value": "", "count": 1, "percent": 20}])

    def test_random_tables(self):
        random = seed("random_tables")
        for rows in (1, 3, 50, 400):
            columns = {
                "few": [random.choice(["a", "b", None]) for _ in range(rows)],
                "words": [random.choice(["x,y", 'q"q', "l\nl", "\u00e9", None, "Z" * 40])
                          for _ in range(rows)],
                "many": [str(random.randrange(100)) for _ in range(rows)],
                "all": [str(i) for i in range(rows)],
                "none": [None] * rows}
            lines = [",".join(columns)]
            for row in zip(*columns.values()):
                lines.append(",".join("" if text is None else '"' + text.replace('"', '""') + '"'
                                      for text in row))
            path = self.file("\n".join(lines) + "\n")
            for top in (10, 0, 1, 3, 10**9):
                for size in ("1", "64", "1M"):
                    options = () if top == 10 else ("--top", str(top))
                    self.check(path, columns, *options, "--chunk-size", size, "-j", "3", top=top)

    def test_ties_by_first_appearance(self):
        texts = [str(i * 7919 % 5000) for i in range(5000)] * 2
        path = self.file("x\n" + "\n".join(texts))
        for size in ("100", "7K"):
            for top in ("10", "0"):
                rows = self.table("freq", "--top", top, "--chunk-size", size, "-j", "4", path)
                limit = 5000 if top == "0" else 10
                self.assertEqual([row[1] for row in rows[1:]], texts[:limit])

    def test_real_files(self):
        for path in (AIRPORTS, WEATHER):
            header, *rows = read_csv(path)
            columns = {name: [row[i] or None for row in rows] for i, name in enumerate(header)}
            self.check(path, columns)
            self.check(path, columns, "--top", "0", "--chunk-size", "999", top=0)

    def test_sqlite(self):
        script = (f""".mode csv\n.import {IEEE} t\n.separator , \\n
            select "Organization Name", count(*) as n, 100.0 * count(*) / (select count(*) from t)
            from t group by 1 order by n desc, min(rowid) limit 500;\n""")
        done = subprocess.run(["sqlite3", "-batch", ":memory:"], input=script.encode(),
                              capture_output=True, check=True, timeout=60)
        theirs = list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))
        ours = self.table("freq", "-s", "Organization Name", "--top", "500", IEEE)[1:]
        self.assertEqual([row[1:3] for row in ours], [row[:2] for row in theirs])
        for mine, other in zip(ours, theirs):
            self.assertAlmostEqual(float(mine[3]), float(other[2]), delta=1e-9)

    def test_options(self):
        path = self.file("a,b\n1,x\n1,y\n2,y\n")
        self.gives("column,value,count,percent\na,1,2,66.67\na,2,1,33.33\n", "freq", "-s", "a",
                   "--round", "2", path)
        self.gives("column,value,count,percent\nb,y,2,66.66666666666667\n", "freq", "-s", "2",
                   "-l", "1", path)
        for top in ("-1", "x", "1.5"):
            self.fails(2, "freq", "--top", top, path)
        self.fails(2, "freq", "-s", "c", path, parts=["c"])
        for data in ("", "a,b\n"):
            self.gives("column,value,count,percent\n", "freq", self.file(data))

    def test_memory_limit(self):
        path = self.file('k,"a key"\n' + "".join(f"1,{i}-{'x' * 30}\n" for i in range(200_000)))
        self.fails(4, "freq", "--memory-limit", "5M", "-j", "1", path,
                   parts=['"a key"', "--memory-limit"])
        self.fails(4, "freq", "--memory-limit", "5M", "-j", "4", path, parts=["--memory-limit"])
        self.ok("freq", "-s", "k", "--memory-limit", "5M", path)


class Hist(Case):
    def check(self, columns, bins, *options):
        lines = [",".join(columns)]
        lines += [",".join(row) for row in zip(*columns.values())]
        rows = self.table("hist", "--bins", bins, *options, self.file("\n".join(lines) + "\n"))
        expected = [["column", "low", "high", "count"]]
        for name, texts in columns.items():
            numbers = [oracle.number(text) for text in texts if text]
            expected += [[name, low, high, str(count)]
                         for low, high, count in oracle.histogram(numbers, bins)]
        self.assertEqual(rows, expected, columns)

    def test_by_hand(self):
        path = self.file("x,y,z,w\n1,nan,,7\n2,5,,7\n3,-inf,,7.0\n9,inf,,\n5,9,,\n")
        self.gives("column,low,high,count\n"
                   "x,1,5,3\nx,5,9,2\n"
                   "y,-inf,-inf,1\ny,5,7,1\ny,7,9,1\ny,inf,inf,1\ny,NaN,NaN,1\n"
                   "w,7,7,3\n", "hist", "--bins", "2", path)

    def test_against_fractions(self):
        random = seed("against_fractions")
        makers = (lambda: str(random.randrange(-20, 20)),
                  lambda: f"{random.randrange(-99, 99)}.{random.randrange(10)}",
                  lambda: f"{random.random():.17f}e{random.randrange(-3, 3)}",
                  lambda: random.choice(["1e20", "0.1", "-1e-20", "nan", "inf", "-inf", ""]))
        for rows in (1, 2, 5, 60, 300):
            columns = {f"c{i}": [make() for _ in range(rows)] for i, make in enumerate(makers)}
            for bins in (1, 2, 3, 7, 10, 100):
                self.check(columns, bins, "--chunk-size", "50", "-j", "2")

    def test_values_at_edges(self):
        """Tenths as bins: doubles would put 0.3 below the edge 3 * 0.1."""
        texts = [f"0.{i}" for i in range(10)] + ["1"]
        self.check({"x": texts}, 10)
        rows = self.table("hist", self.file("x\n" + "\n".join(texts)))
        self.assertEqual([row[3] for row in rows[1:]], ["1"] * 9 + ["2"])
        self.check({"x": ["0", "1", "9007199254740993", "9007199254740994"]}, 3)
        self.check({"x": ["0", "0." + "3" * 38, "0." + "3" * 37 + "4", "1"]}, 3)

    def test_against_numpy(self):
        random = seed("against_numpy")
        for count in (10, 1000):
            values = [random.randrange(-2**16, 2**16) / 8 for _ in range(count)]
            values += [-8192.0, 8192.0]  # bins whose edges are doubles
            for bins in (1, 2, 16, 128):
                counts, edges = numpy.histogram(values, bins)
                rows = self.table("hist", "--bins", bins, self.file("x\n" + "".join(
                    f"{value!r}\n" for value in values)))[1:]
                self.assertEqual([int(row[3]) for row in rows], list(counts))
                self.assertEqual([float(row[1]) for row in rows] + [float(rows[-1][2])],
                                 list(edges))

    def test_extreme_spread(self):
        rows = self.table("hist", "--bins", "2", self.file("x\n-1.7e308\n1.7e308\n1\n"))
        self.assertEqual(rows[1:], [["x", "-1.7e308", "0", "1"], ["x", "0", "1.7e308", "2"]])

    def test_options(self):
        path = self.file("a,b\n1,x\n2,y\n")
        self.assertEqual(len(self.table("hist", "-s", "a", path)), 11)
        self.gives("column,low,high,count\na,1,1.3,1\na,1.3,1.7,0\na,1.7,2,1\n", "hist", "-s",
                   "a", "--bins", "3", "--round", "1", path)
        for bins in ("0", "-1", "x", "99999999999999999999"):
            self.fails(2, "hist", "-s", "a", "--bins", bins, path)
        self.fails(1, "hist", path, parts=[path + ":2: ", '"b"', "x"])
        for policy in ("skip", "null"):
            result = run("hist", "--bins", "1", "--on-error", policy, path)
            expected = b"a,1,2,2\n" if policy == "null" else b""
            self.assertEqual((result.status, result.out),
                             (3, b"column,low,high,count\n" + expected))
        rows = json.loads(self.ok("hist", "-f", "json", "-s", "a", "--bins", "1", path))
        self.assertEqual(rows, [{"column": "a", "low": 1, "high": 2, "count": 2}])
        for data in ("", "a\n", "a,b\n,\n"):
            self.gives("column,low,high,count\n", "hist", self.file(data))


class Bars(Case):
    """On a terminal counts have bars, longest for the largest; anywhere else there are none."""

    def check(self, *args):
        """The text, and the length of the bar in each of its lines."""
        status, text, errors = on_terminal(*args)
        self.assertEqual((status, errors), (0, b""), args)
        plain = self.ok(*args, "-f", "table").decode()
        self.assertFalse(set(plain) & set("\u2588\u258c#"), plain)
        bars = [sum(c in "\u2588#" for c in line) for line in text.splitlines()]
        self.assertTrue(any(bars), text)
        return text, bars

    def test_freq(self):
        path = self.file("x\n" + "a\n" * 40 + "b\n" * 20 + "c\n")
        text, bars = self.check("freq", path)
        lines = text.splitlines()
        by_value = {name: bar for line, bar in zip(lines, bars) for name in "abc"
                    if f" {name} " in line}
        self.assertEqual(set(by_value), set("abc"), text)
        self.assertGreater(by_value["a"], 4)
        self.assertAlmostEqual(by_value["b"], by_value["a"] / 2, delta=1)
        self.assertLess(by_value["c"], by_value["b"])

    def test_hist(self):
        self.check("hist", "-s", "temp_max", WEATHER)

    def test_no_bars_elsewhere(self):
        for args in (("stats", "-s", "wind", "--fields", "column,type,count"),
                     ("quantile", "-s", "wind"), ("schema",)):
            status, text, _ = on_terminal(*args, WEATHER)
            self.assertEqual(status, 0)
            self.assertFalse(set(text) & set("\u2588\u258c#"), text)


class Schema(Case):
    def test_by_hand(self):
        path = self.file('i,d,f,b,day,t,w,n,e\n'
                         ',1,1e3,,2024-01-01,2024-01-01,007,,""\n'
                         '5,2.50,1,TRUE,2024-01-02,2024-01-01T00:00:00,x,,a\n')
        self.gives('column,type,nullable,example\n'
                   'i,integer,true,5\nd,decimal,false,1\nf,float,false,1e3\n'
                   'b,boolean,true,TRUE\nday,date,false,2024-01-01\nt,timestamp,false,2024-01-01\n'
                   'w,text,false,007\nn,null,true,\ne,text,false,""\n', "schema", path)
        rows = json.loads(self.ok("schema", "-f", "json", "-s", "f,n", path))
        self.assertEqual([{**row, "nullable": str(row["nullable"]).lower()} for row in rows],
                         [{"column": "f", "type": "float", "nullable": "false", "example": "1e3"},
                          {"column": "n", "type": "null", "nullable": "true", "example": None}])

    def test_all_rows_count(self):
        """The last of many rows makes another type."""
        path = self.file("x,y\n" + "1,2\n" * 20_000 + "z,\n")
        for threads in ("1", "4"):
            self.gives("column,type,nullable,example\nx,text,false,1\ny,integer,true,2\n",
                       "schema", "-j", threads, "--chunk-size", "8K", path)

    def test_against_the_oracle(self):
        random = seed("against_the_oracle")
        some = ["1", "-2.5", "1e3", "NaN", "007", "true", "2024-01-01", "2024-01-01T00:00:00",
                "2024-01-01 00:00:00Z", "x", None]
        for _ in range(10):
            columns = {f"c{i}": random.choices(some, k=random.randrange(1, 4))
                       for i in range(60)}
            columns = {name: (texts * 3)[:3] for name, texts in columns.items()}
            path = self.file(",".join(columns) + "\n" + "".join(
                ",".join(text or "" for text in row) + "\n" for row in zip(*columns.values())))
            expected = [["column", "type", "nullable", "example"]]
            for name, texts in columns.items():
                values = [text for text in texts if text is not None]
                expected.append([name, oracle.type_of(values), str(None in texts).lower(),
                                 (values or [""])[0]])
            self.assertEqual(self.table("schema", "--chunk-size", "100", "-j", "2", path), expected)

    def test_real_files_and_stats_agree(self):
        for path in (AIRPORTS, WEATHER, IEEE):
            types = [row[:2] for row in self.table("schema", path)]
            self.assertEqual(types, self.table("stats", "--fields", "column,type", path))
            header, *rows = read_csv(path)
            for i, (name, kind) in enumerate(types[1:]):
                values = [row[i] for row in rows if row[i]]
                self.assertEqual((name, kind), (header[i], oracle.type_of(values)))

    def test_nothing(self):
        self.gives("column,type,nullable,example\n", "schema", self.file(""))
        self.gives("column,type,nullable,example\na,null,false,\n", "schema", self.file("a\n"))

    def test_little_memory(self):
        path = self.file("k\n" + "".join(f"{i}-{'x' * 30}\n" for i in range(200_000)))
        self.ok("schema", "--memory-limit", "5M", path)


if __name__ == "__main__":
    unittest.main()
