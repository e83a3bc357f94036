"""sheaf gen: the same rows whatever the run and the format, as numpy and Python's csv read them."""

import csv
import io
import itertools
import math
import os
import unittest
from collections import Counter
from datetime import datetime
from decimal import Decimal

import numpy

from sheaf_test import EXECUTORS, Case, run

GENERATORS = ("sequence", "measurements", "trips", "text")
FORMATS = ("csv", "raw", "npy")
COLUMNS = {"sequence": "n", "measurements": "station,temp", "text": "id,category,comment",
           "trips": "trip_id,vendor,pickup_time,dropoff_time,passengers,distance,rate_code,"
                    "stored_flag,pu_zone,do_zone,payment,fare,extra,tax,tip,tolls,total"}
MONEY = ("fare", "extra", "tax", "tip", "tolls")


class Generated(Case):
    def make(self, generator, rows, *options, form="csv"):
        return self.ok("gen", generator, "--rows", rows, "-f", form, "-q", *options)

    def rows(self, generator, rows, *options, delimiter=","):
        """The CSV as Python reads it, below its header."""
        text = self.make(generator, rows, *options).decode()
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        if generator != "measurements":
            self.assertEqual(table.pop(0), COLUMNS[generator].split(","))
        self.assertEqual(len(table), rows)
        return table

    def array(self, generator, rows, *options):
        return numpy.load(io.BytesIO(self.make(generator, rows, *options, form="npy")))

    def schema(self, generator, *options):
        result = run("gen", generator, "--rows", "0", "-f", "raw", *options)
        self.assertEqual((result.status, result.out), (0, b""))
        return result.err.decode()


class Determinism(Generated):
    def test_all_settings(self):
        for generator, form in itertools.product(GENERATORS, FORMATS):
            expected = self.make(generator, 300, form=form)
            for executor, jobs, size in itertools.product(EXECUTORS, (1, 3),
                                                          ("1", "97", "1G")):
                got = self.make(generator, 300, "--executor", executor, "-j", jobs, "--chunk-size",
                                size, form=form)
                self.assertEqual(got, expected, (generator, form, executor, jobs, size))

    def test_many_pieces(self):
        for generator, form in itertools.product(GENERATORS, FORMATS):
            expected = self.make(generator, 60_000, "--seed", "7", "--executor", "serial",
                                 form=form)
            for setting in (("-j", "8"), ("-j", "3", "--chunk-size", "10K"),
                            ("-j", "2", "--executor", "openmp")):
                got = self.make(generator, 60_000, "--seed", "7", *setting, form=form)
                self.assertTrue(got == expected, (generator, form, setting))

    def test_rows_are_a_prefix(self):
        for generator, form in itertools.product(GENERATORS, ("csv", "raw")):
            self.assertTrue(self.make(generator, 1000, form=form).startswith(
                self.make(generator, 999, form=form)), generator)

    def test_seeds(self):
        for generator, form in itertools.product(GENERATORS, FORMATS):
            one, other = (self.make(generator, 50, "--seed", seed, form=form) for seed in (1, 2))
            self.assertEqual(one == other, generator == "sequence", (generator, form))
            self.assertEqual(self.make(generator, 50, form=form), one)


