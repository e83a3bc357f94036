"""One answer of the commands about columns, of every format, however a job is carried out."""

import itertools
import random as randomness
import struct
import unittest

import numpy

from sheaf_test import EXECUTORS, Case, every_engine, run, seed
from test_binary import npy

THREADS = (1, 2, 3, 8)
SIZES = ("1", "7", "25", "64", "4K", "1M")  # 25: one record
SCHEMA = "k:i32,v:f64,t:c12,b:bool"
COMMANDS = (
    ("count",), ("stats", "--all"), ("stats", "--fields", "column,type,min,max,sum,sd"),
    ("freq", "--top", "5"), ("freq", "--top", "0", "-s", "3,1"),
    ("quantile", "-s", "1,2", "--method", "8", "--at", "0.1,0.5,0.77"),
    ("hist", "-s", "1,2", "--bins", "4"), ("schema",),
    ("agg", "count()", "median(2)", "p99(2)", "q(1, 0.123)", "iqr(2)", "distinct(3)", "sum(2)",
     "min(3)", "last(4)"),
    ("agg", "-g", "3", "median(2)", "p5(1)", "distinct(1)", "iqr(2)", "var(2)", "first(1)"),
    ("agg", "-g", "2,4", "--sort", "-f", "json", "count()", "distinct(3)"),
)


def every_setting():
    return list(itertools.product(EXECUTORS, THREADS, SIZES))


def some_settings(key):
    """Each value of each dimension a few times, not all combinations."""
    settings = every_setting()
    return [settings[0], *randomness.Random(key).sample(settings, 7)]


class OneAnswer(Case):
    def same(self, status, settings, *args, **options):
        """Runs with each setting, and expects one result with this status."""
        first = None
        for (executor, threads, size), engine in zip(settings, every_engine()):
            setting = ("--executor", executor, "-j", str(threads), "--chunk-size", size, *engine)
            result = run(*args[:1], *setting, *args[1:], **options)
            first = first or result
            self.assertEqual(result, first, (args, setting))
        self.assertEqual(first.status, status, first.err)
        return first

    def rows(self, count, name):
        random = seed(name)
        return [(random.randrange(-9, 9),
                 random.choice([random.random() * 10.0**random.randrange(-20, 20),
                                random.randrange(-99, 99) / 4, 0.0, 1e300, -1e300]),
                 random.choice(["", "x", "a,b", "c\nd", '"', "\u00e9t\u00e9", "\r"]),
                 random.random() < 0.5) for _ in range(count)]

    def csv(self, rows):
        """With nulls, empty texts, quotes and line ends of their own."""
        lines = ["k,v,t,b"]
        for k, v, t, b in rows:
            text = "" if t == "x" else '"' + t.replace('"', '""') + '"'
            lines.append(f"{k if k else ''},{v!r},{text},{str(b).lower()}")
        return ("\n".join(lines) + "\n").encode()

    @staticmethod
    def raw(rows, order="<"):
        return b"".join(struct.pack(order + "id12s?", k, v, t.encode(), b) for k, v, t, b in rows)

    @staticmethod
    def array(rows):
        return numpy.array(rows, [("k", "<i4"), ("v", ">f8"), ("t", "U4"), ("b", "?")])


class Formats(OneAnswer):
    def check(self, data, name, *options, commands=COMMANDS):
        """Each command on the file with every setting, on a pipe with some; both give the same."""
        path = self.file(data, name)
        for number, command in enumerate(commands):
            settings = every_setting() if number in (1, 3) else some_settings(number)
            whole = self.same(0, settings, *command, *options, path)
            stream = self.same(0, some_settings(number + 100), *command, *options, data=data)
            self.assertEqual(stream, whole, command)
            again = run(*command, *options, "--verify", path)
            self.assertEqual(again, whole, command)

    def test_csv(self):
        self.check(self.csv(self.rows(60, "csv")), "x.csv")

    def test_raw(self):
        self.check(self.raw(self.rows(60, "raw")), "x.raw", "-i", "raw", "--schema", SCHEMA)

    def test_raw_big(self):
        self.check(self.raw(self.rows(60, "raw_big"), ">"), "x.raw", "-i", "raw", "--schema",
                   "big," + SCHEMA, commands=COMMANDS[1:3])

    def test_npy(self):
        self.check(npy(self.array(self.rows(60, "npy"))), "x.npy")

    def test_npy_in_both_orders(self):
        rows = [(k, v, k * v, float(b)) for k, v, _, b in self.rows(50, "npy_in_both_orders")]
        commands = [*COMMANDS[:2], *COMMANDS[4:7], COMMANDS[9]]
        for layout in (numpy.ascontiguousarray, numpy.asfortranarray):
            self.check(npy(layout(numpy.array(rows))), "x.npy", commands=commands)

    def test_larger(self):
        """More rows than a batch, more distinct values than a table starts with."""
        rows = self.rows(20_000, "larger")
        data = self.csv(rows)
        settings = [setting for setting in every_setting() if setting[2] in ("4K", "1M")]
        settings = randomness.Random(5).sample(settings, 5)
        files = ((self.file(data, "x.csv"),), (self.file(npy(self.array(rows)), "x.npy"),),
                 ("--schema", SCHEMA, self.file(self.raw(rows), "x.raw")))
        for command, twin in itertools.product(COMMANDS, files):
            self.same(0, settings, *command, *twin)

    def test_several_files(self):
        rows = self.rows(45, "several_files")
        parts = (rows[:20], [], rows[20:21], rows[21:])
        csv_files = [self.file(self.csv(part), f"{i}.csv") for i, part in enumerate(parts)]
        npy_files = [self.file(npy(self.array(part)), f"{i}.npy") for i, part in enumerate(parts)]
        raw_files = [self.file(self.raw(part), f"{i}.raw") for i, part in enumerate(parts)]
        whole = self.file(npy(self.array(rows)), "whole.npy")
        for number, command in enumerate(COMMANDS):
            settings = some_settings(number)
            self.same(0, settings, *command, *csv_files)
            self.same(0, settings, *command, "--schema", SCHEMA, *raw_files)
            result = self.same(0, settings, *command, *npy_files)
            self.assertEqual(result, run(*command, whole), command)

    def test_one_long_row(self):
        data = b"k,v,t,b\n1,2,\"" + b'x""\n,' * 500 + b'",true\n'
        for number, command in enumerate(COMMANDS):
            self.same(0, some_settings(number), *command, self.file(data))
            self.same(0, some_settings(number), *command, data=data)

    def test_verify_of_a_pipe(self):
        for command in (("stats",), ("freq",), ("schema",)):
            result = run(*command, "--verify", data=b"a\n1\n")
            self.assertEqual((result.status, result.out), (2, b""))


