"""Twins: one table as CSV, as raw records of both byte orders and as .npy gives the same bytes.

The CSV writes each value as sheaf prints it. Reals are dyadic fractions, which are the same number
in decimal and in binary. Only `type` may differ: a format that has types says more than texts do.
"""

import math
import struct
import unittest

import numpy

from sheaf_test import Case, double_text, run, seed
from test_binary import npy, text_of

# Name, numpy's type, the type in a schema and in Python's struct.
COLUMNS = (("id", "u4", "u32", "I"), ("small", "i1", "i8", "b"), ("count", "i8", "i64", "q"),
           ("huge", "u8", "u64", "Q"), ("price", "f8", "f64", "d"), ("ratio", "f4", "f32", "f"),
           ("flag", "?", "bool", "?"), ("word", "S6", "c6", "6s"), ("special", "f8", "f64", "d"))
NUMBERS = "id,small,count,huge,price,ratio"
WORDS = (b"a", b"bb", b"", b"c,d", b'"q"', b"x\ny", b"\xc3\xa9", b"ZZZZZZ", b" ")
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, 0.5, -7.0)


def csv_field(text):
    """A text as a field, so that it is a text: quoted when empty."""
    text = text.encode(errors="surrogateescape")
    if not text or set(text) & set(b',"\n\r'):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text