class Formats(Generated):
    def same_value(self, text, value):
        if isinstance(value, bytes):
            return value == text.encode()
        if isinstance(value, datetime):
            return value == datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        if isinstance(value, float):
            return math.isnan(value) if text == "" else value == float(text)
        return value == int(text)

    def test_npy_equals_csv(self):
        for generator in GENERATORS:
            delimiter = ";" if generator == "measurements" else ","
            array = self.array(generator, 5000)
            self.assertEqual((array.shape, ",".join(array.dtype.names)),
                             ((5000,), COLUMNS[generator]))
            for texts, values in zip(self.rows(generator, 5000, delimiter=delimiter),
                                     array.tolist()):
                self.assertEqual(len(texts), len(values))
                for text, value in zip(texts, values):
                    self.assertTrue(self.same_value(text, value), (generator, text, value))

    def test_raw_is_npy_without_header(self):
        for generator in GENERATORS:
            npy, raw = (self.make(generator, 1000, form=form) for form in ("npy", "raw"))
            dtype = self.array(generator, 1).dtype
            self.assertEqual(len(raw), 1000 * dtype.itemsize)
            self.assertEqual((len(npy) - len(raw)) % 64, 0)
            self.assertTrue(npy.endswith(raw))

    def test_schema_describes_the_records(self):
        kinds = {"i": "<i", "u": "<u", "f": "<f"}
        for generator in GENERATORS:
            text = self.schema(generator)
            self.assertRegex(text, r"\Asheaf: schema: \S+\n\Z")
            fields = [field.split(":") for field in text.split()[-1].split(",")]
            dtype = numpy.dtype([(name, f"S{kind[1:]}" if kind[0] == "c" else
                                  f"{kinds[kind[0]]}{int(kind[1:]) // 8}") for name, kind in fields])
            self.assertEqual(",".join(dtype.names), COLUMNS[generator])
            raw = numpy.frombuffer(self.make(generator, 100, form="raw"), dtype=dtype)
            npy = self.array(generator, 100)
            for name in dtype.names:
                expected = npy[name].astype(dtype[name])
                self.assertTrue(numpy.array_equal(raw[name], expected,
                                                  equal_nan=dtype[name].kind == "f"), name)
            self.assertEqual(self.schema(generator, "-q"), "")

    def test_no_rows(self):
        for generator in GENERATORS:
            header = "" if generator == "measurements" else COLUMNS[generator] + "\n"
            self.assertEqual(self.make(generator, 0).decode(), header)
            self.assertEqual(self.make(generator, 0, form="raw"), b"")
            self.assertEqual(self.array(generator, 0).shape, (0,))

    def test_the_name_of_the_output_tells(self):
        for name, form in (("a.npy", "npy"), ("a.raw", "raw"), (".npy", "npy"), ("a.csv", "csv"),
                           ("npy", "csv"), ("a.npy.txt", "csv"), ("a.NPY", "csv"), ("a.tsv", "csv"),
                           ("d.npy/a", "csv"), ("d.npy/a.raw", "raw")):
            (self.dir / "d.npy").mkdir(exist_ok=True)
            result = run("gen", "trips", "--rows", "100", "-o", self.dir / name)
            said = b"" if form != "raw" else f"{self.schema('trips')}".encode()
            self.assertEqual((result.status, result.out, result.err), (0, b"", said), name)
            self.assertTrue((self.dir / name).read_bytes() == self.make("trips", 100, form=form),
                            name)
        for name, form in itertools.product(("a.npy", "a.raw", "a.csv"), FORMATS):
            self.gives("", "gen", "text", "--rows", "10", "-q", "-f", form, "-o", self.dir / name)
            self.assertEqual((self.dir / name).read_bytes(), self.make("text", 10, form=form))

    def test_sheaf_reads_it_by_that_name(self):
        for name, schema in (("a.npy", ()), ("a.raw", ("--schema", "n:i64")), ("a.csv", ())):
            path = self.dir / name
            self.gives("", "gen", "sequence", "--rows", "1000", "-q", "-o", path)
            self.gives("sum(n)\n500500\n", "agg", "sum(n)", *schema, path)

    def test_file(self):
        target = self.dir / "trips.npy"
        self.gives("", "gen", "trips", "--rows", "1000", "-f", "npy", "-o", target)
        mapped = numpy.load(target, mmap_mode="r")
        self.assertEqual(mapped["total"].sum(), self.array("trips", 1000)["total"].sum())