class Errors(OneAnswer):
    def test_bad_values(self):
        rows = ["k,v"]
        for i in range(80):
            rows.append(f"{i % 7},{'x' if i in (31, 50) else i}" + (",9" if i == 60 else ""))
        data = ("\n".join(rows) + "\n").encode()
        path = self.file(data)
        for number, command in enumerate((("quantile",), ("hist",), ("agg", "median(v)"),
                                          ("agg", "-g", "k", "p9(v)"))):
            settings = some_settings(number)
            result = self.same(1, settings, *command, path)
            self.assertIn(b":33: ", result.err)
            stream = self.same(1, settings, *command, data=data)
            self.assertIn(b":33: ", stream.err)
            for policy in ("skip", "null"):
                whole = self.same(3, settings, *command, "--on-error", policy, path)
                stream = self.same(3, settings, *command, "--on-error", policy, data=data)
                self.assertEqual(whole.out, stream.out)
        for command in (("stats", "--all"), ("freq",), ("schema",)):  # no number is needed
            settings = some_settings(command[0])
            result = self.same(1, settings, *command, path)
            self.assertIn(b":62: ", result.err)
            self.same(3, settings, *command, "--on-error", "skip", path)
            self.same(1, settings, *command, data=data)

    def test_unclosed_quotes(self):
        data = self.csv(self.rows(40, "unclosed_quotes")) + b'1,2,"x,true\n1,2,3,4\n'
        for command in (("stats",), ("freq", "-s", "1"), ("schema",), ("hist", "-s", "1")):
            self.same(1, some_settings(command[0]), *command, self.file(data))
            self.same(1, some_settings(command[0]), *command, data=data)

    def test_torn_binary(self):
        rows = self.rows(30, "torn_binary")
        array = self.array(rows)
        square = numpy.asfortranarray(numpy.array([row[:2] for row in rows]))
        for name, data, options in (
                ("x.raw", self.raw(rows)[:-3], ("-i", "raw", "--schema", SCHEMA)),
                ("x.npy", npy(array)[:-3], ("-i", "npy")), ("y.npy", npy(array) + b"!",
                                                            ("-i", "npy")),
                ("z.npy", npy(square)[:-5], ("-i", "npy"))):
            path = self.file(data, name)
            for command in (("count",), ("stats",), ("quantile", "-s", "1"), ("schema",)):
                settings = some_settings(name + command[0])
                for options_of_run in ({}, {"data": data}):
                    files = () if options_of_run else (path,)
                    result = self.same(1, settings, *command, *options, *files, **options_of_run)
                    self.assertEqual(result.out, b"")
                    self.assertIn(b"byte ", result.err)

    def test_bad_binary_values(self):
        """The first of several, by row and then by column."""
        records = bytearray(b"".join(struct.pack("<i??", i, True, False) for i in range(90)))
        for row, place in ((71, 4), (33, 5), (50, 4), (33, 4)):
            records[6 * row + place] = 9
        path = self.file(bytes(records), "b.raw")
        schema = ("-i", "raw", "--schema", "a:i32,b:bool,c:bool")
        for command in (("stats",), ("freq",), ("agg", "-g", "c,b", "count()")):
            result = self.same(1, some_settings(command[0]), *command, *schema, path)
            self.assertIn(f"byte {6 * 33 + 4}".encode(), result.err)
            result = self.same(1, some_settings(command[0]), *command, *schema,
                               data=bytes(records))
            self.assertIn(f"byte {6 * 33 + 4}".encode(), result.err)


if __name__ == "__main__":
    unittest.main()