class Twins(Case):
    def rows(self, count, name):
        random = seed(name)
        return [(i + 1, random.randrange(-5, 6), random.randrange(-10**15, 10**15),
                 random.choice([0, 2**64 - 1, 2**63, 5]), random.randrange(-4000, 4000) / 16,
                 random.randrange(-50, 50) / 4, random.random() < 0.3, random.choice(WORDS),
                 random.choice(SPECIAL)) for i in range(count)]

    def twins(self, rows):
        """Arguments that name each of the files, the CSV first."""
        array = numpy.array(rows, [(name, kind) for name, kind, _, _ in COLUMNS])
        header = ",".join(name for name, *_ in COLUMNS).encode()
        lines = [b",".join(csv_field(text_of(value)) for value in row) for row in array]
        schema = ",".join(f"{name}:{kind}" for name, _, kind, _ in COLUMNS)
        layout = "".join(code for *_, code in COLUMNS)
        yield (self.file(b"\n".join([header, *lines, b""]), "twin.csv"),)
        for order, prefix in (("<", ""), (">", "big,")):
            data = b"".join(struct.pack(order + layout, *row) for row in rows)
            yield ("-i", "raw", "--schema", prefix + schema,
                   self.file(data, f"twin.{'big' if prefix else 'raw'}"))
        yield (self.file(npy(array), "twin.npy"),)
        swapped = array.astype([(name, numpy.dtype(kind).newbyteorder(">"))
                                for name, kind, *_ in COLUMNS])
        yield (self.file(npy(swapped, (2, 0)), "twin-big.npy"),)

    def alike(self, twins, *args):
        """All twins give what the CSV gives; in JSON the last of them does."""
        for form, some in (("csv", twins), ("json", (twins[0], twins[-1]))):
            first = None
            for twin in some:
                out = self.ok(*args, "-f", form, *twin)
                first = first or out
                self.assertEqual(out, first, (args, form, twin))

    def test_twins(self):
        for count in (1, 700):
            twins = list(self.twins(self.rows(count, f"twins_{count}")))
            self.alike(twins, "count")
            self.aggregates(twins)
            self.alike(twins, "quantile", "-s", NUMBERS)
            self.alike(twins, "quantile", "-s", NUMBERS, "--method", "8", "--at", "0.1,0.77")
            self.alike(twins, "quantile", "-s", "special", "--method", "lower")
            for options in ((), ("--top", "0"), ("--top", "3", "-s", "word,special,ratio"),
                            ("--round", "1")):
                self.alike(twins, "freq", *options)
            for bins in ("1", "7", "10"):
                self.alike(twins, "hist", "-s", NUMBERS + ",special", "--bins", bins)
            self.alike(twins, "hist", "-s", "price,count", "--round", "2")
            self.stats(twins)

    def aggregates(self, twins):
        names = [f"{function}({column})" for column in ("small", "count", "huge", "price", "ratio")
                 for function in ("count", "sum", "mean", "min", "max", "range", "var", "varp",
                                  "sd", "sdp", "first", "last", "any", "nulls", "median", "p1",
                                  "p75", "iqr", "distinct")]
        names += [f"{function}({column})" for column in ("word", "flag")
                  for function in ("count", "nulls", "min", "max", "first", "last", "distinct")]
        names += ["sum(special)", "min(special)", "max(special)", "distinct(special)",
                  "median(special)", "q(price, 0.999)", "mean(special)", "var(special)"]
        self.alike(twins, "agg", *names)
        self.alike(twins, "agg", "--round", "3", *names)
        for keys in ("small", "word", "flag", "ratio", "special", "flag,word,small"):
            self.alike(twins, "agg", "-g", keys, "count()", "sum(price)", "median(count)",
                       "distinct(word)", "first(id)", "last(word)")
        for keys in ("word", "flag", "word,flag"):  # texts sort by bytes in all
            self.alike(twins, "agg", "--sort", "-g", keys, "count()", "max(price)")
        for keys in ("ratio", "special", "small"):  # numbers of binary columns sort by value
            tables = [sorted(map(tuple, self.table("agg", "--sort", "-g", keys, "count()", *twin)))
                      for twin in twins]
            self.assertEqual(tables, [tables[0]] * len(tables))

    def stats(self, twins):
        fields = self.table("stats", "--all", *twins[0])[0]
        fields = ",".join(field for field in fields if field != "type")
        # NaN and inf alone, or with numbers that are texts, are a text in CSV, and a number here.
        self.alike(twins, "stats", "-s", "id-word", "--fields", fields)
        self.alike(twins, "stats", "-s", "id-word", "--fields", fields, "--round", "4")
        self.alike(twins, "stats", "-s", NUMBERS, "--fields", "min,max,sum,mean,sd,variance,nulls")
        tables = []
        for twin in twins:
            rows = self.table("schema", *twin)
            tables.append([[row[0], *row[2:]] for row in rows])
        self.assertEqual(tables, [tables[0]] * len(tables))

    def test_types(self):
        rows = self.rows(50, "types")
        expected = ["integer"] * 4 + ["float"] * 2 + ["boolean", "text", "float"]
        for twin in list(self.twins(rows))[1:]:
            for command in ("schema", "stats"):
                got = [row[1] for row in self.table(command, *twin)[1:]]
                self.assertEqual(got, expected)

    def test_special_values(self):
        rows = self.rows(200, "special")
        twins = list(self.twins(rows))
        self.alike(twins, "stats", "-s", "special", "--all")

    def test_times(self):
        """datetime64 and the texts that it prints as; NaT is a null."""
        random = seed("times")
        for unit, step in (("D", 1), ("s", 1), ("ms", 250), ("us", 125), ("ns", 5), ("W", 1),
                           ("h", 1), ("m", 1), ("M", 1)):
            counts = [random.randrange(-50, 50) * step for _ in range(60)]
            array = numpy.zeros(len(counts), [("t", f"M8[{unit}]"), ("k", "i4")])
            array["t"] = numpy.array([count if random.random() < 0.9 else -2**63
                                      for count in counts], "i8").view(f"M8[{unit}]")
            array["k"] = range(len(counts))
            texts = [text_of(value) or "" for value in array["t"]]
            path = self.file("t,k\n" + "".join(f"{text},{i}\n" for i, text in enumerate(texts)))
            twins = [(path,), (self.file(npy(array), "times.npy"),)]
            with self.subTest(unit=unit):
                self.alike(twins, "agg", "count(t)", "nulls(t)", "distinct(t)", "min(t)", "max(t)",
                           "first(t)", "last(t)")
                self.alike(twins, "agg", "-g", "t", "count()", "sum(k)")
                self.alike(twins, "agg", "--sort", "-g", "t", "count()")
                self.alike(twins, "freq", "-s", "t", "--top", "0")
                self.alike(twins, "stats", "--fields", "column,rows,nulls,count,distinct,min,max,"
                           "q1,median,q3,mode,mode_count,min_length,max_length")
                rows = [self.table("schema", *twin)[1] for twin in twins]
                self.assertEqual(rows[0][2:], rows[1][2:])

    def test_matrices(self):
        """Two dimensions in both orders of storage."""
        random = seed("matrices")
        array = numpy.array([[random.randrange(-100, 100) / 8 for _ in range(5)]
                             for _ in range(300)])
        lines = ["c1,c2,c3,c4,c5", *(",".join(map(double_text, row)) for row in array)]
        twins = [(self.file("\n".join(lines) + "\n"),),
                 (self.file(npy(array), "c.npy"),),
                 (self.file(npy(numpy.asfortranarray(array)), "f.npy"),),
                 (self.file(npy(numpy.asfortranarray(array.astype(">f4"))), "g.npy"),),
                 (self.file(npy(array.astype("f2"), (3, 0)), "h.npy"),)]
        self.alike(twins, "count")
        self.alike(twins, "agg", "-g", "c3", "count()", "sum(c1)", "median(c5)", "first(c2)")
        self.alike(twins, "quantile")
        self.alike(twins, "hist")
        self.alike(twins, "freq")
        self.alike(twins, "stats", "--fields", "column,rows,distinct,min,max,sum,mean,sd,q1,mode")

    def test_integers(self):
        """One column of every width, of the same small numbers."""
        random = seed("integers")
        values = [random.randrange(100) for _ in range(200)]
        twins = [(self.file("c1\n" + "".join(f"{value}\n" for value in values)),)]
        for kind in ("i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", ">u8"):
            twins.append((self.file(npy(numpy.array(values, kind)), f"{kind}.npy"),))
        for args in (("stats", "--all"), ("freq",), ("hist",), ("quantile",), ("schema",),
                     ("agg", "-g", "c1", "count()", "sum(c1)")):
            self.alike(twins, *args)

    def test_generated(self):
        """What gen writes as CSV, raw and .npy."""
        for name in ("sequence", "measurements", "trips", "text"):
            files = {form: str(self.dir / f"{name}.{form}") for form in ("csv", "raw", "npy")}
            for form, path in files.items():
                result = run("gen", name, "--rows", "2000", "--seed", "5", "-f", form, "-o", path)
                self.assertEqual((result.status, result.out), (0, b""))
                if form == "raw":  # says what to read it with
                    schema = result.err.decode().rstrip("\n").split("schema: ")[1]
            csv_options = ("-n", "-d", ";") if name == "measurements" else ()
            with self.subTest(name=name):
                for args in (("count",), ("agg", "count(1)", "distinct(1)", "last(1)")):
                    theirs = self.table(*args, *csv_options, files["csv"])[-1]
                    self.assertEqual(self.table(*args, files["npy"])[-1], theirs)
                    self.assertEqual(self.table(*args, "--schema", schema, files["raw"])[-1],
                                     theirs)


if __name__ == "__main__":
    unittest.main()