class Columns(Generated):
    def test_sequence(self):
        self.assertEqual(self.make("sequence", 100_000),
                         "n\n".encode() + b"".join(b"%d\n" % n for n in range(1, 100_001)))
        self.assertEqual(self.array("sequence", 5).tolist(), [(1,), (2,), (3,), (4,), (5,)])

    def test_trips(self):
        names = COLUMNS["trips"].split(",")
        rows = [dict(zip(names, row)) for row in self.rows("trips", 20_000)]
        for row in rows:
            self.assertEqual(Decimal(row["total"]), sum(Decimal(row[name]) for name in MONEY), row)
            for name in (*MONEY, "total", "distance"):
                self.assertRegex(row[name], r"\A-?(0|[1-9]\d*)\.\d\d\Z")
                self.assertNotEqual(row[name], "-0.00")
            begin, end = (datetime.strptime(row[name], "%Y-%m-%d %H:%M:%S")
                          for name in ("pickup_time", "dropoff_time"))
            self.assertLess(begin, end)
            self.assertIn(row["stored_flag"], "YN")
        for name in ("pu_zone", "do_zone"):
            counts = Counter(int(row[name]) for row in rows)
            self.assertEqual(sorted(counts), list(range(1, 266)))
            self.assertGreater(max(counts.values()), 10 * min(counts.values()))
        ids = Counter(int(row["trip_id"]) for row in rows)
        self.assertTrue(1 <= min(ids) and max(ids) <= 1_000_000)
        self.assertGreater(len(ids), 19_600)
        nulls = sum(row["passengers"] == "" for row in rows)
        self.assertTrue(700 < nulls < 1100, nulls)
        refunds = sum(row["fare"].startswith("-") for row in rows)
        self.assertTrue(30 < refunds < 150, refunds)
        self.assertEqual({row["passengers"] for row in rows}, {"", *"0123456"})

    def test_a_million_trip_ids(self):
        ids = self.array("trips", 3_000_000)["trip_id"]
        seen = len(numpy.unique(ids))
        self.assertTrue(949_000 < seen < 951_500, seen)  # 1 - exp(-3) of a million
        self.assertEqual((ids.min(), ids.max()), (1, 1_000_000))

    def test_text(self):
        rows = self.rows("text", 30_000)
        self.assertEqual([int(row[0]) for row in rows], list(range(1, 30_001)))
        self.assertEqual(len({row[1] for row in rows}), 1000)
        comments = [row[2] for row in rows]
        for part in (",", '"', "\n", "\r\n", "é", "東京"):
            self.assertGreater(sum(part in comment for comment in comments), 1000, part)
        self.assertGreater(comments.count(""), 300)
        self.assertTrue(all("\r" not in comment.replace("\r\n", "") for comment in comments))
        self.assertLessEqual(max(len(comment.encode()) for comment in comments), 280)
        raw = self.make("text", 30_000)
        self.assertTrue(160 < len(raw) / 30_000 < 172)
        self.assertEqual(raw.count(b',"",') + raw.count(b",\"\"\n"), comments.count(""))

    def test_sheaf_reads_it(self):
        rows = self.rows("text", 5000)
        text = self.make("text", 5000)
        self.gives("5000\n", "count", "--chunk-size", "100", data=text)
        counts = Counter(row[1] for row in rows)
        got = self.table("agg", "-g", "category", "count()", "last(comment)", data=text)[1:]
        last = {row[1]: row[2] for row in rows}
        self.assertEqual({row[0]: (int(row[1]), row[2]) for row in got},
                         {name: (counts[name], last[name]) for name in counts})

    def test_sum_of_trips(self):
        rows = self.rows("trips", 20_000)
        total = sum(Decimal(row[-1]) for row in rows)
        got = self.row("agg", "sum(total)", "nulls(passengers)", data=self.make("trips", 20_000))
        self.assertEqual(Decimal(got[0]), total)
        self.assertEqual(int(got[1]), sum(row[4] == "" for row in rows))


class Options(Generated):
    def test_delimiters(self):
        for generator in GENERATORS:
            own = ";" if generator == "measurements" else ","
            expected = self.rows(generator, 500, delimiter=own)
            for delimiter in "\t|:-. 1e":
                self.assertEqual(self.rows(generator, 500, "-D", delimiter, delimiter=delimiter),
                                 expected, (generator, delimiter))
        self.gives('"n"\n1\n2\n', "gen", "sequence", "--rows", "2", "-D", "n")
        self.gives('n\n1\n"2"\n', "gen", "sequence", "--rows", "2", "-D", "2")

    def test_wrong_usage(self):
        for form in ("raw", "npy"):
            self.fails(2, "gen", "trips", "--rows", "1", "-f", form, "-D", ",",
                       parts=["--out-delimiter is for CSV"])
        for name in ("a.npy", "a.raw"):
            self.fails(2, "gen", "trips", "--rows", "1", "-o", self.dir / name, "-D", ",",
                       parts=["--out-delimiter is for CSV", f"{self.dir / name}"])
        self.assertEqual(os.listdir(self.dir), [])
        self.fails(2, "gen", "text", "--rows", "1", "-D", '"', parts=["delimiter"])
        self.fails(2, "gen", "trips", "--rows", "1", "-f", "json", parts=["csv", "raw", "npy"])
        self.fails(2, "gen", "trips", parts=["--rows"])
        self.fails(2, "gen", "trip", "--rows", "1", parts=["trips"])

    def test_help(self):
        text = self.ok("gen", "--help").decode()
        for part in (*GENERATORS, *FORMATS, "schema", "*.npy", "*.raw"):
            self.assertIn(part, text)

    def test_progress_of_records_is_exact(self):
        for generator, form in itertools.product(GENERATORS, ("raw", "npy")):
            target = self.dir / "out"
            result = run("gen", generator, "--rows", "20000", "-f", form, "-o", target,
                         "--progress", "json")
            self.assertEqual(result.status, 0)
            last = [line for line in result.err.decode().splitlines() if line.startswith("{")][-1]
            size = os.path.getsize(target)
            self.assertRegex(last, rf'"bytes": ?{size}\b')
            self.assertRegex(last, rf'"total": ?{size}\b')

    def test_full_disk(self):
        for generator, form in itertools.product(GENERATORS, FORMATS):
            with open("/dev/full", "wb") as full:
                result = run("gen", generator, "--rows", "100000", "-f", form, stdout=full)
            self.assertEqual((result.status, result.err.count(b"\n")), (1, 1), (generator, form))


if __name__ == "__main__":
    unittest.main()
